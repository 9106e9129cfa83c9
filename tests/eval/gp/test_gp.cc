// eval/gp/gp.c: the posterior and the likelihood are those of the closed forms, computed here by elimination in long
// double and by numpy (tests/golden/gp_golden.py); what is appended, fitted and sampled is what it should be.
#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>
#include <vector>

#include "support.h"

extern "C" {
#include "faasconf/rng.h"
#include "gp.h"
}

namespace {

constexpr int n = 20, d = 3, m = 5;
constexpr double kLength[d] = {0.4, 0.9, 1.7}, kScale = 1.3, kNoise = 0.02;

std::map<std::string, std::vector<double>> golden() {
  std::map<std::string, std::vector<double>> all;
  std::istringstream text(fc_test::read_file(fc_test::source_file("tests/golden/gp_golden.txt")));
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    for (double v; words >> v;) all[name].push_back(v);
  }
  return all;
}

// ---- closed forms, independent of gp.c

using Matrix = std::vector<std::vector<long double>>;

long double kernel(const double *a, const double *b) {
  long double r2 = 0;
  for (int k = 0; k < d; ++k) r2 += (a[k] - b[k]) * (a[k] - b[k]) / (kLength[k] * kLength[k]);
  const long double r = sqrtl(r2), root = sqrtl(5.0L);
  return kScale * (1 + root * r + 5 * r2 / 3) * expl(-root * r);
}

// Gauss and Jordan with pivots; *log_determinant gets the sum of their logarithms.
Matrix invert(Matrix a, long double *log_determinant) {
  const size_t size = a.size();
  Matrix inverse(size, std::vector<long double>(size, 0));
  for (size_t i = 0; i < size; ++i) inverse[i][i] = 1;
  *log_determinant = 0;
  for (size_t c = 0; c < size; ++c) {
    size_t pivot = c;
    for (size_t r = c; r < size; ++r) {
      if (fabsl(a[r][c]) > fabsl(a[pivot][c])) pivot = r;
    }
    std::swap(a[c], a[pivot]);
    std::swap(inverse[c], inverse[pivot]);
    const long double p = a[c][c];
    *log_determinant += logl(fabsl(p));
    for (size_t k = 0; k < size; ++k) {
      a[c][k] /= p;
      inverse[c][k] /= p;
    }
    for (size_t r = 0; r < size; ++r) {
      if (r == c) continue;
      const long double by = a[r][c];
      for (size_t k = 0; k < size; ++k) {
        a[r][k] -= by * a[c][k];
        inverse[r][k] -= by * inverse[c][k];
      }
    }
  }
  return inverse;
}

class Gp : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < n; ++i) {
      for (int k = 0; k < d; ++k) x_[i * d + k] = (std::sin(0.7 * i + 1.9 * k + 0.3) + 1) / 2;
      const double *x = &x_[i * d];
      y_[i] = std::sin(5 * x[0]) + x[1] * x[1] - 0.5 * x[2] + 0.05 * std::cos(11.0 * i);
    }
    for (int i = 0; i < m; ++i) {
      for (int k = 0; k < d; ++k) q_[i * d + k] = (std::cos(1.3 * i + 0.8 * k) + 1) / 2;
    }
    for (int k = 0; k < d; ++k) theta_[k] = std::log(kLength[k]);
    theta_[d] = std::log(kScale);
    theta_[d + 1] = std::log(kNoise);
    const gp_options_t options = gp_options(d, 40);
    ASSERT_OK(gp_new(&options, &gp_, &error));
  }
  void TearDown() override { gp_destroy(&gp_); }
  void set() {
    ASSERT_OK(gp_set_rows(gp_, x_, y_, n, &error));
    ASSERT_OK(gp_set_theta(gp_, theta_, &error));
  }
  fc_error_t error = {};
  gp_t *gp_ = nullptr;
  double x_[n * d], y_[n], q_[m * d], theta_[d + 2];
};

TEST_F(Gp, PosteriorAndLikelihoodAreThoseOfEliminationInLongDouble) {
  set();
  Matrix k(n, std::vector<long double>(n));
  long double mean = 0, squares = 0, log_determinant = 0;
  for (double y : y_) mean += y / static_cast<long double>(n);
  for (double y : y_) squares += (y - mean) * (y - mean);
  const long double deviation = sqrtl(squares / n);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) k[i][j] = kernel(&x_[i * d], &x_[j * d]) + (i == j ? kNoise : 0);
  }
  const Matrix inverse = invert(k, &log_determinant);
  long double fit = 0;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) fit += (y_[i] - mean) * inverse[i][j] * (y_[j] - mean) / (deviation * deviation);
  }
  double value = 0;
  ASSERT_OK(gp_log_likelihood(gp_, theta_, &value, nullptr, &error));
  EXPECT_NEAR(static_cast<double>(-0.5L * fit - 0.5L * log_determinant - n / 2.0L * logl(2 * acosl(-1.0L))), value,
              1e-8);
  double means[m], variances[m];
  gp_predict(gp_, q_, m, means, variances);
  for (int p = 0; p < m; ++p) {
    long double sum = 0, known = 0;
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < n; ++j) {
        const long double w = kernel(&q_[p * d], &x_[i * d]) * inverse[i][j];
        sum += w * (y_[j] - mean);
        known += w * kernel(&q_[p * d], &x_[j * d]);
      }
    }
    EXPECT_NEAR(static_cast<double>(mean + sum), means[p], 1e-8);
    EXPECT_NEAR(static_cast<double>((kScale - known) * deviation * deviation), variances[p], 1e-8);
  }
  EXPECT_NEAR(static_cast<double>(kNoise * deviation * deviation), gp_noise_variance(gp_), 1e-12);
}

TEST_F(Gp, AgreesWithNumpy) {
  set();
  auto expected = golden();
  double value = 0, gradient[d + 2];
  ASSERT_OK(gp_log_likelihood(gp_, theta_, &value, gradient, &error));
  EXPECT_NEAR(expected["log_likelihood"].at(0), value, 1e-8);
  for (int i = 0; i < d + 2; ++i) EXPECT_NEAR(expected["gradient"].at(i), gradient[i], 1e-7) << i;
  double mean[m], covariance[m * m], one_out[n], one_out_variance[n];
  ASSERT_OK(gp_covariance(gp_, q_, m, mean, covariance, &error));
  for (int p = 0; p < m; ++p) EXPECT_NEAR(expected["mean"].at(p), mean[p], 1e-8);
  for (int p = 0; p < m * m; ++p) EXPECT_NEAR(expected["covariance"].at(p), covariance[p], 1e-8);
  ASSERT_OK(gp_leave_one_out(gp_, one_out, one_out_variance, &error));
  for (int i = 0; i < n; ++i) {
    EXPECT_NEAR(expected["leave_one_out_mean"].at(i), one_out[i], 1e-8);
    EXPECT_NEAR(expected["leave_one_out_variance"].at(i), one_out_variance[i], 1e-8);
  }
}

TEST_F(Gp, GradientOfTheLikelihoodAndThePriorIsThatOfFiniteDifferences) {
  set();
  double value = 0, gradient[d + 2], prior[d + 2], shifted[d + 2];
  ASSERT_OK(gp_log_likelihood(gp_, theta_, &value, gradient, &error));
  gp_log_prior(gp_, theta_, prior);
  const double h = 1e-5;
  for (int i = 0; i < d + 2; ++i) {
    double up = 0, down = 0;
    std::copy(theta_, theta_ + d + 2, shifted);
    shifted[i] = theta_[i] + h;
    ASSERT_OK(gp_log_likelihood(gp_, shifted, &up, nullptr, &error));
    const double prior_up = gp_log_prior(gp_, shifted, nullptr);
    shifted[i] = theta_[i] - h;
    ASSERT_OK(gp_log_likelihood(gp_, shifted, &down, nullptr, &error));
    const double prior_down = gp_log_prior(gp_, shifted, nullptr);
    EXPECT_NEAR((up - down) / (2 * h), gradient[i], 1e-6 * (1 + std::fabs(gradient[i]))) << i;
    EXPECT_NEAR((prior_up - prior_down) / (2 * h), prior[i], 1e-6 * (1 + std::fabs(prior[i]))) << i;
  }
}

TEST_F(Gp, GradientOfThePredictionIsThatOfFiniteDifferences) {
  set();
  double mean = 0, variance = 0, grad_mean[d], grad_variance[d];
  gp_predict_gradient(gp_, q_, &mean, &variance, grad_mean, grad_variance);
  const double h = 1e-6;
  for (int k = 0; k < d; ++k) {
    double at[2][d], means[2], variances[2];
    for (int side = 0; side < 2; ++side) {
      std::copy(q_, q_ + d, at[side]);
      at[side][k] += side == 0 ? h : -h;
      gp_predict(gp_, at[side], 1, &means[side], &variances[side]);
    }
    EXPECT_NEAR((means[0] - means[1]) / (2 * h), grad_mean[k], 1e-6);
    EXPECT_NEAR((variances[0] - variances[1]) / (2 * h), grad_variance[k], 1e-6);
  }
}

TEST_F(Gp, ManyPointsAtOnceAreTheSameAsOneByOne) {
  set();
  constexpr int many = 71;
  std::vector<double> points(many * d), means(many), variances(many);
  for (int i = 0; i < many * d; ++i) points[static_cast<size_t>(i)] = std::fabs(std::sin(1.7 * i));
  gp_predict(gp_, points.data(), many, means.data(), variances.data());
  for (int p = 0; p < many; ++p) {
    double mean = 0, variance = 0;
    gp_predict(gp_, &points[static_cast<size_t>(p) * d], 1, &mean, &variance);
    EXPECT_NEAR(mean, means[static_cast<size_t>(p)], 1e-12);
    EXPECT_NEAR(variance, variances[static_cast<size_t>(p)], 1e-12);
  }
}

TEST_F(Gp, AppendingRowsPredictsAsIfTheyHadBeenThere) {
  gp_t *other = nullptr;
  const gp_options_t options = gp_options(d, n);
  ASSERT_OK(gp_new(&options, &other, &error));
  double y[n];
  // Outcomes whose first half and whole have mean 0 and deviation 1: standardising changes nothing in either.
  for (int i = 0; i < n; ++i) y[i] = i % 2 == 0 ? 1 : -1;
  ASSERT_OK(gp_set_theta(gp_, theta_, &error));
  ASSERT_OK(gp_set_theta(other, theta_, &error));
  ASSERT_OK(gp_set_rows(gp_, x_, y, n / 2, &error));
  for (int i = n / 2; i < n; ++i) ASSERT_OK(gp_add(gp_, &x_[i * d], y[i], &error));
  ASSERT_OK(gp_set_rows(other, x_, y, n, &error));
  double mean[2][m], variance[2][m];
  gp_predict(gp_, q_, m, mean[0], variance[0]);
  gp_predict(other, q_, m, mean[1], variance[1]);
  for (int p = 0; p < m; ++p) {
    EXPECT_NEAR(mean[1][p], mean[0][p], 1e-9);
    EXPECT_NEAR(variance[1][p], variance[0][p], 1e-9);
  }
  EXPECT_EQ(FC_EINVAL, gp_add(other, x_, 0, &error));
  gp_destroy(&other);
}

TEST_F(Gp, FittingFindsTheLengthsThatMatterAndTheNoise) {
  // 120 rows of a function of the first dimension alone, noise deviation 0.1.
  constexpr int rows = 120;
  gp_t *gp = nullptr;
  const gp_options_t options = gp_options(d, rows);
  ASSERT_OK(gp_new(&options, &gp, &error));
  std::vector<double> x(rows * d), y(rows);
  fc_rng_t rng;
  fc_rng_init(&rng, 3, 0);
  for (int i = 0; i < rows; ++i) {
    for (int k = 0; k < d; ++k) x[static_cast<size_t>(i * d + k)] = fc_rng_uniform(&rng);
    y[static_cast<size_t>(i)] = std::sin(6 * x[static_cast<size_t>(i * d)]) + 0.1 * fc_rng_normal(&rng);
  }
  ASSERT_OK(gp_set_rows(gp, x.data(), y.data(), rows, &error));
  double theta[d + 2], before = 0, after = 0;
  gp_get_theta(gp, theta);
  ASSERT_OK(gp_log_likelihood(gp, theta, &before, nullptr, &error));
  before += gp_log_prior(gp, theta, nullptr);
  ASSERT_OK(gp_fit(gp, &error));
  gp_get_theta(gp, theta);
  ASSERT_OK(gp_log_likelihood(gp, theta, &after, nullptr, &error));
  after += gp_log_prior(gp, theta, nullptr);
  EXPECT_GT(after, before + 10);
  EXPECT_LT(std::exp(theta[0]), 0.5 * std::exp(theta[1]));
  EXPECT_LT(std::exp(theta[0]), 0.5 * std::exp(theta[2]));
  EXPECT_NEAR(0.1, std::sqrt(gp_noise_variance(gp)), 0.03);
  for (double at : {0.1, 0.3, 0.5, 0.7, 0.9}) {
    const double point[d] = {at, 0.4, 0.6};
    double mean = 0, variance = 0;
    gp_predict(gp, point, 1, &mean, &variance);
    EXPECT_NEAR(std::sin(6 * at), mean, 0.12);
    EXPECT_LT(variance, 0.01);
  }
  // Once more from there: nothing is lost.
  double again = 0;
  ASSERT_OK(gp_fit(gp, &error));
  gp_get_theta(gp, theta);
  ASSERT_OK(gp_log_likelihood(gp, theta, &again, nullptr, &error));
  EXPECT_GE(again + gp_log_prior(gp, theta, nullptr), after - 1e-9);
  gp_destroy(&gp);
}

TEST_F(Gp, SamplesHaveTheMeanAndTheCovarianceOfThePosterior) {
  set();
  constexpr int draws = 20000;
  std::vector<double> normals(draws * m), samples(draws * m);
  fc_rng_t rng;
  fc_rng_init(&rng, 5, 0);
  for (double &z : normals) z = fc_rng_normal(&rng);
  double mean[m], covariance[m * m];
  ASSERT_OK(gp_covariance(gp_, q_, m, mean, covariance, &error));
  ASSERT_OK(gp_sample(gp_, q_, m, normals.data(), draws, samples.data(), &error));
  for (int p = 0; p < m; ++p) {
    double sum = 0, product = 0;
    for (int s = 0; s < draws; ++s) {
      const double *sample = &samples[static_cast<size_t>(s) * m];
      sum += sample[p];
      product += (sample[p] - mean[p]) * (sample[0] - mean[0]);
    }
    const double sd = std::sqrt(covariance[p * m + p]);
    EXPECT_NEAR(mean[p], sum / draws, 5 * sd / std::sqrt(draws));
    EXPECT_NEAR(covariance[p * m], product / draws, 5 * sd * std::sqrt(covariance[0] * 2 / draws));
  }
}

TEST_F(Gp, RefusesWhatItCannotHoldAndStandsTheSameRowTwice) {
  double bad[n];
  std::copy(y_, y_ + n, bad);
  bad[7] = NAN;
  EXPECT_EQ(FC_EINVAL, gp_set_rows(gp_, x_, bad, n, &error));
  EXPECT_EQ(FC_EINVAL, gp_set_rows(gp_, x_, y_, 41, &error));
  EXPECT_EQ(FC_EINVAL, gp_fit(gp_, &error));
  double x[2 * d];
  std::copy(x_, x_ + d, x);
  std::copy(x_, x_ + d, x + d);
  const double y[2] = {1, 1};
  ASSERT_OK(gp_set_rows(gp_, x, y, 2, &error));
  double mean = 0, variance = 0;
  gp_predict(gp_, x, 1, &mean, &variance);
  EXPECT_NEAR(1, mean, 1e-9);
}

}  // namespace
