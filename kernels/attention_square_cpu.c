/* attention_square_cpu.c - the authors' attention by squared scores, ops.h: attention_square_*.
 *
 * No exponential and no 1/sqrt(D); the 0.001 in the denominator makes rows sum to less than one, most of all where
 * scores are small. Kept because the faithful variant is defined by it.
 */
#include "cpu.h"

void FC_CPU(attention_square_forward)(fc_real_t *weight, const fc_real_t *query, const fc_real_t *key,
                                      fc_neighbours_t neighbours, int32_t n_learners, int32_t n_batch,
                                      int32_t n_attention, fc_stream_t *stream) {
  (void)stream;
  const int32_t n = neighbours.n_functions;
  for (int64_t lb = 0; lb < (int64_t)n_learners * n_batch; ++lb) {
    const fc_real_t *q = query + lb * n * n_attention;
    const fc_real_t *k = key + lb * n * n_attention;
    fc_real_t *w = weight + lb * neighbours.n_edges;
    for (int32_t j = 0; j < n; ++j) {
      const int32_t first = neighbours.row_start[j], end = neighbours.row_start[j + 1];
      fc_real_t sum = (fc_real_t)FC_SQUARE_ATTENTION_EPSILON;
      for (int32_t e = first; e < end; ++e) {
        const fc_real_t z =
            dot(q + (int64_t)j * n_attention, k + (int64_t)neighbours.column[e] * n_attention, n_attention);
        w[e] = z * z;
        sum += w[e];
      }
      for (int32_t e = first; e < end; ++e) w[e] /= sum;
    }
  }
}

void FC_CPU(attention_square_backward)(fc_real_t *grad_query, fc_real_t *grad_key, const fc_real_t *grad_weight,
                                       const fc_real_t *weight, const fc_real_t *query, const fc_real_t *key,
                                       fc_neighbours_t neighbours, int32_t n_learners, int32_t n_batch,
                                       int32_t n_attention, fc_real_t *scratch, fc_stream_t *stream) {
  (void)stream;
  const int32_t n = neighbours.n_functions;
  for (int64_t lb = 0; lb < (int64_t)n_learners * n_batch; ++lb) {
    const fc_real_t *q = query + lb * n * n_attention;
    const fc_real_t *k = key + lb * n * n_attention;
    const fc_real_t *w = weight + lb * neighbours.n_edges;
    const fc_real_t *gw = grad_weight + lb * neighbours.n_edges;
    for (int32_t j = 0; j < n; ++j) {
      const int32_t first = neighbours.row_start[j], end = neighbours.row_start[j + 1];
      fc_real_t sum = (fc_real_t)FC_SQUARE_ATTENTION_EPSILON, mean = 0;
      for (int32_t e = first; e < end; ++e) {
        scratch[e] = dot(q + (int64_t)j * n_attention, k + (int64_t)neighbours.column[e] * n_attention, n_attention);
        sum += scratch[e] * scratch[e];
        mean += w[e] * gw[e];
      }
      for (int32_t e = first; e < end; ++e) scratch[e] = 2 * scratch[e] * (gw[e] - mean) / sum;
    }
    scores_backward(grad_query + lb * n * n_attention, grad_key == NULL ? NULL : grad_key + lb * n * n_attention,
                    scratch, q, k, &neighbours, n_attention);
  }
}
