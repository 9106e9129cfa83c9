/* backtest_plan.c - what the recorded system could cost, as its twin says: see backtest.h. */
#include <math.h>
#include <stdlib.h>

#include "backtest.h"
#include "faasconf/cost.h"
#include "jobs.h"
#include "judge.h"
#include "quantile.h"

/* Loads of which nine tenths lie closer together than this share of their median are planned for together. */
#define LOAD_SPREAD 0.2

typedef struct {
  backtest_t *backtest;
  progress_t progress;
  int64_t n_pieces;
} planning_t;

/* ---- loads ---- */

/* Is it one rate, of which each window shows its luck only? Then simulated windows have that luck themselves. The
 * variance of n Poisson counts is their mean times 1 +- sqrt(2 / n); three of these, and 10 % for how rates are
 * measured. */
static bool is_one_rate(const backtest_t *self, const double *loads, int64_t n) {
  if (self->recording->closed_loop) return false;
  double mean = 0, variance = 0;
  for (int64_t i = 0; i < n; ++i) mean += loads[i] / (double)n;
  for (int64_t i = 0; i < n; ++i) variance += (loads[i] - mean) * (loads[i] - mean) / (double)n;
  const double window_s = self->workflow->window_s;
  return variance * window_s <= mean * (1.1 + 3 * sqrt(2 / (double)n));
}

/* Upper ends of up to three groups of n ascending loads; their number. */
static int32_t cut_loads(const double *loads, int64_t n, double *uppers) {
  const double spread = quantile_of_sorted(loads, n, 0.95) - quantile_of_sorted(loads, n, 0.05);
  int32_t n_loads = 0;
  if (spread > LOAD_SPREAD * quantile_of_sorted(loads, n, 0.5)) {
    for (int64_t i = 0; i < n && n_loads <= BACKTEST_MAX_LOADS; ++i) {
      if (i > 0 && loads[i] <= loads[i - 1]) continue;
      if (n_loads < BACKTEST_MAX_LOADS) uppers[n_loads] = loads[i];
      n_loads += 1;
    }
    if (n_loads <= BACKTEST_MAX_LOADS) return n_loads;
    n_loads = 0;
    for (int32_t i = 1; i < BACKTEST_MAX_LOADS; ++i) {
      const double upper = loads[i * (n - 1) / BACKTEST_MAX_LOADS]; /* one that there is: no group is empty */
      if (upper < loads[n - 1] && (n_loads == 0 || upper > uppers[n_loads - 1])) uppers[n_loads++] = upper;
    }
  }
  uppers[n_loads++] = loads[n - 1];
  return n_loads;
}

/* The part of n ascending loads that belongs to a group above `lower` up to `upper`. */
static void fill_load(const backtest_t *self, const double *loads, int64_t n, double lower, double upper, bool one_rate,
                      backtest_load_t *load) {
  int64_t from = 0, to = 0;
  while (from < n && loads[from] <= lower) ++from;
  for (to = from; to < n && loads[to] <= upper;) ++to;
  load->load_low = loads[from];
  load->load_high = loads[to - 1];
  load->load_planned = quantile_of_sorted(loads + from, to - from, 0.9);
  if (self->recording->closed_loop) load->load_planned = ceil(load->load_planned);
  if (one_rate) load->load_planned = self->measured.load_mean;
}

static int32_t load_of(const backtest_t *self, int64_t window) {
  const double load = recording_load(self->recording, window);
  int32_t i = 0;
  while (i < self->n_loads - 1 && load > self->loads[i].load_high) ++i;
  return i;
}

static fc_status_t measure_loads(backtest_t *self, fc_error_t *error) {
  fc_observation_t observation = {0};
  const int64_t n = self->recording->n_windows;
  int64_t count[BACKTEST_MAX_LOADS] = {0};
  if (fc_observation_init(&observation, self->workflow->n_functions) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "no memory for a window");
  for (int64_t w = 0; w < n; ++w) {
    const int32_t i = load_of(self, w);
    recording_window(self->recording, w, &observation);
    self->loads[i].measured_usd_h += fc_cost_reserved_usd_h(self->workflow, observation.configuration);
    count[i] += 1;
  }
  for (int32_t i = 0; i < self->n_loads; ++i) {
    self->loads[i].measured_usd_h /= (double)count[i];
    self->loads[i].share = (double)count[i] / (double)n;
  }
  fc_observation_clear(&observation);
  return FC_OK;
}

/* Windows in which nothing arrived do not shape the groups; they belong to the lowest. */
static fc_status_t group_loads(backtest_t *self, fc_error_t *error) {
  const int64_t n_all = self->recording->n_windows;
  double uppers[BACKTEST_MAX_LOADS] = {0};
  double *loads = calloc((size_t)n_all, sizeof *loads);
  if (loads == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %lld loads", (long long)n_all);
  for (int64_t w = 0; w < n_all; ++w) loads[w] = recording_load(self->recording, w);
  quantile_sort(loads, n_all);
  const bool one_rate = is_one_rate(self, loads, n_all);
  int64_t n_idle = 0;
  while (n_idle < n_all && loads[n_idle] <= 0) ++n_idle;
  FC_ASSERT(n_idle < n_all); /* backtest_learn refuses that */
  const double *busy = loads + n_idle;
  const int64_t n = n_all - n_idle;
  self->n_loads = one_rate ? 1 : cut_loads(busy, n, uppers);
  if (one_rate) uppers[0] = busy[n - 1];
  for (int32_t i = 0; i < self->n_loads; ++i)
    fill_load(self, busy, n, i > 0 ? uppers[i - 1] : 0, uppers[i], one_rate, &self->loads[i]);
  free(loads);
  return measure_loads(self, error);
}

/* ---- searching ---- */

/* A search stops at the first of its configurations that its windows confirm, which luck may have helped: it has to
 * meet so many standard errors more, or fresh windows would often contradict it. */
#define MARGIN_ERRORS 1.645

static double searched_level(double level) {
  const double margin = MARGIN_ERRORS * sqrt(level * (1 - level) / PLAN_CONFIRMING_WINDOWS);
  return fmin(level + margin, (1 + level) / 2);
}

static plan_options_t options_of(const backtest_t *self, const backtest_load_t *load, uint64_t seed) {
  const bool closed_loop = self->recording->closed_loop;
  return (plan_options_t){.workflow = self->workflow,
                          .particles = &self->particles,
                          .semantics = self->semantics,
                          .ranges = self->ranges,
                          .users = closed_loop ? (int32_t)load->load_planned : 0,
                          .rate_per_s = closed_loop ? 0 : load->load_planned,
                          .level = searched_level(self->level),
                          .budget = self->budget,
                          .seed = seed};
}

static fc_status_t search(void *context, int32_t worker, int64_t piece, fc_error_t *error) {
  backtest_t *self = ((planning_t *)context)->backtest;
  backtest_load_t *load = &self->loads[piece / self->n_searches];
  const int64_t s = piece % self->n_searches;
  const plan_options_t options = options_of(self, load, (uint64_t)self->seed * 1000003u + (uint64_t)s);
  (void)worker;
  return plan_search(&options, &load->plans[s], error);
}

/* One world's fresh windows of the cheapest configuration; draws that no search has seen. */
static fc_status_t judge_world(void *context, int32_t worker, int64_t piece, fc_error_t *error) {
  backtest_t *self = ((planning_t *)context)->backtest;
  backtest_load_t *load = &self->loads[piece / self->particles.n];
  const int32_t i = (int32_t)(piece % self->particles.n);
  (void)worker;
  if (load->best < 0) return FC_OK;
  double weight = 1;
  const particles_t world = {.n = 1,
                             .n_functions = self->particles.n_functions,
                             .parameters = &self->particles.parameters[particles_of_window(&self->particles, i)],
                             .weights = &weight};
  plan_options_t options = options_of(self, load, (uint64_t)self->seed * 1000003u + (uint64_t)(self->n_searches + i));
  options.particles = &world;
  return plan_confirm(&options, load->plans[load->best].configuration, BACKTEST_WORLD_WINDOWS, &load->world_met[i],
                      error);
}

static void show_progress(void *context, int64_t n_done) {
  planning_t *planning = context;
  progress_update(&planning->progress, n_done, planning->n_pieces, NULL);
}

static fc_status_t run_pieces(planning_t *planning, const char *what, int64_t n, jobs_piece_t piece,
                              fc_error_t *error) {
  planning->n_pieces = n;
  progress_start(&planning->progress, what);
  const fc_status_t status = jobs_run((int32_t)planning->backtest->jobs, n, piece, show_progress, planning, error);
  progress_end(&planning->progress);
  return status;
}

/* ---- summing up ---- */

static fc_status_t sum_up_worlds(backtest_t *self, backtest_load_t *load, fc_error_t *error) {
  if (load->best < 0) return FC_OK;
  const int32_t n = self->particles.n;
  int32_t n_met = 0;
  double *shares = calloc((size_t)n, sizeof *shares);
  if (shares == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d worlds", (int)n);
  for (int32_t i = 0; i < n; ++i) {
    n_met += load->world_met[i];
    shares[i] = (double)load->world_met[i] / BACKTEST_WORLD_WINDOWS;
  }
  quantile_sort(shares, n);
  load->worlds_low = quantile_of_sorted(shares, n, 0.1);
  load->worlds_high = quantile_of_sorted(shares, n, 0.9);
  load->compliance = (double)n_met / ((double)n * BACKTEST_WORLD_WINDOWS);
  judge_wilson(n_met, n * BACKTEST_WORLD_WINDOWS, &load->wilson_low, &load->wilson_high);
  load->confirmed = load->wilson_high >= self->level;
  free(shares);
  return FC_OK;
}

static void weigh(backtest_t *self) {
  self->confirmed = true;
  self->cost_usd_h = self->median_usd_h = self->max_usd_h = 0;
  for (int32_t i = 0; i < self->n_loads; ++i) {
    const backtest_load_t *load = &self->loads[i];
    self->confirmed = self->confirmed && load->confirmed;
    if (load->best < 0) continue;
    self->cost_usd_h += load->share * load->plans[load->best].cost_usd_h;
    self->median_usd_h += load->share * load->median_usd_h;
    self->max_usd_h += load->share * load->max_usd_h;
  }
}

/* ---- all of it ---- */

static fc_status_t take_plans(backtest_t *self, fc_error_t *error) {
  const size_t searches = (size_t)self->n_searches, functions = (size_t)self->workflow->n_functions;
  for (int32_t i = 0; i < self->n_loads; ++i) {
    backtest_load_t *load = &self->loads[i];
    load->plans = calloc(searches, sizeof *load->plans);
    load->world_met = calloc((size_t)self->particles.n, sizeof *load->world_met);
    if (load->plans == NULL || load->world_met == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to plan");
    for (size_t s = 0; s < searches; ++s) {
      load->plans[s].configuration = calloc(functions, sizeof *load->plans[s].configuration);
      if (load->plans[s].configuration == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to plan");
    }
  }
  return FC_OK;
}

fc_status_t backtest_plan(backtest_t *self, fc_error_t *error) {
  planning_t planning = {.backtest = self};
  FC_TRY(group_loads(self, error));
  FC_TRY(take_plans(self, error));
  FC_TRY(run_pieces(&planning, "planning", (int64_t)self->n_loads * self->n_searches, search, error));
  for (int32_t i = 0; i < self->n_loads; ++i) {
    backtest_load_t *load = &self->loads[i];
    load->best =
        plan_cheapest(load->plans, self->n_searches, &load->n_confirmed, &load->median_usd_h, &load->max_usd_h);
  }
  FC_TRY(run_pieces(&planning, "confirming", (int64_t)self->n_loads * self->particles.n, judge_world, error));
  for (int32_t i = 0; i < self->n_loads; ++i) FC_TRY(sum_up_worlds(self, &self->loads[i], error));
  weigh(self);
  return FC_OK;
}

void backtest_clear(backtest_t *self) {
  for (int32_t i = 0; i < self->n_loads; ++i) {
    backtest_load_t *load = &self->loads[i];
    for (int32_t s = 0; load->plans != NULL && s < self->n_searches; ++s) free(load->plans[s].configuration);
    free(load->plans);
    free(load->world_met);
    load->plans = NULL;
    load->world_met = NULL;
  }
  particles_clear(&self->particles);
}
