// What `faasconf simulate --rows` says of the simulator on the published measurements. Seed fixed: a pass stays a pass.
#include <cstdio>

#include "support.h"

extern "C" {
#include "jobs.h"
#include "simulate_rows.h"
}

namespace {

simulate_rows_scores_t score(const std::string &path, int64_t n_windows) {
  fc_error_t error = {};
  fc_workflow_t *workflow = nullptr;
  simulate_rows_scores_t scores = {};
  EXPECT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow, &error));
  simulate_rows_options_t options = {};
  options.workflow = workflow;
  options.path = path.c_str();
  options.semantics = FC_SEMANTICS_AS_PUBLISHED;
  options.n_windows = n_windows;
  options.seed = 1;
  options.jobs = jobs_default_workers();
  EXPECT_OK(simulate_rows(&options, &scores, &error));
  std::printf(
      "%lld windows: R2 log latency %.4f, successes %.4f; Spearman %.4f, %.4f; MAPE %.4f; coverage %.4f, %.4f\n",
      static_cast<long long>(n_windows), scores.r2_log_latency, scores.r2_success, scores.spearman_latency,
      scores.spearman_success, scores.mape_latency, scores.coverage80_latency, scores.coverage80_success);
  fc_workflow_destroy(&workflow);
  return scores;
}

TEST(PublishedRows, TheSimulatorExplainsThem) {
  SKIP_WITHOUT_SHARED(path, "data/parallel_10.csv");
  const simulate_rows_scores_t scores = score(path, 12);
  EXPECT_EQ(1039, scores.n_rows);
  EXPECT_GE(scores.r2_log_latency, 0.78);
  EXPECT_GE(scores.r2_success, 0.80);
  EXPECT_GE(scores.spearman_latency, 0.89);
  EXPECT_GE(scores.spearman_success, 0.89);
}

TEST(PublishedRows, ItsIntervalsHoldWhatTheyPromise) {
  SKIP_WITHOUT_SHARED(path, "data/parallel_10.csv");
  const simulate_rows_scores_t scores = score(path, 100);
  EXPECT_GE(scores.coverage80_latency, 0.75);
  EXPECT_LE(scores.coverage80_latency, 0.85);
  EXPECT_GE(scores.coverage80_success, 0.75);
  EXPECT_LE(scores.coverage80_success, 0.90);
}

}  // namespace
