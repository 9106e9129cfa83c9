/* batchnorm_cpu.c - normalisation of each column over the rows of the batch, ops.h: batchnorm_*.
 *
 * Training mode uses (and differentiates through) the batch's own statistics; evaluation mode uses running ones. A
 * batch of one row has variance 0; its unbiased variance is taken as 0 too. Column sums run down the rows in order, a
 * vector of columns at a time.
 */
#include "columns_cpu.h"

void FC_CPU(batchnorm_train_forward)(fc_real_t *y, fc_real_t *mean, fc_real_t *rstd, fc_real_t *running_mean,
                                     fc_real_t *running_var, const fc_real_t *x, const fc_real_t *scale,
                                     const fc_real_t *shift, double momentum, int32_t n_learners, int32_t n_rows,
                                     int32_t n_columns, int64_t parameter_stride, int64_t statistics_stride,
                                     fc_stream_t *stream) {
  (void)stream;
  const fc_real_t blend = (fc_real_t)momentum, inverse = 1 / (fc_real_t)n_rows;
  const fc_real_t unbias = n_rows > 1 ? (fc_real_t)n_rows / (fc_real_t)(n_rows - 1) : 0;
  for (int32_t l = 0; l < n_learners; ++l) {
    fc_real_t *restrict m = mean + (int64_t)l * n_columns;
    fc_real_t *restrict rs = rstd + (int64_t)l * n_columns;
    const fc_real_t *restrict g = scale + l * parameter_stride;
    const fc_real_t *restrict b = shift + l * parameter_stride;
    columns_statistics(m, rs, x + (int64_t)l * n_rows * n_columns, n_rows, n_columns);
    for (int32_t c = 0; c < n_columns; ++c) rs[c] *= inverse;
    for (int32_t c = 0; c < n_columns; ++c) {
      if (running_mean != NULL) {
        fc_real_t *running = running_mean + l * statistics_stride + c;
        *running += blend * (m[c] - *running);
        running = running_var + l * statistics_stride + c;
        *running += blend * (rs[c] * unbias - *running);
      }
      rs[c] = 1 / fc_sqrt(rs[c] + (fc_real_t)FC_NORM_EPSILON);
    }
    const int64_t rows = (int64_t)l * n_rows * n_columns;
    columns_normalise(y + rows, x + rows, m, rs, g, b, n_rows, n_columns);
  }
}

void FC_CPU(batchnorm_train_backward)(fc_real_t *grad_x, fc_real_t *grad_scale, fc_real_t *grad_shift,
                                      const fc_real_t *grad_y, const fc_real_t *x, const fc_real_t *mean,
                                      const fc_real_t *rstd, const fc_real_t *scale, int32_t n_learners, int32_t n_rows,
                                      int32_t n_columns, int64_t parameter_stride, fc_real_t *scratch,
                                      fc_stream_t *stream) {
  (void)stream;
  const fc_real_t inverse = 1 / (fc_real_t)n_rows;
  fc_real_t *restrict sum_g = scratch;
  fc_real_t *restrict sum_gh = scratch + n_columns;
  for (int32_t l = 0; l < n_learners; ++l) {
    const int64_t rows = (int64_t)l * n_rows * n_columns;
    const fc_real_t *restrict m = mean + (int64_t)l * n_columns;
    const fc_real_t *restrict rs = rstd + (int64_t)l * n_columns;
    const fc_real_t *restrict g = scale + l * parameter_stride;
    columns_gradients(sum_g, sum_gh, grad_scale == NULL ? NULL : grad_scale + l * parameter_stride,
                      grad_scale == NULL ? NULL : grad_shift + l * parameter_stride, grad_y + rows, x + rows, m, rs,
                      n_rows, n_columns);
    for (int32_t r = 0; r < n_rows; ++r) {
      const fc_real_t *gy = grad_y + rows + (int64_t)r * n_columns;
      const fc_real_t *xr = x + rows + (int64_t)r * n_columns;
      fc_real_t *gx = grad_x + rows + (int64_t)r * n_columns;
      for (int32_t c = 0; c < n_columns; ++c) {
        const fc_real_t h = (xr[c] - m[c]) * rs[c];
        gx[c] = g[c] * rs[c] * (gy[c] - sum_g[c] * inverse - h * (sum_gh[c] * inverse));
      }
    }
  }
}

/* Rows of one column, for the widths that are no whole vectors. */
static void eval_column(fc_real_t *y, const fc_real_t *x, fc_real_t mean, fc_real_t factor, fc_real_t shift,
                        int32_t n_rows, int32_t n_columns) {
  for (int64_t at = 0; at < (int64_t)n_rows * n_columns; at += n_columns) y[at] = (x[at] - mean) * factor + shift;
}

void FC_CPU(batchnorm_eval_forward)(fc_real_t *y, const fc_real_t *x, const fc_real_t *scale, const fc_real_t *shift,
                                    const fc_real_t *running_mean, const fc_real_t *running_var, int32_t n_learners,
                                    int32_t n_rows, int32_t n_columns, int64_t parameter_stride,
                                    int64_t statistics_stride, fc_stream_t *stream) {
  (void)stream;
  for (int32_t l = 0; l < n_learners; ++l) {
    const fc_real_t *g = scale + l * parameter_stride, *b = shift + l * parameter_stride;
    const fc_real_t *m = running_mean + l * statistics_stride, *v = running_var + l * statistics_stride;
    const fc_real_t *xl = x + (int64_t)l * n_rows * n_columns;
    fc_real_t *yl = y + (int64_t)l * n_rows * n_columns;
    int32_t c = 0;
    for (; c + VEC <= n_columns; c += VEC) {
      fc_real_t factor[VEC];
      for (int i = 0; i < VEC; ++i) factor[i] = g[c + i] * (1 / fc_sqrt(v[c + i] + (fc_real_t)FC_NORM_EPSILON));
      const vec_t a = vec_load(factor), mean = vec_load(m + c), add = vec_load(b + c);
      for (int64_t at = c; at < (int64_t)n_rows * n_columns; at += n_columns)
        vec_store(yl + at, (vec_load(xl + at) - mean) * a + add);
    }
    for (; c < n_columns; ++c)
      eval_column(yl + c, xl + c, m[c], g[c] * (1 / fc_sqrt(v[c] + (fc_real_t)FC_NORM_EPSILON)), b[c], n_rows,
                  n_columns);
  }
}

void FC_CPU(batchnorm_eval_backward)(fc_real_t *grad_x, fc_real_t *grad_scale, fc_real_t *grad_shift,
                                     const fc_real_t *grad_y, const fc_real_t *x, const fc_real_t *scale,
                                     const fc_real_t *running_mean, const fc_real_t *running_var, int32_t n_learners,
                                     int32_t n_rows, int32_t n_columns, int64_t parameter_stride,
                                     int64_t statistics_stride, fc_real_t *scratch, fc_stream_t *stream) {
  (void)stream;
  for (int32_t l = 0; l < n_learners; ++l) {
    const int64_t rows = (int64_t)l * n_rows * n_columns;
    const fc_real_t *m = running_mean + l * statistics_stride;
    const fc_real_t *g = scale + l * parameter_stride;
    for (int32_t c = 0; c < n_columns; ++c) {
      fc_real_t sum_g = 0, sum_gh = 0;
      const fc_real_t rs = 1 / fc_sqrt(running_var[l * statistics_stride + c] + (fc_real_t)FC_NORM_EPSILON);
      for (int32_t r = 0; grad_scale != NULL && r < n_rows; ++r) {
        const int64_t at = rows + (int64_t)r * n_columns + c;
        sum_g += grad_y[at];
        sum_gh += grad_y[at] * ((x[at] - m[c]) * rs);
      }
      if (grad_scale != NULL) {
        grad_scale[l * parameter_stride + c] += sum_gh;
        grad_shift[l * parameter_stride + c] += sum_g;
      }
      scratch[c] = g[c] * rs;
    }
    for (int32_t r = 0; r < n_rows; ++r) {
      for (int32_t c = 0; c < n_columns; ++c) {
        const int64_t at = rows + (int64_t)r * n_columns + c;
        grad_x[at] = grad_y[at] * scratch[c];
      }
    }
  }
}
