/* quantile.c - see quantile.h. */
#include "quantile.h"

#include <stdlib.h>

static int compare_doubles(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

void quantile_sort(double *values, int64_t n) {
  qsort(values, (size_t)n, sizeof *values, compare_doubles);
}

double quantile_of_sorted(const double *sorted, int64_t n, double q) {
  const double place = q * (double)(n - 1);
  const int64_t k = (int64_t)place;
  const double upper = k + 1 < n ? sorted[k + 1] : sorted[k];
  return sorted[k] + (place - (double)k) * (upper - sorted[k]);
}
