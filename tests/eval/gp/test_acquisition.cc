// eval/gp/acquisition.c, noisy.c, maximise.c: values against closed forms and integrals, gradients against differences.
#include <cmath>
#include <vector>

#include "support.h"

extern "C" {
#include "acquisition.h"
#include "faasconf/rng.h"
}

namespace {

// E[max(0, best - f)] by the trapezoidal rule, which converges geometrically here; ln of it with exp(shift) taken out.
long double log_improvement(long double best, long double mean, long double sd) {
  const long double z = (best - mean) / sd, top = z < 0 ? 0 : z;
  const long double shift = -(top - z) * (top - z) / 2;
  long double sum = 0;
  const long double h = 1e-4L, reach = z < 0 ? 12 / (1 - z) * 6 : z + 14;
  for (long double t = h; t < reach; t += h) sum += t * expl(-(t - z) * (t - z) / 2 - shift);
  return logl(sum * h * sd / sqrtl(2 * acosl(-1.0L))) + shift;
}

TEST(ExpectedImprovement, IsTheIntegral) {
  for (const double mean : {-1.0, 0.3, 2.0}) {
    for (const double sd : {0.2, 1.5}) {
      const double expected = static_cast<double>(expl(log_improvement(0.5L, mean, sd)));
      EXPECT_NEAR(expected, acquisition_ei(0.5, mean, sd), 1e-7 * (1 + expected));
      EXPECT_NEAR(std::log(expected), acquisition_log_ei(0.5, mean, sd, nullptr, nullptr), 1e-6);
    }
  }
  EXPECT_EQ(0.25, acquisition_ei(0.5, 0.25, 0));
  EXPECT_EQ(0, acquisition_ei(0.5, 0.75, 0));
}

TEST(ExpectedImprovement, ItsLogarithmHasAGradientWhereTheValueIsBelowEveryDouble) {
  for (const double z : {-3.0, -12.0, -19.9, -20.1, -60.0, -1000.0}) {
    double by_mean = 0, by_sd = 0;
    const double value = acquisition_log_ei(0, -z, 1, &by_mean, &by_sd);
    EXPECT_NEAR(static_cast<double>(log_improvement(0, -z, 1)), value, 1e-5 * std::fabs(value)) << z;
    const double h = 1e-5;
    const double slope =
        (acquisition_log_ei(0, -z + h, 1, nullptr, nullptr) - acquisition_log_ei(0, -z - h, 1, nullptr, nullptr)) /
        (2 * h);
    EXPECT_NEAR(slope, by_mean, 1e-4 * std::fabs(slope)) << z;
    const double wider =
        (acquisition_log_ei(0, -z, 1 + h, nullptr, nullptr) - acquisition_log_ei(0, -z, 1 - h, nullptr, nullptr)) /
        (2 * h);
    EXPECT_NEAR(wider, by_sd, 1e-4 * std::fabs(wider)) << z;
  }
}

TEST(NormalDistribution, LogarithmOfTheCdfIsContinuousAndItsDerivativeRight) {
  EXPECT_DOUBLE_EQ(0.5, acquisition_normal_cdf(0));
  EXPECT_NEAR(0.97500210485177952, acquisition_normal_cdf(1.96), 1e-14);
  for (const double z : {3.0, -5.0, -19.999, -20.001, -40.0}) {
    double derivative = 0;
    acquisition_log_normal_cdf(z, &derivative);
    const double h = 1e-6;
    const double slope =
        (acquisition_log_normal_cdf(z + h, nullptr) - acquisition_log_normal_cdf(z - h, nullptr)) / (2 * h);
    EXPECT_NEAR(slope, derivative, 1e-4 * std::fabs(slope) + 1e-9) << z;
  }
  EXPECT_NEAR(acquisition_log_normal_cdf(-20 + 1e-9, nullptr), acquisition_log_normal_cdf(-20 - 1e-9, nullptr), 1e-6);
}

// ---- processes of two dimensions

constexpr int d = 2, n = 12;

class Acquisition : public ::testing::Test {
 protected:
  void SetUp() override {
    fc_rng_t rng;
    fc_rng_init(&rng, 1, 0);
    for (double &x : x_) x = fc_rng_uniform(&rng);
    for (int i = 0; i < n; ++i) {
      y_[i] = std::sin(4 * x_[2 * i]) + x_[2 * i + 1];
      g_[i] = 0.6 - x_[2 * i] * x_[2 * i + 1] - 0.3 * x_[2 * i];
    }
    objective_ = process(y_, 0.02);
    constraint_ = process(g_, 0.02);
  }
  void TearDown() override {
    gp_destroy(&objective_);
    gp_destroy(&constraint_);
  }
  gp_t *process(const double *y, double noise) {
    gp_t *gp = nullptr;
    gp_options_t options = gp_options(d, 30);
    options.noise_floor = 1e-10;
    const double theta[d + 2] = {std::log(0.4), std::log(0.6), 0, std::log(noise)};
    EXPECT_OK(gp_new(&options, &gp, &error));
    EXPECT_OK(gp_set_theta(gp, theta, &error));
    EXPECT_OK(gp_set_rows(gp, x_, y, n, &error));
    return gp;
  }
  // Gradient of `f` at some points against central differences; the largest gradient seen.
  double check_gradient(acquisition_fn f, void *context) {
    double largest = 0;
    for (const double first : {0.13, 0.52, 0.91}) {
      const double at[d] = {first, 0.37};
      double gradient[d];
      const double value = f(context, at, gradient);
      EXPECT_NEAR(value, f(context, at, nullptr), 1e-10 * (1 + std::fabs(value)));
      for (int k = 0; k < d; ++k) {
        double up[d] = {at[0], at[1]}, down[d] = {at[0], at[1]};
        up[k] += 1e-6;
        down[k] -= 1e-6;
        const double slope = (f(context, up, nullptr) - f(context, down, nullptr)) / 2e-6;
        EXPECT_NEAR(slope, gradient[k], 1e-5 * (1 + std::fabs(slope)));
        largest = std::fmax(largest, std::fabs(gradient[k]));
      }
    }
    return largest;
  }
  fc_error_t error = {};
  double x_[n * d], y_[n], g_[n];
  gp_t *objective_ = nullptr, *constraint_ = nullptr;
};

TEST_F(Acquisition, ConstrainedIsImprovementTimesProbability) {
  double scratch[3 * d];
  acquisition_constrained_t constrained = {};
  constrained.weight = 1;
  constrained.objective = objective_;
  constrained.best = 0.4;
  constrained.n_constraints = 1;
  constrained.constraints[0] = {constraint_, 0.1};
  constrained.scratch = scratch;
  const double at[d] = {0.3, 0.8};
  double mean[2], variance[2];
  gp_predict(objective_, at, 1, &mean[0], &variance[0]);
  gp_predict(constraint_, at, 1, &mean[1], &variance[1]);
  const double expected = acquisition_ei(0.4, mean[0], std::sqrt(variance[0])) *
                          acquisition_normal_cdf((0.1 - mean[1]) / std::sqrt(variance[1]));
  EXPECT_NEAR(std::log(expected), acquisition_constrained_ei(&constrained, at, nullptr), 1e-10);
  EXPECT_GT(check_gradient(acquisition_constrained_ei, &constrained), 0.1);
  constrained.weight = 3;
  EXPECT_NEAR(std::log(expected) + 2 * acquisition_log_normal_cdf((0.1 - mean[1]) / std::sqrt(variance[1]), nullptr),
              acquisition_constrained_ei(&constrained, at, nullptr), 1e-10);
  check_gradient(acquisition_constrained_ei, &constrained);
}

double plane(void *, const double *x, double *gradient) {
  if (gradient != nullptr) gradient[0] = 1, gradient[1] = 2;
  return x[0] + 2 * x[1];
}

TEST_F(Acquisition, AKnownObjectiveImprovesWithoutDoubt) {
  double scratch[3 * d];
  acquisition_constrained_t constrained = {};
  constrained.weight = 1;
  constrained.known = plane;
  constrained.known_sd = 1e-3;
  constrained.best = 2;
  constrained.n_constraints = 1;
  constrained.constraints[0] = {constraint_, 0.1};
  constrained.scratch = scratch;
  const double at[d] = {0.3, 0.5};
  double mean = 0, variance = 0;
  gp_predict(constraint_, at, 1, &mean, &variance);
  EXPECT_NEAR(std::log((2 - 1.3) * acquisition_normal_cdf((0.1 - mean) / std::sqrt(variance))),
              acquisition_constrained_ei(&constrained, at, nullptr), 1e-9);
  EXPECT_GT(check_gradient(acquisition_constrained_ei, &constrained), 0.1);
}

TEST_F(Acquisition, NoisyHasAGradientAndIsNotFlat) {
  acquisition_noisy_options_t options = {};
  options.weight = 1;
  options.objective = objective_;
  options.n_constraints = 1;
  options.constraints[0] = {constraint_, 0.1};
  options.worst = 4;
  options.baseline = x_;
  options.n_baseline = n;
  options.n_draws = 32;
  options.seed = 7;
  acquisition_noisy_t *noisy = nullptr;
  ASSERT_OK(acquisition_noisy_new(&options, &noisy, &error));
  EXPECT_GT(check_gradient(acquisition_noisy_ei, noisy), 0.1);
  acquisition_noisy_destroy(&noisy);
  options.weight = 3;
  ASSERT_OK(acquisition_noisy_new(&options, &noisy, &error));
  check_gradient(acquisition_noisy_ei, noisy);
  acquisition_noisy_destroy(&noisy);
}

TEST_F(Acquisition, NoisyWithoutNoiseAndOneBaselineIsExpectedImprovement) {
  gp_t *exact = process(y_, 1e-9);
  int best = 0;
  for (int i = 1; i < n; ++i) best = y_[i] < y_[best] ? i : best;
  acquisition_noisy_options_t options = {};
  options.weight = 1;
  options.objective = exact;
  options.worst = 4;
  options.baseline = &x_[best * d];
  options.n_baseline = 1;
  options.n_draws = 8;
  options.seed = 7;
  acquisition_noisy_t *noisy = nullptr;
  ASSERT_OK(acquisition_noisy_new(&options, &noisy, &error));
  for (const double first : {0.1, 0.45, 0.8}) {
    const double at[d] = {first, 0.2};
    double mean = 0, variance = 0;
    gp_predict(exact, at, 1, &mean, &variance);
    EXPECT_NEAR(acquisition_ei(y_[best], mean, std::sqrt(variance)), std::exp(acquisition_noisy_ei(noisy, at, nullptr)),
                1e-4);
  }
  acquisition_noisy_destroy(&noisy);
  gp_destroy(&exact);
}

TEST_F(Acquisition, NoisyIsTheMeanOverManyDrawsOfConditionedProcesses) {
  // By another way: sample the objective at the baseline and at x jointly, and average the improvements.
  acquisition_noisy_options_t options = {};
  options.weight = 1;
  options.objective = objective_;
  options.worst = 4;
  options.baseline = x_;
  options.n_baseline = 3;
  options.n_draws = 4000;
  options.seed = 7;
  acquisition_noisy_t *noisy = nullptr;
  ASSERT_OK(acquisition_noisy_new(&options, &noisy, &error));
  const int draws = 40000, points = 4;
  double at[points * d];
  std::copy(x_, x_ + 3 * d, at);
  at[6] = 0.9;
  at[7] = 0.1;
  std::vector<double> normals(static_cast<size_t>(draws) * points), samples(normals.size());
  fc_rng_t rng;
  fc_rng_init(&rng, 9, 0);
  for (double &z : normals) z = fc_rng_normal(&rng);
  ASSERT_OK(gp_sample(objective_, at, points, normals.data(), draws, samples.data(), &error));
  double sum = 0, squares = 0;
  for (int s = 0; s < draws; ++s) {
    const double *f = &samples[static_cast<size_t>(s) * points];
    const double improvement = std::fmax(0, std::fmin(f[0], std::fmin(f[1], f[2])) - f[3]);
    sum += improvement;
    squares += improvement * improvement;
  }
  const double mean = sum / draws, sd = std::sqrt(squares / draws - mean * mean);
  EXPECT_NEAR(mean, std::exp(acquisition_noisy_ei(noisy, &at[6], nullptr)), 5 * sd * (1 / 200.0 + 1 / 63.0));
  acquisition_noisy_destroy(&noisy);
}

// ---- the search

double two_hills(void *, const double *x, double *gradient) {
  const double a = std::exp(-20 * (std::pow(x[0] - 0.2, 2) + std::pow(x[1] - 0.3, 2)));
  const double b = 2 * std::exp(-20 * (std::pow(x[0] - 0.8, 2) + std::pow(x[1] - 0.7, 2)));
  if (gradient != nullptr) {
    gradient[0] = -40 * (a * (x[0] - 0.2) + b * (x[0] - 0.8));
    gradient[1] = -40 * (a * (x[1] - 0.3) + b * (x[1] - 0.7));
  }
  return a + b;
}

TEST(Maximise, FindsTheHigherOfTwoHillsFromTheFootOfTheLower) {
  const double lower[2] = {0, 0}, upper[2] = {1, 1}, start[2] = {0.2, 0.3};
  const acquisition_search_t search = {2, lower, upper, start, 1, 40, 3, 50, 1};
  double x[2], value = 0;
  fc_error_t error = {};
  ASSERT_OK(acquisition_maximise(&search, two_hills, nullptr, x, &value, &error));
  EXPECT_NEAR(0.8, x[0], 1e-3);
  EXPECT_NEAR(0.7, x[1], 1e-3);
  EXPECT_DOUBLE_EQ(two_hills(nullptr, x, nullptr), value);
}

TEST(Maximise, LeavesAFixedDimensionAlone) {
  const double lower[2] = {0, 0.5}, upper[2] = {1, 0.5}, start[2] = {0.2, 0.5};
  const acquisition_search_t search = {2, lower, upper, start, 1, 40, 3, 50, 1};
  double x[2], value = 0;
  fc_error_t error = {};
  ASSERT_OK(acquisition_maximise(&search, two_hills, nullptr, x, &value, &error));
  EXPECT_EQ(0.5, x[1]);
  EXPECT_NEAR(0.8, x[0], 1e-2);
}

}  // namespace
