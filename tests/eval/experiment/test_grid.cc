// eval/experiment/grid.c: many trials.
#include <algorithm>
#include <map>

#include "support.h"

extern "C" {
#include "grid.h"
}

namespace {

struct Result {
  std::map<std::string, cell_t> cells;
  int told = 0;
};

std::string key_of(const cell_t &cell) {
  return std::string(cell.workflow) + " " + std::to_string(cell.users) + " " + cell.world + " " + cell.track + " " +
         cell.method + " " + std::to_string(cell.seed);
}

fc_status_t on_cell(void *context, const trial_t *, const cell_t *cell, const fc_function_configuration_t *choice,
                    const trace_minute_t *minutes, fc_error_t *) {
  auto *result = static_cast<Result *>(context);
  EXPECT_NE(choice, nullptr);
  EXPECT_EQ(minutes, nullptr);
  result->told += 1;
  result->cells[key_of(*cell)] = *cell;
  return FC_OK;
}

bool is_done(void *context, const cell_t *named) {
  return static_cast<Result *>(context)->cells.count(key_of(*named)) > 0;
}

class Grid : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow_, &error));
    ASSERT_OK(contenders_of_methods(&contenders_, "random,library", &error));
    workflows_[0] = workflow_;
    grid_.experiment = "static";
    grid_.workflows = workflows_;
    grid_.n_workflows = 1;
    grid_.n_users = 2;
    grid_.users[0] = 5;
    grid_.users[1] = 10;
    grid_.worlds[WORLD_EXACT] = grid_.worlds[WORLD_OPTIMISTIC] = true;
    grid_.tracks[0] = true;
    grid_.contenders = &contenders_;
    grid_.n_seeds = 2;
    grid_.first_seed = 1;
    grid_.n_rows[0] = 20;
    grid_.budget_windows = 4;
    grid_.judging_windows = 8;
    grid_.n_workers = 1;
    grid_.on_cell = on_cell;
  }
  void TearDown() override { fc_workflow_destroy(&workflow_); }
  void run(Result *result) {
    grid_.context = result;
    ASSERT_OK(grid_run(&grid_, &error));
  }
  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  const fc_workflow_t *workflows_[1] = {};
  contenders_t contenders_ = {};
  grid_t grid_ = {};
};

TEST_F(Grid, HasOneCellForEverything) {
  Result result;
  run(&result);
  EXPECT_EQ(grid_size(&grid_), 16);
  EXPECT_EQ(result.told, 16);
  EXPECT_EQ(result.cells.size(), 16u);
}

TEST_F(Grid, DoesNotDependOnTheNumberOfWorkers) {
  Result one, three;
  run(&one);
  grid_.n_workers = 3;
  run(&three);
  ASSERT_EQ(one.cells.size(), three.cells.size());
  for (const auto &[key, cell] : one.cells) {
    EXPECT_EQ(cell.cost_usd_h, three.cells[key].cost_usd_h) << key;
    EXPECT_EQ(cell.compliance, three.cells[key].compliance) << key;
  }
}

TEST_F(Grid, WhatIsDoneIsNotDoneAgain) {
  Result all, part;
  run(&all);
  int n = 0;
  for (const auto &[key, cell] : all.cells) {
    if (n++ % 3 != 0) part.cells[key] = cell;
  }
  const int missing = 16 - static_cast<int>(part.cells.size());
  grid_.is_done = is_done;
  run(&part);
  EXPECT_EQ(part.told, missing);
  EXPECT_EQ(part.cells.size(), 16u);
  for (const auto &[key, cell] : all.cells) EXPECT_EQ(cell.cost_usd_h, part.cells[key].cost_usd_h) << key;
}

TEST_F(Grid, AFailureOfTheCallerEndsIt) {
  grid_.on_cell = [](void *, const trial_t *, const cell_t *, const fc_function_configuration_t *,
                     const trace_minute_t *, fc_error_t *e) { return fc_error_set(e, FC_EIO, "the disk is full"); };
  Result result;
  grid_.context = &result;
  EXPECT_EQ(grid_run(&grid_, &error), FC_EIO);
  EXPECT_STREQ(error.message, "the disk is full");
}
}  // namespace
