// twin_search and oracle as tuners: for which load they plan, what they propose, what is kept.
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "one_function.h"
#include "simulated_windows.h"
#include "support.h"

extern "C" {
#include "faasconf/cost.h"
#include "faasconf/knobs.h"
#include "oracle_table.h"
#include "plan_cache.h"
#include "planned_load.h"
#include "row_twin.h"
#include "rows.h"
}

namespace {

using fc_test::Configuration;
using fc_test::Simulated;

class TwinSearch : public ::testing::Test {
 protected:
  void SetUp() override { parse(fc_test::kOneFunction); }
  void TearDown() override {
    tuner_rows_clear(&rows_);
    fc_workflow_destroy(&workflow_);
  }
  void parse(const std::string &text) {
    fc_workflow_destroy(&workflow_);
    ASSERT_OK(fc_workflow_parse(text.data(), text.size(), "one.yaml", &workflow_, &error));
    setting_ = {};
    setting_.workflow = workflow_;
    setting_.rows = &rows_;
    setting_.track = TUNER_TRACK_SIMULATOR;
    setting_.seed = 1;
    setting_.level = 0.95;
  }
  // One proposal of a new instance after a window of the start configuration with so many users.
  fc_status_t propose(const char *name, int users, Configuration *out, bool dynamic = false) {
    const tuner_t *tuner = tuner_find(name, nullptr);
    void *self = nullptr;
    out->resize(static_cast<size_t>(workflow_->n_functions));
    fc_status_t status = tuner->create(&setting_, &self, &error);
    Simulated simulated(workflow_, users > 0 ? users : 1, FC_SEMANTICS_STRICT);
    const fc_observation_t &window = simulated.observe(0, {workflow_->functions[0].start});
    if (status == FC_OK) status = tuner->propose(self, users > 0 ? &window : nullptr, dynamic, out->data(), &error);
    tuner->destroy(&self);
    EXPECT_EQ(nullptr, self);
    return status;
  }
  double compliance(const Configuration &configuration, int users) {
    Simulated simulated(workflow_, users, FC_SEMANTICS_STRICT, 99);
    int met = 0;
    for (int w = 0; w < 2000; ++w) {
      const fc_observation_t &seen = simulated.observe(w, configuration);
      met += fc_qos_judge(workflow_, FC_SEMANTICS_STRICT, &seen.outcome, seen.duration_s, users, nullptr) == FC_QOS_MET;
    }
    return met / 2000.0;
  }
  void measure_rows(int n) {
    ASSERT_EQ(FC_OK, tuner_rows_init(&rows_, 1, n));
    fc_rng_t rng;
    fc_rng_init(&rng, 5, 0);
    for (int i = 0; i < n; ++i) {
      Configuration c(1);
      fc_knobs_draw(workflow_, FC_RANGES_MEASURED, &rng, c.data());
      Simulated simulated(workflow_, 1 + i % 3, FC_SEMANTICS_STRICT, 1000 + static_cast<uint64_t>(i));
      tuner_rows_add(&rows_, &simulated.observe(0, c), FC_QOS_MET);
    }
  }
  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  tuner_setting_t setting_ = {};
  tuner_rows_t rows_ = {};
  fc_test::TemporaryFolder folder_;
};

TEST_F(TwinSearch, PlansForTheMeanInFlight) {
  fc_observation_t window = {};
  EXPECT_EQ(0, planned_users(&window)) << "nothing was measured";
  window.load.present = FC_LOAD_HAS_IN_FLIGHT;
  const std::vector<std::pair<double, int>> cases = {{0, 0}, {0.2, 1}, {9.6, 10}, {10.4, 10}};
  for (const auto &[mean, users] : cases) {
    window.load.mean_in_flight = mean;
    EXPECT_EQ(users, planned_users(&window)) << mean;
  }
}

TEST_F(TwinSearch, ProposesAPlanForTheMeasuredLoadAndKeepsIt) {
  const std::string cache = folder_.path("cache");
  setting_.cache = cache.c_str();
  Configuration two, again, one, none;
  ASSERT_OK(propose("twin_search", 0, &none));
  EXPECT_EQ(4, none[0].replicas) << "no load yet: the start configuration";
  ASSERT_OK(propose("twin_search", 2, &two));
  EXPECT_LT(fc_cost_reserved_usd_h(workflow_, two.data()), 0.8 * fc_cost_reserved_usd_h(workflow_, none.data()));
  EXPECT_NEAR(0.955, compliance(two, 2), 0.02);
  const size_t kept = fc_test::files_in(cache);
  ASSERT_OK(propose("twin_search", 2, &again));
  EXPECT_EQ(0, std::memcmp(two.data(), again.data(), sizeof two[0]));
  EXPECT_EQ(kept, fc_test::files_in(cache)) << "nothing is searched twice";
  ASSERT_OK(propose("twin_search", 1, &one));
  EXPECT_LT(fc_cost_reserved_usd_h(workflow_, one.data()), fc_cost_reserved_usd_h(workflow_, two.data()));
  EXPECT_GT(fc_test::files_in(cache), kept);
  Configuration safer;
  setting_.level = 0.99;
  ASSERT_OK(propose("twin_search", 2, &safer));
  EXPECT_GT(fc_cost_reserved_usd_h(workflow_, safer.data()), fc_cost_reserved_usd_h(workflow_, two.data()));
  EXPECT_GT(compliance(safer, 2), 0.98);
}

TEST_F(TwinSearch, InATraceAPlanOfMoreUsersIsPutOnTheBoundaryOfTheLoad) {
  const std::string cache = folder_.path("cache");
  setting_.cache = cache.c_str();
  Configuration two, three, again;
  ASSERT_OK(propose("twin_search", 2, &two, true));
  const size_t kept = fc_test::files_in(cache);
  ASSERT_OK(propose("twin_search", 3, &three, true));
  EXPECT_GT(fc_cost_reserved_usd_h(workflow_, three.data()), fc_cost_reserved_usd_h(workflow_, two.data()));
  EXPECT_GE(compliance(two, 2), 0.94);
  EXPECT_GE(compliance(three, 3), 0.94);
  EXPECT_EQ(3u, fc_test::files_in(cache) - kept) << "a plan, its lock and seconds: both come from one search";
  ASSERT_OK(propose("twin_search", 3, &again, true));
  EXPECT_EQ(0, std::memcmp(three.data(), again.data(), sizeof three[0]));
}

TEST_F(TwinSearch, LeavesConcurrencyAloneWhenItIsFixed) {
  std::string text = fc_test::kOneFunction;
  text.replace(text.find("replicas: [1, 4], concurrency: 4}"), 33, "replicas: 4, concurrency: [2, 6]}");
  parse(text);
  setting_.concurrency_is_fixed = true;
  Configuration proposal;
  ASSERT_OK(propose("twin_search", 1, &proposal));
  EXPECT_EQ(4, proposal[0].concurrency);
}

// On the track of rows nobody knows the parameters: the guess is wrong, the rows put it right.
TEST_F(TwinSearch, LearnsATwinFromRows) {
  const std::string cache = folder_.path("cache");
  setting_.track = TUNER_TRACK_ROWS;
  particles_t particles = {}, again = {}, other = {};
  EXPECT_EQ(FC_EINVAL, row_twin_learn(&setting_, &particles, &error)) << "no rows";
  measure_rows(40);
  setting_.cache = cache.c_str();
  ASSERT_OK(row_twin_learn(&setting_, &particles, &error));
  fc_test::Average work;
  for (int i = 0; i < particles.n; ++i) work.add(particles.parameters[i].functions[0].work_cpu_s);
  EXPECT_NEAR(2, work.mean(), 0.15);
  const size_t kept = fc_test::files_in(cache);
  ASSERT_OK(row_twin_learn(&setting_, &again, &error));
  EXPECT_EQ(kept, fc_test::files_in(cache));
  EXPECT_EQ(particles.n, again.n);
  EXPECT_EQ(particles.parameters[3].functions[0].work_cpu_s, again.parameters[3].functions[0].work_cpu_s);
  setting_.seed = 2;
  ASSERT_OK(row_twin_learn(&setting_, &other, &error));
  EXPECT_NE(particles.parameters[3].functions[0].work_cpu_s, other.parameters[3].functions[0].work_cpu_s);
  particles_clear(&particles);
  particles_clear(&again);
  particles_clear(&other);
}

TEST_F(TwinSearch, APlanIsKeptByEverythingThatDecidesIt) {
  const std::string cache = folder_.path("cache");
  plan_options_t options = {workflow_, nullptr, FC_SEMANTICS_STRICT, FC_RANGES_MEASURED, 1, 0, 0.9, 2688, 1, nullptr};
  Configuration found(1), kept(1);
  plan_t plan = {}, same = {};
  plan.configuration = found.data();
  same.configuration = kept.data();
  bool was_kept = true;
  double searched_s = 0, told_s = 0;
  tuner_setting_t setting = {};
  setting.cache = cache.c_str();
  setting.prepared_s = &searched_s;
  ASSERT_OK(plan_cache_search(&setting, &options, &plan, &was_kept, &error));
  EXPECT_FALSE(was_kept);
  setting.prepared_s = &told_s;
  ASSERT_OK(plan_cache_search(&setting, &options, &same, &was_kept, &error));
  EXPECT_TRUE(was_kept);
  EXPECT_GT(searched_s, 0);
  EXPECT_EQ(told_s, searched_s) << "whoever finds it is told what it took";
  EXPECT_EQ(plan.cost_usd_h, same.cost_usd_h);
  EXPECT_EQ(plan.n_met, same.n_met);
  EXPECT_EQ(plan.confirmed, same.confirmed);
  EXPECT_EQ(0, std::memcmp(found.data(), kept.data(), sizeof found[0]));
  options.level = 0.8;
  ASSERT_OK(plan_cache_search(&setting, &options, &same, &was_kept, &error));
  EXPECT_FALSE(was_kept);
  options.level = 0.9;
  options.from = found.data();
  ASSERT_OK(plan_cache_search(&setting, &options, &same, &was_kept, &error));
  EXPECT_FALSE(was_kept);
  options.from = nullptr;
  workflow_->simulator.functions[0].work_cpu_s *= 1.1;
  ASSERT_OK(plan_cache_search(&setting, &options, &same, &was_kept, &error));
  EXPECT_FALSE(was_kept) << "another system";
}

TEST_F(TwinSearch, TheOracleIsThatOfTheTrueWorldAndTheMeasuredLoad) {
  Configuration proposal;
  EXPECT_EQ(FC_EINVAL, propose("oracle", 2, &proposal)) << "it was told nothing";
  world_t world = {};
  char truth[ORACLE_TRUTH_SIZE];
  ASSERT_OK(world_init(&world, workflow_, WORLD_TAIL, 0, &error));
  oracle_truth(workflow_, &world, truth);
  fc_test::write_file(folder_.path("o.csv"),
                      "one,2,tail,0,0.95,1.00,0.95125,3,26000,1,0000000000000000,300/512/1/4\n"
                      "one,2,tail,0,0.95,2.00,0.95125,3,26000,1," +
                          std::string(truth) +
                          ",700/512/2/4\n"
                          "one,4,tail,0,0.95,3.00,0.95125,3,26000,1," +
                          std::string(truth) + ",900/512/4/4\n");
  oracle_table_t table = {};
  ASSERT_OK(oracle_table_read(&table, folder_.path("o.csv").c_str(), &error));
  setting_.oracles = &table;
  setting_.truth = &world;
  ASSERT_OK(propose("oracle", 2, &proposal));
  EXPECT_EQ(700, proposal[0].cpu_millicores);
  ASSERT_OK(propose("oracle", 3, &proposal));
  EXPECT_EQ(900, proposal[0].cpu_millicores);
  ASSERT_OK(propose("oracle", 0, &proposal));
  EXPECT_EQ(2000, proposal[0].cpu_millicores) << "no load yet: the start configuration";
  setting_.level = 0.99;
  EXPECT_EQ(FC_ENOTFOUND, propose("oracle", 2, &proposal));
  EXPECT_NE(nullptr, std::strstr(error.message, "eval oracles"));
  oracle_table_clear(&table);
  world_clear(&world);
}

}  // namespace
