// eval/oracle/oracle_table.c: rows come back as they were written, and only for the system they belong to.
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "support.h"

extern "C" {
#include "oracle_table.h"
}

namespace {

const char kGood[] =
    "# a comment\n"
    "workflow,users,world,seed,level,cost_usd_h,p,searches,budget,windows,truth,configuration\n"
    "one,10,parameters,2,0.95,4.25,0.95125,3,26000,1402536,0123456789abcdef,1300/1331/5/6 600/614/2/10\n"
    "one,20,parameters,2,0.95,5.25,0.96000,3,26000,1402536,0123456789abcdef,1400/1331/5/6 600/614/2/10\n"
    "one,30,parameters,2,0.95,-,-,3,26000,1402536,0123456789abcdef,-\n"
    "one,10,parameters,2,0.5,3.00,0.51000,3,26000,1402536,0123456789abcdef,900/1331/5/6 600/614/2/10\n"
    "one,10,exact,0,0.95,4.00,0.95000,3,26000,1402536,fedcba9876543210,1200/1331/5/6 600/614/2/10\n";
const char kTruth[] = "0123456789abcdef";

class OracleTable : public ::testing::Test {
 protected:
  void TearDown() override {
    unsetenv("FAASCONF_ORACLES");
    oracle_table_clear(&table_);
  }
  fc_status_t read(const std::string &text) {
    fc_test::write_file(folder_.path("t.csv"), text);
    oracle_table_clear(&table_);
    return oracle_table_read(&table_, folder_.path("t.csv").c_str(), &error);
  }
  fc_error_t error = {};
  fc_test::TemporaryFolder folder_;
  oracle_table_t table_ = {};
};

TEST_F(OracleTable, RowsAreFoundByTruthUsersAndLevel) {
  ASSERT_OK(read(kGood));
  ASSERT_EQ(5, table_.n);
  const oracle_row_t *row = oracle_table_find(&table_, kTruth, 10, 0.95);
  ASSERT_NE(nullptr, row);
  EXPECT_STREQ("one", row->workflow);
  EXPECT_EQ(WORLD_PARAMETERS, row->world);
  EXPECT_EQ(2u, row->seed);
  EXPECT_EQ(4.25, row->cost_usd_h);
  EXPECT_EQ(0.95125, row->p);
  EXPECT_EQ(1402536, row->windows);
  ASSERT_EQ(2, row->n_functions);
  EXPECT_EQ(1331, row->configuration[0].mem_mib);
  EXPECT_EQ(10, row->configuration[1].concurrency);
  EXPECT_EQ(3.0, oracle_table_find(&table_, kTruth, 10, 0.5)->cost_usd_h);
  EXPECT_EQ(4.0, oracle_table_find(&table_, "fedcba9876543210", 10, 0.95)->cost_usd_h);
  EXPECT_FALSE(oracle_table_find(&table_, kTruth, 30, 0.95)->found);
  EXPECT_EQ(nullptr, oracle_table_find(&table_, kTruth, 11, 0.95));
  EXPECT_EQ(nullptr, oracle_table_find(&table_, kTruth, 10, 0.9));
  EXPECT_EQ(nullptr, oracle_table_find(&table_, "0000000000000000", 10, 0.95));
}

TEST_F(OracleTable, BetweenLoadsCostIsLinearAndTheConfigurationThatOfTheNextHigher) {
  ASSERT_OK(read(kGood));
  double cost = 0;
  for (const auto &[users, expected] :
       std::vector<std::pair<double, double>>{{10, 4.25}, {12.5, 4.5}, {20, 5.25}, {28, 5.25}, {3, 4.25}}) {
    ASSERT_TRUE(oracle_table_cost(&table_, kTruth, users, 0.95, &cost));
    EXPECT_DOUBLE_EQ(expected, cost) << users;
  }
  EXPECT_FALSE(oracle_table_cost(&table_, kTruth, 10, 0.99, &cost));
  EXPECT_EQ(10, oracle_table_at_load(&table_, kTruth, 9.2, 0.95)->users);
  EXPECT_EQ(10, oracle_table_at_load(&table_, kTruth, 10, 0.95)->users);
  EXPECT_EQ(20, oracle_table_at_load(&table_, kTruth, 10.1, 0.95)->users);
  EXPECT_EQ(20, oracle_table_at_load(&table_, kTruth, 33, 0.95)->users) << "the largest that was found";
  EXPECT_EQ(nullptr, oracle_table_at_load(&table_, kTruth, 10, 0.99));
}

TEST_F(OracleTable, WhatIsPrintedIsReadAgain) {
  ASSERT_OK(read(kGood));
  std::string text = std::string(oracle_table_header()) + "\n";
  for (int i = 0; i < table_.n; ++i) {
    char line[512];
    ASSERT_OK(oracle_row_print(&table_.rows[i], line, sizeof line, &error));
    text += line;
    EXPECT_EQ(FC_EINVAL, oracle_row_print(&table_.rows[i], line, std::strlen(line), &error));
  }
  oracle_table_t before = table_;
  table_ = {};
  ASSERT_OK(read(text));
  ASSERT_EQ(before.n, table_.n);
  for (int i = 0; i < table_.n; ++i) {
    EXPECT_EQ(before.rows[i].cost_usd_h, table_.rows[i].cost_usd_h);
    EXPECT_EQ(before.rows[i].p, table_.rows[i].p);
    EXPECT_EQ(before.rows[i].found, table_.rows[i].found);
    EXPECT_STREQ(before.rows[i].truth, table_.rows[i].truth);
    EXPECT_EQ(before.rows[i].n_functions, table_.rows[i].n_functions);
    for (int f = 0; f < table_.rows[i].n_functions; ++f)
      EXPECT_EQ(0, std::memcmp(&before.rows[i].configuration[f], &table_.rows[i].configuration[f],
                               sizeof(fc_function_configuration_t)));
  }
  oracle_table_clear(&before);
}

TEST_F(OracleTable, DamagedRowsAreRefusedWithFileAndLine) {
  const struct {
    const char *what, *instead, *named;
  } damage[] = {{"1300/1331/5/6 ", "1300/1331/5 ", "configuration"},
                {",0.95,4.25", ",1.5,4.25", "level"},
                {"parameters,2", "paramters,2", "world"},
                {"0123456789abcdef", "0123", "truth"},
                {",4.25,", ",x,", "cost"},
                {"one,10,", "one,,", "users"},
                {"one,10,", "10,", "columns"},
                {"2/10\n", "2/10,7\n", "columns"}};
  for (const auto &d : damage) {
    std::string bad = kGood;
    bad.replace(bad.find(d.what), std::strlen(d.what), d.instead);
    EXPECT_EQ(FC_EFORMAT, read(bad)) << d.what;
    EXPECT_NE(nullptr, std::strstr(error.message, "t.csv:3")) << error.message;
    EXPECT_NE(nullptr, std::strstr(error.message, d.named)) << error.message;
  }
  EXPECT_EQ(FC_ENOTFOUND, oracle_table_read(&table_, folder_.path("none.csv").c_str(), &error));
}

TEST_F(OracleTable, TheFolderOfTheEnvironmentIsRead) {
  fc_test::write_file(folder_.path("a.csv"), kGood);
  fc_test::write_file(folder_.path("b.csv"), kGood);
  fc_test::write_file(folder_.path("c.txt"), "no table");
  setenv("FAASCONF_ORACLES", folder_.path().c_str(), 1);
  ASSERT_OK(oracle_table_load(&table_, &error));
  EXPECT_EQ(10, table_.n);
  setenv("FAASCONF_ORACLES", folder_.path("none").c_str(), 1);
  oracle_table_clear(&table_);
  EXPECT_EQ(FC_EINVAL, oracle_table_load(&table_, &error)) << "a folder that is meant is not passed over";
  EXPECT_NE(nullptr, std::strstr(error.message, "FAASCONF_ORACLES: there is no folder")) << error.message;
}

// Every committed row belongs to a shipped workflow as it is now, and to the world it names.
TEST_F(OracleTable, CommittedRowsAreOfTheShippedWorkflows) {
  ASSERT_OK(oracle_table_load(&table_, &error));
  for (int i = 0; i < table_.n; ++i) {
    const oracle_row_t &row = table_.rows[i];
    fc_workflow_t *workflow = nullptr;
    world_t world = {};
    char truth[ORACLE_TRUTH_SIZE];
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/" + std::string(row.workflow) + ".yaml").c_str(),
                               &workflow, &error));
    ASSERT_OK(world_init(&world, workflow, row.world, row.seed, &error));
    oracle_truth(workflow, &world, truth);
    EXPECT_STREQ(truth, row.truth) << row.workflow << " " << row.users << " " << world_name(row.world);
    EXPECT_TRUE(!row.found || row.n_functions == workflow->n_functions);
    EXPECT_TRUE(!row.found || row.p >= row.level);
    world_clear(&world);
    fc_workflow_destroy(&workflow);
  }
}

TEST(OracleTruth, DiffersWithWhatAWindowDependsOnOnly) {
  fc_error_t error = {};
  fc_workflow_t *workflow = nullptr, *other = nullptr;
  ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow, &error));
  ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/branch.yaml").c_str(), &other, &error));
  const auto truth_of = [&](const fc_workflow_t *w, world_kind_t kind, uint64_t seed) {
    world_t world = {};
    char truth[ORACLE_TRUTH_SIZE];
    EXPECT_OK(world_init(&world, w, kind, seed, &error));
    oracle_truth(w, &world, truth);
    world_clear(&world);
    return std::string(truth);
  };
  const std::string exact = truth_of(workflow, WORLD_EXACT, 0);
  EXPECT_EQ(16u, exact.size());
  EXPECT_EQ(exact, truth_of(workflow, WORLD_OPTIMISTIC, 0)) << "the same truth";
  EXPECT_NE(exact, truth_of(other, WORLD_EXACT, 0));
  EXPECT_NE(truth_of(workflow, WORLD_PARAMETERS, 1), truth_of(workflow, WORLD_PARAMETERS, 2));
  for (const world_kind_t kind : {WORLD_PARAMETERS, WORLD_TAIL, WORLD_HIDDEN, WORLD_LEAST_CONNECTIONS})
    EXPECT_NE(exact, truth_of(workflow, kind, 1));
  workflow->simulator.cold_start_median_s *= 2;
  EXPECT_EQ(exact, truth_of(workflow, WORLD_EXACT, 0));
  workflow->simulator.functions[5].work_cpu_s *= 1 + 1e-6;
  EXPECT_NE(exact, truth_of(workflow, WORLD_EXACT, 0));
  fc_workflow_destroy(&workflow);
  fc_workflow_destroy(&other);
}

}  // namespace
