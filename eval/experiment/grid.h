/* grid.h - many trials: every contender in every world, at every load, on every track, with every seed.
 *
 * Trials that share a nominal world, a track, a workflow and a seed share offline rows and what methods make of them
 * (prepared once, kept in the cache folder). Cells are told to the caller as they are done, by the thread that did them
 * and one at a time, so that they can be written at once and an interrupted grid goes on where it stopped. The result
 * does not depend on the number of workers.
 */
#ifndef EVAL_EXPERIMENT_GRID_H
#define EVAL_EXPERIMENT_GRID_H

#include "offline.h"
#include "trace_run.h"
#include "trial.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GRID_MAX_WORKFLOWS = 8 };

/* One finished cell. choice: (N); minutes: (n_minutes) of a trace, else NULL. FC_EIO and others end the grid. */
typedef fc_status_t (*grid_cell_t)(void *context, const trial_t *trial, const cell_t *cell,
                                   const fc_function_configuration_t *choice, const trace_minute_t *minutes,
                                   fc_error_t *error);
/* Has this cell been measured before? */
typedef bool (*grid_is_done_t)(void *context, const cell_t *named);
typedef void (*grid_progress_t)(void *context, int64_t n_done, int64_t n_cells, const char *doing);

typedef struct {
  const char *experiment; /* "static" */
  const fc_workflow_t *const *workflows;
  int32_t n_workflows;
  int32_t n_users; /* 0: the levels of each workflow */
  int32_t users[OFFLINE_MAX_LOADS];
  const trace_t *trace;     /* NULL: constant load; else this one instead of users */
  bool worlds[WORLD_KINDS]; /* which take part */
  bool tracks[2];           /* by tuner_track_t */
  const contenders_t *contenders;
  fc_semantics_t semantics;
  fc_ranges_t ranges;
  int32_t n_seeds;
  uint64_t first_seed;
  int32_t n_rows[2]; /* offline rows by track */
  int32_t budget_windows, judging_windows;
  const oracle_table_t *oracles; /* for methods that know the world, or NULL */
  const char *cache;             /* folder, or NULL */
  int32_t n_workers;
  grid_cell_t on_cell;
  grid_is_done_t is_done;
  grid_progress_t progress; /* may be NULL, as is_done */
  void *context;
} grid_t;

/* How many cells the grid has; fewer are measured where oracles are missing. */
int64_t grid_size(const grid_t *grid);

/* Blocks for minutes to hours. Errors of trials and callbacks; FC_ENOMEM. */
fc_status_t grid_run(const grid_t *grid, fc_error_t *error);

/* The load levels of a workflow in this grid; their number. Of a trace: five from its least to its largest, which
 * offline rows are measured at. */
int32_t grid_levels(const grid_t *grid, const fc_workflow_t *workflow, int32_t users[OFFLINE_MAX_LOADS]);

#ifdef __cplusplus
}
#endif
#endif
