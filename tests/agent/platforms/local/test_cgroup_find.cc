// tests agent/platforms/local/cgroup_find.c: hierarchies from mountinfo, never from assumed paths.
#include "fake_machine.h"

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::HasSubstr;

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
}  // namespace
