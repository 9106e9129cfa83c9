/* histogram.c - logarithmic buckets: 1 us .. 1000 s, 2 % wide, so that a bucket's middle is within 1 %. */
#include "faasconf/histogram.h"

#include <math.h>
#include <string.h>

static const double lowest_s = 1e-6;
static const double bucket_ratio = 1.02; /* 1.02^1046 > 1e9 */

void fc_histogram_init(fc_histogram_t *histogram) {
  memset(histogram, 0, sizeof *histogram);
  histogram->min_s = INFINITY;
  histogram->max_s = -INFINITY;
}

static int32_t bucket_of(double seconds) {
  if (!(seconds > lowest_s)) return 0;
  const double index = log(seconds / lowest_s) / log(bucket_ratio);
  return index >= FC_HISTOGRAM_BUCKETS - 1 ? FC_HISTOGRAM_BUCKETS - 1 : (int32_t)index;
}

void fc_histogram_add(fc_histogram_t *histogram, double seconds) {
  if (isnan(seconds)) return;
  histogram->count[bucket_of(seconds)] += 1;
  histogram->total += 1;
  histogram->sum_s += seconds;
  histogram->min_s = fmin(histogram->min_s, seconds);
  histogram->max_s = fmax(histogram->max_s, seconds);
}

void fc_histogram_merge(fc_histogram_t *into, const fc_histogram_t *from) {
  for (int32_t i = 0; i < FC_HISTOGRAM_BUCKETS; ++i) into->count[i] += from->count[i];
  into->total += from->total;
  into->sum_s += from->sum_s;
  into->min_s = fmin(into->min_s, from->min_s);
  into->max_s = fmax(into->max_s, from->max_s);
}

double fc_histogram_quantile_s(const fc_histogram_t *histogram, double q) {
  if (histogram->total == 0) return NAN;
  const double rank = fmin(1.0, fmax(0.0, q)) * (double)(histogram->total - 1);
  uint64_t seen = 0;
  for (int32_t i = 0; i < FC_HISTOGRAM_BUCKETS; ++i) {
    seen += histogram->count[i];
    if ((double)seen > rank) {
      const double middle = lowest_s * pow(bucket_ratio, i + 0.5);
      return fmin(histogram->max_s, fmax(histogram->min_s, middle));
    }
  }
  return histogram->max_s;
}

double fc_histogram_mean_s(const fc_histogram_t *histogram) {
  return histogram->total == 0 ? NAN : histogram->sum_s / (double)histogram->total;
}
