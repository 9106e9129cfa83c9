// HAProxy's runtime API in memory: one backend, servers that change as the real ones do, every command recorded.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "support.h"

extern "C" {
#include "haproxy.h"
}

namespace fc_test {

class FakeHaproxy {
 public:
  struct Server {
    int port = 0, limit = 0, in_service = 0;
    std::string status = "UP";
  };

  FakeHaproxy();
  ~FakeHaproxy();
  FakeHaproxy(const FakeHaproxy &) = delete;
  FakeHaproxy &operator=(const FakeHaproxy &) = delete;

  std::string socket() const { return folder_.path("s"); }
  std::string file() const { return folder_.path("haproxy.cfg"); }
  // A haproxy_t of one proxy "f" that talks to this.
  haproxy_t *get() { return &haproxy_; }
  haproxy_proxy_t *proxy() { return proxy_.get(); }

  std::map<std::string, Server> servers;
  std::vector<std::string> commands;                                            // all but show stat
  std::function<bool(const std::string &command, std::string *answer)> before;  // true: answered
  int64_t worker = 77;

 private:
  void serve();
  std::string answer(const std::string &command);
  std::string stat() const;

  TemporaryFolder folder_;
  std::unique_ptr<haproxy_proxy_t> proxy_;
  haproxy_t haproxy_ = {};
  int listener_ = -1;
  std::thread thread_;
};

}  // namespace fc_test
