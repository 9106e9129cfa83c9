/* prometheus_metrics.h - a platform whose metrics are those of Prometheus: wraps the one that is tuned.
 *
 * Everything but `read` is the wrapped platform's, configuration in force, control groups and window bounds included.
 * After its `read`, every metric that has a query (settings_metrics.h) is taken from Prometheus and from nowhere else:
 * what Prometheus does not know is absent, never the platform's value and never 0. Metrics without a query stay the
 * platform's. successes and failures are known together or not at all. `rejected` of the workflow that is counted by
 * the platform is dropped in a window where Prometheus counted fewer failures.
 *
 * A count is the increase between two scrapes, the last one before the window (where the window before ended) and the
 * last one in it, taken to the window's length: what is late by part of a scrape interval is not missing.
 *
 * When Prometheus does not answer, all metrics with a query are absent in that window: with the counts or the load gone
 * the agent holds its configuration, says so once, and goes on when Prometheus is back. Two windows after that are
 * absent at most: a count needs a sample from the window's beginning.
 *
 * The clocks of Prometheus and of this machine must agree well within max_age_s. `read` blocks timeout_s longer than
 * the wrapped one; `discover`, which lets Prometheus check every query once, too.
 */
#ifndef AGENT_PLATFORMS_PROMETHEUS_PROMETHEUS_METRICS_H
#define AGENT_PLATFORMS_PROMETHEUS_PROMETHEUS_METRICS_H

#include "faasconf/log.h"
#include "platform.h"
#include "settings_metrics.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Wraps *inner, takes ownership of it and clears it; after a failure *inner is as it was. workflow, settings and log
 * (or NULL) are borrowed until the platform is cleared. Caller owns *out and clears it with platform_clear. FC_EINVAL,
 * FC_ENOTFOUND, FC_ENOMEM. discover of *out: FC_EINVAL names the place and key of a query that Prometheus refuses; a
 * Prometheus that is not there is no failure. */
fc_status_t prometheus_metrics_new(const fc_workflow_t *workflow, const settings_metrics_t *settings,
                                   const fc_log_t *log, platform_t *inner, platform_t *out, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
