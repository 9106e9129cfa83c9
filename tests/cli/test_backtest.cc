// `faasconf backtest`, as a process: a simulated system that is not what its workflow file says, recorded with settings
// that are too dear; the twin finds a cheaper one, and the true system confirms it.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "recorded_system.h"
#include "support.h"

extern "C" {
#include "faasconf/cost.h"
#include "faasconf/json.h"
#include "judge.h"
}

namespace {

using fc_test::Configuration;
using fc_test::Finished;
using fc_test::RecordedSystem;

// A parsed answer; path like "twin.loads.0.cost".
class Answer {
 public:
  explicit Answer(const std::string &text) {
    fc_error_t error = {};
    EXPECT_OK(fc_json_parse(text.c_str(), text.size(), &root_, &error)) << text;
  }
  ~Answer() { fc_json_destroy(&root_); }
  Answer(const Answer &) = delete;
  Answer &operator=(const Answer &) = delete;
  const fc_json_t *at(const std::string &path) const {
    const fc_json_t *value = root_;
    for (size_t from = 0; from <= path.size();) {
      const size_t dot = std::min(path.find('.', from), path.size());
      const std::string key = path.substr(from, dot - from);
      value = fc_json_is_array(value) ? fc_json_at(value, std::stoul(key)) : fc_json_get(value, key.c_str());
      from = dot + 1;
    }
    return value;
  }
  double number(const std::string &path) const {
    double value = -1e9;
    EXPECT_TRUE(fc_json_double(at(path), &value)) << path;
    return value;
  }
  bool truth(const std::string &path) const {
    bool value = false;
    EXPECT_TRUE(fc_json_bool(at(path), &value)) << path;
    return value;
  }

 private:
  fc_json_t *root_ = nullptr;
};

Finished backtest(const std::vector<std::string> &arguments) {
  std::vector<std::string> argv = {fc_test::program("faasconf"), "backtest"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return fc_test::run(argv);
}

class Backtest : public ::testing::Test {
 protected:
  void SetUp() override { fc_test::write_file(workflow_, fc_test::kShop); }
  // Eight settings, all with room to save, in turn.
  void record(int n, int32_t users, double rate_per_s) { record(system_, n, users, rate_per_s); }
  static void record(RecordedSystem &system, int n, int32_t users, double rate_per_s) {
    for (int w = 0; w < n; ++w) system.record(system.uniform(1000 + 250 * (w % 4), 3 + w / 4 % 2), users, rate_per_s);
  }
  // A small twin of the data.
  std::string run_twin(const std::string &data, const char *searches = "1", const char *jobs = "2") {
    const Finished ran = backtest({"--workflow", workflow_, "--data", data, "--particles", "48", "--budget", "2688",
                                   "--searches", searches, "--jobs", jobs, "--json"});
    EXPECT_EQ(0, ran.exit_code) << ran.err;
    out_ = ran.out;
    return out_;
  }
  // Compliance of the twin's choice in the true system.
  static double true_compliance(RecordedSystem &system, const Answer &answer, int32_t users, double rate_per_s) {
    constexpr int kTruthWindows = 1000;
    Configuration chosen = system.uniform(1, 1);
    for (int32_t f = 0; f < system.workflow()->n_functions; ++f)
      for (int k = 0; k < FC_KNOBS; ++k)
        fc_knob_set(&chosen[static_cast<size_t>(f)], static_cast<fc_knob_t>(k),
                    static_cast<int32_t>(answer.number(std::string("twin.loads.0.configuration.") +
                                                       system.workflow()->functions[f].name + "." +
                                                       fc_knob_name(static_cast<fc_knob_t>(k)))));
    EXPECT_NEAR(fc_cost_reserved_usd_h(system.workflow(), chosen.data()), answer.number("twin.loads.0.cost"), 1e-9);
    int met = 0;
    for (int w = 0; w < kTruthWindows; ++w)
      met += judge_window(system.workflow(), FC_SEMANTICS_STRICT,
                          &system.window(1000000 + w, chosen, users, rate_per_s), users) == FC_QOS_MET;
    return static_cast<double>(met) / kTruthWindows;
  }

  fc_test::TemporaryFolder folder_;
  std::string workflow_ = folder_.path("shop.yaml"), csv_ = folder_.path("shop.csv"), dir_ = folder_.path("prometheus");
  std::string out_;
  RecordedSystem system_;
};

// Names and contents of a folder's files.
std::map<std::string, std::string> contents(const std::string &folder) {
  std::map<std::string, std::string> files;
  for (const auto &entry : std::filesystem::recursive_directory_iterator(folder))
    files[entry.path()] = entry.is_regular_file() ? fc_test::read_file(entry.path()) : "";
  return files;
}

TEST_F(Backtest, MeasuredFiguresAreThoseOfAHandCalculation) {
  // Two functions, each (600 m * 0.0001 + 512 MiB * 0.00001) * 2 = 0.13024 USD/h, with 3 replicas 0.19536. At most 4 s
  // and at least 98 % successes: the second window is too slow, the third fails too often.
  const std::string knobs = ",600,512,2,8,600,512,2,8\n", more = ",600,512,3,8,600,512,3,8\n";
  fc_test::write_file(csv_,
                      "time,latency_mean_s,successes,failures,users,parse.cpu_millicores,parse.mem_mib,parse.replicas,"
                      "parse.concurrency,price.cpu_millicores,price.mem_mib,price.replicas,price.concurrency\n"
                      "1764150600,3.9,50,1,2" +
                          knobs + "1764150630,4.1,50,0,4" + knobs + "1764150660,3,50,2,3" + knobs +
                          "1764150690,3,,2,3" + knobs + "1764150780,3,20,0,7" + more);
  const Finished ran = backtest({"--workflow", workflow_, "--data", csv_, "--no-twin", "--json"});
  ASSERT_EQ(0, ran.exit_code) << ran.err;
  const Answer answer(ran.out);
  EXPECT_EQ(4, answer.number("data.windows"));
  EXPECT_EQ(1, answer.number("data.windows_incomplete"));
  EXPECT_EQ(1, answer.number("data.lacking.successes"));
  EXPECT_EQ(2, answer.number("data.windows_missing"));
  EXPECT_EQ(1764150570e6, answer.number("data.from_us"));
  EXPECT_EQ(1764150780e6, answer.number("data.to_us"));
  EXPECT_NEAR((3 * 0.26048 + 0.39072) / 4, answer.number("measured.cost"), 1e-12);
  EXPECT_NEAR((3 * 0.26048 + 0.39072) * 30 / 3600, answer.number("measured.cost_total_usd"), 1e-12);
  EXPECT_EQ(4, answer.number("measured.windows_judged"));
  EXPECT_EQ(2, answer.number("measured.windows_met"));
  EXPECT_EQ(0.5, answer.number("measured.compliance"));
  EXPECT_NEAR(0.15004, answer.number("measured.compliance_interval95.0"), 1e-5);
  EXPECT_NEAR(0.84996, answer.number("measured.compliance_interval95.1"), 1e-5);
  EXPECT_EQ(2, answer.number("measured.load_min"));
  EXPECT_EQ(4, answer.number("measured.load_mean"));
  EXPECT_EQ(7, answer.number("measured.load_max"));
  EXPECT_EQ(2, answer.number("measured.configurations"));
  EXPECT_NE(std::string::npos, ran.out.find("\"twin\":null"));
  EXPECT_NE(std::string::npos, ran.out.find("met QoS in 50.0 %"));

  // Twice the price.
  fc_test::write_file(folder_.path("eu.yaml"),
                      "prices: {version: eu, usd_per_millicore_hour: 0.0002, usd_per_mib_hour: 0.00002}\n");
  const Finished dear =
      backtest({"--workflow", workflow_, "--data", csv_, "--no-twin", "--json", "--prices", folder_.path("eu.yaml")});
  ASSERT_EQ(0, dear.exit_code) << dear.err;
  EXPECT_NEAR(2 * answer.number("measured.cost"), Answer(dear.out).number("measured.cost"), 1e-12);
  EXPECT_NE(std::string::npos, dear.out.find("\"prices\":\"eu\""));
}

TEST_F(Backtest, FindsACheaperConfigurationThatTheTrueSystemConfirms) {
  system_.work_times({1.3, 0.8});
  record(60, 3, 0);
  fc_test::write_file(csv_, system_.csv());
  system_.write_prometheus(dir_);
  const auto before = contents(folder_.path());
  const Answer answer(run_twin(csv_, "2"));
  EXPECT_EQ(60, answer.number("data.windows"));
  EXPECT_EQ(48, answer.number("twin.windows_learned"));
  EXPECT_EQ(12, answer.number("twin.windows_heldout"));
  EXPECT_TRUE(answer.truth("twin.explains"));
  ASSERT_TRUE(answer.truth("twin.confirmed"));
  EXPECT_LT(answer.number("twin.cost"), 0.5 * answer.number("measured.cost"));
  EXPECT_NEAR(answer.number("measured.cost") - answer.number("twin.cost"), answer.number("twin.saving_usd_h"), 1e-12);
  EXPECT_LE(answer.number("twin.cost"), answer.number("twin.cost_median"));
  EXPECT_LE(answer.number("twin.cost_median"), answer.number("twin.cost_max"));
  EXPECT_LE(answer.number("twin.loads.0.compliance_worlds80.0"), answer.number("twin.loads.0.compliance"));
  const double compliance = true_compliance(system_, answer, 3, 0);
  std::printf("measured %.3f USD/h, the twin's choice %.3f USD/h; true compliance %.3f of 0.95\n",
              answer.number("measured.cost"), answer.number("twin.cost"), compliance);
  EXPECT_GE(compliance, 0.90);

  // The folder of the same windows gives the same answer, and nothing was written.
  const Answer other(run_twin(dir_, "2"));
  for (const char *key : {"measured.cost", "measured.compliance", "twin.r2_log_latency", "twin.coverage80_success",
                          "twin.cost", "twin.cost_max", "twin.loads.0.compliance"})
    EXPECT_EQ(answer.number(key), other.number(key)) << key;
  EXPECT_EQ(before, contents(folder_.path()));
}

TEST_F(Backtest, TheChoicesForOtherSystemsHoldInThem) {
  constexpr int kWorlds = 3;  // 12 for the figures of docs/backtest.md
  for (int world = 0; world < kWorlds; ++world) {
    RecordedSystem system;
    fc_rng_t rng;
    fc_rng_init(&rng, 500 + static_cast<uint64_t>(world), 1);
    const double parse = std::exp(0.3 * fc_rng_normal(&rng)), price = std::exp(0.3 * fc_rng_normal(&rng));
    system.work_times({parse, price});
    const int32_t users = world % 3 == 2 ? 0 : 3;
    const double rate_per_s = users == 0 ? 0.5 : 0;
    record(system, 60, users, rate_per_s);
    fc_test::write_file(csv_, system.csv());
    const Answer answer(run_twin(csv_));
    if (!answer.truth("twin.confirmed")) {
      std::printf("world %d: work times %.2f and %.2f: no confirmed configuration\n", world, parse, price);
      continue;
    }
    ASSERT_EQ(1u, fc_json_size(answer.at("twin.loads")));
    const double compliance = true_compliance(system, answer, users, rate_per_s);
    std::printf("world %d: work times %.2f and %.2f, %s loop: %.3f USD/h, true compliance %.3f of 0.95\n", world, parse,
                price, users > 0 ? "closed" : "open", answer.number("twin.cost"), compliance);
    EXPECT_GE(compliance, 0.90);
  }
}

TEST_F(Backtest, LoadsThatDifferArePlannedForApart) {
  for (int w = 0; w < 20; ++w) system_.record(system_.uniform(1500, 3), 0, 0.2);
  for (int w = 0; w < 20; ++w) system_.record(system_.uniform(1500, 4), 0, 0.6);
  for (int w = 0; w < 20; ++w) system_.record_idle(system_.uniform(1500, 2));
  fc_test::write_file(csv_, system_.csv());
  const Answer answer(run_twin(csv_));
  EXPECT_EQ(20, answer.number("data.windows_idle"));
  EXPECT_EQ(40, answer.number("measured.windows_judged"));
  EXPECT_EQ(0, answer.number("measured.load_min"));
  ASSERT_EQ(3u, fc_json_size(answer.at("twin.loads")));
  EXPECT_LT(answer.number("twin.loads.0.load_planned"), answer.number("twin.loads.2.load_planned"));
  EXPECT_GE(answer.number("twin.loads.0.share"), 1.0 / 3);  // idle windows cost what the quietest load costs
  double share = 0, measured = 0, cost = 0;
  for (const std::string at : {"twin.loads.0", "twin.loads.1", "twin.loads.2"}) {
    share += answer.number(at + ".share");
    measured += answer.number(at + ".share") * answer.number(at + ".cost_measured");
    ASSERT_TRUE(answer.truth(at + ".confirmed")) << at;
    cost += answer.number(at + ".share") * answer.number(at + ".cost");
  }
  EXPECT_NEAR(1, share, 1e-12);
  EXPECT_NEAR(answer.number("measured.cost"), measured, 1e-9);
  ASSERT_TRUE(answer.truth("twin.confirmed"));
  EXPECT_NEAR(cost, answer.number("twin.cost"), 1e-9);
  EXPECT_LT(answer.number("twin.loads.0.cost"), answer.number("twin.loads.2.cost"));
}

// Many windows of the quietest load: a cut between loads that there are would leave a group without windows.
TEST_F(Backtest, EveryLoadOfManyHasWindows) {
  for (const int users : {2, 2, 2, 2, 2, 2, 2, 2, 3, 4, 5, 6}) system_.record(system_.uniform(1500, 3), users, 0);
  fc_test::write_file(csv_, system_.csv());
  const Answer answer(run_twin(csv_));
  const size_t n = fc_json_size(answer.at("twin.loads"));
  ASSERT_GE(n, 2u);
  double share = 0;
  for (size_t i = 0; i < n; ++i) {
    const std::string at = "twin.loads." + std::to_string(i);
    EXPECT_LE(answer.number(at + ".load.0"), answer.number(at + ".load.1"));
    EXPECT_GT(answer.number(at + ".share"), 0);
    EXPECT_GT(answer.number(at + ".cost_measured"), 0);
    share += answer.number(at + ".share");
  }
  EXPECT_NEAR(1, share, 1e-12);
}

TEST_F(Backtest, OneRateIsOneLoadHoweverItsWindowsVary) {
  for (int w = 0; w < 20; ++w) system_.record(system_.uniform(1000 + 100 * (w % 8), 3), 0, 0.5);
  fc_test::write_file(csv_, system_.csv());
  const Answer answer(run_twin(csv_));
  ASSERT_EQ(1u, fc_json_size(answer.at("twin.loads")));
  EXPECT_EQ(answer.number("measured.load_mean"), answer.number("twin.loads.0.load_planned"));
  EXPECT_LT(1.2 * answer.number("measured.load_mean"), answer.number("measured.load_max"));
}

TEST_F(Backtest, ScaledToZeroIsPaidForAndNotLearnedFrom) {
  for (int w = 0; w < 25; ++w) system_.record(system_.uniform(1000 + 100 * (w % 8), 3), 3, 0);
  for (size_t w = 20; w < 25; ++w) system_.rows[w]["price.replicas"] = "0";
  fc_test::write_file(csv_, system_.csv());
  const Answer answer(run_twin(csv_));
  EXPECT_EQ(25, answer.number("data.windows"));
  EXPECT_EQ(16, answer.number("twin.windows_learned"));
  EXPECT_EQ(4, answer.number("twin.windows_heldout"));
  // The same numbers with any number of jobs.
  const std::string first = out_, once = run_twin(csv_, "1", "1"), thrice = run_twin(csv_, "1", "3");
  const auto without_time = [](const std::string &text) { return text.substr(0, text.find("\"seconds\"")); };
  EXPECT_EQ(without_time(first), without_time(once));
  EXPECT_EQ(without_time(first), without_time(thrice));
  // What the simulator cannot do is said with its window.
  system_.rows[7]["parse.replicas"] = "9999";
  fc_test::write_file(csv_, system_.csv());
  const Finished ran = backtest({"--workflow", workflow_, "--data", csv_});
  EXPECT_EQ(1, ran.exit_code);
  EXPECT_NE(std::string::npos,
            ran.err.find("shop.csv: window from 2025-11-26T09:53:00Z: configuration of function parse"))
      << ran.err;
}

TEST_F(Backtest, ATwinThatDoesNotExplainTheWindowsIsNotBelieved) {
  record(40, 3, 0);
  // No world of this workflow does that.
  for (size_t w = 0; w < system_.rows.size(); ++w) system_.rows[w]["latency_mean_s"] = w % 2 == 0 ? "0.2" : "25";
  fc_test::write_file(csv_, system_.csv());
  const Answer answer(run_twin(csv_));
  EXPECT_FALSE(answer.truth("twin.explains"));
  EXPECT_NE(std::string::npos, out_.find("does not explain the windows it has not seen"));
}

TEST_F(Backtest, ASystemThatChangedRaisesTheAlarm) {
  record(40, 3, 0);
  system_.work_times({2.5, 2.5});
  record(40, 3, 0);
  fc_test::write_file(csv_, system_.csv());
  const Answer answer(run_twin(csv_));
  ASSERT_GE(fc_json_size(answer.at("twin.alarms")), 1u);
  EXPECT_STREQ("latency", fc_json_string(answer.at("twin.alarms.0.series")));
  EXPECT_STREQ("more", fc_json_string(answer.at("twin.alarms.0.direction")));
  // The run that led to it may have begun with luck, a little before the change.
  const double windows_after = (answer.number("twin.alarms.0.since_us") * 1e-6 - RecordedSystem::kStart) / 30 - 40;
  EXPECT_GE(windows_after, -15);
  EXPECT_LE(windows_after, 3);
  EXPECT_NE(std::string::npos, out_.find("latencies are longer than the twin expects"));
}

TEST_F(Backtest, ASystemThatMissedItsTargetMayCostMore) {
  for (int w = 0; w < 40; ++w) system_.record(system_.uniform(500 + 40 * (w % 6), 1), 3, 0);
  fc_test::write_file(csv_, system_.csv());
  const Answer answer(run_twin(csv_));
  EXPECT_LT(answer.number("measured.compliance"), 0.5);
  ASSERT_TRUE(answer.truth("twin.confirmed"));
  EXPECT_LT(answer.number("twin.saving_usd_h"), 0);
  EXPECT_NE(std::string::npos, out_.find("meeting it that often may cost more than was paid"));
}

TEST_F(Backtest, ThereIsNoSavingWithoutAConfirmedPlan) {
  std::string hard = fc_test::kShop;
  hard.replace(hard.find("latency_mean_s: 4"), strlen("latency_mean_s: 4"), "latency_mean_s: 0.3");
  fc_test::write_file(workflow_, hard);
  record(20, 3, 0);
  fc_test::write_file(csv_, system_.csv());
  const Answer answer(run_twin(csv_));
  EXPECT_FALSE(answer.truth("twin.confirmed"));
  EXPECT_NE(std::string::npos, out_.find("\"cost\":null,\"cost_median\":null,\"cost_max\":null,\"saving_usd_h\":null"));
  EXPECT_NE(std::string::npos, out_.find("no saving is stated"));
}

TEST_F(Backtest, TextFitsATerminal) {
  record(20, 3, 0);
  fc_test::write_file(csv_, system_.csv());
  const Finished ran = backtest({"--workflow", workflow_, "--data", csv_, "--particles", "32", "--budget", "2688",
                                 "--searches", "1", "--limit", "10"});
  ASSERT_EQ(0, ran.exit_code) << ran.err;
  EXPECT_EQ("", ran.err);  // no terminal, no progress
  std::istringstream lines(ran.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
  EXPECT_EQ(std::string::npos, ran.out.find("nan")) << ran.out;
  for (const char *part : {"reserved cost", "met QoS", "learned from 10 windows", "within the predicted 80 %",
                           "the twin says", "for 3 users"})
    EXPECT_NE(std::string::npos, ran.out.find(part)) << part << "\n" << ran.out;
}

TEST_F(Backtest, SaysWhatIsWrong) {
  record(5, 3, 0);
  fc_test::write_file(csv_, system_.csv());
  const std::vector<std::string> good = {"--workflow", workflow_, "--data", csv_};
  using Arguments = std::vector<std::string>;
  for (const Arguments &bad : {Arguments{"--level", "1"},
                               {"--ranges", "wide"},
                               {"--semantics", "loose"},
                               {"--assume-start", "cpu"},
                               {"--searches", "0"},
                               {"--what"},
                               {"more"}}) {
    Arguments all = good;
    all.insert(all.end(), bad.begin(), bad.end());
    const Finished ran = backtest(all);
    EXPECT_EQ(2, ran.exit_code) << ran.err;
    EXPECT_NE(std::string::npos, ran.err.find("faasconf backtest")) << ran.err;
  }
  EXPECT_EQ(2, backtest({"--workflow", workflow_}).exit_code);
  EXPECT_EQ(2, backtest({"--data", csv_}).exit_code);
  for (const Arguments &failing : {Arguments{"--data", csv_, "--workflow", "/nowhere/w.yaml"},
                                   {"--workflow", workflow_, "--data", "/nowhere/d"},
                                   {"--workflow", workflow_, "--data", csv_, "--prices", "/nowhere/p.yaml"},
                                   {"--workflow", workflow_, "--data", csv_, "--prices", csv_}}) {
    const Finished ran = backtest(failing);
    EXPECT_EQ(1, ran.exit_code) << ran.err;
    EXPECT_EQ("", ran.out);
    EXPECT_NE(std::string::npos, ran.err.find(failing.back())) << ran.err;
  }
  const std::string yaml = fc_test::kShop;
  fc_test::write_file(workflow_, yaml.substr(0, yaml.find("simulator:")));
  EXPECT_EQ(0, backtest({"--workflow", workflow_, "--data", csv_, "--no-twin"}).exit_code);
  const Finished ran = backtest(good);
  EXPECT_EQ(1, ran.exit_code);
  EXPECT_NE(std::string::npos, ran.err.find("simulator:")) << ran.err;
  EXPECT_NE(std::string::npos, ran.err.find("--no-twin")) << ran.err;
  EXPECT_EQ(0, backtest({"--help"}).exit_code);
}

}  // namespace
