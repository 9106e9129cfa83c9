/* model.h - the parameters of a world: checked, and put into a simulator. */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include "state.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every parameter present and within its bounds; functions of `parameters` are (N). FC_EINVAL names the first that is
 * not. */
fc_status_t model_check(const fc_workflow_t *workflow, const fc_simulator_parameters_t *parameters, fc_error_t *error);

/* Copies parameters that passed model_check into simulator and its functions; in force from the next window on. */
void model_set(simulator_t *simulator, const fc_simulator_parameters_t *parameters);

#ifdef __cplusplus
}
#endif
#endif
