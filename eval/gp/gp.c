/* gp.c - rows, kernel matrix, factor. See gp.h. */
#include "gp.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gp_state.h"

#define SQRT5 2.23606797749978969641

gp_options_t gp_options(int32_t n_dims, int32_t max_rows) {
  return (gp_options_t){.n_dims = n_dims,
                        .max_rows = max_rows,
                        .length_prior = {3, 6 / sqrt(fmax(1, n_dims))},
                        .scale_prior = {2, 0.15},
                        .noise_prior = {1.1, 0.05},
                        .noise_floor = 1e-4,
                        .evaluations = 60};
}

/* ---- linear algebra: a row-major lower triangle is LAPACK's column-major upper one ---- */

bool gp_cholesky(double *a, int32_t n, int32_t stride) {
  return LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'U', n, a, stride) == 0;
}

void gp_solve_lower(const double *l, int32_t n, int32_t stride, double *b) {
  for (int32_t i = 0; i < n; ++i) {
    const double *row = l + (size_t)i * (size_t)stride;
    /* Eight partial sums: a single one waits for its own addition. */
    double sum[8] = {0};
    int32_t k = 0;
    for (; k + 8 <= i; k += 8) {
      for (int lane = 0; lane < 8; ++lane) sum[lane] += row[k + lane] * b[k + lane];
    }
    for (; k < i; ++k) sum[k % 8] += row[k] * b[k];
    const double low = (sum[0] + sum[1]) + (sum[2] + sum[3]), high = (sum[4] + sum[5]) + (sum[6] + sum[7]);
    b[i] = (b[i] - (low + high)) / row[i];
  }
}

void gp_solve_upper(const double *l, int32_t n, int32_t stride, double *b) {
  for (int32_t i = n - 1; i >= 0; --i) {
    const double *row = l + (size_t)i * (size_t)stride;
    const double value = b[i] / row[i];
    b[i] = value;
    for (int32_t k = 0; k < i; ++k) b[k] -= row[k] * value;
  }
}

/* ---- kernel ---- */

double gp_square_distance(const double *a, const double *b, int32_t d) {
  double sum[4] = {0};
  int32_t i = 0;
  for (; i + 4 <= d; i += 4) {
    for (int lane = 0; lane < 4; ++lane) sum[lane] += (a[i + lane] - b[i + lane]) * (a[i + lane] - b[i + lane]);
  }
  for (; i < d; ++i) sum[i % 4] += (a[i] - b[i]) * (a[i] - b[i]);
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

double gp_matern(const double *a, const double *b, int32_t d) {
  const double t = SQRT5 * sqrt(gp_square_distance(a, b, d));
  return (1 + t + t * t / 3) * exp(-t);
}

void gp_scale_points(const gp_t *gp, const double *x, int32_t m, double *out) {
  for (int32_t j = 0; j < m; ++j) {
    for (int32_t i = 0; i < gp->d; ++i) {
      const size_t at = (size_t)j * (size_t)gp->d + (size_t)i;
      out[at] = x[at] / gp->length[i];
    }
  }
}

void gp_add_kernel_gradient(const gp_t *gp, const double *scaled, const double *weight, int32_t n, const double *point,
                            double *grad) {
  for (int32_t j = 0; j < n; ++j) {
    const double *row = scaled + (size_t)j * (size_t)gp->d;
    const double t = SQRT5 * sqrt(gp_square_distance(point, row, gp->d));
    /* dk/dp_i = -5/3 (1 + t) exp(-t) (p_i - q_i), in scaled coordinates */
    const double w = -weight[j] * gp->scale * (5.0 / 3) * (1 + t) * exp(-t);
    for (int32_t i = 0; i < gp->d; ++i) grad[i] += w * (point[i] - row[i]) / gp->length[i];
  }
}

void gp_fill_kernel(const gp_t *gp, double *a) {
  for (int32_t i = 0; i < gp->n; ++i) {
    double *row = a + (size_t)i * (size_t)gp->stride;
    const double *p = gp->scaled + (size_t)i * (size_t)gp->d;
    for (int32_t j = 0; j < i; ++j) row[j] = gp->scale * gp_matern(p, gp->scaled + (size_t)j * (size_t)gp->d, gp->d);
    row[i] = gp->scale + gp->noise;
  }
}

void gp_apply_theta(gp_t *gp, const double *theta) {
  for (int32_t i = 0; i < gp->d; ++i) gp->length[i] = exp(theta[i]);
  gp->scale = exp(theta[gp->d]);
  gp->noise = exp(theta[gp->d + 1]);
  gp_scale_points(gp, gp->x, gp->n, gp->scaled);
}

fc_status_t gp_factor(gp_t *gp, fc_error_t *error) {
  if (gp->n == 0) return FC_OK;
  gp_fill_kernel(gp, gp->factor);
  if (!gp_cholesky(gp->factor, gp->n, gp->stride))
    return fc_error_set(error, FC_EINTERNAL, "the kernel matrix of %d rows is not positive definite: raise the noise",
                        gp->n);
  memcpy(gp->alpha, gp->y, (size_t)gp->n * sizeof *gp->alpha);
  gp_solve_lower(gp->factor, gp->n, gp->stride, gp->alpha);
  gp_solve_upper(gp->factor, gp->n, gp->stride, gp->alpha);
  return FC_OK;
}

/* ---- life ---- */

static double prior_mean(gp_gamma_t prior, double otherwise) {
  return prior.rate > 0 ? prior.shape / prior.rate : otherwise;
}

static void start_theta(gp_t *gp) {
  const gp_options_t *options = &gp->options;
  for (int32_t i = 0; i < gp->d; ++i) gp->theta[i] = log(prior_mean(options->length_prior, 0.5));
  gp->theta[gp->d] = 0; /* outcomes are standardised: 1, whatever the prior says */
  gp->theta[gp->d + 1] = log(fmax(0.05, options->noise_floor));
  gp_apply_theta(gp, gp->theta);
}

fc_status_t gp_new(const gp_options_t *options, gp_t **out, fc_error_t *error) {
  *out = NULL;
  if (options->n_dims < 1 || options->max_rows < 1 || !(options->noise_floor > 0))
    return fc_error_set(error, FC_EINVAL,
                        "a Gaussian process needs dimensions, room for rows and a noise floor above 0");
  gp_t *gp = calloc(1, sizeof *gp);
  if (gp == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a Gaussian process");
  const size_t d = (size_t)options->n_dims, n = (size_t)options->max_rows;
  gp->options = *options;
  gp->d = options->n_dims;
  gp->stride = options->max_rows;
  gp->deviation = 1;
  gp->theta = calloc(d + 2, sizeof(double));
  gp->length = calloc(d, sizeof(double));
  gp->x = calloc(n * d, sizeof(double));
  gp->scaled = calloc(n * d, sizeof(double));
  gp->y = calloc(n, sizeof(double));
  gp->factor = calloc(n * n, sizeof(double));
  gp->alpha = calloc(n, sizeof(double));
  gp->inverse = calloc(n * n, sizeof(double));
  gp->scratch = calloc(4 * (d + 2), sizeof(double));
  gp->block = calloc((n + d) * GP_BLOCK, sizeof(double));
  gp->work = calloc(2 * n + d, sizeof(double));
  if (gp->theta == NULL || gp->length == NULL || gp->x == NULL || gp->scaled == NULL || gp->y == NULL ||
      gp->factor == NULL || gp->alpha == NULL || gp->inverse == NULL || gp->scratch == NULL || gp->block == NULL ||
      gp->work == NULL) {
    gp_destroy(&gp);
    return fc_error_set(error, FC_ENOMEM, "no memory for a Gaussian process of %d rows", options->max_rows);
  }
  start_theta(gp);
  *out = gp;
  return FC_OK;
}

void gp_destroy(gp_t **gp) {
  if (gp == NULL || *gp == NULL) return;
  gp_t *self = *gp;
  free(self->theta);
  free(self->length);
  free(self->x);
  free(self->scaled);
  free(self->y);
  free(self->factor);
  free(self->alpha);
  free(self->inverse);
  free(self->scratch);
  free(self->block);
  free(self->work);
  free(self);
  *gp = NULL;
}

/* ---- rows ---- */

static fc_status_t check_row(const gp_t *gp, const double *x, double y, fc_error_t *error) {
  bool finite = isfinite(y) != 0;
  for (int32_t i = 0; i < gp->d; ++i) finite = finite && isfinite(x[i]) != 0;
  if (finite) return FC_OK;
  return fc_error_set(error, FC_EINVAL, "a row of a Gaussian process is not finite");
}

fc_status_t gp_set_rows(gp_t *gp, const double *x, const double *y, int32_t n, fc_error_t *error) {
  if (n < 1 || n > gp->stride)
    return fc_error_set(error, FC_EINVAL, "%d rows for a Gaussian process of 1 to %d", n, gp->stride);
  for (int32_t j = 0; j < n; ++j) FC_TRY(check_row(gp, x + (size_t)j * (size_t)gp->d, y[j], error));
  double sum = 0, squares = 0;
  for (int32_t j = 0; j < n; ++j) sum += y[j];
  gp->mean = sum / n;
  for (int32_t j = 0; j < n; ++j) squares += (y[j] - gp->mean) * (y[j] - gp->mean);
  gp->deviation = sqrt(squares / n);
  /* All the same, or nearly: nothing to scale by. */
  if (!(gp->deviation > 1e-12 * fmax(1, fabs(gp->mean)))) gp->deviation = 1;
  gp->n = n;
  memcpy(gp->x, x, (size_t)n * (size_t)gp->d * sizeof *x);
  for (int32_t j = 0; j < n; ++j) gp->y[j] = (y[j] - gp->mean) / gp->deviation;
  gp_apply_theta(gp, gp->theta);
  return gp_factor(gp, error);
}

fc_status_t gp_add(gp_t *gp, const double *x, double y, fc_error_t *error) {
  if (gp->n == 0) return gp_set_rows(gp, x, &y, 1, error);
  if (gp->n == gp->stride) return fc_error_set(error, FC_EINVAL, "a Gaussian process of %d rows is full", gp->stride);
  FC_TRY(check_row(gp, x, y, error));
  const int32_t n = gp->n;
  const size_t d = (size_t)gp->d;
  double *point = gp->scaled + (size_t)n * d, *row = gp->factor + (size_t)n * (size_t)gp->stride;
  memcpy(gp->x + (size_t)n * d, x, d * sizeof *x);
  gp_scale_points(gp, x, 1, point);
  for (int32_t j = 0; j < n; ++j) row[j] = gp->scale * gp_matern(point, gp->scaled + (size_t)j * d, gp->d);
  gp_solve_lower(gp->factor, n, gp->stride, row);
  double rest = gp->scale + gp->noise;
  for (int32_t j = 0; j < n; ++j) rest -= row[j] * row[j];
  /* At least half the noise remains whatever else is known of the point; less is rounding. */
  row[n] = sqrt(fmax(rest, 0.5 * gp->noise));
  gp->y[n] = (y - gp->mean) / gp->deviation;
  gp->n = n + 1;
  memcpy(gp->alpha, gp->y, (size_t)gp->n * sizeof *gp->alpha);
  gp_solve_lower(gp->factor, gp->n, gp->stride, gp->alpha);
  gp_solve_upper(gp->factor, gp->n, gp->stride, gp->alpha);
  return FC_OK;
}

void gp_get_theta(const gp_t *gp, double *theta) {
  memcpy(theta, gp->theta, ((size_t)gp->d + 2) * sizeof *theta);
}

fc_status_t gp_set_theta(gp_t *gp, const double *theta, fc_error_t *error) {
  memcpy(gp->theta, theta, ((size_t)gp->d + 2) * sizeof *theta);
  gp_apply_theta(gp, gp->theta);
  return gp_factor(gp, error);
}

int32_t gp_n_rows(const gp_t *gp) {
  return gp->n;
}

int32_t gp_n_dims(const gp_t *gp) {
  return gp->d;
}

double gp_noise_variance(const gp_t *gp) {
  return gp->noise * gp->deviation * gp->deviation;
}
