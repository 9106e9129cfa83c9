// sim/draws.c: quantiles and factors have the distribution they claim; keys keep consumers apart.
#include <cmath>
#include <set>

#include "draws.h"
#include "simulated_windows.h"
#include "support.h"

namespace {

TEST(Draws, QuantileInvertsTheDistributionFunction) {
  for (double p : {1e-12, 1e-6, 0.001, 0.0227501319481792, 0.3, 0.5, 0.8413447460685429, 0.999, 1 - 1e-9}) {
    const double z = normal_quantile(p);
    EXPECT_NEAR(p, 0.5 * std::erfc(-z / std::sqrt(2.0)), 1e-13 + 1e-12 * p) << p;
  }
  EXPECT_NEAR(1, normal_quantile(0.8413447460685429), 1e-12);
}

TEST(Draws, TableIsTheNormalDistribution) {
  auto table = std::make_unique<normal_table_t>();
  normal_table_init(table.get());
  // The whole range of 32 bits in even steps: moments of the standard normal without sampling error.
  const int n = 1 << 20;
  double sum = 0, squares = 0, fourth = 0, last = -10;
  for (int i = 0; i < n; ++i) {
    const double z = draw_normal(table.get(), static_cast<uint32_t>(i) * 4096u + 2048u);
    EXPECT_GE(z, last);
    last = z;
    sum += z;
    squares += z * z;
    fourth += z * z * z * z;
  }
  EXPECT_NEAR(0, sum / n, 1e-6);
  EXPECT_NEAR(1, squares / n, 2e-4);
  EXPECT_NEAR(3, fourth / n, 5e-3);
  EXPECT_TRUE(std::isfinite(draw_normal(table.get(), 0)));
  EXPECT_TRUE(std::isfinite(draw_normal(table.get(), 0xffffffffu)));
}

TEST(Draws, FactorsHaveMeanOneOrMedianOne) {
  auto table = std::make_unique<normal_table_t>();
  normal_table_init(table.get());
  fc_test::Average factor;
  int below = 0;
  const int n = 200000;
  for (int i = 0; i < n; ++i) {
    uint32_t bits[4];
    draw_block(3, 0, DRAW_CALL, 1, static_cast<uint32_t>(i), bits);
    factor.add(draw_factor(table.get(), 0.3, bits[0]));
    below += draw_median_factor(table.get(), 0.3, bits[1]) < 1;
  }
  EXPECT_NEAR(1, factor.mean(), 4 * factor.standard_error());
  EXPECT_NEAR(0.5, static_cast<double>(below) / n, 4 * 0.5 / std::sqrt(n));
  EXPECT_EQ(1, draw_factor(table.get(), 0, 12345));
}

TEST(Draws, NoTwoKeysShareABlock) {
  std::set<uint64_t> seen;
  size_t drawn = 0;
  for (uint64_t seed : {1ull, 2ull, 1ull << 40})
    for (int64_t window : {int64_t{0}, int64_t{1}, int64_t{1} << 33, int64_t{-1}})
      for (int kind = DRAW_WINDOW; kind <= DRAW_COLD; ++kind)
        for (uint32_t entity : {0u, 1u, 255u, 256u, 65536u, (1u << 24) - 1u})
          for (uint32_t ordinal : {0u, 1u, 2u, 0xffffffffu}) {
            uint32_t bits[4];
            draw_block(seed, window, static_cast<draw_kind_t>(kind), entity, ordinal, bits);
            seen.insert(static_cast<uint64_t>(bits[0]) << 32 | bits[1]);
            drawn += 1;
          }
  EXPECT_EQ(drawn, seen.size());
}

}  // namespace
