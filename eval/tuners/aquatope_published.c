/* aquatope_published.c - see aquatope_published.h. */
#include "aquatope_published.h"

#include <math.h>
#include <nlopt.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/cost.h"
#include "gp.h"

enum { KNOBS = 3, INITIAL_ROWS = 5, MAX_ROWS = 128, N_DRAWS = 32, RAW_POINTS = 32, EVALUATIONS = 200 };

/* As published. */
static const double CLIP_LOW = 0.2, CLIP_HIGH = 0.8, LATENCY_TARGET_S = 12, INFEASIBLE_COST = 0, SOFTNESS = 1e-3;

struct aquatope_published {
  const tuner_setting_t *setting;
  fc_rng_t rng;
  gp_t *objective, *constraint;
  int32_t d, n;
  double *x;              /* (MAX_ROWS + 1, d): measured points, then the one asked for */
  double *price, *excess; /* (MAX_ROWS) -price, latency - target */
  double *normals;        /* (2, N_DRAWS, MAX_ROWS + 1) */
  double *draws;          /* (2, N_DRAWS, MAX_ROWS + 1) */
};

/* ---- acquisition ---- */

static double soft_feasibility(double constraint) {
  return 1 / (1 + exp(fmin(700, constraint / SOFTNESS)));
}

double aquatope_published_acquisition(const double *objective, const double *constraint, int32_t n_draws, int32_t m,
                                      double infeasible_cost) {
  double sum = 0;
  for (int32_t s = 0; s < n_draws; ++s) {
    double best = 0, asked = 0;
    for (int32_t p = 0; p < m; ++p) {
      const size_t at = (size_t)s * (size_t)m + (size_t)p;
      const double g = fmax(0, objective[at] + infeasible_cost) * soft_feasibility(constraint[at]) - infeasible_cost;
      if (p + 1 == m)
        asked = g;
      else if (p == 0 || g > best)
        best = g;
    }
    sum += fmax(0, asked - best);
  }
  return sum / n_draws;
}

fc_status_t aquatope_published_value(aquatope_published_t *self, const double *x, double infeasible_cost, double *value,
                                     fc_error_t *error) {
  const int32_t m = self->n + 1;
  const size_t size = (size_t)N_DRAWS * (MAX_ROWS + 1);
  memcpy(self->x + (size_t)self->n * (size_t)self->d, x, (size_t)self->d * sizeof *x);
  FC_TRY(gp_sample(self->objective, self->x, m, self->normals, N_DRAWS, self->draws, error));
  FC_TRY(gp_sample(self->constraint, self->x, m, self->normals + size, N_DRAWS, self->draws + size, error));
  *value = aquatope_published_acquisition(self->draws, self->draws + size, N_DRAWS, m, infeasible_cost);
  return FC_OK;
}

/* ---- life ---- */

void aquatope_published_destroy(aquatope_published_t **published) {
  if (published == NULL || *published == NULL) return;
  aquatope_published_t *self = *published;
  gp_destroy(&self->objective);
  gp_destroy(&self->constraint);
  free(self->x);
  free(self->price);
  free(self->excess);
  free(self->normals);
  free(self->draws);
  free(self);
  *published = NULL;
}

static fc_status_t take_memory(aquatope_published_t *self, fc_error_t *error) {
  const gp_options_t options = gp_options(self->d, MAX_ROWS);
  FC_TRY(gp_new(&options, &self->objective, error));
  FC_TRY(gp_new(&options, &self->constraint, error));
  const size_t size = 2 * (size_t)N_DRAWS * (MAX_ROWS + 1);
  self->x = calloc((size_t)(MAX_ROWS + 1) * (size_t)self->d, sizeof *self->x);
  self->price = calloc(MAX_ROWS, sizeof *self->price);
  self->excess = calloc(MAX_ROWS, sizeof *self->excess);
  self->normals = calloc(size, sizeof *self->normals);
  self->draws = calloc(size, sizeof *self->draws);
  if (self->x == NULL || self->price == NULL || self->excess == NULL || self->normals == NULL || self->draws == NULL)
    return fc_error_set(error, FC_ENOMEM, "aquatope as published: out of memory");
  for (size_t i = 0; i < size; ++i) self->normals[i] = fc_rng_normal(&self->rng);
  return FC_OK;
}

fc_status_t aquatope_published_new(const tuner_setting_t *setting, aquatope_published_t **out, fc_error_t *error) {
  *out = NULL;
  aquatope_published_t *self = calloc(1, sizeof *self);
  if (self == NULL) return fc_error_set(error, FC_ENOMEM, "aquatope as published: out of memory");
  self->setting = setting;
  self->d = KNOBS * setting->workflow->n_functions;
  fc_rng_init(&self->rng, setting->seed, 0x7175626c);
  fc_status_t status = take_memory(self, error);
  for (int32_t i = 0; status == FC_OK && setting->rows != NULL && i < setting->rows->n && self->n < INITIAL_ROWS; ++i)
    status = aquatope_published_learn(self, &setting->rows->windows[i], error);
  if (status != FC_OK) aquatope_published_destroy(&self);
  *out = self;
  return status;
}

fc_status_t aquatope_published_learn(aquatope_published_t *self, const fc_observation_t *window, fc_error_t *error) {
  const fc_workflow_t *workflow = self->setting->workflow;
  if (!(window->outcome.present & FC_OUTCOME_HAS_LATENCY_MEAN) || self->n == MAX_ROWS) return FC_OK;
  double *x = self->x + (size_t)self->n * (size_t)self->d;
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    for (int k = 0; k < KNOBS; ++k) {
      const fc_knob_t knob = (fc_knob_t)k;
      const int32_t value = fc_knob_get(&window->configuration[f], knob);
      x[f * KNOBS + k] = (double)fc_knob_encode(workflow, f, knob, self->setting->ranges, FC_DECODE_AUTHORS, value);
    }
  }
  self->price[self->n] = -fc_cost_reserved_usd_h(workflow, window->configuration);
  self->excess[self->n] = window->outcome.latency_mean_s - LATENCY_TARGET_S;
  self->n += 1;
  FC_TRY(gp_set_rows(self->objective, self->x, self->price, self->n, error));
  return gp_set_rows(self->constraint, self->x, self->excess, self->n, error);
}

/* ---- proposals ---- */

typedef struct {
  aquatope_published_t *published;
  fc_status_t status;
  fc_error_t *error;
} climb_t;

static double ask(climb_t *climb, const double *x) {
  double value = 0;
  if (climb->status == FC_OK)
    climb->status = aquatope_published_value(climb->published, x, INFEASIBLE_COST, &value, climb->error);
  return value;
}

/* Value and gradient by differences: exact here, where both vanish. */
static double evaluate(unsigned d, const double *x, double *gradient, void *context) {
  climb_t *climb = context;
  const double h = 1e-5, value = ask(climb, x);
  double *moved = gradient != NULL ? malloc(d * sizeof *moved) : NULL;
  if (gradient != NULL && moved == NULL) {
    climb->status = fc_error_set(climb->error, FC_ENOMEM, "aquatope as published: out of memory");
    memset(gradient, 0, d * sizeof *gradient);
  }
  for (unsigned i = 0; moved != NULL && i < d; ++i) {
    memcpy(moved, x, d * sizeof *x);
    moved[i] += h;
    gradient[i] = (ask(climb, moved) - value) / h;
  }
  free(moved);
  return value;
}

static bool climb_from(climb_t *climb, double *x, unsigned d) {
  double value;
  nlopt_opt optimiser = nlopt_create(NLOPT_LD_LBFGS, d);
  if (optimiser == NULL) return false;
  const bool set = nlopt_set_max_objective(optimiser, evaluate, climb) >= 0 &&
                   nlopt_set_lower_bounds1(optimiser, CLIP_LOW) >= 0 &&
                   nlopt_set_upper_bounds1(optimiser, CLIP_HIGH) >= 0 && nlopt_set_maxeval(optimiser, EVALUATIONS) >= 0;
  if (set) nlopt_optimize(optimiser, x, &value); /* a point without gradient is where it stops */
  nlopt_destroy(optimiser);
  return set;
}

static void decode(const aquatope_published_t *self, const double *x, fc_function_configuration_t *configuration) {
  const fc_workflow_t *workflow = self->setting->workflow;
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    configuration[f] = workflow->functions[f].start; /* concurrency stays */
    for (int k = 0; k < KNOBS; ++k) {
      const fc_knob_t knob = (fc_knob_t)k;
      const fc_knob_range_t range = fc_workflow_range(workflow, f, knob, self->setting->ranges);
      const int32_t value = fc_knob_decode_authors(knob, x[f * KNOBS + k]);
      fc_knob_set(&configuration[f], knob, value < range.min ? range.min : value > range.max ? range.max : value);
    }
  }
}

fc_status_t aquatope_published_propose(aquatope_published_t *self, fc_function_configuration_t *proposal,
                                       fc_error_t *error) {
  const size_t d = (size_t)self->d;
  climb_t climb = {self, FC_OK, error};
  double best = -INFINITY, *points = calloc(2 * d, sizeof *points), *chosen = points + d;
  if (points == NULL) return fc_error_set(error, FC_ENOMEM, "aquatope as published: out of memory");
  for (int32_t p = 0; p < RAW_POINTS; ++p) {
    for (size_t i = 0; i < d; ++i) points[i] = CLIP_LOW + (CLIP_HIGH - CLIP_LOW) * fc_rng_uniform(&self->rng);
    const double value = self->n > 0 ? ask(&climb, points) : 0;
    if (!(value > best)) continue; /* of equals the first */
    best = value;
    memcpy(chosen, points, d * sizeof *chosen);
  }
  if (self->n > 0 && climb.status == FC_OK && !climb_from(&climb, chosen, (unsigned)d))
    climb.status = fc_error_set(error, FC_ENOMEM, "aquatope as published: out of memory");
  if (climb.status == FC_OK) decode(self, chosen, proposal);
  free(points);
  return climb.status;
}
