/* ramp.h - the load of a window that began with nobody there.
 *
 * In fresh windows (FC_WINDOWS_FRESH) users arrive one after the other, so that fewer are in flight on average than
 * from then on, which is the load that targets and plans are about. An operator who generates such windows knows the
 * rate.
 */
#ifndef EVAL_EXPERIMENT_RAMP_H
#define EVAL_EXPERIMENT_RAMP_H

#include "faasconf/transition.h"

#ifdef __cplusplus
extern "C" {
#endif

/* window->load.mean_in_flight as if all users had been there from the start: with rate r and length T the mean of U
 * users is U - U^2 / (2 r T). What was not measured, or not in a fresh window of this workflow, stays. */
void ramp_correct(const fc_workflow_t *workflow, fc_observation_t *window);

#ifdef __cplusplus
}
#endif
#endif
