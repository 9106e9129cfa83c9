// eval/experiment/offline.c: the rows that methods know before.
#include "small_trial.h"

namespace {

struct Rows {
  ~Rows() { tuner_rows_clear(&rows); }
  tuner_rows_t rows = {};
};

offline_t task(const fc_test::SmallTrial &trial, int workers) {
  return {trial.workflow, &trial.world, FC_SEMANTICS_STRICT, FC_RANGES_MEASURED, 3, {5, 10, 15}, 30, workers, 7};
}

TEST(Offline, RowsComeInBlocksOfOneLoadWithConfigurationsOfTheirOwn) {
  const fc_test::SmallTrial trial;
  Rows rows;
  fc_error_t error = {};
  const offline_t offline = task(trial, 1);
  ASSERT_OK(offline_measure(&offline, &rows.rows, &error));
  ASSERT_EQ(rows.rows.n, 30);
  for (int i = 0; i < 30; ++i) {
    EXPECT_NEAR(tuner_load_of(&rows.rows.windows[i], 0), offline.users[i / 10], 1.0) << i;
    if (i > 0) {
      EXPECT_NE(
          rows.rows.windows[i].configuration[0].cpu_millicores * 10000 + rows.rows.windows[i].configuration[0].mem_mib,
          rows.rows.windows[i - 1].configuration[0].cpu_millicores * 10000 +
              rows.rows.windows[i - 1].configuration[0].mem_mib);
    }
    EXPECT_NE(rows.rows.verdicts[i], FC_QOS_UNKNOWN);
  }
}

TEST(Offline, RowsDoNotDependOnTheNumberOfWorkers) {
  const fc_test::SmallTrial trial;
  Rows one, three;
  fc_error_t error = {};
  offline_t offline = task(trial, 1);
  ASSERT_OK(offline_measure(&offline, &one.rows, &error));
  offline.n_workers = 3;
  ASSERT_OK(offline_measure(&offline, &three.rows, &error));
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(one.rows.windows[i].outcome.successes, three.rows.windows[i].outcome.successes);
    EXPECT_EQ(one.rows.windows[i].outcome.latency_mean_s, three.rows.windows[i].outcome.latency_mean_s);
  }
}

TEST(Offline, RowsAreOfTheNominalWorld) {
  const fc_test::SmallTrial exact, hidden(WORLD_HIDDEN);
  for (int i = 0; i < exact.rows.n; ++i)
    EXPECT_EQ(exact.rows.windows[i].outcome.latency_mean_s, hidden.rows.windows[i].outcome.latency_mean_s);
}
}  // namespace
