/* history.c - the last 256 windows: see history.h. */
#include "history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "configuration.h"
#include "faasconf/cost.h"

struct history {
  const fc_workflow_t *workflow;
  int32_t n, next; /* rows held; slot of the next row once full */
  fc_safety_row_t rows[HISTORY_WINDOWS];
  double latency_s[HISTORY_WINDOWS];           /* NaN: none */
  fc_function_configuration_t *configurations; /* (HISTORY_WINDOWS, N) */
};

fc_status_t history_new(const fc_workflow_t *workflow, history_t **out, fc_error_t *error) {
  *out = NULL;
  history_t *history = calloc(1, sizeof *history);
  const size_t n = (size_t)workflow->n_functions;
  if (history) history->configurations = calloc(HISTORY_WINDOWS * n, sizeof *history->configurations);
  if (!history || !history->configurations) {
    history_destroy(&history);
    return fc_error_set(error, FC_ENOMEM, "history: out of memory");
  }
  history->workflow = workflow;
  for (size_t i = 0; i < HISTORY_WINDOWS; ++i) history->rows[i].configuration = history->configurations + i * n;
  *out = history;
  return FC_OK;
}

void history_destroy(history_t **history) {
  if (!*history) return;
  free((*history)->configurations);
  free(*history);
  *history = NULL;
}

void history_add(history_t *history, const fc_observation_t *observation, fc_qos_verdict_t verdict) {
  if (verdict == FC_QOS_UNKNOWN || !(observation->load.present & FC_LOAD_HAS_IN_FLIGHT)) return;
  const int32_t slot = history->next;
  fc_safety_row_t *row = &history->rows[slot];
  configuration_copy(history->workflow, history->configurations + (size_t)slot * (size_t)history->workflow->n_functions,
                     observation->configuration);
  row->cost_usd_h = fc_cost_reserved_usd_h(history->workflow, observation->configuration);
  row->mean_in_flight = observation->load.mean_in_flight;
  row->qos_met = verdict == FC_QOS_MET;
  const bool has_latency = (observation->outcome.present & FC_OUTCOME_HAS_LATENCY_MEAN) != 0;
  history->latency_s[slot] = has_latency ? observation->outcome.latency_mean_s : NAN;
  history->next = (slot + 1) % HISTORY_WINDOWS;
  if (history->n < HISTORY_WINDOWS) history->n += 1;
}

const fc_safety_row_t *history_rows(const history_t *history, int32_t *n_rows) {
  *n_rows = history->n;
  return history->rows;
}

history_outcome_t history_outcome(const history_t *history, const fc_function_configuration_t *configuration,
                                  double mean_in_flight) {
  history_outcome_t outcome = {0, 0, 0, NAN};
  double sum = 0;
  for (int32_t i = 0; i < history->n; ++i) {
    const fc_safety_row_t *row = &history->rows[i];
    const double larger = row->mean_in_flight > mean_in_flight ? row->mean_in_flight : mean_in_flight;
    if (fabs(row->mean_in_flight - mean_in_flight) > 0.25 * larger) continue;
    if (!configuration_equal(history->workflow, row->configuration, configuration)) continue;
    outcome.windows += 1;
    outcome.met += row->qos_met;
    if (isnan(history->latency_s[i])) continue;
    sum += history->latency_s[i];
    outcome.with_latency += 1;
  }
  if (outcome.with_latency > 0) outcome.latency_mean_s = sum / outcome.with_latency;
  return outcome;
}
