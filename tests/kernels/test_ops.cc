// Every op of the list: float32 against double on every instruction set and shape, and each backward against finite
// differences of its forward. Generated from the X-macro of ops.h.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "op_compare.h"

extern "C" {
#include "faasconf/ops.h"
}

namespace {

using op_test::describe;
using op_test::inputs_of;
using op_test::op_name;
using op_test::Pair;
using op_test::pair_of_backward;
using op_test::pairs;
using op_test::Result;
using op_test::Shape;
using op_test::Values;
using op_test::worst_of_bound;

class EveryOp : public testing::TestWithParam<int> {};

TEST_P(EveryOp, Float32AgreesWithDoubleOnEveryInstructionSet) {
  const int index = GetParam();
  ASSERT_FALSE(op_test::shapes_of(index).empty()) << op_name(index) << " has no shapes in op_shapes.cc";
  double worst = 0;
  int n_sets = 0;
  for (const char *isa : {"base", "avx2", "avx512"}) {
    if (fc_ops_cpu_isa(isa) == nullptr) continue;
    n_sets += 1;
    for (const Shape &shape : op_test::shapes_of(index)) {
      const Values inputs = inputs_of(index, shape);
      const Result expected = op_test::call_double(index, shape, inputs);
      const Result found = op_test::call_float(isa, index, shape, inputs);
      ASSERT_FALSE(expected.outputs.empty());
      for (const auto &[name, values] : expected.outputs) {
        ASSERT_EQ(values.size(), found.outputs.at(name).size());
        for (double x : values) ASSERT_TRUE(std::isfinite(x)) << describe(index, shape) << " " << name;
        const double off = worst_of_bound(values, found.outputs.at(name), 2e-6, 2e-5);
        EXPECT_LE(off, 1) << describe(index, shape) << " isa " << isa << " " << name;
        worst = std::max(worst, off);
      }
    }
  }
  EXPECT_GE(n_sets, 1);
  RecordProperty("percent_of_bound", static_cast<int>(100 * worst));
}

TEST_P(EveryOp, SameCallSameBytes) {
  const int index = GetParam();
  for (const Shape &shape : op_test::shapes_of(index)) {
    const Values inputs = inputs_of(index, shape);
    const char *isa = fc_ops_cpu()->isa;
    const Result first = op_test::call_float(isa, index, shape, inputs);
    const Result second = op_test::call_float(isa, index, shape, inputs);
    EXPECT_EQ(first.outputs, second.outputs) << describe(index, shape);
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, EveryOp, testing::ValuesIn(op_test::all_ops()), op_test::name_of_instance);

// ---- finite differences

double weighted(const std::vector<double> &weights, const std::vector<double> &values) {
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) sum += weights[i] * values[i];
  return sum;
}

// d/dt of sum(weights * output(input + t direction)) at t = 0, five points.
double numeric(const Pair &pair, const Shape &shape, const Values &inputs, const std::string &name,
               const std::vector<double> &direction, const std::vector<double> &weights) {
  // squared attention bends sharply where its scores are near sqrt(0.001)
  const double h = pair.forward == FC_OP_attention_square_forward ? 2e-4 : 1e-3;
  const double factor[4] = {1.0 / 12, -8.0 / 12, 8.0 / 12, -1.0 / 12};
  const double at[4] = {-2 * h, -h, h, 2 * h};
  double sum = 0;
  for (int k = 0; k < 4; ++k) {
    Values moved = inputs;
    for (size_t i = 0; i < direction.size(); ++i) moved[name][i] += at[k] * direction[i];
    sum += factor[k] * weighted(weights, op_test::call_double(pair.forward, shape, moved).outputs.at(pair.output));
  }
  return sum / h;
}

class EveryPair : public testing::TestWithParam<size_t> {};

TEST_P(EveryPair, BackwardIsTheDerivativeOfForward) {
  const Pair pair = pairs()[GetParam()];
  uint64_t state = 12345;
  const auto draw = [&state] {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<double>(state >> 33) / 1073741824.0 - 1;
  };
  for (Shape shape : op_test::shapes_of(pair.forward)) {
    // one row or one column of a norm: the output does not depend on x, and the derivative is that of round-off
    if ((pair.forward == FC_OP_layernorm_forward && shape.out <= 2) ||
        (pair.forward == FC_OP_batchnorm_train_forward && shape.b * shape.n <= 2)) {
      continue;
    }
    const Result forward = op_test::call_double(pair.forward, shape, {});
    Values inputs = forward.inputs;
    for (const auto &[name, values] : forward.outputs) inputs[name] = values;
    std::vector<double> weights(forward.outputs.at(pair.output).size());
    for (double &w : weights) w = draw();
    const bool is_loss = std::string(pair.output) == "loss";
    if (is_loss) std::fill(weights.begin(), weights.end(), 1.0);
    inputs[std::string("grad_") + pair.output] = weights;
    const Result backward = op_test::call_double(pair.backward, shape, inputs);
    for (const char *name : pair.inputs) {
      const auto gradient = backward.outputs.find(std::string("grad_") + name);
      if (gradient == backward.outputs.end()) continue;  // an optional output, left out in this shape
      ASSERT_NE(forward.inputs.end(), forward.inputs.find(name));
      const std::vector<double> &analytic = gradient->second;
      if (analytic.empty()) continue;  // no edges
      double scale = 0;
      for (double g : analytic) scale = std::max(scale, std::fabs(g));
      std::vector<double> direction(analytic.size(), 0);
      // every entry tried costs four forwards: fewer of them where one is large
      const bool large = static_cast<int64_t>(shape.b) * shape.n * (shape.in + shape.out + shape.d) > 20000;
      for (int entry = 0; entry < (large ? 3 : 20); ++entry) {
        const size_t i = static_cast<size_t>((draw() + 1) / 2 * static_cast<double>(analytic.size())) % analytic.size();
        direction[i] = 1;
        const double g = numeric(pair, shape, forward.inputs, name, direction, weights);
        direction[i] = 0;
        EXPECT_NEAR(analytic[i], g, 1e-6 * (std::fabs(analytic[i]) + std::fabs(g)) + 1e-9 * (1 + scale))
            << describe(pair.backward, shape) << " grad_" << name << "[" << i << "]";
      }
      for (int vector = 0; vector < (large ? 1 : 5); ++vector) {
        double squares = 0;
        for (double &x : direction) {
          x = draw();
          squares += x * x;
        }
        for (double &x : direction) x /= std::sqrt(squares);
        const double expected = weighted(direction, analytic);
        const double g = numeric(pair, shape, forward.inputs, name, direction, weights);
        EXPECT_NEAR(expected, g, 1e-8 * std::max(1.0, std::fabs(expected) + std::fabs(g)))
            << describe(pair.backward, shape) << " grad_" << name << " along a vector";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, EveryPair, testing::Range<size_t>(0, pairs().size()),
                         [](const testing::TestParamInfo<size_t> &instance) {
                           return std::string(op_name(pairs()[instance.param].backward));
                         });

// ---- the list and the tables

TEST(Ops, EveryOpHasShapesAndABackwardIsPaired) {
  EXPECT_EQ(FC_OP_COUNT, op_test::ops_with_shapes());
  for (int i = 0; i < FC_OP_COUNT; ++i) {
    const std::string name = op_name(i);
    if (name.size() > 9 && name.substr(name.size() - 9) == "_backward") {
      EXPECT_NE(nullptr, pair_of_backward(i)) << name << " is not checked against finite differences";
    }
  }
}

TEST(Ops, CpuTableIsCompleteAndAnEmptySlotIsNamed) {
  const fc_ops_t *ops = fc_ops_cpu();
  EXPECT_STREQ("cpu", ops->backend);
  EXPECT_EQ(nullptr, fc_ops_missing(ops));
  fc_ops_t broken = *ops;
  broken.adam = nullptr;
  EXPECT_STREQ("adam", fc_ops_missing(&broken));
  EXPECT_NE(nullptr, fc_ops_cpu_isa("base"));
  EXPECT_EQ(nullptr, fc_ops_cpu_isa("z80"));
}

}  // namespace
