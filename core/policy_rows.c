/* policy_rows.c - see policy_rows.h. Two bodies, AVX2 and plain C, of which the processor's is taken; every sum has the
 * order of policy_mlp.c, by explicit fma. */
#include "policy_rows.h"

#include <math.h>

#if defined(__x86_64__) && !defined(FC_POLICY_PLAIN)
#define POLICY_HAS_AVX2 1
#include <immintrin.h>
#endif

static const float norm_epsilon = 1e-5f;

/* ---- plain ---- */

static void linear_plain(const float *restrict x, const float *restrict w, const float *restrict b, int64_t n_in,
                         int64_t n_out, float *restrict y) {
  for (int64_t u = 0; u < n_out; ++u) {
    float *sum = y + u * POLICY_ROWS;
    for (int r = 0; r < POLICY_ROWS; ++r) sum[r] = b != NULL ? b[u] : 0.0f;
    for (int64_t i = 0; i < n_in; ++i)
      for (int r = 0; r < POLICY_ROWS; ++r) sum[r] = fmaf(x[i * POLICY_ROWS + r], w[i * n_out + u], sum[r]);
  }
}

static void activate_plain(float *h, const float *scale, const float *shift, int64_t n, bool is_folded) {
  for (int r = 0; r < POLICY_ROWS; ++r) {
    float mean = 0.0f, variance = 0.0f;
    for (int64_t at = r; at < n * POLICY_ROWS; at += POLICY_ROWS) {
      h[at] = h[at] < 0.0f ? 0.0f * h[at] + 0.0f : h[at];
      mean += h[at];
    }
    mean /= (float)n;
    for (int64_t at = r; !is_folded && at < n * POLICY_ROWS; at += POLICY_ROWS)
      variance = fmaf(h[at] - mean, h[at] - mean, variance);
    const float inverse = 1.0f / sqrtf(variance / (float)n + norm_epsilon);
    for (int64_t u = 0; u < n; ++u) {
      float *at = h + u * POLICY_ROWS + r;
      *at = fmaf(is_folded ? *at : (*at - mean) * inverse, scale[u], shift[u]);
    }
  }
}

/* ---- AVX2 ---- */

#ifdef POLICY_HAS_AVX2
/* Eight vectors of eight, rows for columns. */
__attribute__((target("avx2,fma"), always_inline)) static inline void transpose_avx2(__m256 x[8]) {
  __m256 pairs[8], quads[8];
  for (int k = 0; k < 8; k += 2) {
    pairs[k] = _mm256_unpacklo_ps(x[k], x[k + 1]);
    pairs[k + 1] = _mm256_unpackhi_ps(x[k], x[k + 1]);
  }
  for (int k = 0; k < 8; k += 4) {
    quads[k] = _mm256_shuffle_ps(pairs[k], pairs[k + 2], 0x44);
    quads[k + 1] = _mm256_shuffle_ps(pairs[k], pairs[k + 2], 0xee);
    quads[k + 2] = _mm256_shuffle_ps(pairs[k + 1], pairs[k + 3], 0x44);
    quads[k + 3] = _mm256_shuffle_ps(pairs[k + 1], pairs[k + 3], 0xee);
  }
  for (int k = 0; k < 4; ++k) {
    x[k] = _mm256_permute2f128_ps(quads[k], quads[k + 4], 0x20);
    x[k + 4] = _mm256_permute2f128_ps(quads[k], quads[k + 4], 0x31);
  }
}

/* Columns [0, end) of a gather or scatter, whole eights of them; returns end. */
__attribute__((target("avx2,fma"))) static int64_t gather_avx2(const float *from, int64_t width, int32_t n_rows,
                                                               float *to) {
  int64_t i = 0;
  for (; i + 8 <= width; i += 8) {
    __m256 x[8];
    for (int r = 0; r < POLICY_ROWS; ++r)
      x[r] = r < n_rows ? _mm256_loadu_ps(from + r * width + i) : _mm256_setzero_ps();
    transpose_avx2(x);
    for (int k = 0; k < 8; ++k) _mm256_storeu_ps(to + (i + k) * POLICY_ROWS, x[k]);
  }
  return i;
}

__attribute__((target("avx2,fma"))) static int64_t scatter_avx2(const float *from, int64_t width, int32_t n_rows,
                                                                float *to) {
  int64_t i = 0;
  for (; i + 8 <= width; i += 8) {
    __m256 x[8];
    for (int k = 0; k < 8; ++k) x[k] = _mm256_loadu_ps(from + (i + k) * POLICY_ROWS);
    transpose_avx2(x);
    for (int r = 0; r < POLICY_ROWS && r < n_rows; ++r) _mm256_storeu_ps(to + r * width + i, x[r]);
  }
  return i;
}

/* `n` outputs from column u on, n <= 8 at compile time: their sums stay in registers while the inputs run. */
__attribute__((target("avx2,fma"), always_inline)) static inline void panel_avx2(const float *x, const float *w,
                                                                                 const float *b, int64_t n_in,
                                                                                 int64_t n_out, int64_t u, const int n,
                                                                                 float *y) {
  __m256 sum[8];
#pragma GCC unroll 8
  for (int k = 0; k < n; ++k) sum[k] = _mm256_set1_ps(b != NULL ? b[u + k] : 0.0f);
  for (int64_t i = 0; i < n_in; ++i) {
    const __m256 xi = _mm256_loadu_ps(x + i * POLICY_ROWS);
#pragma GCC unroll 8
    for (int k = 0; k < n; ++k) sum[k] = _mm256_fmadd_ps(xi, _mm256_set1_ps(w[i * n_out + u + k]), sum[k]);
  }
#pragma GCC unroll 8
  for (int k = 0; k < n; ++k) _mm256_storeu_ps(y + (u + k) * POLICY_ROWS, sum[k]);
}

__attribute__((target("avx2,fma"))) static void linear_avx2(const float *restrict x, const float *restrict w,
                                                            const float *restrict b, int64_t n_in, int64_t n_out,
                                                            float *restrict y) {
  int64_t u = 0;
  for (; u + 8 <= n_out; u += 8) panel_avx2(x, w, b, n_in, n_out, u, 8, y);
  for (; u + 4 <= n_out; u += 4) panel_avx2(x, w, b, n_in, n_out, u, 4, y);
  for (; u < n_out; ++u) panel_avx2(x, w, b, n_in, n_out, u, 1, y);
}

/* Outputs [u, u + 8) of four rows: the lanes are outputs here, so that no lane is left empty. */
__attribute__((target("avx2,fma"), always_inline)) static inline void store_four_rows(const __m256 sum[4], float *y) {
  __m128 low[4], high[4];
  for (int r = 0; r < 4; ++r) {
    low[r] = _mm256_castps256_ps128(sum[r]);
    high[r] = _mm256_extractf128_ps(sum[r], 1);
  }
  _MM_TRANSPOSE4_PS(low[0], low[1], low[2], low[3]);
  _MM_TRANSPOSE4_PS(high[0], high[1], high[2], high[3]);
  for (int k = 0; k < 4; ++k) {
    _mm256_storeu_ps(y + k * POLICY_ROWS, _mm256_zextps128_ps256(low[k]));
    _mm256_storeu_ps(y + (k + 4) * POLICY_ROWS, _mm256_zextps128_ps256(high[k]));
  }
}

__attribute__((target("avx2,fma"), always_inline)) static inline void four_rows_avx2(const float *x, const float *w,
                                                                                     const float *b, int64_t n_in,
                                                                                     int64_t n_out, int64_t u,
                                                                                     const int n, float *y) {
  __m256 sum[2][4];
#pragma GCC unroll 2
  for (int k = 0; k < n; ++k) {
    const __m256 start = b != NULL ? _mm256_loadu_ps(b + u + 8 * k) : _mm256_setzero_ps();
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) sum[k][r] = start;
  }
  for (int64_t i = 0; i < n_in; ++i) {
#pragma GCC unroll 2
    for (int k = 0; k < n; ++k) {
      const __m256 wi = _mm256_loadu_ps(w + i * n_out + u + 8 * k);
#pragma GCC unroll 4
      for (int r = 0; r < 4; ++r) sum[k][r] = _mm256_fmadd_ps(_mm256_set1_ps(x[i * POLICY_ROWS + r]), wi, sum[k][r]);
    }
  }
#pragma GCC unroll 2
  for (int k = 0; k < n; ++k) store_four_rows(sum[k], y + (u + 8 * k) * POLICY_ROWS);
}

/* The same for at most four rows, at half the cost. */
__attribute__((target("avx2,fma"))) static void linear_four_avx2(const float *restrict x, const float *restrict w,
                                                                 const float *restrict b, int64_t n_in, int64_t n_out,
                                                                 float *restrict y) {
  int64_t u = 0;
  for (; u + 16 <= n_out; u += 16) four_rows_avx2(x, w, b, n_in, n_out, u, 2, y);
  for (; u + 8 <= n_out; u += 8) four_rows_avx2(x, w, b, n_in, n_out, u, 1, y);
  for (; u + 4 <= n_out; u += 4) panel_avx2(x, w, b, n_in, n_out, u, 4, y);
  for (; u < n_out; ++u) panel_avx2(x, w, b, n_in, n_out, u, 1, y);
}

__attribute__((target("avx2,fma"))) static void activate_avx2(float *h, const float *scale, const float *shift,
                                                              int64_t n, bool is_folded) {
  const __m256 zero = _mm256_setzero_ps(), count = _mm256_set1_ps((float)n);
  __m256 mean = zero, variance = zero;
  for (int64_t u = 0; u < n; ++u) {
    const __m256 x = _mm256_loadu_ps(h + u * POLICY_ROWS);
    const __m256 negative = _mm256_cmp_ps(x, zero, _CMP_LT_OQ);
    const __m256 y = _mm256_blendv_ps(x, _mm256_add_ps(_mm256_mul_ps(zero, x), zero), negative);
    _mm256_storeu_ps(h + u * POLICY_ROWS, y);
    mean = _mm256_add_ps(mean, y);
  }
  mean = _mm256_div_ps(mean, count);
  for (int64_t u = 0; !is_folded && u < n; ++u) {
    const __m256 d = _mm256_sub_ps(_mm256_loadu_ps(h + u * POLICY_ROWS), mean);
    variance = _mm256_fmadd_ps(d, d, variance);
  }
  const __m256 root = _mm256_sqrt_ps(_mm256_add_ps(_mm256_div_ps(variance, count), _mm256_set1_ps(norm_epsilon)));
  const __m256 inverse = _mm256_div_ps(_mm256_set1_ps(1.0f), root);
  for (int64_t u = 0; u < n; ++u) {
    __m256 x = _mm256_loadu_ps(h + u * POLICY_ROWS);
    if (!is_folded) x = _mm256_mul_ps(_mm256_sub_ps(x, mean), inverse);
    _mm256_storeu_ps(h + u * POLICY_ROWS, _mm256_fmadd_ps(x, _mm256_set1_ps(scale[u]), _mm256_set1_ps(shift[u])));
  }
}

static bool has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

/* ---- either ---- */

void policy_rows_gather(const float *from, int64_t width, int32_t n_rows, float *to) {
  int64_t i = 0;
#ifdef POLICY_HAS_AVX2
  if (has_avx2()) i = gather_avx2(from, width, n_rows, to);
#endif
  for (; i < width; ++i)
    for (int32_t r = 0; r < POLICY_ROWS; ++r) to[i * POLICY_ROWS + r] = r < n_rows ? from[r * width + i] : 0.0f;
}

void policy_rows_scatter(const float *from, int64_t width, int32_t n_rows, float *to) {
  int64_t i = 0;
#ifdef POLICY_HAS_AVX2
  if (has_avx2()) i = scatter_avx2(from, width, n_rows, to);
#endif
  for (; i < width; ++i)
    for (int32_t r = 0; r < POLICY_ROWS && r < n_rows; ++r) to[r * width + i] = from[i * POLICY_ROWS + r];
}

POLICY_PER_INSTRUCTION_SET
void policy_rows_inputs(const fc_topology_t *csr, const float *weight, const float *features, int64_t n_features,
                        int32_t first, float *x) {
  policy_rows_gather(features + first * n_features, n_features, csr->n_functions - first, x);
  for (int32_t r = 0; r < POLICY_ROWS; ++r) {
    float mean[FC_MAX_FEATURES] = {0};
    for (int32_t e = first + r < csr->n_functions ? csr->row_start[first + r] : 0;
         first + r < csr->n_functions && e < csr->row_start[first + r + 1]; ++e) {
      const float *from = features + csr->column[e] * n_features;
      for (int64_t i = 0; i < n_features; ++i) mean[i] = fmaf(weight[e], from[i], mean[i]);
    }
    for (int64_t i = 0; i < n_features; ++i) x[(n_features + i) * POLICY_ROWS + r] = mean[i];
  }
}

void policy_rows_linear(const float *restrict x, const float *restrict w, const float *restrict b, int64_t n_in,
                        int64_t n_out, int32_t n_rows, float *restrict y) {
#ifdef POLICY_HAS_AVX2
  if (has_avx2()) {
    if (n_rows <= 4) {
      linear_four_avx2(x, w, b, n_in, n_out, y);
    } else {
      linear_avx2(x, w, b, n_in, n_out, y);
    }
    return;
  }
#endif
  (void)n_rows;
  linear_plain(x, w, b, n_in, n_out, y);
}

/* relu and norm, in place. */
static void activate(float *h, const float *scale, const float *shift, int64_t n, bool is_folded) {
#ifdef POLICY_HAS_AVX2
  if (has_avx2()) {
    activate_avx2(h, scale, shift, n, is_folded);
    return;
  }
#endif
  activate_plain(h, scale, shift, n, is_folded);
}

void policy_rows_act(const policy_mlp_t *mlp, const float *x, int32_t n_rows, float *hidden, float *action) {
  const int64_t h = mlp->n_hidden;
  float *h1 = hidden, *h2 = hidden + h * POLICY_ROWS;
  policy_rows_linear(x, mlp->w1, mlp->b1, mlp->n_in, h, n_rows, h1);
  activate(h1, mlp->scale1, mlp->shift1, h, mlp->is_folded);
  policy_rows_linear(h1, mlp->w2, mlp->b2, h, h, n_rows, h2);
  activate(h2, mlp->scale2, mlp->shift2, h, mlp->is_folded);
  policy_rows_linear(h2, mlp->w3, mlp->b3, h, mlp->n_out, n_rows, action);
  policy_sigmoids(action, mlp->n_out * POLICY_ROWS);
}
