// A test on the CUDA device; skipped with a reason where there is none.
#pragma once
#include <gtest/gtest.h>

extern "C" {
#include "faasconf/device.h"
}

namespace fc_test {

// Beside ::testing::Test or TestWithParam.
template <typename Base = ::testing::Test>
class OnGpu : public Base {
 protected:
  void SetUp() override {
    const fc_status_t status = fc_device_open("cuda", &device_, &error);
    if (status == FC_ENOTFOUND) GTEST_SKIP() << error.message;
    ASSERT_EQ(FC_OK, status) << error.message;
  }
  void TearDown() override { fc_device_close(&device_); }

  fc_device_t *device_ = nullptr;
  fc_error_t error = {};
};

}  // namespace fc_test
