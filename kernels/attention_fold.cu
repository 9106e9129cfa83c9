/* attention_fold.cu - two projections as one bilinear form, ops.h: attention_fold_*. */
#include "edges.cuh"

/* A warp per value of fold. */
static __global__ void forward_kernel(fc_real_t *fold, const fc_real_t *query, const fc_real_t *key, fc_real_t scale,
                                      int64_t n_values, int32_t o, int32_t d, int64_t parameter_stride) {
  const int64_t i = cuda_warp_row();
  if (i >= n_values) return;
  const int64_t parameters = i / (o * o) * parameter_stride, row = i / o % o, column = i % o;
  const fc_real_t sum = edges_dot(query + parameters + row * d, key + parameters + column * d, d);
  if (cuda_lane() == 0) fold[i] = scale * sum;
}

/* A thread per value of both gradients. */
static __global__ void backward_kernel(fc_real_t *grad_query, fc_real_t *grad_key, const fc_real_t *grad_fold,
                                       const fc_real_t *query, const fc_real_t *key, fc_real_t scale, int64_t n_values,
                                       int32_t o, int32_t d, int64_t parameter_stride) {
  for (int64_t i = cuda_index(); i < n_values; i += cuda_step()) {
    const int64_t l = i / (o * d), row = i / d % o, c = i % d, parameters = l * parameter_stride;
    const fc_real_t *gf = grad_fold + l * o * o;
    fc_real_t to_query = 0, to_key = 0;
    for (int32_t k = 0; k < o; ++k) {
      to_query += gf[row * o + k] * key[parameters + static_cast<int64_t>(k) * d + c];
      to_key += gf[static_cast<int64_t>(k) * o + row] * query[parameters + static_cast<int64_t>(k) * d + c];
    }
    grad_query[parameters + row * d + c] += scale * to_query;
    grad_key[parameters + row * d + c] += scale * to_key;
  }
}

void FC_CUDA(attention_fold_forward)(fc_real_t *fold, const fc_real_t *query, const fc_real_t *key, double scale,
                                     int32_t n_learners, int32_t n_features, int32_t n_attention,
                                     int64_t parameter_stride, fc_stream_t *stream) {
  const int64_t n_values = static_cast<int64_t>(n_learners) * n_features * n_features;
  FC_LAUNCH(forward_kernel, cuda_warp_blocks(n_values), CUDA_BLOCK, stream, fold, query, key,
            static_cast<fc_real_t>(scale), n_values, n_features, n_attention, parameter_stride);
}

void FC_CUDA(attention_fold_backward)(fc_real_t *grad_query, fc_real_t *grad_key, const fc_real_t *grad_fold,
                                      const fc_real_t *query, const fc_real_t *key, double scale, int32_t n_learners,
                                      int32_t n_features, int32_t n_attention, int64_t parameter_stride,
                                      fc_stream_t *stream) {
  const int64_t n_values = static_cast<int64_t>(n_learners) * n_features * n_attention;
  FC_LAUNCH(backward_kernel, cuda_blocks(n_values), CUDA_BLOCK, stream, grad_query, grad_key, grad_fold, query, key,
            static_cast<fc_real_t>(scale), n_values, n_features, n_attention, parameter_stride);
}
