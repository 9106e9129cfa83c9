// tests agent/settings_metrics.c: where metrics come from, defaults, and every refusal with its place.
#include "agent_fixture.h"

namespace {
using fc_test::Settings;
using testing::HasSubstr;

std::string yaml(const std::string &metrics, const std::string &platform = "  metrics_port: 8404\n") {
  return "agent: a\nworkflow: parallel\nstate: /tmp/x\nplatform:\n  kind: local\n"
         "  gateway: {port: 8080, orchestrator_port: 8081}\n"
         "  functions: {rgb: {port: 8101, command: [my-function, '{port}']}}\n" +
         platform + "metrics:\n" + metrics;
}

const char PROMETHEUS[] = "  source: prometheus\n  url: http://127.0.0.1:9090/\n";

std::string refusal(const std::string &text) {
  settings_t settings;
  fc_error_t error = {};
  EXPECT_EQ(FC_EFORMAT, settings_parse(text.data(), text.size(), "agent.yaml", &settings, &error)) << text;
  settings_clear(&settings);
  return error.message;
}

TEST(SettingsMetrics, ThePlatformMeasuresUnlessTheFileSaysOtherwise) {
  Settings settings("agent: a\nworkflow: parallel\nstate: /tmp/x\nplatform: {kind: sim}\n");
  EXPECT_EQ(settings->metrics.source, SETTINGS_METRICS_PLATFORM);
  Settings said(yaml("  source: platform\n"));
  EXPECT_EQ(said->metrics.source, SETTINGS_METRICS_PLATFORM);
}

TEST(SettingsMetrics, PlatformLocalHasQueriesForHaproxysExporter) {
  Settings settings(yaml(PROMETHEUS));
  const settings_metrics_t &metrics = settings->metrics;
  EXPECT_EQ(metrics.source, SETTINGS_METRICS_PROMETHEUS);
  EXPECT_STREQ(metrics.url, "http://127.0.0.1:9090");
  EXPECT_EQ(metrics.timeout_s, 2);
  EXPECT_EQ(metrics.max_age_s, 3);
  EXPECT_STREQ(metrics.labels, "instance=~\"(127.0.0.1|localhost):8404\"");
  EXPECT_EQ(metrics.functions[FC_METRIC_REQUESTS].kind, SETTINGS_QUERY_COUNTER);
  EXPECT_STREQ(metrics.functions[FC_METRIC_REQUESTS].text,
               "haproxy_frontend_http_responses_total{{labels},proxy=\"{function}\"}");
  EXPECT_EQ(metrics.functions[FC_METRIC_IN_FLIGHT].kind, SETTINGS_QUERY_GAUGE);
  EXPECT_EQ(metrics.workflow[SETTINGS_WORKFLOW_FAILURES].kind, SETTINGS_QUERY_COUNTER);
  // What the exporter does not have is measured by the platform.
  for (const int metric : {FC_METRIC_LATENCY_P75, FC_METRIC_LATENCY_P95, FC_METRIC_CPU_UTILIZATION, FC_METRIC_REJECTED})
    EXPECT_EQ(metrics.functions[metric].kind, SETTINGS_QUERY_OFF) << metric;
  for (const int metric : {SETTINGS_WORKFLOW_LATENCY_MEAN, SETTINGS_WORKFLOW_LATENCY_P95, SETTINGS_WORKFLOW_EXECUTION})
    EXPECT_EQ(metrics.workflow[metric].kind, SETTINGS_QUERY_OFF) << metric;
}

TEST(SettingsMetrics, WhatHaproxyRejectsItselfIsCountedOnlyWhereItRejects) {
  Settings settings(yaml(PROMETHEUS, "  metrics_port: 8404\n  overflow: reject\n"));
  EXPECT_STREQ(settings->metrics.functions[FC_METRIC_REJECTED].text,
               "haproxy_frontend_intercepted_requests_total{{labels},proxy=\"{function}\"}");
}

TEST(SettingsMetrics, ReadsQueriesOfEveryKindAndSwitchesThemOff) {
  Settings settings(
      yaml(std::string(PROMETHEUS) +
           "  timeout_s: 0.5\n  max_age_s: 40\n  labels: 'job=\"x\"'\n"
           "  queries:\n    functions:\n"
           "      latency_p95_s: {value: 'histogram_quantile(0.95, rate(l_bucket{f=\"{function}\"}[{window}]))'}\n"
           "      requests: off\n      cpu_utilization_pct: {counter: 'cpu_seconds_total'}\n"
           "    workflow: {mean_in_flight: {gauge: 'x{w=\"{workflow}\"}'}}\n"));
  const settings_metrics_t &metrics = settings->metrics;
  EXPECT_EQ(metrics.timeout_s, 0.5);
  EXPECT_EQ(metrics.max_age_s, 40);
  EXPECT_STREQ(metrics.labels, "job=\"x\"");
  EXPECT_EQ(metrics.functions[FC_METRIC_LATENCY_P95].kind, SETTINGS_QUERY_VALUE);
  EXPECT_EQ(metrics.functions[FC_METRIC_REQUESTS].kind, SETTINGS_QUERY_OFF);
  EXPECT_EQ(metrics.functions[FC_METRIC_CPU_UTILIZATION].kind, SETTINGS_QUERY_COUNTER);
  EXPECT_EQ(metrics.functions[FC_METRIC_FAILED].kind, SETTINGS_QUERY_COUNTER) << "the others keep their default";
  EXPECT_STREQ(metrics.workflow[SETTINGS_WORKFLOW_MEAN_IN_FLIGHT].text, "x{w=\"{workflow}\"}");
  EXPECT_STREQ(metrics.functions[FC_METRIC_LATENCY_P95].place, "agent.yaml:17:30: ");
}

TEST(SettingsMetrics, RefusalsNamePlaceAndKey) {
  const auto query = [](const std::string &text) {
    return yaml(std::string(PROMETHEUS) + "  queries:\n    functions:\n      " + text + "\n");
  };
  const struct {
    std::string text, sentence;
  } cases[] = {
      {yaml("  source: graphite\n"), "agent.yaml:10:11: metrics.source: expected platform or prometheus"},
      {yaml("  source: prometheus\n"), "url"},
      {yaml("  source: prometheus\n  url: localhost:9090\n"), "agent.yaml:11:8: metrics.url: expected an address"},
      {yaml("  source: prometheus\n  url: 'http://'\n"), "metrics.url: expected an address"},
      {yaml(std::string(PROMETHEUS) + "  timeout_s: 0\n"), "agent.yaml:12:14: "},
      {yaml(std::string(PROMETHEUS) + "  max_age: 4\n"), "max_age_s"},
      {yaml(std::string(PROMETHEUS) + "  queries: [a]\n"), "metrics.queries: expected a map"},
      {yaml(std::string(PROMETHEUS) + "  queries: {function: {}}\n"), "functions"},
      {query("request: off"), "agent.yaml:14:16: unknown key request; did you mean requests?"},
      {query("requests: 5"), "agent.yaml:14:17: metrics.queries.functions.requests: expected off, or one of"},
      {query("requests: {rate: x}"), "expected off, or one of"},
      {query("requests: {counter: x, gauge: y}"), "expected off, or one of"},
      {query("requests: {counter: ''}"), "agent.yaml:14:27: expected text"},
      {query("requests: {counter: 'x[5s]'}"),
       "agent.yaml:14:27: metrics.queries.functions.requests: leave the range out"},
      {query("requests: {value: 'x{a=\"{function}\"}'}"), "may be 5 minutes old"},
      {query("requests: {counter: 'x{a=\"{funktion}\"}'}"), "there is no placeholder {funktion}"},
      {query("latency_p95_s: {counter: x}"), "metrics.queries.functions.latency_p95_s: a counter cannot give it"},
      {yaml(std::string(PROMETHEUS) +
            "  queries: {workflow: {arrival_rate_per_s: {counter: 'x{a=\"{function}\"}'}}}\n"),
       "no placeholder {function} here"},
      {yaml(std::string(PROMETHEUS) + "  queries: {workflow: {failures: off}}\n"),
       "successes and failures come from one source"},
      {yaml(PROMETHEUS, ""), "agent.yaml:9:3: metrics: HAProxy's exporter is off: set platform.metrics_port"},
      {"agent: a\nworkflow: parallel\nstate: /tmp/x\nplatform: {kind: sim}\nmetrics:\n" + std::string(PROMETHEUS),
       "no use on platform sim"},
  };
  for (const auto &c : cases) EXPECT_THAT(refusal(c.text), HasSubstr(c.sentence)) << c.text;
}

TEST(SettingsMetrics, NoExporterIsNeededWhenNoDefaultIsLeft) {
  std::string metrics = std::string(PROMETHEUS) + "  queries:\n    functions: {";
  for (const char *key : {"requests", "failed", "mean_in_flight", "net_rx_bytes_per_s"})
    metrics += key + std::string(": off, ");
  metrics +=
      "rejected: off}\n    workflow: {arrival_rate_per_s: off, mean_in_flight: off, successes: {counter: s}, failures: "
      "{counter: f}}\n";
  Settings settings(yaml(metrics, ""));
  EXPECT_EQ(settings->metrics.workflow[SETTINGS_WORKFLOW_SUCCESSES].kind, SETTINGS_QUERY_COUNTER);
}

}  // namespace
