// The emulation itself: what it runs, what it shows, what it refuses.
#include "simt.h"

#include <gtest/gtest.h>

#include <vector>

namespace {

__global__ void reverse_kernel(int *values) {
  __shared__ int kept[64];
  kept[threadIdx.x] = values[blockIdx.x * 64 + threadIdx.x];
  __syncthreads();
  values[blockIdx.x * 64 + threadIdx.x] = kept[63 - threadIdx.x];
}

__global__ void reverse_without_barrier_kernel(int *values) {
  __shared__ int kept[64];
  kept[threadIdx.x] = values[threadIdx.x];
  values[threadIdx.x] = kept[63 - threadIdx.x];
}

std::vector<int> reversed(bool barrier, simt::Order order) {
  std::vector<int> values(128);
  for (int i = 0; i < 128; ++i) values[static_cast<size_t>(i)] = i;
  int *data = values.data();
  simt::set_order(order);
  if (barrier) {
    FC_LAUNCH(reverse_kernel, 2, 64, nullptr, data);
  } else {
    FC_LAUNCH(reverse_without_barrier_kernel, 1, 64, nullptr, data);
  }
  return values;
}

TEST(Simt, BlocksMeetAtBarriersInEitherOrder) {
  const std::vector<int> ascending = reversed(true, simt::Order::kAscending);
  for (int i = 0; i < 128; ++i) EXPECT_EQ(i / 64 * 64 + 63 - i % 64, ascending[static_cast<size_t>(i)]);
  EXPECT_EQ(ascending, reversed(true, simt::Order::kDescending));
}

TEST(Simt, AMissingBarrierShowsInTheOrderOfThreads) {
  EXPECT_NE(reversed(false, simt::Order::kAscending), reversed(false, simt::Order::kDescending));
}

__global__ void sum_kernel(int *sums, int n) {
  const auto thread = static_cast<int>(threadIdx.x);
  int sum = thread < n ? thread : 0;
  for (int width = 16; width >= 1; width /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, width);
  sums[threadIdx.x] = sum + static_cast<int>(__ballot_sync(0xffffffffu, thread == 3) != 0);
}

TEST(Simt, WarpsExchangeWhatEachLaneLeft) {
  std::vector<int> sums(64);
  int *data = sums.data();
  FC_LAUNCH(sum_kernel, 1, 64, nullptr, data, 40);
  EXPECT_EQ(31 * 32 / 2 + 1, sums[0]);
  EXPECT_EQ(32 + 33 + 34 + 35 + 36 + 37 + 38 + 39, sums[63]);
}

__global__ void half_kernel(float *out) {
  const unsigned mask = 0x0000ffffu;
  if (threadIdx.x >= 16) return;
  out[threadIdx.x] = __shfl_down_sync(mask, static_cast<float>(threadIdx.x), 1u);
}

TEST(Simt, AShuffleFromALaneThatIsGoneEndsTheProgram) {
  std::vector<float> out(32);
  float *data = out.data();
  EXPECT_DEATH(FC_LAUNCH(half_kernel, 1, 32, nullptr, data), "a lane that takes no part, in thread .15, 0, 0.");
}

__global__ void unset_kernel(float *out) {
  __shared__ float unset[4];
  out[threadIdx.x] = unset[threadIdx.x];
}

TEST(Simt, SharedMemoryIsNotANumberUntilItIsWritten) {
  std::vector<float> out(4);
  float *data = out.data();
  FC_LAUNCH(unset_kernel, 1, 4, nullptr, data);
  for (float value : out) EXPECT_TRUE(std::isnan(value));
}

__global__ void divergent_kernel() {
  if (threadIdx.x < 16) {
    __syncthreads();
  } else {
    __syncwarp(0xffff0001u);
  }
}

TEST(Simt, WaitingForThreadsThatNeverComeEndsTheProgram) {
  EXPECT_DEATH(FC_LAUNCH(divergent_kernel, 1, 32, nullptr), "that not all");
}

TEST(Simt, AGridThatADeviceRefusesEndsTheProgram) {
  std::vector<float> out(4);
  float *data = out.data();
  EXPECT_DEATH(FC_LAUNCH(unset_kernel, 0, 4, nullptr, data), "a device refuses a grid of .0, 1, 1.");
  EXPECT_DEATH(FC_LAUNCH(unset_kernel, 1, 2048, nullptr, data), "a device refuses");
}

}  // namespace
