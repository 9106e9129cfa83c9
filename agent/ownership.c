/* ownership.c - see ownership.h. */
#include "ownership.h"

#include <stdlib.h>
#include <string.h>

fc_status_t ownership_init(const settings_t *settings, const fc_workflow_t *workflow, ownership_t *out,
                           fc_error_t *error) {
  const int32_t n = workflow->n_functions;
  *out = (ownership_t){.n_functions = n};
  out->owns = calloc((size_t)n, sizeof *out->owns);
  out->ids = calloc((size_t)n, sizeof *out->ids);
  if (!out->owns || !out->ids) return fc_error_set(error, FC_ENOMEM, "functions: out of memory");
  for (int32_t f = 0; f < n; ++f) out->owns[f] = settings->n_functions == 0;
  for (int32_t i = 0; i < settings->n_functions; ++i) {
    const settings_function_t *function = &settings->functions[i];
    const int32_t f = fc_workflow_find(workflow, function->name);
    if (f < 0)
      return fc_error_set(error, FC_EFORMAT, "%sfunctions: workflow %s has no function %s", function->place,
                          workflow->name, function->name);
    out->owns[f] = true;
  }
  for (int32_t f = 0; f < n; ++f)
    if (out->owns[f]) out->ids[out->n_owned++] = f;
  return FC_OK;
}

void ownership_clear(ownership_t *ownership) {
  free(ownership->owns);
  free(ownership->ids);
  memset(ownership, 0, sizeof *ownership);
}

bool ownership_has(const ownership_t *ownership, int32_t function) {
  return !ownership || ownership->owns[function];
}
bool ownership_is_all(const ownership_t *ownership) {
  return !ownership || ownership->n_owned == ownership->n_functions;
}
bool ownership_reports(const ownership_t *ownership) {
  return ownership_has(ownership, 0);
}

void ownership_keep_others(const ownership_t *ownership, const fc_function_configuration_t *current,
                           fc_function_configuration_t *configuration) {
  if (ownership_is_all(ownership)) return;
  for (int32_t f = 0; f < ownership->n_functions; ++f)
    if (!ownership->owns[f]) configuration[f] = current[f];
}
