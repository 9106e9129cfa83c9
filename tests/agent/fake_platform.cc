// See fake_platform.h.
#include "fake_platform.h"

#include <cmath>
#include <sstream>

extern "C" {
#include "faasconf/cost.h"
#include "faasconf/knobs.h"
}

namespace fc_test {

double cost_of(const fc_workflow_t *workflow, const Configuration &configuration) {
  return fc_cost_reserved_usd_h(workflow, configuration.data());
}

bool same(const Configuration &a, const Configuration &b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (!platform_same(&a[i], &b[i])) return false;
  return true;
}

std::string describe(const Configuration &configuration) {
  std::ostringstream text;
  for (const auto &f : configuration)
    text << f.cpu_millicores << "m/" << f.mem_mib << "Mi x" << f.replicas << " c" << f.concurrency << "; ";
  return text.str();
}

Workflow::Workflow(const std::string &name) {
  fc_error_t error = {};
  if (fc_workflow_load(name.c_str(), &workflow_, &error) != FC_OK) throw std::runtime_error(error.message);
}
Workflow::~Workflow() {
  fc_workflow_destroy(&workflow_);
}

Configuration Workflow::start() const {
  Configuration configuration(n());
  for (size_t f = 0; f < n(); ++f) configuration[f] = workflow_->functions[f].start;
  return configuration;
}

Configuration Workflow::at(double share) const {
  Configuration configuration(n());
  for (size_t f = 0; f < n(); ++f) {
    for (int k = 0; k < FC_KNOBS; ++k) {
      const auto range =
          fc_workflow_range(workflow_, static_cast<int32_t>(f), static_cast<fc_knob_t>(k), FC_RANGES_MEASURED);
      fc_knob_set(&configuration[f], static_cast<fc_knob_t>(k),
                  range.min + static_cast<int32_t>(std::lround(share * (range.max - range.min))));
    }
  }
  return configuration;
}

FakePlatform::FakePlatform(const Workflow &workflow) : configuration(workflow.start()), workflow_(workflow) {
  time_.wall_start_us = 1700000000000000;
  platform_.kind = "fake";
  platform_.self = this;
  platform_.discover = discover;
  platform_.read = read;
  platform_.read_back = read_back;
  platform_.plan = plan;
  platform_.validate = validate;
  platform_.apply = apply;
  platform_.rollback = rollback;
  platform_.clock = clock;
}

void FakePlatform::call() {
  if (before_call) before_call(calls);
  calls += 1;
}

fc_status_t FakePlatform::discover(void *self, uint32_t *capabilities, fc_knob_range_t *caps, fc_error_t *) {
  auto *fake = static_cast<FakePlatform *>(self);
  *capabilities = PLATFORM_SETS_ALL | PLATFORM_MEASURES_FUNCTIONS |
                  (fake->virtual_time ? static_cast<uint32_t>(PLATFORM_VIRTUAL_TIME) : 0u);
  for (size_t i = 0; i < fake->workflow_.n() * FC_KNOBS; ++i) caps[i] = {1, 1 << 20};
  return FC_OK;
}

fc_status_t FakePlatform::read(void *self, int64_t window, fc_observation_t *observation, fc_error_t *error) {
  auto *fake = static_cast<FakePlatform *>(self);
  fake->in_windows.push_back(fake->configuration);
  const Window shown = fake->measure ? fake->measure(window, fake->configuration) : Window{};
  if (shown.status != FC_OK) return fc_error_set(error, shown.status, "the metrics service does not answer");
  const double window_s = fake->workflow_->window_s;
  observation->window = window;
  if (!shown.stale) fake->fresh_window_ = window;
  observation->start_us =
      fake->time_.wall_start_us + static_cast<int64_t>(static_cast<double>(fake->fresh_window_) * window_s * 1e6);
  observation->duration_s = window_s;
  observation->load = {};
  observation->outcome = {};
  if (shown.has_load) {
    observation->load = {FC_LOAD_HAS_ARRIVAL_RATE | FC_LOAD_HAS_IN_FLIGHT,
                         static_cast<double>(shown.successes + shown.failures) / window_s, shown.in_flight};
  }
  if (shown.has_outcome) {
    observation->outcome.present = FC_OUTCOME_HAS_COUNTS;
    observation->outcome.successes = shown.successes;
    observation->outcome.failures = shown.failures;
    if (shown.successes > 0) {
      observation->outcome.present |= FC_OUTCOME_HAS_LATENCY_MEAN;
      observation->outcome.latency_mean_s = shown.latency_s;
    }
  }
  for (size_t f = 0; f < fake->workflow_.n(); ++f) {
    observation->configuration[f] = fake->configuration[f];
    observation->metrics[f] = {};
    if (!shown.has_metrics) continue;
    observation->metrics[f].present =
        FC_METRIC_BIT(CPU_UTILIZATION) | FC_METRIC_BIT(REQUESTS) | FC_METRIC_BIT(IN_FLIGHT);
    observation->metrics[f].cpu_utilization_pct = 40;
    observation->metrics[f].requests = static_cast<double>(shown.successes + shown.failures);
    observation->metrics[f].mean_in_flight = shown.in_flight / static_cast<double>(fake->workflow_.n());
  }
  return FC_OK;
}

fc_status_t FakePlatform::read_back(void *self, int32_t function, fc_function_configuration_t *out, fc_error_t *error) {
  auto *fake = static_cast<FakePlatform *>(self);
  fake->call();
  if (fake->read_back_status != FC_OK) return fc_error_set(error, fake->read_back_status, "cannot read back");
  *out = fake->configuration[static_cast<size_t>(function)];
  return FC_OK;
}

fc_status_t FakePlatform::plan(void *self, platform_step_t *step, fc_error_t *) {
  static_cast<FakePlatform *>(self)->call();
  step->change = PLATFORM_CHANGE_IN_PLACE;
  return FC_OK;
}

fc_status_t FakePlatform::validate(void *, const fc_function_configuration_t *, fc_error_t *) {
  return FC_OK;
}

fc_status_t FakePlatform::write(const platform_step_t *step, const fc_function_configuration_t &value) {
  call();
  const int64_t number = writes++;
  if (before_write) {
    const fc_status_t status = before_write(number, *step);
    if (status != FC_OK) return status;
  }
  written.push_back(step->function);
  if (step->function != deaf_function) configuration[static_cast<size_t>(step->function)] = value;
  if (after_write) after_write(number);
  return FC_OK;
}

fc_status_t FakePlatform::apply(void *self, const platform_step_t *step, fc_error_t *error) {
  const fc_status_t status = static_cast<FakePlatform *>(self)->write(step, step->to);
  return status == FC_OK ? FC_OK : fc_error_set(error, status, "the write was refused");
}

fc_status_t FakePlatform::rollback(void *self, const platform_step_t *step, fc_error_t *error) {
  const fc_status_t status = static_cast<FakePlatform *>(self)->write(step, step->from);
  return status == FC_OK ? FC_OK : fc_error_set(error, status, "the write was refused");
}

fc_clock_t FakePlatform::clock(void *self) {
  return fc_clock_virtual(&static_cast<FakePlatform *>(self)->time_);
}

}  // namespace fc_test
