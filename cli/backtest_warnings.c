/* backtest_warnings.c - what a reader of a backtest must know before believing it: see backtest.h. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "backtest.h"
#include "faasconf/knobs.h"
#include "timestamp.h"

/* Fewer configurations than this hardly show what a knob does. */
enum { FEW_CONFIGURATIONS = 5 };

#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
static void
warn(backtest_warnings_t *warnings, const char *format, ...) {
  va_list arguments;
  FC_ASSERT(warnings->n < BACKTEST_MAX_WARNINGS);
  va_start(arguments, format);
  vsnprintf(warnings->text[warnings->n++], sizeof warnings->text[0], format, arguments);
  va_end(arguments);
}

static void warn_of_recording(const backtest_t *self, backtest_warnings_t *warnings) {
  const recording_t *recording = self->recording;
  for (int32_t k = 0; k < FC_KNOBS; ++k)
    if (recording->assumed_knobs & (1u << k))
      warn(warnings, "%s is not in the data everywhere: where it is missing, the workflow's start value is assumed",
           fc_knob_name((fc_knob_t)k));
  if (recording->n_incomplete * 10 > recording->n_rows)
    warn(warnings, "%" PRId64 " of %" PRId64 " windows lack something and were left out", recording->n_incomplete,
         recording->n_rows);
}

static void warn_of_measured(const backtest_t *self, backtest_warnings_t *warnings) {
  if (self->measured.n_judged == 0)
    warn(warnings, "no window could be judged: the data lacks what the QoS terms need, or nothing ever arrived");
  const bool cheaper = self->has_twin && self->confirmed && self->cost_usd_h <= self->measured.cost_usd_h;
  if (self->measured.compliance < self->level)
    warn(warnings, "the system met QoS in %.1f %% of its windows, fewer than %.15g %%%s",
         100 * self->measured.compliance, 100 * self->level,
         cheaper ? "" : ": meeting it that often may cost more than was paid");
}

static void warn_of_alarms(const backtest_t *self, backtest_warnings_t *warnings) {
  static const char *const what[ALARM_SERIES][ALARM_DIRECTIONS] = {{"latencies are longer", "latencies are shorter"},
                                                                   {"successes are more", "successes are fewer"}};
  for (int s = 0; s < ALARM_SERIES; ++s) {
    for (int d = 0; d < ALARM_DIRECTIONS; ++d) {
      if (self->alarm_since_ms[s][d] < 0) continue;
      char when[32];
      timestamp_format(self->alarm_since_ms[s][d], when, sizeof when);
      warn(warnings,
           "alarm: from %s on %s than the twin expects: the system changed, or does something that the model does "
           "not know; plans on it can be wrong",
           when, what[s][d]);
    }
  }
}

static void warn_of_twin(const backtest_t *self, backtest_warnings_t *warnings) {
  const prediction_score_t *score = &self->score;
  if (!backtest_is_explained(self)) {
    if (score->n_windows < 5) {
      warn(warnings, "only %" PRId64 " windows were held out: nothing shows whether the twin can be believed",
           score->n_windows);
    } else {
      warn(warnings,
           "the twin does not explain the windows it has not seen (its 80 %% intervals hold %.0f %% of latencies and "
           "%.0f %% of successes): do not act on its costs",
           100 * score->coverage80_latency, 100 * score->coverage80_success);
    }
  }
  if (self->measured.n_configurations < FEW_CONFIGURATIONS)
    warn(warnings,
         "the data has %" PRId64 " configuration%s: what others would do rests on the workflow file's parameters",
         self->measured.n_configurations, self->measured.n_configurations == 1 ? "" : "s");
  if (self->n_loads > 0 && !self->confirmed)
    warn(warnings, "not every load has a configuration that fresh windows confirm at this level: no saving is stated");
}

void backtest_warnings(const backtest_t *self, backtest_warnings_t *warnings) {
  warnings->n = 0;
  warn_of_recording(self, warnings);
  warn_of_measured(self, warnings);
  if (!self->has_twin) return;
  warn_of_alarms(self, warnings);
  warn_of_twin(self, warnings);
}
