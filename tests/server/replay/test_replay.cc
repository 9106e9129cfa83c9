// server/replay: a ring of rows, sampled uniformly, with the reward of architecture section 5.
#include <cmath>
#include <map>
#include <set>

#include "rows.h"

extern "C" {
#include "replay.h"
}

namespace {

using fc_test::Row;

class Replay : public ::testing::Test {
 protected:
  void SetUp() override { replay = make(8); }
  void TearDown() override { replay_destroy(&replay); }
  replay_t *make(int32_t capacity) {
    fc_error_t error = {};
    n_features = fc_features_repaired(names);
    const replay_options_t options = {capacity, FC_RANGES_MEASURED,         FC_DECODE_UNIFORM, names, n_features,
                                      false,    workflow.start_cost_usd_h()};
    replay_t *made = nullptr;
    EXPECT_OK(replay_new(workflow, &options, &made, &error));
    return made;
  }
  float reward_of(uint64_t sequence) {
    double reward = 0;
    EXPECT_EQ(FC_OK, replay_reward(workflow, Row(workflow, sequence).get(), workflow.start_cost_usd_h(), &reward));
    return static_cast<float>(reward);
  }
  // Rewards of `count` sampled rows.
  std::vector<float> sample(const replay_t *from, uint64_t seed, int32_t count) {
    const size_t rows = static_cast<size_t>(count) * 3;
    std::vector<float> features(rows * static_cast<size_t>(n_features)), next(features), action(rows * FC_KNOBS),
        reward(static_cast<size_t>(count));
    std::vector<uint8_t> terminal(static_cast<size_t>(count));
    fc_rng_t rng;
    fc_rng_init(&rng, seed, 1);
    replay_sample(from, &rng, count, features.data(), action.data(), reward.data(), next.data(), terminal.data());
    return reward;
  }
  fc_test::Workflow workflow;
  const char *names[FC_MAX_FEATURES];
  int32_t n_features = 0;
  replay_t *replay = nullptr;
};

TEST_F(Replay, OverwritesOldestWhenFull) {
  for (uint64_t i = 1; i <= 11; ++i) ASSERT_EQ(FC_OK, replay_insert(replay, Row(workflow, i).get(), false));
  EXPECT_EQ(8, replay_size(replay));
  std::set<float> wanted, seen;
  for (uint64_t i = 4; i <= 11; ++i) wanted.insert(reward_of(i));
  for (const float reward : sample(replay, 3, 2000)) seen.insert(reward);
  EXPECT_EQ(wanted, seen);
}

TEST_F(Replay, SamplesUniformlyAndTheSameForOneSeed) {
  for (uint64_t i = 1; i <= 8; ++i) ASSERT_EQ(FC_OK, replay_insert(replay, Row(workflow, i).get(), false));
  std::map<float, int> counts;
  const int draws = 80000;
  for (const float reward : sample(replay, 5, draws)) counts[reward] += 1;
  ASSERT_EQ(8u, counts.size());
  for (const auto &[reward, count] : counts)  // five standard deviations of a binomial
    EXPECT_NEAR(draws / 8.0, count, 5 * std::sqrt(draws / 8.0 * 7 / 8)) << reward;
  EXPECT_EQ(sample(replay, 7, 100), sample(replay, 7, 100));
  EXPECT_NE(sample(replay, 7, 100), sample(replay, 8, 100));
}

TEST_F(Replay, HeldOutRowsAreNeverSampled) {
  for (uint64_t i = 1; i <= 3; ++i) ASSERT_EQ(FC_OK, replay_insert(replay, Row(workflow, i).get(), false));
  ASSERT_EQ(FC_OK, replay_insert(replay, Row(workflow, 9).get(), true));
  EXPECT_EQ(3, replay_size(replay));
  EXPECT_EQ(1, replay_heldout_size(replay));
  for (const float reward : sample(replay, 3, 500)) EXPECT_NE(reward_of(9), reward);
  std::vector<float> features(static_cast<size_t>(3 * n_features)), action(3 * FC_KNOBS), reward(1);
  replay_heldout(replay, 0, 1, features.data(), action.data(), reward.data());
  EXPECT_EQ(reward_of(9), reward[0]);
}

TEST_F(Replay, RewardIsCostAndTwentyTimesTheLogOfEachViolation) {
  Row row(workflow, 1);
  double reward = 0;
  const double reference = workflow.start_cost_usd_h(), cost = row->cost_usd_h / reference;
  row->after.outcome.latency_mean_s = 26;  // twice the target of 13 s
  row->after.outcome.successes = 11;       // half the target of 22
  row->after.outcome.failures = 0;
  ASSERT_EQ(FC_OK, replay_reward(workflow, row.get(), reference, &reward));
  EXPECT_NEAR(-cost - 20 * 2 * std::log(2.0), reward, 1e-9);
  row->after.outcome.failures = 11;  // and half of the completed, where 90 % are wanted
  ASSERT_EQ(FC_OK, replay_reward(workflow, row.get(), reference, &reward));
  EXPECT_NEAR(-cost - 20 * (2 * std::log(2.0) + std::log(1.8)), reward, 1e-9);
  row->after.outcome.successes = 0;
  ASSERT_EQ(FC_OK, replay_reward(workflow, row.get(), reference, &reward));
  EXPECT_LT(reward, -cost - 20 * std::log(10.0)) << "no success: the worst of every term";
  EXPECT_GE(reward, -cost - 20 * 3 * std::log(10.0) - 1e-9) << "each term is clipped at ln 10";
  Row good(workflow, 2);
  ASSERT_EQ(FC_OK, replay_reward(workflow, good.get(), reference, &reward));
  EXPECT_NEAR(-good->cost_usd_h / reference, reward, 1e-12);
  good->after.outcome.present = 0;
  EXPECT_EQ(FC_ENOTFOUND, replay_reward(workflow, good.get(), reference, &reward));
}

TEST_F(Replay, RefusesRowsWithoutSAndOfOtherDimensions) {
  Row first(workflow, 1);
  first->flags &= ~static_cast<uint32_t>(FC_TRANSITION_HAS_BEFORE);
  EXPECT_EQ(FC_EINVAL, replay_insert(replay, first.get(), false));
  const fc_test::Workflow other(fc_test::kPair);
  EXPECT_EQ(FC_EMISMATCH, replay_insert(replay, Row(other, 1).get(), false));
  EXPECT_EQ(0, replay_size(replay));
}

TEST_F(Replay, StateComesBackByteForByteAndOnlyIntoTheSameDimensions) {
  for (uint64_t i = 1; i <= 11; ++i) ASSERT_EQ(FC_OK, replay_insert(replay, Row(workflow, i).get(), i % 5 == 0));
  std::vector<uint8_t> state(replay_state_size(replay)), again(state.size());
  replay_save_state(replay, state.data());
  replay_t *copy = make(8);
  ASSERT_EQ(FC_OK, replay_load_state(copy, state.data(), state.size()));
  ASSERT_EQ(state.size(), replay_state_size(copy));
  replay_save_state(copy, again.data());
  EXPECT_EQ(state, again);
  EXPECT_EQ(sample(replay, 2, 50), sample(copy, 2, 50));
  replay_destroy(&copy);
  copy = make(9);
  EXPECT_NE(FC_OK, replay_load_state(copy, state.data(), state.size()));
  replay_destroy(&copy);
  for (size_t size : {size_t{0}, size_t{7}, state.size() / 2, state.size() - 1}) {
    copy = make(8);
    EXPECT_NE(FC_OK, replay_load_state(copy, state.data(), size)) << size;
    replay_destroy(&copy);
  }
}

TEST_F(Replay, NormaliserIsTheMeanAndSpreadOverRowsAndFunctions) {
  for (uint64_t i = 1; i <= 8; ++i) ASSERT_EQ(FC_OK, replay_insert(replay, Row(workflow, i).get(), false));
  std::vector<fc_feature_t> normaliser(FC_MAX_FEATURES);
  replay_fit_normaliser(replay, normaliser.data());
  replay_set_normaliser(replay, normaliser.data());
  const int32_t count = 4000;
  const size_t width = static_cast<size_t>(n_features), rows = static_cast<size_t>(count) * 3;
  std::vector<float> features(rows * width), next(features), action(rows * FC_KNOBS), reward(count);
  std::vector<uint8_t> terminal(count);
  fc_rng_t rng;
  fc_rng_init(&rng, 1, 1);
  replay_sample(replay, &rng, count, features.data(), action.data(), reward.data(), next.data(), terminal.data());
  for (size_t o = 0; o < width; ++o) {
    EXPECT_GT(normaliser[o].scale, 0);
    double sum = 0;
    for (size_t r = 0; r < rows; ++r) sum += static_cast<double>(features[r * width + o]);
    EXPECT_NEAR(0, sum / static_cast<double>(rows), 0.1) << normaliser[o].name;
  }
}

}  // namespace
