/* td_target.cu - what the critic is trained towards, ops.h: td_target. */
#include "cuda.cuh"

static __global__ void td_target_kernel(fc_real_t *y, const fc_real_t *reward, const fc_real_t *next_q,
                                        const uint8_t *terminal, fc_real_t discount, int64_t n_values,
                                        int32_t n_functions) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step()) {
    const int64_t lb = i / n_functions;
    y[i] = reward[lb] + (next_q == nullptr || terminal[lb] ? 0 : discount * next_q[i]);
  }
}

void FC_CUDA(td_target)(fc_real_t *y, const fc_real_t *reward, const fc_real_t *next_q, const uint8_t *terminal,
                        double discount, int32_t n_learners, int32_t n_batch, int32_t n_functions,
                        fc_stream_t *stream) {
  const int64_t n_values = static_cast<int64_t>(n_learners) * n_batch * n_functions;
  if (n_values <= 0) return;
  FC_LAUNCH(td_target_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, y, reward, next_q, terminal,
            static_cast<fc_real_t>(discount), n_values, n_functions);
}
