/* calibrate_store.c - see calibrate_store.h. */
#include "calibrate_store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/clock.h"
#include "point.h"
#include "prediction.h"
#include "store.h"

#define LENGTH_TOLERANCE 0.05 /* of a window */
#define LARGEST_RATE_PER_S 1e5

typedef struct {
  const calibrate_options_t *options;
  calibrate_result_t *result;
  twin_t *twin;
  point_t *point; /* or NULL */
  int64_t n_strict, n_as_published, n_total;
  progress_t progress;
  fc_error_t error; /* of a visit */
  particles_t particles;
  prediction_t *prediction;
} calibration_t;

/* ---- which windows ---- */

static fc_semantics_t semantics_of(const fc_transition_t *transition) {
  return (transition->flags & FC_TRANSITION_AS_PUBLISHED) != 0 ? FC_SEMANTICS_AS_PUBLISHED : FC_SEMANTICS_STRICT;
}

static fc_status_t count_window(void *context, int64_t id, bool heldout, const fc_transition_t *transition) {
  calibration_t *self = context;
  (void)id;
  (void)heldout;
  if (semantics_of(transition) == FC_SEMANTICS_STRICT) {
    self->n_strict += 1;
  } else {
    self->n_as_published += 1;
  }
  return FC_OK;
}

/* What loaded the system: users of a closed loop, or arrivals of an open one (users = 0). */
typedef struct {
  int32_t users;
  double rate_per_s;
} load_t;

/* False when nobody knows. */
static bool load_of(const calibrate_options_t *options, const fc_load_t *measured, load_t *load) {
  *load = (load_t){0};
  if (options->open_loop) {
    load->rate_per_s = measured->arrival_rate_per_s;
    return (measured->present & FC_LOAD_HAS_ARRIVAL_RATE) != 0 && load->rate_per_s > 0 &&
           load->rate_per_s <= LARGEST_RATE_PER_S;
  }
  const double users = options->users > 0 ? (double)options->users : round(measured->mean_in_flight);
  if (options->users == 0 && (measured->present & FC_LOAD_HAS_IN_FLIGHT) == 0) return false;
  if (!(users >= 1 && users <= 1e6)) return false;
  load->users = (int32_t)users;
  return true;
}

/* Counts and latencies of windows of another length would say something else. */
static bool has_length(const calibration_t *self, const fc_transition_t *transition) {
  const double window_s = self->options->workflow->window_s;
  return fabs(transition->after.duration_s - window_s) <= LENGTH_TOLERANCE * window_s;
}

/* Counts what it refuses. */
static bool usable(const calibration_t *self, const fc_transition_t *transition, load_t *load) {
  const bool of_length = has_length(self, transition);
  const bool is = semantics_of(transition) == self->result->semantics && of_length &&
                  load_of(self->options, &transition->after.load, load) &&
                  (transition->after.outcome.present & FC_OUTCOME_HAS_COUNTS) != 0;
  self->result->n_skipped += !is;
  self->result->n_of_other_length += !of_length;
  return is;
}

/* ---- learning ---- */

static fc_status_t learn_window(void *context, int64_t id, bool heldout, const fc_transition_t *transition) {
  calibration_t *self = context;
  calibrate_result_t *result = self->result;
  (void)id;
  if ((heldout && !self->options->learns_all) ||
      (self->options->limit > 0 && result->n_learned >= self->options->limit))
    return FC_OK;
  load_t load;
  if (!usable(self, transition, &load)) return FC_OK;
  FC_TRY(twin_observe(self->twin, &transition->after, load.users, load.rate_per_s, &self->error));
  if (self->point != NULL)
    FC_TRY(point_add(self->point, &transition->after, load.users, load.rate_per_s, &self->error));
  if (result->n_learned == 0 || load.users < result->users_min) result->users_min = load.users;
  if (load.users > result->users_max) result->users_max = load.users;
  result->n_learned += 1;
  progress_update(&self->progress, result->n_learned,
                  self->options->limit > 0 ? self->options->limit : self->n_total * 4 / 5, "windows");
  return FC_OK;
}

/* The best single world of the likeliest structure, from the posterior's mean. */
static fc_status_t estimate_point(calibration_t *self, fc_error_t *error) {
  const twin_structure_t *structures = NULL;
  const unknown_t *list = NULL;
  const int32_t d = twin_unknowns(self->twin, &list), n = twin_structures(self->twin, &structures);
  int32_t likeliest = 0;
  double *start = calloc(3 * (size_t)d, sizeof *start);
  if (start == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a point estimate");
  double *step = start + d, *theta = start + 2 * (int64_t)d;
  for (int32_t i = 1; i < n; ++i)
    if (structures[i].weight > structures[likeliest].weight) likeliest = i;
  for (int32_t u = 0; u < d; ++u) {
    twin_unknown(self->twin, u, &start[u], &step[u]);
    step[u] = fmax(step[u], 0.02);
  }
  point_set_structure(self->point, structures[likeliest].balancer, structures[likeliest].overflow);
  point_result_t found = {.theta = theta};
  const fc_status_t status =
      point_search(self->point, start, step, (int32_t)self->options->point_evaluations, &found, error);
  memmove(start, theta, (size_t)d * sizeof *start);
  self->result->point = start;
  self->result->point_start = found.start;
  self->result->point_found = found.found;
  self->result->n_point_evaluations = found.n_evaluations;
  return status;
}

/* ---- scoring ---- */

static fc_status_t score_window(void *context, int64_t id, bool heldout, const fc_transition_t *transition) {
  calibration_t *self = context;
  load_t load;
  (void)id;
  if (!heldout || !usable(self, transition, &load)) return FC_OK;
  FC_TRY(prediction_add(self->prediction, &transition->after, load.users, load.rate_per_s, &self->error));
  progress_update(&self->progress, prediction_windows(self->prediction), 0, "held-out windows");
  return FC_OK;
}

static fc_status_t score(calibration_t *self, store_t *store, fc_error_t *error) {
  const calibrate_options_t *o = self->options;
  FC_TRY(twin_particles(self->twin, (int32_t)o->n_particles, &self->particles, error));
  FC_TRY(prediction_new(o->workflow, self->result->semantics, &self->particles, (uint64_t)o->seed + 1,
                        &self->prediction, error));
  FC_TRY(store_each_transition(store, o->workflow, 0, score_window, self, error));
  const prediction_score_t score = prediction_score(self->prediction);
  self->result->n_heldout = score.n_windows;
  self->result->r2_log_latency = score.r2_log_latency;
  self->result->r2_success = score.r2_success;
  self->result->mape_latency = score.mape_latency;
  self->result->coverage80_latency = score.coverage80_latency;
  self->result->coverage80_success = score.coverage80_success;
  return FC_OK;
}

/* ---- all of it ---- */

static fc_status_t choose_semantics(calibration_t *self, store_t *store, fc_error_t *error) {
  FC_TRY(store_each_transition(store, self->options->workflow, 0, count_window, self, error));
  self->result->semantics = self->n_strict > 0 ? FC_SEMANTICS_STRICT : FC_SEMANTICS_AS_PUBLISHED;
  if (self->options->semantics != NULL) self->result->semantics = *self->options->semantics;
  self->n_total = self->result->semantics == FC_SEMANTICS_STRICT ? self->n_strict : self->n_as_published;
  if (self->n_total > 0) return FC_OK;
  return fc_error_set(error, FC_ENOTFOUND,
                      "store %s has no window of workflow %s under %s semantics: import some, or let an agent report",
                      self->options->store, self->options->workflow->name, fc_semantics_name(self->result->semantics));
}

static fc_status_t calibrate(calibration_t *self, store_t *store, fc_error_t *error) {
  const calibrate_options_t *o = self->options;
  FC_TRY(choose_semantics(self, store, error));
  const twin_options_t options = {
      .ensemble = {.semantics = self->result->semantics,
                   .n_worlds = twin_worlds(o->workflow, (int32_t)o->n_particles),
                   .n_windows = (int32_t)o->n_windows,
                   .prior_sigma = o->prior_sigma,
                   .uses_cpu = o->uses_cpu != NULL ? *o->uses_cpu : self->result->semantics == FC_SEMANTICS_STRICT,
                   .seed = (uint64_t)o->seed,
                   .jobs = (int32_t)o->jobs},
      .structures = o->structures,
      .windows_per_false_alarm = o->windows_per_false_alarm};
  self->result->n_worlds = options.ensemble.n_worlds;
  FC_TRY(twin_new(o->workflow, &options, &self->twin, error));
  if (o->point_evaluations > 0) FC_TRY(point_new(o->workflow, &options.ensemble, &self->point, error));
  progress_start(&self->progress, "calibrating");
  fc_status_t status = store_each_transition(store, o->workflow, 0, learn_window, self, error);
  if (status == FC_OK && self->result->n_learned == 0 && self->result->n_of_other_length > 0)
    status =
        fc_error_set(error, FC_EMISMATCH,
                     "store %s: %lld windows of workflow %s are not as long as the file says (window_s: %.15g): "
                     "calibrate with the file that they were measured with",
                     o->store, (long long)self->result->n_of_other_length, o->workflow->name, o->workflow->window_s);
  else if (status == FC_OK && self->result->n_learned == 0)
    status =
        fc_error_set(error, FC_ENOTFOUND, "store %s: no window of workflow %s says %s", o->store, o->workflow->name,
                     o->open_loop ? "how many workflows arrived"
                                  : "how many users there were: say so with --users, or take arrivals with "
                                    "--open-loop");
  if (status == FC_OK && self->point != NULL) status = estimate_point(self, error);
  if (status == FC_OK && !o->learns_all) status = score(self, store, error);
  progress_end(&self->progress);
  return status;
}

void calibrate_result_clear(calibrate_result_t *result) {
  free(result->point);
  result->point = NULL;
}

fc_status_t calibrate_store(const calibrate_options_t *options, twin_t **twin, calibrate_result_t *result,
                            fc_error_t *error) {
  fc_clock_t clock = fc_clock_system();
  const int64_t started_ns = clock.monotonic_ns(clock.self);
  calibration_t self = {.options = options, .result = result};
  store_t *store = NULL;
  *twin = NULL;
  *result = (calibrate_result_t){.r2_log_latency = NAN,
                                 .r2_success = NAN,
                                 .mape_latency = NAN,
                                 .coverage80_latency = NAN,
                                 .coverage80_success = NAN};
  FC_TRY(store_open(options->store, STORE_READ_ONLY, "", &store, error));
  const fc_status_t status = calibrate(&self, store, error);
  if (status != FC_OK && self.error.status != FC_OK && error != NULL) *error = self.error;
  store_destroy(&store);
  point_destroy(&self.point);
  prediction_destroy(&self.prediction);
  particles_clear(&self.particles);
  result->seconds = (double)(clock.monotonic_ns(clock.self) - started_ns) * 1e-9;
  if (status == FC_OK) {
    *twin = self.twin;
  } else {
    twin_destroy(&self.twin);
    calibrate_result_clear(result);
  }
  return status;
}
