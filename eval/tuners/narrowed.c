/* narrowed.c - see narrowed.h. */
#include "narrowed.h"

#include <stdlib.h>
#include <string.h>

fc_status_t narrowed_init(narrowed_t *narrowed, const tuner_setting_t *setting, fc_error_t *error) {
  const size_t size = (size_t)setting->workflow->n_functions * sizeof *narrowed->functions;
  narrowed->workflow = *setting->workflow;
  narrowed->functions = malloc(size);
  if (narrowed->functions == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a workflow");
  memcpy(narrowed->functions, setting->workflow->functions, size);
  narrowed->workflow.functions = narrowed->functions;
  for (int32_t f = 0; setting->concurrency_is_fixed && f < setting->workflow->n_functions; ++f) {
    fc_function_t *function = &narrowed->functions[f];
    const fc_knob_range_t fixed = {function->start.concurrency, function->start.concurrency};
    function->ranges[FC_KNOB_CONCURRENCY] = function->full_ranges[FC_KNOB_CONCURRENCY] = fixed;
  }
  return FC_OK;
}

void narrowed_clear(narrowed_t *narrowed) {
  free(narrowed->functions);
  narrowed->functions = NULL;
}
