// The nets of AttMF against a PyTorch float64 run (attmf_golden.py -> attmf_golden.txt): attention, actions, Q, both
// losses and the norm of every gradient, for three attentions and two norms. Compiled twice: in double, where every
// printed digit must agree, and in float32, the learner's own precision, once per instruction set.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "bound_net.h"
#include "small_workflow.h"
#include "support.h"

extern "C" {
#include "attmf_net.h"
#include "neighbours.h"
}

namespace {

constexpr int B = 4, N = 6, O = 11, A = 4, H = 64, D = 32, R = B * N;
constexpr double kGamma = 0.9;
using fc_test::Reals;

// ---- what the file says

struct Golden {
  std::vector<double> attention, action, q, critic_gradients, actor_gradients;
  double critic_loss = 0, actor_loss = 0;
};

std::vector<double> numbers_after(const std::string &line, const std::string &key) {
  std::vector<double> values;
  const size_t at = line.find(key);
  if (at == std::string::npos) return values;
  const size_t begin = at + key.size();
  const size_t end = line[begin] == '[' ? line.find(']', begin) : line.find(' ', begin);
  std::string list = line.substr(begin, end - begin);
  for (char &c : list) {
    if (c == '[' || c == ',' || c == '\'') c = ' ';
  }
  std::istringstream stream(list);
  for (double v; stream >> v;) values.push_back(v);
  return values;
}

// Key "batchnorm(train) square" and so on.
std::map<std::string, Golden> read_golden() {
  std::map<std::string, Golden> all;
  std::istringstream text(fc_test::read_file(fc_test::source_file("tests/golden/attmf_golden.txt")));
  Golden *golden = nullptr;
  for (std::string line; std::getline(text, line);) {
    if (line.find("att[0,3,:]=") != std::string::npos) {
      std::istringstream words(line);
      std::string norm, attention;
      words >> norm >> attention;
      golden = &all[norm + " " + attention];
      golden->attention = numbers_after(line, "att[0,3,:]=");
    } else if (line.find("action[0,0]=") != std::string::npos) {
      golden->action = numbers_after(line, "action[0,0]=");
      golden->q = numbers_after(line, "Q[0,:,0]=");
    } else if (line.find("critic_loss=") != std::string::npos) {
      golden->critic_loss = numbers_after(line, "critic_loss=").at(0);
      golden->critic_gradients = numbers_after(line, "|g|=");
    } else if (line.find("actor_loss=") != std::string::npos) {
      golden->actor_loss = numbers_after(line, "actor_loss=").at(0);
      golden->actor_gradients = numbers_after(line, "|g|=");
    }
  }
  return all;
}

// ---- the rule of the script: element k of tensor t

fc_real_t parameter(int t, int64_t k) {
  return static_cast<fc_real_t>(0.2 * std::sin(0.37 * static_cast<double>(k) + 1.3 * t));
}
double input(int t, int64_t k) {
  return std::cos(0.61 * static_cast<double>(k) + 0.9 * t);
}

// The script stores weights (out, in), the nets (in, out).
void set_weights(Reals &block, int64_t offset, int t, int n_in, int n_out) {
  for (int i = 0; i < n_in; ++i) {
    for (int u = 0; u < n_out; ++u) block[offset + i * n_out + u] = parameter(t, u * n_in + i);
  }
}

// Norms keep their initial scale 1 and shift 0: the script has none.
void set_golden_block(fc_test::BoundNet *bound, int t_attention, int t_mlp) {
  const attmf_net_t &net = bound->net;
  Reals &block = bound->block;
  for (int64_t k = 0; k < O * D; ++k) {
    block[net.field.query + k] = parameter(t_attention, k);
    block[net.field.key + k] = parameter(t_attention + 1, k);
  }
  set_weights(block, net.mlp.w1, t_mlp, net.mlp.n_in, H);
  set_weights(block, net.mlp.w2, t_mlp + 2, H, H);
  set_weights(block, net.mlp.w3, t_mlp + 4, H, net.mlp.n_out);
  for (int k = 0; k < H; ++k) block[net.mlp.b1 + k] = parameter(t_mlp + 1, k);
  for (int k = 0; k < H; ++k) block[net.mlp.b2 + k] = parameter(t_mlp + 3, k);
  for (int k = 0; k < net.mlp.n_out; ++k) block[net.mlp.b3 + k] = parameter(t_mlp + 5, k);
}

double norm_of(const Reals &block, int64_t offset, int64_t n) {
  double sum = 0;
  for (int64_t k = 0; k < n; ++k)
    sum += static_cast<double>(block[offset + k]) * static_cast<double>(block[offset + k]);
  return std::sqrt(sum);
}

// In the order of the script: query, key, w1, b1, w2, b2, w3, b3.
std::vector<double> gradient_norms(const attmf_net_t &net, const Reals &g) {
  const int64_t in = net.mlp.n_in, out = net.mlp.n_out;
  return {norm_of(g, net.field.query, O * D), norm_of(g, net.field.key, O * D), norm_of(g, net.mlp.w1, in * H),
          norm_of(g, net.mlp.b1, H),          norm_of(g, net.mlp.w2, H * H),    norm_of(g, net.mlp.b2, H),
          norm_of(g, net.mlp.w3, H * out),    norm_of(g, net.mlp.b3, out)};
}

// Parallel's graph, or every pair with itself for the authors' alternative, whose mask multiplies the scores.
struct Graph {
  explicit Graph(bool complete) {
    const fc_test::SmallWorkflow parallel(N, fc_test::SmallWorkflow::parallel_edges());
    const fc_topology_t &t = parallel.get()->topology;
    if (complete) {
      std::vector<int32_t> row_start, column;
      std::vector<uint32_t> kinds(N * N, FC_EDGE_SUCCESSOR);
      mask.assign(N * N, 0);
      for (int i = 0; i < N; ++i) {
        row_start.push_back(i * N);
        for (int j = 0; j < N; ++j) column.push_back(j);
        for (int32_t e = t.row_start[i]; e < t.row_start[i + 1]; ++e) mask[i * N + t.column[e]] = 1;
      }
      row_start.push_back(N * N);
      fc_topology_t all = {N, N * N, row_start.data(), column.data(), kinds.data(), nullptr};
      EXPECT_EQ(FC_OK, neighbours_init(&neighbours, &all, FC_EDGE_SUCCESSOR));
    } else {
      EXPECT_EQ(FC_OK, neighbours_init(&neighbours, &t, FC_EDGE_SUCCESSOR | FC_EDGE_PREDECESSOR));
    }
  }
  ~Graph() { neighbours_clear(&neighbours); }
  Graph(const Graph &) = delete;
  Graph &operator=(const Graph &) = delete;
  neighbours_t neighbours;
  Reals mask;
};

#ifdef FC_REAL_DOUBLE
// Half a unit of the last printed digit.
double allowed(double, double half_digit) {
  return half_digit * 1.01;
}
constexpr double kVanished = 1e-13;
#else
double allowed(double value, double half_digit) {
  return 1e-4 * std::fabs(value) + 4 * half_digit + 2e-7;
}
constexpr double kVanished = 1e-5;
#endif

void expect_all(const std::vector<double> &expected, const std::vector<double> &found, double half_digit,
                const char *what) {
  ASSERT_EQ(expected.size(), found.size()) << what;
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(expected[i], found[i], allowed(expected[i], half_digit)) << what << "[" << i << "]";
  }
}

// Printed as %.6e.
void expect_gradients(const std::vector<double> &expected, const std::vector<double> &found, bool vanished,
                      const char *what) {
  ASSERT_EQ(8u, expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    if (vanished) {
      EXPECT_LT(found[i], kVanished) << what << "[" << i << "]";
      EXPECT_LT(expected[i], kVanished);
    } else {
      const double digit = 0.5e-6 * std::pow(10.0, std::floor(std::log10(expected[i])));
      EXPECT_NEAR(expected[i], found[i], allowed(expected[i], digit)) << what << "[" << i << "]";
    }
  }
}

struct Case {
  const char *isa, *norm, *attention;
};
std::ostream &operator<<(std::ostream &out, const Case &c) {
  return out << c.isa << " " << c.norm << " " << c.attention;
}

class AttmfGolden : public testing::TestWithParam<Case> {};

TEST_P(AttmfGolden, EveryPrintedNumberAgrees) {
  const Case c = GetParam();
  const fc_ops_t *ops = fc_ops_cpu_isa(c.isa);
  if (ops == nullptr) GTEST_SKIP() << "this machine or build lacks the instruction set " << c.isa;
  const auto all = read_golden();
  const auto found = all.find(std::string(c.norm) + " " + c.attention);
  ASSERT_NE(all.end(), found);
  const Golden &golden = found->second;
  const std::string attention_name = c.attention;
  const Graph graph(attention_name == "softmaskmul");
  const attention_t attention = attention_name == "square" ? ATTENTION_SQUARE : ATTENTION_SOFTMAX;
  const bool batch_norm = std::string(c.norm) != "layernorm";
  const norm_t norm = batch_norm ? NORM_BATCH : NORM_LAYER;

  fc_dims_t dims = {1, B, N, graph.neighbours.csr.n_edges, O, A, H, D, 1};
  fc_test::BoundNet actor, critic;
  attmf_net_init_actor(&actor.net, ops, &dims, graph.neighbours.csr, attention, norm);
  attmf_net_init_critic(&critic.net, ops, &dims, graph.neighbours.csr, attention, norm);
  if (!graph.mask.empty()) actor.net.field.edge_mask = critic.net.field.edge_mask = graph.mask.data();
  actor.bind(B);
  critic.bind(B);
  set_golden_block(&actor, 1, 5);
  set_golden_block(&critic, 3, 11);

  Reals s(R * O), s1(R * O), a(R * A), r(B), y(R), grad_q(R), grad_action(R * A);
  for (int k = 0; k < R * O; ++k) s[k] = static_cast<fc_real_t>(input(1, k));
  for (int k = 0; k < R * O; ++k) s1[k] = static_cast<fc_real_t>(input(2, k));
  for (int k = 0; k < R * A; ++k) a[k] = static_cast<fc_real_t>((input(3, k) + 1) / 2);
  for (int k = 0; k < B; ++k) r[k] = static_cast<fc_real_t>(input(4, k));
  const uint8_t terminal[B] = {0, 0, 0, 0};

  // critic: y = r + gamma Q(s', pi(s')), targets being the nets themselves
  const fc_real_t *next_q = critic.q(MODE_TRAIN, B, s1, actor.act(MODE_TRAIN, B, s1));
  ops->td_target(y.data(), r.data(), next_q, terminal, kGamma, 1, B, N, nullptr);
  const fc_real_t *q_now = critic.q(MODE_TRAIN, B, s, a.data());
  std::vector<double> attention_row(N, 0);
  const fc_neighbours_t &csr = graph.neighbours.csr;
  for (int32_t e = csr.row_start[3]; e < csr.row_start[4]; ++e) {
    attention_row[csr.column[e]] = static_cast<double>(critic.pass.field.weight[e]);
  }
  expect_all(golden.attention, attention_row, 0.5e-6, "attention");
  expect_all(golden.q, std::vector<double>(q_now, q_now + N), 0.5e-8, "Q");
  fc_real_t loss;
  ops->mse_forward(&loss, q_now, y.data(), nullptr, 1.0 / R, 1, R, nullptr);
  EXPECT_NEAR(golden.critic_loss, static_cast<double>(loss), allowed(golden.critic_loss, 0.5e-10));
  ops->mse_backward(grad_q.data(), q_now, y.data(), nullptr, 1.0 / R, 1, R, nullptr);
  attmf_critic_backward(&critic.net, critic.block.data(), critic.statistics.data(), MODE_TRAIN, B, s.data(), a.data(),
                        &critic.pass, grad_q.data(), critic.gradients.data(), &critic.workspace);
  expect_gradients(golden.critic_gradients, gradient_norms(critic.net, critic.gradients), false, "critic gradient");

  // actor: -mean Q(s, pi(s)) with constant critic attention
  const fc_real_t *action = actor.act(MODE_TRAIN, B, s);
  expect_all(golden.action, std::vector<double>(action, action + A), 0.5e-8, "action");
  q_now = critic.q(MODE_TRAIN, B, s, action);
  ops->sum_loss_forward(&loss, q_now, nullptr, -1.0 / R, 1, R, nullptr);
  EXPECT_NEAR(golden.actor_loss, static_cast<double>(loss), allowed(golden.actor_loss, 0.5e-10));
  ops->sum_loss_backward(grad_q.data(), nullptr, -1.0 / R, 1, R, nullptr);
  attmf_critic_action_gradient(&critic.net, critic.block.data(), critic.statistics.data(), MODE_TRAIN, B, action,
                               &critic.pass, grad_q.data(), grad_action.data(), &critic.workspace);
  attmf_actor_backward(&actor.net, actor.block.data(), actor.statistics.data(), MODE_TRAIN, B, s.data(), &actor.pass,
                       grad_action.data(), actor.gradients.data(), &actor.workspace);
  expect_gradients(golden.actor_gradients, gradient_norms(actor.net, actor.gradients), batch_norm, "actor gradient");
}

std::vector<Case> cases() {
  std::vector<Case> all;
#ifdef FC_REAL_DOUBLE
  const std::vector<const char *> sets = {"base"};
#else
  const std::vector<const char *> sets = {"base", "avx2", "avx512"};
#endif
  for (const char *isa : sets) {
    for (const char *norm : {"batchnorm(train)", "layernorm"}) {
      for (const char *attention : {"square", "softmax", "softmaskmul"}) all.push_back({isa, norm, attention});
    }
  }
  return all;
}

std::string case_name(const testing::TestParamInfo<Case> &info) {
  const std::string norm = std::string(info.param.norm) == "layernorm" ? "layernorm" : "batchnorm";
  return std::string(info.param.isa) + "_" + norm + "_" + info.param.attention;
}

INSTANTIATE_TEST_SUITE_P(All, AttmfGolden, testing::ValuesIn(cases()), case_name);

}  // namespace
