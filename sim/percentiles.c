/* percentiles.c - thinning and selection: see percentiles.h. */
#include "percentiles.h"

enum { SORT_BELOW = 48 };

FC_HOST_DEVICE void samples_thin(samples_t *samples) {
  int32_t kept = 0;
  for (int32_t i = 0; i < samples->n_kept; i += 2) samples->kept[kept++] = samples->kept[i];
  samples->n_kept = kept;
  samples->stride *= 2;
}

static FC_HOST_DEVICE void insertion_sort(float *values, int32_t first, int32_t last) {
  for (int32_t i = first + 1; i <= last; ++i) {
    const float value = values[i];
    int32_t at = i;
    for (; at > first && values[at - 1] > value; --at) values[at] = values[at - 1];
    values[at] = value;
  }
}

/* Hoare's selection: afterwards values[k] is the k-th smallest, nothing before it is larger, nothing after smaller.
 * Entries before `first` are already no larger than the rest. */
static FC_HOST_DEVICE void select_smallest(float *values, int32_t first, int32_t last, int32_t k) {
  while (last - first >= SORT_BELOW) {
    const float a = values[first], b = values[first + (last - first) / 2], c = values[last];
    const float pivot = a < b ? (b < c ? b : (a < c ? c : a)) : (a < c ? a : (b < c ? c : b));
    int32_t i = first, j = last;
    while (i <= j) {
      while (values[i] < pivot) ++i;
      while (pivot < values[j]) --j;
      if (i <= j) {
        const float swapped = values[i];
        values[i++] = values[j];
        values[j--] = swapped;
      }
    }
    if (k <= j) {
      last = j;
    } else if (k >= i) {
      first = i;
    } else {
      return;
    }
  }
  insertion_sort(values, first, last);
}

FC_HOST_DEVICE void samples_percentiles(samples_t *samples, const double *p, int32_t n, double *out) {
  const int32_t last = samples->n_kept - 1;
  int32_t first = 0;
  for (int32_t i = 0; i < n; ++i) {
    const double place = p[i] / 100 * last;
    const int32_t k = (int32_t)place;
    select_smallest(samples->kept, first, last, k);
    double upper = samples->kept[k];
    if (k < last) {
      upper = samples->kept[k + 1]; /* the least of what lies behind k */
      for (int32_t j = k + 2; j <= last; ++j) upper = samples->kept[j] < upper ? samples->kept[j] : upper;
    }
    out[i] = samples->kept[k] + (place - k) * (upper - samples->kept[k]);
    first = k;
  }
}
