// cli/simulate_windows.c: the numbers `faasconf simulate` reports are those of its windows.
#include <cmath>

#include "ran_command.h"
#include "support.h"

extern "C" {
#include "faasconf/cost.h"
#include "faasconf/json.h"
#include "judge.h"
#include "simulate_windows.h"
}

namespace {

class Simulate : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow_, &error));
    simulation_.workflow = workflow_;
    simulation_.users = 10;
    simulation_.n_windows = 60;
    simulation_.seed = 3;
    simulation_.jobs = 1;
    ASSERT_OK(simulation_init(&simulation_, &error));
    for (int32_t f = 0; f < workflow_->n_functions; ++f) simulation_.configuration[f] = workflow_->functions[f].start;
  }
  void TearDown() override {
    simulation_clear(&simulation_);
    fc_workflow_destroy(&workflow_);
  }
  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  simulation_t simulation_ = {};
};

TEST_F(Simulate, IntervalsAreNestedAndCostIsTheReservedOne) {
  ASSERT_OK(simulation_run(&simulation_, &error));
  for (const spread_t &s : simulation_.spread) {
    EXPECT_LE(s.low95, s.low80);
    EXPECT_LE(s.low80, s.high80);
    EXPECT_LE(s.high80, s.high95);
    EXPECT_GE(s.mean, s.low95 - 1e-9);
    EXPECT_LE(s.mean, s.high95 + 1e-9);
  }
  EXPECT_EQ(fc_cost_reserved_usd_h(workflow_, simulation_.configuration), simulation_.cost_usd_h);
  EXPECT_GT(simulation_.cost_eq2_usd, 0);
  EXPECT_EQ(simulation_.compliance, static_cast<double>(simulation_.n_met) / 60);
  double low = 0, high = 0;
  judge_wilson(static_cast<int32_t>(simulation_.n_met), 60, &low, &high);
  EXPECT_EQ(low, simulation_.wilson_low);
  EXPECT_EQ(high, simulation_.wilson_high);
  EXPECT_GT(simulation_.means[0].requests, 10);
  EXPECT_GT(simulation_.means[0].latency_p95_s, simulation_.means[0].latency_p75_s);
}

TEST_F(Simulate, TheSameNumbersForAnyNumberOfThreads) {
  simulation_clear(&simulation_);
  simulation_.n_windows = 600;  // more than a batch
  std::vector<spread_t> first;
  double cost = 0;
  for (const int jobs : {1, 3}) {
    simulation_t one = simulation_;
    one.jobs = jobs;
    ASSERT_OK(simulation_init(&one, &error));
    for (int32_t f = 0; f < workflow_->n_functions; ++f) one.configuration[f] = workflow_->functions[f].start;
    ASSERT_OK(simulation_run(&one, &error));
    if (jobs == 1) {
      first.assign(one.spread, one.spread + N_SERIES);
      cost = one.cost_eq2_usd;
    }
    for (int s = 0; s < N_SERIES; ++s) EXPECT_EQ(first[s].mean, one.spread[s].mean) << s;
    EXPECT_EQ(cost, one.cost_eq2_usd);
    simulation_clear(&one);
  }
  ASSERT_OK(simulation_init(&simulation_, &error));
}

TEST_F(Simulate, WindowsWithoutSuccessCountAsLongAsTheWindow) {
  for (int32_t f = 0; f < workflow_->n_functions; ++f) simulation_.configuration[f].mem_mib = 21;
  ASSERT_OK(simulation_run(&simulation_, &error));
  EXPECT_EQ(60, simulation_.n_without_success);
  EXPECT_EQ(30, simulation_.spread[SERIES_LATENCY_MEAN].mean);
  EXPECT_EQ(0, simulation_.compliance);
  EXPECT_FALSE(simulation_.qos_met);
  EXPECT_TRUE(std::isnan(simulation_.means[0].latency_p75_s));
}

TEST_F(Simulate, ReportsWhatTheSimulatorRefuses) {
  simulation_.configuration[2].replicas = 1000000;
  EXPECT_EQ(FC_EINVAL, simulation_run(&simulation_, &error));
  EXPECT_NE(std::string::npos, std::string(error.message).find("resize")) << error.message;
}

using Ran = fc_test::RanCommand;

Ran run(const std::vector<std::string> &arguments) {
  return fc_test::run_command(cli_simulate, arguments);
}

TEST(SimulateCommand, JsonHasItsKeysAndIsReadBackAsConfiguration) {
  const std::string workflow = fc_test::source_file("workflows/parallel.yaml");
  const Ran ran = run({"--workflow", workflow, "--windows", "20", "--users", "12", "--json"});
  ASSERT_EQ(CLI_DONE, ran.exit_code) << ran.err;
  fc_json_t *json = nullptr;
  fc_error_t error = {};
  ASSERT_OK(fc_json_parse(ran.out.data(), ran.out.size(), &json, &error));
  for (const char *key : {"workflow", "users", "semantics", "windows", "seed", "cost", "cost_eq2_usd", "latency_s",
                          "throughput", "success_ratio", "qos_met", "compliance", "compliance_interval95",
                          "windows_without_success", "outcome", "configuration", "functions"})
    EXPECT_NE(nullptr, fc_json_get(json, key)) << key;
  double mean = 0, latency = 0;
  ASSERT_TRUE(fc_json_double(fc_json_get(json, "latency_s"), &latency));
  const fc_json_t *outcome = fc_json_get(json, "outcome");
  ASSERT_TRUE(fc_json_double(fc_json_get(fc_json_get(outcome, "latency_mean_s"), "mean"), &mean));
  EXPECT_EQ(latency, mean);
  EXPECT_EQ(6u, fc_json_size(fc_json_get(json, "functions")));
  fc_json_destroy(&json);

  const fc_test::TemporaryFolder folder;
  fc_test::write_file(folder.path("printed.json"), ran.out);
  const Ran again = run({"--workflow", workflow, "--windows", "20", "--users", "12", "--json", "--configuration",
                         folder.path("printed.json")});
  EXPECT_EQ(ran.out, again.out) << again.err;
}

TEST(SimulateCommand, TableNamesEveryFunction) {
  const Ran ran = run({"--workflow", fc_test::source_file("workflows/branch.yaml"), "--windows", "5", "--semantics",
                       "as-published", "--seed", "9"});
  ASSERT_EQ(CLI_DONE, ran.exit_code) << ran.err;
  for (const char *word : {"starter", "resnet", "mobilenet", "USD per hour", "QoS", "as-published", "mean latency"})
    EXPECT_NE(std::string::npos, ran.out.find(word)) << word;
}

TEST(SimulateCommand, ExitCodesTellAWrongCallFromFailedWork) {
  const std::string workflow = fc_test::source_file("workflows/parallel.yaml");
  EXPECT_EQ(CLI_USAGE, run({}).exit_code);
  EXPECT_EQ(CLI_USAGE, run({"--workflow", workflow, "--users", "0"}).exit_code);
  EXPECT_EQ(CLI_USAGE, run({"--workflow", workflow, "--semantics", "lenient"}).exit_code);
  EXPECT_EQ(CLI_USAGE, run({"--workflow", workflow, "--windows", "many"}).exit_code);
  EXPECT_EQ(CLI_FAILED, run({"--workflow", "no-such-workflow"}).exit_code);
  const fc_test::TemporaryFolder folder;
  fc_test::write_file(folder.path("bad.yaml"), "starter: {cpu_millicores: 1}\n");
  const Ran ran = run({"--workflow", workflow, "--configuration", folder.path("bad.yaml")});
  EXPECT_EQ(CLI_FAILED, ran.exit_code);
  EXPECT_NE(std::string::npos, ran.err.find("bad.yaml:1")) << ran.err;
}

}  // namespace
