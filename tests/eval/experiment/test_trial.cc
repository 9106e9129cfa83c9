// eval/experiment/trial.c and truth.c: one cell.
#include <cmath>

#include "small_trial.h"

extern "C" {
#include "judge.h"
#include "truth.h"
}

namespace {
using fc_test::SmallTrial;

TEST(Trial, SameSeedGivesTheSameCell) {
  const SmallTrial a, b;
  const cell_t one = a.run("random"), two = b.run("random");
  EXPECT_EQ(one.cost_usd_h, two.cost_usd_h);
  EXPECT_EQ(one.compliance, two.compliance);
  EXPECT_EQ(one.violations, two.violations);
  EXPECT_STREQ(one.method, "random");
  EXPECT_STREQ(one.world, "exact");
  EXPECT_LE(one.windows, 6);
  EXPECT_GE(one.windows, 4);
  EXPECT_EQ(one.judging_windows, 16);
}

TEST(Trial, IsMeasuredInTheTrueWorld) {
  const SmallTrial exact, hidden(WORLD_HIDDEN);
  truth_t truths[2];
  cell_t cells[2] = {};
  fc_error_t error = {};
  const SmallTrial *trials[2] = {&exact, &hidden};
  std::vector<fc_function_configuration_t> start;
  for (int f = 0; f < exact.workflow->n_functions; ++f) start.push_back(exact.workflow->functions[f].start);
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK(truth_init(&truths[i], trials[i]->workflow, &trials[i]->world, FC_SEMANTICS_STRICT, 10, 1, &error));
    ASSERT_OK(truth_judge(&truths[i], start.data(), 40, 1, &cells[i], &error));
    truth_clear(&truths[i]);
  }
  EXPECT_NEAR(cells[1].latency_mean_s - cells[0].latency_mean_s, WORLD_HIDDEN_DELAY_S, 0.3);
  EXPECT_EQ(cells[0].cost_usd_h, cells[1].cost_usd_h);
}

// Whatever was tried before: the third window of one configuration is the same for all, and not the second.
TEST(Trial, AllMethodsOfACellMeetTheSameWindows) {
  const SmallTrial trial;
  fc_error_t error = {};
  std::vector<fc_function_configuration_t> start, small;
  for (int f = 0; f < trial.workflow->n_functions; ++f) start.push_back(trial.workflow->functions[f].start);
  for (int f = 0; f < trial.workflow->n_functions; ++f) small.push_back({700, 700, 2, 4});
  double latency_s[2][3];
  for (int method = 0; method < 2; ++method) {
    truth_t truth;
    fc_observation_t window;
    fc_qos_verdict_t verdict = FC_QOS_UNKNOWN;
    double worst = 0;
    ASSERT_EQ(fc_observation_init(&window, trial.workflow->n_functions), FC_OK);
    ASSERT_OK(truth_init(&truth, trial.workflow, &trial.world, FC_SEMANTICS_STRICT, 10, 5, &error));
    for (int w = 0; w < 3; ++w) {
      const auto &configuration = method == 1 && w < 2 ? small : start;
      ASSERT_OK(truth_measure(&truth, configuration.data(), &window, &verdict, &worst, &error));
      latency_s[method][w] = window.outcome.latency_mean_s;
    }
    truth_clear(&truth);
    fc_observation_clear(&window);
  }
  EXPECT_NE(latency_s[0][0], latency_s[1][0]);
  EXPECT_EQ(latency_s[0][2], latency_s[1][2]);
  EXPECT_NE(latency_s[0][1], latency_s[0][2]);
}

// Users arrive one after the other: their mean is less than the experiment's setting, which no method is told.
TEST(Trial, TheLoadThatMethodsAreToldIsMeasured) {
  const SmallTrial trial;
  for (int i = 0; i < trial.rows.n; ++i) {
    ASSERT_TRUE(trial.rows.windows[i].load.present & FC_LOAD_HAS_IN_FLIGHT);
    EXPECT_NE(std::round(trial.rows.windows[i].load.mean_in_flight), trial.rows.windows[i].load.mean_in_flight);
  }
}

TEST(Trial, Eq2CountsTheRequestsInService) {
  const SmallTrial trial;
  const fc_observation_t &window = trial.rows.windows[0];
  std::vector<double> execution_s;
  for (int f = 0; f < trial.workflow->n_functions; ++f)
    execution_s.push_back(window.metrics[f].mean_in_flight * window.duration_s);
  const double expected = fc_cost_eq2_usd(trial.workflow, window.configuration, execution_s.data());
  EXPECT_NEAR(truth_eq2_usd(trial.workflow, &window), expected, 1e-9 * expected);
}

TEST(Trial, TwoMinutesAreJudgedAsOne) {
  const SmallTrial trial;
  const cell_t cell = trial.run("library");
  EXPECT_GE(cell.compliance_2min, 0);
  EXPECT_LE(cell.compliance_2min, 1);
  EXPECT_EQ(fmod(cell.compliance_2min * 2, 1), 0) << "16 windows: two stretches";
}
}  // namespace
