// A trainer whose learner is on a device, here the emulated one: rows and weights go there and come back.
#include "rows.h"
#include "support.h"

extern "C" {
#include "table_cuda.h"
#include "trainer.h"
}

namespace {

using fc_test::Row;

class TrainerOnDevice : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(fc_device_open_host(&ops_table_cuda, &device_, &error)); }
  void TearDown() override {
    for (trainer_t *trainer : trainers_) trainer_destroy(&trainer);
    fc_device_close(&device_);
  }
  trainer_t *make(int capacity, fc_device_t *device) {
    trainer_options_t options = trainer_options_default(VARIANT_REPAIRED);
    options.learning.n_batch = 4;
    options.learning.n_hidden = 8;
    options.learning.n_attention = 4;
    options.replay_capacity = capacity;
    options.device = device;
    trainer_t *trainer = nullptr;
    EXPECT_EQ(FC_OK, trainer_new(workflow_, &options, &trainer, &error)) << error.message;
    trainers_.push_back(trainer);
    return trainer;
  }
  void insert(trainer_t *trainer, uint64_t first, uint64_t last) {
    for (uint64_t i = first; i <= last; ++i)
      ASSERT_EQ(FC_OK, trainer_insert(trainer, Row(workflow_, i).get(), i % 5 == 0));
  }
  algorithm_report_t update(trainer_t *trainer, int64_t n) {
    algorithm_report_t report = {};
    EXPECT_EQ(FC_OK, trainer_update(trainer, n, &report, &error)) << error.message;
    return report;
  }
  std::string policy(trainer_t *trainer) {
    char *manifest = nullptr;
    uint8_t *weights = nullptr;
    size_t manifest_size = 0, weights_size = 0;
    EXPECT_EQ(FC_OK, trainer_export(trainer, 1, &manifest, &manifest_size, &weights, &weights_size, &error));
    const std::string all = std::string(manifest, manifest_size) + std::string(weights, weights + weights_size);
    free(manifest);
    free(weights);
    return all;
  }
  fc_device_t *device_ = nullptr;
  fc_error_t error = {};
  fc_test::TemporaryFolder folder_;
  fc_test::Workflow workflow_;
  std::vector<trainer_t *> trainers_;
};

TEST_F(TrainerOnDevice, LearnsThereAndAnswersHere) {
  trainer_t *trainer = make(64, device_);
  EXPECT_STREQ("cuda emulated", trainer_device(trainer));
  EXPECT_GT(trainer_round(trainer), 1);
  insert(trainer, 1, 30);
  const std::string before = policy(trainer);
  const algorithm_report_t report = update(trainer, 6);
  EXPECT_GT(report.critic_loss, 0);
  EXPECT_EQ(6, trainer_updates_done(trainer));
  const std::string after = policy(trainer);
  EXPECT_NE(before, after);
  double q = 0;
  EXPECT_EQ(FC_OK,
            trainer_q(trainer, &Row(workflow_, 3).get()->after, Row(workflow_, 3).get()->after.configuration, &q));
  EXPECT_TRUE(std::isfinite(q));
  EXPECT_EQ(after, policy(trainer));
}

// Rows that arrive between updates, until the ring has wrapped: the same as when all come in one piece.
TEST_F(TrainerOnDevice, FollowsTheRing) {
  trainer_t *bit_by_bit = make(16, device_), *at_once = make(16, device_);
  insert(bit_by_bit, 1, 14);
  insert(at_once, 1, 14);
  trainer_freeze_normaliser(bit_by_bit);
  trainer_freeze_normaliser(at_once);
  insert(at_once, 15, 50);
  update(at_once, 3);  // on what is in the ring then
  for (uint64_t i = 15; i <= 50; i += 9) insert(bit_by_bit, i, i + 8);
  update(bit_by_bit, 1);
  insert(bit_by_bit, 51, 53);
  insert(at_once, 51, 53);
  update(bit_by_bit, 2);
  trainer_t *other = make(16, device_);
  insert(other, 1, 14);
  trainer_freeze_normaliser(other);
  insert(other, 15, 50);
  update(other, 1);
  insert(other, 51, 53);
  update(other, 2);
  EXPECT_EQ(policy(other), policy(bit_by_bit));
  EXPECT_NE(policy(at_once), policy(bit_by_bit));
}

// The device may still be at work when a call returns: what the caller hears of is the call before.
TEST_F(TrainerOnDevice, TellsOfTheCallBefore) {
  trainer_t *one = make(64, device_), *other = make(64, device_);
  insert(one, 1, 30);
  insert(other, 1, 30);
  const algorithm_report_t first = update(one, 2);
  EXPECT_EQ(first.critic_loss, update(one, 3).critic_loss);
  const algorithm_report_t second = update(one, 1);
  EXPECT_NE(first.critic_loss, second.critic_loss);
  update(other, 5);  // the same five, in one call
  EXPECT_EQ(second.critic_loss, update(other, 1).critic_loss);
  EXPECT_EQ(policy(one), policy(other));
}

TEST_F(TrainerOnDevice, ResumesToTheLastBit) {
  const std::string checkpoints = folder_.path("checkpoints");
  trainer_t *whole = make(64, device_), *first = make(64, device_), *second = make(64, device_);
  insert(whole, 1, 30);
  insert(first, 1, 30);
  update(whole, 7);
  update(first, 3);
  ASSERT_OK(trainer_save(first, checkpoints.c_str(), &error));
  ASSERT_OK(trainer_resume(second, checkpoints.c_str(), &error));
  update(second, 4);
  EXPECT_EQ(policy(whole), policy(second));
}

TEST_F(TrainerOnDevice, RefusesAnAlgorithmThatItCannotTrain) {
  trainer_options_t options = trainer_options_default(VARIANT_REPAIRED);
  options.algorithm = "ddpg";
  options.device = device_;
  trainer_t *trainer = nullptr;
  EXPECT_EQ(FC_EINVAL, trainer_new(workflow_, &options, &trainer, &error));
  EXPECT_THAT(error.message, ::testing::HasSubstr("trains attmf and mean_field"));
}

}  // namespace
