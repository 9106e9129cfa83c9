// One specialisation of Call per op: which buffers it has, how large they are, and the call itself.
#include "op_call.h"

#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <memory>
#include <set>

#ifndef FC_REAL_DOUBLE
#include "op_backend.h"
#endif

extern "C" {
#include "faasconf/ops.h"
}

namespace op_test {
namespace {

// Buffers of one call by name, in the precision of this compilation.
class Buffers {
 public:
  Buffers(const Values &given, Memory &memory) : given_(given), memory_(memory) {}
  fc_stream_t *stream() { return static_cast<fc_stream_t *>(memory_.stream()); }

  // Values given by the caller, else drawn in [-1, 1], `away_from_zero` keeping |x| >= 0.05.
  const fc_real_t *in(const std::string &name, int64_t n, bool away_from_zero = false) {
    const auto given = given_.find(name);
    std::vector<double> &used = result_.inputs[name];
    if (given != given_.end()) {
      used = given->second;
      if (static_cast<int64_t>(used.size()) != n) std::abort();
    } else {
      uint64_t state = 88172645463325252ull;
      for (char c : name) state = (state ^ static_cast<uint64_t>(c)) * 1099511628211ull;
      used.resize(n);
      for (double &x : used) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        x = static_cast<double>(static_cast<float>(static_cast<double>(state >> 40) / 8388608.0 - 1));
        if (away_from_zero && std::fabs(x) < 0.05) x = x < 0 ? -0.05f : 0.05f;
      }
    }
    return keep(used);
  }
  // Drawn in [0.5, 1.5]: scales, variances.
  const fc_real_t *positive(const std::string &name, int64_t n) {
    if (given_.count(name) != 0) return in(name, n);
    in(name, n);
    std::vector<double> drawn = result_.inputs[name];
    for (double &x : drawn) x = static_cast<double>(static_cast<float>(1 + 0.5 * x));
    result_.inputs[name] = drawn;
    return keep(drawn);
  }
  fc_real_t *out(const std::string &name, int64_t n) {
    return output(name, n, std::numeric_limits<double>::quiet_NaN());
  }
  fc_real_t *accumulate(const std::string &name, int64_t n) { return output(name, n, 0.5); }
  // An input that the op changes: both input and output.
  fc_real_t *update(const std::string &name, int64_t n, bool is_positive = false) {
    is_positive ? positive(name, n) : in(name, n);
    fc_real_t *data = keep(result_.inputs[name]);
    outputs_[name] = {data, n, 0};
    return data;
  }
  const int32_t *ints(const std::vector<int32_t> &values) { return keep_as<int32_t>(values); }
  const int64_t *longs(const std::vector<int64_t> &values) { return keep_as<int64_t>(values); }
  const uint64_t *seeds(const std::vector<uint64_t> &values) { return keep_as<uint64_t>(values); }
  int32_t *int_out(const std::string &name, int64_t n) { return other_output<int32_t>(name, n, -1); }
  uint8_t *byte_out(const std::string &name, int64_t n) { return other_output<uint8_t>(name, n, 255); }
  int64_t *long_update(const std::string &name, int64_t start) { return other_output<int64_t>(name, 1, start); }
  const uint8_t *bytes(const std::vector<uint8_t> &values) { return keep_as<uint8_t>(values); }
  fc_real_t *scratch(int64_t n) {
    const std::vector<double> garbage(n, std::numeric_limits<double>::quiet_NaN());
    return keep(garbage);
  }
  Result finish() {
    for (const std::function<void()> &read_back : others_) read_back();
    for (const auto &[name, output] : outputs_) {
      std::vector<double> &to = result_.outputs[name];
      std::vector<fc_real_t> values(static_cast<size_t>(output.n));
      memory_.read(values.data(), output.values, values.size() * sizeof(fc_real_t));
      for (fc_real_t x : values) to.push_back(static_cast<double>(x) - output.start);
    }
    return std::move(result_);
  }

 private:
  struct Output {
    const fc_real_t *values;
    int64_t n;
    double start;
  };
  template <typename T, typename From>
  T *keep_as(const std::vector<From> &values) {
    const std::vector<T> converted(values.begin(), values.end());
    return static_cast<T *>(memory_.place(converted.data(), converted.size() * sizeof(T)));
  }
  fc_real_t *keep(const std::vector<double> &values) { return keep_as<fc_real_t>(values); }
  // An output that is no real number.
  template <typename T>
  T *other_output(const std::string &name, int64_t n, T start) {
    T *data = keep_as<T>(std::vector<T>(static_cast<size_t>(n), start));
    others_.push_back([this, name, n, data] {
      std::vector<T> values(static_cast<size_t>(n));
      memory_.read(values.data(), data, values.size() * sizeof(T));
      result_.outputs[name] = std::vector<double>(values.begin(), values.end());
    });
    return data;
  }
  fc_real_t *output(const std::string &name, int64_t n, double start) {
    fc_real_t *data = keep(std::vector<double>(n, start));
    outputs_[name] = {data, n, std::isnan(start) ? 0 : start};
    return data;
  }
  const Values &given_;
  Result result_;
  std::map<std::string, Output> outputs_;
  std::vector<std::function<void()>> others_;
  Memory &memory_;
};

struct Csr {
  Csr(const Shape &s, Buffers &b) : graph(make_graph(s.n, s.graph)) {
    view = {s.n,
            static_cast<int32_t>(graph.column.size()),
            b.ints(graph.row_start),
            b.ints(graph.column),
            b.ints(graph.row),
            b.ints(graph.incoming_start),
            b.ints(graph.incoming)};
  }
  Graph graph;
  fc_neighbours_t view;
};

// Declared, not defined: an op without a specialisation does not compile.
template <int Op>
struct Call;
#define OP_CALL(name)                                                 \
  template <>                                                         \
  struct Call<FC_OP_##name> {                                         \
    static void run(const fc_ops_t *ops, const Shape &s, Buffers &b); \
  };                                                                  \
  void Call<FC_OP_##name>::run([[maybe_unused]] const fc_ops_t *ops, const Shape &s, Buffers &b)

int64_t rows(const Shape &s) {
  return static_cast<int64_t>(s.b) * s.n;
}

OP_CALL(linear_forward) {
  const int64_t r = rows(s) * s.l, stride = static_cast<int64_t>(s.in) * s.out;
  ops->linear_forward(b.out("y", r * s.out), b.in("x", r * s.in), b.in("w", s.l * stride),
                      s.option ? nullptr : b.in("b", s.l * stride), s.l, static_cast<int32_t>(rows(s)), s.in, s.out,
                      stride, b.scratch(static_cast<int64_t>(fc_linear_scratch(s.b * s.n, s.in, s.out))), b.stream());
}
OP_CALL(linear_relu_forward) {
  const int64_t r = rows(s) * s.l, stride = static_cast<int64_t>(s.in) * s.out;
  ops->linear_relu_forward(b.out("y", r * s.out), b.in("x", r * s.in), b.in("w", s.l * stride),
                           s.option ? nullptr : b.in("b", s.l * stride), s.parameter, s.l,
                           static_cast<int32_t>(rows(s)), s.in, s.out, stride,
                           b.scratch(static_cast<int64_t>(fc_linear_scratch(s.b * s.n, s.in, s.out))), b.stream());
}
OP_CALL(linear_backward) {
  const int64_t r = rows(s) * s.l, stride = static_cast<int64_t>(s.in) * s.out;
  ops->linear_backward(s.option ? nullptr : b.out("grad_x", r * s.in), b.accumulate("grad_w", s.l * stride),
                       s.option ? nullptr : b.accumulate("grad_b", s.l * stride), b.in("grad_y", r * s.out),
                       b.in("x", r * s.in), b.in("w", s.l * stride), s.l, static_cast<int32_t>(rows(s)), s.in, s.out,
                       stride, b.scratch(static_cast<int64_t>(fc_linear_scratch(s.b * s.n, s.in, s.out))), b.stream());
}
OP_CALL(relu_forward) {
  const int64_t n = rows(s) * s.l * s.out;
  ops->relu_forward(b.out("y", n), b.in("x", n, true), s.parameter, n, b.stream());
}
OP_CALL(relu_backward) {
  const int64_t n = rows(s) * s.l * s.out;
  ops->relu_backward(b.out("grad_x", n), b.in("grad_y", n), b.in("y", n, true), s.parameter, n, b.stream());
}
OP_CALL(sigmoid_forward) {
  const int64_t n = rows(s) * s.l * s.out;
  ops->sigmoid_forward(b.out("y", n), b.in("x", n), n, b.stream());
}
OP_CALL(sigmoid_backward) {
  const int64_t n = rows(s) * s.l * s.out;
  ops->sigmoid_backward(b.out("grad_x", n), b.in("grad_y", n), b.in("y", n), n, b.stream());
}
OP_CALL(tanh_forward) {
  const int64_t n = rows(s) * s.l * s.out;
  ops->tanh_forward(b.out("y", n), b.in("x", n), n, b.stream());
}
OP_CALL(tanh_backward) {
  const int64_t n = rows(s) * s.l * s.out;
  ops->tanh_backward(b.out("grad_x", n), b.in("grad_y", n), b.in("y", n), n, b.stream());
}
OP_CALL(fill) {
  const int64_t n = rows(s) * s.l * s.out;
  ops->fill(b.out("y", n), s.parameter, n, b.stream());
}
OP_CALL(layernorm_forward) {
  const int64_t r = rows(s) * s.l;
  ops->layernorm_forward(b.out("y", r * s.out), b.out("mean", r), b.out("rstd", r), b.in("x", r * s.out),
                         b.positive("scale", s.l * s.out), b.in("shift", s.l * s.out), s.l,
                         static_cast<int32_t>(rows(s)), s.out, s.out, b.stream());
}
OP_CALL(layernorm_backward) {
  const int64_t r = rows(s) * s.l;
  ops->layernorm_backward(b.out("grad_x", r * s.out), s.option ? nullptr : b.accumulate("grad_scale", s.l * s.out),
                          s.option ? nullptr : b.accumulate("grad_shift", s.l * s.out), b.in("grad_y", r * s.out),
                          b.in("x", r * s.out), b.in("mean", r), b.positive("rstd", r),
                          b.positive("scale", s.l * s.out), s.l, static_cast<int32_t>(rows(s)), s.out, s.out,
                          b.stream());
}
OP_CALL(batchnorm_train_forward) {
  const int64_t r = rows(s) * s.l, c = s.l * s.out;
  ops->batchnorm_train_forward(
      b.out("y", r * s.out), b.out("mean", c), b.out("rstd", c), s.option ? nullptr : b.update("running_mean", c),
      s.option ? nullptr : b.update("running_var", c, true), b.in("x", r * s.out), b.positive("scale", c),
      b.in("shift", c), 0.1, s.l, static_cast<int32_t>(rows(s)), s.out, s.out, s.out, b.stream());
}
OP_CALL(batchnorm_train_backward) {
  const int64_t r = rows(s) * s.l, c = s.l * s.out;
  ops->batchnorm_train_backward(
      b.out("grad_x", r * s.out), s.option ? nullptr : b.accumulate("grad_scale", c),
      s.option ? nullptr : b.accumulate("grad_shift", c), b.in("grad_y", r * s.out), b.in("x", r * s.out),
      b.in("mean", c), b.positive("rstd", c), b.positive("scale", c), s.l, static_cast<int32_t>(rows(s)), s.out, s.out,
      b.scratch(static_cast<int64_t>(fc_batchnorm_scratch(s.l, s.b * s.n, s.out))), b.stream());
}
OP_CALL(batchnorm_eval_forward) {
  const int64_t r = rows(s) * s.l, c = s.l * s.out;
  ops->batchnorm_eval_forward(b.out("y", r * s.out), b.in("x", r * s.out), b.positive("scale", c), b.in("shift", c),
                              b.in("running_mean", c), b.positive("running_var", c), s.l, static_cast<int32_t>(rows(s)),
                              s.out, s.out, s.out, b.stream());
}
OP_CALL(batchnorm_eval_backward) {
  const int64_t r = rows(s) * s.l, c = s.l * s.out;
  ops->batchnorm_eval_backward(b.out("grad_x", r * s.out), s.option ? nullptr : b.accumulate("grad_scale", c),
                               s.option ? nullptr : b.accumulate("grad_shift", c), b.in("grad_y", r * s.out),
                               b.in("x", r * s.out), b.positive("scale", c), b.in("running_mean", c),
                               b.positive("running_var", c), s.l, static_cast<int32_t>(rows(s)), s.out, s.out, s.out,
                               b.scratch(2 * s.out), b.stream());
}
OP_CALL(attention_softmax_forward) {
  const Csr csr(s, b);
  const int64_t r = rows(s) * s.l, e = static_cast<int64_t>(s.l) * s.b * csr.view.n_edges;
  ops->attention_softmax_forward(b.out("weight", e), b.in("query", r * s.d), b.in("key", r * s.d),
                                 s.option ? b.in("edge_mask", csr.view.n_edges) : nullptr, csr.view,
                                 1 / std::sqrt(static_cast<double>(s.d)), s.l, s.b, s.d, b.stream());
}
OP_CALL(attention_softmax_backward) {
  const Csr csr(s, b);
  const int64_t r = rows(s) * s.l, e = static_cast<int64_t>(s.l) * s.b * csr.view.n_edges;
  ops->attention_softmax_backward(b.out("grad_query", r * s.d), s.graph == 3 ? nullptr : b.out("grad_key", r * s.d),
                                  b.in("grad_weight", e), b.in("weight", e), b.in("query", r * s.d),
                                  b.in("key", r * s.d), s.option ? b.in("edge_mask", csr.view.n_edges) : nullptr,
                                  csr.view, 1 / std::sqrt(static_cast<double>(s.d)), s.l, s.b, s.d, b.scratch(e),
                                  b.stream());
}
OP_CALL(attention_square_forward) {
  const Csr csr(s, b);
  const int64_t r = rows(s) * s.l, e = static_cast<int64_t>(s.l) * s.b * csr.view.n_edges;
  ops->attention_square_forward(b.out("weight", e), b.in("query", r * s.d), b.in("key", r * s.d), csr.view, s.l, s.b,
                                s.d, b.stream());
}
OP_CALL(attention_square_backward) {
  const Csr csr(s, b);
  const int64_t r = rows(s) * s.l, e = static_cast<int64_t>(s.l) * s.b * csr.view.n_edges;
  ops->attention_square_backward(b.out("grad_query", r * s.d), s.graph == 3 ? nullptr : b.out("grad_key", r * s.d),
                                 b.in("grad_weight", e), b.in("weight", e), b.in("query", r * s.d),
                                 b.in("key", r * s.d), csr.view, s.l, s.b, s.d, b.scratch(e), b.stream());
}
// The mean field lands in the last C columns of rows of I + C values and reads x from rows C wide.
OP_CALL(mean_field_forward) {
  const Csr csr(s, b);
  const int64_t r = rows(s) * s.l, e = static_cast<int64_t>(s.l) * s.b * csr.view.n_edges;
  fc_real_t *y = b.update("y", r * (s.in + s.out));
  ops->mean_field_forward(y + s.in, b.in("weight", e), b.in("x", r * s.out), csr.view, s.l, s.b, s.out, s.out,
                          s.in + s.out, b.stream());
}
OP_CALL(mean_field_backward) {
  const Csr csr(s, b);
  const int64_t r = rows(s) * s.l, e = static_cast<int64_t>(s.l) * s.b * csr.view.n_edges;
  const fc_real_t *grad_y = b.in("grad_y", r * (s.in + s.out));
  ops->mean_field_backward(s.option ? nullptr : b.accumulate("grad_weight", e), b.accumulate("grad_x", r * s.out),
                           grad_y + s.in, b.in("weight", e), b.in("x", r * s.out), csr.view, s.l, s.b, s.out, s.out,
                           s.in + s.out, s.out, b.stream());
}
OP_CALL(concat_forward) {
  const int64_t r = rows(s) * s.l;
  ops->concat_forward(b.update("y", r * (s.in + s.out)), b.in("x", r * s.out), s.in, s.l, static_cast<int32_t>(rows(s)),
                      s.out, s.in + s.out, b.stream());
}
OP_CALL(concat_backward) {
  const int64_t r = rows(s) * s.l;
  ops->concat_backward(b.out("grad_x", r * s.out), b.in("grad_y", r * (s.in + s.out)), s.in, s.l,
                       static_cast<int32_t>(rows(s)), s.out, s.in + s.out, b.stream());
}
OP_CALL(gather_rows) {
  std::vector<int32_t> index(static_cast<size_t>(s.l) * s.b);
  for (size_t i = 0; i < index.size(); ++i) index[i] = static_cast<int32_t>((7 * i + 3) % static_cast<size_t>(s.n));
  ops->gather_rows(b.out("y", static_cast<int64_t>(s.l) * s.b * s.out),
                   b.in("x", static_cast<int64_t>(s.l) * s.n * s.out), b.ints(index), s.l, s.b, s.n, s.out, b.stream());
}
// in features, an attention width of d, blocks of weights that are further apart than they are long
OP_CALL(attention_fold_forward) {
  const int64_t stride = static_cast<int64_t>(s.in) * s.d + 5;
  ops->attention_fold_forward(b.out("fold", static_cast<int64_t>(s.l) * s.in * s.in), b.in("query", s.l * stride),
                              b.in("key", s.l * stride), 0.7, s.l, s.in, s.d, stride, b.stream());
}
OP_CALL(attention_fold_backward) {
  const int64_t stride = static_cast<int64_t>(s.in) * s.d + 5;
  ops->attention_fold_backward(b.accumulate("grad_query", s.l * stride), b.accumulate("grad_key", s.l * stride),
                               b.in("grad_fold", static_cast<int64_t>(s.l) * s.in * s.in), b.in("query", s.l * stride),
                               b.in("key", s.l * stride), 0.7, s.l, s.in, s.d, stride, b.stream());
}
OP_CALL(attention_uniform_forward) {
  const Csr csr(s, b);
  ops->attention_uniform_forward(b.out("weight", static_cast<int64_t>(s.l) * s.b * csr.view.n_edges), csr.view, s.l,
                                 s.b, b.stream());
}
// n is the number of rows; two functions' worth of columns.
OP_CALL(gather_transitions) {
  const int64_t n_batch = static_cast<int64_t>(s.l) * s.b, n_rows = s.n;
  std::vector<int32_t> index(static_cast<size_t>(n_batch));
  std::vector<uint8_t> terminal(static_cast<size_t>(n_rows));
  for (size_t i = 0; i < index.size(); ++i) index[i] = static_cast<int32_t>((7 * i + 3) % static_cast<size_t>(s.n));
  for (size_t i = 0; i < terminal.size(); ++i) terminal[i] = i % 3 == 1;
  const fc_rows_t from = {b.in("rows", n_rows * s.out), b.in("next_rows", n_rows * s.out),
                          b.in("actions", n_rows * s.d), b.in("rewards", n_rows), b.bytes(terminal)};
  ops->gather_transitions(b.out("features", n_batch * s.out), b.out("next_features", n_batch * s.out),
                          b.out("action", n_batch * s.d), b.out("reward", n_batch), b.byte_out("terminal", n_batch),
                          from, b.ints(index), static_cast<int32_t>(n_batch), s.out, s.d, b.stream());
}
OP_CALL(advance) {
  ops->advance(b.long_update("step", (int64_t{1} << 40) + s.out), b.stream());
}
OP_CALL(draw_rows) {
  std::vector<uint64_t> seed(static_cast<size_t>(s.l));
  for (size_t l = 0; l < seed.size(); ++l) seed[l] = 0x123456789abcdefull * (l + 1);
  ops->draw_rows(b.int_out("index", static_cast<int64_t>(s.l) * s.b), b.seeds(seed),
                 b.longs({(int64_t{5} << 32) + s.out}), b.ints({s.n}), s.l, s.b, b.stream());
}
OP_CALL(td_target) {
  const int64_t lb = static_cast<int64_t>(s.l) * s.b;
  std::vector<uint8_t> terminal(lb);
  for (int64_t i = 0; i < lb; ++i) terminal[i] = i % 3 == 1;
  ops->td_target(b.out("y", lb * s.n), b.in("reward", lb), s.option ? nullptr : b.in("next_q", lb * s.n),
                 b.bytes(terminal), s.option ? 0 : s.parameter, s.l, s.b, s.n, b.stream());
}
OP_CALL(mse_forward) {
  const int64_t r = rows(s) * s.l;
  ops->mse_forward(b.out("loss", s.l), b.in("prediction", r), b.in("target", r),
                   s.option ? nullptr : b.in("row_weight", r), 0.3, s.l, static_cast<int32_t>(rows(s)), b.stream());
}
OP_CALL(mse_backward) {
  const int64_t r = rows(s) * s.l;
  ops->mse_backward(b.out("grad_prediction", r), b.in("prediction", r), b.in("target", r),
                    s.option ? nullptr : b.in("row_weight", r), 0.3, s.l, static_cast<int32_t>(rows(s)), b.stream());
}
OP_CALL(sum_loss_forward) {
  const int64_t r = rows(s) * s.l;
  ops->sum_loss_forward(b.out("loss", s.l), b.in("x", r), s.option ? nullptr : b.in("row_weight", r), -0.3, s.l,
                        static_cast<int32_t>(rows(s)), b.stream());
}
OP_CALL(sum_loss_backward) {
  const int64_t r = rows(s) * s.l;
  ops->sum_loss_backward(b.out("grad_x", r), s.option ? nullptr : b.in("row_weight", r), -0.3, s.l,
                         static_cast<int32_t>(rows(s)), b.stream());
}
OP_CALL(adam) {
  const int64_t n = rows(s) * s.l * s.out;
  ops->adam(b.update("parameter", n), b.update("moment1", n), b.update("moment2", n, true), b.in("grad", n), 1e-2, 0.9,
            0.999, 1e-8, b.longs({1 + static_cast<int64_t>(s.parameter * 10)}), n, b.stream());
}
OP_CALL(soft_update) {
  const int64_t n = rows(s) * s.l * s.out;
  ops->soft_update(b.update("target", n), b.in("source", n), 0.3, n, b.stream());
}
OP_CALL(sum_squares) {
  const int64_t n = rows(s) * s.out;
  ops->sum_squares(b.out("sum", s.l), b.in("x", s.l * n), s.l, n, b.stream());
}

Result call(const fc_ops_t *ops, Memory &memory, int index, const Shape &shape, const Values &inputs) {
  Buffers buffers(inputs, memory);
  switch (index) {
#define CALL_CASE(name, signature, shapes, equation, effect) \
  case FC_OP_##name:                                         \
    Call<FC_OP_##name>::run(ops, shape, buffers);            \
    break;
    FC_OPS(CALL_CASE)
#undef CALL_CASE
  }
  return buffers.finish();
}

}  // namespace

#ifdef FC_REAL_DOUBLE
Result call_double(int index, const Shape &shape, const Values &inputs) {
  Memory memory;
  return call(fc_ops_cpu(), memory, index, shape, inputs);
}
#else
Result call_float(const std::string &isa, int index, const Shape &shape, const Values &inputs) {
  const fc_ops_t *ops = fc_ops_cpu_isa(isa.c_str());
  Memory memory;
  return ops == nullptr ? Result{} : call(ops, memory, index, shape, inputs);
}

Result call_table(const fc_ops_t *ops, Memory &memory, int index, const Shape &shape, const Values &inputs) {
  return call(ops, memory, index, shape, inputs);
}
#endif

}  // namespace op_test
