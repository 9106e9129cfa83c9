// `faasconf generate workflow` at its largest, and `faasconf simulate` on what it made.
#include "support.h"

extern "C" {
#include "faasconf/json.h"
}

namespace {

class Thousand : public ::testing::TestWithParam<const char *> {};

TEST_P(Thousand, FunctionsMeetTheirOwnQos) {
  const fc_test::TemporaryFolder folder;
  const std::string faasconf = fc_test::program("faasconf"), path = folder.path("w.yaml");
  const auto drawn = fc_test::run(
      {faasconf, "generate", "workflow", "--functions", "1000", "--shape", GetParam(), "--seed", "11", "--out", path});
  ASSERT_EQ(0, drawn.exit_code) << drawn.err;
  const auto ran = fc_test::run(
      {faasconf, "simulate", "--workflow", path, "--users", "10", "--windows", "60", "--seed", "5", "--json"});
  ASSERT_EQ(0, ran.exit_code) << ran.err;
  fc_json_t *json = nullptr;
  fc_error_t error = {};
  ASSERT_OK(fc_json_parse(ran.out.data(), ran.out.size(), &json, &error));
  double compliance = 0;
  ASSERT_TRUE(fc_json_double(fc_json_get(json, "compliance"), &compliance));
  EXPECT_GE(compliance, 0.95);
  EXPECT_EQ(1000u, fc_json_size(fc_json_get(json, "functions")));
  fc_json_destroy(&json);
}

INSTANTIATE_TEST_SUITE_P(All, Thousand, ::testing::Values("series-parallel", "layered"));

}  // namespace
