/* cholesky.c - see cholesky.h. */
#include "cholesky.h"

#include <math.h>

bool cholesky_factor(double *a, int32_t n) {
  for (int32_t j = 0; j < n; ++j) {
    for (int32_t i = j; i < n; ++i) {
      double sum = a[i * n + j];
      for (int32_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      if (i == j) {
        if (!(sum > 0) || !isfinite(sum)) return false;
        a[j * n + j] = sqrt(sum);
      } else {
        a[i * n + j] = sum / a[j * n + j];
      }
    }
  }
  return true;
}

void cholesky_solve(const double *l, int32_t n, double *x) {
  for (int32_t i = 0; i < n; ++i) {
    for (int32_t k = 0; k < i; ++k) x[i] -= l[i * n + k] * x[k];
    x[i] /= l[i * n + i];
  }
  for (int32_t i = n - 1; i >= 0; --i) {
    for (int32_t k = i + 1; k < n; ++k) x[i] -= l[k * n + i] * x[k];
    x[i] /= l[i * n + i];
  }
}

void cholesky_multiply(const double *l, int32_t n, const double *z, double *out) {
  for (int32_t i = 0; i < n; ++i) {
    out[i] = 0;
    for (int32_t k = 0; k <= i; ++k) out[i] += l[i * n + k] * z[k];
  }
}
