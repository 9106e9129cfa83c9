// eval/tuners/critical_path.c: who made a window slow.
#include "critical_path.h"

#include <string>
#include <vector>

#include "support.h"

extern "C" {
#include "faasconf/digest.h"
}

namespace {

// Five functions; `calls` as in a workflow file; `a` calls `own_calls` itself when that is not empty.
double path(const std::string &calls, const std::vector<double> &latency_s, std::string *on_path,
            const std::string &own_calls = "") {
  const std::string text = R"(faasconf: 1
workflow: w
prices: {version: t, usd_per_millicore_hour: 1, usd_per_mib_hour: 1}
ranges: {cpu_millicores: 1, mem_mib: 1, replicas: 1, concurrency: 1}
start: {cpu_millicores: 1, mem_mib: 1, replicas: 1, concurrency: 1}
functions:
  - {name: a)" + (own_calls.empty() ? "" : ", calls: " + own_calls) +
                           R"(}
  - {name: b}
  - {name: c}
  - {name: d}
  - {name: e}
calls: )" + calls + "\nqos:\n  - latency_mean_s: 1\n";
  fc_error_t error = {};
  fc_workflow_t *workflow = nullptr;
  EXPECT_EQ(FC_OK, fc_digest_init());
  EXPECT_OK(fc_workflow_parse(text.data(), text.size(), "w.yaml", &workflow, &error));
  fc_observation_t window;
  EXPECT_EQ(FC_OK, fc_observation_init(&window, 5));
  for (int f = 0; f < 5; ++f) {
    if (latency_s[f] < 0) continue;
    window.metrics[f].present = FC_METRIC_BIT(LATENCY_P75);
    window.metrics[f].latency_p75_s = latency_s[f];
  }
  bool on[5];
  const double length = critical_path(workflow, &window, on);
  on_path->clear();
  for (int f = 0; f < 5; ++f) {
    if (on[f]) *on_path += static_cast<char>('a' + f);
  }
  fc_observation_clear(&window);
  fc_workflow_destroy(&workflow);
  return length;
}

TEST(CriticalPath, CallsInARowAllCount) {
  std::string on;
  EXPECT_DOUBLE_EQ(6, path("[a, b, c]", {1, 2, 3, 9, 9}, &on));
  EXPECT_EQ("abc", on) << "d and e are never called";
}

TEST(CriticalPath, OfParallelBranchesTheSlowestCounts) {
  std::string on;
  EXPECT_DOUBLE_EQ(1 + 5, path("[a, {parallel: [[b, c], [d], [e]]}]", {1, 2, 3, 4, 4.5}, &on));
  EXPECT_EQ("abc", on);
  EXPECT_DOUBLE_EQ(1 + 6, path("[a, {parallel: [[b, c], [d], [e]]}]", {1, 2, 3, 4, 6}, &on));
  EXPECT_EQ("ae", on);
}

// Every execution of a branch has its own critical path, so that all that are taken are on one.
TEST(CriticalPath, OfAChoiceEveryBranchThatIsTaken) {
  std::string on;
  const std::string calls = "[a, {choice: [{probability: 0.1, calls: [b]}, {probability: 0.9, calls: [c]}]}]";
  EXPECT_DOUBLE_EQ(1 + 0.1 * 8 + 0.9 * 1, path(calls, {1, 8, 1, 0, 0}, &on));
  EXPECT_EQ("abc", on);
  path(calls, {1, -1, 1, 0, 0}, &on);
  EXPECT_EQ("ac", on) << "b was not called";
}

TEST(CriticalPath, RepetitionsAndProbabilitiesWeigh) {
  std::string on;
  EXPECT_DOUBLE_EQ(6, path("[{parallel: [[{call: a, count: 3}], [b]]}]", {2, 5, 0, 0, 0}, &on));
  EXPECT_EQ("a", on);
  EXPECT_DOUBLE_EQ(2, path("[{parallel: [[{call: a, probability: 0.1}], [b]]}]", {9, 2, 0, 0, 0}, &on));
  EXPECT_EQ("b", on);
}

TEST(CriticalPath, AFunctionsLatencyIncludesItsOwnCalls) {
  std::string on;
  EXPECT_DOUBLE_EQ(5, path("[a]", {5, 2, 3, 0, 0}, &on, "[{parallel: [[b], [c]]}]"));
  EXPECT_EQ("ac", on);
}

TEST(CriticalPath, WithoutLatenciesNobodyIsOnIt) {
  std::string on;
  EXPECT_DOUBLE_EQ(0, path("[a, b]", {-1, -1, -1, -1, -1}, &on));
  EXPECT_EQ("", on);
  EXPECT_DOUBLE_EQ(2, path("[a, b]", {-1, 2, -1, -1, -1}, &on));
  EXPECT_EQ("b", on);
}

}  // namespace
