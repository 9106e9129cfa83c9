// Batches on the CUDA device against the CPU: equal counts in nearly all windows, and their times.
#include "batch_windows.h"
#include "on_gpu.h"

namespace {

using fc_test::BatchWindows;
using fc_test::WindowsOfBoth;

class BatchOnGpu : public fc_test::OnGpu<> {
 protected:
  // A tie of two events may fall the other way where exp and log differ in their last digit.
  void expect_the_windows_of_the_cpu(const fc_workflow_t *workflow, const BatchWindows &wanted) {
    WindowsOfBoth both(workflow, wanted);
    both.on_device(device_);
    double equal = 0, worst = 0;
    both.compare(&equal, &worst);
    std::printf("  equal counts in %.2f %% of %d windows, their times within %.1e; %zu bytes a window\n", 100 * equal,
                wanted.n, worst, both.window_bytes);
    EXPECT_GE(equal, 0.99);
    EXPECT_LE(worst, 1e-6);
  }
};

TEST_F(BatchOnGpu, GivesTheWindowsOfTheCpu) {
  auto parallel = fc_test::parallel_workflow();
  BatchWindows wanted;
  wanted.n = 1000;
  wanted.capacity = 600;
  wanted.other_users = true;
  expect_the_windows_of_the_cpu(parallel->get(), wanted);
}

TEST_F(BatchOnGpu, GivesTheWindowsOfAnOpenLoop) {
  auto parallel = fc_test::parallel_workflow();
  BatchWindows wanted;
  wanted.users = 0;
  wanted.rate_per_s = 1.5;
  wanted.n = wanted.capacity = 400;
  expect_the_windows_of_the_cpu(parallel->get(), wanted);
}

TEST_F(BatchOnGpu, GivesTheWindowsOfTheLargestShippedWorkflow) {
  fc_workflow_t *workflow = nullptr;
  ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/tcktapp.yaml").c_str(), &workflow, &error));
  BatchWindows wanted;
  wanted.users = 20;
  wanted.n = wanted.capacity = 128;
  expect_the_windows_of_the_cpu(workflow, wanted);
  fc_workflow_destroy(&workflow);
}

}  // namespace
