// The nets of AttMF in double: whole losses against finite differences, and what must not matter (order of functions,
// padding, who runs beside whom).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "bound_net.h"
#include "small_workflow.h"

extern "C" {
#include "neighbours.h"
}

namespace {

using fc_test::BoundNet;
using fc_test::Reals;
using Edges = std::vector<std::pair<int, int>>;

constexpr int O = 5, A = 4, H = 16, D = 6;

Reals draw(size_t n, unsigned seed, double low = -1, double high = 1) {
  std::mt19937_64 rng(seed);
  std::uniform_real_distribution<double> uniform(low, high);
  Reals v(n);
  for (fc_real_t &x : v) x = uniform(rng);
  return v;
}

// Actor and critic over one graph, a batch, and both losses with their gradients.
class Problem {
 public:
  Problem(int n_batch, int n_functions, const Edges &edges, attention_t attention, norm_t norm, net_mode_t mode,
          int n_learners = 1)
      : n_batch_(n_batch),
        n_functions_(n_functions),
        mode_(mode),
        n_learners_(n_learners),
        workflow_(n_functions, edges) {
    EXPECT_EQ(FC_OK,
              neighbours_init(&neighbours_, &workflow_.get()->topology, FC_EDGE_SUCCESSOR | FC_EDGE_PREDECESSOR));
    const fc_dims_t dims = {n_learners, n_batch, n_functions, neighbours_.csr.n_edges, O, A, H, D, 1};
    attmf_net_init_actor(&actor.net, fc_ops_cpu(), &dims, neighbours_.csr, attention, norm);
    attmf_net_init_critic(&critic.net, fc_ops_cpu(), &dims, neighbours_.csr, attention, norm);
    actor.bind(n_batch, 1);
    critic.bind(n_batch, 2);
    // norms away from their neutral start, running statistics away from (0, 1)
    for (BoundNet *net : {&actor, &critic}) {
      const Reals noise = draw(net->block.size(), 9, -0.2, 0.2);
      for (int i = 0; i < net->net.parameters.n_items; ++i) {
        const parameter_t &p = net->net.parameters.items[i];
        for (int64_t k = 0; k < int64_t{p.shape[0]} * p.shape[1]; ++k) net->block[p.offset + k] += noise[p.offset + k];
      }
      net->statistics = draw(net->statistics.size(), 10, 0.5, 1.5);
    }
    const size_t rows = static_cast<size_t>(n_learners) * n_batch * n_functions;
    s = draw(rows * O, 3);
    a = draw(rows * A, 4, 0, 1);
    y = draw(rows, 5);
    row_weight.assign(rows, 1);
  }
  ~Problem() { neighbours_clear(&neighbours_); }
  Problem(const Problem &) = delete;
  Problem &operator=(const Problem &) = delete;

  int rows() const { return n_batch_ * n_functions_; }

  double critic_loss() {
    const Reals keep = critic.statistics;
    const fc_real_t *q = critic.q(mode_, n_batch_, s, a.data());
    critic.statistics = keep;
    Reals loss(n_learners_);
    fc_ops_cpu()->mse_forward(loss.data(), q, y.data(), row_weight.data(), factor(), n_learners_, rows(), nullptr);
    return loss[0];
  }
  void critic_gradient() {
    critic_loss();
    Reals grad_q(y.size());
    fc_ops_cpu()->mse_backward(grad_q.data(), critic.pass.mlp.y, y.data(), row_weight.data(), factor(), n_learners_,
                               rows(), nullptr);
    std::fill(critic.gradients.begin(), critic.gradients.end(), 0);
    attmf_critic_backward(&critic.net, critic.block.data(), critic.statistics.data(), mode_, n_batch_, s.data(),
                          a.data(), &critic.pass, grad_q.data(), critic.gradients.data(), &critic.workspace);
  }

  double actor_loss() {
    const Reals keep_actor = actor.statistics, keep_critic = critic.statistics;
    const fc_real_t *pi = actor.act(mode_, n_batch_, s);
    const fc_real_t *q = critic.q(mode_, n_batch_, s, pi);
    actor.statistics = keep_actor;
    critic.statistics = keep_critic;
    Reals loss(n_learners_);
    fc_ops_cpu()->sum_loss_forward(loss.data(), q, row_weight.data(), -factor(), n_learners_, rows(), nullptr);
    return loss[0];
  }
  void actor_gradient() {
    actor_loss();
    Reals grad_q(y.size()), grad_action(a.size());
    fc_ops_cpu()->sum_loss_backward(grad_q.data(), row_weight.data(), -factor(), n_learners_, rows(), nullptr);
    attmf_critic_action_gradient(&critic.net, critic.block.data(), critic.statistics.data(), mode_, n_batch_,
                                 actor.pass.mlp.y, &critic.pass, grad_q.data(), grad_action.data(), &critic.workspace);
    std::fill(actor.gradients.begin(), actor.gradients.end(), 0);
    attmf_actor_backward(&actor.net, actor.block.data(), actor.statistics.data(), mode_, n_batch_, s.data(),
                         &actor.pass, grad_action.data(), actor.gradients.data(), &actor.workspace);
  }

  BoundNet actor, critic;
  Reals s, a, y, row_weight;

 private:
  double factor() const { return 0.7 / 12; }
  int n_batch_, n_functions_;
  net_mode_t mode_;
  int n_learners_;
  fc_test::SmallWorkflow workflow_;
  neighbours_t neighbours_;
};

double norm_of(const Reals &v) {
  double sum = 0;
  for (fc_real_t x : v) sum += x * x;
  return std::sqrt(sum);
}

void expect_near_all(const Reals &expected, const Reals &found, double bound, const char *what) {
  ASSERT_EQ(expected.size(), found.size());
  for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(expected[i], found[i], bound) << what << "[" << i << "]";
}

// ---- finite differences of both whole losses

// Central differences of loss() along `direction` of the block, five points.
template <typename Loss>
double numeric(Reals *block, const Reals &direction, Loss loss) {
  const double h = 2e-5, factor[4] = {1.0 / 12, -8.0 / 12, 8.0 / 12, -1.0 / 12}, at[4] = {-2, -1, 1, 2};
  const Reals start = *block;
  double sum = 0;
  for (int k = 0; k < 4; ++k) {
    for (size_t i = 0; i < start.size(); ++i) (*block)[i] = start[i] + at[k] * h * direction[i];
    sum += factor[k] * loss();
  }
  *block = start;
  return sum / h;
}

template <typename Loss>
void expect_derivative(BoundNet *net, Loss loss) {
  std::mt19937 rng(17);
  Reals direction(net->block.size(), 0);
  for (int t = 0; t < net->net.parameters.n_items; ++t) {
    const parameter_t &p = net->net.parameters.items[t];
    const int64_t n = int64_t{p.shape[0]} * p.shape[1];
    for (int entry = 0; entry < 20; ++entry) {
      const int64_t at = p.offset + static_cast<int64_t>(rng() % static_cast<uint64_t>(n));
      direction[at] = 1;
      const double g = numeric(&net->block, direction, loss), analytic = net->gradients[at];
      direction[at] = 0;
      // 5e-11: round-off of the differences themselves
      EXPECT_NEAR(analytic, g, 1e-6 * std::max(5e-5, std::fabs(analytic) + std::fabs(g))) << p.name << " entry " << at;
    }
  }
  for (unsigned vector = 0; vector < 5; ++vector) {
    direction = draw(direction.size(), 30 + vector);
    const double length = norm_of(direction);
    double analytic = 0;
    for (size_t i = 0; i < direction.size(); ++i) {
      direction[i] /= length;
      analytic += direction[i] * net->gradients[i];
    }
    const double g = numeric(&net->block, direction, loss);
    EXPECT_NEAR(analytic, g, 1e-8 * std::max(1e-2, std::fabs(analytic) + std::fabs(g))) << "direction " << vector;
  }
}

struct GraphCase {
  const char *name;
  int n;
  Edges edges;
};

std::vector<GraphCase> graph_cases() {
  return {{"parallel", 6, fc_test::SmallWorkflow::parallel_edges()},
          {"single", 1, {}},
          {"isolated", 4, {{0, 1}, {1, 2}}},
          {"unconnected", 3, {}}};
}

const char *attention_name(attention_t attention) {
  return attention == ATTENTION_SOFTMAX ? "softmax" : attention == ATTENTION_SQUARE ? "square" : "uniform";
}

class WholeLoss : public testing::TestWithParam<std::tuple<int, attention_t, norm_t, net_mode_t>> {};

TEST_P(WholeLoss, GradientsOfCriticAndActorAreTheDerivatives) {
  const auto [graph, attention, norm, mode] = GetParam();
  const GraphCase g = graph_cases()[graph];
  Problem p(3, g.n, g.edges, attention, norm, mode);
  p.critic_gradient();
  expect_derivative(&p.critic, [&p] { return p.critic_loss(); });
  p.actor_gradient();
  // The critic's attention is a constant of the actor's step by definition, and s does not depend on the actor at all,
  // so the derivative of the loss itself is the gradient.
  expect_derivative(&p.actor, [&p] { return p.actor_loss(); });
}

TEST_P(WholeLoss, TilesOfRowsDoNotMatter) {
  const auto [graph, attention, norm, mode] = GetParam();
  const GraphCase g = graph_cases()[graph];
  Problem whole(5, g.n, g.edges, attention, norm, mode), tiled(5, g.n, g.edges, attention, norm, mode);
  const int32_t tile_rows = g.n == 1 ? 1 : 2;  // of 5 rows at least: enough of them, and a smaller last one
  ASSERT_GE(tiled.rows(), MLP_LEAST_TILES * tile_rows);
  tiled.actor.net.mlp.tile_rows = tiled.critic.net.mlp.tile_rows = tile_rows;
  ASSERT_EQ(0, whole.critic.net.mlp.tile_rows);
  whole.critic_gradient();
  tiled.critic_gradient();
  expect_near_all(whole.critic.gradients, tiled.critic.gradients, 1e-12, "critic gradient");
  whole.actor_gradient();
  tiled.actor_gradient();
  expect_near_all(whole.actor.gradients, tiled.actor.gradients, 1e-12, "actor gradient");
  for (int r = 0; r < whole.rows(); ++r) EXPECT_EQ(whole.critic.pass.mlp.y[r], tiled.critic.pass.mlp.y[r]) << r;
  for (int r = 0; r < whole.rows() * A; ++r) EXPECT_EQ(whole.actor.pass.mlp.y[r], tiled.actor.pass.mlp.y[r]) << r;
}

INSTANTIATE_TEST_SUITE_P(Nets, WholeLoss,
                         testing::Combine(testing::Range(0, 4),
                                          testing::Values(ATTENTION_SOFTMAX, ATTENTION_SQUARE, ATTENTION_UNIFORM),
                                          testing::Values(NORM_LAYER, NORM_BATCH),
                                          testing::Values(MODE_TRAIN, MODE_EVAL)),
                         [](const testing::TestParamInfo<WholeLoss::ParamType> &instance) {
                           return std::string(graph_cases()[std::get<0>(instance.param)].name) + "_" +
                                  attention_name(std::get<1>(instance.param)) +
                                  (std::get<2>(instance.param) == NORM_LAYER ? "_layer" : "_batch") +
                                  (std::get<3>(instance.param) == MODE_TRAIN ? "_train" : "_eval");
                         });

// ---- what must not matter

class Invariance : public testing::TestWithParam<attention_t> {};

TEST_P(Invariance, OrderOfFunctionsDoesNotMatter) {
  const std::vector<int> to = {4, 2, 0, 5, 1, 3};  // function j of the first problem is to[j] of the second
  Edges permuted;
  for (const auto &[from, next] : fc_test::SmallWorkflow::parallel_edges()) permuted.emplace_back(to[from], to[next]);
  Problem p(3, 6, fc_test::SmallWorkflow::parallel_edges(), GetParam(), NORM_LAYER, MODE_TRAIN);
  Problem other(3, 6, permuted, GetParam(), NORM_LAYER, MODE_TRAIN);
  for (int b = 0; b < 3; ++b) {
    for (int j = 0; j < 6; ++j) {
      const int from = b * 6 + j, at = b * 6 + to[j];
      std::copy_n(&p.s[from * O], O, &other.s[at * O]);
      std::copy_n(&p.a[from * A], A, &other.a[at * A]);
      other.y[at] = p.y[from];
    }
  }
  p.critic_gradient();
  other.critic_gradient();
  for (int b = 0; b < 3; ++b) {
    for (int j = 0; j < 6; ++j) {
      EXPECT_NEAR(p.critic.pass.mlp.y[b * 6 + j], other.critic.pass.mlp.y[b * 6 + to[j]], 1e-12);
    }
  }
  expect_near_all(p.critic.gradients, other.critic.gradients, 1e-12, "critic gradient");
  p.actor_gradient();
  other.actor_gradient();
  for (int b = 0; b < 3; ++b) {
    for (int j = 0; j < 6; ++j) {
      for (int k = 0; k < A; ++k) {
        EXPECT_NEAR(p.actor.pass.mlp.y[(b * 6 + j) * A + k], other.actor.pass.mlp.y[(b * 6 + to[j]) * A + k], 1e-12);
      }
    }
  }
  expect_near_all(p.actor.gradients, other.actor.gradients, 1e-12, "actor gradient");
}

TEST_P(Invariance, MaskedPaddingFunctionsChangeNothing) {
  constexpr int kReal = 6, kPadded = 9;
  Problem p(3, kReal, fc_test::SmallWorkflow::parallel_edges(), GetParam(), NORM_LAYER, MODE_TRAIN);
  Problem padded(3, kPadded, fc_test::SmallWorkflow::parallel_edges(), GetParam(), NORM_LAYER, MODE_TRAIN);
  std::fill(padded.row_weight.begin(), padded.row_weight.end(), 0);
  for (int b = 0; b < 3; ++b) {
    for (int j = 0; j < kReal; ++j) {
      const int from = b * kReal + j, at = b * kPadded + j;
      std::copy_n(&p.s[from * O], O, &padded.s[at * O]);
      std::copy_n(&p.a[from * A], A, &padded.a[at * A]);
      padded.y[at] = p.y[from];
      padded.row_weight[at] = 1;
    }
  }
  EXPECT_NEAR(p.critic_loss(), padded.critic_loss(), 1e-15);
  p.critic_gradient();
  padded.critic_gradient();
  expect_near_all(p.critic.gradients, padded.critic.gradients, 1e-15, "critic gradient");
  p.actor_gradient();
  padded.actor_gradient();
  expect_near_all(p.actor.gradients, padded.actor.gradients, 1e-15, "actor gradient");
  for (int b = 0; b < 3; ++b) {
    for (int k = 0; k < kReal * A; ++k) {
      EXPECT_EQ(p.actor.pass.mlp.y[b * kReal * A + k], padded.actor.pass.mlp.y[b * kPadded * A + k]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Nets, Invariance, testing::Values(ATTENTION_SOFTMAX, ATTENTION_SQUARE, ATTENTION_UNIFORM),
                         [](const testing::TestParamInfo<attention_t> &instance) {
                           return std::string(attention_name(instance.param));
                         });

TEST(Learners, SideBySideAreTheSameAsAlone) {
  for (norm_t norm : {NORM_LAYER, NORM_BATCH}) {
    Problem both(3, 6, fc_test::SmallWorkflow::parallel_edges(), ATTENTION_SOFTMAX, norm, MODE_TRAIN, 2);
    both.critic_gradient();
    both.actor_gradient();
    for (int l = 0; l < 2; ++l) {
      Problem one(3, 6, fc_test::SmallWorkflow::parallel_edges(), ATTENTION_SOFTMAX, norm, MODE_TRAIN, 1);
      const size_t rows = one.y.size();
      std::copy_n(&both.s[l * rows * O], rows * O, one.s.begin());
      std::copy_n(&both.a[l * rows * A], rows * A, one.a.begin());
      std::copy_n(&both.y[l * rows], rows, one.y.begin());
      std::copy_n(&both.critic.block[l * one.critic.block.size()], one.critic.block.size(), one.critic.block.begin());
      std::copy_n(&both.actor.block[l * one.actor.block.size()], one.actor.block.size(), one.actor.block.begin());
      one.critic_gradient();
      one.actor_gradient();
      const auto part = [l](const Reals &v, size_t n) { return Reals(v.begin() + l * n, v.begin() + (l + 1) * n); };
      EXPECT_EQ(one.critic.gradients, part(both.critic.gradients, one.critic.gradients.size()));
      EXPECT_EQ(one.actor.gradients, part(both.actor.gradients, one.actor.gradients.size()));
    }
  }
}

// The published flaw (algorithms, "The vanishing actor gradient"), in double and without any tolerance for luck.
TEST(BatchNormCritic, ActorGradientVanishesInTrainingModeOnly) {
  Problem train(8, 6, fc_test::SmallWorkflow::parallel_edges(), ATTENTION_SQUARE, NORM_BATCH, MODE_TRAIN);
  Problem eval(8, 6, fc_test::SmallWorkflow::parallel_edges(), ATTENTION_SQUARE, NORM_BATCH, MODE_EVAL);
  Problem layer(8, 6, fc_test::SmallWorkflow::parallel_edges(), ATTENTION_SQUARE, NORM_LAYER, MODE_TRAIN);
  train.actor_gradient();
  eval.actor_gradient();
  layer.actor_gradient();
  EXPECT_LT(norm_of(train.actor.gradients), 1e-13);
  EXPECT_GT(norm_of(eval.actor.gradients), 1e-3);
  EXPECT_GT(norm_of(layer.actor.gradients), 1e-3);
}

TEST(Neighbours, KeepsTheChosenKindsAndSortsByColumn) {
  const fc_test::SmallWorkflow workflow(6, fc_test::SmallWorkflow::parallel_edges(), {{4, 5}});
  neighbours_t n;
  ASSERT_EQ(FC_OK, neighbours_init(&n, &workflow.get()->topology, FC_EDGE_SUCCESSOR | FC_EDGE_PREDECESSOR));
  ASSERT_EQ(10, n.csr.n_edges);  // five calls in both directions, no sibling
  EXPECT_EQ((std::vector<int32_t>{0, 1, 3, 5, 8, 9, 10}), std::vector<int32_t>(n.csr.row_start, n.csr.row_start + 7));
  for (int j = 0; j < 6; ++j) {
    for (int i = n.csr.incoming_start[j]; i < n.csr.incoming_start[j + 1]; ++i) {
      EXPECT_EQ(j, n.csr.column[n.csr.incoming[i]]);
      if (i > n.csr.incoming_start[j]) {
        EXPECT_LT(n.csr.incoming[i - 1], n.csr.incoming[i]);
      }
    }
  }
  EXPECT_EQ(10, n.csr.incoming_start[6]);
  neighbours_clear(&n);
  ASSERT_EQ(FC_OK, neighbours_init(&n, &workflow.get()->topology, FC_EDGE_SIBLING));
  EXPECT_EQ(2, n.csr.n_edges);
  neighbours_clear(&n);
}

}  // namespace
