/* faasconf/cost.h - what a configuration costs.
 *
 * `reserved` capacity per hour is what faasconf optimises; the paper's Eq. 2, which multiplies by execution time, is
 * reported beside it. Pure functions; any thread.
 */
#ifndef FAASCONF_COST_H
#define FAASCONF_COST_H

#include "faasconf/transition.h"

#ifdef __cplusplus
extern "C" {
#endif

/* sum over functions of (cpu_millicores * price + mem_mib * price) * replicas, USD per hour, summed in function order
 * in double: reproduces the published price column exactly. configuration: (N). */
double fc_cost_reserved_usd_h(const fc_workflow_t *workflow, const fc_function_configuration_t *configuration);

/* The same for one function. */
double fc_cost_function_usd_h(const fc_prices_t *prices, const fc_function_configuration_t *configuration);

/* Paper Eq. 2 for one window, USD: sum over functions of execution time (h) * (cpu + mem price) * replicas, where
 * execution_s[f], (N), is the mean execution time per call times the calls of the window. */
double fc_cost_eq2_usd(const fc_workflow_t *workflow, const fc_function_configuration_t *configuration,
                       const double *execution_s);

#ifdef __cplusplus
}
#endif
#endif
