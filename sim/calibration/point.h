/* point.h - one best world for measured windows: a maximum a posteriori estimate, to hold against the posterior.
 *
 *     J(theta) = sum over windows and terms of (y - ybar(theta))^2 / (2 v (1 + 1/m))  +  |theta|^2 / (2 sigma^2)
 *
 * y the terms of a window (terms.h), ybar their mean over m simulated windows, v the variance that luck gives them
 * (simulated once, at the start) plus the noise of measurement; terms count as independent. Every theta is tried with
 * the same luck (common random numbers), so that J compares worlds and not draws; it still jumps when a small change of
 * theta lets calls overtake each other. Minimised by NLopt's Subplex (Rowan, Functional Stability Analysis of Numerical
 * Algorithms, 1990), which of its methods copes best with that. One thread calls; `jobs` threads simulate; the same
 * numbers for any number of them.
 */
#ifndef SIM_CALIBRATION_POINT_H
#define SIM_CALIBRATION_POINT_H

#include "ensemble.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct point point_t;

typedef struct {
  double *theta;         /* (d) the caller's */
  double start, found;   /* J */
  int32_t n_evaluations; /* of J */
} point_result_t;

/* options as of an ensemble, whose worlds do not count. Borrows workflow until point_destroy. Errors as ensemble_new.
 * Caller owns the result and destroys it with point_destroy. */
fc_status_t point_new(const fc_workflow_t *workflow, const ensemble_options_t *options, point_t **out,
                      fc_error_t *error);
void point_destroy(point_t **point);

/* Searches worlds of this structure from now on. */
void point_set_structure(point_t *point, fc_balancer_t balancer, fc_overflow_t overflow);

/* One more window, copied; a window without counts is skipped. FC_ENOMEM. */
fc_status_t point_add(point_t *point, const fc_observation_t *observation, int32_t users, double rate_per_s,
                      fc_error_t *error);

/* Searches from start (d), with first steps of step (d, above 0), within 4 prior deviations; at most max_evaluations of
 * J, each all windows m times. FC_EINVAL without windows. Blocks for seconds to minutes. */
fc_status_t point_search(point_t *point, const double *start, const double *step, int32_t max_evaluations,
                         point_result_t *result, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
