/* alone.h - tuning functions one by one, as the paper's first figures do, and what one function does to the others.
 *
 * On the simulator of the workflow file. One thread; blocks for seconds.
 */
#ifndef EVAL_EXPERIMENT_ALONE_H
#define EVAL_EXPERIMENT_ALONE_H

#include "simulator.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const fc_workflow_t *workflow;
  fc_semantics_t semantics;
  fc_ranges_t ranges;
  int32_t users;
  int32_t n_windows; /* that a candidate is judged on */
  double level;      /* share of them that must meet QoS: 0.95 */
  uint64_t seed;
  simulator_t *simulator;
  fc_observation_t window;
  int32_t *n_seen; /* (N) windows in which a function ran */
} alone_t;

/* The caller sets all but the last three. Errors as simulator_new. The caller frees with alone_clear, also after a
 * failure.
 */
fc_status_t alone_init(alone_t *alone, fc_error_t *error);
void alone_clear(alone_t *alone);

/* Mean latency (windows without success count with their length), successes per window and compliance of n windows of a
 * configuration (N); p75_s, when not NULL, gets each function's 75th percentile, mean of the windows in which it
 * ran, (N), NaN where it never did. */
fc_status_t alone_measure(alone_t *alone, const fc_function_configuration_t *configuration, int32_t n,
                          double *latency_s, double *successes, double *compliance, double *p75_s, fc_error_t *error);

/* The cheapest setting of one function, on a grid over its four knobs, with which the workflow meets QoS in `level` of
 * the windows while all other functions stay as in `configuration` (N): into configuration[function]. As it was when
 * none does. */
fc_status_t alone_tune(alone_t *alone, int32_t function, fc_function_configuration_t *configuration, fc_error_t *error);

/* change (N, N): relative change of the column's mean 75th percentile latency when the row's CPU and replicas are
 * halved, within their ranges, from `configuration` (N). NaN where the column never ran. */
fc_status_t alone_changes(alone_t *alone, const fc_function_configuration_t *configuration, double *change,
                          fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
