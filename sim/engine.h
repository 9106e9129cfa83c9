/* engine.h - one window, from its first user to its last answer.
 *
 * Wants functions[] with their configuration and the rest of the state as simulator.c prepares it; leaves counts
 * behind, which metrics.c turns into an observation. Never blocks, allocates nothing, calls only mathematics: this is
 * the step function that can also be compiled as CUDA C++.
 */
#ifndef SIM_ENGINE_H
#define SIM_ENGINE_H

#include "state.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Puts `configuration`, (N), in force and clears all counts; draws the speeds of window and functions. */
FC_HOST_DEVICE void engine_open(simulator_t *simulator, int64_t window,
                                const fc_function_configuration_t *configuration);

/* Runs the window to its end; all counts and integrals are complete then. */
FC_HOST_DEVICE void engine_run(simulator_t *simulator);

/* Afterwards: workflows in flight at the end run on to theirs and no new one starts. Only the durations are of use
 * then: the published percentiles of functions were read from their logs 20 s after the load had stopped. */
FC_HOST_DEVICE void engine_drain(simulator_t *simulator);

#ifdef __cplusplus
}
#endif
#endif
