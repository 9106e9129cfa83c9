// Faults on platform `local`: replicas and HAProxy killed, HAProxy reloaded, writes refused, the agent gone.
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "local_platform.h"

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::HasSubstr;
using testing::IsEmpty;

TEST(LocalFaults, AKilledReplicaCostsNoRequestAndComesBack) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local({"\"1\", \"5\"", "", {300, 128, 3, 2}});
  fc_error_t error = {};
  ASSERT_OK(local.discover(&error));
  HttpLoad load(local.port(0), 4);
  ASSERT_TRUE(load.wait_for(50));
  const std::vector<int> victims = local.pids("a-r2");
  ASSERT_EQ(victims.size(), 1u);
  kill(victims[0], SIGKILL);
  ASSERT_TRUE(load.wait_for(50));
  EXPECT_TRUE(local.becomes([&] {
    const auto now = local.pids("a-r2");
    return now.size() == 1 && now != victims && local.read_back(0).replicas == 3;
  }));
  ASSERT_TRUE(load.wait_for(50));
  load.stop();
  EXPECT_EQ(load.losses(), "") << "retried on another replica";
}

TEST(LocalFaults, AReloadedHaproxyHasWhatWasChangedAtRunTime) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local;
  fc_error_t error = {};
  ASSERT_OK(local.discover(&error));
  const Knobs to = {300, 128, 4, 7};
  ASSERT_OK(local.apply(0, to, &error));
  HttpLoad load(local.port(0), 4);
  ASSERT_TRUE(load.wait_for(20));
  local.reload_haproxy();
  EXPECT_EQ(text_of(local.read_back(0)), text_of(to));
  fc_observation_t window;
  ASSERT_EQ(fc_observation_init(&window, 2), FC_OK);
  EXPECT_TRUE(local.becomes([&] {
    return local.get()->read(local.get()->self, 0, &window, &error) == FC_OK &&
           (window.outcome.present & FC_OUTCOME_HAS_UNFINISHED) == 0;
  })) << "the old process may have some in flight";
  fc_observation_clear(&window);
  ASSERT_OK(local.apply(0, {300, 128, 2, 3}, &error));
  ASSERT_TRUE(load.wait_for(20));
  load.stop();
  EXPECT_EQ(load.losses(), "");
}

// FC_ESTATE would end the agent, and with it every function: a function that is down for a while is a window without
// measurements, no more.
TEST(LocalFaults, AWindowInWhichNothingOfAFunctionIsUpIsNotTheEnd) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local({"\"0\", \"5\", \"1500\"", "", {200, 128, 1, 2}});
  fc_error_t error = {};
  fc_observation_t observation;
  ASSERT_OK(local.discover(&error));
  ASSERT_EQ(fc_observation_init(&observation, 2), FC_OK);
  for (const int pid : local.pids("a-r1")) kill(pid, SIGKILL);
  ASSERT_TRUE(local.becomes([&] {
    fc_function_configuration_t now;
    http_get(local.port(0), "/");
    return local.get()->read_back(local.get()->self, 0, &now, &error) == FC_ESTATE;
  }));
  EXPECT_EQ(FC_EIO, local.get()->read(local.get()->self, 0, &observation, &error)) << error.message;
  EXPECT_TRUE(local.becomes([&] { return local.get()->read(local.get()->self, 1, &observation, &error) == FC_OK; }));
  fc_observation_clear(&observation);
}

TEST(LocalFaults, AFileThatSomebodyEditedIsRepairedAfterAReload) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local;
  fc_error_t error = {};
  ASSERT_OK(local.discover(&error));
  const std::string path = local.state() + "/local/haproxy.cfg";
  std::string text = read_file(path);
  for (size_t at = text.find(" maxconn 2"); at != std::string::npos; at = text.find(" maxconn 2"))
    text.replace(at, 10, " maxconn 9");
  write_file(path, text);
  local.reload_haproxy();
  EXPECT_TRUE(local.becomes([&] { return text_of(local.read_back(0)) == "200 m, 128 MiB, 2 x, 2"; }));
}

TEST(LocalFaults, AKilledHaproxyIsStartedAgain) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local;
  fc_error_t error = {};
  ASSERT_OK(local.discover(&error));
  ASSERT_OK(local.apply(0, {200, 128, 3, 5}, &error));
  for (const int pid : local.pids("haproxy")) kill(pid, SIGKILL);
  EXPECT_TRUE(local.becomes([&] { return http_get(local.port(0), "/") == 200; }));
  EXPECT_EQ(text_of(local.read_back(0)), "200 m, 128 MiB, 3 x, 5");
}

TEST(LocalFaults, AMemoryLimitBelowUsageIsRefusedAndNothingChanges) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local({"\"0\", \"2\", \"0\", \"40\"", "", {300, 128, 2, 2}});
  fc_error_t error = {};
  ASSERT_OK(local.discover(&error));
  HttpLoad load(local.port(0), 2);
  EXPECT_EQ(local.apply(0, {100, 32, 4, 5}, &error), FC_EUNSAFE);
  EXPECT_THAT(error.message, HasSubstr("in use"));
  EXPECT_EQ(text_of(local.read_back(0)), "300 m, 128 MiB, 2 x, 2");
  ASSERT_OK(local.apply(0, {300, 64, 2, 2}, &error));
  EXPECT_EQ(text_of(local.read_back(0)), "300 m, 64 MiB, 2 x, 2");
  ASSERT_TRUE(load.wait_for(20));
  load.stop();
  EXPECT_EQ(load.losses(), "");
}

// v1 takes no quota above the parent's: the way to have the kernel refuse a write of root's.
TEST(LocalFaults, ARefusedCgroupWriteLeavesTheOldConfiguration) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local;
  fc_error_t error = {};
  ASSERT_OK(local.discover(&error));
  cgroup_t parent = local.parent();
  if (parent.folders[parent.of[CGROUP_CPU]].version != 1) GTEST_SKIP() << "cgroup v2 refuses no quota";
  ASSERT_OK(cgroup_set_cpu(&parent, 400, &error));
  HttpLoad load(local.port(0), 2);
  EXPECT_NE(local.apply(0, {500, 100, 2, 5}, &error), FC_OK);
  EXPECT_THAT(error.message, HasSubstr("cpu.cfs_quota_us"));
  EXPECT_EQ(text_of(local.read_back(0)), "200 m, 128 MiB, 2 x, 2");
  EXPECT_NE(local.apply(0, {500, 100, 3, 5}, &error), FC_OK);
  EXPECT_EQ(text_of(local.read_back(0)), "200 m, 128 MiB, 2 x, 2");
  ASSERT_OK(local.apply(0, {400, 100, 3, 5}, &error));
  EXPECT_EQ(text_of(local.read_back(0)), "400 m, 100 MiB, 3 x, 5");
  ASSERT_TRUE(load.wait_for(20));
  load.stop();
  EXPECT_EQ(load.losses(), "");
}

TEST(LocalFaults, ReplicasThatDoNotStartLeaveTheOldConfiguration) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  TemporaryFolder folder;
  const std::string script = folder.path("function.sh"), flag = folder.path("broken");
  write_file(script, "#!/bin/sh\n[ -e " + flag + " ] && { echo broken; exit 3; }\nexec " +
                         program("local_test_function") + " \"$@\"\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  LocalPlatform wrapped({}, script);
  fc_error_t error = {};
  ASSERT_OK(wrapped.discover(&error));
  write_file(flag, "");
  EXPECT_EQ(wrapped.apply(0, {100, 128, 4, 5}, &error), FC_ESTATE);
  EXPECT_THAT(error.message, HasSubstr("exit code 3"));
  EXPECT_THAT(error.message, HasSubstr("a.log"));
  EXPECT_EQ(text_of(wrapped.read_back(0)), "200 m, 128 MiB, 2 x, 2");
  EXPECT_EQ(wrapped.groups().size(), 5u);
  EXPECT_EQ(http_get(wrapped.port(0), "/"), 200);
}

TEST(LocalFaults, WhileALongRequestIsDrainedTheOtherFunctionIsLookedAfter) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local({"\"0\", \"3000\"", "", {300, 128, 2, 1}});
  fc_error_t error = {};
  ASSERT_OK(local.discover(&error));
  HttpLoad load(local.port(0), 2);
  ASSERT_TRUE(local.becomes([&] {
    fc_observation_t window;
    EXPECT_EQ(fc_observation_init(&window, 2), FC_OK);
    EXPECT_OK(local.get()->read(local.get()->self, 0, &window, &error));
    const double in_flight = window.metrics[0].mean_in_flight;
    fc_observation_clear(&window);
    return in_flight >= 1.5;
  })) << "both replicas are busy";
  std::atomic<bool> changed{false};
  fc_error_t failure = {};
  std::thread change([&] {
    EXPECT_EQ(local.apply(0, {300, 128, 1, 2}, &failure), FC_OK) << failure.message;
    changed = true;
  });
  const std::vector<int> victims = local.pids("b-r1");
  kill(victims.at(0), SIGKILL);
  EXPECT_TRUE(local.becomes([&] { return local.pids("b-r1").size() == 1 && local.pids("b-r1") != victims; }));
  EXPECT_FALSE(changed) << "the request of three seconds is still being answered";
  change.join();
  load.stop();
  EXPECT_EQ(load.losses(), "");
  EXPECT_EQ(text_of(local.read_back(0)), "300 m, 128 MiB, 1 x, 2");
  EXPECT_TRUE(local.becomes([&] { return local.read_back(1).replicas == 2; }));
}

TEST(LocalFaults, AReplicaThatDoesNotFitItsMemoryLimitIsTold) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local({"\"0\", \"2\", \"0\", \"64\"", "", {300, 32, 1, 2}});
  fc_error_t error = {};
  EXPECT_EQ(local.discover(&error), FC_ESTATE);
  EXPECT_THAT(error.message, HasSubstr("signal 9"));
  EXPECT_THAT(local.groups(), IsEmpty());
}

TEST(LocalFaults, WhatACrashedAgentLeftIsRemovedAndItsConfigurationTakenOver) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local;
  TemporaryFolder folder;
  const pid_t child = fork();
  if (child == 0) {
    fc_error_t error = {};
    const bool good = local.discover(&error) == FC_OK && local.apply(0, {300, 100, 3, 5}, &error) == FC_OK;
    if (good) raise(SIGKILL);
    write_file(folder.path("why"), error.message);
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status)) << read_file(folder.path("why"));
  EXPECT_EQ(http_get(local.port(0), "/"), 200) << "the functions go on without the agent";
  fc_error_t error = {};
  ASSERT_OK(local.discover(&error));
  EXPECT_EQ(text_of(local.read_back(0)), "300 m, 100 MiB, 3 x, 5");
  EXPECT_EQ(text_of(local.read_back(1)), "200 m, 128 MiB, 2 x, 2");
  EXPECT_EQ(local.groups().size(), 6u) << "nothing of the earlier run";
  EXPECT_EQ(local.pids("haproxy").size(), 2u);
  EXPECT_EQ(http_get(local.port(0), "/"), 200);
}

TEST(LocalFaults, AGroupOfSomebodyElseIsNotTouched) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local;
  fc_error_t error = {};
  cgroup_t own, top, group;
  ASSERT_OK(cgroup_find("", &own, &top, &error));
  ASSERT_OK(cgroup_child(&own, ("faasconf-" + local.agent()).c_str(), &group, &error));
  ASSERT_OK(cgroup_make(&own, &group, &error));
  EXPECT_EQ(local.discover(&error), FC_EEXISTS);
  EXPECT_THAT(error.message, HasSubstr("another agent"));
  EXPECT_TRUE(cgroup_exists(&group));
  ASSERT_OK(cgroup_remove(&group, &error));
}

TEST(LocalFaults, WhatCannotStartSaysWhyAndLeavesNothing) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  fc_error_t error = {};
  LocalPlatform without({"\"0\"", "haproxy: /nowhere/haproxy\n"});
  EXPECT_EQ(without.discover(&error), FC_ENOTFOUND);
  EXPECT_THAT(error.message, HasSubstr("needs HAProxy"));
  EXPECT_THAT(without.groups(), IsEmpty());
  LocalPlatform wrong(LocalOptions(), "/nowhere/function");
  EXPECT_EQ(wrong.discover(&error), FC_ENOTFOUND);
  EXPECT_THAT(error.message, HasSubstr("/nowhere/function"));
  EXPECT_THAT(wrong.groups(), IsEmpty());
  LocalPlatform first;
  ASSERT_OK(first.discover(&error));
  LocalPlatform taken({"\"0\", \"5\"", "metrics_port: " + std::to_string(first.port(0)) + "\n"});
  EXPECT_EQ(taken.discover(&error), FC_ESTATE);
  EXPECT_THAT(error.message, HasSubstr("ddress already in use")) << "HAProxy's own words";
  EXPECT_THAT(taken.groups(), IsEmpty());
}
}  // namespace
