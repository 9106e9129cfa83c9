/* motivation.h - why functions are tuned together: the data of the paper's first figures, measured on the simulator.
 * Plain data, borrowed; NaN: not measured. */
#ifndef EVAL_REPORT_MOTIVATION_H
#define EVAL_REPORT_MOTIVATION_H

#include <stdbool.h>
#include <stdint.h>

#include "faasconf/dims.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One function's concurrency limit is moved, all else stays. */
typedef struct {
  const char *function;
  int32_t n;
  const double *concurrency; /* (n) ascending */
  const double *latency_s;   /* (n) mean, end to end */
  const double *throughput;  /* (n) successes per window */
} motivation_sweep_t;

/* One way of tuning: "individual", "sequential", "holistic". */
typedef struct {
  const char *way;
  double cost_usd_h;
  double latency_s;
  double compliance;
  bool qos_met;
} motivation_way_t;

typedef struct {
  const char *workflow;
  int32_t users;
  const motivation_sweep_t *sweeps;
  int32_t n_sweeps;
  const motivation_way_t *ways;
  int32_t n_ways;
  int32_t n_functions;
  const char *const *functions; /* (n_functions) */
  const double *change;         /* (n_functions, n_functions): relative change of the column's own latency (0.2: +20 %)
                                   when the row's resources are changed */
  double rank_correlation;      /* of these changes with learned attention, over n_edges; NaN: not measured */
  int32_t n_edges;
} motivation_t;

#ifdef __cplusplus
}
#endif
#endif
