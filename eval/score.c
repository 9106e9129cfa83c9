/* score.c - see score.h. */
#include "score.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static double identity(double value) {
  return value;
}

/* Whether not all are the same: sums of squares around a rounded mean cannot tell. */
static bool has_spread(const double *values, int64_t n) {
  for (int64_t i = 1; i < n; ++i)
    if (values[i] != values[0]) return true;
  return false;
}

/* R2 after `transform`. */
static double r2_of(const double *measured, const double *predicted, int64_t n, double (*transform)(double)) {
  double mean = 0, rest = 0, total = 0;
  if (!has_spread(measured, n)) return NAN;
  for (int64_t i = 0; i < n; ++i) mean += transform(measured[i]) / (double)n;
  for (int64_t i = 0; i < n; ++i) {
    const double value = transform(measured[i]), error = value - transform(predicted[i]);
    rest += error * error;
    total += (value - mean) * (value - mean);
  }
  return total > 0 ? 1 - rest / total : NAN;
}

double score_r2(const double *measured, const double *predicted, int64_t n) {
  return r2_of(measured, predicted, n, identity);
}

double score_r2_log(const double *measured, const double *predicted, int64_t n) {
  return r2_of(measured, predicted, n, log);
}

double score_mape(const double *measured, const double *predicted, int64_t n) {
  double sum = 0;
  int64_t n_counted = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (measured[i] == 0) continue;
    sum += fabs(predicted[i] - measured[i]) / fabs(measured[i]);
    n_counted += 1;
  }
  return n_counted > 0 ? sum / (double)n_counted : NAN;
}

double score_coverage(const double *measured, const double *low, const double *high, int64_t n) {
  int64_t n_inside = 0;
  for (int64_t i = 0; i < n; ++i) n_inside += low[i] <= measured[i] && measured[i] <= high[i];
  return n > 0 ? (double)n_inside / (double)n : NAN;
}

/* ---- ranks ---- */

typedef struct {
  double value;
  int64_t place;
} placed_t;

static int compare_placed(const void *a, const void *b) {
  const double x = ((const placed_t *)a)->value, y = ((const placed_t *)b)->value;
  return (x > y) - (x < y);
}

/* ranks[i] = rank of values[i] from 1; ties get the mean of theirs. */
static void rank(const double *values, int64_t n, placed_t *sorted, double *ranks) {
  for (int64_t i = 0; i < n; ++i) sorted[i] = (placed_t){values[i], i};
  qsort(sorted, (size_t)n, sizeof *sorted, compare_placed);
  for (int64_t i = 0; i < n;) {
    int64_t end = i + 1;
    while (end < n && !(sorted[i].value < sorted[end].value)) ++end;
    for (int64_t k = i; k < end; ++k) ranks[sorted[k].place] = ((double)(i + 1) + (double)end) / 2;
    i = end;
  }
}

static double correlation(const double *x, const double *y, int64_t n) {
  double mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
  if (!has_spread(x, n) || !has_spread(y, n)) return NAN;
  for (int64_t i = 0; i < n; ++i) {
    mean_x += x[i] / (double)n;
    mean_y += y[i] / (double)n;
  }
  for (int64_t i = 0; i < n; ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
}

fc_status_t score_spearman(const double *measured, const double *predicted, int64_t n, double *out, fc_error_t *error) {
  *out = NAN;
  if (n < 1) return FC_OK;
  placed_t *sorted = calloc((size_t)n, sizeof *sorted);
  double *ranks = calloc(2 * (size_t)n, sizeof *ranks);
  fc_status_t status = FC_OK;
  if (sorted == NULL || ranks == NULL) {
    status = fc_error_set(error, FC_ENOMEM, "no memory to rank %lld values", (long long)n);
  } else {
    rank(measured, n, sorted, ranks);
    rank(predicted, n, sorted, ranks + n);
    *out = correlation(ranks, ranks + n, n);
  }
  free(sorted);
  free(ranks);
  return status;
}
