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

void policy_rows_linear(const float *restrict x, const float *restrict w, const float *restrict b, int64_t n_in,
                        int64_t n_out, float *restrict y) {
#ifdef POLICY_HAS_AVX2
  if (has_avx2()) {
    linear_avx2(x, w, b, n_in, n_out, y);
    return;
  }
#endif
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

void policy_rows_act(const policy_mlp_t *mlp, const float *x, float *hidden, float *action) {
  const int64_t h = mlp->n_hidden;
  float *h1 = hidden, *h2 = hidden + h * POLICY_ROWS;
  policy_rows_linear(x, mlp->w1, mlp->b1, mlp->n_in, h, h1);
  activate(h1, mlp->scale1, mlp->shift1, h, mlp->is_folded);
  policy_rows_linear(h1, mlp->w2, mlp->b2, h, h, h2);
  activate(h2, mlp->scale2, mlp->shift2, h, mlp->is_folded);
  policy_rows_linear(h2, mlp->w3, mlp->b3, h, mlp->n_out, action);
  policy_sigmoids(action, mlp->n_out * POLICY_ROWS);
}
