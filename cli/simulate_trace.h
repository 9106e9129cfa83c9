/* simulate_trace.h - `faasconf simulate --trace`: a stretch of minutes of changing load with one configuration.
 *
 * The trace is a CSV file (trace_file.h). Windows follow each other: what is in flight goes on (sim/simulator.h,
 * simulator_next_window). Targets are those of the users, or of the measured mean in
 * flight; targets that count successes are not judged in the open loop. One thread; blocks for the simulation.
 */
#ifndef CLI_SIMULATE_TRACE_H
#define CLI_SIMULATE_TRACE_H

#include "command.h"
#include "faasconf/transition.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const fc_workflow_t *workflow;                    /* borrowed, as the rest */
  const fc_function_configuration_t *configuration; /* (N) */
  const char *path;
  const char *column; /* NULL: the first column named "invocations" or beginning with "users" */
  fc_semantics_t semantics;
  int64_t seed;
} simulate_trace_options_t;

typedef struct {
  int32_t minute; /* of the trace, from 0 */
  double load;    /* users, or arrivals per minute */
  fc_outcome_t outcome;
  double arrival_rate_per_s, mean_in_flight;
  fc_qos_verdict_t verdict;
} trace_window_t;

typedef struct {
  char column[FC_NAME_SIZE];
  bool closed_loop;
  int32_t n_minutes, n_windows, windows_per_minute;
  trace_window_t *windows; /* (n_windows) */
  /* totals */
  int64_t successes, failures, rejected, unfinished; /* unfinished: in flight at the end */
  double latency_mean_s;                             /* over successes; NaN without one */
  int32_t n_met, n_judged;
} simulate_trace_result_t;

/* FC_EFORMAT names file, line and column; FC_EINVAL when a minute is not a whole number of windows. Caller frees with
 * simulate_trace_clear, also after a failure. */
fc_status_t simulate_trace(const simulate_trace_options_t *options, simulate_trace_result_t *result, fc_error_t *error);
void simulate_trace_clear(simulate_trace_result_t *result);

#ifdef __cplusplus
}
#endif
#endif
