/* engine.h - one window, from its first user to its last answer.
 *
 * Wants the state as simulator.c prepares it; leaves counts behind, which metrics.c turns into an observation. Never
 * blocks, allocates nothing, calls only mathematics: this and what it includes is the step function that also compiles
 * as CUDA C++.
 */
#ifndef SIM_ENGINE_H
#define SIM_ENGINE_H

#include "state.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A new stretch: puts `configuration`, (N), in force on ready replicas and clears everything; draws the speeds of
 * window and functions. */
FC_HOST_DEVICE void engine_open(simulator_t *simulator, int64_t window,
                                const fc_function_configuration_t *configuration);

/* The next window of the stretch: the counts begin again, what is in flight goes on, and functions whose configuration
 * is another one are changed as fleet.h says. */
FC_HOST_DEVICE void engine_reopen(simulator_t *simulator, int64_t window,
                                  const fc_function_configuration_t *configuration);

/* Runs the window to its end; all counts and integrals are complete then. */
FC_HOST_DEVICE void engine_run(simulator_t *simulator);

/* Afterwards, when the stretch ends here: workflows in flight at the end run on to theirs and no new one starts. Only
 * the durations are of use then: the published percentiles of functions were read from their logs 20 s after the load
 * had stopped. */
FC_HOST_DEVICE void engine_drain(simulator_t *simulator);

/* Everything in service and waiting at a replica that is terminated fails. */
FC_HOST_DEVICE void engine_abort_replica(simulator_t *simulator, int32_t replica, double now_s);

#ifdef __cplusplus
}
#endif
#endif
