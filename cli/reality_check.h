/* reality_check.h - does the twin know what it has not seen? Configurations are drawn, forecast, and only then
 * measured.
 *
 * Each measured window is held against the forecast of its configuration: error of the mean latency and of the
 * successes, and how many windows lie in the predicted 80 %. Measured windows without a success have no latency;
 * their successes count.
 */
#ifndef CLI_REALITY_CHECK_H
#define CLI_REALITY_CHECK_H

#include "live.h"
#include "particles.h"
#include "prediction.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  fc_function_configuration_t *configuration; /* (N) */
  prediction_forecast_t forecast;
  bool is_refused;               /* the platform does not take it: it counts in no score */
  double *latency_s, *successes; /* (n_windows) measured; latency NaN without a success */
} reality_point_t;

typedef struct {
  int32_t n_points, n_windows; /* windows of each */
  reality_point_t *points;
  /* over all windows; NaN where not defined (score.h) */
  double r2_log_latency, r2_success, mape_latency, bias_latency, coverage80_latency, coverage80_success;
} reality_check_t;

/* Draws n_points random configurations within the limits and forecasts them. Caller frees with reality_check_clear,
 * also after a failure. */
fc_status_t reality_check_forecast(const fc_workflow_t *workflow, const fc_limits_t *limits,
                                   const particles_t *particles, int32_t users, int32_t n_points, int32_t n_windows,
                                   uint64_t seed, reality_check_t *check, fc_error_t *error);

/* Measures all of them on an open platform, and scores. A line per configuration on out. */
fc_status_t reality_check_measure(reality_check_t *check, live_t *live, const fc_workflow_t *workflow, FILE *out,
                                  fc_error_t *error);

void reality_check_clear(reality_check_t *check);

#ifdef __cplusplus
}
#endif
#endif
