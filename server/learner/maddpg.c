/* maddpg.c - MADDPG (Lowe et al., NIPS '17): every function has an actor of its own and a centralised critic.
 *
 *   pi_j(s) = actor_j(s_j);   Q_j(s, a) = critic_j(s_1 ... s_N, a_1 ... a_N)
 *
 * Nothing is shared. An actor's step looks at the current actions of all functions, not at those of the replay. The N
 * nets are the L axis of every op. One thread per instance.
 */
#include "maddpg.h"

#include "dpg.h"

static const dpg_method_t METHOD = {
    .name = "maddpg", .is_single_agent = false, .is_shared = false, .critic_sees_all = true};

static fc_status_t maddpg_create(const algorithm_options_t *options, const fc_workflow_t *workflow, int32_t n_features,
                                 algorithm_t **out, fc_error_t *error) {
  return dpg_create(&METHOD, options, workflow, n_features, out, error);
}

const algorithm_interface_t algorithm_maddpg = {.name = "maddpg",
                                                .defaults = dpg_defaults,
                                                .create = maddpg_create,
                                                .destroy = dpg_destroy,
                                                .update = dpg_update,
                                                .act = dpg_act,
                                                .q = dpg_q,
                                                .export_policy = dpg_export_policy,
                                                .state = dpg_state};
