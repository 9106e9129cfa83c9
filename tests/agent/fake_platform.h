// A platform in memory whose every answer and fault a test controls. Implements platform.h; counts every write.
#pragma once
#include <functional>
#include <string>
#include <vector>

extern "C" {
#include "platform.h"
}

namespace fc_test {

using Configuration = std::vector<fc_function_configuration_t>;

// Reserved cost per hour of a configuration.
double cost_of(const fc_workflow_t *workflow, const Configuration &configuration);
bool same(const Configuration &a, const Configuration &b);
std::string describe(const Configuration &configuration);

// The shipped Parallel workflow, loaded once per object.
class Workflow {
 public:
  explicit Workflow(const std::string &name = "parallel");
  ~Workflow();
  Workflow(const Workflow &) = delete;
  Workflow &operator=(const Workflow &) = delete;
  const fc_workflow_t *get() const { return workflow_; }
  const fc_workflow_t *operator->() const { return workflow_; }
  size_t n() const { return static_cast<size_t>(workflow_->n_functions); }
  Configuration start() const;
  // The start configuration with every knob scaled towards its lowest (share 0) or highest (share 1) value.
  Configuration at(double share) const;

 private:
  fc_workflow_t *workflow_ = nullptr;
};

// What a window shows. The default meets QoS at ten in flight.
struct Window {
  double latency_s = 9;
  int64_t successes = 28;
  int64_t failures = 0;
  double in_flight = 10;
  bool has_outcome = true;
  bool has_load = true;
  bool has_metrics = true;
  bool stale = false;  // the start of the last window that was not stale
  fc_status_t status = FC_OK;
};

class FakePlatform {
 public:
  explicit FakePlatform(const Workflow &workflow);
  platform_t *get() { return &platform_; }

  // Window number, configuration in force -> what is measured.
  std::function<Window(int64_t, const Configuration &)> measure;
  // Called before every write with its number (from 0): a failure is what apply returns, nothing is written.
  std::function<fc_status_t(int64_t, const platform_step_t &)> before_write;
  // Called after every write took effect, with its number.
  std::function<void(int64_t)> after_write;
  // Called before every call that a change makes (plan, apply, rollback, read back), counted together from 0.
  std::function<void(int64_t)> before_call;
  // When set, this function's writes are accepted and have no effect.
  int32_t deaf_function = -1;
  fc_status_t read_back_status = FC_OK;
  bool virtual_time = true;

  Configuration configuration;            // in force
  std::vector<Configuration> in_windows;  // in force in each window read
  int64_t writes = 0;
  int64_t calls = 0;
  std::vector<int32_t> written;  // functions in the order of their writes

 private:
  static fc_status_t discover(void *self, uint32_t *capabilities, fc_knob_range_t *caps, fc_error_t *error);
  static fc_status_t read(void *self, int64_t window, fc_observation_t *observation, fc_error_t *error);
  static fc_status_t read_back(void *self, int32_t function, fc_function_configuration_t *out, fc_error_t *error);
  static fc_status_t plan(void *self, platform_step_t *step, fc_error_t *error);
  static fc_status_t validate(void *self, const fc_function_configuration_t *configuration, fc_error_t *error);
  static fc_status_t apply(void *self, const platform_step_t *step, fc_error_t *error);
  static fc_status_t rollback(void *self, const platform_step_t *step, fc_error_t *error);
  static fc_clock_t clock(void *self);
  fc_status_t write(const platform_step_t *step, const fc_function_configuration_t &value);
  void call();

  const Workflow &workflow_;
  int64_t fresh_window_ = 0;
  fc_virtual_clock_t time_{};
  platform_t platform_{};
};

}  // namespace fc_test
