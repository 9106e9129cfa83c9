/* simulate_windows.h - fresh windows of one configuration and what they came to: `faasconf simulate` without its
 * output.
 *
 * Means and central intervals across windows, compliance with the workflow's QoS, both costs, and the mean metrics of
 * every function: the same numbers for any number of jobs. Takes about 50 us per window of a small workflow and core.
 */
#ifndef CLI_SIMULATE_WINDOWS_H
#define CLI_SIMULATE_WINDOWS_H

#include "command.h"
#include "faasconf/transition.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is kept of every window, in this order. */
typedef enum {
  SERIES_LATENCY_MEAN = 0,
  SERIES_LATENCY_P95,
  SERIES_SUCCESSES,
  SERIES_FAILURES,
  SERIES_REJECTED,
  SERIES_UNFINISHED,
  SERIES_ARRIVAL_RATE,
  SERIES_IN_FLIGHT,
  N_SERIES
} series_t;

/* Mean and the central intervals across windows that hold 80 % and 95 % of them. */
typedef struct {
  double mean, low80, high80, low95, high95;
} spread_t;

typedef struct {
  /* asked for */
  const fc_workflow_t *workflow; /* borrowed */
  fc_semantics_t semantics;
  int64_t users, n_windows, seed;             /* users 0: open loop */
  int64_t jobs;                               /* threads, 1 to JOBS_MAX_WORKERS */
  double rate_per_s;                          /* open loop: arrivals of workflows */
  fc_function_configuration_t *configuration; /* (N) */
  double *series;                             /* (N_SERIES, n_windows) */
  fc_function_metrics_t *means;               /* (N) of the windows that have the metric; NaN where none has */
  int64_t *n_latencies;                       /* (N) windows with a latency of the function */
  double *execution_s;                        /* (N) of one window */
  /* results */
  /* Windows without success count with the window's length as latency, those in which nothing was asked (open loop)
   * with none; NaN where no window counts. */
  spread_t spread[N_SERIES];
  int64_t n_met, n_judged, n_idle, n_without_success;
  double compliance, wilson_low, wilson_high; /* share of the judged windows that meet QoS (NaN: none), 95 % interval */
  bool qos_met;
  double cost_usd_h, cost_eq2_usd;
} simulation_t;

/* Takes memory for workflow and n_windows; simulation_clear frees it, also after a failure. */
fc_status_t simulation_init(simulation_t *simulation, fc_error_t *error);
void simulation_clear(simulation_t *simulation);

/* Runs windows 0 .. n_windows - 1 with configuration[] in force, with progress on a terminal, and fills the results. */
fc_status_t simulation_run(simulation_t *simulation, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
