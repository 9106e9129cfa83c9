// The shapes each op is tried with. Declared per op: one that is missing here does not compile.
#include "op_call.h"

extern "C" {
#include "faasconf/ops.h"
}

namespace op_test {
namespace {

// Letters of Shape in order: l, b, n, in, out, d, graph, parameter, option.
using Shapes = std::vector<Shape>;

Shapes dense() {
  return {
      {1, 3, 4, 5, 7, 8, 0, 0, false},     {1, 1, 1, 1, 1, 1, 1, 0, false},       {2, 5, 3, 31, 33, 8, 0, 0, false},
      {3, 2, 4, 33, 31, 8, 0, 0, true},    {1, 11, 3, 1, 64, 8, 0, 0, false},     {1, 11, 3, 64, 1, 8, 0, 0, false},
      {1, 8, 6, 30, 64, 8, 0, 0, false},   {1, 64, 6, 64, 64, 8, 0, 0, false},    {1, 13, 6, 64, 4, 8, 0, 0, true},
      {1, 250, 4, 22, 16, 8, 0, 0, false}, {1, 1, 1000, 3, 1000, 8, 0, 0, false}, {1, 2, 2, 1000, 5, 8, 0, 0, false}};
}

Shapes elementwise(double parameter) {
  return {{1, 1, 1, 1, 1, 1, 0, parameter, false},
          {1, 31, 1, 1, 1, 1, 0, parameter, false},
          {2, 3, 11, 1, 1, 1, 0, parameter, false},
          {1, 10, 10, 1, 10, 1, 0, parameter, false},
          {1, 64, 6, 1, 64, 1, 0, 0, false}};
}

Shapes norms() {
  return {{1, 3, 4, 1, 7, 1, 0, 0, false},
          {2, 5, 3, 1, 31, 1, 0, 0, false},
          {1, 11, 3, 1, 33, 1, 0, 0, false},
          {1, 64, 6, 1, 64, 1, 0, 0, false},
          {1, 4, 1, 1, 1000, 1, 0, 0, true},
          {3, 2, 2, 1, 2, 1, 0, 0, true},
          {1, 1000, 1, 1, 5, 1, 0, 0, false},
          // more than two chunks, the last one short
          {2, 2 * FC_BATCHNORM_CHUNK_ROWS + 9, 1, 1, 3, 1, 0, 0, false}};
}

// One row (nothing to normalise over in a batch) and one column (nothing within a row): outputs are the shift.
Shapes degenerate_norms() {
  Shapes shapes = norms();
  shapes.push_back({1, 1, 1, 1, 6, 1, 0, 0, false});
  shapes.push_back({1, 5, 2, 1, 1, 1, 0, 0, false});
  return shapes;
}

Shapes graphs() {
  return {{1, 3, 6, 2, 4, 32, 0, 0, false}, {2, 2, 6, 5, 11, 31, 0, 0, false},  {1, 2, 1, 1, 3, 8, 1, 0, false},
          {1, 2, 1, 0, 3, 1, 2, 0, false},  {1, 3, 5, 3, 33, 33, 3, 0, false},  {3, 1, 31, 1, 1, 16, 0, 0, true},
          {1, 4, 6, 4, 4, 32, 2, 0, true},  {1, 1, 1000, 0, 2, 7, 0, 0, false}, {1, 2, 33, 2, 31, 64, 2, 0, false}};
}

// Features and attention width around the width of vectors; b, n and out are not read.
Shapes folds() {
  return {{1, 1, 1, 11, 1, 32, 0, 0, false},
          {3, 1, 1, 5, 1, 7, 0, 0, false},
          {2, 1, 1, 1, 1, 1, 0, 0, false},
          {1, 1, 1, 31, 1, 33, 0, 0, false}};
}

Shapes losses(double parameter) {
  return {{1, 3, 4, 1, 1, 1, 0, parameter, false},
          {1, 1, 1, 1, 1, 1, 0, parameter, true},
          {3, 31, 1, 1, 1, 1, 0, parameter, false},
          {2, 33, 3, 1, 1, 1, 0, parameter, true},
          {1, 100, 10, 1, 1, 1, 0, parameter, false}};
}

template <int Op>
Shapes shapes();
#define OP_SHAPES(name, list)     \
  template <>                     \
  Shapes shapes<FC_OP_##name>() { \
    return list;                  \
  }

OP_SHAPES(linear_forward, dense())
OP_SHAPES(linear_relu_forward, dense())
OP_SHAPES(linear_backward, dense())
OP_SHAPES(relu_forward, elementwise(0.01))
OP_SHAPES(relu_backward, elementwise(0.01))
OP_SHAPES(sigmoid_forward, elementwise(0))
OP_SHAPES(sigmoid_backward, elementwise(0))
OP_SHAPES(tanh_forward, elementwise(0))
OP_SHAPES(tanh_backward, elementwise(0))
OP_SHAPES(fill, elementwise(0.75))
OP_SHAPES(layernorm_forward, degenerate_norms())
OP_SHAPES(layernorm_backward, norms())
OP_SHAPES(batchnorm_train_forward, degenerate_norms())
OP_SHAPES(batchnorm_train_backward, norms())
OP_SHAPES(batchnorm_eval_forward, degenerate_norms())
OP_SHAPES(batchnorm_eval_backward, norms())
OP_SHAPES(attention_softmax_forward, graphs())
OP_SHAPES(attention_softmax_backward, graphs())
OP_SHAPES(attention_square_forward, graphs())
OP_SHAPES(attention_square_backward, graphs())
OP_SHAPES(mean_field_forward, graphs())
OP_SHAPES(mean_field_backward, graphs())
OP_SHAPES(concat_forward, graphs())
OP_SHAPES(concat_backward, graphs())
OP_SHAPES(gather_rows, graphs())
OP_SHAPES(attention_fold_forward, folds())
OP_SHAPES(attention_fold_backward, folds())
OP_SHAPES(attention_uniform_forward, graphs())
OP_SHAPES(gather_transitions, graphs())
OP_SHAPES(advance, elementwise(0))
OP_SHAPES(draw_rows, graphs())
OP_SHAPES(td_target, losses(0.9))
OP_SHAPES(mse_forward, losses(0))
OP_SHAPES(mse_backward, losses(0))
OP_SHAPES(sum_loss_forward, losses(0))
OP_SHAPES(sum_loss_backward, losses(0))
OP_SHAPES(adam, elementwise(0.3))
OP_SHAPES(soft_update, elementwise(0))
OP_SHAPES(sum_squares, elementwise(0))

}  // namespace

std::vector<Shape> shapes_of(int index) {
  switch (index) {
#define SHAPES_CASE(name, signature, shape_text, equation, effect) \
  case FC_OP_##name:                                               \
    return shapes<FC_OP_##name>();
    FC_OPS(SHAPES_CASE)
#undef SHAPES_CASE
  }
  return {};
}

int ops_with_shapes() {
  int n = 0;
  for (int i = 0; i < FC_OP_COUNT; ++i) n += shapes_of(i).empty() ? 0 : 1;
  return n;
}

Graph make_graph(int n, int kind) {
  Graph g;
  g.row_start.push_back(0);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      const bool next = i == j + 1 || j == i + 1;
      const bool star = (i == 0 && j % 5 == 4) || (j == 0 && i % 5 == 4);
      const bool isolated = kind == 3 && (i == n - 1 || j == n - 1);
      const bool edge = kind == 2 || (kind != 1 && (next || star) && !isolated);
      if (!edge) continue;
      g.column.push_back(j);
      g.row.push_back(i);
    }
    g.row_start.push_back(static_cast<int32_t>(g.column.size()));
  }
  g.incoming_start.push_back(0);
  for (int j = 0; j < n; ++j) {
    for (size_t e = 0; e < g.column.size(); ++e) {
      if (g.column[e] == j) g.incoming.push_back(static_cast<int32_t>(e));
    }
    g.incoming_start.push_back(static_cast<int32_t>(g.incoming.size()));
  }
  return g;
}

}  // namespace op_test
