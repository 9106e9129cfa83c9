/* quantile.h - quantiles of measured values. Pure; any thread. */
#ifndef EVAL_QUANTILE_H
#define EVAL_QUANTILE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sorts n values, none of them NaN, ascending. */
void quantile_sort(double *values, int64_t n);

/* The q-quantile, 0 <= q <= 1, of n >= 1 ascending values: linear between order statistics (Hyndman and Fan's type 7).
 */
double quantile_of_sorted(const double *sorted, int64_t n, double q);

#ifdef __cplusplus
}
#endif
#endif
