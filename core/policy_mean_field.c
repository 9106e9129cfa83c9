/* policy_mean_field.c - inference of kind "mean_field": a function and the plain mean of its neighbours, one actor for
 * all.
 *
 * Tensors and equations: docs/algorithms.md. Same order of operations as the other kinds (policy_mlp.c).
 */
#include <math.h>
#include <string.h>

#include "policy_mlp.h"

static fc_status_t check(const fc_policy_t *policy, fc_error_t *error) {
  return policy_mlp_check(policy, 1, 2 * (int64_t)fc_policy_manifest(policy)->n_features, FC_KNOBS, error);
}

/* One function's input and two hidden rows. */
static size_t scratch_floats(const fc_policy_t *policy, const fc_workflow_t *workflow) {
  (void)workflow;
  return 2 * (size_t)fc_policy_manifest(policy)->n_features + 2 * (size_t)policy_mlp_hidden(policy);
}

static void decide(const fc_policy_t *policy, const fc_workflow_t *workflow, const float *features, float *scratch,
                   float *action, float *attention) {
  const fc_topology_t *csr = &workflow->neighbours;
  const int64_t o = fc_policy_manifest(policy)->n_features;
  const policy_mlp_t actor = policy_mlp_actor(policy, 0, 2 * o, FC_KNOBS, false);
  float *x = scratch, *hidden = x + 2 * o;
  for (int32_t j = 0; j < workflow->n_functions; ++j) {
    const float weight = 1.0f / (float)(csr->row_start[j + 1] - csr->row_start[j]); /* unused without neighbours */
    memcpy(x, features + j * o, (size_t)o * sizeof *x);
    memset(x + o, 0, (size_t)o * sizeof *x);
    for (int32_t e = csr->row_start[j]; e < csr->row_start[j + 1]; ++e) {
      for (int64_t i = 0; i < o; ++i) x[o + i] = fmaf(weight, features[csr->column[e] * o + i], x[o + i]);
      if (attention != NULL) attention[e] = weight;
    }
    policy_mlp_act(&actor, x, hidden, action + j * FC_KNOBS);
  }
}

const policy_kind_t policy_kind_mean_field = {"mean_field", check, scratch_floats, decide};
