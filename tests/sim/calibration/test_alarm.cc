// sim/calibration/alarm.c: as rare as stated while nothing is wrong, soon when something is.
#include "support.h"

extern "C" {
#include "alarm.h"
#include "faasconf/rng.h"
}

namespace {

int total(const alarm_t &alarm) {
  return alarm.n_alarms[0][0] + alarm.n_alarms[0][1] + alarm.n_alarms[1][0] + alarm.n_alarms[1][1];
}

TEST(Alarm, IsFalseAsOftenAsStated) {
  fc_rng_t rng;
  fc_rng_init(&rng, 1, 1);
  for (const double stated : {50.0, 500.0}) {
    alarm_t alarm;
    alarm_init(&alarm, stated);
    const bool has[] = {true, true};
    for (int w = 0; w < 400000; ++w) {
      const double z[] = {fc_rng_normal(&rng), fc_rng_normal(&rng)};
      alarm_add(&alarm, has, z);
    }
    EXPECT_NEAR(400000 / stated, total(alarm), 0.12 * 400000 / stated) << stated;
  }
}

TEST(Alarm, IsOneSidedAndSaysSinceWhen) {
  alarm_t alarm;
  alarm_init(&alarm, 500);
  const bool has[] = {true, true};
  const double calm[] = {0, 0}, moved[] = {-2, 0.4};
  for (int w = 0; w < 10; ++w) EXPECT_FALSE(alarm_add(&alarm, has, calm));
  int n = 0;
  while (!alarm_add(&alarm, has, moved)) ASSERT_LT(++n, 20);
  EXPECT_EQ(1, alarm.n_alarms[0][1]);
  EXPECT_EQ(1, total(alarm));
  EXPECT_EQ(10, alarm.first_since[0][1]);
  EXPECT_EQ(10 + n, alarm.first[0][1]);
  EXPECT_NEAR(alarm.threshold / 1.5, n, 1.01);
  EXPECT_EQ(-1, alarm.first[1][0]);
}

TEST(Alarm, WindowsWithoutASeriesLeaveItAlone) {
  alarm_t alarm;
  alarm_init(&alarm, 500);
  const bool has[] = {false, true};
  const double z[] = {9, 0};
  for (int w = 0; w < 50; ++w) EXPECT_FALSE(alarm_add(&alarm, has, z));
  EXPECT_EQ(50, alarm.n_windows);
}

}  // namespace
