/* settings_local.c - see settings_local.h. */
#include "settings_local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) ((int32_t)(sizeof(array) / sizeof((array)[0])))

static fc_status_t read_port(const fc_config_node_t *map, const char *key, int32_t *port, fc_error_t *error) {
  const fc_config_node_t *node = NULL;
  int64_t value = 0;
  FC_TRY(fc_config_require(map, key, &node, error));
  FC_TRY(fc_config_as_int(node, 1, 65535, &value, error));
  *port = (int32_t)value;
  return FC_OK;
}

static fc_status_t read_command(const fc_config_node_t *node, settings_local_function_t *function, fc_error_t *error) {
  const int32_t n = fc_config_is_list(node) ? fc_config_size(node) : 0;
  if (n < 1 || n > SETTINGS_LOCAL_MAX_ARGUMENTS)
    return fc_config_error(node, error,
                           "command: expected a list of 1 to %d words, such as [my-function, --port, \"{port}\"]",
                           SETTINGS_LOCAL_MAX_ARGUMENTS);
  function->arguments = calloc((size_t)n, sizeof *function->arguments);
  if (!function->arguments) return fc_error_set(error, FC_ENOMEM, "command: out of memory");
  bool has_port = false;
  for (int32_t i = 0; i < n; ++i) {
    const char *text = fc_config_text(fc_config_at(node, i));
    if (!text || (i == 0 && text[0] == '\0')) return fc_config_error(node, error, "command: expected words only");
    function->arguments[i] = strdup(text);
    if (!function->arguments[i]) return fc_error_set(error, FC_ENOMEM, "command: out of memory");
    function->n_arguments = i + 1;
    has_port = has_port || strstr(text, "{port}");
  }
  if (!has_port)
    return fc_config_error(
        node, error, "command: no word has {port}: each replica listens on a port of its own, which is put there");
  return FC_OK;
}

static fc_status_t read_function(const char *name, const fc_config_node_t *node, settings_local_function_t *function,
                                 fc_error_t *error) {
  static const char *const keys[] = {"port", "command"};
  if (!fc_config_is_map(node))
    return fc_config_error(node, error, "platform.functions.%s: expected {port: 8101, command: [...]}", name);
  if (strlen(name) >= sizeof function->name)
    return fc_config_error(node, error, "platform.functions: a name has more than %d bytes", FC_NAME_SIZE - 1);
  memcpy(function->name, name, strlen(name) + 1);
  fc_error_t place = {0};
  fc_config_error(node, &place, "%s", "");
  snprintf(function->place, sizeof function->place, "%.*s", (int)sizeof function->place - 1, place.message);
  FC_TRY(fc_config_reject_unknown(node, keys, COUNT(keys), error));
  FC_TRY(read_port(node, "port", &function->port, error));
  const fc_config_node_t *command = NULL;
  FC_TRY(fc_config_require(node, "command", &command, error));
  return read_command(command, function, error);
}

static fc_status_t read_functions(const fc_config_node_t *platform, settings_local_t *s, fc_error_t *error) {
  const fc_config_node_t *map = NULL;
  FC_TRY(fc_config_require(platform, "functions", &map, error));
  if (!fc_config_is_map(map) || fc_config_size(map) < 1 || fc_config_size(map) > FC_MAX_FUNCTIONS)
    return fc_config_error(map, error, "platform.functions: expected a map of the workflow's functions");
  s->functions = calloc((size_t)fc_config_size(map), sizeof *s->functions);
  if (!s->functions) return fc_error_set(error, FC_ENOMEM, "platform.functions: out of memory");
  for (int32_t i = 0; i < fc_config_size(map); ++i) {
    s->n_functions = i + 1;
    FC_TRY(read_function(fc_config_key_at(map, i), fc_config_value_at(map, i), &s->functions[i], error));
  }
  return FC_OK;
}

static fc_status_t read_gateway(const fc_config_node_t *platform, settings_local_t *s, fc_error_t *error) {
  static const char *const keys[] = {"port", "orchestrator_port"};
  const fc_config_node_t *map = NULL;
  FC_TRY(fc_config_require(platform, "gateway", &map, error));
  if (!fc_config_is_map(map))
    return fc_config_error(map, error, "platform.gateway: expected {port: 8080, orchestrator_port: 8081}");
  FC_TRY(fc_config_reject_unknown(map, keys, COUNT(keys), error));
  FC_TRY(read_port(map, "port", &s->gateway_port, error));
  return read_port(map, "orchestrator_port", &s->orchestrator_port, error);
}

static bool is_taken(const settings_local_t *s, int32_t n_functions, int32_t port) {
  if (port == s->gateway_port || port == s->orchestrator_port || port == s->metrics_port) return true;
  for (int32_t i = 0; i < n_functions; ++i)
    if (s->functions[i].port == port) return true;
  return false;
}

static fc_status_t check_ports(const fc_config_node_t *platform, const settings_local_t *s, fc_error_t *error) {
  if (s->gateway_port == s->orchestrator_port || s->gateway_port == s->metrics_port ||
      s->orchestrator_port == s->metrics_port)
    return fc_config_error(platform, error, "platform: gateway, orchestrator and metrics need ports of their own");
  for (int32_t i = 0; i < s->n_functions; ++i)
    if (is_taken(s, i, s->functions[i].port))
      return fc_error_set(error, FC_EFORMAT, "%splatform.functions.%s: port %d is used twice", s->functions[i].place,
                          s->functions[i].name, (int)s->functions[i].port);
  return FC_OK;
}

static fc_status_t read_overflow(const fc_config_node_t *platform, settings_local_t *s, fc_error_t *error) {
  const fc_config_node_t *node = fc_config_get(platform, "overflow");
  if (!node) return FC_OK;
  const char *text = fc_config_text(node);
  s->rejects = text && strcmp(text, "reject") == 0;
  if (!s->rejects && (!text || strcmp(text, "queue") != 0))
    return fc_config_error(node, error, "platform.overflow: expected queue or reject");
  return FC_OK;
}

fc_status_t settings_local_read(const fc_config_node_t *platform, settings_local_t *s, fc_error_t *error) {
  static const char *const keys[] = {"kind",         "functions",         "gateway",         "overflow", "haproxy",
                                     "metrics_port", "request_timeout_s", "start_timeout_s", "grace_s"};
  memset(s, 0, sizeof *s);
  snprintf(s->haproxy, sizeof s->haproxy, "haproxy");
  s->request_timeout_s = 30;
  s->start_timeout_s = 10;
  s->grace_s = 5;
  int64_t metrics_port = 0;
  FC_TRY(fc_config_reject_unknown(platform, keys, COUNT(keys), error));
  FC_TRY(read_functions(platform, s, error));
  FC_TRY(read_gateway(platform, s, error));
  FC_TRY(read_overflow(platform, s, error));
  FC_TRY(fc_config_string(platform, "haproxy", s->haproxy, sizeof s->haproxy, error));
  FC_TRY(fc_config_int(platform, "metrics_port", 0, 65535, &metrics_port, error));
  s->metrics_port = (int32_t)metrics_port;
  FC_TRY(fc_config_double(platform, "request_timeout_s", 0.1, 3600, &s->request_timeout_s, error));
  FC_TRY(fc_config_double(platform, "start_timeout_s", 0.1, 600, &s->start_timeout_s, error));
  FC_TRY(fc_config_double(platform, "grace_s", 0, 600, &s->grace_s, error));
  return check_ports(platform, s, error);
}

void settings_local_clear(settings_local_t *s) {
  for (int32_t i = 0; i < s->n_functions; ++i) {
    for (int32_t a = 0; a < s->functions[i].n_arguments; ++a) free(s->functions[i].arguments[a]);
    free(s->functions[i].arguments);
  }
  free(s->functions);
  memset(s, 0, sizeof *s);
}
