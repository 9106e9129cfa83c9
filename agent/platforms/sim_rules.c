/* sim_rules.c - see sim_rules.h. */
#include "sim_rules.h"

#include "faasconf/knobs.h"

void sim_rules_caps(const fc_workflow_t *workflow, fc_knob_range_t *caps) {
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    for (int32_t k = 0; k < FC_KNOBS; ++k) {
      const fc_knob_range_t full = fc_workflow_range(workflow, f, (fc_knob_t)k, FC_RANGES_FULL);
      const fc_knob_range_t measured = fc_workflow_range(workflow, f, (fc_knob_t)k, FC_RANGES_MEASURED);
      caps[f * FC_KNOBS + k].min = full.min < measured.min ? full.min : measured.min;
      caps[f * FC_KNOBS + k].max = full.max > measured.max ? full.max : measured.max;
    }
  }
}

void sim_rules_plan(platform_step_t *step) {
  if (platform_same(&step->from, &step->to)) {
    step->change = PLATFORM_CHANGE_NONE;
  } else {
    step->change = step->from.replicas == step->to.replicas ? PLATFORM_CHANGE_IN_PLACE : PLATFORM_CHANGE_SCALE;
  }
}

fc_status_t sim_rules_validate(const fc_workflow_t *workflow, int32_t function,
                               const fc_function_configuration_t *configuration, fc_error_t *error) {
  for (int32_t k = 0; k < FC_KNOBS; ++k) {
    const int32_t value = fc_knob_get(configuration, (fc_knob_t)k);
    if (value < 1)
      return fc_error_set(error, FC_EINVAL, "platform sim: %s of function %s is %d: expected at least 1",
                          fc_knob_name((fc_knob_t)k), workflow->functions[function].name, (int)value);
  }
  return FC_OK;
}

fc_status_t sim_rules_check_function(const fc_workflow_t *workflow, int32_t function, fc_error_t *error) {
  if (function >= 0 && function < workflow->n_functions) return FC_OK;
  return fc_error_set(error, FC_EINVAL, "platform sim: no function number %d", (int)function);
}
