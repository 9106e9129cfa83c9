/* gather_transitions.cu - a batch of a replay's rows, ops.h: gather_transitions. A block per row of the batch. */
#include "cuda.cuh"

static __global__ void gather_transitions_kernel(fc_real_t *features, fc_real_t *next_features, fc_real_t *action,
                                                 fc_real_t *reward, uint8_t *terminal, fc_rows_t rows,
                                                 const int32_t *index, int64_t c, int64_t a) {
  const int64_t b = blockIdx.x, row = index[b];
  for (int64_t i = threadIdx.x; i < c; i += blockDim.x) {
    features[b * c + i] = rows.features[row * c + i];
    next_features[b * c + i] = rows.next_features[row * c + i];
  }
  for (int64_t i = threadIdx.x; i < a; i += blockDim.x) action[b * a + i] = rows.action[row * a + i];
  if (threadIdx.x != 0) return;
  reward[b] = rows.reward[row];
  terminal[b] = rows.terminal[row];
}

void FC_CUDA(gather_transitions)(fc_real_t *features, fc_real_t *next_features, fc_real_t *action, fc_real_t *reward,
                                 uint8_t *terminal, fc_rows_t rows, const int32_t *index, int32_t n_batch,
                                 int32_t n_feature_columns, int32_t n_action_columns, fc_stream_t *stream) {
  if (n_batch <= 0) return;
  FC_LAUNCH(gather_transitions_kernel, static_cast<unsigned>(n_batch), CUDA_BLOCK / 2, stream, features, next_features,
            action, reward, terminal, rows, index, static_cast<int64_t>(n_feature_columns),
            static_cast<int64_t>(n_action_columns));
}
