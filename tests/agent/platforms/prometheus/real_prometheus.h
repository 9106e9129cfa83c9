// A Prometheus process of a test, on a port and in a folder of its own, that scrapes one exporter.
#pragma once
#include <memory>

#include "support.h"

namespace fc_test {

// Why there is none here, or "".
std::string why_no_prometheus();

class RealPrometheus {
 public:
  RealPrometheus(int exporter_port, double scrape_interval_s);
  // Starts it and waits until it answers; with what it stored before.
  void start();
  void stop();
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // What a PromQL expression is worth now; NaN when nothing.
  double value(const std::string &promql) const;
  // What a counter's raw samples of the last minute add up to, from the one before `from_s` (Unix time); NaN: not
  // known.
  double counted_since(const std::string &selector, double from_s) const;
  // Until HAProxy was scraped so many times more.
  void wait_scrapes(int n) const;

 private:
  TemporaryFolder folder_;
  int port_;
  std::unique_ptr<Process> process_;
};

}  // namespace fc_test

#define SKIP_WITHOUT_PROMETHEUS() \
  if (const std::string reason = fc_test::why_no_prometheus(); !reason.empty()) GTEST_SKIP() << reason
