// tests core/histogram.c: quantiles within 1 %, clamped ends, merging.
#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "support.h"

extern "C" {
#include "faasconf/histogram.h"
#include "faasconf/rng.h"
}

namespace {

std::unique_ptr<fc_histogram_t> make() {
  auto histogram = std::make_unique<fc_histogram_t>();
  fc_histogram_init(histogram.get());
  return histogram;
}

TEST(Histogram, EmptyHasNoQuantileAndNoMean) {
  const auto h = make();
  EXPECT_TRUE(std::isnan(fc_histogram_quantile_s(h.get(), 0.5)));
  EXPECT_TRUE(std::isnan(fc_histogram_mean_s(h.get())));
}

TEST(Histogram, OneValueIsEveryQuantile) {
  const auto h = make();
  fc_histogram_add(h.get(), 0.123);
  for (const double q : {0.0, 0.5, 0.99, 1.0, -3.0, 7.0}) EXPECT_DOUBLE_EQ(0.123, fc_histogram_quantile_s(h.get(), q));
  EXPECT_DOUBLE_EQ(0.123, fc_histogram_mean_s(h.get()));
}

TEST(Histogram, QuantilesAreWithinOnePercentOverTheWholeRange) {
  fc_rng_t rng;
  fc_rng_init(&rng, 3, 0);
  const auto h = make();
  std::vector<double> values;
  double sum = 0.0;
  for (int i = 0; i < 5000; ++i) {
    values.push_back(std::pow(10.0, -6.0 + 9.0 * fc_rng_uniform(&rng)));
    fc_histogram_add(h.get(), values.back());
    sum += values.back();
  }
  std::sort(values.begin(), values.end());
  for (const double q : {0.0, 0.001, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999, 1.0}) {
    const double exact = values[static_cast<size_t>(q * 4999)];
    EXPECT_NEAR(exact, fc_histogram_quantile_s(h.get(), q), 0.01 * exact) << q;
  }
  EXPECT_NEAR(sum / 5000, fc_histogram_mean_s(h.get()), 1e-9 * sum);
}

TEST(Histogram, ValuesOutsideAreCountedInTheEndBuckets) {
  const auto h = make();
  for (const double x : {0.0, -1.0, 1e-9, 5000.0, 1e12}) fc_histogram_add(h.get(), x);
  EXPECT_EQ(5u, h->total);
  EXPECT_EQ(3u, h->count[0]);
  EXPECT_EQ(2u, h->count[FC_HISTOGRAM_BUCKETS - 1]);
  fc_histogram_add(h.get(), NAN);
  EXPECT_EQ(5u, h->total);
  EXPECT_EQ(-1.0, h->min_s);
  EXPECT_EQ(1e12, h->max_s);
}

TEST(Histogram, MergingEqualsAddingAll) {
  const auto one = make(), two = make(), both = make();
  for (int i = 1; i <= 100; ++i) {
    fc_histogram_add(i % 3 == 0 ? one.get() : two.get(), i * 0.01);
    fc_histogram_add(both.get(), i * 0.01);
  }
  fc_histogram_merge(one.get(), two.get());
  EXPECT_EQ(both->total, one->total);
  EXPECT_TRUE(std::equal(both->count, both->count + FC_HISTOGRAM_BUCKETS, one->count));
  EXPECT_NEAR(both->sum_s, one->sum_s, 1e-9);
  EXPECT_EQ(both->min_s, one->min_s);
  EXPECT_EQ(both->max_s, one->max_s);
}

}  // namespace
