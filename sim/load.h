/* load.h - who starts workflows: users of a closed loop without think time, or Poisson arrivals.
 *
 * Closed loop: user u arrives at u / spawn_rate and starts its next workflow when the previous one completes. Open
 * loop: workflows arrive at exponential distances whatever happens to those before; each takes a place, and one that
 * finds none is refused at the door and counted as rejected. The orchestrator needs a while before its first call
 * (lognormal around its median) and a moment after the last answer; neither competes for any function's CPU. A workflow
 * counts in the window in which it completes.
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

static inline FC_HOST_DEVICE int32_t load_arrival_entity(const simulator_t *simulator) {
  return simulator->n_replicas + simulator->n_calls + simulator->n_places;
}

static inline FC_HOST_DEVICE bool load_is_open(const simulator_t *simulator) {
  return simulator->free_next != NULL;
}

/* `user` starts a workflow at `now_s`; behind the window's end only in a stretch that goes on. */
static inline FC_HOST_DEVICE void load_start(simulator_t *simulator, int32_t user, double now_s) {
  user_t *u = &simulator->users[user];
  u->in_flight = now_s < simulator->end_s;
  u->phase = USER_AWAY;
  if (!u->in_flight) {
    if (!simulator->continues) return;
    u->phase = USER_ARRIVES;
    events_set(&simulator->events, load_entity(simulator, user), now_s);
    return;
  }
  uint32_t bits[4];
  draw_block(simulator->seed, simulator->window, DRAW_START, u->stream, u->n_workflows++, bits);
  u->started_s = now_s;
  u->window = simulator->window;
  u->spoiled = SPOILED_NOT;
  u->phase = USER_STARTS;
  simulator->counts.started += 1;
  const double startup_s = simulator->orchestrator_startup_s *
                           draw_median_factor(simulator->normal, simulator->orchestrator_startup_sigma, bits[0]);
  events_set(&simulator->events, load_entity(simulator, user), now_s + startup_s);
}

/* Seconds of the workflow that lie in this window, up to `until_s`. */
static inline FC_HOST_DEVICE double load_in_window_s(const simulator_t *simulator, const user_t *user, double until_s) {
  return until_s - (user->started_s > simulator->start_s ? user->started_s : simulator->start_s);
}

static inline FC_HOST_DEVICE void load_complete(simulator_t *simulator, int32_t user, double completed_s) {
  user_t *u = &simulator->users[user];
  workflow_counts_t *counts = &simulator->counts;
  const double latency_s = completed_s - u->started_s;
  counts->in_flight_s += load_in_window_s(simulator, u, completed_s);
  if (u->spoiled == SPOILED_NOT) {
    counts->successes += 1;
    counts->latency_sum_s += latency_s;
    samples_add(&counts->latencies, latency_s);
  } else {
    counts->failures += 1;
    counts->rejected += u->spoiled == SPOILED_BY_REJECTION;
  }
  u->phase = USER_AWAY;
  u->in_flight = false;
  if (load_is_open(simulator)) {
    simulator->free_next[user] = simulator->free_place;
    simulator->free_place = user;
  } else if (user < simulator->n_users) {
    load_start(simulator, user, completed_s);
  }
}

/* The last answer of `user`'s workflow came at `now_s`. */
static inline FC_HOST_DEVICE void load_finish(simulator_t *simulator, int32_t user, double now_s) {
  user_t *u = &simulator->users[user];
  const double shortest_s = u->started_s + LOAD_SHORTEST_WORKFLOW_S;
  double completed_s = now_s + simulator->orchestrator_finish_s;
  if (completed_s < shortest_s) completed_s = shortest_s;
  if (completed_s <= simulator->end_s) {
    load_complete(simulator, user, completed_s);
    return;
  }
  /* Unfinished in this window. */
  if (!simulator->continues) return;
  u->phase = USER_FINISHES;
  events_set(&simulator->events, load_entity(simulator, user), completed_s);
}

/* ---- open loop ---- */

static inline FC_HOST_DEVICE void load_schedule_arrival(simulator_t *simulator, double now_s) {
  uint32_t bits[4];
  double next_s = INFINITY;
  draw_block(simulator->seed, simulator->window, DRAW_ARRIVAL, 0, simulator->n_arrivals, bits);
  if (simulator->rate_per_s > 0) next_s = now_s - log1p(-draw_uniform(bits[0])) / simulator->rate_per_s;
  events_set(&simulator->events, load_arrival_entity(simulator), next_s);
}

static inline FC_HOST_DEVICE void load_arrive(simulator_t *simulator, double now_s) {
  const uint32_t stream = simulator->n_arrivals++ & (DRAW_MAX_ENTITIES - 1);
  const int32_t place = simulator->free_place;
  if (place < 0) {
    simulator->counts.started += 1;
    simulator->counts.failures += 1;
    simulator->counts.rejected += 1;
  } else {
    simulator->free_place = simulator->free_next[place];
    user_t *u = &simulator->users[place];
    u->stream = stream;
    u->n_workflows = u->n_calls = 0;
    plan_progress_t *progress = &simulator->progress[(int64_t)place * simulator->n_nodes];
    for (int32_t i = 0; i < simulator->n_nodes; ++i) progress[i].n_visits = progress[i].n_choices = 0;
    load_start(simulator, place, now_s);
  }
  load_schedule_arrival(simulator, now_s);
}

/* ---- windows ---- */

/* Nobody is there yet. */
static inline FC_HOST_DEVICE void load_clear(simulator_t *simulator) {
  simulator->n_arrivals = 0;
  simulator->free_place = load_is_open(simulator) ? 0 : -1;
  for (int32_t place = 0; place < simulator->n_places; ++place) {
    user_t *u = &simulator->users[place];
    u->stream = (uint32_t)place;
    u->n_workflows = u->n_calls = 0;
    u->phase = USER_AWAY;
    u->in_flight = false;
    if (load_is_open(simulator)) simulator->free_next[place] = place + 1 < simulator->n_places ? place + 1 : -1;
  }
  if (load_is_open(simulator)) return; /* an arrival clears its own */
  const int64_t n = (int64_t)simulator->n_places * simulator->n_nodes;
  for (int64_t i = 0; i < n; ++i) simulator->progress[i].n_visits = simulator->progress[i].n_choices = 0;
}

/* The window begins: those who are away arrive; arrivals at the rate of now. */
static inline FC_HOST_DEVICE void load_open(simulator_t *simulator) {
  if (load_is_open(simulator)) {
    load_schedule_arrival(simulator, simulator->start_s);
    return;
  }
  int32_t n_arriving = 0;
  for (int32_t user = 0; user < simulator->n_users; ++user)
    if (simulator->users[user].phase == USER_AWAY)
      load_start(simulator, user, simulator->start_s + n_arriving++ / simulator->spawn_rate_per_s);
}

static inline FC_HOST_DEVICE void load_close(simulator_t *simulator) {
  workflow_counts_t *counts = &simulator->counts;
  counts->unfinished = 0;
  for (int32_t place = 0; place < simulator->n_places; ++place) {
    const user_t *u = &simulator->users[place];
    if (!u->in_flight) continue;
    counts->unfinished += 1;
    counts->in_flight_s += load_in_window_s(simulator, u, simulator->end_s);
  }
}

#ifdef __cplusplus
}
#endif
#endif
