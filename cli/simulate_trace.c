/* simulate_trace.c - see simulate_trace.h. */
#include "simulate_trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judge.h"
#include "simulator.h"
#include "trace_file.h"

static fc_status_t new_simulator(const simulate_trace_options_t *options, const trace_file_t *trace,
                                 simulator_t **simulator, fc_error_t *error) {
  const double most = trace_file_most(trace);
  const simulator_options_t simulated = {.seed = (uint64_t)options->seed,
                                         .semantics = options->semantics,
                                         .users = trace->closed_loop ? (int32_t)most : 0,
                                         .rate_per_s = trace->closed_loop ? 0 : most / 60};
  return simulator_new(options->workflow, &simulated, simulator, error);
}

static void keep_window(const simulate_trace_options_t *options, const fc_observation_t *o, double load,
                        simulate_trace_result_t *result) {
  trace_window_t *window = &result->windows[result->n_windows];
  window->minute = result->n_windows / result->windows_per_minute;
  window->load = load;
  window->outcome = o->outcome;
  window->arrival_rate_per_s = o->load.arrival_rate_per_s;
  window->mean_in_flight = o->load.mean_in_flight;
  window->verdict = judge_window(options->workflow, options->semantics, o, result->closed_loop ? load : 0);
  result->n_windows += 1;
  result->successes += o->outcome.successes;
  result->failures += o->outcome.failures;
  result->rejected += o->outcome.rejected;
  result->unfinished = o->outcome.unfinished;
  if (o->outcome.successes > 0) result->latency_mean_s += o->outcome.latency_mean_s * (double)o->outcome.successes;
  result->n_judged += window->verdict != FC_QOS_UNKNOWN;
  result->n_met += window->verdict == FC_QOS_MET;
}

static fc_status_t run_windows(const simulate_trace_options_t *options, const trace_file_t *trace,
                               simulator_t *simulator, fc_observation_t *o, simulate_trace_result_t *result,
                               fc_error_t *error) {
  const int32_t n = trace->n * result->windows_per_minute;
  progress_t progress;
  fc_status_t status = FC_OK;
  progress_start(&progress, "simulating windows");
  for (int32_t w = 0; w < n && status == FC_OK; ++w) {
    const double load = trace->load[w / result->windows_per_minute];
    status = simulator_set_load(simulator, result->closed_loop ? (int32_t)load : 0, result->closed_loop ? 0 : load / 60,
                                error);
    if (status == FC_OK) status = simulator_next_window(simulator, w, options->configuration, o, error);
    if (status == FC_OK) keep_window(options, o, load, result);
    progress_update(&progress, w + 1, n, NULL);
  }
  progress_end(&progress);
  result->latency_mean_s = result->successes > 0 ? result->latency_mean_s / (double)result->successes : NAN;
  return status;
}

static fc_status_t simulate_minutes(const simulate_trace_options_t *options, const trace_file_t *trace,
                                    simulate_trace_result_t *result, fc_error_t *error) {
  FC_TRY(trace_file_windows_per_minute(options->workflow, &result->windows_per_minute, error));
  memcpy(result->column, trace->column, sizeof result->column);
  result->closed_loop = trace->closed_loop;
  result->n_minutes = trace->n;
  FC_ASSERT(trace->n > 0 && result->windows_per_minute > 0);
  result->windows = calloc((size_t)trace->n * (size_t)result->windows_per_minute, sizeof *result->windows);
  fc_observation_t observation;
  if (result->windows == NULL || fc_observation_init(&observation, options->workflow->n_functions) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "no memory for %d minutes", (int)trace->n);
  simulator_t *simulator = NULL;
  fc_status_t status = new_simulator(options, trace, &simulator, error);
  if (status == FC_OK) status = run_windows(options, trace, simulator, &observation, result, error);
  simulator_destroy(&simulator);
  fc_observation_clear(&observation);
  return status;
}

fc_status_t simulate_trace(const simulate_trace_options_t *options, simulate_trace_result_t *result,
                           fc_error_t *error) {
  trace_file_t trace = {0};
  memset(result, 0, sizeof *result);
  fc_status_t status = trace_file_read(options->path, options->column, &trace, error);
  if (status == FC_OK) status = simulate_minutes(options, &trace, result, error);
  trace_file_clear(&trace);
  return status;
}

void simulate_trace_clear(simulate_trace_result_t *result) {
  free(result->windows);
  memset(result, 0, sizeof *result);
}
