/* eval_grid.h - what the experiments on simulated worlds share: options, resuming, oracles, output. */
#ifndef CLI_EVAL_GRID_H
#define CLI_EVAL_GRID_H

#include "cells_csv.h"
#include "command.h"
#include "grid.h"

#ifdef __cplusplus
extern "C" {
#endif

/* As given on the command line; lists are comma-separated. users NULL: the levels of each workflow; methods NULL: all;
 * reference NULL: attmf where it takes part. */
typedef struct {
  const char *experiment; /* "static" */
  const char *workflows, *users, *methods, *worlds, *tracks, *safety, *rails, *semantics, *out, *oracles, *trace,
      *column, *reference;
  int64_t n_seeds, first_seed, budget_windows, judging_windows, n_rows, n_simulated, n_updates, jobs;
  bool quick, json;
  const char *command; /* as it was typed, for the report */
} eval_grid_options_t;

/* All cells of an experiment, those of an earlier run in the same folder included. */
typedef struct {
  cell_t *cells;
  int32_t n, capacity;
} eval_cells_t;

eval_grid_options_t eval_grid_defaults(const char *experiment);

/* Runs the grid of these options with these contenders, at constant load or (trace not NULL) through a trace. Writes
 * cells.csv, of a trace series.csv, too, into options->out as cells are done. The
 * caller frees out->cells. Progress on stderr. */
fc_status_t eval_grid_run(const eval_grid_options_t *options, const contenders_t *contenders, const trace_t *trace,
                          eval_cells_t *out, fc_error_t *error);

/* Cells are done in whatever order the threads have it; this is that of the workflows and contenders, then world,
 * track, seed and users. What is of none of them comes last. FC_ENOMEM. */
fc_status_t eval_cells_order(eval_cells_t *cells, const contenders_t *contenders, const fc_workflow_t *const *workflows,
                             int32_t n_workflows, fc_error_t *error);

/* The summary as a table, or all as JSON; the report into options->out when there is one. */
fc_status_t eval_grid_tell(const eval_grid_options_t *options, const eval_cells_t *cells, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
