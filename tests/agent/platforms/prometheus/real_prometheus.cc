#include "real_prometheus.h"

#include <unistd.h>

#include <cmath>
#include <csignal>

extern "C" {
#include "faasconf/clock.h"
#include "health.h"
#include "prometheus.h"
#include "prometheus_samples.h"
}

namespace fc_test {

static std::string prometheus_program() {
  for (const char *path : {"/usr/bin/prometheus", "/usr/local/bin/prometheus"})
    if (access(path, X_OK) == 0) return path;
  return "";
}

std::string why_no_prometheus() {
  return prometheus_program().empty() ? "Prometheus is not installed: script/bootstrap installs it" : "";
}

RealPrometheus::RealPrometheus(int exporter_port, double scrape_interval_s) : port_(health_free_port(nullptr, 0)) {
  const std::string interval = std::to_string(static_cast<int>(scrape_interval_s * 1000)) + "ms";
  write_file(folder_.path("prometheus.yml"), "global: {scrape_interval: " + interval + ", scrape_timeout: " + interval +
                                                 "}\nscrape_configs:\n  - job_name: haproxy\n    static_configs: "
                                                 "[{targets: ['127.0.0.1:" +
                                                 std::to_string(exporter_port) + "']}]\n");
  start();
}

void RealPrometheus::start() {
  process_ = std::make_unique<Process>(std::vector<std::string>{
      prometheus_program(), "--config.file=" + folder_.path("prometheus.yml"),
      "--storage.tsdb.path=" + folder_.path("data"), "--web.listen-address=127.0.0.1:" + std::to_string(port_),
      "--log.level=warn", "--scrape.discovery-reload-interval=100ms"});
  for (int i = 0; i < 1500 && std::isnan(value("vector(1)")); ++i) usleep(10000);
  EXPECT_EQ(value("vector(1)"), 1) << process_->output();
}

void RealPrometheus::stop() {
  process_->signal(SIGTERM);
  EXPECT_EQ(process_->wait_exit(30), 0) << process_->output();
  process_.reset();
}

// One answer, which is freed when the object goes.
struct Asked {
  Asked(const std::string &url, const std::string &promql) {
    EXPECT_OK(prometheus_new(url.c_str(), 5, &client, &error));
    status = prometheus_query(client, promql.c_str(), NAN, &answer, &error);
  }
  ~Asked() {
    prometheus_answer_clear(&answer);
    prometheus_destroy(&client);
  }
  Asked(const Asked &) = delete;
  Asked &operator=(const Asked &) = delete;
  prometheus_t *client = nullptr;
  prometheus_answer_t answer = {};
  fc_error_t error = {};
  fc_status_t status;
};

double RealPrometheus::value(const std::string &promql) const {
  const Asked asked(url(), promql);
  double found = NAN;
  return asked.status == FC_OK && prometheus_answer_value(&asked.answer, &found) ? found : NAN;
}

double RealPrometheus::counted_since(const std::string &selector, double from_s) const {
  const Asked asked(url(), selector + "[1m]");
  const fc_clock_t clock = fc_clock_system();
  prometheus_increase_t count = {};
  EXPECT_EQ(asked.status, FC_OK) << asked.error.message;
  const auto now_s = static_cast<double>(clock.wall_us(clock.self)) / 1e6;
  const bool known = prometheus_increase(&asked.answer, from_s, now_s, 5, &count) == PROMETHEUS_KNOWN;
  return known ? count.increase : NAN;
}

void RealPrometheus::wait_scrapes(int n) const {
  double last = value("timestamp(up)");
  for (int i = 0, seen = 0; i < 1500 && seen < n; ++i) {
    usleep(10000);
    const double now = value("timestamp(up)");
    if (!std::isnan(now) && now != last) seen += 1, last = now;
  }
  EXPECT_FALSE(std::isnan(last)) << "nothing was scraped";
}

}  // namespace fc_test
