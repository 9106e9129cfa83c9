/* profile.h - `faasconf profile`: what configurations of a real system cost and how fast they are.
 *
 * A sweep through the limits: the configuration in force, a ladder from the smallest to the largest, then random ones;
 * one or more windows each. profile_sweep.c chooses, profile_run.c measures, profile_report.c and profile_svg.c tell.
 */
#ifndef CLI_PROFILE_H
#define CLI_PROFILE_H

#include <stdio.h>

#include "faasconf/json.h"
#include "faasconf/rng.h"
#include "judge.h"
#include "live.h"
#include "measured_rows.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { PROFILE_BEFORE = 0, PROFILE_LADDER = 1, PROFILE_RANDOM = 2 } profile_origin_t;
const char *profile_origin_name(profile_origin_t origin);

/* One configuration of the sweep. */
typedef struct {
  profile_origin_t origin;
  fc_function_configuration_t *configuration; /* (N) once measured: what was in force in its last window */
  char refused[FC_ERROR_MESSAGE_SIZE];        /* why the platform did not take or keep it; "" otherwise */
  judge_t judge;
  judgement_t judgement; /* of its windows, also when it was refused or interrupted after some */
  bool on_front;         /* see profile_mark_front */
} profile_point_t;

typedef struct {
  int32_t n_points, n_functions;
  profile_point_t *points; /* (n_points), in the order measured; the first is the configuration in force before */
} profile_t;

typedef struct {
  live_t *live;
  const fc_workflow_t *workflow;
  fc_semantics_t semantics;
  int32_t users;             /* whose targets judge; 0: the measured mean in flight of each window */
  int32_t windows_per_point; /* 1 or more */
  measured_rows_t *rows;     /* where windows are kept, or NULL */
  FILE *out;                 /* a line per window */

  /* Or NULL: is everything around still there? Asked before each window and when one fails: its failure ends the sweep
   * and says more than the window's. */
  fc_status_t (*tend)(void *self, fc_error_t *error);
  void *tend_self;
} profile_options_t;

/* Chooses n_points configurations within limits: configuration `before`, n_points / 3 of the ladder, the rest random
 * (CPU and memory uniform on a logarithmic scale). FC_ENOMEM. Caller frees with profile_clear. */
fc_status_t profile_sweep(const fc_workflow_t *workflow, const fc_limits_t *limits,
                          const fc_function_configuration_t *before, int32_t n_points, uint64_t seed,
                          profile_t *profile, fc_error_t *error);
void profile_clear(profile_t *profile);

/* One random configuration (N), as those of the sweep. */
void profile_draw_random(const fc_limits_t *limits, fc_rng_t *rng, fc_function_configuration_t *configuration);

/* Measures every point. A point that live_window refuses is noted and passed over; any other failure, the operator's
 * kill switch and pause included, ends it: what was measured until then stays, judged and with its front. Blocks for
 * all windows. */
fc_status_t profile_measure(const profile_options_t *options, profile_t *profile, fc_error_t *error);

/* Among the points that met QoS in all of their windows: those that no other such point beats in both cost and latency.
 * Without one there is no front. */
void profile_mark_front(profile_t *profile);

/* Windows measured so far. */
int64_t profile_n_windows(const profile_t *profile);

/* The table, cheapest first; the JSON object (caller owns it); the picture of cost and latency. */
void profile_print(const profile_t *profile, FILE *out);
fc_json_t *profile_json(const profile_t *profile, const fc_workflow_t *workflow);

/* The picture's file, writable before anything is measured: what is in it stays until profile_draw replaces it, and
 * profile_picture_close removes it when it is empty. FC_EIO. */
typedef struct {
  const char *path; /* borrowed */
  FILE *file;       /* NULL: none */
} profile_picture_t;
fc_status_t profile_picture_open(const char *path, profile_picture_t *picture, fc_error_t *error);
fc_status_t profile_draw(const profile_t *profile, const fc_workflow_t *workflow, int32_t users,
                         profile_picture_t *picture, fc_error_t *error);
void profile_picture_close(profile_picture_t *picture);

#ifdef __cplusplus
}
#endif
#endif
