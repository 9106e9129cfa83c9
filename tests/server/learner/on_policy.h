// Decide, measure, learn: an algorithm alone with a problem, without trainer or tuner.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "small_workflow.h"

extern "C" {
#include "algorithm.h"
}

namespace fc_test {

// What an action (N,A) is worth: the reward that is learned from, and the cost that is judged; infinite when the action
// breaks a constraint.
struct Worth {
  double reward, cost;
};

// The features are those of the functions and never change: one decision at a time.
struct Problem {
  int n_functions, n_features;
  std::vector<std::pair<int, int>> edges;
  std::vector<float> features;  // (N,O)
  std::function<Worth(const float *action)> judge;
};

struct Training {
  int n_steps = 8000;
  int n_rows = 256;  // of the ring
  float first_noise = 0.2f, last_noise = 0.03f;
};

// One update per step on a ring of the last rows, with exploration noise that shrinks geometrically; returns the lowest
// cost among the actor's own decisions.
inline double tune_on_policy(const std::string &algorithm, algorithm_variant_t variant, uint64_t seed,
                             const Problem &problem, const Training &training = {}) {
  const algorithm_interface_t *learner = algorithm_find(algorithm.c_str(), nullptr);
  const SmallWorkflow workflow(problem.n_functions, problem.edges);
  algorithm_options_t options = learner->defaults(variant);
  options.seed = seed;
  algorithm_t *self = nullptr;
  fc_error_t error;
  EXPECT_EQ(FC_OK, learner->create(&options, workflow.get(), problem.n_features, &self, &error)) << error.message;
  const int n_batch = options.n_batch, n_action = problem.n_functions * FC_KNOBS;
  std::vector<float> actions(size_t(training.n_rows) * n_action), rewards(training.n_rows), batch_s;
  std::vector<float> batch_a(size_t(n_batch) * n_action), batch_r(n_batch), action(n_action);
  for (int b = 0; b < n_batch; ++b) batch_s.insert(batch_s.end(), problem.features.begin(), problem.features.end());
  const std::vector<uint8_t> terminal(n_batch, 1);
  std::mt19937 rng(static_cast<unsigned>(seed));
  std::normal_distribution<float> noise(0, 1);
  double best = std::numeric_limits<double>::infinity();
  for (int step = 0; step < training.n_steps; ++step) {
    learner->act(self, 1, problem.features.data(), action.data());
    best = std::min(best, problem.judge(action.data()).cost);
    const float share = static_cast<float>(step) / static_cast<float>(training.n_steps);
    const float spread = training.first_noise * std::pow(training.last_noise / training.first_noise, share);
    for (float &a : action) a = std::min(1.0f, std::max(0.0f, a + spread * noise(rng)));
    const int at = step % training.n_rows;
    std::copy(action.begin(), action.end(), actions.begin() + size_t(at) * n_action);
    rewards[at] = static_cast<float>(problem.judge(action.data()).reward);
    const int filled = std::min(step + 1, training.n_rows);
    if (filled < n_batch) continue;
    for (int b = 0; b < n_batch; ++b) {
      const int row = static_cast<int>(rng() % static_cast<unsigned>(filled));
      std::copy_n(actions.begin() + size_t(row) * n_action, n_action, batch_a.begin() + size_t(b) * n_action);
      batch_r[b] = rewards[row];
    }
    const algorithm_batch_t batch = {n_batch,        batch_s.data(), batch_a.data(),
                                     batch_r.data(), batch_s.data(), terminal.data()};
    algorithm_report_t report;
    learner->update(self, &batch, &report);
  }
  learner->destroy(&self);
  return best;
}

}  // namespace fc_test
