/* local.c - platform `local`, the table: see local.h. */
#include "local.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "local_state.h"

/* Ports besides those of functions: gateway, orchestrator, metrics. */
enum { MORE_PORTS = 3 };

static const double BACKOFF_S = 0.2, MAX_BACKOFF_S = 10, RUNTIME_TIMEOUT_S = 2;
static const char GATEWAY[] = "gateway";

/* ---- the table ------------------------------------------------------------------------------------------------ */

static fc_status_t check_started(const local_t *local, int32_t f, fc_error_t *error) {
  if (f < 0 || f >= local->workflow->n_functions)
    return fc_error_set(error, FC_EINVAL, "platform local: no function number %d", (int)f);
  return local->started ? FC_OK : fc_error_set(error, FC_ESTATE, "platform local: discover has not been called");
}

static fc_status_t take_discover(void *self, uint32_t *capabilities, fc_knob_range_t *caps, fc_error_t *error) {
  local_t *local = self;
  FC_TRY(local_start(local, error));
  *capabilities = PLATFORM_LOCAL_CAPABILITIES;
  for (int32_t f = 0; f < local->workflow->n_functions; ++f) platform_local_caps(&caps[f * FC_KNOBS]);
  return FC_OK;
}

static fc_status_t take_read(void *self, int64_t window, fc_observation_t *observation, fc_error_t *error) {
  local_t *local = self;
  FC_TRY(check_started(local, 0, error));
  pthread_mutex_lock(&local->lock);
  const fc_status_t status = local_read(local, observation, error);
  pthread_mutex_unlock(&local->lock);
  observation->window = window;
  return status;
}

static fc_status_t take_read_back(void *self, int32_t function, fc_function_configuration_t *configuration,
                                  fc_error_t *error) {
  local_t *local = self;
  FC_TRY(check_started(local, function, error));
  pthread_mutex_lock(&local->lock);
  const fc_status_t status = local_read_back(local, function, configuration, error);
  pthread_mutex_unlock(&local->lock);
  return status;
}

static fc_status_t take_plan(void *self, platform_step_t *step, fc_error_t *error) {
  FC_TRY(check_started(self, step->function, error));
  step->change = platform_local_change(&step->from, &step->to);
  return FC_OK;
}

static fc_status_t take_validate(void *self, const fc_function_configuration_t *configuration, fc_error_t *error) {
  const local_t *local = self;
  int64_t mib = 0;
  fc_knob_range_t caps[FC_KNOBS];
  platform_local_caps(caps);
  for (int32_t f = 0; f < local->workflow->n_functions; ++f) {
    FC_TRY(local_validate(local, f, &configuration[f], error));
    mib += (int64_t)configuration[f].mem_mib * configuration[f].replicas;
  }
  if (mib > caps[FC_KNOB_MEM].max)
    return fc_error_set(error, FC_EUNSAFE, "platform local: mem_mib of all replicas is %lld MiB, this machine has %d",
                        (long long)mib, (int)caps[FC_KNOB_MEM].max);
  return FC_OK;
}

static fc_status_t write_one(local_t *local, int32_t function, const fc_function_configuration_t *to,
                             fc_error_t *error) {
  FC_TRY(check_started(local, function, error));
  pthread_mutex_lock(&local->lock);
  const fc_status_t status = local_change(local, function, to, error);
  pthread_mutex_unlock(&local->lock);
  return status;
}

static fc_status_t take_apply(void *self, const platform_step_t *step, fc_error_t *error) {
  return write_one(self, step->function, &step->to, error);
}

static fc_status_t take_rollback(void *self, const platform_step_t *step, fc_error_t *error) {
  return write_one(self, step->function, &step->from, error);
}

static fc_clock_t take_clock(void *self) {
  return ((local_t *)self)->clock;
}

static void take_destroy(void *self) {
  local_t *local = self;
  if (local->functions && local->proxies) local_stop(local);
  for (int32_t f = 0; local->functions && f < local->workflow->n_functions; ++f) free(local->functions[f].replicas);
  pthread_mutex_destroy(&local->lock);
  free(local->functions);
  free(local->proxies);
  free(local->ports);
  free(local->windows);
  free(local->samples);
  free(local);
}

/* ---- making --------------------------------------------------------------------------------------------------- */

static fc_status_t make_function(local_t *local, int32_t f, fc_error_t *error) {
  const settings_local_t *settings = local->options.settings;
  const fc_function_t *known = &local->workflow->functions[f];
  const settings_local_function_t *found = NULL;
  for (int32_t i = 0; i < settings->n_functions && !found; ++i)
    if (strcmp(settings->functions[i].name, known->name) == 0) found = &settings->functions[i];
  if (!found)
    return fc_error_set(error, FC_ENOTFOUND,
                        "platform local: function %s has no command: add it to platform.functions in agent.yaml",
                        known->name);
  local_function_t *function = &local->functions[f];
  snprintf(function->output, sizeof function->output, "%.1000s/%s.log", local->folder, known->name);
  function->program = (replica_program_t){.arguments = (const char *const *)found->arguments,
                                          .n_arguments = found->n_arguments,
                                          .output = function->output,
                                          .start_timeout_s = settings->start_timeout_s,
                                          .backoff_s = BACKOFF_S,
                                          .max_backoff_s = MAX_BACKOFF_S,
                                          .reserved_ports = local->ports,
                                          .n_reserved_ports = local->workflow->n_functions + MORE_PORTS};
  function->wanted = known->start;
  function->replicas = calloc(LOCAL_MAX_REPLICAS, sizeof *function->replicas);
  if (!function->replicas) return fc_error_set(error, FC_ENOMEM, "platform local: out of memory");
  haproxy_proxy_t *proxy = &local->proxies[f];
  snprintf(proxy->name, sizeof proxy->name, "%s", known->name);
  proxy->port = local->ports[f] = found->port;
  proxy->rejects = settings->rejects;
  return FC_OK;
}

/* Names that HAProxy's file has already, and functions that the workflow does not have. */
static fc_status_t check_names(const local_t *local, fc_error_t *error) {
  const settings_local_t *settings = local->options.settings;
  for (int32_t i = 0; i < settings->n_functions; ++i) {
    const settings_local_function_t *function = &settings->functions[i];
    if (fc_workflow_find(local->workflow, function->name) < 0)
      return fc_error_set(error, FC_EINVAL, "%splatform.functions: workflow %s has no function %s", function->place,
                          local->workflow->name, function->name);
    if (strcmp(function->name, GATEWAY) == 0 || strcmp(function->name, "metrics") == 0)
      return fc_error_set(error, FC_EINVAL,
                          "%splatform local keeps the name %s for itself: call the function otherwise", function->place,
                          function->name);
  }
  return FC_OK;
}

static void make_gateway(local_t *local) {
  const settings_local_t *settings = local->options.settings;
  const int32_t more[MORE_PORTS] = {settings->gateway_port, settings->orchestrator_port, settings->metrics_port};
  memcpy(&local->ports[local->workflow->n_functions], more, sizeof more);
  haproxy_proxy_t *proxy = &local->proxies[local->workflow->n_functions];
  snprintf(proxy->name, sizeof proxy->name, "%s", GATEWAY);
  proxy->port = settings->gateway_port;
  proxy->n_servers = 1;
  proxy->servers[0] = (haproxy_server_t){.name = "orchestrator", .port = settings->orchestrator_port, .ready = true};
}

static fc_status_t make_haproxy(local_t *local, fc_error_t *error) {
  const settings_local_t *settings = local->options.settings;
  haproxy_t *haproxy = &local->haproxy;
  snprintf(haproxy->program, sizeof haproxy->program, "%s", settings->haproxy);
  snprintf(haproxy->file, sizeof haproxy->file, "%.1000s/haproxy.cfg", local->folder);
  snprintf(haproxy->output, sizeof haproxy->output, "%.1000s/haproxy.log", local->folder);
  const int n = snprintf(haproxy->socket.path, sizeof haproxy->socket.path, "%s/haproxy.sock", local->folder);
  if (n >= (int)sizeof haproxy->socket.path)
    return fc_error_set(error, FC_EINVAL, "platform local: the path of the state folder, %s, is too long for a socket",
                        local->options.state);
  haproxy->socket.timeout_s = RUNTIME_TIMEOUT_S;
  haproxy->metrics_port = settings->metrics_port;
  haproxy->request_timeout_s = settings->request_timeout_s;
  haproxy->drain_timeout_s = settings->request_timeout_s;
  haproxy->start_timeout_s = settings->start_timeout_s;
  haproxy->n_proxies = local->workflow->n_functions + 1;
  haproxy->proxies = local->proxies;
  haproxy->meanwhile = local_supervise_meanwhile;
  haproxy->meanwhile_self = local;
  haproxy->process.descriptor = -1;
  return FC_OK;
}

/* Absolute and short: HAProxy takes no other path for a socket. */
static fc_status_t make_folder_name(local_t *local, fc_error_t *error) {
  char *whole = realpath(local->options.state, NULL);
  if (!whole)
    return fc_error_set(error, FC_ENOTFOUND, "platform local: the state folder %s: %s", local->options.state,
                        strerror(errno));
  const int n = snprintf(local->folder, sizeof local->folder, "%s/local", whole);
  free(whole);
  if (n < (int)sizeof local->folder) return FC_OK;
  return fc_error_set(error, FC_EINVAL, "platform local: the path of the state folder is too long");
}

static fc_status_t make_parts(local_t *local, fc_error_t *error) {
  const size_t n = (size_t)local->workflow->n_functions;
  FC_TRY(make_folder_name(local, error));
  local->functions = calloc(n, sizeof *local->functions);
  local->proxies = calloc(n + 1, sizeof *local->proxies);
  local->ports = calloc(n + MORE_PORTS, sizeof *local->ports);
  local->windows = calloc(n + 1, sizeof *local->windows);
  local->samples = calloc(n + 1, sizeof *local->samples);
  if (!local->functions || !local->proxies || !local->ports || !local->windows || !local->samples)
    return fc_error_set(error, FC_ENOMEM, "platform local: out of memory");
  FC_TRY(check_names(local, error));
  for (int32_t f = 0; f < (int32_t)n; ++f) {
    FC_TRY(make_function(local, f, error));
    FC_TRY(local_validate(local, f, &local->functions[f].wanted, error));
  }
  make_gateway(local);
  return make_haproxy(local, error);
}

fc_status_t platform_local_new(const fc_workflow_t *workflow, const platform_local_options_t *options, platform_t *out,
                               fc_error_t *error) {
  *out = (platform_t){0};
  local_t *local = calloc(1, sizeof *local);
  if (!local) return fc_error_set(error, FC_ENOMEM, "platform local: out of memory");
  local->workflow = workflow;
  local->options = *options;
  local->clock = fc_clock_system();
  local->stop = local->changing = -1;
  local->haproxy.process.descriptor = -1;
  pthread_mutex_init(&local->lock, NULL);
  const fc_status_t status = make_parts(local, error);
  if (status != FC_OK) {
    take_destroy(local);
    return status;
  }
  *out = (platform_t){.kind = "local",
                      .self = local,
                      .discover = take_discover,
                      .read = take_read,
                      .read_back = take_read_back,
                      .plan = take_plan,
                      .validate = take_validate,
                      .apply = take_apply,
                      .rollback = take_rollback,
                      .clock = take_clock,
                      .destroy = take_destroy};
  return FC_OK;
}
