/* attention_uniform.cu - every neighbour weighs the same, ops.h: attention_uniform_forward. */
#include "cuda.cuh"

static __global__ void uniform_kernel(fc_real_t *weight, fc_neighbours_t neighbours, int64_t n_values) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step()) {
    const int32_t j = neighbours.row[i % neighbours.n_edges];
    weight[i] = 1 / static_cast<fc_real_t>(neighbours.row_start[j + 1] - neighbours.row_start[j]);
  }
}

void FC_CUDA(attention_uniform_forward)(fc_real_t *weight, fc_neighbours_t neighbours, int32_t n_learners,
                                        int32_t n_batch, fc_stream_t *stream) {
  const int64_t n_values = static_cast<int64_t>(n_learners) * n_batch * neighbours.n_edges;
  if (n_values <= 0) return;
  FC_LAUNCH(uniform_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, weight, neighbours, n_values);
}
