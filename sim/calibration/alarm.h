/* alarm.h - says when measured windows leave what was expected of them, in one direction and for good.
 *
 * One cumulative sum per series and direction over the surprises z (standard deviations; standard normal as long as the
 * expectation holds): C <- max(0, C + |z in that direction| - 1/2), an alarm at C > h, then from 0 again. One-sided on
 * purpose: a world that is better than expected costs money for ever and is silent in every statistic that looks at
 * both sides at once. h is such that all charts together give one false alarm in the stated number of windows
 * (Siegmund, Sequential Analysis, 1985: one chart's mean time to a false alarm is 2 (e^b - b - 1), b = h + 1.166).
 * Pure; plain data; one thread.
 */
#ifndef SIM_CALIBRATION_ALARM_H
#define SIM_CALIBRATION_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { ALARM_SERIES = 2, ALARM_DIRECTIONS = 2 }; /* directions: 0 more than expected, 1 less */

typedef struct {
  double threshold;
  double sum[ALARM_SERIES][ALARM_DIRECTIONS];
  int64_t since[ALARM_SERIES][ALARM_DIRECTIONS]; /* first window of the present run above 0 */
  int64_t n_windows;
  int32_t n_alarms[ALARM_SERIES][ALARM_DIRECTIONS];
  int64_t first[ALARM_SERIES][ALARM_DIRECTIONS];       /* window of the first alarm, from 0; -1 */
  int64_t first_since[ALARM_SERIES][ALARM_DIRECTIONS]; /* where the run that led to it began */
} alarm_t;

/* windows_per_false_alarm >= 10. */
void alarm_init(alarm_t *alarm, double windows_per_false_alarm);

/* The next window: z of each series it has. True when it raises an alarm. */
bool alarm_add(alarm_t *alarm, const bool has[ALARM_SERIES], const double z[ALARM_SERIES]);

#ifdef __cplusplus
}
#endif
#endif
