/* local_start.c - groups, replicas and HAProxy come up and go down: see local_state.h. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "local_state.h"

enum { STEP_MS = 5, REMOVE_TRIES = 400 };
static const double NS_PER_S = 1e9;

static int64_t now_ns(const local_t *local) {
  return local->clock.monotonic_ns(local->clock.self);
}

static void pause_step(void) {
  const struct timespec time = {0, STEP_MS * 1000000L};
  (void)nanosleep(&time, NULL);
}

/* ---- replicas ------------------------------------------------------------------------------------------------- */

static void remove_group(const local_t *local, const cgroup_t *group) {
  fc_error_t error = {0};
  for (int tries = 0; tries < REMOVE_TRIES; ++tries) {
    if (cgroup_remove(group, &error) != FC_ESTATE) break;
    (void)cgroup_signal(group, SIGKILL);
    pause_step();
  }
  if (cgroup_exists(group)) FC_LOG_W(local->options.log, "local", "%s", error.message);
}

fc_status_t local_add_replica(local_t *local, int32_t f, const fc_function_configuration_t *configuration,
                              replica_t *replica, fc_error_t *error) {
  local_function_t *function = &local->functions[f];
  char name[REPLICA_NAME_SIZE], group_name[FC_NAME_SIZE + REPLICA_NAME_SIZE];
  cgroup_t group;
  function->next_number += 1;
  snprintf(name, sizeof name, "r%d", (int)function->next_number);
  snprintf(group_name, sizeof group_name, "%s-%s", local->workflow->functions[f].name, name);
  FC_TRY(cgroup_child(&local->parent, group_name, &group, error));
  FC_TRY(cgroup_make(&local->parent, &group, error));
  replica_init(replica, name, &group);
  fc_status_t status = cgroup_set_memory(&group, configuration->mem_mib, error);
  if (status == FC_OK) status = cgroup_set_cpu(&group, configuration->cpu_millicores, error);
  if (status == FC_OK) status = replica_start(replica, &function->program, now_ns(local), error);
  if (status == FC_OK) return FC_OK;
  remove_group(local, &group);
  return status;
}

static void keep_counters(local_function_t *function, const replica_t *replica) {
  cgroup_usage_t usage;
  if (cgroup_usage(&replica->group, &usage, NULL) != FC_OK) return;
  function->removed.cpu_s += usage.cpu_s;
  function->removed.throttled_periods += usage.throttled_periods;
  function->removed.oom_kills += usage.oom_kills;
}

void local_end_replicas(local_t *local, int32_t f, replica_t *replicas, int32_t n) {
  for (int32_t i = 0; i < n; ++i) replica_ask_to_stop(&replicas[i]);
  for (int32_t i = 0; i < n; ++i) {
    replica_stop(&replicas[i], local->options.settings->grace_s);
    keep_counters(&local->functions[f], &replicas[i]);
    remove_group(local, &replicas[i].group);
  }
}

fc_status_t local_wait_until_serving(local_t *local, int32_t f, replica_t *replicas, int32_t n, fc_error_t *error) {
  const local_function_t *function = &local->functions[f];
  const double timeout_s = function->program.start_timeout_s;
  const int64_t until_ns = now_ns(local) + (int64_t)(timeout_s * NS_PER_S);
  for (;;) {
    int32_t serving = 0;
    for (int32_t i = 0; i < n; ++i) {
      (void)replica_step(&replicas[i], &function->program, now_ns(local));
      if (replicas[i].state == REPLICA_WAITING)
        return fc_error_set(error, FC_ESTATE, "function %s: replica %s did not start (%s); its output is in %s",
                            local->workflow->functions[f].name, replicas[i].name, replicas[i].why, function->output);
      serving += replicas[i].state == REPLICA_SERVING;
    }
    if (serving == n) return FC_OK;
    if (now_ns(local) >= until_ns)
      return fc_error_set(error, FC_ETIMEOUT, "function %s: %d of %d replicas answer GET /health within %.3g s",
                          local->workflow->functions[f].name, (int)serving, (int)n, timeout_s);
    pause_step();
  }
}

void local_fill_proxy(local_t *local, int32_t f) {
  const local_function_t *function = &local->functions[f];
  haproxy_proxy_t *proxy = &local->proxies[f];
  proxy->n_servers = function->n_replicas;
  for (int32_t i = 0; i < function->n_replicas; ++i) {
    const replica_t *replica = &function->replicas[i];
    haproxy_server_t *server = &proxy->servers[i];
    snprintf(server->name, sizeof server->name, "%s", replica->name);
    if (replica->port > 0) server->port = replica->port;
    server->maxconn = function->wanted.concurrency;
    server->ready = replica->state == REPLICA_SERVING;
  }
}

/* All functions at once: they start side by side. */
static fc_status_t start_replicas(local_t *local, fc_error_t *error) {
  for (int32_t f = 0; f < local->workflow->n_functions; ++f) {
    local_function_t *function = &local->functions[f];
    while (function->n_replicas < function->wanted.replicas) {
      FC_TRY(local_add_replica(local, f, &function->wanted, &function->replicas[function->n_replicas], error));
      function->n_replicas += 1;
    }
  }
  for (int32_t f = 0; f < local->workflow->n_functions; ++f) {
    local_function_t *function = &local->functions[f];
    FC_TRY(local_wait_until_serving(local, f, function->replicas, function->n_replicas, error));
    local_fill_proxy(local, f);
  }
  return FC_OK;
}

/* ---- all ------------------------------------------------------------------------------------------------------ */

/* Below this process's own group, or where that cannot be, below the top one. The record comes first. */
static fc_status_t make_groups(local_t *local, fc_error_t *error) {
  cgroup_t places[2];
  char name[FC_NAME_SIZE + 16];
  snprintf(name, sizeof name, "faasconf-%s", local->options.agent);
  FC_TRY(cgroup_find("", &places[0], &places[1], error));
  fc_status_t status = FC_OK;
  for (int i = 0; i < 2; ++i) {
    FC_TRY(cgroup_child(&places[i], name, &local->parent, error));
    if (cgroup_exists(&local->parent)) {
      status = fc_error_set(error, FC_EEXISTS,
                            "platform local: the control group %s is there, and not of this state folder: is another "
                            "agent of this name running? Give one of them another name, or remove the group",
                            local->parent.folders[0].path);
      memset(&local->parent, 0, sizeof local->parent);
      return status;
    }
    FC_TRY(local_record_write(local, error));
    status = cgroup_make(&places[i], &local->parent, error);
    if (status == FC_ESTATE && cgroup_step_aside(&places[i])) status = cgroup_make(&places[i], &local->parent, error);
    if (status == FC_OK) break;
    memset(&local->parent, 0, sizeof local->parent);
  }
  if (status != FC_OK) return status;
  FC_TRY(cgroup_child(&local->parent, "haproxy", &local->haproxy_group, error));
  return cgroup_make(&local->parent, &local->haproxy_group, error);
}

static fc_status_t start_all(local_t *local, fc_error_t *error) {
  if (mkdir(local->folder, 0700) != 0 && errno != EEXIST)
    return fc_error_set(error, FC_EIO, "%s: cannot make the folder: %s", local->folder, strerror(errno));
  FC_TRY(local_record_clear_away(local, error));
  FC_TRY(make_groups(local, error));
  FC_TRY(access_log_new(local->workflow->n_functions + 1, &local->log, error));
  local->haproxy.log_port = access_log_port(local->log);
  FC_TRY(start_replicas(local, error));
  FC_TRY(haproxy_start(&local->haproxy, &local->haproxy_group, error));
  local_begin_window(local);
  return local_supervise_start(local, error);
}

fc_status_t local_start(local_t *local, fc_error_t *error) {
  if (local->started) return FC_OK;
  const fc_status_t status = start_all(local, error);
  local->started = status == FC_OK;
  if (status == FC_OK) return FC_OK;
  local_stop(local);
  if (error != NULL && strncmp(error->message, "platform local", 14) != 0) fc_error_prefix(error, "platform local");
  return status;
}

void local_stop(local_t *local) {
  local_supervise_stop(local);
  haproxy_stop(&local->haproxy);
  for (int32_t f = 0; f < local->workflow->n_functions; ++f) {
    local_function_t *function = &local->functions[f];
    for (int32_t i = 0; i < function->n_replicas; ++i) replica_ask_to_stop(&function->replicas[i]);
  }
  for (int32_t f = 0; f < local->workflow->n_functions; ++f) {
    local_function_t *function = &local->functions[f];
    local_end_replicas(local, f, function->replicas, function->n_replicas);
    function->n_replicas = 0;
  }
  access_log_destroy(&local->log);
  if (local->parent.n_folders > 0) {
    remove_group(local, &local->haproxy_group);
    remove_group(local, &local->parent);
    if (!cgroup_exists(&local->parent)) local_record_remove(local);
    memset(&local->parent, 0, sizeof local->parent);
  }
  local->started = false;
}
