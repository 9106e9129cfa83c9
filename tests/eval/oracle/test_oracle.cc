// eval/oracle/oracle.c: the cheapest that fresh windows confirm, at every level.
#include <cmath>
#include <cstring>
#include <vector>

#include "one_function.h"
#include "support.h"

extern "C" {
#include "faasconf/cost.h"
#include "oracle.h"
}

namespace {

class Oracle : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(
        fc_workflow_parse(fc_test::kOneFunction, std::strlen(fc_test::kOneFunction), "one.yaml", &workflow_, &error));
    world_t world = {};
    ASSERT_OK(world_init(&world, workflow_, WORLD_EXACT, 0, &error));
    ASSERT_OK(world_particles(&world, workflow_, true, &truth_, &error));
    world_clear(&world);
    task_ = {workflow_, &truth_, 2, 2688, 3, 1, nullptr, 0, nullptr};
    searches_.resize(static_cast<size_t>(task_.n_searches));
    for (oracle_search_t &search : searches_) ASSERT_EQ(FC_OK, oracle_search_init(&search, 1));
    for (oracle_t &oracle : oracles_) ASSERT_EQ(FC_OK, oracle_init(&oracle, 1));
  }
  void TearDown() override {
    for (oracle_search_t &search : searches_) oracle_search_clear(&search);
    for (oracle_t &oracle : oracles_) oracle_clear(&oracle);
    particles_clear(&truth_);
    fc_workflow_destroy(&workflow_);
  }
  int32_t count_met(const fc_function_configuration_t *configuration, uint64_t seed) {
    const plan_options_t options = {workflow_, &truth_, FC_SEMANTICS_STRICT, FC_RANGES_MEASURED, 2, 0, 0.95, 2688,
                                    seed,      nullptr};
    int32_t n_met = 0;
    EXPECT_OK(plan_confirm(&options, configuration, 4000, &n_met, &error));
    return n_met;
  }
  double cheapest_of_grid(double level) {
    double grid = 1e9;
    for (int32_t replicas = 1; replicas <= 4; ++replicas) {
      for (int32_t cpu = 300; cpu <= 2000; cpu += 20) {
        const fc_function_configuration_t c = {cpu, 512, replicas, 4};
        if (fc_cost_reserved_usd_h(workflow_, &c) >= grid || count_met(&c, 98) < level * 4000) continue;
        grid = fc_cost_reserved_usd_h(workflow_, &c);
      }
    }
    return grid;
  }
  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  particles_t truth_ = {};
  oracle_task_t task_ = {};
  std::vector<oracle_search_t> searches_;
  oracle_t oracles_[ORACLE_LEVELS] = {};
};

// With two knobs a grid finds what is cheapest, too. With the least budget the other levels are scaled, not searched.
TEST_F(Oracle, IsAsCheapAsAGridAndConfirmed) {
  for (const int64_t budget : {4 * int64_t{PLAN_MIN_BUDGET}, int64_t{PLAN_MIN_BUDGET}}) {
    task_.budget = budget;
    int64_t n_windows = 0;
    double before = 0;
    for (int32_t i = 0; i < task_.n_searches; ++i)
      ASSERT_OK(oracle_search(&task_, i, &searches_[static_cast<size_t>(i)], &error));
    ASSERT_OK(oracle_choose(&task_, searches_.data(), oracles_, &n_windows, &error));
    EXPECT_GE(n_windows, ORACLE_LEVELS * ORACLE_WINDOWS);
    for (int32_t level = 0; level < ORACLE_LEVELS; ++level) {
      const oracle_t &oracle = oracles_[level];
      ASSERT_TRUE(oracle.found);
      EXPECT_EQ(oracle_levels[level], oracle.level);
      EXPECT_GE(oracle.n_met, oracle_levels[level] * ORACLE_WINDOWS);
      EXPECT_DOUBLE_EQ(fc_cost_reserved_usd_h(workflow_, oracle.configuration), oracle.cost_usd_h);
      EXPECT_GT(oracle.cost_usd_h, before) << "a higher level costs more";
      before = oracle.cost_usd_h;
      const double sd = std::sqrt(oracle_levels[level] * (1 - oracle_levels[level]) / 4000);
      EXPECT_GT(count_met(oracle.configuration, 99) / 4000.0, oracle_levels[level] - 4 * sd);
      const double grid = cheapest_of_grid(oracle_levels[level]);
      EXPECT_LT(oracle.cost_usd_h, 1.03 * grid);
      EXPECT_GT(oracle.cost_usd_h, 0.97 * grid);
    }
  }
}

// What a method chose is scaled to every level, and taken where the searches are dearer.
TEST_F(Oracle, AChoiceCompetesWithTheSearches) {
  const fc_function_configuration_t choice = {1400, 512, 1, 4};
  task_.n_choices = 1;
  task_.choices = &choice;
  searches_.resize(4);
  ASSERT_EQ(FC_OK, oracle_search_init(&searches_[3], 1));
  for (const int64_t budget : {4 * int64_t{PLAN_MIN_BUDGET}, int64_t{PLAN_MIN_BUDGET}}) {
    task_.budget = budget;
    int64_t n_windows = 0;
    double before = 0;
    ASSERT_OK(oracle_scale_choice(&task_, 0, &searches_[3], &error));
    ASSERT_OK(oracle_choose(&task_, searches_.data(), oracles_, &n_windows, &error));
    for (int32_t level = 0; level < ORACLE_LEVELS; ++level) {
      EXPECT_TRUE(oracles_[level].found) << "the searches have found nothing";
      EXPECT_GE(oracles_[level].n_met, oracle_levels[level] * ORACLE_WINDOWS);
      EXPECT_EQ(1, oracles_[level].configuration[0].replicas);
      EXPECT_GT(oracles_[level].cost_usd_h, before);
      before = oracles_[level].cost_usd_h;
    }
  }
}

// The cheapest has to be confirmed by windows it was not chosen on; a plan that is none is raised or dropped.
TEST_F(Oracle, ALuckyPlanDoesNotCount) {
  for (int s = 0; s < 2; ++s) {
    plan_t *plan = &searches_[static_cast<size_t>(s)].plans[1];
    plan->configuration[0] =
        s == 0 ? fc_function_configuration_t{300, 512, 1, 4} : fc_function_configuration_t{2000, 512, 4, 4};
    plan->cost_usd_h = fc_cost_reserved_usd_h(workflow_, plan->configuration);
    plan->confirmed = true;
  }
  ASSERT_EQ(0, count_met(searches_[0].plans[1].configuration, 99));
  int64_t n_windows = 0;
  ASSERT_OK(oracle_choose(&task_, searches_.data(), oracles_, &n_windows, &error));
  // 80 times half a per cent do not make the small one good: nothing is claimed.
  EXPECT_FALSE(oracles_[1].found);
  EXPECT_FALSE(oracles_[0].found);
  searches_[0].plans[1].confirmed = false;
  ASSERT_OK(oracle_choose(&task_, searches_.data(), oracles_, &n_windows, &error));
  EXPECT_TRUE(oracles_[1].found);
  EXPECT_EQ(4, oracles_[1].configuration[0].replicas);
  // Nothing is left when nothing is confirmed.
  searches_[1].plans[1].confirmed = false;
  ASSERT_OK(oracle_choose(&task_, searches_.data(), oracles_, &n_windows, &error));
  EXPECT_FALSE(oracles_[1].found);
}

TEST_F(Oracle, BudgetsAreSmallerWhereWindowsCostMore) {
  EXPECT_EQ(26000, oracle_budget(workflow_));
  fc_workflow_t *tcktapp = nullptr;
  ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/tcktapp.yaml").c_str(), &tcktapp, &error));
  EXPECT_LT(oracle_budget(tcktapp), 10000);
  EXPECT_GE(oracle_budget(tcktapp), 4000);
  fc_workflow_destroy(&tcktapp);
}

}  // namespace
