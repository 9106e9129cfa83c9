// tests agent/platforms/local/haproxy.c and haproxy_sync.c with a real HAProxy: start, change, reload, stop.
#include "local_platform.h"

extern "C" {
#include "haproxy.h"
#include "health.h"
}

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::HasSubstr;

struct Haproxy {
  Haproxy() : proxy(new haproxy_proxy_t()) {
    snprintf(proxy->name, sizeof proxy->name, "f");
    proxy->port = health_free_port();
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

TEST(HaproxyProcess, AFileItCannotReadIsTold) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  Haproxy h;
  fc_error_t error = {};
  h.want({{"two words", 18201, 2, true}});
  EXPECT_EQ(haproxy_start(&h.haproxy, nullptr, &error), FC_ESTATE);
  EXPECT_THAT(error.message, HasSubstr("two"));
  EXPECT_EQ(h.haproxy.process.pid, 0);
}
}  // namespace
