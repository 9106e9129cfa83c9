// sim/calibration/point.c: from the file's values to a world that it did not know.
#include <cmath>
#include <vector>

#include "support.h"

extern "C" {
#include "faasconf/knobs.h"
#include "faasconf/rng.h"
#include "point.h"
#include "simulator.h"
}

namespace {

constexpr int kUsers = 10;

class Point : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow_, &error));
    ASSERT_EQ(FC_OK, fc_observation_init(&observation_, workflow_->n_functions));
    options_ = {FC_SEMANTICS_STRICT, FC_BALANCER_RANDOM, FC_OVERFLOW_REJECT, 16, 2, std::log(2), false, 1, 2};
    d_ = unknowns_list(workflow_, nullptr);
    ASSERT_OK(point_new(workflow_, &options_, &point_, &error));
  }
  void TearDown() override {
    point_destroy(&point_);
    fc_observation_clear(&observation_);
    fc_workflow_destroy(&workflow_);
  }
  // Windows of a world in which resnet works 1.5 times as long.
  void measure(int n) {
    std::vector<fc_function_simulator_t> functions(workflow_->simulator.functions,
                                                   workflow_->simulator.functions + workflow_->n_functions);
    std::vector<fc_function_configuration_t> configuration(functions.size());
    fc_simulator_parameters_t world = workflow_->simulator;
    const simulator_options_t simulated = {99, FC_SEMANTICS_STRICT, kUsers, 0};
    simulator_t *truth = nullptr;
    fc_rng_t rng;
    functions[4].work_cpu_s *= 1.5;
    world.functions = functions.data();
    fc_rng_init(&rng, 3, 1);
    ASSERT_OK(simulator_new(workflow_, &simulated, &truth, &error));
    ASSERT_OK(simulator_set_parameters(truth, &world, &error));
    for (int w = 0; w < n; ++w) {
      fc_knobs_draw(workflow_, FC_RANGES_MEASURED, &rng, configuration.data());
      ASSERT_OK(simulator_window(truth, w, configuration.data(), &observation_, &error));
      ASSERT_OK(point_add(point_, &observation_, kUsers, 0, &error));
    }
    simulator_destroy(&truth);
  }
  point_result_t search(int max_evaluations) {
    std::vector<double> start(static_cast<size_t>(d_), 0), step(static_cast<size_t>(d_), 0.3);
    theta_.assign(static_cast<size_t>(d_), 0);
    point_result_t result = {theta_.data(), 0, 0, 0};
    EXPECT_OK(point_search(point_, start.data(), step.data(), max_evaluations, &result, &error));
    return result;
  }

  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  ensemble_options_t options_ = {};
  fc_observation_t observation_ = {};
  point_t *point_ = nullptr;
  int32_t d_ = 0;
  std::vector<double> theta_;
};

TEST_F(Point, FindsTheWorldThatTheWindowsComeFrom) {
  measure(16);
  const point_result_t found = search(250);
  EXPECT_LT(found.found, 0.6 * found.start);
  EXPECT_LE(found.n_evaluations, 250);
  for (int u = 0; u < 6; ++u) EXPECT_NEAR(u == 4 ? std::log(1.5) : 0, theta_[u], 0.2) << u;
}

TEST_F(Point, IsTheSameEveryTime) {
  measure(3);
  const point_result_t first = search(40);
  const std::vector<double> theta = theta_;
  const point_result_t second = search(40);
  EXPECT_EQ(first.found, second.found);
  EXPECT_EQ(theta, theta_);
}

TEST_F(Point, NeedsAWindowWithCounts) {
  std::vector<double> zero(static_cast<size_t>(d_), 0), theta(zero), step(static_cast<size_t>(d_), 1);
  point_result_t result = {theta.data(), 0, 0, 0};
  observation_.outcome.present = 0;
  ASSERT_OK(point_add(point_, &observation_, kUsers, 0, &error));
  EXPECT_EQ(FC_EINVAL, point_search(point_, zero.data(), step.data(), 10, &result, &error));
}

}  // namespace
