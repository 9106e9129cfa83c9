/* features.c - raw metrics -> features: fixed domain transforms, then statistics frozen into the policy.
 *
 * Repaired (architecture section 5): the configuration in force as an action, log1p of counts, rates and latencies,
 * utilisation / 100, log2 of load, and static descriptors of the function. Faithful: the published eleven (algorithms,
 * section 1) raw, with the measured load in place of the load generator's setting. The logarithm is our own, so that
 * every machine computes the same bits.
 */
#include <math.h>
#include <string.h>

#include "policy_manifest.h"
#include "policy_mlp.h"

typedef struct {
  const char *name;
  feature_source_t source;
  feature_transform_t transform;
  bool repaired, faithful;
} feature_t;

static const feature_t features[] = {
    {"action_cpu", FEATURE_ACTION_CPU, FEATURE_ITSELF, true, true},
    {"action_mem", FEATURE_ACTION_MEM, FEATURE_ITSELF, true, true},
    {"action_replicas", FEATURE_ACTION_REPLICAS, FEATURE_ITSELF, true, true},
    {"action_concurrency", FEATURE_ACTION_CONCURRENCY, FEATURE_ITSELF, true, true},
    {"cpu_utilization", FEATURE_CPU_UTILIZATION, FEATURE_HUNDREDTH, true, false},
    {"log1p_throttled", FEATURE_THROTTLED, FEATURE_LOG1P, true, false},
    {"mem_utilization", FEATURE_MEM_UTILIZATION, FEATURE_HUNDREDTH, true, false},
    {"log1p_net_rx", FEATURE_NET_RX, FEATURE_LOG1P, true, false},
    {"log1p_latency_p75", FEATURE_LATENCY_P75, FEATURE_LOG1P, true, false},
    {"log1p_latency_p95", FEATURE_LATENCY_P95, FEATURE_LOG1P, true, false},
    {"log2_in_flight", FEATURE_IN_FLIGHT, FEATURE_LOG2, true, false},
    {"log1p_visits", FEATURE_VISITS, FEATURE_LOG1P, true, false},
    {"depth", FEATURE_DEPTH, FEATURE_ITSELF, true, false},
    {"in_degree", FEATURE_IN_DEGREE, FEATURE_ITSELF, true, false},
    {"out_degree", FEATURE_OUT_DEGREE, FEATURE_ITSELF, true, false},
    {"cpu_utilization_pct", FEATURE_CPU_UTILIZATION, FEATURE_ITSELF, false, true},
    {"throttled_periods", FEATURE_THROTTLED, FEATURE_ITSELF, false, true},
    {"mem_utilization_pct", FEATURE_MEM_UTILIZATION, FEATURE_ITSELF, false, true},
    {"net_rx_bytes_per_s", FEATURE_NET_RX, FEATURE_ITSELF, false, true},
    {"latency_p75_s", FEATURE_LATENCY_P75, FEATURE_ITSELF, false, true},
    {"latency_p95_s", FEATURE_LATENCY_P95, FEATURE_ITSELF, false, true},
    {"mean_in_flight", FEATURE_IN_FLIGHT, FEATURE_ITSELF, false, true},
};
enum { N_KNOWN = sizeof features / sizeof features[0] };
_Static_assert((int)N_KNOWN <= (int)FC_MAX_FEATURES, "every list fits");

static const feature_t *find(const char *name) {
  for (int i = 0; i < N_KNOWN; ++i)
    if (strcmp(features[i].name, name) == 0) return &features[i];
  return NULL;
}

bool policy_feature_known(const char *name) {
  return find(name) != NULL;
}

int32_t fc_features_repaired(const char **names) {
  int32_t n = 0;
  for (int i = 0; i < N_KNOWN; ++i)
    if (features[i].repaired) names[n++] = features[i].name;
  return n;
}

int32_t fc_features_faithful(const char **names) {
  int32_t n = 0;
  for (int i = 0; i < N_KNOWN; ++i)
    if (features[i].faithful) names[n++] = features[i].name;
  return n;
}

bool policy_feature_columns(const fc_policy_manifest_t *manifest, feature_column_t *columns) {
  for (int32_t o = 0; o < manifest->n_features; ++o) {
    columns[o].mean = manifest->features[o].mean;
    columns[o].scale = manifest->features[o].scale;
    if (!feature_find(manifest->features[o].name, &columns[o].source, &columns[o].transform)) return false;
  }
  return true;
}

bool feature_find(const char *name, feature_source_t *source, feature_transform_t *transform) {
  const feature_t *feature = find(name);
  if (feature == NULL) return false;
  *source = feature->source;
  *transform = feature->transform;
  return true;
}

feature_place_t feature_place(const fc_workflow_t *workflow, fc_ranges_t ranges, fc_decode_t decode,
                              const fc_observation_t *observation, int32_t f) {
  const fc_function_t *function = &workflow->functions[f];
  return (feature_place_t){.load = &observation->load,
                           .metrics = &observation->metrics[f],
                           .configuration = &observation->configuration[f],
                           .ranges = ranges == FC_RANGES_FULL ? function->full_ranges : function->ranges,
                           .decode = decode,
                           .visits = workflow->visits[f],
                           .depth = workflow->depth[f],
                           .in_degree = workflow->in_degree[f],
                           .out_degree = workflow->out_degree[f]};
}

void feature_fit(const float *values, size_t n, size_t stride, float *mean, float *scale) {
  double sum = 0.0, squares = 0.0;
  size_t count = 0;
  for (size_t i = 0; i < n; ++i) {
    const float x = values[i * stride];
    if (isnan(x)) continue;
    sum += (double)x;
    count += 1;
  }
  const double m = count > 0 ? sum / (double)count : 0.0;
  for (size_t i = 0; i < n; ++i) {
    const float x = values[i * stride];
    if (!isnan(x)) squares += ((double)x - m) * ((double)x - m);
  }
  const double deviation = count > 0 ? sqrt(squares / (double)count) : 0.0;
  *mean = (float)m;
  *scale = deviation > 1e-9 * (1.0 + fabs(m)) ? (float)deviation : 1.0f;
}

fc_status_t fc_feature_compute(const char *name, const fc_workflow_t *workflow, fc_ranges_t ranges, fc_decode_t decode,
                               const fc_observation_t *observation, float *out) {
  const feature_t *feature = find(name);
  if (feature == NULL) return FC_ENOTFOUND;
  FC_ASSERT_EQ(observation->n_functions, workflow->n_functions);
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    const feature_place_t place = feature_place(workflow, ranges, decode, observation, f);
    out[f] = feature_value(feature->source, feature->transform, &place);
  }
  return FC_OK;
}

enum { TOGETHER = 16 }; /* functions whose logarithms are worked out side by side */

/* x = ln(1 + x) factor */
POLICY_PER_INSTRUCTION_SET
static void logarithms(double x[TOGETHER], double factor) {
  for (int i = 0; i < TOGETHER; ++i) x[i] = feature_fixed_log(1.0 + x[i]) * factor;
}

static void transform(feature_transform_t kind, double x[TOGETHER]) {
  switch (kind) {
    case FEATURE_HUNDREDTH:
      for (int i = 0; i < TOGETHER; ++i) x[i] /= 100.0;
      return;
    case FEATURE_LOG1P:
      logarithms(x, 1.0);
      return;
    case FEATURE_LOG2:
      logarithms(x, FEATURE_LOG2_OF_E);
      return;
    case FEATURE_ITSELF:
      return;
  }
}

/* One feature of n functions before its transform. A case per source, so that each is a loop without choices. */
static void read_column(feature_source_t source, const feature_place_t *places, int32_t n, double *x, bool *is_there) {
#define READ_COLUMN(name)                                                                \
  case name:                                                                             \
    for (int32_t i = 0; i < n; ++i) is_there[i] = feature_read(name, &places[i], &x[i]); \
    return;
  switch (source) { FEATURE_SOURCES(READ_COLUMN) }
#undef READ_COLUMN
}

void features_fill(const feature_column_t *columns, int32_t n_features, const fc_workflow_t *workflow,
                   fc_ranges_t ranges, fc_decode_t decode, const fc_observation_t *observation, float *out) {
  FC_ASSERT_EQ(observation->n_functions, workflow->n_functions);
  for (int32_t first = 0; first < workflow->n_functions; first += TOGETHER) {
    const int32_t left = workflow->n_functions - first, n = left < TOGETHER ? left : TOGETHER;
    feature_place_t places[TOGETHER];
    for (int32_t i = 0; i < n; ++i) places[i] = feature_place(workflow, ranges, decode, observation, first + i);
    for (int32_t o = 0; o < n_features; ++o) {
      const feature_column_t *column = &columns[o];
      double x[TOGETHER] = {0};
      bool is_there[TOGETHER];
      read_column(column->source, places, n, x, is_there);
      transform(column->transform, x);
      float *to = out + (size_t)first * (size_t)n_features + o;
      for (int32_t i = 0; i < n; ++i)
        to[i * n_features] = feature_normalised(is_there[i] ? (float)x[i] : NAN, column->mean, column->scale);
    }
  }
}

fc_status_t fc_features_compute(const fc_policy_manifest_t *manifest, const fc_workflow_t *workflow,
                                const fc_observation_t *observation, float *out) {
  feature_column_t columns[FC_MAX_FEATURES];
  if (!policy_feature_columns(manifest, columns)) return FC_ENOTFOUND;
  features_fill(columns, manifest->n_features, workflow, manifest->ranges, manifest->decode, observation, out);
  return FC_OK;
}
