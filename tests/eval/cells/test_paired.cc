// eval/cells/paired.c against closed forms, enumeration and printed tables.
#include <cmath>
#include <limits>
#include <vector>

#include "support.h"

extern "C" {
#include "faasconf/rng.h"
#include "paired.h"
}

namespace {

using Values = std::vector<double>;

paired_interval_t bootstrap(const Values &a, const Values &b, paired_statistic_t statistic, uint64_t seed = 7) {
  paired_interval_t out;
  fc_error_t error = {};
  std::vector<paired_cluster_t> clusters; /* of one pair */
  for (size_t i = 0; i < a.size(); ++i) clusters.push_back({a[i], b[i], 1});
  EXPECT_OK(paired_bootstrap(clusters.data(), int64_t(clusters.size()), statistic, seed, &out, &error));
  return out;
}

struct SignedRank {
  double w, p;
};

SignedRank wilcoxon(const Values &differences) {
  SignedRank out = {};
  fc_error_t error = {};
  EXPECT_OK(paired_wilcoxon(differences.data(), int64_t(differences.size()), &out.w, &out.p, &error));
  return out;
}

TEST(PairedBootstrap, AConstantDifferenceHasAnIntervalWithoutWidth) {
  const paired_interval_t interval = bootstrap({3, 5, 9, 4, 6, 8}, {1, 3, 7, 2, 4, 6}, PAIRED_DIFFERENCE);
  EXPECT_DOUBLE_EQ(2, interval.value);
  EXPECT_DOUBLE_EQ(2, interval.low);
  EXPECT_DOUBLE_EQ(2, interval.high);
  const paired_interval_t ratio = bootstrap({2, 4, 6, 8, 2, 4}, {1, 2, 3, 4, 1, 2}, PAIRED_RATIO);
  EXPECT_DOUBLE_EQ(2, ratio.value);
  EXPECT_DOUBLE_EQ(2, ratio.low);
  EXPECT_DOUBLE_EQ(2, ratio.high);
}

// Six pairs, one of which differs: a third of the resamples have nothing of it.
TEST(PairedBootstrap, HasAnIntervalFromSixPairsOn) {
  const paired_interval_t six = bootstrap({0, 0, 0, 0, 0, 1}, {0, 0, 0, 0, 0, 0}, PAIRED_DIFFERENCE);
  EXPECT_DOUBLE_EQ(1.0 / 6, six.value);
  EXPECT_DOUBLE_EQ(0, six.low);
  EXPECT_GE(six.high, 0.5);
  const paired_interval_t five = bootstrap({0, 0, 0, 0, 1}, {0, 0, 0, 0, 0}, PAIRED_DIFFERENCE);
  EXPECT_DOUBLE_EQ(0.2, five.value);
  EXPECT_TRUE(std::isnan(five.low) && std::isnan(five.high)) << "five are no sample";
}

// Plain percentiles leave the truth out the more often, the fewer pairs there are.
TEST(PairedBootstrap, CoversAKnownDifferenceWithFewPairs) {
  fc_rng_t rng;
  fc_rng_init(&rng, 43, 3);
  for (const int n : {6, 9, 12}) {
    int n_covered = 0;
    for (int experiment = 0; experiment < 500; ++experiment) {
      Values a, b(size_t(n), 0.0);
      for (int i = 0; i < n; ++i) a.push_back(0.5 + fc_rng_normal(&rng));
      const paired_interval_t interval = bootstrap(a, b, PAIRED_DIFFERENCE, uint64_t(experiment));
      n_covered += interval.low <= 0.5 && 0.5 <= interval.high;
    }
    EXPECT_GE(n_covered, 460) << n << " pairs";  // 0.92
    EXPECT_LE(n_covered, 495) << n << " pairs";
  }
}

// Over 200 experiments with a true difference of 0.5 about 95 % of the intervals hold it (30 pairs; the percentile
// bootstrap is known to fall a little short at this size). And the pairs' common part, ten times the noise, cancels.
TEST(PairedBootstrap, CoversAKnownDifference) {
  fc_rng_t rng;
  fc_rng_init(&rng, 42, 3);
  int n_covered = 0, n_narrow = 0;
  for (int experiment = 0; experiment < 200; ++experiment) {
    Values a, b;
    for (int i = 0; i < 30; ++i) {
      const double common = 10 * fc_rng_normal(&rng);
      a.push_back(common + 0.5 + fc_rng_normal(&rng));
      b.push_back(common);
    }
    const paired_interval_t interval = bootstrap(a, b, PAIRED_DIFFERENCE, uint64_t(experiment));
    n_covered += interval.low <= 0.5 && 0.5 <= interval.high;
    n_narrow += interval.high - interval.low < 1.2;
  }
  EXPECT_GE(n_covered, 178);  // 0.89
  EXPECT_LE(n_covered, 199);
  EXPECT_EQ(200, n_narrow);
}

// Five pairs that are copies of each other say no more than one: the interval is that of single pairs. The value counts
// pairs.
TEST(PairedBootstrap, PairsOfAClusterAreDrawnTogether) {
  const Values a = {1, 4, 2, 8, 5, 7}, b = {2, 3, 5, 1, 4, 6};
  std::vector<paired_cluster_t> fivefold;
  for (size_t i = 0; i < a.size(); ++i) fivefold.push_back({5 * a[i], 5 * b[i], 5});
  paired_interval_t interval;
  fc_error_t error = {};
  ASSERT_OK(paired_bootstrap(fivefold.data(), 6, PAIRED_DIFFERENCE, 7, &interval, &error));
  const paired_interval_t single = bootstrap(a, b, PAIRED_DIFFERENCE);
  EXPECT_DOUBLE_EQ(single.value, interval.value);
  EXPECT_DOUBLE_EQ(single.low, interval.low);
  EXPECT_DOUBLE_EQ(single.high, interval.high);
  const paired_cluster_t uneven[] = {{6, 0, 3}, {0, 0, 1}, {0, 0, 1}, {0, 0, 1}, {0, 0, 1}, {0, 0, 1}};
  ASSERT_OK(paired_bootstrap(uneven, 6, PAIRED_DIFFERENCE, 7, &interval, &error));
  EXPECT_DOUBLE_EQ(0.75, interval.value);
  EXPECT_DOUBLE_EQ(0, interval.low);
  EXPECT_GT(interval.high, 1);
}

TEST(PairedBootstrap, SaysTheSameAgainAndOtherwiseForAnotherSeed) {
  const Values a = {1.1, 4.2, 2.3, 8.4, 5.5, 7.6, 3.7, 6.8}, b = {2, 3, 5, 1, 4, 6, 7, 2};
  const paired_interval_t first = bootstrap(a, b, PAIRED_RATIO, 1), again = bootstrap(a, b, PAIRED_RATIO, 1);
  EXPECT_EQ(first.low, again.low);
  EXPECT_EQ(first.high, again.high);
  const paired_interval_t other = bootstrap(a, b, PAIRED_RATIO, 2);
  EXPECT_TRUE(first.low != other.low || first.high != other.high);
}

TEST(PairedBootstrap, EdgesOfTheRatio) {
  EXPECT_TRUE(std::isnan(bootstrap({}, {}, PAIRED_RATIO).value));
  const paired_interval_t one = bootstrap({3}, {2}, PAIRED_RATIO);
  EXPECT_DOUBLE_EQ(1.5, one.value);
  EXPECT_TRUE(std::isnan(one.low));
  EXPECT_DOUBLE_EQ(1, bootstrap({0, 0}, {0, 0}, PAIRED_RATIO).value);
  const paired_interval_t none = bootstrap({1, 2, 3, 1, 2, 3}, {0, 0, 0, 0, 0, 0}, PAIRED_RATIO);
  EXPECT_TRUE(std::isinf(none.value));
  EXPECT_TRUE(std::isinf(none.low));
}

// All 2^n patterns of signs over the same ranks, counted.
double enumerate(const std::vector<double> &ranks, double w) {
  int n_below = 0;
  for (unsigned pattern = 0; pattern < (1u << ranks.size()); ++pattern) {
    double sum = 0;
    for (size_t i = 0; i < ranks.size(); ++i)
      if (pattern >> i & 1) sum += ranks[i];
    n_below += sum <= w;
  }
  return std::min(1.0, 2.0 * n_below / double(1u << ranks.size()));
}

TEST(Wilcoxon, AllOnOneSide) {
  const SignedRank test = wilcoxon({1, 2, 3, 4, 5, 6});
  EXPECT_DOUBLE_EQ(0, test.w);
  EXPECT_DOUBLE_EQ(2.0 / 64, test.p);
  EXPECT_DOUBLE_EQ(test.p, wilcoxon({-1, -2, -3, -4, -5, -6}).p);
}

// Critical values of the printed table, two-sided 5 %: W = 8 at n = 10, 25 at 15, 52 at 20; one more is not
// significant.
TEST(Wilcoxon, AgreesWithTheTableOfCriticalValues) {
  for (const auto &[n, critical] : std::vector<std::pair<int, int>>{{6, 0}, {8, 3}, {10, 8}, {15, 25}, {20, 52}}) {
    for (const int w : {critical, critical + 1}) {
      Values differences;
      int left = w;
      for (int rank = n; rank >= 1; --rank) {  // negative ranks that add up to w
        const bool is_negative = rank <= left;
        if (is_negative) left -= rank;
        differences.push_back(is_negative ? -rank : rank);
      }
      ASSERT_EQ(0, left);
      const SignedRank test = wilcoxon(differences);
      EXPECT_DOUBLE_EQ(w, test.w);
      EXPECT_EQ(w == critical, test.p <= 0.05) << "n " << n << " W " << w << " p " << test.p;
    }
  }
}

TEST(Wilcoxon, IsExactWithTiesAndZeros) {
  // sizes 1 1 2 3 3 3 5: ranks 1.5 1.5 3 5 5 5 7; the zeros do not count
  const SignedRank test = wilcoxon({1, -1, 0, 2, 3, 3, -3, 5, 0});
  EXPECT_DOUBLE_EQ(6.5, test.w);
  EXPECT_DOUBLE_EQ(enumerate({1.5, 1.5, 3, 5, 5, 5, 7}, 6.5), test.p);
}

TEST(Wilcoxon, NormalApproximationMeetsTheExactOneWhereItTakesOver) {
  Values differences;
  for (int i = 1; i <= PAIRED_EXACT_MAX; ++i) differences.push_back(i % 3 == 0 ? -i : i);
  const double exact = wilcoxon(differences).p;
  differences.push_back(0.5);  // one more, of the smallest rank
  const double normal = wilcoxon(differences).p;
  EXPECT_NEAR(exact, normal, 0.15 * exact);
  EXPECT_GT(exact, 0.001);
}

TEST(Wilcoxon, NothingToTell) {
  EXPECT_TRUE(std::isnan(wilcoxon({}).p));
  EXPECT_DOUBLE_EQ(1, wilcoxon({0, 0, 0}).p);
  EXPECT_DOUBLE_EQ(1, wilcoxon({1, -1}).p);
}

// .005 * 4, .01 * 3, .03 * 2, then .04 * 1 held up to the one before.
TEST(Holm, StepsDownAndNeverFalls) {
  Values p = {0.01, 0.04, 0.03, 0.005};
  paired_holm(p.data(), 4);
  EXPECT_DOUBLE_EQ(0.03, p[0]);
  EXPECT_DOUBLE_EQ(0.06, p[1]);
  EXPECT_DOUBLE_EQ(0.06, p[2]);
  EXPECT_DOUBLE_EQ(0.02, p[3]);
}

TEST(Holm, LeavesNanOutAndStopsAtOne) {
  Values p = {0.6, std::nan(""), 0.7, 0};
  paired_holm(p.data(), 4);
  EXPECT_DOUBLE_EQ(1, p[0]);
  EXPECT_TRUE(std::isnan(p[1]));
  EXPECT_DOUBLE_EQ(1, p[2]);
  EXPECT_DOUBLE_EQ(0, p[3]);
}

}  // namespace
