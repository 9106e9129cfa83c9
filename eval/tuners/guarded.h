/* guarded.h - what stands between a proposal and a measured window: safety strategy and rails, as on the agent.
 *
 * The bands of SES come from the offline rows and the windows measured since; after three violations they are
 * determined anew (paper section 5). Rails of profile tuning hold a shrink for one window only, so that no earlier
 * proposals are kept. One owner.
 */
#ifndef EVAL_TUNERS_GUARDED_H
#define EVAL_TUNERS_GUARDED_H

#include "faasconf/safety.h"
#include "tuner.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const fc_workflow_t *workflow;
  fc_ranges_t ranges;
  fc_safety_strategy_t strategy;
  fc_rails_t rails;
  fc_bounds_watch_t watch;
  bool is_breach; /* the last window violated QoS */
  fc_rng_t rng;
  fc_safety_row_t *rows; /* (n_rows) */
  int32_t n_rows, capacity;
  fc_function_configuration_t *copies; /* (capacity, N) what rows borrow */
  fc_safety_record_t record;           /* of record_load */
  double record_load;                  /* NaN: none yet */
  bool has_record;
  fc_function_configuration_t *current; /* (N) in force */
} guarded_t;

/* From the offline rows; room for n_windows more. Begins with the workflow's start in force. FC_ENOMEM. The caller
 * frees with guarded_clear, also after a failure. */
fc_status_t guarded_init(guarded_t *guarded, const tuner_setting_t *setting, fc_safety_strategy_t strategy,
                         fc_rails_profile_t rails, int32_t n_windows);
void guarded_clear(guarded_t *guarded);

/* Makes `proposal` (N) what may be measured, in place. trusted: it was measured before and met QoS; rails only. */
fc_status_t guarded_apply(guarded_t *guarded, double load, bool trusted, fc_function_configuration_t *proposal);

/* What was measured. */
void guarded_learn(guarded_t *guarded, const fc_observation_t *window, fc_qos_verdict_t verdict);

#ifdef __cplusplus
}
#endif
#endif
