/* ensemble.c - see ensemble.h. */
#include "ensemble.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/rng.h"
#include "jobs.h"
#include "kalman.h"
#include "simulator.h"

/* What belongs to one thread. */
typedef struct {
  simulator_t *simulator;
  fc_observation_t observation;
  fc_simulator_parameters_t world;
} worker_t;

struct ensemble {
  const fc_workflow_t *workflow;
  ensemble_options_t options;
  unknown_t *unknowns; /* (d) */
  int32_t d;
  double *theta; /* (n_worlds, d) */
  fc_rng_t rng;
  int64_t n_observed;
  worker_t *workers; /* (jobs) */
  kalman_t kalman;
  /* of the window in hand */
  const fc_observation_t *measured;
  int32_t users;
  double rate_per_s; /* when users = 0 */
  int32_t n_terms;
  int32_t *terms;    /* (n_terms) which the measured window has */
  double *y, *noise; /* (n_terms) */
  double *z;         /* (n_terms) */
  double *simulated; /* (n_worlds, m, max_terms) */
  double log_density;
};

/* ---- memory ---- */

fc_status_t ensemble_check(const fc_workflow_t *workflow, const ensemble_options_t *o, fc_error_t *error) {
  if (!workflow->simulator.present)
    return fc_error_set(error, FC_EINVAL, "workflow %s has no `simulator:` section to start from", workflow->name);
  if (o->n_worlds < ENSEMBLE_MIN_WORLDS || o->n_worlds > PARTICLES_MAX)
    return fc_error_set(error, FC_EINVAL, "%d worlds: expected %d to %d", (int)o->n_worlds, ENSEMBLE_MIN_WORLDS,
                        PARTICLES_MAX);
  if (o->n_windows < ENSEMBLE_MIN_WINDOWS || o->n_windows > ENSEMBLE_MAX_WINDOWS)
    return fc_error_set(error, FC_EINVAL, "%d windows per world: expected %d to %d", (int)o->n_windows,
                        ENSEMBLE_MIN_WINDOWS, ENSEMBLE_MAX_WINDOWS);
  if (!(o->prior_sigma > 0 && o->prior_sigma <= 5))
    return fc_error_set(error, FC_EINVAL, "prior sigma %g: expected a number above 0 and up to 5", o->prior_sigma);
  if (o->jobs < 1 || o->jobs > JOBS_MAX_WORKERS)
    return fc_error_set(error, FC_EINVAL, "%d jobs: expected 1 to %d", (int)o->jobs, JOBS_MAX_WORKERS);
  return FC_OK;
}

static fc_status_t take_workers(ensemble_t *self) {
  self->workers = calloc((size_t)self->options.jobs, sizeof *self->workers);
  if (self->workers == NULL) return FC_ENOMEM;
  for (int32_t w = 0; w < self->options.jobs; ++w) {
    self->workers[w].world.functions = calloc((size_t)self->workflow->n_functions, sizeof(fc_function_simulator_t));
    if (self->workers[w].world.functions == NULL) return FC_ENOMEM;
    FC_TRY(fc_observation_init(&self->workers[w].observation, self->workflow->n_functions));
  }
  return FC_OK;
}

static fc_status_t take(ensemble_t *self) {
  const ensemble_options_t *o = &self->options;
  const size_t terms = (size_t)terms_max(self->workflow->n_functions);
  self->theta = calloc((size_t)o->n_worlds * (size_t)self->d, sizeof(double));
  self->terms = calloc(terms, sizeof *self->terms);
  self->y = calloc(terms, sizeof(double));
  self->noise = calloc(terms, sizeof(double));
  self->z = calloc(terms, sizeof(double));
  self->simulated = calloc((size_t)o->n_worlds * (size_t)o->n_windows * terms, sizeof(double));
  if (self->theta == NULL || self->terms == NULL || self->y == NULL || self->noise == NULL || self->z == NULL ||
      self->simulated == NULL)
    return FC_ENOMEM;
  FC_TRY(kalman_init(&self->kalman, o->n_worlds, o->n_windows, self->d, (int32_t)terms));
  return take_workers(self);
}

fc_status_t ensemble_new(const fc_workflow_t *workflow, const ensemble_options_t *options, ensemble_t **out,
                         fc_error_t *error) {
  *out = NULL;
  FC_TRY(ensemble_check(workflow, options, error));
  ensemble_t *self = calloc(1, sizeof *self);
  unknown_t *unknowns = calloc(UNKNOWNS_MAX, sizeof *unknowns);
  fc_status_t status = self != NULL && unknowns != NULL ? FC_OK : FC_ENOMEM;
  if (status == FC_OK) {
    self->workflow = workflow;
    self->options = *options;
    self->unknowns = unknowns;
    self->d = unknowns_list(workflow, unknowns);
    status = take(self);
  } else {
    free(unknowns);
  }
  if (status != FC_OK) {
    ensemble_destroy(&self);
    return fc_error_set(error, status, "no memory for %d worlds of workflow %s", (int)options->n_worlds,
                        workflow->name);
  }
  fc_rng_init(&self->rng, options->seed, 0);
  for (int64_t i = 0; i < (int64_t)options->n_worlds * self->d; ++i)
    self->theta[i] = options->prior_sigma * fc_rng_normal(&self->rng);
  *out = self;
  return FC_OK;
}

void ensemble_destroy(ensemble_t **ensemble) {
  if (ensemble == NULL || *ensemble == NULL) return;
  ensemble_t *self = *ensemble;
  for (int32_t w = 0; self->workers != NULL && w < self->options.jobs; ++w) {
    simulator_destroy(&self->workers[w].simulator);
    fc_observation_clear(&self->workers[w].observation);
    free(self->workers[w].world.functions);
  }
  free(self->workers);
  free(self->unknowns);
  free(self->theta);
  free(self->terms);
  free(self->y);
  free(self->simulated);
  free(self->noise);
  free(self->z);
  kalman_clear(&self->kalman);
  free(self);
  *ensemble = NULL;
}

/* ---- learning ---- */

void ensemble_world(const ensemble_t *self, int32_t world, fc_simulator_parameters_t *parameters) {
  unknowns_apply(self->workflow, self->unknowns, self->d, self->theta + (int64_t)world * self->d, parameters);
  parameters->balancer = self->options.balancer;
  parameters->overflow = self->options.overflow;
}

/* One world's windows; no two worlds and no two measured windows share their luck. */
static fc_status_t simulate_world(void *context, int32_t w, int64_t world, fc_error_t *error) {
  ensemble_t *self = context;
  worker_t *worker = &self->workers[w];
  const int32_t m = self->options.n_windows;
  const simulator_options_t options = {.seed = self->options.seed,
                                       .semantics = self->options.semantics,
                                       .users = self->users,
                                       .rate_per_s = self->rate_per_s};
  FC_TRY(simulator_renew(self->workflow, &options, &worker->simulator, error));
  ensemble_world(self, (int32_t)world, &worker->world);
  FC_TRY(simulator_set_parameters(worker->simulator, &worker->world, error));
  for (int32_t i = 0; i < m; ++i) {
    const int64_t window = (self->n_observed * self->options.n_worlds + world) * m + i;
    FC_TRY(simulator_observed_window(worker->simulator, window, self->measured->configuration, &worker->observation,
                                     error));
    double *out = self->simulated + (world * m + i) * terms_max(self->workflow->n_functions);
    for (int32_t t = 0; t < self->n_terms; ++t) out[t] = terms_value(&worker->observation, self->terms[t]);
  }
  return FC_OK;
}

fc_status_t ensemble_observe(ensemble_t *self, const fc_observation_t *observation, int32_t users, double rate_per_s,
                             fc_error_t *error) {
  FC_ASSERT_EQ(observation->n_functions, self->workflow->n_functions);
  if ((observation->outcome.present & FC_OUTCOME_HAS_COUNTS) == 0) return FC_OK;
  self->measured = observation;
  self->users = users;
  self->rate_per_s = users > 0 ? 0 : rate_per_s;
  self->n_terms = terms_of(observation, self->options.uses_cpu, self->terms);
  for (int32_t t = 0; t < self->n_terms; ++t) {
    self->y[t] = terms_value(observation, self->terms[t]);
    self->noise[t] = terms_noise(self->terms[t]);
  }
  FC_TRY(jobs_run(self->options.jobs, self->options.n_worlds, simulate_world, NULL, self, error));
  self->n_observed += 1;
  if (kalman_learn(&self->kalman, self->simulated, self->n_terms, self->y, self->noise, &self->rng, self->theta,
                   self->z, &self->log_density))
    return FC_OK;
  return fc_error_set(error, FC_EINTERNAL,
                      "workflow %s: a measured window, or one simulated for it, has numbers that are not finite",
                      self->workflow->name);
}

/* ---- what is known ---- */

int32_t ensemble_unknowns(const ensemble_t *self, const unknown_t **list) {
  *list = self->unknowns;
  return self->d;
}

void ensemble_unknown(const ensemble_t *self, int32_t unknown, double *mean, double *deviation) {
  const int32_t n = self->options.n_worlds;
  double sum = 0, squares = 0;
  for (int32_t i = 0; i < n; ++i) sum += self->theta[(int64_t)i * self->d + unknown];
  *mean = sum / n;
  for (int32_t i = 0; i < n; ++i) {
    const double off = self->theta[(int64_t)i * self->d + unknown] - *mean;
    squares += off * off;
  }
  *deviation = sqrt(squares / (n - 1));
}

void ensemble_surprise(const ensemble_t *self, ensemble_surprise_t *surprise) {
  *surprise = (ensemble_surprise_t){.log_density = self->log_density};
  for (int32_t t = 0; t < self->n_terms; ++t)
    if (self->terms[t] < TERMS_END_TO_END) {
      surprise->has[self->terms[t]] = true;
      surprise->z[self->terms[t]] = self->z[t];
    }
}
