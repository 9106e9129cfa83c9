/* dpg.h - inside server/learner: deterministic policy gradient for agents that see plain vectors, without a mean field.
 *
 * ddpg.c, maddpg.c and firm.c differ in who is an agent m, whose nets it uses and what its critic sees; the rest of
 * them is here:
 *
 *   pi_m(s)   = actor_m(s_m)                    s_m, a_m: features and actions of the agent's own functions
 *   Q_m(s, a) = critic_m(s_m, a_m) or critic_m(s, a)
 *   update:     y_m = r + gamma (1 - terminal) Q'_m(s', pi'(s'))
 *               critic m: descend mean (y_m - Q_m(s, a))^2
 *               actor m:  descend -mean Q_m(s, pi(s)) through the agent's own action
 *               targets drift by tau
 *
 * Repaired only: layer normalisation, discount 0, mean losses. One thread per instance.
 */
#ifndef SERVER_LEARNER_DPG_H
#define SERVER_LEARNER_DPG_H

#include "algorithm.h"

typedef struct {
  const char *name;     /* static; of messages and of its policies' kind */
  bool is_single_agent; /* one agent has all functions; otherwise every function is an agent */
  bool is_shared;       /* one actor and one critic for all agents; otherwise each has its own */
  bool critic_sees_all; /* features and actions of all functions; otherwise the agent's own */
} dpg_method_t;

/* The interface's functions. dpg_create borrows method for as long as the instance lives. */
algorithm_options_t dpg_defaults(algorithm_variant_t variant);
fc_status_t dpg_create(const dpg_method_t *method, const algorithm_options_t *options, const fc_workflow_t *workflow,
                       int32_t n_features, algorithm_t **out, fc_error_t *error);
void dpg_destroy(algorithm_t **self);
void dpg_update(algorithm_t *self, const algorithm_batch_t *batch, algorithm_report_t *report);
void dpg_act(algorithm_t *self, int32_t n_batch, const float *features, float *action);
void dpg_q(algorithm_t *self, int32_t n_batch, const float *features, const float *action, float *q);
int32_t dpg_export_policy(algorithm_t *self, fc_policy_manifest_t *manifest, fc_tensor_t *tensors);
int32_t dpg_state(algorithm_t *self, algorithm_state_t *blocks, int64_t **step, fc_rng_t **rng);

#endif
