/* filter.c - step 9: see filter.h. */
#include "filter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "configuration.h"
#include "faasconf/cost.h"
#include "faasconf/rng.h"

enum { MAX_RECENT = 32, MAX_CHANGES = 256 };
static const uint64_t SES_STREAM = 0x73657331;

struct filter {
  const fc_workflow_t *workflow;
  filter_options_t options;
  const fc_limits_t *limits;
  fc_bounds_watch_t watch;
  fc_safety_record_t *records;
  int32_t n_records;
  bool records_are_local;
  int32_t n_recent;
  fc_function_configuration_t *recent; /* (MAX_RECENT, N) proposals, newest first */
  fc_function_configuration_t *asked;  /* (N) what the rails are asked for */
  fc_function_configuration_t *walk;   /* (3, N) of filter_travel */
  int64_t changes[MAX_CHANGES];        /* windows of the last changes, a ring */
  int32_t n_changes;
};

fc_status_t filter_new(const fc_workflow_t *workflow, const filter_options_t *options, const fc_limits_t *limits,
                       filter_t **out, fc_error_t *error) {
  *out = NULL;
  if (options->strategy == FC_STRATEGY_CONFORMAL)
    return fc_error_set(error, FC_EINVAL, "strategy conformal is not in this version: use none, ses_code or ses_paper");
  if (options->rails.shrink_hold_windows > MAX_RECENT)
    return fc_error_set(error, FC_EINVAL, "a shrink hold of %d windows is more than %d",
                        (int)options->rails.shrink_hold_windows, MAX_RECENT);
  filter_t *filter = calloc(1, sizeof *filter);
  const size_t n = (size_t)workflow->n_functions;
  if (filter) {
    filter->recent = calloc(MAX_RECENT * n, sizeof *filter->recent);
    filter->asked = calloc(n, sizeof *filter->asked);
    filter->walk = calloc(3 * n, sizeof *filter->walk);
  }
  if (!filter || !filter->recent || !filter->asked || !filter->walk) {
    filter_destroy(&filter);
    return fc_error_set(error, FC_ENOMEM, "filter: out of memory");
  }
  filter->workflow = workflow;
  filter->options = *options;
  filter->limits = limits;
  filter->watch.threshold = options->violations_to_redetermine;
  *out = filter;
  return FC_OK;
}

static void clear_records(filter_t *filter) {
  for (int32_t i = 0; i < filter->n_records; ++i) fc_safety_record_clear(&filter->records[i]);
  free(filter->records);
  filter->records = NULL;
  filter->n_records = 0;
}

void filter_destroy(filter_t **filter) {
  if (!*filter) return;
  clear_records(*filter);
  free((*filter)->recent);
  free((*filter)->asked);
  free((*filter)->walk);
  free(*filter);
  *filter = NULL;
}

/* ---- records -------------------------------------------------------------------------------------------------- */

static bool record_fits(const filter_t *filter, const fc_safety_record_t *record) {
  return record->n_functions == filter->workflow->n_functions &&
         strcmp(record->workflow, filter->workflow->name) == 0 && isfinite(record->lb_usd_h) &&
         isfinite(record->ub_usd_h) && record->lb_usd_h <= record->ub_usd_h && record->mean_in_flight >= 0;
}

fc_status_t filter_take_records(filter_t *filter, const fc_safety_record_t *records, int32_t n_records,
                                fc_error_t *error) {
  fc_safety_record_t *copies = calloc((size_t)(n_records > 0 ? n_records : 1), sizeof *copies);
  if (!copies) return fc_error_set(error, FC_ENOMEM, "filter: out of memory for safety records");
  int32_t n = 0;
  fc_status_t status = FC_OK;
  for (int32_t i = 0; i < n_records && status == FC_OK; ++i) {
    if (!record_fits(filter, &records[i])) continue;
    status = fc_safety_record_init(&copies[n], filter->workflow->n_functions);
    if (status != FC_OK) break;
    status = fc_safety_record_copy(&copies[n], &records[i]);
    n += 1;
  }
  clear_records(filter);
  filter->records = copies;
  filter->n_records = n;
  filter->records_are_local = false;
  if (status == FC_OK) return FC_OK;
  clear_records(filter);
  return fc_error_set(error, status, "filter: out of memory for safety records");
}

int32_t filter_n_records(const filter_t *filter) {
  return filter->n_records;
}

/* One local record replaces what was there for about this load, or is added. */
static void determine_locally(filter_t *filter, const history_t *history, double mean_in_flight) {
  const fc_bounds_options_t options = fc_bounds_options_default();
  int32_t n_rows = 0;
  const fc_safety_row_t *rows = history_rows(history, &n_rows);
  fc_safety_record_t record;
  if (fc_safety_record_init(&record, filter->workflow->n_functions) != FC_OK) return;
  if (fc_bounds_determine(filter->workflow, &options, rows, n_rows, mean_in_flight, &record) != FC_OK) {
    fc_safety_record_clear(&record);
    return;
  }
  const int32_t nearest = fc_bounds_nearest(filter->records, filter->n_records, mean_in_flight);
  const bool replaces = nearest >= 0 && fabs(filter->records[nearest].mean_in_flight - mean_in_flight) <=
                                            options.load_tolerance * mean_in_flight;
  if (!replaces) {
    fc_safety_record_t *grown = realloc(filter->records, (size_t)(filter->n_records + 1) * sizeof *grown);
    if (!grown) {
      fc_safety_record_clear(&record);
      return;
    }
    filter->records = grown;
    filter->records[filter->n_records++] = record;
  } else {
    fc_safety_record_clear(&filter->records[nearest]);
    filter->records[nearest] = record;
  }
  filter->records_are_local = true;
}

void filter_learn(filter_t *filter, const history_t *history, fc_qos_verdict_t verdict, double mean_in_flight,
                  bool server_away) {
  if (verdict == FC_QOS_UNKNOWN || !(mean_in_flight >= 0)) return;
  const bool due = fc_bounds_watch_update(&filter->watch, verdict);
  if (filter->options.strategy == FC_STRATEGY_NONE || !server_away) return;
  if (due || filter->n_records == 0 || filter->records_are_local) determine_locally(filter, history, mean_in_flight);
}

/* ---- the steps ------------------------------------------------------------------------------------------------ */

static void mark_all(const fc_workflow_t *workflow, uint32_t *bound_by, uint32_t reason) {
  for (int32_t i = 0; i < workflow->n_functions * FC_KNOBS; ++i) bound_by[i] |= reason;
}

static void hold(const filter_t *filter, const fc_function_configuration_t *current,
                 fc_function_configuration_t *proposed, uint32_t *bound_by, uint32_t reason, const char *why,
                 filter_result_t *result) {
  configuration_copy(filter->workflow, proposed, current);
  mark_all(filter->workflow, bound_by, reason);
  result->held = true;
  result->held_why = why;
}

static void remember_proposal(filter_t *filter, const fc_function_configuration_t *proposed) {
  const size_t n = (size_t)filter->workflow->n_functions;
  memmove(filter->recent + n, filter->recent, (MAX_RECENT - 1) * n * sizeof *filter->recent);
  configuration_copy(filter->workflow, filter->recent, proposed);
  if (filter->n_recent < MAX_RECENT) filter->n_recent += 1;
}

static void apply_strategy(filter_t *filter, int64_t window, const fc_safety_record_t *record,
                           fc_function_configuration_t *proposed, uint32_t *bound_by, filter_result_t *result) {
  fc_rng_t rng;
  fc_rng_init(&rng, filter->options.seed, SES_STREAM + ((uint64_t)window << 32));
  result->ses = fc_ses_apply(filter->workflow, filter->options.ranges, filter->options.strategy, record,
                             filter->options.noise_sigma, &rng, proposed);
  if (result->ses == FC_SES_REPLACED) mark_all(filter->workflow, bound_by, FC_BOUND_BY_STRATEGY);
}

/* Unsafe: cheaper than the band's lower end and no dearer than now. Dearer than the band is waste, not danger: it is
 * how the way down from a generous start begins. */
static bool is_unsafe(const filter_t *filter, const fc_safety_record_t *record, double cost_now, double cost_then) {
  if (filter->options.strategy == FC_STRATEGY_NONE || !record) return false;
  return cost_then < record->lb_usd_h && cost_then < cost_now;
}

static bool budget_is_spent(const filter_t *filter, int64_t window) {
  const int32_t budget = filter->options.rails.changes_per_hour;
  if (filter->options.rails.profile == FC_RAILS_OFF || budget <= 0) return false;
  const int64_t hour = (int64_t)ceil(3600 / filter->workflow->window_s);
  int32_t within = 0;
  const int32_t held = filter->n_changes < MAX_CHANGES ? filter->n_changes : MAX_CHANGES;
  for (int32_t i = 0; i < held; ++i) within += filter->changes[i] > window - hour;
  return within >= budget;
}

void filter_note_change(filter_t *filter, int64_t window) {
  filter->changes[filter->n_changes % MAX_CHANGES] = window;
  filter->n_changes = filter->n_changes == 2 * MAX_CHANGES - 1 ? MAX_CHANGES : filter->n_changes + 1;
}

static void apply_rails(filter_t *filter, filter_origin_t origin, bool breach,
                        const fc_function_configuration_t *current, fc_function_configuration_t *proposed,
                        uint32_t *bound_by) {
  fc_rails_t rails = filter->options.rails;
  if (rails.profile == FC_RAILS_OFF) return;
  /* The dead band saves writes for a policy that trembles; a step of the session is meant. */
  if (origin == FILTER_MEASURED) rails.dead_band = 0;
  fc_rails_apply(&rails, filter->workflow, current, filter->recent, filter->n_recent, breach, proposed, bound_by);
  ownership_keep_others(filter->options.ownership, current, proposed); /* the least replicas are for its own */
}

/* The limits of this agent's file bind what it owns. */
static void leave_others(const filter_t *filter, const fc_function_configuration_t *current,
                         fc_function_configuration_t *proposed, uint32_t *bound_by) {
  ownership_keep_others(filter->options.ownership, current, proposed);
  for (int32_t i = 0; i < filter->workflow->n_functions * FC_KNOBS; ++i)
    if (!ownership_has(filter->options.ownership, i / FC_KNOBS)) bound_by[i] = 0;
}

void filter_apply(filter_t *filter, int64_t window, filter_origin_t origin, double mean_in_flight, bool breach,
                  const fc_function_configuration_t *current, fc_function_configuration_t *proposed, uint32_t *bound_by,
                  filter_result_t *result) {
  const fc_workflow_t *workflow = filter->workflow;
  memset(result, 0, sizeof *result);
  memset(bound_by, 0, (size_t)workflow->n_functions * FC_KNOBS * sizeof *bound_by);
  result->ses = FC_SES_NO_RECORD;
  result->cost_now_usd_h = fc_cost_reserved_usd_h(workflow, current);

  const int32_t nearest = fc_bounds_nearest(filter->records, filter->n_records, mean_in_flight);
  const fc_safety_record_t *record = nearest >= 0 ? &filter->records[nearest] : NULL;
  if (record && filter->options.strategy != FC_STRATEGY_NONE) {
    result->has_band = true;
    result->lb_usd_h = record->lb_usd_h;
    result->ub_usd_h = record->ub_usd_h;
    result->band_in_flight = record->mean_in_flight;
    result->band_is_local = filter->records_are_local;
  }
  if (origin == FILTER_DECIDED) apply_strategy(filter, window, record, proposed, bound_by, result);
  ownership_keep_others(filter->options.ownership, current, proposed);
  configuration_copy(workflow, filter->asked, proposed);
  if (origin == FILTER_RESTORE) {
    mark_all(workflow, bound_by, FC_BOUND_BY_RESTORE);
  } else {
    apply_rails(filter, origin, breach, current, proposed, bound_by);
    const double cost_then = fc_cost_reserved_usd_h(workflow, proposed);
    const bool changes = !configuration_equal(workflow, current, proposed);
    if (origin == FILTER_DECIDED && is_unsafe(filter, record, result->cost_now_usd_h, cost_then)) {
      hold(filter, current, proposed, bound_by, FC_BOUND_BY_RECHECK,
           "what the rails allow is cheaper than the safe band", result);
    } else if (changes && budget_is_spent(filter, window) && !(breach && cost_then > result->cost_now_usd_h)) {
      hold(filter, current, proposed, bound_by, FC_BOUND_BY_CHANGE_BUDGET, "the changes of this hour are used up",
           result);
    }
  }
  remember_proposal(filter, filter->asked);
  (void)fc_limits_apply(filter->limits, proposed, bound_by);
  leave_others(filter, current, proposed, bound_by);
  result->cost_then_usd_h = fc_cost_reserved_usd_h(workflow, proposed);
}

int32_t filter_travel(const filter_t *filter, const fc_function_configuration_t *from,
                      const fc_function_configuration_t *to, int32_t most) {
  const fc_workflow_t *workflow = filter->workflow;
  fc_rails_t rails = filter->options.rails;
  /* Walks the way with the rails themselves, as the session would: the hold once, no dead band. */
  fc_function_configuration_t *at = filter->walk, *next = at + workflow->n_functions;
  fc_function_configuration_t *goal = next + workflow->n_functions;
  configuration_copy(workflow, goal, to);
  ownership_keep_others(filter->options.ownership, from, goal);
  if (configuration_equal(workflow, from, goal)) return 0;
  configuration_copy(workflow, next, goal);
  (void)fc_limits_apply(filter->limits, next, NULL);
  ownership_keep_others(filter->options.ownership, goal, next);
  if (!configuration_equal(workflow, next, goal)) return most; /* the limits never let it through */
  if (rails.profile == FC_RAILS_OFF) return 1;
  bool shrinks = false;
  for (int32_t f = 0; f < workflow->n_functions; ++f)
    for (int32_t k = 0; k < FC_KNOBS; ++k)
      shrinks = shrinks || fc_knob_get(&goal[f], (fc_knob_t)k) < fc_knob_get(&from[f], (fc_knob_t)k);
  int32_t steps = shrinks ? rails.shrink_hold_windows - 1 : 0;
  rails.shrink_hold_windows = 1;
  rails.dead_band = 0;
  configuration_copy(workflow, at, from);
  while (steps < most && !configuration_equal(workflow, at, goal)) {
    configuration_copy(workflow, next, goal);
    fc_rails_apply(&rails, workflow, at, NULL, 0, false, next, NULL);
    ownership_keep_others(filter->options.ownership, at, next);
    if (configuration_equal(workflow, next, at)) return most; /* nor do the rails */
    configuration_copy(workflow, at, next);
    steps += 1;
  }
  return steps < most ? steps : most;
}
