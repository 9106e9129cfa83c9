/* simulator.c - building a simulator and asking it for windows: see simulator.h. */
#include "simulator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "metrics.h"
#include "plan.h"

enum {
  SIMULATOR_MAX_USERS = 1 << 20,
  SPARE_REPLICAS = 64, /* replicas per function that are always possible, whatever the ranges say */
  SAMPLES_PER_USER = 64,
  MIN_SAMPLES = 1024,
  MAX_SAMPLES = 8192
};

/* ---- checks ---- */

typedef struct {
  const char *name;
  double value, minimum, maximum;
} bounded_t;

static fc_status_t check_bounds(const char *where, const bounded_t *bounded, int32_t n, fc_error_t *error) {
  for (int32_t i = 0; i < n; ++i) {
    if (!(bounded[i].value >= bounded[i].minimum && bounded[i].value <= bounded[i].maximum))
      return fc_error_set(error, FC_EINVAL, "%s: simulator parameter %s is %g: expected %g to %g", where,
                          bounded[i].name, bounded[i].value, bounded[i].minimum, bounded[i].maximum);
  }
  return FC_OK;
}

static fc_status_t check_function(const fc_workflow_t *workflow, const fc_function_simulator_t *p, int32_t f,
                                  fc_error_t *error) {
  const fc_function_t *function = &workflow->functions[f];
  if (function->mode != FC_MODE_FORK)
    return fc_error_set(error, FC_EINVAL,
                        "function %s is synchronous: the simulator has only fork mode so far; simulate a workflow "
                        "whose functions are all `mode: fork`",
                        function->name);
  if (function->calls >= 0)
    return fc_error_set(error, FC_EINVAL,
                        "function %s makes calls of its own, which needs synchronous mode: the simulator has only "
                        "fork mode so far; let the orchestrator make the calls",
                        function->name);
  const bounded_t bounded[] = {{"work_cpu_s", p->work_cpu_s, 0, 1e6},
                               {"startup_share", p->startup_share, 0, 1},
                               {"parallelism", p->parallelism, 1e-3, 1e4},
                               {"mem_mib_per_request", p->mem_mib_per_request, 0, 1e9},
                               {"contention", p->contention, 0, 1e3},
                               {"answer_delay_s", p->answer_delay_s, 0, 1e6},
                               {"net_bytes_per_call", p->net_bytes_per_call, 0, 1e15},
                               {"work_sigma", p->work_sigma, 0, 3}};
  return check_bounds(function->name, bounded, (int32_t)(sizeof bounded / sizeof bounded[0]), error);
}

static fc_status_t check_parameters(const fc_workflow_t *workflow, const fc_simulator_parameters_t *p,
                                    fc_error_t *error) {
  if (!p->present)
    return fc_error_set(
        error, FC_EINVAL,
        "workflow %s has no `simulator:` section: add one with the measured parameters of its functions",
        workflow->name);
  for (int32_t f = 0; f < workflow->n_functions; ++f) FC_TRY(check_function(workflow, &p->functions[f], f, error));
  const bounded_t bounded[] = {{"window_s", workflow->window_s, 1e-3, 1e5},
                               {"orchestrator_startup_s", p->orchestrator_startup_s, 0, 1e6},
                               {"orchestrator_startup_sigma", p->orchestrator_startup_sigma, 0, 3},
                               {"orchestrator_finish_s", p->orchestrator_finish_s, 0, 1e6},
                               {"gateway_delay_s", p->gateway_delay_s, 0, 1e6},
                               {"throttling_loss", p->throttling_loss, 0, 1},
                               {"warmup_share", p->warmup_share, 0, 1e3},
                               {"sigma_window", p->sigma_window, 0, 3},
                               {"sigma_function", p->sigma_function, 0, 3},
                               {"sigma_replica", p->sigma_replica, 0, 3},
                               {"mem_idle_mib", p->mem_idle_mib, 0, 1e9},
                               {"mem_waiting_share", p->mem_waiting_share, 0, 1},
                               {"spawn_rate_per_s", p->spawn_rate_per_s, 1e-6, 1e9}};
  return check_bounds(workflow->name, bounded, (int32_t)(sizeof bounded / sizeof bounded[0]), error);
}

static fc_status_t check_configuration(const simulator_t *simulator, const fc_function_configuration_t *configuration,
                                       fc_error_t *error) {
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

static void set_function(const fc_simulator_parameters_t *parameters, const fc_function_simulator_t *p,
                         function_state_t *function) {
  function->startup_work_s = p->startup_share * p->work_cpu_s;
  function->main_work_s = (1 - p->startup_share) * p->work_cpu_s;
  function->warmup_work_s = parameters->warmup_share * p->work_cpu_s;
  function->parallelism = p->parallelism;
  function->main_speed = 1 / p->parallelism;
  function->contention = p->contention;
  for (int32_t n = 0; n <= CONTENTION_TABLE; ++n)
    function->contention_speed[n] = n == 0 ? 1 : 1 / (1 + p->contention * (n - 1));
  function->work_sigma = p->work_sigma;
  function->mem_mib = p->mem_mib_per_request;
  function->answer_delay_s = p->answer_delay_s;
}

/* What the workflow file says of a function outside `simulator:`. */
static void set_limits(const fc_function_t *from, function_state_t *function) {
  function->on_failure = from->on_failure;
  function->max_replicas = SPARE_REPLICAS;
  const int32_t measured = from->ranges[FC_KNOB_REPLICAS].max, full = from->full_ranges[FC_KNOB_REPLICAS].max;
  if (measured > function->max_replicas) function->max_replicas = measured;
  if (full > function->max_replicas) function->max_replicas = full;
}

static void set_model(const fc_simulator_parameters_t *p, simulator_t *simulator) {
  simulator->orchestrator_startup_s = p->orchestrator_startup_s;
  simulator->orchestrator_startup_sigma = p->orchestrator_startup_sigma;
  simulator->orchestrator_finish_s = p->orchestrator_finish_s;
  simulator->gateway_delay_s = p->gateway_delay_s;
  simulator->throttling_loss = p->throttling_loss;
  simulator->sigma_window = p->sigma_window;
  simulator->sigma_function = p->sigma_function;
  simulator->sigma_replica = p->sigma_replica;
  simulator->mem_idle_mib = p->mem_idle_mib;
  simulator->mem_waiting_share = p->mem_waiting_share;
  simulator->spawn_rate_per_s = p->spawn_rate_per_s;
  for (int32_t f = 0; f < simulator->n_functions; ++f) set_function(p, &p->functions[f], &simulator->functions[f]);
}

fc_status_t simulator_set_parameters(simulator_t *simulator, const fc_simulator_parameters_t *parameters,
                                     fc_error_t *error) {
  FC_TRY(check_parameters(simulator->workflow, parameters, error));
  set_model(parameters, simulator);
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

/* Arrays of everything whose number follows from workflow and users. */
static fc_status_t take_arrays(simulator_t *simulator, fc_error_t *error) {
  const fc_workflow_t *workflow = simulator->workflow;
  const size_t users = (size_t)simulator->n_users,
               entities = (size_t)simulator->n_replicas + (size_t)simulator->n_calls + users;
  FC_TRY(take((size_t)simulator->n_replicas, sizeof(replica_t), (void **)&simulator->replicas, workflow, error));
  FC_TRY(take((size_t)simulator->n_calls, sizeof(call_t), (void **)&simulator->calls, workflow, error));
  FC_TRY(take(users, sizeof(user_t), (void **)&simulator->users, workflow, error));
  FC_TRY(take(users * (size_t)simulator->n_nodes, sizeof(plan_progress_t), (void **)&simulator->progress, workflow,
              error));
  FC_TRY(take(entities, sizeof(event_t), (void **)&simulator->events.heap, workflow, error));
  FC_TRY(take(entities, sizeof(int32_t), (void **)&simulator->events.position, workflow, error));
  for (size_t i = 0; i < entities; ++i) simulator->events.position[i] = -1;

  int32_t capacity = MIN_SAMPLES;
  while (capacity < MAX_SAMPLES && capacity / SAMPLES_PER_USER < simulator->n_users) capacity *= 2;
  const size_t arrays = (size_t)simulator->n_functions + 1;
  FC_TRY(take(arrays * (size_t)capacity, sizeof(float), (void **)&simulator->samples, workflow, error));
  for (int32_t f = 0; f < simulator->n_functions; ++f) {
    simulator->functions[f].durations.kept = simulator->samples + (size_t)f * (size_t)capacity;
    simulator->functions[f].durations.capacity = capacity;
  }
  simulator->counts.latencies.kept = simulator->samples + (arrays - 1) * (size_t)capacity;
  simulator->counts.latencies.capacity = capacity;
  return FC_OK;
}

static fc_status_t build(simulator_t *simulator, fc_error_t *error) {
  const fc_workflow_t *workflow = simulator->workflow;
  FC_TRY(
      take((size_t)workflow->n_functions, sizeof(function_state_t), (void **)&simulator->functions, workflow, error));
  FC_TRY(take((size_t)workflow->n_call_nodes, sizeof(plan_node_t), (void **)&simulator->nodes, workflow, error));
  normal_table_init(&simulator->normal);
  set_model(&workflow->simulator, simulator);
  int64_t replicas = 0;
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    set_limits(&workflow->functions[f], &simulator->functions[f]);
    replicas += simulator->functions[f].max_replicas;
  }
  plan_compile(workflow, simulator->nodes);
  const int64_t calls = (int64_t)simulator->n_users * simulator->n_leaves;
  if (replicas + calls + simulator->n_users > INT32_MAX)
    return fc_error_set(error, FC_EINVAL,
                        "workflow %s with %d users is too large to simulate: %lld calls, %lld replicas", workflow->name,
                        (int)simulator->n_users, (long long)calls, (long long)replicas);
  simulator->n_replicas = (int32_t)replicas;
  simulator->n_calls = (int32_t)calls;
  return take_arrays(simulator, error);
}

fc_status_t simulator_new(const fc_workflow_t *workflow, const simulator_options_t *options, simulator_t **out,
                          fc_error_t *error) {
  *out = NULL;
  int32_t n_leaves = 0;
  if (options->users < 1 || options->users > SIMULATOR_MAX_USERS)
    return fc_error_set(error, FC_EINVAL, "%d users: expected 1 to %d", (int)options->users, SIMULATOR_MAX_USERS);
  FC_TRY(check_parameters(workflow, &workflow->simulator, error));
  FC_TRY(plan_check(workflow, &n_leaves, error));
  simulator_t *simulator = calloc(1, sizeof *simulator);
  if (simulator == NULL) return fc_error_set(error, FC_ENOMEM, "simulator of workflow %s: no memory", workflow->name);
  simulator->workflow = workflow;
  simulator->seed = options->seed;
  simulator->semantics = options->semantics;
  simulator->window_s = workflow->window_s;
  simulator->n_functions = workflow->n_functions;
  simulator->n_users = options->users;
  simulator->n_nodes = workflow->n_call_nodes;
  simulator->n_leaves = n_leaves;
  simulator->root = workflow->calls;
  const fc_status_t status = build(simulator, error);
  if (status != FC_OK) {
    simulator_destroy(&simulator);
    return status;
  }
  *out = simulator;
  return FC_OK;
}

void simulator_destroy(simulator_t **simulator) {
  if (simulator == NULL || *simulator == NULL) return;
  simulator_t *self = *simulator;
  free(self->functions);
  free(self->nodes);
  free(self->replicas);
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

fc_status_t simulator_window(simulator_t *simulator, int64_t window, const fc_function_configuration_t *configuration,
                             fc_observation_t *observation, fc_error_t *error) {
  FC_TRY(check_configuration(simulator, configuration, error));
  FC_ASSERT_EQ(observation->n_functions, simulator->n_functions);
  engine_open(simulator, window, configuration);
  engine_run(simulator);
  for (int32_t f = 0; f < simulator->n_functions; ++f) observation->configuration[f] = configuration[f];
  metrics_fill(simulator, observation);
  engine_drain(simulator);
  metrics_fill_latencies(simulator, observation);
  return FC_OK;
}
