/* bounds.c - SES bounds: a safe price band from history (paper section 5). Pure. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/safety.h"

fc_bounds_options_t fc_bounds_options_default(void) {
  const fc_bounds_options_t options = {.cheapest_share = 0.20, .n_std = 2.0, .load_tolerance = 0.25, .min_rows = 5};
  return options;
}

fc_status_t fc_safety_record_init(fc_safety_record_t *record, int32_t n_functions) {
  memset(record, 0, sizeof *record);
  record->n_functions = n_functions;
  record->safe = calloc((size_t)FC_MAX_SAFE_CONFIGURATIONS * (size_t)n_functions, sizeof *record->safe);
  record->safe_cost_usd_h = calloc(FC_MAX_SAFE_CONFIGURATIONS, sizeof *record->safe_cost_usd_h);
  if (record->safe != NULL && record->safe_cost_usd_h != NULL) return FC_OK;
  fc_safety_record_clear(record);
  return FC_ENOMEM;
}

void fc_safety_record_clear(fc_safety_record_t *record) {
  free(record->safe);
  free(record->safe_cost_usd_h);
  memset(record, 0, sizeof *record);
}

fc_status_t fc_safety_record_copy(fc_safety_record_t *to, const fc_safety_record_t *from) {
  fc_safety_record_t copy;
  FC_TRY(fc_safety_record_init(&copy, from->n_functions));
  fc_function_configuration_t *safe = copy.safe;
  double *cost = copy.safe_cost_usd_h;
  copy = *from;
  copy.safe = safe;
  copy.safe_cost_usd_h = cost;
  memcpy(safe, from->safe, (size_t)from->n_safe * (size_t)from->n_functions * sizeof *safe);
  memcpy(cost, from->safe_cost_usd_h, (size_t)from->n_safe * sizeof *cost);
  fc_safety_record_clear(to);
  *to = copy;
  return FC_OK;
}

static bool belongs(const fc_bounds_options_t *options, const fc_safety_row_t *row, double mean_in_flight) {
  return row->qos_met && fabs(row->mean_in_flight - mean_in_flight) <= options->load_tolerance * mean_in_flight + 1e-9;
}

/* Cheapest first; equal costs in the order of the rows, so that one history gives one record. */
static int by_cost(const void *left, const void *right) {
  const fc_safety_row_t *a = *(const fc_safety_row_t *const *)left, *b = *(const fc_safety_row_t *const *)right;
  if (a->cost_usd_h != b->cost_usd_h) return a->cost_usd_h < b->cost_usd_h ? -1 : 1;
  return (a > b) - (a < b);
}

fc_status_t fc_bounds_determine(const fc_workflow_t *workflow, const fc_bounds_options_t *options,
                                const fc_safety_row_t *rows, int32_t n_rows, double mean_in_flight,
                                fc_safety_record_t *record) {
  FC_ASSERT_EQ(record->n_functions, workflow->n_functions);
  const fc_safety_row_t **good = calloc((size_t)n_rows + 1, sizeof *good);
  int32_t n_good = 0;
  if (good == NULL) return FC_ENOMEM;
  for (int32_t i = 0; i < n_rows; ++i)
    if (belongs(options, &rows[i], mean_in_flight)) good[n_good++] = &rows[i];
  if (n_good < options->min_rows || n_good < 1) {
    free(good);
    return FC_ENOTFOUND;
  }
  qsort(good, (size_t)n_good, sizeof *good, by_cost);
  int32_t n = (int32_t)ceil(options->cheapest_share * n_good);
  if (n < 1) n = 1;
  double sum = 0.0, squares = 0.0;
  for (int32_t i = 0; i < n; ++i) sum += good[i]->cost_usd_h;
  const double mean = sum / n;
  for (int32_t i = 0; i < n; ++i) squares += (good[i]->cost_usd_h - mean) * (good[i]->cost_usd_h - mean);
  const double std = sqrt(squares / n);
  memcpy(record->workflow, workflow->name, sizeof record->workflow);
  record->mean_in_flight = mean_in_flight;
  record->lb_usd_h = mean - options->n_std * std;
  record->ub_usd_h = mean + options->n_std * std;
  record->n_rows = n_good;
  record->n_safe = n < FC_MAX_SAFE_CONFIGURATIONS ? n : FC_MAX_SAFE_CONFIGURATIONS;
  const size_t functions = (size_t)workflow->n_functions;
  for (int32_t i = 0; i < record->n_safe; ++i) {
    memcpy(record->safe + (size_t)i * functions, good[i]->configuration, functions * sizeof *record->safe);
    record->safe_cost_usd_h[i] = good[i]->cost_usd_h;
  }
  free(good);
  return FC_OK;
}

int32_t fc_bounds_nearest(const fc_safety_record_t *records, int32_t n_records, double mean_in_flight) {
  int32_t nearest = -1;
  for (int32_t i = 0; i < n_records; ++i)
    if (nearest < 0 ||
        fabs(records[i].mean_in_flight - mean_in_flight) < fabs(records[nearest].mean_in_flight - mean_in_flight))
      nearest = i;
  return nearest;
}

bool fc_bounds_contains(const fc_safety_record_t *record, double cost_usd_h) {
  return cost_usd_h >= record->lb_usd_h && cost_usd_h <= record->ub_usd_h;
}

bool fc_bounds_watch_update(fc_bounds_watch_t *watch, fc_qos_verdict_t verdict) {
  if (verdict == FC_QOS_VIOLATED) watch->violations += 1;
  if (watch->violations < watch->threshold) return false;
  watch->violations = 0;
  return true;
}
