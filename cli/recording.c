/* recording.c - see recording.h. */
#include "recording.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "faasconf/knobs.h"
#include "recording_table.h"
#include "timestamp.h"

/* How far the distance of two windows may be from the workflow's window, as a share of it. */
#define STEP_TOLERANCE 0.05

enum { SHOWN_NAMES = 6 };

static bool has_column(const recording_t *recording, int32_t quantity, int32_t function) {
  return recording_column(recording, (recording_column_t){quantity, function}) >= 0;
}

/* NaN when absent. */
static double value_at(const recording_t *recording, int64_t row, int32_t quantity, int32_t function) {
  const int32_t column = recording_column(recording, (recording_column_t){quantity, function});
  return column >= 0 ? recording->values[row * recording->n_columns + column] : NAN;
}

/* ---- what is needed ---- */

static bool qos_needs(const recording_options_t *options, int32_t quantity) {
  const fc_workflow_t *workflow = options->workflow;
  for (int32_t i = 0; i < workflow->n_qos_terms; ++i) {
    const fc_qos_term_t *term = &workflow->qos_terms[i];
    if (term->strict_only && options->semantics != FC_SEMANTICS_STRICT) continue;
    if (quantity == QUANTITY_LATENCY_P95 && term->kind == FC_QOS_LATENCY_PERCENTILE) return true;
    if (quantity == QUANTITY_UNFINISHED && term->kind == FC_QOS_SUCCESS_RATIO && term->base == FC_QOS_OF_OFFERED)
      return true;
    if (quantity == QUANTITY_IN_FLIGHT && term->kind != FC_QOS_SUCCESS_COUNT && term->n_points > 1) return true;
  }
  return false;
}

static bool is_needed(const recording_t *recording, recording_column_t column) {
  switch (column.quantity) {
    case QUANTITY_LATENCY_MEAN:
    case QUANTITY_SUCCESSES:
    case QUANTITY_FAILURES:
      return true;
    case QUANTITY_LATENCY_P95:
    case QUANTITY_UNFINISHED:
      return qos_needs(&recording->options, column.quantity);
    case QUANTITY_IN_FLIGHT: /* the load of the targets, where there are no users */
      return !recording->closed_loop && qos_needs(&recording->options, column.quantity);
    case QUANTITY_USERS:
      return recording->closed_loop && recording->options.users == 0;
    case QUANTITY_ARRIVAL_RATE:
      return !recording->closed_loop;
    default:
      return column.quantity >= QUANTITY_KNOBS && column.quantity < QUANTITY_METRICS;
  }
}

/* The first few names of a list, and how many there are. */
typedef struct {
  char text[SHOWN_NAMES * 2 * FC_NAME_SIZE + 16];
  int32_t n;
} names_t;

static void add_name(const fc_workflow_t *workflow, recording_column_t column, names_t *names) {
  char name[2 * FC_NAME_SIZE];
  const size_t n = strlen(names->text);
  if (names->n++ >= SHOWN_NAMES) return;
  recording_column_name(workflow, column, name, sizeof name);
  snprintf(names->text + n, sizeof names->text - n, "%s%s", n > 0 ? ", " : "", name);
}

/* Is the knob missing, and may not be assumed? */
static bool lacks_knob(recording_t *recording, fc_knob_t knob, int32_t function) {
  if (has_column(recording, QUANTITY_KNOBS + (int32_t)knob, function)) return false;
  if ((recording->options.assumed_knobs & (1u << knob)) == 0) return true;
  recording->assumed_knobs |= 1u << knob;
  return false;
}

/* The columns that the data as a whole lacks. */
static fc_status_t check_columns(recording_t *recording, fc_error_t *error) {
  const fc_workflow_t *workflow = recording->options.workflow;
  names_t missing = {.n = 0};
  bool lacks_a_knob = false;
  for (int32_t q = 0; q < QUANTITIES_OF_WORKFLOW; ++q)
    if (is_needed(recording, (recording_column_t){q, -1}) && !has_column(recording, q, -1))
      add_name(workflow, (recording_column_t){q, -1}, &missing);
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    for (int32_t k = 0; k < FC_KNOBS; ++k) {
      if (!lacks_knob(recording, (fc_knob_t)k, f)) continue;
      add_name(workflow, (recording_column_t){QUANTITY_KNOBS + k, f}, &missing);
      lacks_a_knob = true;
    }
  }
  if (missing.n == 0) return FC_OK;
  char more[32] = "";
  if (missing.n > SHOWN_NAMES) snprintf(more, sizeof more, " and %d more", (int)missing.n - SHOWN_NAMES);
  return fc_error_set(error, FC_EFORMAT, "%s: lacks %.300s%s%s", recording->options.path, missing.text, more,
                      lacks_a_knob ? "; for a knob that your platform does not have, --assume-start KNOB takes the "
                                     "workflow's start value"
                                   : "");
}

static fc_status_t choose_loop(recording_t *recording, fc_error_t *error) {
  recording->closed_loop = recording->options.users > 0 || has_column(recording, QUANTITY_USERS, -1);
  if (recording->closed_loop || has_column(recording, QUANTITY_ARRIVAL_RATE, -1)) return FC_OK;
  return fc_error_set(error, FC_EFORMAT,
                      "%s: lacks the load: arrival_rate_per_s, or users where a fixed number of them each wait for "
                      "their answer (--users U when it never changed)",
                      recording->options.path);
}

/* ---- windows ---- */

/* The shortest distance between windows must be the workflow's window; longer ones are gaps. */
static fc_status_t check_step(recording_t *recording, fc_error_t *error) {
  const double window_ms = recording->options.workflow->window_s * 1000;
  int64_t shortest = INT64_MAX, at = 0;
  double missing_ms = 0;
  for (int64_t r = 1; r < recording->n_rows; ++r) {
    const int64_t step = recording->time_ms[r] - recording->time_ms[r - 1];
    if (step < shortest) at = r;
    shortest = step < shortest ? step : shortest;
    if ((double)step > (1 + STEP_TOLERANCE) * window_ms) missing_ms += (double)step - window_ms;
  }
  recording->n_missing = (int64_t)round(missing_ms / window_ms);
  if (recording->n_rows < 2 || fabs((double)shortest - window_ms) <= STEP_TOLERANCE * window_ms) return FC_OK;
  char when[32];
  timestamp_format(recording->time_ms[at], when, sizeof when);
  return fc_error_set(error, FC_EFORMAT,
                      "%s: windows are %.15g s apart (at %s), those of workflow %s last %.15g s: record or query with "
                      "step=%.15g, every quantity with the same start, or set window_s in the workflow file",
                      recording->options.path, (double)shortest / 1000, when, recording->options.workflow->name,
                      window_ms / 1000, window_ms / 1000);
}

/* Does the row lack a column that is needed? Counts what it lacks. */
static bool is_complete(recording_t *recording, int64_t row) {
  const double *values = recording->values + row * recording->n_columns;
  const double successes = value_at(recording, row, QUANTITY_SUCCESSES, -1);
  bool complete = true;
  for (int32_t c = 0; c < recording->n_columns; ++c) {
    const recording_column_t column = recording->columns[c];
    const bool is_latency = column.quantity == QUANTITY_LATENCY_MEAN || column.quantity == QUANTITY_LATENCY_P95;
    if (!isnan(values[c]) || !is_needed(recording, column) || (is_latency && successes == 0)) continue;
    complete = false;
    recording->n_lacking[c] += 1;
  }
  return complete;
}

/* Nothing answers in no time: a 0 is what somebody writes for a latency that is not known. */
static fc_status_t check_latency(const recording_t *recording, int64_t row, int32_t quantity, fc_error_t *error) {
  const double successes = value_at(recording, row, QUANTITY_SUCCESSES, -1);
  if (!(successes > 0 && value_at(recording, row, quantity, -1) == 0)) return FC_OK;
  char when[32];
  timestamp_format(recording->time_ms[row], when, sizeof when);
  return fc_error_set(error, FC_EFORMAT,
                      "%s: the window at %s has a %s of 0 with %.15g successes: leave it empty where it is not known",
                      recording->options.path, when, quantity_name(quantity), successes);
}

static fc_status_t list_windows(recording_t *recording, fc_error_t *error) {
  recording->rows = calloc((size_t)recording->n_rows + 1, sizeof *recording->rows);
  recording->n_lacking = calloc((size_t)recording->n_columns + 1, sizeof *recording->n_lacking);
  if (recording->rows == NULL || recording->n_lacking == NULL)
    return fc_error_set(error, FC_ENOMEM, "no memory for %" PRId64 " windows", recording->n_rows);
  for (int64_t r = 0; r < recording->n_rows; ++r) {
    FC_TRY(check_latency(recording, r, QUANTITY_LATENCY_MEAN, error));
    FC_TRY(check_latency(recording, r, QUANTITY_LATENCY_P95, error));
    if (is_complete(recording, r)) recording->rows[recording->n_windows++] = r;
  }
  recording->n_incomplete = recording->n_rows - recording->n_windows;
  if (recording->n_windows > 0) return FC_OK;
  if (recording->n_rows == 0) return fc_error_set(error, FC_EFORMAT, "%s: has no window", recording->options.path);
  int32_t most = 0;
  char name[2 * FC_NAME_SIZE];
  for (int32_t c = 1; c < recording->n_columns; ++c)
    if (recording->n_lacking[c] > recording->n_lacking[most]) most = c;
  recording_column_name(recording->options.workflow, recording->columns[most], name, sizeof name);
  return fc_error_set(error, FC_EFORMAT, "%s: none of its %" PRId64 " windows is complete: %" PRId64 " of them lack %s",
                      recording->options.path, recording->n_rows, recording->n_lacking[most], name);
}

fc_status_t recording_read(const recording_options_t *options, recording_t *recording, fc_error_t *error) {
  struct stat about;
  memset(recording, 0, sizeof *recording);
  recording->options = *options;
  recording->is_prometheus = stat(options->path, &about) == 0 && S_ISDIR(about.st_mode);
  FC_TRY(recording->is_prometheus ? recording_read_prometheus(recording, error) : recording_read_csv(recording, error));
  if (recording->n_columns == 0) return fc_error_set(error, FC_EFORMAT, "%s: has no quantity at all", options->path);
  FC_TRY(choose_loop(recording, error));
  FC_TRY(check_columns(recording, error));
  FC_TRY(check_step(recording, error));
  return list_windows(recording, error);
}

void recording_clear(recording_t *recording) {
  free(recording->columns);
  free(recording->column_of);
  free(recording->time_ms);
  free(recording->values);
  free(recording->rows);
  free(recording->n_lacking);
  memset(recording, 0, sizeof *recording);
}

/* ---- one window ---- */

static void fill_outcome(const recording_t *recording, int64_t row, fc_outcome_t *outcome) {
  const double latency_s = value_at(recording, row, QUANTITY_LATENCY_MEAN, -1);
  const double p95_s = value_at(recording, row, QUANTITY_LATENCY_P95, -1);
  const double unfinished = value_at(recording, row, QUANTITY_UNFINISHED, -1);
  const double rejected = value_at(recording, row, QUANTITY_REJECTED, -1);
  *outcome = (fc_outcome_t){.present = FC_OUTCOME_HAS_COUNTS,
                            .successes = (int64_t)value_at(recording, row, QUANTITY_SUCCESSES, -1),
                            .failures = (int64_t)value_at(recording, row, QUANTITY_FAILURES, -1)};
  if (!isnan(latency_s) && outcome->successes > 0) {
    outcome->present |= FC_OUTCOME_HAS_LATENCY_MEAN;
    outcome->latency_mean_s = latency_s;
  }
  if (!isnan(p95_s) && outcome->successes > 0) {
    outcome->present |= FC_OUTCOME_HAS_LATENCY_P95;
    outcome->latency_p95_s = p95_s;
  }
  if (!isnan(unfinished)) {
    outcome->present |= FC_OUTCOME_HAS_UNFINISHED;
    outcome->unfinished = (int64_t)unfinished;
  }
  if (!isnan(rejected)) {
    outcome->present |= FC_OUTCOME_HAS_REJECTED;
    outcome->rejected = (int64_t)rejected;
  }
}

static void fill_metrics(const recording_t *recording, int64_t row, int32_t f, fc_function_metrics_t *metrics) {
  memset(metrics, 0, sizeof *metrics);
#define FILL_METRIC(name, field, unit)                                                              \
  {                                                                                                 \
    const double value = value_at(recording, row, QUANTITY_METRICS + (int32_t)FC_METRIC_##name, f); \
    if (!isnan(value)) {                                                                            \
      metrics->field = value;                                                                       \
      metrics->present |= FC_METRIC_BIT(name);                                                      \
    }                                                                                               \
  }
  FC_FUNCTION_METRICS(FILL_METRIC)
#undef FILL_METRIC
}

void recording_window(const recording_t *recording, int64_t window, fc_observation_t *o) {
  const fc_workflow_t *workflow = recording->options.workflow;
  const int64_t row = recording->rows[window];
  const double rate = value_at(recording, row, QUANTITY_ARRIVAL_RATE, -1);
  const double in_flight = value_at(recording, row, QUANTITY_IN_FLIGHT, -1);
  o->window = window;
  o->duration_s = workflow->window_s;
  o->start_us = recording->time_ms[row] * 1000 - (int64_t)(workflow->window_s * 1e6);
  o->load = (fc_load_t){0};
  if (!isnan(rate)) {
    o->load.present |= FC_LOAD_HAS_ARRIVAL_RATE;
    o->load.arrival_rate_per_s = rate;
  }
  if (!isnan(in_flight)) {
    o->load.present |= FC_LOAD_HAS_IN_FLIGHT;
    o->load.mean_in_flight = in_flight;
  }
  fill_outcome(recording, row, &o->outcome);
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    for (int32_t k = 0; k < FC_KNOBS; ++k) {
      const double value = value_at(recording, row, QUANTITY_KNOBS + k, f);
      fc_knob_set(&o->configuration[f], (fc_knob_t)k,
                  isnan(value) ? fc_knob_get(&workflow->functions[f].start, (fc_knob_t)k) : (int32_t)value);
    }
    fill_metrics(recording, row, f, &o->metrics[f]);
  }
}

double recording_load(const recording_t *recording, int64_t window) {
  return recording->closed_loop ? (double)recording_users(recording, window) : recording_rate_per_s(recording, window);
}

int32_t recording_users(const recording_t *recording, int64_t window) {
  if (!recording->closed_loop) return 0;
  if (recording->options.users > 0) return recording->options.users;
  return (int32_t)value_at(recording, recording->rows[window], QUANTITY_USERS, -1);
}

double recording_rate_per_s(const recording_t *recording, int64_t window) {
  return recording->closed_loop ? 0 : value_at(recording, recording->rows[window], QUANTITY_ARRIVAL_RATE, -1);
}

bool recording_is_idle(const recording_t *recording, const fc_observation_t *o) {
  return !recording->closed_loop && fc_observation_is_idle(o);
}
