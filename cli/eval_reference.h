/* eval_reference.h - the oracles that cells are compared with. One owner; pure after eval_reference_open. */
#ifndef CLI_EVAL_REFERENCE_H
#define CLI_EVAL_REFERENCE_H

#include "cell.h"
#include "oracle_table.h"
#include "trace_run.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  oracle_table_t table;
} eval_reference_t;

/* path: a table of `faasconf eval oracles`, or NULL: the committed ones; without any the ratios stay unmeasured. Errors
 * as oracle_table_read. Blocks on file I/O. The caller frees with eval_reference_close, also after a failure. */
fc_status_t eval_reference_open(eval_reference_t *reference, const char *path, fc_error_t *error);
void eval_reference_close(eval_reference_t *reference);

/* Fills the three ratios of a cell from its cost; NaN where there is no oracle of this workflow, world and load. */
void eval_reference_compare(const eval_reference_t *reference, const trial_t *trial, cell_t *cell);

/* The same for a trace: against the mean over its minutes of the oracles of their users, between levels linearly. */
void eval_reference_compare_trace(const eval_reference_t *reference, const trial_t *trial, const trace_t *trace,
                                  cell_t *cell);

/* The same for a cell that was measured earlier, of a workflow of this name: *changed gets whether a ratio is another
 * one now. trace: what cells without users were measured on, or NULL. Cells of other worlds than the simulated ones,
 * and of a trace when there is none, stay. Errors of world_init. */
fc_status_t eval_reference_renew(const eval_reference_t *reference, const fc_workflow_t *workflow, const trace_t *trace,
                                 cell_t *cell, bool *changed, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
