// eval/planner/cma.c: it goes where the function is small, and stays in the box.
#include <cmath>
#include <vector>

#include "support.h"

extern "C" {
#include "cma.h"
}

namespace {

// Runs `generations`; weights[i] is how much coordinate i matters, target where the least is.
std::vector<double> minimise(const std::vector<double> &target, const std::vector<double> &weights, int generations) {
  const int n = static_cast<int>(target.size());
  const std::vector<double> start(target.size(), 0.5);
  cma_t cma;
  EXPECT_EQ(FC_OK, cma_init(&cma, n, 14, start.data(), 0.2, 3));
  std::vector<double> values(14);
  for (int g = 0; g < generations; ++g) {
    cma_ask(&cma);
    for (int s = 0; s < 14; ++s) {
      values[s] = 0;
      for (int i = 0; i < n; ++i) {
        const double x = cma.samples[s * n + i];
        EXPECT_GE(x, 0);
        EXPECT_LE(x, 1);
        values[s] += weights[i] * (x - target[i]) * (x - target[i]);
      }
    }
    cma_tell(&cma, values.data());
  }
  const std::vector<double> mean(cma.mean, cma.mean + n);
  cma_clear(&cma);
  return mean;
}

TEST(Cma, FindsTheLeastOfAStretchedBowl) {
  const std::vector<double> target = {0.1, 0.9, 0.3, 0.7, 0.5, 0.2}, weights = {1, 100, 1, 30, 3, 10};
  const auto mean = minimise(target, weights, 150);
  for (size_t i = 0; i < target.size(); ++i) EXPECT_NEAR(target[i], mean[i], 0.02) << i;
}

TEST(Cma, GoesToTheEdgeWhenTheLeastIsOutside) {
  const auto mean = minimise({1.5, -0.5, 0.5, 0.5}, {1, 1, 1, 1}, 150);
  EXPECT_GT(mean[0], 0.97);
  EXPECT_LT(mean[1], 0.03);
  EXPECT_NEAR(0.5, mean[2], 0.05);
}

}  // namespace
