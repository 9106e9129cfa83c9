// From configurations to weights without the host in between: windows, rows and updates through the device's kernels,
// run on the CPU (tests/support/simt.h).
#include "loaded_workflow.h"
#include "support.h"
#include "trained_cohort.h"

extern "C" {
#include "batch_rows.h"
#include "table_cuda.h"
}

namespace {

constexpr int kFeatures = 3, kRows = BATCH_SERIES - 1;

class CohortWindowsEmulated : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fc_device_open_host(&ops_table_cuda, &device_, &error));
    const simulator_options_t simulator = {7, FC_SEMANTICS_STRICT, 10, 0};
    ASSERT_OK(batch_new(parallel_.get(), &simulator, false, BATCH_SERIES, device_, &batch_, &error));
    const char *names[kFeatures] = {"action_cpu", "cpu_utilization", "log2_in_flight"};
    for (int o = 0; o < kFeatures; ++o) {
      std::snprintf(features_[o].name, sizeof features_[o].name, "%s", names[o]);
      features_[o].scale = 1;
    }
    batch_rows_options_t options = {};
    options.n_features = kFeatures;
    options.features = features_;
    options.cost_ref_usd_h = 7;
    options.every_row_terminal = true;
    options.least_users = 5;
    options.most_users = 10;
    options.seed = 3;
    ASSERT_OK(batch_rows_new(parallel_.get(), &options, batch_, device_, &rows_, &error));
    learning_ = cohort_options_default("attmf", VARIANT_REPAIRED);
    learning_.learning.n_batch = 4;
    learning_.learning.n_hidden = 8;
    learning_.learning.n_attention = 4;
    learning_.row_capacity = 2 * kRows;
  }
  void TearDown() override {
    batch_rows_destroy(&rows_);
    batch_destroy(&batch_);
    fc_device_close(&device_);
  }
  cohort_t *cohort() {
    cohort_t *cohort = nullptr;
    EXPECT_EQ(FC_OK, cohort_new(parallel_.get(), kFeatures, &learning_, device_, &cohort, &error)) << error.message;
    fc_test::Instance begin("attmf", learning_.learning, kFeatures);
    EXPECT_EQ(FC_OK, cohort_put(cohort, 0, begin.interface(), begin.self(), &error)) << error.message;
    return cohort;
  }
  std::string weights(cohort_t *cohort) {
    fc_test::Instance now("attmf", learning_.learning, kFeatures);
    EXPECT_EQ(FC_OK, cohort_get(cohort, 0, now.interface(), now.self(), &error)) << error.message;
    return now.bytes();
  }

  const fc_test::LoadedWorkflow parallel_{"parallel"};
  fc_device_t *device_ = nullptr;
  batch_t *batch_ = nullptr;
  batch_rows_t *rows_ = nullptr;
  fc_feature_t features_[kFeatures] = {};
  cohort_options_t learning_;
  fc_error_t error = {};
};

TEST_F(CohortWindowsEmulated, LearnFromWhatTheDeviceSimulates) {
  cohort_t *there = cohort(), *sent = cohort();
  fc_row_memory_t to = {};
  for (int draw = 0; draw < 2; ++draw) {
    ASSERT_OK(cohort_lend_rows(there, draw * kRows, kRows, &to, &error));
    ASSERT_OK(batch_rows_draw(rows_, draw * BATCH_SERIES, to, &error));
    // the same rows, by way of the host
    ASSERT_OK(cohort_set_rows(sent, draw * kRows, kRows, to.features, to.action, to.reward, to.next_features,
                              to.terminal, &error));
  }
  ASSERT_OK(cohort_lend_rows(there, 0, 1, &to, &error));
  bool varies = false;
  for (int i = 1; i < kRows; ++i) varies = varies || to.reward[i] != to.reward[0];
  EXPECT_TRUE(varies);
  const std::string before = weights(there);
  ASSERT_OK(cohort_update(there, 3, &error));
  ASSERT_OK(cohort_update(sent, 3, &error));
  EXPECT_NE(before, weights(there));
  EXPECT_EQ(weights(sent), weights(there));
  cohort_destroy(&there);
  cohort_destroy(&sent);
}

}  // namespace
