/* score.h - how well predictions fit measurements: plain statistics over arrays.
 *
 * All take n values of both; NaN is not allowed. Where a statistic is not defined (no value, measurements without any
 * spread) it is NaN. Pure functions but for score_spearman, which allocates. Any thread.
 */
#ifndef EVAL_SCORE_H
#define EVAL_SCORE_H

#include <stdint.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Coefficient of determination 1 - SS(measured - predicted) / SS(measured - mean); negative when the mean does better.
 */
double score_r2(const double *measured, const double *predicted, int64_t n);

/* The same of the logarithms; every value must be positive. */
double score_r2_log(const double *measured, const double *predicted, int64_t n);

/* Mean of |predicted - measured| / |measured| over the measurements that are not 0. */
double score_mape(const double *measured, const double *predicted, int64_t n);

/* Share of measurements with low <= measured <= high, ends included. */
double score_coverage(const double *measured, const double *low, const double *high, int64_t n);

/* Spearman's rank correlation: Pearson's of the ranks, ties get the mean of theirs. FC_ENOMEM. */
fc_status_t score_spearman(const double *measured, const double *predicted, int64_t n, double *out, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
