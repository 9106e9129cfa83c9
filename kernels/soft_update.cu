/* soft_update.cu - target network drifts towards its source, ops.h: soft_update. */
#include "cuda.cuh"

static __global__ void soft_update_kernel(fc_real_t *target, const fc_real_t *source, fc_real_t tau, int64_t n_values) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step()) target[i] += tau * (source[i] - target[i]);
}

void FC_CUDA(soft_update)(fc_real_t *target, const fc_real_t *source, double tau, int64_t n_values,
                          fc_stream_t *stream) {
  if (n_values <= 0) return;
  FC_LAUNCH(soft_update_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, target, source, static_cast<fc_real_t>(tau),
            n_values);
}
