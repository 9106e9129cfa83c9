// eval/judge.c: compliance of a configuration on fresh windows.
#include <cmath>

#include "support.h"

extern "C" {
#include "judge.h"
}

namespace {

class Judge : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow_, &error));
    for (int i = 0; i < workflow_->n_functions; ++i) start_.push_back(workflow_->functions[i].start);
  }
  void TearDown() override { fc_workflow_destroy(&workflow_); }
  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  std::vector<fc_function_configuration_t> start_;
};

TEST(Wilson, MatchesTheClosedFormAndStaysInUnitInterval) {
  double low = 0, high = 0;
  judge_wilson(380, 400, &low, &high);
  // (p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n) with p = .95, n = 400
  EXPECT_NEAR(low, 0.924036, 1e-5);
  EXPECT_NEAR(high, 0.967403, 1e-5);
  judge_wilson(0, 10, &low, &high);
  EXPECT_EQ(low, 0.0);
  EXPECT_GT(high, 0.0);
  judge_wilson(10, 10, &low, &high);
  EXPECT_EQ(high, 1.0);
  EXPECT_LT(low, 1.0);
}

TEST_F(Judge, LargeConfigurationMeetsAndSmallOneViolates) {
  judgement_t good = {}, bad = {};
  auto large = start_, small = start_;
  for (auto &f : large) f = {2000, 2048, 8, 10};
  for (auto &f : small) f = {600, 614, 2, 2};
  ASSERT_OK(judge_configuration(workflow_, FC_SEMANTICS_STRICT, 10, 1, 100, large.data(), &good, &error));
  ASSERT_OK(judge_configuration(workflow_, FC_SEMANTICS_STRICT, 10, 1, 100, small.data(), &bad, &error));
  EXPECT_TRUE(good.qos_met);
  EXPECT_GT(good.compliance, 0.98);
  EXPECT_FALSE(bad.qos_met);
  EXPECT_LT(bad.compliance, 0.05);
  EXPECT_LT(good.latency_s, bad.latency_s);
  EXPECT_GT(good.cost_usd_h, bad.cost_usd_h);
}

TEST_F(Judge, SameSeedSameJudgement) {
  judgement_t a = {}, b = {}, c = {};
  ASSERT_OK(judge_configuration(workflow_, FC_SEMANTICS_STRICT, 10, 7, 40, start_.data(), &a, &error));
  ASSERT_OK(judge_configuration(workflow_, FC_SEMANTICS_STRICT, 10, 7, 40, start_.data(), &b, &error));
  ASSERT_OK(judge_configuration(workflow_, FC_SEMANTICS_STRICT, 10, 8, 40, start_.data(), &c, &error));
  EXPECT_EQ(a.latency_s, b.latency_s);
  EXPECT_EQ(a.n_met, b.n_met);
  EXPECT_NE(a.latency_s, c.latency_s);
}

TEST_F(Judge, RefusesNoWindows) {
  judgement_t judgement = {};
  EXPECT_EQ(FC_EINVAL,
            judge_configuration(workflow_, FC_SEMANTICS_STRICT, 10, 1, 0, start_.data(), &judgement, &error));
  EXPECT_NE(std::string(error.message).find("at least one window"), std::string::npos);
}

}  // namespace
