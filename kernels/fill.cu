/* fill.cu - one value everywhere, ops.h: fill. */
#include "cuda.cuh"

static __global__ void fill_kernel(fc_real_t *y, fc_real_t value, int64_t n_values) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step()) y[i] = value;
}

void FC_CUDA(fill)(fc_real_t *y, double value, int64_t n_values, fc_stream_t *stream) {
  if (n_values <= 0) return;
  FC_LAUNCH(fill_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, y, static_cast<fc_real_t>(value), n_values);
}
