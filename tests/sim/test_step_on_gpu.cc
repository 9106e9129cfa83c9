// The one source of the step function, run on a CUDA device, gives the windows of the CPU. The mathematics of the two
// differ in the last digit (exp, log), so times agree closely and counts agree but where a tie of two events broke.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>

#include "simulated_windows.h"
#include "simulated_workflows.h"
#include "step_on_gpu.h"
#include "support.h"

extern "C" {
#include "metrics.h"
}

namespace {

using fc_test::Configuration;
using fc_test::GpuRun;
using fc_test::GpuStep;
using fc_test::Simulated;

// A batch of windows of one workflow, each with a configuration of its own: on the device, and on the CPU.
class Batch {
 public:
  Batch(const fc_workflow_t *workflow, int n, int users, double rate_per_s) : workflow_(workflow) {
    for (int i = 0; i < n; ++i) {
      device_.push_back(std::make_unique<Simulated>(workflow, users, FC_SEMANTICS_STRICT, 7, rate_per_s));
      host_.push_back(std::make_unique<Simulated>(workflow, users, FC_SEMANTICS_STRICT, 7, rate_per_s));
      states_.push_back(device_.back()->get());
    }
  }

  bool run(GpuStep step, int64_t first_window) {
    std::vector<int64_t> windows;
    Configuration all;
    for (size_t i = 0; i < states_.size(); ++i) {
      windows.push_back(first_window + static_cast<int64_t>(i));
      const Configuration one = configuration(first_window, i);
      all.insert(all.end(), one.begin(), one.end());
      if (step == GpuStep::kDrain) continue;
      states_[i]->continues = stretch_;
    }
    const bool done =
        step_on_gpu(states_.data(), static_cast<int32_t>(states_.size()), step, windows.data(), all.data(), &gpu);
    EXPECT_TRUE(done) << gpu.failure;
    return done;
  }

  // Fresh windows, or one more window of as many stretches.
  void next(int64_t first_window, bool stretch, bool begins) {
    stretch_ = stretch;
    ASSERT_TRUE(run(begins ? GpuStep::kOpenAndRun : GpuStep::kReopenAndRun, first_window));
    const auto began = std::chrono::steady_clock::now();
    for (size_t i = 0; i < host_.size(); ++i) {
      const Configuration one = configuration(first_window, i);
      const int64_t window = first_window + static_cast<int64_t>(i);
      stretch ? host_[i]->next(window, one) : host_[i]->observe(window, one);
      ASSERT_EQ(FC_OK, host_[i]->status) << host_[i]->error.message;
    }
    cpu_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    gpu_s = gpu.kernel_s;
    collect(!stretch);
  }

  // Before another comparison.
  void forget() {
    equal_ = 0;
    worst_latency_error = mean_latency[0] = mean_latency[1] = successes[0] = successes[1] = 0;
  }

  double share_of_equal_counts() const { return static_cast<double>(equal_) / static_cast<double>(states_.size()); }

  GpuRun gpu;
  double cpu_s = 0, gpu_s = 0;
  double worst_latency_error = 0;   // relative, of windows with equal counts
  double mean_latency[2] = {0, 0};  // device, CPU: over the windows in which something succeeded
  double successes[2] = {0, 0};

 private:
  Configuration configuration(int64_t first_window, size_t i) const {
    const auto k = static_cast<int>(i + static_cast<size_t>(first_window));
    return Configuration(static_cast<size_t>(workflow_->n_functions),
                         {600 + 100 * (k % 12), 700, 2 + k % 6, 2 + k % 7});
  }

  void collect(bool drains) {
    const auto n_functions = static_cast<size_t>(workflow_->n_functions);
    std::vector<fc_observation_t> seen(states_.size());
    std::vector<std::vector<fc_function_metrics_t>> metrics(states_.size(),
                                                            std::vector<fc_function_metrics_t>(n_functions));
    for (size_t i = 0; i < states_.size(); ++i) {
      seen[i].n_functions = workflow_->n_functions;
      seen[i].metrics = metrics[i].data();
      metrics_fill(states_[i], &seen[i]);
    }
    if (drains) {
      ASSERT_TRUE(run(GpuStep::kDrain, 0));
    }
    for (size_t i = 0; i < states_.size(); ++i) {
      metrics_fill_latencies(states_[i], &seen[i]);
      compare(seen[i], host_[i]->seen());
    }
    for (double &mean : mean_latency) mean /= static_cast<double>(states_.size());
  }

  void compare(const fc_observation_t &device, const fc_observation_t &host) {
    const fc_observation_t *both[2] = {&device, &host};
    for (int k = 0; k < 2; ++k) {
      mean_latency[k] += both[k]->outcome.latency_mean_s;
      successes[k] += static_cast<double>(both[k]->outcome.successes);
    }
    bool equal = device.outcome.successes == host.outcome.successes &&
                 device.outcome.failures == host.outcome.failures && device.outcome.rejected == host.outcome.rejected &&
                 device.outcome.unfinished == host.outcome.unfinished;
    for (int32_t f = 0; f < device.n_functions; ++f)
      equal = equal && device.metrics[f].requests == host.metrics[f].requests &&
              device.metrics[f].rejected == host.metrics[f].rejected &&
              device.metrics[f].present == host.metrics[f].present;
    if (!equal) return;
    equal_ += 1;
    note(device.outcome.latency_mean_s, host.outcome.latency_mean_s);
    note(device.outcome.latency_p95_s, host.outcome.latency_p95_s);
    for (int32_t f = 0; f < device.n_functions; ++f) {
      note(device.metrics[f].cpu_utilization_pct, host.metrics[f].cpu_utilization_pct);
      note(device.metrics[f].mean_in_flight, host.metrics[f].mean_in_flight);
      note(device.metrics[f].latency_p95_s, host.metrics[f].latency_p95_s);
    }
  }

  void note(double a, double b) {
    if (a != b) worst_latency_error = std::max(worst_latency_error, std::fabs(a - b) / std::max(1e-9, std::fabs(b)));
  }

  const fc_workflow_t *workflow_;
  std::vector<std::unique_ptr<Simulated>> device_, host_;
  std::vector<simulator_t *> states_;
  bool stretch_ = false;
  int64_t equal_ = 0;
};

class StepOnGpu : public ::testing::Test {
 protected:
  void SetUp() override {
    GpuRun run;
    if (!fc_test::gpu_device(&run)) GTEST_SKIP() << "no CUDA device: " << run.failure;
  }

  void expect_the_same(const Batch &batch) {
    std::printf(
        "  %s: equal counts in %.2f %% of windows, their times within %.1e; mean latency %.6f s and %.6f s; "
        "kernel %.3f s (%.0f MiB), one CPU core %.3f s\n",
        name_, 100 * batch.share_of_equal_counts(), batch.worst_latency_error, batch.mean_latency[0],
        batch.mean_latency[1], batch.gpu_s, batch.gpu.mib, batch.cpu_s);
    EXPECT_GE(batch.share_of_equal_counts(), 0.99);
    EXPECT_LE(batch.worst_latency_error, 1e-6);
    EXPECT_NEAR(batch.mean_latency[0], batch.mean_latency[1], 1e-3 * batch.mean_latency[1]);
    EXPECT_NEAR(batch.successes[0], batch.successes[1], 1e-3 * batch.successes[1]);
    EXPECT_GT(batch.successes[1], 0);
  }

  const char *name_ = ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

// FAASCONF_GPU_WINDOWS=32768 fills a large device, to measure the kernel (docs/benchmarks.md).
TEST_F(StepOnGpu, GivesTheFreshWindowsOfTheCpu) {
  const char *wanted = std::getenv("FAASCONF_GPU_WINDOWS");
  const int n_windows = wanted != nullptr ? std::atoi(wanted) : 2048;
  ASSERT_GE(n_windows, 1) << "FAASCONF_GPU_WINDOWS=" << wanted;
  auto parallel = fc_test::parallel_workflow();
  Batch batch(parallel->get(), n_windows, 10, 0);
  batch.next(0, false, true);
  expect_the_same(batch);
}

TEST_F(StepOnGpu, GivesTheWindowsOfAnOpenLoop) {
  auto parallel = fc_test::parallel_workflow();
  Batch batch(parallel->get(), 512, 0, 1.5);
  batch.next(0, false, true);
  expect_the_same(batch);
}

// Every replica is replaced in the second window: cold starts, and what was in flight goes on.
TEST_F(StepOnGpu, GivesTheSecondWindowOfStretches) {
  auto parallel = fc_test::parallel_workflow();
  Batch first(parallel->get(), 512, 10, 0);
  first.next(0, true, true);
  expect_the_same(first);
  first.forget();
  first.next(1000, true, false);
  expect_the_same(first);
}

// Quotas by the period: throttled replicas, debts, and what of it goes on in the next window.
TEST_F(StepOnGpu, GivesTheWindowsOfQuotasByPeriods) {
  auto parallel = fc_test::parallel_workflow();
  parallel->raw().simulator.cpu_period_s = 0.1;
  parallel->raw().simulator.cpu_tick_s = 0.004;
  parallel->raw().simulator.cores = 2;
  Batch batch(parallel->get(), 512, 10, 0);
  batch.next(0, true, true);
  expect_the_same(batch);
  batch.forget();
  batch.next(1000, true, false);
  expect_the_same(batch);
}

// Synchronous functions, nested and repeated calls, exclusive branches, counts drawn per request.
TEST_F(StepOnGpu, GivesTheWindowsOfTheLargestShippedWorkflow) {
  fc_workflow_t *workflow = nullptr;
  fc_error_t error = {};
  ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/tcktapp.yaml").c_str(), &workflow, &error));
  {
    Batch batch(workflow, 128, 20, 0);
    batch.next(0, false, true);
    expect_the_same(batch);
  }
  fc_workflow_destroy(&workflow);
}

}  // namespace
