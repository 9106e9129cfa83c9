// tests agent/guard.c: the false-alarm budget and the delays are what the header says, by exact sums and by simulation.
#include "support.h"

extern "C" {
#include "faasconf/rng.h"
#include "guard.h"
}

namespace {

guard_t make_guard(settings_guard_t options = {0.95, 0.5, 86400, 20}) {
  guard_t guard;
  fc_error_t error = {};
  EXPECT_OK(guard_init(&guard, &options, &error));
  return guard;
}

// Mean windows to the alarm over `runs` independent runs.
double simulate(const guard_t &fresh, double compliance, int runs, uint64_t seed) {
  double total = 0;
  fc_rng_t rng;
  fc_rng_init(&rng, seed, 1);
  for (int run = 0; run < runs; ++run) {
    guard_t guard = fresh;
    int64_t windows = 0;
    bool alarm = false;
    while (!alarm) {
      const bool met = fc_rng_uniform(&rng) < compliance;
      alarm = guard_update(&guard, met ? FC_QOS_MET : FC_QOS_VIOLATED);
      windows += 1;
    }
    total += static_cast<double>(windows);
  }
  return total / runs;
}

TEST(Guard, FalseAlarmsAtNormalComplianceComeLessThanOnceAMonth) {
  const guard_t guard = make_guard();
  EXPECT_GE(guard_mean_windows(&guard, 0.95), 86400);
  // The smallest threshold that keeps the budget: one step lower breaks it.
  guard_t lower = guard;
  lower.threshold -= 1;
  EXPECT_LT(guard_mean_windows(&lower, 0.95), 86400);
}

TEST(Guard, FalseAlarmRateBySimulationAgreesWithTheExactOne) {
  const guard_t guard = make_guard({0.95, 0.5, 2000, 20});
  const double exact = guard_mean_windows(&guard, 0.95);
  const double simulated = simulate(guard, 0.95, 2000, 11);
  // The run length is nearly exponential: its mean over 2,000 runs has a standard error of 2.2 %.
  EXPECT_NEAR(simulated, exact, 0.1 * exact);
}

TEST(Guard, ExpectedDelayAtHalfComplianceIsTheStatedOne) {
  const guard_t guard = make_guard();
  const double exact = guard_mean_windows(&guard, 0.5);
  EXPECT_NEAR(exact, 12.2, 0.1);  // as stated in guard.h
  EXPECT_NEAR(simulate(guard, 0.5, 20000, 12), exact, 0.2);
}

TEST(Guard, ATotalBreachAlarmsInFiveWindows) {
  const guard_t guard = make_guard();
  EXPECT_EQ(simulate(guard, 0, 10, 13), 5);
  EXPECT_NEAR(guard_mean_windows(&guard, 0), 5, 1e-9);
}

TEST(Guard, TwoViolationsInARowAreNotAnAlarm) {
  guard_t guard = make_guard();
  EXPECT_FALSE(guard_update(&guard, FC_QOS_VIOLATED));
  EXPECT_FALSE(guard_update(&guard, FC_QOS_VIOLATED));
  EXPECT_EQ(guard.alarms, 0);
}

TEST(Guard, UnknownWindowsChangeNothing) {
  guard_t guard = make_guard();
  guard_update(&guard, FC_QOS_VIOLATED);
  const int32_t level = guard.level;
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(guard_update(&guard, FC_QOS_UNKNOWN));
  EXPECT_EQ(guard.level, level);
}

TEST(Guard, StartsFromZeroAfterAnAlarm) {
  guard_t guard = make_guard();
  int windows = 0;
  while (!guard_update(&guard, FC_QOS_VIOLATED)) ++windows;
  EXPECT_EQ(guard.level, 0);
  EXPECT_EQ(guard.alarms, 1);
  EXPECT_EQ(windows, 4);
}

TEST(Guard, RefusesOptionsThatLeaveNoDetector) {
  guard_t guard;
  fc_error_t error = {};
  const settings_guard_t equal = {0.5, 0.5, 86400, 20};
  EXPECT_EQ(FC_EINVAL, guard_init(&guard, &equal, &error));
  const settings_guard_t close = {0.95, 0.94, 1e9, 20};
  EXPECT_EQ(FC_EINVAL, guard_init(&guard, &close, &error));
  EXPECT_NE(std::string(error.message).find("compliance"), std::string::npos);
}

}  // namespace
