/* metrics.c - GET /metrics.json of the orchestrator: counters since the start, and the completions since a cursor. */
#include <errno.h>
#include <stdlib.h>

#include "json_answer.h"
#include "orchestrator.h"
#include "quantile.h"

/* A whole number of the query from 0 to `most`; `absent` when it is not there. */
static bool read_query(const http_request_t *request, const char *key, int64_t absent, int64_t most, int64_t *value) {
  const char *text = http_request_query(request, key);
  char *end = NULL;
  *value = absent;
  if (text == NULL) return true;
  errno = 0;
  *value = strtoll(text, &end, 10);
  return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0' && *value <= most;
}

static fc_json_t *counters_json(const orchestrator_t *orchestrator, const outcome_counters_t *counters) {
  fc_json_t *json = fc_json_object();
  fc_json_set_string(json, "workflow", orchestrator->workflow->name);
  fc_json_set_int(json, "started_us", counters->started_us);
  fc_json_set_int(json, "now_us", counters->now_us);
  fc_json_set_double(json, "up_s", counters->up_s);
  fc_json_set_int(json, "started", counters->started);
  fc_json_set_int(json, "successes", counters->successes);
  fc_json_set_int(json, "failures", counters->failures);
  fc_json_set_int(json, "rejected", counters->rejected);
  fc_json_set_int(json, "timeouts", counters->timeouts);
  fc_json_set_int(json, "in_flight", counters->in_flight);
  fc_json_set_double(json, "in_flight_s", counters->in_flight_s);
  fc_json_set_int(json, "calls", counters->calls);
  fc_json_set_int(json, "calls_failed", counters->calls_failed);
  fc_json_set_int(json, "calls_rejected", counters->calls_rejected);
  return json;
}

/* latencies (n): scratch. Of the successes; null when there is none. */
static void add_latency(fc_json_t *json, const completion_t *completions, int64_t n, double *latencies) {
  static const struct {
    const char *key;
    double q;
  } quantiles[] = {{"p50", 0.5}, {"p75", 0.75}, {"p95", 0.95}, {"p99", 0.99}, {"max", 1}};
  int64_t n_successes = 0;
  double sum_s = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (completions[i].result != CALL_SUCCEEDED) continue;
    latencies[n_successes++] = completions[i].latency_s;
    sum_s += completions[i].latency_s;
  }
  if (n_successes == 0) {
    fc_json_set_null(json, "latency_s");
    return;
  }
  quantile_sort(latencies, n_successes);
  fc_json_t *latency = fc_json_object();
  fc_json_set_double(latency, "mean", sum_s / (double)n_successes);
  for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; ++i)
    fc_json_set_double(latency, quantiles[i].key, quantile_of_sorted(latencies, n_successes, quantiles[i].q));
  fc_json_set(json, "latency_s", &latency);
}

static void add_completions(fc_json_t *json, const completion_t *completions, int64_t n) {
  fc_json_t *recent = fc_json_object(), *end_us = fc_json_array(), *latency_s = fc_json_array(),
            *result = fc_json_array();
  for (int64_t i = 0; i < n; ++i) {
    fc_json_append_int(end_us, completions[i].end_us);
    fc_json_append_double(latency_s, completions[i].latency_s);
    fc_json_append_string(result, call_result_name(completions[i].result));
  }
  fc_json_set(recent, "end_us", &end_us);
  fc_json_set(recent, "latency_s", &latency_s);
  fc_json_set(recent, "result", &result);
  fc_json_set(json, "recent", &recent);
}

void orchestrator_metrics(orchestrator_t *orchestrator, const http_request_t *request, http_response_t *response) {
  int64_t cursor = 0, limit = 0, n = 0, missed = 0;
  outcome_counters_t counters;
  if (!read_query(request, "since", INT64_MAX, INT64_MAX, &cursor) ||
      !read_query(request, "limit", ORCHESTRATOR_DEFAULT_READ, ORCHESTRATOR_MAX_READ, &limit)) {
    answer_failure(response, HTTP_BAD_REQUEST, "since, limit: expected whole numbers, limit 65536 at most");
    return;
  }
  completion_t *completions = calloc((size_t)limit + 1, sizeof *completions);
  double *latencies = calloc((size_t)limit + 1, sizeof *latencies);
  if (completions != NULL && latencies != NULL) {
    outcomes_read(orchestrator->outcomes, &cursor, limit, completions, &n, &missed, &counters);
    fc_json_t *json = counters_json(orchestrator, &counters);
    fc_json_set_int(json, "cursor", cursor);
    fc_json_set_int(json, "missed", missed);
    add_latency(json, completions, n, latencies);
    add_completions(json, completions, n);
    answer_json(response, HTTP_OK, &json);
  } else {
    answer_failure(response, HTTP_UNAVAILABLE, "no memory for so many completions");
  }
  free(completions);
  free(latencies);
}
