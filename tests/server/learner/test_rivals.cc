// What AttMF is compared with, through algorithm.h: gradients against differences, determinism, resumption, learning,
// and who sees and shares what.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "instance.h"

namespace {

using fc_test::Batch;
using fc_test::Instance;
using fc_test::random_batch;
using Edges = std::vector<std::pair<int, int>>;

constexpr int N = 6, A = FC_KNOBS, O = 5;

algorithm_options_t options_of(const std::string &name, int n_batch = 16) {
  algorithm_options_t options = algorithm_find(name.c_str(), nullptr)->defaults(VARIANT_REPAIRED);
  options.n_batch = n_batch;
  return options;
}

class Rivals : public testing::TestWithParam<const char *> {};
INSTANTIATE_TEST_SUITE_P(All, Rivals, testing::Values("mean_field", "maddpg", "ddpg", "firm"),
                         [](const testing::TestParamInfo<const char *> &instance) {
                           return std::string(instance.param);
                         });

// ---- gradients

algorithm_state_t block_of(Instance *instance, const std::string &name) {
  int64_t *step;
  fc_rng_t *rng;
  return instance->state(&step, &rng).at(name);
}

// A rate of zero: update() reports losses and fills Adam's first moment with a tenth of the gradient, and moves
// nothing.
algorithm_options_t still(const std::string &name) {
  algorithm_options_t options = options_of(name, 8);
  options.learning_rate = 0;
  options.soft_update = 0;
  options.n_hidden = 16;
  return options;
}

double loss_of(const algorithm_report_t &report, const std::string &net) {
  return net == "critic" ? report.critic_loss : report.actor_loss;
}

// The derivative of a net's loss along `direction` of its parameters, by the reported gradient and by central
// differences.
struct Derivative {
  double reported, numeric, length;
};
Derivative derivative(const std::string &name, const std::string &net, const std::vector<float> &start,
                      const std::vector<float> &direction, const std::vector<float> &critic, const Batch &batch) {
  const auto loss_at = [&](float h, std::vector<float> *gradient) {
    Instance instance(name, still(name), O);
    const algorithm_state_t c = block_of(&instance, "critic.parameters");
    std::copy(critic.begin(), critic.end(), c.data);
    const algorithm_state_t p = block_of(&instance, net + ".parameters");
    for (int64_t i = 0; i < p.n; ++i) p.data[i] = start[i] + h * direction[i];
    const algorithm_report_t report = instance.update(batch);
    const algorithm_state_t m = block_of(&instance, net + ".moment1");
    if (gradient != nullptr) gradient->assign(m.data, m.data + m.n);
    return loss_of(report, net);
  };
  std::vector<float> gradient;
  Derivative d = {0, 0, 0};
  loss_at(0, &gradient);
  for (size_t i = 0; i < gradient.size(); ++i) {
    d.reported += 10.0 * static_cast<double>(gradient[i]) * static_cast<double>(direction[i]);
    d.length += 100.0 * static_cast<double>(gradient[i]) * static_cast<double>(gradient[i]);
  }
  d.length = std::sqrt(d.length);
  constexpr float h = 2e-3f;
  d.numeric = (loss_at(h, nullptr) - loss_at(-h, nullptr)) / (2 * static_cast<double>(h));
  return d;
}

std::vector<float> copy_of(const algorithm_state_t &block) {
  return {block.data, block.data + block.n};
}

std::vector<float> unit_direction(size_t n, unsigned seed, size_t first, size_t last) {
  std::mt19937 rng(seed);
  std::normal_distribution<float> normal(0, 1);
  std::vector<float> v(n, 0);
  double squares = 0;
  for (size_t i = first; i < last; ++i) {
    v[i] = normal(rng);
    squares += static_cast<double>(v[i]) * static_cast<double>(v[i]);
  }
  for (float &x : v) x /= static_cast<float>(std::sqrt(squares));
  return v;
}

TEST_P(Rivals, GradientsAreTheDerivativesOfTheReportedLosses) {
  const std::string name = GetParam();
  Instance instance(name, still(name), O);
  const Batch batch = random_batch(8, N, O, 3);
  const std::vector<float> critic = copy_of(block_of(&instance, "critic.parameters"));
  for (const std::string net : {"critic", "actor"}) {
    // MADDPG's actors each follow their own critic, so that the mean of the losses is not what they descend: below.
    if (name == "maddpg" && net == "actor") continue;
    const std::vector<float> start = copy_of(block_of(&instance, net + ".parameters"));
    // the L critics of maddpg report the mean of L losses, of which each descends its own
    const double share = name == "maddpg" ? 1.0 / N : 1.0;
    for (unsigned seed = 0; seed < 5; ++seed) {
      const std::vector<float> direction = unit_direction(start.size(), 40 + seed, 0, start.size());
      const Derivative d = derivative(name, net, start, direction, critic, batch);
      EXPECT_GT(d.length, 1e-3);
      EXPECT_NEAR(share * d.reported, d.numeric, 1e-2 * share * d.length) << net << " seed " << seed;
    }
  }
}

TEST(Maddpg, EveryActorDescendsItsOwnCritic) {
  Instance instance("maddpg", still("maddpg"), O);
  const Batch batch = random_batch(8, N, O, 3);
  const std::vector<float> start = copy_of(block_of(&instance, "actor.parameters"));
  const std::vector<float> all = copy_of(block_of(&instance, "critic.parameters"));
  const size_t p = start.size() / N, c = all.size() / N;
  for (size_t j = 0; j < N; ++j) {
    std::vector<float> critic(all.size(), 0);  // the others answer 0 whatever happens
    std::copy_n(all.begin() + j * c, c, critic.begin() + j * c);
    const std::vector<float> own = unit_direction(start.size(), 50, j * p, (j + 1) * p);
    const Derivative d = derivative("maddpg", "actor", start, own, critic, batch);
    EXPECT_GT(d.length, 1e-3);
    EXPECT_NEAR(d.reported / N, d.numeric, 1e-2 * d.length / N) << j;
    // other actors change what this critic sees, but do not follow it
    const size_t k = (j + 1) % N;
    const Derivative other =
        derivative("maddpg", "actor", start, unit_direction(start.size(), 50, k * p, (k + 1) * p), critic, batch);
    EXPECT_EQ(0, other.reported);
    EXPECT_GT(std::fabs(other.numeric), 0);
  }
}

// ---- determinism and resumption

TEST_P(Rivals, SameSeedSameBytesAndAnotherSeedOthers) {
  algorithm_options_t options = options_of(GetParam());
  Instance first(GetParam(), options, O), second(GetParam(), options, O);
  options.seed = 2;
  Instance other(GetParam(), options, O);
  for (unsigned i = 0; i < 20; ++i) {
    const Batch batch = random_batch(16, N, O, i);
    first.update(batch);
    second.update(batch);
    other.update(batch);
  }
  EXPECT_EQ(first.bytes(), second.bytes());
  EXPECT_NE(first.bytes(), other.bytes());
}

TEST_P(Rivals, ResumedMidwayGivesTheSameBytes) {
  algorithm_options_t options = options_of(GetParam());
  options.discount = 0.9f;  // so that targets matter
  Instance whole(GetParam(), options, O);
  std::string saved;
  for (unsigned i = 0; i < 40; ++i) {
    if (i == 20) saved = whole.bytes();
    whole.update(random_batch(16, N, O, i));
    whole.act(3, std::vector<float>(3 * N * O, 0.5f));  // must leave no trace
    whole.q(3, std::vector<float>(3 * N * O, 0.5f), std::vector<float>(3 * N * A, 0.5f));
  }
  options.seed = 99;  // a fresh instance that starts elsewhere
  Instance resumed(GetParam(), options, O);
  resumed.restore(saved);
  for (unsigned i = 20; i < 40; ++i) resumed.update(random_batch(16, N, O, i));
  EXPECT_EQ(whole.bytes(), resumed.bytes());
}

TEST_P(Rivals, BootstrapsFromTheTargetsUnlessTheRowIsTerminal) {
  algorithm_options_t options = options_of(GetParam(), 8);
  options.discount = 0.9f;
  Batch batch = random_batch(8, N, O, 3);
  for (uint8_t terminal : {0, 1}) {
    std::fill(batch.terminal.begin(), batch.terminal.end(), terminal);
    Batch elsewhere = batch;
    std::fill(elsewhere.next_features.begin(), elsewhere.next_features.end(), 3.0f);
    Instance first(GetParam(), options, O), second(GetParam(), options, O);
    first.update(batch);
    second.update(elsewhere);
    EXPECT_EQ(terminal == 1, first.bytes() == second.bytes());
  }
}

// ---- learning

TEST_P(Rivals, OverfitsThirtyTwoRows) {
  Instance instance(GetParam(), options_of(GetParam(), 32), 7);
  const Batch batch = random_batch(32, N, 7, 5);
  double loss = 1e9;
  for (int i = 0; i < 4000 && loss > 1e-4; ++i) loss = instance.update(batch).critic_loss;
  EXPECT_LT(loss, 1e-4);
  const std::vector<float> q = instance.q(32, batch.features, batch.action);
  for (int b = 0; b < 32; ++b) EXPECT_NEAR(batch.reward[b], q[b], 0.05);
}

TEST_P(Rivals, ActAndQGiveTheSameForAnyBatchSize) {
  Instance instance(GetParam(), options_of(GetParam(), 64), O);
  const Batch batch = random_batch(64, N, O, 8);
  const std::vector<float> all = instance.act(64, batch.features);
  const std::vector<float> all_q = instance.q(64, batch.features, batch.action);
  for (int b = 0; b < 64; b += 7) {
    const std::vector<float> row(batch.features.begin() + b * N * O, batch.features.begin() + (b + 1) * N * O);
    const std::vector<float> a(batch.action.begin() + b * N * A, batch.action.begin() + (b + 1) * N * A);
    const std::vector<float> one = instance.act(1, row);
    for (int i = 0; i < N * A; ++i) EXPECT_NEAR(all[b * N * A + i], one[i], 1e-6);
    EXPECT_NEAR(all_q[b], instance.q(1, row, a)[0], 1e-5);
  }
}

TEST_P(Rivals, OneFunctionAndNoNeighboursWork) {
  Instance one(GetParam(), options_of(GetParam(), 8), 3, 1, {}),
      unconnected(GetParam(), options_of(GetParam(), 8), 3, 4, {});
  for (unsigned i = 0; i < 5; ++i) {
    EXPECT_TRUE(std::isfinite(one.update(random_batch(8, 1, 3, i)).critic_loss));
    EXPECT_TRUE(std::isfinite(unconnected.update(random_batch(8, 4, 3, i)).critic_loss));
  }
}

// ---- who sees and shares what

// Reorders the functions of a (B,N,C) array: function j becomes to[j].
std::vector<float> reorder(const std::vector<float> &v, int n_batch, int n_columns, const std::vector<int> &to) {
  std::vector<float> out(v.size());
  for (int b = 0; b < n_batch; ++b) {
    for (int j = 0; j < N; ++j) {
      std::copy_n(&v[size_t(b * N + j) * n_columns], n_columns, &out[size_t(b * N + to[j]) * n_columns]);
    }
  }
  return out;
}

class SharedNets : public testing::TestWithParam<const char *> {};
INSTANTIATE_TEST_SUITE_P(All, SharedNets, testing::Values("mean_field", "firm"),
                         [](const testing::TestParamInfo<const char *> &instance) {
                           return std::string(instance.param);
                         });

TEST_P(SharedNets, OrderOfFunctionsDoesNotMatter) {
  const std::vector<int> to = {4, 2, 0, 5, 1, 3};
  Edges permuted;
  for (const auto &[from, next] : fc_test::SmallWorkflow::parallel_edges()) permuted.emplace_back(to[from], to[next]);
  Instance instance(GetParam(), options_of(GetParam()), O), other(GetParam(), options_of(GetParam()), O, N, permuted);
  for (unsigned i = 0; i < 10; ++i) {
    Batch batch = random_batch(16, N, O, i), moved = batch;
    moved.features = reorder(batch.features, 16, O, to);
    moved.action = reorder(batch.action, 16, A, to);
    moved.next_features = reorder(batch.next_features, 16, O, to);
    const algorithm_report_t a = instance.update(batch), b = other.update(moved);
    EXPECT_NEAR(a.critic_loss, b.critic_loss, 1e-4 * std::fabs(a.critic_loss));
    EXPECT_NEAR(a.actor_loss, b.actor_loss, 1e-4);
  }
  const Batch batch = random_batch(16, N, O, 99);
  const std::vector<float> expected = reorder(instance.act(16, batch.features), 16, A, to);
  const std::vector<float> found = other.act(16, reorder(batch.features, 16, O, to));
  for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(expected[i], found[i], 1e-3);
}

// How far each function's action moves when the features of function `changed` do.
std::vector<double> reaction(Instance *instance, int changed) {
  Batch batch = random_batch(1, N, O, 4);
  const std::vector<float> before = instance->act(1, batch.features);
  for (int o = 0; o < O; ++o) batch.features[changed * O + o] += 1;
  const std::vector<float> after = instance->act(1, batch.features);
  std::vector<double> moved(N, 0);
  for (int i = 0; i < N * A; ++i)
    moved[i / A] += std::fabs(static_cast<double>(after[i]) - static_cast<double>(before[i]));
  return moved;
}

TEST_P(Rivals, AnActorReactsToWhatItSees) {
  const std::string name = GetParam();
  Instance instance(name, options_of(name), O);
  const std::vector<double> moved = reaction(&instance, 3);  // neighbours: 2, 4 and 5
  for (int j = 0; j < N; ++j) {
    const bool sees = j == 3 || name == "ddpg" || (name == "mean_field" && (j == 2 || j == 4 || j == 5));
    EXPECT_EQ(sees, moved[j] > 0) << j;
  }
}

TEST(Maddpg, ActorsOfFunctionsDifferAndSharedOnesDoNot) {
  const std::vector<float> same(N * O, 0.5f);  // all functions look alike
  for (const std::string name : {"maddpg", "firm"}) {
    Instance instance(name, options_of(name), O);
    const std::vector<float> action = instance.act(1, same);
    for (int j = 1; j < N; ++j) {
      const bool equal = std::equal(action.begin(), action.begin() + A, action.begin() + j * A);
      EXPECT_EQ(name == "firm", equal) << name << j;
    }
  }
}

TEST(MeanField, IsThePlainMeanAndZeroWithoutNeighbours) {
  // function 1 sees 0 and 2: swapping their features changes nothing for it; function 3 is alone
  Instance instance("mean_field", options_of("mean_field"), O, 4, {{0, 1}, {1, 2}});
  std::vector<float> features = random_batch(1, 4, O, 4).features;
  const std::vector<float> before = instance.act(1, features);
  std::swap_ranges(features.begin(), features.begin() + O, features.begin() + 2 * O);
  const std::vector<float> after = instance.act(1, features);
  for (int k = 0; k < A; ++k) {
    EXPECT_NEAR(before[A + k], after[A + k], 1e-6);
    EXPECT_EQ(before[3 * A + k], after[3 * A + k]);
    EXPECT_NE(before[k], after[k]);
  }
}

// ---- refusals

TEST_P(Rivals, RefusesTheFaithfulVariantWithASentence) {
  const fc_test::SmallWorkflow workflow(2, {{0, 1}});
  const algorithm_interface_t *rival = algorithm_find(GetParam(), nullptr);
  const algorithm_options_t options = rival->defaults(VARIANT_FAITHFUL);
  algorithm_t *self = nullptr;
  fc_error_t error = {};
  EXPECT_EQ(FC_EINVAL, rival->create(&options, workflow.get(), 3, &self, &error));
  EXPECT_EQ(nullptr, self);
  EXPECT_NE(std::string::npos, std::string(error.message).find("no faithful variant")) << error.message;
}

TEST_P(Rivals, OnlyMeanFieldSharesOutABatch) {
  const algorithm_interface_t *rival = algorithm_find(GetParam(), nullptr);
  fc_test::SmallWorkflow workflow(N, fc_test::SmallWorkflow::parallel_edges());
  algorithm_options_t options = options_of(GetParam());
  options.n_threads = 2;
  algorithm_t *self = nullptr;
  fc_error_t error;
  const bool shares = std::string(GetParam()) == "mean_field";
  EXPECT_EQ(shares ? FC_OK : FC_EINVAL, rival->create(&options, workflow.get(), O, &self, &error));
  if (!shares) {
    EXPECT_NE(nullptr, std::strstr(error.message, "2 threads: expected 1")) << error.message;
  }
  if (self != nullptr) rival->destroy(&self);
}

TEST(Maddpg, RefusesMoreFunctionsThanItsCriticsFit) {
  const fc_test::SmallWorkflow workflow(65, {});
  const algorithm_interface_t *maddpg = algorithm_find("maddpg", nullptr);
  const algorithm_options_t options = maddpg->defaults(VARIANT_REPAIRED);
  algorithm_t *self = nullptr;
  fc_error_t error = {};
  EXPECT_EQ(FC_EINVAL, maddpg->create(&options, workflow.get(), 3, &self, &error));
  EXPECT_NE(std::string::npos, std::string(error.message).find("at most 64")) << error.message;
}

}  // namespace
