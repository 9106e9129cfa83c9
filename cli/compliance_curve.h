/* compliance_curve.h - the searches behind `faasconf compliance-curve`, and its picture.
 *
 * curve_run makes n_searches independent searches at each level (eval/planner/planner.h), in parallel, with progress on
 * a terminal; the same numbers for any number of jobs.
 */
#ifndef CLI_COMPLIANCE_CURVE_H
#define CLI_COMPLIANCE_CURVE_H

#include "command.h"
#include "planner.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CURVE_MAX_LEVELS = 32, CURVE_MAX_SEARCHES = PLAN_MAX_SEARCHES };

typedef struct {
  double level;
  plan_t *plans; /* (n_searches) */
  int32_t n_confirmed;
  int32_t best; /* the cheapest confirmed search, or -1 */
  double median_usd_h, max_usd_h;
  int32_t n_met; /* of the best one's PLAN_CONFIRMING_WINDOWS judging windows, which no search has seen and which
                    confirm it */
  double wilson_low, wilson_high;
} curve_level_t;

typedef struct {
  /* asked for */
  const fc_workflow_t *workflow;
  const particles_t *particles; /* or NULL */
  fc_semantics_t semantics;
  fc_ranges_t ranges;
  int64_t users; /* closed loop; 0: open loop */
  double rate_per_s;
  int64_t budget, seed, jobs;
  int32_t n_searches, n_levels;
  curve_level_t levels[CURVE_MAX_LEVELS]; /* ascending */
  /* results */
  double start_cost_usd_h;
  int32_t start_n_met; /* of PLAN_CONFIRMING_WINDOWS */
  int64_t n_windows;
  double seconds;
} curve_t;

/* Caller frees with curve_clear, also after a failure. Blocks for minutes. */
fc_status_t curve_run(curve_t *curve, fc_error_t *error);
void curve_clear(curve_t *curve);

enum { CURVE_LOAD_TEXT = 64 };

/* "10 users" or "2 workflows per second" into text[CURVE_LOAD_TEXT]; returns it. */
const char *curve_load_text(const curve_t *curve, char *text);

/* Writes the picture: cost against compliance. FC_EIO. */
fc_status_t curve_draw(const curve_t *curve, const char *path, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
