// Convex allocation: our problem in miniature, with a known optimum.
//
//   min sum_j c_j x_j   subject to   critical path of w_j / x_j <= lambda
//
// Function j takes w_j / x_j seconds with x_j units at price c_j; the path of the Parallel graph is 0, 1, 2, 3, then
// the slower of 4 and 5. With K = (sum sqrt K_i)^2 in series, K = sum K_i in parallel and c_j w_j at a leaf, the
// cheapest allocation costs K / lambda: 5.470009 here (tests/golden/attmf_golden.txt). AttMF learns it from rewards
// alone, one decision at a time: repaired comes within 10 %, faithful, whose actor has no gradient, does not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "small_workflow.h"

extern "C" {
#include "algorithm.h"
}

namespace {

constexpr int N = 6, A = FC_KNOBS, O = 8, kBatch = 64, kRows = 256;
constexpr double kPrice[N] = {1, 2, 1, 3, 2, 1}, kWork[N] = {0.5, 0.3, 0.4, 0.2, 1.2, 0.8}, kLambda = 4;
constexpr double kOptimum = 5.470009;

// All four components set x_j together: x = 0.2 * 20^mean(a), 0.2 to 4 on a log scale. An actor at its start (a near
// 1/2) meets the target at 1.6 times the optimum, as a sensible start configuration does.
double amount(const float *a) {
  double mean = 0;
  for (int k = 0; k < A; ++k) mean += static_cast<double>(a[k]) / A;
  return 0.2 * std::pow(20.0, mean);
}

struct Judged {
  double cost, seconds;
};
Judged judge(const float *action) {
  double t[N];
  Judged judged = {0, 0};
  for (int j = 0; j < N; ++j) {
    const double x = amount(action + j * A);
    judged.cost += kPrice[j] * x;
    t[j] = kWork[j] / x;
  }
  judged.seconds = t[0] + t[1] + t[2] + t[3] + std::max(t[4], t[5]);
  return judged;
}

// The reward of the system: cost against a reference, and a penalty of 20 per e-fold beyond the target.
double reward_of(const Judged &j) {
  return -j.cost / (2 * kOptimum) - 20 * std::min(std::log(10.0), std::max(0.0, std::log(j.seconds / kLambda)));
}

std::vector<float> features() {
  std::vector<float> s(N * O, 0);
  for (int j = 0; j < N; ++j) {
    s[j * O + 0] = static_cast<float>(kPrice[j] - 1.7);
    s[j * O + 1] = static_cast<float>(2 * kWork[j] - 1);
    s[j * O + 2 + j] = 1;
  }
  return s;
}

// Decide, measure, learn, with exploration noise that shrinks from 0.2 to 0.03: returns the cheapest decision of the
// actor itself that met the target, over the optimum.
double tune(algorithm_variant_t variant, uint64_t seed, int n_steps) {
  const algorithm_interface_t *attmf = algorithm_find("attmf", nullptr);
  const fc_test::SmallWorkflow workflow(N, fc_test::SmallWorkflow::parallel_edges());
  algorithm_options_t options = attmf->defaults(variant);
  options.seed = seed;
  algorithm_t *self = nullptr;
  fc_error_t error;
  EXPECT_EQ(FC_OK, attmf->create(&options, workflow.get(), O, &self, &error)) << error.message;

  const std::vector<float> s = features();
  std::vector<float> actions(kRows * N * A), rewards(kRows), batch_s, batch_a(kBatch * N * A), batch_r(kBatch);
  for (int b = 0; b < kBatch; ++b) batch_s.insert(batch_s.end(), s.begin(), s.end());
  const std::vector<uint8_t> terminal(kBatch, 1);
  std::mt19937 rng(static_cast<unsigned>(seed));
  std::normal_distribution<float> noise(0, 1);
  double best = 1e9;
  std::vector<float> action(N * A);
  for (int step = 0; step < n_steps; ++step) {
    attmf->act(self, 1, s.data(), action.data());
    const Judged exact = judge(action.data());
    if (exact.seconds <= kLambda) best = std::min(best, exact.cost);
    const float spread = 0.2f * std::pow(0.15f, static_cast<float>(step) / static_cast<float>(n_steps));
    for (float &a : action) a = std::min(1.0f, std::max(0.0f, a + spread * noise(rng)));
    std::copy(action.begin(), action.end(), actions.begin() + step % kRows * N * A);
    rewards[step % kRows] = static_cast<float>(reward_of(judge(action.data())));
    const int filled = std::min(step + 1, kRows);
    if (filled < kBatch) continue;
    for (int b = 0; b < kBatch; ++b) {
      const int row = static_cast<int>(rng() % static_cast<unsigned>(filled));
      std::copy_n(actions.begin() + row * N * A, N * A, batch_a.begin() + b * N * A);
      batch_r[b] = rewards[row];
    }
    const algorithm_batch_t batch = {kBatch,         batch_s.data(), batch_a.data(),
                                     batch_r.data(), batch_s.data(), terminal.data()};
    algorithm_report_t report;
    attmf->update(self, &batch, &report);
  }
  attmf->destroy(&self);
  return best / kOptimum;
}

// In six dimensions this many random draws do nearly as well (1.04 to 1.13 with 4,000): the toy shows whether an actor
// learns at all, not that learning beats search.
constexpr int kSteps = 4000;

TEST(AllocationToy, RewardPrefersTheOptimumToCheaperAndDearerNeighbours) {
  // x* of series: sqrt(w/c) * sum / lambda; parallel functions share their time
  const double k45 = kPrice[4] * kWork[4] + kPrice[5] * kWork[5];
  double sum = std::sqrt(k45);
  for (int j = 0; j < 4; ++j) sum += std::sqrt(kPrice[j] * kWork[j]);
  std::vector<float> action(N * A);
  for (int j = 0; j < N; ++j) {
    const double seconds = j < 4 ? std::sqrt(kPrice[j] * kWork[j]) * kLambda / sum : std::sqrt(k45) * kLambda / sum;
    const double x = kWork[j] / seconds;
    for (int k = 0; k < A; ++k) action[j * A + k] = static_cast<float>(std::log(x / 0.2) / std::log(20.0));
  }
  const Judged best = judge(action.data());
  EXPECT_NEAR(kOptimum, best.cost, 1e-4);
  EXPECT_NEAR(kLambda, best.seconds, 1e-4);
}

TEST(AllocationToy, RepairedComesWithinTenPercentOfTheOptimum) {
  for (uint64_t seed : {1, 2}) {
    const double ratio = tune(VARIANT_REPAIRED, seed, kSteps);
    EXPECT_LE(ratio, 1.10) << "seed " << seed;
    EXPECT_GE(ratio, 1 - 1e-6) << "cheaper than the optimum: the toy is wrong";
    RecordProperty("seed_" + std::to_string(seed), std::to_string(ratio));
  }
}

TEST(AllocationToy, FaithfulInTrainingModeDoesNot) {
  const double ratio = tune(VARIANT_FAITHFUL, 1, kSteps);
  EXPECT_GT(ratio, 1.10);
  RecordProperty("ratio", std::to_string(ratio));
}

}  // namespace
