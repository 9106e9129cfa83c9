/* backtest_measure.c - what a recorded system cost and how often it met QoS: see backtest.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backtest.h"
#include "faasconf/cost.h"
#include "faasconf/digest.h"
#include "judge.h"

static int compare_digests(const void *a, const void *b) {
  return memcmp(a, b, FC_DIGEST_SIZE);
}

static int64_t count_different(uint8_t *digests, int64_t n) {
  int64_t different = 0;
  qsort(digests, (size_t)n, FC_DIGEST_SIZE, compare_digests);
  for (int64_t i = 0; i < n; ++i)
    different += i == 0 || compare_digests(digests + (i - 1) * FC_DIGEST_SIZE, digests + i * FC_DIGEST_SIZE) != 0;
  return different;
}

static void add_window(backtest_t *self, int64_t window, const fc_observation_t *o) {
  backtest_measured_t *measured = &self->measured;
  const double load = recording_load(self->recording, window);
  measured->cost_usd_h += fc_cost_reserved_usd_h(self->workflow, o->configuration);
  measured->load_mean += load;
  measured->load_min = fmin(measured->load_min, load);
  measured->load_max = fmax(measured->load_max, load);
  if (recording_is_idle(self->recording, o)) {
    measured->n_idle += 1;
    return;
  }
  const fc_qos_verdict_t verdict =
      judge_window(self->workflow, self->semantics, o, recording_users(self->recording, window));
  measured->n_judged += verdict != FC_QOS_UNKNOWN;
  measured->n_met += verdict == FC_QOS_MET;
}

static void sum_up(backtest_t *self) {
  const recording_t *recording = self->recording;
  backtest_measured_t *measured = &self->measured;
  const double n = (double)recording->n_windows;
  measured->cost_usd = measured->cost_usd_h * self->workflow->window_s / 3600;
  measured->cost_usd_h /= n;
  measured->load_mean /= n;
  measured->from_ms = recording->time_ms[0] - llround(self->workflow->window_s * 1000);
  measured->to_ms = recording->time_ms[recording->n_rows - 1];
  measured->compliance = measured->wilson_low = measured->wilson_high = NAN;
  if (measured->n_judged == 0) return;
  measured->compliance = (double)measured->n_met / (double)measured->n_judged;
  judge_wilson((int32_t)measured->n_met, (int32_t)measured->n_judged, &measured->wilson_low, &measured->wilson_high);
}

fc_status_t backtest_measure(backtest_t *self, fc_error_t *error) {
  const recording_t *recording = self->recording;
  const int64_t n = recording->n_windows;
  const size_t size = (size_t)self->workflow->n_functions * sizeof(fc_function_configuration_t);
  fc_observation_t observation = {0};
  uint8_t *digests = calloc((size_t)n, FC_DIGEST_SIZE);
  self->measured = (backtest_measured_t){.load_min = INFINITY};
  if (digests == NULL || fc_observation_init(&observation, self->workflow->n_functions) != FC_OK) {
    free(digests);
    return fc_error_set(error, FC_ENOMEM, "no memory for %lld windows", (long long)n);
  }
  for (int64_t w = 0; w < n; ++w) {
    recording_window(recording, w, &observation);
    fc_sha256(observation.configuration, size, digests + w * FC_DIGEST_SIZE);
    add_window(self, w, &observation);
  }
  self->measured.n_configurations = count_different(digests, n);
  sum_up(self);
  fc_observation_clear(&observation);
  free(digests);
  return FC_OK;
}
