// Simulated windows become rows on the CUDA device, beside the replay's rows of the CPU's windows.
#include "batch_rows_of_both.h"
#include "on_gpu.h"

namespace {

class BatchRowsOnGpu : public fc_test::OnGpu<> {};

TEST_F(BatchRowsOnGpu, AreTheRowsOfTheReplay) {
  const fc_test::LoadedWorkflow parallel("parallel");
  fc_test::RowsWanted wanted;
  wanted.capacity = 256;
  fc_test::expect_the_rows_of_the_replay(parallel.get(), wanted, device_);
}

TEST_F(BatchRowsOnGpu, FitTheNormaliserOfTheReplay) {
  const fc_test::LoadedWorkflow parallel("parallel");
  fc_test::expect_the_rows_of_the_replay(parallel.get(), {}, device_, true);
}

}  // namespace
