/* ensemble.h - a posterior over a workflow's unknowns from measured windows, one window after the other.
 *
 * An ensemble Kalman filter: n worlds drawn from the prior; for each measured window every world simulates the same
 * configuration m times, and is then moved by what it got wrong. With y = (ln mean latency, sqrt(successes + 1/4), ln
 * p75 of each function, and ln CPU % of each when asked for), ybar_i the mean over the m windows of world i and R the
 * pooled covariance within the worlds (what luck alone does):
 *
 *     K = Cov(theta, ybar) (Cov(ybar) + R)^-1,    theta_i <- theta_i + K (y + eps_i - ybar_i),    eps_i ~ N(0, R)
 *
 * Source: Evensen, "The Ensemble Kalman Filter", Ocean Dynamics 53 (2003), with perturbed observations. Metrics that
 * the window lacks are left out. All worlds weigh the same. One thread calls; simulating uses `jobs` threads and gives
 * the same numbers for any number of them.
 */
#ifndef SIM_CALIBRATION_ENSEMBLE_H
#define SIM_CALIBRATION_ENSEMBLE_H

#include "faasconf/transition.h"
#include "particles.h"
#include "unknowns.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ENSEMBLE_MIN_WORLDS = 16, ENSEMBLE_MIN_WINDOWS = 2, ENSEMBLE_MAX_WINDOWS = 64 };

typedef struct {
  fc_semantics_t semantics;
  int32_t n_worlds;   /* at least 12 per unknown is a good rule: fewer is overconfident */
  int32_t n_windows;  /* simulated per world and measured window, m >= 2 */
  double prior_sigma; /* of every unknown; ln 2 allows for errors of a factor of two */
  bool uses_cpu;      /* compare CPU %, too, with 15 % noise of measurement */
  uint64_t seed;
  int32_t jobs;
} ensemble_options_t;

typedef struct ensemble ensemble_t;

/* Borrows workflow until ensemble_destroy. FC_EINVAL names the option, or says that there is no `simulator:` section;
 * FC_ENOMEM. Caller owns the result and destroys it with ensemble_destroy. */
fc_status_t ensemble_new(const fc_workflow_t *workflow, const ensemble_options_t *options, ensemble_t **out,
                         fc_error_t *error);
void ensemble_destroy(ensemble_t **ensemble);

/* Learns from one window that was measured with observation->configuration under so many closed-loop users, or (users =
 * 0: open loop) Poisson arrivals at this rate. A window without counts teaches nothing and is skipped. Blocks for
 * n_worlds * n_windows simulated windows. FC_EINVAL for a load that the simulator refuses. */
fc_status_t ensemble_observe(ensemble_t *ensemble, const fc_observation_t *observation, int32_t users,
                             double rate_per_s, fc_error_t *error);

/* The unknowns in order; borrowed until ensemble_destroy. */
int32_t ensemble_unknowns(const ensemble_t *ensemble, const unknown_t **list);

/* Mean and standard deviation of an unknown across the worlds. An unknown whose deviation is still near prior_sigma was
 * not identified by the windows. */
void ensemble_unknown(const ensemble_t *ensemble, int32_t unknown, double *mean, double *deviation);

/* The worlds as particles of equal weight. Caller frees with particles_clear. */
fc_status_t ensemble_particles(const ensemble_t *ensemble, particles_t *particles, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
