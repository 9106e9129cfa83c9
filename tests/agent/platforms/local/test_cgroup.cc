// tests agent/platforms/local/cgroup*.c on trees of plain files that look like v1, v2 and hybrid machines.
#include <sys/stat.h>

#include <filesystem>

#include "support.h"

extern "C" {
#include "cgroup_files.h"
}

namespace {
using fc_test::read_file;
using fc_test::TemporaryFolder;
using fc_test::write_file;
using testing::HasSubstr;

// A machine of plain files.
class Machine {
 public:
  void file(const std::string &path, const std::string &content) const {
    std::filesystem::create_directories(std::filesystem::path(folder_.path(path)).parent_path());
    write_file(folder_.path(path), content);
  }
  void folder(const std::string &path) const { std::filesystem::create_directories(folder_.path(path)); }
  std::string text(const std::string &path) const { return read_file(folder_.path(path)); }
  std::string path(const std::string &path = "") const { return folder_.path(path); }
  std::string root() const {
    std::string root = folder_.path();
    while (!root.empty() && root.back() == '/') root.pop_back();
    return root;
  }
  void proc(const std::string &mounts, const std::string &groups) const {
    file("proc/self/mountinfo", "22 1 0:5 / /proc rw - proc proc rw\n" + mounts);
    file("proc/self/cgroup", groups);
  }
  fc_status_t find(cgroup_t *own, cgroup_t *top, fc_error_t *error) const {
    return cgroup_find(root().c_str(), own, top, error);
  }

 private:
  TemporaryFolder folder_;
};

const char V1_MOUNTS[] =
    "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
    "33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct\n"
    "34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
    "35 31 0:32 / /sys/fs/cgroup/mem\\040ory rw,relatime shared:7 master:2 - cgroup cgroup rw,memory\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

// v1 with cpu and cpuacct apart, and a v2 mount that has nothing of use.
void make_v1(const Machine &machine) {
  machine.proc(V1_MOUNTS, "4:memory:/api/x\n3:cpuset:/\n2:cpuacct:/\n1:cpu:/\n0::/\n");
  machine.file("sys/fs/cgroup/unified/cgroup.controllers", "hugetlb\n");
  const std::string cpu = "sys/fs/cgroup/cpu/r/", account = "sys/fs/cgroup/cpuacct/r/",
                    memory = "sys/fs/cgroup/mem ory/api/x/r/";
  machine.file(cpu + "cpu.cfs_period_us", "50000\n");
  machine.file(cpu + "cpu.cfs_quota_us", "-1\n");
  machine.file(cpu + "cpu.stat", "nr_periods 10\nnr_throttled 4\nthrottled_time 250000000\n");
  machine.file(cpu + "cgroup.procs", "");
  machine.file(account + "cpuacct.usage", "1500000000\n");
  machine.file(account + "cgroup.procs", "");
  machine.file(memory + "memory.limit_in_bytes", "9223372036854771712\n");
  machine.file(memory + "memory.usage_in_bytes", "31457280\n");
  machine.file(memory + "memory.stat", "cache 1\ninactive_file 7\ntotal_inactive_file 10485760\n");
  machine.file(memory + "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  machine.file(memory + "cgroup.procs", "");
}

void make_v2(const Machine &machine) {
  machine.proc("30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
               "0::/system.slice/agent.service\n");
  const std::string top = "sys/fs/cgroup/", own = top + "system.slice/agent.service/", group = own + "r/";
  machine.file(top + "cgroup.controllers", "cpuset cpu io memory pids\n");
  machine.file(own + "cgroup.subtree_control", "memory\n");
  machine.file(group + "cpu.max", "max 100000\n");
  machine.file(group + "cpu.stat", "usage_usec 2500000\nnr_periods 9\nnr_throttled 3\nthrottled_usec 120000\n");
  machine.file(group + "memory.max", "max\n");
  machine.file(group + "memory.high", "max\n");
  machine.file(group + "memory.current", "20971520\n");
  machine.file(group + "memory.stat", "anon 5\ninactive_file 4194304\n");
  machine.file(group + "memory.events", "low 0\noom 1\noom_kill 1\n");
  machine.file(group + "cgroup.procs", "");
}

// The group `r` of a machine made above.
struct Group {
  explicit Group(const Machine &machine) {
    cgroup_t own, top;
    EXPECT_OK(machine.find(&own, &top, &error));
    EXPECT_OK(cgroup_child(&own, "r", &group, &error));
  }
  fc_error_t error = {};
  cgroup_t group = {};
  const cgroup_t *get() const { return &group; }
};

TEST(CgroupFind, SeparateMountsOfVersionOneAreReadFromMountinfo) {
  Machine machine;
  make_v1(machine);
  fc_error_t error = {};
  cgroup_t own, top;
  ASSERT_OK(machine.find(&own, &top, &error));
  ASSERT_EQ(own.n_folders, 3);
  EXPECT_EQ(own.folders[own.of[CGROUP_CPU]].path, machine.root() + "/sys/fs/cgroup/cpu");
  EXPECT_EQ(own.folders[own.of[CGROUP_CPUACCT]].path, machine.root() + "/sys/fs/cgroup/cpuacct");
  EXPECT_EQ(own.folders[own.of[CGROUP_MEMORY]].path, machine.root() + "/sys/fs/cgroup/mem ory/api/x");
  EXPECT_EQ(top.folders[top.of[CGROUP_MEMORY]].path, machine.root() + "/sys/fs/cgroup/mem ory");
  for (int32_t i = 0; i < 3; ++i) EXPECT_EQ(own.folders[i].version, 1);
}

TEST(CgroupFind, CpuAndCpuacctOfOneMountAreOneFolder) {
  Machine machine;
  machine.proc(
      "32 31 0:29 / /cg/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n35 31 0:32 / /cg/memory rw - cgroup "
      "cgroup rw,memory\n",
      "4:cpu,cpuacct:/a\n5:memory:/b\n");
  fc_error_t error = {};
  cgroup_t own, top;
  ASSERT_OK(machine.find(&own, &top, &error));
  EXPECT_EQ(own.n_folders, 2);
  EXPECT_EQ(own.folders[own.of[CGROUP_CPUACCT]].path, machine.root() + "/cg/cpu,cpuacct/a");
}

TEST(CgroupFind, VersionTwoIsOneFolderForAll) {
  Machine machine;
  make_v2(machine);
  fc_error_t error = {};
  cgroup_t own, top;
  ASSERT_OK(machine.find(&own, &top, &error));
  ASSERT_EQ(own.n_folders, 1);
  EXPECT_EQ(own.folders[0].version, 2);
  EXPECT_EQ(own.folders[0].path, machine.root() + "/sys/fs/cgroup/system.slice/agent.service");
  EXPECT_EQ(top.folders[0].path, machine.root() + "/sys/fs/cgroup");
}

TEST(CgroupFind, AHybridMachineTakesEachControllerFromWhereItIs) {
  Machine machine;
  machine.proc("35 31 0:32 / /cg/memory rw - cgroup cgroup rw,memory\n41 31 0:38 / /cg/unified rw - cgroup2 none rw\n",
               "5:memory:/b\n0::/u\n");
  machine.file("cg/unified/cgroup.controllers", "cpu io\n");
  fc_error_t error = {};
  cgroup_t own, top;
  ASSERT_OK(machine.find(&own, &top, &error));
  ASSERT_EQ(own.n_folders, 2);
  EXPECT_EQ(own.of[CGROUP_CPU], own.of[CGROUP_CPUACCT]) << "v2 counts CPU time with cpu";
  EXPECT_EQ(own.folders[own.of[CGROUP_CPU]].version, 2);
  EXPECT_EQ(own.folders[own.of[CGROUP_MEMORY]].version, 1);
}

TEST(CgroupFind, APartOfAHierarchyThatIsMountedIsTakenOff) {
  Machine machine;
  machine.proc("30 23 0:26 /docker/abc /cg rw - cgroup2 cgroup2 rw\n", "0::/docker/abc/inner\n");
  machine.file("cg/cgroup.controllers", "cpu memory\n");
  fc_error_t error = {};
  cgroup_t own, top;
  ASSERT_OK(machine.find(&own, &top, &error));
  EXPECT_EQ(own.folders[0].path, machine.root() + "/cg/inner");
  machine.proc("30 23 0:26 /docker/abc /cg rw - cgroup2 cgroup2 rw\n", "0::/../elsewhere\n");
  ASSERT_OK(machine.find(&own, &top, &error));
  EXPECT_EQ(own.folders[0].path, machine.root() + "/cg") << "outside of what is mounted: its root";
}

TEST(CgroupFind, AMissingControllerIsNamedAndDamagedFilesDoNotCrash) {
  Machine machine;
  fc_error_t error = {};
  cgroup_t own, top;
  machine.proc("41 31 0:38 / /cg rw - cgroup2 cgroup2 rw\n", "0::/\n");
  machine.file("cg/cgroup.controllers", "cpu\n");
  EXPECT_EQ(machine.find(&own, &top, &error), FC_ENOTFOUND);
  EXPECT_THAT(error.message, HasSubstr("memory"));
  for (const char *mounts : {"", "\n\n", "- cgroup", "1 2 - cgroup2 ", "1 2 3 4 5 - cgroup2 x", " - cgroup cgroup cpu",
                             "1 2 3 \\04 \\9 - cgroup cgroup rw,cpu"}) {
    machine.proc(mounts, "::::\n0:\n:");
    EXPECT_EQ(machine.find(&own, &top, &error), FC_ENOTFOUND) << mounts;
  }
  machine.proc(std::string(5000, 'x') + " - cgroup2 cgroup2 rw\n", std::string(5000, ':'));
  EXPECT_EQ(machine.find(&own, &top, &error), FC_ENOTFOUND);
  std::filesystem::remove_all(machine.path("proc"));
  EXPECT_EQ(machine.find(&own, &top, &error), FC_EIO);
}

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
