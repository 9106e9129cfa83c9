/* balancer.h - which replica gets a call.
 *
 * One of the ready replicas: uniformly at random and blind to load (the published measurements fit neither round robin
 * nor least loaded: docs/simulator.md), one after the other, or the one with the least to do. Whether the replica takes
 * the call, refuses it or lets it wait is the engine's business.
 */
#ifndef SIM_BALANCER_H
#define SIM_BALANCER_H

#include "state.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Requests a replica has in service. */
static inline FC_HOST_DEVICE int32_t replica_in_service(const replica_t *replica) {
  return replica->n_starting + replica->n_working + replica->n_waiting;
}

/* A number below n from 32 random bits. */
static inline FC_HOST_DEVICE int32_t balancer_below(uint32_t bits, int32_t n) {
  return (int32_t)(((uint64_t)bits * (uint32_t)n) >> 32);
}

/* Of the replicas with the fewest requests in service and waiting, one at random. */
static inline FC_HOST_DEVICE int32_t balancer_least(const simulator_t *simulator, const function_state_t *function,
                                                    uint32_t bits) {
  int32_t least = INT32_MAX, n = 0;
  for (int32_t i = 0; i < function->n_ready; ++i) {
    const replica_t *replica = &simulator->replicas[function->ready[i]];
    const int32_t load = replica_in_service(replica) + replica->n_queued;
    n = load < least ? 1 : n + (load == least);
    least = load < least ? load : least;
  }
  int32_t chosen = balancer_below(bits, n);
  for (int32_t i = 0; i < function->n_ready; ++i) {
    const replica_t *replica = &simulator->replicas[function->ready[i]];
    if (replica_in_service(replica) + replica->n_queued == least && chosen-- == 0) return function->ready[i];
  }
  return -1;
}

/* Index of the replica that gets the call, or -1 when none is ready. */
static inline FC_HOST_DEVICE int32_t balancer_pick(const simulator_t *simulator, function_state_t *function,
                                                   uint32_t bits) {
  if (function->n_ready <= 0) return -1;
  if (simulator->balancer == FC_BALANCER_RANDOM) return function->ready[balancer_below(bits, function->n_ready)];
  if (simulator->balancer == FC_BALANCER_ROUND_ROBIN)
    return function->ready[function->turn++ % (uint32_t)function->n_ready];
  return balancer_least(simulator, function, bits);
}

#ifdef __cplusplus
}
#endif
#endif
