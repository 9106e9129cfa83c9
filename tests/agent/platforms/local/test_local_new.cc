// tests agent/platforms/local/local.c: settings that do not fit the workflow or the machine are refused before anything
// is started.
#include <filesystem>

#include "support.h"

extern "C" {
#include "local.h"
}

namespace {
using testing::HasSubstr;

const char WORKFLOW[] =
    "faasconf: 1\nworkflow: w\norchestrator: outside\nwindow_s: 1\n"
    "prices: {version: test, usd_per_millicore_hour: 0.000173, usd_per_mib_hour: 0.000012}\n"
    "ranges: {cpu_millicores: [1, 1000000], mem_mib: [16, 512], replicas: [1, 100], concurrency: [1, 16]}\n"
    "full_ranges: {cpu_millicores: [1, 1000000], mem_mib: [16, 512], replicas: [1, 100], concurrency: [1, 16]}\n";

std::string workflow(const std::string &start, const std::string &second) {
  return WORKFLOW + ("start: " + start) +
         "\nfunctions:\n  - {name: a, mode: fork, on_failure: fail}\n  - {name: " + second +
         ", mode: fork, on_failure: fail}\ncalls: [a, " + second + "]\nqos:\n  - latency_mean_s: 1\n";
}

const char START[] = "{cpu_millicores: 100, mem_mib: 64, replicas: 1, concurrency: 2}";

std::string platform(const std::string &second) {
  return "kind: local\ngateway: {port: 1, orchestrator_port: 2}\nfunctions:\n  a: {port: 3, command: [x, '{port}']}\n "
         " " +
         second + ": {port: 4, command: [x, '{port}']}\n";
}

std::string refusal(const std::string &workflow_yaml, const std::string &yaml, const std::string &state,
                    fc_status_t expected) {
  fc_error_t error = {};
  fc_workflow_t *parsed = nullptr;
  fc_config_t *document = nullptr;
  settings_local_t settings;
  EXPECT_OK(fc_workflow_parse(workflow_yaml.data(), workflow_yaml.size(), "w.yaml", &parsed, &error));
  EXPECT_OK(fc_config_parse(yaml.data(), yaml.size(), "agent.yaml", &document, &error));
  EXPECT_OK(settings_local_read(fc_config_root(document), &settings, &error));
  const platform_local_options_t options = {&settings, "agent", state.c_str(), nullptr};
  platform_t made;
  EXPECT_EQ(platform_local_new(parsed, &options, &made, &error), expected);
  platform_clear(&made);
  settings_local_clear(&settings);
  fc_config_destroy(&document);
  fc_workflow_destroy(&parsed);
  return expected == FC_OK ? "" : error.message;
}

TEST(LocalNew, FitsItsWorkflow) {
  refusal(workflow(START, "b"), platform("b"), "/tmp", FC_OK);
  EXPECT_THAT(refusal(workflow(START, "b"), platform("c"), "/tmp", FC_EINVAL),
              AllOf(HasSubstr("agent.yaml:5"), HasSubstr("no function c")));
  const std::string one = platform("b");
  EXPECT_THAT(refusal(workflow(START, "b"), one.substr(0, one.find("  b:")), "/tmp", FC_ENOTFOUND),
              HasSubstr("function b has no command"));
}

TEST(LocalNew, RefusesNamesThatItNeedsItself) {
  for (const char *name : {"gateway", "metrics"})
    EXPECT_THAT(refusal(workflow(START, name), platform(name), "/tmp", FC_EINVAL), HasSubstr(name));
}

TEST(LocalNew, RefusesAStartThatTheMachineCannotGive) {
  EXPECT_THAT(refusal(workflow("{cpu_millicores: 9, mem_mib: 64, replicas: 1, concurrency: 2}", "b"), platform("b"),
                      "/tmp", FC_EINVAL),
              HasSubstr("cpu_millicores of function a is 9: this machine takes 10 to"));
  EXPECT_THAT(refusal(workflow("{cpu_millicores: 1000000, mem_mib: 64, replicas: 1, concurrency: 2}", "b"),
                      platform("b"), "/tmp", FC_EINVAL),
              HasSubstr("is 1000000"));
  EXPECT_THAT(refusal(workflow("{cpu_millicores: 100, mem_mib: 64, replicas: 65, concurrency: 2}", "b"), platform("b"),
                      "/tmp", FC_EINVAL),
              HasSubstr("replicas of function a is 65"));
}

TEST(LocalNew, RefusesAStateFolderWithoutRoomForASocket) {
  const fc_test::TemporaryFolder folder;
  const std::string state = folder.path(std::string(100, 'x'));
  EXPECT_THAT(refusal(workflow(START, "b"), platform("b"), state, FC_ENOTFOUND), HasSubstr("No such file"));
  std::filesystem::create_directory(state);
  EXPECT_THAT(refusal(workflow(START, "b"), platform("b"), state, FC_EINVAL), HasSubstr("too long for a socket"));
}
}  // namespace
