// eval/experiment/trace_run.c: a method through a trace.
#include <cmath>

#include "small_trial.h"

extern "C" {
#include "trace_run.h"
}

namespace {
using fc_test::SmallTrial;

// Proposes by the load that it is told, and remembers what it was told.
struct Told {
  std::vector<double> loads;
  std::vector<int64_t> windows;
};

Told *told = nullptr;  // the interface has no room for a context: set by the test that uses it
const fc_workflow_t *workflow_told = nullptr;

fc_status_t create(const tuner_setting_t *setting, void **self, fc_error_t *) {
  workflow_told = setting->workflow;
  *self = told;
  return FC_OK;
}
void destroy(void **self) {
  *self = nullptr;
}
fc_status_t propose(void *self, const fc_observation_t *last, bool dynamic, fc_function_configuration_t *proposal,
                    fc_error_t *) {
  auto *me = static_cast<Told *>(self);
  EXPECT_TRUE(dynamic);
  me->loads.push_back(last->load.mean_in_flight);
  me->windows.push_back(last->window);
  for (int f = 0; f < workflow_told->n_functions; ++f) {
    proposal[f] = workflow_told->functions[f].start;
    proposal[f].replicas = last->load.mean_in_flight > 8 ? 6 : 4;
  }
  return FC_OK;
}
fc_status_t learn(void *, const fc_observation_t *, fc_qos_verdict_t, fc_error_t *) {
  return FC_OK;
}

const tuner_t by_load = {"by_load", "for this test", false, false, false, create, destroy, propose, learn};

TEST(TraceRun, AMinuteIsDecidedFromTheMinutesBeforeOnly) {
  const SmallTrial trial;
  const int32_t users[] = {4, 4, 12, 12};
  const trace_t trace = {4, users, 2};
  const contender_t contender = {&by_load, TUNER_REPAIRED, 0, false, FC_STRATEGY_NONE, FC_RAILS_OFF};
  trace_minute_t minutes[4];
  cell_t cell;
  fc_error_t error = {};
  Told remembered;
  told = &remembered;
  trial_name(&trial.trial, &contender, "dynamic", &cell);
  ASSERT_OK(trace_run(&trial.trial, &trace, &contender, minutes, &cell, &error));
  told = nullptr;
  ASSERT_EQ(remembered.loads.size(), 3u);
  EXPECT_EQ(remembered.windows, (std::vector<int64_t>{1, 3, 5})) << "the last window before each decision";
  EXPECT_LT(remembered.loads[1], 6) << "minute 2 has 12 users, but nobody knows yet";
  EXPECT_GT(remembered.loads[2], 10);
  EXPECT_NEAR(minutes[0].cost_usd_h, minutes[1].cost_usd_h / 4 * 5, 1e-9) << "minute 0 runs with the start: 5 replicas";
  EXPECT_EQ(minutes[2].cost_usd_h, minutes[1].cost_usd_h);
  EXPECT_GT(minutes[3].cost_usd_h, minutes[2].cost_usd_h);
  EXPECT_EQ(cell.reconfigurations, 2);
  EXPECT_EQ(cell.windows, 8);
  EXPECT_NEAR(cell.cost_usd_h,
              (minutes[0].cost_usd_h + minutes[1].cost_usd_h + minutes[2].cost_usd_h + minutes[3].cost_usd_h) / 4,
              1e-9);
  double latency_s = 0;
  for (const trace_minute_t &minute : minutes) latency_s += 2 * minute.latency_s;
  EXPECT_NEAR(cell.latency_sum_s, latency_s, 1e-9);
}
}  // namespace
