/* simulator.h - discrete-event simulation of one workflow, window by window.
 *
 * Semantics are those of docs/simulator.md (fitted to the published measurements of the Parallel workflow); the golden
 * table fixes them. The engine works on whatever workflow file it is given: nothing knows a function count or name. All
 * memory is taken in simulator_new; a window allocates nothing. Random numbers are counter-based, keyed by (seed,
 * window, entity). One thread per simulator.
 */
#ifndef SIM_SIMULATOR_H
#define SIM_SIMULATOR_H

#include "faasconf/transition.h"
#include "faasconf/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct simulator simulator_t;

typedef struct {
  uint64_t seed;
  fc_semantics_t semantics;
  int32_t users;     /* closed loop without think time: the most there will be; 0 = open loop */
  double rate_per_s; /* open loop: Poisson arrivals of workflows, the highest rate there will be */
} simulator_options_t;

/* FC_EINVAL when the workflow has no `simulator:` section, one of its parameters is out of bounds, or its calls with
 * those that functions make themselves are too many (the message says which). Borrows workflow until simulator_destroy.
 * Caller owns the result and destroys it with simulator_destroy. */
fc_status_t simulator_new(const fc_workflow_t *workflow, const simulator_options_t *options, simulator_t **out,
                          fc_error_t *error);
void simulator_destroy(simulator_t **simulator);

/* Makes *simulator one of these options: as it is when it was made for the same ones, else a new one in its place
 * (NULL: the first). Errors as simulator_new; *simulator is NULL then. Parameters set on it stay when it does. */
fc_status_t simulator_renew(const fc_workflow_t *workflow, const simulator_options_t *options, simulator_t **simulator,
                            fc_error_t *error);

/* From the next window on: another world's parameters, functions (N) included, instead of the workflow file's. Copies.
 * FC_EINVAL names the parameter that is out of bounds; nothing has changed then. Allocates nothing. */
fc_status_t simulator_set_parameters(simulator_t *simulator, const fc_simulator_parameters_t *parameters,
                                     fc_error_t *error);

/* From the next window on: other luck. */
void simulator_set_seed(simulator_t *simulator, uint64_t seed);

/* From the next window on: latencies of executions (LATENCY_P75, LATENCY_P95 of the functions) are not measured, so
 * that a fresh window need not wait for the answers that are still out at its end. All else is the same to the last
 * bit. */
void simulator_set_outcomes_only(simulator_t *simulator);

/* From the next window on: so many users of the closed loop (0 to the options'), or arrivals at this rate (open loop, 0
 * to the options'; users = 0). Users who are too many finish their workflow and leave. FC_EINVAL. */
fc_status_t simulator_set_load(simulator_t *simulator, int32_t users, double rate_per_s, fc_error_t *error);

/* One fresh window number `window` (its draws depend on seed and window only) with `configuration` (N) in force from
 * its start. Fills observation's load, outcome, configuration and metrics (initialised for N); window index and
 * duration too, start_us is left alone. Same arguments, same bytes. FC_EINVAL for a configuration that is not
 * positive. */
fc_status_t simulator_window(simulator_t *simulator, int64_t window, const fc_function_configuration_t *configuration,
                             fc_observation_t *observation, fc_error_t *error);

/* The next window of a stretch, of which the first call begins one: users arrive, replicas are ready. From then on what
 * is in flight at the end of a window goes on in the next, and a configuration that differs from the last is rolled out
 * from the start of the window on (cold starts; sim/fleet.h). `window` numbers the draws, one number per window.
 * Metrics are averages over the replicas as long as they lived, latencies of executions those that ended in the window;
 * else as simulator_window. */
fc_status_t simulator_next_window(simulator_t *simulator, int64_t window,
                                  const fc_function_configuration_t *configuration, fc_observation_t *observation,
                                  fc_error_t *error);

/* Window number `window` as somebody measures it who did not begin it: in a closed loop as simulator_window (users come
 * with the window, as in an experiment) unless the parameters say FC_WINDOWS_RUNNING; then, and always in an open loop,
 * the second of a stretch (a system that has been running; its first passes unseen). The draws of no two numbers meet.
 * Ends the stretch. Errors as simulator_window. */
fc_status_t simulator_observed_window(simulator_t *simulator, int64_t window,
                                      const fc_function_configuration_t *configuration, fc_observation_t *observation,
                                      fc_error_t *error);

/* The next window begins a new stretch; simulator_window does that, too. */
void simulator_end_stretch(simulator_t *simulator);

#ifdef __cplusplus
}
#endif
#endif
