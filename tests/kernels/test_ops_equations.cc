// Values of single ops against closed forms and plain loops written from the equations of ops.h.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "op_call.h"

extern "C" {
#include "faasconf/ops.h"
}

namespace {

using op_test::call_double;
using op_test::Result;
using op_test::Shape;
using op_test::Values;

TEST(LinearOp, IsThePlainTripleLoop) {
  for (const Shape &s : op_test::shapes_of(FC_OP_linear_forward)) {
    const Result r = call_double(FC_OP_linear_forward, s, {});
    const auto &x = r.inputs.at("x"), &w = r.inputs.at("w"), &y = r.outputs.at("y");
    const int rows = s.b * s.n;
    for (int l = 0; l < s.l; ++l) {
      for (int i = 0; i < rows; ++i) {
        for (int c = 0; c < s.out; ++c) {
          double sum = s.option ? 0 : r.inputs.at("b")[l * s.in * s.out + c];
          for (int k = 0; k < s.in; ++k) sum += x[(l * rows + i) * s.in + k] * w[(l * s.in + k) * s.out + c];
          ASSERT_NEAR(sum, y[(l * rows + i) * s.out + c], 1e-12 * s.in);
        }
      }
    }
  }
}

TEST(LinearReluOp, IsTheRectifiedProduct) {
  for (Shape s : op_test::shapes_of(FC_OP_linear_relu_forward)) {
    for (double slope : {0.0, 0.01}) {
      s.parameter = slope;
      const Result fused = call_double(FC_OP_linear_relu_forward, s, {});
      const Result product = call_double(FC_OP_linear_forward, s, fused.inputs);
      const auto &sum = product.outputs.at("y"), &y = fused.outputs.at("y");
      ASSERT_EQ(sum.size(), y.size());
      for (size_t i = 0; i < y.size(); ++i) ASSERT_EQ(sum[i] > 0 ? sum[i] : slope * sum[i], y[i]) << i;
    }
  }
}

TEST(SigmoidOp, NeverOverflows) {
  Shape s;
  s.b = s.n = s.l = 1;
  s.out = 5;
  const Result r = call_double(FC_OP_sigmoid_forward, s, {{"x", {-1e4, -1, 0, 1, 1e4}}});
  EXPECT_EQ((std::vector<double>{0, 1 / (1 + std::exp(1.0)), 0.5, 1 / (1 + std::exp(-1.0)), 1}), r.outputs.at("y"));
}

TEST(LayerNormOp, EveryRowHasMeanZeroAndVarianceOne) {
  Shape s;
  s.out = 33;
  const std::vector<double> ones(s.out, 1), zeros(s.out, 0);
  const Result r = call_double(FC_OP_layernorm_forward, s, {{"scale", ones}, {"shift", zeros}});
  for (int row = 0; row < s.b * s.n; ++row) {
    double mean = 0, squares = 0;
    for (int c = 0; c < s.out; ++c) mean += r.outputs.at("y")[row * s.out + c] / s.out;
    for (int c = 0; c < s.out; ++c) squares += std::pow(r.outputs.at("y")[row * s.out + c] - mean, 2) / s.out;
    EXPECT_NEAR(0, mean, 1e-14);
    EXPECT_NEAR(1, squares, 1e-3);  // the epsilon
  }
}

TEST(BatchNormOp, TrainingBlendsMeanAndUnbiasedVarianceIntoTheRunningOnes) {
  Shape s;
  s.l = 1;
  s.b = 4;
  s.n = 1;
  s.out = 1;
  const Result r =
      call_double(FC_OP_batchnorm_train_forward, s,
                  {{"x", {1, 2, 3, 6}}, {"scale", {2}}, {"shift", {10}}, {"running_mean", {0}}, {"running_var", {1}}});
  EXPECT_NEAR(0.1 * 3, r.outputs.at("running_mean")[0], 1e-15);
  EXPECT_NEAR(0.9 + 0.1 * 14.0 / 3, r.outputs.at("running_var")[0], 1e-15);
  EXPECT_NEAR(10 + 2 * (6 - 3) / std::sqrt(3.5 + 1e-5), r.outputs.at("y")[3], 1e-12);
}

TEST(BatchNormOp, OneRowGivesTheShiftAndOneColumnOfALayerNormToo) {
  Shape s;
  s.l = s.b = s.n = 1;
  s.out = 6;
  const Result batch = call_double(FC_OP_batchnorm_train_forward, s, {});
  EXPECT_EQ(batch.inputs.at("shift"), batch.outputs.at("y"));
  for (size_t c = 0; c < 6; ++c) {
    EXPECT_NEAR(0.9 * batch.inputs.at("running_var")[c], batch.outputs.at("running_var")[c], 1e-15);
  }
  s.b = 5;
  s.out = 1;
  const Result layer = call_double(FC_OP_layernorm_forward, s, {});
  for (double y : layer.outputs.at("y")) EXPECT_DOUBLE_EQ(layer.inputs.at("shift")[0], y);
}

// Weights of each row of the graph, by the equation.
void expect_attention(int op, const Shape &s) {
  const Result r = call_double(op, s, {});
  const op_test::Graph g = op_test::make_graph(s.n, s.graph);
  const auto &q = r.inputs.at("query"), &k = r.inputs.at("key"), &w = r.outputs.at("weight");
  const size_t n_edges = g.column.size();
  for (int lb = 0; lb < s.l * s.b; ++lb) {
    for (int j = 0; j < s.n; ++j) {
      std::vector<double> value;
      double sum = op == FC_OP_attention_square_forward ? 1e-3 : 0;
      for (int e = g.row_start[j]; e < g.row_start[j + 1]; ++e) {
        double z = 0;
        for (int d = 0; d < s.d; ++d) z += q[(lb * s.n + j) * s.d + d] * k[(lb * s.n + g.column[e]) * s.d + d];
        if (op == FC_OP_attention_square_forward) {
          value.push_back(z * z);
        } else {
          const double mask = s.option ? r.inputs.at("edge_mask")[e] : 1;
          value.push_back(std::exp(z * mask / std::sqrt(static_cast<double>(s.d))));
        }
        sum += value.back();
      }
      for (size_t i = 0; i < value.size(); ++i) {
        ASSERT_NEAR(value[i] / sum, w[lb * n_edges + g.row_start[j] + i], 1e-12);
      }
    }
  }
}

TEST(AttentionOp, SoftmaxFollowsItsEquation) {
  for (const Shape &s : op_test::shapes_of(FC_OP_attention_softmax_forward)) {
    expect_attention(FC_OP_attention_softmax_forward, s);
  }
}

TEST(AttentionOp, SquareFollowsItsEquation) {
  for (const Shape &s : op_test::shapes_of(FC_OP_attention_square_forward)) {
    expect_attention(FC_OP_attention_square_forward, s);
  }
}

TEST(AttentionOp, HugeScoresStayFinite) {
  Shape s;
  s.l = s.b = 1;
  s.n = 3;
  s.d = 1;
  s.graph = 2;
  const Result r = call_double(FC_OP_attention_softmax_forward, s, {{"query", {1e4, -1e4, 0}}, {"key", {1, 2, 3}}});
  const std::vector<double> &w = r.outputs.at("weight");
  EXPECT_EQ((std::vector<double>{0, 0, 1}), std::vector<double>(w.begin(), w.begin() + 3));
  EXPECT_EQ((std::vector<double>{1, 0, 0}), std::vector<double>(w.begin() + 3, w.begin() + 6));
  EXPECT_NEAR(1.0 / 3, w[6], 1e-15);
}

TEST(MeanFieldOp, IsolatedFunctionGetsZeros) {
  Shape s;
  s.l = 1;
  s.b = 2;
  s.n = 5;
  s.in = 3;
  s.out = 4;
  s.graph = 3;
  const Result r = call_double(FC_OP_mean_field_forward, s, {});
  for (int b = 0; b < s.b; ++b) {
    const size_t row = static_cast<size_t>(b * s.n + s.n - 1) * (s.in + s.out);
    for (int c = 0; c < s.in; ++c) {
      EXPECT_EQ(r.inputs.at("y")[row + c], r.outputs.at("y")[row + c]) << "column outside the field changed";
    }
    for (int c = 0; c < s.out; ++c) EXPECT_EQ(0, r.outputs.at("y")[row + s.in + c]);
  }
}

TEST(AdamOp, MatchesItsClosedFormOverSteps) {
  Shape s;
  s.l = s.b = s.n = 1;
  s.out = 3;
  std::vector<double> p = {1, -2, 0.5}, m = {0, 0, 0}, v = {0, 0, 0}, expected = p, em = m, ev = v;
  for (int t = 1; t <= 25; ++t) {
    const std::vector<double> g = {std::sin(0.3 * t), 1e-3 * t, -2.0};
    s.parameter = (t - 1) / 10.0 + 1e-9;
    const Result r = call_double(FC_OP_adam, s, {{"parameter", p}, {"moment1", m}, {"moment2", v}, {"grad", g}});
    p = r.outputs.at("parameter");
    m = r.outputs.at("moment1");
    v = r.outputs.at("moment2");
    for (int i = 0; i < 3; ++i) {
      em[i] = 0.9 * em[i] + 0.1 * g[i];
      ev[i] = 0.999 * ev[i] + 0.001 * g[i] * g[i];
      const double m_hat = em[i] / (1 - std::pow(0.9, t)), v_hat = ev[i] / (1 - std::pow(0.999, t));
      expected[i] -= 1e-2 * m_hat / (std::sqrt(v_hat) + 1e-8);
      EXPECT_NEAR(expected[i], p[i], 1e-13) << "step " << t;
    }
  }
}

TEST(SoftUpdateOp, MovesByTau) {
  Shape s;
  s.l = s.b = s.n = 1;
  s.out = 2;
  const Result r = call_double(FC_OP_soft_update, s, {{"target", {1, 2}}, {"source", {2, 0}}});
  EXPECT_NEAR(1.3, r.outputs.at("target")[0], 1e-15);
  EXPECT_NEAR(1.4, r.outputs.at("target")[1], 1e-15);
}

TEST(TdTargetOp, TerminalRowsDoNotBootstrap) {
  Shape s;
  s.l = 1;
  s.b = 2;
  s.n = 2;
  s.parameter = 0.9;
  const Result r = call_double(FC_OP_td_target, s, {{"reward", {1, 2}}, {"next_q", {10, 20, 30, 40}}});
  EXPECT_EQ((std::vector<double>{1 + 0.9 * 10, 1 + 0.9 * 20, 2, 2}), r.outputs.at("y"));
}

TEST(GatherOp, TakesTheRowsByIndex) {
  Shape s;
  s.l = 2;
  s.b = 3;
  s.n = 4;
  s.out = 2;
  const Result r = call_double(FC_OP_gather_rows, s, {});
  for (int l = 0; l < s.l; ++l) {
    for (int b = 0; b < s.b; ++b) {
      const int row = (7 * (l * s.b + b) + 3) % s.n;
      for (int c = 0; c < s.out; ++c) {
        EXPECT_EQ(r.inputs.at("x")[(l * s.n + row) * s.out + c], r.outputs.at("y")[(l * s.b + b) * s.out + c]);
      }
    }
  }
}

TEST(LossOps, SumOverRowsWithWeights) {
  Shape s;
  s.l = 1;
  s.b = 1;
  s.n = 3;
  const Result mse = call_double(FC_OP_mse_forward, s,
                                 {{"prediction", {1, 2, 3}}, {"target", {0, 0, 1}}, {"row_weight", {1, 0.5, 0}}});
  EXPECT_NEAR(0.3 * (1 + 2), mse.outputs.at("loss")[0], 1e-15);
  const Result sum = call_double(FC_OP_sum_loss_forward, s, {{"x", {1, 2, 3}}, {"row_weight", {1, 0.5, 0}}});
  EXPECT_NEAR(-0.3 * 2, sum.outputs.at("loss")[0], 1e-15);
}

// Scores through the fold are those of the two projections.
TEST(AttentionFoldOp, IsTheProductOfBothProjections) {
  Shape s;
  s.l = 2;
  s.in = 6;
  s.d = 9;
  const Result r = call_double(FC_OP_attention_fold_forward, s, {});
  const auto &query = r.inputs.at("query"), &key = r.inputs.at("key"), &fold = r.outputs.at("fold");
  const int stride = s.in * s.d + 5;
  for (int l = 0; l < s.l; ++l) {
    std::vector<double> a(s.in), b(s.in), q(s.d, 0), k(s.d, 0);
    for (int i = 0; i < s.in; ++i) {
      a[i] = std::sin(i + l);
      b[i] = std::cos(2 * i + l);
      for (int d = 0; d < s.d; ++d) {
        q[d] += a[i] * query[l * stride + i * s.d + d];
        k[d] += b[i] * key[l * stride + i * s.d + d];
      }
    }
    double expected = 0, found = 0;
    for (int d = 0; d < s.d; ++d) expected += 0.7 * q[d] * k[d];
    for (int i = 0; i < s.in; ++i)
      for (int j = 0; j < s.in; ++j) found += a[i] * fold[(l * s.in + i) * s.in + j] * b[j];
    EXPECT_NEAR(expected, found, 1e-13);
  }
}

TEST(AttentionUniformOp, WeightsOfAFunctionAreEqualAndSumToOne) {
  Shape s;
  s.b = 2;
  s.n = 6;
  const op_test::Graph graph = op_test::make_graph(s.n, s.graph);
  const Result r = call_double(FC_OP_attention_uniform_forward, s, {});
  const auto &weight = r.outputs.at("weight");
  for (int b = 0; b < s.b; ++b) {
    for (int j = 0; j < s.n; ++j) {
      double sum = 0;
      for (int e = graph.row_start[j]; e < graph.row_start[j + 1]; ++e) {
        sum += weight[b * graph.column.size() + e];
        EXPECT_EQ(weight[b * graph.column.size() + graph.row_start[j]], weight[b * graph.column.size() + e]);
      }
      EXPECT_NEAR(1, sum, 1e-15);
    }
  }
}

TEST(GatherTransitionsOp, EveryPartComesFromTheSameRow) {
  Shape s;
  s.b = 40;
  s.n = 7;
  s.out = 3;
  s.d = 2;
  const Result r = call_double(FC_OP_gather_transitions, s, {});
  for (int b = 0; b < s.b; ++b) {
    const int row = (7 * b + 3) % s.n;
    for (int c = 0; c < s.out; ++c) {
      EXPECT_EQ(r.inputs.at("rows")[row * s.out + c], r.outputs.at("features")[b * s.out + c]);
      EXPECT_EQ(r.inputs.at("next_rows")[row * s.out + c], r.outputs.at("next_features")[b * s.out + c]);
    }
    for (int a = 0; a < s.d; ++a) {
      EXPECT_EQ(r.inputs.at("actions")[row * s.d + a], r.outputs.at("action")[b * s.d + a]);
    }
    EXPECT_EQ(r.inputs.at("rewards")[row], r.outputs.at("reward")[b]);
    EXPECT_EQ(row % 3 == 1 ? 1 : 0, r.outputs.at("terminal")[b]);
  }
}

// Every row as often as any other, every learner and step its own rows, no row that is not there.
TEST(DrawRowsOp, IsUniformAndDiffersByLearnerAndStep) {
  Shape s;
  s.l = 2;
  s.b = 30000;
  s.n = 6;
  const auto first = call_double(FC_OP_draw_rows, s, {}).outputs.at("index");
  std::vector<int> counts(6, 0);
  for (double row : first) {
    ASSERT_GE(row, 0);
    ASSERT_LT(row, 6);
    counts[static_cast<size_t>(row)] += 1;
  }
  for (int count : counts) EXPECT_NEAR(10000, count, 5 * std::sqrt(10000.0 * 5 / 6));
  EXPECT_NE(std::vector<double>(first.begin(), first.begin() + s.b),
            std::vector<double>(first.begin() + s.b, first.end()));
  s.out += 1;  // the next step
  EXPECT_NE(first, call_double(FC_OP_draw_rows, s, {}).outputs.at("index"));
}

TEST(AdvanceOp, CountsBeyondThirtyTwoBits) {
  Shape s;
  EXPECT_EQ(std::pow(2, 40) + s.out + 1, call_double(FC_OP_advance, s, {}).outputs.at("step")[0]);
}

}  // namespace
