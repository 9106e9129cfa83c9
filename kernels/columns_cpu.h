/* columns_cpu.h - down the columns of (R,C): what batch normalisation is made of, alone (batchnorm_cpu.c) and in a team
 * (team_cpu.c). Sums run down the rows in order, a vector of columns at a time.
 */
#ifndef KERNELS_COLUMNS_CPU_H
#define KERNELS_COLUMNS_CPU_H

#include "cpu.h"

/* mean (C) and centred squares (C) of x (R,C) */
FC_INLINE void columns_statistics(fc_real_t *mean, fc_real_t *squares, const fc_real_t *x, int32_t n_rows,
                                  int32_t n_columns) {
  const fc_real_t inverse = 1 / (fc_real_t)n_rows;
  int32_t c = 0;
  for (; c + VEC <= n_columns; c += VEC) {
    vec_t sum = {0}, square = {0};
    for (int32_t r = 0; r < n_rows; ++r) sum += vec_load(x + (int64_t)r * n_columns + c);
    const vec_t m = sum * inverse;
    for (int32_t r = 0; r < n_rows; ++r) {
      const vec_t d = vec_load(x + (int64_t)r * n_columns + c) - m;
      square += d * d;
    }
    vec_store(mean + c, m);
    vec_store(squares + c, square);
  }
  for (; c < n_columns; ++c) {
    fc_real_t sum = 0, square = 0;
    for (int32_t r = 0; r < n_rows; ++r) sum += x[(int64_t)r * n_columns + c];
    mean[c] = sum * inverse;
    for (int32_t r = 0; r < n_rows; ++r) {
      const fc_real_t d = x[(int64_t)r * n_columns + c] - mean[c];
      square += d * d;
    }
    squares[c] = square;
  }
}

/* y = (x - mean_c) rstd_c scale + shift */
FC_INLINE void columns_normalise(fc_real_t *y, const fc_real_t *x, const fc_real_t *restrict mean,
                                 const fc_real_t *restrict rstd, const fc_real_t *restrict scale,
                                 const fc_real_t *restrict shift, int32_t n_rows, int32_t n_columns) {
  for (int32_t r = 0; r < n_rows; ++r) {
    const fc_real_t *restrict xr = x + (int64_t)r * n_columns;
    fc_real_t *restrict yr = y + (int64_t)r * n_columns;
    for (int32_t c = 0; c < n_columns; ++c) yr[c] = (xr[c] - mean[c]) * rstd[c] * scale[c] + shift[c];
  }
}

/* sum_g (C) = sum_r grad_y, sum_gh (C) = sum_r grad_y h; added to grad_shift and grad_scale, unless NULL */
FC_INLINE void columns_gradients(fc_real_t *sum_g, fc_real_t *sum_gh, fc_real_t *grad_scale, fc_real_t *grad_shift,
                                 const fc_real_t *grad_y, const fc_real_t *x, const fc_real_t *mean,
                                 const fc_real_t *rstd, int32_t n_rows, int32_t n_columns) {
  int32_t c = 0;
  for (; c + VEC <= n_columns; c += VEC) {
    const vec_t m = vec_load(mean + c), rs = vec_load(rstd + c);
    vec_t g = {0}, gh = {0};
    for (int32_t r = 0; r < n_rows; ++r) {
      const vec_t dy = vec_load(grad_y + (int64_t)r * n_columns + c);
      g += dy;
      gh += dy * ((vec_load(x + (int64_t)r * n_columns + c) - m) * rs);
    }
    vec_store(sum_g + c, g);
    vec_store(sum_gh + c, gh);
  }
  for (; c < n_columns; ++c) {
    fc_real_t g = 0, gh = 0;
    for (int32_t r = 0; r < n_rows; ++r) {
      const fc_real_t dy = grad_y[(int64_t)r * n_columns + c];
      g += dy;
      gh += dy * ((x[(int64_t)r * n_columns + c] - mean[c]) * rstd[c]);
    }
    sum_g[c] = g;
    sum_gh[c] = gh;
  }
  if (grad_scale == NULL) return;
  for (c = 0; c < n_columns; ++c) {
    grad_scale[c] += sum_gh[c];
    grad_shift[c] += sum_g[c];
  }
}

#endif
