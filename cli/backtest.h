/* backtest.h - `faasconf backtest` without its options and output: what a recorded system cost, how often it met QoS,
 * and what a twin of it says it could cost. Nothing is written.
 *
 * In this order: backtest_measure, then (unless there is no twin) backtest_learn and backtest_plan; backtest_clear
 * frees all, also after a failure. The same numbers for any number of jobs. Blocks for seconds to minutes, with
 * progress on a terminal.
 */
#ifndef CLI_BACKTEST_H
#define CLI_BACKTEST_H

#include "alarm.h"
#include "command.h"
#include "planner.h"
#include "prediction.h"
#include "recording.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { BACKTEST_MAX_LOADS = 3, BACKTEST_WORLD_WINDOWS = 100 };

/* What was measured. Idle windows (recording.h) cost, and are not judged. */
typedef struct {
  int64_t n_idle, n_judged, n_met;
  int64_t n_configurations;                   /* different ones */
  int64_t from_ms, to_ms;                     /* the beginning of the first window, the end of the last */
  double cost_usd_h;                          /* reserved, mean over the complete windows */
  double cost_usd;                            /* of the complete windows */
  double compliance, wilson_low, wilson_high; /* NaN when no window could be judged */
  double load_min, load_mean, load_max;       /* users, or arrivals per second */
} backtest_measured_t;

/* The windows of similar load, and what is planned for them. */
typedef struct {
  double load_low, load_high; /* of its windows */
  double load_planned;
  double share; /* of all windows */
  double measured_usd_h;
  plan_t *plans; /* (n_searches) */
  int32_t n_confirmed;
  int32_t best;                   /* the cheapest confirmed search, or -1: nothing below holds then */
  double median_usd_h, max_usd_h; /* over the confirmed searches */
  /* the cheapest one on BACKTEST_WORLD_WINDOWS fresh windows of every particle */
  int32_t *world_met; /* (particles) */
  double compliance, wilson_low, wilson_high;
  double worlds_low, worlds_high; /* 10th and 90th percentile over worlds */
  bool confirmed;                 /* there is a best one, and the fresh windows do not contradict the level */
} backtest_load_t;

typedef struct {
  /* asked for */
  const recording_t *recording; /* borrowed */
  const fc_workflow_t *workflow;
  fc_semantics_t semantics;
  fc_ranges_t ranges;
  double level;
  int64_t n_particles, limit, budget, seed, jobs;
  int32_t n_searches;
  /* results */
  backtest_measured_t measured;
  bool has_twin;
  int64_t n_learned;
  prediction_score_t score; /* of the windows that were held out */
  /* the window from which on they left what the twin expects; -1: they did not */
  int64_t alarm_since_ms[ALARM_SERIES][ALARM_DIRECTIONS];
  particles_t particles;
  int32_t n_loads;
  backtest_load_t loads[BACKTEST_MAX_LOADS];  /* ascending */
  bool confirmed;                             /* all of them are */
  double cost_usd_h, median_usd_h, max_usd_h; /* time-weighted; when confirmed */
  double seconds;                             /* of the twin */
} backtest_t;

fc_status_t backtest_measure(backtest_t *backtest, fc_error_t *error);

/* The twin of four of five windows, scored on the others. FC_EINVAL when the workflow has no `simulator:` section or
 * when there is no window to learn from. */
fc_status_t backtest_learn(backtest_t *backtest, fc_error_t *error);

/* Plans on the twin, for each of up to three loads. */
fc_status_t backtest_plan(backtest_t *backtest, fc_error_t *error);

void backtest_clear(backtest_t *backtest);

/* Does the twin explain the held-out windows? False also when there are none. */
bool backtest_is_explained(const backtest_t *backtest);

/* Sentences that a reader must know before believing the result. */
enum { BACKTEST_MAX_WARNINGS = 16, BACKTEST_WARNING_SIZE = 256 };
typedef struct {
  int32_t n;
  char text[BACKTEST_MAX_WARNINGS][BACKTEST_WARNING_SIZE];
} backtest_warnings_t;
void backtest_warnings(const backtest_t *backtest, backtest_warnings_t *warnings);

/* Prints the result. */
void backtest_print_text(const backtest_t *backtest);
void backtest_print_json(const backtest_t *backtest);

#ifdef __cplusplus
}
#endif
#endif
