/* cpu.h - what every CPU body shares: its name per instruction set, and one vector type.
 *
 * Each x_cpu.c is compiled once per instruction set (base, avx2, avx512; plus once in double for the tests); FC_CPU(x)
 * gives the body its name, the table of table_cpu.c collects them and ops.c picks a table at run time. Vectors are
 * GCC's and clang's portable vector extension; the width follows the instruction set, and every reduction adds lanes in
 * one fixed tree, so that results depend on the instruction set but on nothing else.
 */
#ifndef KERNELS_CPU_H
#define KERNELS_CPU_H

#include <math.h>

#include "faasconf/ops.h"

#ifndef FC_ISA
#define FC_ISA base
#endif
#define FC_CPU_PASTE_(name, isa, real) name##_cpu_##isa##real
#define FC_CPU_PASTE(name, isa, real) FC_CPU_PASTE_(name, isa, real)
#ifdef FC_REAL_DOUBLE
#define FC_CPU(name) FC_CPU_PASTE(name, FC_ISA, _double)
#define fc_exp exp
#define fc_tanh tanh
#define fc_sqrt sqrt
#else
#define FC_CPU(name) FC_CPU_PASTE(name, FC_ISA, )
#define fc_exp expf
#define fc_tanh tanhf
#define fc_sqrt sqrtf
#endif

/* Prototypes of every CPU body. */
#define FC_CPU_PROTOTYPE(name, signature, shapes, equation, effect) void FC_CPU(name) signature;
FC_OPS(FC_CPU_PROTOTYPE)
#undef FC_CPU_PROTOTYPE

#if defined(__AVX512F__)
#define FC_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define FC_VECTOR_BYTES 32
#else
#define FC_VECTOR_BYTES 16
#endif

typedef fc_real_t vec_t __attribute__((vector_size(FC_VECTOR_BYTES)));
typedef fc_real_t vec_unaligned_t __attribute__((vector_size(FC_VECTOR_BYTES), aligned(sizeof(fc_real_t)), may_alias));
enum { VEC = FC_VECTOR_BYTES / sizeof(fc_real_t) };

#define FC_INLINE static inline __attribute__((always_inline, unused))

FC_INLINE vec_t vec_load(const fc_real_t *x) {
  return *(const vec_unaligned_t *)x;
}
FC_INLINE void vec_store(fc_real_t *x, vec_t v) {
  *(vec_unaligned_t *)x = v;
}
FC_INLINE vec_t vec_set(fc_real_t x) {
  return x - (vec_t){0};
}

/* Per lane: a where x > 0, else b. Without a branch: signs are as good as random. */
FC_INLINE vec_t vec_where_positive(vec_t x, vec_t a, vec_t b) {
  typedef __typeof__(x > a) mask_t;
  const mask_t mask = x > (vec_t){0};
  return (vec_t)(((mask_t)a & mask) | ((mask_t)b & ~mask));
}

/* Sum of the lanes, halves first. */
FC_INLINE fc_real_t vec_sum(vec_t v) {
  fc_real_t lanes[VEC];
  vec_store(lanes, v);
  for (int width = VEC / 2; width >= 1; width /= 2) {
    for (int i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  }
  return lanes[0];
}

/* Four values: what is left of rows that are narrower than a vector, as features and knobs are. */
typedef fc_real_t quad_t __attribute__((vector_size(4 * sizeof(fc_real_t)), aligned(sizeof(fc_real_t)), may_alias));

/* x . y over n values. */
FC_INLINE fc_real_t dot(const fc_real_t *x, const fc_real_t *y, int32_t n) {
  int32_t i = 0;
  fc_real_t whole = 0, tail = 0;
  if (n >= VEC) {
    vec_t sum = {0};
    for (; i + VEC <= n; i += VEC) sum += vec_load(x + i) * vec_load(y + i);
    whole = vec_sum(sum);
  }
  if (i + 4 <= n) {
    quad_t sum = {0};
    for (; i + 4 <= n; i += 4) sum += *(const quad_t *)(x + i) * *(const quad_t *)(y + i);
    tail = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  }
  for (; i < n; ++i) tail += x[i] * y[i];
  return whole + tail;
}

/* y += a x over n values. */
FC_INLINE void axpy(fc_real_t *y, fc_real_t a, const fc_real_t *x, int32_t n) {
  int32_t i = 0;
  for (; i + VEC <= n; i += VEC) vec_store(y + i, vec_load(y + i) + a * vec_load(x + i));
  for (; i + 4 <= n; i += 4) *(quad_t *)(y + i) += a * *(const quad_t *)(x + i);
  for (; i < n; ++i) y[i] += a * x[i];
}

/* From gradients of the scores z_jk = q_j . k_k of one batch row, dz (E), to those of query and key (N,D), written;
 * grad_key may be NULL. */
FC_INLINE void scores_backward(fc_real_t *grad_query, fc_real_t *grad_key, const fc_real_t *dz, const fc_real_t *query,
                               const fc_real_t *key, const fc_neighbours_t *neighbours, int32_t n_attention) {
  for (int32_t j = 0; j < neighbours->n_functions; ++j) {
    fc_real_t *gq = grad_query + (int64_t)j * n_attention;
    for (int32_t d = 0; d < n_attention; ++d) gq[d] = 0;
    for (int32_t e = neighbours->row_start[j]; e < neighbours->row_start[j + 1]; ++e) {
      axpy(gq, dz[e], key + (int64_t)neighbours->column[e] * n_attention, n_attention);
    }
    if (grad_key == NULL) continue;
    fc_real_t *gk = grad_key + (int64_t)j * n_attention;
    for (int32_t d = 0; d < n_attention; ++d) gk[d] = 0;
    for (int32_t i = neighbours->incoming_start[j]; i < neighbours->incoming_start[j + 1]; ++i) {
      const int32_t e = neighbours->incoming[i];
      axpy(gk, dz[e], query + (int64_t)neighbours->row[e] * n_attention, n_attention);
    }
  }
}

#endif
