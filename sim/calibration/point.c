/* point.c - see point.h. */
#include "point.h"

#include <math.h>
#include <nlopt.h>
#include <stdlib.h>
#include <string.h>

#include "jobs.h"
#include "simulator.h"

/* Windows simulated to learn what luck does; prior deviations that are searched. */
enum { LUCK_WINDOWS = 24, BOUND = 4 };

typedef struct {
  fc_observation_t observation;
  int32_t users;
  double rate_per_s;
  int32_t n_terms;
  int32_t *terms;   /* (n_terms) */
  double *y;        /* (n_terms) */
  double *variance; /* (n_terms) of one window's luck and of measuring it */
} measured_t;

typedef struct {
  simulator_t *simulator;
  fc_observation_t observation;
  fc_simulator_parameters_t world;
  double *sum, *squares; /* (max_terms) */
} worker_t;

struct point {
  const fc_workflow_t *workflow;
  ensemble_options_t options;
  unknown_t *unknowns; /* (d) */
  int32_t d;
  measured_t *measured; /* (n) */
  int64_t n, capacity;
  worker_t *workers; /* (jobs) */
  /* of the evaluation in hand */
  const double *theta;
  double *misfit; /* (n) */
  int32_t n_evaluations;
  fc_status_t status;
  fc_error_t error;
};

/* ---- memory ---- */

static void measured_clear(measured_t *measured) {
  fc_observation_clear(&measured->observation);
  free(measured->terms);
  free(measured->y);
  free(measured->variance);
}

static fc_status_t take_workers(point_t *self) {
  const size_t n = (size_t)self->workflow->n_functions, terms = (size_t)terms_max(self->workflow->n_functions);
  self->workers = calloc((size_t)self->options.jobs, sizeof *self->workers);
  if (self->workers == NULL) return FC_ENOMEM;
  for (int32_t w = 0; w < self->options.jobs; ++w) {
    worker_t *worker = &self->workers[w];
    worker->world.functions = calloc(n, sizeof(fc_function_simulator_t));
    worker->sum = calloc(terms, sizeof(double));
    worker->squares = calloc(terms, sizeof(double));
    if (worker->world.functions == NULL || worker->sum == NULL || worker->squares == NULL) return FC_ENOMEM;
    FC_TRY(fc_observation_init(&worker->observation, self->workflow->n_functions));
  }
  return FC_OK;
}

fc_status_t point_new(const fc_workflow_t *workflow, const ensemble_options_t *options, point_t **out,
                      fc_error_t *error) {
  *out = NULL;
  FC_TRY(ensemble_check(workflow, options, error));
  point_t *self = calloc(1, sizeof *self);
  fc_status_t status = self != NULL ? FC_OK : FC_ENOMEM;
  if (status == FC_OK) {
    self->workflow = workflow;
    self->options = *options;
    self->d = unknowns_list(workflow, NULL);
    self->unknowns = calloc((size_t)self->d, sizeof *self->unknowns);
    if (self->unknowns != NULL) unknowns_list(workflow, self->unknowns);
    status = self->unknowns != NULL ? take_workers(self) : FC_ENOMEM;
  }
  if (status != FC_OK) {
    point_destroy(&self);
    return fc_error_set(error, status, "no memory for a point estimate of workflow %s", workflow->name);
  }
  *out = self;
  return FC_OK;
}

void point_destroy(point_t **point) {
  if (point == NULL || *point == NULL) return;
  point_t *self = *point;
  for (int32_t w = 0; self->workers != NULL && w < self->options.jobs; ++w) {
    simulator_destroy(&self->workers[w].simulator);
    fc_observation_clear(&self->workers[w].observation);
    free(self->workers[w].world.functions);
    free(self->workers[w].sum);
    free(self->workers[w].squares);
  }
  for (int64_t i = 0; i < self->n; ++i) measured_clear(&self->measured[i]);
  free(self->workers);
  free(self->measured);
  free(self->unknowns);
  free(self->misfit);
  free(self);
  *point = NULL;
}

void point_set_structure(point_t *self, fc_balancer_t balancer, fc_overflow_t overflow) {
  self->options.balancer = balancer;
  self->options.overflow = overflow;
}

/* ---- windows ---- */

static fc_status_t copy_window(measured_t *to, const fc_observation_t *observation, bool uses_cpu) {
  const size_t terms = (size_t)terms_max(observation->n_functions);
  FC_TRY(fc_observation_init(&to->observation, observation->n_functions));
  fc_observation_copy(&to->observation, observation);
  to->terms = calloc(terms, sizeof *to->terms);
  to->y = calloc(terms, sizeof(double));
  to->variance = calloc(terms, sizeof(double));
  if (to->terms == NULL || to->y == NULL || to->variance == NULL) return FC_ENOMEM;
  to->n_terms = terms_of(observation, uses_cpu, to->terms);
  for (int32_t t = 0; t < to->n_terms; ++t) to->y[t] = terms_value(observation, to->terms[t]);
  return FC_OK;
}

fc_status_t point_add(point_t *self, const fc_observation_t *observation, int32_t users, double rate_per_s,
                      fc_error_t *error) {
  FC_ASSERT_EQ(observation->n_functions, self->workflow->n_functions);
  if ((observation->outcome.present & FC_OUTCOME_HAS_COUNTS) == 0) return FC_OK;
  if (self->n == self->capacity) {
    const int64_t capacity = self->capacity > 0 ? 2 * self->capacity : 64;
    measured_t *measured = realloc(self->measured, (size_t)capacity * sizeof *measured);
    if (measured == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %lld windows", (long long)capacity);
    self->measured = measured;
    self->capacity = capacity;
  }
  measured_t *to = &self->measured[self->n];
  *to = (measured_t){.users = users, .rate_per_s = users > 0 ? 0 : rate_per_s};
  if (copy_window(to, observation, self->options.uses_cpu) != FC_OK) {
    measured_clear(to);
    return fc_error_set(error, FC_ENOMEM, "no memory for a window");
  }
  self->n += 1;
  return FC_OK;
}

/* ---- simulating ---- */

/* Sums and squares of the terms over windows [from, from + n) of the world theta with the configuration of a measured
 * window. */
static fc_status_t simulate(const point_t *self, worker_t *worker, const measured_t *measured, int64_t from, int32_t n,
                            fc_error_t *error) {
  const simulator_options_t options = {.seed = self->options.seed,
                                       .semantics = self->options.semantics,
                                       .users = measured->users,
                                       .rate_per_s = measured->rate_per_s};
  FC_TRY(simulator_renew(self->workflow, &options, &worker->simulator, error));
  unknowns_apply(self->workflow, self->unknowns, self->d, self->theta, &worker->world);
  worker->world.balancer = self->options.balancer;
  worker->world.overflow = self->options.overflow;
  FC_TRY(simulator_set_parameters(worker->simulator, &worker->world, error));
  memset(worker->sum, 0, (size_t)measured->n_terms * sizeof *worker->sum);
  memset(worker->squares, 0, (size_t)measured->n_terms * sizeof *worker->squares);
  for (int32_t i = 0; i < n; ++i) {
    FC_TRY(simulator_observed_window(worker->simulator, from + i, measured->observation.configuration,
                                     &worker->observation, error));
    for (int32_t t = 0; t < measured->n_terms; ++t) {
      const double value = terms_value(&worker->observation, measured->terms[t]);
      worker->sum[t] += value;
      worker->squares[t] += value * value;
    }
  }
  return FC_OK;
}

static fc_status_t measure_luck(void *context, int32_t w, int64_t window, fc_error_t *error) {
  point_t *self = context;
  measured_t *measured = &self->measured[window];
  worker_t *worker = &self->workers[w];
  const int64_t from = self->n * self->options.n_windows + window * LUCK_WINDOWS;
  FC_TRY(simulate(self, worker, measured, from, LUCK_WINDOWS, error));
  for (int32_t t = 0; t < measured->n_terms; ++t) {
    const double mean = worker->sum[t] / LUCK_WINDOWS;
    const double luck = fmax(0, (worker->squares[t] - mean * worker->sum[t]) / (LUCK_WINDOWS - 1));
    measured->variance[t] = luck + terms_noise(measured->terms[t]) + 1e-6;
  }
  return FC_OK;
}

static fc_status_t measure_misfit(void *context, int32_t w, int64_t window, fc_error_t *error) {
  point_t *self = context;
  const measured_t *measured = &self->measured[window];
  worker_t *worker = &self->workers[w];
  const int32_t m = self->options.n_windows;
  FC_TRY(simulate(self, worker, measured, window * m, m, error));
  self->misfit[window] = 0;
  for (int32_t t = 0; t < measured->n_terms; ++t) {
    const double off = measured->y[t] - worker->sum[t] / m;
    self->misfit[window] += off * off / (2 * measured->variance[t] * (1 + 1.0 / m));
  }
  return FC_OK;
}

/* ---- the search ---- */

static double evaluate(unsigned d, const double *theta, double *gradient, void *context) {
  point_t *self = context;
  const double sigma = self->options.prior_sigma;
  double j = 0;
  (void)gradient; /* Subplex asks for none */
  self->theta = theta;
  self->n_evaluations += 1;
  if (self->status == FC_OK)
    self->status = jobs_run(self->options.jobs, self->n, measure_misfit, NULL, self, &self->error);
  if (self->status != FC_OK) return HUGE_VAL;
  for (int64_t w = 0; w < self->n; ++w) j += self->misfit[w];
  for (unsigned u = 0; u < d; ++u) j += theta[u] * theta[u] / (2 * sigma * sigma);
  return j;
}

static fc_status_t minimise(point_t *self, const double *step, int32_t max_evaluations, point_result_t *result,
                            fc_error_t *error) {
  const double bound = BOUND * self->options.prior_sigma;
  nlopt_opt search = nlopt_create(NLOPT_LN_SBPLX, (unsigned)self->d);
  if (search == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a point estimate");
  for (int32_t u = 0; u < self->d; ++u) result->theta[u] = fmin(bound, fmax(-bound, result->theta[u]));
  result->start = result->found = evaluate((unsigned)self->d, result->theta, NULL, self);
  if (max_evaluations < 2) max_evaluations = 2; /* 0 would be without end */
  const bool set = nlopt_set_min_objective(search, evaluate, self) >= 0 &&
                   nlopt_set_lower_bounds1(search, -bound) >= 0 && nlopt_set_upper_bounds1(search, bound) >= 0 &&
                   nlopt_set_initial_step(search, step) >= 0 && nlopt_set_maxeval(search, max_evaluations - 1) >= 0 &&
                   nlopt_set_ftol_abs(search, 1e-3) >= 0;
  /* Stopping for rounding errors leaves the best point found, too. */
  const nlopt_result code = set ? nlopt_optimize(search, result->theta, &result->found) : NLOPT_INVALID_ARGS;
  nlopt_destroy(search);
  if (self->status != FC_OK) {
    if (error != NULL) *error = self->error;
    return self->status;
  }
  if (code >= 0 || code == NLOPT_ROUNDOFF_LIMITED) return FC_OK;
  return fc_error_set(error, FC_EINTERNAL, "the point estimate failed: NLopt says %s", nlopt_result_to_string(code));
}

fc_status_t point_search(point_t *self, const double *start, const double *step, int32_t max_evaluations,
                         point_result_t *result, fc_error_t *error) {
  if (self->n < 1) return fc_error_set(error, FC_EINVAL, "a point estimate needs at least one window");
  free(self->misfit);
  self->misfit = calloc((size_t)self->n, sizeof *self->misfit);
  if (self->misfit == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a point estimate");
  memcpy(result->theta, start, (size_t)self->d * sizeof *start);
  self->theta = start;
  self->n_evaluations = 0;
  self->status = FC_OK;
  FC_TRY(jobs_run(self->options.jobs, self->n, measure_luck, NULL, self, error));
  const fc_status_t status = minimise(self, step, max_evaluations, result, error);
  result->n_evaluations = self->n_evaluations;
  return status;
}
