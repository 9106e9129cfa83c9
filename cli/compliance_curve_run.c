/* compliance_curve_run.c - the searches: see compliance_curve.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compliance_curve.h"
#include "faasconf/clock.h"
#include "faasconf/cost.h"
#include "jobs.h"
#include "judge.h"

typedef struct {
  curve_t *curve;
  progress_t progress;
} searches_t;

static plan_options_t options_of(const curve_t *curve, double level, uint64_t seed) {
  return (plan_options_t){.workflow = curve->workflow,
                          .particles = curve->particles,
                          .semantics = curve->semantics,
                          .ranges = curve->ranges,
                          .users = (int32_t)curve->users,
                          .rate_per_s = curve->users > 0 ? 0 : curve->rate_per_s,
                          .level = level,
                          .budget = curve->budget,
                          .seed = seed};
}

/* Dearest levels first would be no better: all take about as long. */
static fc_status_t search(void *context, int32_t worker, int64_t piece, fc_error_t *error) {
  curve_t *curve = ((searches_t *)context)->curve;
  curve_level_t *level = &curve->levels[piece / curve->n_searches];
  const int64_t s = piece % curve->n_searches;
  const plan_options_t options = options_of(curve, level->level, (uint64_t)curve->seed * 1000003u + (uint64_t)s);
  (void)worker;
  return plan_search(&options, &level->plans[s], error);
}

static void show_progress(void *context, int64_t n_done) {
  searches_t *searches = context;
  progress_update(&searches->progress, n_done, (int64_t)searches->curve->n_levels * searches->curve->n_searches, NULL);
}

/* The cheapest of several was partly lucky: it counts only if windows that no search has seen confirm it, else the next
 * one is asked, of other windows. */
static fc_status_t sum_up(curve_t *curve, curve_level_t *level, fc_error_t *error) {
  const int32_t wanted = (int32_t)ceil(level->level * PLAN_CONFIRMING_WINDOWS);
  for (int32_t s = 0; s < curve->n_searches; ++s) curve->n_windows += level->plans[s].n_windows;
  for (uint64_t seed = (uint64_t)curve->seed * 1000003u + (uint64_t)CURVE_MAX_SEARCHES;; ++seed) {
    level->best =
        plan_cheapest(level->plans, curve->n_searches, &level->n_confirmed, &level->median_usd_h, &level->max_usd_h);
    if (level->best < 0) return FC_OK;
    plan_t *best = &level->plans[level->best];
    const plan_options_t options = options_of(curve, level->level, seed);
    FC_TRY(plan_confirm(&options, best->configuration, PLAN_CONFIRMING_WINDOWS, &level->n_met, error));
    curve->n_windows += PLAN_CONFIRMING_WINDOWS;
    if (level->n_met >= wanted) break;
    best->confirmed = false;
  }
  judge_wilson(level->n_met, PLAN_CONFIRMING_WINDOWS, &level->wilson_low, &level->wilson_high);
  return FC_OK;
}

static fc_status_t take_plans(curve_t *curve, fc_error_t *error) {
  const size_t n = (size_t)curve->n_searches, functions = (size_t)curve->workflow->n_functions;
  for (int32_t i = 0; i < curve->n_levels; ++i) {
    curve->levels[i].plans = calloc(n, sizeof *curve->levels[i].plans);
    if (curve->levels[i].plans == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %zu searches", n);
    for (size_t s = 0; s < n; ++s) {
      fc_function_configuration_t *configuration = calloc(functions, sizeof *configuration);
      if (configuration == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %zu searches", n);
      curve->levels[i].plans[s].configuration = configuration;
    }
  }
  return FC_OK;
}

static fc_status_t judge_start(curve_t *curve, fc_error_t *error) {
  const size_t n = (size_t)curve->workflow->n_functions;
  fc_function_configuration_t *start = calloc(n, sizeof *start);
  if (start == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a configuration");
  for (size_t f = 0; f < n; ++f) start[f] = curve->workflow->functions[f].start;
  const plan_options_t options = options_of(curve, 0.95, (uint64_t)curve->seed);
  const fc_status_t status = plan_confirm(&options, start, PLAN_CONFIRMING_WINDOWS, &curve->start_n_met, error);
  curve->start_cost_usd_h = fc_cost_reserved_usd_h(curve->workflow, start);
  free(start);
  return status;
}

fc_status_t curve_run(curve_t *curve, fc_error_t *error) {
  fc_clock_t clock = fc_clock_system();
  const int64_t started_ns = clock.monotonic_ns(clock.self);
  searches_t searches = {.curve = curve};
  FC_TRY(take_plans(curve, error));
  FC_TRY(judge_start(curve, error));
  progress_start(&searches.progress, "searching");
  fc_status_t status = jobs_run((int32_t)curve->jobs, (int64_t)curve->n_levels * curve->n_searches, search,
                                show_progress, &searches, error);
  progress_end(&searches.progress);
  for (int32_t i = 0; status == FC_OK && i < curve->n_levels; ++i) status = sum_up(curve, &curve->levels[i], error);
  curve->seconds = (double)(clock.monotonic_ns(clock.self) - started_ns) * 1e-9;
  return status;
}

const char *curve_load_text(const curve_t *curve, char *text) {
  if (curve->users > 0) {
    snprintf(text, CURVE_LOAD_TEXT, "%lld users", (long long)curve->users);
  } else {
    snprintf(text, CURVE_LOAD_TEXT, "%g workflows per second", curve->rate_per_s);
  }
  return text;
}

void curve_clear(curve_t *curve) {
  for (int32_t i = 0; i < curve->n_levels; ++i) {
    for (int32_t s = 0; curve->levels[i].plans != NULL && s < curve->n_searches; ++s)
      free(curve->levels[i].plans[s].configuration);
    free(curve->levels[i].plans);
    curve->levels[i].plans = NULL;
  }
}
