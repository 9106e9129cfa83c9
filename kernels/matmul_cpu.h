/* matmul_cpu.h - the one matrix product of the CPU bodies: C (+)= A B (+ bias), rectified if need be.
 *
 * A tile of C (up to 8 rows by 4 vectors) stays in registers while the inner dimension runs; each step broadcasts one
 * value of A per row against the tile's vectors of B. A is addressed by two strides, so that x' needs no copy; B needs
 * rows whose width is a whole number of vectors, which matmul_pack provides (zero-padded, transposed if need be) where
 * the matrix itself does not. Sums run over the inner dimension in ascending order.
 */
#ifndef KERNELS_MATMUL_CPU_H
#define KERNELS_MATMUL_CPU_H

#include <stdbool.h>
#include <string.h>

#include "cpu.h"

/* Rows of a tile for 4, 2 and 1 vectors: as many accumulators as the register file holds beside B and a broadcast. */
#if defined(__AVX512F__)
enum { MATMUL_VECTORS = 4, MATMUL_ROWS_4 = 6, MATMUL_ROWS_2 = 8, MATMUL_ROWS_1 = 8 };
#else
enum { MATMUL_VECTORS = 2, MATMUL_ROWS_4 = 6, MATMUL_ROWS_2 = 6, MATMUL_ROWS_1 = 8 };
#endif

typedef struct {
  fc_real_t *c;          /* (m, n), rows c_stride apart */
  const fc_real_t *a;    /* (m, k): a[i * a_row + p * a_column] */
  const fc_real_t *b;    /* (k, padded n), rows b_stride apart */
  const fc_real_t *bias; /* (n) or NULL */
  int64_t c_stride, a_row, a_column, b_stride;
  int32_t m, n, k;
  bool accumulate; /* C += instead of C = */
  bool rectify;    /* what comes of it, with `slope` where it is not positive; not with accumulate */
  fc_real_t slope;
} matmul_t;

FC_INLINE int32_t matmul_padded(int32_t n) {
  return (n + VEC - 1) / VEC * VEC;
}

/* packed (k, padded n) = b, or b' where b is (n, k). */
FC_INLINE void matmul_pack(fc_real_t *packed, const fc_real_t *b, int32_t k, int32_t n, bool transposed) {
  const int32_t width = matmul_padded(n);
  for (int32_t p = 0; p < k; ++p) {
    fc_real_t *row = packed + (int64_t)p * width;
    if (transposed) {
      for (int32_t j = 0; j < n; ++j) row[j] = b[(int64_t)j * k + p];
    } else {
      memcpy(row, b + (int64_t)p * n, (size_t)n * sizeof(fc_real_t));
    }
    for (int32_t j = n; j < width; ++j) row[j] = 0;
  }
}

FC_INLINE void matmul_store(const matmul_t *mm, int32_t row, int32_t column, vec_t sum) {
  fc_real_t *c = mm->c + row * mm->c_stride + column;
  const int32_t valid = mm->n - column < VEC ? mm->n - column : VEC;
  if (valid == VEC) {
    if (mm->bias != NULL) sum += vec_load(mm->bias + column);
    if (mm->rectify) sum = vec_where_positive(sum, sum, mm->slope * sum);
    vec_store(c, mm->accumulate ? vec_load(c) + sum : sum);
    return;
  }
  fc_real_t lanes[VEC];
  vec_store(lanes, sum);
  for (int32_t j = 0; j < valid; ++j) {
    fc_real_t value = lanes[j] + (mm->bias != NULL ? mm->bias[column + j] : 0);
    if (mm->rectify && !(value > 0)) value *= mm->slope;
    c[j] = mm->accumulate ? c[j] + value : value;
  }
}

FC_INLINE void matmul_tile(const matmul_t *mm, int32_t row, int32_t column, const int rows, const int vectors) {
  const fc_real_t *a = mm->a + row * mm->a_row;
  const fc_real_t *b = mm->b + column;
  vec_t sum[8][4];
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) sum[i][j] = (vec_t){0};
  }
  for (int32_t p = 0; p < mm->k; ++p) {
    vec_t value[4];
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) value[j] = vec_load(b + j * VEC);
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
      const fc_real_t x = a[i * mm->a_row];
#pragma GCC unroll 4
      for (int j = 0; j < vectors; ++j) sum[i][j] += x * value[j];
    }
    a += mm->a_column;
    b += mm->b_stride;
  }
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) matmul_store(mm, row + i, column + j * VEC, sum[i][j]);
  }
}

/* All rows of one panel of columns. */
FC_INLINE void matmul_panel(const matmul_t *mm, int32_t column, const int full_rows, const int vectors) {
  int32_t row = 0;
  for (; row + full_rows <= mm->m; row += full_rows) matmul_tile(mm, row, column, full_rows, vectors);
  if (row + 4 <= mm->m) {
    matmul_tile(mm, row, column, 4, vectors);
    row += 4;
  }
  if (row + 2 <= mm->m) {
    matmul_tile(mm, row, column, 2, vectors);
    row += 2;
  }
  for (; row < mm->m; ++row) matmul_tile(mm, row, column, 1, vectors);
}

static inline __attribute__((unused)) void matmul(const matmul_t *mm) {
  int32_t column = 0;
#if defined(__AVX512F__)
  for (; column + 3 * VEC < mm->n; column += 4 * VEC) matmul_panel(mm, column, MATMUL_ROWS_4, 4);
#endif
  for (; column + VEC < mm->n; column += 2 * VEC) matmul_panel(mm, column, MATMUL_ROWS_2, 2);
  for (; column < mm->n; column += VEC) matmul_panel(mm, column, MATMUL_ROWS_1, 1);
}

#endif
