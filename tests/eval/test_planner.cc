// eval/planner/planner.c: what it returns is confirmed, cheaper than where it started, the same every time.
#include <vector>

#include "support.h"

extern "C" {
#include "faasconf/cost.h"
#include "planner.h"
}

namespace {

class Planner : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/sequential.yaml").c_str(), &workflow_, &error));
    options_ = {workflow_, nullptr, FC_SEMANTICS_STRICT, FC_RANGES_MEASURED, 10, 0, 0.9, 4000, 1, nullptr};
    configuration_.resize(static_cast<size_t>(workflow_->n_functions));
    plan_.configuration = configuration_.data();
  }
  void TearDown() override { fc_workflow_destroy(&workflow_); }
  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  plan_options_t options_ = {};
  std::vector<fc_function_configuration_t> configuration_;
  plan_t plan_ = {};
};

TEST_F(Planner, FindsACheaperConfigurationThatFreshWindowsConfirm) {
  ASSERT_OK(plan_search(&options_, &plan_, &error));
  EXPECT_TRUE(plan_.confirmed);
  EXPECT_GE(plan_.n_met, 0.9 * PLAN_CONFIRMING_WINDOWS);
  std::vector<fc_function_configuration_t> start;
  for (int f = 0; f < workflow_->n_functions; ++f) {
    start.push_back(workflow_->functions[f].start);
    for (int k = 0; k < FC_KNOBS; ++k) {
      const fc_knob_range_t range = fc_workflow_range(workflow_, f, static_cast<fc_knob_t>(k), FC_RANGES_MEASURED);
      const int32_t values[] = {configuration_[f].cpu_millicores, configuration_[f].mem_mib, configuration_[f].replicas,
                                configuration_[f].concurrency};
      EXPECT_GE(values[k], range.min);
      EXPECT_LE(values[k], range.max);
    }
  }
  EXPECT_LT(plan_.cost_usd_h, 0.85 * fc_cost_reserved_usd_h(workflow_, start.data()));
  EXPECT_DOUBLE_EQ(fc_cost_reserved_usd_h(workflow_, configuration_.data()), plan_.cost_usd_h);
  // Windows of another seed agree with what was confirmed.
  plan_options_t other = options_;
  other.seed = 77;
  int32_t n_met = 0;
  ASSERT_OK(plan_confirm(&other, configuration_.data(), 4000, &n_met, &error));
  EXPECT_NEAR(plan_.n_met, n_met, 4 * 1.42 * 19);  // four standard errors of a difference
}

TEST_F(Planner, AnImpossibleLevelIsNotConfirmedAndTheSameEveryTime) {
  workflow_->qos_terms[0].target[0] = 0.5;  // s: less than the orchestrator takes
  options_.budget = 2688;
  ASSERT_OK(plan_search(&options_, &plan_, &error));
  EXPECT_FALSE(plan_.confirmed);
  EXPECT_EQ(0, plan_.n_met);
  const plan_t first = plan_;
  ASSERT_OK(plan_search(&options_, &plan_, &error));
  EXPECT_EQ(first.cost_usd_h, plan_.cost_usd_h);
  EXPECT_EQ(first.n_windows, plan_.n_windows);
}

// CMA-ES with this budget ends above 5 USD/h.
TEST_F(Planner, ManyKnobsAreTurnedOneFunctionAfterTheOther) {
  fc_workflow_destroy(&workflow_);
  ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/tcktapp.yaml").c_str(), &workflow_, &error));
  workflow_->qos_terms[0].target[0] = 2;  // s
  workflow_->qos_terms[1].target[0] = 9;  // successes of 2 users
  workflow_->window_s = 15;
  options_.workflow = workflow_;
  options_.users = 2;
  options_.budget = 2688;
  configuration_.resize(static_cast<size_t>(workflow_->n_functions));
  plan_.configuration = configuration_.data();
  std::vector<fc_function_configuration_t> floor;
  for (int f = 0; f < workflow_->n_functions; ++f) floor.push_back({400, 410, 2, 6});
  ASSERT_OK(plan_search(&options_, &plan_, &error));
  EXPECT_TRUE(plan_.confirmed);
  EXPECT_GE(plan_.n_met, 0.9 * PLAN_CONFIRMING_WINDOWS);
  EXPECT_LT(plan_.cost_usd_h, 1.35 * fc_cost_reserved_usd_h(workflow_, floor.data()));
  // Put on a higher boundary it costs more, and is confirmed there, too.
  const std::vector<fc_function_configuration_t> from = configuration_;
  const double cost_usd_h = plan_.cost_usd_h;
  options_.level = 0.99;
  ASSERT_OK(plan_scale(&options_, from.data(), &plan_, &error));
  EXPECT_TRUE(plan_.confirmed);
  EXPECT_GE(plan_.n_met, 0.99 * PLAN_CONFIRMING_WINDOWS);
  EXPECT_GE(plan_.cost_usd_h, cost_usd_h);
  EXPECT_LT(plan_.cost_usd_h, 1.3 * cost_usd_h);
}

// A system that cannot do it is not searched for long: 200 windows at its maximum say so.
TEST_F(Planner, ManyKnobsThatAreNotEnoughAreGivenUp) {
  fc_workflow_destroy(&workflow_);
  ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/tcktapp.yaml").c_str(), &workflow_, &error));
  workflow_->qos_terms[0].target[0] = 0.1;  // s
  options_.workflow = workflow_;
  options_.users = 2;
  configuration_.resize(static_cast<size_t>(workflow_->n_functions));
  plan_.configuration = configuration_.data();
  ASSERT_OK(plan_search(&options_, &plan_, &error));
  EXPECT_FALSE(plan_.confirmed);
  EXPECT_EQ(200, plan_.n_windows);
  for (const auto &function : configuration_) EXPECT_EQ(8, function.replicas);
}

TEST_F(Planner, JudgesArrivalsToo) {
  options_.users = 0;
  options_.rate_per_s = 0.6;
  for (int f = 0; f < workflow_->n_functions; ++f) configuration_[f] = {1500, 1331, 4, 6};
  int32_t few = 0, many = 0;
  ASSERT_OK(plan_confirm(&options_, configuration_.data(), 300, &few, &error));
  options_.rate_per_s = 5;
  ASSERT_OK(plan_confirm(&options_, configuration_.data(), 300, &many, &error));
  EXPECT_GT(few, 250);
  EXPECT_LT(many, 150);
}

TEST_F(Planner, RefusesOddOptions) {
  for (int i = 0; i < 3; ++i) {
    plan_options_t bad = options_;
    if (i == 0) bad.level = 1;
    if (i == 1) bad.budget = 10;
    if (i == 2) bad.users = -1;
    EXPECT_EQ(FC_EINVAL, plan_search(&bad, &plan_, &error)) << i;
  }
}

TEST(PlanCheapest, CountsConfirmedSearchesOnly) {
  plan_t plans[4] = {};
  const double costs[] = {3, 1, 5, 4};
  for (int s = 0; s < 4; ++s) plans[s].cost_usd_h = costs[s];
  int32_t n_confirmed = -1;
  double median = 0, largest = 0;
  EXPECT_EQ(-1, plan_cheapest(plans, 4, &n_confirmed, &median, &largest));
  EXPECT_EQ(0, n_confirmed);
  for (int s : {0, 2, 3}) plans[s].confirmed = true;
  EXPECT_EQ(0, plan_cheapest(plans, 4, &n_confirmed, &median, &largest));
  EXPECT_EQ(3, n_confirmed);
  EXPECT_EQ(4, median);
  EXPECT_EQ(5, largest);
}

}  // namespace
