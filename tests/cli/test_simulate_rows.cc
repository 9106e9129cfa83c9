// cli/simulate_rows.c: a table of measured configurations, simulated and scored.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <sstream>

#include "ran_command.h"
#include "support.h"

extern "C" {
#include "faasconf/json.h"
#include "simulate_rows.h"
}

namespace {

class SimulateRows : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow_, &error));
    options_ = {};
    options_.workflow = workflow_;
    options_.semantics = FC_SEMANTICS_AS_PUBLISHED;
    options_.n_windows = 3;
    options_.seed = 1;
    options_.jobs = 1;
  }
  void TearDown() override { fc_workflow_destroy(&workflow_); }

  // A row of the published format: all functions alike.
  static std::string row(double action, double latency_s, int successes) {
    std::ostringstream out;
    for (int f = 0; f < 6; ++f) out << action << "," << action << "," << action << "," << action << ",";
    const long cpu = std::lround(250 + 1750 * action), mem = std::lround(256 + 1792 * action);
    static const char *const names[] = {"starter", "rgb", "resize", "update", "resnet", "mobilenet"};
    for (const char *name : names)
      out << name << "," << cpu << "," << mem << "," << static_cast<int>(1 + 7 * action) << ",10,1,10,1000,1,2,";
    const double price = 6 * (static_cast<double>(cpu) * 0.000173 + static_cast<double>(mem) * 0.000012) *
                         static_cast<int>(1 + 7 * action);
    out.precision(12);
    out << latency_s << "," << latency_s * 1.5 << "," << successes << "," << successes + 2 << "," << price << ",10\n";
    return out.str();
  }
  fc_status_t run(const std::string &table) {
    fc_test::write_file(folder_.path("rows.csv"), table);
    path_ = folder_.path("rows.csv");
    options_.path = path_.c_str();
    return simulate_rows(&options_, &scores_, &error);
  }

  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  fc_test::TemporaryFolder folder_;
  std::string path_;
  simulate_rows_options_t options_;
  simulate_rows_scores_t scores_;
};

TEST_F(SimulateRows, SameNumbersForAnyNumberOfThreads) {
  std::string table;
  for (int i = 0; i < 12; ++i) table += row(0.4 + 0.04 * i, 15 - i, 10 + 2 * i);
  const std::string out = folder_.path("out.csv");
  options_.out_path = out.c_str();
  std::string first;
  for (int jobs : {1, 2, 5}) {
    options_.jobs = jobs;
    ASSERT_OK(run(table));
    EXPECT_EQ(12, scores_.n_rows);
    EXPECT_GT(scores_.spearman_latency, 0.9);
    if (jobs == 1) first = fc_test::read_file(out);
    EXPECT_EQ(first, fc_test::read_file(out)) << jobs;
  }
  EXPECT_EQ(13, std::count(first.begin(), first.end(), '\n'));
}

TEST_F(SimulateRows, RowsWithoutSuccessCountWithTheirSuccessesOnly) {
  ASSERT_OK(run(row(0.5, 12, 20) + row(0.6, 0, 0) + row(0.8, 9, 28)));
  EXPECT_EQ(3, scores_.n_rows);
  EXPECT_EQ(1, scores_.n_without_success);
  EXPECT_TRUE(std::isfinite(scores_.r2_log_latency));
}

TEST_F(SimulateRows, BadTablesAreRefusedWithFileAndLine) {
  EXPECT_EQ(FC_EFORMAT, run(""));
  EXPECT_EQ(FC_EFORMAT, run("a,b,c\n"));
  EXPECT_EQ(FC_EFORMAT, run(row(0.5, 12, 20) + "1,2,3\n"));
  EXPECT_NE(nullptr, std::strstr(error.message, "rows.csv:2")) << error.message;
  options_.path = "/nowhere/rows.csv";
  EXPECT_EQ(FC_ENOTFOUND, simulate_rows(&options_, &scores_, &error));
  options_.out_path = "/nowhere/out.csv";
  EXPECT_EQ(FC_EIO, run(row(0.5, 12, 20)));
}

TEST_F(SimulateRows, TheCommandPrintsItsScores) {
  std::string table;
  for (int i = 0; i < 5; ++i) table += row(0.4 + 0.1 * i, 15 - i, 10 + 2 * i);
  ASSERT_OK(run(table));
  const std::vector<std::string> arguments = {
      "--workflow", fc_test::source_file("workflows/parallel.yaml"), "--rows", path_, "--windows", "3"};
  std::vector<std::string> as_json = arguments, for_users = arguments;
  as_json.push_back("--json");
  const fc_test::RanCommand ran = fc_test::run_command(cli_simulate, as_json);
  ASSERT_EQ(CLI_DONE, ran.exit_code) << ran.err;
  fc_json_t *json = nullptr;
  ASSERT_OK(fc_json_parse(ran.out.data(), ran.out.size(), &json, &error));
  for (const char *key : {"workflow", "users", "semantics", "windows", "seed", "rows", "rows_without_success",
                          "r2_log_latency", "r2_success", "spearman_latency", "spearman_success", "mape_latency",
                          "coverage80_latency", "coverage80_success", "seconds"})
    EXPECT_NE(nullptr, fc_json_get(json, key)) << key;
  int64_t n_rows = 0;
  double spearman = 0;
  EXPECT_TRUE(fc_json_int(fc_json_get(json, "rows"), &n_rows));
  EXPECT_TRUE(fc_json_double(fc_json_get(json, "spearman_latency"), &spearman));
  EXPECT_EQ(5, n_rows);
  EXPECT_EQ(scores_.spearman_latency, spearman);
  EXPECT_STREQ("as-published", fc_json_string(fc_json_get(json, "semantics")));
  fc_json_destroy(&json);
  EXPECT_NE(std::string::npos, fc_test::run_command(cli_simulate, arguments).out.find("Spearman"));
  for_users.insert(for_users.end(), {"--configuration", "start"});
  EXPECT_EQ(CLI_USAGE, fc_test::run_command(cli_simulate, for_users).exit_code);
  EXPECT_EQ(CLI_FAILED,
            fc_test::run_command(cli_simulate, {"--workflow", arguments[1], "--rows", "/none.csv"}).exit_code);
}

TEST_F(SimulateRows, UsersAreAWholeNumberThatCanBeSimulated) {
  const std::string good = row(0.5, 8, 25);
  ASSERT_EQ(",10\n", good.substr(good.size() - 4));
  for (const char *users : {"5000000000", "2000000", "10.6", "0", "-3"}) {
    EXPECT_EQ(FC_EFORMAT, run(good + good.substr(0, good.size() - 3) + users + "\n")) << users;
    EXPECT_NE(std::string::npos, std::string(error.message).find("rows.csv:2")) << error.message;
    EXPECT_NE(std::string::npos, std::string(error.message).find("users")) << error.message;
  }
}

TEST_F(SimulateRows, TheTableIsNotOverwrittenAndWritingIsTriedFirst) {
  const std::string table = row(0.5, 8, 25);
  const std::string same = folder_.path("rows.csv"), nowhere = folder_.path("none/out.csv");
  options_.out_path = same.c_str();
  EXPECT_EQ(FC_EINVAL, run(table));
  EXPECT_EQ(table, fc_test::read_file(same));
  options_.out_path = nowhere.c_str();
  options_.n_windows = 1000000000;  // for ever, if it began
  EXPECT_EQ(FC_EIO, run(table));
  EXPECT_NE(std::string::npos, std::string(error.message).find(nowhere)) << error.message;
}

}  // namespace
