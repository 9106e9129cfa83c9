// AttMF through algorithm.h, as the trainer uses it: golden losses, the published flaw, determinism, resumption,
// overfitting, and the exported policy against the equations of docs/algorithms.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "instance.h"

extern "C" {
#include "algorithm.h"
#include "attmf_net.h"
}

namespace {

constexpr int A = FC_KNOBS;

using fc_test::Batch;
using fc_test::random_batch;

// AttMF on Parallel's graph (or another).
class Attmf : public fc_test::Instance {
 public:
  Attmf(const algorithm_options_t &options, int n_features, int n = 6,
        const std::vector<std::pair<int, int>> &edges = fc_test::SmallWorkflow::parallel_edges())
      : Instance("attmf", options, n_features, n, edges) {}
};

algorithm_options_t defaults(algorithm_variant_t variant) {
  return algorithm_find("attmf", nullptr)->defaults(variant);
}

// ---- golden

constexpr int kGoldenFeatures = 11, kGoldenBatch = 4;

// The parameters of tests/golden/attmf_golden.py, written through state(); layouts from the nets themselves.
void set_golden(Attmf *attmf, const char *block, const attmf_net_t &net, int t_attention, int t_mlp) {
  int64_t *step;
  fc_rng_t *rng;
  const auto p = [](int t, int64_t k) {
    return static_cast<float>(0.2 * std::sin(0.37 * static_cast<double>(k) + 1.3 * t));
  };
  const int64_t in[3] = {net.mlp.n_in, net.mlp.n_hidden, net.mlp.n_hidden};
  const int64_t out[3] = {net.mlp.n_hidden, net.mlp.n_hidden, net.mlp.n_out};
  const int64_t w[3] = {net.mlp.w1, net.mlp.w2, net.mlp.w3}, b[3] = {net.mlp.b1, net.mlp.b2, net.mlp.b3};
  for (const char *part : {".parameters", ".target"}) {
    const algorithm_state_t state = attmf->state(&step, &rng).at(std::string(block) + part);
    ASSERT_EQ(net.parameters.n_values, state.n);
    for (int64_t k = 0; k < kGoldenFeatures * 32; ++k) {
      state.data[net.field.query + k] = p(t_attention, k);
      state.data[net.field.key + k] = p(t_attention + 1, k);
    }
    for (int layer = 0; layer < 3; ++layer) {
      for (int64_t i = 0; i < in[layer]; ++i) {
        for (int64_t u = 0; u < out[layer]; ++u) {
          state.data[w[layer] + i * out[layer] + u] = p(t_mlp + 2 * layer, u * in[layer] + i);
        }
      }
      for (int64_t u = 0; u < out[layer]; ++u) state.data[b[layer] + u] = p(t_mlp + 2 * layer + 1, u);
    }
  }
}

algorithm_report_t golden_update(algorithm_variant_t variant, double discount) {
  algorithm_options_t options = defaults(variant);
  options.n_batch = kGoldenBatch;
  options.discount = static_cast<float>(discount);
  options.learning_rate = 0;  // the actor step must see the critic that the script saw
  Attmf attmf(options, kGoldenFeatures);
  const fc_dims_t dims = {1, kGoldenBatch, 6, 0, kGoldenFeatures, A, 64, 32, 1};
  attmf_net_t actor, critic;
  attmf_net_init_actor(&actor, fc_ops_cpu(), &dims, fc_neighbours_t{}, ATTENTION_SOFTMAX, NORM_LAYER);
  attmf_net_init_critic(&critic, fc_ops_cpu(), &dims, fc_neighbours_t{}, ATTENTION_SOFTMAX, NORM_LAYER);
  set_golden(&attmf, "actor", actor, 1, 5);
  set_golden(&attmf, "critic", critic, 3, 11);
  const auto x = [](int t, size_t k) { return static_cast<float>(std::cos(0.61 * static_cast<double>(k) + 0.9 * t)); };
  Batch batch = random_batch(kGoldenBatch, 6, kGoldenFeatures, 1);
  for (size_t k = 0; k < batch.features.size(); ++k) batch.features[k] = x(1, k);
  for (size_t k = 0; k < batch.features.size(); ++k) batch.next_features[k] = x(2, k);
  for (size_t k = 0; k < batch.action.size(); ++k) batch.action[k] = (x(3, k) + 1) / 2;
  for (size_t k = 0; k < batch.reward.size(); ++k) batch.reward[k] = x(4, k);
  std::fill(batch.terminal.begin(), batch.terminal.end(), 0);
  return attmf.update(batch);
}

TEST(AttmfGoldenUpdate, RepairedLossesAndGradientsMatchTheScript) {
  const algorithm_report_t report = golden_update(VARIANT_REPAIRED, 0.9);
  EXPECT_NEAR(0.4309523519, report.critic_loss, 1e-4 * 0.43);
  EXPECT_NEAR(-0.4588628014, report.actor_loss, 1e-4 * 0.46);
  // Root of the sum of squares of the eight printed norms; ours also counts the gradients of the norms' own scales.
  const double critic = std::sqrt(std::pow(6.817521e-03, 2) + std::pow(6.132783e-03, 2) + std::pow(5.171124e-01, 2) +
                                  std::pow(1.714452e-01, 2) + std::pow(4.698211e+00, 2) + std::pow(7.157169e-01, 2) +
                                  std::pow(3.195735e+00, 2) + std::pow(4.149414e-01, 2));
  EXPECT_GT(report.critic_grad_norm, critic);
  EXPECT_LT(report.critic_grad_norm, 1.2 * critic);
  EXPECT_GT(report.actor_grad_norm, 0.12);
  EXPECT_LT(report.actor_grad_norm, 0.16);
}

TEST(AttmfGoldenUpdate, FaithfulActorLossIsTheConstantTimesThePublishedDivision) {
  const algorithm_report_t report = golden_update(VARIANT_FAITHFUL, 0.9);
  // the script takes the mean over 24 rows; as published the sum is divided by 8
  EXPECT_NEAR(-0.1857590468 * 24 / 8, report.actor_loss, 1e-4);
  EXPECT_LT(report.actor_grad_norm, 1e-5);
}

// ---- the published flaw, through the learner's own report

TEST(Attmf, FaithfulActorGradientVanishesAndTheRepairedOneDoesNot) {
  double faithful = 0, repaired = 1e9;
  for (algorithm_variant_t variant : {VARIANT_FAITHFUL, VARIANT_REPAIRED}) {
    Attmf attmf(defaults(variant), 11);
    for (unsigned i = 0; i < 20; ++i) {
      const algorithm_report_t report = attmf.update(random_batch(64, 6, 11, i));
      ASSERT_TRUE(std::isfinite(report.critic_loss) && std::isfinite(report.actor_loss));
      EXPECT_GT(report.critic_grad_norm, 1e-3);
      if (variant == VARIANT_FAITHFUL) faithful = std::max(faithful, report.actor_grad_norm);
      if (variant == VARIANT_REPAIRED) repaired = std::min(repaired, report.actor_grad_norm);
    }
  }
  EXPECT_LT(faithful, 2e-4);  // losses are sums over 384 rows / 8: 48 times the mean's round-off
  EXPECT_LT(faithful / 48, 1e-5);
  EXPECT_GT(repaired, 1e-3);
}

// ---- determinism

class BothVariants : public testing::TestWithParam<algorithm_variant_t> {};
INSTANTIATE_TEST_SUITE_P(Attmf, BothVariants, testing::Values(VARIANT_REPAIRED, VARIANT_FAITHFUL),
                         [](const testing::TestParamInfo<algorithm_variant_t> &instance) {
                           return std::string(instance.param == VARIANT_REPAIRED ? "repaired" : "faithful");
                         });

TEST_P(BothVariants, SameSeedSameBytesAndAnotherSeedOthers) {
  algorithm_options_t options = defaults(GetParam());
  options.n_batch = 16;
  Attmf first(options, 7), second(options, 7);
  options.seed = 2;
  Attmf other(options, 7);
  for (unsigned i = 0; i < 30; ++i) {
    const Batch batch = random_batch(16, 6, 7, i);
    first.update(batch);
    second.update(batch);
    other.update(batch);
  }
  EXPECT_EQ(first.bytes(), second.bytes());
  EXPECT_NE(first.bytes(), other.bytes());
}

TEST_P(BothVariants, ResumedMidwayGivesTheSameBytes) {
  algorithm_options_t options = defaults(GetParam());
  options.n_batch = 16;
  options.discount = 0.9f;  // so that targets matter
  Attmf whole(options, 7);
  std::string saved;
  for (unsigned i = 0; i < 40; ++i) {
    if (i == 20) saved = whole.bytes();
    whole.update(random_batch(16, 6, 7, i));
    // between updates act() and q() may run: they must leave no trace
    whole.act(3, std::vector<float>(3 * 6 * 7, 0.5f));
  }
  options.seed = 99;  // a fresh instance that starts elsewhere
  Attmf resumed(options, 7);
  resumed.restore(saved);
  for (unsigned i = 20; i < 40; ++i) resumed.update(random_batch(16, 6, 7, i));
  EXPECT_EQ(whole.bytes(), resumed.bytes());
}

TEST_P(BothVariants, TargetsDriftByTau) {
  algorithm_options_t options = defaults(GetParam());
  options.n_batch = 4;
  Attmf attmf(options, 3);
  int64_t *step;
  fc_rng_t *rng;
  const auto blocks = attmf.state(&step, &rng);
  for (const char *net : {"actor", "critic"}) {
    const algorithm_state_t p = blocks.at(std::string(net) + ".parameters"),
                            t = blocks.at(std::string(net) + ".target");
    EXPECT_EQ(std::vector<float>(p.data, p.data + p.n), std::vector<float>(t.data, t.data + t.n)) << "at creation";
  }
  const algorithm_state_t p = blocks.at("critic.parameters"), t = blocks.at("critic.target");
  const std::vector<float> start(t.data, t.data + t.n);
  attmf.update(random_batch(4, 6, 3, 1));
  EXPECT_EQ(1, *step);
  for (int64_t i = 0; i < t.n; ++i) EXPECT_NEAR(start[i] + 0.01f * (p.data[i] - start[i]), t.data[i], 1e-7);
}

// ---- learning

TEST(Attmf, OverfitsThirtyTwoRows) {
  algorithm_options_t options = defaults(VARIANT_REPAIRED);
  options.n_batch = 32;
  Attmf attmf(options, 7);
  const Batch batch = random_batch(32, 6, 7, 5);
  double loss = 1e9;
  for (int i = 0; i < 4000 && loss > 1e-4; ++i) loss = attmf.update(batch).critic_loss;
  EXPECT_LT(loss, 1e-4);
  const std::vector<float> q = attmf.q(32, batch.features, batch.action);
  for (int b = 0; b < 32; ++b) EXPECT_NEAR(batch.reward[b], q[b], 0.05);
}

TEST(Attmf, TerminalRowsIgnoreTheNextFeatures) {
  algorithm_options_t options = defaults(VARIANT_FAITHFUL);
  options.n_batch = 8;
  Attmf first(options, 5), second(options, 5);
  Batch batch = random_batch(8, 6, 5, 3);
  std::fill(batch.terminal.begin(), batch.terminal.end(), 1);
  first.update(batch);
  std::fill(batch.next_features.begin(), batch.next_features.end(), 123.0f);
  second.update(batch);
  EXPECT_EQ(first.bytes(), second.bytes());
}

// ---- the policy, against the equations of docs/algorithms.md in plain loops

std::vector<double> infer(const std::map<std::string, fc_tensor_t> &policy, const fc_topology_t &topology,
                          const float *s, int o, bool faithful) {
  const auto at = [&policy](const std::string &name) { return policy.at("actor." + name).data; };
  const int n = topology.n_functions, h = static_cast<int>(policy.at("actor.b1").shape[0]);
  const int d = static_cast<int>(policy.at("actor.attention.query").shape[1]);
  const auto affine = [](const std::vector<double> &x, const float *w, const float *b, int out) {
    std::vector<double> y(out);
    for (int u = 0; u < out; ++u) {
      y[u] = b == nullptr ? 0 : static_cast<double>(b[u]);
      for (size_t i = 0; i < x.size(); ++i) y[u] += x[i] * static_cast<double>(w[i * out + u]);
    }
    return y;
  };
  const auto hidden = [&](std::vector<double> y, const float *scale, const float *shift) {
    double mean = 0, variance = 0;
    for (double &v : y) v = std::max(0.0, v);
    for (double v : y) mean += v / h;
    for (double v : y) variance += (v - mean) * (v - mean) / h;
    for (int u = 0; u < h; ++u) {
      const double norm = faithful ? y[u] : (y[u] - mean) / std::sqrt(variance + 1e-5);
      y[u] = norm * static_cast<double>(scale[u]) + static_cast<double>(shift[u]);
    }
    return y;
  };
  std::vector<double> action;
  for (int j = 0; j < n; ++j) {
    std::vector<double> x(2 * o, 0);
    for (int i = 0; i < o; ++i) x[i] = static_cast<double>(s[j * o + i]);
    const std::vector<double> query = affine({x.begin(), x.begin() + o}, at("attention.query"), nullptr, d);
    double sum = faithful ? 0.001 : 0;
    std::vector<std::pair<int, double>> weights;
    for (int e = topology.row_start[j]; e < topology.row_start[j + 1]; ++e) {
      if ((topology.edge_kinds[e] & (FC_EDGE_SUCCESSOR | FC_EDGE_PREDECESSOR)) == 0) continue;
      const int k = topology.column[e];
      const std::vector<double> other(s + k * o, s + (k + 1) * o);
      const std::vector<double> key = affine(other, at("attention.key"), nullptr, d);
      double z = 0;
      for (int i = 0; i < d; ++i) z += query[i] * key[i];
      weights.emplace_back(k, faithful ? z * z : std::exp(z / std::sqrt(static_cast<double>(d))));
      sum += weights.back().second;
    }
    for (const auto &[k, w] : weights) {
      for (int i = 0; i < o; ++i) x[o + i] += w / sum * static_cast<double>(s[k * o + i]);
    }
    const std::vector<double> h1 = hidden(affine(x, at("w1"), at("b1"), h), at("norm1.scale"), at("norm1.shift"));
    const std::vector<double> h2 = hidden(affine(h1, at("w2"), at("b2"), h), at("norm2.scale"), at("norm2.shift"));
    for (double z : affine(h2, at("w3"), at("b3"), A)) {
      const double a = 1 / (1 + std::exp(-z));
      action.push_back(faithful ? std::min(0.9, std::max(0.1, a)) : a);
    }
  }
  return action;
}

TEST_P(BothVariants, ExportedTensorsReproduceTheActionsByTheDocumentedEquations) {
  constexpr int o = 9;
  algorithm_options_t options = defaults(GetParam());
  options.learning_rate = 0.01f;  // move away from the start, statistics included
  Attmf attmf(options, o);
  for (unsigned i = 0; i < 50; ++i) attmf.update(random_batch(64, 6, o, i));
  fc_policy_manifest_t manifest = {};
  const auto policy = attmf.policy(&manifest);
  EXPECT_STREQ("attmf", manifest.kind);
  EXPECT_STREQ(GetParam() == VARIANT_FAITHFUL ? "faithful" : "repaired", manifest.variant);
  const std::map<std::string, std::vector<int64_t>> shapes = {{"actor.attention.query", {o, 32}},
                                                              {"actor.attention.key", {o, 32}},
                                                              {"actor.w1", {2 * o, 64}},
                                                              {"actor.b1", {64}},
                                                              {"actor.norm1.scale", {64}},
                                                              {"actor.norm1.shift", {64}},
                                                              {"actor.w2", {64, 64}},
                                                              {"actor.b2", {64}},
                                                              {"actor.norm2.scale", {64}},
                                                              {"actor.norm2.shift", {64}},
                                                              {"actor.w3", {64, A}},
                                                              {"actor.b3", {A}}};
  ASSERT_EQ(shapes.size(), policy.size());
  for (const auto &[name, shape] : shapes) {
    const fc_tensor_t &t = policy.at(name);
    EXPECT_EQ(shape, std::vector<int64_t>(t.shape, t.shape + t.n_dims)) << name;
  }
  const Batch batch = random_batch(5, 6, o, 77);
  const std::vector<float> action = attmf.act(5, batch.features);
  for (int b = 0; b < 5; ++b) {
    const std::vector<double> expected =
        infer(policy, attmf.topology(), &batch.features[size_t(b) * 6 * o], o, GetParam() == VARIANT_FAITHFUL);
    for (int i = 0; i < 6 * A; ++i) EXPECT_NEAR(expected[i], action[size_t(b) * 6 * A + i], 2e-5);
  }
}

TEST(Attmf, FaithfulClipsTheActionsItServes) {
  Attmf attmf(defaults(VARIANT_FAITHFUL), 3);
  std::vector<float> features(6 * 3, 1e4f);
  int clipped = 0;
  for (float a : attmf.act(1, features)) {
    EXPECT_GE(a, 0.1f);
    EXPECT_LE(a, 0.9f);
    clipped += a == 0.1f || a == 0.9f;
  }
  EXPECT_GT(clipped, 0);
}

// ---- use

TEST_P(BothVariants, ActAndQGiveTheSameForAnyBatchSize) {
  Attmf attmf(defaults(GetParam()), 4);
  const Batch batch = random_batch(64, 6, 4, 8);
  const std::vector<float> all = attmf.act(64, batch.features);
  const std::vector<float> all_q = attmf.q(64, batch.features, batch.action);
  for (int b = 0; b < 64; b += 7) {
    const std::vector<float> row(batch.features.begin() + b * 24, batch.features.begin() + (b + 1) * 24);
    const std::vector<float> a(batch.action.begin() + b * 24, batch.action.begin() + (b + 1) * 24);
    const std::vector<float> one = attmf.act(1, row);
    for (int i = 0; i < 6 * A; ++i) EXPECT_NEAR(all[b * 24 + i], one[i], 1e-6);
    EXPECT_NEAR(all_q[b], attmf.q(1, row, a)[0], 1e-5);
  }
}

TEST_P(BothVariants, OneFunctionAndNoNeighboursWork) {
  algorithm_options_t options = defaults(GetParam());
  options.n_batch = 8;
  Attmf one(options, 3, 1, {}), unconnected(options, 3, 4, {});
  for (unsigned i = 0; i < 5; ++i) {
    EXPECT_TRUE(std::isfinite(one.update(random_batch(8, 1, 3, i)).critic_loss));
    EXPECT_TRUE(std::isfinite(unconnected.update(random_batch(8, 4, 3, i)).critic_loss));
  }
}

TEST(Attmf, RefusesWrongOptionsWithASentence) {
  const algorithm_interface_t *attmf = algorithm_find("attmf", nullptr);
  const fc_test::SmallWorkflow workflow(2, {{0, 1}});
  algorithm_options_t good = defaults(VARIANT_REPAIRED);
  std::vector<algorithm_options_t> bad(8, good);
  bad[0].n_batch = 0;
  bad[1].n_hidden = -3;
  bad[2].n_attention = 100000;
  bad[3].learning_rate = NAN;
  bad[4].discount = 1;
  bad[5].soft_update = 1.5f;
  bad[6].variant = static_cast<algorithm_variant_t>(7);
  bad[7].discount = -0.1f;
  for (const algorithm_options_t &options : bad) {
    algorithm_t *self = nullptr;
    fc_error_t error = {};
    EXPECT_EQ(FC_EINVAL, attmf->create(&options, workflow.get(), 3, &self, &error));
    EXPECT_EQ(nullptr, self);
    EXPECT_EQ(0, std::strncmp(error.message, "attmf: ", 7)) << error.message;
  }
  algorithm_t *self = nullptr;
  EXPECT_EQ(FC_EINVAL, attmf->create(&good, workflow.get(), 0, &self, nullptr));
  EXPECT_EQ(FC_EINVAL, attmf->create(&good, workflow.get(), FC_MAX_FEATURES + 1, &self, nullptr));
}

TEST(AlgorithmFind, KnowsItsNamesAndListsThem) {
  const char *names = nullptr;
  EXPECT_EQ(nullptr, algorithm_find("no-such", &names));
  EXPECT_STREQ("attmf, mean_field, maddpg, ddpg, firm", names);
  for (const char *name : {"attmf", "mean_field", "maddpg", "ddpg", "firm"}) {
    ASSERT_NE(nullptr, algorithm_find(name, nullptr));
    EXPECT_STREQ(name, algorithm_find(name, nullptr)->name);
  }
}

}  // namespace
