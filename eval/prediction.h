/* prediction.h - how well a posterior predicts windows that it has not seen.
 *
 * Each measured window is predicted by one simulated window of every particle under the same configuration and load:
 * mean and central 80 % of the mean latency and of the successes. The scores compare what was measured with all of
 * them. One thread; blocks for n particles per window.
 */
#ifndef EVAL_PREDICTION_H
#define EVAL_PREDICTION_H

#include "faasconf/transition.h"
#include "particles.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct prediction prediction_t;

/* NaN where a score is not defined (score.h). */
typedef struct {
  int64_t n_windows, n_latencies; /* scored; those of them that had a latency */
  double r2_log_latency, r2_success, mape_latency, coverage80_latency, coverage80_success;
} prediction_score_t;

/* Borrows workflow and particles until prediction_destroy. FC_ENOMEM. Caller owns the result and destroys it with
 * prediction_destroy. */
fc_status_t prediction_new(const fc_workflow_t *workflow, fc_semantics_t semantics, const particles_t *particles,
                           uint64_t seed, prediction_t **out, fc_error_t *error);
void prediction_destroy(prediction_t **prediction);

/* Predicts one window that was measured with observation->configuration under so many closed-loop users, or (users = 0:
 * open loop) Poisson arrivals at this rate. A window without a success has no latency: its
 * successes count. One without counts is left out. FC_EINVAL for a
 * load that the simulator refuses; FC_ENOMEM. */
fc_status_t prediction_add(prediction_t *prediction, const fc_observation_t *observation, int32_t users,
                           double rate_per_s, fc_error_t *error);

/* What one window is expected to bring: mean and central 80 % over the particles. A window without a success counts
 * with its length as latency. */
typedef struct {
  double latency_s, latency_low_s, latency_high_s;
  double successes, successes_low, successes_high;
} prediction_forecast_t;

/* Forecasts a window of configuration (N) that nobody has measured; the load as above. It counts in no score, and two
 * forecasts have other luck. */
fc_status_t prediction_forecast(prediction_t *prediction, const fc_function_configuration_t *configuration,
                                int32_t users, double rate_per_s, prediction_forecast_t *forecast, fc_error_t *error);

/* The windows so far. */
int64_t prediction_windows(const prediction_t *prediction);
prediction_score_t prediction_score(const prediction_t *prediction);

#ifdef __cplusplus
}
#endif
#endif
