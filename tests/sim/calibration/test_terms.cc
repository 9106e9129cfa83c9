// sim/calibration/terms.c: which numbers of a window are compared, and as what.
#include <cmath>
#include <vector>

#include "support.h"

extern "C" {
#include "terms.h"
}

namespace {

class Terms : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(FC_OK, fc_observation_init(&o_, 2));
    o_.duration_s = 30;
    o_.outcome.present = FC_OUTCOME_HAS_LATENCY_MEAN | FC_OUTCOME_HAS_COUNTS;
    o_.outcome.latency_mean_s = 8;
    o_.outcome.successes = 20;
    for (int f = 0; f < 2; ++f) {
      o_.metrics[f].present = FC_METRIC_BIT(LATENCY_P75) | FC_METRIC_BIT(LATENCY_P95) | FC_METRIC_BIT(CPU_UTILIZATION) |
                              FC_METRIC_BIT(THROTTLED);
      o_.metrics[f].latency_p75_s = 2 + f;
      o_.metrics[f].latency_p95_s = 4 + f;
      o_.metrics[f].cpu_utilization_pct = 50 + f;
      o_.metrics[f].throttled_periods = 10 * f;
    }
  }
  void TearDown() override { fc_observation_clear(&o_); }
  std::vector<double> values(bool uses_cpu) {
    std::vector<int32_t> list(static_cast<size_t>(terms_max(2)));
    list.resize(static_cast<size_t>(terms_of(&o_, uses_cpu, list.data())));
    std::vector<double> out;
    for (const int32_t term : list) out.push_back(terms_value(&o_, term));
    return out;
  }
  fc_observation_t o_ = {};
};

TEST_F(Terms, AreEndToEndFirstThenFunctionByFunction) {
  const std::vector<double> expected = {
      std::log(8), std::sqrt(20.25), std::log(2), std::log(4),         std::log(50.001),
      0,           std::log(3),      std::log(5), std::log(51 + 1e-3), std::log(11)};
  const std::vector<double> got = values(true);
  ASSERT_EQ(expected.size(), got.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(expected[i], got[i], 1e-12) << i;
  EXPECT_EQ(6u, values(false).size());
}

TEST_F(Terms, LeaveOutWhatTheWindowLacks) {
  o_.outcome.successes = 0;
  o_.metrics[0].present = FC_METRIC_BIT(LATENCY_P95);
  o_.metrics[1].present = 0;
  EXPECT_EQ((std::vector<double>{0.5, std::log(4)}), values(true));
}

TEST_F(Terms, ASimulatedWindowWithoutLatencyHasItsLength) {
  o_.outcome.successes = 0;
  o_.metrics[0].present = 0;
  EXPECT_EQ(std::log(30), terms_value(&o_, TERM_LATENCY));
  EXPECT_EQ(std::log(30), terms_value(&o_, TERMS_END_TO_END));
}

TEST_F(Terms, OnlyMeasuredNoiseIsAdded) {
  EXPECT_EQ(0, terms_noise(TERM_LATENCY));
  EXPECT_EQ(0, terms_noise(TERM_SUCCESSES));
  EXPECT_EQ(0, terms_noise(TERMS_END_TO_END));
  EXPECT_NEAR(0.09, terms_noise(TERMS_END_TO_END + 1), 1e-12);
  EXPECT_NEAR(0.0225, terms_noise(TERMS_END_TO_END + TERMS_PER_FUNCTION + 2), 1e-12);
}

}  // namespace
