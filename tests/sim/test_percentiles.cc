// sim/percentiles.c: exact while everything fits, a fair subsample afterwards.
#include <algorithm>
#include <random>

#include "percentiles.h"
#include "support.h"

namespace {

double expected(std::vector<float> values, double p) {
  std::sort(values.begin(), values.end());
  const double place = p / 100 * static_cast<double>(values.size() - 1);
  const size_t k = static_cast<size_t>(place);
  const double upper = k + 1 < values.size() ? values[k + 1] : values[k];
  return values[k] + (place - static_cast<double>(k)) * (upper - values[k]);
}

TEST(Percentiles, EqualSortingForAnySize) {
  std::mt19937 random(1);
  for (size_t n : {1u, 2u, 3u, 4u, 10u, 47u, 48u, 49u, 50u, 200u, 1000u}) {
    for (int kind = 0; kind < 4; ++kind) {
      std::vector<float> memory(1024);
      samples_t samples = {memory.data(), 0, 0, 1, 1024};
      samples_reset(&samples);
      std::vector<float> values;
      for (size_t i = 0; i < n; ++i) {
        const float value = kind == 0   ? static_cast<float>(random() % 1000)
                            : kind == 1 ? static_cast<float>(i)
                            : kind == 2 ? static_cast<float>(n - i)
                                        : 7.0f;
        values.push_back(value);
        samples_add(&samples, value);
      }
      const double p[4] = {0, 75, 95, 100};
      double out[4];
      samples_percentiles(&samples, p, 4, out);
      for (int i = 0; i < 4; ++i) EXPECT_NEAR(expected(values, p[i]), out[i], 1e-9) << n << " " << kind << " " << p[i];
    }
  }
}

TEST(Percentiles, ThinsRegularlyWhenFull) {
  std::vector<float> memory(64);
  samples_t samples = {memory.data(), 0, 0, 1, 64};
  samples_reset(&samples);
  for (int i = 0; i < 1000; ++i) samples_add(&samples, i);
  EXPECT_EQ(1000, samples.n);
  EXPECT_EQ(16, samples.stride);
  ASSERT_EQ(63, samples.n_kept);
  for (int i = 0; i < samples.n_kept; ++i) EXPECT_EQ(static_cast<float>(16 * i), samples.kept[i]);
  const double p = 50;
  double out = 0;
  samples_percentiles(&samples, &p, 1, &out);
  EXPECT_NEAR(500, out, 16);
}

}  // namespace
