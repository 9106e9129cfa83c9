/* fleet.h - the replicas of a function over time: cold starts, rolling changes, scaling.
 *
 * A change of CPU, memory or concurrency replaces every replica: the new ones start cold at once; each that becomes
 * ready takes the place of an old one, which gets no further traffic, finishes what it has and goes; when the last new
 * one is ready, no old one is left. A change of the number alone adds cold replicas or lets the youngest go. What still
 * finishes at the next change of the function is terminated: its requests fail. Time to ready: lognormal around
 * cold_start_median_s (docs/simulator.md, "Reconfiguration").
 */
#ifndef SIM_FLEET_H
#define SIM_FLEET_H

#include "state.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A stretch begins: `configuration`'s replicas are ready, with all of their tokens and nothing to do. */
FC_HOST_DEVICE void fleet_open(simulator_t *simulator, int32_t function,
                               const fc_function_configuration_t *configuration);

/* The configuration changes at the start of a window. */
FC_HOST_DEVICE void fleet_change(simulator_t *simulator, int32_t function,
                                 const fc_function_configuration_t *configuration);

/* A cold replica's event: it is ready. */
FC_HOST_DEVICE void fleet_ready(simulator_t *simulator, int32_t replica, double now_s);

/* A replica that is leaving has nothing left to do: it is gone. */
FC_HOST_DEVICE void fleet_gone(simulator_t *simulator, int32_t replica, double now_s);

/* A replica of the function lived in this window, until `end_s`, with its idle memory. */
static inline FC_HOST_DEVICE void fleet_count_life(const simulator_t *simulator, function_state_t *function,
                                                   const replica_t *replica, double end_s) {
  const double life_s = end_s - replica->since_s;
  function->replica_s += life_s;
  function->mem_share_s += simulator->mem_idle_mib * replica->per_mem_limit * life_s;
}

#ifdef __cplusplus
}
#endif
#endif
