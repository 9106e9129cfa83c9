// A machine of plain files that looks like cgroup v1, v2 or a hybrid, for tests of agent/platforms/local/cgroup*.c.
#pragma once
#include <filesystem>

#include "support.h"

extern "C" {
#include "cgroup_files.h"
}

namespace fc_test {

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

inline const char V1_MOUNTS[] =
    "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
    "33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct\n"
    "34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
    "35 31 0:32 / /sys/fs/cgroup/mem\\040ory rw,relatime shared:7 master:2 - cgroup cgroup rw,memory\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

// v1 with cpu and cpuacct apart, and a v2 mount that has nothing of use.
inline void make_v1(const Machine &machine) {
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

inline void make_v2(const Machine &machine) {
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

}  // namespace fc_test
