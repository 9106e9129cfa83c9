// The toys themselves: their optima are where the closed forms say, and random draws do not find them.
#include "toys.h"

#include <cmath>

#include "support.h"

extern "C" {
#include "faasconf/rng.h"
}

namespace {

using fc_test::Toy;

// x*: sqrt(K_i) of the total's share of lambda; the two parallel functions share their time.
std::vector<fc_function_configuration_t> allocation_optimum(const Toy &toy) {
  const double c[6] = {1, 2, 1, 3, 2, 1}, w[6] = {0.5, 0.3, 0.4, 0.2, 1.2, 0.8};
  const int n = toy->n_functions;
  double sum = 0;
  const double last = std::sqrt(n == 6 ? c[4] * w[4] + c[5] * w[5] : c[4] * w[4]);
  for (int j = 0; j < 4; ++j) sum += std::sqrt(c[j] * w[j]);
  sum += last;
  std::vector<fc_function_configuration_t> x(n);
  for (int j = 0; j < n; ++j) {
    const double seconds = (j < 4 ? std::sqrt(c[j] * w[j]) : last) * 4 / sum;
    x[j] = toy->functions[j].start;
    x[j].cpu_millicores = static_cast<int32_t>(std::ceil(1000 * w[j] / seconds));
  }
  return x;
}

TEST(Toys, TheAllocationOptimumMeetsQosAndNothingCheaperAroundItDoes) {
  for (const auto &toy : {fc_test::allocation_sequential(), fc_test::allocation_parallel()}) {
    const std::vector<fc_function_configuration_t> best = allocation_optimum(*toy);
    const fc_test::ToyTruth truth = toy->truth(best.data());
    EXPECT_TRUE(truth.met);
    EXPECT_NEAR(toy->optimum_usd_h(), truth.cost_usd_h, 0.01);  // millicores are whole numbers
    EXPECT_GE(truth.cost_usd_h, toy->optimum_usd_h());
    fc_rng_t rng;
    fc_rng_init(&rng, 1, 1);
    for (int i = 0; i < 20000; ++i) {
      std::vector<fc_function_configuration_t> near = best;
      for (auto &f : near) f.cpu_millicores += static_cast<int32_t>(fc_rng_below(&rng, 201)) - 100;
      const fc_test::ToyTruth other = toy->truth(near.data());
      EXPECT_TRUE(!other.met || other.cost_usd_h >= toy->optimum_usd_h());
    }
  }
}

TEST(Toys, TheConcurrencyOptimumIsOneCell) {
  const auto toy = fc_test::concurrency_toy();
  double cheapest = 1e9;
  std::vector<std::pair<int, int>> cells;
  for (int replicas = 1; replicas <= 8; ++replicas) {
    for (int limit = 1; limit <= 10; ++limit) {
      fc_function_configuration_t c = (*toy)->functions[0].start;
      c.replicas = replicas;
      c.concurrency = limit;
      const fc_test::ToyTruth truth = toy->truth(&c);
      if (!truth.met || truth.cost_usd_h > cheapest) continue;
      if (truth.cost_usd_h < cheapest) cells.clear();
      cheapest = truth.cost_usd_h;
      cells.emplace_back(replicas, limit);
    }
  }
  EXPECT_DOUBLE_EQ(toy->optimum_usd_h(), cheapest);
  EXPECT_EQ((std::vector<std::pair<int, int>>{{2, 3}}), cells);
}

TEST(Toys, RandomDrawsStayFarFromTheAllocationOptimum) {
  double sum = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    sum += fc_test::ToyRows(*fc_test::allocation_parallel(), 30, 0, seed).best_over_optimum;
  }
  EXPECT_GT(sum / 10, 1.3);
}

TEST(Toys, MeasurementsAreReproducibleAndValid) {
  const auto toy = fc_test::allocation_parallel();
  const fc_test::ToyRows rows(*toy, 20, 0.05, 3), again(*toy, 20, 0.05, 3), other(*toy, 20, 0.05, 4);
  fc_error_t error = {};
  for (int i = 0; i < 20; ++i) {
    EXPECT_OK(fc_observation_validate(&rows.get()->windows[i], *toy, &error));
    EXPECT_EQ(rows.get()->windows[i].outcome.latency_mean_s, again.get()->windows[i].outcome.latency_mean_s);
    EXPECT_NE(rows.get()->windows[i].outcome.latency_mean_s, other.get()->windows[i].outcome.latency_mean_s);
  }
}

TEST(Toys, ARunCountsWhatItsTunerProposes) {
  const auto toy = fc_test::allocation_parallel();
  const fc_test::ToyRows rows(*toy, 50, 0, 5);
  const fc_test::ToyRun library = fc_test::run_on_toy(*toy, rows, {"library", TUNER_REPAIRED, 3, 1});
  EXPECT_NEAR(rows.best_over_optimum, library.best_over_optimum, 1e-12);
  EXPECT_EQ(0, library.violations);
  const fc_test::ToyRun random = fc_test::run_on_toy(*toy, rows, {"random", TUNER_REPAIRED, 30, 1});
  EXPECT_GT(random.best_over_optimum, 1.1);
}

}  // namespace
