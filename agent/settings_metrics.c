/* settings_metrics.c - see settings_metrics.h. */
#include "settings_metrics.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) ((int32_t)(sizeof(array) / sizeof((array)[0])))

static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyz_";

const char *settings_metrics_function_key(int32_t metric) {
  static const char *const keys[] = {
#define KEY(name, field, unit) #field,
      FC_FUNCTION_METRICS(KEY)
#undef KEY
  };
  return keys[metric];
}

const char *settings_metrics_workflow_key(settings_workflow_metric_t metric) {
  static const char *const keys[] = {
#define KEY(name, key) #key,
      SETTINGS_WORKFLOW_METRICS(KEY)
#undef KEY
  };
  return keys[metric];
}

/* ---- defaults of platform local: what HAProxy's exporter gives ------------------------------------------------ */

static void set_query(settings_query_t *query, settings_query_kind_t kind, const char *text) {
  query->kind = kind;
  snprintf(query->text, sizeof query->text, "%s", text);
}

/* A frontend counts what it answered itself (429 at the concurrency limit), a backend what came to the replicas. The
 * exporter has no status codes, only their classes: a 503 of a request that waited too long is one of the failed. */
static void set_defaults(settings_metrics_t *s, const settings_local_t *local) {
  settings_query_t *f = s->functions, *w = s->workflow;
  snprintf(s->labels, sizeof s->labels, "instance=~\"(127.0.0.1|localhost):%d\"", (int)local->metrics_port);
  set_query(&f[FC_METRIC_REQUESTS], SETTINGS_QUERY_COUNTER,
            "haproxy_frontend_http_responses_total{{labels},proxy=\"{function}\"}");
  if (local->rejects)
    set_query(&f[FC_METRIC_REJECTED], SETTINGS_QUERY_COUNTER,
              "haproxy_frontend_intercepted_requests_total{{labels},proxy=\"{function}\"}");
  set_query(&f[FC_METRIC_FAILED], SETTINGS_QUERY_COUNTER,
            "haproxy_backend_http_responses_total{{labels},proxy=\"{function}\",code=~\"4xx|5xx|other\"}");
  set_query(&f[FC_METRIC_IN_FLIGHT], SETTINGS_QUERY_GAUGE,
            "haproxy_server_current_sessions{{labels},proxy=\"{function}\"}");
  set_query(&f[FC_METRIC_NET_RX], SETTINGS_QUERY_COUNTER,
            "haproxy_frontend_bytes_in_total{{labels},proxy=\"{function}\"}");
  set_query(&w[SETTINGS_WORKFLOW_ARRIVAL_RATE], SETTINGS_QUERY_COUNTER,
            "haproxy_frontend_http_requests_total{{labels},proxy=\"gateway\"}");
  set_query(&w[SETTINGS_WORKFLOW_MEAN_IN_FLIGHT], SETTINGS_QUERY_GAUGE,
            "haproxy_backend_current_sessions{{labels},proxy=\"gateway\"}");
  set_query(&w[SETTINGS_WORKFLOW_SUCCESSES], SETTINGS_QUERY_COUNTER,
            "haproxy_frontend_http_responses_total{{labels},proxy=\"gateway\",code=~\"2xx|3xx\"}");
  set_query(&w[SETTINGS_WORKFLOW_FAILURES], SETTINGS_QUERY_COUNTER,
            "haproxy_frontend_http_responses_total{{labels},proxy=\"gateway\",code=~\"4xx|5xx|other\"}");
}

/* ---- reading -------------------------------------------------------------------------------------------------- */

/* A word in braces is no PromQL: {funktion} is a slip. */
static fc_status_t check_placeholders(const fc_config_node_t *node, const char *key, const char *text, bool of_function,
                                      fc_error_t *error) {
  for (const char *at = strchr(text, '{'); at; at = strchr(at + 1, '{')) {
    const size_t n = strspn(at + 1, LETTERS);
    if (n == 0 || at[1 + n] != '}') continue;
    const char *word = at + 1;
    const bool known = (n == 8 && strncmp(word, "workflow", n) == 0) || (n == 6 && strncmp(word, "window", n) == 0) ||
                       (n == 6 && strncmp(word, "labels", n) == 0) ||
                       (of_function && n == 8 && strncmp(word, "function", n) == 0);
    if (!known)
      return fc_config_error(node, error,
                             "%s: there is no placeholder {%.*s} here: expected %s{workflow}, {window} or "
                             "{labels}",
                             key, (int)n, word, of_function ? "{function}, " : "");
  }
  return FC_OK;
}

static fc_status_t check_kind(const fc_config_node_t *node, const char *key, const settings_query_t *query,
                              fc_error_t *error) {
  const size_t n = strlen(query->text);
  if (query->kind != SETTINGS_QUERY_VALUE && query->text[n - 1] == ']')
    return fc_config_error(node, error, "%s: leave the range out: the agent adds that of its window", key);
  /* An instant selector shows what is up to 5 minutes old as if it were new. */
  if (query->kind == SETTINGS_QUERY_VALUE && !strchr(query->text, '['))
    return fc_config_error(node, error,
                           "%s: a value without a range, such as rate(x[{window}]), may be 5 minutes old and nobody "
                           "could tell: add a range, or use gauge: SELECTOR",
                           key);
  return FC_OK;
}

static fc_status_t read_query(const char *key, const fc_config_node_t *node, bool countable, bool of_function,
                              settings_query_t *query, fc_error_t *error) {
  static const struct {
    const char *word;
    settings_query_kind_t kind;
  } kinds[] = {{"value", SETTINGS_QUERY_VALUE}, {"counter", SETTINGS_QUERY_COUNTER}, {"gauge", SETTINGS_QUERY_GAUGE}};
  const char *text = fc_config_text(node);
  memset(query, 0, sizeof *query);
  if (text && strcmp(text, "off") == 0) return FC_OK;
  const char *word = fc_config_is_map(node) && fc_config_size(node) == 1 ? fc_config_key_at(node, 0) : "";
  for (int32_t i = 0; i < COUNT(kinds); ++i)
    if (strcmp(word, kinds[i].word) == 0) query->kind = kinds[i].kind;
  if (query->kind == SETTINGS_QUERY_OFF)
    return fc_config_error(
        node, error, "%s: expected off, or one of {value: EXPRESSION}, {counter: SELECTOR}, {gauge: SELECTOR}", key);
  const fc_config_node_t *value = fc_config_value_at(node, 0);
  FC_TRY(fc_config_as_text(value, query->text, sizeof query->text, error));
  if (query->kind == SETTINGS_QUERY_COUNTER && !countable)
    return fc_config_error(value, error, "%s: a counter cannot give it: use value or gauge", key);
  fc_error_t place = {0};
  fc_config_error(value, &place, "%s", "");
  snprintf(query->place, sizeof query->place, "%.*s", (int)sizeof query->place - 1, place.message);
  FC_TRY(check_placeholders(value, key, query->text, of_function, error));
  return check_kind(value, key, query, error);
}

static bool is_countable_function(int32_t metric) {
  return metric != FC_METRIC_MEM_UTILIZATION && metric != FC_METRIC_LATENCY_P75 && metric != FC_METRIC_LATENCY_P95 &&
         metric != FC_METRIC_IN_FLIGHT;
}

static bool is_countable_workflow(int32_t metric) {
  return metric != SETTINGS_WORKFLOW_MEAN_IN_FLIGHT && metric != SETTINGS_WORKFLOW_LATENCY_MEAN &&
         metric != SETTINGS_WORKFLOW_LATENCY_P95 && metric != SETTINGS_WORKFLOW_UNFINISHED;
}

static fc_status_t read_group(const fc_config_node_t *queries, bool of_function, settings_metrics_t *s,
                              fc_error_t *error) {
  const char *group = of_function ? "functions" : "workflow";
  const int32_t n = of_function ? (int32_t)FC_FUNCTION_METRIC_COUNT : (int32_t)SETTINGS_WORKFLOW_METRIC_COUNT;
  const char *keys[FC_FUNCTION_METRIC_COUNT + SETTINGS_WORKFLOW_METRIC_COUNT];
  for (int32_t i = 0; i < n; ++i)
    keys[i] =
        of_function ? settings_metrics_function_key(i) : settings_metrics_workflow_key((settings_workflow_metric_t)i);
  const fc_config_node_t *map = fc_config_get(queries, group);
  if (!map) return FC_OK;
  if (!fc_config_is_map(map))
    return fc_config_error(map, error, "metrics.queries.%s: expected a map such as {%s: off}", group, keys[n - 1]);
  FC_TRY(fc_config_reject_unknown(map, keys, n, error));
  for (int32_t i = 0; i < n; ++i) {
    const fc_config_node_t *node = fc_config_get(map, keys[i]);
    char name[SETTINGS_METRICS_PLACE_SIZE];
    snprintf(name, sizeof name, "metrics.queries.%s.%s", group, keys[i]);
    if (!node) continue;
    FC_TRY(of_function ? read_query(name, node, is_countable_function(i), true, &s->functions[i], error)
                       : read_query(name, node, is_countable_workflow(i), false, &s->workflow[i], error));
  }
  return FC_OK;
}

static fc_status_t read_queries(const fc_config_node_t *metrics, settings_metrics_t *s, fc_error_t *error) {
  static const char *const keys[] = {"functions", "workflow"};
  const fc_config_node_t *queries = fc_config_get(metrics, "queries");
  if (!queries) return FC_OK;
  if (!fc_config_is_map(queries))
    return fc_config_error(queries, error, "metrics.queries: expected a map with functions and workflow");
  FC_TRY(fc_config_reject_unknown(queries, keys, COUNT(keys), error));
  FC_TRY(read_group(queries, true, s, error));
  return read_group(queries, false, s, error);
}

static fc_status_t read_source(const fc_config_node_t *metrics, settings_metrics_t *s, fc_error_t *error) {
  const fc_config_node_t *node = fc_config_get(metrics, "source");
  if (!node) return FC_OK;
  const char *text = fc_config_text(node);
  if (text && strcmp(text, "prometheus") == 0)
    s->source = SETTINGS_METRICS_PROMETHEUS;
  else if (!text || strcmp(text, "platform") != 0)
    return fc_config_error(node, error, "metrics.source: expected platform or prometheus");
  return FC_OK;
}

static fc_status_t read_url(const fc_config_node_t *metrics, settings_metrics_t *s, fc_error_t *error) {
  const fc_config_node_t *node = fc_config_get(metrics, "url");
  if (!node && s->source == SETTINGS_METRICS_PLATFORM) return FC_OK;
  FC_TRY(fc_config_require(metrics, "url", &node, error));
  FC_TRY(fc_config_as_text(node, s->url, sizeof s->url, error));
  const char *host = strncmp(s->url, "http://", 7) == 0    ? s->url + 7
                     : strncmp(s->url, "https://", 8) == 0 ? s->url + 8
                                                           : "";
  if (host[0] == '\0' || strpbrk(s->url, "?# "))
    return fc_config_error(node, error, "metrics.url: expected an address such as http://127.0.0.1:9090");
  for (size_t n = strlen(s->url); s->url[n - 1] == '/'; --n) s->url[n - 1] = '\0';
  return FC_OK;
}

/* Both are counted from the same answers: one of them from another source would not add up. */
static fc_status_t check_counts(const fc_config_node_t *metrics, const settings_metrics_t *s, fc_error_t *error) {
  if ((s->workflow[SETTINGS_WORKFLOW_SUCCESSES].kind == SETTINGS_QUERY_OFF) ==
      (s->workflow[SETTINGS_WORKFLOW_FAILURES].kind == SETTINGS_QUERY_OFF))
    return FC_OK;
  return fc_config_error(
      metrics, error,
      "metrics.queries.workflow: successes and failures come from one source: give queries for both, "
      "or switch both off");
}

static bool is_default(const settings_query_t *query) {
  return query->kind != SETTINGS_QUERY_OFF && query->place[0] == '\0';
}

/* The defaults ask for HAProxy's exporter, which needs its port. */
static fc_status_t check_exporter(const fc_config_node_t *metrics, const settings_local_t *local,
                                  const settings_metrics_t *s, fc_error_t *error) {
  bool asked = false;
  for (int32_t i = 0; i < FC_FUNCTION_METRIC_COUNT; ++i) asked = asked || is_default(&s->functions[i]);
  for (int32_t i = 0; i < SETTINGS_WORKFLOW_METRIC_COUNT; ++i) asked = asked || is_default(&s->workflow[i]);
  if (!asked || local->metrics_port > 0) return FC_OK;
  return fc_config_error(metrics, error,
                         "metrics: HAProxy's exporter is off: set platform.metrics_port and let Prometheus scrape "
                         "127.0.0.1 there");
}

fc_status_t settings_metrics_read(const fc_config_node_t *metrics, const settings_local_t *local, settings_metrics_t *s,
                                  fc_error_t *error) {
  static const char *const keys[] = {"source", "url", "timeout_s", "max_age_s", "labels", "queries"};
  memset(s, 0, sizeof *s);
  s->timeout_s = 2;
  s->max_age_s = 3;
  if (local) set_defaults(s, local);
  if (!metrics) return FC_OK;
  if (!fc_config_is_map(metrics))
    return fc_config_error(metrics, error, "metrics: expected a map such as {source: prometheus, url: ...}");
  FC_TRY(fc_config_reject_unknown(metrics, keys, COUNT(keys), error));
  FC_TRY(read_source(metrics, s, error));
  FC_TRY(read_url(metrics, s, error));
  FC_TRY(fc_config_double(metrics, "timeout_s", 0.05, 60, &s->timeout_s, error));
  FC_TRY(fc_config_double(metrics, "max_age_s", 0.1, 3600, &s->max_age_s, error));
  FC_TRY(fc_config_string(metrics, "labels", s->labels, sizeof s->labels, error));
  FC_TRY(read_queries(metrics, s, error));
  if (s->source == SETTINGS_METRICS_PLATFORM) return FC_OK;
  if (!local)
    return fc_config_error(metrics, error,
                           "metrics.source: prometheus has no use on platform sim, whose time is virtual");
  FC_TRY(check_counts(metrics, s, error));
  return check_exporter(metrics, local, s, error);
}
