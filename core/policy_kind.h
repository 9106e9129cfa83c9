/* policy_kind.h - inside core: what a kind of policy implements. One file per kind; policy.c lists them. */
#ifndef CORE_POLICY_KIND_H
#define CORE_POLICY_KIND_H

#include "faasconf/policy.h"

typedef struct {
  const char *name;
  /* Are all tensors there with the right shapes? FC_EFORMAT names the first that is not. */
  fc_status_t (*check)(const fc_policy_t *policy, fc_error_t *error);
  /* Scratch floats beyond the (N, O) features and N of feature scratch. */
  size_t (*scratch_floats)(const fc_policy_t *policy, const fc_workflow_t *workflow);
  /* features (N, O), normalised -> action (N, A), attention (E) or NULL. Never allocates. */
  void (*decide)(const fc_policy_t *policy, const fc_workflow_t *workflow, const float *features, float *scratch,
                 float *action, float *attention);
} policy_kind_t;

extern const policy_kind_t policy_kind_attmf;                                      /* policy_attmf.c */
extern const policy_kind_t policy_kind_configuration;                              /* policy_configuration.c */
extern const policy_kind_t policy_kind_mean_field;                                 /* policy_mean_field.c */
extern const policy_kind_t policy_kind_firm, policy_kind_maddpg, policy_kind_ddpg; /* policy_vectors.c */

/* Tensor `name` with exactly this shape; FC_EFORMAT otherwise. */
fc_status_t policy_require(const fc_policy_t *policy, const char *name, int32_t n_dims, int64_t rows, int64_t columns,
                           fc_error_t *error);

/* exp and sigmoid with one fixed order of operations: the same bits on every machine. */
float policy_exp(float x);
float policy_sigmoid(float x);

#endif
