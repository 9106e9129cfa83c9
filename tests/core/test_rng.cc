// tests include/faasconf/rng.h: Philox4x32-10 as published, streams, distributions.
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "support.h"

extern "C" {
#include "faasconf/rng.h"
}

namespace {
using Block = std::array<uint32_t, 4>;

Block philox(Block counter, std::array<uint32_t, 2> key) {
  Block out;
  fc_philox(counter.data(), key.data(), out.data());
  return out;
}

// Known-answer vectors of the Random123 distribution (kat_vectors, philox4x32 10).
TEST(Rng, PhiloxGivesThePublishedAnswers) {
  const uint32_t ones = 0xffffffff;
  EXPECT_EQ((Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}), philox({0, 0, 0, 0}, {0, 0}));
  EXPECT_EQ((Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}), philox({ones, ones, ones, ones}, {ones, ones}));
  EXPECT_EQ((Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}),
            philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}));
}

TEST(Rng, DrawsAreBlocksOfSeedStreamAndStep) {
  fc_rng_t rng;
  fc_rng_init(&rng, 0x299f31d0a4093822u, 0x0370734413198a2eu);
  rng.step = 0x85a308d3243f6a88u;
  EXPECT_EQ(0xd16cfe09u, fc_rng_u32(&rng));
  EXPECT_EQ(0x94fdccebu, fc_rng_u32(&rng));
  EXPECT_EQ(0x5001e420u, fc_rng_u32(&rng));
  EXPECT_EQ(0x24126ea1u, fc_rng_u32(&rng));
  EXPECT_EQ(0x85a308d3243f6a89u, rng.step);
}

TEST(Rng, SameSeedSameDrawsAndACopyContinues) {
  fc_rng_t one, two;
  fc_rng_init(&one, 7, 3);
  fc_rng_init(&two, 7, 3);
  for (int i = 0; i < 1001; ++i) ASSERT_EQ(fc_rng_u32(&one), fc_rng_u32(&two));
  const fc_rng_t saved = one;
  EXPECT_EQ(0, std::memcmp(&saved, &two, sizeof saved));
  std::vector<uint32_t> first;
  for (int i = 0; i < 10; ++i) first.push_back(fc_rng_u32(&one));
  fc_rng_t resumed = saved;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(first[static_cast<size_t>(i)], fc_rng_u32(&resumed));
}

TEST(Rng, SeedsAndStreamsDiffer) {
  const auto first = [](uint64_t seed, uint64_t stream) {
    fc_rng_t rng;
    fc_rng_init(&rng, seed, stream);
    const uint64_t high = fc_rng_u32(&rng);
    return high << 32 | fc_rng_u32(&rng);
  };
  EXPECT_NE(first(1, 1), first(1, 2));
  EXPECT_NE(first(1, 1), first(2, 1));
  EXPECT_NE(first(1, 1), first(1, 1ull << 33));
  EXPECT_NE(first(1, 1), first(1ull << 33 | 1, 1));
}

TEST(Rng, UniformFillsItsIntervalEvenly) {
  fc_rng_t rng;
  fc_rng_init(&rng, 11, 0);
  const int n = 100000, bins = 50;
  std::vector<int> count(bins);
  for (int i = 0; i < n; ++i) {
    const double u = fc_rng_uniform(&rng);
    ASSERT_TRUE(u >= 0.0 && u < 1.0);
    count[static_cast<size_t>(u * bins)] += 1;
  }
  double chi2 = 0.0;
  for (const int c : count) chi2 += (c - n / bins) * (c - n / bins) / static_cast<double>(n / bins);
  EXPECT_LT(chi2, 85.4);  // 49 degrees of freedom, p = 0.001
}

TEST(Rng, BelowReachesEveryValueAndNoOther) {
  fc_rng_t rng;
  fc_rng_init(&rng, 12, 0);
  std::vector<int> count(7);
  for (int i = 0; i < 70000; ++i) count.at(fc_rng_below(&rng, 7)) += 1;
  for (const int c : count) EXPECT_NEAR(10000, c, 400);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(0u, fc_rng_below(&rng, 1));
}

TEST(Rng, NormalHasTheMomentsAndTailsOfANormal) {
  fc_rng_t rng;
  fc_rng_init(&rng, 13, 0);
  const int n = 200000;
  double sum = 0, squares = 0, cubes = 0;
  int beyond = 0;
  for (int i = 0; i < n; ++i) {
    const double z = fc_rng_normal(&rng);
    ASSERT_TRUE(std::isfinite(z));
    sum += z;
    squares += z * z;
    cubes += z * z * z;
    beyond += std::fabs(z) > 1.959964;
  }
  EXPECT_NEAR(0.0, sum / n, 0.01);
  EXPECT_NEAR(1.0, squares / n, 0.015);
  EXPECT_NEAR(0.0, cubes / n, 0.04);
  EXPECT_NEAR(0.05, static_cast<double>(beyond) / n, 0.003);
}

TEST(Rng, StateIsPlainDataOfFixedSize) {
  EXPECT_EQ(48u, sizeof(fc_rng_t));
}

}  // namespace
