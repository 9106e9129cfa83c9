// cli/simulate_trace.c: a stretch of minutes of changing load.
#include <cmath>
#include <cstring>

#include "ran_command.h"
#include "support.h"

extern "C" {
#include "faasconf/json.h"
#include "simulate_trace.h"
}

namespace {

class SimulateTrace : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow_, &error));
    for (int f = 0; f < workflow_->n_functions; ++f) configuration_.push_back(workflow_->functions[f].start);
    options_ = {};
    options_.workflow = workflow_;
    options_.configuration = configuration_.data();
    options_.seed = 1;
  }
  void TearDown() override {
    simulate_trace_clear(&result_);
    fc_workflow_destroy(&workflow_);
  }
  fc_status_t run(const std::string &csv, const char *column = nullptr) {
    path_ = folder_.path("trace.csv");
    fc_test::write_file(path_, csv);
    options_.path = path_.c_str();
    options_.column = column;
    simulate_trace_clear(&result_);
    return simulate_trace(&options_, &result_, &error);
  }
  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  std::vector<fc_function_configuration_t> configuration_;
  fc_test::TemporaryFolder folder_;
  std::string path_;
  simulate_trace_options_t options_;
  simulate_trace_result_t result_ = {};
};

TEST_F(SimulateTrace, UsersComeAndGoByTheMinute) {
  ASSERT_OK(run("minute,users_a,other\n1,5,0\n2,20,0\n3,0,0\n4,10,0\n"));
  EXPECT_STREQ("users_a", result_.column);
  EXPECT_TRUE(result_.closed_loop);
  ASSERT_EQ(8, result_.n_windows);
  EXPECT_NEAR(5, result_.windows[1].mean_in_flight, 1e-9);
  EXPECT_NEAR(20, result_.windows[3].mean_in_flight, 1e-9);
  EXPECT_LT(result_.windows[5].mean_in_flight, 1);
  EXPECT_NEAR(10, result_.windows[7].mean_in_flight, 1e-9);
  int64_t successes = 0, failures = 0;
  for (int w = 0; w < 8; ++w) {
    successes += result_.windows[w].outcome.successes;
    failures += result_.windows[w].outcome.failures;
    EXPECT_EQ(w / 2, result_.windows[w].minute);
  }
  EXPECT_EQ(successes, result_.successes);
  EXPECT_EQ(failures, result_.failures);
  EXPECT_EQ(10, result_.unfinished);
}

// Every workflow of an open loop is counted once, whichever window it ends in; minutes of rest are rest.
TEST_F(SimulateTrace, ArrivalsFollowTheCounts) {
  std::string csv = "minute,invocations\r\n";
  for (int m = 0; m < 40; ++m) csv += std::to_string(m) + "," + (m % 2 == 0 ? "60" : "0") + "\r\n";
  ASSERT_OK(run(csv));
  EXPECT_FALSE(result_.closed_loop);
  double started[2] = {0, 0};
  for (int w = 0; w < result_.n_windows; ++w)
    started[result_.windows[w].minute % 2] += result_.windows[w].arrival_rate_per_s * 30;
  EXPECT_NEAR(20 * 60, started[0], 4 * std::sqrt(20 * 60.0));
  EXPECT_EQ(0, started[1]);
  EXPECT_NEAR(started[0], static_cast<double>(result_.successes + result_.failures + result_.unfinished), 0.5);
  // A count of successes is no target here, and a window in which nothing was asked is not judged.
  EXPECT_EQ(FC_QOS_MET, result_.windows[0].verdict);
  int idle = 0;
  for (int w = 3; w < result_.n_windows; w += 4) idle += result_.windows[w].verdict == FC_QOS_UNKNOWN;
  EXPECT_GE(idle, 15);  // second windows of minutes of rest: what was in flight has ended
  EXPECT_EQ(result_.n_windows - idle, result_.n_judged);
}

// Nothing was asked, nothing was in flight: that is neither good nor bad.
TEST_F(SimulateTrace, WindowsInWhichNothingWasAskedAreNotJudged) {
  ASSERT_OK(run("minute,invocations\n0,10\n1,0\n2,5\n"));
  ASSERT_EQ(6, result_.n_windows);
  ASSERT_EQ(0, result_.windows[3].mean_in_flight);
  EXPECT_EQ(FC_QOS_UNKNOWN, result_.windows[3].verdict);
  EXPECT_EQ(5, result_.n_judged);
  ASSERT_OK(run("minute,users\n0,10\n1,0\n2,5\n"));
  EXPECT_EQ(FC_QOS_UNKNOWN, result_.windows[3].verdict);
}

TEST_F(SimulateTrace, BadTracesAreRefusedWithFileLineAndColumn) {
  EXPECT_EQ(FC_EFORMAT, run(""));
  EXPECT_EQ(FC_EFORMAT, run("minute,invocations\n"));
  EXPECT_EQ(FC_EFORMAT, run("minute,count\n1,2\n"));
  EXPECT_EQ(FC_EFORMAT, run("minute,invocations\n1,2\n", "users"));
  EXPECT_NE(nullptr, std::strstr(error.message, "--column")) << error.message;
  for (const char *bad : {"", "-1", "x", "nan", "1e400", "0x10", "7e6", "3 4"}) {
    EXPECT_EQ(FC_EFORMAT, run(std::string("minute,invocations\n1,5\n2,") + bad + "\n")) << bad;
    EXPECT_NE(nullptr, std::strstr(error.message, "trace.csv:3: column invocations")) << error.message;
  }
  EXPECT_EQ(FC_EFORMAT, run("minute,users\n1,2.5\n"));
  EXPECT_EQ(FC_EFORMAT, run("minute,users\n1\n"));
  EXPECT_EQ(FC_EINVAL, run("minute,users\n1,0\n"));
  simulate_trace_clear(&result_);
  options_.path = "/nowhere/trace.csv";
  EXPECT_EQ(FC_ENOTFOUND, simulate_trace(&options_, &result_, &error));
}

TEST_F(SimulateTrace, TheCommandPrintsEveryWindow) {
  ASSERT_OK(run("minute,users\n0,5\n1,12\n2,8\n"));
  const std::vector<std::string> arguments = {"--workflow", fc_test::source_file("workflows/parallel.yaml"), "--trace",
                                              path_};
  std::vector<std::string> as_json = arguments, with_users = arguments;
  as_json.push_back("--json");
  const fc_test::RanCommand ran = fc_test::run_command(cli_simulate, as_json);
  ASSERT_EQ(CLI_DONE, ran.exit_code) << ran.err;
  fc_json_t *json = nullptr;
  ASSERT_OK(fc_json_parse(ran.out.data(), ran.out.size(), &json, &error));
  for (const char *key : {"workflow", "semantics", "column", "minutes", "seed", "cost", "latency_s", "successes",
                          "failures", "rejected", "unfinished", "compliance", "compliance_interval95", "windows"})
    EXPECT_NE(nullptr, fc_json_get(json, key)) << key;
  const fc_json_t *windows = fc_json_get(json, "windows");
  ASSERT_EQ(6u, fc_json_size(windows));
  double users = 0;
  EXPECT_TRUE(fc_json_double(fc_json_get(fc_json_at(windows, 3), "users"), &users));
  EXPECT_EQ(12, users);
  int64_t total = 0, sum = 0, one = 0;
  EXPECT_TRUE(fc_json_int(fc_json_get(json, "successes"), &total));
  for (size_t w = 0; w < 6; ++w) {
    EXPECT_TRUE(fc_json_int(fc_json_get(fc_json_at(windows, w), "successes"), &one));
    sum += one;
  }
  EXPECT_EQ(total, sum);
  fc_json_destroy(&json);
  EXPECT_EQ(CLI_DONE, fc_test::run_command(cli_simulate, arguments).exit_code);
  with_users.insert(with_users.end(), {"--users", "3"});
  EXPECT_EQ(CLI_USAGE, fc_test::run_command(cli_simulate, with_users).exit_code);
}

}  // namespace
