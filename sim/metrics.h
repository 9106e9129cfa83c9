/* metrics.h - from the counts of a window to an observation, in the units of faasconf/transition.h. */
#ifndef SIM_METRICS_H
#define SIM_METRICS_H

#include "state.h"

#ifdef __cplusplus
extern "C" {
#endif

/* After engine_run: load, outcome, metrics but the latencies, window and duration of an observation initialised for
 * n_functions. */
FC_HOST_DEVICE void metrics_fill(simulator_t *simulator, fc_observation_t *observation);

/* After engine_drain: latency percentiles of the functions, absent where nothing succeeded. */
FC_HOST_DEVICE void metrics_fill_latencies(simulator_t *simulator, fc_observation_t *observation);

#ifdef __cplusplus
}
#endif
#endif
