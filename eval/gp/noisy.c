/* noisy.c - noisy expected improvement. See acquisition.h.
 *
 * A draw fixes the function at the baseline points. Given it, the posterior at x is again normal: with c the posterior
 * covariance of x and the baseline and L the factor of the baseline's own, u = L^-1 c moves the mean by u . z for the
 * draw L z and takes u . u off the variance, the same for all draws. The gradient runs the same steps backwards.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "acquisition.h"
#include "faasconf/rng.h"
#include "gp_state.h"

enum { MAX_MODELS = ACQUISITION_MAX_CONSTRAINTS + 1 };

/* One process: the objective (the first) or a constraint. Standardised units. */
typedef struct {
  const gp_t *gp;
  double bound;
  double *scaled;    /* (b, d) baseline */
  double *v;         /* (b, n) L^-1 k of the baseline */
  double *mean;      /* (b) */
  double *factor;    /* (b, b) of the baseline's covariance */
  double *normals;   /* (draws, b) */
  double *point;     /* (d) of the evaluation in hand, as are the next */
  double *k, *t;     /* (n) */
  double *u;         /* (b) */
  double *mean_draw; /* (draws) given each */
  double *grad_mean; /* (draws) d acquisition / d mean_draw */
  double mean_at, variance, grad_variance;
} model_t;

struct acquisition_noisy {
  int32_t d, b, n_draws, n_models;
  double feasibility_weight;
  model_t models[MAX_MODELS];
  double *best;   /* (draws) */
  double *weight; /* (draws) */
};

/* ---- life ---- */

void acquisition_noisy_destroy(acquisition_noisy_t **noisy) {
  if (noisy == NULL || *noisy == NULL) return;
  for (int32_t i = 0; i < (*noisy)->n_models; ++i) free((*noisy)->models[i].scaled);
  free((*noisy)->best);
  free(*noisy);
  *noisy = NULL;
}

static double *take(double **next, size_t n) {
  double *array = *next;
  *next += n;
  return array;
}

/* All arrays of a model in one block, which begins at `scaled`. */
static bool take_arrays(model_t *model, size_t b, size_t draws) {
  const size_t d = (size_t)model->gp->d, n = (size_t)model->gp->n;
  double *next = calloc(b * d + b * n + b + b * b + draws * b + d + 2 * n + b + 2 * draws, sizeof *next);
  if (next == NULL) return false;
  model->scaled = take(&next, b * d);
  model->v = take(&next, b * n);
  model->mean = take(&next, b);
  model->factor = take(&next, b * b);
  model->normals = take(&next, draws * b);
  model->point = take(&next, d);
  model->k = take(&next, n);
  model->t = take(&next, n);
  model->u = take(&next, b);
  model->mean_draw = take(&next, draws);
  model->grad_mean = take(&next, draws);
  return true;
}

static fc_status_t set_model(acquisition_noisy_t *self, model_t *model, const acquisition_noisy_options_t *options,
                             int32_t index, fc_error_t *error) {
  if (!take_arrays(model, (size_t)self->b, (size_t)self->n_draws)) {
    fc_error_set(error, FC_ENOMEM, "no memory for noisy expected improvement");
    return FC_ENOMEM;
  }
  gp_project(model->gp, options->baseline, self->b, model->scaled, model->v, model->mean, model->factor);
  if (!gp_factor_covariance(model->factor, self->b, model->gp->scale))
    return fc_error_set(error, FC_EINTERNAL, "the posterior at %d baseline points has no factor", self->b);
  fc_rng_t rng;
  fc_rng_init(&rng, options->seed, (uint64_t)index);
  for (int32_t i = 0; i < self->n_draws * self->b; ++i) model->normals[i] = fc_rng_normal(&rng);
  return FC_OK;
}

/* The function at baseline point p in a draw, outcome units. */
static double drawn(const acquisition_noisy_t *self, const model_t *model, int32_t draw, int32_t p) {
  const double *row = model->factor + (size_t)p * (size_t)self->b;
  const double *z = model->normals + (size_t)draw * (size_t)self->b;
  double sum = model->mean[p];
  for (int32_t q = 0; q <= p; ++q) sum += row[q] * z[q];
  return model->gp->mean + model->gp->deviation * sum;
}

static void set_best(acquisition_noisy_t *self, double worst) {
  for (int32_t s = 0; s < self->n_draws; ++s) {
    self->best[s] = worst;
    for (int32_t p = 0; p < self->b; ++p) {
      bool feasible = true;
      for (int32_t i = 1; feasible && i < self->n_models; ++i)
        feasible = drawn(self, &self->models[i], s, p) <= self->models[i].bound;
      if (feasible) self->best[s] = fmin(self->best[s], drawn(self, &self->models[0], s, p));
    }
  }
}

fc_status_t acquisition_noisy_new(const acquisition_noisy_options_t *options, acquisition_noisy_t **out,
                                  fc_error_t *error) {
  *out = NULL;
  if (options->n_baseline < 1 || options->n_draws < 1 || options->n_constraints < 0 ||
      options->n_constraints > ACQUISITION_MAX_CONSTRAINTS)
    return fc_error_set(error, FC_EINVAL,
                        "noisy expected improvement needs a baseline, draws and at most %d constraints",
                        (int)ACQUISITION_MAX_CONSTRAINTS);
  acquisition_noisy_t *self = calloc(1, sizeof *self);
  if (self == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for noisy expected improvement");
  self->d = gp_n_dims(options->objective);
  self->b = options->n_baseline;
  self->feasibility_weight = options->weight;
  self->n_draws = options->n_draws;
  self->best = calloc(2 * (size_t)self->n_draws, sizeof(double));
  fc_status_t status = self->best != NULL ? FC_OK : FC_ENOMEM;
  if (status != FC_OK) fc_error_set(error, status, "no memory for the draws of noisy expected improvement");
  for (int32_t i = 0; status == FC_OK && i <= options->n_constraints; ++i) {
    model_t *model = &self->models[i];
    model->gp = i == 0 ? options->objective : options->constraints[i - 1].gp;
    model->bound = i == 0 ? 0 : options->constraints[i - 1].bound;
    self->n_models = i + 1;
    status = set_model(self, model, options, i, error);
  }
  if (status != FC_OK) {
    acquisition_noisy_destroy(&self);
    return status;
  }
  self->weight = self->best + self->n_draws;
  set_best(self, options->worst);
  *out = self;
  return FC_OK;
}

/* ---- evaluation ---- */

static void posterior_given_draws(const acquisition_noisy_t *self, model_t *model, const double *x) {
  const gp_t *gp = model->gp;
  const int32_t n = gp->n, b = self->b;
  gp_scale_points(gp, x, 1, model->point);
  double mean = 0, variance = gp->scale;
  for (int32_t j = 0; j < n; ++j) {
    model->t[j] = gp->scale * gp_matern(model->point, gp->scaled + (size_t)j * (size_t)gp->d, gp->d);
    mean += gp->alpha[j] * model->t[j];
  }
  gp_solve_lower(gp->factor, n, gp->stride, model->t);
  for (int32_t j = 0; j < n; ++j) variance -= model->t[j] * model->t[j];
  for (int32_t p = 0; p < b; ++p) {
    const double *v = model->v + (size_t)p * (size_t)n;
    double c = gp->scale * gp_matern(model->point, model->scaled + (size_t)p * (size_t)gp->d, gp->d);
    for (int32_t j = 0; j < n; ++j) c -= v[j] * model->t[j];
    model->u[p] = c;
  }
  gp_solve_lower(model->factor, b, b, model->u);
  for (int32_t p = 0; p < b; ++p) variance -= model->u[p] * model->u[p];
  model->variance = fmax(1e-10 * gp->scale, variance);
  for (int32_t s = 0; s < self->n_draws; ++s) {
    const double *z = model->normals + (size_t)s * (size_t)b;
    double sum = mean;
    for (int32_t p = 0; p < b; ++p) sum += model->u[p] * z[p];
    model->mean_draw[s] = sum;
  }
}

/* ln of the acquisition given a draw; derivatives by mean_draw, and by the variance into by_variance[model]. */
static double given_draw(acquisition_noisy_t *self, int32_t s, double *by_variance) {
  double value = 0;
  for (int32_t i = 0; i < self->n_models; ++i) {
    model_t *model = &self->models[i];
    const double sd = sqrt(model->variance), deviation = model->gp->deviation;
    const double mean = model->gp->mean + deviation * model->mean_draw[s];
    if (i == 0) {
      double by_mean, by_sd;
      value += acquisition_log_ei(self->best[s], mean, deviation * sd, &by_mean, &by_sd);
      model->grad_mean[s] = by_mean * deviation;
      by_variance[i] = by_sd * deviation / (2 * sd);
    } else {
      double slope;
      const double z = (model->bound - mean) / (deviation * sd);
      const double weight = self->feasibility_weight;
      value += weight * acquisition_log_normal_cdf(z, &slope);
      model->grad_mean[s] = -weight * slope / sd;
      by_variance[i] = -weight * slope * z / (2 * model->variance);
    }
  }
  return value;
}

/* The way back from mean_draw and variance to x. */
static void add_gradient(const acquisition_noisy_t *self, model_t *model, double *gradient) {
  const gp_t *gp = model->gp;
  const int32_t n = gp->n, b = self->b;
  double sum = 0;
  for (int32_t p = 0; p < b; ++p) model->u[p] *= -2 * model->grad_variance;
  for (int32_t s = 0; s < self->n_draws; ++s) {
    const double *z = model->normals + (size_t)s * (size_t)b;
    const double by_mean = model->grad_mean[s];
    sum += by_mean;
    for (int32_t p = 0; p < b; ++p) model->u[p] += by_mean * z[p];
  }
  gp_solve_upper(model->factor, b, b, model->u); /* d / d c */
  for (int32_t j = 0; j < n; ++j) model->k[j] = -2 * model->t[j] * model->grad_variance;
  for (int32_t p = 0; p < b; ++p) {
    const double *v = model->v + (size_t)p * (size_t)n;
    for (int32_t j = 0; j < n; ++j) model->k[j] -= model->u[p] * v[j];
  }
  gp_solve_upper(gp->factor, n, gp->stride, model->k);
  for (int32_t j = 0; j < n; ++j) model->k[j] += sum * gp->alpha[j];
  gp_add_kernel_gradient(gp, gp->scaled, model->k, n, model->point, gradient);
  gp_add_kernel_gradient(gp, model->scaled, model->u, b, model->point, gradient);
}

double acquisition_noisy_ei(void *context, const double *x, double *gradient) {
  acquisition_noisy_t *self = context;
  double top = -INFINITY, sum = 0;
  for (int32_t i = 0; i < self->n_models; ++i) posterior_given_draws(self, &self->models[i], x);
  double by_variance[MAX_MODELS];
  for (int32_t s = 0; s < self->n_draws; ++s) {
    self->weight[s] = given_draw(self, s, by_variance);
    top = fmax(top, self->weight[s]);
  }
  for (int32_t s = 0; s < self->n_draws; ++s) sum += exp(self->weight[s] - top);
  const double value = top + log(sum / self->n_draws);
  if (gradient == NULL) return value;
  memset(gradient, 0, (size_t)self->d * sizeof *gradient);
  for (int32_t i = 0; i < self->n_models; ++i) self->models[i].grad_variance = 0;
  for (int32_t s = 0; s < self->n_draws; ++s) {
    const double share = exp(self->weight[s] - top) / sum;
    given_draw(self, s, by_variance);
    for (int32_t i = 0; i < self->n_models; ++i) {
      self->models[i].grad_mean[s] *= share;
      self->models[i].grad_variance += share * by_variance[i];
    }
  }
  for (int32_t i = 0; i < self->n_models; ++i) add_gradient(self, &self->models[i], gradient);
  return value;
}
