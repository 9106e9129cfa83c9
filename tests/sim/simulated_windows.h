// A simulator with an observation to fill, and averages over windows with their standard errors.
#pragma once
#include <cmath>
#include <string>
#include <vector>

extern "C" {
#include "simulator.h"
}

namespace fc_test {

using Configuration = std::vector<fc_function_configuration_t>;

// Values are copied bytes: equal vectors mean equal windows.
struct Window {
  fc_load_t load;
  fc_outcome_t outcome;
  std::vector<fc_function_metrics_t> functions;
  bool has_latency() const { return (outcome.present & FC_OUTCOME_HAS_LATENCY_MEAN) != 0; }
};

class Simulated {
 public:
  // users > 0: closed loop; users == 0: open loop at rate_per_s.
  Simulated(const fc_workflow_t *workflow, int users, fc_semantics_t semantics, uint64_t seed = 1,
            double rate_per_s = 0)
      : metrics_(workflow->n_functions), configuration_(workflow->n_functions) {
    const simulator_options_t options = {seed, semantics, users, rate_per_s};
    status = simulator_new(workflow, &options, &simulator_, &error);
    observation_.n_functions = workflow->n_functions;
    observation_.metrics = metrics_.data();
    observation_.configuration = configuration_.data();
  }
  ~Simulated() { simulator_destroy(&simulator_); }
  Simulated(const Simulated &) = delete;
  Simulated &operator=(const Simulated &) = delete;

  const fc_observation_t &observe(int64_t window, const Configuration &configuration) {
    status = simulator_window(simulator_, window, configuration.data(), &observation_, &error);
    return observation_;
  }
  // The next window of a stretch.
  const fc_observation_t &next(int64_t window, const Configuration &configuration) {
    status = simulator_next_window(simulator_, window, configuration.data(), &observation_, &error);
    return observation_;
  }
  const fc_observation_t &observed(int64_t window, const Configuration &configuration) {
    status = simulator_observed_window(simulator_, window, configuration.data(), &observation_, &error);
    return observation_;
  }
  Window window(int64_t number, const Configuration &configuration) {
    observe(number, configuration);
    return {observation_.load, observation_.outcome, metrics_};
  }

  // What was observed last.
  const fc_observation_t &seen() const { return observation_; }

  simulator_t *get() { return simulator_; }
  fc_status_t status = FC_OK;
  fc_error_t error = {};

 private:
  simulator_t *simulator_ = nullptr;
  std::vector<fc_function_metrics_t> metrics_;
  Configuration configuration_;
  fc_observation_t observation_ = {};
};

// Mean of what was added, and its standard error.
class Average {
 public:
  void add(double value) {
    n_ += 1;
    const double change = value - mean_;
    mean_ += change / n_;
    squares_ += change * (value - mean_);
  }
  double n() const { return n_; }
  double mean() const { return mean_; }
  double variance() const { return n_ > 1 ? squares_ / (n_ - 1) : 0; }
  double standard_error() const { return std::sqrt(variance() / n_); }

 private:
  double n_ = 0, mean_ = 0, squares_ = 0;
};

}  // namespace fc_test
