/* attmf.h - the interface table of attmf.c, and the parts of it that mean_field.c shares. For algorithm.c and
 * mean_field.c; everybody else calls algorithm_find("attmf", ...).
 */
#ifndef SERVER_LEARNER_ATTMF_H
#define SERVER_LEARNER_ATTMF_H

#include "algorithm.h"

extern const algorithm_interface_t algorithm_attmf;

/* algorithm_interface_t's create for a name that attmf_learners_kind knows (static; of messages and of policies' kind).
 */
fc_status_t attmf_create_named(const char *name, const algorithm_options_t *options, const fc_workflow_t *workflow,
                               int32_t n_features, algorithm_t **out, fc_error_t *error);

/* The rest of the interface. */
void attmf_destroy(algorithm_t **self);
void attmf_update(algorithm_t *self, const algorithm_batch_t *batch, algorithm_report_t *report);
void attmf_act(algorithm_t *self, int32_t n_batch, const float *features, float *action);
void attmf_q(algorithm_t *self, int32_t n_batch, const float *features, const float *action, float *q);
int32_t attmf_export_policy(algorithm_t *self, fc_policy_manifest_t *manifest, fc_tensor_t *tensors);
int32_t attmf_state(algorithm_t *self, algorithm_state_t *blocks, int64_t **step, fc_rng_t **rng);

#endif
