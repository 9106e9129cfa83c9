/* backtest_learn.c - the twin of the recorded windows, and how well it predicts those it has not seen: see backtest.h.
 */
#include <math.h>
#include <stdlib.h>

#include "backtest.h"
#include "timestamp.h"
#include "twin.h"

enum { HELD_OUT_EVERY = 5, SIMULATED_WINDOWS = 3, FEWEST_HELD_OUT = 5 };

/* ln 2: the workflow file may be wrong by a factor of two, as `faasconf calibrate` takes it. */
#define PRIOR_SIGMA 0.6931471805599453

/* A twin that explains the windows has about 80 % of them within its 80 %; ten points less, and luck, are forgiven. */
#define FORGIVEN 0.1

/* As `faasconf calibrate`. */
#define WINDOWS_PER_FALSE_ALARM 500

typedef struct {
  backtest_t *backtest;
  fc_observation_t observation;
  int64_t *windows; /* (n) those that can be simulated */
  int64_t n;
  progress_t progress;
} learning_t;

/* Something arrived, and every function had a replica. */
static bool can_be_simulated(const learning_t *self, int64_t window) {
  const recording_t *recording = self->backtest->recording;
  for (int32_t f = 0; f < self->observation.n_functions; ++f)
    if (self->observation.configuration[f].replicas < 1) return false;
  return recording_load(recording, window) > 0;
}

static void list_windows(learning_t *self) {
  const recording_t *recording = self->backtest->recording;
  for (int64_t w = 0; w < recording->n_windows; ++w) {
    recording_window(recording, w, &self->observation);
    if (can_be_simulated(self, w)) self->windows[self->n++] = w;
  }
}

/* Position number k of n that are spread over all windows held out, or over all others. */
static int64_t position(int64_t k, int64_t n, int64_t n_all, bool held_out) {
  const int64_t j = n < n_all ? (int64_t)((double)k * (double)n_all / (double)n) : k;
  return held_out ? j * HELD_OUT_EVERY + HELD_OUT_EVERY - 1
                  : j / (HELD_OUT_EVERY - 1) * HELD_OUT_EVERY + j % (HELD_OUT_EVERY - 1);
}

/* Says which window it was that the simulator refused. */
static fc_status_t refused(const learning_t *self, fc_error_t *error) {
  char when[32];
  timestamp_format(self->observation.start_us / 1000, when, sizeof when);
  return fc_error_prefix(error, "%s: window from %s", self->backtest->recording->options.path, when);
}

static fc_status_t learn(learning_t *self, twin_t *twin, fc_error_t *error) {
  backtest_t *backtest = self->backtest;
  const recording_t *recording = backtest->recording;
  const int64_t n_all = self->n - self->n / HELD_OUT_EVERY;
  const int64_t n = n_all < backtest->limit ? n_all : backtest->limit;
  for (int64_t k = 0; k < n; ++k) {
    const int64_t w = self->windows[position(k, n, n_all, false)];
    recording_window(recording, w, &self->observation);
    if (twin_observe(twin, &self->observation, recording_users(recording, w), recording_rate_per_s(recording, w),
                     error) != FC_OK)
      return refused(self, error);
    progress_update(&self->progress, k + 1, n, "windows");
  }
  backtest->n_learned = n;
  return FC_OK;
}

static fc_status_t predict(learning_t *self, fc_error_t *error) {
  backtest_t *backtest = self->backtest;
  const recording_t *recording = backtest->recording;
  const int64_t n_all = self->n / HELD_OUT_EVERY, limit = backtest->limit / (HELD_OUT_EVERY - 1) + 1;
  const int64_t n = n_all < limit ? n_all : limit;
  prediction_t *prediction = NULL;
  FC_TRY(prediction_new(backtest->workflow, backtest->semantics, &backtest->particles, (uint64_t)backtest->seed + 1,
                        &prediction, error));
  fc_status_t status = FC_OK;
  for (int64_t k = 0; k < n && status == FC_OK; ++k) {
    const int64_t w = self->windows[position(k, n, n_all, true)];
    recording_window(recording, w, &self->observation);
    status = prediction_add(prediction, &self->observation, recording_users(recording, w),
                            recording_rate_per_s(recording, w), error);
    if (status != FC_OK) (void)refused(self, error);
    progress_update(&self->progress, k + 1, n, "held-out windows");
  }
  if (status == FC_OK) backtest->score = prediction_score(prediction);
  prediction_destroy(&prediction);
  return status;
}

/* When the runs began that led to alarms. */
static void keep_alarms(learning_t *self, const alarm_t *alarm) {
  backtest_t *backtest = self->backtest;
  const recording_t *recording = backtest->recording;
  const int64_t n_all = self->n - self->n / HELD_OUT_EVERY;
  for (int s = 0; s < ALARM_SERIES; ++s) {
    for (int d = 0; d < ALARM_DIRECTIONS; ++d) {
      backtest->alarm_since_ms[s][d] = -1;
      if (alarm->n_alarms[s][d] == 0) continue;
      const int64_t w = self->windows[position(alarm->first_since[s][d], backtest->n_learned, n_all, false)];
      backtest->alarm_since_ms[s][d] = recording->time_ms[recording->rows[w]];
    }
  }
}

static fc_status_t learn_and_predict(learning_t *self, fc_error_t *error) {
  backtest_t *backtest = self->backtest;
  const twin_options_t options = {
      .ensemble = {.semantics = backtest->semantics,
                   .n_worlds = twin_worlds(backtest->workflow, (int32_t)backtest->n_particles),
                   .n_windows = SIMULATED_WINDOWS,
                   .prior_sigma = PRIOR_SIGMA,
                   .uses_cpu = backtest->semantics == FC_SEMANTICS_STRICT,
                   .seed = (uint64_t)backtest->seed,
                   .jobs = (int32_t)backtest->jobs},
      .structures = TWIN_BALANCERS,
      .windows_per_false_alarm = WINDOWS_PER_FALSE_ALARM};
  list_windows(self);
  if (self->n == 0)
    return fc_error_set(error, FC_EINVAL, "%s: in no window something arrived while every function had a replica",
                        backtest->recording->options.path);
  twin_t *twin = NULL;
  FC_TRY(twin_new(backtest->workflow, &options, &twin, error));
  progress_start(&self->progress, "learning");
  fc_status_t status = learn(self, twin, error);
  if (status == FC_OK) keep_alarms(self, twin_alarm(twin));
  if (status == FC_OK) status = twin_particles(twin, (int32_t)backtest->n_particles, &backtest->particles, error);
  if (status == FC_OK) status = predict(self, error);
  progress_end(&self->progress);
  twin_destroy(&twin);
  return status;
}

fc_status_t backtest_learn(backtest_t *backtest, fc_error_t *error) {
  learning_t self = {.backtest = backtest};
  fc_status_t status = FC_ENOMEM;
  self.windows = calloc((size_t)backtest->recording->n_windows, sizeof *self.windows);
  if (self.windows != NULL && fc_observation_init(&self.observation, backtest->workflow->n_functions) == FC_OK)
    status = learn_and_predict(&self, error);
  else
    fc_error_set(error, FC_ENOMEM, "no memory to learn from %lld windows", (long long)backtest->recording->n_windows);
  backtest->has_twin = status == FC_OK;
  fc_observation_clear(&self.observation);
  free(self.windows);
  return status;
}

bool backtest_is_explained(const backtest_t *backtest) {
  const prediction_score_t *score = &backtest->score;
  if (score->n_windows < FEWEST_HELD_OUT) return false;
  const double lowest = 0.8 - FORGIVEN - 1.96 * sqrt(0.8 * 0.2 / (double)score->n_windows);
  return score->coverage80_latency >= lowest && score->coverage80_success >= lowest;
}
