/* terms.h - what calibration compares of a window: a vector of numbers whose luck is about normal.
 *
 *     ln mean latency, sqrt(successes + 1/4),
 *     then for each function: ln p75, ln p95, ln CPU %, ln (1 + throttled periods)
 *
 * Pure; any thread.
 */
#ifndef SIM_CALIBRATION_TERMS_H
#define SIM_CALIBRATION_TERMS_H

#include "faasconf/transition.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TERM_LATENCY = 0, TERM_SUCCESSES = 1, TERMS_END_TO_END = 2, TERMS_PER_FUNCTION = 4 };

/* Terms of a window of N functions that has everything. */
static inline int32_t terms_max(int32_t n_functions) {
  return TERMS_END_TO_END + TERMS_PER_FUNCTION * n_functions;
}

/* Which terms the window has, ascending, into list (terms_max); their number. CPU % and throttling only with uses_cpu.
 * The window has counts. */
int32_t terms_of(const fc_observation_t *observation, bool uses_cpu, int32_t *list);

/* One term of a window. Where a simulated window has no latency its length stands in. */
double terms_value(const fc_observation_t *observation, int32_t term);

/* Variance that measuring adds to a term: 0.15^2 for CPU % and throttling (docs/simulator.md), else 0. */
double terms_noise(int32_t term);

#ifdef __cplusplus
}
#endif
#endif
