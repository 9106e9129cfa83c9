/* engine.c - the event loop of a window: see engine.h.
 *
 *   event of a replica: a phase of a request ends, the quota stops or releases it, or it has started up
 *   event of a call:    its answer arrives at whoever made it
 *   event of a user:    arrives, makes the first call, or completes
 */
#include "engine.h"

#include "balancer.h"
#include "fleet.h"
#include "load.h"
#include "plan.h"
#include "replica.h"
#include "server.h"

/* ---- before ---- */

static FC_HOST_DEVICE double draw_speed(const simulator_t *simulator, draw_kind_t kind, int32_t entity, double sigma) {
  uint32_t bits[4];
  draw_block(simulator->seed, simulator->window, kind, (uint32_t)entity, 0, bits);
  return draw_factor(simulator->normal, sigma, bits[0]);
}

static inline FC_HOST_DEVICE bool is_synchronous(const function_state_t *function) {
  return function->mode == FC_MODE_SYNCHRONOUS;
}

static FC_HOST_DEVICE void advance(function_state_t *function, replica_t *replica, double now_s) {
  if (is_synchronous(function)) {
    server_advance(replica, function, now_s);
  } else {
    replica_advance(replica, function, now_s);
  }
}

static FC_HOST_DEVICE void clear_counts(simulator_t *simulator) {
  workflow_counts_t *counts = &simulator->counts;
  counts->started = counts->successes = counts->failures = counts->rejected = counts->unfinished = 0;
  counts->latency_sum_s = counts->in_flight_s = 0;
  samples_reset(&counts->latencies);
  for (int32_t f = 0; f < simulator->n_functions; ++f) {
    function_state_t *function = &simulator->functions[f];
    function->cpu_s = function->throttled_s = function->mem_share_s = function->in_flight_s = function->replica_s = 0;
    function->requests = function->answered = function->rejected = function->failed = 0;
    samples_reset(&function->durations);
  }
}

static FC_HOST_DEVICE void draw_speeds(simulator_t *simulator) {
  const double window_slow = draw_speed(simulator, DRAW_WINDOW, 0, simulator->sigma_window);
  for (int32_t f = 0; f < simulator->n_functions; ++f)
    simulator->functions[f].speed =
        1 / (window_slow * draw_speed(simulator, DRAW_FUNCTION, f, simulator->sigma_function));
}

FC_HOST_DEVICE void engine_open(simulator_t *simulator, int64_t window,
                                const fc_function_configuration_t *configuration) {
  simulator->window = window;
  simulator->start_s = 0;
  simulator->end_s = simulator->window_s;
  draw_speeds(simulator);
  clear_counts(simulator);
  events_clear(&simulator->events);
  for (int32_t i = 0; i < simulator->n_calls; ++i) simulator->calls[i].phase = CALL_OVER;
  for (int32_t f = 0; f < simulator->n_functions; ++f) fleet_open(simulator, f, &configuration[f]);
  load_clear(simulator);
}

/* The new window's speeds for replicas that live on; a stretch of a synchronous server in hand keeps its own. */
static FC_HOST_DEVICE void reopen_replica(simulator_t *simulator, function_state_t *function, int32_t index) {
  replica_t *replica = &simulator->replicas[index];
  if (replica->phase == REPLICA_ABSENT) return;
  replica->since_s = simulator->start_s;
  if (replica->phase == REPLICA_COLD) return;
  if (replica->warm) replica->speed = function->speed / replica->slowness;
  if (is_synchronous(function)) return;
  replica_share(simulator, replica, function);
  replica_schedule(simulator, index);
}

FC_HOST_DEVICE void engine_reopen(simulator_t *simulator, int64_t window,
                                  const fc_function_configuration_t *configuration) {
  simulator->window = window;
  simulator->start_s = simulator->end_s;
  simulator->end_s = simulator->start_s + simulator->window_s;
  draw_speeds(simulator);
  clear_counts(simulator);
  for (int32_t f = 0; f < simulator->n_functions; ++f) {
    function_state_t *function = &simulator->functions[f];
    for (int32_t slot = 0; slot < function->n_used; ++slot)
      reopen_replica(simulator, function, function->first_replica + slot);
    fleet_change(simulator, f, &configuration[f]);
  }
}

/* ---- calls ---- */

static inline FC_HOST_DEVICE int32_t call_entity(const simulator_t *simulator, int32_t call) {
  return simulator->n_replicas + call;
}

/* The call is over: what it does to the data and to the workflow; its answer arrives after the delay. */
static inline FC_HOST_DEVICE void resolve(simulator_t *simulator, int32_t index, spoiled_t cause, double now_s) {
  call_t *call = &simulator->calls[index];
  const fc_on_failure_t on_failure = simulator->functions[call->function].on_failure;
  call->phase = CALL_OVER;
  if (call->input != SPOILED_NOT && cause != SPOILED_NOT) cause = (spoiled_t)call->input;
  if (on_failure != FC_ON_FAILURE_IGNORE)
    call->output = (uint8_t)(on_failure == FC_ON_FAILURE_POISON ? cause : SPOILED_NOT);
  if (cause != SPOILED_NOT && (simulator->semantics == FC_SEMANTICS_STRICT || on_failure == FC_ON_FAILURE_FAIL)) {
    user_t *user = &simulator->users[call->user];
    if (user->spoiled == SPOILED_NOT) user->spoiled = (uint8_t)cause;
  }
  events_set(&simulator->events, call_entity(simulator, index), now_s + call->answer_delay_s);
}

static FC_HOST_DEVICE void enter_service(simulator_t *simulator, int32_t index, double now_s) {
  call_t *call = &simulator->calls[index];
  const bool makes_calls = simulator->nodes[call->node].first_child >= 0;
  call->n_segments = makes_calls ? plan_steps(simulator, call->user, call->node) + 1 : 1;
  if (is_synchronous(&simulator->functions[call->function])) {
    server_enter(simulator, call->replica, index, makes_calls, now_s);
  } else {
    replica_enter(simulator, call->replica, index, now_s);
  }
}

static FC_HOST_DEVICE void enqueue(simulator_t *simulator, int32_t index) {
  call_t *call = &simulator->calls[index];
  replica_t *replica = &simulator->replicas[call->replica];
  call->phase = CALL_QUEUED;
  call->next = -1;
  if (replica->queue_first < 0) {
    replica->queue_first = index;
  } else {
    simulator->calls[replica->queue_last].next = index;
  }
  replica->queue_last = index;
  replica->n_queued += 1;
}

/* A place became free at the replica: the next in its queue enters; a replica that is leaving and idle goes. */
static inline FC_HOST_DEVICE void released(simulator_t *simulator, int32_t index, double now_s) {
  replica_t *replica = &simulator->replicas[index];
  if (replica->n_queued > 0) {
    const int32_t call = replica->queue_first;
    replica->queue_first = simulator->calls[call].next;
    replica->n_queued -= 1;
    enter_service(simulator, call, now_s);
  } else if (replica->phase == REPLICA_LEAVING && replica_in_service(replica) == 0) {
    fleet_gone(simulator, index, now_s);
  }
}

FC_HOST_DEVICE void engine_call(simulator_t *simulator, int32_t user, int32_t node, double now_s, spoiled_t data) {
  const plan_node_t *leaf = &simulator->nodes[node];
  function_state_t *function = &simulator->functions[leaf->function];
  const int32_t index = user * simulator->n_leaves + leaf->leaf;
  call_t *call = &simulator->calls[index];
  user_t *u = &simulator->users[user];
  uint32_t bits[4];
  draw_block(simulator->seed, simulator->window, DRAW_CALL, u->stream, u->n_calls++, bits);
  call->function = leaf->function;
  call->user = user;
  call->node = node;
  call->input = (uint8_t)(leaf->uses_previous_output ? data : SPOILED_NOT);
  call->output = (uint8_t)data;
  call->doomed = SPOILED_NOT;
  call->through = false;
  call->resume_node = -1;
  call->resume_data = SPOILED_NOT;
  call->arrived_s = now_s;
  call->answer_delay_s = function->answer_delay_s + simulator->gateway_delay_s * (0.5 + draw_uniform(bits[1]));
  call->factor = draw_factor(simulator->normal, function->work_sigma, bits[2]);
  if (draw_uniform(bits[3]) < simulator->tail_share) call->factor *= simulator->tail_factor;
  call->replica = balancer_pick(simulator, function, bits[0]);
  function->requests += 1;
  const replica_t *replica = &simulator->replicas[call->replica < 0 ? 0 : call->replica];
  const bool synchronous = is_synchronous(function);
  const bool full = call->replica < 0 || replica_in_service(replica) >= (synchronous ? 1 : replica->concurrency);
  if (!full) {
    enter_service(simulator, index, now_s);
  } else if (call->replica >= 0 && (synchronous || simulator->queues)) {
    enqueue(simulator, index);
  } else {
    function->rejected += 1;
    resolve(simulator, index, SPOILED_BY_REJECTION, now_s);
  }
}

/* ---- requests ---- */

/* The request, paused after its last stretch, leaves its replica. */
static inline FC_HOST_DEVICE void end_request(simulator_t *simulator, int32_t index, spoiled_t cause, double now_s) {
  call_t *call = &simulator->calls[index];
  function_state_t *function = &simulator->functions[call->function];
  const int32_t replica = call->replica;
  if (replica >= 0) {
    if (is_synchronous(function)) {
      server_leave(simulator, replica, now_s);
    } else {
      replica_leave(simulator, replica, now_s);
    }
  }
  if (cause == SPOILED_NOT) {
    function->answered += 1;
    const double delay_s = is_synchronous(function) ? 0 : function->answer_delay_s; /* seen in the pod's log, or not */
    samples_add(&function->durations, now_s - call->arrived_s + delay_s);
  } else {
    function->failed += 1;
  }
  resolve(simulator, index, cause, now_s);
  if (replica >= 0) released(simulator, replica, now_s);
}

static FC_HOST_DEVICE void work_on(simulator_t *simulator, int32_t index, double now_s) {
  const call_t *call = &simulator->calls[index];
  if (is_synchronous(&simulator->functions[call->function])) {
    server_continue(simulator, call->replica, index, now_s);
  } else {
    replica_continue(simulator, call->replica, index, now_s);
  }
}

/* A stretch of the request's work is done and it pauses: the next of its own calls, or its end. */
static inline FC_HOST_DEVICE void after_stretch(simulator_t *simulator, int32_t index, double now_s) {
  call_t *call = &simulator->calls[index];
  if (call->doomed != SPOILED_NOT || call->through || simulator->nodes[call->node].first_child < 0) {
    end_request(simulator, index, (spoiled_t)(call->doomed != SPOILED_NOT ? call->doomed : call->resume_data), now_s);
    return;
  }
  function_state_t *function = &simulator->functions[call->function];
  if (!is_synchronous(function)) replica_share(simulator, &simulator->replicas[call->replica], function);
  spoiled_t data = (spoiled_t)call->resume_data;
  const bool through = call->resume_node < 0
                           ? plan_enter(simulator, call->user, call->node, now_s, &data)
                           : plan_resume(simulator, call->user, call->node, call->resume_node, now_s, &data);
  if (!through) return;
  call->through = true;
  call->resume_data = (uint8_t)data;
  if (call->n_segments > 0) { /* what was counted for calls that then were not made */
    call->segment_work *= call->n_segments;
    call->n_segments = 1;
    work_on(simulator, index, now_s);
  } else {
    end_request(simulator, index, data, now_s);
  }
}

/* A call that the request made itself was answered. */
static FC_HOST_DEVICE void on_own_answer(simulator_t *simulator, int32_t owner, int32_t user, int32_t node,
                                         spoiled_t data, double now_s) {
  const int32_t index = user * simulator->n_leaves + simulator->nodes[owner].leaf;
  call_t *call = &simulator->calls[index];
  if (!plan_join(simulator, user, node, now_s, &data, &call->resume_node)) return;
  call->resume_data = (uint8_t)data;
  if (call->doomed != SPOILED_NOT) { /* its replica is gone */
    end_request(simulator, index, (spoiled_t)call->doomed, now_s);
  } else {
    work_on(simulator, index, now_s);
  }
}

FC_HOST_DEVICE void engine_abort_replica(simulator_t *simulator, int32_t replica, double now_s) {
  events_remove(&simulator->events, replica);
  for (int32_t index = 0; index < simulator->n_calls; ++index) {
    call_t *call = &simulator->calls[index];
    if (call->replica != replica || call->phase == CALL_OVER) continue;
    call->replica = -1;
    call->doomed = SPOILED_BY_FAILURE;
    if (call->phase == CALL_WAITING) continue; /* fails when its own call is answered */
    simulator->functions[call->function].failed += 1;
    resolve(simulator, index, SPOILED_BY_FAILURE, now_s);
  }
}

/* ---- events ---- */

static inline FC_HOST_DEVICE void on_replica(simulator_t *simulator, int32_t index, double now_s) {
  replica_t *replica = &simulator->replicas[index];
  if (replica->phase == REPLICA_COLD) {
    fleet_ready(simulator, index, now_s);
    return;
  }
  if (replica->boundary != BOUNDARY_NONE) {
    replica_pass_boundary(simulator, index, now_s);
    return;
  }
  const int32_t call = replica->next_call;
  if (is_synchronous(&simulator->functions[replica->function])) {
    server_pause(simulator, index, now_s);
    after_stretch(simulator, call, now_s);
    return;
  }
  const replica_result_t result = replica_step(simulator, index, now_s);
  if (result == REPLICA_PAUSES) after_stretch(simulator, call, now_s);
  if (result == REPLICA_FAILS) {
    simulator->functions[replica->function].failed += 1;
    resolve(simulator, call, SPOILED_BY_FAILURE, now_s);
    released(simulator, index, now_s);
  }
  replica_schedule(simulator, index);
}

static inline FC_HOST_DEVICE void finish(simulator_t *simulator, int32_t user, double now_s, spoiled_t data) {
  user_t *u = &simulator->users[user];
  if (u->spoiled == SPOILED_NOT) u->spoiled = (uint8_t)data;
  load_finish(simulator, user, now_s);
}

static inline FC_HOST_DEVICE void on_answer(simulator_t *simulator, int32_t index, double now_s) {
  const call_t *call = &simulator->calls[index];
  const int32_t user = call->user, node = call->node, owner = simulator->nodes[node].owner;
  spoiled_t data = (spoiled_t)call->output;
  if (owner >= 0) {
    on_own_answer(simulator, owner, user, node, data, now_s);
  } else if (plan_answered(simulator, user, node, now_s, &data)) {
    finish(simulator, user, now_s, data);
  }
}

static inline FC_HOST_DEVICE void on_user(simulator_t *simulator, int32_t user, double now_s) {
  user_t *u = &simulator->users[user];
  spoiled_t data = SPOILED_NOT;
  if (u->phase == USER_ARRIVES) {
    u->phase = USER_AWAY;
    if (load_is_open(simulator) || user < simulator->n_users) load_start(simulator, user, now_s);
  } else if (u->phase == USER_FINISHES) {
    load_complete(simulator, user, now_s);
  } else {
    u->phase = USER_RUNS;
    if (plan_start(simulator, user, now_s, &data)) finish(simulator, user, now_s, data);
  }
}

/* ---- the window ---- */

/* Integrals and counts of the window are complete: all replicas are brought to its end. */
static FC_HOST_DEVICE void close_window(simulator_t *simulator) {
  load_close(simulator);
  for (int32_t f = 0; f < simulator->n_functions; ++f) {
    function_state_t *function = &simulator->functions[f];
    for (int32_t slot = 0; slot < function->n_used; ++slot) {
      replica_t *replica = &simulator->replicas[function->first_replica + slot];
      if (replica->phase == REPLICA_ABSENT) continue;
      fleet_count_life(simulator, function, replica, simulator->end_s);
      if (replica->phase != REPLICA_COLD) advance(function, replica, simulator->end_s);
    }
  }
}

/* Handles all events before `until_s`. */
static FC_HOST_DEVICE void run_until(simulator_t *simulator, double until_s) {
  events_t *events = &simulator->events;
  const int32_t first_call = simulator->n_replicas, first_user = first_call + simulator->n_calls,
                arrival = load_arrival_entity(simulator);
  while (events->n > 0 && events->heap[0].time_s < until_s) {
    const event_t event = events_take(events);
    if (event.entity < first_call) {
      on_replica(simulator, event.entity, event.time_s);
    } else if (event.entity < first_user) {
      on_answer(simulator, event.entity - first_call, event.time_s);
    } else if (event.entity < arrival) {
      on_user(simulator, event.entity - first_user, event.time_s);
    } else {
      load_arrive(simulator, event.time_s);
    }
    events_close(events);
  }
}

FC_HOST_DEVICE void engine_run(simulator_t *simulator) {
  load_open(simulator);
  run_until(simulator, simulator->end_s);
  close_window(simulator);
}

FC_HOST_DEVICE void engine_drain(simulator_t *simulator) {
  if (load_is_open(simulator)) events_remove(&simulator->events, load_arrival_entity(simulator));
  run_until(simulator, INFINITY);
}
