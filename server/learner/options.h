/* options.h - inside server/learner: what all algorithms agree on about their options. */
#ifndef SERVER_LEARNER_OPTIONS_H
#define SERVER_LEARNER_OPTIONS_H

#include "algorithm.h"

/* The options of every repaired algorithm: bandit (gamma 0), Adam 1e-3, tau 0.01, batches of 64, hidden width 64. */
algorithm_options_t options_repaired(void);

/* Possible values, for a workflow of N functions with O features each; `name` begins the message. FC_EINVAL. */
fc_status_t options_check(const char *name, const algorithm_options_t *options, int32_t n_functions, int32_t n_features,
                          fc_error_t *error);

/* FC_EINVAL unless the variant is repaired: what AttMF's rivals have. */
fc_status_t options_check_repaired(const char *name, const algorithm_options_t *options, fc_error_t *error);

#endif
