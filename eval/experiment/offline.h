/* offline.h - offline rows: what an operator has measured before, in the nominal world.
 *
 * Uniform configurations over the ranges, blocks of one load after the other, each row one fresh window. All methods of
 * one workflow, track and seed get the same rows.
 */
#ifndef EVAL_EXPERIMENT_OFFLINE_H
#define EVAL_EXPERIMENT_OFFLINE_H

#include "rows.h"
#include "world.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { OFFLINE_MAX_LOADS = 16 };

typedef struct {
  const fc_workflow_t *workflow;
  const world_t *world; /* its nominal side */
  fc_semantics_t semantics;
  fc_ranges_t ranges;
  int32_t n_loads;
  int32_t users[OFFLINE_MAX_LOADS];
  int32_t n_rows; /* in all */
  int32_t n_workers;
  uint64_t seed;
} offline_t;

/* Errors as simulator_new; FC_ENOMEM. The caller frees *rows with tuner_rows_clear, also after a failure. Blocks for
 * n_rows windows; the result does not depend on n_workers. */
fc_status_t offline_measure(const offline_t *offline, tuner_rows_t *rows, fc_error_t *error);

/* Levels of the paper's evaluation: 20 to 40 users for TcktApp, 10 to 30 otherwise, five of them. */
int32_t offline_levels(const fc_workflow_t *workflow, int32_t users[OFFLINE_MAX_LOADS]);

#ifdef __cplusplus
}
#endif
#endif
