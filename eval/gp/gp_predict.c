/* gp_predict.c - what the posterior says at points: mean, variance, gradients, joint samples. See gp.h. */
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gp_state.h"

#define SQRT5 2.23606797749978969641

enum { BLOCK = GP_BLOCK };

/* k (n, BLOCK) of all rows with a block of points given as (d, BLOCK), scaled. */
static void block_kernel(const gp_t *gp, const double *points, double *k) {
  for (int32_t j = 0; j < gp->n; ++j) {
    const double *row = gp->scaled + (size_t)j * (size_t)gp->d;
    double r2[BLOCK] = {0};
    for (int32_t i = 0; i < gp->d; ++i) {
      const double *at = points + (size_t)i * BLOCK;
      for (int p = 0; p < BLOCK; ++p) r2[p] += (at[p] - row[i]) * (at[p] - row[i]);
    }
    double *out = k + (size_t)j * BLOCK;
    for (int p = 0; p < BLOCK; ++p) {
      const double t = SQRT5 * sqrt(r2[p]);
      out[p] = gp->scale * (1 + t + t * t / 3) * exp(-t);
    }
  }
}

/* k becomes L^-1 k. */
static void block_solve(const gp_t *gp, double *k) {
  for (int32_t i = 0; i < gp->n; ++i) {
    const double *row = gp->factor + (size_t)i * (size_t)gp->stride;
    double sum[BLOCK] = {0};
    for (int32_t j = 0; j < i; ++j) {
      const double *at = k + (size_t)j * BLOCK;
      for (int p = 0; p < BLOCK; ++p) sum[p] += row[j] * at[p];
    }
    double *out = k + (size_t)i * BLOCK;
    for (int p = 0; p < BLOCK; ++p) out[p] = (out[p] - sum[p]) / row[i];
  }
}

static void predict_block(const gp_t *gp, const double *x, int32_t m, double *points, double *k, double *mean,
                          double *variance) {
  for (int32_t i = 0; i < gp->d; ++i) {
    for (int32_t p = 0; p < BLOCK; ++p) {
      const int32_t point = p < m ? p : m - 1;
      points[(size_t)i * BLOCK + (size_t)p] = x[(size_t)point * (size_t)gp->d + (size_t)i] / gp->length[i];
    }
  }
  block_kernel(gp, points, k);
  double sum[BLOCK] = {0};
  for (int32_t j = 0; j < gp->n; ++j) {
    for (int p = 0; p < BLOCK; ++p) sum[p] += gp->alpha[j] * k[(size_t)j * BLOCK + (size_t)p];
  }
  for (int32_t p = 0; p < m; ++p) mean[p] = gp->mean + gp->deviation * sum[p];
  if (variance == NULL) return;
  block_solve(gp, k);
  double known[BLOCK] = {0};
  for (int32_t j = 0; j < gp->n; ++j) {
    const double *at = k + (size_t)j * BLOCK;
    for (int p = 0; p < BLOCK; ++p) known[p] += at[p] * at[p];
  }
  for (int32_t p = 0; p < m; ++p)
    variance[p] = fmax(1e-12 * gp->scale, gp->scale - known[p]) * gp->deviation * gp->deviation;
}

/* k (n) of all rows with one scaled point. */
static void point_kernel(const gp_t *gp, const double *point, double *k) {
  for (int32_t j = 0; j < gp->n; ++j)
    k[j] = gp->scale * gp_matern(point, gp->scaled + (size_t)j * (size_t)gp->d, gp->d);
}

static void predict_point(const gp_t *gp, const double *x, double *mean, double *variance) {
  double *k = gp->work, *point = k + gp->n, known = 0, sum = 0;
  gp_scale_points(gp, x, 1, point);
  point_kernel(gp, point, k);
  for (int32_t j = 0; j < gp->n; ++j) sum += gp->alpha[j] * k[j];
  *mean = gp->mean + gp->deviation * sum;
  if (variance == NULL) return;
  gp_solve_lower(gp->factor, gp->n, gp->stride, k);
  for (int32_t j = 0; j < gp->n; ++j) known += k[j] * k[j];
  *variance = fmax(1e-12 * gp->scale, gp->scale - known) * gp->deviation * gp->deviation;
}

void gp_predict(const gp_t *gp, const double *x, int32_t m, double *mean, double *variance) {
  double *points = gp->block, *k = points + (size_t)gp->d * BLOCK;
  int32_t from = 0;
  for (; m - from >= BLOCK / 4; from += BLOCK) {
    const int32_t count = m - from < BLOCK ? m - from : BLOCK;
    predict_block(gp, x + (size_t)from * (size_t)gp->d, count, points, k, mean + from,
                  variance != NULL ? variance + from : NULL);
  }
  for (; from < m; ++from)
    predict_point(gp, x + (size_t)from * (size_t)gp->d, mean + from, variance != NULL ? variance + from : NULL);
}

void gp_predict_gradient(const gp_t *gp, const double *x, double *mean, double *variance, double *grad_mean,
                         double *grad_variance) {
  const int32_t n = gp->n;
  double *k = gp->work, *point = k + n, known = 0, sum = 0;
  gp_scale_points(gp, x, 1, point);
  point_kernel(gp, point, k);
  for (int32_t j = 0; j < n; ++j) sum += gp->alpha[j] * k[j];
  gp_solve_lower(gp->factor, n, gp->stride, k);
  for (int32_t j = 0; j < n; ++j) known += k[j] * k[j];
  gp_solve_upper(gp->factor, n, gp->stride, k); /* K^-1 k: the weights of d variance, but for -2 */
  *mean = gp->mean + gp->deviation * sum;
  *variance = fmax(1e-12 * gp->scale, gp->scale - known) * gp->deviation * gp->deviation;
  memset(grad_mean, 0, (size_t)gp->d * sizeof *grad_mean);
  memset(grad_variance, 0, (size_t)gp->d * sizeof *grad_variance);
  gp_add_kernel_gradient(gp, gp->scaled, gp->alpha, n, point, grad_mean);
  gp_add_kernel_gradient(gp, gp->scaled, k, n, point, grad_variance);
  for (int32_t i = 0; i < gp->d; ++i) {
    grad_mean[i] *= gp->deviation;
    grad_variance[i] *= -2 * gp->deviation * gp->deviation;
  }
}

/* ---- joint posterior ---- */

/* v (m, n) = L^-1 k of each point, scaled (m, d), mean (m) standardised. */
static void project(const gp_t *gp, const double *scaled, int32_t m, double *v, double *mean) {
  for (int32_t p = 0; p < m; ++p) {
    double *row = v + (size_t)p * (size_t)gp->n, sum = 0;
    point_kernel(gp, scaled + (size_t)p * (size_t)gp->d, row);
    for (int32_t j = 0; j < gp->n; ++j) sum += gp->alpha[j] * row[j];
    mean[p] = sum;
    gp_solve_lower(gp->factor, gp->n, gp->stride, row);
  }
}

static void covariance_of(const gp_t *gp, const double *scaled, const double *v, int32_t m, double *covariance) {
  for (int32_t p = 0; p < m; ++p) {
    for (int32_t q = 0; q <= p; ++q) {
      const double *a = v + (size_t)p * (size_t)gp->n, *b = v + (size_t)q * (size_t)gp->n;
      double sum = gp->scale * gp_matern(scaled + (size_t)p * (size_t)gp->d, scaled + (size_t)q * (size_t)gp->d, gp->d);
      for (int32_t j = 0; j < gp->n; ++j) sum -= a[j] * b[j];
      covariance[(size_t)p * (size_t)m + (size_t)q] = covariance[(size_t)q * (size_t)m + (size_t)p] = sum;
    }
  }
}

void gp_project(const gp_t *gp, const double *x, int32_t m, double *scaled, double *v, double *mean,
                double *covariance) {
  gp_scale_points(gp, x, m, scaled);
  project(gp, scaled, m, v, mean);
  covariance_of(gp, scaled, v, m, covariance);
}

fc_status_t gp_covariance(const gp_t *gp, const double *x, int32_t m, double *mean, double *covariance,
                          fc_error_t *error) {
  double *scaled = calloc((size_t)m * (size_t)(gp->d + gp->n), sizeof *scaled);
  if (scaled == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a posterior of %d points", m);
  gp_project(gp, x, m, scaled, scaled + (size_t)m * (size_t)gp->d, mean, covariance);
  for (int32_t p = 0; p < m; ++p) mean[p] = gp->mean + gp->deviation * mean[p];
  for (size_t i = 0; i < (size_t)m * (size_t)m; ++i) covariance[i] *= gp->deviation * gp->deviation;
  free(scaled);
  return FC_OK;
}

bool gp_factor_covariance(double *covariance, int32_t m, double scale) {
  /* Points that nearly coincide, and rounding: the least jitter that helps. */
  double *saved = malloc((size_t)m * (size_t)m * sizeof *saved);
  if (saved == NULL) return false;
  memcpy(saved, covariance, (size_t)m * (size_t)m * sizeof *saved);
  bool done = false;
  for (double jitter = 1e-10; !done && jitter < 2e-6; jitter *= 100) {
    memcpy(covariance, saved, (size_t)m * (size_t)m * sizeof *saved);
    for (int32_t p = 0; p < m; ++p) covariance[(size_t)p * (size_t)m + (size_t)p] += jitter * scale;
    done = gp_cholesky(covariance, m, m);
  }
  free(saved);
  return done;
}

fc_status_t gp_sample(const gp_t *gp, const double *x, int32_t m, const double *normals, int32_t n_samples, double *out,
                      fc_error_t *error) {
  fc_status_t status = FC_ENOMEM;
  const size_t size = (size_t)m;
  double *mean = calloc(size, sizeof *mean), *covariance = calloc(size * size, sizeof *covariance);
  if (mean == NULL || covariance == NULL) {
    fc_error_set(error, FC_ENOMEM, "no memory for samples at %d points", m);
    goto done;
  }
  FC_TRY_GOTO(gp_covariance(gp, x, m, mean, covariance, error), status, done);
  if (!gp_factor_covariance(covariance, m, gp->scale * gp->deviation * gp->deviation)) {
    status = fc_error_set(error, FC_EINTERNAL, "the posterior at %d points has no factor", m);
    goto done;
  }
  for (int32_t s = 0; s < n_samples; ++s) {
    const double *z = normals + (size_t)s * size;
    for (int32_t p = 0; p < m; ++p) {
      double sum = mean[p];
      for (int32_t q = 0; q <= p; ++q) sum += covariance[(size_t)p * size + (size_t)q] * z[q];
      out[(size_t)s * size + (size_t)p] = sum;
    }
  }
done:
  free(mean);
  free(covariance);
  return status;
}

fc_status_t gp_leave_one_out(const gp_t *gp, double *mean, double *variance, fc_error_t *error) {
  const size_t n = (size_t)gp->n, stride = (size_t)gp->stride;
  /* gp->inverse is scratch and has the room. */
  for (size_t i = 0; i < n; ++i)
    memcpy(gp->inverse + i * stride, gp->factor + i * stride, (i + 1) * sizeof *gp->inverse);
  if (LAPACKE_dpotri_work(LAPACK_COL_MAJOR, 'U', gp->n, gp->inverse, gp->stride) != 0)
    return fc_error_set(error, FC_EINTERNAL, "the kernel matrix of %d rows has no inverse", gp->n);
  for (size_t i = 0; i < n; ++i) {
    const double precision = gp->inverse[i * stride + i];
    mean[i] = gp->mean + gp->deviation * (gp->y[i] - gp->alpha[i] / precision);
    variance[i] = gp->deviation * gp->deviation / precision;
  }
  return FC_OK;
}
