// tests agent/platforms/local/cgroup.c and cgroup_usage.c on trees of plain files.
#include <unistd.h>

#include "fake_machine.h"

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::HasSubstr;

TEST(Cgroup, LimitsOfVersionOneAreWrittenAndReadBack) {
  Machine machine;
  make_v1(machine);
  Group group(machine);
  fc_error_t error = {};
  int32_t millicores = -1, mib = -1;
  ASSERT_OK(cgroup_limits(&group.group, &millicores, &mib, &error));
  EXPECT_EQ(millicores, 0);
  EXPECT_EQ(mib, 0);
  ASSERT_OK(cgroup_set_cpu(&group.group, 155, &error));
  ASSERT_OK(cgroup_set_memory(&group.group, 64, &error));
  EXPECT_EQ(machine.text("sys/fs/cgroup/cpu/r/cpu.cfs_period_us"), "100000");
  EXPECT_EQ(machine.text("sys/fs/cgroup/cpu/r/cpu.cfs_quota_us"), "15500");
  ASSERT_OK(cgroup_limits(&group.group, &millicores, &mib, &error));
  EXPECT_EQ(millicores, 155);
  EXPECT_EQ(mib, 64);
}

TEST(Cgroup, LimitsOfVersionTwoAreWrittenAndReadBack) {
  Machine machine;
  make_v2(machine);
  Group group(machine);
  fc_error_t error = {};
  int32_t millicores = -1, mib = -1;
  ASSERT_OK(cgroup_limits(&group.group, &millicores, &mib, &error));
  EXPECT_EQ(millicores, 0);
  EXPECT_EQ(mib, 0);
  ASSERT_OK(cgroup_set_cpu(&group.group, 10, &error));
  ASSERT_OK(cgroup_set_memory(&group.group, 32, &error));
  const std::string folder = "sys/fs/cgroup/system.slice/agent.service/r/";
  EXPECT_EQ(machine.text(folder + "cpu.max"), "1000 100000");
  EXPECT_EQ(machine.text(folder + "memory.max"), "33554432");
  EXPECT_EQ(machine.text(folder + "memory.high"), "max");
  ASSERT_OK(cgroup_limits(&group.group, &millicores, &mib, &error));
  EXPECT_EQ(millicores, 10);
  EXPECT_EQ(mib, 32);
}

TEST(Cgroup, UsageOfBothVersions) {
  fc_error_t error = {};
  cgroup_usage_t usage;
  Machine first, second;
  make_v1(first);
  ASSERT_OK(cgroup_usage(Group(first).get(), &usage, &error));
  EXPECT_DOUBLE_EQ(usage.cpu_s, 1.5);
  EXPECT_DOUBLE_EQ(usage.throttled_s, 0.25);
  EXPECT_EQ(usage.throttled_periods, 4);
  EXPECT_EQ(usage.memory_bytes, 20971520) << "without inactive file pages";
  EXPECT_EQ(usage.oom_kills, 2);
  make_v2(second);
  ASSERT_OK(cgroup_usage(Group(second).get(), &usage, &error));
  EXPECT_DOUBLE_EQ(usage.cpu_s, 2.5);
  EXPECT_DOUBLE_EQ(usage.throttled_s, 0.12);
  EXPECT_EQ(usage.throttled_periods, 3);
  EXPECT_EQ(usage.memory_bytes, 16777216);
  EXPECT_EQ(usage.oom_kills, 1);
  second.file("sys/fs/cgroup/system.slice/agent.service/r/cpu.stat", "nonsense\n");
  EXPECT_EQ(cgroup_usage(Group(second).get(), &usage, &error), FC_EFORMAT);
  second.file("sys/fs/cgroup/system.slice/agent.service/r/memory.current", "many\n");
  second.file("sys/fs/cgroup/system.slice/agent.service/r/cpu.stat", "usage_usec 1\n");
  EXPECT_EQ(cgroup_usage(Group(second).get(), &usage, &error), FC_EFORMAT);
}

TEST(Cgroup, AMemoryLimitBelowUsageIsRefusedAndTheOldOneStays) {
  fc_error_t error = {};
  Machine first, second;
  make_v1(first);
  EXPECT_EQ(cgroup_set_memory(Group(first).get(), 19, &error), FC_EUNSAFE);
  EXPECT_THAT(error.message, HasSubstr("20.0 MiB are in use"));
  EXPECT_EQ(first.text("sys/fs/cgroup/mem ory/api/x/r/memory.limit_in_bytes"), "9223372036854771712\n");
  make_v2(second);
  const std::string folder = "sys/fs/cgroup/system.slice/agent.service/r/";
  second.file(folder + "memory.high", "100000000\n");
  EXPECT_EQ(cgroup_set_memory(Group(second).get(), 18, &error), FC_EUNSAFE)
      << "the pages above the limit are still there after reclaim";
  EXPECT_EQ(second.text(folder + "memory.max"), "max\n");
  EXPECT_EQ(second.text(folder + "memory.high"), "100000000");
}

TEST(Cgroup, AQuotaBelowTheKernelsLeastIsRefused) {
  Machine machine;
  make_v1(machine);
  fc_error_t error = {};
  EXPECT_EQ(cgroup_set_cpu(Group(machine).get(), 9, &error), FC_EINVAL);
  EXPECT_EQ(cgroup_set_memory(Group(machine).get(), 0, &error), FC_EINVAL);
}

TEST(Cgroup, MakingHandsTheControllersDownAndRemovingTakesAllAway) {
  Machine machine;
  make_v2(machine);
  fc_error_t error = {};
  cgroup_t own, top, child;
  ASSERT_OK(machine.find(&own, &top, &error));
  ASSERT_OK(cgroup_child(&own, "fresh", &child, &error));
  EXPECT_FALSE(cgroup_exists(&child));
  ASSERT_OK(cgroup_make(&own, &child, &error));
  EXPECT_EQ(machine.text("sys/fs/cgroup/system.slice/agent.service/cgroup.subtree_control"), "+cpu")
      << "memory was handed down already";
  EXPECT_TRUE(cgroup_exists(&child));
  EXPECT_EQ(cgroup_make(&own, &child, &error), FC_EEXISTS);
  ASSERT_OK(cgroup_remove(&child, &error));
  EXPECT_FALSE(cgroup_exists(&child));
  ASSERT_OK(cgroup_remove(&child, &error));
  Group full(machine);
  EXPECT_EQ(cgroup_remove(&full.group, &error), FC_ESTATE);
}

TEST(Cgroup, CheckingSaysWhatMakingWouldMeetAndWritesNothing) {
  Machine machine;
  make_v2(machine);
  fc_error_t error = {};
  cgroup_t own, top;
  ASSERT_OK(machine.find(&own, &top, &error));
  const std::string folder = "sys/fs/cgroup/system.slice/agent.service/";
  machine.file(folder + "cgroup.type", "domain\n");
  machine.file(folder + "cgroup.procs", "12\n");
  EXPECT_EQ(cgroup_check(&own, &error), FC_ESTATE) << "processes are in it";
  EXPECT_NE(std::string(error.message).find("Delegate=yes"), std::string::npos);
  machine.file(folder + "cgroup.procs", "");
  EXPECT_OK(cgroup_check(&own, &error));
  machine.file(folder + "cgroup.procs", "12\n");
  machine.file(folder + "cgroup.subtree_control", "cpu memory\n");
  EXPECT_OK(cgroup_check(&own, &error)) << "handed down already";
  machine.file("sys/fs/cgroup/cgroup.subtree_control", "");
  machine.file("sys/fs/cgroup/cgroup.procs", "1\n");
  EXPECT_OK(cgroup_check(&top, &error)) << "the top one hands down whatever is in it";
  EXPECT_EQ(machine.text("sys/fs/cgroup/cgroup.subtree_control"), "");
  cgroup_t absent = own;
  ASSERT_OK(cgroup_child(&own, "absent", &absent, &error));
  EXPECT_EQ(cgroup_check(&absent, &error), FC_EIO);
}

TEST(Cgroup, AnAgentAloneInItsGroupStepsAside) {
  Machine machine;
  make_v2(machine);
  fc_error_t error = {};
  cgroup_t own, top;
  ASSERT_OK(machine.find(&own, &top, &error));
  const std::string folder = "sys/fs/cgroup/system.slice/agent.service/", pid = std::to_string(getpid());
  EXPECT_FALSE(cgroup_step_aside(&own)) << "who is in it cannot be read";
  machine.file(folder + "agent/cgroup.procs", "");
  machine.file(folder + "cgroup.procs", pid + "\n1\n");
  EXPECT_FALSE(cgroup_step_aside(&own)) << "somebody else is in it";
  EXPECT_EQ(machine.text(folder + "agent/cgroup.procs"), "");
  machine.file(folder + "cgroup.procs", pid + "\n");
  EXPECT_TRUE(cgroup_step_aside(&own));
  EXPECT_EQ(machine.text(folder + "agent/cgroup.procs"), "0");
}

TEST(Cgroup, AFailureOfOneHierarchyLeavesNothingInTheOthers) {
  Machine machine;
  make_v1(machine);
  fc_error_t error = {};
  cgroup_t own, top, child;
  ASSERT_OK(machine.find(&own, &top, &error));
  ASSERT_OK(cgroup_child(&own, "fresh", &child, &error));
  machine.folder("sys/fs/cgroup/mem ory/api/x/fresh");
  EXPECT_EQ(cgroup_make(&own, &child, &error), FC_EEXISTS);
  EXPECT_FALSE(std::filesystem::exists(machine.path("sys/fs/cgroup/cpu/fresh")));
  EXPECT_FALSE(std::filesystem::exists(machine.path("sys/fs/cgroup/cpuacct/fresh")));
  cgroup_t longer;
  EXPECT_EQ(cgroup_child(&own, std::string(600, 'n').c_str(), &longer, &error), FC_EINVAL);
}

TEST(Cgroup, MissingRightsSayWhatIsNeeded) {
  fc_error_t error = {};
  EXPECT_EQ(cgroup_files_error("/sys/fs/cgroup/x", "cpu.max", "write 5", EACCES, &error), FC_EUNSAFE);
  EXPECT_THAT(error.message, HasSubstr("Delegate=yes"));
  EXPECT_THAT(error.message, HasSubstr("/sys/fs/cgroup/x/cpu.max"));
}

TEST(Cgroup, AChildEntersEveryHierarchy) {
  Machine machine;
  make_v1(machine);
  Group group(machine);
  EXPECT_EQ(cgroup_enter(&group.group), 0);
  for (const char *folder : {"cpu/r", "cpuacct/r", "mem ory/api/x/r"})
    EXPECT_EQ(machine.text(std::string("sys/fs/cgroup/") + folder + "/cgroup.procs"), "0");
}
}  // namespace
