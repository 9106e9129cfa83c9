// Windows and percentiles of a load.
#include <cmath>
#include <string>
#include <vector>

#include "support.h"

extern "C" {
#include "faasconf/rng.h"
#include "load_meter.h"
#include "quantile.h"
}

namespace {

const load_answer_t success = {LOAD_SUCCESS, 200, 10, 0, nullptr};

}  // namespace

TEST(LoadMeter, PercentilesAreThoseOfTheSamplesWithinOnePercent) {
  load_meter_t meter;
  load_meter_init(&meter, 1e6, 1e6);
  fc_rng_t rng;
  fc_rng_init(&rng, 3, 0);
  std::vector<double> latencies;
  double now_s = 0, sum = 0;
  for (int i = 0; i < 50000; ++i) {
    const double latency_s = 0.02 * std::exp(1.2 * fc_rng_normal(&rng));
    load_meter_started(&meter, now_s, now_s, false);
    const double intended_s = now_s;
    now_s += latency_s;
    load_meter_answered(&meter, now_s, intended_s, &success);
    latencies.push_back(now_s - intended_s);
    sum += latencies.back();
  }
  load_window_t window;
  load_meter_close(&meter, now_s, 1, -1, 0, &window);
  quantile_sort(latencies.data(), 50000);
  const auto exact = [&](double q) { return quantile_of_sorted(latencies.data(), 50000, q); };
  EXPECT_NEAR(1, window.p50_s / exact(0.50), 0.01);
  EXPECT_NEAR(1, window.p75_s / exact(0.75), 0.01);
  EXPECT_NEAR(1, window.p95_s / exact(0.95), 0.01);
  EXPECT_NEAR(1, window.p99_s / exact(0.99), 0.01);
  EXPECT_DOUBLE_EQ(latencies.back(), window.max_s);
  EXPECT_NEAR(1, window.mean_s / (sum / 50000), 1e-9);
  EXPECT_EQ(50000, window.ended[LOAD_SUCCESS]);
  EXPECT_NEAR(1, window.mean_in_flight, 1e-6) << "one after the other";
}

TEST(LoadMeter, StartsAndEndsCountWhereTheyHappen) {
  load_meter_t meter;
  load_window_t first, second;
  load_meter_init(&meter, 10, 20);
  EXPECT_DOUBLE_EQ(10, load_meter_window_end_s(&meter));
  load_meter_started(&meter, 4, 4, false);
  load_meter_started(&meter, 6, 5, true);
  load_meter_close(&meter, 10, 2, -1, 5, &first);
  EXPECT_EQ(2, first.requests);
  EXPECT_EQ(0, first.ended[LOAD_SUCCESS]);
  EXPECT_TRUE(std::isnan(first.p95_s)) << "nothing succeeded yet";
  EXPECT_EQ(2, first.in_flight);
  EXPECT_DOUBLE_EQ(1.0, first.mean_in_flight) << "6 s of one, 4 s of the other";
  EXPECT_DOUBLE_EQ(0.5, first.busy);
  load_meter_answered(&meter, 15, 4, &success);
  EXPECT_DOUBLE_EQ(20, load_meter_window_end_s(&meter));
  load_meter_close(&meter, 20, 2, -1, 1, &second);
  EXPECT_EQ(0, second.requests);
  EXPECT_EQ(1, second.ended[LOAD_SUCCESS]);
  EXPECT_DOUBLE_EQ(11, second.max_s);
  EXPECT_DOUBLE_EQ(1.5, second.mean_in_flight);
  EXPECT_EQ(1, second.in_flight);
  EXPECT_TRUE(std::isinf(load_meter_window_end_s(&meter)));
  load_meter_answered(&meter, 25, 5, &success);
  EXPECT_EQ(1, meter.total.ended[LOAD_SUCCESS]) << "the drain is of no window";
  EXPECT_EQ(2, meter.statuses[200]);
  EXPECT_EQ(20, meter.body_bytes);
  EXPECT_EQ(2, meter.total.requests);
  EXPECT_DOUBLE_EQ(20, meter.total.length_s);
  EXPECT_DOUBLE_EQ(1.25, meter.total.mean_in_flight);
  EXPECT_DOUBLE_EQ(0.3, meter.total.busy);
  EXPECT_DOUBLE_EQ(11, meter.total.max_s);
}

TEST(LoadMeter, TellsFailuresApart) {
  load_meter_t meter;
  load_window_t window;
  load_meter_init(&meter, 1, 1);
  const load_answer_t answers[] = {{LOAD_FAILED_STATUS, 500, 0, 0, nullptr},
                                   {LOAD_FAILED_STATUS, 429, 0, 0, nullptr},
                                   {LOAD_FAILED_BODY, 200, 4, 0, nullptr},
                                   {LOAD_FAILED_CONNECTION, 0, 0, 1, "refused"},
                                   {LOAD_FAILED_CONNECTION, 0, 0, 1, "reset"},
                                   {LOAD_FAILED_TIMEOUT, 0, 0, 0, nullptr},
                                   success};
  for (const auto &answer : answers) {
    load_meter_started(&meter, 0.5, 0.5, false);
    load_meter_answered(&meter, 0.5, 0.5, &answer);
  }
  load_meter_close(&meter, 1, 1, -1, 0, &window);
  EXPECT_EQ(2, window.ended[LOAD_FAILED_STATUS]);
  EXPECT_EQ(1, window.rejected);
  EXPECT_EQ(1, window.ended[LOAD_FAILED_BODY]);
  EXPECT_EQ(2, window.ended[LOAD_FAILED_CONNECTION]);
  EXPECT_EQ(1, window.ended[LOAD_FAILED_TIMEOUT]);
  EXPECT_EQ(6, load_window_failures(&window));
  EXPECT_EQ(1, window.ended[LOAD_SUCCESS]);
  EXPECT_STREQ("refused", meter.reason);
  EXPECT_EQ(2, meter.connections);
  EXPECT_EQ(1, meter.statuses[429]);
}

TEST(LoadMeter, ALateGeneratorIsTheBottleneck) {
  load_meter_t meter;
  load_window_t window;
  load_meter_init(&meter, 1, 3);
  for (int i = 0; i < 100; ++i) load_meter_started(&meter, 0.5, i == 0 ? 0.48 : 0.495, false);
  load_meter_close(&meter, 1, 0, 100, 0.1, &window);
  EXPECT_EQ(1, window.late);
  EXPECT_NEAR(0.02, window.late_max_s, 1e-9);
  EXPECT_FALSE(load_window_is_bottleneck(&window)) << "1 % is allowed";
  for (int i = 0; i < 100; ++i) load_meter_started(&meter, 1.5, i < 2 ? 1.4 : 1.5, i == 0);
  load_meter_close(&meter, 2, 0, 250, 0.1, &window);
  EXPECT_EQ(1, window.late);
  EXPECT_EQ(1, window.late_place);
  EXPECT_EQ(150, window.intended);
  EXPECT_TRUE(load_window_is_bottleneck(&window));
  load_meter_close(&meter, 3, 0, 250, 0.95, &window);
  EXPECT_EQ(0, window.intended);
  EXPECT_TRUE(load_window_is_bottleneck(&window)) << "no time of its own left";
  EXPECT_EQ(250, meter.total.intended);
}

TEST(LoadMeter, TheLastWindowMayBeShorter) {
  load_meter_t meter;
  load_window_t window;
  load_meter_init(&meter, 0.1, 0.35);
  int n = 0;
  double end_s = 0;
  for (; std::isfinite(load_meter_window_end_s(&meter)); ++n) {
    end_s = load_meter_window_end_s(&meter);
    load_meter_close(&meter, end_s, 0, 0, 0, &window);
  }
  EXPECT_EQ(4, n);
  EXPECT_NEAR(0.05, window.length_s, 1e-9);
  EXPECT_DOUBLE_EQ(0.35, end_s);
  load_meter_init(&meter, 0.1, 1.0); /* ten times 0.1 is not quite 1 */
  for (n = 0; std::isfinite(load_meter_window_end_s(&meter)); ++n)
    load_meter_close(&meter, load_meter_window_end_s(&meter), 0, 0, 0, &window);
  EXPECT_EQ(10, n);
}
