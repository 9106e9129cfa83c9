/* fleet.c - see fleet.h. */
#include "fleet.h"

#include "balancer.h"
#include "engine.h"
#include "server.h"

static FC_HOST_DEVICE void configure(replica_t *replica, const fc_function_configuration_t *configuration) {
  replica->quota = configuration->cpu_millicores / 1000.0;
  replica->mem_limit_mib = configuration->mem_mib;
  replica->per_mem_limit = 1.0 / configuration->mem_mib;
  replica->concurrency = configuration->concurrency;
  replica->tokens = replica->quota * SERVER_PERIOD_S;
  replica->budget_s = replica->quota * replica->period_s;
}

/* A new replica in slot `index`, with nothing to do. */
static FC_HOST_DEVICE void create(simulator_t *simulator, int32_t f, int32_t index, replica_phase_t phase) {
  function_state_t *function = &simulator->functions[f];
  replica_t *replica = &simulator->replicas[index];
  replica->progress = replica->rate = 0;
  replica->updated_s = replica->since_s = simulator->start_s;
  replica->cpu_rate = replica->throttled_rate = replica->mem_share = replica->in_flight_rate = 0;
  replica->full_until_s = replica->cpu_until_s = simulator->start_s;
  replica->function = f;
  replica->first_call = replica->next_call = -1;
  replica->queue_first = replica->queue_last = -1;
  replica->n_starting = replica->n_working = replica->n_waiting = replica->n_queued = 0;
  replica->phase = (uint8_t)phase;
  replica->speed = replica->slowness = 1; /* drawn at the first request */
  replica->warm = false;
  replica->number = function->n_created++;
  replica->generation = function->generation;
  replica->period_s = function->mode == FC_MODE_FORK ? simulator->cpu_period_s : 0;
  replica->period_end_s = simulator->start_s;
  replica->throttled = false;
  replica->boundary = BOUNDARY_NONE;
  configure(replica, &function->configuration);
  const int32_t slot = index - function->first_replica;
  if (slot >= function->n_used) function->n_used = slot + 1;
}

FC_HOST_DEVICE void fleet_open(simulator_t *simulator, int32_t f, const fc_function_configuration_t *configuration) {
  function_state_t *function = &simulator->functions[f];
  for (int32_t slot = 0; slot < function->n_used; ++slot)
    simulator->replicas[function->first_replica + slot].phase = REPLICA_ABSENT;
  function->n_used = 0;
  function->configuration = *configuration;
  function->n_created = function->generation = function->turn = 0;
  function->n_ready = configuration->replicas;
  for (int32_t r = 0; r < configuration->replicas; ++r) {
    create(simulator, f, function->first_replica + r, REPLICA_READY);
    function->ready[r] = function->first_replica + r;
  }
}

FC_HOST_DEVICE void fleet_gone(simulator_t *simulator, int32_t index, double now_s) {
  replica_t *replica = &simulator->replicas[index];
  fleet_count_life(simulator, &simulator->functions[replica->function], replica, now_s);
  replica->phase = REPLICA_ABSENT;
}

/* The replica in place `i` of the ready list gets no further traffic. */
static FC_HOST_DEVICE void leave(simulator_t *simulator, function_state_t *function, int32_t i, double now_s) {
  const int32_t index = function->ready[i];
  replica_t *replica = &simulator->replicas[index];
  function->n_ready -= 1;
  for (; i < function->n_ready; ++i) function->ready[i] = function->ready[i + 1];
  replica->phase = REPLICA_LEAVING;
  if (replica_in_service(replica) == 0) fleet_gone(simulator, index, now_s);
}

static FC_HOST_DEVICE int32_t count_cold(const simulator_t *simulator, const function_state_t *function) {
  int32_t n = 0;
  for (int32_t slot = 0; slot < function->n_used; ++slot)
    n += simulator->replicas[function->first_replica + slot].phase == REPLICA_COLD;
  return n;
}

/* Old replicas, first come first gone, until as many are ready as are wanted; all of them once no new one is cold. */
static FC_HOST_DEVICE void replace_old(simulator_t *simulator, function_state_t *function, double now_s) {
  const bool all = count_cold(simulator, function) == 0;
  for (int32_t i = 0, left = all ? function->n_ready : 1; i < function->n_ready && left > 0;) {
    const bool old = simulator->replicas[function->ready[i]].generation != function->generation;
    if (old) {
      leave(simulator, function, i, now_s);
      left -= 1;
    } else {
      ++i;
    }
  }
}

FC_HOST_DEVICE void fleet_ready(simulator_t *simulator, int32_t index, double now_s) {
  replica_t *replica = &simulator->replicas[index];
  function_state_t *function = &simulator->functions[replica->function];
  replica->phase = REPLICA_READY;
  replica->updated_s = now_s;
  function->ready[function->n_ready++] = index;
  replace_old(simulator, function, now_s);
}

static FC_HOST_DEVICE void start_cold(simulator_t *simulator, int32_t f, int32_t n) {
  function_state_t *function = &simulator->functions[f];
  for (int32_t slot = 0; slot < function->n_slots && n > 0; ++slot) {
    const int32_t index = function->first_replica + slot;
    if (slot < function->n_used && simulator->replicas[index].phase != REPLICA_ABSENT) continue;
    create(simulator, f, index, REPLICA_COLD);
    uint32_t bits[4];
    draw_block(simulator->seed, simulator->window, DRAW_COLD, (uint32_t)f, simulator->replicas[index].number, bits);
    const double cold_s =
        simulator->cold_start_median_s * draw_median_factor(simulator->normal, simulator->cold_start_sigma, bits[0]);
    events_set(&simulator->events, index, simulator->start_s + cold_s);
    n -= 1;
  }
}

/* Everything a replica still had to do fails. */
static FC_HOST_DEVICE void terminate(simulator_t *simulator, int32_t index, double now_s) {
  engine_abort_replica(simulator, index, now_s);
  fleet_gone(simulator, index, now_s);
}

static FC_HOST_DEVICE void cancel_cold(simulator_t *simulator, function_state_t *function, int32_t n, double now_s) {
  for (int32_t slot = function->n_used - 1; slot >= 0 && n > 0; --slot) {
    const int32_t index = function->first_replica + slot;
    if (simulator->replicas[index].phase != REPLICA_COLD) continue;
    events_remove(&simulator->events, index);
    fleet_gone(simulator, index, now_s);
    n -= 1;
  }
}

FC_HOST_DEVICE void fleet_change(simulator_t *simulator, int32_t f, const fc_function_configuration_t *configuration) {
  function_state_t *function = &simulator->functions[f];
  const fc_function_configuration_t *old = &function->configuration;
  const double now_s = simulator->start_s;
  const bool replaced = configuration->cpu_millicores != old->cpu_millicores ||
                        configuration->mem_mib != old->mem_mib || configuration->concurrency != old->concurrency;
  if (!replaced && configuration->replicas == old->replicas) return;
  for (int32_t slot = 0; slot < function->n_used; ++slot)
    if (simulator->replicas[function->first_replica + slot].phase == REPLICA_LEAVING)
      terminate(simulator, function->first_replica + slot, now_s);
  const int32_t change = configuration->replicas - old->replicas;
  function->configuration = *configuration;
  if (replaced) {
    cancel_cold(simulator, function, INT32_MAX, now_s);
    function->generation += 1;
    start_cold(simulator, f, configuration->replicas);
  } else if (change > 0) {
    start_cold(simulator, f, change);
  } else {
    const int32_t n_cold = count_cold(simulator, function), n_cancelled = n_cold < -change ? n_cold : -change;
    cancel_cold(simulator, function, n_cancelled, now_s);
    for (int32_t n = -change - n_cancelled; n > 0 && function->n_ready > 1; --n)
      leave(simulator, function, function->n_ready - 1, now_s);
    if (count_cold(simulator, function) == 0) replace_old(simulator, function, now_s);
  }
}
