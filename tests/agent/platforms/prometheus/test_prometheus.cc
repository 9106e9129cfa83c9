// Metrics from a real Prometheus that scrapes the HAProxy of a real platform `local`: do they agree with the platform's
// own, and what happens when Prometheus stops or HAProxy is reloaded.
#include <cmath>
#include <filesystem>

#include "local_platform.h"
#include "real_prometheus.h"

extern "C" {
#include "health.h"
#include "prometheus_metrics.h"
}

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::HasSubstr;

constexpr double SCRAPE_S = 0.2;

// Platform local with an exporter, a Prometheus that scrapes it, and the same windows seen by both.
class Compared {
 public:
  explicit Compared(const std::string &more = "")
      : exporter_port(health_free_port(nullptr, 0)),
        local({"\"1\", \"15\"", "metrics_port: " + std::to_string(exporter_port) + "\n" + more, {300, 128, 2, 4}}) {
    fc_error_t error = {};
    EXPECT_OK(local.discover(&error));
    prometheus = std::make_unique<RealPrometheus>(exporter_port, SCRAPE_S);
    orchestrator = std::make_unique<Process>(
        std::vector<std::string>{program("local_test_function"), std::to_string(local.orchestrator_port()), "0", "30"});
    EXPECT_TRUE(local.becomes([&] { return http_get(local.gateway_port(), "/") == 200; }));
    read_settings(more);
    platform_t tap = {};
    tap.kind = "tap";
    tap.self = this;
    tap.read = [](void *self, int64_t window, fc_observation_t *observation, fc_error_t *reason) {
      auto *of = static_cast<Compared *>(self);
      FC_TRY(of->local.get()->read(of->local.get()->self, window, observation, reason));
      fc_observation_copy(&of->own, observation);
      return FC_OK;
    };
    EXPECT_OK(prometheus_metrics_new(local.workflow(), &settings_, nullptr, &tap, &platform_, &error));
    EXPECT_EQ(fc_observation_init(&own, 2), FC_OK);
    EXPECT_EQ(fc_observation_init(&seen, 2), FC_OK);
    prometheus->wait_scrapes(2);
  }
  ~Compared() {
    platform_clear(&platform_);
    fc_observation_clear(&own);
    fc_observation_clear(&seen);
  }
  Compared(const Compared &) = delete;
  Compared &operator=(const Compared &) = delete;

  // The window that has just ended, as Prometheus (`seen`) and as the platform itself (`own`) know it.
  void read() {
    fc_error_t error = {};
    ASSERT_OK(platform_.read(platform_.self, window_++, &seen, &error));
    ASSERT_OK(fc_observation_validate(&seen, local.workflow(), &error));
  }
  bool knows_counts() const { return (seen.outcome.present & FC_OUTCOME_HAS_COUNTS) != 0; }

  int exporter_port;
  LocalPlatform local;
  std::unique_ptr<RealPrometheus> prometheus;
  std::unique_ptr<Process> orchestrator;
  fc_observation_t own = {}, seen = {};

 private:
  void read_settings(const std::string &more) {
    settings_local_t of_local = {};
    of_local.metrics_port = exporter_port;
    of_local.rejects = more.find("reject") != std::string::npos;
    const std::string yaml = "source: prometheus\nurl: " + prometheus->url() + "\nmax_age_s: 2\n";
    fc_error_t error = {};
    fc_config_t *document = nullptr;
    EXPECT_OK(fc_config_parse(yaml.data(), yaml.size(), "agent.yaml", &document, &error));
    EXPECT_OK(settings_metrics_read(fc_config_root(document), &of_local, &settings_, &error));
    fc_config_destroy(&document);
  }
  settings_metrics_t settings_ = {};
  platform_t platform_ = {};
  int64_t window_ = 0;
};

// Short windows under load.
void check_agreement(Compared &both) {
  both.read(); /* nothing was asked: the counts begin here */
  ASSERT_TRUE(both.knows_counts());
  EXPECT_EQ(both.seen.outcome.successes, 0) << "known to be 0, not absent";
  const double begin_s = static_cast<double>(both.seen.start_us) / 1e6 + both.seen.duration_s;
  HttpLoad load(both.local.port(0), 4), users(both.local.gateway_port(), 3);
  double requests = 0, extrapolated = 0, worst = 0, worst_in_flight = 0;
  int64_t successes = 0;
  const auto add = [&] {
    ASSERT_TRUE(both.knows_counts());
    ASSERT_TRUE(both.seen.metrics[0].present & FC_METRIC_BIT(REQUESTS));
    requests += both.seen.metrics[0].requests;
    successes += both.seen.outcome.successes;
    const std::string window_ms = std::to_string(static_cast<int>(both.seen.duration_s * 1000)) + "ms";
    extrapolated +=
        both.prometheus->value("sum(increase(haproxy_frontend_http_responses_total{proxy=\"a\"}[" + window_ms + "]))");
  };
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(load.wait_for(260));
    both.read();
    add();
    const fc_function_metrics_t &own = both.own.metrics[0], &seen = both.seen.metrics[0];
    EXPECT_NEAR(seen.requests, own.requests, 0.15 * own.requests);
    EXPECT_NEAR(static_cast<double>(both.seen.outcome.successes), static_cast<double>(both.own.outcome.successes),
                0.15 * static_cast<double>(both.own.outcome.successes) + 1);
    EXPECT_EQ(seen.failed, 0);
    EXPECT_EQ(both.seen.outcome.failures, 0);
    EXPECT_NEAR(seen.net_rx_bytes_per_s, own.net_rx_bytes_per_s, 0.15 * own.net_rx_bytes_per_s);
    EXPECT_NEAR(seen.mean_in_flight, own.mean_in_flight, 1.2) << "four clients";
    EXPECT_NEAR(both.seen.load.mean_in_flight, both.own.load.mean_in_flight, 1.0) << "three users";
    EXPECT_NEAR(both.seen.load.arrival_rate_per_s, both.own.load.arrival_rate_per_s,
                0.15 * both.own.load.arrival_rate_per_s);
    EXPECT_EQ(seen.latency_p95_s, own.latency_p95_s) << "the platform's";
    EXPECT_EQ(seen.cpu_utilization_pct, own.cpu_utilization_pct) << "the platform's";
    EXPECT_EQ(seen.rejected, 0);
    worst = std::max(worst, std::abs(seen.requests - own.requests) / own.requests);
    worst_in_flight = std::max(worst_in_flight, std::abs(seen.mean_in_flight - own.mean_in_flight));
  }
  load.stop();
  users.stop();
  both.prometheus->wait_scrapes(5);
  both.read();
  add();
  const auto answered = static_cast<double>(load.answered()), of_users = static_cast<double>(users.answered());
  EXPECT_EQ(both.prometheus->counted_since("haproxy_frontend_http_responses_total{proxy=\"a\"}", begin_s), answered)
      << "every request once";
  EXPECT_NEAR(requests, answered, 0.1 * answered) << "over all windows";
  EXPECT_NEAR(static_cast<double>(successes), of_users, 0.1 * of_users + 3);
  testing::Test::RecordProperty("requests", static_cast<int>(answered));
  testing::Test::RecordProperty("seen_by_the_agent", static_cast<int>(requests));
  testing::Test::RecordProperty("by_increase_of_prometheus", static_cast<int>(extrapolated));
  testing::Test::RecordProperty("worst_window_permille", static_cast<int>(1000 * worst));
  testing::Test::RecordProperty("worst_in_flight_permille", static_cast<int>(1000 * worst_in_flight));
}

void check_rejections_and_failures(Compared &both) {
  ASSERT_TRUE(both.seen.metrics[0].present & FC_METRIC_BIT(REJECTED));
  HttpLoad load(both.local.port(0), 12);
  ASSERT_TRUE(load.wait_for(300));
  load.stop();
  both.orchestrator.reset();
  EXPECT_EQ(http_get(both.local.gateway_port(), "/"), 503);
  both.prometheus->wait_scrapes(5);
  both.read();
  const fc_function_metrics_t &own = both.own.metrics[0], &seen = both.seen.metrics[0];
  auto statuses = load.statuses();
  EXPECT_GT(statuses[429], 0) << "twelve clients at eight places";
  EXPECT_EQ(own.requests, static_cast<double>(load.answered()));
  EXPECT_EQ(own.rejected, static_cast<double>(statuses[429]));
  EXPECT_NEAR(seen.requests, own.requests, 0.25 * own.requests);
  EXPECT_NEAR(seen.rejected / seen.requests, own.rejected / own.requests, 0.001) << "of the same scrapes";
  EXPECT_EQ(seen.failed, 0);
  EXPECT_EQ(both.seen.outcome.failures, 1);
  EXPECT_EQ(both.own.outcome.failures, 1);
}

void check_reload(Compared &both) {
  HttpLoad load(both.local.port(0), 4);
  ASSERT_TRUE(load.wait_for(400)) << "so that a counter not taken for restarted would show";
  both.read();
  ASSERT_TRUE(both.seen.metrics[0].present & FC_METRIC_BIT(REQUESTS));
  both.local.reload_haproxy();
  ASSERT_TRUE(load.wait_for(250));
  both.read();
  int known = 0;
  for (int i = 0; i < 2; ++i) {
    if (both.seen.metrics[0].present & FC_METRIC_BIT(REQUESTS)) {
      known += 1;
      EXPECT_GE(both.seen.metrics[0].requests, 0);
      EXPECT_LE(both.seen.metrics[0].requests, both.own.metrics[0].requests * (1 + 3 * SCRAPE_S / both.own.duration_s));
    }
    ASSERT_TRUE(load.wait_for(200));
    both.read();
  }
  load.stop();
  EXPECT_EQ(load.losses(), "");
  EXPECT_GE(known, 1) << "a reload costs one window at most";
}

// Prometheus takes five seconds to look for its targets: one is shared.
TEST(Prometheus, AgreesWithThePlatformUnderLoadWithRejectionsAndAfterAReloadOfHaproxy) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  SKIP_WITHOUT_PROMETHEUS();
  Compared both("overflow: reject\n");
  both.read();
  both.prometheus->wait_scrapes(5);
  check_agreement(both);
  if (!HasFatalFailure()) check_rejections_and_failures(both);
  if (!HasFatalFailure()) check_reload(both);
}

TEST(Prometheus, AnAgentHoldsWhilePrometheusIsStoppedAndGoesOnAfterwards) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  SKIP_WITHOUT_PROMETHEUS();
  const int exporter_port = health_free_port(nullptr, 0);
  const LocalPlatform local({"\"1\", \"15\"", "metrics_port: " + std::to_string(exporter_port) + "\n"});
  RealPrometheus prometheus(exporter_port, SCRAPE_S);
  const TemporaryFolder folder;
  Process orchestrator({program("local_test_function"), std::to_string(local.orchestrator_port()), "0", "30"});
  Process agent(
      {program("faasconf-agent"), "--config",
       local.agent_file(folder, "auto",
                        "session: {windows: 0}\nmetrics: {source: prometheus, timeout_s: 0.3, max_age_s: 0.8, "
                        "url: '" +
                            prometheus.url() + "'}\n"),
       "--progress"});
  ASSERT_NE(agent.wait_line("\"window\":0", 30), "") << agent.output();
  HttpLoad users(local.gateway_port(), 2);
  ASSERT_NE(agent.wait_line("all 12 metrics from Prometheus are there", 30), "") << agent.output();
  prometheus.stop();
  ASSERT_NE(agent.wait_line("12 of 12 metrics from Prometheus are absent: Prometheus: http://127.0.0.1", 30), "")
      << agent.output();
  prometheus.start();
  const auto comes_again = [&] {
    const std::string output = agent.output(), sentence = "all 12 metrics from Prometheus are there";
    return output.find(sentence) != output.rfind(sentence);
  };
  EXPECT_TRUE(local.becomes(comes_again)) << agent.output();
  users.stop();
  agent.signal(SIGTERM);
  EXPECT_EQ(agent.wait_exit(30), 0) << agent.output();
  const std::string decisions = read_file(local.state() + "/decisions.jsonl");
  EXPECT_THAT(decisions, HasSubstr("the window has no outcome")) << "so it holds";
  EXPECT_THAT(agent.output(), HasSubstr("\"writes\":0"));
}

}  // namespace
