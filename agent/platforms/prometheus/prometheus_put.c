/* prometheus_put.c - see prometheus_put.h. */
#include "prometheus_put.h"

#include <math.h>
#include <stddef.h>

#include "settings_metrics.h"

static double *function_field(fc_function_metrics_t *metrics, int32_t metric) {
  switch (metric) {
#define FIELD(name, field, unit) \
  case FC_METRIC_##name:         \
    return &metrics->field;
    FC_FUNCTION_METRICS(FIELD)
#undef FIELD
    default:
      return NULL;
  }
}

void prometheus_put_workflow(fc_observation_t *observation, prometheus_counts_t *counts, int32_t metric, bool has,
                             double value) {
  fc_outcome_t *outcome = &observation->outcome;
  fc_load_t *load = &observation->load;
  uint32_t *present = &outcome->present, bit = 0;
  double *field = NULL;
  int64_t *count = NULL;
  switch ((settings_workflow_metric_t)metric) {
    case SETTINGS_WORKFLOW_ARRIVAL_RATE:
      present = &load->present, bit = FC_LOAD_HAS_ARRIVAL_RATE, field = &load->arrival_rate_per_s;
      break;
    case SETTINGS_WORKFLOW_MEAN_IN_FLIGHT:
      present = &load->present, bit = FC_LOAD_HAS_IN_FLIGHT, field = &load->mean_in_flight;
      break;
    case SETTINGS_WORKFLOW_LATENCY_MEAN:
      bit = FC_OUTCOME_HAS_LATENCY_MEAN, field = &outcome->latency_mean_s;
      break;
    case SETTINGS_WORKFLOW_LATENCY_P95:
      bit = FC_OUTCOME_HAS_LATENCY_P95, field = &outcome->latency_p95_s;
      break;
    case SETTINGS_WORKFLOW_EXECUTION:
      bit = FC_OUTCOME_HAS_EXECUTION, field = &outcome->execution_s;
      break;
    case SETTINGS_WORKFLOW_UNFINISHED:
      bit = FC_OUTCOME_HAS_UNFINISHED, count = &outcome->unfinished;
      break;
    case SETTINGS_WORKFLOW_REJECTED:
      bit = FC_OUTCOME_HAS_REJECTED, count = &outcome->rejected;
      break;
    case SETTINGS_WORKFLOW_SUCCESSES: /* both together, by prometheus_put_counts */
      count = &counts->successes;
      break;
    case SETTINGS_WORKFLOW_FAILURES:
      count = &counts->failures;
      break;
    case SETTINGS_WORKFLOW_METRIC_COUNT:
      break;
  }
  *present &= ~bit;
  if (!has) return;
  *present |= bit;
  if (field) *field = value;
  if (count) *count = (int64_t)llround(value);
}

void prometheus_put_function(fc_function_metrics_t *metrics, int32_t metric, bool has, double value) {
  metrics->present &= ~(1u << metric);
  if (!has) return;
  metrics->present |= 1u << metric;
  *function_field(metrics, metric) = value;
}

void prometheus_put_counts(fc_observation_t *observation, const prometheus_counts_t *counts) {
  fc_outcome_t *outcome = &observation->outcome;
  const bool known = counts->successes >= 0 && counts->failures >= 0;
  outcome->present &= ~(uint32_t)FC_OUTCOME_HAS_COUNTS;
  if (known) {
    outcome->present |= FC_OUTCOME_HAS_COUNTS;
    outcome->successes = counts->successes;
    outcome->failures = counts->failures;
  }
  if ((outcome->present & FC_OUTCOME_HAS_REJECTED) && (!known || outcome->rejected > outcome->failures))
    outcome->present &= ~(uint32_t)FC_OUTCOME_HAS_REJECTED;
}
