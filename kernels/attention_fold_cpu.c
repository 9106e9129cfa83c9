/* attention_fold_cpu.c - two projections as one bilinear form, ops.h: attention_fold_*. Small: O and D are tens. */
#include "cpu.h"

void FC_CPU(attention_fold_forward)(fc_real_t *fold, const fc_real_t *query, const fc_real_t *key, double scale,
                                    int32_t n_learners, int32_t n_features, int32_t n_attention,
                                    int64_t parameter_stride, fc_stream_t *stream) {
  (void)stream;
  const int64_t o = n_features, d = n_attention;
  for (int32_t l = 0; l < n_learners; ++l) {
    for (int64_t i = 0; i < o * o; ++i) {
      fold[l * o * o + i] = (fc_real_t)scale * dot(query + l * parameter_stride + i / o * d,
                                                   key + l * parameter_stride + i % o * d, n_attention);
    }
  }
}

void FC_CPU(attention_fold_backward)(fc_real_t *grad_query, fc_real_t *grad_key, const fc_real_t *grad_fold,
                                     const fc_real_t *query, const fc_real_t *key, double scale, int32_t n_learners,
                                     int32_t n_features, int32_t n_attention, int64_t parameter_stride,
                                     fc_stream_t *stream) {
  (void)stream;
  const int64_t o = n_features, d = n_attention;
  for (int32_t l = 0; l < n_learners; ++l) {
    const int64_t parameters = l * parameter_stride;
    for (int64_t i = 0; i < o * o; ++i) {
      const fc_real_t g = (fc_real_t)scale * grad_fold[l * o * o + i];
      axpy(grad_query + parameters + i / o * d, g, key + parameters + i % o * d, n_attention);
      axpy(grad_key + parameters + i % o * d, g, query + parameters + i / o * d, n_attention);
    }
  }
}
