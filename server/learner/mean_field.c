/* mean_field.c - MF-MARL, the mean-field actor-critic (Yang et al., ICML '18) that FaaSConf compares with.
 *
 * AttMF (attmf.c) without attention: s~, a~ are plain means over the neighbours, and zero for a function without any;
 * nothing says which neighbour matters.
 *
 *   s~_j = 1/|N_j| sum_k s_k,   a~_j = 1/|N_j| sum_k a_k,   pi_j = actor(s_j, s~_j),   Q_j = critic(s_j, s~_j, a_j,
 * a~_j)
 *
 * One thread per instance.
 */
#include "mean_field.h"

#include "attmf.h"
#include "options.h"

static algorithm_options_t mean_field_defaults(algorithm_variant_t variant) {
  algorithm_options_t options = options_repaired();
  options.variant = variant;
  return options;
}

static fc_status_t mean_field_create(const algorithm_options_t *options, const fc_workflow_t *workflow,
                                     int32_t n_features, algorithm_t **out, fc_error_t *error) {
  *out = NULL;
  FC_TRY(options_check_repaired("mean_field", options, error));
  return attmf_create_named("mean_field", options, workflow, n_features, out, error);
}

const algorithm_interface_t algorithm_mean_field = {.name = "mean_field",
                                                    .defaults = mean_field_defaults,
                                                    .create = mean_field_create,
                                                    .destroy = attmf_destroy,
                                                    .update = attmf_update,
                                                    .act = attmf_act,
                                                    .q = attmf_q,
                                                    .export_policy = attmf_export_policy,
                                                    .state = attmf_state};
