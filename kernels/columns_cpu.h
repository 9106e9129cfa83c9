/* columns_cpu.h - down the columns of (R,C): what batch normalisation and biases are made of, alone (batchnorm_cpu.c,
 * linear_cpu.c) and in a team (team_cpu.c).
 *
 * Sums run down the rows in order, a vector of columns at a time, and block of rows by block of rows, so that a block
 * comes from memory once for all its columns; the order of a column's sum is the same with any block.
 */
#ifndef KERNELS_COLUMNS_CPU_H
#define KERNELS_COLUMNS_CPU_H

#include "cpu.h"

enum { COLUMNS_BLOCK_ROWS = 64 };

FC_INLINE int32_t columns_block(int32_t n_rows, int32_t first) {
  return n_rows - first < COLUMNS_BLOCK_ROWS ? n_rows - first : COLUMNS_BLOCK_ROWS;
}

/* sum (C) += the rows of a block */
FC_INLINE void columns_add_block(fc_real_t *restrict sum, const fc_real_t *restrict x, int32_t n_rows,
                                 int32_t n_columns) {
  int32_t c = 0;
  for (; c + VEC <= n_columns; c += VEC) {
    vec_t s = vec_load(sum + c);
    for (int32_t r = 0; r < n_rows; ++r) s += vec_load(x + (int64_t)r * n_columns + c);
    vec_store(sum + c, s);
  }
  for (; c < n_columns; ++c) {
    fc_real_t s = sum[c];
    for (int32_t r = 0; r < n_rows; ++r) s += x[(int64_t)r * n_columns + c];
    sum[c] = s;
  }
}

/* sum (C) = sum_r x */
FC_INLINE void columns_sum(fc_real_t *sum, const fc_real_t *x, int32_t n_rows, int32_t n_columns) {
  for (int32_t c = 0; c < n_columns; ++c) sum[c] = 0;
  for (int32_t first = 0; first < n_rows; first += COLUMNS_BLOCK_ROWS)
    columns_add_block(sum, x + (int64_t)first * n_columns, columns_block(n_rows, first), n_columns);
}

/* squares (C) += (x - mean)^2 of a block */
FC_INLINE void columns_squares_block(fc_real_t *restrict squares, const fc_real_t *restrict mean,
                                     const fc_real_t *restrict x, int32_t n_rows, int32_t n_columns) {
  int32_t c = 0;
  for (; c + VEC <= n_columns; c += VEC) {
    vec_t square = vec_load(squares + c);
    const vec_t m = vec_load(mean + c);
    for (int32_t r = 0; r < n_rows; ++r) {
      const vec_t d = vec_load(x + (int64_t)r * n_columns + c) - m;
      square += d * d;
    }
    vec_store(squares + c, square);
  }
  for (; c < n_columns; ++c) {
    fc_real_t square = squares[c];
    for (int32_t r = 0; r < n_rows; ++r) {
      const fc_real_t d = x[(int64_t)r * n_columns + c] - mean[c];
      square += d * d;
    }
    squares[c] = square;
  }
}

/* mean (C) and centred squares (C) of x (R,C) */
FC_INLINE void columns_statistics(fc_real_t *mean, fc_real_t *squares, const fc_real_t *x, int32_t n_rows,
                                  int32_t n_columns) {
  const fc_real_t inverse = 1 / (fc_real_t)n_rows;
  columns_sum(mean, x, n_rows, n_columns);
  for (int32_t c = 0; c < n_columns; ++c) {
    mean[c] *= inverse;
    squares[c] = 0;
  }
  for (int32_t first = 0; first < n_rows; first += COLUMNS_BLOCK_ROWS)
    columns_squares_block(squares, mean, x + (int64_t)first * n_columns, columns_block(n_rows, first), n_columns);
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

/* sum_g (C) += grad_y, sum_gh (C) += grad_y h of a block, h = (x - mean) rstd */
FC_INLINE void columns_gradients_block(fc_real_t *restrict sum_g, fc_real_t *restrict sum_gh,
                                       const fc_real_t *restrict grad_y, const fc_real_t *restrict x,
                                       const fc_real_t *restrict mean, const fc_real_t *restrict rstd, int32_t n_rows,
                                       int32_t n_columns) {
  int32_t c = 0;
  for (; c + VEC <= n_columns; c += VEC) {
    const vec_t m = vec_load(mean + c), rs = vec_load(rstd + c);
    vec_t g = vec_load(sum_g + c), gh = vec_load(sum_gh + c);
    for (int32_t r = 0; r < n_rows; ++r) {
      const vec_t dy = vec_load(grad_y + (int64_t)r * n_columns + c);
      g += dy;
      gh += dy * ((vec_load(x + (int64_t)r * n_columns + c) - m) * rs);
    }
    vec_store(sum_g + c, g);
    vec_store(sum_gh + c, gh);
  }
  for (; c < n_columns; ++c) {
    fc_real_t g = sum_g[c], gh = sum_gh[c];
    for (int32_t r = 0; r < n_rows; ++r) {
      const fc_real_t dy = grad_y[(int64_t)r * n_columns + c];
      g += dy;
      gh += dy * ((x[(int64_t)r * n_columns + c] - mean[c]) * rstd[c]);
    }
    sum_g[c] = g;
    sum_gh[c] = gh;
  }
}

/* sum_g (C) = sum_r grad_y, sum_gh (C) = sum_r grad_y h; added to grad_shift and grad_scale, unless NULL */
FC_INLINE void columns_gradients(fc_real_t *sum_g, fc_real_t *sum_gh, fc_real_t *grad_scale, fc_real_t *grad_shift,
                                 const fc_real_t *grad_y, const fc_real_t *x, const fc_real_t *mean,
                                 const fc_real_t *rstd, int32_t n_rows, int32_t n_columns) {
  for (int32_t c = 0; c < n_columns; ++c) sum_g[c] = sum_gh[c] = 0;
  for (int32_t first = 0; first < n_rows; first += COLUMNS_BLOCK_ROWS) {
    const int64_t at = (int64_t)first * n_columns;
    columns_gradients_block(sum_g, sum_gh, grad_y + at, x + at, mean, rstd, columns_block(n_rows, first), n_columns);
  }
  if (grad_scale == NULL) return;
  for (int32_t c = 0; c < n_columns; ++c) {
    grad_scale[c] += sum_gh[c];
    grad_shift[c] += sum_g[c];
  }
}

#endif
