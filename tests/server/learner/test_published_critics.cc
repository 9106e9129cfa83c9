// The critics of the published MADDPG and Firm (wiluen/FaaSConf at 176278c), in double: both end in batch normalisation
// and one linear layer, so that in training mode the sum of Q over a batch is a constant of the actions, which is all
// that their actors learn from. Shapes and layers as published, weights at random. In evaluation mode the sum moves.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

namespace {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

constexpr int kBatch = 64;

Rows draw(int n_rows, int n, unsigned seed) {
  std::mt19937_64 rng(seed);
  std::normal_distribution<double> normal;
  Rows rows(n_rows, Row(n));
  for (Row &row : rows) std::generate(row.begin(), row.end(), [&] { return normal(rng); });
  return rows;
}

// x w + b, w (n_in, n_out) drawn with the seed.
Rows linear(const Rows &x, int n_out, unsigned seed) {
  const Rows w = draw(static_cast<int>(x[0].size()) + 1, n_out, seed);
  Rows out(x.size(), Row(n_out));
  for (size_t r = 0; r < x.size(); ++r) {
    for (int o = 0; o < n_out; ++o) {
      double sum = w.back()[o];
      for (size_t i = 0; i < x[r].size(); ++i) sum += x[r][i] * w[i][o];
      out[r][o] = sum / std::sqrt(static_cast<double>(w.size()));
    }
  }
  return out;
}

Rows rectified(Rows x, double slope) {
  for (Row &row : x)
    for (double &v : row) v = v > 0 ? v : slope * v;
  return x;
}

// Over the rows: of the batch itself (training), or mean 0 and variance 1 as at creation (evaluation).
Rows normalised(Rows x, bool training) {
  for (size_t c = 0; c < x[0].size(); ++c) {
    double mean = 0, variance = training ? 0 : 1;
    for (const Row &row : x) mean += training ? row[c] / static_cast<double>(x.size()) : 0;
    for (const Row &row : x)
      variance += training ? (row[c] - mean) * (row[c] - mean) / static_cast<double>(x.size()) : 0;
    for (Row &row : x) row[c] = 1.3 * (row[c] - mean) / std::sqrt(variance + 1e-5) + 0.2;  // a scale and a shift
  }
  return x;
}

double sum_of(const Rows &q) {
  double sum = 0;
  for (const Row &row : q) sum += row[0];
  return sum;
}

Rows joined(const Rows &a, const Rows &b) {
  Rows out = a;
  for (size_t r = 0; r < out.size(); ++r) out[r].insert(out[r].end(), b[r].begin(), b[r].end());
  return out;
}

// 7 functions of 11 features and 4 knobs: 105 -> 40 -> 40 -> 1.
double maddpg(const Rows &action, bool training) {
  Rows x = joined(draw(kBatch, 7 * 11, 1), action);
  for (unsigned layer : {2u, 3u}) x = normalised(rectified(linear(x, 40, layer), 0.01), training);
  return sum_of(linear(x, 1, 4));
}

// relu(W_s s + W_a a), 64 -> 1, of one function's 10 features and 3 knobs.
double firm(const Rows &action, bool training) {
  const Rows x = rectified(linear(joined(draw(kBatch, 10, 5), action), 64, 6), 0);
  return sum_of(linear(normalised(linear(x, 64, 7), training), 1, 8));
}

struct Critic {
  const char *name;
  int n_action;
  double (*sum_of_q)(const Rows &action, bool training);
};

class PublishedCritics : public ::testing::TestWithParam<Critic> {};

TEST_P(PublishedCritics, SumOfQIsAConstantOfTheActionsInTrainingModeOnly) {
  const Critic &critic = GetParam();
  const Rows some = draw(kBatch, critic.n_action, 20), others = draw(kBatch, critic.n_action, 21);
  const double constant = critic.sum_of_q(some, true);
  EXPECT_NEAR(constant, critic.sum_of_q(others, true), 1e-10 * (1 + std::fabs(constant)));
  EXPECT_GT(std::fabs(critic.sum_of_q(some, false) - critic.sum_of_q(others, false)), 0.1);
}

INSTANTIATE_TEST_SUITE_P(Methods, PublishedCritics,
                         ::testing::Values(Critic{"maddpg", 7 * 4, maddpg}, Critic{"firm", 3, firm}),
                         [](const auto &critic) { return std::string(critic.param.name); });

}  // namespace
