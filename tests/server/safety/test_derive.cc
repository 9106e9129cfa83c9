// server/safety/derive.c: records from the windows of a store, as core/bounds.c determines them.
#include "rows.h"

extern "C" {
#include "derive.h"
}

namespace {

using fc_test::Row;

class Derive : public ::testing::Test {
 protected:
  void SetUp() override { store.put(workflow); }
  void TearDown() override { clear(); }
  void clear() {
    for (int32_t i = 0; i < n; ++i) fc_safety_record_clear(&records[i]);
    free(records);
    records = nullptr;
    n = 0;
  }
  // `count` windows at a load, met or violated by latency, with sequences from `first`.
  void insert(uint64_t first, int count, double in_flight, bool met, uint32_t flags = 0) {
    fc_error_t error = {};
    ASSERT_OK(store_begin(store, &error));
    for (int i = 0; i < count; ++i) {
      Row row(workflow, first + static_cast<uint64_t>(i));
      row->after.load.mean_in_flight = in_flight;
      if (!met) row->after.outcome.latency_mean_s = 20;
      row->flags |= flags;
      store.insert(workflow, row);
    }
    ASSERT_OK(store_commit(store, &error));
  }
  void derive(fc_semantics_t semantics = FC_SEMANTICS_STRICT) {
    fc_error_t error = {};
    clear();
    ASSERT_OK(derive_records(store, workflow, semantics, &bounds, &records, &n, &error));
  }
  fc_test::TemporaryFolder folder;
  fc_test::Workflow workflow;
  fc_test::Store store{folder.path("store")};
  fc_bounds_options_t bounds = fc_bounds_options_default();
  fc_safety_record_t *records = nullptr;
  int32_t n = 0;
};

TEST_F(Derive, IsWhatBoundsDetermineOnTheSameRows) {
  insert(1, 40, 10, true);
  insert(41, 10, 10, false);
  derive();
  ASSERT_EQ(1, n);
  std::vector<Row> rows;
  std::vector<fc_safety_row_t> safety_rows;
  for (uint64_t i = 1; i <= 50; ++i) {
    rows.emplace_back(workflow, i);
    const fc_transition_t *t = rows.back().get();
    safety_rows.push_back({t->after.configuration, t->cost_usd_h, 10, i <= 40});
  }
  fc_safety_record_t expected = {};
  ASSERT_EQ(FC_OK, fc_safety_record_init(&expected, workflow->n_functions));
  ASSERT_EQ(FC_OK, fc_bounds_determine(workflow, &bounds, safety_rows.data(), 50, 10, &expected));
  EXPECT_EQ(expected.lb_usd_h, records[0].lb_usd_h);
  EXPECT_EQ(expected.ub_usd_h, records[0].ub_usd_h);
  EXPECT_EQ(40, records[0].n_rows);
  ASSERT_EQ(expected.n_safe, records[0].n_safe);
  const size_t size = static_cast<size_t>(expected.n_safe) * static_cast<size_t>(workflow->n_functions);
  EXPECT_EQ(0, memcmp(expected.safe, records[0].safe, size * sizeof *expected.safe));
  fc_safety_record_clear(&expected);
}

TEST_F(Derive, OneRecordPerGroupOfLoadsAscending) {
  insert(1, 10, 30, true);
  insert(11, 10, 10, true);
  insert(21, 10, 11, true);
  derive();
  ASSERT_EQ(2, n);
  EXPECT_EQ(20, records[0].n_rows) << "10 and 11 are one load within the tolerance";
  EXPECT_LT(records[0].mean_in_flight, 12);
  EXPECT_EQ(30, records[1].mean_in_flight);
}

TEST_F(Derive, TooFewGoodWindowsGiveNone) {
  insert(1, bounds.min_rows - 1, 10, true);
  insert(100, 50, 10, false);
  derive();
  EXPECT_EQ(0, n);
  EXPECT_EQ(nullptr, records);
}

TEST_F(Derive, WindowsOfOneConfigurationMakeNoBand) {
  for (uint64_t i = 1; i <= 50; ++i) {
    Row row(workflow, 7);  // one configuration, one price
    row->sequence = i;
    store.insert(workflow, row);
  }
  derive();
  EXPECT_EQ(0, n);
}

TEST_F(Derive, OtherSemanticsAreLeftOut) {
  insert(1, 10, 10, true, FC_TRANSITION_AS_PUBLISHED);
  derive(FC_SEMANTICS_STRICT);
  EXPECT_EQ(0, n);
  derive(FC_SEMANTICS_AS_PUBLISHED);
  EXPECT_EQ(1, n);
}

TEST_F(Derive, OnlyTheNewestWindowsCount) {
  insert(1, 10, 50, true);
  insert(1000, DERIVE_WINDOWS, 10, true);
  derive();
  ASSERT_EQ(1, n);
  EXPECT_EQ(10, records[0].mean_in_flight);
}

}  // namespace
