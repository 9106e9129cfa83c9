/* rank_correlation.c - see rank_correlation.h. */
#include "rank_correlation.h"

#include <math.h>
#include <stdlib.h>

/* Rank of every value among all, from 1; equal ones share the mean. */
static void rank(const double *values, int32_t n, double *ranks) {
  for (int32_t i = 0; i < n; ++i) {
    int32_t below = 0, equal = 0;
    for (int32_t k = 0; k < n; ++k) {
      below += values[k] < values[i];
      equal += values[k] == values[i];
    }
    ranks[i] = below + (equal + 1) / 2.0;
  }
}

static double pearson(const double *x, const double *y, int32_t n) {
  double mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
  for (int32_t i = 0; i < n; ++i) {
    mean_x += x[i] / n;
    mean_y += y[i] / n;
  }
  for (int32_t i = 0; i < n; ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
}

fc_status_t rank_correlation(const double *x, const double *y, int32_t n, double *rho, int32_t *n_used) {
  double *memory = calloc(4 * (size_t)(n > 0 ? n : 1), sizeof *memory);
  *rho = NAN;
  *n_used = 0;
  if (memory == NULL) return FC_ENOMEM;
  double *kept_x = memory, *kept_y = memory + n, *rank_x = memory + 2 * n, *rank_y = memory + 3 * n;
  for (int32_t i = 0; i < n; ++i) {
    if (isnan(x[i]) || isnan(y[i])) continue;
    kept_x[*n_used] = x[i];
    kept_y[(*n_used)++] = y[i];
  }
  if (*n_used >= 3) {
    rank(kept_x, *n_used, rank_x);
    rank(kept_y, *n_used, rank_y);
    *rho = pearson(rank_x, rank_y, *n_used);
  }
  free(memory);
  return FC_OK;
}
