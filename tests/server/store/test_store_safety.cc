// SES records in the store: replaced together, numbered, exactly as they were.
#include <cstring>

#include "rows.h"

namespace {

using fc_test::Store;

// Records for two functions at loads 10, 20, ...; `mark` tells them from others.
class Records {
 public:
  Records(int32_t n, int mark) : records_(static_cast<size_t>(n)) {
    for (int32_t i = 0; i < n; ++i) {
      fc_safety_record_t *r = &records_[static_cast<size_t>(i)];
      EXPECT_EQ(FC_OK, fc_safety_record_init(r, 2));
      std::strcpy(r->workflow, "chain");
      r->mean_in_flight = 10.0 * (i + 1) + 0.1;
      r->lb_usd_h = mark + 1.0 / 3;
      r->ub_usd_h = mark + 2.0 / 3;
      r->n_rows = 100 + mark;
      r->n_safe = i == 0 ? FC_MAX_SAFE_CONFIGURATIONS : i;
      for (int32_t k = 0; k < r->n_safe; ++k) {
        r->safe[2 * k] = {600 + k, 700 + mark, 2 + i, 10};
        r->safe[2 * k + 1] = {2000, 2048, 8, k};
        r->safe_cost_usd_h[k] = mark + 0.1 * k;
      }
    }
  }
  ~Records() {
    for (fc_safety_record_t &r : records_) fc_safety_record_clear(&r);
  }
  Records(const Records &) = delete;
  Records &operator=(const Records &) = delete;
  const fc_safety_record_t *data() const { return records_.data(); }
  int32_t size() const { return static_cast<int32_t>(records_.size()); }

 private:
  std::vector<fc_safety_record_t> records_;
};

class StoreSafety : public ::testing::Test {
 protected:
  int64_t put(const Records &records, const char *workflow = "chain") {
    int64_t version = -1;
    EXPECT_OK(store_put_safety(store, workflow, records.data(), records.size(), &version, &error));
    return version;
  }
  // Stored under `workflow`: exactly these, each with this version.
  void expect(const Records &expected, int64_t version, const char *workflow = "chain") {
    fc_safety_record_t *found = nullptr;
    int32_t n = -1;
    int64_t found_version = -1;
    ASSERT_OK(store_get_safety(store, workflow, &found, &n, &found_version, &error));
    ASSERT_EQ(expected.size(), n);
    for (int32_t i = 0; i < n; ++i) {
      const fc_safety_record_t &e = expected.data()[i], &f = found[i];
      EXPECT_STREQ(workflow, f.workflow);
      EXPECT_EQ(version, f.version);
      EXPECT_EQ(e.mean_in_flight, f.mean_in_flight);
      EXPECT_EQ(e.lb_usd_h, f.lb_usd_h);
      EXPECT_EQ(e.ub_usd_h, f.ub_usd_h);
      EXPECT_EQ(e.n_rows, f.n_rows);
      EXPECT_EQ(e.n_functions, f.n_functions);
      ASSERT_EQ(e.n_safe, f.n_safe);
      const size_t n_safe = static_cast<size_t>(e.n_safe);
      EXPECT_EQ(0, std::memcmp(e.safe, f.safe, 2 * n_safe * sizeof *e.safe));
      EXPECT_EQ(0, std::memcmp(e.safe_cost_usd_h, f.safe_cost_usd_h, n_safe * sizeof(double)));
    }
    EXPECT_EQ(n > 0 ? version : 0, found_version);
    for (int32_t i = 0; i < n; ++i) fc_safety_record_clear(&found[i]);
    std::free(found);
  }

  fc_test::TemporaryFolder folder;
  Store store{folder.path("s")};
  fc_error_t error = {};
};

TEST_F(StoreSafety, RecordsComeBackExactlyAsTheyWere) {
  const Records records(3, 5);
  expect(Records(0, 0), 0);
  EXPECT_EQ(1, put(records));
  expect(records, 1);
}

TEST_F(StoreSafety, AllAreReplacedUnderTheNextVersion) {
  EXPECT_EQ(1, put(Records(3, 5)));
  const Records fewer(1, 6);
  EXPECT_EQ(2, put(fewer));
  expect(fewer, 2);
  EXPECT_EQ(3, put(Records(0, 0)));
  expect(Records(0, 0), 3);
  EXPECT_EQ(4, put(fewer));  // the numbering goes on though nothing was there
  expect(fewer, 4);
}

TEST_F(StoreSafety, EachWorkflowHasItsOwn) {
  const Records here(2, 1), there(1, 2);
  EXPECT_EQ(1, put(here));
  EXPECT_EQ(1, put(there, "pair"));
  EXPECT_EQ(2, put(there, "pair"));
  expect(here, 1);
  expect(there, 2, "pair");
}

TEST_F(StoreSafety, InsideATransactionTheyEndWithIt) {
  const Records before(2, 1);
  put(before);
  ASSERT_OK(store_begin(store, &error));
  EXPECT_EQ(2, put(Records(1, 9)));
  store_rollback(store);
  expect(before, 1);
  EXPECT_EQ(2, put(before));
}

}  // namespace
