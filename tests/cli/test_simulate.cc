// cli/simulate_windows.c: the numbers `faasconf simulate` reports are those of its windows.
#include <cmath>

#include "support.h"

extern "C" {
#include "faasconf/cost.h"
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

}  // namespace
