/* gp.h - exact Gaussian-process regression: Matern-5/2 kernel with one length per dimension, learned scale and noise.
 *
 *   k(a, b) = scale * (1 + sqrt(5) r + 5/3 r^2) exp(-sqrt(5) r),   r^2 = sum_i ((a_i - b_i) / length_i)^2
 *   y_j     = mean + deviation * (f(x_j) + e_j),                   e_j ~ N(0, noise)
 *
 * Outcomes are standardised with the mean and the deviation of the rows given to gp_set_rows; scale and noise are in
 * standardised units, everything predicted is in outcome units. Hyper-parameters are those that maximise the log
 * marginal likelihood plus Gamma priors (Rasmussen and Williams 2006, section 5.4), in logarithms, by L-BFGS with the
 * analytic gradient. Arrays are row-major. One thread per object; nothing blocks but gp_fit, for as long as its
 * evaluations take: n = 300, d = 25 about 15 ms each.
 */
#ifndef EVAL_GP_GP_H
#define EVAL_GP_GP_H

#include <stdint.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* density(v) ~ v^(shape - 1) exp(-rate v); shape 1 and rate 0: none. */
typedef struct {
  double shape, rate;
} gp_gamma_t;

typedef struct {
  int32_t n_dims;   /* d >= 1 */
  int32_t max_rows; /* n at most */
  gp_gamma_t length_prior, scale_prior, noise_prior;
  double noise_floor;  /* > 0, the least noise variance, standardised */
  int32_t evaluations; /* of the likelihood in one gp_fit, at most */
} gp_options_t;

/* BoTorch's SingleTaskGP priors: Gamma(3, 6) lengths, Gamma(2, 0.15) scale, Gamma(1.1, 0.05) noise, floor 1e-4; the
 * lengths' prior grows with sqrt(d), without which points of a box of 25 dimensions say nothing about each other
 * (Hvarfner, Hellsten, Nardi 2024). 60 evaluations. */
gp_options_t gp_options(int32_t n_dims, int32_t max_rows);

typedef struct gp gp_t;

/* Allocates all it will ever need: max_rows^2 doubles twice. Hyper-parameters start at the means of the priors (noise
 * 0.05). Caller owns *out and destroys it with gp_destroy. FC_EINVAL, FC_ENOMEM. */
fc_status_t gp_new(const gp_options_t *options, gp_t **out, fc_error_t *error);
void gp_destroy(gp_t **gp); /* accepts NULL; sets *gp to NULL */

/* Copies rows x (n, d), y (n), standardises y, factors with the present hyper-parameters. 1 <= n <= max_rows. FC_EINVAL
 * for more rows or a value that is not finite; FC_EINTERNAL when the kernel matrix is not positive definite. */
fc_status_t gp_set_rows(gp_t *gp, const double *x, const double *y, int32_t n, fc_error_t *error);

/* One more row without fitting or standardising again: O(n^2). FC_EINVAL when full. */
fc_status_t gp_add(gp_t *gp, const double *x, double y, fc_error_t *error);

/* Improves the hyper-parameters for the present rows, from where they are, and factors. The best point evaluated stays:
 * never worse than before. */
fc_status_t gp_fit(gp_t *gp, fc_error_t *error);

/* theta (d + 2): ln length (d), ln scale, ln noise. Setting factors again when there are rows. */
void gp_get_theta(const gp_t *gp, double *theta);
fc_status_t gp_set_theta(gp_t *gp, const double *theta, fc_error_t *error);

/* Log marginal likelihood of the standardised outcomes at theta (d + 2), and its gradient (d + 2) or NULL. The present
 * hyper-parameters stay. FC_EINTERNAL when the matrix is not positive definite. */
fc_status_t gp_log_likelihood(gp_t *gp, const double *theta, double *value, double *gradient, fc_error_t *error);
/* The priors' part, up to a constant. */
double gp_log_prior(const gp_t *gp, const double *theta, double *gradient);

int32_t gp_n_rows(const gp_t *gp);
int32_t gp_n_dims(const gp_t *gp);
double gp_noise_variance(const gp_t *gp); /* of one measurement, outcome units */

/* Posterior of the noise-free function at x (m, d): mean (m), variance (m) or NULL. */
void gp_predict(const gp_t *gp, const double *x, int32_t m, double *mean, double *variance);

/* At one point x (d), with gradients (d). */
void gp_predict_gradient(const gp_t *gp, const double *x, double *mean, double *variance, double *grad_mean,
                         double *grad_variance);

/* Joint posterior at x (m, d): mean (m), covariance (m, m). */
fc_status_t gp_covariance(const gp_t *gp, const double *x, int32_t m, double *mean, double *covariance,
                          fc_error_t *error);

/* Joint posterior samples: out (n_samples, m) from standard normal draws (n_samples, m). FC_EINTERNAL when the
 * covariance has no factor even with a jitter of 1e-6 of the scale. */
fc_status_t gp_sample(const gp_t *gp, const double *x, int32_t m, const double *normals, int32_t n_samples, double *out,
                      fc_error_t *error);

/* What each row's outcome was expected to be from all others: mean (n), variance (n) of the measured outcome.
 * FC_EINTERNAL. (Rasmussen and Williams, Eq. 5.12.) */
fc_status_t gp_leave_one_out(const gp_t *gp, double *mean, double *variance, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
