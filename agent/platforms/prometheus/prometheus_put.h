/* prometheus_put.h - one metric into an observation, or out of it. */
#ifndef AGENT_PLATFORMS_PROMETHEUS_PROMETHEUS_PUT_H
#define AGENT_PLATFORMS_PROMETHEUS_PROMETHEUS_PUT_H

#include "faasconf/transition.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The two that are known together or not at all; -1: absent. */
typedef struct {
  int64_t successes, failures;
} prometheus_counts_t;

/* metric: FC_METRIC_* or settings_workflow_metric_t. has: false makes it absent, whatever was there. successes and
 * failures go to *counts, for prometheus_put_counts. */
void prometheus_put_function(fc_function_metrics_t *metrics, int32_t metric, bool has, double value);
void prometheus_put_workflow(fc_observation_t *observation, prometheus_counts_t *counts, int32_t metric, bool has,
                             double value);

/* Both counts, when both are there; rejections from another source that exceed the failures are dropped. */
void prometheus_put_counts(fc_observation_t *observation, const prometheus_counts_t *counts);

#ifdef __cplusplus
}
#endif
#endif
