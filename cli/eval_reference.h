/* eval_reference.h - the oracles that an experiment is compared with. */
#ifndef CLI_EVAL_REFERENCE_H
#define CLI_EVAL_REFERENCE_H

#include "trace_run.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  void *table;
} eval_reference_t;

fc_status_t eval_reference_open(eval_reference_t *oracles, const char *path, fc_error_t *error);
void eval_reference_close(eval_reference_t *oracles);

/* Fills the three ratios of a cell; NaN where there is no oracle. */
void eval_reference_compare(const eval_reference_t *oracles, const world_t *world, cell_t *cell);

/* The same for a trace: against the mean over its minutes of the oracles of their users. */
void eval_reference_compare_trace(const eval_reference_t *oracles, const world_t *world, const trace_t *trace,
                                cell_t *cell);

/* What methods that know the world are told, or NULL; valid until eval_reference_close. */
const void *eval_reference_of(eval_reference_t *oracles, const fc_workflow_t *workflow, const world_t *world);

#ifdef __cplusplus
}
#endif
#endif
