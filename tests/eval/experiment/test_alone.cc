// eval/experiment/alone.c and rank_correlation.c: functions tuned one by one, and what they do to each other.
#include <cmath>
#include <vector>

#include "support.h"

extern "C" {
#include "alone.h"
#include "faasconf/cost.h"
#include "rank_correlation.h"
}

namespace {
using Configuration = std::vector<fc_function_configuration_t>;

class Alone : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow_, &error));
    alone_ = {workflow_, FC_SEMANTICS_STRICT, FC_RANGES_MEASURED, 10, 20, 0.95, 3, nullptr, {}, nullptr};
    ASSERT_OK(alone_init(&alone_, &error));
    for (int f = 0; f < workflow_->n_functions; ++f) start_.push_back(workflow_->functions[f].start);
  }
  void TearDown() override {
    alone_clear(&alone_);
    fc_workflow_destroy(&workflow_);
  }
  double compliance(const Configuration &configuration) {
    double latency_s = 0, successes = 0, result = 0;
    EXPECT_OK(alone_measure(&alone_, configuration.data(), 20, &latency_s, &successes, &result, nullptr, &error));
    return result;
  }
  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  alone_t alone_ = {};
  Configuration start_;
};

TEST_F(Alone, TuningOneFunctionLeavesTheOthersAndKeepsQos) {
  Configuration tuned = start_;
  ASSERT_OK(alone_tune(&alone_, 0, tuned.data(), &error));
  EXPECT_LT(fc_cost_function_usd_h(&workflow_->prices, &tuned[0]),
            fc_cost_function_usd_h(&workflow_->prices, &start_[0]));
  for (size_t f = 1; f < start_.size(); ++f) EXPECT_EQ(tuned[f].cpu_millicores, start_[f].cpu_millicores);
  EXPECT_GE(compliance(tuned), 0.95);
}

TEST_F(Alone, WhereNothingCheaperMeetsQosTheFunctionStays) {
  Configuration hopeless = start_;
  for (auto &function : hopeless) function = {600, 614, 2, 2};
  const Configuration before = hopeless;
  ASSERT_OK(alone_tune(&alone_, 4, hopeless.data(), &error));
  EXPECT_EQ(hopeless[4].cpu_millicores, before[4].cpu_millicores);
  EXPECT_EQ(hopeless[4].replicas, before[4].replicas);
}

TEST_F(Alone, HalvingAFunctionSlowsItMost) {
  const size_t n = start_.size();
  std::vector<double> change(n * n);
  ASSERT_OK(alone_changes(&alone_, start_.data(), change.data(), &error));
  for (size_t row = 0; row < n; ++row) {
    for (size_t column = 0; column < n; ++column) {
      if (column != row) {
        EXPECT_LT(change[row * n + column], change[row * n + row]) << row << " " << column;
      }
    }
    EXPECT_GT(change[row * n + row], 0.3);
  }
}

// One user of Branch takes one of two ways, in some windows never the other.
TEST_F(Alone, AFunctionThatRestsInSomeWindowsHasThePercentileOfTheOthers) {
  alone_clear(&alone_);
  fc_workflow_destroy(&workflow_);
  ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/branch.yaml").c_str(), &workflow_, &error));
  alone_ = {workflow_, FC_SEMANTICS_STRICT, FC_RANGES_MEASURED, 1, 20, 0.95, 3, nullptr, {}, nullptr};
  ASSERT_OK(alone_init(&alone_, &error));
  std::vector<fc_function_configuration_t> start;
  for (int f = 0; f < workflow_->n_functions; ++f) start.push_back(workflow_->functions[f].start);
  double latency_s = 0, successes = 0, compliance = 0;
  std::vector<double> p75_s(start.size());
  ASSERT_OK(alone_measure(&alone_, start.data(), 60, &latency_s, &successes, &compliance, p75_s.data(), &error));
  int n_partly = 0;
  for (size_t f = 0; f < start.size(); ++f) {
    EXPECT_GT(p75_s[f], 0) << f;
    n_partly += alone_.n_seen[f] < 60;
  }
  EXPECT_GT(n_partly, 0);
}

double spearman(const std::vector<double> &x, const std::vector<double> &y, int *used = nullptr) {
  double rho = 0;
  int32_t n_used = 0;
  fc_error_t error = {};
  EXPECT_OK(rank_correlation(x.data(), y.data(), static_cast<int32_t>(x.size()), &rho, &n_used, &error));
  if (used != nullptr) *used = n_used;
  return rho;
}

TEST(RankCorrelation, CountsRanksOnly) {
  EXPECT_NEAR(spearman({1, 2, 3, 4}, {1, 10, 100, 1000}), 1, 1e-12);
  EXPECT_NEAR(spearman({1, 2, 3, 4}, {9, 4, 3, -2}), -1, 1e-12);
  EXPECT_NEAR(spearman({1, 2, 3, 4, 5}, {2, 1, 4, 3, 5}), 0.8, 1e-12);
}

TEST(RankCorrelation, EqualValuesShareTheirMeanRank) {
  // ranks 1.5 1.5 3 4 against 1 2 3 4: Pearson of the ranks
  EXPECT_NEAR(spearman({5, 5, 6, 7}, {1, 2, 3, 4}), 4.5 / std::sqrt(4.5 * 5), 1e-12);
}

TEST(RankCorrelation, LeavesOutWhatWasNotMeasured) {
  int used = 0;
  EXPECT_NEAR(spearman({1, NAN, 2, 3}, {1, 5, 2, 3}, &used), 1, 1e-12);
  EXPECT_EQ(used, 3);
  EXPECT_TRUE(std::isnan(spearman({1, 2}, {1, 2})));
  EXPECT_TRUE(std::isnan(spearman({1, 1, 1}, {1, 2, 3})));
}
}  // namespace
