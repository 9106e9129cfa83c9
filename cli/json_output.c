/* json_output.c - see json_output.h. */
#include "json_output.h"

#include <stdio.h>
#include <stdlib.h>

#include "faasconf/knobs.h"

void json_print(fc_json_t **value) {
  char *text = fc_json_dump(*value, 0);
  fc_json_destroy(value);
  puts(text);
  free(text);
}

void json_set_interval(fc_json_t *object, const char *key, double low, double high) {
  fc_json_t *pair = fc_json_array();
  fc_json_append_double(pair, low);
  fc_json_append_double(pair, high);
  fc_json_set(object, key, &pair);
}

void json_set_knobs(fc_json_t *object, const fc_function_configuration_t *configuration) {
  for (int32_t k = 0; k < FC_KNOBS; ++k)
    fc_json_set_int(object, fc_knob_name((fc_knob_t)k), fc_knob_get(configuration, (fc_knob_t)k));
}

fc_json_t *json_of_configuration(const fc_workflow_t *workflow, const fc_function_configuration_t *configuration) {
  fc_json_t *all = fc_json_object();
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    fc_json_t *one = fc_json_object();
    json_set_knobs(one, &configuration[f]);
    fc_json_set(all, workflow->functions[f].name, &one);
  }
  return all;
}
