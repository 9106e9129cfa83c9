/* guard.c - the breach detector: see guard.h. */
#include "guard.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DOWN_STEPS = 4, MAX_THRESHOLD = 400 };

/* Mean windows from level 0 to level >= threshold. The state after a met window is max(0, i - down), after a violation
 * i + up: (I - Q) t = 1, solved by elimination without pivoting (I - Q is an M-matrix, diagonally dominant). */
static double mean_windows(int32_t up, int32_t down, int32_t threshold, double compliance) {
  const size_t n = (size_t)threshold;
  double *a = calloc(n * (n + 1), sizeof *a);
  if (!a) return INFINITY;
  for (size_t i = 0; i < n; ++i) {
    double *row = a + i * (n + 1);
    row[i] += 1;
    row[i > (size_t)down ? i - (size_t)down : 0] -= compliance;
    if (i + (size_t)up < n) row[i + (size_t)up] -= 1 - compliance;
    row[n] = 1;
  }
  /* From the last state up to state 0, so that only t[0] is left. */
  for (size_t pivot = n - 1; pivot > 0; --pivot) {
    const double *from = a + pivot * (n + 1);
    for (size_t i = 0; i < pivot; ++i) {
      double *row = a + i * (n + 1);
      if (row[pivot] == 0) continue;
      const double factor = row[pivot] / from[pivot];
      for (size_t k = 0; k <= pivot; ++k) row[k] -= factor * from[k];
      row[n] -= factor * from[n];
    }
  }
  const double mean = a[0] > 0 ? a[n] / a[0] : INFINITY;
  free(a);
  return mean;
}

fc_status_t guard_init(guard_t *guard, const settings_guard_t *options, fc_error_t *error) {
  memset(guard, 0, sizeof *guard);
  const double c = options->compliance, b = options->breach_compliance;
  if (!(c > 0 && c < 1 && b > 0 && b < c))
    return fc_error_set(error, FC_EINVAL, "guard: expected 0 < breach_compliance < compliance < 1, found %g and %g", b,
                        c);
  const double ratio = log((1 - b) / (1 - c)) / -log(b / c);
  guard->down = DOWN_STEPS;
  guard->up = (int32_t)lround(ratio * DOWN_STEPS);
  if (guard->up < 1) guard->up = 1;
  int32_t low = 1, high = 1;
  while (high < MAX_THRESHOLD && mean_windows(guard->up, guard->down, high, c) < options->false_alarm_windows) {
    low = high + 1;
    high = 2 * high < MAX_THRESHOLD ? 2 * high : MAX_THRESHOLD;
  }
  if (mean_windows(guard->up, guard->down, high, c) < options->false_alarm_windows)
    return fc_error_set(error, FC_EINVAL,
                        "guard: no threshold gives a false alarm only every %g windows at compliance %g: separate "
                        "compliance and breach_compliance more",
                        options->false_alarm_windows, c);
  while (low < high) {
    const int32_t middle = (low + high) / 2;
    if (mean_windows(guard->up, guard->down, middle, c) < options->false_alarm_windows) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  guard->threshold = high;
  return FC_OK;
}

bool guard_update(guard_t *guard, fc_qos_verdict_t verdict) {
  if (verdict == FC_QOS_UNKNOWN) return false;
  guard->level += verdict == FC_QOS_VIOLATED ? guard->up : -guard->down;
  if (guard->level < 0) guard->level = 0;
  if (guard->level < guard->threshold) return false;
  guard->level = 0;
  guard->alarms += 1;
  return true;
}

double guard_mean_windows(const guard_t *guard, double compliance) {
  return mean_windows(guard->up, guard->down, guard->threshold, compliance);
}
