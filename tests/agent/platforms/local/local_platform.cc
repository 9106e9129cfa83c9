#include "local_platform.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>

namespace fc_test {

std::string why_no_platform_local() {
  const std::string no_group = Cgroups().reason;
  if (!no_group.empty()) return no_group;
  for (const char *path : {"/usr/sbin/haproxy", "/usr/bin/haproxy", "/usr/local/sbin/haproxy"})
    if (access(path, X_OK) == 0) return "";
  return "HAProxy is not installed: script/bootstrap installs it";
}

static std::string knobs_yaml(const Knobs &k) {
  return "{cpu_millicores: " + std::to_string(k.cpu_millicores) + ", mem_mib: " + std::to_string(k.mem_mib) +
         ", replicas: " + std::to_string(k.replicas) + ", concurrency: " + std::to_string(k.concurrency) + "}";
}

LocalPlatform::LocalPlatform(const LocalOptions &options, const std::string &command) : state_(folder_.path("s")) {
  static std::atomic<int> count{0};
  agent_ = "test-" + std::to_string(getpid()) + "-" + std::to_string(count += 1);
  mkdir(state().c_str(), 0700);
  while (ports_.size() < 4) {
    const int port = unclaimed_port();
    if (std::find(ports_.begin(), ports_.end(), port) == ports_.end()) ports_.push_back(port);
  }
  workflow_yaml_ =
      "faasconf: 1\nworkflow: two\norchestrator: outside\nwindow_s: 1\n"
      "prices: {version: test, usd_per_millicore_hour: 0.000173, usd_per_mib_hour: 0.000012}\n"
      "ranges: {cpu_millicores: [10, 1000], mem_mib: [16, 512], replicas: [1, 8], concurrency: [1, 16]}\n"
      "full_ranges: {cpu_millicores: [10, 1000], mem_mib: [16, 512], replicas: [1, 8], concurrency: [1, 16]}\n"
      "start: " +
      knobs_yaml(options.start) +
      "\nfunctions:\n  - {name: a, mode: fork, on_failure: fail}\n  - {name: b, mode: fork, on_failure: fail}\n"
      "calls: [a, b]\nqos:\n  - latency_mean_s: 1\n";
  yaml_ = "kind: local\nfunctions:\n";
  for (int f = 0; f < 2; ++f)
    yaml_ += std::string("  ") + "ab"[f] + ": {port: " + std::to_string(port(f)) + ", command: [" + command +
             ", \"{port}\", " + options.function + "]}\n";
  yaml_ += "gateway: {port: " + std::to_string(gateway_port()) +
           ", orchestrator_port: " + std::to_string(orchestrator_port()) + "}\n" + options.more;
  fc_error_t error = {};
  EXPECT_OK(fc_workflow_parse(workflow_yaml_.data(), workflow_yaml_.size(), "workflow.yaml", &workflow_, &error));
  fc_config_t *document = nullptr;
  EXPECT_OK(fc_config_parse(yaml_.data(), yaml_.size(), "agent.yaml", &document, &error));
  EXPECT_OK(settings_local_read(fc_config_root(document), &settings_, &error));
  fc_config_destroy(&document);
  fc_log_init(&log_, "test", stderr, FC_LOG_ERROR, false);
  options_ = {&settings_, agent_.c_str(), nullptr, &log_};
  make();
}

LocalPlatform::~LocalPlatform() {
  stop();
  settings_local_clear(&settings_);
  fc_workflow_destroy(&workflow_);
}

platform_t *LocalPlatform::make() {
  options_.state = state_.c_str();
  fc_error_t error = {};
  EXPECT_OK(platform_local_new(workflow_, &options_, &platform_, &error));
  return &platform_;
}

fc_status_t LocalPlatform::discover(fc_error_t *error) {
  uint32_t capabilities = 0;
  fc_knob_range_t caps[2 * FC_KNOBS];
  const fc_status_t status = platform_.discover(platform_.self, &capabilities, caps, error);
  if (status == FC_OK) {
    EXPECT_EQ(capabilities, PLATFORM_SETS_ALL | PLATFORM_MEASURES_FUNCTIONS);
  }
  cgroup_t places[2];
  fc_error_t ignored = {};
  EXPECT_EQ(cgroup_find("", &places[0], &places[1], &ignored), FC_OK);
  for (const cgroup_t &place : places) {
    if (cgroup_child(&place, ("faasconf-" + agent_).c_str(), &parent_, &ignored) == FC_OK && cgroup_exists(&parent_))
      break;
  }
  return status;
}

fc_status_t LocalPlatform::apply(int32_t function, const Knobs &to, fc_error_t *error) {
  platform_step_t step = {function, PLATFORM_CHANGE_NONE, read_back(function), to};
  FC_TRY(platform_.plan(platform_.self, &step, error));
  return platform_.apply(platform_.self, &step, error);
}

Knobs LocalPlatform::read_back(int32_t function) {
  Knobs knobs = {};
  fc_error_t error = {};
  if (platform_.read_back(platform_.self, function, &knobs, &error) != FC_OK) return {0, 0, 0, 0};
  return knobs;
}

bool LocalPlatform::becomes(const std::function<bool()> &holds, int timeout_s) const {
  for (int i = 0; i < timeout_s * 100; ++i) {
    if (holds()) return true;
    usleep(10000);
  }
  return false;
}

// Asks again every second: a master that has just started does not hear the signal.
void LocalPlatform::reload_haproxy() const {
  const std::vector<int> before = pids("haproxy");
  ASSERT_EQ(before.size(), 2u);
  int tries = 0;
  EXPECT_TRUE(becomes([&] {
    const auto now = pids("haproxy");
    if (now == before && tries++ % 100 == 0) kill(*std::min_element(before.begin(), before.end()), SIGUSR2);
    return now.size() == 2 && now != before;
  }));
}

std::string LocalPlatform::agent_file(const TemporaryFolder &folder, const std::string &mode,
                                      const std::string &more) const {
  write_file(folder.path("workflow.yaml"), workflow_yaml());
  std::string platform = "  " + platform_yaml();
  for (size_t at = platform.find('\n'); at != std::string::npos && at + 1 < platform.size();
       at = platform.find('\n', at + 1))
    platform.insert(at + 1, "  ");
  write_file(folder.path("agent.yaml"), "agent: " + agent() + "\nworkflow: " + folder.path("workflow.yaml") +
                                            "\nstate: " + std::filesystem::relative(state()).string() +
                                            "\nmode: " + mode + "\nplatform:\n" + platform + more);
  return folder.path("agent.yaml");
}

std::vector<int> LocalPlatform::pids(const std::string &group) const {
  std::vector<int> found;
  const std::string path = std::string(parent_.folders[0].path) + "/" + group + "/cgroup.procs";
  if (!std::filesystem::exists(path)) return found;
  FILE *file = fopen(path.c_str(), "r");
  for (int pid = 0; file && fscanf(file, "%d", &pid) == 1;) found.push_back(pid);
  if (file) fclose(file);
  return found;
}

std::vector<std::string> LocalPlatform::groups() const {
  std::vector<std::string> found;
  if (!std::filesystem::exists(parent_.folders[0].path)) return found;
  for (const auto &entry : std::filesystem::directory_iterator(parent_.folders[0].path))
    if (entry.is_directory()) found.push_back(entry.path().filename());
  return found;
}

}  // namespace fc_test
