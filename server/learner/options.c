/* options.c - see options.h. */
#include "options.h"

#include "team.h"

algorithm_options_t options_repaired(void) {
  return (algorithm_options_t){.variant = VARIANT_REPAIRED,
                               .n_batch = 64,
                               .n_hidden = 64,
                               .n_attention = 32,
                               .learning_rate = 1e-3f,
                               .soft_update = 0.01f,
                               .discount = 0,
                               .seed = 1};
}

fc_status_t options_check(const char *name, const algorithm_options_t *o, int32_t n_functions, int32_t n_features,
                          fc_error_t *error) {
  if (o->variant != VARIANT_REPAIRED && o->variant != VARIANT_FAITHFUL) {
    return fc_error_set(error, FC_EINVAL, "%s: unknown variant %d: use repaired or faithful", name, (int)o->variant);
  }
  if (o->n_batch < 1 || o->n_batch > 65536) {
    return fc_error_set(error, FC_EINVAL, "%s: batch size %d: use 1 to 65536", name, (int)o->n_batch);
  }
  if (o->n_hidden < 1 || o->n_hidden > 4096 || o->n_attention < 1 || o->n_attention > 4096) {
    return fc_error_set(error, FC_EINVAL, "%s: hidden width %d, attention width %d: use 1 to 4096", name,
                        (int)o->n_hidden, (int)o->n_attention);
  }
  if (o->n_threads < 0 || o->n_threads > FC_TEAM_MAX_MEMBERS || o->n_threads > o->n_batch) {
    return fc_error_set(error, FC_EINVAL, "%s: %d threads: use 1 to %d, and no more than the batch has rows", name,
                        (int)o->n_threads, FC_TEAM_MAX_MEMBERS);
  }
  if (n_features < 1 || n_features > FC_MAX_FEATURES) {
    return fc_error_set(error, FC_EINVAL, "%s: %d features: use 1 to %d", name, (int)n_features, (int)FC_MAX_FEATURES);
  }
  if (n_functions < 1 || n_functions > FC_MAX_FUNCTIONS) {
    return fc_error_set(error, FC_EINVAL, "%s: %d functions: use 1 to %d", name, (int)n_functions,
                        (int)FC_MAX_FUNCTIONS);
  }
  if (!(o->learning_rate >= 0 && o->learning_rate <= 1) || !(o->soft_update >= 0 && o->soft_update <= 1) ||
      !(o->discount >= 0 && o->discount < 1)) {
    return fc_error_set(error, FC_EINVAL,
                        "%s: learning rate %g and tau %g must lie in [0, 1], the discount %g in [0, 1)", name,
                        (double)o->learning_rate, (double)o->soft_update, (double)o->discount);
  }
  return FC_OK;
}

fc_status_t options_check_repaired(const char *name, const algorithm_options_t *options, fc_error_t *error) {
  if (options->variant == VARIANT_REPAIRED) return FC_OK;
  return fc_error_set(error, FC_EINVAL, "%s: there is no faithful variant (only attmf has one): use repaired", name);
}
