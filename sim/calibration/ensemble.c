/* ensemble.c - see ensemble.h. */
#include "ensemble.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cholesky.h"
#include "faasconf/rng.h"
#include "jobs.h"
#include "simulator.h"

#define CPU_NOISE 0.15

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
  /* of the window in hand */
  const fc_observation_t *measured;
  int32_t users;
  double rate_per_s; /* when users = 0 */
  int32_t n_terms, max_terms;
  int32_t *terms;    /* (n_terms) which entries of a full vector the measured window has */
  double *y;         /* (n_terms) measured */
  double *simulated; /* (n_worlds, m, max_terms) */
  double *ybar;      /* (n_worlds, n_terms) */
  double *r, *s;     /* (n_terms, n_terms) */
  double *gain;      /* (n_terms, d): row t = S^-1 Cov(ybar, theta) */
  double *scratch;   /* (3, n_terms) */
};

/* ---- memory ---- */

static fc_status_t check(const fc_workflow_t *workflow, const ensemble_options_t *o, fc_error_t *error) {
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
  const size_t n = (size_t)self->options.n_worlds, m = (size_t)self->options.n_windows, terms = (size_t)self->max_terms,
               d = (size_t)self->d;
  self->theta = calloc(n * d, sizeof(double));
  self->terms = calloc(terms, sizeof *self->terms);
  self->y = calloc(terms, sizeof(double));
  self->simulated = calloc(n * m * terms, sizeof(double));
  self->ybar = calloc(n * terms, sizeof(double));
  self->r = calloc(terms * terms, sizeof(double));
  self->s = calloc(terms * terms, sizeof(double));
  self->gain = calloc(terms * d, sizeof(double));
  self->scratch = calloc(3 * terms, sizeof(double));
  if (self->theta == NULL || self->terms == NULL || self->y == NULL || self->simulated == NULL || self->ybar == NULL ||
      self->r == NULL || self->s == NULL || self->gain == NULL || self->scratch == NULL)
    return FC_ENOMEM;
  return take_workers(self);
}

fc_status_t ensemble_new(const fc_workflow_t *workflow, const ensemble_options_t *options, ensemble_t **out,
                         fc_error_t *error) {
  *out = NULL;
  FC_TRY(check(workflow, options, error));
  ensemble_t *self = calloc(1, sizeof *self);
  unknown_t *unknowns = calloc(UNKNOWNS_MAX, sizeof *unknowns);
  fc_status_t status = self != NULL && unknowns != NULL ? FC_OK : FC_ENOMEM;
  if (status == FC_OK) {
    self->workflow = workflow;
    self->options = *options;
    self->unknowns = unknowns;
    self->d = unknowns_list(workflow, unknowns);
    self->max_terms = 2 + 2 * workflow->n_functions;
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
  free(self->ybar);
  free(self->r);
  free(self->s);
  free(self->gain);
  free(self->scratch);
  free(self);
  *ensemble = NULL;
}

/* ---- what is compared ---- */

static bool has(const fc_function_metrics_t *metrics, uint32_t bit) {
  return (metrics->present & bit) != 0;
}

/* Entry `term` of a window's full vector: latency, successes, p75 of each function, CPU of each. Where a simulated
 * window has no latency its length stands in. */
static double entry(const fc_observation_t *o, int32_t term) {
  const int32_t n = o->n_functions;
  if (term == 0) return log(o->outcome.successes > 0 ? o->outcome.latency_mean_s : o->duration_s);
  if (term == 1) return sqrt((double)o->outcome.successes + 0.25);
  if (term < 2 + n) {
    const fc_function_metrics_t *metrics = &o->metrics[term - 2];
    return log(has(metrics, FC_METRIC_BIT(LATENCY_P75)) ? metrics->latency_p75_s : o->duration_s);
  }
  return log(o->metrics[term - 2 - n].cpu_utilization_pct + 1e-3);
}

/* Which entries the measured window has. */
static void choose_terms(ensemble_t *self) {
  const fc_observation_t *o = self->measured;
  const int32_t n = o->n_functions;
  self->n_terms = 0;
  for (int32_t term = 0; term < self->max_terms; ++term) {
    bool present = true;
    if (term == 0) present = o->outcome.successes > 0 && (o->outcome.present & FC_OUTCOME_HAS_LATENCY_MEAN) != 0;
    if (term >= 2 && term < 2 + n)
      present = has(&o->metrics[term - 2], FC_METRIC_BIT(LATENCY_P75)) && o->metrics[term - 2].latency_p75_s > 0;
    if (term >= 2 + n)
      present = self->options.uses_cpu && has(&o->metrics[term - 2 - n], FC_METRIC_BIT(CPU_UTILIZATION)) &&
                o->metrics[term - 2 - n].cpu_utilization_pct > 0;
    if (!present) continue;
    self->y[self->n_terms] = entry(o, term);
    self->terms[self->n_terms++] = term;
  }
}

/* ---- simulating ---- */

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
  unknowns_apply(self->workflow, self->unknowns, self->d, self->theta + world * self->d, &worker->world);
  FC_TRY(simulator_set_parameters(worker->simulator, &worker->world, error));
  for (int32_t i = 0; i < m; ++i) {
    const int64_t window = (self->n_observed * self->options.n_worlds + world) * m + i;
    FC_TRY(simulator_observed_window(worker->simulator, window, self->measured->configuration, &worker->observation,
                                     error));
    double *out = self->simulated + (world * m + i) * self->max_terms;
    for (int32_t t = 0; t < self->n_terms; ++t) out[t] = entry(&worker->observation, self->terms[t]);
  }
  return FC_OK;
}

/* ---- the update ---- */

/* ybar, and R pooled within the worlds. */
static void within_worlds(ensemble_t *self) {
  const int32_t n = self->options.n_worlds, m = self->options.n_windows, terms = self->n_terms;
  memset(self->r, 0, (size_t)(terms * terms) * sizeof *self->r);
  for (int32_t i = 0; i < n; ++i) {
    double *mean = self->ybar + (int64_t)i * terms;
    const double *windows = self->simulated + (int64_t)i * m * self->max_terms;
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
  for (int32_t t = 0; t < terms; ++t) {
    const bool cpu = self->terms[t] >= 2 + self->workflow->n_functions;
    self->r[t * terms + t] += (cpu ? CPU_NOISE * CPU_NOISE : 0) + 1e-8;
  }
}

/* S = Cov(ybar) + R, and Cov(ybar, theta) into gain. */
static void between_worlds(ensemble_t *self) {
  const int32_t n = self->options.n_worlds, terms = self->n_terms, d = self->d;
  double *mean_y = self->scratch;
  memcpy(self->s, self->r, (size_t)(terms * terms) * sizeof *self->s);
  memset(self->gain, 0, (size_t)(terms * d) * sizeof *self->gain);
  memset(mean_y, 0, (size_t)terms * sizeof *mean_y);
  for (int32_t i = 0; i < n; ++i)
    for (int32_t t = 0; t < terms; ++t) mean_y[t] += self->ybar[(int64_t)i * terms + t] / n;
  for (int32_t i = 0; i < n; ++i) {
    const double *ybar = self->ybar + (int64_t)i * terms, *theta = self->theta + (int64_t)i * d;
    for (int32_t a = 0; a < terms; ++a) {
      const double off = (ybar[a] - mean_y[a]) / (n - 1);
      for (int32_t b = 0; b < terms; ++b) self->s[a * terms + b] += off * (ybar[b] - mean_y[b]);
      /* Cov with theta needs no centred theta: the offs sum to 0. */
      for (int32_t u = 0; u < d; ++u) self->gain[a * d + u] += off * theta[u];
    }
  }
}

static fc_status_t move_worlds(ensemble_t *self, fc_error_t *error) {
  const int32_t n = self->options.n_worlds, terms = self->n_terms, d = self->d;
  double *z = self->scratch, *eps = self->scratch + terms, *off = self->scratch + 2 * terms;
  if (!cholesky_factor(self->s, terms) || !cholesky_factor(self->r, terms))
    return fc_error_set(error, FC_EINTERNAL, "the simulated windows of workflow %s do not vary", self->workflow->name);
  for (int32_t i = 0; i < n; ++i) {
    double *theta = self->theta + (int64_t)i * d;
    for (int32_t t = 0; t < terms; ++t) z[t] = fc_rng_normal(&self->rng);
    cholesky_multiply(self->r, terms, z, eps);
    for (int32_t t = 0; t < terms; ++t) off[t] = self->y[t] + eps[t] - self->ybar[(int64_t)i * terms + t];
    cholesky_solve(self->s, terms, off);
    for (int32_t t = 0; t < terms; ++t)
      for (int32_t u = 0; u < d; ++u) theta[u] += self->gain[t * d + u] * off[t];
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
  choose_terms(self);
  FC_TRY(jobs_run(self->options.jobs, self->options.n_worlds, simulate_world, NULL, self, error));
  self->n_observed += 1;
  within_worlds(self);
  between_worlds(self);
  return move_worlds(self, error);
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

fc_status_t ensemble_particles(const ensemble_t *self, particles_t *particles, fc_error_t *error) {
  FC_TRY(particles_init(particles, self->workflow, self->options.n_worlds, error));
  for (int32_t i = 0; i < particles->n; ++i)
    unknowns_apply(self->workflow, self->unknowns, self->d, self->theta + (int64_t)i * self->d,
                   &particles->parameters[i]);
  return FC_OK;
}
