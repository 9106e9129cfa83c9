/* faasconf/histogram.h - latencies counted in logarithmic buckets: fixed memory, quantiles within 1 %.
 *
 * Plain data, one owner. Range 1 us .. 1000 s; outside is clamped to the end buckets.
 */
#ifndef FAASCONF_HISTOGRAM_H
#define FAASCONF_HISTOGRAM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { FC_HISTOGRAM_BUCKETS = 1056 };

typedef struct {
  uint64_t count[FC_HISTOGRAM_BUCKETS];
  uint64_t total;
  double sum_s;
  double min_s, max_s;
} fc_histogram_t;

void fc_histogram_init(fc_histogram_t *histogram);
void fc_histogram_add(fc_histogram_t *histogram, double seconds);
void fc_histogram_merge(fc_histogram_t *into, const fc_histogram_t *from);
/* q in [0,1]; NaN when empty. */
double fc_histogram_quantile_s(const fc_histogram_t *histogram, double q);
double fc_histogram_mean_s(const fc_histogram_t *histogram);

#ifdef __cplusplus
}
#endif
#endif
