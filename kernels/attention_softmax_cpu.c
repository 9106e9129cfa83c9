/* attention_softmax_cpu.c - attention of each function over its neighbours (Eq. 9), ops.h: attention_softmax_*.
 *
 * The mask is the neighbourhood itself: what is no edge is never computed, and a function without edges has no weight
 * to write. edge_mask multiplies scores before the softmax: over a complete neighbourhood it is the authors' commented
 * alternative, in which non-neighbours keep the weight of score 0. Each row's largest score is subtracted first.
 */
#include "cpu.h"

void FC_CPU(attention_softmax_forward)(fc_real_t *weight, const fc_real_t *query, const fc_real_t *key,
                                       const fc_real_t *edge_mask, fc_neighbours_t neighbours, double scale,
                                       int32_t n_learners, int32_t n_batch, int32_t n_attention, fc_stream_t *stream) {
  (void)stream;
  const fc_real_t factor = (fc_real_t)scale;
  const int32_t n = neighbours.n_functions;
  for (int64_t lb = 0; lb < (int64_t)n_learners * n_batch; ++lb) {
    const fc_real_t *q = query + lb * n * n_attention;
    const fc_real_t *k = key + lb * n * n_attention;
    fc_real_t *w = weight + lb * neighbours.n_edges;
    for (int32_t j = 0; j < n; ++j) {
      const int32_t first = neighbours.row_start[j], end = neighbours.row_start[j + 1];
      fc_real_t largest = 0, sum = 0;
      for (int32_t e = first; e < end; ++e) {
        const fc_real_t mask = edge_mask == NULL ? 1 : edge_mask[e];
        w[e] = dot(q + (int64_t)j * n_attention, k + (int64_t)neighbours.column[e] * n_attention, n_attention) *
               factor * mask;
        if (e == first || w[e] > largest) largest = w[e];
      }
      for (int32_t e = first; e < end; ++e) {
        w[e] = fc_exp(w[e] - largest);
        sum += w[e];
      }
      for (int32_t e = first; e < end; ++e) w[e] /= sum;
    }
  }
}

void FC_CPU(attention_softmax_backward)(fc_real_t *grad_query, fc_real_t *grad_key, const fc_real_t *grad_weight,
                                        const fc_real_t *weight, const fc_real_t *query, const fc_real_t *key,
                                        const fc_real_t *edge_mask, fc_neighbours_t neighbours, double scale,
                                        int32_t n_learners, int32_t n_batch, int32_t n_attention, fc_real_t *scratch,
                                        fc_stream_t *stream) {
  (void)stream;
  const fc_real_t factor = (fc_real_t)scale;
  const int32_t n = neighbours.n_functions;
  for (int64_t lb = 0; lb < (int64_t)n_learners * n_batch; ++lb) {
    const fc_real_t *w = weight + lb * neighbours.n_edges;
    const fc_real_t *gw = grad_weight + lb * neighbours.n_edges;
    for (int32_t j = 0; j < n; ++j) {
      const int32_t first = neighbours.row_start[j], end = neighbours.row_start[j + 1];
      fc_real_t mean = 0;
      for (int32_t e = first; e < end; ++e) mean += w[e] * gw[e];
      for (int32_t e = first; e < end; ++e) {
        scratch[e] = w[e] * (gw[e] - mean) * factor * (edge_mask == NULL ? 1 : edge_mask[e]);
      }
    }
    scores_backward(grad_query + lb * n * n_attention, grad_key == NULL ? NULL : grad_key + lb * n * n_attention,
                    scratch, query + lb * n * n_attention, key + lb * n * n_attention, &neighbours, n_attention);
  }
}
