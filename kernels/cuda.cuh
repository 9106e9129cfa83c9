/* cuda.cuh - what every CUDA body shares: its name, how it is launched, sums over warps and blocks.
 *
 * Each x.cu holds the CUDA bodies of the ops whose CPU bodies are in x_cpu.c, under the same signature; table_cuda.cu
 * collects them. A launch never waits and never fails by itself: what went wrong is found when the stream is awaited
 * (device.h). Every sum has one fixed order, so that the same device gives the same bytes. The tests compile the same
 * files as C++ and run them on the CPU, thread by thread (tests/support/simt.h): use what that header provides.
 */
#ifndef KERNELS_CUDA_CUH
#define KERNELS_CUDA_CUH

#ifdef FC_SIMT
#include "simt.h"
#else
#include <cuda_runtime.h>

#include "blas.cuh"
#define FC_LAUNCH(kernel, grid, block, stream, ...) kernel<<<(grid), (block), 0, (stream)->queue>>>(__VA_ARGS__)
#endif

#include "faasconf/ops.h"

#ifndef FC_SIMT
struct fc_stream {
  cudaStream_t queue;
  blas_t *blas; /* NULL: own products only */
};
#endif

#define FC_CUDA(name) name##_cuda

extern "C" {
#define FC_CUDA_PROTOTYPE(name, signature, shapes, equation, effect) void FC_CUDA(name) signature;
FC_OPS(FC_CUDA_PROTOTYPE)
#undef FC_CUDA_PROTOTYPE
}

constexpr int CUDA_WARP = 32, CUDA_BLOCK = 256, CUDA_MAX_BLOCKS = 8192;

/* Blocks of one thread per value, where each thread may take several (cuda_index, cuda_step). */
static inline unsigned cuda_blocks(int64_t n_values) {
  const int64_t blocks = (n_values + CUDA_BLOCK - 1) / CUDA_BLOCK;
  return static_cast<unsigned>(blocks < CUDA_MAX_BLOCKS ? blocks : CUDA_MAX_BLOCKS);
}
/* Blocks of one warp per row, one row each. */
static inline unsigned cuda_warp_blocks(int64_t n_rows) {
  return static_cast<unsigned>((n_rows + CUDA_BLOCK / CUDA_WARP - 1) / (CUDA_BLOCK / CUDA_WARP));
}

static __device__ inline int64_t cuda_index() {
  return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
static __device__ inline int64_t cuda_step() {
  return static_cast<int64_t>(gridDim.x) * blockDim.x;
}
static __device__ inline int64_t cuda_warp_row() {
  return cuda_index() / CUDA_WARP;
}
static __device__ inline int cuda_lane() {
  return static_cast<int>(threadIdx.x % CUDA_WARP);
}

/* Over the lanes of a full warp, the same value on each. */
template <typename T>
static __device__ inline T cuda_warp_sum(T value) {
  for (int width = CUDA_WARP / 2; width >= 1; width /= 2) value += __shfl_xor_sync(0xffffffffu, value, width);
  return value;
}
static __device__ inline fc_real_t cuda_warp_max(fc_real_t value) {
  for (int width = CUDA_WARP / 2; width >= 1; width /= 2)
    value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, width));
  return value;
}

/* Sum over a block of CUDA_BLOCK threads, on thread 0; `part` is shared memory for CUDA_BLOCK / CUDA_WARP values. */
static __device__ inline double cuda_block_sum(double value, double *part) {
  value = cuda_warp_sum(value);
  if (cuda_lane() == 0) part[threadIdx.x / CUDA_WARP] = value;
  __syncthreads();
  double sum = 0;
  for (int warp = 0; threadIdx.x == 0 && warp < CUDA_BLOCK / CUDA_WARP; ++warp) sum += part[warp];
  return sum;
}

#endif
