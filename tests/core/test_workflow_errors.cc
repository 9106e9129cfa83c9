// tests core/workflow*.c: every mistake is refused with file, line and what was expected.
#include <string>

#include "core_fixture.h"

namespace {
using fc_test::kChain;
using fc_test::refusal;
using fc_test::with;

int line_of(const std::string &text, size_t at) {
  int line = 1;
  for (size_t i = 0; i < at; ++i) line += text[i] == '\n';
  return line;
}

struct Mistake {
  std::string from, to, expected;
};

// Each mistake is made at one place of the chain; the complaint must be about that line (or the one the list begins
// in).
void expect_refused(const Mistake &mistake) {
  const std::string chain = kChain, text = with(chain, mistake.from, mistake.to);
  const int line = line_of(chain, chain.find(mistake.from));
  const std::string said = refusal(text);
  EXPECT_THAT(said, testing::StartsWith("w.yaml:" + std::to_string(line) + ":")) << mistake.to;
  EXPECT_THAT(said, testing::HasSubstr(mistake.expected)) << mistake.to;
}

TEST(WorkflowErrors, TheChainItselfIsAccepted) {
  EXPECT_EQ("", refusal(kChain));
}

TEST(WorkflowErrors, TopLevel) {
  const Mistake mistakes[] = {
      {"faasconf: 1", "faasconf: 2", "expected a whole number from 1 to 1, found 2"},
      {"workflow: chain", "workflow: 'a/b'", "expected a name of letters"},
      {"workflow: chain", "workflow: " + std::string(64, 'x'), "expected at most 63 bytes"},
      {"window_s: 30", "window_s: 0", "window_s: expected a number from 0.1 to 86400, found 0"},
      {"window_s: 30", "windows_s: 30", "unknown key windows_s; did you mean window_s?"},
      {"window_s: 30", "window_s: 30s", "found 30s"},
      {"window_s: 30", "orchestrator: nobody", "orchestrator: expected `outside` or the name of a function"},
      {"version: test, ", "", "the key version is missing"},
      {"usd_per_mib_hour: 0.000012", "usd_per_mib_hour: -1", "expected a number from 0 to"},
      {", usd_per_mib_hour: 0.000012", "", "the key usd_per_mib_hour is missing"},
      {"version: test", "versoin: v, version: test", "unknown key versoin; did you mean version?"},
  };
  for (const Mistake &mistake : mistakes) expect_refused(mistake);
  EXPECT_EQ("w.yaml:1:1: expected a map with faasconf: 1 and workflow: NAME", refusal("[1]"));
  for (const char *key : {"faasconf", "workflow", "prices", "functions", "calls", "qos"}) {
    std::string text = "\n" + std::string(kChain);
    const size_t at = text.find("\n" + std::string(key) + ":") + 1;
    size_t end = text.find('\n', at) + 1;
    while (text[end] == ' ') end = text.find('\n', end) + 1;
    EXPECT_EQ("w.yaml:2:1: the key " + std::string(key) + " is missing", refusal(text.erase(at, end - at)));
  }
}

TEST(WorkflowErrors, FunctionsAndKnobs) {
  const Mistake mistakes[] = {
      {"cpu_millicores: [600, 2000]", "cpu_millicores: [2000, 600]", "the minimum 2000 is above the maximum 600"},
      {"cpu_millicores: [600, 2000]", "cpu_millicores: [600]", "cpu_millicores: expected [min, max], or one number"},
      {"cpu_millicores: [600, 2000]", "cpu_millicores: [0, 2000]", "expected a whole number from 1 to 1000000"},
      {"cpu_millicores: [600, 2000]", "cpu_millicore: [1, 2]", "did you mean cpu_millicores?"},
      {"mem_mib: [614, 2048]", "mem_mib: [614, 8388609]", "expected a whole number from 1 to 8388608"},
      {"mem_mib: 1331", "mem_mib: 1GiB", "mem_mib: expected a whole number"},
      {"mem_mib: 1331", "memory: 1331", "unknown key memory"},
      {"{name: c}", "{name: a}", "function a is here twice"},
      {"{name: c}", "{mode: fork}", "the key name is missing"},
      {"{name: c}", "c", "expected a map with the key name"},
      {"{name: c}", "{name: 'c d'}", "expected a name of letters"},
      {"{name: c}", "{name: c, mode: async}", "mode: expected fork or synchronous, found async"},
      {"{name: c}", "{name: c, on_failure: retry}", "on_failure: expected fail, ignore or poison, found retry"},
      {"{name: c}", "{name: c, on_fail: ignore}", "unknown key on_fail"},
      {"{name: c}", "{name: c, ranges: [1]}", "expected a map of knobs"},
      {"{name: c}", "{name: c, start: 5}", "start: expected a map of knobs"},
      {"{name: c}", "{name: c, start: {replicas: 9}}", "function c: start replicas 9 is outside [1, 8]"},
      {"{name: c}", "{name: c, start: {cpu_millicores: 249}}", "start cpu_millicores 249 is outside [250, 2000]"},
      {"{name: c}", "{name: c, ranges: {replicas: [1, 9]}}", "replicas [1, 9] is not inside full_ranges [1, 8]"},
  };
  for (const Mistake &mistake : mistakes) expect_refused(mistake);
  const std::string no_range = with(with(kChain, "  replicas: [2, 8]\n", ""), "  replicas: [1, 8]\n", "");
  EXPECT_THAT(refusal(no_range), testing::HasSubstr("w.yaml:15:5: function a: no range for replicas"));
  EXPECT_THAT(refusal(with(kChain, ", replicas: 5", "")),
              testing::HasSubstr("w.yaml:17:5: function a: start replicas 0 is outside [1, 8]"));
  std::string many;
  for (int i = 0; i < FC_MAX_FUNCTIONS + 1; ++i) many += "  - {name: f" + std::to_string(i) + "}\n";
  EXPECT_THAT(refusal(with(kChain, "  - {name: c}\n", many)), testing::HasSubstr("a list of 1 to 1024 functions"));
}

TEST(WorkflowErrors, Calls) {
  const std::string calls = "calls: [a, b, c]";
  const Mistake mistakes[] = {
      {calls, "calls: [a, d]", "call: there is no function d in `functions`"},
      {calls, "calls: a", "calls: expected a list of steps"},
      {calls, "calls: []", "calls: expected a list of steps"},
      {calls, "calls: [[a]]", "calls: expected a function, or a map with call, parallel, choice or repeat"},
      {calls, "calls: [{run: a}]", "calls: expected a function, or a map with"},
      {calls, "calls: [{call: a, probabilty: 1}]", "did you mean probability?"},
      {calls, "calls: [{call: a, probability: 1.5}]", "probability: expected a number from 0 to 1, found 1.5"},
      {calls, "calls: [{call: a, input: mine}]", "input: expected previous"},
      {calls, "calls: [{call: a, count: 0}]", "expected a whole number from 1 to 1000, found 0"},
      {calls, "calls: [{call: a, count: [1]}]", "expected a count, or a map of 1 to 8 counts"},
      {calls, "calls: [{call: a, count: {1: 0.5, 2: 0.4}}]", "the probabilities sum to 0.9, not to 1"},
      {calls, "calls: [{call: a, count: {-1: 1}}]", "expected a count from 0 to 1000, found -1"},
      {calls, "calls: [{call: a, count: {x: 1}}]", "expected a count from 0 to 1000, found x"},
      {calls, "calls: [{call: a, count: {1: 2}}]", "expected a number from 0 to 1, found 2"},
      {calls, "calls: [{repeat: 2}]", "the key calls is missing"},
      {calls, "calls: [{repeat: 2, calls: [a], input: workflow}]", "unknown key input"},
      {calls, "calls: [{parallel: [[a]]}]", "parallel: expected a list of two or more branches"},
      {calls, "calls: [{parallel: [[a], b]}]", "calls: expected a list of steps"},
      {calls, "calls: [{parallel: [[a], [b]], probability: 1}]", "unknown key probability"},
      {calls, "calls: [{choice: [{probability: 1, calls: [a]}]}]", "choice: expected a list of two or more"},
      {calls, "calls: [{choice: [{probability: .5, calls: [a]}, {probability: .4, calls: [b]}]}]",
       "choice: the probabilities sum to 0.9, not to 1"},
      {calls, "calls: [{choice: [{calls: [a]}, {probability: 1, calls: [b]}]}]", "the key probability is missing"},
      {calls, "calls: [{choice: [{probability: 1}, {probability: 0, calls: [b]}]}]", "the key calls is missing"},
      {"{name: c}", "{name: c, calls: [c]}", "function c calls itself"},
      {"{name: c}", "{name: c, calls: [x]}", "there is no function x"},
  };
  for (const Mistake &mistake : mistakes) expect_refused(mistake);
  const std::string loop = with(with(kChain, "{name: c}", "{name: c, calls: [b]}"), "b, mode: synchronous",
                                "b, calls: [{repeat: 2, calls: [c]}], mode: synchronous");
  EXPECT_THAT(refusal(loop), testing::HasSubstr("calls itself, directly or through others"));
  std::string many = "calls:\n";
  for (int i = 0; i < 8200; ++i) many += "  - a\n";
  EXPECT_THAT(refusal(with(kChain, calls, many)), testing::HasSubstr("calls: more than 8192 steps"));
}

// Calls nest 64 functions deep at most, in whatever order the functions are listed.
TEST(WorkflowErrors, CallsNestNoDeeperThanTheLimit) {
  const auto nested = [](int n, bool callees_first) {
    std::string list;
    for (int i = 0; i < n; ++i) {
      const int f = callees_first ? n - 1 - i : i;
      list +=
          "  - {name: f" + std::to_string(f) + (f + 1 < n ? ", calls: [f" + std::to_string(f + 1) + "]" : "") + "}\n";
    }
    const std::string text =
        with(with(kChain, "  - {name: c}\n", "  - {name: c}\n" + list), "calls: [a, b, c]", "calls: [f0]");
    return refusal(text.substr(0, text.find("simulator:")));
  };
  for (const bool callees_first : {false, true}) {
    EXPECT_EQ("", nested(64, callees_first));
    EXPECT_THAT(nested(65, callees_first), testing::HasSubstr("nest deeper than 64")) << callees_first;
  }
}

TEST(WorkflowErrors, Qos) {
  const std::string term = "latency_mean_s: 13";
  const Mistake mistakes[] = {
      {term, "latency_mean: 13", "unknown key latency_mean; did you mean latency_mean_s?"},
      {term, "13", "qos: expected a map such as"},
      {term, "{semantics: strict}", "qos: expected latency_mean_s, latency_percentile_s, success_ratio or successes"},
      {term, "{latency_mean_s: 13, successes: 3}", "qos: one target per term"},
      {term, "latency_mean_s: 0", "expected a number from 1e-09"},
      {term, "latency_mean_s: {}", "expected a table of 1 to 16 loads"},
      {term, "latency_mean_s: {20: 1, 10: 2}", "the loads of a table must ascend"},
      {term, "latency_mean_s: {x: 1}", "expected a load (mean requests in flight), found x"},
      {term, "latency_mean_s: {-1: 1}", "expected a load"},
      {term, "latency_mean_s: {10: x}", "expected a number"},
      {term, "{latency_mean_s: 13, of: completed}", "of: only success_ratio has it"},
      {term, "{latency_mean_s: 13, percentile: 95}", "percentile: only latency_percentile_s has it"},
      {term, "{latency_mean_s: 13, semantics: loose}", "semantics: expected any or strict, found loose"},
      {"percentile: 95", "percentile: 99", "percentile: windows report the 95th only, found 99"},
      {", percentile: 95", "", "the key percentile is missing"},
      {"success_ratio: 0.50", "success_ratio: 50", "expected a number from 1e-09 to 1, found 50"},
      {"of: offered", "of: asked", "of: expected offered or completed, found asked"},
  };
  for (const Mistake &mistake : mistakes) expect_refused(mistake);
  EXPECT_THAT(
      refusal(with(kChain, "  - latency_mean_s: 13\n",
                   "  - successes: 1\n  - successes: 2\n  - successes: 3\n  - successes: 4\n  - successes: 5\n")),
      testing::HasSubstr("qos: expected a list of 1 to 8 terms"));
}

TEST(WorkflowErrors, SimulatorAndPlatform) {
  const Mistake mistakes[] = {
      {"mark: assumed", "mark: guessed", "mark: expected fitted, plausible or assumed"},
      {"gateway_delay_s", "gatway_delay_s", "did you mean gateway_delay_s?"},
      {"{work_cpu_s: 0.5}", "{startup_share: 0.5}", "the key work_cpu_s is missing"},
      {"{work_cpu_s: 0.5}", "{work_cpu_s: 0.5, startup_share: 2}", "expected a number from 0 to 1, found 2"},
      {"{work_cpu_s: 0.5}", "{work_cpu_s: 0.5, paralelism: 2}", "did you mean parallelism?"},
      {"{work_cpu_s: 0.5}", "0.5", "expected a map of parameters"},
      {"{value: 0.25, mark: fitted}", "{value: 0.25}", "the key mark is missing"},
      {"{value: 0.25, mark: fitted}", "{value: 0.25, mark: true}", "mark: expected fitted"},
      {"c: {work_cpu_s", "d: {work_cpu_s", "there is no function d"},
  };
  for (const Mistake &mistake : mistakes) expect_refused(mistake);
  EXPECT_THAT(refusal(with(kChain, "  mark: assumed\n", "")),
              testing::HasSubstr("gateway_delay_s: say how sure it is"));
  EXPECT_THAT(refusal(with(kChain, "    a: {work_cpu_s: 0.5}\n", "")), testing::HasSubstr("the key a is missing"));
  const std::string platform = std::string(kChain) + "platform: ";
  EXPECT_THAT(refusal(platform + "{functions: {}}\n"), testing::HasSubstr("w.yaml:34:11: the key kind is missing"));
  EXPECT_THAT(refusal(platform + "{kind: sim, functions: {d: x}}\n"),
              testing::HasSubstr("platform.functions: expected a map of this workflow's functions"));
  EXPECT_THAT(refusal(platform + "{kind: sim, function: {}}\n"), testing::HasSubstr("did you mean functions?"));
}

// Whatever is cut off or changed by one byte is read or refused, never a crash (the sanitizers watch).
TEST(WorkflowErrors, DamagedFilesAreReadOrRefused) {
  const std::string chain = kChain;
  int refused = 0;
  for (size_t i = 0; i < chain.size(); i += 3) {
    refused += refusal(chain.substr(0, i)) != "";
    std::string text = chain;
    text[i] = "[{:-'9"[i % 6];
    (void)refusal(text);
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
