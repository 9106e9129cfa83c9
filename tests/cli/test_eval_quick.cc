// `faasconf eval static --quick`: every method, trained, planned and judged, in one call.
#include <map>
#include <string>

#include "support.h"

extern "C" {
#include "contender.h"
#include "faasconf/json.h"
}

namespace {

double number(const fc_json_t *cell, const char *key) {
  double value = -1;
  EXPECT_TRUE(fc_json_double(fc_json_get(cell, key), &value)) << key;
  return value;
}

std::string text(const fc_json_t *cell, const char *key) {
  return fc_json_string(fc_json_get(cell, key));
}

// Bounds are wide: the oracle is 4 USD/h, the dearest configuration 18.
TEST(EvalQuick, EveryMethodIsJudgedInTheSameWorld) {
  const fc_test::Finished done =
      fc_test::run({fc_test::program("faasconf"), "eval", "static", "--quick", "--json"}, "", 1000);
  ASSERT_EQ(done.exit_code, 0) << done.err;
  fc_error_t error = {};
  fc_json_t *json = nullptr;
  ASSERT_OK(fc_json_parse(done.out.data(), done.out.size(), &json, &error));
  const fc_json_t *cells = fc_json_get(json, "cells");
  std::map<std::string, const fc_json_t *> found;
  for (size_t i = 0; i < fc_json_size(cells); ++i) {
    const fc_json_t *cell = fc_json_at(cells, i);
    found[text(cell, "method") + ", " + text(cell, "variant") + ", " + text(cell, "track")] = cell;
    EXPECT_EQ("parallel", text(cell, "workflow"));
    EXPECT_EQ("parameters", text(cell, "world"));
    EXPECT_EQ(10, number(cell, "users"));
    EXPECT_EQ(400, number(cell, "judging_windows"));
    EXPECT_LE(number(cell, "windows"), 15);
    EXPECT_GT(number(cell, "cost"), 1);
    EXPECT_LT(number(cell, "cost"), 18);
    EXPECT_NEAR(number(cell, "cost") / number(cell, "cost_over_oracle"), 4, 0.8);
  }
  contenders_t contenders;
  contenders_of_all_methods(&contenders);
  EXPECT_EQ(2 * static_cast<size_t>(contenders.n), found.size()) << "every method in its variants, on two tracks";
  EXPECT_GE(contenders.n, 13);
  for (const char *track : {"rows", "simulator"}) {
    const fc_json_t *plan = found[std::string("twin_search, level 0.95, ") + track];
    ASSERT_NE(nullptr, plan) << track;
    EXPECT_GT(number(plan, "compliance"), 0.8);
    EXPECT_LT(number(plan, "cost_over_oracle"), 1.25);
    const fc_json_t *safer = found[std::string("twin_search, level 0.99, ") + track];
    ASSERT_NE(nullptr, safer) << track;
    EXPECT_GT(number(safer, "cost"), number(plan, "cost"));
  }
  fc_json_destroy(&json);
}

}  // namespace
