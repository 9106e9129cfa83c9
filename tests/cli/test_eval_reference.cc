// cli/eval_reference.c: ratios to the oracles of the true world.
#include <cmath>
#include <string>

#include "one_function.h"
#include "support.h"

extern "C" {
#include "eval_reference.h"
}

namespace {

class EvalReferenceOfOne : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string text = fc_test::kOneFunction;
    ASSERT_OK(fc_workflow_parse(text.data(), text.size(), "one.yaml", &workflow, &error));
  }
  void TearDown() override { fc_workflow_destroy(&workflow); }
  fc_error_t error = {};
  fc_test::TemporaryFolder folder;
  fc_workflow_t *workflow = nullptr;
};

TEST_F(EvalReferenceOfOne, RatiosAreToTheOraclesOfTheTrueWorld) {
  world_t exact = {}, optimistic = {}, tail = {};
  ASSERT_OK(world_init(&exact, workflow, WORLD_EXACT, 4, &error));
  ASSERT_OK(world_init(&optimistic, workflow, WORLD_OPTIMISTIC, 4, &error));
  ASSERT_OK(world_init(&tail, workflow, WORLD_TAIL, 4, &error));
  char truth[ORACLE_TRUTH_SIZE];
  oracle_truth(workflow, &exact, truth);
  std::string rows;
  for (const char *row : {"2,exact,0,0.5,1", "2,exact,0,0.95,2", "4,exact,0,0.95,3"})
    rows += "one," + std::string(row) + ",0.96,3,26000,1," + truth + ",700/512/2/4\n";
  fc_test::write_file(folder.path("o.csv"), rows);
  eval_reference_t oracles = {};
  ASSERT_OK(eval_reference_open(&oracles, folder.path("o.csv").c_str(), &error));

  trial_t trial = {};
  trial.workflow = workflow;
  trial.world = &exact;
  cell_t cell = {};
  snprintf(cell.semantics, sizeof cell.semantics, "strict");
  cell.users = 2;
  cell.cost_usd_h = 3;
  eval_reference_compare(&oracles, &trial, &cell);
  EXPECT_DOUBLE_EQ(3, cell.cost_over_oracle50);
  EXPECT_DOUBLE_EQ(1.5, cell.cost_over_oracle);
  EXPECT_TRUE(std::isnan(cell.cost_over_oracle99));
  trial.world = &optimistic;
  eval_reference_compare(&oracles, &trial, &cell);
  EXPECT_DOUBLE_EQ(1.5, cell.cost_over_oracle) << "the same truth";
  trial.world = &tail;
  eval_reference_compare(&oracles, &trial, &cell);
  EXPECT_TRUE(std::isnan(cell.cost_over_oracle));

  trial.world = &exact;
  snprintf(cell.semantics, sizeof cell.semantics, "as-published");
  eval_reference_compare(&oracles, &trial, &cell);
  EXPECT_TRUE(std::isnan(cell.cost_over_oracle50)) << "oracles are of strict semantics";
  snprintf(cell.semantics, sizeof cell.semantics, "strict");
  const int32_t users[] = {2, 3, 4, 9};  // 2, 2.5, 3, 3
  const trace_t trace = {4, users, 2};
  eval_reference_compare_trace(&oracles, &trial, &trace, &cell);
  EXPECT_DOUBLE_EQ(3 / 2.625, cell.cost_over_oracle);
  EXPECT_TRUE(std::isnan(cell.cost_over_oracle99));

  eval_reference_close(&oracles);
  world_clear(&exact);
  world_clear(&optimistic);
  world_clear(&tail);
}

TEST_F(EvalReferenceOfOne, ACellThatWasMeasuredEarlierIsComparedAnew) {
  world_t world = {};
  ASSERT_OK(world_init(&world, workflow, WORLD_PARAMETERS, 4, &error));
  char truth[ORACLE_TRUTH_SIZE];
  oracle_truth(workflow, &world, truth);
  world_clear(&world);
  fc_test::write_file(folder.path("o.csv"),
                      "one,2,parameters,4,0.95,2,0.96,3,26000,1," + std::string(truth) + ",700/512/2/4\n");
  eval_reference_t oracles = {};
  ASSERT_OK(eval_reference_open(&oracles, folder.path("o.csv").c_str(), &error));
  cell_t cell = {};
  snprintf(cell.world, sizeof cell.world, "parameters");
  snprintf(cell.semantics, sizeof cell.semantics, "strict");
  cell.users = 2;
  cell.seed = 4;
  cell.cost_usd_h = 3;
  cell.cost_over_oracle = 1.2;
  cell.cost_over_oracle50 = cell.cost_over_oracle99 = std::nan("");
  bool changed = false;
  ASSERT_OK(eval_reference_renew(&oracles, workflow, nullptr, &cell, &changed, &error));
  EXPECT_TRUE(changed);
  EXPECT_DOUBLE_EQ(1.5, cell.cost_over_oracle);
  ASSERT_OK(eval_reference_renew(&oracles, workflow, nullptr, &cell, &changed, &error));
  EXPECT_FALSE(changed);
  cell.seed = 5;
  ASSERT_OK(eval_reference_renew(&oracles, workflow, nullptr, &cell, &changed, &error));
  EXPECT_TRUE(changed && std::isnan(cell.cost_over_oracle)) << "another world, without an oracle";
  eval_reference_close(&oracles);
}

TEST(EvalReference, AFileThatIsNamedMustBeThere) {
  fc_error_t error = {};
  eval_reference_t oracles = {};
  EXPECT_EQ(FC_ENOTFOUND, eval_reference_open(&oracles, "/nowhere/o.csv", &error));
  eval_reference_close(&oracles);
  EXPECT_OK(eval_reference_open(&oracles, nullptr, &error));
  eval_reference_close(&oracles);
}

}  // namespace
