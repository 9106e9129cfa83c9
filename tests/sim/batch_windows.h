// A batch of windows on any device beside the CPU's own windows.
#pragma once
#include <algorithm>
#include <cstdio>
#include <memory>

#include "simulated_windows.h"
#include "simulated_workflows.h"
#include "support.h"

extern "C" {
#include "batch.h"
}

namespace fc_test {

struct BatchWindows {
  int users = 10;
  double rate_per_s = 0;
  bool with_latencies = true;
  int n = 64, capacity = 64;
  bool other_users = false;  // fewer in some windows
};

// Which windows, configurations and users; the same for device and CPU.
class WindowsOfBoth {
 public:
  WindowsOfBoth(const fc_workflow_t *workflow, const BatchWindows &wanted) : workflow_(workflow), wanted_(wanted) {
    for (int i = 0; i < wanted.n; ++i) {
      windows_.push_back(100 + 3 * i);
      users_.push_back(wanted.other_users ? 1 + i % wanted.users : wanted.users);
      const Configuration one = configuration(i);
      configurations_.insert(configurations_.end(), one.begin(), one.end());
    }
  }

  void on_device(fc_device_t *device, const fc_simulator_parameters_t *parameters = nullptr) {
    fc_error_t error = {};
    const simulator_options_t options = {7, FC_SEMANTICS_STRICT, wanted_.users, wanted_.rate_per_s};
    batch_t *batch = nullptr;
    ASSERT_OK(batch_new(workflow_, &options, wanted_.with_latencies, wanted_.capacity, device, &batch, &error));
    if (parameters != nullptr) {
      ASSERT_OK(batch_set_parameters(batch, parameters, &error));
    }
    load.resize(windows_.size());
    outcome.resize(windows_.size());
    metrics.resize(configurations_.size());
    const batch_results_t results = {load.data(), outcome.data(), metrics.data()};
    EXPECT_EQ(FC_OK, batch_run(batch, wanted_.n, windows_.data(), wanted_.other_users ? users_.data() : nullptr,
                               configurations_.data(), &results, &error))
        << error.message;
    window_bytes = batch_window_bytes(batch);
    batch_destroy(&batch);
  }

  // Share of windows whose counts are the CPU's, and how far their times are apart at most, relatively.
  void compare(double *equal_share, double *worst_time, const fc_simulator_parameters_t *parameters = nullptr) {
    int equal = 0;
    *worst_time = 0;
    for (int i = 0; i < wanted_.n; ++i) {
      const auto at = static_cast<size_t>(i);
      Simulated host(workflow_, wanted_.users, FC_SEMANTICS_STRICT, 7, wanted_.rate_per_s);
      fc_error_t error = {};
      if (parameters != nullptr) {
        ASSERT_OK(simulator_set_parameters(host.get(), parameters, &error));
      }
      if (wanted_.other_users) {
        ASSERT_OK(simulator_set_load(host.get(), users_[at], 0, &error));
      }
      if (!wanted_.with_latencies) simulator_set_outcomes_only(host.get());
      const fc_observation_t &seen = host.observe(windows_[at], configuration(i));
      ASSERT_EQ(FC_OK, host.status) << host.error.message;
      if (!same_counts(at, seen)) continue;
      equal += 1;
      note(outcome[at].latency_mean_s, seen.outcome.latency_mean_s, worst_time);
      note(outcome[at].latency_p95_s, seen.outcome.latency_p95_s, worst_time);
      note(load[at].mean_in_flight, seen.load.mean_in_flight, worst_time);
      for (int32_t f = 0; f < workflow_->n_functions; ++f) {
        const fc_function_metrics_t &m = metrics[at * static_cast<size_t>(workflow_->n_functions) + size_t(f)];
        note(m.cpu_utilization_pct, seen.metrics[f].cpu_utilization_pct, worst_time);
        note(m.mem_utilization_pct, seen.metrics[f].mem_utilization_pct, worst_time);
        note(m.latency_p95_s, seen.metrics[f].latency_p95_s, worst_time);
      }
    }
    *equal_share = static_cast<double>(equal) / wanted_.n;
  }

  std::vector<fc_load_t> load;
  std::vector<fc_outcome_t> outcome;
  std::vector<fc_function_metrics_t> metrics;
  size_t window_bytes = 0;

 private:
  Configuration configuration(int i) const {
    Configuration all;
    for (int32_t f = 0; f < workflow_->n_functions; ++f)
      all.push_back({600 + 100 * ((i + f) % 12), 700, 2 + (i + f) % 6, 2 + (i + 2 * f) % 7});
    return all;
  }
  bool same_counts(size_t i, const fc_observation_t &seen) const {
    const fc_outcome_t &a = outcome[i], &b = seen.outcome;
    bool same = a.present == b.present && a.successes == b.successes && a.failures == b.failures &&
                a.rejected == b.rejected && a.unfinished == b.unfinished;
    for (int32_t f = 0; f < workflow_->n_functions; ++f) {
      const fc_function_metrics_t &m = metrics[i * static_cast<size_t>(workflow_->n_functions) + size_t(f)];
      same = same && m.requests == seen.metrics[f].requests && m.rejected == seen.metrics[f].rejected &&
             m.failed == seen.metrics[f].failed && m.present == seen.metrics[f].present;
    }
    return same;
  }
  static void note(double a, double b, double *worst) {
    if (a != b) *worst = std::max(*worst, std::fabs(a - b) / std::max(1e-9, std::fabs(b)));
  }

  const fc_workflow_t *workflow_;
  BatchWindows wanted_;
  std::vector<int64_t> windows_;
  std::vector<int32_t> users_;
  Configuration configurations_;
};

}  // namespace fc_test
