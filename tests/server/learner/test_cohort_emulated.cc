// Whole updates through the CUDA bodies, run on the CPU thread by thread, against the CPU's own.
#include "support.h"
#include "trained_cohort.h"

extern "C" {
#include "table_cuda.h"
}

namespace {

TEST(CohortEmulated, TenUpdatesAreThoseOfTheHost) {
  fc_device_t *device = nullptr;
  fc_error_t error = {};
  ASSERT_OK(fc_device_open_host(&ops_table_cuda, &device, &error));
  for (fc_test::CohortShape shape : fc_test::cohort_shapes()) {
    shape.n_batch = 4;
    shape.n_hidden = 8;
    fc_test::expect_the_updates_of_the_host(shape, device);
  }
  fc_device_close(&device);
}

}  // namespace
