/* configuration_file.c - see configuration_file.h. */
#include "configuration_file.h"

#include <stdlib.h>
#include <string.h>

#include "faasconf/config.h"
#include "faasconf/knobs.h"

#define LARGEST_VALUE 1000000000.0

/* The four knobs of one function. */
static fc_status_t read_function(const fc_config_node_t *node, const char *name, bool named,
                                 fc_function_configuration_t *configuration, fc_error_t *error) {
  const char *keys[FC_KNOBS + 1] = {"function"};
  if (!fc_config_is_map(node))
    return fc_config_error(node, error, "expected the four knobs of function %s as a map", name);
  for (int32_t k = 0; k < FC_KNOBS; ++k) keys[k + 1] = fc_knob_name((fc_knob_t)k);
  FC_TRY(named ? fc_config_reject_unknown(node, keys, FC_KNOBS + 1, error)
               : fc_config_reject_unknown(node, keys + 1, FC_KNOBS, error));
  for (int32_t k = 0; k < FC_KNOBS; ++k) {
    const fc_config_node_t *value = NULL;
    int64_t number = 0;
    FC_TRY(fc_config_require(node, fc_knob_name((fc_knob_t)k), &value, error));
    FC_TRY(fc_config_as_int(value, 1, (int64_t)LARGEST_VALUE, &number, error));
    fc_knob_set(configuration, (fc_knob_t)k, (int32_t)number);
  }
  return FC_OK;
}

static fc_status_t read_map(const fc_workflow_t *workflow, const fc_config_node_t *map,
                            fc_function_configuration_t *configuration, fc_error_t *error) {
  const char **names = malloc((size_t)workflow->n_functions * sizeof *names);
  if (names == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to read a configuration");
  for (int32_t f = 0; f < workflow->n_functions; ++f) names[f] = workflow->functions[f].name;
  fc_status_t status = fc_config_reject_unknown(map, names, workflow->n_functions, error);
  for (int32_t f = 0; f < workflow->n_functions && status == FC_OK; ++f) {
    const fc_config_node_t *node = NULL;
    status = fc_config_require(map, names[f], &node, error);
    if (status == FC_OK) status = read_function(node, names[f], false, &configuration[f], error);
  }
  free(names);
  return status;
}

static fc_status_t read_list(const fc_workflow_t *workflow, const fc_config_node_t *list,
                             fc_function_configuration_t *configuration, fc_error_t *error) {
  memset(configuration, 0, (size_t)workflow->n_functions * sizeof *configuration);
  for (int32_t i = 0; i < fc_config_size(list); ++i) {
    const fc_config_node_t *node = fc_config_at(list, i), *name = NULL;
    if (!fc_config_is_map(node)) return fc_config_error(node, error, "expected a map with `function` and its knobs");
    FC_TRY(fc_config_require(node, "function", &name, error));
    const char *text = fc_config_text(name);
    const int32_t f = text == NULL ? -1 : fc_workflow_find(workflow, text);
    if (f < 0)
      return fc_config_error(name, error, "expected a function of workflow %s, found %s", workflow->name,
                             text == NULL ? "something else" : text);
    if (configuration[f].replicas != 0) return fc_config_error(name, error, "function %s is there twice", text);
    FC_TRY(read_function(node, text, true, &configuration[f], error));
  }
  for (int32_t f = 0; f < workflow->n_functions; ++f)
    if (configuration[f].replicas == 0)
      return fc_config_error(list, error, "function %s of workflow %s is missing", workflow->functions[f].name,
                             workflow->name);
  return FC_OK;
}

fc_status_t configuration_file_read(const fc_workflow_t *workflow, const char *path,
                                    fc_function_configuration_t *configuration, fc_error_t *error) {
  fc_config_t *config = NULL;
  FC_TRY(fc_config_load(path, &config, error));
  const fc_config_node_t *node = fc_config_root(config);
  if (fc_config_is_map(node) && fc_workflow_find(workflow, "configuration") < 0) {
    const fc_config_node_t *inner = fc_config_get(node, "configuration");
    if (inner != NULL) node = inner;
  }
  fc_status_t status;
  if (fc_config_is_map(node)) {
    status = read_map(workflow, node, configuration, error);
  } else if (fc_config_is_list(node)) {
    status = read_list(workflow, node, configuration, error);
  } else {
    status =
        fc_config_error(node, error, "expected a map from each function of workflow %s to its knobs", workflow->name);
  }
  fc_config_destroy(&config);
  return status;
}

fc_status_t configuration_file_option(const fc_workflow_t *workflow, const char *value,
                                      fc_function_configuration_t *configuration, fc_error_t *error) {
  if (strcmp(value, "start") != 0) return configuration_file_read(workflow, value, configuration, error);
  for (int32_t f = 0; f < workflow->n_functions; ++f) configuration[f] = workflow->functions[f].start;
  return FC_OK;
}
