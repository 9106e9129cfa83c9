/* policy_configuration.c - inference of kind "configuration": always the same action.
 *
 * What a session that has settled publishes. Tensor: "action" (N, A) in [0,1]. Attention is uniform over the
 * neighbours.
 */
#include <string.h>

#include "policy_kind.h"

static fc_status_t check(const fc_policy_t *policy, fc_error_t *error) {
  FC_TRY(policy_require(policy, "action", 2, fc_policy_manifest(policy)->n_functions, FC_KNOBS, error));
  const fc_tensor_t *action = fc_policy_tensor(policy, "action");
  for (int64_t i = 0; i < action->shape[0] * action->shape[1]; ++i)
    if (action->data[i] < 0.0f || action->data[i] > 1.0f)
      return fc_error_set(error, FC_EFORMAT, "tensor action: %g is outside [0, 1]", (double)action->data[i]);
  return FC_OK;
}

static size_t scratch_floats(const fc_policy_t *policy, const fc_workflow_t *workflow) {
  (void)policy;
  (void)workflow;
  return 0;
}

static void decide(const fc_policy_t *policy, const fc_workflow_t *workflow, const float *features, float *scratch,
                   float *action, float *attention) {
  const fc_topology_t *csr = &workflow->neighbours;
  (void)features;
  (void)scratch;
  memcpy(action, fc_policy_tensor(policy, "action")->data, (size_t)workflow->n_functions * FC_KNOBS * sizeof *action);
  for (int32_t j = 0; attention != NULL && j < csr->n_functions; ++j)
    for (int32_t e = csr->row_start[j]; e < csr->row_start[j + 1]; ++e)
      attention[e] = 1.0f / (float)(csr->row_start[j + 1] - csr->row_start[j]);
}

const policy_kind_t policy_kind_configuration = {"configuration", check, scratch_floats, decide};
