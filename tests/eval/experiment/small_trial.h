// A trial of the Parallel workflow that takes milliseconds: few windows, few rows.
#pragma once
#include <vector>

#include "support.h"

extern "C" {
#include "offline.h"
#include "trial.h"
}

namespace fc_test {

class SmallTrial {
 public:
  explicit SmallTrial(world_kind_t kind = WORLD_EXACT, uint64_t seed = 1, int rows_n = 60) {
    fc_error_t error = {};
    EXPECT_OK(fc_workflow_load(source_file("workflows/parallel.yaml").c_str(), &workflow, &error));
    EXPECT_OK(world_init(&world, workflow, kind, seed, &error));
    const offline_t offline = {workflow, &world, FC_SEMANTICS_STRICT, FC_RANGES_MEASURED, 2, {5, 10}, rows_n, 1, seed};
    EXPECT_OK(offline_measure(&offline, &rows, &error));
    trial.workflow = workflow;
    trial.world = &world;
    trial.rows = &rows;
    trial.users = 10;
    trial.budget_windows = 6;
    trial.judging_windows = 16;
    trial.seed = seed;
  }
  ~SmallTrial() {
    tuner_rows_clear(&rows);
    world_clear(&world);
    fc_workflow_destroy(&workflow);
  }
  SmallTrial(const SmallTrial &) = delete;
  SmallTrial &operator=(const SmallTrial &) = delete;
  contender_t contender(const char *name) const {
    return {tuner_find(name, nullptr), TUNER_REPAIRED, 0, false, {}, {}};
  }
  cell_t run(const char *name) const {
    cell_t cell;
    fc_error_t error = {};
    const contender_t who = contender(name);
    trial_name(&trial, &who, "static", &cell);
    EXPECT_OK(trial_run(&trial, &who, &cell, nullptr, &error));
    return cell;
  }
  fc_workflow_t *workflow = nullptr;
  world_t world = {};
  tuner_rows_t rows = {};
  trial_t trial = {};
};

}  // namespace fc_test
