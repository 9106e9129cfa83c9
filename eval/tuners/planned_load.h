/* planned_load.h - for how many users a method plans, from what was measured. */
#ifndef EVAL_TUNERS_PLANNED_LOAD_H
#define EVAL_TUNERS_PLANNED_LOAD_H

#include "faasconf/transition.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The mean in flight of `last`, rounded. is_fresh: the window began with nobody there (FC_WINDOWS_FRESH), so that users
 * who came one after the other, `spawn_rate_per_s` a second, are fewer on average than at its end. 0: not measured. */
int32_t planned_users(const fc_workflow_t *workflow, const fc_observation_t *last, bool is_fresh);

#ifdef __cplusplus
}
#endif
#endif
