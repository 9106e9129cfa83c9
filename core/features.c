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

/* ln x for finite x > 0: x = m 2^e with m in [1/sqrt 2, sqrt 2), ln m = 2 atanh((m - 1) / (m + 1)) by its series. Plain
 * double operations in one order; below 1e-15 from the true value. */
static double fixed_log(double x) {
  int exponent = 0;
  double m = frexp(x, &exponent);
  if (m < 0.70710678118654752) {
    m *= 2.0;
    exponent -= 1;
  }
  const double t = (m - 1.0) / (m + 1.0), t2 = t * t;
  double sum = 1.0 / 23.0;
#pragma GCC unroll 11
  for (int k = 21; k >= 1; k -= 2) sum = sum * t2 + 1.0 / k;
  return 2.0 * t * sum + exponent * 0.69314718055994531;
}

static double log1p_of(double x) {
  return fixed_log(1.0 + x);
}
static double log2_of(double x) {
  return fixed_log(1.0 + x) * 1.4426950408889634;
}
static double hundredth_of(double x) {
  return x / 100.0;
}
static double itself(double x) {
  return x;
}

typedef struct {
  const fc_workflow_t *workflow;
  const fc_observation_t *observation;
  fc_ranges_t ranges;
  fc_decode_t decode;
  int32_t function;
} source_t;

/* Value before the transform; false when absent. */
typedef bool (*read_t)(const source_t *source, double *value);

#define READ_METRIC(name, field)                                                  \
  static bool read_##field(const source_t *s, double *value) {                    \
    const fc_function_metrics_t *metrics = &s->observation->metrics[s->function]; \
    *value = metrics->field;                                                      \
    return (metrics->present & FC_METRIC_BIT(name)) != 0;                         \
  }
READ_METRIC(CPU_UTILIZATION, cpu_utilization_pct)
READ_METRIC(THROTTLED, throttled_periods)
READ_METRIC(MEM_UTILIZATION, mem_utilization_pct)
READ_METRIC(NET_RX, net_rx_bytes_per_s)
READ_METRIC(LATENCY_P75, latency_p75_s)
READ_METRIC(LATENCY_P95, latency_p95_s)
#undef READ_METRIC

/* The configuration in force as an action. */
static bool read_action(const source_t *s, fc_knob_t knob, double *value) {
  const int32_t setting = fc_knob_get(&s->observation->configuration[s->function], knob);
  *value = (double)fc_knob_encode(s->workflow, s->function, knob, s->ranges, s->decode, setting);
  return true;
}
static bool read_action_cpu(const source_t *s, double *value) {
  return read_action(s, FC_KNOB_CPU, value);
}
static bool read_action_mem(const source_t *s, double *value) {
  return read_action(s, FC_KNOB_MEM, value);
}
static bool read_action_replicas(const source_t *s, double *value) {
  return read_action(s, FC_KNOB_REPLICAS, value);
}
static bool read_action_concurrency(const source_t *s, double *value) {
  return read_action(s, FC_KNOB_CONCURRENCY, value);
}

static bool read_in_flight(const source_t *s, double *value) {
  *value = s->observation->load.mean_in_flight;
  return (s->observation->load.present & FC_LOAD_HAS_IN_FLIGHT) != 0;
}
static bool read_visits(const source_t *s, double *value) {
  *value = s->workflow->visits[s->function];
  return true;
}
static bool read_depth(const source_t *s, double *value) {
  *value = s->workflow->depth[s->function];
  return true;
}
static bool read_in_degree(const source_t *s, double *value) {
  *value = s->workflow->in_degree[s->function];
  return true;
}
static bool read_out_degree(const source_t *s, double *value) {
  *value = s->workflow->out_degree[s->function];
  return true;
}

typedef struct {
  const char *name;
  read_t read;
  double (*transform)(double);
  bool repaired, faithful;
} feature_t;

static const feature_t features[] = {
    {"action_cpu", read_action_cpu, itself, true, true},
    {"action_mem", read_action_mem, itself, true, true},
    {"action_replicas", read_action_replicas, itself, true, true},
    {"action_concurrency", read_action_concurrency, itself, true, true},
    {"cpu_utilization", read_cpu_utilization_pct, hundredth_of, true, false},
    {"log1p_throttled", read_throttled_periods, log1p_of, true, false},
    {"mem_utilization", read_mem_utilization_pct, hundredth_of, true, false},
    {"log1p_net_rx", read_net_rx_bytes_per_s, log1p_of, true, false},
    {"log1p_latency_p75", read_latency_p75_s, log1p_of, true, false},
    {"log1p_latency_p95", read_latency_p95_s, log1p_of, true, false},
    {"log2_in_flight", read_in_flight, log2_of, true, false},
    {"log1p_visits", read_visits, log1p_of, true, false},
    {"depth", read_depth, itself, true, false},
    {"in_degree", read_in_degree, itself, true, false},
    {"out_degree", read_out_degree, itself, true, false},
    {"cpu_utilization_pct", read_cpu_utilization_pct, itself, false, true},
    {"throttled_periods", read_throttled_periods, itself, false, true},
    {"mem_utilization_pct", read_mem_utilization_pct, itself, false, true},
    {"net_rx_bytes_per_s", read_net_rx_bytes_per_s, itself, false, true},
    {"latency_p75_s", read_latency_p75_s, itself, false, true},
    {"latency_p95_s", read_latency_p95_s, itself, false, true},
    {"mean_in_flight", read_in_flight, itself, false, true},
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

fc_status_t fc_feature_compute(const char *name, const fc_workflow_t *workflow, fc_ranges_t ranges, fc_decode_t decode,
                               const fc_observation_t *observation, float *out) {
  const feature_t *feature = find(name);
  if (feature == NULL) return FC_ENOTFOUND;
  FC_ASSERT_EQ(observation->n_functions, workflow->n_functions);
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    const source_t source = {workflow, observation, ranges, decode, f};
    double value = 0.0;
    out[f] = feature->read(&source, &value) ? (float)feature->transform(value) : NAN;
  }
  return FC_OK;
}

fc_status_t fc_features_compute(const fc_policy_manifest_t *manifest, const fc_workflow_t *workflow,
                                const fc_observation_t *observation, float *scratch, float *out) {
  const int32_t n_features = manifest->n_features;
  for (int32_t o = 0; o < n_features; ++o) {
    const fc_feature_t *feature = &manifest->features[o];
    FC_TRY(fc_feature_compute(feature->name, workflow, manifest->ranges, manifest->decode, observation, scratch));
    for (int32_t f = 0; f < workflow->n_functions; ++f)
      out[f * n_features + o] = isnan(scratch[f]) ? 0.0f : (scratch[f] - feature->mean) / feature->scale;
  }
  return FC_OK;
}
