// A team that is paid together: r = -sum_j (x_j - g_j)^2 - kappa sum over edges jk of w_jk (x_j - x_k)^2, whose optimum
// is x* = (I + kappa L)^-1 g with the graph's weighted Laplacian L; x_j is the mean of function j's four action
// components. All learners come within 10 % of the optimal cost on Parallel's graph, with equal edges and with very
// different ones.
#include "on_policy.h"
#include "sanitized.h"

namespace {

constexpr int N = 6, A = FC_KNOBS, O = 1 + N;
constexpr double kKappa = 0.5;

struct Game {
  std::vector<std::pair<int, int>> edges = fc_test::SmallWorkflow::parallel_edges();
  std::vector<double> weight;
  double goal[N];

  explicit Game(bool heterogeneous) {
    for (size_t e = 0; e < edges.size(); ++e) weight.push_back(heterogeneous ? (e % 2 == 0 ? 3.0 : 0.1) : 1.0);
    for (int j = 0; j < N; ++j) goal[j] = 0.5 + 0.4 * std::sin(1.7 * j + 0.5);
  }
  // -r of x (N)
  double cost(const std::vector<double> &x) const {
    double sum = 0;
    for (int j = 0; j < N; ++j) sum += std::pow(x[j] - goal[j], 2);
    for (size_t e = 0; e < edges.size(); ++e)
      sum += kKappa * weight[e] * std::pow(x[edges[e].first] - x[edges[e].second], 2);
    return sum;
  }
  // (I + kappa L) x = g by Gauss-Seidel: the matrix is diagonally dominant.
  std::vector<double> optimum() const {
    std::vector<double> x(N, 0.5);
    for (int sweep = 0; sweep < 500; ++sweep) {
      for (int j = 0; j < N; ++j) {
        double right = goal[j], diagonal = 1;
        for (size_t e = 0; e < edges.size(); ++e) {
          if (edges[e].first != j && edges[e].second != j) continue;
          right += kKappa * weight[e] * x[edges[e].first == j ? edges[e].second : edges[e].first];
          diagonal += kKappa * weight[e];
        }
        x[j] = right / diagonal;
      }
    }
    return x;
  }
  fc_test::Problem problem() const {
    fc_test::Problem p = {N, O, edges, std::vector<float>(N * O, 0), [this](const float *action) {
                            std::vector<double> x(N, 0);
                            for (int i = 0; i < N * A; ++i) x[i / A] += static_cast<double>(action[i]) / A;
                            return fc_test::Worth{-cost(x), cost(x)};
                          }};
    for (int j = 0; j < N; ++j) {
      p.features[j * O] = static_cast<float>(4 * (goal[j] - 0.5));
      p.features[j * O + 1 + j] = 1;
    }
    return p;
  }
};

TEST(TeamGame, TheClosedFormIsTheOptimum) {
  for (bool heterogeneous : {false, true}) {
    const Game game(heterogeneous);
    const std::vector<double> best = game.optimum();
    std::mt19937 rng(1);
    std::normal_distribution<double> normal(0, 0.02);
    for (int i = 0; i < 1000; ++i) {
      std::vector<double> near = best;
      for (double &x : near) x += normal(rng);
      EXPECT_GT(game.cost(near), game.cost(best));
    }
    // what a learner may get stuck at is not nearly as good: everybody for himself, everybody the same
    EXPECT_GT(game.cost(std::vector<double>(game.goal, game.goal + N)), 1.3 * game.cost(best));
    EXPECT_GT(game.cost(std::vector<double>(N, 0.5)), 1.15 * game.cost(best));
  }
}

class TeamGameOf : public testing::TestWithParam<const char *> {};
INSTANTIATE_TEST_SUITE_P(Learners, TeamGameOf, testing::Values("attmf", "mean_field", "maddpg", "ddpg", "firm"),
                         [](const auto &learner) { return std::string(learner.param); });

TEST_P(TeamGameOf, ComesWithinTenPercentOfTheOptimalCost) {
  SKIP_SANITIZED();
  for (bool heterogeneous : {false, true}) {
    const Game game(heterogeneous);
    const double optimum = game.cost(game.optimum());
    for (uint64_t seed : {1, 2}) {
      const double ratio = fc_test::tune_on_policy(GetParam(), VARIANT_REPAIRED, seed, game.problem()) / optimum;
      EXPECT_LE(ratio, 1.10) << "heterogeneous " << heterogeneous << " seed " << seed;
      EXPECT_GE(ratio, 1 - 1e-6) << "cheaper than the optimum: the game is wrong";
      RecordProperty((heterogeneous ? "heterogeneous_" : "equal_") + std::to_string(seed), std::to_string(ratio));
    }
  }
}

}  // namespace
