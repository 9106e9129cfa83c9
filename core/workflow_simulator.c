/* workflow_simulator.c - the optional sections `simulator:` and `platform:` of a workflow file.
 *
 * Every simulator parameter carries a mark (fitted, plausible or assumed), its own as {value: 1.7, mark: fitted} or the
 * section's `mark:`, so that nobody takes a guess for a measurement.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workflow_parse.h"

typedef struct {
  const char *key;
  size_t offset;
  double minimum, maximum, fallback;
} parameter_t;

#define GLOBAL(field, minimum, maximum, fallback) \
  { #field, offsetof(fc_simulator_parameters_t, field), minimum, maximum, fallback }
static const parameter_t global_parameters[] = {
    GLOBAL(orchestrator_startup_s, 0, 1e4, 0),
    GLOBAL(orchestrator_startup_sigma, 0, 3, 0),
    GLOBAL(orchestrator_finish_s, 0, 1e4, 0),
    GLOBAL(gateway_delay_s, 0, 1e4, 0),
    GLOBAL(throttling_loss, 0, 0.999, 0),
    GLOBAL(warmup_share, 0, 100, 0),
    GLOBAL(sigma_window, 0, 2, 0),
    GLOBAL(sigma_function, 0, 2, 0),
    GLOBAL(sigma_replica, 0, 2, 0),
    GLOBAL(mem_idle_mib, 0, 1e6, 20),
    GLOBAL(mem_waiting_share, 0, 1, 0.3),
    GLOBAL(tail_share, 0, 1, 0),
    GLOBAL(tail_factor, 1, 1e3, 4),
    GLOBAL(spawn_rate_per_s, 1e-6, 1e6, 10),
    GLOBAL(cold_start_median_s, 0, 1e4, 0),
    GLOBAL(cold_start_sigma, 0, 3, 0),
    GLOBAL(cpu_period_s, 0, 1, 0),
    GLOBAL(cpu_tick_s, 0, 1, 0),
    GLOBAL(cores, 0, 1e6, 0),
};
#undef GLOBAL

#define FUNCTION(field, minimum, maximum, fallback) \
  { #field, offsetof(fc_function_simulator_t, field), minimum, maximum, fallback }
static const parameter_t function_parameters[] = {
    FUNCTION(work_cpu_s, 1e-6, 1e4, -1),      FUNCTION(startup_share, 0, 1, 0), FUNCTION(parallelism, 0.01, 1e3, 1),
    FUNCTION(mem_mib_per_request, 0, 1e6, 0), FUNCTION(contention, 0, 100, 0),  FUNCTION(answer_delay_s, 0, 1e4, 0),
    FUNCTION(net_bytes_per_call, 0, 1e12, 0), FUNCTION(work_sigma, 0, 3, 0),    FUNCTION(io_s, 0, 1e4, 0),
};
#undef FUNCTION

static fc_status_t check_mark(const fc_config_node_t *node, fc_error_t *error) {
  const char *text = fc_config_text(node);
  if (text != NULL && (strcmp(text, "fitted") == 0 || strcmp(text, "plausible") == 0 || strcmp(text, "assumed") == 0))
    return FC_OK;
  return fc_config_error(node, error, "mark: expected fitted, plausible or assumed");
}

/* A number, or {value: number, mark: ...}. */
static fc_status_t parse_value(const fc_config_node_t *node, const parameter_t *p, bool marked, double *out,
                               fc_error_t *error) {
  static const char *const keys[] = {"value", "mark"};
  if (fc_config_is_map(node)) {
    const fc_config_node_t *value = NULL, *mark = NULL;
    FC_TRY(fc_config_reject_unknown(node, keys, 2, error));
    FC_TRY(fc_config_require(node, "value", &value, error));
    FC_TRY(fc_config_require(node, "mark", &mark, error));
    FC_TRY(check_mark(mark, error));
    return fc_config_as_double(value, p->minimum, p->maximum, out, error);
  }
  if (!marked)
    return fc_config_error(node, error, "%s: say how sure it is, here {value: .., mark: ..} or for the section `mark:`",
                           p->key);
  return fc_config_as_double(node, p->minimum, p->maximum, out, error);
}

/* A word of a list instead of a number: its place becomes *out. Marked like a number. */
static fc_status_t parse_word(const fc_config_node_t *map, const char *key, const char *const *words, int32_t n,
                              bool marked, int32_t *out, fc_error_t *error) {
  static const char *const keys[] = {"value", "mark"};
  const fc_config_node_t *node = fc_config_get(map, key), *value = node, *mark = NULL;
  *out = 0;
  if (node == NULL) return FC_OK;
  if (fc_config_is_map(node)) {
    FC_TRY(fc_config_reject_unknown(node, keys, 2, error));
    FC_TRY(fc_config_require(node, "value", &value, error));
    FC_TRY(fc_config_require(node, "mark", &mark, error));
    FC_TRY(check_mark(mark, error));
  } else if (!marked) {
    return fc_config_error(node, error, "%s: say how sure it is, here {value: .., mark: ..} or for the section `mark:`",
                           key);
  }
  const char *text = fc_config_text(value);
  for (int32_t i = 0; text != NULL && i < n; ++i) {
    if (strcmp(text, words[i]) != 0) continue;
    *out = i;
    return FC_OK;
  }
  char known[128] = "";
  for (int32_t i = 0; i < n; ++i) {
    const size_t used = strlen(known);
    snprintf(known + used, sizeof known - used, "%s%s", i == 0 ? "" : (i == n - 1 ? " or " : ", "), words[i]);
  }
  return fc_config_error(value, error, "%s: expected %s", key, known);
}

static const char *const balancers[] = {"random", "round-robin", "least-connections"};
static const char *const overflows[] = {"reject", "queue"};
static const char *const windows_words[] = {"fresh", "running"};

const char *fc_balancer_name(fc_balancer_t balancer) {
  FC_ASSERT((int)balancer >= 0 && balancer <= FC_BALANCER_LEAST_CONNECTIONS);
  return balancers[balancer];
}

const char *fc_overflow_name(fc_overflow_t overflow) {
  FC_ASSERT((int)overflow >= 0 && overflow <= FC_OVERFLOW_QUEUE);
  return overflows[overflow];
}

static fc_status_t parse_words(const fc_config_node_t *map, bool marked, fc_simulator_parameters_t *simulator,
                               fc_error_t *error) {
  int32_t balancer = 0, overflow = 0, windows = 0;
  FC_TRY(parse_word(map, "balancer", balancers, 3, marked, &balancer, error));
  FC_TRY(parse_word(map, "overflow", overflows, 2, marked, &overflow, error));
  FC_TRY(parse_word(map, "windows", windows_words, 2, marked, &windows, error));
  simulator->balancer = (fc_balancer_t)balancer;
  simulator->overflow = (fc_overflow_t)overflow;
  simulator->windows = (fc_windows_t)windows;
  return FC_OK;
}

static fc_status_t parse_table(const fc_config_node_t *map, const parameter_t *table, int32_t n, bool marked,
                               void *into, fc_error_t *error) {
  for (int32_t i = 0; i < n; ++i) {
    double *out = (double *)(void *)((char *)into + table[i].offset);
    const fc_config_node_t *node = fc_config_get(map, table[i].key);
    *out = table[i].fallback;
    if (node != NULL) FC_TRY(parse_value(node, &table[i], marked, out, error));
    if (node == NULL && table[i].fallback < 0)
      return fc_config_error(map, error, "the key %s is missing", table[i].key);
  }
  return FC_OK;
}

static fc_status_t reject_unknown(const fc_config_node_t *map, const parameter_t *table, int32_t n,
                                  const char *const *extra, int32_t n_extra, fc_error_t *error) {
  const char *keys[32];
  for (int32_t i = 0; i < n; ++i) keys[i] = table[i].key;
  for (int32_t i = 0; i < n_extra; ++i) keys[n + i] = extra[i];
  return fc_config_reject_unknown(map, keys, n + n_extra, error);
}

enum {
  N_GLOBAL = sizeof global_parameters / sizeof global_parameters[0],
  N_FUNCTION = sizeof function_parameters / sizeof function_parameters[0]
};

static fc_status_t parse_functions(const fc_config_node_t *map, fc_workflow_t *workflow, bool section_marked,
                                   fc_error_t *error) {
  static const char *const extra[] = {"mark"};
  if (!fc_config_is_map(map)) return fc_config_error(map, error, "functions: expected a map of every function");
  for (int32_t i = 0; i < fc_config_size(map); ++i)
    if (fc_workflow_find(workflow, fc_config_key_at(map, i)) < 0)
      return fc_config_error(fc_config_value_at(map, i), error, "there is no function %.64s", fc_config_key_at(map, i));
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    const fc_config_node_t *node = NULL;
    FC_TRY(fc_config_require(map, workflow->functions[f].name, &node, error));
    if (!fc_config_is_map(node)) return fc_config_error(node, error, "expected a map of parameters");
    FC_TRY(reject_unknown(node, function_parameters, N_FUNCTION, extra, 1, error));
    const fc_config_node_t *mark = fc_config_get(node, "mark");
    if (mark != NULL) FC_TRY(check_mark(mark, error));
    FC_TRY(parse_table(node, function_parameters, N_FUNCTION, section_marked || mark != NULL,
                       &workflow->simulator.functions[f], error));
  }
  return FC_OK;
}

fc_status_t workflow_parse_simulator(const fc_config_node_t *root, fc_workflow_t *workflow, fc_error_t *error) {
  static const char *const extra[] = {"mark", "functions", "balancer", "overflow", "windows"};
  const fc_config_node_t *map = fc_config_get(root, "simulator"), *functions = NULL;
  if (map == NULL) return FC_OK;
  FC_TRY(fc_config_require(map, "functions", &functions, error));
  FC_TRY(reject_unknown(map, global_parameters, N_GLOBAL, extra, 5, error));
  const fc_config_node_t *mark = fc_config_get(map, "mark");
  if (mark != NULL) FC_TRY(check_mark(mark, error));
  workflow->simulator.functions = calloc((size_t)workflow->n_functions, sizeof *workflow->simulator.functions);
  if (workflow->simulator.functions == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for the simulator");
  FC_TRY(parse_table(map, global_parameters, N_GLOBAL, mark != NULL, &workflow->simulator, error));
  FC_TRY(parse_words(map, mark != NULL, &workflow->simulator, error));
  FC_TRY(parse_functions(functions, workflow, mark != NULL, error));
  workflow->simulator.present = true;
  return FC_OK;
}

/* {command: [word, ...]}: what runs the function where functions are processes. Only checked here: who starts processes
 * reads it. */
static fc_status_t check_command(const fc_config_node_t *map, fc_error_t *error) {
  static const char *const keys[] = {"command"};
  const fc_config_node_t *command = NULL;
  FC_TRY(fc_config_reject_unknown(map, keys, 1, error));
  FC_TRY(fc_config_require(map, "command", &command, error));
  bool has_port = false;
  for (int32_t i = 0; fc_config_is_list(command) && i < fc_config_size(command); ++i) {
    const char *word = fc_config_text(fc_config_at(command, i));
    if (word == NULL) return fc_config_error(command, error, "command: expected words only");
    has_port = has_port || strstr(word, "{port}") != NULL;
  }
  if (has_port) return FC_OK;
  return fc_config_error(command, error, "command: expected a list of words, one of them with {port}");
}

fc_status_t workflow_parse_platform(const fc_config_node_t *root, fc_workflow_t *workflow, fc_error_t *error) {
  static const char *const keys[] = {"kind", "functions"};
  const fc_config_node_t *map = fc_config_get(root, "platform"), *kind = NULL;
  if (map == NULL) return FC_OK;
  FC_TRY(fc_config_require(map, "kind", &kind, error));
  FC_TRY(fc_config_reject_unknown(map, keys, 2, error));
  FC_TRY(fc_config_as_text(kind, workflow->platform_kind, sizeof workflow->platform_kind, error));
  const fc_config_node_t *names = fc_config_get(map, "functions");
  for (int32_t i = 0; i < fc_config_size(names); ++i) {
    const int32_t f = fc_workflow_find(workflow, fc_config_is_map(names) ? fc_config_key_at(names, i) : "");
    if (f < 0)
      return fc_config_error(names, error, "platform.functions: expected a map of this workflow's functions to names");
    if (fc_config_is_map(fc_config_value_at(names, i))) {
      FC_TRY(check_command(fc_config_value_at(names, i), error));
      continue;
    }
    FC_TRY(fc_config_as_text(fc_config_value_at(names, i), workflow->functions[f].platform_name, FC_NAME_SIZE, error));
  }
  return FC_OK;
}
