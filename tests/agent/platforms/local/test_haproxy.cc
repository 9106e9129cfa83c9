// tests agent/platforms/local/haproxy*.c against a fake runtime socket: the file, the CSV, what is asked and checked.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fake_haproxy.h"

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

void want(haproxy_proxy_t *proxy, std::vector<haproxy_server_t> servers) {
  proxy->n_servers = static_cast<int32_t>(servers.size());
  std::copy(servers.begin(), servers.end(), proxy->servers);
}

TEST(HaproxyFile, HoldsEveryServerWithItsLimitAndChecks) {
  FakeHaproxy fake;
  fake.get()->log_port = 5514;
  want(fake.proxy(), {{"r1", 18201, 2, true}, {"r2", 18202, 3, false}});
  fc_error_t error = {};
  ASSERT_OK(haproxy_write_file(fake.get(), &error));
  const std::string text = read_file(fake.file());
  EXPECT_THAT(text, HasSubstr("frontend f\n  bind 127.0.0.1:18101\n  log 127.0.0.1:5514 "));
  EXPECT_THAT(text,
              HasSubstr("log-format 'fc 0 \"%s\" \"%ST\" \"%ts\" \"%Tw\" \"%Tc\" \"%Tr\" \"%Ta\" \"%U\" \"%rc\"'"));
  EXPECT_THAT(text, HasSubstr("server r1 127.0.0.1:18201 maxconn 2 check inter 200ms fastinter 50ms fall 1 rise 1 "
                              "observe layer4 error-limit 1 on-error mark-down\n"));
  EXPECT_THAT(text, HasSubstr("mark-down disabled\n")) << "one that is not ready";
  EXPECT_THAT(text, HasSubstr("option redispatch 1\n"));
  EXPECT_THAT(text, HasSubstr("retry-on conn-failure empty-response\n"));
  EXPECT_THAT(text, Not(HasSubstr("429")));
  EXPECT_THAT(text, Not(HasSubstr("prometheus")));
  fake.proxy()->rejects = true;
  fake.get()->metrics_port = 18404;
  ASSERT_OK(haproxy_write_file(fake.get(), &error));
  EXPECT_THAT(read_file(fake.file()), HasSubstr("return status 429"));
  EXPECT_THAT(read_file(fake.file()), HasSubstr("{ be_conn_free(f) le 0 }"));
  EXPECT_THAT(read_file(fake.file()), HasSubstr("use-service prometheus-exporter"));
}

TEST(HaproxyFile, AFailedWriteLeavesTheOldFile) {
  FakeHaproxy fake;
  fc_error_t error = {};
  ASSERT_OK(haproxy_write_file(fake.get(), &error));
  const std::string before = read_file(fake.file());
  snprintf(fake.get()->file, sizeof fake.get()->file, "%s/no/such/folder", fake.file().c_str());
  EXPECT_EQ(haproxy_write_file(fake.get(), &error), FC_EIO);
  EXPECT_EQ(read_file(fake.file()), before);
}

TEST(HaproxyStat, IsReadByTheNamesOfItsColumns) {
  haproxy_stat_t stat;
  fc_error_t error = {};
  const char text[] =
      "# pxname,svname,extra,status,qcur,scur,slim,req_tot,type,addr,\n"
      "f,FRONTEND,\"a,\"\"b\"\"\",OPEN,,7,100,42,0,,\n"
      "f,r1,x,UP 1/2,1,2,3,,2,127.0.0.1:18201,\n"
      "f,r2,x,MAINT (via a/b),0,0,,,2,127.0.0.1:18202,\n"
      "f,r3,x,DOWN,0,0,,,2,127.0.0.1:18203,\n"
      "f,r4,x,no check,0,0,,,2,127.0.0.1:18204,\n"
      "f,BACKEND,x,UP,5,9,,,1,,\n\n";
  ASSERT_OK(haproxy_stat_parse(text, &stat, &error));
  EXPECT_EQ(stat.n_rows, 6);
  const haproxy_stat_row_t *row = haproxy_stat_find(&stat, "f", "r1");
  ASSERT_NE(row, nullptr);
  EXPECT_TRUE(row->up);
  EXPECT_EQ(row->waiting, 1);
  EXPECT_EQ(row->in_service, 2);
  EXPECT_EQ(row->limit, 3);
  EXPECT_EQ(row->port, 18201);
  EXPECT_TRUE(haproxy_stat_find(&stat, "f", "r2")->maintained);
  EXPECT_FALSE(haproxy_stat_find(&stat, "f", "r3")->up);
  EXPECT_TRUE(haproxy_stat_find(&stat, "f", "r4")->up);
  EXPECT_EQ(haproxy_stat_find(&stat, "f", nullptr)->in_service, 9);
  EXPECT_EQ(haproxy_stat_frontend(&stat, "f")->requests, 42);
  EXPECT_EQ(haproxy_stat_find(&stat, "g", "r1"), nullptr);
  EXPECT_EQ(haproxy_stat_frontend(&stat, "g"), nullptr);
  haproxy_stat_clear(&stat);
}

TEST(HaproxyStat, DamagedTextIsRefused) {
  haproxy_stat_t stat;
  fc_error_t error = {};
  const std::string header = "# pxname,svname,status,qcur,scur,slim,req_tot,type,addr\n";
  for (const std::string &text :
       {std::string(), std::string("nonsense\n"), std::string("# pxname,svname\n"), header + "f,r1,UP\n",
        header + "f,r1,UP,1,2,3,4,2,127.0.0.1:80", header + "\"f,r1,UP,1,2,3\n"}) {
    EXPECT_EQ(haproxy_stat_parse(text.c_str(), &stat, &error), FC_EFORMAT) << text;
    haproxy_stat_clear(&stat);
  }
  ASSERT_OK(haproxy_stat_parse(header.c_str(), &stat, &error));
  EXPECT_EQ(stat.n_rows, 0);
  haproxy_stat_clear(&stat);
}

TEST(HaproxySocket, NobodyThereAndSilenceAreTold) {
  haproxy_socket_t nowhere = {"/nowhere/socket", 1};
  char *answer = nullptr;
  fc_error_t error = {};
  EXPECT_EQ(haproxy_socket_ask(&nowhere, "show info", &answer, &error), FC_ENOTFOUND);
  EXPECT_THAT(error.message, HasSubstr("/nowhere/socket"));
  free(answer);
  const std::string large(300000, 'x');
  FakeHaproxy fake;
  fake.before = [&](const std::string &, std::string *text) { return *text = large, true; };
  ASSERT_OK(haproxy_socket_ask(&fake.get()->socket, "show", &answer, &error));
  EXPECT_EQ(answer, large);
  free(answer);
  TemporaryFolder folder;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "%s", folder.path("s").c_str());
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener, 8), 0);
  haproxy_socket_t silent = {"", 0.02};
  snprintf(silent.path, sizeof silent.path, "%s", folder.path("s").c_str());
  EXPECT_EQ(haproxy_socket_ask(&silent, "show", &answer, &error), FC_ETIMEOUT);
  free(answer);
  close(listener);
}

TEST(HaproxySync, NothingIsAskedWhenNothingDiffers) {
  FakeHaproxy fake;
  fake.servers = {{"r1", {18201, 2, 1, "UP"}}};
  want(fake.proxy(), {{"r1", 18201, 2, true}});
  fc_error_t error = {};
  ASSERT_OK(haproxy_sync(fake.get(), 0, &error));
  EXPECT_THAT(fake.commands, IsEmpty());
}

TEST(HaproxySync, ALimitIsSetInPlace) {
  FakeHaproxy fake;
  fake.servers = {{"r1", {18201, 2, 1, "UP"}}};
  want(fake.proxy(), {{"r1", 18201, 6, true}});
  fc_error_t error = {};
  ASSERT_OK(haproxy_sync(fake.get(), 0, &error));
  EXPECT_THAT(fake.commands, ElementsAre("set maxconn server f/r1 6"));
}

TEST(HaproxySync, ANewServerIsAddedAndEnabledBeforeAnOldOneIsDrained) {
  FakeHaproxy fake;
  fake.servers = {{"r1", {18201, 2, 0, "UP"}}};
  want(fake.proxy(), {{"r2", 18202, 3, true}});
  fc_error_t error = {};
  ASSERT_OK(haproxy_sync(fake.get(), 0, &error));
  EXPECT_THAT(fake.commands,
              ElementsAre("add server f/r2 127.0.0.1:18202 maxconn 3 check inter 200ms fastinter 50ms fall 1 rise 1 "
                          "observe layer4 error-limit 1 on-error mark-down",
                          "enable health f/r2", "enable server f/r2", "set server f/r1 state drain",
                          "set server f/r1 state drain", "set server f/r1 state maint", "del server f/r1"));
}

TEST(HaproxySync, AServerWithoutItsProcessGoesToMaintenanceAndComesBackOnAnotherPort) {
  FakeHaproxy fake;
  fake.servers = {{"r1", {18201, 2, 0, "UP"}}};
  want(fake.proxy(), {{"r1", 18201, 2, false}});
  fc_error_t error = {};
  ASSERT_OK(haproxy_sync(fake.get(), 0, &error));
  want(fake.proxy(), {{"r1", 18999, 2, true}});
  ASSERT_OK(haproxy_sync(fake.get(), 0, &error));
  EXPECT_THAT(fake.commands, ElementsAre("set server f/r1 state maint", "set server f/r1 addr 127.0.0.1 port 18999",
                                         "set server f/r1 state ready"));
}

TEST(HaproxySync, ADrainThatNeverEndsIsCutAfterItsTime) {
  FakeHaproxy fake;
  fake.servers = {{"r1", {18201, 2, 1, "UP"}}, {"r2", {18202, 2, 0, "UP"}}};
  want(fake.proxy(), {{"r2", 18202, 2, true}});
  fc_error_t error = {};
  ASSERT_OK(haproxy_sync(fake.get(), 0, &error));
  EXPECT_THAT(fake.commands, testing::Contains("shutdown sessions server f/r1"));
  EXPECT_EQ(fake.servers.count("r1"), 0u);
}

TEST(HaproxySync, WhatHaproxyRefusesAndWhatReadsBackOtherwiseAreErrors) {
  FakeHaproxy fake;
  fake.servers = {{"r1", {18201, 2, 0, "UP"}}};
  want(fake.proxy(), {{"r1", 18201, 6, true}});
  fc_error_t error = {};
  fake.before = [](const std::string &command, std::string *text) {
    return *text = "Permission denied\n", command.rfind("set maxconn", 0) == 0;
  };
  EXPECT_EQ(haproxy_sync(fake.get(), 0, &error), FC_ESTATE);
  EXPECT_THAT(error.message, HasSubstr("Permission denied"));
  fake.before = [](const std::string &command, std::string *text) {
    return *text = "\n", command.rfind("set maxconn", 0) == 0;  // a lie
  };
  EXPECT_EQ(haproxy_sync(fake.get(), 0, &error), FC_ESTATE);
  EXPECT_THAT(error.message, HasSubstr("f/r1 should have port 18201, limit 6"));
}

TEST(HaproxyReload, AnotherWorkerIsSeenOnce) {
  FakeHaproxy fake;
  bool reloaded = true;
  fc_error_t error = {};
  ASSERT_OK(haproxy_was_reloaded(fake.get(), &reloaded, &error));
  EXPECT_FALSE(reloaded);
  fake.worker = 78;
  ASSERT_OK(haproxy_was_reloaded(fake.get(), &reloaded, &error));
  EXPECT_TRUE(reloaded);
  ASSERT_OK(haproxy_was_reloaded(fake.get(), &reloaded, &error));
  EXPECT_FALSE(reloaded);
}
}  // namespace
