// CUDA's words for kernels that run on the CPU: blocks, lanes, shared memory, barriers, shuffles.
//
// A kernel's own source, compiled as C++ with -DFC_SIMT, runs here thread by thread: every thread of a block is a
// fiber, which runs until it meets a barrier or a warp operation and goes on when all who must have met it. So each
// kernel is executed under AddressSanitizer and UBSan without a device, slowly; small shapes are enough. What a device
// would leave undefined ends the program with a message: a barrier that some threads never reach, a shuffle from a lane
// that takes no part. Shared memory is filled with NaN before every block. Threads run in either order (simt::Order): a
// kernel whose result depends on it lacks a barrier. One launch at a time, blocks one after the other.
//
// It has what our kernels use; extend it when one needs more.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>

#define __global__
#define __device__
#define __host__
#define __shared__ static __attribute__((section("simt_shared")))

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

namespace simt {

enum class Order { kAscending, kDescending };

// In which order the threads of a block take their turns, from the next launch on.
void set_order(Order order);

// Runs a kernel: all of it is done when the call returns.
void launch(dim3 grid, dim3 block, const std::function<void()> &kernel);

// Of the thread that asks.
struct Place {
  dim3 thread, block, block_dim, grid_dim;
};
const Place &place();

void sync_threads();
// All lanes of mask leave 64 bits each and go on when all have; what the lane `from` left is the result. `from` in
// [0, 32) must be in mask.
uint64_t exchange(const char *what, unsigned mask, uint64_t value, int from);
// The same; the result has bit i set when lane i left something other than 0.
unsigned ballot(unsigned mask, bool vote);
int lane();

template <typename T>
T shuffle(const char *what, unsigned mask, T value, int from) {
  static_assert(sizeof(T) <= sizeof(uint64_t));
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = exchange(what, mask, bits, from);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace simt

#define threadIdx (simt::place().thread)
#define blockIdx (simt::place().block)
#define blockDim (simt::place().block_dim)
#define gridDim (simt::place().grid_dim)

inline void __syncthreads() {
  simt::sync_threads();
}
inline void __syncwarp(unsigned mask = 0xffffffffu) {
  simt::exchange("__syncwarp", mask, 0, simt::lane());
}
template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int lanes) {
  return simt::shuffle("__shfl_xor_sync", mask, value, (simt::lane() ^ lanes) & 31);
}
// A lane whose source lies beyond the warp keeps its own value.
template <typename T>
T __shfl_down_sync(unsigned mask, T value, unsigned lanes) {
  const int from = simt::lane() + static_cast<int>(lanes);
  return simt::shuffle("__shfl_down_sync", mask, value, from < 32 ? from : simt::lane());
}
inline unsigned __ballot_sync(unsigned mask, bool vote) {
  return simt::ballot(mask, vote);
}

#define FC_LAUNCH(kernel, grid, block, stream, ...) \
  ((void)(stream), simt::launch((grid), (block), [=] { kernel(__VA_ARGS__); }))
