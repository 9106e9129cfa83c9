/* settings_metrics.h - the section `metrics` of agent.yaml: where the agent's metrics come from, and with which
 * queries.
 *
 * One query per metric, by the names of faasconf/transition.h: of every function and of the workflow. Platform `local`
 * has defaults made of what HAProxy's own exporter gives. A query is PromQL with placeholders: {function}, {workflow},
 * {window} (length of the window as a duration, such as 5000ms) and {labels} (below).
 *
 * Plain data, filled once at start and immutable afterwards; any thread may read it. Keys and defaults: docs/agent.md.
 */
#ifndef AGENT_SETTINGS_METRICS_H
#define AGENT_SETTINGS_METRICS_H

#include <stdbool.h>

#include "faasconf/config.h"
#include "faasconf/transition.h"
#include "settings_local.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  SETTINGS_METRICS_URL_SIZE = 512,
  SETTINGS_METRICS_QUERY_SIZE = 768,
  SETTINGS_METRICS_LABELS_SIZE = 256,
  SETTINGS_METRICS_PLACE_SIZE = 256
};

typedef enum {
  SETTINGS_METRICS_PLATFORM = 0, /* the platform measures all */
  SETTINGS_METRICS_PROMETHEUS =
      1 /* metrics that have a query come from Prometheus only, the others from the platform */
} settings_metrics_source_t;

/* How a query's answer becomes the metric. A metric that is a mean over replicas is divided by their number, except
 * with VALUE. */
typedef enum {
  SETTINGS_QUERY_OFF = 0,   /* the platform measures this one */
  SETTINGS_QUERY_VALUE = 1, /* any PromQL expression: its value at the end of the window, in the metric's unit */
  SETTINGS_QUERY_COUNTER =
      2, /* a selector: increase of its raw samples, for the length of the window; a rate for metrics per s */
  SETTINGS_QUERY_GAUGE = 3 /* a selector: mean of its raw samples in the window */
} settings_query_kind_t;

typedef struct {
  settings_query_kind_t kind;
  char text[SETTINGS_METRICS_QUERY_SIZE];  /* placeholders still in it */
  char place[SETTINGS_METRICS_PLACE_SIZE]; /* "file:line:column: ", for what only the server finds out; "": a default */
} settings_query_t;

/* X(NAME, key): metrics of the workflow, of load and outcome. */
#define SETTINGS_WORKFLOW_METRICS(X)  \
  X(ARRIVAL_RATE, arrival_rate_per_s) \
  X(MEAN_IN_FLIGHT, mean_in_flight)   \
  X(LATENCY_MEAN, latency_mean_s)     \
  X(LATENCY_P95, latency_p95_s)       \
  X(SUCCESSES, successes)             \
  X(FAILURES, failures)               \
  X(UNFINISHED, unfinished)           \
  X(REJECTED, rejected)               \
  X(EXECUTION, execution_s)

typedef enum {
#define SETTINGS_WORKFLOW_METRIC_INDEX(name, key) SETTINGS_WORKFLOW_##name,
  SETTINGS_WORKFLOW_METRICS(SETTINGS_WORKFLOW_METRIC_INDEX)
#undef SETTINGS_WORKFLOW_METRIC_INDEX
      SETTINGS_WORKFLOW_METRIC_COUNT
} settings_workflow_metric_t;

typedef struct {
  settings_metrics_source_t source;
  char url[SETTINGS_METRICS_URL_SIZE];       /* http:// or https://, without /api/v1 */
  double timeout_s;                          /* of all queries of one window together */
  double max_age_s;                          /* a newest sample older than this is absent */
  char labels[SETTINGS_METRICS_LABELS_SIZE]; /* what {labels} stands for: matchers, such as instance="127.0.0.1:8404" */
  settings_query_t functions[FC_FUNCTION_METRIC_COUNT]; /* by FC_METRIC_* */
  settings_query_t workflow[SETTINGS_WORKFLOW_METRIC_COUNT];
} settings_metrics_t;

/* Key of a metric: "requests". Static storage. */
const char *settings_metrics_function_key(int32_t metric);
const char *settings_metrics_workflow_key(settings_workflow_metric_t metric);

/* Reads the map `metrics` (NULL: source platform). local: the platform of kind local, whose HAProxy the defaults ask
 * for; NULL: another kind, without defaults. FC_EFORMAT with "file:line:column: ...". */
fc_status_t settings_metrics_read(const fc_config_node_t *metrics, const settings_local_t *local,
                                  settings_metrics_t *settings, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
