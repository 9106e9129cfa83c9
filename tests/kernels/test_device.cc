// Devices: the host's memory and what it refuses, and which device a name means.
#include <cstdint>
#include <cstring>

#include "support.h"

extern "C" {
#include "faasconf/device.h"
}

namespace {

class HostDevice : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(fc_device_open("cpu", &device_, &error)); }
  void TearDown() override { fc_device_close(&device_); }
  fc_device_t *device_ = nullptr;
  fc_error_t error = {};
};

TEST_F(HostDevice, GivesZeroedAlignedMemoryAndCopiesIt) {
  void *memory = nullptr;
  ASSERT_OK(fc_device_take(device_, 100, &memory, &error));
  EXPECT_EQ(0u, reinterpret_cast<uintptr_t>(memory) % 64);
  const float ones[3] = {1, 1, 1};
  float back[5] = {7, 7, 7, 7, 7};
  ASSERT_OK(fc_device_write(device_, memory, ones, sizeof ones, &error));
  ASSERT_OK(fc_device_read(device_, back, memory, sizeof back, &error));
  const float expected[5] = {1, 1, 1, 0, 0};
  EXPECT_EQ(0, std::memcmp(expected, back, sizeof back));
  ASSERT_OK(fc_device_wait(device_, &error));
  fc_device_give(device_, memory);
  fc_device_give(device_, nullptr);
}

TEST_F(HostDevice, AParcelHoldsWhatWasSentLast) {
  void *memory = nullptr;
  ASSERT_OK(fc_device_take(device_, 8, &memory, &error));
  fc_parcel_t *parcel = nullptr;
  ASSERT_OK(fc_parcel_new(device_, 6, &parcel, &error));
  const uint8_t *data = nullptr;
  for (const char *text : {"first", "again"}) {
    ASSERT_OK(fc_device_write(device_, memory, text, 5, &error));
    ASSERT_OK(fc_parcel_send(device_, parcel, 1, memory, 5, &error));
    ASSERT_OK(fc_parcel_seal(device_, parcel, &error));
    ASSERT_OK(fc_device_write(device_, memory, "later", 5, &error));
    ASSERT_OK(fc_parcel_await(device_, parcel, &data, &error));
    EXPECT_EQ(std::string(text), std::string(reinterpret_cast<const char *>(data) + 1, 5));
  }
  ASSERT_OK(fc_parcel_send(device_, parcel, 6, memory, 0, &error));
  fc_parcel_destroy(device_, &parcel);
  EXPECT_EQ(nullptr, parcel);
  fc_parcel_destroy(device_, &parcel);
  fc_device_give(device_, memory);
}

TEST_F(HostDevice, SaysWhenMemoryCannotBeHad) {
  void *memory = &error;
  EXPECT_EQ(FC_ENOMEM, fc_device_take(device_, SIZE_MAX - 5, &memory, &error));
  EXPECT_EQ(nullptr, memory);
}

TEST_F(HostDevice, RunsAtOnceAndRecordsNothing) {
  fc_recording_t *recording = nullptr;
  EXPECT_EQ(FC_ESTATE, fc_device_record(device_, &error));
  EXPECT_THAT(error.message, ::testing::HasSubstr("records none"));
  EXPECT_EQ(FC_ESTATE, fc_device_keep(device_, &recording, &error));
  fc_device_forget(device_, &recording);
  EXPECT_EQ(nullptr, fc_device_stream(device_));
  EXPECT_STREQ("cpu", fc_device_ops(device_)->backend);
  EXPECT_THAT(fc_device_name(device_), ::testing::StartsWith("cpu "));
}

TEST(Device, ANameThatIsNoneIsRefused) {
  fc_device_t *device = nullptr;
  fc_error_t error = {};
  EXPECT_EQ(FC_EINVAL, fc_device_open("tpu", &device, &error));
  EXPECT_THAT(error.message, ::testing::HasSubstr("backend `tpu`: expected cpu, cuda or auto"));
  EXPECT_EQ(nullptr, device);
  fc_device_close(&device);
}

TEST(Device, AutoTakesTheCpuWhereThereIsNoCuda) {
  fc_device_t *cuda = nullptr, *device = nullptr;
  fc_error_t error = {};
  const fc_status_t status = fc_device_open("cuda", &cuda, &error);
  if (status != FC_OK) {
    EXPECT_EQ(FC_ENOTFOUND, status);
    EXPECT_THAT(error.message, ::testing::HasSubstr("backend cuda: "));
  }
  ASSERT_OK(fc_device_open("auto", &device, &error));
  EXPECT_STREQ(status == FC_OK ? "cuda" : "cpu", fc_device_ops(device)->backend);
  fc_device_close(&device);
  fc_device_close(&cuda);
}

TEST(Device, ATableThatLacksAnOpIsRefused) {
  fc_ops_t broken = *fc_ops_cpu();
  broken.adam = nullptr;
  fc_device_t *device = nullptr;
  fc_error_t error = {};
  EXPECT_EQ(FC_EINTERNAL, fc_device_open_host(&broken, &device, &error));
  EXPECT_THAT(error.message, ::testing::HasSubstr("lacks the op adam"));
}

}  // namespace
