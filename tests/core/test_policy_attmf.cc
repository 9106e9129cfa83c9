// tests core/policy_attmf.c: against the equations in double, equivariance, isolation, safety, no allocation, and the
// same bits on every machine.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "policy_fixture.h"

extern "C" {
#include "faasconf/digest.h"
#include "policy_kind.h"

// The same file compiled once more without dispatch and under other names (CMakeLists.txt).
extern const policy_kind_t plain_policy_kind_attmf;

// Calls of the library under test that allocate; ld --wrap sends them here.
static int n_allocations = 0;
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size) {
  ++n_allocations;
  return __real_malloc(size);
}
void *__wrap_calloc(size_t n, size_t size) {
  ++n_allocations;
  return __real_calloc(n, size);
}
void *__wrap_realloc(void *old, size_t size) {
  ++n_allocations;
  return __real_realloc(old, size);
}
}

namespace {
using fc_test::attmf_tensors;
using fc_test::manifest_of;
using fc_test::Observation;
using fc_test::Policy;
using fc_test::PolicyBytes;
using fc_test::Tensors;
using fc_test::with;
using fc_test::Workflow;

std::vector<std::string> features_of(const std::string &variant) {
  const char *names[FC_MAX_FEATURES];
  const int32_t n = variant == "faithful" ? fc_features_faithful(names) : fc_features_repaired(names);
  return std::vector<std::string>(names, names + n);
}

// Statistics that bring every feature near 1, the raw ones too.
fc_policy_manifest_t attmf_manifest(const Workflow &w, const char *variant) {
  fc_policy_manifest_t m = manifest_of(w, "attmf", variant, features_of(variant));
  for (int32_t i = 0; i < m.n_features; ++i) {
    const std::string name = m.features[i].name;
    m.features[i].mean = 0.25f * static_cast<float>(i % 5);
    m.features[i].scale = name == "net_rx_bytes_per_s"             ? 16384.0f
                          : name == "throttled_periods"            ? 256.0f
                          : name.find("_pct") != std::string::npos ? 64.0f
                                                                   : 8.0f;
  }
  return m;
}

Tensors tensors_of(const char *variant, uint64_t seed = 1) {
  return attmf_tensors(static_cast<int64_t>(features_of(variant).size()), 8, 16, seed);
}

// Observation whose windows differ between functions in every metric.
struct Varied : Observation {
  explicit Varied(const Workflow &w) : Observation(w) {
    fc_rng_t rng;
    for (size_t f = 0; f < w.n(); ++f) {
      // By name, so that the same function has the same window wherever it is listed.
      fc_rng_init(&rng, 17, std::hash<char>()(w->functions[f].name[0]));
      fc_function_metrics_t *m = &get()->metrics[f];
      m->cpu_utilization_pct = 100 * fc_rng_uniform(&rng);
      m->throttled_periods = 300 * fc_rng_uniform(&rng);
      m->mem_utilization_pct = 100 * fc_rng_uniform(&rng);
      m->net_rx_bytes_per_s = 20000 * fc_rng_uniform(&rng);
      m->latency_p75_s = 5 * fc_rng_uniform(&rng);
      m->latency_p95_s = 9 * fc_rng_uniform(&rng);
    }
  }
};

// ---- the equations of docs/algorithms.md, in double, as plainly as they are written ---------------------------

struct Reference {
  std::vector<double> action, attention;
};

std::vector<double> multiply(const std::vector<double> &x, const fc_test::Tensor &w) {
  const size_t n_out = static_cast<size_t>(w.shape[1]);
  std::vector<double> y(n_out);
  for (size_t u = 0; u < n_out; ++u)
    for (size_t i = 0; i < x.size(); ++i) y[u] += x[i] * static_cast<double>(w.data[i * n_out + u]);
  return y;
}

Reference reference(const Workflow &w, const fc_policy_manifest_t &m, const Tensors &tensors, Observation *o) {
  const auto tensor = [&tensors](const std::string &name) -> const fc_test::Tensor & {
    return std::find_if(tensors.begin(), tensors.end(), [&](const auto &t) { return t.first == name; })->second;
  };
  const bool faithful = std::strcmp(m.variant, "faithful") == 0;
  const size_t n = w.n(), n_features = static_cast<size_t>(m.n_features);
  std::vector<float> raw(n * n_features);
  EXPECT_EQ(FC_OK, fc_features_compute(&m, w.get(), o->get(), raw.data()));
  std::vector<std::vector<double>> s(n), q(n), k(n);
  for (size_t j = 0; j < n; ++j) {
    s[j].assign(raw.begin() + static_cast<long>(j * n_features), raw.begin() + static_cast<long>((j + 1) * n_features));
    q[j] = multiply(s[j], tensor("actor.attention.query"));
    k[j] = multiply(s[j], tensor("actor.attention.key"));
  }
  Reference result;
  for (size_t j = 0; j < n; ++j) {
    const fc_topology_t &csr = w->neighbours;
    std::vector<double> weight, x = s[j], mean(n_features);
    double total = faithful ? 0.001 : 0.0;
    for (int e = csr.row_start[j]; e < csr.row_start[j + 1]; ++e) {
      double z = 0;
      for (size_t d = 0; d < q[j].size(); ++d) z += q[j][d] * k[static_cast<size_t>(csr.column[e])][d];
      weight.push_back(faithful ? z * z : std::exp(z / std::sqrt(static_cast<double>(q[j].size()))));
      total += weight.back();
    }
    for (size_t e = 0; e < weight.size(); ++e) {
      weight[e] /= total;
      const size_t other = static_cast<size_t>(csr.column[static_cast<size_t>(csr.row_start[j]) + e]);
      for (size_t i = 0; i < n_features; ++i) mean[i] += weight[e] * s[other][i];
    }
    result.attention.insert(result.attention.end(), weight.begin(), weight.end());
    x.insert(x.end(), mean.begin(), mean.end());
    for (const std::string layer : {"1", "2"}) {
      x = multiply(x, tensor("actor.w" + layer));
      double average = 0, variance = 0;
      for (size_t u = 0; u < x.size(); ++u) {
        x[u] = std::max(0.0, x[u] + static_cast<double>(tensor("actor.b" + layer).data[u]));
        average += x[u] / static_cast<double>(x.size());
      }
      for (const double h : x) variance += (h - average) * (h - average) / static_cast<double>(x.size());
      for (size_t u = 0; u < x.size(); ++u) {
        const double h = faithful ? x[u] : (x[u] - average) / std::sqrt(variance + 1e-5);
        x[u] = h * static_cast<double>(tensor("actor.norm" + layer + ".scale").data[u]) +
               static_cast<double>(tensor("actor.norm" + layer + ".shift").data[u]);
      }
    }
    x = multiply(x, tensor("actor.w3"));
    for (size_t a = 0; a < FC_KNOBS; ++a) {
      const double pi = 1 / (1 + std::exp(-x[a] - static_cast<double>(tensor("actor.b3").data[a])));
      result.action.push_back(faithful ? std::min(0.9, std::max(0.1, pi)) : pi);
    }
  }
  return result;
}

void expect_equations(const Workflow &w, const char *variant) {
  SCOPED_TRACE(std::string(w->name) + " " + variant);
  const fc_policy_manifest_t m = attmf_manifest(w, variant);
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    const Tensors tensors = tensors_of(variant, seed);
    const Policy policy(PolicyBytes(m, tensors));
    ASSERT_EQ(FC_OK, policy.status()) << policy.sentence();
    Varied o(w);
    std::vector<float> action, attention;
    ASSERT_EQ(FC_OK, policy.decide(w, o.get(), &action, &attention));
    const Reference expected = reference(w, m, tensors, &o);
    ASSERT_EQ(expected.attention.size(), attention.size());
    for (size_t i = 0; i < action.size(); ++i) EXPECT_NEAR(expected.action[i], action[i], 2e-5) << i;
    for (size_t e = 0; e < attention.size(); ++e) EXPECT_NEAR(expected.attention[e], attention[e], 2e-5) << e;
  }
}

TEST(PolicyAttmf, DecidesByTheEquations) {
  for (const char *variant : {"repaired", "faithful"}) {
    expect_equations(Workflow(), variant);
    for (const char *name : {"parallel", "branch", "tcktapp"}) expect_equations(Workflow::shipped(name), variant);
  }
}

TEST(PolicyAttmf, AFunctionWithoutNeighboursSeesZeros) {
  const Workflow w(with(fc_test::kChain, "calls: [a, b, c]", "calls: [a, c]"));
  ASSERT_EQ(w->neighbours.row_start[1], w->neighbours.row_start[2]);
  for (const char *variant : {"repaired", "faithful"}) expect_equations(w, variant);
  const Workflow alone(with(fc_test::kChain, "calls: [a, b, c]", "calls: [a]"));
  for (const char *variant : {"repaired", "faithful"}) expect_equations(alone, variant);
}

TEST(PolicyAttmf, ListingTheFunctionsInAnotherOrderMovesTheirActionsOnly) {
  const std::string text = with(fc_test::kChain, "calls: [a, b, c]", "calls: [a, {parallel: [[b], [c]]}]");
  const std::string lines[] = {"  - {name: a, mode: fork, on_failure: ignore}\n",
                               "  - {name: b, mode: synchronous, on_failure: poison}\n", "  - {name: c}\n"};
  const Workflow w(text), other(with(text, lines[0] + lines[1] + lines[2], lines[2] + lines[0] + lines[1]));
  const size_t moved_to[] = {1, 2, 0};
  for (const char *variant : {"repaired", "faithful"}) {
    const Policy policy(PolicyBytes(attmf_manifest(w, variant), tensors_of(variant)));
    Varied o(w), p(other);
    o->configuration[1].replicas = p->configuration[2].replicas = 2;
    std::vector<float> action, permuted;
    ASSERT_EQ(FC_OK, policy.decide(w, o.get(), &action));
    ASSERT_EQ(FC_OK, policy.decide(other, p.get(), &permuted));
    for (size_t f = 0; f < 3; ++f)
      for (size_t k = 0; k < FC_KNOBS; ++k)
        EXPECT_NEAR(action[f * FC_KNOBS + k], permuted[moved_to[f] * FC_KNOBS + k], 1e-6) << f;
    EXPECT_NE(action[0], action[FC_KNOBS]) << "and they do differ";
  }
}

TEST(PolicyAttmf, ActionsStayInTheirBox) {
  const Workflow w;
  Varied o(w);
  std::vector<float> action;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    for (const char *variant : {"repaired", "faithful"}) {
      const int64_t n = static_cast<int64_t>(features_of(variant).size());
      const Policy policy(PolicyBytes(attmf_manifest(w, variant), attmf_tensors(n, 4, 8, seed, 20.0)));
      ASSERT_EQ(FC_OK, policy.decide(w, o.get(), &action));
      const bool faithful = variant[0] == 'f';
      for (const float a : action) ASSERT_TRUE(a >= (faithful ? 0.1f : 0.0f) && a <= (faithful ? 0.9f : 1.0f));
    }
  }
}

// Overflow anywhere on the way must reach the caller: neither relu nor sigmoid may turn it into a decision.
TEST(PolicyAttmf, AResultThatIsNotFiniteIsUnsafe) {
  const Workflow w;
  Varied o(w);
  std::vector<float> action;
  for (const char *variant : {"repaired", "faithful"}) {
    SCOPED_TRACE(variant);
    fc_policy_manifest_t m = attmf_manifest(w, variant);
    m.features[4].scale = 1e-45f;
    const Policy overflowing(PolicyBytes(m, tensors_of(variant)));
    EXPECT_EQ(FC_EUNSAFE, overflowing.decide(w, o.get(), &action)) << "a feature";
    for (const char *name : {"actor.attention.query", "actor.w1", "actor.w2", "actor.w3"}) {
      Tensors tensors = tensors_of(variant);
      for (auto &[tensor, content] : tensors)
        if (tensor == name)
          for (float &x : content.data) x = x < 0 ? -3e38f : 3e38f;
      const Policy policy(PolicyBytes(attmf_manifest(w, variant), tensors));
      ASSERT_EQ(FC_OK, policy.status());
      EXPECT_EQ(FC_EUNSAFE, policy.decide(w, o.get(), &action)) << name;
    }
  }
}

TEST(PolicyAttmf, MissingAndMisshapenTensorsAreNamed) {
  const Workflow w;
  const fc_policy_manifest_t m = attmf_manifest(w, "repaired");
  const Tensors good = tensors_of("repaired");
  for (size_t i = 0; i < good.size(); ++i) {
    Tensors missing = good, misshapen = good;
    missing.erase(missing.begin() + static_cast<long>(i));
    misshapen[i].second.shape.back() += 1;
    misshapen[i].second.data.resize(misshapen[i].second.data.size() * 2 + 100);
    const Policy without(PolicyBytes(m, missing)), with_other(PolicyBytes(m, misshapen));
    EXPECT_EQ(FC_EFORMAT, without.status());
    EXPECT_THAT(without.sentence(), testing::HasSubstr(good[i].first));
    EXPECT_EQ(FC_EFORMAT, with_other.status()) << good[i].first;
    EXPECT_THAT(with_other.sentence(), testing::HasSubstr("expected shape"));
  }
  fc_policy_manifest_t variant = m;
  std::strcpy(variant.variant, "improved");
  EXPECT_THAT(Policy(PolicyBytes(variant, good)).sentence(),
              testing::HasSubstr("variant: expected repaired or faithful, found improved"));
  fc_policy_manifest_t fewer = m;
  fewer.n_features -= 1;
  EXPECT_EQ(FC_EFORMAT, Policy(PolicyBytes(fewer, good)).status());
}

TEST(PolicyAttmf, DecidingDoesNotAllocate) {
  const Workflow w = Workflow::shipped("tcktapp");
  Varied o(w);
  for (const char *variant : {"repaired", "faithful"}) {
    n_allocations = 0;
    const Policy policy(PolicyBytes(attmf_manifest(w, variant), tensors_of(variant)));
    EXPECT_GT(n_allocations, 0) << "loading is counted";
    std::vector<float> scratch(fc_policy_scratch_floats(policy.get(), w.get())), action(w.n() * FC_KNOBS);
    std::vector<float> attention(static_cast<size_t>(w->neighbours.n_edges));
    n_allocations = 0;
    const fc_status_t status =
        fc_policy_decide(policy.get(), w.get(), o.get(), scratch.data(), action.data(), attention.data());
    EXPECT_EQ(0, n_allocations);
    EXPECT_EQ(FC_OK, status);
  }
}

// ---- bits --------------------------------------------------------------------------------------------------------

TEST(PolicyAttmfBits, AreTheSameForEveryInstructionSet) {
  const Workflow w = Workflow::shipped("tcktapp");
  for (const char *variant : {"repaired", "faithful"}) {
    const size_t o = features_of(variant).size();
    const Policy policy(PolicyBytes(attmf_manifest(w, variant), tensors_of(variant)));
    ASSERT_EQ(policy_kind_attmf.scratch_floats(policy.get(), w.get()),
              plain_policy_kind_attmf.scratch_floats(policy.get(), w.get()));
    std::vector<float> scratch(policy_kind_attmf.scratch_floats(policy.get(), w.get())), features(w.n() * o);
    std::vector<float> one(w.n() * FC_KNOBS), two = one;
    fc_rng_t rng;
    fc_rng_init(&rng, 6, 0);
    for (int i = 0; i < 100; ++i) {
      for (float &x : features) x = static_cast<float>(4 * fc_rng_uniform(&rng) - 2);
      policy_kind_attmf.decide(policy.get(), w.get(), features.data(), scratch.data(), one.data(), nullptr);
      plain_policy_kind_attmf.decide(policy.get(), w.get(), features.data(), scratch.data(), two.data(), nullptr);
      ASSERT_EQ(0, std::memcmp(one.data(), two.data(), one.size() * sizeof(float)));
    }
  }
}

// A fixed policy and observation, hashed: a compiler, libm or machine that decides otherwise fails here.
TEST(PolicyAttmfBits, AreTheSameOnEveryMachine) {
  const Workflow w = Workflow::shipped("parallel");
  const struct {
    const char *variant, *expected;
  } cases[] = {{"repaired", "364e0feb588b9e532ebbb2bb5daa57facbad1cbaf3d5238fcd5aa40dd3367b47"},
               {"faithful", "6f2ee40f745b38ba0d23f90cb0a0cfac8ae658d3ddb4981955503c65633308c9"}};
  for (const auto &c : cases) {
    const Policy policy(PolicyBytes(attmf_manifest(w, c.variant), tensors_of(c.variant)));
    Observation o(w);
    std::vector<float> action;
    ASSERT_EQ(FC_OK, policy.decide(w, o.get(), &action));
    uint8_t digest[FC_DIGEST_SIZE];
    char hex[FC_HEX_SIZE];
    fc_sha256(action.data(), action.size() * sizeof(float), digest);
    fc_hex(digest, sizeof digest, hex);
    EXPECT_STREQ(c.expected, hex);
  }
}

TEST(PolicyExp, IsCloseToTheExponentialAndKeepsItsEnds) {
  for (float x = -86.9f; x < 87.9f; x += 0.0137f) {
    const double expected = std::exp(static_cast<double>(x));
    ASSERT_NEAR(1.0, static_cast<double>(policy_exp(x)) / expected, 3e-7) << x;
  }
  EXPECT_EQ(1.0f, policy_exp(0.0f));
  EXPECT_EQ(0.0f, policy_exp(-100.0f));
  EXPECT_EQ(0.0f, policy_exp(-INFINITY));
  EXPECT_TRUE(std::isfinite(policy_exp(1000.0f)));
  EXPECT_TRUE(std::isnan(policy_exp(NAN)));
  EXPECT_EQ(0.5f, policy_sigmoid(0.0f));
  EXPECT_NEAR(1.0f, policy_sigmoid(30.0f), 1e-7);
  EXPECT_NEAR(0.0f, policy_sigmoid(-30.0f), 1e-7);
}

}  // namespace
