/* ddpg.c - DDPG (Lillicrap et al., ICLR '16) on the whole workflow as one agent.
 *
 *   pi(s) = actor(s_1 ... s_N), all actions at once;   Q(s, a) = critic(s_1 ... s_N, a_1 ... a_N)
 *
 * Nothing is shared between functions: inputs, outputs and the need for data grow with N. One thread per instance.
 */
#include "ddpg.h"

#include "dpg.h"

static const dpg_method_t METHOD = {
    .name = "ddpg", .is_single_agent = true, .is_shared = false, .critic_sees_all = true};

static fc_status_t ddpg_create(const algorithm_options_t *options, const fc_workflow_t *workflow, int32_t n_features,
                               algorithm_t **out, fc_error_t *error) {
  return dpg_create(&METHOD, options, workflow, n_features, out, error);
}

const algorithm_interface_t algorithm_ddpg = {.name = "ddpg",
                                              .defaults = dpg_defaults,
                                              .create = ddpg_create,
                                              .destroy = dpg_destroy,
                                              .update = dpg_update,
                                              .act = dpg_act,
                                              .q = dpg_q,
                                              .export_policy = dpg_export_policy,
                                              .state = dpg_state};
