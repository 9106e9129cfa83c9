/* sim_rules.h - what the embedded and the served simulation have in common: which values they take, and what a change
 * takes there. Pure; any thread. */
#ifndef AGENT_PLATFORMS_SIM_RULES_H
#define AGENT_PLATFORMS_SIM_RULES_H

#include "platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/* caps (N, A): the ranges of the workflow, full and measured together. */
void sim_rules_caps(const fc_workflow_t *workflow, fc_knob_range_t *caps);

/* Fills step->change. In-place resize as Kubernetes does it; cold starts come with the simulator's own model of them.
 */
void sim_rules_plan(platform_step_t *step);

/* Every knob at least 1. FC_EINVAL names function and knob. */
fc_status_t sim_rules_validate(const fc_workflow_t *workflow, int32_t function,
                               const fc_function_configuration_t *configuration, fc_error_t *error);

/* FC_EINVAL when there is no function of this number. */
fc_status_t sim_rules_check_function(const fc_workflow_t *workflow, int32_t function, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
