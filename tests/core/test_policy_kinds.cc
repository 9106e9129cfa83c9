// tests the kinds of policy beside attmf: shapes that are checked, and what an actor sees.
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "policy_fixture.h"

extern "C" {
#include "policy_rows.h"
}

namespace {
using fc_test::manifest_of;
using fc_test::Observation;
using fc_test::Policy;
using fc_test::PolicyBytes;
using fc_test::Tensors;
using fc_test::Workflow;

constexpr int64_t kHidden = 8;

std::vector<std::string> feature_names() {
  const char *names[FC_MAX_FEATURES];
  const int32_t n = fc_features_repaired(names);
  return std::vector<std::string>(names, names + n);
}

// What the kind needs for this workflow: attmf's actor with other inputs, and as many of them as there are actors.
Tensors tensors_of(const std::string &kind, const Workflow &w) {
  const int64_t n = w->n_functions, o = static_cast<int64_t>(feature_names().size());
  const int64_t actors = kind == "maddpg" ? n : 1;
  const int64_t in = kind == "mean_field" ? 2 * o : kind == "ddpg" ? n * o : o;
  const int64_t out = (kind == "ddpg" ? n : 1) * FC_KNOBS;
  Tensors tensors = fc_test::attmf_tensors(o, 1, kHidden, 5);
  tensors.erase(tensors.begin(), tensors.begin() + 2);  // attention
  for (auto &[name, tensor] : tensors) {
    if (name == "actor.w1") tensor.shape[0] = in;
    if (name == "actor.w3") tensor.shape[1] = out;
    if (name == "actor.b3") tensor.shape[0] = out;
    tensor.shape[0] *= actors;
    size_t size = 1;
    for (const int64_t dim : tensor.shape) size *= static_cast<size_t>(dim);
    const std::vector<float> pattern = tensor.data;
    tensor.data.clear();
    for (size_t i = 0; i < size; ++i) tensor.data.push_back(pattern[i % pattern.size()] * (i % 7 == 3 ? 1.5f : 1.0f));
  }
  return tensors;
}

class PolicyKinds : public testing::TestWithParam<const char *> {};
INSTANTIATE_TEST_SUITE_P(All, PolicyKinds, testing::Values("mean_field", "maddpg", "ddpg", "firm"),
                         [](const auto &kind) { return std::string(kind.param); });

TEST_P(PolicyKinds, MissingAndMisshapenTensorsAreNamed) {
  const Workflow w;
  const fc_policy_manifest_t m = manifest_of(w, GetParam(), "repaired", feature_names());
  const Tensors good = tensors_of(GetParam(), w);
  EXPECT_EQ(FC_OK, Policy(PolicyBytes(m, good)).status()) << Policy(PolicyBytes(m, good)).sentence();
  for (size_t i = 0; i < good.size(); ++i) {
    Tensors missing = good, misshapen = good;
    missing.erase(missing.begin() + static_cast<long>(i));
    misshapen[i].second.shape[0] += 1;
    misshapen[i].second.data.resize(misshapen[i].second.data.size() * 2 + 1000);
    const Policy without(PolicyBytes(m, missing)), with_other(PolicyBytes(m, misshapen));
    EXPECT_EQ(FC_EFORMAT, without.status());
    EXPECT_THAT(without.sentence(), testing::HasSubstr(good[i].first));
    EXPECT_EQ(FC_EFORMAT, with_other.status()) << good[i].first;
  }
}

TEST_P(PolicyKinds, AnInputThatIsNotFiniteIsUnsafe) {
  const Workflow w;
  Tensors tensors = tensors_of(GetParam(), w);
  for (auto &[name, tensor] : tensors) {
    if (name == "actor.w1") std::fill(tensor.data.begin(), tensor.data.end(), 1e38f);
  }
  const Policy policy(PolicyBytes(manifest_of(w, GetParam(), "repaired", feature_names()), tensors));
  ASSERT_EQ(FC_OK, policy.status()) << policy.sentence();
  Observation o(w);
  std::vector<float> action;
  EXPECT_EQ(FC_EUNSAFE, policy.decide(w, o.get(), &action));
}

TEST_P(PolicyKinds, DecidesWithinTheBoxAndReportsWhomItAttendsTo) {
  const Workflow w;
  const Policy policy(PolicyBytes(manifest_of(w, GetParam(), "repaired", feature_names()), tensors_of(GetParam(), w)));
  Observation o(w);
  std::vector<float> action, attention;
  ASSERT_EQ(FC_OK, policy.decide(w, o.get(), &action, &attention));
  for (const float a : action) {
    EXPECT_GT(a, 0);
    EXPECT_LT(a, 1);
  }
  for (int32_t j = 0; j < w->n_functions; ++j) {
    const int32_t begin = w->neighbours.row_start[j], end = w->neighbours.row_start[j + 1];
    for (int32_t e = begin; e < end; ++e) EXPECT_EQ(1.0f / static_cast<float>(end - begin), attention[e]);
  }
}

// Functions that share an actor decide eight at once, or at most four: each as it would alone, to the last bit.
TEST(PolicyRows, SeveralAtOnceDecideAsOneAlone) {
  std::mt19937 rng(3);
  std::normal_distribution<float> normal;
  const auto draw = [&](int64_t n) {
    std::vector<float> v(static_cast<size_t>(n));
    for (float &x : v) x = 0.4f * normal(rng);
    return v;
  };
  for (const bool is_folded : {false, true}) {
    constexpr int64_t I = 22, H = 36, C = FC_KNOBS;  // whole panels of 16 and of 8, and a rest of four
    const auto w1 = draw(I * H), w2 = draw(H * H), w3 = draw(H * C), b1 = draw(H), b2 = draw(H), b3 = draw(C),
               scale1 = draw(H), shift1 = draw(H), scale2 = draw(H), shift2 = draw(H);
    const policy_mlp_t mlp = {I,
                              H,
                              C,
                              is_folded,
                              w1.data(),
                              b1.data(),
                              scale1.data(),
                              shift1.data(),
                              w2.data(),
                              b2.data(),
                              scale2.data(),
                              shift2.data(),
                              w3.data(),
                              b3.data()};
    for (int32_t n = 1; n <= POLICY_ROWS; ++n) {
      const auto rows = draw(n * I);
      std::vector<float> x(I * POLICY_ROWS), hidden(2 * H * POLICY_ROWS), acted(C * POLICY_ROWS), one(C),
          all(static_cast<size_t>(n * C));
      policy_rows_gather(rows.data(), I, n, x.data());
      policy_rows_act(&mlp, x.data(), n, hidden.data(), acted.data());
      policy_rows_scatter(acted.data(), C, n, all.data());
      for (int32_t r = 0; r < n; ++r) {
        policy_mlp_act(&mlp, rows.data() + r * I, hidden.data(), one.data());
        for (size_t k = 0; k < C; ++k)
          EXPECT_EQ(one[k], all[static_cast<size_t>(r) * C + k]) << n << " rows, row " << r;
      }
    }
  }
}

}  // namespace
