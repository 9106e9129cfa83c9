/* periods.h - the quota of a fork-mode replica by the period, as Linux gives it (CFS bandwidth control).
 *
 * In each period of cpu_period_s a replica may use quota * cpu_period_s CPU seconds, at full speed. Then all of its
 * requests are throttled until the period ends; what a period leaves over is lost. Period ends lie on a grid that each
 * replica has drawn; an idle replica finds a full budget when it wakes up. The kernel looks at its scheduler ticks
 * only: with cpu_tick_s > 0 a replica runs on to the tick at or after the end of its budget, and the next period has as
 * much less. replica_advance, replica_share and replica_schedule come here for replicas with period_s > 0. Reference:
 * docs/simulator.md, "Periods".
 *
 * Between two events of a replica its rates are constant: it is throttled, or its budget lasts, or it runs on in debt.
 */
#ifndef SIM_PERIODS_H
#define SIM_PERIODS_H

#include <math.h>

#include "state.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Kept out of the caller's hot loop: replicas without periods are not to pay for these. */
#define PERIODS_APART __attribute__((noinline, unused))

/* Budgets and times closer than this are equal: the kernel counts nanoseconds. */
#define PERIOD_TOLERANCE_S 1e-9

static inline FC_HOST_DEVICE double periods_quota_s(const replica_t *replica) {
  return replica->quota * replica->period_s;
}

/* A period begins: a full budget less the debt. */
static inline FC_HOST_DEVICE void periods_refill(replica_t *replica) {
  const double full_s = periods_quota_s(replica);
  replica->budget_s = replica->budget_s < 0 ? full_s + replica->budget_s : full_s;
}

/* Takes what is used in [updated_s, now_s) from the budget. The end of a period is passed here by replicas that run;
 * one that is throttled waits for its event, one that is idle for its next request. */
static PERIODS_APART FC_HOST_DEVICE void periods_advance(replica_t *replica, double now_s) {
  const double end_s = replica->period_end_s;
  if (!(replica->cpu_rate > 0)) return;
  if (now_s < end_s) {
    replica->budget_s -= replica->cpu_rate * (now_s - replica->updated_s);
    return;
  }
  const double more = floor((now_s - end_s) / replica->period_s);
  replica->budget_s -= replica->cpu_rate * (end_s - replica->updated_s);
  periods_refill(replica);
  if (more > 0) replica->budget_s = periods_quota_s(replica); /* passed without an event: nothing ever runs out */
  replica->period_end_s = end_s + replica->period_s * (1 + more);
  replica->budget_s -= replica->cpu_rate * (now_s - (replica->period_end_s - replica->period_s));
}

/* The first request after an idle time, at updated_s. Debt is not paid by waiting: the kernel keeps it. */
static inline FC_HOST_DEVICE void periods_wake(replica_t *replica) {
  if (replica->updated_s >= replica->period_end_s) {
    const double passed = floor((replica->updated_s - replica->period_end_s) / replica->period_s);
    replica->period_end_s += replica->period_s * (1 + passed);
    periods_refill(replica);
  }
  if (replica->budget_s <= PERIOD_TOLERANCE_S) replica->throttled = true;
}

/* The rates of n requests that compute and want `demand` cores: replica_share without quota, but only on the machine's
 * cores. */
static PERIODS_APART FC_HOST_DEVICE void periods_share(const simulator_t *simulator, replica_t *replica,
                                                       const function_state_t *function, int32_t n, double demand) {
  const bool was_idle = !(replica->cpu_rate > 0);
  replica->cpu_rate = replica->rate = 0;
  if (n == 0) return;
  if (was_idle && !replica->throttled) periods_wake(replica);
  if (replica->throttled) return;
  const double share = simulator->cores > 0 && demand > simulator->cores ? simulator->cores / demand : 1;
  const double lost = demand > replica->quota ? simulator->throttling_loss * (1 - replica->quota / demand) : 0;
  replica->cpu_rate = demand * share;
  replica->rate = replica->speed * share * (1 - lost) / (1 + function->contention * (n - 1));
}

/* When the kernel finds the budget used up, at the rates of now. */
static inline FC_HOST_DEVICE double periods_throttles_s(const simulator_t *simulator, const replica_t *replica) {
  const double left_s = replica->budget_s > 0 ? replica->budget_s / replica->cpu_rate : 0;
  const double used_up_s = replica->updated_s + left_s, tick_s = simulator->cpu_tick_s;
  if (!(tick_s > 0)) return used_up_s;
  const double tick_at_s = ceil((used_up_s - PERIOD_TOLERANCE_S) / tick_s) * tick_s;
  return tick_at_s > used_up_s ? tick_at_s : used_up_s;
}

/* When the next event of a replica is that would end the phase of `next_call` at progress next_progress, and which it
 * is: that end, or the kernel's (boundary). */
static PERIODS_APART FC_HOST_DEVICE double periods_event_s(const simulator_t *simulator, replica_t *replica) {
  const double rest = replica->next_progress - replica->progress;
  double phase_ends_s = INFINITY, boundary_s = replica->period_end_s;
  boundary_t boundary = BOUNDARY_PERIOD;
  if (rest <= 0) {
    phase_ends_s = replica->updated_s;
  } else if (replica->rate > 0) {
    phase_ends_s = replica->updated_s + rest / replica->rate;
  }
  if (!replica->throttled) {
    const double throttles_s = periods_throttles_s(simulator, replica);
    if (throttles_s < boundary_s - PERIOD_TOLERANCE_S) {
      boundary = BOUNDARY_BUDGET;
      boundary_s = throttles_s;
    } else if (replica->cpu_rate <= replica->quota &&
               replica->budget_s >= replica->cpu_rate * (boundary_s - replica->updated_s)) {
      boundary = BOUNDARY_NONE; /* enough for this period and for every other one */
    }
  }
  if (boundary == BOUNDARY_NONE || phase_ends_s <= boundary_s + PERIOD_TOLERANCE_S) {
    replica->boundary = BOUNDARY_NONE;
    return phase_ends_s;
  }
  replica->boundary = (uint8_t)boundary;
  return boundary_s;
}

/* The boundary that periods_event_s announced is here; the replica has advanced to it. New rates and the next event are
 * the caller's. */
static inline FC_HOST_DEVICE void periods_pass(replica_t *replica, function_state_t *function) {
  if (replica->throttled) { /* the kernel counts a throttled period at its end */
    function->throttled_s += replica->period_s;
    replica->period_end_s += replica->period_s;
    periods_refill(replica);
    replica->throttled = replica->budget_s <= PERIOD_TOLERANCE_S;
  } else if (replica->boundary == BOUNDARY_BUDGET) {
    replica->throttled = true;
  }
}

#ifdef __cplusplus
}
#endif
#endif
