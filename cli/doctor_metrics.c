/* doctor_metrics.c - `metrics: {source: prometheus}`: is Prometheus there, is its clock ours, does every query answer?
 *
 * The window asked for is the one that ends now. What HAProxy's exporter gives is there only while the agent runs: with
 * the agent off, missing series of the default queries are a warning once Prometheus knows where to scrape them.
 */
#include <math.h>
#include <stdio.h>

#include "doctor.h"
#include "faasconf/clock.h"
#include "prometheus_ask.h"
#include "prometheus_samples.h"

static const double US_PER_S = 1e6;
enum { UP_SIZE = SETTINGS_METRICS_LABELS_SIZE + 16 };

typedef struct {
  doctor_t *doctor;
  const settings_metrics_t *settings;
  prometheus_t *client;
  double now_s;
  int32_t n_queries, n_good, n_waiting; /* waiting: default queries while the agent does not run */
  double newest_s;
  bool away; /* it went away in between */
} round_t;

static double wall_s(void) {
  const fc_clock_t clock = fc_clock_system();
  return (double)clock.wall_us(clock.self) / US_PER_S;
}

/* ---- Prometheus itself ---------------------------------------------------------------------------------------- */

static bool check_there(round_t *round) {
  doctor_t *doctor = round->doctor;
  prometheus_answer_t answer = {0};
  fc_error_t error = {0};
  double theirs_s = 0;
  const double before_s = wall_s();
  const fc_status_t status = prometheus_query(round->client, "time()", NAN, &answer, &error);
  const double after_s = wall_s(), max_age_s = round->settings->max_age_s;
  const bool told = status == FC_OK && prometheus_answer_value(&answer, &theirs_s);
  prometheus_answer_clear(&answer);
  if (!told) {
    doctor_find(doctor, DOCTOR_FAILED, "prometheus", "%s: %s", round->settings->url,
                status == FC_OK ? "it does not answer time()" : error.message);
    doctor_remedy(doctor, "start Prometheus, or correct metrics.url in %s; curl '%s/api/v1/query?query=up' must answer",
                  doctor->config, round->settings->url);
    return false;
  }
  const double skew_s = theirs_s < before_s ? theirs_s - before_s : theirs_s > after_s ? theirs_s - after_s : 0;
  if (fabs(skew_s) < max_age_s) {
    doctor_find(doctor, fabs(skew_s) < max_age_s / 2 ? DOCTOR_OK : DOCTOR_WARNING, "prometheus",
                "%s answers; its clock differs by %.1f s", round->settings->url, fabs(skew_s));
    if (fabs(skew_s) >= max_age_s / 2)
      doctor_remedy(doctor, "synchronize both machines (timedatectl set-ntp true), or raise metrics.max_age_s in %s",
                    doctor->config);
    return true;
  }
  doctor_find(doctor, DOCTOR_FAILED, "prometheus", "%s: its clock differs by %.3g s: its samples never fit a window",
              round->settings->url, skew_s);
  doctor_remedy(doctor, "synchronize both machines: timedatectl set-ntp true");
  return false;
}

/* ---- one query ------------------------------------------------------------------------------------------------ */

static void say_refused(round_t *round, const char *key, const char *what, const settings_query_t *query,
                        const fc_error_t *error) {
  doctor_find(round->doctor, DOCTOR_FAILED, "metrics", "%s%s of %s: %s", query->place, key, what, error->message);
  doctor_remedy(round->doctor, "correct %s in %s", key, round->doctor->config);
}

/* Nothing, or nothing new: of which the remedy names what is usual. */
static void say_absent(round_t *round, const char *key, const char *what, const settings_query_t *query,
                       prometheus_knowledge_t knowledge) {
  doctor_t *doctor = round->doctor;
  const bool is_default = query->place[0] == '\0';
  if (is_default && !doctor->agent_runs && (knowledge == PROMETHEUS_NO_SERIES || knowledge == PROMETHEUS_STALE)) {
    round->n_waiting += 1;
    return;
  }
  doctor_find(doctor, DOCTOR_FAILED, "metrics", "%s%s is empty for %s: %s", query->place, key, what,
              prometheus_knowledge_text(knowledge));
  if (knowledge == PROMETHEUS_NO_SERIES) {
    doctor_remedy(doctor,
                  "try it in Prometheus and correct %s (or metrics.labels) in %s; a counter must be there with 0 "
                  "before the first event",
                  key, doctor->config);
  } else if (knowledge == PROMETHEUS_STALE) {
    doctor_remedy(doctor, "its target is no longer scraped (%s/targets), or less often than metrics.max_age_s, %g s",
                  round->settings->url, round->settings->max_age_s);
  } else {
    doctor_remedy(doctor, "let Prometheus scrape it several times a window of %g s (scrape_interval), and wait for one",
                  doctor->workflow->window_s);
  }
}

static prometheus_knowledge_t judge(const round_t *round, const settings_query_t *query,
                                    const prometheus_answer_t *answer) {
  const double window_s = round->doctor->workflow->window_s, start_s = round->now_s - window_s;
  const double max_age_s = round->settings->max_age_s;
  double mean = 0;
  prometheus_increase_t count = {0};
  if (query->kind == SETTINGS_QUERY_GAUGE) return prometheus_mean(answer, start_s, round->now_s, max_age_s, &mean);
  const prometheus_knowledge_t knowledge = prometheus_increase(answer, start_s, round->now_s, max_age_s, &count);
  if (knowledge != PROMETHEUS_KNOWN || prometheus_span_fits(count.until_s - count.from_s, window_s)) return knowledge;
  return PROMETHEUS_NO_STEP;
}

/* An expression: one number. NaN and infinity are what ratios of nothing give. */
static void judge_value(round_t *round, const char *key, const char *what, const settings_query_t *query,
                        const prometheus_answer_t *answer) {
  doctor_t *doctor = round->doctor;
  double value = 0;
  if (prometheus_answer_value(answer, &value)) {
    round->n_good += 1;
  } else if (answer->n_series == 0) {
    say_absent(round, key, what, query, PROMETHEUS_NO_SERIES);
  } else if (answer->n_series > 1) {
    doctor_find(doctor, DOCTOR_FAILED, "metrics", "%s%s of %s has %d results, expected one", query->place, key, what,
                (int)answer->n_series);
    doctor_remedy(doctor, "aggregate it (sum(...), max(...)) or select one series: %s in %s", key, doctor->config);
  } else {
    doctor_find(doctor, DOCTOR_WARNING, "metrics", "%s%s of %s is no number now: no traffic yet?", query->place, key,
                what);
    doctor_remedy(doctor, "send requests (faasconf load) for a window of %g s and run this again",
                  doctor->workflow->window_s);
  }
}

static void check_query(round_t *round, const char *group, const char *name, const settings_query_t *query,
                        const char *function) {
  char key[128], what[FC_NAME_SIZE + 16] = "the workflow";
  prometheus_answer_t answer;
  fc_error_t error = {0};
  const fc_workflow_t *workflow = round->doctor->workflow;
  const prometheus_words_t words = {function, workflow->name, round->settings->labels, workflow->window_s};
  if (query->kind == SETTINGS_QUERY_OFF || round->away) return;
  snprintf(key, sizeof key, "metrics.queries.%s.%s", group, name);
  if (function) snprintf(what, sizeof what, "function %s", function);
  round->n_queries += 1;
  const fc_status_t status =
      prometheus_ask(round->client, query, &words, round->settings->max_age_s, round->now_s, &answer, &error);
  if (status == FC_OK && answer.n_warnings > 0)
    doctor_find(round->doctor, DOCTOR_WARNING, "metrics", "%s of %s: Prometheus warns: %s", key, what, answer.warning);
  if (status != FC_OK) {
    round->away = status == FC_EIO || status == FC_ETIMEOUT;
    say_refused(round, key, what, query, &error);
  } else if (query->kind == SETTINGS_QUERY_VALUE) {
    judge_value(round, key, what, query, &answer);
  } else if (answer.type != PROMETHEUS_MATRIX) {
    (void)fc_error_set(&error, FC_EINVAL, "it is no selector");
    say_refused(round, key, what, query, &error);
  } else {
    const prometheus_knowledge_t knowledge = judge(round, query, &answer);
    round->n_good += knowledge == PROMETHEUS_KNOWN;
    if (knowledge != PROMETHEUS_KNOWN) say_absent(round, key, what, query, knowledge);
  }
  prometheus_answer_clear(&answer);
}

/* ---- all ------------------------------------------------------------------------------------------------------ */

/* Default queries that have no series while no agent runs: will they have some? Every target that is to be scraped has
 * the series `up`, also while it is down. */
static void say_waiting(round_t *round) {
  doctor_t *doctor = round->doctor;
  char up[UP_SIZE];
  prometheus_answer_t answer = {0};
  fc_error_t error = {0};
  snprintf(up, sizeof up, "up{%s}", round->settings->labels);
  const fc_status_t status = prometheus_query(round->client, up, NAN, &answer, &error);
  const bool is_target = status == FC_OK && answer.n_series > 0;
  prometheus_answer_clear(&answer);
  if (is_target) {
    doctor_find(
        doctor, DOCTOR_WARNING, "metrics",
        "%d of %d queries have no series yet: they are HAProxy's, which starts with the agent; Prometheus has it as "
        "a target",
        (int)round->n_waiting, (int)round->n_queries);
    doctor_remedy(doctor, "once the agent runs: faasconf doctor --config '%s' --running", doctor->config);
    return;
  }
  doctor_find(doctor, DOCTOR_FAILED, "metrics", "%d of %d queries have no series, and no target of Prometheus is %s",
              (int)round->n_waiting, (int)round->n_queries, up);
  doctor_remedy(doctor,
                "add to scrape_configs of prometheus.yml: {job_name: faasconf, scrape_interval: 1s, static_configs: "
                "[{targets: [\"127.0.0.1:%d\"]}]}, and reload it (one just started takes some seconds); or set "
                "metrics.labels in %s to what selects it",
                (int)doctor->settings.local.metrics_port, doctor->config);
}

static void check_queries(round_t *round) {
  const fc_workflow_t *workflow = round->doctor->workflow;
  round->now_s = wall_s();
  for (int32_t m = 0; m < SETTINGS_WORKFLOW_METRIC_COUNT; ++m)
    check_query(round, "workflow", settings_metrics_workflow_key((settings_workflow_metric_t)m),
                &round->settings->workflow[m], NULL);
  for (int32_t m = 0; m < FC_FUNCTION_METRIC_COUNT; ++m)
    for (int32_t f = 0; f < workflow->n_functions; ++f)
      check_query(round, "functions", settings_metrics_function_key(m), &round->settings->functions[m],
                  workflow->functions[f].name);
  if (round->away) return;
  if (round->n_waiting > 0) say_waiting(round);
  if (round->n_good > 0)
    doctor_find(round->doctor, DOCTOR_OK, "metrics",
                "%d of %d queries of Prometheus have fresh values; the rest of the metrics "
                "is the platform's",
                (int)round->n_good, (int)round->n_queries);
}

void doctor_check_metrics(doctor_t *doctor) {
  const settings_metrics_t *settings = &doctor->settings.metrics;
  round_t round = {.doctor = doctor, .settings = settings};
  fc_error_t error = {0};
  if (settings->source == SETTINGS_METRICS_PLATFORM) return;
  const fc_status_t status = prometheus_new(settings->url, doctor->timeout_ms / 1e3, &round.client, &error);
  if (status != FC_OK) {
    doctor_find(doctor, DOCTOR_FAILED, "prometheus", "%s", error.message);
    doctor_remedy(doctor, status == FC_ENOTFOUND ? "apt-get install libcurl4" : "correct metrics.url");
    return;
  }
  if (check_there(&round)) check_queries(&round);
  prometheus_destroy(&round.client);
}
