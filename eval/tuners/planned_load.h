/* planned_load.h - for how many users a method plans, from what was measured. */
#ifndef EVAL_TUNERS_PLANNED_LOAD_H
#define EVAL_TUNERS_PLANNED_LOAD_H

#include "faasconf/transition.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The mean in flight of `last`, rounded; at least 1. 0: not measured. */
int32_t planned_users(const fc_observation_t *last);

#ifdef __cplusplus
}
#endif
#endif
