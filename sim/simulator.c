/* simulator.c - building a simulator and asking it for windows: see simulator.h. */
#include "simulator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "metrics.h"
#include "model.h"
#include "plan.h"
#include "sizes.h"

enum { SIMULATOR_MAX_USERS = 1 << 20, MIN_PLACES = 64 };

static const simulator_sizes_t usual_sizes = {
    .spare_replicas = 64, .stretches = true, .samples_per_user = 64, .min_samples = 1024, .max_samples = 8192};

#define SIMULATOR_MAX_RATE_PER_S 1e5

/* ---- checks ---- */

fc_status_t simulator_check_configuration(const simulator_t *simulator,
                                          const fc_function_configuration_t *configuration, fc_error_t *error) {
  for (int32_t f = 0; f < simulator->n_functions; ++f) {
    const fc_function_configuration_t *c = &configuration[f];
    const char *name = simulator->workflow->functions[f].name;
    if (c->cpu_millicores < 1 || c->mem_mib < 1 || c->replicas < 1 || c->concurrency < 1)
      return fc_error_set(error, FC_EINVAL,
                          "configuration of function %s (%d millicores, %d MiB, %d replicas, %d concurrency): expected "
                          "at least 1 of each",
                          name, (int)c->cpu_millicores, (int)c->mem_mib, (int)c->replicas, (int)c->concurrency);
    if (c->replicas > simulator->functions[f].max_replicas)
      return fc_error_set(error, FC_EINVAL,
                          "configuration of function %s: %d replicas are more than its ranges allow for (%d): widen "
                          "`ranges:` in the workflow file",
                          name, (int)c->replicas, (int)simulator->functions[f].max_replicas);
  }
  return FC_OK;
}

/* ---- building ---- */

/* What the workflow file says of a function outside `simulator:`. */
static void set_limits(const fc_function_t *from, const simulator_sizes_t *sizes, function_state_t *function) {
  function->mode = from->mode;
  function->on_failure = from->on_failure;
  function->max_replicas = sizes->spare_replicas;
  const int32_t measured = from->ranges[FC_KNOB_REPLICAS].max, full = from->full_ranges[FC_KNOB_REPLICAS].max;
  if (measured > function->max_replicas) function->max_replicas = measured;
  if (full > function->max_replicas) function->max_replicas = full;
}

fc_status_t simulator_set_parameters(simulator_t *simulator, const fc_simulator_parameters_t *parameters,
                                     fc_error_t *error) {
  FC_TRY(model_check(simulator->workflow, parameters, error));
  model_set(simulator, parameters);
  return FC_OK;
}

void simulator_set_seed(simulator_t *simulator, uint64_t seed) {
  simulator->seed = seed;
}

static fc_status_t take(size_t count, size_t size, void **out, const fc_workflow_t *workflow, fc_error_t *error) {
  *out = calloc(count > 0 ? count : 1, size);
  if (*out != NULL) return FC_OK;
  return fc_error_set(error, FC_ENOMEM, "simulator of workflow %s: no memory for %zu entries of %zu bytes",
                      workflow->name, count, size);
}

/* Fixed room for the samples of each function and of the workflow. */
static fc_status_t take_samples(simulator_t *simulator, const simulator_sizes_t *sizes, fc_error_t *error) {
  int32_t capacity = sizes->min_samples;
  while (capacity < sizes->max_samples && capacity / sizes->samples_per_user < simulator->n_places) capacity *= 2;
  const size_t arrays = (size_t)simulator->n_functions + 1;
  FC_TRY(take(arrays * (size_t)capacity, sizeof(float), (void **)&simulator->samples, simulator->workflow, error));
  for (int32_t f = 0; f < simulator->n_functions; ++f) {
    simulator->functions[f].durations.kept = simulator->samples + (size_t)f * (size_t)capacity;
    simulator->functions[f].durations.capacity = capacity;
  }
  simulator->counts.latencies.kept = simulator->samples + (arrays - 1) * (size_t)capacity;
  simulator->counts.latencies.capacity = capacity;
  return FC_OK;
}

/* Arrays of everything whose number follows from workflow and load. */
static fc_status_t take_arrays(simulator_t *simulator, const simulator_sizes_t *sizes, bool open_loop,
                               fc_error_t *error) {
  const fc_workflow_t *workflow = simulator->workflow;
  const size_t places = (size_t)simulator->n_places, replicas = (size_t)simulator->n_replicas,
               calls = (size_t)simulator->n_calls, entities = replicas + calls + places + 1;
  FC_TRY(take(replicas, sizeof(replica_t), (void **)&simulator->replicas, workflow, error));
  FC_TRY(take(replicas, sizeof(int32_t), (void **)&simulator->ready, workflow, error));
  FC_TRY(take(calls, sizeof(call_t), (void **)&simulator->calls, workflow, error));
  FC_TRY(take(places, sizeof(user_t), (void **)&simulator->users, workflow, error));
  if (open_loop) FC_TRY(take(places, sizeof(int32_t), (void **)&simulator->free_next, workflow, error));
  FC_TRY(take(places * (size_t)simulator->n_nodes, sizeof(plan_progress_t), (void **)&simulator->progress, workflow,
              error));
  FC_TRY(take(entities, sizeof(event_t), (void **)&simulator->events.heap, workflow, error));
  FC_TRY(take(entities, sizeof(int32_t), (void **)&simulator->events.position, workflow, error));
  for (size_t i = 0; i < entities; ++i) simulator->events.position[i] = -1;
  for (int32_t f = 0; f < simulator->n_functions; ++f)
    simulator->functions[f].ready = simulator->ready + simulator->functions[f].first_replica;
  return take_samples(simulator, sizes, error);
}

static fc_status_t build(simulator_t *simulator, const simulator_sizes_t *sizes, bool open_loop, fc_error_t *error) {
  const fc_workflow_t *workflow = simulator->workflow;
  FC_TRY(
      take((size_t)workflow->n_functions, sizeof(function_state_t), (void **)&simulator->functions, workflow, error));
  FC_TRY(take((size_t)simulator->n_nodes, sizeof(plan_node_t), (void **)&simulator->nodes, workflow, error));
  FC_TRY(take(1, sizeof *simulator->normal, (void **)&simulator->normal, workflow, error));
  normal_table_init(simulator->normal);
  model_set(simulator, &workflow->simulator);
  int64_t replicas = 0;
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    function_state_t *function = &simulator->functions[f];
    set_limits(&workflow->functions[f], sizes, function);
    function->first_replica = (int32_t)(replicas < INT32_MAX ? replicas : INT32_MAX);
    function->n_slots = (sizes->stretches ? 2 : 1) * function->max_replicas;
    replicas += function->n_slots;
  }
  plan_compile(workflow, simulator->nodes);
  const int64_t calls = (int64_t)simulator->n_places * simulator->n_leaves;
  if (replicas + calls + simulator->n_places >= INT32_MAX)
    return fc_error_set(error, FC_EINVAL,
                        "workflow %s with %d in flight is too large to simulate: %lld calls, %lld replicas",
                        workflow->name, (int)simulator->n_places, (long long)calls, (long long)replicas);
  simulator->n_replicas = (int32_t)replicas;
  simulator->n_calls = (int32_t)calls;
  return take_arrays(simulator, sizes, open_loop, error);
}

/* How many workflows can be in flight at once; negative when the options ask for nothing that can be done. */
static fc_status_t count_places(const simulator_options_t *options, double window_s, int32_t *places,
                                fc_error_t *error) {
  if (options->users != 0) {
    if (options->users < 1 || options->users > SIMULATOR_MAX_USERS)
      return fc_error_set(error, FC_EINVAL, "%d users: expected 1 to %d", (int)options->users, SIMULATOR_MAX_USERS);
    *places = options->users;
    return FC_OK;
  }
  if (!(options->rate_per_s > 0 && options->rate_per_s <= SIMULATOR_MAX_RATE_PER_S))
    return fc_error_set(error, FC_EINVAL, "no users and %g arrivals per second: expected users, or a rate up to %g",
                        options->rate_per_s, SIMULATOR_MAX_RATE_PER_S);
  const double arrivals = options->rate_per_s * window_s; /* of one window; further 8 standard deviations */
  const double wanted = ceil(arrivals + 8 * sqrt(arrivals)) + MIN_PLACES;
  *places = wanted < SIMULATOR_MAX_USERS ? (int32_t)wanted : SIMULATOR_MAX_USERS;
  return FC_OK;
}

fc_status_t simulator_new(const fc_workflow_t *workflow, const simulator_options_t *options, simulator_t **out,
                          fc_error_t *error) {
  return simulator_new_sized(workflow, options, &usual_sizes, out, error);
}

fc_status_t simulator_new_sized(const fc_workflow_t *workflow, const simulator_options_t *options,
                                const simulator_sizes_t *sizes, simulator_t **out, fc_error_t *error) {
  *out = NULL;
  int32_t n_nodes = 0, n_leaves = 0, n_places = 0;
  FC_TRY(model_check(workflow, &workflow->simulator, error));
  FC_TRY(plan_check(workflow, &n_nodes, &n_leaves, error));
  FC_TRY(count_places(options, workflow->window_s, &n_places, error));
  simulator_t *simulator = calloc(1, sizeof *simulator);
  if (simulator == NULL) return fc_error_set(error, FC_ENOMEM, "simulator of workflow %s: no memory", workflow->name);
  simulator->workflow = workflow;
  simulator->seed = options->seed;
  simulator->semantics = options->semantics;
  simulator->window_s = workflow->window_s;
  simulator->n_functions = workflow->n_functions;
  simulator->n_places = n_places;
  simulator->n_users = options->users;
  simulator->rate_per_s = options->users > 0 ? 0 : options->rate_per_s;
  simulator->max_rate_per_s = simulator->rate_per_s;
  simulator->n_nodes = n_nodes;
  simulator->n_leaves = n_leaves;
  const fc_status_t status = build(simulator, sizes, options->users == 0, error);
  if (status != FC_OK) {
    simulator_destroy(&simulator);
    return status;
  }
  *out = simulator;
  return FC_OK;
}

/* Was it made for the load of these options, whatever it has been set to since? */
static bool has_load_of(const simulator_t *simulator, const simulator_options_t *options) {
  if (simulator->free_next == NULL) return options->users == simulator->n_places;
  return options->users == 0 && options->rate_per_s == simulator->max_rate_per_s;
}

fc_status_t simulator_renew(const fc_workflow_t *workflow, const simulator_options_t *options, simulator_t **simulator,
                            fc_error_t *error) {
  simulator_t *old = *simulator;
  if (old != NULL && old->workflow == workflow && old->seed == options->seed && old->semantics == options->semantics &&
      has_load_of(old, options)) {
    old->n_users = options->users;
    old->rate_per_s = old->max_rate_per_s;
    return FC_OK;
  }
  simulator_destroy(simulator);
  return simulator_new(workflow, options, simulator, error);
}

void simulator_destroy(simulator_t **simulator) {
  if (simulator == NULL || *simulator == NULL) return;
  simulator_t *self = *simulator;
  free(self->normal);
  free(self->functions);
  free(self->nodes);
  free(self->replicas);
  free(self->ready);
  free(self->free_next);
  free(self->calls);
  free(self->users);
  free(self->progress);
  free(self->events.heap);
  free(self->events.position);
  free(self->samples);
  free(self);
  *simulator = NULL;
}

/* ---- windows ---- */

void simulator_set_outcomes_only(simulator_t *simulator) {
  simulator->outcomes_only = true;
}

fc_status_t simulator_set_load(simulator_t *simulator, int32_t users, double rate_per_s, fc_error_t *error) {
  const bool open_loop = simulator->free_next != NULL;
  if (open_loop && (users != 0 || !(rate_per_s >= 0 && rate_per_s <= simulator->max_rate_per_s)))
    return fc_error_set(error, FC_EINVAL, "%d users, %g arrivals per second: expected no users and a rate up to %g",
                        (int)users, rate_per_s, simulator->max_rate_per_s);
  if (!open_loop && (users < 0 || users > simulator->n_places))
    return fc_error_set(error, FC_EINVAL, "%d users: expected 0 to %d", (int)users, (int)simulator->n_places);
  simulator->n_users = users;
  simulator->rate_per_s = open_loop ? rate_per_s : 0;
  return FC_OK;
}

fc_status_t simulator_window(simulator_t *simulator, int64_t window, const fc_function_configuration_t *configuration,
                             fc_observation_t *observation, fc_error_t *error) {
  FC_TRY(simulator_check_configuration(simulator, configuration, error));
  FC_ASSERT_EQ(observation->n_functions, simulator->n_functions);
  simulator->continues = false;
  engine_open(simulator, window, configuration);
  engine_run(simulator);
  for (int32_t f = 0; f < simulator->n_functions; ++f) observation->configuration[f] = configuration[f];
  metrics_fill(simulator, observation);
  if (simulator->outcomes_only) return FC_OK;
  engine_drain(simulator);
  metrics_fill_latencies(simulator, observation);
  return FC_OK;
}

fc_status_t simulator_next_window(simulator_t *simulator, int64_t window,
                                  const fc_function_configuration_t *configuration, fc_observation_t *observation,
                                  fc_error_t *error) {
  FC_TRY(simulator_check_configuration(simulator, configuration, error));
  FC_ASSERT_EQ(observation->n_functions, simulator->n_functions);
  if (simulator->continues) {
    engine_reopen(simulator, window, configuration);
  } else {
    simulator->continues = true;
    engine_open(simulator, window, configuration);
  }
  engine_run(simulator);
  for (int32_t f = 0; f < simulator->n_functions; ++f) observation->configuration[f] = configuration[f];
  metrics_fill(simulator, observation);
  if (!simulator->outcomes_only) metrics_fill_latencies(simulator, observation);
  return FC_OK;
}

fc_status_t simulator_observed_window(simulator_t *simulator, int64_t window,
                                      const fc_function_configuration_t *configuration, fc_observation_t *observation,
                                      fc_error_t *error) {
  if (simulator->free_next == NULL && !simulator->has_been_running)
    return simulator_window(simulator, window, configuration, observation, error);
  simulator_end_stretch(simulator);
  FC_TRY(simulator_next_window(simulator, 2 * window, configuration, observation, error));
  const fc_status_t status = simulator_next_window(simulator, 2 * window + 1, configuration, observation, error);
  simulator_end_stretch(simulator);
  return status;
}

void simulator_end_stretch(simulator_t *simulator) {
  simulator->continues = false;
}
