/* trial.h - one cell of a static experiment: warm start, budget, choice, judging.
 *
 * Everything a method is told goes through here: the nominal world, offline rows of its track, measured windows. One
 * thread per trial; trials share rows and worlds read-only.
 */
#ifndef EVAL_EXPERIMENT_TRIAL_H
#define EVAL_EXPERIMENT_TRIAL_H

#include "cell.h"
#include "contender.h"
#include "world.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const fc_workflow_t *workflow; /* borrowed, as everything here */
  const world_t *world;
  const tuner_rows_t *rows; /* of the track */
  tuner_track_t track;
  fc_semantics_t semantics;
  fc_ranges_t ranges;
  int32_t users;
  int32_t budget_windows, judging_windows;
  const char *cache;             /* folder, or NULL */
  const oracle_table_t *oracles; /* for methods that know the world, or NULL */
  uint64_t seed;
} trial_t;

/* Fills what identifies the cell: workflow, users, world, track, method, variant, safety, rails, semantics, seed. */
void trial_name(const trial_t *trial, const contender_t *contender, const char *experiment, cell_t *cell);

/* Runs the contender and judges its choice: (N) into `choice`, or NULL. cell: named by trial_name; ratios to oracles
 * stay as they are. Errors of the method and the simulator. Blocks for seconds. */
fc_status_t trial_run(const trial_t *trial, const contender_t *contender, cell_t *cell,
                      fc_function_configuration_t *choice, fc_error_t *error);

/* What the contender makes before its first window and keeps in the cache (a trained policy, a plan): done once before
 * many trials of the same workflow and seed. */
fc_status_t trial_prepare(const trial_t *trial, const contender_t *contender, fc_error_t *error);

/* The workflow as its methods see it: its simulator section is the nominal world. Borrows both. */
fc_workflow_t trial_nominal_workflow(const fc_workflow_t *workflow, const world_t *world);

/* What the contender is told. Borrows all. */
tuner_setting_t trial_setting(const trial_t *trial, const contender_t *contender, const fc_workflow_t *nominal);

const char *trial_track_name(tuner_track_t track);

#ifdef __cplusplus
}
#endif
#endif
