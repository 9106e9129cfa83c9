// eval/experiment/ramp.c: the load of a fresh window is that of all its users.
#include <vector>

#include "support.h"

extern "C" {
#include "ramp.h"
#include "simulator.h"
}

namespace {

class Ramp : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    fc_error_t error = {};
    const std::string path = fc_test::source_file("workflows/parallel.yaml");
    ASSERT_OK(fc_workflow_load(path.c_str(), &workflow_, &error));
    simulator_options_t options = {};
    options.seed = 3;
    options.semantics = FC_SEMANTICS_STRICT;
    options.users = GetParam();
    ASSERT_OK(simulator_new(workflow_, &options, &simulator_, &error));
    ASSERT_EQ(fc_observation_init(&window_, workflow_->n_functions), FC_OK);
    for (int32_t f = 0; f < workflow_->n_functions; ++f) start_.push_back(workflow_->functions[f].start);
  }
  void TearDown() override {
    simulator_destroy(&simulator_);
    fc_observation_clear(&window_);
    fc_workflow_destroy(&workflow_);
  }
  fc_workflow_t *workflow_ = nullptr;
  simulator_t *simulator_ = nullptr;
  fc_observation_t window_ = {};
  std::vector<fc_function_configuration_t> start_;
};

TEST_P(Ramp, AFreshWindowHasTheLoadOfAllItsUsers) {
  fc_error_t error = {};
  ASSERT_OK(simulator_observed_window(simulator_, 0, start_.data(), &window_, &error));
  const double measured = window_.load.mean_in_flight;
  ramp_correct(workflow_, &window_);
  EXPECT_LE(measured, window_.load.mean_in_flight);
  EXPECT_NEAR(GetParam(), window_.load.mean_in_flight, 0.02 * GetParam());
}

TEST_P(Ramp, WhatDoesNotBeginEmptyStaysAsItWasMeasured) {
  window_.load.present = FC_LOAD_HAS_IN_FLIGHT;
  window_.load.mean_in_flight = GetParam();
  window_.duration_s = 30;
  workflow_->simulator.windows = FC_WINDOWS_RUNNING;
  ramp_correct(workflow_, &window_);
  EXPECT_EQ(GetParam(), window_.load.mean_in_flight);
  workflow_->simulator.windows = FC_WINDOWS_FRESH;
  workflow_->simulator.present = false;
  ramp_correct(workflow_, &window_);
  EXPECT_EQ(GetParam(), window_.load.mean_in_flight) << "nobody knows how its windows begin";
  workflow_->simulator.present = true;
  window_.load.present = 0;
  ramp_correct(workflow_, &window_);
  EXPECT_EQ(GetParam(), window_.load.mean_in_flight) << "not measured";
}

INSTANTIATE_TEST_SUITE_P(Users, Ramp, ::testing::Values(1, 8, 10, 17, 30, 40));

}  // namespace
