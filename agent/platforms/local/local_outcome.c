/* local_outcome.c - the outcome of a window from HAProxy's log: see local_state.h. */
#include <string.h>

#include "local_state.h"

/* A workflow is rejected when the gateway logs 429 for it: HAProxy itself never answers so there, the orchestrator
 * does. One that answers something else to a workflow whose call was rejected hides them among the failures, and so
 * does any when the call waited in a function's queue to the end: that is a 503 as of a function that is down. */
static bool knows_rejected(const access_log_window_t *windows, int32_t n, bool tells_rejected) {
  int64_t rejected = 0, in_queue = 0;
  for (int32_t f = 0; f < n; ++f) {
    rejected += windows[f].rejected;
    in_queue += windows[f].rejected_in_queue;
  }
  return windows[n].failed == 0 || rejected == 0 || (tells_rejected && in_queue == 0);
}

void local_outcome(const access_log_window_t *windows, int32_t n, int64_t in_flight, bool *tells_rejected,
                   fc_outcome_t *outcome) {
  const access_log_window_t *gateway = &windows[n];
  memset(outcome, 0, sizeof *outcome);
  outcome->successes = gateway->successes;
  outcome->failures = gateway->failed + gateway->rejected;
  outcome->rejected = gateway->rejected;
  for (int32_t f = 0; f < n; ++f) outcome->execution_s += windows[f].service_s;
  outcome->present = FC_OUTCOME_HAS_COUNTS | FC_OUTCOME_HAS_EXECUTION;
  *tells_rejected = *tells_rejected || gateway->rejected > 0;
  if (knows_rejected(windows, n, *tells_rejected)) outcome->present |= FC_OUTCOME_HAS_REJECTED;
  if (in_flight >= 0) {
    outcome->unfinished = in_flight;
    outcome->present |= FC_OUTCOME_HAS_UNFINISHED;
  }
  if (gateway->successes == 0) return;
  outcome->latency_mean_s = fc_histogram_mean_s(&gateway->latency);
  outcome->latency_p95_s = fc_histogram_quantile_s(&gateway->latency, 0.95);
  outcome->present |= FC_OUTCOME_HAS_LATENCY_MEAN | FC_OUTCOME_HAS_LATENCY_P95;
}
