/* trace_run.h - one method through a trace of changing load: decisions once a minute, reconfiguration and cold starts
 * included.
 *
 * The configuration of a minute is proposed from the windows before it; nothing of the minute itself is known, its load
 * least of all. Minute 0 runs with the workflow's start. What is in flight at the end of a window goes on in the next.
 */
#ifndef EVAL_EXPERIMENT_TRACE_RUN_H
#define EVAL_EXPERIMENT_TRACE_RUN_H

#include "trial.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One minute of one method. */
typedef struct {
  int32_t users;
  double latency_s;  /* mean over its windows; a window without success counts with its length */
  double cost_usd_h; /* in force */
  double successes;  /* per window */
  int32_t violations;
  bool reconfigured;
} trace_minute_t;

typedef struct {
  int32_t n_minutes;
  const int32_t *users;       /* (n_minutes) */
  int32_t windows_per_minute; /* 2 */
} trace_t;

/* trial: users is not used. minutes: (n_minutes) of the caller. cell: named by trial_name, its `users` 0. */
fc_status_t trace_run(const trial_t *trial, const trace_t *trace, const contender_t *contender, trace_minute_t *minutes,
                      cell_t *cell, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
