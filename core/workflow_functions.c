/* workflow_functions.c - name, window, prices and functions of a workflow file. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/knobs.h"
#include "workflow_parse.h"

/* 8 TiB of memory: the most values that an action, a float in [0,1], still tells apart. */
static const int64_t largest_knob[FC_KNOBS] = {1000000, 8388608, 10000, 100000};

static fc_status_t check_name(const fc_config_node_t *node, const char *name, fc_error_t *error) {
  for (const char *c = name; *c != '\0'; ++c)
    if (!isalnum((unsigned char)*c) && strchr("-_.", *c) == NULL)
      return fc_config_error(node, error, "expected a name of letters, digits, '-', '_' and '.', found %.64s", name);
  return FC_OK;
}

static fc_status_t parse_range(const fc_config_node_t *node, fc_knob_t knob, fc_knob_range_t *range,
                               fc_error_t *error) {
  int64_t bound[2] = {0, 0};
  if (fc_config_is_scalar(node)) {
    FC_TRY(fc_config_as_int(node, 1, largest_knob[knob], &bound[0], error));
    bound[1] = bound[0];
  } else {
    if (!fc_config_is_list(node) || fc_config_size(node) != 2)
      return fc_config_error(node, error, "%s: expected [min, max], or one number for a fixed knob",
                             fc_knob_name(knob));
    for (int32_t i = 0; i < 2; ++i)
      FC_TRY(fc_config_as_int(fc_config_at(node, i), 1, largest_knob[knob], &bound[i], error));
    if (bound[0] > bound[1])
      return fc_config_error(node, error, "%s: the minimum %lld is above the maximum %lld", fc_knob_name(knob),
                             (long long)bound[0], (long long)bound[1]);
  }
  range->min = (int32_t)bound[0];
  range->max = (int32_t)bound[1];
  return FC_OK;
}

/* Keys that are absent keep what *ranges holds (the workflow's defaults). */
static fc_status_t parse_ranges(const fc_config_node_t *map, fc_knob_range_t ranges[FC_KNOBS], fc_error_t *error) {
  const char *keys[FC_KNOBS];
  if (map == NULL) return FC_OK;
  if (!fc_config_is_map(map)) return fc_config_error(map, error, "expected a map of knobs to [min, max]");
  for (int k = 0; k < FC_KNOBS; ++k) keys[k] = fc_knob_name((fc_knob_t)k);
  FC_TRY(fc_config_reject_unknown(map, keys, FC_KNOBS, error));
  for (int k = 0; k < FC_KNOBS; ++k) {
    const fc_config_node_t *node = fc_config_get(map, keys[k]);
    if (node != NULL) FC_TRY(parse_range(node, (fc_knob_t)k, &ranges[k], error));
  }
  return FC_OK;
}

static fc_status_t parse_start(const fc_config_node_t *map, fc_function_configuration_t *start, fc_error_t *error) {
  const char *keys[FC_KNOBS];
  if (map == NULL) return FC_OK;
  if (!fc_config_is_map(map)) return fc_config_error(map, error, "start: expected a map of knobs to numbers");
  for (int k = 0; k < FC_KNOBS; ++k) keys[k] = fc_knob_name((fc_knob_t)k);
  FC_TRY(fc_config_reject_unknown(map, keys, FC_KNOBS, error));
  for (int k = 0; k < FC_KNOBS; ++k) {
    int64_t value = fc_knob_get(start, (fc_knob_t)k);
    FC_TRY(fc_config_int(map, keys[k], 1, largest_knob[k], &value, error));
    fc_knob_set(start, (fc_knob_t)k, (int32_t)value);
  }
  return FC_OK;
}

static fc_status_t check_knobs(const fc_config_node_t *node, const fc_function_t *f, fc_error_t *error) {
  for (int k = 0; k < FC_KNOBS; ++k) {
    const char *knob = fc_knob_name((fc_knob_t)k);
    const fc_knob_range_t range = f->ranges[k], full = f->full_ranges[k];
    const int32_t start = fc_knob_get(&f->start, (fc_knob_t)k);
    if (range.max == 0)
      return fc_config_error(node, error, "function %s: no range for %s, here or in the workflow's `ranges`", f->name,
                             knob);
    if (range.min < full.min || range.max > full.max)
      return fc_config_error(node, error, "function %s: %s [%d, %d] is not inside full_ranges [%d, %d]", f->name, knob,
                             range.min, range.max, full.min, full.max);
    if (start < full.min || start > full.max)
      return fc_config_error(node, error, "function %s: start %s %d is outside [%d, %d]", f->name, knob, start,
                             full.min, full.max);
  }
  return FC_OK;
}

static fc_status_t parse_mode(const fc_config_node_t *node, fc_function_t *f, fc_error_t *error) {
  char text[FC_NAME_SIZE] = "fork", failure[FC_NAME_SIZE] = "fail";
  FC_TRY(fc_config_string(node, "mode", text, sizeof text, error));
  FC_TRY(fc_config_string(node, "on_failure", failure, sizeof failure, error));
  if (strcmp(text, "fork") != 0 && strcmp(text, "synchronous") != 0)
    return fc_config_error(fc_config_get(node, "mode"), error, "mode: expected fork or synchronous, found %s", text);
  f->mode = strcmp(text, "fork") == 0 ? FC_MODE_FORK : FC_MODE_SYNCHRONOUS;
  static const char *const names[] = {"fail", "ignore", "poison"};
  for (int i = 0; i < 3; ++i) {
    if (strcmp(failure, names[i]) == 0) {
      f->on_failure = (fc_on_failure_t)i;
      return FC_OK;
    }
  }
  return fc_config_error(fc_config_get(node, "on_failure"), error,
                         "on_failure: expected fail, ignore or poison, found %s", failure);
}

/* defaults: a function with the workflow's own ranges and start. */
static fc_status_t parse_function(const fc_config_node_t *node, const fc_function_t *defaults, fc_function_t *f,
                                  fc_error_t *error) {
  static const char *const keys[] = {"name", "mode", "on_failure", "ranges", "full_ranges", "start", "calls"};
  const fc_config_node_t *name = NULL;
  *f = *defaults;
  FC_TRY(fc_config_require(node, "name", &name, error));
  FC_TRY(fc_config_reject_unknown(node, keys, (int32_t)(sizeof keys / sizeof keys[0]), error));
  FC_TRY(fc_config_as_text(name, f->name, sizeof f->name, error));
  FC_TRY(check_name(name, f->name, error));
  memcpy(f->platform_name, f->name, sizeof f->platform_name);
  f->calls = -1;
  FC_TRY(parse_mode(node, f, error));
  const fc_config_node_t *full = fc_config_get(node, "full_ranges");
  FC_TRY(parse_ranges(fc_config_get(node, "ranges"), f->ranges, error));
  FC_TRY(parse_ranges(full, f->full_ranges, error));
  for (int k = 0; k < FC_KNOBS; ++k)
    if (f->full_ranges[k].max == 0) f->full_ranges[k] = f->ranges[k];
  FC_TRY(parse_start(fc_config_get(node, "start"), &f->start, error));
  return check_knobs(node, f, error);
}

static fc_status_t parse_prices(const fc_config_node_t *root, fc_prices_t *prices, fc_error_t *error) {
  static const char *const keys[] = {"version", "usd_per_millicore_hour", "usd_per_mib_hour"};
  const fc_config_node_t *map = NULL, *node = NULL;
  FC_TRY(fc_config_require(root, "prices", &map, error));
  FC_TRY(fc_config_require(map, "version", &node, error));
  FC_TRY(fc_config_reject_unknown(map, keys, 3, error));
  FC_TRY(fc_config_as_text(node, prices->version, sizeof prices->version, error));
  FC_TRY(fc_config_require(map, "usd_per_millicore_hour", &node, error));
  FC_TRY(fc_config_as_double(node, 0, 1e6, &prices->usd_per_millicore_hour, error));
  FC_TRY(fc_config_require(map, "usd_per_mib_hour", &node, error));
  return fc_config_as_double(node, 0, 1e6, &prices->usd_per_mib_hour, error);
}

fc_status_t fc_prices_load(const char *path, fc_prices_t *prices, fc_error_t *error) {
  fc_config_t *config = NULL;
  FC_TRY(fc_config_load(path, &config, error));
  const fc_status_t status = parse_prices(fc_config_root(config), prices, error);
  fc_config_destroy(&config);
  return status;
}

static fc_status_t parse_list(const fc_config_node_t *root, fc_workflow_t *workflow, fc_error_t *error) {
  fc_function_t defaults = {.calls = -1};
  const fc_config_node_t *list = NULL;
  FC_TRY(parse_ranges(fc_config_get(root, "ranges"), defaults.ranges, error));
  FC_TRY(parse_ranges(fc_config_get(root, "full_ranges"), defaults.full_ranges, error));
  FC_TRY(parse_start(fc_config_get(root, "start"), &defaults.start, error));
  FC_TRY(fc_config_require(root, "functions", &list, error));
  const int32_t n = fc_config_size(list);
  if (!fc_config_is_list(list) || n < 1 || n > FC_MAX_FUNCTIONS)
    return fc_config_error(list, error, "functions: expected a list of 1 to %d functions", FC_MAX_FUNCTIONS);
  workflow->functions = calloc((size_t)n, sizeof *workflow->functions);
  if (workflow->functions == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d functions", n);
  for (int32_t i = 0; i < n; ++i) {
    fc_function_t *f = &workflow->functions[i];
    FC_TRY(parse_function(fc_config_at(list, i), &defaults, f, error));
    if (fc_workflow_find(workflow, f->name) >= 0)
      return fc_config_error(fc_config_at(list, i), error, "function %s is here twice", f->name);
    workflow->n_functions = i + 1;
  }
  return FC_OK;
}

fc_status_t workflow_parse_functions(const fc_config_node_t *root, fc_workflow_t *workflow, fc_error_t *error) {
  const fc_config_node_t *name = NULL;
  FC_TRY(fc_config_require(root, "workflow", &name, error));
  FC_TRY(fc_config_as_text(name, workflow->name, sizeof workflow->name, error));
  FC_TRY(check_name(name, workflow->name, error));
  workflow->window_s = 30.0;
  FC_TRY(fc_config_double(root, "window_s", 0.1, 86400.0, &workflow->window_s, error));
  FC_TRY(parse_prices(root, &workflow->prices, error));
  FC_TRY(parse_list(root, workflow, error));
  const fc_config_node_t *orchestrator = fc_config_get(root, "orchestrator");
  FC_TRY(fc_config_string(root, "orchestrator", workflow->orchestrator, sizeof workflow->orchestrator, error));
  if (strcmp(workflow->orchestrator, "outside") == 0) workflow->orchestrator[0] = '\0';
  if (workflow->orchestrator[0] != '\0' && fc_workflow_find(workflow, workflow->orchestrator) < 0)
    return fc_config_error(orchestrator, error, "orchestrator: expected `outside` or the name of a function, found %s",
                           workflow->orchestrator);
  return FC_OK;
}
