// `faasconf calibrate`: the published rows, learned from a file whose parameters are all wrong by a factor of two.
#include <cmath>
#include <cstdio>

#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "support.h"

extern "C" {
#include "faasconf/json.h"
}

namespace {

struct Ran {
  int code;
  std::string out;
};

// What stands on both, but standard output alone after a success: long runs tell their progress on standard error.
Ran run(const std::string &arguments) {
  std::istringstream words(arguments);
  std::vector<std::string> argv = {fc_test::program("faasconf")};
  for (std::string word; words >> word;) argv.push_back(word);
  const fc_test::Finished finished = fc_test::run(argv, "", 500);
  return {finished.exit_code, finished.exit_code == 0 ? finished.out : finished.out + finished.err};
}

double number(const std::string &json, const char *key) {
  fc_json_t *parsed = nullptr;
  fc_error_t error = {};
  double value = -1e9;
  EXPECT_OK(fc_json_parse(json.c_str(), json.size(), &parsed, &error)) << json;
  EXPECT_TRUE(fc_json_double(fc_json_get(parsed, key), &value)) << key;
  fc_json_destroy(&parsed);
  return value;
}

struct Unknown {
  std::string name;
  double mean, deviation;
  bool identified;
};

std::vector<Unknown> unknowns(const std::string &json) {
  fc_json_t *parsed = nullptr;
  fc_error_t error = {};
  std::vector<Unknown> out;
  EXPECT_OK(fc_json_parse(json.c_str(), json.size(), &parsed, &error)) << json;
  const fc_json_t *list = fc_json_get(parsed, "unknowns");
  for (size_t i = 0; i < fc_json_size(list); ++i) {
    const fc_json_t *one = fc_json_at(list, i);
    Unknown u = {fc_json_string(fc_json_get(one, "unknown")), 0, 0, false};
    EXPECT_TRUE(fc_json_double(fc_json_get(one, "factor"), &u.mean));
    EXPECT_TRUE(fc_json_double(fc_json_get(one, "deviation_share"), &u.deviation));
    EXPECT_TRUE(fc_json_bool(fc_json_get(one, "identified"), &u.identified));
    u.mean = std::log(u.mean);
    u.deviation *= std::log(2);
    out.push_back(u);
  }
  fc_json_destroy(&parsed);
  return out;
}

double weight_of(const std::string &json, const std::string &balancer) {
  fc_json_t *parsed = nullptr;
  fc_error_t error = {};
  double weight = -1;
  EXPECT_OK(fc_json_parse(json.c_str(), json.size(), &parsed, &error)) << json;
  const fc_json_t *list = fc_json_get(parsed, "structures");
  for (size_t i = 0; i < fc_json_size(list); ++i) {
    if (balancer != fc_json_string(fc_json_get(fc_json_at(list, i), "balancer"))) continue;
    EXPECT_TRUE(fc_json_double(fc_json_get(fc_json_at(list, i), "weight"), &weight));
  }
  fc_json_destroy(&parsed);
  return weight;
}

// Every second number of these keys is doubled, the others are halved.
std::string wrong_by_two(std::string yaml) {
  int n = 0;
  for (const char *key : {"work_cpu_s: ", "contention: ", "answer_delay_s: ", "mem_mib_per_request: \\{value: ",
                          "orchestrator_startup_s: ", "warmup_share: ", "gateway_delay_s: "}) {
    const std::regex expression("(" + std::string(key) + ")([0-9.e-]+)");
    std::string out;
    std::smatch match;
    for (std::string rest = yaml; std::regex_search(rest, match, expression) || (out += rest, false);) {
      const double value = std::stod(match[2]) * (n++ % 2 == 0 ? 2 : 0.5);
      out += match.prefix().str() + match[1].str() + std::to_string(value);
      rest = match.suffix().str();
    }
    yaml = out;
  }
  return yaml;
}

TEST(Calibrate, FindsThePublishedSystemFromParametersWrongByTwo) {
  SKIP_WITHOUT_SHARED(rows, "data/parallel_10.csv");
  fc_test::TemporaryFolder folder;
  const std::string yaml = fc_test::read_file(fc_test::source_file("workflows/parallel.yaml"));
  const std::string wrong = wrong_by_two(yaml);
  ASSERT_NE(yaml, wrong);
  fc_test::write_file(folder.path("wrong.yaml"), wrong);
  const std::string w = " --workflow " + folder.path("wrong.yaml"), store = " --store " + folder.path("store");
  const Ran imported = run("import" + store + w + " " + rows);
  ASSERT_EQ(0, imported.code) << imported.out;
  const Ran before = run("simulate" + w + " --json --rows " + rows);
  ASSERT_EQ(0, before.code) << before.out;
  EXPECT_LT(number(before.out, "r2_log_latency"), 0);

  const Ran after = run("calibrate" + store + w + " --limit 300 --json --out " + folder.path("twin.json"));
  ASSERT_EQ(0, after.code) << after.out;
  std::printf("held out: R2 log latency %.3f, successes %.3f, coverage %.3f and %.3f, %.1f s\n",
              number(after.out, "r2_log_latency"), number(after.out, "r2_success"),
              number(after.out, "coverage80_latency"), number(after.out, "coverage80_success"),
              number(after.out, "seconds"));
  EXPECT_EQ(300, number(after.out, "windows_learned"));
  EXPECT_GT(number(after.out, "windows_heldout"), 150);
  EXPECT_GE(number(after.out, "r2_log_latency"), 0.79);
  EXPECT_GE(number(after.out, "r2_success"), 0.81);
  EXPECT_GE(number(after.out, "coverage80_latency"), 0.70);
  EXPECT_LE(number(after.out, "coverage80_latency"), 0.90);
  EXPECT_NE(std::string::npos, fc_test::read_file(folder.path("twin.json")).find("\"faasconf_twin\": 1"));
  EXPECT_GE(weight_of(after.out, "random"), 0.99);

  // Another seed is other luck of the search only: it must agree far better than the stated deviations.
  const Ran other = run("calibrate" + store + w + " --limit 300 --json --seed 2");
  ASSERT_EQ(0, other.code) << other.out;
  const std::vector<Unknown> a = unknowns(after.out), b = unknowns(other.out);
  ASSERT_EQ(a.size(), b.size());
  ASSERT_EQ(17u, a.size());
  double squares = 0;
  for (size_t u = 0; u < a.size(); ++u) {
    const double off = (a[u].mean - b[u].mean) / std::sqrt(a[u].deviation * b[u].deviation);
    squares += off * off / static_cast<double>(a.size());
    EXPECT_LT(std::fabs(off), 6) << a[u].name;  // memory is a threshold: its posterior is not normal
  }
  std::printf("two seeds differ by %.2f stated deviations (root mean square)\n", std::sqrt(squares));
  EXPECT_LT(std::sqrt(squares), 1.41);
  // None of these rows runs out of memory of the light functions: nobody can say how much they need.
  for (const Unknown &u : a) {
    const bool light = u.name == "memory of rgb" || u.name == "memory of update" || u.name == "memory of starter";
    const bool work = u.name.rfind("work of", 0) == 0;
    EXPECT_TRUE(u.identified || !work) << u.name;
    EXPECT_TRUE(!u.identified || !light) << u.name;
  }
}

// Rows of 30 s windows are no windows of a workflow that is measured every 60 s.
TEST(Calibrate, WindowsOfAnotherLengthAreNotLearnedFrom) {
  SKIP_WITHOUT_SHARED(rows, "data/parallel_10.csv");
  fc_test::TemporaryFolder folder;
  std::string yaml = fc_test::read_file(fc_test::source_file("workflows/parallel.yaml"));
  const std::string w = " --workflow " + folder.path("parallel.yaml"), store = " --store " + folder.path("store");
  fc_test::write_file(folder.path("parallel.yaml"), yaml);
  ASSERT_EQ(0, run("import" + store + w + " " + rows).code);
  yaml.replace(yaml.find("window_s: 30"), 12, "window_s: 60");
  fc_test::write_file(folder.path("parallel.yaml"), yaml);
  const Ran ran = run("calibrate" + store + w + " --limit 3");
  EXPECT_EQ(1, ran.code);
  EXPECT_NE(std::string::npos, ran.out.find("window_s: 60")) << ran.out;
}

TEST(Calibrate, SaysWhatIsMissing) {
  fc_test::TemporaryFolder folder;
  Ran ran = run("calibrate --workflow parallel --store " + folder.path("none"));
  EXPECT_EQ(1, ran.code);
  EXPECT_NE(std::string::npos, ran.out.find("none")) << ran.out;
  EXPECT_EQ(2, run("calibrate --workflow parallel").code);
  EXPECT_EQ(2, run("calibrate --workflow parallel --store x --semantics loose").code);
  EXPECT_EQ(2, run("calibrate --workflow parallel --store x --particles 2").code);
  EXPECT_EQ(2, run("calibrate --workflow parallel --store x --structures some").code);
  EXPECT_EQ(2, run("calibrate --workflow parallel --store x --metrics none").code);
  EXPECT_EQ(2, run("calibrate --workflow parallel --store x --false-alarms 1").code);
  EXPECT_EQ(2, run("calibrate --workflow parallel --store x --users 3 --open-loop").code);
  EXPECT_EQ(0, run("calibrate --help").code);
}

}  // namespace
