/* prediction.c - see prediction.h. */
#include "prediction.h"

#include <stdlib.h>

#include "quantile.h"
#include "score.h"
#include "simulator.h"

enum {
  SERIES_MEASURED_LATENCY,
  SERIES_MEASURED_SUCCESSES,
  SERIES_LATENCY,
  SERIES_LATENCY_LOW,
  SERIES_LATENCY_HIGH,
  SERIES_SUCCESSES,
  SERIES_SUCCESSES_LOW,
  SERIES_SUCCESSES_HIGH,
  N_SERIES
};

struct prediction {
  const fc_workflow_t *workflow;
  const particles_t *particles;
  fc_semantics_t semantics;
  uint64_t seed;
  simulator_t *simulator;
  fc_observation_t observation;
  double *windows;          /* (2, particles) */
  double *series[N_SERIES]; /* (capacity) */
  int64_t n, n_latencies, capacity, n_forecasts;
};

/* Forecasts draw from numbers that no scored window reaches. */
static const int64_t FORECASTS_FROM = (int64_t)1 << 40;

fc_status_t prediction_new(const fc_workflow_t *workflow, fc_semantics_t semantics, const particles_t *particles,
                           uint64_t seed, prediction_t **out, fc_error_t *error) {
  prediction_t *self = calloc(1, sizeof *self);
  *out = self;
  if (self == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to score");
  self->workflow = workflow;
  self->particles = particles;
  self->semantics = semantics;
  self->seed = seed;
  self->windows = calloc(2 * (size_t)particles->n, sizeof *self->windows);
  if (self->windows != NULL && fc_observation_init(&self->observation, workflow->n_functions) == FC_OK) return FC_OK;
  prediction_destroy(out);
  return fc_error_set(error, FC_ENOMEM, "no memory to score");
}

void prediction_destroy(prediction_t **prediction) {
  if (prediction == NULL || *prediction == NULL) return;
  prediction_t *self = *prediction;
  simulator_destroy(&self->simulator);
  fc_observation_clear(&self->observation);
  free(self->windows);
  for (int s = 0; s < N_SERIES; ++s) free(self->series[s]);
  free(self);
  *prediction = NULL;
}

/* Mean and the ends of the central 80 % of n values; sorts them. */
static void predict(double *values, int32_t n, double *mean, double *low, double *high) {
  *mean = 0;
  for (int32_t i = 0; i < n; ++i) *mean += values[i] / n;
  quantile_sort(values, n);
  *low = values[n / 10];
  *high = values[n - 1 - n / 10];
}

static fc_status_t grow(prediction_t *self, fc_error_t *error) {
  const int64_t capacity = self->capacity > 0 ? 2 * self->capacity : 256;
  for (int s = 0; s < N_SERIES; ++s) {
    double *series = realloc(self->series[s], (size_t)capacity * sizeof *series);
    if (series == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for held-out windows");
    self->series[s] = series;
  }
  self->capacity = capacity;
  return FC_OK;
}

/* One window of each particle with the configuration of a held-out window. */
static fc_status_t simulate_particles(prediction_t *self, int64_t from,
                                      const fc_function_configuration_t *configuration, int32_t users,
                                      double rate_per_s, fc_error_t *error) {
  const simulator_options_t options = {
      .seed = self->seed, .semantics = self->semantics, .users = users, .rate_per_s = rate_per_s};
  FC_TRY(simulator_renew(self->workflow, &options, &self->simulator, error));
  simulator_set_outcomes_only(self->simulator);
  const int32_t n = self->particles->n;
  for (int32_t i = 0; i < n; ++i) {
    const int32_t particle = particles_of_window(self->particles, i);
    FC_TRY(simulator_set_parameters(self->simulator, &self->particles->parameters[particle], error));
    FC_TRY(simulator_observed_window(self->simulator, from + i, configuration, &self->observation, error));
    const fc_outcome_t *outcome = &self->observation.outcome;
    self->windows[i] = outcome->successes > 0 ? outcome->latency_mean_s : self->observation.duration_s;
    self->windows[n + i] = (double)outcome->successes;
  }
  return FC_OK;
}

fc_status_t prediction_add(prediction_t *self, const fc_observation_t *o, int32_t users, double rate_per_s,
                           fc_error_t *error) {
  if ((o->outcome.present & FC_OUTCOME_HAS_COUNTS) == 0) return FC_OK;
  if (self->n == self->capacity) FC_TRY(grow(self, error));
  FC_TRY(simulate_particles(self, self->n * self->particles->n, o->configuration, users, rate_per_s, error));
  const int64_t k = self->n++;
  const int32_t n = self->particles->n;
  self->series[SERIES_MEASURED_SUCCESSES][k] = (double)o->outcome.successes;
  if (o->outcome.successes > 0 && (o->outcome.present & FC_OUTCOME_HAS_LATENCY_MEAN) != 0) {
    const int64_t l = self->n_latencies++;
    self->series[SERIES_MEASURED_LATENCY][l] = o->outcome.latency_mean_s;
    predict(self->windows, n, &self->series[SERIES_LATENCY][l], &self->series[SERIES_LATENCY_LOW][l],
            &self->series[SERIES_LATENCY_HIGH][l]);
  }
  predict(self->windows + n, n, &self->series[SERIES_SUCCESSES][k], &self->series[SERIES_SUCCESSES_LOW][k],
          &self->series[SERIES_SUCCESSES_HIGH][k]);
  return FC_OK;
}

fc_status_t prediction_forecast(prediction_t *self, const fc_function_configuration_t *configuration, int32_t users,
                                double rate_per_s, prediction_forecast_t *forecast, fc_error_t *error) {
  const int32_t n = self->particles->n;
  FC_TRY(simulate_particles(self, FORECASTS_FROM + self->n_forecasts * n, configuration, users, rate_per_s, error));
  self->n_forecasts += 1;
  predict(self->windows, n, &forecast->latency_s, &forecast->latency_low_s, &forecast->latency_high_s);
  predict(self->windows + n, n, &forecast->successes, &forecast->successes_low, &forecast->successes_high);
  return FC_OK;
}

int64_t prediction_windows(const prediction_t *self) {
  return self->n;
}

prediction_score_t prediction_score(const prediction_t *self) {
  double *const *s = self->series;
  const int64_t n = self->n, n_latencies = self->n_latencies;
  return (prediction_score_t){
      .n_windows = n,
      .n_latencies = n_latencies,
      .r2_log_latency = score_r2_log(s[SERIES_MEASURED_LATENCY], s[SERIES_LATENCY], n_latencies),
      .r2_success = score_r2(s[SERIES_MEASURED_SUCCESSES], s[SERIES_SUCCESSES], n),
      .mape_latency = score_mape(s[SERIES_MEASURED_LATENCY], s[SERIES_LATENCY], n_latencies),
      .coverage80_latency =
          score_coverage(s[SERIES_MEASURED_LATENCY], s[SERIES_LATENCY_LOW], s[SERIES_LATENCY_HIGH], n_latencies),
      .coverage80_success =
          score_coverage(s[SERIES_MEASURED_SUCCESSES], s[SERIES_SUCCESSES_LOW], s[SERIES_SUCCESSES_HIGH], n)};
}
