/* motivation_run.h - the figures of `faasconf eval motivation`: measured here, told by eval_motivation.c. */
#ifndef CLI_MOTIVATION_RUN_H
#define CLI_MOTIVATION_RUN_H

#include "alone.h"
#include "motivation.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MOTIVATION_MAX_CONCURRENCIES = 16, MOTIVATION_WAYS = 4 };

typedef struct {
  const char *workflow_name;
  int64_t users, windows, rows, budget, seed; /* as the options of the command */
} motivation_task_t;

typedef struct {
  fc_workflow_t *workflow;
  alone_t alone;
  fc_function_configuration_t *start, *trial; /* (N) */
  double concurrency[MOTIVATION_MAX_CONCURRENCIES];
  int32_t n_concurrencies;
  double *latency_s, *throughput; /* (N, MOTIVATION_MAX_CONCURRENCIES) */
  motivation_sweep_t *sweeps;     /* (N) */
  motivation_way_t ways[MOTIVATION_WAYS];
  const char **functions; /* (N) */
  double *change;         /* (N, N) */
  double *attention;      /* (N, N) row looks at column; NaN where there is no edge */
  double rho;             /* of change and attention over the edges; NaN: not defined */
  int32_t n_edges;
} motivation_run_t;

/* Measures everything, with progress on stderr. Errors of workflow, simulator, planner and trainer. The caller frees
 * with motivation_run_clear, also after a failure. Blocks for a minute. */
fc_status_t motivation_run(const motivation_task_t *task, motivation_run_t *run, fc_error_t *error);
void motivation_run_clear(motivation_run_t *run);

#ifdef __cplusplus
}
#endif
#endif
