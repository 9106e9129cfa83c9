/* server.h - one replica of a synchronous function: one request at a time, held while its own calls run.
 *
 * The work of a request is cut evenly into stretches around its own calls. CPU comes from a token bucket that holds one
 * CFS period (0.1 s) of the quota q: a stretch runs at full speed (one core) until the bucket is empty, then at q; the
 * bucket refills at q all the time. A request that makes no calls also waits io_s without CPU. Reference:
 * docs/simulator.md, "Synchronous mode".
 */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include "replica.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SERVER_PERIOD_S 0.1

/* CPU of [replica->updated_s, now_s): at full speed until full_until_s, at the quota until cpu_until_s, then none. */
static inline FC_HOST_DEVICE void server_advance(replica_t *replica, function_state_t *function, double now_s) {
  const double from_s = replica->updated_s, elapsed_s = now_s - from_s;
  const double full_end_s = now_s < replica->full_until_s ? now_s : replica->full_until_s;
  const double cpu_end_s = now_s < replica->cpu_until_s ? now_s : replica->cpu_until_s;
  const double full_s = full_end_s > from_s ? full_end_s - from_s : 0;
  const double slow_from_s = from_s > replica->full_until_s ? from_s : replica->full_until_s;
  const double slow_s = cpu_end_s > slow_from_s ? cpu_end_s - slow_from_s : 0;
  const double capacity = replica->quota * SERVER_PERIOD_S;
  const double used = full_s + replica->quota * slow_s;
  function->cpu_s += used;
  function->throttled_s += slow_s;
  function->mem_share_s += replica->mem_share * elapsed_s;
  function->in_flight_s += replica->in_flight_rate * elapsed_s;
  replica->tokens += replica->quota * elapsed_s - used;
  if (replica->tokens > capacity) replica->tokens = capacity;
  if (replica->tokens < 0) replica->tokens = 0;
  replica->updated_s = now_s;
}

/* Starts a stretch of `work` CPU seconds followed by wait_s without CPU; schedules its end. */
static inline FC_HOST_DEVICE void server_work(simulator_t *simulator, int32_t index, double work, double wait_s,
                                              double now_s) {
  replica_t *replica = &simulator->replicas[index];
  const double cpu_s = work / replica->speed, quota = replica->quota;
  double full_s = cpu_s;
  if (quota < 1 && replica->tokens < cpu_s * (1 - quota)) full_s = replica->tokens / (1 - quota);
  replica->full_until_s = now_s + full_s;
  replica->cpu_until_s = replica->full_until_s + (cpu_s - full_s) / (quota < 1 ? quota : 1);
  events_set(&simulator->events, index, replica->cpu_until_s + wait_s);
}

static inline FC_HOST_DEVICE void server_occupy(replica_t *replica, const function_state_t *function, int32_t n_working,
                                                int32_t n_waiting) {
  replica->n_working = n_working;
  replica->n_waiting = n_waiting;
  replica->in_flight_rate = n_working + n_waiting;
  replica->mem_share = function->mem_mib * replica->per_mem_limit * (n_working + n_waiting);
}

static inline FC_HOST_DEVICE void server_next(simulator_t *simulator, int32_t index, call_t *call, bool makes_calls,
                                              double extra_work, double now_s) {
  const function_state_t *function = &simulator->functions[simulator->replicas[index].function];
  const double wait_s = makes_calls || call->doomed != SPOILED_NOT ? 0 : function->io_s;
  call->phase = CALL_WORKING;
  server_work(simulator, index, call->segment_work + extra_work, wait_s, now_s);
}

/* A request enters the free server. Garbage, and a request for which there is no memory, fail after their start-up. */
static inline FC_HOST_DEVICE void server_enter(simulator_t *simulator, int32_t index, int32_t call_index,
                                               bool makes_calls, double now_s) {
  replica_t *replica = &simulator->replicas[index];
  function_state_t *function = &simulator->functions[replica->function];
  call_t *call = &simulator->calls[call_index];
  double warm_up = 0;
  if (!replica->warm) {
    replica_warm_up(simulator, replica, function);
    warm_up = function->warmup_work_s;
  }
  server_advance(replica, function, now_s);
  server_occupy(replica, function, 1, 0);
  replica->next_call = call_index;
  if (call->input != SPOILED_NOT) {
    call->doomed = call->input;
  } else if (replica_memory(simulator, function, 1, 0) > replica->mem_limit_mib) {
    call->doomed = SPOILED_BY_FAILURE;
  }
  if (call->doomed != SPOILED_NOT) {
    call->segment_work = function->startup_work_s * call->factor;
  } else {
    call->segment_work = (function->startup_work_s + function->main_work_s) * call->factor / call->n_segments;
  }
  server_next(simulator, index, call, makes_calls, warm_up, now_s);
}

/* The stretch of the request in service is done; it waits until server_continue or server_leave. */
static inline FC_HOST_DEVICE void server_pause(simulator_t *simulator, int32_t index, double now_s) {
  replica_t *replica = &simulator->replicas[index];
  call_t *call = &simulator->calls[replica->next_call];
  function_state_t *function = &simulator->functions[replica->function];
  server_advance(replica, function, now_s);
  server_occupy(replica, function, 0, 1);
  call->phase = CALL_WAITING;
  call->n_segments -= 1;
}

static inline FC_HOST_DEVICE void server_continue(simulator_t *simulator, int32_t index, int32_t call_index,
                                                  double now_s) {
  replica_t *replica = &simulator->replicas[index];
  function_state_t *function = &simulator->functions[replica->function];
  server_advance(replica, function, now_s);
  server_occupy(replica, function, 1, 0);
  server_next(simulator, index, &simulator->calls[call_index], true, 0, now_s);
}

static inline FC_HOST_DEVICE void server_leave(simulator_t *simulator, int32_t index, double now_s) {
  replica_t *replica = &simulator->replicas[index];
  function_state_t *function = &simulator->functions[replica->function];
  server_advance(replica, function, now_s);
  server_occupy(replica, function, 0, 0);
}

#ifdef __cplusplus
}
#endif
#endif
