/* configuration.c - whole configurations: see configuration.h. */
#include "configuration.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "faasconf/knobs.h"

bool configuration_equal(const fc_workflow_t *workflow, const fc_function_configuration_t *a,
                         const fc_function_configuration_t *b) {
  for (int32_t f = 0; f < workflow->n_functions; ++f)
    for (int32_t k = 0; k < FC_KNOBS; ++k)
      if (fc_knob_get(&a[f], (fc_knob_t)k) != fc_knob_get(&b[f], (fc_knob_t)k)) return false;
  return true;
}

void configuration_copy(const fc_workflow_t *workflow, fc_function_configuration_t *to,
                        const fc_function_configuration_t *from) {
  memmove(to, from, (size_t)workflow->n_functions * sizeof *to);
}

bool configuration_positive(const fc_workflow_t *workflow, const fc_function_configuration_t *configuration) {
  for (int32_t f = 0; f < workflow->n_functions; ++f)
    for (int32_t k = 0; k < FC_KNOBS; ++k)
      if (fc_knob_get(&configuration[f], (fc_knob_t)k) < 1) return false;
  return true;
}

fc_json_t *configuration_to_json(const fc_workflow_t *workflow, const fc_function_configuration_t *configuration) {
  fc_json_t *list = fc_json_array();
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    fc_json_t *item = fc_json_object();
    fc_json_set_string(item, "function", workflow->functions[f].name);
    for (int32_t k = 0; k < FC_KNOBS; ++k)
      fc_json_set_int(item, fc_knob_name((fc_knob_t)k), fc_knob_get(&configuration[f], (fc_knob_t)k));
    fc_json_append(list, &item);
  }
  return list;
}

fc_status_t configuration_from_json(const fc_workflow_t *workflow, const fc_json_t *json,
                                    fc_function_configuration_t *configuration, fc_error_t *error) {
  if (!json || !fc_json_is_array(json) || fc_json_size(json) != (size_t)workflow->n_functions)
    return fc_error_set(error, FC_EFORMAT, "configuration: expected a list of %d functions",
                        (int)workflow->n_functions);
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    const fc_json_t *item = fc_json_at(json, (size_t)f);
    const char *name = fc_json_string(fc_json_get(item, "function"));
    if (!name || strcmp(name, workflow->functions[f].name) != 0)
      return fc_error_set(error, FC_EMISMATCH, "configuration: entry %d is function %s, expected %s", (int)f,
                          name ? name : "?", workflow->functions[f].name);
    for (int32_t k = 0; k < FC_KNOBS; ++k) {
      int64_t value = 0;
      if (!fc_json_int(fc_json_get(item, fc_knob_name((fc_knob_t)k)), &value) || value < 1 || value > 1 << 24)
        return fc_error_set(error, FC_EFORMAT, "configuration: %s of function %s: expected a positive number",
                            fc_knob_name((fc_knob_t)k), name);
      fc_knob_set(&configuration[f], (fc_knob_t)k, (int32_t)value);
    }
  }
  return FC_OK;
}

void configuration_decision_digest(const fc_workflow_t *workflow, const char *agent, uint64_t epoch, int64_t window,
                                   int64_t policy_version, const fc_function_configuration_t *configuration,
                                   uint8_t digest[FC_DIGEST_SIZE]) {
  char line[4 * FC_NAME_SIZE];
  fc_sha256_t hash;
  fc_sha256_start(&hash);
  int length = snprintf(line, sizeof line, "faasconf decision\n%s\n%" PRIu64 "\n%" PRId64 "\n%" PRId64 "\n", agent,
                        epoch, window, policy_version);
  fc_sha256_update(&hash, line, (size_t)length);
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    length = snprintf(line, sizeof line, "%s %d %d %d %d\n", workflow->functions[f].name,
                      (int)configuration[f].cpu_millicores, (int)configuration[f].mem_mib,
                      (int)configuration[f].replicas, (int)configuration[f].concurrency);
    fc_sha256_update(&hash, line, (size_t)length);
  }
  fc_sha256_final(&hash, digest);
}
