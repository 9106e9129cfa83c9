// When requests start: users and arrivals against what theory says of them.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "support.h"

extern "C" {
#include "load_source.h"
}

namespace {

class Source {
 public:
  explicit Source(const load_shape_t &shape) {
    fc_error_t error = {};
    EXPECT_EQ(FC_OK, load_source_new(&shape, &source_, &error)) << error.message;
  }
  ~Source() { load_source_destroy(&source_); }
  Source(const Source &) = delete;
  Source &operator=(const Source &) = delete;
  load_source_t *get() const { return source_; }

  // All starts that are due up to then, each when it is due.
  std::vector<load_start_t> take_until(double until_s) {
    std::vector<load_start_t> starts;
    for (double due_s; (due_s = load_source_due_s(source_)) <= until_s;) {
      load_start_t start;
      if (load_source_take(source_, std::max(due_s, now_s_), &start)) starts.push_back(start);
      now_s_ = std::max(due_s, now_s_);
    }
    return starts;
  }

 private:
  load_source_t *source_ = nullptr;
  double now_s_ = 0;
};

load_shape_t users(int n, double think_s = 0) {
  load_shape_t shape = {};
  shape.users = n;
  shape.spawn_rate_per_s = 10;
  shape.think_s = think_s;
  shape.seed = 1;
  return shape;
}

load_shape_t arrivals(double rate_per_s, int n_places = 1 << 20, uint64_t seed = 1) {
  load_shape_t shape = {};
  shape.rate_per_s = rate_per_s;
  shape.n_places = n_places;
  shape.seed = seed;
  return shape;
}

struct Trace {
  Trace(bool closed_loop, std::vector<double> minutes) : load(std::move(minutes)) {
    trace.closed_loop = closed_loop;
    trace.n = static_cast<int32_t>(load.size());
    trace.load = load.data();
  }
  load_shape_t shape(double minute_s) const {
    load_shape_t out = arrivals(0);
    out.spawn_rate_per_s = 10;
    out.trace = &trace;
    out.minute_s = minute_s;
    return out;
  }
  std::vector<double> load;
  trace_file_t trace = {};
};

// Every arrival up to then, its place given back at once.
std::vector<double> intended(load_source_t *source, double until_s) {
  std::vector<double> times;
  load_start_t start;
  for (double due_s; (due_s = load_source_due_s(source)) < until_s;) {
    if (!load_source_take(source, due_s, &start)) break;
    times.push_back(start.intended_s);
    load_source_answered(source, start.place, due_s);
  }
  return times;
}

}  // namespace

TEST(LoadUsers, ArriveAtTheSpawnRateAndWaitForTheirAnswers) {
  Source source(users(5));
  EXPECT_FALSE(load_source_is_open(source.get()));
  EXPECT_EQ(5, load_source_places(source.get()));
  const auto starts = source.take_until(100);
  ASSERT_EQ(5u, starts.size());
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(i, starts[i].place);
    EXPECT_DOUBLE_EQ(i / 10.0, starts[i].intended_s);
  }
  EXPECT_TRUE(std::isinf(load_source_due_s(source.get()))) << "all wait";
  load_source_answered(source.get(), 3, 7.5);
  EXPECT_DOUBLE_EQ(7.5, load_source_due_s(source.get())) << "no think time: at once";
  const auto again = source.take_until(100);
  ASSERT_EQ(1u, again.size());
  EXPECT_EQ(3, again[0].place);
  EXPECT_DOUBLE_EQ(7.5, again[0].intended_s);
}

TEST(LoadUsers, PauseExponentiallyAndTheSameForTheSameSeed) {
  std::vector<double> pauses[2];
  for (auto &kept : pauses) {
    Source source(users(1, 2.0));
    double now_s = 0;
    load_start_t start;
    for (int i = 0; i < 20000; ++i) {
      now_s = load_source_due_s(source.get());
      ASSERT_TRUE(load_source_take(source.get(), now_s, &start));
      load_source_answered(source.get(), start.place, now_s);
      kept.push_back(load_source_due_s(source.get()) - now_s);
    }
  }
  EXPECT_EQ(pauses[0], pauses[1]);
  double sum = 0, square = 0;
  for (const double pause : pauses[0]) sum += pause, square += pause * pause;
  const double mean = sum / 20000, sd = std::sqrt(square / 20000 - mean * mean);
  EXPECT_NEAR(2.0, mean, 4 * 2.0 / std::sqrt(20000.0));
  EXPECT_NEAR(2.0, sd, 0.1) << "an exponential has its mean as deviation";
}

TEST(LoadUsers, FollowATraceUpAndDown) {
  const Trace trace(true, {2, 5, 1, 3});
  Source source(trace.shape(10));
  load_source_t *const s = source.get();
  EXPECT_EQ(5, load_source_places(s));
  EXPECT_EQ(2u, source.take_until(9.9).size());
  auto starts = source.take_until(19.9); /* three more from second 10 on */
  ASSERT_EQ(3u, starts.size());
  EXPECT_DOUBLE_EQ(10.0, starts[0].intended_s);
  EXPECT_DOUBLE_EQ(10.2, starts[2].intended_s);
  EXPECT_EQ(0u, source.take_until(21).size());
  for (int user = 0; user < 5; ++user) load_source_answered(s, user, 22);
  starts = source.take_until(29.9);
  ASSERT_EQ(1u, starts.size()) << "one user is wanted now: the others start nothing more";
  EXPECT_EQ(0, starts[0].place);
  starts = source.take_until(39.9);
  ASSERT_EQ(2u, starts.size());
  EXPECT_EQ(1, starts[0].place);
  EXPECT_DOUBLE_EQ(30.0, starts[0].intended_s);
  EXPECT_DOUBLE_EQ(30.1, starts[1].intended_s);
  EXPECT_EQ(5, load_source_users(s, 15));
  EXPECT_EQ(0, load_source_users(s, 40)) << "behind the trace";
}

TEST(LoadArrivals, CountsArePoisson) {
  Source source(arrivals(40));
  const int n_windows = 2000;
  const auto times = intended(source.get(), n_windows);
  std::vector<int> counts(n_windows);
  for (const double time_s : times) counts[static_cast<size_t>(time_s)] += 1;
  double sum = 0, square = 0, lag = 0;
  for (const int count : counts) sum += count, square += count * count;
  const double mean = sum / n_windows, variance = square / n_windows - mean * mean;
  for (int w = 1; w < n_windows; ++w) lag += (counts[w] - mean) * (counts[w - 1] - mean);
  EXPECT_NEAR(40, mean, 4 * std::sqrt(40.0 / n_windows));
  // The index of dispersion is 1 with deviation sqrt(2 / n).
  EXPECT_NEAR(1, variance / mean, 4 * std::sqrt(2.0 / n_windows));
  EXPECT_NEAR(0, lag / n_windows / variance, 4 / std::sqrt(n_windows)) << "windows are independent";
}

TEST(LoadArrivals, GapsAreExponential) {
  Source source(arrivals(1000));
  const auto times = intended(source.get(), 20);
  std::vector<double> gaps;
  for (size_t i = 1; i < times.size(); ++i) gaps.push_back(times[i] - times[i - 1]);
  std::sort(gaps.begin(), gaps.end());
  double distance = 0; /* Kolmogorov and Smirnov */
  const double n = static_cast<double>(gaps.size());
  for (size_t i = 0; i < gaps.size(); ++i)
    distance = std::max(distance, std::fabs(1 - std::exp(-1000 * gaps[i]) - (static_cast<double>(i) + 0.5) / n));
  EXPECT_LT(distance, 1.95 / std::sqrt(n)) << "p < 0.001";
}

TEST(LoadArrivals, AreThoseOfTheSeedWhateverTheAnswersDo) {
  Source quick(arrivals(200)), slow(arrivals(200, 3)), other(arrivals(200, 1 << 20, 2));
  const auto times = intended(quick.get(), 10);
  std::vector<double> late;
  double now_s = 0;
  load_start_t start;
  while (late.size() < times.size()) { /* three places, each taken for 0.1 s: far too few */
    now_s += 0.1;
    std::vector<int32_t> taken;
    while (load_source_take(slow.get(), now_s, &start)) {
      late.push_back(start.intended_s);
      taken.push_back(start.place);
    }
    for (const int32_t place : taken) load_source_answered(slow.get(), place, now_s);
  }
  late.resize(times.size());
  EXPECT_EQ(times, late);
  EXPECT_NE(times, intended(other.get(), 10));
}

TEST(LoadArrivals, OneThatFindsNoPlaceWaitsAndKeepsItsTime) {
  Source source(arrivals(10, 1)), reference(arrivals(10));
  const auto times = intended(reference.get(), 5);
  ASSERT_GT(times.size(), 3u);
  load_start_t start;
  ASSERT_TRUE(load_source_take(source.get(), times[0], &start));
  EXPECT_FALSE(start.waited);
  EXPECT_TRUE(std::isinf(load_source_due_s(source.get())));
  EXPECT_FALSE(load_source_take(source.get(), times[2], &start));
  load_source_answered(source.get(), 0, times[2]);
  ASSERT_TRUE(load_source_take(source.get(), times[2], &start));
  EXPECT_EQ(times[1], start.intended_s);
  EXPECT_TRUE(start.waited);
  EXPECT_EQ(3, load_source_intended(source.get(), times[3])) << "those before it, started or not";
  load_source_answered(source.get(), 0, times[3]);
  ASSERT_TRUE(load_source_take(source.get(), times[3] + 1, &start));
  load_source_answered(source.get(), 0, times[3] + 1);
  ASSERT_TRUE(load_source_take(source.get(), times[3] + 1, &start));
}

TEST(LoadArrivals, FollowATrace) {
  const Trace trace(false, {60 * 100, 0, 60 * 300});
  Source source(trace.shape(20));
  EXPECT_TRUE(load_source_is_open(source.get()));
  const auto times = intended(source.get(), 1e9);
  int64_t counts[3] = {};
  for (const double time_s : times) {
    ASSERT_LT(time_s, 60) << "none behind the trace";
    counts[static_cast<int>(time_s / 20)] += 1;
  }
  EXPECT_NEAR(2000, static_cast<double>(counts[0]), 4 * std::sqrt(2000.0));
  EXPECT_EQ(0, counts[1]);
  EXPECT_NEAR(6000, static_cast<double>(counts[2]), 4 * std::sqrt(6000.0));
  EXPECT_EQ(counts[0], load_source_intended(source.get(), 20));
  EXPECT_EQ(static_cast<int64_t>(times.size()), load_source_intended(source.get(), 1e9));
}
