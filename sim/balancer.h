/* balancer.h - which replica gets a call, and whether it takes it.
 *
 * Uniformly at random among the ready replicas, blind to their load (the published measurements fit neither round robin
 * nor least loaded: docs/simulation.md). A replica that already serves `concurrency` requests refuses at once with 429;
 * nothing queues and nothing is retried.
 */
#ifndef SIM_BALANCER_H
#define SIM_BALANCER_H

#include "state.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Index of the replica that takes the call, or -1 when it is rejected. */
static inline FC_HOST_DEVICE int32_t balancer_admit(const simulator_t *simulator, const function_state_t *function,
                                                    uint32_t bits) {
  const int32_t index = function->first_replica + (int32_t)(((uint64_t)bits * (uint32_t)function->n_replicas) >> 32);
  const replica_t *replica = &simulator->replicas[index];
  return replica->n_starting + replica->n_working < function->concurrency ? index : -1;
}

#ifdef __cplusplus
}
#endif
#endif
