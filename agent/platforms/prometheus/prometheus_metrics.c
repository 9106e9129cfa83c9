/* prometheus_metrics.c - see prometheus_metrics.h. */
#include "prometheus_metrics.h"

#include <math.h>
#include <stdlib.h>

#include "prometheus_ask.h"
#include "prometheus_put.h"
#include "prometheus_samples.h"

static const double US_PER_S = 1e6, NS_PER_S = 1e9;
/* What an observation may hold (core/transition.c): one value beyond it would cost the whole window. */
static const double MAX_VALUE = 1e15, MAX_COUNT = 1e14, MAX_LATENCY_S = 1e7;

enum { OF_WORKFLOW = -1 };

/* One query of the settings for one function, or for the workflow. */
typedef struct {
  const settings_query_t *settings;
  int32_t function;       /* or OF_WORKFLOW */
  int32_t metric;         /* FC_METRIC_* or settings_workflow_metric_t */
  double counted_until_s; /* where the last window's count ended; NAN: there was none */
} query_t;

typedef struct {
  const fc_workflow_t *workflow;
  const settings_metrics_t *settings;
  const fc_log_t *log;
  platform_t inner;
  prometheus_t *client;
  int32_t n_queries;
  query_t *queries; /* (n_queries) */
  int32_t n_absent; /* in the last window: what the log says */
} metrics_t;

/* The window that is read. */
typedef struct {
  double start_s, end_s; /* Unix time */
  double deadline_s;     /* of all queries, monotonic */
  int32_t n_absent;
  bool away; /* nobody answers: no further query in this window */
  prometheus_counts_t counts;
  fc_error_t why; /* of the first absent metric */
} window_t;

static double monotonic_s(void) {
  const fc_clock_t clock = fc_clock_system(); /* of the network, whatever the platform's time is */
  return (double)clock.monotonic_ns(clock.self) / NS_PER_S;
}

static const char *key_of(const query_t *query) {
  return query->function == OF_WORKFLOW ? settings_metrics_workflow_key((settings_workflow_metric_t)query->metric)
                                        : settings_metrics_function_key(query->metric);
}

/* ---- one query ------------------------------------------------------------------------------------------------ */

static fc_status_t ask(metrics_t *metrics, const query_t *query, double window_s, double time_s,
                       prometheus_answer_t *answer, fc_error_t *error) {
  const bool of_workflow = query->function == OF_WORKFLOW;
  const prometheus_words_t words = {of_workflow ? NULL : metrics->workflow->functions[query->function].name,
                                    metrics->workflow->name, metrics->settings->labels, window_s};
  return prometheus_ask(metrics->client, query->settings, &words, metrics->settings->max_age_s, time_s, answer, error);
}

static fc_status_t take_rate(const metrics_t *metrics, query_t *query, const window_t *window,
                             const prometheus_answer_t *answer, double *rate_per_s, fc_error_t *error) {
  const double max_age_s = metrics->settings->max_age_s, window_s = window->end_s - window->start_s;
  const bool goes_on = query->counted_until_s >= window->start_s - max_age_s && query->counted_until_s < window->end_s;
  const double from_s = goes_on ? query->counted_until_s : window->start_s;
  prometheus_increase_t count = {0};
  query->counted_until_s = NAN;
  const prometheus_knowledge_t knowledge = prometheus_increase(answer, from_s, window->end_s, max_age_s, &count);
  if (knowledge != PROMETHEUS_KNOWN)
    return fc_error_set(error, FC_ENOTFOUND, "%s", prometheus_knowledge_text(knowledge));
  const double span_s = count.until_s - count.from_s;
  if (!prometheus_span_fits(span_s, window_s))
    return fc_error_set(error, FC_ENOTFOUND, "its samples cover %.3g s, the window has %.3g s (is it scraped often?)",
                        span_s, window_s);
  query->counted_until_s = count.until_s;
  *rate_per_s = count.increase / span_s;
  return FC_OK;
}

/* Value as the metric's unit wants it: of a counter `value` is its rate per s, of a gauge its mean. A count is that of
 * the whole window: its samples cover a scrape less or more, which a target of successes would see. */
static double in_unit(const query_t *query, double value, double window_s, int32_t replicas) {
  const bool of_counter = query->settings->kind == SETTINGS_QUERY_COUNTER;
  if (query->settings->kind == SETTINGS_QUERY_VALUE) return value;
  if (query->function == OF_WORKFLOW)
    return of_counter && query->metric != SETTINGS_WORKFLOW_ARRIVAL_RATE ? value * window_s : value;
  switch (query->metric) {
    case FC_METRIC_CPU_UTILIZATION: /* of seconds of CPU time */
      return (of_counter ? 100 * value : value) / replicas;
    case FC_METRIC_MEM_UTILIZATION:
    case FC_METRIC_NET_RX:
      return value / replicas;
    case FC_METRIC_THROTTLED:
      return (of_counter ? value * window_s : value) / replicas;
    default:
      return of_counter ? value * window_s : value;
  }
}

static double largest(const query_t *query) {
  if (query->function != OF_WORKFLOW) return MAX_VALUE;
  switch ((settings_workflow_metric_t)query->metric) {
    case SETTINGS_WORKFLOW_LATENCY_MEAN:
    case SETTINGS_WORKFLOW_LATENCY_P95:
      return MAX_LATENCY_S;
    case SETTINGS_WORKFLOW_SUCCESSES:
    case SETTINGS_WORKFLOW_FAILURES:
    case SETTINGS_WORKFLOW_UNFINISHED:
    case SETTINGS_WORKFLOW_REJECTED:
      return MAX_COUNT;
    default:
      return MAX_VALUE;
  }
}

static fc_status_t evaluate(const metrics_t *metrics, query_t *query, const window_t *window,
                            const prometheus_answer_t *answer, int32_t replicas, double *value, fc_error_t *error) {
  if (query->settings->kind == SETTINGS_QUERY_VALUE) {
    if (!prometheus_answer_value(answer, value))
      return fc_error_set(error, FC_ENOTFOUND, "it has %d results that are numbers, expected one",
                          answer->n_series == 1 ? 0 : (int)answer->n_series);
  } else if (answer->type != PROMETHEUS_MATRIX) {
    return fc_error_set(error, FC_EINVAL, "it is no selector");
  } else if (query->settings->kind == SETTINGS_QUERY_COUNTER) {
    FC_TRY(take_rate(metrics, query, window, answer, value, error));
  } else {
    const prometheus_knowledge_t knowledge =
        prometheus_mean(answer, window->start_s, window->end_s, metrics->settings->max_age_s, value);
    if (knowledge != PROMETHEUS_KNOWN)
      return fc_error_set(error, FC_ENOTFOUND, "%s", prometheus_knowledge_text(knowledge));
  }
  *value = in_unit(query, *value, window->end_s - window->start_s, replicas);
  if (isfinite(*value) && *value >= 0 && *value <= largest(query)) return FC_OK;
  return fc_error_set(error, FC_EINVAL, "%g is no value of this metric", *value);
}

/* FC_OK: *value is what Prometheus knows. Otherwise it is absent, and *error says why. */
static fc_status_t fetch(metrics_t *metrics, query_t *query, window_t *window, int32_t replicas, double *value,
                         fc_error_t *error) {
  const double left_s = window->deadline_s - monotonic_s();
  if (window->away) return FC_EIO;
  if (left_s <= 0) {
    window->away = true;
    return fc_error_set(error, FC_ETIMEOUT, "Prometheus takes longer than timeout_s for the queries of a window");
  }
  prometheus_set_timeout(metrics->client, left_s);
  prometheus_answer_t answer;
  fc_status_t status = ask(metrics, query, window->end_s - window->start_s, window->end_s, &answer, error);
  if (status == FC_EIO || status == FC_ETIMEOUT || status == FC_EFORMAT) window->away = true;
  if (status == FC_OK) status = evaluate(metrics, query, window, &answer, replicas, value, error);
  prometheus_answer_clear(&answer);
  return status;
}

/* ---- a window ------------------------------------------------------------------------------------------------- */

static void take_one(metrics_t *metrics, query_t *query, window_t *window, fc_observation_t *observation) {
  const int32_t f = query->function;
  fc_error_t error = {0};
  double value = 0;
  const int32_t replicas = f == OF_WORKFLOW ? 1 : observation->configuration[f].replicas;
  const bool has = fetch(metrics, query, window, replicas, &value, &error) == FC_OK;
  if (f == OF_WORKFLOW)
    prometheus_put_workflow(observation, &window->counts, query->metric, has, value);
  else
    prometheus_put_function(&observation->metrics[f], query->metric, has, value);
  if (has) return;
  query->counted_until_s = NAN; /* the next count begins with its window */
  window->n_absent += 1;
  if (window->n_absent > 1) return;
  window->why = error;
  if (window->away) return; /* the fault is not this query's */
  fc_error_prefix(&window->why, "%s of %s", key_of(query),
                  f == OF_WORKFLOW ? "the workflow" : metrics->workflow->functions[f].name);
}

/* When other metrics are missing than in the window before, and when all are back. */
static void tell(metrics_t *metrics, const window_t *window) {
  if (window->n_absent == metrics->n_absent) return;
  if (window->n_absent > 0)
    FC_LOG_W(metrics->log, "metrics", "%d of %d metrics from Prometheus are absent: %s", (int)window->n_absent,
             (int)metrics->n_queries, window->why.message);
  else
    FC_LOG_I(metrics->log, "metrics", "all %d metrics from Prometheus are there", (int)metrics->n_queries);
  metrics->n_absent = window->n_absent;
}

static fc_status_t take_read(void *self, int64_t number, fc_observation_t *observation, fc_error_t *error) {
  metrics_t *metrics = self;
  FC_TRY(metrics->inner.read(metrics->inner.self, number, observation, error));
  window_t window = {.start_s = (double)observation->start_us / US_PER_S, .counts = {-1, -1}};
  window.end_s = window.start_s + observation->duration_s;
  window.deadline_s = monotonic_s() + metrics->settings->timeout_s;
  for (int32_t i = 0; i < metrics->n_queries; ++i) take_one(metrics, &metrics->queries[i], &window, observation);
  if (metrics->settings->workflow[SETTINGS_WORKFLOW_SUCCESSES].kind != SETTINGS_QUERY_OFF)
    prometheus_put_counts(observation, &window.counts);
  tell(metrics, &window);
  return FC_OK;
}

/* ---- what is the wrapped platform's --------------------------------------------------------------------------- */

/* Each query once, of the first function: what Prometheus refuses now it would refuse in every window. */
static fc_status_t check_queries(metrics_t *metrics, fc_error_t *error) {
  const double deadline_s = monotonic_s() + metrics->settings->timeout_s;
  for (int32_t i = 0; i < metrics->n_queries; ++i) {
    const query_t *query = &metrics->queries[i];
    if (query->function > 0) continue;
    prometheus_answer_t answer;
    fc_error_t reason = {0};
    prometheus_set_timeout(metrics->client, deadline_s - monotonic_s());
    const fc_status_t status = ask(metrics, query, metrics->workflow->window_s, NAN, &answer, &reason);
    if (status == FC_OK && answer.n_warnings > 0)
      FC_LOG_W(metrics->log, "metrics", "%s: Prometheus warns: %s", key_of(query), answer.warning);
    prometheus_answer_clear(&answer);
    if (status == FC_EINVAL)
      return fc_error_set(error, FC_EINVAL, "%smetrics.queries.%s.%s: %s", query->settings->place,
                          query->function == OF_WORKFLOW ? "workflow" : "functions", key_of(query), reason.message);
    if (status == FC_OK) continue;
    FC_LOG_W(metrics->log, "metrics", "the queries are not checked: %s", reason.message);
    return FC_OK;
  }
  return FC_OK;
}

static fc_status_t take_discover(void *self, uint32_t *capabilities, fc_knob_range_t *caps, fc_error_t *error) {
  metrics_t *metrics = self;
  FC_TRY(check_queries(metrics, error));
  return metrics->inner.discover(metrics->inner.self, capabilities, caps, error);
}

static bool take_is_over(void *self, int64_t window, int timeout_ms) {
  metrics_t *metrics = self;
  return metrics->inner.is_over(metrics->inner.self, window, timeout_ms);
}

static fc_status_t take_read_back(void *self, int32_t function, fc_function_configuration_t *configuration,
                                  fc_error_t *error) {
  metrics_t *metrics = self;
  return metrics->inner.read_back(metrics->inner.self, function, configuration, error);
}

static fc_status_t take_plan(void *self, platform_step_t *step, fc_error_t *error) {
  metrics_t *metrics = self;
  return metrics->inner.plan(metrics->inner.self, step, error);
}

static fc_status_t take_validate(void *self, const fc_function_configuration_t *configuration, fc_error_t *error) {
  metrics_t *metrics = self;
  return metrics->inner.validate(metrics->inner.self, configuration, error);
}

static fc_status_t take_apply(void *self, const platform_step_t *step, fc_error_t *error) {
  metrics_t *metrics = self;
  return metrics->inner.apply(metrics->inner.self, step, error);
}

static fc_status_t take_rollback(void *self, const platform_step_t *step, fc_error_t *error) {
  metrics_t *metrics = self;
  return metrics->inner.rollback(metrics->inner.self, step, error);
}

static fc_clock_t take_clock(void *self) {
  metrics_t *metrics = self;
  return metrics->inner.clock(metrics->inner.self);
}

static void take_destroy(void *self) {
  metrics_t *metrics = self;
  platform_clear(&metrics->inner);
  prometheus_destroy(&metrics->client);
  free(metrics->queries);
  free(metrics);
}

/* ---- making --------------------------------------------------------------------------------------------------- */

static void add_query(metrics_t *metrics, const settings_query_t *settings, int32_t function, int32_t metric) {
  if (settings->kind == SETTINGS_QUERY_OFF) return;
  metrics->queries[metrics->n_queries++] = (query_t){settings, function, metric, NAN};
}

static fc_status_t make_queries(metrics_t *metrics, fc_error_t *error) {
  const int32_t n = metrics->workflow->n_functions;
  const settings_metrics_t *settings = metrics->settings;
  metrics->queries =
      calloc((size_t)n * FC_FUNCTION_METRIC_COUNT + SETTINGS_WORKFLOW_METRIC_COUNT, sizeof *metrics->queries);
  if (!metrics->queries) return fc_error_set(error, FC_ENOMEM, "metrics: out of memory");
  /* The workflow's first: should time be short, the agent needs them most. */
  for (int32_t m = 0; m < SETTINGS_WORKFLOW_METRIC_COUNT; ++m)
    add_query(metrics, &settings->workflow[m], OF_WORKFLOW, m);
  for (int32_t f = 0; f < n; ++f)
    for (int32_t m = 0; m < FC_FUNCTION_METRIC_COUNT; ++m) add_query(metrics, &settings->functions[m], f, m);
  return FC_OK;
}

fc_status_t prometheus_metrics_new(const fc_workflow_t *workflow, const settings_metrics_t *settings,
                                   const fc_log_t *log, platform_t *inner, platform_t *out, fc_error_t *error) {
  *out = (platform_t){0};
  metrics_t *metrics = calloc(1, sizeof *metrics);
  if (!metrics) return fc_error_set(error, FC_ENOMEM, "metrics: out of memory");
  metrics->workflow = workflow;
  metrics->settings = settings;
  metrics->log = log;
  fc_status_t status = make_queries(metrics, error);
  if (status == FC_OK) status = prometheus_new(settings->url, settings->timeout_s, &metrics->client, error);
  if (status != FC_OK) {
    take_destroy(metrics);
    return status;
  }
  metrics->inner = *inner;
  *inner = (platform_t){0};
  *out = (platform_t){.kind = metrics->inner.kind,
                      .self = metrics,
                      .discover = take_discover,
                      .read = take_read,
                      .is_over = metrics->inner.is_over ? take_is_over : NULL,
                      .read_back = take_read_back,
                      .plan = take_plan,
                      .validate = take_validate,
                      .apply = take_apply,
                      .rollback = take_rollback,
                      .clock = take_clock,
                      .destroy = take_destroy};
  return FC_OK;
}
