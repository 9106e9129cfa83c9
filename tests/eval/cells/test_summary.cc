// eval/cells/summary.c, comparison.c, cells_json.c against cells worked out by hand.
#include <cmath>
#include <vector>

#include "cells_fixture.h"
#include "support.h"

extern "C" {
#include "cells_json.h"
}

namespace {

using Cells = std::vector<cell_t>;
using fc_test::make_cell;

std::vector<summary_row_t> summarise(const Cells &cells) {
  summary_row_t *rows = nullptr;
  int32_t n = 0;
  fc_error_t error = {};
  EXPECT_OK(summary_of(cells.data(), int32_t(cells.size()), &rows, &n, &error));
  std::vector<summary_row_t> out(rows, rows + n);
  free(rows);
  return out;
}

std::vector<comparison_t> compare(const Cells &cells, metric_t metric = METRIC_OVER_ORACLE,
                                  const char *reference = "attmf", const char *variant = nullptr) {
  comparison_t *comparisons = nullptr;
  int32_t n = 0;
  fc_error_t error = {};
  EXPECT_OK(
      comparison_all(cells.data(), int32_t(cells.size()), reference, variant, metric, 1, &comparisons, &n, &error));
  std::vector<comparison_t> out(comparisons, comparisons + n);
  free(comparisons);
  return out;
}

TEST(Summary, MeansAreOverWorkflowsUsersAndSeeds) {
  Cells cells = {make_cell("attmf", 1.0, 1), make_cell("attmf", 1.4, 2), make_cell("attmf", 1.8, 1, "branch", 20),
                 make_cell("random", 2.0, 1)};
  cells[1].qos_met = false;
  cells[1].violations = 5;
  const auto rows = summarise(cells);
  ASSERT_EQ(2u, rows.size());
  EXPECT_STREQ("attmf", rows[0].arm.method);
  EXPECT_EQ(3, rows[0].n_cells);
  EXPECT_DOUBLE_EQ(1.4, rows[0].mean[METRIC_OVER_ORACLE]);
  EXPECT_DOUBLE_EQ(1.4, rows[0].mean[METRIC_OVER_ORACLE_MET]);
  EXPECT_EQ(2, rows[0].n_measured[METRIC_OVER_ORACLE_MET]);
  EXPECT_DOUBLE_EQ(3, rows[0].mean[METRIC_VIOLATIONS]);
  EXPECT_DOUBLE_EQ(2.0 / 3, rows[0].mean[METRIC_QOS_MET]);
  EXPECT_DOUBLE_EQ(2.0, rows[1].mean[METRIC_OVER_ORACLE]);
}

TEST(Summary, EveryPartOfTheNameMakesItsOwnRow) {
  Cells cells(8, make_cell("attmf", 1));
  SET_TEXT(cells[1].variant, "faithful");
  SET_TEXT(cells[2].safety, "ses_code");
  cells[3].rails = true;
  SET_TEXT(cells[4].world, "hidden");
  SET_TEXT(cells[5].track, "rows");
  SET_TEXT(cells[6].semantics, "as-published");
  SET_TEXT(cells[7].experiment, "dynamic");
  EXPECT_EQ(8u, summarise(cells).size());
}

TEST(Summary, PlannersVerifyNothing) {
  cell_t cell = make_cell("twin_search", 1);
  cell.settled = true;
  SET_TEXT(cell.variant, "level 0.95");
  EXPECT_TRUE(std::isnan(summarise({cell})[0].mean[METRIC_SETTLED]));
  SET_TEXT(cell.variant, "repaired");
  EXPECT_EQ(1, summarise({cell})[0].mean[METRIC_SETTLED]);
}

TEST(Summary, CellsWithoutAMeasurementAreLeftOutAndCounted) {
  const auto rows = summarise({make_cell("attmf", 1.5, 1), make_cell("attmf", std::nan(""), 2)});
  ASSERT_EQ(1u, rows.size());
  EXPECT_DOUBLE_EQ(1.5, rows[0].mean[METRIC_OVER_ORACLE]);
  EXPECT_EQ(1, rows[0].n_measured[METRIC_OVER_ORACLE]);
  EXPECT_EQ(2, rows[0].n_cells);
  const auto none = summarise({make_cell("attmf", std::nan(""))});
  EXPECT_TRUE(std::isnan(none[0].mean[METRIC_OVER_ORACLE]));
  EXPECT_TRUE(summarise({}).empty());
}

TEST(Comparison, PairsCellsOfTheSameQuestion) {
  Cells cells;
  for (int64_t seed = 1; seed <= 6; ++seed) {
    cells.push_back(make_cell("attmf", 1.0 + 0.1 * double(seed), seed));
    cells.push_back(make_cell("random", 1.5 + 0.1 * double(seed), seed));
  }
  cells.push_back(make_cell("random", 9, 7));             // no partner
  cells.push_back(make_cell("random", std::nan(""), 8));  // not measured
  cells.push_back(make_cell("attmf", 1, 8));
  const auto found = compare(cells);
  ASSERT_EQ(1u, found.size());
  EXPECT_STREQ("random", found[0].arm.method);
  EXPECT_STREQ("attmf", found[0].reference.method);
  EXPECT_EQ(6, found[0].n_pairs);
  EXPECT_EQ(2, found[0].n_left_out);
  EXPECT_NEAR(0.5, found[0].difference.value, 1e-12);
  EXPECT_NEAR(0.5, found[0].difference.low, 1e-12);
  EXPECT_NEAR(0.5, found[0].difference.high, 1e-12);
  EXPECT_NEAR(1.85 / 1.35, found[0].ratio.value, 1e-12);
  EXPECT_LT(found[0].ratio.low, found[0].ratio.value);
  EXPECT_NEAR(2.0 / 64, found[0].p_value, 1e-12);
}

// Loads of one workflow and seed share a policy: they are one measurement of the test, and are drawn together.
TEST(Comparison, RunsOfOneWorkflowAndSeedAreOneCluster) {
  Cells cells;
  for (int64_t seed = 1; seed <= 6; ++seed)
    for (const int users : {10, 20, 30}) {
      cells.push_back(make_cell("attmf", 1.0, seed, "parallel", users));
      cells.push_back(make_cell("random", 1.0 + 0.1 * double(seed), seed, "parallel", users));
    }
  const auto found = compare(cells);
  ASSERT_EQ(1u, found.size());
  EXPECT_EQ(18, found[0].n_pairs);
  EXPECT_EQ(6, found[0].n_clusters);
  EXPECT_DOUBLE_EQ(2.0 / 64, found[0].p_value);
  EXPECT_LT(found[0].difference.low, 0.25) << "pairs for pairs the interval would be 0.27 to 0.43";
  EXPECT_GT(found[0].difference.high, 0.45);
}

TEST(Comparison, CorrectsOverTheMethodsOfOneWorld) {
  Cells cells;
  for (int64_t seed = 1; seed <= 6; ++seed) {
    const double s = double(seed);
    cells.push_back(make_cell("attmf", 1, seed));
    cells.push_back(make_cell("random", 1 + s, seed));
    cells.push_back(make_cell("library", 1 - s / 10, seed));
    cells.push_back(make_cell("maddpg", 1 + (seed % 2 ? s : -s), seed));
    cell_t elsewhere = make_cell("attmf", 1, seed), other = make_cell("random", 1 + s, seed);
    SET_TEXT(elsewhere.world, "tail");
    SET_TEXT(other.world, "tail");
    cells.push_back(elsewhere);
    cells.push_back(other);
  }
  const auto found = compare(cells);
  ASSERT_EQ(4u, found.size());
  EXPECT_DOUBLE_EQ(2.0 / 64 * 3, found[0].p_holm);
  EXPECT_DOUBLE_EQ(2.0 / 64 * 3, found[1].p_holm);
  EXPECT_GT(found[2].p_holm, 0.5);
  EXPECT_DOUBLE_EQ(2.0 / 64, found[3].p_holm) << "a family of its own";
}

TEST(Comparison, PrefersTheReferenceOfTheSameSafety) {
  Cells cells = {make_cell("attmf", 1), make_cell("attmf", 2), make_cell("random", 3)};
  SET_TEXT(cells[1].safety, "ses_code");
  SET_TEXT(cells[2].safety, "ses_code");
  const auto found = compare(cells);
  ASSERT_EQ(2u, found.size());
  EXPECT_STREQ("attmf", found[0].arm.method) << "with a strategy, against itself without";
  EXPECT_STREQ("ses_code", found[0].arm.safety);
  EXPECT_STREQ("none", found[0].reference.safety);
  EXPECT_DOUBLE_EQ(1, found[0].difference.value);
  EXPECT_STREQ("random", found[1].arm.method);
  EXPECT_STREQ("ses_code", found[1].reference.safety);
  EXPECT_DOUBLE_EQ(1, found[1].difference.value);
  SET_TEXT(cells[2].safety, "ses_paper");
  EXPECT_STREQ("none", compare(cells)[1].reference.safety) << "the first, where none has the same";
}

TEST(Comparison, TheVariantOfTheReferenceCanBeAsked) {
  Cells cells = {make_cell("attmf", 1), make_cell("attmf", 2)};
  SET_TEXT(cells[0].variant, "faithful");
  const auto found = compare(cells, METRIC_OVER_ORACLE, "attmf", "repaired");
  ASSERT_EQ(1u, found.size());
  EXPECT_STREQ("faithful", found[0].arm.variant);
  EXPECT_DOUBLE_EQ(-1, found[0].difference.value);
}

TEST(CellsJson, HasTheKeysThatProgramsRead) {
  const Cells cells = {make_cell("attmf", 1.25), make_cell("random", std::nan(""))};
  const auto rows = summarise(cells);
  const auto comparisons = compare(cells);
  fc_json_t *list = cells_json(cells.data(), 2), *summary = cells_summary_json(rows.data(), int32_t(rows.size()));
  fc_json_t *tests = cells_comparisons_json(comparisons.data(), int32_t(comparisons.size()));
  for (const char *key : {"workflow", "users", "world", "track", "method", "variant", "safety", "rails", "semantics",
                          "cost", "cost_over_oracle", "compliance", "qos_met", "violations", "windows", "seed"})
    EXPECT_NE(nullptr, fc_json_get(fc_json_at(list, 0), key)) << key;
  for (const char *key : {"method", "variant", "safety", "rails", "world", "track", "cost_over_oracle", "compliance",
                          "violations", "reconfigurations", "latency_sum"})
    EXPECT_NE(nullptr, fc_json_get(fc_json_at(summary, 0), key)) << key;
  double number = 0;
  EXPECT_TRUE(fc_json_double(fc_json_get(fc_json_at(list, 0), "cost"), &number));
  EXPECT_DOUBLE_EQ(5, number);
  EXPECT_FALSE(fc_json_double(fc_json_get(fc_json_at(list, 1), "cost_over_oracle"), &number)) << "null";
  int64_t left_out = 0;
  EXPECT_TRUE(fc_json_int(fc_json_get(fc_json_at(summary, 1), "left_out"), &left_out));
  EXPECT_EQ(1, left_out);
  ASSERT_EQ(1u, fc_json_size(tests));
  EXPECT_STREQ("attmf", fc_json_string(fc_json_get(fc_json_get(fc_json_at(tests, 0), "reference"), "method")));
  EXPECT_EQ(2u, fc_json_size(fc_json_get(fc_json_at(tests, 0), "difference95")));
  fc_json_destroy(&list);
  fc_json_destroy(&summary);
  fc_json_destroy(&tests);
}

}  // namespace
