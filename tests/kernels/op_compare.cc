// op_compare.cc - see op_compare.h.
#include "op_compare.h"

#include <algorithm>
#include <cmath>

extern "C" {
#include "faasconf/ops.h"
}

namespace op_test {

const char *op_name(int index) {
  switch (index) {
#define NAME_CASE(name, signature, shapes, equation, effect) \
  case FC_OP_##name:                                         \
    return #name;
    FC_OPS(NAME_CASE)
#undef NAME_CASE
  }
  return "?";
}

std::vector<int> all_ops() {
  std::vector<int> all;
  for (int i = 0; i < FC_OP_COUNT; ++i) all.push_back(i);
  return all;
}

std::string name_of_instance(const testing::TestParamInfo<int> &instance) {
  return op_name(instance.param);
}

std::string describe(int index, const Shape &s) {
  return std::string(op_name(index)) + " L=" + std::to_string(s.l) + " B=" + std::to_string(s.b) +
         " N=" + std::to_string(s.n) + " I=" + std::to_string(s.in) + " C=" + std::to_string(s.out) +
         " D=" + std::to_string(s.d) + " graph=" + std::to_string(s.graph);
}

double worst_of_bound(const std::vector<double> &expected, const std::vector<double> &found, double atol, double rtol) {
  double largest = 0, worst = 0;
  for (double x : expected) largest = std::max(largest, std::fabs(x));
  for (size_t i = 0; i < expected.size(); ++i) {
    const double bound = atol + rtol * (0.1 * largest + std::fabs(expected[i]));
    const double off = std::fabs(found[i] - expected[i]) / bound;
    if (!(off <= worst)) worst = off;  // also takes NaN
  }
  return worst;
}

std::vector<Pair> pairs() {
  return {{FC_OP_linear_forward, FC_OP_linear_backward, "y", {"x", "w", "b"}},
          {FC_OP_relu_forward, FC_OP_relu_backward, "y", {"x"}},
          {FC_OP_sigmoid_forward, FC_OP_sigmoid_backward, "y", {"x"}},
          {FC_OP_tanh_forward, FC_OP_tanh_backward, "y", {"x"}},
          {FC_OP_layernorm_forward, FC_OP_layernorm_backward, "y", {"x", "scale", "shift"}},
          {FC_OP_batchnorm_train_forward, FC_OP_batchnorm_train_backward, "y", {"x", "scale", "shift"}},
          {FC_OP_batchnorm_eval_forward, FC_OP_batchnorm_eval_backward, "y", {"x", "scale", "shift"}},
          {FC_OP_attention_softmax_forward, FC_OP_attention_softmax_backward, "weight", {"query", "key"}},
          {FC_OP_attention_fold_forward, FC_OP_attention_fold_backward, "fold", {"query", "key"}},
          {FC_OP_attention_square_forward, FC_OP_attention_square_backward, "weight", {"query", "key"}},
          {FC_OP_mean_field_forward, FC_OP_mean_field_backward, "y", {"weight", "x"}},
          {FC_OP_concat_forward, FC_OP_concat_backward, "y", {"x"}},
          {FC_OP_mse_forward, FC_OP_mse_backward, "loss", {"prediction"}},
          {FC_OP_sum_loss_forward, FC_OP_sum_loss_backward, "loss", {"x"}}};
}

const Pair *pair_of_backward(int index) {
  static const std::vector<Pair> all = pairs();
  for (const Pair &p : all) {
    if (p.backward == index) return &p;
  }
  return nullptr;
}

Values inputs_of(int index, const Shape &shape) {
  const Pair *pair = pair_of_backward(index);
  if (pair == nullptr) return op_test::call_double(index, shape, {}).inputs;
  const Result forward = op_test::call_double(pair->forward, shape, {});
  Values inputs = forward.inputs;
  for (const auto &[name, values] : forward.outputs) inputs[name] = values;
  return inputs;
}

}  // namespace op_test
