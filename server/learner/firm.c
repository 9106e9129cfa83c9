/* firm.c - the DDPG of FIRM (Qiu et al., OSDI '20) as FaaSConf compares with it: every function for itself.
 *
 *   pi_j(s) = actor(s_j);   Q_j(s, a) = critic(s_j, a_j)
 *
 * One actor and one critic for all functions; none sees another, all share the reward. Whom it may change in a window
 * is decided outside (the tuner keeps it to the critical path). One thread per instance.
 */
#include "firm.h"

#include "dpg.h"

static const dpg_method_t METHOD = {
    .name = "firm", .is_single_agent = false, .is_shared = true, .critic_sees_all = false};

static fc_status_t firm_create(const algorithm_options_t *options, const fc_workflow_t *workflow, int32_t n_features,
                               algorithm_t **out, fc_error_t *error) {
  return dpg_create(&METHOD, options, workflow, n_features, out, error);
}

const algorithm_interface_t algorithm_firm = {.name = "firm",
                                              .defaults = dpg_defaults,
                                              .create = firm_create,
                                              .destroy = dpg_destroy,
                                              .update = dpg_update,
                                              .act = dpg_act,
                                              .q = dpg_q,
                                              .export_policy = dpg_export_policy,
                                              .state = dpg_state};
