/* attention_uniform_cpu.c - every neighbour weighs the same: a plain mean field, ops.h: attention_uniform_forward. */
#include "cpu.h"

void FC_CPU(attention_uniform_forward)(fc_real_t *weight, fc_neighbours_t neighbours, int32_t n_learners,
                                       int32_t n_batch, fc_stream_t *stream) {
  (void)stream;
  for (int64_t lb = 0; lb < (int64_t)n_learners * n_batch; ++lb, weight += neighbours.n_edges) {
    for (int32_t e = 0; e < neighbours.n_edges; ++e) {
      const int32_t j = neighbours.row[e];
      weight[e] = 1 / (fc_real_t)(neighbours.row_start[j + 1] - neighbours.row_start[j]);
    }
  }
}
