/* metrics.c - see metrics.h. CPU, throttling, memory and network are averages over the window and over replicas. */
#include "metrics.h"

#include <string.h>

#define CFS_PERIODS_PER_S 10.0

static FC_HOST_DEVICE void fill_function(const simulator_t *simulator, const function_state_t *function,
                                         fc_function_metrics_t *metrics) {
  /* In a window of replacements those that start up and those that leave count as long as they lived. */
  const double replica_s = function->replica_s, replicas = replica_s / simulator->window_s;
  const double periods_per_s =
      simulator->cpu_period_s > 0 && function->mode == FC_MODE_FORK ? 1 / simulator->cpu_period_s : CFS_PERIODS_PER_S;
  memset(metrics, 0, sizeof *metrics);
  metrics->cpu_utilization_pct = 100 * function->cpu_s / replica_s;
  metrics->throttled_periods = periods_per_s * function->throttled_s / replicas;
  metrics->mem_utilization_pct = 100 * function->mem_share_s / replica_s;
  metrics->net_rx_bytes_per_s =
      (double)(function->requests - function->rejected) * function->net_bytes_per_call / replica_s;
  metrics->requests = (double)function->requests;
  metrics->rejected = (double)function->rejected;
  metrics->failed = (double)function->failed;
  metrics->mean_in_flight = function->in_flight_s / simulator->window_s;
  metrics->present =
      ((1u << FC_FUNCTION_METRIC_COUNT) - 1u) & ~(FC_METRIC_BIT(LATENCY_P75) | FC_METRIC_BIT(LATENCY_P95));
}

static FC_HOST_DEVICE void fill_outcome(const simulator_t *simulator, workflow_counts_t *counts,
                                        fc_outcome_t *outcome) {
  memset(outcome, 0, sizeof *outcome);
  outcome->present =
      FC_OUTCOME_HAS_COUNTS | FC_OUTCOME_HAS_UNFINISHED | FC_OUTCOME_HAS_REJECTED | FC_OUTCOME_HAS_EXECUTION;
  outcome->successes = counts->successes;
  outcome->failures = counts->failures;
  outcome->rejected = counts->rejected;
  outcome->unfinished = counts->unfinished;
  for (int32_t f = 0; f < simulator->n_functions; ++f) outcome->execution_s += simulator->functions[f].in_flight_s;
  if (counts->successes == 0) return;
  const double percentile = 95;
  outcome->present |= FC_OUTCOME_HAS_LATENCY_MEAN | FC_OUTCOME_HAS_LATENCY_P95;
  outcome->latency_mean_s = counts->latency_sum_s / (double)counts->successes;
  samples_percentiles(&counts->latencies, &percentile, 1, &outcome->latency_p95_s);
}

FC_HOST_DEVICE void metrics_fill(simulator_t *simulator, fc_observation_t *observation) {
  observation->window = simulator->window;
  observation->duration_s = simulator->window_s;
  observation->load.present = FC_LOAD_HAS_ARRIVAL_RATE | FC_LOAD_HAS_IN_FLIGHT;
  observation->load.arrival_rate_per_s = (double)simulator->counts.started / simulator->window_s;
  observation->load.mean_in_flight = simulator->counts.in_flight_s / simulator->window_s;
  fill_outcome(simulator, &simulator->counts, &observation->outcome);
  for (int32_t f = 0; f < simulator->n_functions; ++f)
    fill_function(simulator, &simulator->functions[f], &observation->metrics[f]);
}

FC_HOST_DEVICE void metrics_fill_latencies(simulator_t *simulator, fc_observation_t *observation) {
  const double percentiles[2] = {75, 95};
  double seconds[2];
  for (int32_t f = 0; f < simulator->n_functions; ++f) {
    samples_t *durations = &simulator->functions[f].durations;
    fc_function_metrics_t *metrics = &observation->metrics[f];
    if (durations->n == 0) continue;
    samples_percentiles(durations, percentiles, 2, seconds);
    metrics->latency_p75_s = seconds[0];
    metrics->latency_p95_s = seconds[1];
    metrics->present |= FC_METRIC_BIT(LATENCY_P75) | FC_METRIC_BIT(LATENCY_P95);
  }
}
