// Process and acquisition together find the optima of the field's test functions in a small number of evaluations.
#include <cmath>
#include <functional>
#include <vector>

#include "support.h"

extern "C" {
#include "acquisition.h"
#include "faasconf/rng.h"
}

namespace {

using Function = std::function<double(const double *)>;

struct Problem {
  int d;
  Function objective;
  std::vector<Function> constraints;  // <= 0
  int n_first, n_evaluations;
  bool is_noisy = false;  // proposed by noisy expected improvement, as aquatope; else constrained, as rambo
};

gp_t *make_process(int d, int rows) {
  gp_options_t options = gp_options(d, rows);
  options.noise_floor = 1e-6;  // the functions have none
  gp_t *gp = nullptr;
  fc_error_t error = {};
  EXPECT_OK(gp_new(&options, &gp, &error));
  return gp;
}

// Maximises noisy EI given what was measured at x (n, d).
void maximise_noisy(const acquisition_search_t &search, const gp_t *objective, double worst, uint64_t seed,
                    double *at) {
  acquisition_noisy_options_t options = {};
  options.objective = objective;
  options.worst = worst;
  options.weight = 1;
  options.baseline = search.starts;
  options.n_baseline = search.n_starts;
  options.n_draws = 32;
  options.seed = seed;
  acquisition_noisy_t *noisy = nullptr;
  fc_error_t error = {};
  double value = 0;
  ASSERT_OK(acquisition_noisy_new(&options, &noisy, &error));
  EXPECT_OK(acquisition_maximise(&search, acquisition_noisy_ei, noisy, at, &value, &error));
  acquisition_noisy_destroy(&noisy);
}

// The best feasible value after the problem's evaluations.
double minimise(const Problem &problem, uint64_t seed) {
  const int d = problem.d;
  const size_t size = static_cast<size_t>(d);
  std::vector<double> x, lower(size, 0.0), upper(size, 1.0), scratch(3 * size), at(size);
  std::vector<std::vector<double>> y(1 + problem.constraints.size());
  std::vector<gp_t *> processes;
  for (size_t i = 0; i < y.size(); ++i) processes.push_back(make_process(d, problem.n_evaluations));
  fc_error_t error = {};
  fc_rng_t rng;
  fc_rng_init(&rng, seed, 0);
  double best = INFINITY;
  for (int e = 0; e < problem.n_evaluations; ++e) {
    if (e < problem.n_first) {
      for (double &v : at) v = fc_rng_uniform(&rng);
    } else {
      acquisition_constrained_t acquisition = {};
      acquisition.weight = 1;
      for (size_t i = 0; i < y.size(); ++i) {
        EXPECT_OK(gp_set_rows(processes[i], x.data(), y[i].data(), e, &error));
        EXPECT_OK(gp_fit(processes[i], &error));
        if (i > 0) acquisition.constraints[i - 1] = {processes[i], 0};
      }
      acquisition.objective = processes[0];
      acquisition.n_constraints = static_cast<int32_t>(problem.constraints.size());
      // Nothing feasible yet: everything improves, and what is looked for is feasibility.
      double worst = y[0][0];
      for (double v : y[0]) worst = std::fmax(worst, v);
      acquisition.best = std::isfinite(best) ? best : worst;
      acquisition.scratch = scratch.data();
      const acquisition_search_t search = {
          d, lower.data(), upper.data(), x.data(), e, 500, 5, 60, seed + static_cast<uint64_t>(e)};
      double value = 0;
      if (problem.is_noisy) {
        maximise_noisy(search, processes[0], worst, seed + static_cast<uint64_t>(e), at.data());
      } else {
        EXPECT_OK(acquisition_maximise(&search, acquisition_constrained_ei, &acquisition, at.data(), &value, &error));
      }
    }
    x.insert(x.end(), at.begin(), at.end());
    y[0].push_back(problem.objective(at.data()));
    bool feasible = true;
    for (size_t i = 1; i < y.size(); ++i) {
      y[i].push_back(problem.constraints[i - 1](at.data()));
      feasible = feasible && y[i].back() <= 0;
    }
    if (feasible) best = std::fmin(best, y[0].back());
  }
  for (gp_t *gp : processes) gp_destroy(&gp);
  return best;
}

double branin(const double *u) {
  const double pi = std::acos(-1.0), x = 15 * u[0] - 5, y = 15 * u[1];
  const double bowl = y - 5.1 / (4 * pi * pi) * x * x + 5 / pi * x - 6;
  return bowl * bowl + 10 * (1 - 1 / (8 * pi)) * std::cos(x) + 10;
}

double hartmann6(const double *x) {
  static const double alpha[4] = {1, 1.2, 3, 3.2};
  static const double a[4][6] = {
      {10, 3, 17, 3.5, 1.7, 8}, {0.05, 10, 17, 0.1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, 0.05, 10, 0.1, 14}};
  static const double p[4][6] = {{1312, 1696, 5569, 124, 8283, 5886},
                                 {2329, 4135, 8307, 3736, 1004, 9991},
                                 {2348, 1451, 3522, 2883, 3047, 6650},
                                 {4047, 8828, 8732, 5743, 1091, 381}};
  double sum = 0;
  for (int i = 0; i < 4; ++i) {
    double r = 0;
    for (int k = 0; k < 6; ++k) r += a[i][k] * std::pow(x[k] - 1e-4 * p[i][k], 2);
    sum -= alpha[i] * std::exp(-r);
  }
  return sum;
}

TEST(Optimisation, BraninIn40) {
  const Problem problem = {2, branin, {}, 6, 40};
  for (uint64_t seed : {1, 2, 3}) EXPECT_NEAR(0.397887, minimise(problem, seed), 0.05) << "seed " << seed;
}

TEST(Optimisation, Hartmann6In60) {
  const Problem problem = {6, hartmann6, {}, 12, 60};
  // The function has a local minimum of -3.20 in which a run may end: the best of three has not.
  double best = INFINITY;
  for (uint64_t seed : {1, 2, 3}) best = std::fmin(best, minimise(problem, seed));
  EXPECT_NEAR(-3.32237, best, 0.05);
}

TEST(Optimisation, GramacyIn40) {
  const double pi = std::acos(-1.0);
  const Problem problem = {
      2,
      [](const double *x) { return x[0] + x[1]; },
      {[pi](const double *x) { return 1.5 - x[0] - 2 * x[1] - 0.5 * std::sin(2 * pi * (x[0] * x[0] - 2 * x[1])); },
       [](const double *x) { return x[0] * x[0] + x[1] * x[1] - 1.5; }},
      6,
      40};
  for (uint64_t seed : {1, 2, 3}) EXPECT_NEAR(0.5998, minimise(problem, seed), 0.02) << "seed " << seed;
}

TEST(Optimisation, TheQuadraticTeamGameIn60) {
  // min sum (a_j - g_j)^2 + kappa sum over edges (a_j - a_k)^2 over a chain of five: a* = (I + kappa L)^-1 g.
  const double g[5] = {0.9, 0.1, 0.8, 0.3, 0.6}, kappa = 0.5;
  const auto game = [&](const double *a) {
    double sum = 0;
    for (int j = 0; j < 5; ++j) sum += (a[j] - g[j]) * (a[j] - g[j]);
    for (int j = 0; j < 4; ++j) sum += kappa * (a[j] - a[j + 1]) * (a[j] - a[j + 1]);
    return sum;
  };
  // The tridiagonal system by sweeps of Gauss and Seidel.
  double best[5] = {0.5, 0.5, 0.5, 0.5, 0.5};
  for (int sweep = 0; sweep < 200; ++sweep) {
    for (int j = 0; j < 5; ++j) {
      const double left = j > 0 ? best[j - 1] : 0, right = j < 4 ? best[j + 1] : 0;
      best[j] = (g[j] + kappa * (left + right)) / (1 + kappa * ((j > 0 ? 1 : 0) + (j < 4 ? 1 : 0)));
    }
  }
  for (const bool is_noisy : {false, true}) {
    const Problem problem = {5, game, {}, 10, 60, is_noisy};
    for (uint64_t seed : {1, 2, 3})
      EXPECT_LE(minimise(problem, seed), 1.10 * game(best)) << "seed " << seed << (is_noisy ? ", noisy" : "");
  }
}

}  // namespace
