// tests agent/platforms/local/cgroup*.c on the control groups of this machine: needs root.
#include <sys/wait.h>
#include <unistd.h>

#include "local_machine.h"

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::HasSubstr;

// A child in the group that runs `work` and waits to be killed.
class Child {
 public:
  template <class Work>
  Child(const cgroup_t &group, Work work) {
    int ready[2];
    EXPECT_EQ(pipe(ready), 0);
    pid_ = fork();
    if (pid_ == 0) {
      if (cgroup_enter(&group) != 0) _exit(1);
      work();
      (void)!write(ready[1], "x", 1);
      pause();
      _exit(0);
    }
    close(ready[1]);
    char byte;
    EXPECT_EQ(read(ready[0], &byte, 1), 1) << "the child could not enter the group";
    close(ready[0]);
  }
  ~Child() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_;
};

void burn_cpu(double seconds) {
  timespec now;
  do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  while (static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9 < seconds);
}

TEST(CgroupKernel, LimitsAreInForceAndUsageIsCounted) {
  SKIP_WITHOUT_CGROUPS(parent);
  fc_error_t error = {};
  cgroup_t group;
  ASSERT_OK(cgroup_child(&parent.group, "replica", &group, &error));
  ASSERT_OK(cgroup_make(&parent.group, &group, &error));
  ASSERT_OK(cgroup_set_cpu(&group, 200, &error));
  ASSERT_OK(cgroup_set_memory(&group, 64, &error));
  int32_t millicores = 0, mib = 0;
  ASSERT_OK(cgroup_limits(&group, &millicores, &mib, &error));
  EXPECT_EQ(millicores, 200);
  EXPECT_EQ(mib, 64);
  ASSERT_OK(cgroup_set_cpu(&group, CGROUP_MIN_MILLICORES, &error)) << "the kernel takes the least quota";
  ASSERT_OK(cgroup_set_cpu(&group, 200, &error));
  {
    Child child(group, [] { burn_cpu(0.12); });
    cgroup_usage_t usage;
    ASSERT_OK(cgroup_usage(&group, &usage, &error));
    EXPECT_GE(usage.cpu_s, 0.1);
    EXPECT_LT(usage.cpu_s, 1);
    EXPECT_GE(usage.throttled_periods, 2) << "0.12 s at 20 % of a core takes several periods";
    EXPECT_GT(usage.throttled_s, 0.1);
    EXPECT_EQ(usage.oom_kills, 0);
    EXPECT_EQ(cgroup_remove(&group, &error), FC_ESTATE);
  }
  ASSERT_OK(cgroup_remove(&group, &error));
  EXPECT_FALSE(cgroup_exists(&group));
}

TEST(CgroupKernel, AMemoryLimitBelowUsageIsRefusedAndNobodyDies) {
  SKIP_WITHOUT_CGROUPS(parent);
  fc_error_t error = {};
  cgroup_t group;
  ASSERT_OK(cgroup_child(&parent.group, "replica", &group, &error));
  ASSERT_OK(cgroup_make(&parent.group, &group, &error));
  ASSERT_OK(cgroup_set_memory(&group, 128, &error));
  {
    Child child(group, [] {
      const size_t size = 48u << 20;
      volatile char *memory = static_cast<char *>(malloc(size));
      for (size_t i = 0; i < size; i += 4096) memory[i] = 1;
    });
    cgroup_usage_t usage;
    ASSERT_OK(cgroup_usage(&group, &usage, &error));
    EXPECT_GT(usage.memory_bytes, 48 << 20);
    EXPECT_EQ(cgroup_set_memory(&group, 32, &error), FC_EUNSAFE);
    EXPECT_THAT(error.message, HasSubstr("in use"));
    int32_t millicores = 0, mib = 0;
    ASSERT_OK(cgroup_limits(&group, &millicores, &mib, &error));
    EXPECT_EQ(mib, 128);
    ASSERT_OK(cgroup_set_memory(&group, 96, &error));
    EXPECT_EQ(cgroup_signal(&group, 0), 1) << "alive";
  }
  ASSERT_OK(cgroup_remove(&group, &error));
}
}  // namespace
