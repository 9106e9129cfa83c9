/* gp_state.h - inside a Gaussian process: shared by gp.c, gp_fit.c, gp_predict.c and noisy.c. */
#ifndef EVAL_GP_GP_STATE_H
#define EVAL_GP_GP_STATE_H

#include <stdbool.h>

#include "gp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Points predicted at a time: inner loops over them are contiguous and of known length. */
enum { GP_BLOCK = 32 };

struct gp {
  gp_options_t options;
  int32_t d, n, stride; /* stride = max_rows */
  double *theta;        /* (d + 2) */
  double *length;       /* (d) exp of theta */
  double scale, noise;
  double mean, deviation; /* of outcomes */
  double *x;              /* (stride, d) as given */
  double *scaled;         /* (stride, d) x / length */
  double *y;              /* (stride) standardised */
  double *factor;         /* (stride, stride) lower triangle L, K + noise I = L L' */
  double *alpha;          /* (stride) K^-1 y */
  double *inverse;        /* (stride, stride) scratch of the fit */
  double *scratch;        /* (4, d + 2) of the fit */
  double *block;          /* (stride + d, GP_BLOCK) of predictions */
  double *work;           /* (2 stride + d) of predictions at one point */
};

/* sum_i (a_i - b_i)^2, in four partial sums. */
double gp_square_distance(const double *a, const double *b, int32_t d);
/* k of two scaled points, without the scale. */
double gp_matern(const double *a, const double *b, int32_t d);

/* Factors the matrix a (n, n), row-major lower triangle, rows `stride` apart. False: not positive definite. */
bool gp_cholesky(double *a, int32_t n, int32_t stride);
/* b (n) becomes L^-1 b, or L'^-1 b. */
void gp_solve_lower(const double *l, int32_t n, int32_t stride, double *b);
void gp_solve_upper(const double *l, int32_t n, int32_t stride, double *b);

/* x / length of m points, into out (m, d). */
void gp_scale_points(const gp_t *gp, const double *x, int32_t m, double *out);

/* grad (d) += sum_i weight_i * dk(scaled_i, point) / dx, for n scaled points; with the scale, standardised units. */
void gp_add_kernel_gradient(const gp_t *gp, const double *scaled, const double *weight, int32_t n, const double *point,
                            double *grad);

/* K + noise I of the rows at theta into a (n, n) lower triangle. Uses gp->scaled of the lengths in theta. */
void gp_fill_kernel(const gp_t *gp, double *a);
/* Joint posterior at x (m, d), standardised: scaled (m, d) = x / length, v (m, n) = L^-1 k of each point, mean (m),
 * covariance (m, m). */
void gp_project(const gp_t *gp, const double *x, int32_t m, double *scaled, double *v, double *mean,
                double *covariance);
/* The covariance (m, m) becomes its factor, with the least jitter that helps, at most 1e-6 of the scale. False: it has
 * none, or no memory. */
bool gp_factor_covariance(double *covariance, int32_t m, double scale);
/* length, scale, noise, scaled from theta. */
void gp_apply_theta(gp_t *gp, const double *theta);
/* factor and alpha from what is set. */
fc_status_t gp_factor(gp_t *gp, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
