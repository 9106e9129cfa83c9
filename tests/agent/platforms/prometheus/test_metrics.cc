// tests agent/platforms/prometheus/prometheus_metrics.c: which metric comes from where, and what is absent when.
#include <algorithm>
#include <cmath>

#include "agent_fixture.h"
#include "fake_prometheus.h"

extern "C" {
#include "prometheus_metrics.h"
}

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

// The platform itself counted two workflows that were rejected.
fc_status_t read_with_rejections(void *self, int64_t window, fc_observation_t *observation, fc_error_t *error) {
  FC_TRY(static_cast<FakePlatform *>(self)->get()->read(self, window, observation, error));
  observation->outcome.present |= FC_OUTCOME_HAS_REJECTED;
  observation->outcome.rejected = 2;
  return FC_OK;
}

constexpr double START_S = 1700000000; /* of the fake platform's window 0 */

// Settings, the fake platform and what wraps it. Queries are of YAML, below metrics.queries.
class Wrapped {
 public:
  explicit Wrapped(const std::string &queries, double timeout_s = 5)
      : settings_(
            "agent: a\nworkflow: parallel\nstate: /tmp/x\nplatform:\n  kind: local\n  metrics_port: 8404\n"
            "  gateway: {port: 8080, orchestrator_port: 8081}\n"
            "  functions: {rgb: {port: 8101, command: [my-function, '{port}']}}\n"
            "metrics:\n  source: prometheus\n  url: '" +
            prometheus.url() + "'\n  timeout_s: " + std::to_string(timeout_s) +
            "\n  max_age_s: 2.5\n  queries:\n    functions: {requests: off, failed: off, mean_in_flight: off, "
            "net_rx_bytes_per_s: off}\n    workflow: {arrival_rate_per_s: off, mean_in_flight: off, successes: "
            "off, failures: off}\n") {
    fc_error_t error = {};
    log_file_ = folder_.path("log");
    log_stream_ = fopen(log_file_.c_str(), "w");
    fc_log_init(&log_, "test", log_stream_, FC_LOG_DEBUG, false);
    add_queries(queries);
    platform_t inner = *fake.get();
    inner.read = read_with_rejections;
    EXPECT_OK(prometheus_metrics_new(workflow.get(), &settings_->metrics, &log_, &inner, &platform_, &error));
    EXPECT_EQ(inner.self, nullptr) << "the wrapped one is owned";
    EXPECT_EQ(fc_observation_init(&seen, workflow->n_functions), FC_OK);
  }
  ~Wrapped() {
    platform_clear(&platform_);
    fc_observation_clear(&seen);
    fclose(log_stream_);
  }
  Wrapped(const Wrapped &) = delete;
  Wrapped &operator=(const Wrapped &) = delete;

  // Reads the next window into `seen`.
  void read() {
    fc_error_t error = {};
    ASSERT_OK(platform_.read(platform_.self, window_++, &seen, &error));
    ASSERT_OK(fc_observation_validate(&seen, workflow.get(), &error));
  }
  double window_s() const { return workflow->window_s; }
  platform_t *get() { return &platform_; }
  std::string log() const {
    fflush(log_stream_);
    return read_file(log_file_);
  }
  // Samples every second at .4 from before window 0 to the end of the last of `windows`.
  std::vector<std::pair<double, double>> samples(const std::function<double(double)> &of_second,
                                                 int windows = 1) const {
    std::vector<std::pair<double, double>> all;
    for (double t = -4.6; t < window_s() * windows; t += 1) all.emplace_back(START_S + t, of_second(t));
    return all;
  }
  bool has(uint32_t bit, size_t function = 0) const { return (seen.metrics[function].present & bit) != 0; }

  FakePrometheus prometheus;
  Workflow workflow;
  FakePlatform fake{workflow};
  fc_observation_t seen = {};

 private:
  void add_queries(const std::string &queries) {
    const std::string yaml = "metrics:\n  queries:\n" + queries;
    Settings more("agent: a\nworkflow: parallel\nstate: /tmp/x\nplatform: {kind: sim}\n" + yaml);
    for (int i = 0; i < FC_FUNCTION_METRIC_COUNT; ++i) settings_->metrics.functions[i] = more->metrics.functions[i];
    for (int i = 0; i < SETTINGS_WORKFLOW_METRIC_COUNT; ++i) settings_->metrics.workflow[i] = more->metrics.workflow[i];
  }
  TemporaryFolder folder_;
  std::string log_file_;
  FILE *log_stream_ = nullptr;
  fc_log_t log_ = {};
  Settings settings_;
  platform_t platform_ = {};
  int64_t window_ = 0;
};

const char COUNTS[] =
    "    workflow: {successes: {counter: 's'}, failures: {counter: 'f'}, mean_in_flight: {gauge: 'g'}}\n";

TEST(PrometheusMetrics, QueriedMetricsAreThoseOfPrometheusAndTheOthersThePlatforms) {
  Wrapped wrapped("    functions: {requests: {counter: 'r{p=\"{function}\"}'}}\n" + std::string(COUNTS));
  const double n = wrapped.window_s();
  wrapped.prometheus.put("s[", wrapped.samples([](double t) { return 1000 + 2 * t; }));
  wrapped.prometheus.put("f[", wrapped.samples([](double) { return 7; }));
  wrapped.prometheus.put("g[", wrapped.samples([](double) { return 4; }));
  for (size_t f = 0; f < wrapped.workflow.n(); ++f)
    wrapped.prometheus.put(std::string("p=\"") + wrapped.workflow->functions[f].name + "\"",
                           wrapped.samples([f](double t) { return 50 + static_cast<double>(f + 1) * t; }));
  wrapped.read();
  EXPECT_TRUE(wrapped.seen.outcome.present & FC_OUTCOME_HAS_COUNTS);
  EXPECT_EQ(wrapped.seen.outcome.successes, static_cast<int64_t>(2 * n));
  EXPECT_EQ(wrapped.seen.outcome.failures, 0) << "nothing new is 0";
  EXPECT_EQ(wrapped.seen.load.mean_in_flight, 4);
  for (size_t f = 0; f < wrapped.workflow.n(); ++f)
    EXPECT_NEAR(wrapped.seen.metrics[f].requests, static_cast<double>(f + 1) * n, 1e-6) << f;
  EXPECT_EQ(wrapped.seen.outcome.latency_mean_s, 9) << "the platform's";
  EXPECT_EQ(wrapped.seen.metrics[0].cpu_utilization_pct, 40) << "the platform's";
  EXPECT_EQ(wrapped.log(), "");
  EXPECT_THAT(wrapped.prometheus.queries(), Each(Not(HasSubstr("{function}"))));
}

TEST(PrometheusMetrics, WhatPrometheusDoesNotKnowIsAbsentAndNeverThePlatforms) {
  Wrapped wrapped("    functions: {requests: {counter: 'r'}}\n" + std::string(COUNTS));
  wrapped.prometheus.put("s[", wrapped.samples([](double t) { return t + 100; }));
  wrapped.read();
  EXPECT_FALSE(wrapped.seen.outcome.present & FC_OUTCOME_HAS_COUNTS) << "failures are missing, so both are";
  EXPECT_FALSE(wrapped.seen.load.present & FC_LOAD_HAS_IN_FLIGHT);
  EXPECT_TRUE(wrapped.seen.load.present & FC_LOAD_HAS_ARRIVAL_RATE) << "has no query";
  EXPECT_FALSE(wrapped.has(FC_METRIC_BIT(REQUESTS)));
  EXPECT_TRUE(wrapped.has(FC_METRIC_BIT(CPU_UTILIZATION)));
  EXPECT_THAT(wrapped.log(),
              AllOf(HasSubstr(" warn "), HasSubstr("mean_in_flight of the workflow: no series matches")));
}

TEST(PrometheusMetrics, OldSamplesAreAbsentAndNewOnesAreTakenAgain) {
  Wrapped wrapped(COUNTS);
  auto samples = wrapped.samples([](double t) { return 1000 + t; }, 6);
  const double n = wrapped.window_s();
  // Nobody scraped from the middle of window 1 to the middle of window 3.
  samples.erase(
      std::remove_if(samples.begin(), samples.end(),
                     [&](const auto &s) { return s.first > START_S + 1.5 * n && s.first < START_S + 3.5 * n; }),
      samples.end());
  for (const char *selector : {"s[", "f[", "g["}) wrapped.prometheus.put(selector, samples);
  std::string counts;
  for (int i = 0; i < 6; ++i) {
    wrapped.read();
    const fc_outcome_t &outcome = wrapped.seen.outcome;
    const bool known = (outcome.present & FC_OUTCOME_HAS_COUNTS) != 0;
    counts += known ? std::to_string(outcome.successes == static_cast<int64_t>(n)) : "-";
    EXPECT_EQ(known, (wrapped.seen.load.present & FC_LOAD_HAS_IN_FLIGHT) != 0) << i;
  }
  EXPECT_EQ(counts, "1---11");
  const auto lines = lines_of(wrapped.log());
  ASSERT_EQ(lines.size(), 2u) << wrapped.log();
  EXPECT_THAT(lines[0], AllOf(HasSubstr(" warn "), HasSubstr("3 of 3"), HasSubstr("too old")));
  EXPECT_THAT(lines[1], AllOf(HasSubstr(" info "), HasSubstr("all 3 metrics")));
}

TEST(PrometheusMetrics, ARestartedCounterIsNeitherNegativeNorHuge) {
  Wrapped wrapped(COUNTS);
  const double half = wrapped.window_s() / 2;
  const auto restarts = [half](double t) { return t < half ? 1e6 + 3 * t : 3 * (t - half); };
  for (const char *selector : {"s[", "f[", "g["}) wrapped.prometheus.put(selector, wrapped.samples(restarts));
  wrapped.read();
  ASSERT_TRUE(wrapped.seen.outcome.present & FC_OUTCOME_HAS_COUNTS);
  EXPECT_NEAR(static_cast<double>(wrapped.seen.outcome.successes), 3 * wrapped.window_s(), 3.1);
}

TEST(PrometheusMetrics, ACountIsOfTheWholeWindowThoughItsSamplesAreNot) {
  Wrapped wrapped(COUNTS);
  auto samples = wrapped.samples([](double t) { return 1000 + 2 * t; });
  samples.pop_back(); /* the last scrape was 1.6 s before the end: 29 s are known of 30 */
  for (const char *selector : {"s[", "f[", "g["}) wrapped.prometheus.put(selector, samples);
  wrapped.read();
  ASSERT_TRUE(wrapped.seen.outcome.present & FC_OUTCOME_HAS_COUNTS);
  EXPECT_EQ(wrapped.seen.outcome.successes, static_cast<int64_t>(2 * wrapped.window_s()));
}

TEST(PrometheusMetrics, WhatIsCountedAfterTheLastScrapeOfAWindowIsInTheNext) {
  Wrapped wrapped(COUNTS);
  // 7 requests between the last scrape of window 0 and its end, in no sample until the next scrape, which is late.
  const double end = wrapped.window_s();
  auto samples = wrapped.samples([end](double t) { return t < end - 1 ? 100 : 107; }, 2);
  samples.erase(std::remove_if(samples.begin(), samples.end(),
                               [&](const auto &s) { return s.first > START_S + end - 1 && s.first < START_S + end; }),
                samples.end());
  for (const char *selector : {"s[", "f[", "g["}) wrapped.prometheus.put(selector, samples);
  wrapped.read();
  EXPECT_EQ(wrapped.seen.outcome.successes, 0);
  // A scrape of window 0 that Prometheus had not stored yet: the count begins where the last one ended, before it.
  wrapped.prometheus.put_sample(START_S + end - 0.6, 107);
  wrapped.read();
  ASSERT_TRUE(wrapped.seen.outcome.present & FC_OUTCOME_HAS_COUNTS);
  EXPECT_EQ(wrapped.seen.outcome.successes, 7);
}

TEST(PrometheusMetrics, UnitsAreTheMetrics) {
  Wrapped wrapped(
      "    functions: {cpu_utilization_pct: {counter: 'cpu'}, net_rx_bytes_per_s: {counter: 'net'}, "
      "throttled_periods: {counter: 'thr'}, mem_utilization_pct: {gauge: 'mem'}, latency_p95_s: {value: 'q(x[1m])'}}\n"
      "    workflow: {arrival_rate_per_s: {counter: 'arr'}}\n");
  for (auto &one : wrapped.fake.configuration) one.replicas = 4;
  wrapped.prometheus.put("cpu[", wrapped.samples([](double t) { return 100 + 2 * t; })); /* two cores busy */
  wrapped.prometheus.put("net[", wrapped.samples([](double t) { return 1e6 + 800 * t; }));
  wrapped.prometheus.put("thr[", wrapped.samples([](double t) { return 100 + 8 * t; }));
  wrapped.prometheus.put("mem[", wrapped.samples([](double) { return 60; }));
  wrapped.prometheus.put("mem[", wrapped.samples([](double) { return 20; }));
  wrapped.prometheus.put("arr[", wrapped.samples([](double t) { return 100 + 5 * t; }));
  wrapped.prometheus.set_value("0.25");
  wrapped.read();
  const fc_function_metrics_t &metrics = wrapped.seen.metrics[0];
  EXPECT_NEAR(metrics.cpu_utilization_pct, 50, 1e-3);
  EXPECT_NEAR(metrics.net_rx_bytes_per_s, 200, 1e-2);
  EXPECT_NEAR(metrics.throttled_periods, 2 * wrapped.window_s(), 1e-3);
  EXPECT_EQ(metrics.mem_utilization_pct, 20) << "80 over four replicas";
  EXPECT_EQ(metrics.latency_p95_s, 0.25);
  EXPECT_NEAR(wrapped.seen.load.arrival_rate_per_s, 5, 1e-4);
}

TEST(PrometheusMetrics, AValueThatIsNoneIsAbsent) {
  Wrapped wrapped("    functions: {latency_p95_s: {value: 'q(x[1m])'}}\n");
  for (const char *value : {"NaN", "+Inf", "-1", ""}) {
    wrapped.prometheus.set_value(value);
    wrapped.read();
    EXPECT_FALSE(wrapped.has(FC_METRIC_BIT(LATENCY_P95))) << value;
  }
  wrapped.prometheus.set_value("0");
  wrapped.read();
  EXPECT_TRUE(wrapped.has(FC_METRIC_BIT(LATENCY_P95)));
}

TEST(PrometheusMetrics, AValueBeyondWhatAWindowMayHoldCostsItsMetricOnly) {
  Wrapped wrapped("    workflow: {latency_mean_s: {value: 'q(x[1m])'}, rejected: {value: 'q(x[1m])'}}\n");
  for (const char *value : {"1e12", "1e15", "1e300"}) {
    wrapped.prometheus.set_value(value);
    wrapped.read(); /* which validates the observation */
    EXPECT_FALSE(wrapped.seen.outcome.present & FC_OUTCOME_HAS_LATENCY_MEAN) << value;
  }
  EXPECT_FALSE(wrapped.seen.outcome.present & FC_OUTCOME_HAS_REJECTED);
  EXPECT_EQ(lines_of(wrapped.log()).size(), 2u)
      << "one when the latency is absent, one when both are: " << wrapped.log();
}

TEST(PrometheusMetrics, RejectionsThatThePlatformCountedAreDroppedWherePrometheusCountsFewerFailures) {
  for (const double failures : {0.0, 1.0}) {
    Wrapped wrapped(COUNTS);
    wrapped.prometheus.put("f[", wrapped.samples([failures](double t) { return 9 + failures * t; }));
    for (const char *selector : {"s[", "g["})
      wrapped.prometheus.put(selector, wrapped.samples([](double) { return 1; }));
    wrapped.read();
    ASSERT_TRUE(wrapped.seen.outcome.present & FC_OUTCOME_HAS_COUNTS);
    EXPECT_EQ((wrapped.seen.outcome.present & FC_OUTCOME_HAS_REJECTED) != 0, failures > 0);
  }
}

TEST(PrometheusMetrics, ASilentServerCostsOneTimeoutAWindow) {
  Wrapped wrapped("    functions: {requests: {counter: 'r'}, failed: {counter: 'e'}}\n" + std::string(COUNTS), 0.2);
  wrapped.prometheus.set_fault([](const std::string &) { return HttpServer::Reply{"", false, true}; });
  const fc_clock_t clock = fc_clock_system();
  const int64_t start_ns = clock.monotonic_ns(clock.self);
  wrapped.read();
  EXPECT_LT(static_cast<double>(clock.monotonic_ns(clock.self) - start_ns) / 1e9, 2);
  EXPECT_EQ(wrapped.prometheus.requests().size(), 1u) << "who does not answer is not asked again in this window";
  EXPECT_FALSE(wrapped.seen.outcome.present & FC_OUTCOME_HAS_COUNTS);
}

TEST(PrometheusMetrics, AServerThatBreaksOffIsNotAskedAgainInThisWindow) {
  Wrapped wrapped("    functions: {requests: {counter: 'r'}, failed: {counter: 'e'}}\n" + std::string(COUNTS));
  wrapped.prometheus.set_fault([](const std::string &) { return HttpServer::Reply{"", true, false}; });
  wrapped.read();
  EXPECT_EQ(wrapped.prometheus.requests().size(), 1u);
  EXPECT_FALSE(wrapped.has(FC_METRIC_BIT(REQUESTS)));
  wrapped.prometheus.set_fault([](const std::string &) { return HttpServer::answer(404, "<html></html>"); });
  wrapped.read();
  EXPECT_EQ(wrapped.prometheus.requests().size(), 2u);
}

TEST(PrometheusMetrics, OneBadQueryDoesNotTakeTheOthersWithIt) {
  Wrapped wrapped("    functions: {requests: {counter: 'bad'}, mean_in_flight: {gauge: 'g'}}\n");
  wrapped.prometheus.set_fault([](const std::string &query) {
    if (query.find("bad") == std::string::npos)
      return HttpServer::answer(200, R"({"status":"success","data":{"resultType":"matrix","result":[]}})");
    return HttpServer::answer(422, R"({"status":"error","errorType":"execution","error":"many matches"})");
  });
  wrapped.read();
  EXPECT_EQ(wrapped.prometheus.requests().size(), 2 * wrapped.workflow.n()) << "all are asked";
  EXPECT_THAT(wrapped.log(), HasSubstr("requests of " + std::string(wrapped.workflow->functions[0].name) +
                                       ": Prometheus: execution: many matches"));
}

TEST(PrometheusMetrics, TheStartRefusesPromqlThatPrometheusRefusesWithPlaceAndKey) {
  Wrapped wrapped("    functions: {requests: {counter: 'bad{'}}\n");
  wrapped.prometheus.set_fault([](const std::string &) {
    return HttpServer::answer(400, R"({"status":"error","errorType":"bad_data","error":"1:4: parse error: }"})");
  });
  uint32_t capabilities = 0;
  std::vector<fc_knob_range_t> caps(wrapped.workflow.n() * FC_KNOBS);
  fc_error_t error = {};
  EXPECT_EQ(wrapped.get()->discover(wrapped.get()->self, &capabilities, caps.data(), &error), FC_EINVAL);
  EXPECT_THAT(std::string(error.message),
              AllOf(HasSubstr(":7:37: metrics.queries.functions.requests: "), HasSubstr("1:4: parse error")));
  wrapped.prometheus.set_fault([](const std::string &) { return HttpServer::Reply{"", true, false}; });
  EXPECT_OK(wrapped.get()->discover(wrapped.get()->self, &capabilities, caps.data(), &error));
  EXPECT_THAT(wrapped.log(), HasSubstr("the queries are not checked: "));
}

TEST(PrometheusMetrics, EverythingElseIsTheWrappedPlatforms) {
  Wrapped wrapped(COUNTS);
  platform_t *platform = wrapped.get();
  fc_error_t error = {};
  EXPECT_STREQ(platform->kind, "fake");
  EXPECT_EQ(platform->is_over, nullptr);
  fc_function_configuration_t from = {};
  ASSERT_OK(platform->read_back(platform->self, 1, &from, &error));
  fc_function_configuration_t to = from;
  to.replicas += 1;
  platform_step_t step = {1, PLATFORM_CHANGE_NONE, from, to};
  ASSERT_OK(platform->plan(platform->self, &step, &error));
  ASSERT_OK(platform->apply(platform->self, &step, &error));
  EXPECT_EQ(wrapped.fake.configuration[1].replicas, to.replicas);
  ASSERT_OK(platform->rollback(platform->self, &step, &error));
  EXPECT_EQ(wrapped.fake.configuration[1].replicas, from.replicas);
  ASSERT_OK(platform->validate(platform->self, wrapped.fake.configuration.data(), &error));
  EXPECT_EQ(platform->clock(platform->self).wall_us(platform->clock(platform->self).self), 1700000000000000);
  wrapped.fake.measure = [](int64_t, const Configuration &) {
    Window window;
    window.status = FC_EIO;
    return window;
  };
  EXPECT_EQ(platform->read(platform->self, 0, &wrapped.seen, &error), FC_EIO);
  EXPECT_EQ(wrapped.prometheus.requests().size(), 0u);
}

// The agent itself, which a policy tells to grow: it stays where it is without the counts and goes on when they are
// back.
TEST(PrometheusMetrics, TheAgentHoldsWhilePrometheusIsAwayAndGoesOnAfterwards) {
  Wrapped wrapped(COUNTS);
  TemporaryFolder folder;
  Settings settings(
      agent_yaml(folder.path("s"), "mode: auto\nsession: {windows: 0}\nsafety: {strategy: none, rails: tuning}\n"));
  keep_policy(folder.path("s"), wrapped.workflow.get(), wrapped.workflow.at(1), 1, make_server_key());
  Folder state(folder.path("s"));
  for (const char *selector : {"f[", "g["})
    wrapped.prometheus.put(selector, wrapped.samples([](double) { return 10; }, 9));
  wrapped.prometheus.put("s[", wrapped.samples([](double t) { return 900 + t; }, 9));
  wrapped.fake.measure = [&](int64_t window, const Configuration &) {
    const bool away = window >= 1 && window < 4;
    wrapped.prometheus.set_fault(away ? [](const std::string &) { return HttpServer::Reply{"", true, false}; }
                                      : std::function<HttpServer::Reply(const std::string &)>());
    return Window{};
  };
  agent_options_t options = {};
  options.settings = settings.get();
  options.workflow = wrapped.workflow.get();
  options.platform = wrapped.get();
  options.folder = state.get();
  options.max_windows = 6;
  agent_t *agent = nullptr;
  fc_error_t error = {};
  ASSERT_OK(agent_new(&options, &agent, &error));
  agent_run(agent);
  agent_destroy(&agent);
  std::string changes; /* is a window's configuration that of the window before? */
  for (size_t i = 1; i < wrapped.fake.in_windows.size(); ++i)
    changes += same(wrapped.fake.in_windows[i - 1], wrapped.fake.in_windows[i]) ? "=" : "/";
  EXPECT_EQ(changes, "/===/") << read_file(folder.path("s/decisions.jsonl"));
  const auto lines = lines_of(wrapped.log());
  EXPECT_EQ(lines.size(), 2u) << "once away, once back: " << wrapped.log();
}

}  // namespace
