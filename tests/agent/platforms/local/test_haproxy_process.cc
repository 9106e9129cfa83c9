// tests agent/platforms/local/haproxy.c and haproxy_sync.c with a real HAProxy: start, change, reload, stop.
#include <arpa/inet.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "local_platform.h"

extern "C" {
#include "haproxy.h"
}

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::HasSubstr;

struct Haproxy {
  Haproxy() : proxy(new haproxy_proxy_t()) {
    snprintf(proxy->name, sizeof proxy->name, "f");
    proxy->port = unclaimed_port();
    snprintf(haproxy.program, sizeof haproxy.program, "haproxy");
    snprintf(haproxy.file, sizeof haproxy.file, "%s", folder.path("cfg").c_str());
    snprintf(haproxy.output, sizeof haproxy.output, "%s", folder.path("log").c_str());
    snprintf(haproxy.socket.path, sizeof haproxy.socket.path, "%s", folder.path("sock").c_str());
    haproxy.socket.timeout_s = 5;
    haproxy.request_timeout_s = haproxy.drain_timeout_s = 5;
    haproxy.start_timeout_s = 20;
    haproxy.n_proxies = 1;
    haproxy.proxies = proxy.get();
    haproxy.process.descriptor = -1;
  }
  ~Haproxy() { haproxy_stop(&haproxy); }
  Haproxy(const Haproxy &) = delete;
  void want(const std::vector<haproxy_server_t> &servers) const {
    proxy->n_servers = static_cast<int32_t>(servers.size());
    std::copy(servers.begin(), servers.end(), proxy->servers);
  }
  std::string row(const char *name) const {
    haproxy_stat_t stat;
    fc_error_t error = {};
    EXPECT_OK(haproxy_read(&haproxy, &stat, &error));
    const haproxy_stat_row_t *found = haproxy_stat_find(&stat, "f", name);
    const std::string text = found ? std::to_string(found->port) + " x " + std::to_string(found->limit) +
                                         (found->maintained ? " maintained" : "")
                                   : "none";
    haproxy_stat_clear(&stat);
    return text;
  }
  TemporaryFolder folder;
  std::unique_ptr<haproxy_proxy_t> proxy;
  haproxy_t haproxy = {};
};

TEST(HaproxyProcess, WhatChangesAtRunTimeIsReadBackAndAReloadTakesTheFile) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  Haproxy h;
  fc_error_t error = {};
  h.want({{"r1", 18201, 2, true}});
  ASSERT_OK(haproxy_start(&h.haproxy, nullptr, &error));
  EXPECT_EQ(h.row("r1"), "18201 x 2");
  h.want({{"r1", 18201, 5, true}, {"r2", 18202, 5, true}, {"r3", 18203, 5, false}});
  ASSERT_OK(haproxy_sync(&h.haproxy, 0, &error));
  EXPECT_EQ(h.row("r1"), "18201 x 5");
  EXPECT_EQ(h.row("r2"), "18202 x 5");
  EXPECT_EQ(h.row("r3"), "18203 x 5 maintained");
  bool reloaded = true;
  ASSERT_OK(haproxy_was_reloaded(&h.haproxy, &reloaded, &error));
  EXPECT_FALSE(reloaded);
  ASSERT_OK(haproxy_reload(&h.haproxy, &error));
  EXPECT_EQ(h.row("r1"), "18201 x 2") << "the file was not written: a reload forgets";
  EXPECT_EQ(h.row("r2"), "none");
  ASSERT_OK(haproxy_sync(&h.haproxy, 0, &error));
  EXPECT_EQ(h.row("r2"), "18202 x 5");
  h.want({{"r2", 18299, 1, true}});
  ASSERT_OK(haproxy_write_file(&h.haproxy, &error));
  ASSERT_OK(haproxy_reload(&h.haproxy, &error));
  EXPECT_EQ(h.row("r1"), "none");
  EXPECT_EQ(h.row("r2"), "18299 x 1");
  h.want({});
  ASSERT_OK(haproxy_sync(&h.haproxy, 0, &error));
  EXPECT_EQ(h.row("r2"), "none");
}

// A worker with the pid of another one is another one; so is one whose servers could not be made right.
TEST(HaproxyProcess, AWorkerThatStartedAtAnotherTimeWasReloaded) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  Haproxy h;
  fc_error_t error = {};
  h.want({{"r1", 18201, 2, true}});
  ASSERT_OK(haproxy_start(&h.haproxy, nullptr, &error));
  h.haproxy.worker_start_s = 0;
  bool reloaded = false;
  ASSERT_OK(haproxy_was_reloaded(&h.haproxy, &reloaded, &error));
  EXPECT_TRUE(reloaded);
  ASSERT_OK(haproxy_was_reloaded(&h.haproxy, &reloaded, &error));
  EXPECT_FALSE(reloaded);
}

TEST(HaproxyProcess, AFileItCannotReadIsTold) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  Haproxy h;
  fc_error_t error = {};
  h.want({{"two words", 18201, 2, true}});
  EXPECT_EQ(haproxy_start(&h.haproxy, nullptr, &error), FC_ESTATE);
  EXPECT_THAT(error.message, HasSubstr("two"));
  EXPECT_EQ(h.haproxy.process.pid, 0);
}

TEST(HaproxyProcess, APortThatIsHeldForAMomentIsWaitedFor) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  Haproxy h;
  h.want({{"r1", 18201, 2, true}});
  const int held = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(h.proxy->port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(held, reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
  ASSERT_EQ(listen(held, 1), 0);
  fc_status_t status = FC_EIO;
  fc_error_t error = {};
  std::thread start([&] { status = haproxy_start(&h.haproxy, nullptr, &error); });
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  bool refused = false;
  while (!refused && std::chrono::steady_clock::now() < limit) {
    std::ifstream output(h.folder.path("log"));
    const std::string text((std::istreambuf_iterator<char>(output)), {});
    refused = text.find("already in use") != std::string::npos;
  }
  close(held);
  start.join();
  EXPECT_TRUE(refused);
  EXPECT_EQ(status, FC_OK) << error.message;
  EXPECT_EQ(h.row("r1"), "18201 x 2");
}
}  // namespace
