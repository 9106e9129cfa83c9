// Batches through the device's kernels, run on the CPU (tests/support/simt.h): layout, pointers, rounds, results.
#include "batch_windows.h"

extern "C" {
#include "table_cuda.h"
}

namespace {

using fc_test::BatchWindows;
using fc_test::WindowsOfBoth;

class BatchEmulated : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(fc_device_open_host(&ops_table_cuda, &device_, &error)); }
  void TearDown() override { fc_device_close(&device_); }

  void expect_the_windows_of_the_cpu(const fc_workflow_t *workflow, const BatchWindows &wanted,
                                     const fc_simulator_parameters_t *parameters = nullptr) {
    WindowsOfBoth both(workflow, wanted);
    both.on_device(device_, parameters);
    double equal = 0, worst = 0;
    both.compare(&equal, &worst, parameters);
    EXPECT_EQ(1, equal);
    EXPECT_LE(worst, 1e-12);
    std::printf("  %zu bytes a window\n", both.window_bytes);
  }

  fc_device_t *device_ = nullptr;
  fc_error_t error = {};
};

TEST_F(BatchEmulated, GivesTheWindowsOfTheCpu) {
  auto parallel = fc_test::parallel_workflow();
  expect_the_windows_of_the_cpu(parallel->get(), {});
}

// Three launches, the last one with few windows; nobody waits for the answers that are out.
TEST_F(BatchEmulated, TakesMoreWindowsThanItHasRoomFor) {
  auto parallel = fc_test::parallel_workflow();
  BatchWindows wanted;
  wanted.n = 70;
  wanted.capacity = 32;
  wanted.with_latencies = false;
  wanted.other_users = true;
  expect_the_windows_of_the_cpu(parallel->get(), wanted);
}

TEST_F(BatchEmulated, GivesTheWindowsOfAnOpenLoop) {
  auto parallel = fc_test::parallel_workflow();
  BatchWindows wanted;
  wanted.users = 0;
  wanted.rate_per_s = 1.5;
  wanted.n = 16;
  expect_the_windows_of_the_cpu(parallel->get(), wanted);
}

TEST_F(BatchEmulated, GivesTheWindowsOfTheLargestShippedWorkflow) {
  fc_workflow_t *workflow = nullptr;
  ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/tcktapp.yaml").c_str(), &workflow, &error));
  BatchWindows wanted;
  wanted.n = wanted.capacity = 4;
  expect_the_windows_of_the_cpu(workflow, wanted);
  fc_workflow_destroy(&workflow);
}

TEST_F(BatchEmulated, TakesOtherParameters) {
  auto parallel = fc_test::parallel_workflow();
  fc_simulator_parameters_t other = parallel->get()->simulator;
  other.throttling_loss = 0.1;
  other.balancer = FC_BALANCER_LEAST_CONNECTIONS;
  expect_the_windows_of_the_cpu(parallel->get(), {}, &other);
}

TEST_F(BatchEmulated, RefusesWhatIsNotPossible) {
  auto parallel = fc_test::parallel_workflow();
  const simulator_options_t options = {7, FC_SEMANTICS_STRICT, 10, 0};
  batch_t *batch = nullptr;
  fc_device_t *cpu = nullptr;
  ASSERT_OK(fc_device_open("cpu", &cpu, &error));
  EXPECT_EQ(FC_EINVAL, batch_new(parallel->get(), &options, true, 4, cpu, &batch, &error));
  EXPECT_THAT(error.message, ::testing::HasSubstr("needs a CUDA device, not cpu"));
  fc_device_close(&cpu);
  EXPECT_EQ(FC_EINVAL, batch_new(parallel->get(), &options, true, 0, device_, &batch, &error));
  ASSERT_OK(batch_new(parallel->get(), &options, true, 4, device_, &batch, &error));
  const int64_t windows[2] = {0, 1};
  const int32_t users[2] = {3, 11};
  fc_test::Configuration configurations(2 * static_cast<size_t>(parallel->get()->n_functions), {1000, 700, 2, 4});
  fc_outcome_t outcome[2];
  const batch_results_t results = {nullptr, outcome, nullptr};
  EXPECT_EQ(FC_EINVAL, batch_run(batch, 2, windows, users, configurations.data(), &results, &error));
  EXPECT_THAT(error.message, ::testing::HasSubstr("window 1 of the batch: 11 users: expected 0 to 10"));
  configurations[0].replicas = 5000;
  EXPECT_EQ(FC_EINVAL, batch_run(batch, 2, windows, nullptr, configurations.data(), &results, &error));
  EXPECT_THAT(error.message, ::testing::HasSubstr("window 0 of the batch: configuration of function"));
  EXPECT_EQ(FC_OK, batch_run(batch, 0, windows, nullptr, configurations.data(), &results, &error));
  batch_destroy(&batch);
  batch_destroy(&batch);
}

}  // namespace
