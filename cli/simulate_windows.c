/* simulate_windows.c - see simulate_windows.h. */
#include "simulate_windows.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "faasconf/cost.h"
#include "jobs.h"
#include "judge.h"
#include "quantile.h"
#include "simulator.h"

fc_status_t simulation_init(simulation_t *simulation, fc_error_t *error) {
  const size_t n = (size_t)simulation->workflow->n_functions;
  simulation->configuration = calloc(n, sizeof *simulation->configuration);
  simulation->series = calloc((size_t)simulation->n_windows * N_SERIES, sizeof *simulation->series);
  simulation->means = calloc(n, sizeof *simulation->means);
  simulation->n_latencies = calloc(n, sizeof *simulation->n_latencies);
  simulation->execution_s = calloc(n, sizeof *simulation->execution_s);
  if (simulation->configuration == NULL || simulation->series == NULL || simulation->means == NULL ||
      simulation->n_latencies == NULL || simulation->execution_s == NULL)
    return fc_error_set(error, FC_ENOMEM, "no memory for %" PRId64 " windows", simulation->n_windows);
  return FC_OK;
}

void simulation_clear(simulation_t *simulation) {
  free(simulation->configuration);
  free(simulation->series);
  free(simulation->means);
  free(simulation->n_latencies);
  free(simulation->execution_s);
}

/* Sums here; finish() divides. A function's latencies are averaged over the windows that have them. */
static void add_functions(simulation_t *simulation, const fc_observation_t *o) {
  for (int32_t f = 0; f < simulation->workflow->n_functions; ++f) {
    const fc_function_metrics_t *metrics = &o->metrics[f];
    fc_function_metrics_t *sum = &simulation->means[f];
    simulation->n_latencies[f] += (metrics->present & FC_METRIC_BIT(LATENCY_P75)) != 0;
#define ADD_METRIC(name, field, unit) \
  if (metrics->present & FC_METRIC_BIT(name)) sum->field += metrics->field;
    FC_FUNCTION_METRICS(ADD_METRIC)
#undef ADD_METRIC
    simulation->execution_s[f] = metrics->mean_in_flight * o->duration_s;
  }
}

static void add_window(simulation_t *simulation, int64_t window, const fc_observation_t *o) {
  const bool success = o->outcome.successes > 0, idle = simulation->users == 0 && fc_observation_is_idle(o);
  const double without_success_s = idle ? NAN : o->duration_s;
  double values[N_SERIES];
  values[SERIES_LATENCY_MEAN] = success ? o->outcome.latency_mean_s : without_success_s;
  values[SERIES_LATENCY_P95] = success ? o->outcome.latency_p95_s : without_success_s;
  values[SERIES_SUCCESSES] = (double)o->outcome.successes;
  values[SERIES_FAILURES] = (double)o->outcome.failures;
  values[SERIES_REJECTED] = (double)o->outcome.rejected;
  values[SERIES_UNFINISHED] = (double)o->outcome.unfinished;
  values[SERIES_ARRIVAL_RATE] = o->load.arrival_rate_per_s;
  values[SERIES_IN_FLIGHT] = o->load.mean_in_flight;
  for (int s = 0; s < N_SERIES; ++s) simulation->series[s * simulation->n_windows + window] = values[s];
  const fc_qos_verdict_t verdict =
      judge_window(simulation->workflow, simulation->semantics, o, (double)simulation->users);
  simulation->n_idle += idle;
  simulation->n_without_success += !success && !idle;
  simulation->n_met += verdict == FC_QOS_MET;
  simulation->n_judged += verdict != FC_QOS_UNKNOWN;
  add_functions(simulation, o);
  simulation->cost_eq2_usd += fc_cost_eq2_usd(simulation->workflow, simulation->configuration, simulation->execution_s);
}

/* Windows are simulated in any order by the jobs, a batch at a time, and added up in their own. */
enum { BATCH_WINDOWS = 256 };

typedef struct {
  const simulation_t *simulation;
  simulator_t **simulators;       /* (jobs) */
  fc_observation_t *observations; /* (BATCH_WINDOWS) */
  int64_t first;                  /* window of the batch */
} batch_t;

static fc_status_t simulate_one(void *context, int32_t worker, int64_t piece, fc_error_t *error) {
  const batch_t *batch = context;
  const simulation_t *simulation = batch->simulation;
  const simulator_options_t options = {.seed = (uint64_t)simulation->seed,
                                       .semantics = simulation->semantics,
                                       .users = (int32_t)simulation->users,
                                       .rate_per_s = simulation->rate_per_s};
  FC_TRY(simulator_renew(simulation->workflow, &options, &batch->simulators[worker], error));
  return simulator_observed_window(batch->simulators[worker], batch->first + piece, simulation->configuration,
                                   &batch->observations[piece], error);
}

static fc_status_t batch_init(batch_t *batch, const simulation_t *simulation, fc_error_t *error) {
  *batch = (batch_t){.simulation = simulation};
  batch->simulators = calloc((size_t)simulation->jobs, sizeof *batch->simulators);
  batch->observations = calloc(BATCH_WINDOWS, sizeof *batch->observations);
  fc_status_t status = batch->simulators != NULL && batch->observations != NULL ? FC_OK : FC_ENOMEM;
  for (int32_t i = 0; i < BATCH_WINDOWS && status == FC_OK; ++i)
    status = fc_observation_init(&batch->observations[i], simulation->workflow->n_functions);
  return status == FC_OK ? FC_OK : fc_error_set(error, FC_ENOMEM, "no memory to simulate");
}

static void batch_clear(batch_t *batch) {
  for (int64_t j = 0; batch->simulators != NULL && j < batch->simulation->jobs; ++j)
    simulator_destroy(&batch->simulators[j]);
  for (int32_t i = 0; batch->observations != NULL && i < BATCH_WINDOWS; ++i)
    fc_observation_clear(&batch->observations[i]);
  free(batch->simulators);
  free(batch->observations);
}

static fc_status_t run_windows(simulation_t *simulation, fc_error_t *error) {
  batch_t batch;
  progress_t progress;
  fc_status_t status = batch_init(&batch, simulation, error);
  progress_start(&progress, "simulating windows");
  while (status == FC_OK && batch.first < simulation->n_windows) {
    const int64_t left = simulation->n_windows - batch.first, n = left < BATCH_WINDOWS ? left : BATCH_WINDOWS;
    status = jobs_run((int32_t)simulation->jobs, n, simulate_one, NULL, &batch, error);
    for (int64_t i = 0; i < n && status == FC_OK; ++i) add_window(simulation, batch.first + i, &batch.observations[i]);
    batch.first += n;
    progress_update(&progress, batch.first, simulation->n_windows, NULL);
  }
  progress_end(&progress);
  batch_clear(&batch);
  return status;
}

/* Of the values that are there. */
static spread_t measure(double *values, int64_t n_windows) {
  int64_t n = 0;
  for (int64_t i = 0; i < n_windows; ++i)
    if (!isnan(values[i])) values[n++] = values[i];
  if (n == 0) return (spread_t){NAN, NAN, NAN, NAN, NAN};
  spread_t spread = {0};
  for (int64_t i = 0; i < n; ++i) spread.mean += values[i];
  spread.mean /= (double)n;
  quantile_sort(values, n);
  spread.low80 = quantile_of_sorted(values, n, 0.1);
  spread.high80 = quantile_of_sorted(values, n, 0.9);
  spread.low95 = quantile_of_sorted(values, n, 0.025);
  spread.high95 = quantile_of_sorted(values, n, 0.975);
  return spread;
}

static void finish(simulation_t *simulation) {
  const double n = (double)simulation->n_windows;
  for (int s = 0; s < N_SERIES; ++s)
    simulation->spread[s] = measure(&simulation->series[s * simulation->n_windows], simulation->n_windows);
  for (int32_t f = 0; f < simulation->workflow->n_functions; ++f) {
    fc_function_metrics_t *mean = &simulation->means[f];
    const double n_latencies = (double)simulation->n_latencies[f];
    const double p75 = mean->latency_p75_s / n_latencies, p95 = mean->latency_p95_s / n_latencies;
#define DIVIDE_METRIC(name, field, unit) mean->field /= n;
    FC_FUNCTION_METRICS(DIVIDE_METRIC)
#undef DIVIDE_METRIC
    mean->latency_p75_s = n_latencies > 0 ? p75 : NAN;
    mean->latency_p95_s = n_latencies > 0 ? p95 : NAN;
  }
  simulation->cost_usd_h = fc_cost_reserved_usd_h(simulation->workflow, simulation->configuration);
  simulation->cost_eq2_usd /= n;
  const int32_t n_met = (int32_t)simulation->n_met, n_judged = (int32_t)simulation->n_judged;
  simulation->compliance = n_judged > 0 ? (double)n_met / n_judged : NAN;
  simulation->qos_met = simulation->compliance >= JUDGE_REQUIRED_COMPLIANCE;
  if (n_judged > 0) judge_wilson(n_met, n_judged, &simulation->wilson_low, &simulation->wilson_high);
}

fc_status_t simulation_run(simulation_t *simulation, fc_error_t *error) {
  FC_TRY(run_windows(simulation, error));
  finish(simulation);
  return FC_OK;
}
