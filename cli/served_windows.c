/* served_windows.c - see served.h: the windows themselves, and what is kept of them. */
#include <stdlib.h>
#include <string.h>

#include "faasconf/cost.h"
#include "judge.h"
#include "served_state.h"

static fc_status_t make_simulator(served_t *served, fc_error_t *error) {
  const served_options_t *options = &served->options;
  simulator_options_t simulated = {.seed = (uint64_t)options->seed,
                                   .semantics = options->semantics,
                                   .users = (int32_t)options->users,
                                   .rate_per_s = options->rate_per_s};
  served->most_windows = options->n_windows > 0 ? options->n_windows : SERVED_MAX_WINDOWS;
  if (options->trace != NULL) {
    FC_TRY(trace_file_windows_per_minute(options->workflow, &served->windows_per_minute, error));
    const int64_t all = (int64_t)options->trace->n * served->windows_per_minute;
    if (served->most_windows > all) served->most_windows = all;
    const double most = trace_file_most(options->trace);
    simulated.users = options->trace->closed_loop ? (int32_t)most : 0;
    simulated.rate_per_s = options->trace->closed_loop ? 0 : most / 60;
  }
  if (served->most_windows > SERVED_MAX_WINDOWS)
    return fc_error_set(error, FC_EINVAL, "at most %d windows in one run", SERVED_MAX_WINDOWS);
  return simulator_new(options->workflow, &simulated, &served->simulator, error);
}

fc_status_t served_windows_init(served_t *served, fc_error_t *error) {
  const size_t n = (size_t)served->options.workflow->n_functions;
  served->owner = calloc(n, sizeof *served->owner);
  served->writer = calloc(n, sizeof *served->writer);
  served->wanted = calloc(n, sizeof *served->wanted);
  served->claimed = calloc(n * SERVED_MAX_AGENTS, sizeof *served->claimed);
  served->in_force = calloc(n, sizeof *served->in_force);
  served->next = calloc(n, sizeof *served->next);
  served->seen = calloc(n, sizeof *served->seen);
  if (served->owner == NULL || served->writer == NULL || served->wanted == NULL || served->claimed == NULL ||
      served->in_force == NULL || served->next == NULL || served->seen == NULL ||
      fc_observation_init(&served->observation, (int32_t)n) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "no memory for %zu functions", n);
  return make_simulator(served, error);
}

void served_windows_clear(served_t *served) {
  simulator_destroy(&served->simulator);
  fc_observation_clear(&served->observation);
  free(served->owner);
  free(served->writer);
  free(served->wanted);
  free(served->claimed);
  free(served->in_force);
  free(served->next);
  free(served->seen);
  free(served->windows);
  free(served->changes);
}

int64_t served_start_us(const served_t *served, int64_t window) {
  return served->wall_start_us + window * (int64_t)(served->options.workflow->window_s * 1e6);
}

/* ---- keeping ---- */

static fc_status_t make_room(served_t *served, fc_error_t *error) {
  const int32_t n = served->options.workflow->n_functions;
  if (served->n_windows == served->window_capacity) {
    const int64_t capacity = served->window_capacity > 0 ? 2 * served->window_capacity : 64;
    served_window_t *windows = realloc(served->windows, (size_t)capacity * sizeof *windows);
    if (windows == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d windows", (int)capacity);
    served->windows = windows;
    served->window_capacity = capacity;
  }
  if (served->n_changes > INT32_MAX / 2 - n) return fc_error_set(error, FC_EEXHAUSTED, "too many changes in one run");
  if (served->n_changes + n > served->change_capacity) {
    const int32_t capacity = 2 * served->change_capacity + n;
    served_change_t *changes = realloc(served->changes, (size_t)capacity * sizeof *changes);
    if (changes == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d changes", (int)capacity);
    served->changes = changes;
    served->change_capacity = capacity;
  }
  return FC_OK;
}

static bool is_same(const fc_function_configuration_t *a, const fc_function_configuration_t *b) {
  return a->cpu_millicores == b->cpu_millicores && a->mem_mib == b->mem_mib && a->replicas == b->replicas &&
         a->concurrency == b->concurrency;
}

/* In the order of the workflow, so that the order of the writes does not show. */
static void keep_changes(served_t *served, served_window_t *window) {
  window->first_change = served->n_changes;
  for (int32_t f = 0; f < served->options.workflow->n_functions; ++f) {
    if (is_same(&served->in_force[f], &served->next[f])) continue;
    served->changes[served->n_changes++] = (served_change_t){
        .member = served->writer[f], .function = f, .from = served->in_force[f], .to = served->next[f]};
    window->n_changes += 1;
  }
}

static void keep_window(served_t *served, double load, bool closed_loop) {
  const served_options_t *options = &served->options;
  const fc_observation_t *o = &served->observation;
  served_window_t *window = &served->windows[served->n_windows];
  *window = (served_window_t){.load = load,
                              .cost_usd_h = fc_cost_reserved_usd_h(options->workflow, served->next),
                              .outcome = o->outcome,
                              .arrival_rate_per_s = o->load.arrival_rate_per_s,
                              .mean_in_flight = o->load.mean_in_flight,
                              .n_agents = served_n_taking_part(served)};
  window->verdict = judge_window(options->workflow, options->semantics, o, closed_loop ? load : 0);
  keep_changes(served, window);
  memcpy(served->in_force, served->next, (size_t)options->workflow->n_functions * sizeof *served->in_force);
  served->n_windows += 1;
}

/* ---- simulating ---- */

static double load_of(const served_t *served, int64_t window, bool *closed_loop) {
  const served_options_t *options = &served->options;
  *closed_loop = options->trace != NULL ? options->trace->closed_loop : options->users > 0;
  if (options->trace == NULL) return options->users > 0 ? (double)options->users : options->rate_per_s;
  const double load = options->trace->load[window / served->windows_per_minute];
  return *closed_loop ? load : load / 60;
}

fc_status_t served_simulate(served_t *served, fc_error_t *error) {
  bool closed_loop = false;
  const int64_t window = served->n_windows;
  const double load = load_of(served, window, &closed_loop);
  FC_TRY(make_room(served, error));
  FC_TRY(simulator_set_load(served->simulator, closed_loop ? (int32_t)load : 0, closed_loop ? 0 : load, error));
  FC_TRY(simulator_next_window(served->simulator, window, served->next, &served->observation, error));
  served->observation.window = window;
  served->observation.start_us = served_start_us(served, window);
  keep_window(served, load, closed_loop);
  return FC_OK;
}

/* ---- looking ---- */

int64_t served_n_windows(const served_t *served) {
  return served->n_windows;
}
const served_window_t *served_window(const served_t *served, int64_t window) {
  FC_ASSERT(window >= 0 && window < served->n_windows);
  return &served->windows[window];
}
const fc_function_configuration_t *served_configuration(const served_t *served) {
  return served->next;
}
const served_change_t *served_change(const served_t *served, int32_t change) {
  FC_ASSERT(change >= 0 && change < served->n_changes);
  return &served->changes[change];
}
