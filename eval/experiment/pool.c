/* pool.c - see pool.h. */
#include "pool.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cells_csv.h"
#include "faasconf/cost.h"
#include "faasconf/digest.h"
#include "faasconf/knobs.h"
#include "judge.h"
#include "tuning.h"

enum { FOLDS = 5 };

/* ---- the rows ---- */

fc_status_t pool_init(pool_t *pool, const fc_workflow_t *workflow, fc_semantics_t semantics, int32_t users,
                      int32_t capacity, fc_error_t *error) {
  *pool = (pool_t){.workflow = workflow, .semantics = semantics, .users = users};
  if (tuner_rows_init(&pool->offline, workflow->n_functions, capacity) == FC_OK &&
      tuner_rows_init(&pool->held_out, workflow->n_functions, capacity) == FC_OK)
    return FC_OK;
  return fc_error_set(error, FC_ENOMEM, "no memory for %d rows", (int)capacity);
}

void pool_clear(pool_t *pool) {
  tuner_rows_clear(&pool->offline);
  tuner_rows_clear(&pool->held_out);
}

void pool_add(pool_t *pool, const fc_observation_t *window, const uint8_t *digest) {
  uint64_t number = 0;
  for (int i = 7; i >= 0; --i) number = number << 8 | digest[i];
  tuner_rows_add(number % FOLDS == 0 ? &pool->held_out : &pool->offline, window,
                 judge_window(pool->workflow, pool->semantics, window, pool->users));
}

/* Squared distance in the box of all knobs. */
static double distance(const fc_workflow_t *workflow, const fc_function_configuration_t *a,
                       const fc_function_configuration_t *b) {
  double sum = 0;
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    for (int k = 0; k < FC_KNOBS; ++k) {
      const fc_knob_range_t range = fc_workflow_range(workflow, f, (fc_knob_t)k, FC_RANGES_FULL);
      if (range.max <= range.min) continue;
      const double d = (double)(fc_knob_get(&a[f], (fc_knob_t)k) - fc_knob_get(&b[f], (fc_knob_t)k));
      sum += d * d / ((double)(range.max - range.min) * (range.max - range.min));
    }
  }
  return sum;
}

static bool is_same(const pool_t *pool, const fc_function_configuration_t *a, const fc_function_configuration_t *b) {
  return memcmp(a, b, (size_t)pool->workflow->n_functions * sizeof *a) == 0;
}

int32_t pool_cheapest(const pool_t *pool, double *cost_usd_h) {
  int32_t best = -1;
  for (int32_t i = 0; i < pool->held_out.n; ++i) {
    const double cost = fc_cost_reserved_usd_h(pool->workflow, pool->held_out.windows[i].configuration);
    if (pool->held_out.verdicts[i] != FC_QOS_MET || (best >= 0 && cost >= *cost_usd_h)) continue;
    best = i;
    *cost_usd_h = cost;
  }
  return best;
}

/* ---- measuring ---- */

typedef struct {
  const pool_t *pool;
  bool *taken; /* (held out) */
} measuring_t;

/* The row that answers; -1 when all were taken. */
static int32_t answer(const measuring_t *self, const fc_function_configuration_t *configuration) {
  const tuner_rows_t *rows = &self->pool->held_out;
  double nearest = INFINITY;
  int32_t best = -1;
  for (int32_t i = 0; i < rows->n; ++i) {
    if (self->taken[i] && is_same(self->pool, rows->windows[i].configuration, configuration)) return i;
    const double d =
        self->taken[i] ? INFINITY : distance(self->pool->workflow, rows->windows[i].configuration, configuration);
    if (d >= nearest) continue;
    nearest = d;
    best = i;
  }
  return best;
}

static fc_status_t measure(void *context, const fc_function_configuration_t *configuration, fc_observation_t *window,
                           fc_qos_verdict_t *verdict, double *worst, fc_error_t *error) {
  measuring_t *self = context;
  const pool_t *pool = self->pool;
  const int32_t row = answer(self, configuration);
  if (row < 0) return fc_error_set(error, FC_EINVAL, "all %d held-out rows are measured", (int)pool->held_out.n);
  self->taken[row] = true;
  fc_observation_copy(window, &pool->held_out.windows[row]);
  *verdict = judge_severity(pool->workflow, pool->semantics, window, pool->users, worst);
  return FC_OK;
}

static fc_status_t warm_up(measuring_t *self, fc_observation_t *window, fc_error_t *error) {
  const fc_workflow_t *workflow = self->pool->workflow;
  fc_qos_verdict_t verdict = FC_QOS_UNKNOWN;
  double worst = 0;
  fc_function_configuration_t *start = calloc((size_t)workflow->n_functions, sizeof *start);
  if (start == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a configuration");
  for (int32_t f = 0; f < workflow->n_functions; ++f) start[f] = workflow->functions[f].start;
  const fc_status_t status = measure(self, start, window, &verdict, &worst, error);
  free(start);
  return status;
}

/* ---- judging ---- */

typedef struct {
  double distance;
  bool met;
} neighbour_t;

static int by_distance(const void *left, const void *right) {
  const double a = ((const neighbour_t *)left)->distance, b = ((const neighbour_t *)right)->distance;
  return (a > b) - (a < b);
}

static void add_neighbours(const pool_t *pool, const tuner_rows_t *rows, const fc_function_configuration_t *choice,
                           neighbour_t *list, int32_t *n) {
  for (int32_t i = 0; i < rows->n; ++i) {
    if (rows->verdicts[i] == FC_QOS_UNKNOWN || is_same(pool, rows->windows[i].configuration, choice)) continue;
    list[*n].distance = distance(pool->workflow, rows->windows[i].configuration, choice);
    list[*n].met = rows->verdicts[i] == FC_QOS_MET;
    *n += 1;
  }
}

/* The choice was taken because its window met QoS: only windows of others say whether it does. */
static fc_status_t judge_neighbours(const pool_t *pool, const fc_function_configuration_t *choice, cell_t *cell,
                                    fc_error_t *error) {
  int32_t n = 0, n_met = 0;
  neighbour_t *list = calloc((size_t)pool->offline.n + (size_t)pool->held_out.n, sizeof *list);
  if (list == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d rows", (int)pool->held_out.n);
  add_neighbours(pool, &pool->offline, choice, list, &n);
  add_neighbours(pool, &pool->held_out, choice, list, &n);
  qsort(list, (size_t)n, sizeof *list, by_distance);
  if (n > POOL_NEIGHBOURS) n = POOL_NEIGHBOURS;
  for (int32_t i = 0; i < n; ++i) n_met += list[i].met;
  free(list);
  cell->judging_windows = n;
  if (n == 0) return FC_OK;
  cell->compliance = (double)n_met / n;
  judge_wilson(n_met, n, &cell->wilson_low, &cell->wilson_high);
  return FC_OK;
}

/* What was chosen need not be a row (a plan, the start configuration): the nearest row stands for it. */
static fc_status_t judge(const pool_t *pool, const tuning_choice_t *choice, cell_t *cell, fc_error_t *error) {
  bool *none_taken = calloc((size_t)pool->held_out.n, sizeof *none_taken);
  if (none_taken == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d rows", (int)pool->held_out.n);
  const measuring_t all = {.pool = pool, .taken = none_taken};
  const int32_t i = answer(&all, choice->configuration);
  free(none_taken);
  const fc_observation_t *row = &pool->held_out.windows[i];
  cell->cost_usd_h = fc_cost_reserved_usd_h(pool->workflow, row->configuration);
  cell->qos_met = pool->held_out.verdicts[i] == FC_QOS_MET;
  if (row->outcome.present & FC_OUTCOME_HAS_LATENCY_MEAN) cell->latency_mean_s = row->outcome.latency_mean_s;
  cell->throughput = (double)row->outcome.successes;
  return judge_neighbours(pool, row->configuration, cell, error);
}

/* ---- one run ---- */

static void name_cell(const pool_t *pool, const contender_t *contender, uint64_t seed, cell_t *cell) {
  *cell = cells_empty();
  cell->users = pool->users;
  cell->seed = (int64_t)seed;
  snprintf(cell->experiment, sizeof cell->experiment, "pool");
  snprintf(cell->workflow, sizeof cell->workflow, "%s", pool->workflow->name);
  snprintf(cell->world, sizeof cell->world, "rows");
  snprintf(cell->track, sizeof cell->track, "rows");
  snprintf(cell->semantics, sizeof cell->semantics, "%s", fc_semantics_name(pool->semantics));
  contender_name(contender, cell);
}

static fc_status_t tune(const pool_t *pool, const contender_t *contender, int32_t budget_windows, const char *cache,
                        uint64_t seed, tuning_choice_t *choice, double *prepared_s, fc_error_t *error) {
  measuring_t measuring = {.pool = pool, .taken = calloc((size_t)pool->held_out.n, sizeof(bool))};
  fc_observation_t warm = {0};
  fc_status_t status = FC_OK;
  if (measuring.taken == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a run");
  if (fc_observation_init(&warm, pool->workflow->n_functions) != FC_OK)
    status = fc_error_set(error, FC_ENOMEM, "no memory for a run");
  if (status == FC_OK) status = warm_up(&measuring, &warm, error);
  const tuning_task_t task = {.tuner = contender->tuner,
                              .setting = {.workflow = pool->workflow,
                                          .semantics = pool->semantics,
                                          .track = TUNER_TRACK_ROWS,
                                          .variant = contender->variant,
                                          .concurrency_is_fixed = contender->concurrency_is_fixed,
                                          .rows = &pool->offline,
                                          .cache = cache,
                                          .seed = seed,
                                          .level = contender->level,
                                          .prepared_s = prepared_s},
                              .budget_windows = budget_windows,
                              .warm = &warm,
                              .strategy = contender->strategy,
                              .rails = contender->rails,
                              .measure = measure,
                              .context = &measuring};
  if (status == FC_OK) status = tuning_run(&task, choice, error);
  fc_observation_clear(&warm);
  free(measuring.taken);
  return status;
}

fc_status_t pool_run(const pool_t *pool, const contender_t *contender, int32_t budget_windows, const char *cache,
                     uint64_t seed, cell_t *cell, fc_error_t *error) {
  if (pool->offline.n == 0 || pool->held_out.n <= budget_windows)
    return fc_error_set(error, FC_EINVAL, "%d held-out and %d other rows: too few for a budget of %d windows",
                        (int)pool->held_out.n, (int)pool->offline.n, (int)budget_windows);
  tuning_choice_t choice = {.configuration = calloc((size_t)pool->workflow->n_functions, sizeof *choice.configuration)};
  if (choice.configuration == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a run");
  name_cell(pool, contender, seed, cell);
  cell->prepare_s = 0;
  fc_status_t status = tune(pool, contender, budget_windows, cache, seed, &choice, &cell->prepare_s, error);
  if (status == FC_OK) status = judge(pool, &choice, cell, error);
  cell->settled = choice.settled;
  cell->violations = choice.violations;
  cell->severity = choice.severity;
  cell->windows = choice.windows_used;
  cell->decide_s = choice.decide_s;
  cell->unsafe_cost_usd_h = choice.unsafe_cost_usd_h;
  free(choice.configuration);
  return status;
}
