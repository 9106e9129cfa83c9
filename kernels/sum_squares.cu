/* sum_squares.cu - squared norm of a block, ops.h: sum_squares. One block of threads per learner; summed in double. */
#include "cuda.cuh"

static __global__ void sum_squares_kernel(fc_real_t *sum, const fc_real_t *x, int64_t n_values) {
  __shared__ double part[CUDA_BLOCK / CUDA_WARP];
  const fc_real_t *xl = x + blockIdx.x * n_values;
  double squares = 0;
  for (int64_t i = threadIdx.x; i < n_values; i += CUDA_BLOCK)
    squares += static_cast<double>(xl[i]) * static_cast<double>(xl[i]);
  squares = cuda_block_sum(squares, part);
  if (threadIdx.x == 0) sum[blockIdx.x] = static_cast<fc_real_t>(squares);
}

void FC_CUDA(sum_squares)(fc_real_t *sum, const fc_real_t *x, int32_t n_learners, int64_t n_values,
                          fc_stream_t *stream) {
  FC_LAUNCH(sum_squares_kernel, static_cast<unsigned>(n_learners), CUDA_BLOCK, stream, sum, x, n_values);
}
