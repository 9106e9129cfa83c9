// Simulated windows become rows through the device's kernels, run on the CPU (tests/support/simt.h).
#include "batch_rows_of_both.h"

extern "C" {
#include "table_cuda.h"
}

namespace {

using fc_test::expect_the_rows_of_the_replay;
using fc_test::RowsWanted;

class BatchRowsEmulated : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(fc_device_open_host(&ops_table_cuda, &device_, &error)); }
  void TearDown() override { fc_device_close(&device_); }
  fc_device_t *device_ = nullptr;
  fc_error_t error = {};
};

TEST_F(BatchRowsEmulated, AreTheRowsOfTheReplay) {
  const fc_test::LoadedWorkflow parallel("parallel");
  expect_the_rows_of_the_replay(parallel.get(), {}, device_);
}

TEST_F(BatchRowsEmulated, HaveThePublishedFeaturesAndSemanticsToo) {
  const fc_test::LoadedWorkflow parallel("parallel");
  RowsWanted wanted;
  wanted.faithful = true;
  wanted.semantics = FC_SEMANTICS_AS_PUBLISHED;
  wanted.capacity = 33;  // one series, and a window that is of none
  expect_the_rows_of_the_replay(parallel.get(), wanted, device_);
}

TEST_F(BatchRowsEmulated, FitTheNormaliserOfTheReplay) {
  const fc_test::LoadedWorkflow parallel("parallel");
  expect_the_rows_of_the_replay(parallel.get(), {}, device_, true);
}

TEST_F(BatchRowsEmulated, SayWhatDoesNotFit) {
  const fc_test::LoadedWorkflow parallel("parallel");
  const simulator_options_t simulator = {7, FC_SEMANTICS_STRICT, 10, 0};
  fc_feature_t feature = {};
  feature.scale = 1;
  batch_rows_options_t good = {};
  good.n_features = 1;
  good.features = &feature;
  good.cost_ref_usd_h = 1;
  good.most_users = 10;
  batch_rows_t *rows = nullptr;
  batch_t *batch = nullptr;
  ASSERT_OK(batch_new(parallel.get(), &simulator, false, 32, device_, &batch, &error));
  const auto refused = [&](fc_status_t expected, const batch_rows_options_t &options) {
    EXPECT_EQ(expected, batch_rows_new(parallel.get(), &options, batch, device_, &rows, &error)) << error.message;
    EXPECT_EQ(nullptr, rows);
  };
  std::snprintf(feature.name, sizeof feature.name, "no_such");
  refused(FC_ENOTFOUND, good);
  std::snprintf(feature.name, sizeof feature.name, "log1p_latency_p95");
  refused(FC_EINVAL, good);
  EXPECT_NE(std::string::npos, std::string(error.message).find("latencies")) << error.message;
  std::snprintf(feature.name, sizeof feature.name, "depth");
  batch_rows_options_t bad = good;
  bad.most_users = 11;
  refused(FC_EINVAL, bad);
  bad = good;
  bad.least_users = 11;
  refused(FC_EINVAL, bad);
  bad = good;
  bad.cost_ref_usd_h = 0;
  refused(FC_EINVAL, bad);
  ASSERT_OK(batch_rows_new(parallel.get(), &good, batch, device_, &rows, &error));
  EXPECT_EQ(BATCH_SERIES - 1, batch_rows_count(rows));
  batch_rows_destroy(&rows);
  batch_destroy(&batch);
}

}  // namespace
