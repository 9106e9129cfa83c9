/* load.h - who starts workflows: closed-loop users without think time.
 *
 * User u arrives at u / spawn_rate and starts its next workflow when the previous one completes. The orchestrator needs
 * a while before its first call (lognormal around its median) and a moment after the last answer; neither competes for
 * any function's CPU. A workflow is counted when it completes within the window.
 */
#ifndef SIM_LOAD_H
#define SIM_LOAD_H

#include "state.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Even a workflow without calls and delays takes this long, so that a window always ends. */
#define LOAD_SHORTEST_WORKFLOW_S 1e-4

static inline FC_HOST_DEVICE int32_t load_entity(const simulator_t *simulator, int32_t user) {
  return simulator->n_replicas + simulator->n_calls + user;
}

/* `user` starts a workflow at `now_s`, if the window is still on. */
static inline FC_HOST_DEVICE void load_start(simulator_t *simulator, int32_t user, double now_s) {
  user_t *u = &simulator->users[user];
  u->in_flight = now_s < simulator->window_s;
  if (!u->in_flight) return;
  uint32_t bits[4];
  draw_block(simulator->seed, simulator->window, DRAW_START, (uint32_t)user, u->n_workflows++, bits);
  u->started_s = now_s;
  u->spoiled = SPOILED_NOT;
  simulator->counts.started += 1;
  const double startup_s = simulator->orchestrator_startup_s *
                           draw_median_factor(&simulator->normal, simulator->orchestrator_startup_sigma, bits[0]);
  events_set(&simulator->events, load_entity(simulator, user), now_s + startup_s);
}

/* The last answer of `user`'s workflow came at `now_s`. */
static inline FC_HOST_DEVICE void load_finish(simulator_t *simulator, int32_t user, double now_s) {
  user_t *u = &simulator->users[user];
  workflow_counts_t *counts = &simulator->counts;
  const double shortest_s = u->started_s + LOAD_SHORTEST_WORKFLOW_S;
  double completed_s = now_s + simulator->orchestrator_finish_s;
  if (completed_s < shortest_s) completed_s = shortest_s;
  if (completed_s > simulator->window_s) return; /* unfinished: stays in flight */
  const double latency_s = completed_s - u->started_s;
  counts->in_flight_s += latency_s;
  if (u->spoiled == SPOILED_NOT) {
    counts->successes += 1;
    counts->latency_sum_s += latency_s;
    samples_add(&counts->latencies, latency_s);
  } else {
    counts->failures += 1;
    counts->rejected += u->spoiled == SPOILED_BY_REJECTION;
  }
  load_start(simulator, user, completed_s);
}

/* All users arrive; at the end of the window, load_close() counts what is still in flight. */
static inline FC_HOST_DEVICE void load_open(simulator_t *simulator) {
  for (int32_t user = 0; user < simulator->n_users; ++user) {
    user_t *u = &simulator->users[user];
    u->n_workflows = 0;
    u->n_calls = 0;
    u->n_decisions = 0;
    load_start(simulator, user, user / simulator->spawn_rate_per_s);
  }
}

static inline FC_HOST_DEVICE void load_close(simulator_t *simulator) {
  for (int32_t user = 0; user < simulator->n_users; ++user) {
    const user_t *u = &simulator->users[user];
    if (u->in_flight) simulator->counts.in_flight_s += simulator->window_s - u->started_s;
  }
}

#ifdef __cplusplus
}
#endif
#endif
