// tests core/bounds.c: the price band of the cheapest good history, nearest load, violations counted.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "core_fixture.h"

extern "C" {
#include "faasconf/safety.h"
}

namespace {
using fc_test::Configuration;
using fc_test::same;
using fc_test::Workflow;

// Rows with their configurations; row i has 600 + i millicores, so that they can be told apart.
struct History {
  explicit History(const Workflow &w) : workflow(w) { configurations.reserve(1000); }
  void add(double cost_usd_h, double in_flight = 10, bool met = true) {
    configurations.push_back(workflow.start());
    configurations.back()[0].cpu_millicores = 600 + static_cast<int32_t>(rows.size());
    rows.push_back({configurations.back().data(), cost_usd_h, in_flight, met});
  }
  fc_status_t determine(fc_safety_record_t *record, double in_flight = 10,
                        fc_bounds_options_t options = fc_bounds_options_default()) const {
    return fc_bounds_determine(workflow.get(), &options, rows.data(), static_cast<int32_t>(rows.size()), in_flight,
                               record);
  }
  const Workflow &workflow;
  std::vector<Configuration> configurations;
  std::vector<fc_safety_row_t> rows;
};

struct Record {
  explicit Record(const Workflow &w) { EXPECT_EQ(FC_OK, fc_safety_record_init(&get, w->n_functions)); }
  ~Record() { fc_safety_record_clear(&get); }
  fc_safety_record_t *operator->() { return &get; }
  fc_safety_record_t get;
};

TEST(Bounds, DefaultsAreThePapers) {
  const fc_bounds_options_t options = fc_bounds_options_default();
  EXPECT_EQ(0.20, options.cheapest_share);
  EXPECT_EQ(2.0, options.n_std);
  EXPECT_EQ(0.25, options.load_tolerance);
  EXPECT_EQ(5, options.min_rows);
}

TEST(Bounds, AreTheMeanAndTwoPopulationStdOfTheCheapestFifth) {
  const Workflow w;
  History h(w);
  for (const double cost : {9., 8., 7., 6., 5., 4., 3., 11., 2., 10., 12., 13., 14., 15., 16.}) h.add(cost);
  h.add(1.0, 10, false);  // cheaper, but violated
  Record record(w);
  ASSERT_EQ(FC_OK, h.determine(&record.get));
  // The cheapest three of fifteen: 2, 3, 4: mean 3, population variance 2/3.
  EXPECT_DOUBLE_EQ(3 - 2 * std::sqrt(2.0 / 3), record->lb_usd_h);
  EXPECT_DOUBLE_EQ(3 + 2 * std::sqrt(2.0 / 3), record->ub_usd_h);
  EXPECT_EQ(15, record->n_rows);
  ASSERT_EQ(3, record->n_safe);
  EXPECT_STREQ("chain", record->workflow);
  EXPECT_EQ(10.0, record->mean_in_flight);
  const int origin[] = {8, 6, 5};  // cheapest first
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(2.0 + i, record->safe_cost_usd_h[i]);
    EXPECT_EQ(600 + origin[i], record->safe[i * w->n_functions].cpu_millicores);
  }
}

TEST(Bounds, TheFifthIsRoundedUp) {
  const Workflow w;
  for (int n = 5; n <= 200; ++n) {
    History h(w);
    for (int i = 0; i < n; ++i) h.add(3.0 + i);
    Record record(w);
    ASSERT_EQ(FC_OK, h.determine(&record.get));
    EXPECT_EQ(std::min((n + 4) / 5, static_cast<int>(FC_MAX_SAFE_CONFIGURATIONS)), record->n_safe) << n;
    const double half = (record->ub_usd_h + record->lb_usd_h) / 2;
    EXPECT_DOUBLE_EQ(3.0 + ((n + 4) / 5 - 1) / 2.0, half) << "the band is of the whole fifth: " << n;
  }
}

TEST(Bounds, OneRowMakesABandOfOnePrice) {
  const Workflow w;
  History h(w);
  for (int i = 0; i < 5; ++i) h.add(4.0 + i);
  Record record(w);
  ASSERT_EQ(FC_OK, h.determine(&record.get));
  EXPECT_EQ(4.0, record->lb_usd_h);
  EXPECT_EQ(4.0, record->ub_usd_h);
  EXPECT_TRUE(fc_bounds_contains(&record.get, 4.0));
  EXPECT_FALSE(fc_bounds_contains(&record.get, 3.999));
  EXPECT_FALSE(fc_bounds_contains(&record.get, 4.001));
}

TEST(Bounds, TooFewGoodRowsLeaveTheRecordAlone) {
  const Workflow w;
  History h(w);
  for (int i = 0; i < 4; ++i) h.add(4.0);
  for (int i = 0; i < 50; ++i) h.add(3.0, 10, false);
  Record record(w);
  record->lb_usd_h = 77;
  EXPECT_EQ(FC_ENOTFOUND, h.determine(&record.get));
  EXPECT_EQ(77, record->lb_usd_h);
  h.add(4.0);
  EXPECT_EQ(FC_OK, h.determine(&record.get));
  fc_bounds_options_t options = fc_bounds_options_default();
  options.min_rows = 0;
  EXPECT_EQ(FC_ENOTFOUND, fc_bounds_determine(w.get(), &options, nullptr, 0, 10, &record.get));
}

TEST(Bounds, OnlyRowsOfTheLoadCount) {
  const Workflow w;
  History h(w);
  for (const double in_flight : {7.5, 12.5, 10., 10., 10.}) h.add(4.0, in_flight);
  for (const double in_flight : {7.49, 12.51, 30.}) h.add(1.0, in_flight);
  Record record(w);
  ASSERT_EQ(FC_OK, h.determine(&record.get));
  EXPECT_EQ(5, record->n_rows);
  EXPECT_EQ(4.0, record->safe_cost_usd_h[0]);
  EXPECT_EQ(FC_ENOTFOUND, h.determine(&record.get, 30));
}

TEST(Bounds, EqualCostsKeepTheOrderOfHistory) {
  const Workflow w;
  History h(w);
  for (int i = 0; i < 25; ++i) h.add(4.0);
  Record record(w);
  ASSERT_EQ(FC_OK, h.determine(&record.get));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(600 + i, record->safe[i * w->n_functions].cpu_millicores);
}

TEST(Bounds, NearestLoadIsUsedForUnseenOnes) {
  fc_safety_record_t records[3] = {};
  records[0].mean_in_flight = 20;
  records[1].mean_in_flight = 10;
  records[2].mean_in_flight = 30;
  EXPECT_EQ(1, fc_bounds_nearest(records, 3, 0));
  EXPECT_EQ(1, fc_bounds_nearest(records, 3, 14));
  EXPECT_EQ(0, fc_bounds_nearest(records, 3, 16));
  EXPECT_EQ(2, fc_bounds_nearest(records, 3, 1000));
  EXPECT_EQ(0, fc_bounds_nearest(records, 3, 15)) << "the first of two equally near";
  EXPECT_EQ(-1, fc_bounds_nearest(records, 0, 10));
}

TEST(Bounds, CopiesOwnTheirArrays) {
  const Workflow w;
  History h(w);
  for (int i = 0; i < 10; ++i) h.add(4.0 + i);
  Record from(w), to(w);
  ASSERT_EQ(FC_OK, h.determine(&from.get));
  from->version = 12;
  ASSERT_EQ(FC_OK, fc_safety_record_copy(&to.get, &from.get));
  EXPECT_EQ(12, to->version);
  EXPECT_EQ(from->ub_usd_h, to->ub_usd_h);
  ASSERT_EQ(2, to->n_safe);
  EXPECT_NE(from->safe, to->safe);
  EXPECT_EQ(0, std::memcmp(from->safe, to->safe, 2 * w.n() * sizeof *to->safe));
  EXPECT_EQ(5.0, to->safe_cost_usd_h[1]);
}

TEST(Bounds, RepeatedViolationsAskForNewBounds) {
  fc_bounds_watch_t watch = {3, 0};
  EXPECT_FALSE(fc_bounds_watch_update(&watch, FC_QOS_VIOLATED));
  EXPECT_FALSE(fc_bounds_watch_update(&watch, FC_QOS_MET));
  EXPECT_FALSE(fc_bounds_watch_update(&watch, FC_QOS_UNKNOWN));
  EXPECT_FALSE(fc_bounds_watch_update(&watch, FC_QOS_VIOLATED));
  EXPECT_TRUE(fc_bounds_watch_update(&watch, FC_QOS_VIOLATED));
  EXPECT_FALSE(fc_bounds_watch_update(&watch, FC_QOS_VIOLATED)) << "counting starts anew";
}

}  // namespace
