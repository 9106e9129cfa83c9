/* gp_fit.c - hyper-parameters: log marginal likelihood, its gradient, priors, search. See gp.h. */
#include <lapacke.h>
#include <math.h>
#include <nlopt.h>
#include <string.h>

#include "gp_state.h"

#define SQRT5 2.23606797749978969641
#define LOG_TWO_PI 1.83787706640934548356

/* Where lengths and scale are searched: a length of 0.01 makes every row an island, one of 100 a constant. */
static const double length_bounds[2] = {0.01, 100}, scale_bounds[2] = {1e-3, 1e3};
static const double noise_top = 10;

/* ---- likelihood ---- */

/* Adds the gradient over theta. inverse: (n, n) lower triangle of K^-1. */
static void likelihood_gradient(const gp_t *gp, const double *inverse, double *gradient) {
  const int32_t d = gp->d, n = gp->n;
  double trace = 0, noise = 0;
  memset(gradient, 0, ((size_t)d + 2) * sizeof *gradient);
  for (int32_t i = 0; i < n; ++i) {
    const double *a = gp->scaled + (size_t)i * (size_t)d;
    const double *row = inverse + (size_t)i * (size_t)gp->stride;
    for (int32_t j = 0; j < i; ++j) {
      const double *b = gp->scaled + (size_t)j * (size_t)d;
      const double t = SQRT5 * sqrt(gp_square_distance(a, b, d)), decay = gp->scale * exp(-t);
      /* Twice 1/2 (alpha alpha' - K^-1): the other triangle is the same. */
      const double w = gp->alpha[i] * gp->alpha[j] - row[j];
      const double by_length = w * decay * (5.0 / 3) * (1 + t);
      trace += w * decay * (1 + t + t * t / 3);
      for (int32_t k = 0; k < d; ++k) gradient[k] += by_length * (a[k] - b[k]) * (a[k] - b[k]);
    }
    const double w = 0.5 * (gp->alpha[i] * gp->alpha[i] - row[i]);
    trace += w * gp->scale;
    noise += w * gp->noise;
  }
  gradient[d] = trace;
  gradient[d + 1] = noise;
}

/* At the theta that is applied; leaves factor and alpha of it. */
static fc_status_t applied_likelihood(gp_t *gp, double *value, double *gradient, fc_error_t *error) {
  FC_TRY(gp_factor(gp, error));
  double sum = 0.5 * gp->n * LOG_TWO_PI;
  for (int32_t i = 0; i < gp->n; ++i)
    sum += 0.5 * gp->y[i] * gp->alpha[i] + log(gp->factor[(size_t)i * (size_t)gp->stride + (size_t)i]);
  *value = -sum;
  if (gradient == NULL) return FC_OK;
  for (int32_t i = 0; i < gp->n; ++i) {
    const size_t row = (size_t)i * (size_t)gp->stride;
    memcpy(gp->inverse + row, gp->factor + row, ((size_t)i + 1) * sizeof *gp->inverse);
  }
  if (LAPACKE_dpotri_work(LAPACK_COL_MAJOR, 'U', gp->n, gp->inverse, gp->stride) != 0)
    return fc_error_set(error, FC_EINTERNAL, "the kernel matrix of %d rows has no inverse", gp->n);
  likelihood_gradient(gp, gp->inverse, gradient);
  return FC_OK;
}

fc_status_t gp_log_likelihood(gp_t *gp, const double *theta, double *value, double *gradient, fc_error_t *error) {
  if (gp->n == 0) return fc_error_set(error, FC_EINVAL, "a likelihood needs rows");
  gp_apply_theta(gp, theta);
  const fc_status_t status = applied_likelihood(gp, value, gradient, error);
  gp_apply_theta(gp, gp->theta);
  const fc_status_t back = gp_factor(gp, error);
  return status != FC_OK ? status : back;
}

/* ---- priors ---- */

static double gamma_log(gp_gamma_t prior, double log_v, double *gradient) {
  const double v = exp(log_v);
  if (gradient != NULL) *gradient = (prior.shape - 1) - prior.rate * v;
  return (prior.shape - 1) * log_v - prior.rate * v;
}

double gp_log_prior(const gp_t *gp, const double *theta, double *gradient) {
  const gp_options_t *options = &gp->options;
  const int32_t d = gp->d;
  double sum = 0;
  for (int32_t i = 0; i < d; ++i)
    sum += gamma_log(options->length_prior, theta[i], gradient != NULL ? &gradient[i] : NULL);
  sum += gamma_log(options->scale_prior, theta[d], gradient != NULL ? &gradient[d] : NULL);
  return sum + gamma_log(options->noise_prior, theta[d + 1], gradient != NULL ? &gradient[d + 1] : NULL);
}

/* ---- search ---- */

typedef struct {
  gp_t *gp;
  double best;
  int32_t left; /* evaluations: NLopt's own count does not stop inside a line search */
  nlopt_opt search;
} fit_t;

/* Log posterior of theta, to be maximised. The best theta seen is kept in gp->theta. */
static double evaluate(unsigned n_theta, const double *theta, double *gradient, void *context) {
  fit_t *fit = context;
  gp_t *gp = fit->gp;
  double *prior = gp->scratch, value = 0;
  gp_apply_theta(gp, theta);
  if (applied_likelihood(gp, &value, gradient, NULL) != FC_OK || !isfinite(value)) {
    if (gradient != NULL) memset(gradient, 0, n_theta * sizeof *gradient);
    return -1e10;
  }
  value += gp_log_prior(gp, theta, prior);
  for (unsigned i = 0; gradient != NULL && i < n_theta; ++i) gradient[i] += prior[i];
  if (value > fit->best) {
    fit->best = value;
    memcpy(gp->theta, theta, n_theta * sizeof *theta);
  }
  if (--fit->left <= 0) nlopt_force_stop(fit->search);
  return value;
}

static bool set_up(fit_t *fit, double *lower, double *upper) {
  const gp_t *gp = fit->gp;
  const int32_t d = gp->d;
  for (int32_t i = 0; i < d; ++i) {
    lower[i] = log(length_bounds[0]);
    upper[i] = log(length_bounds[1]);
  }
  lower[d] = log(scale_bounds[0]);
  upper[d] = log(scale_bounds[1]);
  lower[d + 1] = log(gp->options.noise_floor);
  upper[d + 1] = log(fmax(noise_top, 2 * gp->options.noise_floor));
  return nlopt_set_max_objective(fit->search, evaluate, fit) >= 0 && nlopt_set_lower_bounds(fit->search, lower) >= 0 &&
         nlopt_set_upper_bounds(fit->search, upper) >= 0 &&
         nlopt_set_maxeval(fit->search, gp->options.evaluations) >= 0 && nlopt_set_ftol_abs(fit->search, 1e-4) >= 0;
}

fc_status_t gp_fit(gp_t *gp, fc_error_t *error) {
  if (gp->n == 0) return fc_error_set(error, FC_EINVAL, "fitting needs rows");
  const size_t n_theta = (size_t)gp->d + 2;
  double *lower = gp->scratch + n_theta, *upper = lower + n_theta, *start = upper + n_theta, value = 0;
  fit_t fit = {.gp = gp, .best = -INFINITY, .left = gp->options.evaluations};
  fit.search = nlopt_create(NLOPT_LD_LBFGS, (unsigned)n_theta);
  if (fit.search == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to fit a Gaussian process");
  const bool set = set_up(&fit, lower, upper);
  for (size_t i = 0; i < n_theta; ++i) start[i] = fmin(upper[i], fmax(lower[i], gp->theta[i]));
  /* A line search that ends in rounding leaves the best point seen, as does running out of evaluations. */
  if (set) nlopt_optimize(fit.search, start, &value);
  nlopt_destroy(fit.search);
  gp_apply_theta(gp, gp->theta);
  FC_TRY(gp_factor(gp, error));
  if (!set) return fc_error_set(error, FC_EINTERNAL, "NLopt refuses to fit a Gaussian process");
  return FC_OK;
}
