// The published target networks (wiluen/FaaSConf at 176278c), as our faithful variant follows them: parameters drift
// towards the learner's, statistics of batch normalisation stay where they began.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "small_workflow.h"

extern "C" {
#include "algorithm.h"
}

namespace {

constexpr int kBatch = 64, kFunctions = 6, kFeatures = 11;

struct Learner {
  explicit Learner(const algorithm_options_t &options)
      : workflow(kFunctions, fc_test::SmallWorkflow::parallel_edges()), interface(algorithm_find("attmf", nullptr)) {
    fc_error_t error;
    EXPECT_EQ(FC_OK, interface->create(&options, workflow.get(), kFeatures, &self, &error)) << error.message;
  }
  ~Learner() { interface->destroy(&self); }
  std::vector<float> block(const char *name) {
    algorithm_state_t blocks[ALGORITHM_MAX_STATES];
    int64_t *step;
    fc_rng_t *rng;
    const int32_t n = interface->state(self, blocks, &step, &rng);
    for (int32_t i = 0; i < n; ++i)
      if (std::strcmp(blocks[i].name, name) == 0) return {blocks[i].data, blocks[i].data + blocks[i].n};
    ADD_FAILURE() << "no block " << name;
    return {};
  }
  fc_test::SmallWorkflow workflow;
  const algorithm_interface_t *interface;
  algorithm_t *self = nullptr;
};

// Nothing is learned (rate 0), so that parameters and targets are equal all the time and the batch is always the same.
// The learner's running statistics travel to the data's. If the target's did, too, y = r + gamma Q' and with it the
// critic's loss would change; they do not, to the last bit. That they should is seen at the learner's own Q.
TEST(PublishedTargets, StatisticsOfBatchNormalisationNeverMove) {
  algorithm_options_t options = algorithm_find("attmf", nullptr)->defaults(VARIANT_FAITHFUL);
  options.n_batch = kBatch;
  options.learning_rate = 0;
  Learner learner(options);
  std::mt19937 rng(5);
  std::normal_distribution<float> normal(1.5f, 2);
  std::vector<float> features(kBatch * kFunctions * kFeatures), action(kBatch * kFunctions * FC_KNOBS), reward(kBatch),
      next(features.size());
  for (float &x : features) x = normal(rng);
  for (float &x : next) x = normal(rng);
  for (float &x : action) x = 0.5f + 0.1f * std::sin(normal(rng));
  for (float &x : reward) x = normal(rng);
  const std::vector<uint8_t> terminal(kBatch, 0);
  const algorithm_batch_t batch = {kBatch, features.data(), action.data(), reward.data(), next.data(), terminal.data()};
  const auto q = [&] {
    std::vector<float> out(kBatch);
    learner.interface->q(learner.self, kBatch, features.data(), action.data(), out.data());
    return out;
  };
  algorithm_report_t first = {}, last = {};
  learner.interface->update(learner.self, &batch, &first);
  const std::vector<float> statistics = learner.block("critic.statistics"), q_first = q();
  for (int i = 0; i < 100; ++i) learner.interface->update(learner.self, &batch, &last);
  EXPECT_EQ(learner.block("critic.parameters"), learner.block("critic.target"));
  double moved = 0, q_moved = 0;
  const std::vector<float> later = learner.block("critic.statistics"), q_later = q();
  for (size_t i = 0; i < later.size(); ++i) moved = std::max(moved, std::abs(double(later[i]) - statistics[i]));
  for (size_t i = 0; i < q_later.size(); ++i) q_moved = std::max(q_moved, std::abs(double(q_later[i]) - q_first[i]));
  EXPECT_GT(moved, 0.1);
  EXPECT_GT(q_moved, 0.01) << "the same parameters give another Q with the data's statistics";
  EXPECT_EQ(first.critic_loss, last.critic_loss);
}

}  // namespace
