/* policy_vectors.c - inference of the kinds whose actors see plain vectors, without any neighbour:
 *
 *   firm    one actor for all functions, each sees itself          (O) -> (A)
 *   maddpg  an actor per function, which sees itself               (O) -> (A), N times
 *   ddpg    one actor for the workflow, which sees all functions   (N O) -> (N A)
 *
 * Tensors and equations: docs/algorithms.md. Attention is reported as uniform over the neighbours. Same order of
 * operations as the other kinds (policy_mlp.c).
 */
#include "policy_rows.h"

static int64_t features_of(const fc_policy_t *policy) {
  return fc_policy_manifest(policy)->n_features;
}
static int64_t functions_of(const fc_policy_t *policy) {
  return fc_policy_manifest(policy)->n_functions;
}

static fc_status_t firm_check(const fc_policy_t *policy, fc_error_t *error) {
  return policy_mlp_check(policy, 1, features_of(policy), FC_KNOBS, error);
}
static fc_status_t maddpg_check(const fc_policy_t *policy, fc_error_t *error) {
  return policy_mlp_check(policy, functions_of(policy), features_of(policy), FC_KNOBS, error);
}
static fc_status_t ddpg_check(const fc_policy_t *policy, fc_error_t *error) {
  return policy_mlp_check(policy, 1, functions_of(policy) * features_of(policy), functions_of(policy) * FC_KNOBS,
                          error);
}

static size_t scratch_floats(const fc_policy_t *policy, const fc_workflow_t *workflow) {
  (void)workflow;
  return 2 * (size_t)policy_mlp_hidden(policy);
}

static void uniform(const fc_topology_t *csr, float *attention) {
  for (int32_t j = 0; attention != NULL && j < csr->n_functions; ++j)
    for (int32_t e = csr->row_start[j]; e < csr->row_start[j + 1]; ++e)
      attention[e] = 1.0f / (float)(csr->row_start[j + 1] - csr->row_start[j]);
}

/* Features, hidden layers and actions of eight functions. */
static size_t firm_scratch_floats(const fc_policy_t *policy, const fc_workflow_t *workflow) {
  (void)workflow;
  return ((size_t)features_of(policy) + 2 * (size_t)policy_mlp_hidden(policy) + FC_KNOBS) * POLICY_ROWS;
}

static void firm_decide(const fc_policy_t *policy, const fc_workflow_t *workflow, const float *features, float *scratch,
                        float *action, float *attention) {
  const int64_t o = features_of(policy);
  const policy_mlp_t actor = policy_mlp_actor(policy, 0, o, FC_KNOBS, false);
  float *x = scratch, *hidden = x + o * POLICY_ROWS, *acted = hidden + 2 * actor.n_hidden * POLICY_ROWS;
  for (int32_t j = 0; j < workflow->n_functions; j += POLICY_ROWS) {
    policy_rows_gather(features + j * o, o, workflow->n_functions - j, x);
    policy_rows_act(&actor, x, workflow->n_functions - j, hidden, acted);
    policy_rows_scatter(acted, FC_KNOBS, workflow->n_functions - j, action + j * FC_KNOBS);
  }
  uniform(&workflow->neighbours, attention);
}

static void maddpg_decide(const fc_policy_t *policy, const fc_workflow_t *workflow, const float *features,
                          float *scratch, float *action, float *attention) {
  const int64_t o = features_of(policy);
  for (int32_t j = 0; j < workflow->n_functions; ++j) {
    const policy_mlp_t actor = policy_mlp_actor(policy, j, o, FC_KNOBS, false);
    policy_mlp_act(&actor, features + j * o, scratch, action + j * FC_KNOBS);
  }
  uniform(&workflow->neighbours, attention);
}

static void ddpg_decide(const fc_policy_t *policy, const fc_workflow_t *workflow, const float *features, float *scratch,
                        float *action, float *attention) {
  const int64_t n = workflow->n_functions;
  const policy_mlp_t actor = policy_mlp_actor(policy, 0, n * features_of(policy), n * FC_KNOBS, false);
  policy_mlp_act(&actor, features, scratch, action);
  uniform(&workflow->neighbours, attention);
}

const policy_kind_t policy_kind_firm = {"firm", firm_check, firm_scratch_floats, firm_decide};
const policy_kind_t policy_kind_maddpg = {"maddpg", maddpg_check, scratch_floats, maddpg_decide};
const policy_kind_t policy_kind_ddpg = {"ddpg", ddpg_check, scratch_floats, ddpg_decide};
