/* critical_path.h - which functions made a window as slow as it was, by the call plan and the measured latencies.
 *
 * Of parallel branches the slowest counts, of a choice the branch that adds most to the mean; calls one after the other
 * all count. A function's measured latency (75th percentile) includes the calls that it makes itself. Pure.
 */
#ifndef EVAL_TUNERS_CRITICAL_PATH_H
#define EVAL_TUNERS_CRITICAL_PATH_H

#include "faasconf/transition.h"

#ifdef __cplusplus
extern "C" {
#endif

/* on_path (N): true for the functions of the path; a function whose latency is absent counts as 0 s. Returns the path's
 * length in seconds; 0, and nobody on the path, when no function that is called has a latency. */
double critical_path(const fc_workflow_t *workflow, const fc_observation_t *window, bool *on_path);

#ifdef __cplusplus
}
#endif
#endif
