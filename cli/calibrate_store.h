/* calibrate_store.h - `faasconf calibrate` without its output: the windows of a store teach a posterior, which is then
 * scored on windows it has not seen.
 *
 * Windows are taken in the order in which they were stored, those of the chosen semantics only. Every fifth (by the
 * digest of the row, as in training) is held out. The store is opened read-only. Blocks; progress on a terminal.
 */
#ifndef CLI_CALIBRATE_STORE_H
#define CLI_CALIBRATE_STORE_H

#include "command.h"
#include "twin.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const fc_workflow_t *workflow; /* borrowed */
  const char *store;
  const fc_semantics_t *semantics; /* NULL: strict when the store has such windows */
  int64_t users;                   /* 0: the measured mean in flight, rounded */
  bool open_loop;                  /* arrivals at each window's measured rate instead of users */
  bool learns_all;                 /* holds nothing out: nothing is scored */
  int64_t limit;                   /* at most so many windows to learn from; 0: all */
  int64_t n_particles; /* of the twin; each structure has as many worlds, or 24 per unknown when that is more */
  int64_t n_windows, seed, jobs;
  double prior_sigma, windows_per_false_alarm;
  const bool *uses_cpu; /* NULL: with strict windows; published rows have another scale */
  twin_structures_t structures;
  int64_t point_evaluations; /* of the point estimate; 0: none */
} calibrate_options_t;

/* NaN where a score is not defined. Cleared by calibrate_result_clear. */
typedef struct {
  fc_semantics_t semantics;
  int64_t n_learned, n_skipped, n_heldout;
  int64_t n_of_other_length;    /* of the skipped ones: windows much longer or shorter than the workflow file's */
  int32_t users_min, users_max; /* closed loop, of the windows learned from */
  int32_t n_worlds;             /* of each structure */
  double r2_log_latency, r2_success, mape_latency, coverage80_latency, coverage80_success;
  double seconds;
  double *point; /* (unknowns) the point estimate, or NULL */
  double point_start, point_found;
  int32_t n_point_evaluations;
} calibrate_result_t;

/* *twin is the caller's, who destroys it with twin_destroy. FC_ENOTFOUND when the store has no
 * window to learn from. */
fc_status_t calibrate_store(const calibrate_options_t *options, twin_t **twin, calibrate_result_t *result,
                            fc_error_t *error);
void calibrate_result_clear(calibrate_result_t *result);

#ifdef __cplusplus
}
#endif
#endif
