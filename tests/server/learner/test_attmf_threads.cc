// An update on several threads is the update, to rounding; the same number of threads gives the same bytes.
#include <cmath>

#include "instance.h"

namespace {

using fc_test::Batch;
using fc_test::Instance;

constexpr int kBatch = 21, kFeatures = 5;

algorithm_options_t options_of(const std::string &name, algorithm_variant_t variant, int threads) {
  algorithm_options_t options = algorithm_find(name.c_str(), nullptr)->defaults(variant);
  options.n_batch = kBatch;
  options.n_hidden = 24;
  options.n_attention = 8;
  options.discount = 0.9f;
  options.n_threads = threads;
  return options;
}

struct Case {
  std::string name;
  algorithm_variant_t variant;
};

class AttmfThreads : public testing::TestWithParam<Case> {};

TEST_P(AttmfThreads, AreTheUpdateOfOneToRounding) {
  for (int threads : {2, 3, 7}) {
    const Case &of = GetParam();
    Instance one(of.name, options_of(of.name, of.variant, 1), kFeatures);
    Instance several(of.name, options_of(of.name, of.variant, threads), kFeatures);
    algorithm_report_t expected = {}, found = {};
    for (unsigned i = 0; i < 5; ++i) {
      const Batch batch = fc_test::random_batch(kBatch, 6, kFeatures, i);
      expected = one.update(batch);
      found = several.update(batch);
    }
    EXPECT_NEAR(expected.critic_loss, found.critic_loss, 1e-4 * std::fabs(expected.critic_loss));
    EXPECT_NEAR(expected.actor_loss, found.actor_loss, 1e-4 * std::fabs(expected.actor_loss) + 1e-5);
    EXPECT_NEAR(expected.critic_grad_norm, found.critic_grad_norm, 1e-3 * expected.critic_grad_norm);
    EXPECT_NEAR(expected.actor_grad_norm, found.actor_grad_norm, 1e-3 * expected.actor_grad_norm + 1e-5);
    const Batch asked = fc_test::random_batch(kBatch, 6, kFeatures, 99);
    const std::vector<float> q = one.q(kBatch, asked.features, asked.action),
                             q_several = several.q(kBatch, asked.features, asked.action);
    for (int b = 0; b < kBatch; ++b) EXPECT_NEAR(q[size_t(b)], q_several[size_t(b)], 1e-3);
  }
}

TEST_P(AttmfThreads, TheSameAgainIsTheSameBytes) {
  const Case &of = GetParam();
  Instance first(of.name, options_of(of.name, of.variant, 3), kFeatures),
      second(of.name, options_of(of.name, of.variant, 3), kFeatures);
  for (unsigned i = 0; i < 10; ++i) {
    const Batch batch = fc_test::random_batch(kBatch, 6, kFeatures, i);
    first.update(batch);
    second.update(batch);
  }
  EXPECT_EQ(first.bytes(), second.bytes());
}

INSTANTIATE_TEST_SUITE_P(All, AttmfThreads,
                         testing::Values(Case{"attmf", VARIANT_REPAIRED}, Case{"attmf", VARIANT_FAITHFUL},
                                         Case{"mean_field", VARIANT_REPAIRED}),
                         [](const testing::TestParamInfo<Case> &instance) {
                           return instance.param.name + (instance.param.variant == VARIANT_FAITHFUL ? "_faithful" : "");
                         });

TEST(AttmfThreadCount, IsNoMoreThanTheBatchHasRows) {
  algorithm_options_t options = options_of("attmf", VARIANT_REPAIRED, kBatch + 1);
  fc_test::SmallWorkflow workflow(6, fc_test::SmallWorkflow::parallel_edges());
  const algorithm_interface_t *attmf = algorithm_find("attmf", nullptr);
  algorithm_t *self = nullptr;
  fc_error_t error = {};
  EXPECT_EQ(FC_EINVAL, attmf->create(&options, workflow.get(), kFeatures, &self, &error));
  EXPECT_STREQ("attmf: 22 threads: use 1 to 64, and no more than the batch has rows", error.message);
  options.n_threads = kBatch;
  EXPECT_EQ(FC_OK, attmf->create(&options, workflow.get(), kFeatures, &self, &error));
  attmf->destroy(&self);
}

}  // namespace
