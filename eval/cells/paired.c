/* paired.c - see paired.h. */
#include "paired.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "faasconf/rng.h"
#include "quantile.h"

/* ---- bootstrap ---- */

/* Stands for infinity while percentiles interpolate. */
static const double huge = 1e300;

static double statistic_of(const paired_cluster_t *sums, paired_statistic_t statistic) {
  if (statistic == PAIRED_DIFFERENCE) return (sums->sum_a - sums->sum_b) / (double)sums->n;
  if (sums->sum_b == 0) return sums->sum_a == 0 ? 1 : huge;
  return sums->sum_a / sums->sum_b;
}

static void add(paired_cluster_t *sums, const paired_cluster_t *cluster) {
  sums->sum_a += cluster->sum_a;
  sums->sum_b += cluster->sum_b;
  sums->n += cluster->n;
}

static double resample(const paired_cluster_t *clusters, int64_t n, paired_statistic_t statistic, fc_rng_t *rng) {
  paired_cluster_t sums = {0};
  for (int64_t i = 0; i < n; ++i) add(&sums, &clusters[fc_rng_below(rng, (uint32_t)n)]);
  return statistic_of(&sums, statistic);
}

static double unhuge(double value) {
  return value >= huge / 10 ? INFINITY : value;
}

/* The 97.5 % quantile of Student's t with at least 5 degrees of freedom, to 0.002: Cornish and Fisher's expansion. */
static double student_quantile(double freedom) {
  const double z = 1.959963984540054, z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
  return z + (z3 + z) / (4 * freedom) + (5 * z5 + 16 * z3 + 3 * z) / (96 * freedom * freedom) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * freedom * freedom * freedom);
}

/* Resamples of n clusters vary by (n - 1) / n of the variance, and their spread is not known any better than the
 * clusters'. */
static double lower_share(int64_t n) {
  const double m = (double)n;
  return 0.5 * erfc(sqrt(m / (m - 1)) * student_quantile(m - 1) / sqrt(2));
}

fc_status_t paired_bootstrap(const paired_cluster_t *clusters, int64_t n, paired_statistic_t statistic, uint64_t seed,
                             paired_interval_t *out, fc_error_t *error) {
  paired_cluster_t all = {0};
  fc_rng_t rng;
  *out = (paired_interval_t){NAN, NAN, NAN};
  if (n < 1) return FC_OK;
  for (int64_t i = 0; i < n; ++i) add(&all, &clusters[i]);
  out->value = unhuge(statistic_of(&all, statistic));
  if (n < PAIRED_LEAST_CLUSTERS) return FC_OK;
  double *values = calloc(PAIRED_RESAMPLES, sizeof *values);
  if (values == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d resamples", PAIRED_RESAMPLES);
  fc_rng_init(&rng, seed, 0);
  for (int32_t i = 0; i < PAIRED_RESAMPLES; ++i) values[i] = resample(clusters, n, statistic, &rng);
  quantile_sort(values, PAIRED_RESAMPLES);
  const double share = lower_share(n);
  out->low = unhuge(quantile_of_sorted(values, PAIRED_RESAMPLES, share));
  out->high = unhuge(quantile_of_sorted(values, PAIRED_RESAMPLES, 1 - share));
  free(values);
  return FC_OK;
}

/* ---- Wilcoxon ---- */

typedef struct {
  double size; /* |difference| */
  bool is_positive;
  int64_t rank2; /* twice the mean rank: a whole number */
} signed_t;

static int compare_sizes(const void *a, const void *b) {
  const double x = ((const signed_t *)a)->size, y = ((const signed_t *)b)->size;
  return (x > y) - (x < y);
}

/* Ranks n ascending sizes; returns the sum of t^3 - t over groups of t ties. */
static double rank_sizes(signed_t *sorted, int64_t n) {
  double ties = 0;
  for (int64_t i = 0; i < n;) {
    int64_t end = i + 1;
    while (end < n && !(sorted[i].size < sorted[end].size)) ++end;
    for (int64_t k = i; k < end; ++k) sorted[k].rank2 = i + 1 + end;
    const double t = (double)(end - i);
    ties += t * t * t - t;
    i = end;
  }
  return ties;
}

/* P(sum of the ranks with a coin's sign, doubled, <= w2): every sign pattern is equally likely. */
static fc_status_t exact_tail(const signed_t *sorted, int64_t n, int64_t w2, double *tail, fc_error_t *error) {
  const int64_t largest = n * (n + 1);
  double *chance = calloc((size_t)largest + 1, sizeof *chance);
  if (chance == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for the ranks of %lld pairs", (long long)n);
  chance[0] = 1;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t sum = largest; sum >= 0; --sum)
      chance[sum] = (chance[sum] + (sum >= sorted[i].rank2 ? chance[sum - sorted[i].rank2] : 0)) / 2;
  *tail = 0;
  for (int64_t sum = 0; sum <= w2; ++sum) *tail += chance[sum];
  free(chance);
  return FC_OK;
}

static double normal_tail(double w, int64_t n, double ties) {
  const double m = (double)n, mean = m * (m + 1) / 4;
  const double variance = m * (m + 1) * (2 * m + 1) / 24 - ties / 48;
  return 0.5 * erfc(-(w - mean + 0.5) / sqrt(2 * variance));
}

fc_status_t paired_wilcoxon(const double *differences, int64_t n, double *w, double *p, fc_error_t *error) {
  int64_t n_used = 0, positive2 = 0;
  *w = NAN;
  *p = NAN;
  if (n < 1) return FC_OK;
  signed_t *sorted = calloc((size_t)n, sizeof *sorted);
  if (sorted == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to rank %lld pairs", (long long)n);
  for (int64_t i = 0; i < n; ++i)
    if (differences[i] != 0) sorted[n_used++] = (signed_t){fabs(differences[i]), differences[i] > 0, 0};
  qsort(sorted, (size_t)n_used, sizeof *sorted, compare_sizes);
  const double ties = rank_sizes(sorted, n_used);
  for (int64_t i = 0; i < n_used; ++i) positive2 += sorted[i].is_positive ? sorted[i].rank2 : 0;
  const int64_t negative2 = n_used * (n_used + 1) - positive2, w2 = positive2 < negative2 ? positive2 : negative2;
  double tail = 0.5;
  fc_status_t status = FC_OK;
  if (n_used > PAIRED_EXACT_MAX) {
    tail = normal_tail((double)w2 / 2, n_used, ties);
  } else if (n_used > 0) {
    status = exact_tail(sorted, n_used, w2, &tail, error);
  }
  *w = (double)w2 / 2;
  *p = fmin(1, 2 * tail);
  free(sorted);
  return status;
}

/* ---- Holm ---- */

/* How many p-values of n count. */
static int64_t count_numbers(const double *p, int64_t n) {
  int64_t counted = 0;
  for (int64_t i = 0; i < n; ++i) counted += !isnan(p[i]);
  return counted;
}

/* Selection in order of size: families are a few methods. Those done are negative on the way. */
void paired_holm(double *p, int64_t n) {
  double floor = 0;
  for (int64_t left = count_numbers(p, n); left > 0; --left) {
    int64_t smallest = -1;
    for (int64_t i = 0; i < n; ++i)
      if (!isnan(p[i]) && !signbit(p[i]) && (smallest < 0 || p[i] < p[smallest])) smallest = i;
    floor = fmin(1, fmax(floor, (double)left * p[smallest]));
    p[smallest] = -floor;
  }
  for (int64_t i = 0; i < n; ++i)
    if (!isnan(p[i])) p[i] = fabs(p[i]);
}
