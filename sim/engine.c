/* engine.c - the event loop of a window: see engine.h. */
#include "engine.h"

#include "balancer.h"
#include "load.h"
#include "plan.h"
#include "replica.h"

/* ---- before ---- */

static FC_HOST_DEVICE double draw_speed(const simulator_t *simulator, draw_kind_t kind, int32_t entity, double sigma) {
  uint32_t bits[4];
  draw_block(simulator->seed, simulator->window, kind, (uint32_t)entity, 0, bits);
  return draw_factor(&simulator->normal, sigma, bits[0]);
}

static FC_HOST_DEVICE void open_replicas(simulator_t *simulator, int32_t f) {
  function_state_t *function = &simulator->functions[f];
  for (int32_t r = 0; r < function->n_replicas; ++r) {
    replica_t *replica = &simulator->replicas[function->first_replica + r];
    replica->progress = 0;
    replica->rate = 0;
    replica->updated_s = 0;
    replica->cpu_rate = replica->throttled_rate = replica->mem_rate = replica->in_flight_rate = 0;
    replica->function = f;
    replica->first_call = -1;
    replica->n_starting = replica->n_working = 0;
    replica->warm = false;
  }
}

FC_HOST_DEVICE void engine_open(simulator_t *simulator, int64_t window,
                                const fc_function_configuration_t *configuration) {
  simulator->window = window;
  const double window_slow = draw_speed(simulator, DRAW_WINDOW, 0, simulator->sigma_window);
  int32_t first_replica = 0;
  for (int32_t f = 0; f < simulator->n_functions; ++f) {
    function_state_t *function = &simulator->functions[f];
    function->quota = configuration[f].cpu_millicores / 1000.0;
    function->mem_limit_mib = configuration[f].mem_mib;
    function->concurrency = configuration[f].concurrency;
    function->n_replicas = configuration[f].replicas;
    function->first_replica = first_replica;
    function->speed = 1 / (window_slow * draw_speed(simulator, DRAW_FUNCTION, f, simulator->sigma_function));
    function->cpu_s = function->throttled_s = function->mem_mib_s = function->in_flight_s = 0;
    function->requests = function->answered = function->rejected = function->failed = 0;
    samples_reset(&function->durations);
    open_replicas(simulator, f);
    first_replica += function->n_replicas;
  }
  workflow_counts_t *counts = &simulator->counts;
  counts->started = counts->successes = counts->failures = counts->rejected = 0;
  counts->latency_sum_s = counts->in_flight_s = 0;
  samples_reset(&counts->latencies);
  events_clear(&simulator->events);
}

/* ---- calls ---- */

static inline FC_HOST_DEVICE int32_t call_entity(const simulator_t *simulator, int32_t call) {
  return simulator->n_replicas + call;
}

/* The call is over: what it does to the data and to the workflow; its answer arrives after the delay. */
static inline FC_HOST_DEVICE void resolve(simulator_t *simulator, int32_t index, spoiled_t cause, double now_s) {
  call_t *call = &simulator->calls[index];
  const fc_on_failure_t on_failure = simulator->functions[call->function].on_failure;
  if (call->input != SPOILED_NOT && cause != SPOILED_NOT) cause = (spoiled_t)call->input;
  if (on_failure != FC_ON_FAILURE_IGNORE)
    call->output = (uint8_t)(on_failure == FC_ON_FAILURE_POISON ? cause : SPOILED_NOT);
  if (cause != SPOILED_NOT && (simulator->semantics == FC_SEMANTICS_STRICT || on_failure == FC_ON_FAILURE_FAIL)) {
    user_t *user = &simulator->users[call->user];
    if (user->spoiled == SPOILED_NOT) user->spoiled = (uint8_t)cause;
  }
  events_set(&simulator->events, call_entity(simulator, index), now_s + call->answer_delay_s);
}

FC_HOST_DEVICE void engine_call(simulator_t *simulator, int32_t user, int32_t node, double now_s, spoiled_t data) {
  const plan_node_t *leaf = &simulator->nodes[node];
  function_state_t *function = &simulator->functions[leaf->function];
  const int32_t index = user * simulator->n_leaves + leaf->leaf;
  call_t *call = &simulator->calls[index];
  uint32_t bits[4];
  draw_block(simulator->seed, simulator->window, DRAW_CALL, (uint32_t)user, simulator->users[user].n_calls++, bits);
  call->function = leaf->function;
  call->user = user;
  call->node = node;
  call->input = (uint8_t)(leaf->uses_previous_output ? data : SPOILED_NOT);
  call->output = (uint8_t)data;
  call->answer_delay_s = function->answer_delay_s + simulator->gateway_delay_s * (0.5 + draw_uniform(bits[1]));
  function->requests += 1;
  const int32_t replica = balancer_admit(simulator, function, bits[0]);
  if (replica < 0) {
    function->rejected += 1;
    resolve(simulator, index, SPOILED_BY_REJECTION, now_s);
    return;
  }
  const double factor = draw_factor(&simulator->normal, function->work_sigma, bits[2]);
  replica_enter(simulator, replica, index, factor, now_s);
}

/* ---- events ---- */

static inline FC_HOST_DEVICE void keep_duration(function_state_t *function, const call_t *call, double now_s) {
  samples_add(&function->durations, now_s - call->arrived_s + function->answer_delay_s);
}

static inline FC_HOST_DEVICE void on_replica(simulator_t *simulator, int32_t replica, double now_s) {
  const int32_t index = simulator->replicas[replica].next_call;
  const call_t *call = &simulator->calls[index];
  const replica_result_t result = replica_step(simulator, replica, now_s);
  replica_schedule(simulator, replica);
  if (result == REPLICA_GOES_ON) return;
  function_state_t *function = &simulator->functions[call->function];
  if (result == REPLICA_ANSWERED) {
    function->answered += 1;
    keep_duration(function, call, now_s);
    resolve(simulator, index, SPOILED_NOT, now_s);
  } else {
    function->failed += 1;
    resolve(simulator, index, SPOILED_BY_FAILURE, now_s);
  }
}

static inline FC_HOST_DEVICE void finish(simulator_t *simulator, int32_t user, double now_s, spoiled_t data) {
  user_t *u = &simulator->users[user];
  if (u->spoiled == SPOILED_NOT) u->spoiled = (uint8_t)data;
  load_finish(simulator, user, now_s);
}

static inline FC_HOST_DEVICE void on_answer(simulator_t *simulator, int32_t index, double now_s) {
  const call_t *call = &simulator->calls[index];
  const int32_t user = call->user;
  spoiled_t data = (spoiled_t)call->output;
  if (plan_answered(simulator, user, call->node, now_s, &data)) finish(simulator, user, now_s, data);
}

static inline FC_HOST_DEVICE void on_user(simulator_t *simulator, int32_t user, double now_s) {
  spoiled_t data = SPOILED_NOT;
  if (plan_start(simulator, user, now_s, &data)) finish(simulator, user, now_s, data);
}

/* ---- the window ---- */

/* Integrals and counts of the window are complete: all replicas are brought to its end. */
static FC_HOST_DEVICE void close_window(simulator_t *simulator) {
  load_close(simulator);
  for (int32_t f = 0; f < simulator->n_functions; ++f) {
    function_state_t *function = &simulator->functions[f];
    for (int32_t r = 0; r < function->n_replicas; ++r)
      replica_advance(&simulator->replicas[function->first_replica + r], function, simulator->window_s);
  }
}

/* Handles all events before `until_s`. */
static FC_HOST_DEVICE void run_until(simulator_t *simulator, double until_s) {
  events_t *events = &simulator->events;
  const int32_t first_call = simulator->n_replicas, first_user = first_call + simulator->n_calls;
  while (events->n > 0 && events->heap[0].time_s < until_s) {
    const event_t event = events_take(events);
    if (event.entity < first_call) {
      on_replica(simulator, event.entity, event.time_s);
    } else if (event.entity < first_user) {
      on_answer(simulator, event.entity - first_call, event.time_s);
    } else {
      on_user(simulator, event.entity - first_user, event.time_s);
    }
    events_close(events);
  }
}

FC_HOST_DEVICE void engine_run(simulator_t *simulator) {
  load_open(simulator);
  run_until(simulator, simulator->window_s);
  close_window(simulator);
}

FC_HOST_DEVICE void engine_drain(simulator_t *simulator) {
  run_until(simulator, INFINITY);
}
