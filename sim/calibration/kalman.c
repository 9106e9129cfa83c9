/* kalman.c - see kalman.h. */
#include "kalman.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cholesky.h"

/* Squared standard errors of a correlation that count as chance. */
#define CHANCE 4.0

/* Variance that every term has at least: a hundredth, of what are logarithms and roots. Simulated windows can agree
 * exactly (none succeeds in any of them), and a measured one that does not would be infinitely surprising. */
#define LEAST_LUCK 1e-4

fc_status_t kalman_init(kalman_t *self, int32_t n, int32_t m, int32_t d, int32_t max_terms) {
  const size_t terms = (size_t)max_terms;
  *self = (kalman_t){.n = n, .m = m, .d = d, .max_terms = max_terms};
  self->ybar = calloc((size_t)n * terms, sizeof(double));
  self->r = calloc(terms * terms, sizeof(double));
  self->s = calloc(terms * terms, sizeof(double));
  self->expected = calloc(terms * terms, sizeof(double));
  self->gain = calloc(terms * (size_t)d, sizeof(double));
  self->scratch = calloc(3 * terms, sizeof(double));
  const bool taken = self->ybar != NULL && self->r != NULL && self->s != NULL && self->expected != NULL;
  return taken && self->gain != NULL && self->scratch != NULL ? FC_OK : FC_ENOMEM;
}

void kalman_clear(kalman_t *self) {
  free(self->ybar);
  free(self->r);
  free(self->s);
  free(self->expected);
  free(self->gain);
  free(self->scratch);
  *self = (kalman_t){0};
}

/* ybar, and R pooled within the worlds. */
static void within_worlds(kalman_t *self, const double *simulated, int32_t terms, const double *noise) {
  const int32_t n = self->n, m = self->m;
  memset(self->r, 0, (size_t)terms * (size_t)terms * sizeof *self->r);
  for (int32_t i = 0; i < n; ++i) {
    double *mean = self->ybar + (int64_t)i * terms;
    const double *windows = simulated + (int64_t)i * m * self->max_terms;
    for (int32_t t = 0; t < terms; ++t) {
      mean[t] = 0;
      for (int32_t k = 0; k < m; ++k) mean[t] += windows[k * self->max_terms + t] / m;
    }
    for (int32_t k = 0; k < m; ++k) {
      const double *window = windows + k * self->max_terms;
      for (int32_t a = 0; a < terms; ++a)
        for (int32_t b = 0; b < terms; ++b)
          self->r[a * terms + b] += (window[a] - mean[a]) * (window[b] - mean[b]) / ((double)n * (m - 1));
    }
  }
  for (int32_t t = 0; t < terms; ++t) self->r[t * terms + t] = fmax(self->r[t * terms + t], LEAST_LUCK) + noise[t];
}

/* Cov(ybar) into s, the mean of ybar into mean_y, Cov(ybar, theta) into gain. */
static void between_worlds(kalman_t *self, int32_t terms, const double *theta, double *mean_y) {
  const int32_t n = self->n, d = self->d;
  memset(self->s, 0, (size_t)terms * (size_t)terms * sizeof *self->s);
  memset(self->gain, 0, (size_t)terms * (size_t)d * sizeof *self->gain);
  memset(mean_y, 0, (size_t)terms * sizeof *mean_y);
  for (int32_t i = 0; i < n; ++i)
    for (int32_t t = 0; t < terms; ++t) mean_y[t] += self->ybar[(int64_t)i * terms + t] / n;
  for (int32_t i = 0; i < n; ++i) {
    const double *ybar = self->ybar + (int64_t)i * terms, *world = theta + (int64_t)i * d;
    for (int32_t a = 0; a < terms; ++a) {
      const double off = (ybar[a] - mean_y[a]) / (n - 1);
      for (int32_t b = 0; b < terms; ++b) self->s[a * terms + b] += off * (ybar[b] - mean_y[b]);
      /* Cov with theta needs no centred theta: the offs sum to 0. */
      for (int32_t u = 0; u < d; ++u) self->gain[a * d + u] += off * world[u];
    }
  }
}

static double variance(const double *theta, int32_t n, int32_t d, int32_t u) {
  double mean = 0, squares = 0;
  for (int32_t i = 0; i < n; ++i) mean += theta[(int64_t)i * d + u] / n;
  for (int32_t i = 0; i < n; ++i) {
    const double off = theta[(int64_t)i * d + u] - mean;
    squares += off * off;
  }
  return squares / (n - 1);
}

static void taper(kalman_t *self, int32_t terms, const double *theta) {
  const int32_t n = self->n, d = self->d;
  for (int32_t u = 0; u < d; ++u) {
    const double of_theta = variance(theta, n, d, u);
    for (int32_t t = 0; t < terms; ++t) {
      double *covariance = &self->gain[t * d + u];
      const double z2 = n * *covariance * *covariance / (of_theta * self->s[t * terms + t]);
      *covariance *= z2 > CHANCE ? 1 - CHANCE / z2 : 0;
    }
  }
}

/* How far y is from what was expected, term by term and in all. s holds Cov(ybar), of which luck / m is in R, too; the
 * noise of measurement in R is not. */
static bool surprise(kalman_t *self, int32_t terms, const double *y, const double *noise, const double *mean_y,
                     double *z, double *log_density) {
  const double ln_2pi = 1.8378770664093453;
  double *expected = self->expected, *off = self->scratch + terms, *solved = self->scratch + 2 * terms;
  for (int32_t i = 0; i < terms * terms; ++i) expected[i] = self->s[i] + (1 - 1.0 / self->m) * self->r[i];
  for (int32_t t = 0; t < terms; ++t) expected[t * terms + t] += noise[t] / self->m;
  for (int32_t t = 0; t < terms; ++t) {
    off[t] = solved[t] = y[t] - mean_y[t];
    z[t] = off[t] / sqrt(expected[t * terms + t]);
  }
  if (!cholesky_factor(expected, terms)) return false;
  cholesky_solve(expected, terms, solved);
  *log_density = -0.5 * terms * ln_2pi;
  for (int32_t t = 0; t < terms; ++t) *log_density -= 0.5 * off[t] * solved[t] + log(expected[t * terms + t]);
  return true;
}

static void move_worlds(kalman_t *self, int32_t terms, const double *y, fc_rng_t *rng, double *theta) {
  double *luck = self->scratch, *eps = self->scratch + terms, *off = self->scratch + 2 * terms;
  for (int32_t i = 0; i < self->n; ++i) {
    double *world = theta + (int64_t)i * self->d;
    for (int32_t t = 0; t < terms; ++t) luck[t] = fc_rng_normal(rng);
    cholesky_multiply(self->r, terms, luck, eps);
    for (int32_t t = 0; t < terms; ++t) off[t] = y[t] + eps[t] - self->ybar[(int64_t)i * terms + t];
    cholesky_solve(self->s, terms, off);
    for (int32_t t = 0; t < terms; ++t)
      for (int32_t u = 0; u < self->d; ++u) world[u] += self->gain[t * self->d + u] * off[t];
  }
}

bool kalman_learn(kalman_t *self, const double *simulated, int32_t terms, const double *y, const double *noise,
                  fc_rng_t *rng, double *theta, double *z, double *log_density) {
  double *mean_y = self->scratch;
  FC_ASSERT(terms >= 1 && terms <= self->max_terms);
  within_worlds(self, simulated, terms, noise);
  between_worlds(self, terms, theta, mean_y);
  taper(self, terms, theta);
  if (!surprise(self, terms, y, noise, mean_y, z, log_density)) return false;
  for (int32_t i = 0; i < terms * terms; ++i) self->s[i] += self->r[i];
  if (!cholesky_factor(self->s, terms) || !cholesky_factor(self->r, terms)) return false;
  move_worlds(self, terms, y, rng, theta);
  return true;
}
