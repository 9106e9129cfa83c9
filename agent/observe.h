/* observe.h - step 1: one window of the platform, checked and judged.
 *
 * A platform that cannot answer, answers with an old window or with nonsense leaves a window without measurements:
 * every metric absent, never zero, the verdict unknown. Such a window is neither a breach nor a success; the agent
 * holds. So is a window in which nothing was asked of the workflow: no success is no violation then. One thread; blocks
 * as long as the platform's read does.
 */
#ifndef AGENT_OBSERVE_H
#define AGENT_OBSERVE_H

#include "platform.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  bool usable;   /* good enough to decide on: fresh, with load and outcome, and metrics of half of the functions */
  bool measured; /* good enough to report: fresh, with an outcome */
  bool ended;    /* there are no more windows: the platform itself is over (FC_ECLOSED) */
  bool lost;     /* nor will there be any, but it is not over: the platform is lost for good (FC_ESTATE) */
  char why[FC_ERROR_MESSAGE_SIZE]; /* when not usable */
  fc_qos_verdict_t verdict;
  double violation[FC_MAX_QOS_TERMS]; /* v per term, NaN where unknown */
  double mean_in_flight;              /* NaN when absent */
} observe_result_t;

/* Reads window number `window` into *observation (initialised for N). previous_start_us: of the window before, or
 * INT64_MIN; a window that does not start later is stale. */
void observe_window(platform_t *platform, const fc_workflow_t *workflow, fc_semantics_t semantics, int64_t window,
                    int64_t previous_start_us, fc_observation_t *observation, observe_result_t *result);

#ifdef __cplusplus
}
#endif
#endif
