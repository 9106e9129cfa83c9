/* eval_oracles.h - the oracles that an experiment is compared with. */
#ifndef CLI_EVAL_ORACLES_H
#define CLI_EVAL_ORACLES_H

#include "trace_run.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  void *table;
} eval_oracles_t;

fc_status_t eval_oracles_open(eval_oracles_t *oracles, const char *path, fc_error_t *error);
void eval_oracles_close(eval_oracles_t *oracles);

/* Fills the three ratios of a cell; NaN where there is no oracle. */
void eval_oracles_compare(const eval_oracles_t *oracles, const world_t *world, cell_t *cell);

/* The same for a trace: against the mean over its minutes of the oracles of their users. */
void eval_oracles_compare_trace(const eval_oracles_t *oracles, const world_t *world, const trace_t *trace,
                                cell_t *cell);

/* What methods that know the world are told, or NULL; valid until eval_oracles_close. */
const void *eval_oracles_of(eval_oracles_t *oracles, const fc_workflow_t *workflow, const world_t *world);

#ifdef __cplusplus
}
#endif
#endif
