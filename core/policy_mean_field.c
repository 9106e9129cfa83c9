/* policy_mean_field.c - inference of kind "mean_field": a function and the plain mean of its neighbours, one actor for
 * all.
 *
 * Tensors and equations: docs/algorithms.md. Same order of operations as the other kinds (policy_mlp.c).
 */
#include <string.h>

#include "policy_rows.h"

static fc_status_t check(const fc_policy_t *policy, fc_error_t *error) {
  return policy_mlp_check(policy, 1, 2 * (int64_t)fc_policy_manifest(policy)->n_features, FC_KNOBS, error);
}

/* Weights of the edges; input, hidden layers and actions of eight functions. */
static size_t scratch_floats(const fc_policy_t *policy, const fc_workflow_t *workflow) {
  const size_t o = (size_t)fc_policy_manifest(policy)->n_features, h = (size_t)policy_mlp_hidden(policy);
  return (size_t)workflow->neighbours.n_edges + (2 * o + 2 * h + FC_KNOBS) * POLICY_ROWS;
}

static void decide(const fc_policy_t *policy, const fc_workflow_t *workflow, const float *features, float *scratch,
                   float *action, float *attention) {
  const fc_topology_t *csr = &workflow->neighbours;
  const int64_t o = fc_policy_manifest(policy)->n_features;
  const policy_mlp_t actor = policy_mlp_actor(policy, 0, 2 * o, FC_KNOBS, false);
  float *weight = scratch, *x = weight + csr->n_edges, *hidden = x + 2 * o * POLICY_ROWS;
  float *acted = hidden + 2 * actor.n_hidden * POLICY_ROWS;
  for (int32_t j = 0; j < workflow->n_functions; ++j)
    for (int32_t e = csr->row_start[j]; e < csr->row_start[j + 1]; ++e)
      weight[e] = 1.0f / (float)(csr->row_start[j + 1] - csr->row_start[j]);
  for (int32_t j = 0; j < workflow->n_functions; j += POLICY_ROWS) {
    policy_rows_inputs(csr, weight, features, o, j, x);
    policy_rows_act(&actor, x, workflow->n_functions - j, hidden, acted);
    policy_rows_scatter(acted, FC_KNOBS, workflow->n_functions - j, action + j * FC_KNOBS);
  }
  if (attention != NULL) memcpy(attention, weight, (size_t)csr->n_edges * sizeof *attention);
}

const policy_kind_t policy_kind_mean_field = {"mean_field", check, scratch_floats, decide};
