/* layernorm_cpu.c - normalisation of each row over its columns, ops.h: layernorm_*.
 *
 * Forward and backward derive from h = (x - mean) rstd. Mean and variance are taken in two passes over the row (in the
 * cache by then), which keeps the variance exact for rows far from zero.
 */
#include "cpu.h"

FC_INLINE fc_real_t row_sum(const fc_real_t *x, int32_t n) {
  vec_t sum = {0};
  int32_t i = 0;
  for (; i + VEC <= n; i += VEC) sum += vec_load(x + i);
  fc_real_t tail = 0;
  for (; i < n; ++i) tail += x[i];
  return vec_sum(sum) + tail;
}

FC_INLINE fc_real_t row_squares(const fc_real_t *x, fc_real_t mean, int32_t n) {
  vec_t sum = {0};
  int32_t i = 0;
  for (; i + VEC <= n; i += VEC) {
    const vec_t d = vec_load(x + i) - mean;
    sum += d * d;
  }
  fc_real_t tail = 0;
  for (; i < n; ++i) tail += (x[i] - mean) * (x[i] - mean);
  return vec_sum(sum) + tail;
}

void FC_CPU(layernorm_forward)(fc_real_t *y, fc_real_t *mean, fc_real_t *rstd, const fc_real_t *x,
                               const fc_real_t *scale, const fc_real_t *shift, int32_t n_learners, int32_t n_rows,
                               int32_t n_columns, int64_t parameter_stride, fc_stream_t *stream) {
  (void)stream;
  const fc_real_t inverse = 1 / (fc_real_t)n_columns;
  for (int64_t lr = 0; lr < (int64_t)n_learners * n_rows; ++lr) {
    const fc_real_t *restrict xr = x + lr * n_columns;
    fc_real_t *restrict yr = y + lr * n_columns;
    const fc_real_t *restrict g = scale + lr / n_rows * parameter_stride;
    const fc_real_t *restrict b = shift + lr / n_rows * parameter_stride;
    const fc_real_t m = row_sum(xr, n_columns) * inverse;
    const fc_real_t r = 1 / fc_sqrt(row_squares(xr, m, n_columns) * inverse + (fc_real_t)FC_NORM_EPSILON);
    for (int32_t c = 0; c < n_columns; ++c) yr[c] = (xr[c] - m) * r * g[c] + b[c];
    mean[lr] = m;
    rstd[lr] = r;
  }
}

/* Sums of g = grad_y scale and of g h over one row; adds the row to grad_scale and grad_shift. */
FC_INLINE void row_backward(fc_real_t *sum_g, fc_real_t *sum_gh, fc_real_t *grad_scale, fc_real_t *grad_shift,
                            const fc_real_t *gy, const fc_real_t *x, const fc_real_t *scale, fc_real_t mean,
                            fc_real_t rstd, int32_t n) {
  vec_t g_sum = {0}, gh_sum = {0};
  int32_t c = 0;
  for (; c + VEC <= n; c += VEC) {
    const vec_t dy = vec_load(gy + c);
    const vec_t h = (vec_load(x + c) - mean) * rstd;
    const vec_t g = dy * vec_load(scale + c);
    g_sum += g;
    gh_sum += g * h;
    if (grad_scale != NULL) {
      vec_store(grad_scale + c, vec_load(grad_scale + c) + dy * h);
      vec_store(grad_shift + c, vec_load(grad_shift + c) + dy);
    }
  }
  fc_real_t g_tail = 0, gh_tail = 0;
  for (; c < n; ++c) {
    const fc_real_t h = (x[c] - mean) * rstd;
    g_tail += gy[c] * scale[c];
    gh_tail += gy[c] * scale[c] * h;
    if (grad_scale != NULL) {
      grad_scale[c] += gy[c] * h;
      grad_shift[c] += gy[c];
    }
  }
  *sum_g = vec_sum(g_sum) + g_tail;
  *sum_gh = vec_sum(gh_sum) + gh_tail;
}

void FC_CPU(layernorm_backward)(fc_real_t *grad_x, fc_real_t *grad_scale, fc_real_t *grad_shift,
                                const fc_real_t *grad_y, const fc_real_t *x, const fc_real_t *mean,
                                const fc_real_t *rstd, const fc_real_t *scale, int32_t n_learners, int32_t n_rows,
                                int32_t n_columns, int64_t parameter_stride, fc_stream_t *stream) {
  (void)stream;
  const fc_real_t inverse = 1 / (fc_real_t)n_columns;
  for (int64_t lr = 0; lr < (int64_t)n_learners * n_rows; ++lr) {
    const int64_t parameters = lr / n_rows * parameter_stride;
    const fc_real_t *gy = grad_y + lr * n_columns;
    const fc_real_t *xr = x + lr * n_columns;
    const fc_real_t *g = scale + parameters;
    fc_real_t *gx = grad_x + lr * n_columns;
    const fc_real_t m = mean[lr], r = rstd[lr];
    fc_real_t sum_g, sum_gh;
    row_backward(&sum_g, &sum_gh, grad_scale == NULL ? NULL : grad_scale + parameters,
                 grad_scale == NULL ? NULL : grad_shift + parameters, gy, xr, g, m, r, n_columns);
    const fc_real_t mean_g = sum_g * inverse, mean_gh = sum_gh * inverse;
    for (int32_t c = 0; c < n_columns; ++c) {
      gx[c] = r * (gy[c] * g[c] - mean_g - (xr[c] - m) * r * mean_gh);
    }
  }
}
