/* local_read.c - a window measured, a configuration read back: see local_state.h.
 *
 * Where each metric comes from: latencies, successes, rejections, failures, bytes: HAProxy's log of the function's
 * frontend; CPU, throttling, memory: the replicas' control groups; in flight: samples of HAProxy's servers; load and
 * outcome: the gateway's frontend, that is what the workflow's clients see.
 */
#include <stdlib.h>
#include <string.h>

#include "local_state.h"

static const double NS_PER_S = 1e9, MIB = 1 << 20;

/* ---- configuration in force ----------------------------------------------------------------------------------- */

static fc_status_t read_limits(const local_function_t *function, const char *name,
                               fc_function_configuration_t *configuration, fc_error_t *error) {
  for (int32_t i = 0; i < function->n_replicas; ++i) {
    int32_t millicores = 0, mib = 0;
    FC_TRY(cgroup_limits(&function->replicas[i].group, &millicores, &mib, error));
    if (i > 0 && (millicores != configuration->cpu_millicores || mib != configuration->mem_mib))
      return fc_error_set(error, FC_ESTATE,
                          "function %s: replicas have different limits: %d m and %d MiB, %d m and %d MiB", name,
                          (int)configuration->cpu_millicores, (int)configuration->mem_mib, (int)millicores, (int)mib);
    configuration->cpu_millicores = millicores;
    configuration->mem_mib = mib;
  }
  return FC_OK;
}

static fc_status_t count_servers(const haproxy_stat_t *stat, const char *name,
                                 fc_function_configuration_t *configuration, fc_error_t *error) {
  for (int32_t i = 0; i < stat->n_rows; ++i) {
    const haproxy_stat_row_t *row = &stat->rows[i];
    if (row->kind != HAPROXY_STAT_SERVER || strcmp(row->proxy, name) != 0 || !row->up) continue;
    if (configuration->replicas > 0 && configuration->concurrency != (int32_t)row->limit)
      return fc_error_set(error, FC_ESTATE, "function %s: servers have different limits: %d and %d", name,
                          (int)configuration->concurrency, (int)row->limit);
    configuration->concurrency = (int32_t)row->limit;
    configuration->replicas += 1;
  }
  if (configuration->replicas > 0) return FC_OK;
  return fc_error_set(error, FC_ESTATE, "function %s: no replica is up in HAProxy", name);
}

static fc_status_t read_function(const local_t *local, const haproxy_stat_t *stat, int32_t f,
                                 fc_function_configuration_t *configuration, fc_error_t *error) {
  const char *name = local->workflow->functions[f].name;
  memset(configuration, 0, sizeof *configuration);
  FC_TRY(read_limits(&local->functions[f], name, configuration, error));
  return count_servers(stat, name, configuration, error);
}

fc_status_t local_read_back(local_t *local, int32_t f, fc_function_configuration_t *configuration, fc_error_t *error) {
  haproxy_stat_t stat;
  fc_status_t status = haproxy_read(&local->haproxy, &stat, error);
  if (status == FC_OK) status = read_function(local, &stat, f, configuration, error);
  haproxy_stat_clear(&stat);
  return status;
}

/* ---- window --------------------------------------------------------------------------------------------------- */

static local_counters_t count_all(const local_function_t *function, double *mem_share, int32_t *n_read) {
  local_counters_t all = function->removed;
  *mem_share = 0;
  *n_read = 0;
  for (int32_t i = 0; i < function->n_replicas; ++i) {
    cgroup_usage_t usage;
    int32_t millicores = 0, mib = 0;
    const cgroup_t *group = &function->replicas[i].group;
    if (cgroup_usage(group, &usage, NULL) != FC_OK || cgroup_limits(group, &millicores, &mib, NULL) != FC_OK) continue;
    all.cpu_s += usage.cpu_s;
    all.throttled_periods += usage.throttled_periods;
    all.oom_kills += usage.oom_kills;
    if (mib > 0) *mem_share += (double)usage.memory_bytes / (mib * MIB);
    *n_read += 1;
  }
  return all;
}

static void read_groups(local_t *local, int32_t f, double duration_s, fc_function_metrics_t *metrics) {
  local_function_t *function = &local->functions[f];
  double mem_share = 0;
  int32_t n = 0;
  const local_counters_t now = count_all(function, &mem_share, &n);
  const local_counters_t before = function->before;
  function->before = now;
  if (now.oom_kills > before.oom_kills)
    FC_LOG_W(local->options.log, "local", "function %s: %lld processes were killed at the memory limit",
             local->workflow->functions[f].name, (long long)(now.oom_kills - before.oom_kills));
  if (n == 0 || n != function->n_replicas || now.cpu_s < before.cpu_s) return;
  metrics->cpu_utilization_pct = 100 * (now.cpu_s - before.cpu_s) / duration_s / n;
  metrics->throttled_periods = (double)(now.throttled_periods - before.throttled_periods) / n;
  metrics->mem_utilization_pct = 100 * mem_share / n;
  metrics->present |= FC_METRIC_BIT(CPU_UTILIZATION) | FC_METRIC_BIT(THROTTLED) | FC_METRIC_BIT(MEM_UTILIZATION);
}

static void read_requests(const local_t *local, int32_t f, double duration_s, fc_function_metrics_t *metrics) {
  const access_log_window_t *window = &local->windows[f];
  const local_samples_t *samples = &local->samples[f];
  const int32_t n = local->functions[f].n_replicas;
  metrics->requests = (double)(window->successes + window->rejected + window->failed);
  metrics->rejected = (double)window->rejected;
  metrics->failed = (double)window->failed;
  metrics->mean_in_flight =
      samples->samples > 0 ? samples->in_service / (double)samples->samples : window->service_s / duration_s;
  metrics->present |=
      FC_METRIC_BIT(REQUESTS) | FC_METRIC_BIT(REJECTED) | FC_METRIC_BIT(FAILED) | FC_METRIC_BIT(IN_FLIGHT);
  if (n > 0) {
    metrics->net_rx_bytes_per_s = (double)window->bytes_in / duration_s / n;
    metrics->present |= FC_METRIC_BIT(NET_RX);
  }
  if (window->successes == 0) return;
  metrics->latency_p75_s = fc_histogram_quantile_s(&window->latency, 0.75);
  metrics->latency_p95_s = fc_histogram_quantile_s(&window->latency, 0.95);
  metrics->present |= FC_METRIC_BIT(LATENCY_P75) | FC_METRIC_BIT(LATENCY_P95);
}

/* Workflows at the gateway now. After a reload an old process may have some too, which nobody counts: -1. */
static int64_t count_in_flight(const local_t *local, const haproxy_stat_t *stat, int64_t now_ns) {
  const haproxy_stat_row_t *row = haproxy_stat_find(stat, local->proxies[local->workflow->n_functions].name, NULL);
  return row && now_ns >= local->old_worker_ns ? row->in_service : -1;
}

/* Requests that the gateway has taken since it was started; -1 unknown. */
static int64_t count_arrivals(const local_t *local, const haproxy_stat_t *stat) {
  const haproxy_stat_row_t *row = haproxy_stat_frontend(stat, local->proxies[local->workflow->n_functions].name);
  return row ? row->requests : -1;
}

static void read_load(local_t *local, const haproxy_stat_t *stat, double duration_s, fc_load_t *load) {
  const int32_t gateway = local->workflow->n_functions;
  const access_log_window_t *window = &local->windows[gateway];
  const local_samples_t *samples = &local->samples[gateway];
  const int64_t arrivals = count_arrivals(local, stat);
  /* After a reload the counter began anew: then what ended is the best there is. */
  int64_t arrived = window->successes + window->rejected + window->failed;
  if (local->arrivals >= 0 && arrivals >= local->arrivals) arrived = arrivals - local->arrivals;
  local->arrivals = arrivals;
  load->arrival_rate_per_s = (double)arrived / duration_s;
  load->mean_in_flight =
      samples->samples > 0 ? samples->in_system / (double)samples->samples : window->service_s / duration_s;
  load->present = FC_LOAD_HAS_ARRIVAL_RATE | FC_LOAD_HAS_IN_FLIGHT;
}

void local_begin_window(local_t *local) {
  haproxy_stat_t stat;
  int64_t malformed = 0;
  local->window_start_ns = local->clock.monotonic_ns(local->clock.self);
  local->window_start_us = local->clock.wall_us(local->clock.self);
  access_log_take(local->log, local->windows, &malformed);
  local->arrivals = haproxy_read(&local->haproxy, &stat, NULL) == FC_OK ? count_arrivals(local, &stat) : -1;
  haproxy_stat_clear(&stat);
  memset(local->samples, 0, (size_t)(local->workflow->n_functions + 1) * sizeof *local->samples);
  for (int32_t f = 0; f < local->workflow->n_functions; ++f) {
    double mem_share = 0;
    int32_t n = 0;
    local->functions[f].before = count_all(&local->functions[f], &mem_share, &n);
  }
}

fc_status_t local_read(local_t *local, fc_observation_t *observation, fc_error_t *error) {
  const int32_t n = local->workflow->n_functions;
  const int64_t now_ns = local->clock.monotonic_ns(local->clock.self);
  const double duration_s = (double)(now_ns - local->window_start_ns) / NS_PER_S;
  int64_t malformed = 0;
  haproxy_stat_t stat;
  fc_status_t status = FC_OK;
  if (duration_s <= 0) return fc_error_set(error, FC_ETIMEOUT, "platform local: the window has no length");
  observation->start_us = local->window_start_us;
  observation->duration_s = duration_s;
  /* HAProxy first: when it has answered it has logged what it had answered before. */
  status = haproxy_read(&local->haproxy, &stat, error);
  access_log_take(local->log, local->windows, &malformed);
  if (malformed > 0) FC_LOG_D(local->options.log, "local", "%lld log lines were not understood", (long long)malformed);
  for (int32_t f = 0; f < n; ++f) {
    fc_function_metrics_t *metrics = &observation->metrics[f];
    memset(metrics, 0, sizeof *metrics);
    if (status == FC_OK) status = read_function(local, &stat, f, &observation->configuration[f], error);
    /* A function of which nothing is up comes back: of this platform nothing is lost for good. */
    if (status == FC_ESTATE) status = FC_EIO;
    read_groups(local, f, duration_s, metrics);
    read_requests(local, f, duration_s, metrics);
  }
  local_outcome(local->windows, n, count_in_flight(local, &stat, now_ns), &local->tells_rejected,
                &observation->outcome);
  read_load(local, &stat, duration_s, &observation->load);
  haproxy_stat_clear(&stat);
  memset(local->samples, 0, (size_t)(n + 1) * sizeof *local->samples);
  local->window_start_ns = now_ns;
  local->window_start_us = local->clock.wall_us(local->clock.self);
  return status;
}
