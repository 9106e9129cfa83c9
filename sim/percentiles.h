/* percentiles.h - samples of a window in fixed memory, and their percentiles.
 *
 * All samples are kept until the array is full; then every second one is dropped and only every second new one kept
 * (stride 2, 4, ...), which leaves a regular subsample of the window. Plain data, one owner.
 */
#ifndef SIM_PERCENTILES_H
#define SIM_PERCENTILES_H

#include <stdint.h>

#include "faasconf/rng.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  float *kept; /* (capacity) borrowed */
  int64_t n;   /* samples seen */
  int32_t n_kept, stride;
  int32_t capacity; /* even, so that the sample that found the array full belongs to the next stride too */
} samples_t;

static inline FC_HOST_DEVICE void samples_reset(samples_t *samples) {
  samples->n = 0;
  samples->n_kept = 0;
  samples->stride = 1;
}

FC_HOST_DEVICE void samples_thin(samples_t *samples);

static inline FC_HOST_DEVICE void samples_add(samples_t *samples, double value) {
  if (samples->n++ % samples->stride != 0) return;
  if (samples->n_kept == samples->capacity) samples_thin(samples);
  samples->kept[samples->n_kept++] = (float)value;
}

/* Percentiles p[i] in [0, 100], ascending, with linear interpolation between order statistics (Hyndman and Fan's type
 * 7). Reorders the samples; at least one must be there. */
FC_HOST_DEVICE void samples_percentiles(samples_t *samples, const double *p, int32_t n, double *out);

#ifdef __cplusplus
}
#endif
#endif
