/* tuner.h - a method that chooses a configuration within a budget of measured windows.
 *
 * A tuner sees the workflow, its offline rows and what it measures, nothing else. All tuners settle by one rule
 * (tuner_verify): the cheapest candidate that met QoS in TUNER_REQUIRED_MEETS measurements without a violation;
 * re-measuring counts in the budget. Plain functions over caller's memory; one thread.
 */
#ifndef EVAL_TUNERS_TUNER_H
#define EVAL_TUNERS_TUNER_H

#include "faasconf/knobs.h"
#include "faasconf/transition.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TUNER_BUDGET_WINDOWS = 15, TUNER_REQUIRED_MEETS = 3 };

/* Measures `configuration` (N) for one window. */
typedef fc_status_t (*tuner_measure_t)(void *context, const fc_function_configuration_t *configuration, bool *qos_met,
                                       fc_error_t *error);

typedef struct {
  const fc_workflow_t *workflow;
  fc_ranges_t ranges;
  int32_t budget_windows;
  uint64_t seed;
  tuner_measure_t measure;
  void *context;
} tuner_task_t;

/* One candidate with its measurements so far. Borrows configuration (N). */
typedef struct {
  const fc_function_configuration_t *configuration;
  double cost_usd_h;
  int32_t n_met;
  int32_t n_violated;
} tuner_candidate_t;

typedef struct {
  fc_function_configuration_t *configuration; /* (N) caller's; the choice */
  bool settled;                               /* false: nothing was verified; configuration is the workflow's start */
  int32_t windows_used;
  int32_t violations; /* measured windows that violated QoS on the way */
} tuner_choice_t;

/* Random search: two thirds of the budget on uniform draws, the rest verifies. Allocates. */
fc_status_t tuner_random(const tuner_task_t *task, tuner_choice_t *choice, fc_error_t *error);

/* Library: the cheapest QoS-meeting rows of the history, verified cheapest first. rows: (n_rows) with n_met 1 for a row
 * that met QoS when it was recorded and n_violated 1 for one that did not. Sorts rows. */
fc_status_t tuner_library(const tuner_task_t *task, tuner_candidate_t *rows, int32_t n_rows, tuner_choice_t *choice,
                          fc_error_t *error);

/* Spends what is left of the budget on candidates (sorted by cost, in place) until the cheapest living one is verified,
 * and writes the choice. A candidate with a violation is out. */
fc_status_t tuner_verify(const tuner_task_t *task, tuner_candidate_t *candidates, int32_t n, tuner_choice_t *choice,
                         fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
