/* feature_values.h - one feature of one function from what was measured: arithmetic that host (features.c) and kernels
 * (sim/batch_rows.cu) share, operation by operation, so that both give the same bits.
 */
#ifndef CORE_FEATURE_VALUES_H
#define CORE_FEATURE_VALUES_H

#include <math.h>
#include <string.h>

#include "faasconf/transition.h"
#include "knob_bins.h"

/* X(source): what a feature reads. The first four are the knobs in force, as components of an action. */
#define FEATURE_SOURCES(X)      \
  X(FEATURE_ACTION_CPU)         \
  X(FEATURE_ACTION_MEM)         \
  X(FEATURE_ACTION_REPLICAS)    \
  X(FEATURE_ACTION_CONCURRENCY) \
  X(FEATURE_CPU_UTILIZATION)    \
  X(FEATURE_THROTTLED)          \
  X(FEATURE_MEM_UTILIZATION)    \
  X(FEATURE_NET_RX)             \
  X(FEATURE_LATENCY_P75)        \
  X(FEATURE_LATENCY_P95)        \
  X(FEATURE_IN_FLIGHT)          \
  X(FEATURE_VISITS)             \
  X(FEATURE_DEPTH)              \
  X(FEATURE_IN_DEGREE)          \
  X(FEATURE_OUT_DEGREE)
#define FEATURE_SOURCE(name) name,
typedef enum { FEATURE_SOURCES(FEATURE_SOURCE) } feature_source_t;
#undef FEATURE_SOURCE
#ifndef __cplusplus
_Static_assert(FEATURE_ACTION_CPU == (int)FC_KNOB_CPU && FEATURE_ACTION_CONCURRENCY == (int)FC_KNOB_CONCURRENCY,
               "knobs are numbered alike");
#endif

#define FEATURE_LOG2_OF_E 1.4426950408889634

typedef enum { FEATURE_ITSELF = 0, FEATURE_HUNDREDTH = 1, FEATURE_LOG1P = 2, FEATURE_LOG2 = 3 } feature_transform_t;

/* A feature with its frozen statistics. */
typedef struct {
  feature_source_t source;
  feature_transform_t transform;
  float mean, scale;
} feature_column_t;

/* One function's window. Borrows. */
typedef struct {
  const fc_load_t *load;
  const fc_function_metrics_t *metrics;
  const fc_function_configuration_t *configuration;
  const fc_knob_range_t *ranges; /* (A) */
  fc_decode_t decode;
  double visits;
  int32_t depth, in_degree, out_degree;
} feature_place_t;

/* ln x for normal x > 0: x = m 2^e with m in [1/sqrt 2, sqrt 2), ln m = 2 atanh((m - 1) / (m + 1)) by its series. Plain
 * double operations in one order; below 1e-15 from the true value. */
static inline FC_HOST_DEVICE double feature_fixed_log(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  int32_t exponent = (int32_t)(bits >> 52) - 1022;
  bits = (bits & UINT64_C(0x000fffffffffffff)) | UINT64_C(0x3fe0000000000000); /* in [1/2, 1) */
  double m;
  memcpy(&m, &bits, sizeof m);
  const bool is_small = m < 0.70710678118654752;
  m = is_small ? m * 2.0 : m;
  exponent = is_small ? exponent - 1 : exponent;
  const double t = (m - 1.0) / (m + 1.0), t2 = t * t;
  double sum = 1.0 / 23.0;
#ifndef __CUDACC__
#pragma GCC unroll 11
#endif
  for (int k = 21; k >= 1; k -= 2) sum = sum * t2 + 1.0 / k;
  return 2.0 * t * sum + exponent * 0.69314718055994531;
}

static inline FC_HOST_DEVICE double feature_transformed(feature_transform_t transform, double x) {
  switch (transform) {
    case FEATURE_HUNDREDTH:
      return x / 100.0;
    case FEATURE_LOG1P:
      return feature_fixed_log(1.0 + x);
    case FEATURE_LOG2:
      return feature_fixed_log(1.0 + x) * FEATURE_LOG2_OF_E;
    case FEATURE_ITSELF:
    default:
      return x;
  }
}

static inline FC_HOST_DEVICE bool feature_metric(uint32_t present, uint32_t bit, double metric, double *value) {
  *value = metric;
  return (present & bit) != 0;
}

/* Value before the transform; false when absent. */
static inline FC_HOST_DEVICE bool feature_read(feature_source_t source, const feature_place_t *place, double *value) {
  const fc_function_metrics_t *m = place->metrics;
  switch (source) {
    case FEATURE_CPU_UTILIZATION:
      return feature_metric(m->present, FC_METRIC_BIT(CPU_UTILIZATION), m->cpu_utilization_pct, value);
    case FEATURE_THROTTLED:
      return feature_metric(m->present, FC_METRIC_BIT(THROTTLED), m->throttled_periods, value);
    case FEATURE_MEM_UTILIZATION:
      return feature_metric(m->present, FC_METRIC_BIT(MEM_UTILIZATION), m->mem_utilization_pct, value);
    case FEATURE_NET_RX:
      return feature_metric(m->present, FC_METRIC_BIT(NET_RX), m->net_rx_bytes_per_s, value);
    case FEATURE_LATENCY_P75:
      return feature_metric(m->present, FC_METRIC_BIT(LATENCY_P75), m->latency_p75_s, value);
    case FEATURE_LATENCY_P95:
      return feature_metric(m->present, FC_METRIC_BIT(LATENCY_P95), m->latency_p95_s, value);
    case FEATURE_IN_FLIGHT:
      return feature_metric(place->load->present, FC_LOAD_HAS_IN_FLIGHT, place->load->mean_in_flight, value);
    case FEATURE_VISITS:
      *value = place->visits;
      return true;
    case FEATURE_DEPTH:
      *value = place->depth;
      return true;
    case FEATURE_IN_DEGREE:
      *value = place->in_degree;
      return true;
    case FEATURE_OUT_DEGREE:
      *value = place->out_degree;
      return true;
    case FEATURE_ACTION_CPU:
    case FEATURE_ACTION_MEM:
    case FEATURE_ACTION_REPLICAS:
    case FEATURE_ACTION_CONCURRENCY:
    default:
      *value = (double)knob_encode(knob_setting(place->configuration, (int)source), (int)source, place->ranges[source],
                                   place->decode);
      return true;
  }
}

/* The raw feature; NaN when absent. */
static inline FC_HOST_DEVICE float feature_value(feature_source_t source, feature_transform_t transform,
                                                 const feature_place_t *place) {
  double value = 0.0;
  return feature_read(source, place, &value) ? (float)feature_transformed(transform, value) : (float)NAN;
}

#ifdef __cplusplus
extern "C" {
#endif
/* Source and transform of the feature of this name (features.c); false when there is none. */
bool feature_find(const char *name, feature_source_t *source, feature_transform_t *transform);
/* Function f of an observation. Borrows all of it. */
feature_place_t feature_place(const fc_workflow_t *workflow, fc_ranges_t ranges, fc_decode_t decode,
                              const fc_observation_t *observation, int32_t f);
/* What a normaliser takes from n values that are `stride` apart: mean and standard deviation without those that are
 * absent (NaN); scale 1 where they do not vary. */
void feature_fit(const float *values, size_t n, size_t stride, float *mean, float *scale);
/* The same numbers as by feature_value and feature_normalised, out (N, O). Never allocates. */
void features_fill(const feature_column_t *columns, int32_t n_features, const fc_workflow_t *workflow,
                   fc_ranges_t ranges, fc_decode_t decode, const fc_observation_t *observation, float *out);
#ifdef __cplusplus
}
#endif

/* As the nets get it: an absent metric is the mean. */
static inline FC_HOST_DEVICE float feature_normalised(float value, float mean, float scale) {
  return isnan(value) ? 0.0f : (value - mean) / scale;
}

#endif
