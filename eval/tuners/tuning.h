/* tuning.h - a budget of windows for one method, then its choice.
 *
 *   two thirds of the budget:  propose -> safety strategy -> rails -> measure -> learn
 *   the rest:                  the cheapest configurations that never violated QoS are measured again, cheapest first;
 *                              the first with TUNING_REQUIRED_MEETS measurements, all met, is the choice; while
 *                              there is none, the method goes on proposing
 *
 * All methods settle by this one rule; a planner (tuner_t.is_planner) alone keeps to its last proposal. Without a
 * verified configuration the choice is the workflow's start. Re-measuring counts in the budget, as do windows on the
 * way to a configuration when rails are on. One thread; blocks for what proposing and measuring take.
 */
#ifndef EVAL_TUNERS_TUNING_H
#define EVAL_TUNERS_TUNING_H

#include "faasconf/safety.h"
#include "tuner.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TUNING_BUDGET_WINDOWS = 15, TUNING_REQUIRED_MEETS = 3 };

/* Measures `configuration` (N) for one window into *window (initialised for N); its configuration must be what was in
 * force. worst: the largest violation over the QoS terms, 1 at the target. */
typedef fc_status_t (*tuning_measure_t)(void *context, const fc_function_configuration_t *configuration,
                                        fc_observation_t *window, fc_qos_verdict_t *verdict, double *worst,
                                        fc_error_t *error);

typedef struct {
  const tuner_t *tuner;
  tuner_setting_t setting;
  int32_t budget_windows;
  const fc_observation_t *warm; /* the window of the start configuration before the budget, or NULL */
  fc_safety_strategy_t strategy;
  fc_rails_profile_t rails;
  tuning_measure_t measure;
  void *context;
} tuning_task_t;

typedef struct {
  fc_function_configuration_t *configuration; /* (N) caller's; the choice */
  bool settled;                               /* false: nothing was verified; configuration is the workflow's start */
  int32_t windows_used;
  int32_t violations;       /* measured windows that violated QoS on the way */
  double severity;          /* sum over those of (worst violation - 1) */
  double unsafe_cost_usd_h; /* sum over those of their cost */
  double decide_s;          /* wall clock of proposing and learning, median over windows */
} tuning_choice_t;

/* A strategy that has no record for the load changes nothing. Errors of tuner and measure; FC_ENOMEM. Allocates. */
fc_status_t tuning_run(const tuning_task_t *task, tuning_choice_t *choice, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
