// eval/score.c against values computed by hand.
#include <cmath>
#include <vector>

#include "support.h"

extern "C" {
#include "score.h"
}

namespace {

using Values = std::vector<double>;

double spearman(const Values &measured, const Values &predicted) {
  double out = 0;
  fc_error_t error = {};
  EXPECT_OK(score_spearman(measured.data(), predicted.data(), static_cast<int64_t>(measured.size()), &out, &error));
  return out;
}

TEST(Score, R2IsOneForTheTruthAndZeroForTheMean) {
  const Values measured = {1, 2, 3, 6}, mean = {3, 3, 3, 3}, close = {1, 2, 3, 5};
  EXPECT_DOUBLE_EQ(1, score_r2(measured.data(), measured.data(), 4));
  EXPECT_DOUBLE_EQ(0, score_r2(measured.data(), mean.data(), 4));
  EXPECT_DOUBLE_EQ(1 - 1.0 / 14, score_r2(measured.data(), close.data(), 4));
  EXPECT_LT(score_r2(close.data(), Values{9, 9, 9, 9}.data(), 4), 0);
}

TEST(Score, R2OfLogarithmsLooksAtRatios) {
  const Values measured = {1, 10, 100}, twice = {2, 20, 200};
  const double l = std::log(10), d = std::log(2);
  EXPECT_NEAR(1 - 3 * d * d / (2 * l * l), score_r2_log(measured.data(), twice.data(), 3), 1e-12);
}

TEST(Score, WhatIsNotDefinedIsNan) {
  const Values same = {2, 2, 2}, some = {1, 2, 3};
  EXPECT_TRUE(std::isnan(score_r2(same.data(), some.data(), 3)));
  EXPECT_TRUE(std::isnan(score_r2(some.data(), some.data(), 0)));
  EXPECT_TRUE(std::isnan(score_r2(some.data(), some.data(), 1)));
  EXPECT_TRUE(std::isnan(score_coverage(some.data(), some.data(), some.data(), 0)));
  EXPECT_TRUE(std::isnan(score_mape(Values{0}.data(), some.data(), 1)));
  EXPECT_TRUE(std::isnan(spearman(same, some)));
  EXPECT_TRUE(std::isnan(spearman({}, {})));
}

// A mean that rounds must not make a spread of values that have none.
TEST(Score, ConstantMeasurementsHaveNoScoreWhateverTheirNumber) {
  for (size_t n = 1; n <= 50; ++n) {
    Values same, other;
    for (size_t i = 0; i < n; ++i) {
      same.push_back(12.273846864700317);
      other.push_back(1.0 + static_cast<double>(i));
    }
    EXPECT_TRUE(std::isnan(score_r2(same.data(), other.data(), static_cast<int64_t>(n)))) << n;
    EXPECT_TRUE(std::isnan(score_r2_log(same.data(), other.data(), static_cast<int64_t>(n)))) << n;
    EXPECT_TRUE(std::isnan(spearman(same, other))) << n;
  }
}

TEST(Score, SpearmanSeesOrderOnly) {
  EXPECT_DOUBLE_EQ(1, spearman({1, 2, 3, 4}, {1, 10, 100, 1e6}));
  EXPECT_DOUBLE_EQ(-1, spearman({1, 2, 3, 4}, {4, 3, 2, 1}));
  EXPECT_DOUBLE_EQ(1 - 6 * 2.0 / (5 * 24), spearman({1, 2, 3, 4, 5}, {1, 3, 2, 4, 5}));
}

// Ranks 1.5, 1.5, 3 against 1, 2, 3: covariance 1.5, variances 1.5 and 2.
TEST(Score, SpearmanGivesTiesTheirMeanRank) {
  EXPECT_NEAR(1.5 / std::sqrt(1.5 * 2), spearman({7, 7, 9}, {1, 2, 3}), 1e-12);
}

TEST(Score, MapeLeavesOutZeros) {
  const Values measured = {0, 2, 4}, predicted = {5, 3, 3};
  EXPECT_DOUBLE_EQ((0.5 + 0.25) / 2, score_mape(measured.data(), predicted.data(), 3));
}

TEST(Score, CoverageCountsTheEnds) {
  const Values measured = {1, 2, 3, 4}, low = {1, 2.5, 2, 5}, high = {2, 3, 3, 6};
  EXPECT_DOUBLE_EQ(0.5, score_coverage(measured.data(), low.data(), high.data(), 4));
}

}  // namespace
