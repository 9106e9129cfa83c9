/* reality_check.c - see reality_check.h. */
#include "reality_check.h"

#include <math.h>
#include <stdlib.h>

#include "faasconf/cost.h"
#include "profile.h"
#include "score.h"

/* A stream of the seed of its own: not the configurations that the twin has learned from. */
enum { STREAM_UNSEEN = 0x756e7365, N_SERIES = 8 };
enum {
  LATENCY = 0,
  LATENCY_FORECAST,
  LATENCY_LOW,
  LATENCY_HIGH,
  SUCCESSES,
  SUCCESSES_FORECAST,
  SUCCESSES_LOW,
  SUCCESSES_HIGH
};

static fc_status_t take(reality_check_t *check, int32_t n_functions, fc_error_t *error) {
  check->points = calloc((size_t)check->n_points, sizeof *check->points);
  bool good = check->points != NULL;
  for (int32_t i = 0; i < check->n_points && good; ++i) {
    reality_point_t *point = &check->points[i];
    point->configuration = calloc((size_t)n_functions, sizeof *point->configuration);
    point->latency_s = calloc((size_t)check->n_windows, sizeof *point->latency_s);
    point->successes = calloc((size_t)check->n_windows, sizeof *point->successes);
    good = point->configuration != NULL && point->latency_s != NULL && point->successes != NULL;
  }
  return good ? FC_OK : fc_error_set(error, FC_ENOMEM, "no memory for %d configurations", (int)check->n_points);
}

fc_status_t reality_check_forecast(const fc_workflow_t *workflow, const fc_limits_t *limits,
                                   const particles_t *particles, int32_t users, int32_t n_points, int32_t n_windows,
                                   uint64_t seed, reality_check_t *check, fc_error_t *error) {
  prediction_t *prediction = NULL;
  fc_rng_t rng;
  fc_rng_init(&rng, seed, STREAM_UNSEEN);
  *check = (reality_check_t){.n_points = n_points, .n_windows = n_windows};
  FC_TRY(take(check, workflow->n_functions, error));
  FC_TRY(prediction_new(workflow, FC_SEMANTICS_STRICT, particles, seed, &prediction, error));
  fc_status_t status = FC_OK;
  for (int32_t i = 0; i < n_points && status == FC_OK; ++i) {
    profile_draw_random(limits, &rng, check->points[i].configuration);
    status =
        prediction_forecast(prediction, check->points[i].configuration, users, 0, &check->points[i].forecast, error);
  }
  prediction_destroy(&prediction);
  return status;
}

/* ---- measuring ------------------------------------------------------------------------------------------------ */

static double mean_of(const double *values, int32_t n) {
  double sum = 0;
  int32_t counted = 0;
  for (int32_t i = 0; i < n; ++i) {
    if (isnan(values[i])) continue;
    sum += values[i];
    counted += 1;
  }
  return counted > 0 ? sum / counted : NAN;
}

static fc_status_t measure_point(reality_check_t *check, reality_point_t *point, live_t *live,
                                 fc_observation_t *observation, fc_error_t *error) {
  for (int32_t w = 0; w < check->n_windows; ++w) {
    const fc_status_t status = live_window(live, point->configuration, observation, error);
    point->is_refused = status == FC_EUNSAFE || status == FC_EINVAL;
    if (point->is_refused) return FC_OK;
    if (status != FC_OK) return status;
    const fc_outcome_t *outcome = &observation->outcome;
    point->successes[w] = (double)outcome->successes;
    point->latency_s[w] = (outcome->present & FC_OUTCOME_HAS_LATENCY_MEAN) != 0 ? outcome->latency_mean_s : NAN;
  }
  return FC_OK;
}

/* All windows, *n_windows, side by side with their forecasts. Returns how many had a latency. */
static int64_t line_up(const reality_check_t *check, double *const series[N_SERIES], int64_t *n_windows) {
  int64_t n_latencies = 0, n = 0;
  for (int32_t i = 0; i < check->n_points; ++i) {
    const reality_point_t *point = &check->points[i];
    const prediction_forecast_t *f = &point->forecast;
    for (int32_t w = 0; w < check->n_windows && !point->is_refused; ++w, ++n) {
      series[SUCCESSES][n] = point->successes[w];
      series[SUCCESSES_FORECAST][n] = f->successes;
      series[SUCCESSES_LOW][n] = f->successes_low;
      series[SUCCESSES_HIGH][n] = f->successes_high;
      if (isnan(point->latency_s[w])) continue;
      series[LATENCY][n_latencies] = point->latency_s[w];
      series[LATENCY_FORECAST][n_latencies] = f->latency_s;
      series[LATENCY_LOW][n_latencies] = f->latency_low_s;
      series[LATENCY_HIGH][n_latencies++] = f->latency_high_s;
    }
  }
  *n_windows = n;
  return n_latencies;
}

static fc_status_t score(reality_check_t *check, fc_error_t *error) {
  const int64_t most = (int64_t)check->n_points * check->n_windows;
  int64_t n = 0;
  double *all = calloc(N_SERIES * (size_t)most, sizeof *all), *series[N_SERIES];
  if (all == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to score");
  for (int i = 0; i < N_SERIES; ++i) series[i] = all + i * most;
  const int64_t m = line_up(check, series, &n);
  double bias = 0;
  for (int64_t i = 0; i < m; ++i) bias += log(series[LATENCY_FORECAST][i] / series[LATENCY][i]) / (double)m;
  check->bias_latency = m > 0 ? exp(bias) - 1 : NAN;
  check->r2_log_latency = score_r2_log(series[LATENCY], series[LATENCY_FORECAST], m);
  check->mape_latency = score_mape(series[LATENCY], series[LATENCY_FORECAST], m);
  check->coverage80_latency = score_coverage(series[LATENCY], series[LATENCY_LOW], series[LATENCY_HIGH], m);
  check->r2_success = score_r2(series[SUCCESSES], series[SUCCESSES_FORECAST], n);
  check->coverage80_success = score_coverage(series[SUCCESSES], series[SUCCESSES_LOW], series[SUCCESSES_HIGH], n);
  free(all);
  return FC_OK;
}

fc_status_t reality_check_measure(reality_check_t *check, live_t *live, const fc_workflow_t *workflow, FILE *out,
                                  fc_error_t *error) {
  fc_observation_t observation = {0};
  if (fc_observation_init(&observation, workflow->n_functions) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "no memory for a window");
  fc_status_t status = FC_OK;
  fprintf(out, "  %2s %9s   %-27s %8s   %-21s %s\n", "", "cost $/h", "forecast latency (80 %), s", "measured",
          "successes (80 %)", "measured");
  for (int32_t i = 0; i < check->n_points && status == FC_OK; ++i) {
    reality_point_t *point = &check->points[i];
    const prediction_forecast_t *f = &point->forecast;
    status = measure_point(check, point, live, &observation, error);
    if (point->is_refused) fprintf(out, "  %2d refused by the platform\n", (int)i + 1);
    if (status == FC_OK && !point->is_refused)
      fprintf(out, "  %2d %9.4f   %7.3f (%6.3f .. %6.3f) %8.3f   %5.1f (%4.0f .. %4.0f) %8.1f\n", (int)i + 1,
              fc_cost_reserved_usd_h(workflow, point->configuration), f->latency_s, f->latency_low_s, f->latency_high_s,
              mean_of(point->latency_s, check->n_windows), f->successes, f->successes_low, f->successes_high,
              mean_of(point->successes, check->n_windows));
    (void)fflush(out);
  }
  fc_observation_clear(&observation);
  return status == FC_OK ? score(check, error) : status;
}

void reality_check_clear(reality_check_t *check) {
  for (int32_t i = 0; check->points != NULL && i < check->n_points; ++i) {
    free(check->points[i].configuration);
    free(check->points[i].latency_s);
    free(check->points[i].successes);
  }
  free(check->points);
  *check = (reality_check_t){0};
}
