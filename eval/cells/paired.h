/* paired.h - statistics of pairs: two methods measured on the same cells. Allocate; any thread. */
#ifndef EVAL_CELLS_PAIRED_H
#define EVAL_CELLS_PAIRED_H

#include <stdint.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PAIRED_RESAMPLES = 10000, PAIRED_LEAST_CLUSTERS = 6, PAIRED_EXACT_MAX = 50 };

typedef enum { PAIRED_DIFFERENCE, PAIRED_RATIO } paired_statistic_t;

/* NaN: not defined. */
typedef struct {
  double value;     /* of the sample */
  double low, high; /* 95 % */
} paired_interval_t;

/* Pairs that share luck or training, so that they are drawn together. */
typedef struct {
  double sum_a, sum_b;
  int64_t n; /* pairs, at least 1 */
} paired_cluster_t;

/* mean(a) - mean(b), or mean(a) / mean(b) (0 / 0 is 1, x / 0 infinite), over the pairs of n clusters without NaN.
 * PAIRED_RESAMPLES resamples of whole clusters, drawn with Philox of (seed, stream 0): the same call gives the same
 * interval, percentiles expanded for few clusters: Phi(-+ sqrt(n / (n - 1)) t) with Student's t of n - 1 degrees of
 * freedom instead of 2.5 and 97.5 %. Below PAIRED_LEAST_CLUSTERS, of which a coin gives six heads in 3 % of the cases,
 * there is no interval, below one no value. FC_ENOMEM. Source: Hesterberg, The American Statistician 69 (2015). */
fc_status_t paired_bootstrap(const paired_cluster_t *clusters, int64_t n, paired_statistic_t statistic, uint64_t seed,
                             paired_interval_t *out, fc_error_t *error);

/* Wilcoxon's signed-rank test, two-sided, of n differences without NaN. Zeros are left out, ties share their mean rank.
 * The distribution is exact up to PAIRED_EXACT_MAX non-zero differences (conditional on the ties), above normal with
 * corrections for ties and continuity. *w: the smaller of both rank sums. Without a non-zero difference *p is 1;
 * without a difference at all NaN. FC_ENOMEM. Source: Wilcoxon, Biometrics Bulletin 1 (1945). */
fc_status_t paired_wilcoxon(const double *differences, int64_t n, double *w, double *p, fc_error_t *error);

/* Holm's step-down correction in place: p[i] becomes the adjusted p-value. NaN stays NaN and does not count.
 * Source: Holm, Scandinavian Journal of Statistics 6 (1979). */
void paired_holm(double *p, int64_t n);

#ifdef __cplusplus
}
#endif
#endif
