/* ses.c - the safe exploration strategy on one decided configuration, as in the paper and as in the authors' code. */
#include <string.h>

#include "faasconf/cost.h"
#include "faasconf/safety.h"

enum { MAX_REDRAWS = 16 };
static const double code_noise_sigma = 0.05;
static const double code_lowest = 0.1, code_highest = 0.9;

static const char *const strategy_names[] = {"none", "ses_code", "ses_paper", "conformal"};

bool fc_safety_strategy_parse(const char *text, fc_safety_strategy_t *out) {
  for (int i = 0; i < 4; ++i) {
    if (strcmp(text, strategy_names[i]) == 0) {
      *out = (fc_safety_strategy_t)i;
      return true;
    }
  }
  return false;
}

const char *fc_safety_strategy_name(fc_safety_strategy_t strategy) {
  return strategy_names[strategy];
}

/* The safe configuration plus N(0, sigma) on its action, one knob at a time: no allocation. */
static void add_noise(const fc_workflow_t *workflow, fc_ranges_t ranges, const fc_function_configuration_t *safe,
                      double sigma, double lowest, double highest, fc_rng_t *rng,
                      fc_function_configuration_t *configuration) {
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    for (int k = 0; k < FC_KNOBS; ++k) {
      const fc_knob_t knob = (fc_knob_t)k;
      const float exact = fc_knob_encode(workflow, f, knob, ranges, FC_DECODE_UNIFORM, fc_knob_get(&safe[f], knob));
      const double noisy = (double)exact + sigma * fc_rng_normal(rng);
      const float action = (float)(noisy < lowest ? lowest : noisy > highest ? highest : noisy);
      fc_knob_set(&configuration[f], knob, fc_knob_decode(workflow, f, knob, ranges, FC_DECODE_UNIFORM, action));
    }
  }
}

fc_ses_result_t fc_ses_apply(const fc_workflow_t *workflow, fc_ranges_t ranges, fc_safety_strategy_t strategy,
                             const fc_safety_record_t *record, double noise_sigma, fc_rng_t *rng,
                             fc_function_configuration_t *configuration) {
  if (strategy == FC_STRATEGY_NONE) return FC_SES_ACCEPTED;
  if (record == NULL || record->n_safe == 0) return FC_SES_NO_RECORD;
  FC_ASSERT_EQ(record->n_functions, workflow->n_functions);
  if (fc_bounds_contains(record, fc_cost_reserved_usd_h(workflow, configuration))) return FC_SES_ACCEPTED;
  const size_t n = (size_t)workflow->n_functions;
  if (strategy == FC_STRATEGY_SES_CODE) {
    const fc_function_configuration_t *safe = record->safe + n * fc_rng_below(rng, (uint32_t)record->n_safe);
    add_noise(workflow, ranges, safe, code_noise_sigma, code_lowest, code_highest, rng, configuration);
    return FC_SES_REPLACED;
  }
  for (int i = 0; i < MAX_REDRAWS; ++i) {
    const fc_function_configuration_t *safe = record->safe + n * fc_rng_below(rng, (uint32_t)record->n_safe);
    add_noise(workflow, ranges, safe, noise_sigma, 0.0, 1.0, rng, configuration);
    if (fc_bounds_contains(record, fc_cost_reserved_usd_h(workflow, configuration))) return FC_SES_REPLACED;
  }
  /* As it is, but for what these ranges do not reach (history may come from wider ones). */
  const fc_function_configuration_t *safe = record->safe + n * fc_rng_below(rng, (uint32_t)record->n_safe);
  add_noise(workflow, ranges, safe, 0.0, 0.0, 1.0, rng, configuration);
  return FC_SES_REPLACED;
}
