// server/learner/trainer.c and checkpoint.c: one seed one training, whole checkpoints or none.
#include <cmath>
#include <filesystem>

#include "rows.h"

extern "C" {
#include "trainer.h"
}

namespace {

namespace fs = std::filesystem;
using fc_test::Row;

class Trainer : public ::testing::Test {
 protected:
  void TearDown() override {
    for (trainer_t *&trainer : trainers) trainer_destroy(&trainer);
  }
  trainer_t *make(uint64_t seed = 1, algorithm_variant_t variant = VARIANT_REPAIRED, const char *algorithm = "attmf") {
    trainer_options_t options = trainer_options_default(variant);
    options.algorithm = algorithm;
    options.learning.seed = seed;
    options.learning.n_batch = 8;
    options.learning.n_hidden = 8;
    options.learning.n_attention = 4;
    options.replay_capacity = 64;
    trainer_t *trainer = nullptr;
    EXPECT_OK(trainer_new(workflow, &options, &trainer, &error));
    trainers.push_back(trainer);
    return trainer;
  }
  void insert(trainer_t *trainer, uint64_t first, uint64_t last) {
    for (uint64_t i = first; i <= last; ++i) {
      ASSERT_EQ(FC_OK, trainer_insert(trainer, Row(workflow, i).get(), i % 5 == 0));
      trainer_set_position(trainer, static_cast<int64_t>(i));
    }
  }
  void update(trainer_t *trainer, int count) {
    algorithm_report_t report;
    for (int i = 0; i < count; ++i) ASSERT_OK(trainer_update(trainer, 1, &report, &error));
  }
  std::string policy(trainer_t *trainer) {
    char *manifest = nullptr;
    uint8_t *weights = nullptr;
    size_t manifest_size = 0, weights_size = 0;
    EXPECT_OK(trainer_export(trainer, 1, &manifest, &manifest_size, &weights, &weights_size, &error));
    const std::string all = std::string(manifest, manifest_size) + std::string(weights, weights + weights_size);
    free(manifest);
    free(weights);
    return all;
  }
  std::string checkpoints() const { return folder.path("checkpoints"); }
  fc_error_t error = {};
  fc_test::TemporaryFolder folder;
  fc_test::Workflow workflow;
  std::vector<trainer_t *> trainers;
};

void damage(const fs::path &file, int how) {
  std::string bytes = fc_test::read_file(file.string());
  if (how == 0) bytes.resize(bytes.size() / 2);
  if (how == 1) bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  if (how == 2) {
    fs::remove(file);
    return;
  }
  fs::remove(file);
  fc_test::write_file(file.string(), bytes);
}

TEST_F(Trainer, OneSeedOnePolicy) {
  trainer_t *a = make(), *b = make(), *c = make(2);
  for (trainer_t *t : {a, b, c}) {
    insert(t, 1, 30);
    update(t, 20);
  }
  EXPECT_EQ(policy(a), policy(b));
  EXPECT_NE(policy(a), policy(c));
}

class EveryAlgorithm : public Trainer, public ::testing::WithParamInterface<const char *> {};
INSTANTIATE_TEST_SUITE_P(All, EveryAlgorithm, ::testing::Values("attmf", "mean_field", "maddpg", "ddpg", "firm"),
                         [](const auto &algorithm) { return std::string(algorithm.param); });

TEST_P(EveryAlgorithm, ActsWithinItsRangesAsTheExportedPolicyDoes) {
  Row row(workflow, 77);
  std::vector<fc_function_configuration_t> c(workflow->n_functions), d(workflow->n_functions);
  std::vector<float> action(workflow->n_functions * FC_KNOBS), decided(action.size());
  std::vector<float> attention(workflow->neighbours.n_edges);
  trainer_t *t = make(1, VARIANT_REPAIRED, GetParam());
  insert(t, 1, 30);
  EXPECT_EQ(FC_ESTATE, trainer_act(t, &row->before, c.data())) << "the normaliser is not frozen yet";
  update(t, 20);
  ASSERT_EQ(FC_OK, trainer_action(t, &row->before, action.data()));
  ASSERT_EQ(FC_OK, trainer_act(t, &row->before, c.data()));
  fc_knobs_decode(workflow, FC_RANGES_MEASURED, FC_DECODE_UNIFORM, action.data(), d.data());
  EXPECT_EQ(0, memcmp(c.data(), d.data(), c.size() * sizeof c[0]));
  char *manifest = nullptr;
  uint8_t *weights = nullptr;
  size_t manifest_size = 0, weights_size = 0;
  fc_policy_t *exported = nullptr;
  ASSERT_OK(trainer_export(t, 1, &manifest, &manifest_size, &weights, &weights_size, &error));
  ASSERT_OK(fc_policy_from_bytes(manifest, manifest_size, weights, weights_size, &exported, &error));
  EXPECT_STREQ(GetParam(), fc_policy_manifest(exported)->kind);
  std::vector<float> scratch(fc_policy_scratch_floats(exported, workflow));
  ASSERT_EQ(FC_OK,
            fc_policy_decide(exported, workflow, &row->before, scratch.data(), decided.data(), attention.data()));
  for (size_t i = 0; i < action.size(); ++i) EXPECT_NEAR(decided[i], action[i], 1e-5);
  for (int j = 0; j < workflow->n_functions; ++j) {
    double sum = 0;
    for (int e = workflow->neighbours.row_start[j]; e < workflow->neighbours.row_start[j + 1]; ++e)
      sum += static_cast<double>(attention[e]);
    EXPECT_NEAR(1, sum, 1e-5);
  }
  fc_policy_destroy(&exported);
  free(manifest);
  free(weights);
}

TEST_P(EveryAlgorithm, ResumesToTheSamePolicy) {
  trainer_t *whole = make(1, VARIANT_REPAIRED, GetParam()), *second = make(1, VARIANT_REPAIRED, GetParam());
  insert(whole, 1, 30);
  update(whole, 10);
  ASSERT_OK(trainer_save(whole, checkpoints().c_str(), &error));
  ASSERT_OK(trainer_resume(second, checkpoints().c_str(), &error));
  for (trainer_t *t : {whole, second}) update(t, 10);
  EXPECT_EQ(policy(whole), policy(second));
}

TEST_F(Trainer, ResumedIsTheSameAsUninterrupted) {
  trainer_t *whole = make(), *first = make();
  insert(whole, 1, 30);
  update(whole, 30);
  insert(whole, 31, 40);
  update(whole, 10);
  insert(first, 1, 30);
  update(first, 17);
  ASSERT_OK(trainer_save(first, checkpoints().c_str(), &error));
  trainer_t *second = make();
  ASSERT_OK(trainer_resume(second, checkpoints().c_str(), &error));
  EXPECT_EQ(17, trainer_updates_done(second));
  EXPECT_EQ(30, trainer_position(second)) << "no row is inserted twice";
  EXPECT_EQ(24, trainer_rows(second));
  update(second, 13);
  insert(second, 31, 40);
  update(second, 10);
  EXPECT_EQ(policy(whole), policy(second));
}

TEST_F(Trainer, ADamagedCheckpointIsPassedOverForTheOneBefore) {
  for (const char *name : {"manifest.json", "state.safetensors", "replay.bin"}) {
    for (int how = 0; how < 3; ++how) {
      trainer_t *t = make();
      insert(t, 1, 20);
      update(t, 3);
      ASSERT_OK(trainer_save(t, checkpoints().c_str(), &error));
      update(t, 4);
      ASSERT_OK(trainer_save(t, checkpoints().c_str(), &error));
      damage(fs::path(checkpoints()) / "checkpoint-000000000002" / name, how);
      trainer_t *resumed = make();
      ASSERT_OK(trainer_resume(resumed, checkpoints().c_str(), &error)) << name << how;
      EXPECT_EQ(3, trainer_updates_done(resumed)) << name << how;
      fs::remove_all(checkpoints());
    }
  }
}

TEST_F(Trainer, WhenAllCheckpointsAreDamagedItSaysWhichFile) {
  trainer_t *t = make();
  insert(t, 1, 20);
  update(t, 3);
  ASSERT_OK(trainer_save(t, checkpoints().c_str(), &error));
  damage(fs::path(checkpoints()) / "checkpoint-000000000001" / "replay.bin", 1);
  EXPECT_EQ(FC_EFORMAT, trainer_resume(make(), checkpoints().c_str(), &error));
  EXPECT_NE(std::string::npos, std::string(error.message).find("replay.bin")) << error.message;
  EXPECT_EQ(FC_ENOTFOUND, trainer_resume(make(), folder.path("nothing").c_str(), &error));
}

TEST_F(Trainer, AnotherTrainingIsNotResumed) {
  trainer_t *t = make();
  insert(t, 1, 20);
  update(t, 3);
  ASSERT_OK(trainer_save(t, checkpoints().c_str(), &error));
  EXPECT_NE(FC_OK, trainer_resume(make(2), checkpoints().c_str(), &error));
}

TEST_F(Trainer, KeepsTheTwoNewestCheckpoints) {
  trainer_t *t = make();
  insert(t, 1, 20);
  for (int i = 0; i < 4; ++i) {
    update(t, 1);
    ASSERT_OK(trainer_save(t, checkpoints().c_str(), &error));
  }
  std::vector<std::string> names;
  for (const auto &entry : fs::directory_iterator(checkpoints())) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  EXPECT_EQ((std::vector<std::string>{"checkpoint-000000000003", "checkpoint-000000000004"}), names);
}

TEST_F(Trainer, UpdatesDueFollowSamplesPerInsert) {
  trainer_t *t = make();  // 64 samples per insert in batches of 8: 8 updates per row
  insert(t, 1, 4);
  EXPECT_EQ(32, trainer_updates_due(t));
  update(t, 30);
  EXPECT_EQ(2, trainer_updates_due(t));
  insert(t, 5, 5);  // held out: no row to learn from
  EXPECT_EQ(2, trainer_updates_due(t));
}

TEST_F(Trainer, HeldOutErrorIsOfRepairedOnly) {
  double r2 = 0, mean_square = 0;
  trainer_t *repaired = make(), *faithful = make(1, VARIANT_FAITHFUL);
  for (trainer_t *t : {repaired, faithful}) {
    insert(t, 1, 40);
    update(t, 3);
  }
  EXPECT_EQ(FC_OK, trainer_heldout(repaired, &r2, &mean_square));
  EXPECT_GT(mean_square, 0);
  EXPECT_LE(r2, 1);
  EXPECT_EQ(FC_ENOTFOUND, trainer_heldout(faithful, &r2, &mean_square));
  EXPECT_TRUE(std::isnan(r2));
}

TEST_F(Trainer, RowsOfOtherSemanticsAreRefusedAndRowsWithoutSIgnored) {
  trainer_t *t = make();
  Row published(workflow, 1), first(workflow, 2);
  published->flags |= FC_TRANSITION_AS_PUBLISHED;
  first->flags &= ~static_cast<uint32_t>(FC_TRANSITION_HAS_BEFORE);
  EXPECT_EQ(FC_EMISMATCH, trainer_insert(t, published.get(), false));
  EXPECT_EQ(FC_OK, trainer_insert(t, first.get(), false));
  EXPECT_EQ(0, trainer_rows(t));
  algorithm_report_t report;
  EXPECT_EQ(FC_ESTATE, trainer_update(t, 1, &report, &error));
}

}  // namespace
