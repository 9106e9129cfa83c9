/* columns.cuh - sums down the columns of (L, R, C): the walk that norms and bias gradients share.
 *
 * A block takes 8 columns of one learner with 32 threads per column; thread (column, part) walks the rows part,
 * part + 32, ... and the 32 parts are added as a tree in shared memory. Launch with columns_grid and columns_block.
 */
#ifndef KERNELS_COLUMNS_CUH
#define KERNELS_COLUMNS_CUH

#include "cuda.cuh"

constexpr int COLUMNS_WIDTH = 8, COLUMNS_PARTS = CUDA_BLOCK / COLUMNS_WIDTH;

static inline dim3 columns_grid(int32_t n_learners, int32_t n_columns) {
  return dim3(static_cast<unsigned>((n_columns + COLUMNS_WIDTH - 1) / COLUMNS_WIDTH), static_cast<unsigned>(n_learners),
              1);
}

/* Where a thread of such a block works. */
typedef struct {
  int32_t column, part; /* column < n_columns, or the thread has none */
  bool has_column;
  int64_t first; /* of its column within the learner's (R,C) */
} columns_place_t;

static __device__ inline columns_place_t columns_place(int32_t n_rows, int32_t n_columns) {
  columns_place_t place;
  place.column = static_cast<int32_t>(blockIdx.x * COLUMNS_WIDTH + threadIdx.x % COLUMNS_WIDTH);
  place.part = static_cast<int32_t>(threadIdx.x / COLUMNS_WIDTH);
  place.has_column = place.column < n_columns;
  place.first = static_cast<int64_t>(blockIdx.y) * n_rows * n_columns + place.column;
  return place;
}

/* The sum over the parts of the thread's column, on each of its threads. All threads of the block call it. */
static __device__ inline fc_real_t columns_sum(fc_real_t value, fc_real_t (*sums)[COLUMNS_WIDTH]) {
  const int column = static_cast<int>(threadIdx.x % COLUMNS_WIDTH),
            part = static_cast<int>(threadIdx.x / COLUMNS_WIDTH);
  __syncthreads(); /* a previous sum has been read */
  sums[part][column] = value;
  __syncthreads();
  for (int width = COLUMNS_PARTS / 2; width >= 1; width /= 2) {
    if (part < width) sums[part][column] += sums[part + width][column];
    __syncthreads();
  }
  return sums[0][column];
}

#endif
