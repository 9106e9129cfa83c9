/* history.h - the agent's own memory of its last 256 windows.
 *
 * Three readers: local SES bounds when the server is away (filter), the tuning session's measurements of a
 * configuration, and the predicted outcome in the decision log. A ring; memory is taken at new. One thread.
 */
#ifndef AGENT_HISTORY_H
#define AGENT_HISTORY_H

#include "faasconf/safety.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { HISTORY_WINDOWS = 256 };

typedef struct history history_t;

/* What earlier windows of one configuration at about one load showed. */
typedef struct {
  int32_t windows; /* with a known verdict */
  int32_t met;
  int32_t with_latency;
  double latency_mean_s; /* over with_latency windows; NaN when none */
} history_outcome_t;

/* Borrows workflow until history_destroy. Caller owns the result and destroys it with history_destroy. */
fc_status_t history_new(const fc_workflow_t *workflow, history_t **out, fc_error_t *error);
void history_destroy(history_t **history);

/* Adds a measured window; the oldest goes at capacity. Windows of unknown verdict or load are ignored. */
void history_add(history_t *history, const fc_observation_t *observation, fc_qos_verdict_t verdict);

/* Rows for fc_bounds_determine, in no order. Borrowed until the next add. */
const fc_safety_row_t *history_rows(const history_t *history, int32_t *n_rows);

/* Windows of exactly this configuration (N) with a load within +-25 %. */
history_outcome_t history_outcome(const history_t *history, const fc_function_configuration_t *configuration,
                                  double mean_in_flight);

#ifdef __cplusplus
}
#endif
#endif
