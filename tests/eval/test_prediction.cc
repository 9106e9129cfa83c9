// eval/prediction.c: scores of windows that nobody learned from, in the closed and in the open loop.
#include <cmath>
#include <vector>

#include "support.h"

extern "C" {
#include "prediction.h"
#include "simulator.h"
}

namespace {

class Prediction : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/sequential.yaml").c_str(), &workflow_, &error));
    ASSERT_EQ(FC_OK, fc_observation_init(&observation_, workflow_->n_functions));
    ASSERT_OK(particles_init(&particles_, workflow_, 100, &error));
    ASSERT_OK(prediction_new(workflow_, FC_SEMANTICS_STRICT, &particles_, 1, &prediction_, &error));
    for (int32_t f = 0; f < workflow_->n_functions; ++f) start_.push_back(workflow_->functions[f].start);
  }
  void TearDown() override {
    prediction_destroy(&prediction_);
    particles_clear(&particles_);
    simulator_destroy(&simulator_);
    fc_observation_clear(&observation_);
    fc_workflow_destroy(&workflow_);
  }
  // Windows of the file's own world, with less CPU in every second one so that there is something to predict.
  void add(int n, int32_t users, double rate_per_s) {
    const simulator_options_t options = {99, FC_SEMANTICS_STRICT, users, rate_per_s};
    ASSERT_OK(simulator_renew(workflow_, &options, &simulator_, &error));
    for (int w = 0; w < n; ++w) {
      std::vector<fc_function_configuration_t> configuration = start_;
      for (auto &f : configuration) f.cpu_millicores = w % 2 == 0 ? 2000 : 800;
      ASSERT_OK(simulator_observed_window(simulator_, w, configuration.data(), &observation_, &error));
      ASSERT_OK(prediction_add(prediction_, &observation_, users, rate_per_s, &error));
    }
  }

  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  fc_observation_t observation_ = {};
  particles_t particles_ = {};
  prediction_t *prediction_ = nullptr;
  simulator_t *simulator_ = nullptr;
  std::vector<fc_function_configuration_t> start_;
};

TEST_F(Prediction, TheTrueWorldIsPredictedInBothLoops) {
  for (const auto &[users, rate] : {std::pair<int32_t, double>{5, 0}, {0, 0.5}}) {
    SCOPED_TRACE(users);
    prediction_destroy(&prediction_);
    ASSERT_OK(prediction_new(workflow_, FC_SEMANTICS_STRICT, &particles_, 1, &prediction_, &error));
    add(60, users, rate);
    const prediction_score_t score = prediction_score(prediction_);
    EXPECT_EQ(60, score.n_windows);
    EXPECT_EQ(60, prediction_windows(prediction_));
    EXPECT_GT(score.r2_log_latency, 0.7);
    EXPECT_GT(score.coverage80_latency, 0.6);
    EXPECT_LT(score.coverage80_latency, 0.95);
  }
}

TEST_F(Prediction, AWrongWorldIsNot) {
  for (int32_t i = 0; i < particles_.n; ++i)
    for (int32_t f = 0; f < workflow_->n_functions; ++f) particles_.parameters[i].functions[f].work_cpu_s *= 3;
  add(20, 5, 0);
  EXPECT_LT(prediction_score(prediction_).coverage80_latency, 0.1);
  EXPECT_LT(prediction_score(prediction_).r2_log_latency, 0);
}

TEST_F(Prediction, AWindowWithoutALatencyCountsForSuccesses) {
  EXPECT_TRUE(std::isnan(prediction_score(prediction_).r2_success));
  add(10, 5, 0);
  observation_.outcome = {};
  ASSERT_OK(prediction_add(prediction_, &observation_, 5, 0, &error));  // nothing is known of it
  EXPECT_EQ(10, prediction_windows(prediction_));
  observation_.outcome.present = FC_OUTCOME_HAS_COUNTS | FC_OUTCOME_HAS_LATENCY_MEAN;
  for (int i = 0; i < 10; ++i) ASSERT_OK(prediction_add(prediction_, &observation_, 5, 0, &error));  // an outage
  observation_.outcome.successes = 1;
  observation_.outcome.present = FC_OUTCOME_HAS_COUNTS;
  ASSERT_OK(prediction_add(prediction_, &observation_, 5, 0, &error));
  const prediction_score_t score = prediction_score(prediction_);
  EXPECT_EQ(21, score.n_windows);
  EXPECT_EQ(10, score.n_latencies);
  EXPECT_GT(score.coverage80_latency, 0.4);
  EXPECT_LT(score.coverage80_success, 0.5) << "the worst windows are not hidden";
}

}  // namespace
