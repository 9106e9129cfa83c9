// The whole loop against servers of theory, in virtual time.
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "support.h"

extern "C" {
#include "faasconf/rng.h"
#include "load_run.h"
}

namespace {

// A server without sockets: finish(now) says when a request that starts now is answered.
class Server {
 public:
  explicit Server(std::function<double(double)> finish) : finish_(std::move(finish)) {
    clock_ = fc_clock_virtual(&time_);
    fc_rng_init(&rng, 7, 0);
  }
  load_run_options_t options(double window_s, double length_s) {
    load_run_options_t options = {};
    options.clock = clock_;
    options.transport = {this, start, wait, busy};
    options.shape.spawn_rate_per_s = 1e6;
    options.shape.n_places = 100000;
    options.shape.seed = 1;
    options.window_s = window_s;
    options.length_s = length_s;
    options.interrupted = &interrupted;
    return options;
  }
  double exponential(double mean_s) { return -std::log1p(-fc_rng_uniform(&rng)) * mean_s; }
  double now_s() const { return static_cast<double>(time_.now_ns) * 1e-9; }

  fc_rng_t rng;
  volatile sig_atomic_t interrupted = 0;
  int signals = 1;
  double interrupt_at_s = INFINITY;
  double start_takes_s = 0; /* a slow generator */
  double busy_s = 0;
  load_answer_t answer = {LOAD_SUCCESS, 200, 2, 0, nullptr};
  int64_t started = 0;

 private:
  static fc_status_t start(void *self, int32_t place, fc_error_t *) {
    auto *server = static_cast<Server *>(self);
    fc_virtual_clock_advance_ns(&server->time_, static_cast<int64_t>(server->start_takes_s * 1e9));
    server->busy_s += server->start_takes_s;
    server->started += 1;
    server->running_.emplace(server->finish_(server->now_s()), place);
    return FC_OK;
  }
  static fc_status_t wait(void *self, int64_t until_ns, load_answered_fn answered, void *answered_self, fc_error_t *) {
    auto *server = static_cast<Server *>(self);
    double next_s = until_ns == INT64_MAX ? INFINITY : static_cast<double>(until_ns) * 1e-9;
    if (!server->running_.empty()) next_s = std::min(next_s, server->running_.begin()->first);
    next_s = std::min(next_s, server->interrupt_at_s);
    if (std::isinf(next_s)) return FC_EINTERNAL; /* would wait for ever */
    server->clock_.sleep_until_ns(server->clock_.self, static_cast<int64_t>(std::ceil(next_s * 1e9)));
    while (!server->running_.empty() && server->running_.begin()->first <= server->now_s()) {
      const int32_t place = server->running_.begin()->second;
      server->running_.erase(server->running_.begin());
      answered(answered_self, place, &server->answer);
    }
    if (server->now_s() >= server->interrupt_at_s) {
      server->interrupted = server->signals;
      server->interrupt_at_s = INFINITY; /* it comes once */
    }
    return FC_OK;
  }
  static double busy(void *self) { return static_cast<Server *>(self)->busy_s; }

  std::function<double(double)> finish_;
  fc_virtual_clock_t time_ = {};
  fc_clock_t clock_;
  std::multimap<double, int32_t> running_;
};

class Played {
 public:
  explicit Played(const load_run_options_t &options) { EXPECT_OK(load_run(&options, &result, &error)); }
  ~Played() { load_result_clear(&result); }
  Played(const Played &) = delete;
  Played &operator=(const Played &) = delete;
  load_result_t result = {};
  fc_error_t error = {};
};

}  // namespace

TEST(LoadRun, UsersWithoutThinkTimeCompleteUOverS) {
  Server server([](double now_s) { return now_s + 0.25; });
  auto options = server.options(10, 100);
  options.shape.users = 8;
  const Played run(options);
  ASSERT_EQ(10, run.result.n_windows);
  for (int w = 0; w < 10; ++w) {
    const load_window_t &window = run.result.windows[w];
    EXPECT_NEAR(8 / 0.25 * 10, static_cast<double>(window.ended[LOAD_SUCCESS]), 8);
    EXPECT_NEAR(8, window.mean_in_flight, 1e-3);
    EXPECT_NEAR(0.25, window.p99_s, 0.0025);
    EXPECT_EQ(8, window.users);
    EXPECT_EQ(-1, window.intended);
  }
  EXPECT_EQ(8, run.result.total.in_flight);
  EXPECT_EQ(8, run.result.drained_successes) << "what was in flight is waited for";
  EXPECT_EQ(server.started, run.result.total.ended[LOAD_SUCCESS] + run.result.drained_successes);
  EXPECT_FALSE(load_result_is_bottleneck(&run.result));
}

TEST(LoadRun, UsersAtASingleServerObeyMeanValueAnalysis) {
  // M/M/1 with N users who pause Z on average: the exact throughput by mean value analysis.
  const int n_users = 5;
  const double service_s = 0.1, think_s = 0.4;
  double queue = 0, response_s = 0, throughput = 0;
  for (int n = 1; n <= n_users; ++n) {
    response_s = service_s * (1 + queue);
    throughput = n / (response_s + think_s);
    queue = throughput * response_s;
  }
  double free_s = 0;
  Server *self = nullptr;
  Server server([&](double now_s) { return free_s = std::max(free_s, now_s) + self->exponential(service_s); });
  self = &server;
  auto options = server.options(10000, 10000);
  options.shape.users = n_users;
  options.shape.think_s = think_s;
  const Played run(options);
  EXPECT_NEAR(1, static_cast<double>(run.result.total.requests) / 10000 / throughput, 0.01);
  EXPECT_NEAR(1, run.result.total.mean_s / response_s, 0.02);
  EXPECT_NEAR(1, run.result.total.mean_in_flight / queue, 0.02);
}

TEST(LoadRun, ArrivalsAtASingleServerHaveExponentialSojourns) {
  // M/M/1: the sojourn is exponential with mean 1 / (mu - lambda).
  double free_s = 0;
  Server *self = nullptr;
  Server server([&](double now_s) { return free_s = std::max(free_s, now_s) + self->exponential(0.01); });
  self = &server;
  auto options = server.options(500, 2000);
  options.shape.rate_per_s = 50;
  const Played run(options);
  const double mean_s = 1 / (100.0 - 50.0);
  const load_window_t &total = run.result.total;
  EXPECT_NEAR(1, total.mean_s / mean_s, 0.03);
  EXPECT_NEAR(1, total.p50_s / (mean_s * std::log(2)), 0.03);
  EXPECT_NEAR(1, total.p95_s / (mean_s * -std::log(0.05)), 0.04);
  EXPECT_NEAR(1, total.p99_s / (mean_s * -std::log(0.01)), 0.06);
  EXPECT_NEAR(50 * mean_s, total.mean_in_flight, 0.05) << "Little's law";
  EXPECT_EQ(total.intended, total.requests);
  EXPECT_EQ(0, run.result.not_started);
  EXPECT_EQ(0, total.late);
}

// A server that answers at once but stalls from second 10 to 12 of every 20: the latency of an arrival in the stall is
// what is left of it, so p = 1 - (2 - x) / 20 of all arrivals are faster than x. With one connection only one request
// notices the stall if latency is counted from the sending: the classic coordinated omission.
class LoadRunStall : public testing::TestWithParam<int> {};

TEST_P(LoadRunStall, ShowsInThePercentiles) {
  const auto finish = [](double now_s) {
    const double in_period_s = std::fmod(now_s, 20);
    return in_period_s >= 10 && in_period_s < 12 ? now_s - in_period_s + 12 : now_s + 1e-5;
  };
  Server server(finish);
  auto options = server.options(20, 200);
  options.shape.rate_per_s = 500;
  options.shape.n_places = GetParam();
  const Played run(options);
  const load_window_t &total = run.result.total;
  EXPECT_NEAR(1.0, total.p95_s, 0.05);
  EXPECT_NEAR(1.8, total.p99_s, 0.05);
  EXPECT_NEAR(2.0, total.max_s, 0.05);
  EXPECT_EQ(total.intended, total.requests + run.result.not_started);
  if (GetParam() == 1) {
    EXPECT_NEAR(1000 * 10, static_cast<double>(total.late_place), 500) << "two seconds of arrivals, ten times";
    EXPECT_EQ(0, total.late);
    EXPECT_TRUE(load_result_is_bottleneck(&run.result)) << "one connection is too few, and it says so";
  } else {
    EXPECT_EQ(0, total.late + total.late_place);
    EXPECT_FALSE(load_result_is_bottleneck(&run.result));
  }
}
INSTANTIATE_TEST_SUITE_P(Places, LoadRunStall, testing::Values(1, 100000));

TEST(LoadRun, AGeneratorThatIsTooSlowSaysSo) {
  Server server([](double now_s) { return now_s + 0.001; });
  server.start_takes_s = 0.02; /* at most 50 a second */
  auto options = server.options(5, 10);
  options.shape.rate_per_s = 100;
  const Played run(options);
  const load_window_t &total = run.result.total;
  EXPECT_NEAR(50, static_cast<double>(total.requests) / 10, 2);
  EXPECT_NEAR(100, static_cast<double>(total.intended) / 10, 13);
  EXPECT_EQ(total.intended - total.requests, run.result.not_started);
  EXPECT_GT(run.result.not_started, 300);
  EXPECT_GT(total.late, total.requests * 9 / 10);
  EXPECT_EQ(0, total.late_place);
  EXPECT_TRUE(load_window_is_bottleneck(&run.result.windows[0]));
  EXPECT_TRUE(load_result_is_bottleneck(&run.result));
  EXPECT_GT(total.busy, 0.9);
  EXPECT_LE(total.busy, 1);
  EXPECT_NEAR(total.max_s, 5, 1.5) << "the last one that started was due half-way through";
}

TEST(LoadRun, ArrivalsThatNeverStartedAreTheGeneratorsFault) {
  Server server([](double) { return 100.0; }); /* nothing is answered before the end */
  auto options = server.options(10, 10);
  options.shape.rate_per_s = 20;
  options.shape.n_places = 50;
  const Played run(options);
  EXPECT_EQ(50, run.result.total.requests);
  EXPECT_EQ(run.result.total.intended - 50, run.result.not_started);
  EXPECT_EQ(0, run.result.total.late + run.result.total.late_place);
  EXPECT_TRUE(load_result_is_bottleneck(&run.result));
  EXPECT_EQ(50, run.result.drained_successes);
}

TEST(LoadRun, AWindowEndsWhenItEndsWhateverHappens) {
  Server server([](double now_s) { return now_s + 7; });
  auto options = server.options(2, 10);
  options.shape.users = 1;
  std::vector<double> ends;
  options.on_window = [](void *self, int32_t index, const load_window_t *window) {
    auto *kept = static_cast<std::vector<double> *>(self);
    EXPECT_EQ(static_cast<size_t>(index), kept->size());
    kept->push_back(window->start_s + window->length_s);
  };
  options.on_window_self = &ends;
  const Played run(options);
  EXPECT_EQ((std::vector<double>{2, 4, 6, 8, 10}), ends);
  EXPECT_EQ(1, run.result.windows[3].ended[LOAD_SUCCESS]);
  EXPECT_EQ(0, run.result.windows[2].ended[LOAD_SUCCESS]);
  EXPECT_EQ(1, run.result.windows[2].in_flight);
  EXPECT_EQ(1, run.result.total.in_flight);
  EXPECT_NEAR(7, run.result.drained_max_s, 1e-6);
  EXPECT_FALSE(run.result.interrupted);
}

TEST(LoadRun, ASignalCutsTheWindowAndWaitsForAnswers) {
  Server server([](double now_s) { return now_s + 1; });
  server.interrupt_at_s = 7.5;
  auto options = server.options(3, 30);
  options.shape.users = 2;
  const Played run(options);
  EXPECT_TRUE(run.result.interrupted);
  ASSERT_EQ(3, run.result.n_windows);
  EXPECT_NEAR(1.5, run.result.windows[2].length_s, 1e-6);
  EXPECT_NEAR(7.5, run.result.total.length_s, 1e-6);
  EXPECT_EQ(14, run.result.total.ended[LOAD_SUCCESS]);
  EXPECT_EQ(2, run.result.total.in_flight);
  EXPECT_EQ(2, run.result.drained_successes);
  EXPECT_EQ(16, run.result.total.requests);
}

// The last windows are longer than what is waited for: none of them may come to its end meanwhile.
TEST(LoadRun, WhatIsAnsweredAfterASignalIsOfNoWindow) {
  Server server([](double now_s) { return now_s + 4; });
  server.interrupt_at_s = 5.5;
  auto options = server.options(1, 30);
  options.shape.users = 3;
  const Played run(options);
  EXPECT_EQ(6, run.result.n_windows);
  EXPECT_NEAR(5.5, run.result.total.length_s, 1e-6);
  EXPECT_EQ(3, run.result.total.ended[LOAD_SUCCESS]);
  EXPECT_EQ(3, run.result.drained_successes);
}

TEST(LoadRun, ASecondSignalEndsTheWait) {
  Server server([](double now_s) { return now_s + 1; });
  server.interrupt_at_s = 7.5;
  server.signals = 2;
  auto options = server.options(3, 30);
  options.shape.users = 2;
  const Played run(options);
  EXPECT_TRUE(run.result.interrupted);
  EXPECT_EQ(0, run.result.drained_successes);
}

TEST(LoadRun, FailuresOfTheDrainAreOfNoWindow) {
  Server server([](double now_s) { return now_s + 3; });
  server.answer = {LOAD_FAILED_STATUS, 503, 0, 0, nullptr};
  auto options = server.options(5, 5);
  options.shape.users = 4;
  const Played run(options);
  EXPECT_EQ(4, run.result.total.ended[LOAD_FAILED_STATUS]);
  EXPECT_EQ(4, run.result.drained_failures);
  EXPECT_EQ(8, run.result.statuses[503]);
  EXPECT_TRUE(std::isnan(run.result.total.mean_s));
}
