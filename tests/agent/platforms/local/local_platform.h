// Platform `local` of a small workflow (functions a and b) on this machine, in a state folder of its own.
#pragma once
#include <functional>
#include <memory>

#include "http_load.h"
#include "local_machine.h"

extern "C" {
#include "local.h"
}

namespace fc_test {

using Knobs = fc_function_configuration_t;

// Why platform `local` cannot run here, or "".
std::string why_no_platform_local();

struct LocalOptions {
  std::string function = "\"0\", \"5\"";  // CPU_MS, WAIT_MS, START_MS, MEM_MIB of function_program
  std::string more;                       // further keys of `platform`
  Knobs start = {200, 128, 2, 2};
};

// Settings, workflow, and a platform made of them; discover is the test's. Several, one after the other, may share a
// state folder.
class LocalPlatform {
 public:
  explicit LocalPlatform(const LocalOptions &options = {}, const std::string &command = program("local_test_function"));
  ~LocalPlatform();
  LocalPlatform(const LocalPlatform &) = delete;
  LocalPlatform &operator=(const LocalPlatform &) = delete;

  platform_t *make();  // a new one in the same state folder, after stop()
  void stop() { platform_clear(&platform_); }
  platform_t *get() { return &platform_; }
  fc_status_t discover(fc_error_t *error);
  fc_status_t apply(int32_t function, const Knobs &to, fc_error_t *error);
  Knobs read_back(int32_t function);
  // As an operator does it; returns when the new worker is there and the old one has ended.
  void reload_haproxy() const;
  // agent.yaml, in `folder`, of a process on the ports and in the state folder of this object, which itself stays
  // unused.
  std::string agent_file(const TemporaryFolder &folder, const std::string &mode, const std::string &more = "") const;
  // Until `holds`; processes need real time.
  bool becomes(const std::function<bool()> &holds, int timeout_s = 30) const;

  int port(int32_t function) const { return ports_[static_cast<size_t>(function)]; }
  int gateway_port() const { return ports_[2]; }
  int orchestrator_port() const { return ports_[3]; }
  std::string state() const { return state_; }
  std::string agent() const { return agent_; }
  const fc_workflow_t *workflow() const { return workflow_; }
  std::string platform_yaml() const { return yaml_; }
  std::string workflow_yaml() const { return workflow_yaml_; }
  // Processes in the group of this name ("a-r1", "haproxy"); empty when there is none.
  std::vector<int> pids(const std::string &group) const;
  std::vector<std::string> groups() const;  // names of all groups of this platform
  cgroup_t parent() const { return parent_; }

 private:
  TemporaryFolder folder_;
  std::string state_, agent_, yaml_, workflow_yaml_;
  std::vector<int> ports_;
  fc_workflow_t *workflow_ = nullptr;
  settings_local_t settings_ = {};
  fc_log_t log_ = {};
  platform_local_options_t options_ = {};
  platform_t platform_ = {};
  cgroup_t parent_ = {};
};

inline std::string text_of(const Knobs &k) {
  return std::to_string(k.cpu_millicores) + " m, " + std::to_string(k.mem_mib) + " MiB, " + std::to_string(k.replicas) +
         " x, " + std::to_string(k.concurrency);
}

}  // namespace fc_test

#define SKIP_WITHOUT_PLATFORM_LOCAL() \
  if (const std::string why = fc_test::why_no_platform_local(); !why.empty()) GTEST_SKIP() << why
