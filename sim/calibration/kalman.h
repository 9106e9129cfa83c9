/* kalman.h - one step of an ensemble Kalman filter: n worlds theta_i learn from one measured window y.
 *
 * Every world has simulated the window m times. With ybar_i the mean over the windows of world i and R the pooled
 * covariance within worlds (what luck alone does) plus the noise of measurement:
 *
 *     K = C (Cov(ybar) + R)^-1,    theta_i <- theta_i + K (y + eps_i - ybar_i),    eps_i ~ N(0, R)
 *
 * C = Cov(theta, ybar), each of whose entries is multiplied by max(0, 1 - 4 / (n r^2)), r its correlation: what n
 * worlds show by chance alone, up to two standard errors, teaches nothing. Without that an ensemble loses spread with
 * every window, also in what the windows say nothing about.
 *
 * Sources: Evensen, "The Ensemble Kalman Filter", Ocean Dynamics 53 (2003), with perturbed observations; tapering by
 * correlation: Luo, Bhakta & Naevdal, "Correlation-based adaptive localization", SPE Journal 23 (2018), with the
 * positive-part shrinkage of James & Stein in place of their threshold.
 */
#ifndef SIM_CALIBRATION_KALMAN_H
#define SIM_CALIBRATION_KALMAN_H

#include <stdbool.h>

#include "faasconf/rng.h"
#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int32_t n, m, d, max_terms; /* worlds, windows of each, unknowns, terms of y at most */
  double *ybar;               /* (n, terms) */
  double *r, *s, *expected;   /* (terms, terms) */
  double *gain;               /* (terms, d) */
  double *scratch;            /* (3, max_terms) */
} kalman_t;

/* FC_ENOMEM; caller frees with kalman_clear either way. n, m >= 2. */
fc_status_t kalman_init(kalman_t *kalman, int32_t n, int32_t m, int32_t d, int32_t max_terms);
void kalman_clear(kalman_t *kalman);

/* simulated: (n, m, max_terms), of which the first n_terms count; y, noise (variance of measurement) and z: (n_terms);
 * theta: (n, d), moved. z gets (y - mean ybar) in standard deviations of what was to be expected of one window,
 * *log_density the logarithm of the normal density of y under that expectation, before learning. Terms
 * that do not vary at all move nothing. False when numbers are not finite: theta is as it was then. Allocates nothing.
 */
bool kalman_learn(kalman_t *kalman, const double *simulated, int32_t n_terms, const double *y, const double *noise,
                  fc_rng_t *rng, double *theta, double *z, double *log_density);

#ifdef __cplusplus
}
#endif
#endif
