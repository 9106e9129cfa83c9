/* acquisition.c - expected improvement and constrained EI. See acquisition.h. */
#include "acquisition.h"

#include <math.h>
#include <string.h>

#define SQRT_HALF 0.70710678118654752440
#define LOG_SQRT_TWO_PI 0.91893853320467274178

/* Below it, erfc and the difference of the EI's two terms are replaced by their expansions. */
static const double far_tail = -20;

double acquisition_normal_cdf(double z) {
  return 0.5 * erfc(-z * SQRT_HALF);
}

static double log_density(double z) {
  return -0.5 * z * z - LOG_SQRT_TWO_PI;
}

double acquisition_log_normal_cdf(double z, double *derivative) {
  double value;
  if (z > far_tail) {
    value = log(acquisition_normal_cdf(z));
  } else {
    const double q = 1 / (z * z); /* Phi(z) = phi(z) / -z (1 - 1/z^2 + 3/z^4 - 15/z^6 ...) */
    value = log_density(z) - log(-z) + log1p(-q * (1 - q * (3 - 15 * q)));
  }
  if (derivative != NULL) *derivative = exp(log_density(z) - value);
  return value;
}

/* ln of h(z) = phi(z) + z Phi(z). */
static double log_h(double z) {
  if (z > far_tail) return log(exp(log_density(z)) + z * acquisition_normal_cdf(z));
  const double q = 1 / (z * z); /* h(z) = phi(z) / z^2 (1 - 3/z^2 + 15/z^4 - 105/z^6 ...) */
  return log_density(z) + log(q) + log1p(-q * (3 - q * (15 - 105 * q)));
}

double acquisition_ei(double best, double mean, double sd) {
  if (!(sd > 0)) return fmax(0, best - mean);
  const double z = (best - mean) / sd;
  return (best - mean) * acquisition_normal_cdf(z) + sd * exp(log_density(z));
}

double acquisition_log_ei(double best, double mean, double sd, double *by_mean, double *by_sd) {
  const double z = (best - mean) / sd, h = log_h(z);
  if (by_mean != NULL) *by_mean = -exp(acquisition_log_normal_cdf(z, NULL) - h) / sd;
  if (by_sd != NULL) *by_sd = exp(log_density(z) - h) / sd;
  return log(sd) + h;
}

/* Adds scale * gradient of mean and variance by x. */
static void add_scaled(double *to, const double *from, double by, int32_t d) {
  for (int32_t i = 0; i < d; ++i) to[i] += by * from[i];
}

static double improvement_part(const acquisition_constrained_t *self, const double *x, double *gradient, int32_t d) {
  double mean, variance, by_mean = 0, by_sd = 0;
  double *grad_mean = self->scratch, *grad_variance = self->scratch + d;
  if (self->objective == NULL) {
    mean = self->known(self->known_context, x, gradient != NULL ? grad_mean : NULL);
    const double value = acquisition_log_ei(self->best, mean, self->known_sd, &by_mean, NULL);
    if (gradient != NULL) add_scaled(gradient, grad_mean, by_mean, d);
    return value;
  }
  if (gradient == NULL) {
    gp_predict(self->objective, x, 1, &mean, &variance);
    return acquisition_log_ei(self->best, mean, sqrt(variance), NULL, NULL);
  }
  gp_predict_gradient(self->objective, x, &mean, &variance, grad_mean, grad_variance);
  const double sd = sqrt(variance), value = acquisition_log_ei(self->best, mean, sd, &by_mean, &by_sd);
  add_scaled(gradient, grad_mean, by_mean, d);
  add_scaled(gradient, grad_variance, by_sd / (2 * sd), d);
  return value;
}

static double feasible_part(const acquisition_constrained_t *self, const acquisition_constraint_t *constraint,
                            const double *x, double *gradient, int32_t d) {
  double mean, variance, slope;
  double *grad_mean = self->scratch, *grad_variance = self->scratch + d;
  if (gradient == NULL) {
    gp_predict(constraint->gp, x, 1, &mean, &variance);
    return self->weight * acquisition_log_normal_cdf((constraint->bound - mean) / sqrt(variance), NULL);
  }
  gp_predict_gradient(constraint->gp, x, &mean, &variance, grad_mean, grad_variance);
  const double sd = sqrt(variance), z = (constraint->bound - mean) / sd;
  const double value = acquisition_log_normal_cdf(z, &slope);
  add_scaled(gradient, grad_mean, -self->weight * slope / sd, d);
  add_scaled(gradient, grad_variance, -self->weight * slope * z / (2 * variance), d);
  return self->weight * value;
}

double acquisition_constrained_ei(void *context, const double *x, double *gradient) {
  const acquisition_constrained_t *self = context;
  const int32_t d = gp_n_dims(self->objective != NULL ? self->objective : self->constraints[0].gp);
  if (gradient != NULL) memset(gradient, 0, (size_t)d * sizeof *gradient);
  double value = improvement_part(self, x, gradient, d);
  for (int32_t t = 0; t < self->n_constraints; ++t) value += feasible_part(self, &self->constraints[t], x, gradient, d);
  return value;
}
