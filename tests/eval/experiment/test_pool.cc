// eval/experiment/pool.c: rows answer proposals, each once, and the rows around a choice judge it.
#include <cstring>
#include <vector>

#include "small_trial.h"

extern "C" {
#include "faasconf/cost.h"
#include "faasconf/digest.h"
#include "pool.h"
}

namespace {

class Pool : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(pool_init(&pool_, small_.workflow, FC_SEMANTICS_STRICT, 10, small_.rows.n, &error));
    for (int i = 0; i < small_.rows.n; ++i) {
      uint8_t digest[FC_DIGEST_SIZE] = {};
      digest[0] = static_cast<uint8_t>(i % 5);  // the first eight bytes, little-endian
      digest[20] = 1;
      pool_add(&pool_, &small_.rows.windows[i], digest);
    }
  }
  void TearDown() override { pool_clear(&pool_); }
  cell_t run(const char *method, int budget = 8) {
    cell_t cell;
    const contender_t contender = small_.contender(method);
    EXPECT_OK(pool_run(&pool_, &contender, budget, nullptr, 1, &cell, &error));
    return cell;
  }
  fc_error_t error = {};
  fc_test::SmallTrial small_{WORLD_EXACT, 1, 100};
  pool_t pool_ = {};
};

TEST_F(Pool, AFifthOfTheRowsIsHeldOutByTheirDigest) {
  EXPECT_EQ(80, pool_.offline.n);
  ASSERT_EQ(20, pool_.held_out.n);
  EXPECT_EQ(0, std::memcmp(small_.rows.windows[5].configuration, pool_.held_out.windows[1].configuration,
                           6 * sizeof(fc_function_configuration_t)));
}

TEST_F(Pool, AChoiceIsARowJudgedByThoseAroundIt) {
  const cell_t cell = run("random");
  EXPECT_STREQ("pool", cell.experiment);
  EXPECT_STREQ("rows", cell.world);
  EXPECT_EQ(8, cell.windows);
  bool is_row = false;
  for (int i = 0; i < pool_.held_out.n; ++i)
    is_row =
        is_row || cell.cost_usd_h == fc_cost_reserved_usd_h(small_.workflow, pool_.held_out.windows[i].configuration);
  EXPECT_TRUE(is_row);
  EXPECT_EQ(POOL_NEIGHBOURS, cell.judging_windows);
  EXPECT_LT(cell.wilson_low, cell.compliance + 1e-9);
  EXPECT_GT(cell.wilson_high, cell.compliance - 1e-9);
  EXPECT_LT(cell.wilson_high - cell.wilson_low, 0.6);
  double cheapest = 0;
  ASSERT_GE(pool_cheapest(&pool_, &cheapest), 0);
  if (cell.settled) {
    EXPECT_TRUE(cell.qos_met) << "it was re-measured, and the same row answered";
    EXPECT_GE(cell.cost_usd_h, cheapest);
  }
}

TEST_F(Pool, NoMoreIsMeasuredThanThereIs) {
  cell_t cell;
  const contender_t contender = small_.contender("random");
  EXPECT_EQ(FC_EINVAL, pool_run(&pool_, &contender, 20, nullptr, 1, &cell, &error));
  EXPECT_NE(nullptr, std::strstr(error.message, "20 held-out"));
}

TEST_F(Pool, TheSameSeedGivesTheSameCell) {
  const cell_t a = run("random"), b = run("random");
  EXPECT_EQ(a.cost_usd_h, b.cost_usd_h);
  EXPECT_EQ(a.violations, b.violations);
  EXPECT_EQ(a.compliance, b.compliance);
}

}  // namespace
