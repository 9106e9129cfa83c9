/* replica.h - one replica of a fork-mode function: processor sharing under a CPU quota.
 *
 * A process per request. A request first starts up (one core), then works (`parallelism` cores); while calls of its own
 * run it waits, holding its place and its memory. With a total demand D above the quota q everybody gets s = q / D of
 * what they want, and CFS throttling loses a further share: eff = 1 - throttling_loss * (1 - s). Requests that compute
 * also slow each other down (caches, memory): contention. All requests of a replica advance at the same rate per core,
 * so one number, `progress`, moves for all of them and each knows the value at which its phase ends. With a CFS period
 * (period_s > 0) the quota is given by the period instead: periods.h. Reference: docs/simulator.md, "Fork mode".
 */
#ifndef SIM_REPLICA_H
#define SIM_REPLICA_H

#include "balancer.h"
#include "periods.h"
#include "state.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Brings progress and the function's integrals to `now_s`. */
static inline FC_HOST_DEVICE void replica_advance(replica_t *replica, function_state_t *function, double now_s) {
  const double elapsed_s = now_s - replica->updated_s;
  replica->progress += replica->rate * elapsed_s;
  if (replica->period_s > 0) periods_advance(replica, now_s);
  replica->updated_s = now_s;
  function->cpu_s += replica->cpu_rate * elapsed_s;
  function->throttled_s += replica->throttled_rate * elapsed_s;
  function->mem_share_s += replica->mem_share * elapsed_s;
  function->in_flight_s += replica->in_flight_rate * elapsed_s;
}

/* New rates after requests came, left or changed phase. */
static inline FC_HOST_DEVICE void replica_share(const simulator_t *simulator, replica_t *replica,
                                                const function_state_t *function) {
  const int32_t n = replica->n_starting + replica->n_working;
  const double demand = replica->n_starting + replica->n_working * function->parallelism;
  const double quota = replica->quota;
  replica->in_flight_rate = n + replica->n_waiting;
  replica->mem_share = function->mem_mib * replica->per_mem_limit *
                       (replica->n_working + replica->n_waiting + simulator->mem_waiting_share * replica->n_starting);
  if (replica->period_s > 0) {
    periods_share(simulator, replica, function, n, demand);
    return;
  }
  double speed = replica->speed;
  if (demand > quota) {
    const double share = quota / demand;
    speed *= share * (1 - simulator->throttling_loss * (1 - share));
    replica->cpu_rate = quota;
    replica->throttled_rate = 1;
  } else {
    replica->cpu_rate = demand;
    replica->throttled_rate = 0;
  }
  replica->rate =
      n <= CONTENTION_TABLE ? speed * function->contention_speed[n] : speed / (1 + function->contention * (n - 1));
}

/* Finds the request whose phase ends next; false when the replica is idle. */
static inline FC_HOST_DEVICE bool replica_find_next(const simulator_t *simulator, replica_t *replica) {
  int32_t next = replica->first_call;
  if (next < 0) return false;
  double target = simulator->calls[next].target;
  for (int32_t call = simulator->calls[next].next; call >= 0; call = simulator->calls[call].next) {
    const double other = simulator->calls[call].target;
    if (other < target) {
      target = other;
      next = call;
    }
  }
  replica->next_call = next;
  replica->next_progress = target;
  return true;
}

/* When the phase found by replica_find_next ends, at the rates of now. */
static inline FC_HOST_DEVICE double replica_next_s(const replica_t *replica) {
  const double rest = replica->next_progress - replica->progress;
  return replica->updated_s + (rest > 0 ? rest / replica->rate : 0);
}

/* An idle replica has no event. */
static inline FC_HOST_DEVICE void replica_schedule(simulator_t *simulator, int32_t index) {
  replica_t *replica = &simulator->replicas[index];
  if (!replica_find_next(simulator, replica)) return;
  events_set(&simulator->events, index,
             replica->period_s > 0 ? periods_event_s(simulator, replica) : replica_next_s(replica));
}

/* MiB in use, counted as at entry to the second phase: requests that have reached it in full, starting ones in part. */
static inline FC_HOST_DEVICE double replica_memory(const simulator_t *simulator, const function_state_t *function,
                                                   int32_t n_entered, int32_t n_starting) {
  return simulator->mem_idle_mib + function->mem_mib * (n_entered + simulator->mem_waiting_share * n_starting);
}

static inline FC_HOST_DEVICE void replica_push(simulator_t *simulator, replica_t *replica, int32_t call) {
  simulator->calls[call].next = replica->first_call;
  replica->first_call = call;
}

static inline FC_HOST_DEVICE void replica_remove(simulator_t *simulator, replica_t *replica, int32_t call) {
  int32_t *link = &replica->first_call;
  while (*link != call) link = &simulator->calls[*link].next;
  *link = simulator->calls[call].next;
}

/* The speed of a replica, and when its periods end, are drawn when its first request arrives. */
static inline FC_HOST_DEVICE void replica_warm_up(const simulator_t *simulator, replica_t *replica,
                                                  const function_state_t *function) {
  uint32_t bits[4];
  draw_block(simulator->seed, simulator->window, DRAW_REPLICA, (uint32_t)replica->function, replica->number, bits);
  replica->slowness = draw_factor(simulator->normal, simulator->sigma_replica, bits[0]);
  replica->speed = function->speed / replica->slowness;
  replica->warm = true;
  replica->period_end_s = replica->updated_s + replica->period_s * draw_uniform(bits[1]);
}

/* A request enters service; its work is cut into call->n_segments stretches. */
static inline FC_HOST_DEVICE void replica_enter(simulator_t *simulator, int32_t index, int32_t call_index,
                                                double now_s) {
  replica_t *replica = &simulator->replicas[index];
  function_state_t *function = &simulator->functions[replica->function];
  call_t *call = &simulator->calls[call_index];
  double startup = function->startup_work_s * call->factor;
  if (!replica->warm) {
    replica_warm_up(simulator, replica, function);
    startup += function->warmup_work_s;
  }
  replica_advance(replica, function, now_s);
  call->phase = CALL_STARTING;
  call->target = replica->progress + startup;
  call->segment_work = function->main_work_s * function->main_speed * call->factor;
  if (call->n_segments > 1) call->segment_work /= call->n_segments;
  replica_push(simulator, replica, call_index);
  replica->n_starting += 1;
  replica_share(simulator, replica, function);
  replica_schedule(simulator, index);
}

/* The quota stops the replica, or a period ends. */
static inline FC_HOST_DEVICE void replica_pass_boundary(simulator_t *simulator, int32_t index, double now_s) {
  replica_t *replica = &simulator->replicas[index];
  function_state_t *function = &simulator->functions[replica->function];
  replica_advance(replica, function, now_s);
  periods_pass(replica, function);
  replica_share(simulator, replica, function);
  replica_schedule(simulator, index);
}

typedef enum { REPLICA_GOES_ON = 0, REPLICA_PAUSES = 1, REPLICA_FAILS = 2 } replica_result_t;

/* The phase of `next_call` ends now. PAUSES: a stretch of its work is done, it waits until replica_continue or
 * replica_leave; FAILS: it has left. */
static inline FC_HOST_DEVICE replica_result_t replica_step(simulator_t *simulator, int32_t index, double now_s) {
  replica_t *replica = &simulator->replicas[index];
  function_state_t *function = &simulator->functions[replica->function];
  const int32_t call_index = replica->next_call;
  call_t *call = &simulator->calls[call_index];
  replica_advance(replica, function, now_s);
  replica->progress = replica->next_progress;
  if (call->phase == CALL_WORKING) {
    replica_remove(simulator, replica, call_index);
    replica->n_working -= 1;
    replica->n_waiting += 1;
    call->phase = CALL_WAITING;
    call->n_segments -= 1;
    return REPLICA_PAUSES;
  }
  replica->n_starting -= 1;
  const double needed_mib =
      replica_memory(simulator, function, replica->n_working + replica->n_waiting + 1, replica->n_starting);
  if (call->input != SPOILED_NOT || needed_mib > replica->mem_limit_mib) {
    replica_remove(simulator, replica, call_index);
    replica_share(simulator, replica, function);
    return REPLICA_FAILS;
  }
  replica->n_working += 1;
  call->phase = CALL_WORKING;
  call->target = replica->progress + call->segment_work;
  replica_share(simulator, replica, function);
  return REPLICA_GOES_ON;
}

/* A request that waited works on: the next stretch. */
static inline FC_HOST_DEVICE void replica_continue(simulator_t *simulator, int32_t index, int32_t call_index,
                                                   double now_s) {
  replica_t *replica = &simulator->replicas[index];
  function_state_t *function = &simulator->functions[replica->function];
  call_t *call = &simulator->calls[call_index];
  replica_advance(replica, function, now_s);
  replica->n_waiting -= 1;
  replica->n_working += 1;
  call->phase = CALL_WORKING;
  call->target = replica->progress + call->segment_work;
  replica_push(simulator, replica, call_index);
  replica_share(simulator, replica, function);
  replica_schedule(simulator, index);
}

/* A request that waited leaves. */
static inline FC_HOST_DEVICE void replica_leave(simulator_t *simulator, int32_t index, double now_s) {
  replica_t *replica = &simulator->replicas[index];
  function_state_t *function = &simulator->functions[replica->function];
  replica_advance(replica, function, now_s);
  replica->n_waiting -= 1;
  replica_share(simulator, replica, function);
}

#ifdef __cplusplus
}
#endif
#endif
