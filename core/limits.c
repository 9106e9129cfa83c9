/* limits.c - absolute limits per function and knob: the last word before the actuator. Pure. */
#include <stdlib.h>
#include <string.h>

#include "faasconf/safety.h"

fc_status_t fc_limits_init(fc_limits_t *limits, const fc_workflow_t *workflow, fc_ranges_t ranges) {
  memset(limits, 0, sizeof *limits);
  limits->knobs = calloc((size_t)workflow->n_functions * FC_KNOBS, sizeof *limits->knobs);
  if (limits->knobs == NULL) return FC_ENOMEM;
  limits->n_functions = workflow->n_functions;
  for (int32_t f = 0; f < workflow->n_functions; ++f)
    for (int k = 0; k < FC_KNOBS; ++k)
      limits->knobs[f * FC_KNOBS + k] = fc_workflow_range(workflow, f, (fc_knob_t)k, ranges);
  return FC_OK;
}

void fc_limits_clear(fc_limits_t *limits) {
  free(limits->knobs);
  memset(limits, 0, sizeof *limits);
}

bool fc_limits_apply(const fc_limits_t *limits, fc_function_configuration_t *configuration, uint32_t *bound_by) {
  bool clamped = false;
  for (int32_t f = 0; f < limits->n_functions; ++f) {
    for (int k = 0; k < FC_KNOBS; ++k) {
      const fc_knob_range_t range = limits->knobs[f * FC_KNOBS + k];
      const int32_t value = fc_knob_get(&configuration[f], (fc_knob_t)k);
      const int32_t inside = value < range.min ? range.min : value > range.max ? range.max : value;
      if (inside == value) continue;
      fc_knob_set(&configuration[f], (fc_knob_t)k, inside);
      if (bound_by != NULL) bound_by[f * FC_KNOBS + k] |= FC_BOUND_BY_LIMITS;
      clamped = true;
    }
  }
  return clamped;
}
