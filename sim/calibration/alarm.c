/* alarm.c - see alarm.h. */
#include "alarm.h"

#include <math.h>

#include "faasconf/status.h"

#define ALLOWANCE 0.5

static double threshold_of(double windows_per_false_alarm) {
  const double wanted = windows_per_false_alarm * ALARM_SERIES * ALARM_DIRECTIONS;
  double low = 1.166, high = 60;
  for (int i = 0; i < 60; ++i) {
    const double b = (low + high) / 2;
    if (2 * (exp(b) - b - 1) < wanted) {
      low = b;
    } else {
      high = b;
    }
  }
  return high - 1.166;
}

void alarm_init(alarm_t *alarm, double windows_per_false_alarm) {
  FC_ASSERT(windows_per_false_alarm >= 10);
  *alarm = (alarm_t){.threshold = threshold_of(windows_per_false_alarm)};
  for (int s = 0; s < ALARM_SERIES; ++s)
    for (int d = 0; d < ALARM_DIRECTIONS; ++d) alarm->first[s][d] = alarm->first_since[s][d] = -1;
}

static bool chart_add(alarm_t *alarm, int s, int d, double z) {
  double *sum = &alarm->sum[s][d];
  if (*sum <= 0) alarm->since[s][d] = alarm->n_windows;
  *sum = fmax(0, *sum + z - ALLOWANCE);
  if (*sum <= alarm->threshold) return false;
  *sum = 0;
  if (alarm->n_alarms[s][d]++ == 0) {
    alarm->first[s][d] = alarm->n_windows;
    alarm->first_since[s][d] = alarm->since[s][d];
  }
  return true;
}

bool alarm_add(alarm_t *alarm, const bool has[ALARM_SERIES], const double z[ALARM_SERIES]) {
  bool raised = false;
  for (int s = 0; s < ALARM_SERIES; ++s)
    for (int d = 0; d < ALARM_DIRECTIONS; ++d)
      if (has[s]) raised = chart_add(alarm, s, d, d == 0 ? z[s] : -z[s]) || raised;
  alarm->n_windows += 1;
  return raised;
}
