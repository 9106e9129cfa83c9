// A small HTTP server on 127.0.0.1 and a free port whose answers a test chooses by path; one thread per connection.
#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace fc_test {

struct HttpRequest {
  std::string method, path, head, body; /* head: request line and headers */
};

class HttpServer {
 public:
  // What to do with a request: the bytes to send, then whether to close the connection.
  struct Reply {
    std::string bytes;
    bool close = false;
    bool silent = false; /* says nothing until the peer goes */
  };
  using Handler = std::function<Reply(const HttpRequest &)>;

  explicit HttpServer(Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer &) = delete;
  HttpServer &operator=(const HttpServer &) = delete;
  std::string url(const std::string &path) const;
  int connections() const { return connections_; }
  std::vector<HttpRequest> requests() const; /* in the order they came */

  static Reply answer(int status, const std::string &body, const std::string &headers = "");

 private:
  void accept_all();
  void serve(int connection);
  void stay_silent(int connection) const;

  Handler handler_;
  int listener_ = -1, port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  std::vector<HttpRequest> requests_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace fc_test
