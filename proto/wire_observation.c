/* wire_observation.c - one window on the wire: load, outcome, configurations, metrics; flat arrays, presence masks.
 *
 * Part of transitions and of decide requests; not a message of its own.
 */
#include <string.h>

#include "wire_codec.h"

enum {
  MAX_METRICS = 32, /* columns a newer sender may have; bits of the mask */
  LOAD_BITS = FC_LOAD_HAS_ARRIVAL_RATE | FC_LOAD_HAS_IN_FLIGHT,
  OUTCOME_BITS = FC_OUTCOME_HAS_LATENCY_MEAN | FC_OUTCOME_HAS_LATENCY_P95 | FC_OUTCOME_HAS_COUNTS |
                 FC_OUTCOME_HAS_UNFINISHED | FC_OUTCOME_HAS_REJECTED | FC_OUTCOME_HAS_EXECUTION
};

/* The value where its bit is set, 0 elsewhere: absent values never travel. */
static double if_present(uint32_t present, uint32_t bit, double value) {
  return (present & bit) != 0 ? value : 0.0;
}
static int64_t count_if_present(uint32_t present, uint32_t bit, int64_t value) {
  return (present & bit) != 0 ? value : 0;
}

/* ---- load and outcome ---- */

static void load_fill(const fc_load_t *from, Faasconf__V1__Load *to) {
  faasconf__v1__load__init(to);
  to->present = from->present & LOAD_BITS;
  to->arrival_rate_per_s = if_present(from->present, FC_LOAD_HAS_ARRIVAL_RATE, from->arrival_rate_per_s);
  to->mean_in_flight = if_present(from->present, FC_LOAD_HAS_IN_FLIGHT, from->mean_in_flight);
}

static void load_take(const Faasconf__V1__Load *from, fc_load_t *to) {
  memset(to, 0, sizeof *to);
  if (from == NULL) return;
  to->present = from->present & LOAD_BITS;
  to->arrival_rate_per_s = if_present(to->present, FC_LOAD_HAS_ARRIVAL_RATE, from->arrival_rate_per_s);
  to->mean_in_flight = if_present(to->present, FC_LOAD_HAS_IN_FLIGHT, from->mean_in_flight);
}

static fc_status_t load_check(const Faasconf__V1__Load *load, fc_error_t *error) {
  if (load == NULL) return FC_OK;
  return wire_expect(load->arrival_rate_per_s >= 0 && load->mean_in_flight >= 0, "Observation.load", "negative", error);
}

static void outcome_fill(const fc_outcome_t *from, Faasconf__V1__Outcome *to) {
  const uint32_t present = from->present;
  faasconf__v1__outcome__init(to);
  to->present = present & OUTCOME_BITS;
  to->latency_mean_s = if_present(present, FC_OUTCOME_HAS_LATENCY_MEAN, from->latency_mean_s);
  to->latency_p95_s = if_present(present, FC_OUTCOME_HAS_LATENCY_P95, from->latency_p95_s);
  to->successes = count_if_present(present, FC_OUTCOME_HAS_COUNTS, from->successes);
  to->failures = count_if_present(present, FC_OUTCOME_HAS_COUNTS, from->failures);
  to->unfinished = count_if_present(present, FC_OUTCOME_HAS_UNFINISHED, from->unfinished);
  to->rejected = count_if_present(present, FC_OUTCOME_HAS_REJECTED, from->rejected);
  to->execution_s = if_present(present, FC_OUTCOME_HAS_EXECUTION, from->execution_s);
}

static void outcome_take(const Faasconf__V1__Outcome *from, fc_outcome_t *to) {
  memset(to, 0, sizeof *to);
  if (from == NULL) return;
  const uint32_t present = from->present & OUTCOME_BITS;
  to->present = present;
  to->latency_mean_s = if_present(present, FC_OUTCOME_HAS_LATENCY_MEAN, from->latency_mean_s);
  to->latency_p95_s = if_present(present, FC_OUTCOME_HAS_LATENCY_P95, from->latency_p95_s);
  to->successes = count_if_present(present, FC_OUTCOME_HAS_COUNTS, from->successes);
  to->failures = count_if_present(present, FC_OUTCOME_HAS_COUNTS, from->failures);
  to->unfinished = count_if_present(present, FC_OUTCOME_HAS_UNFINISHED, from->unfinished);
  to->rejected = count_if_present(present, FC_OUTCOME_HAS_REJECTED, from->rejected);
  to->execution_s = if_present(present, FC_OUTCOME_HAS_EXECUTION, from->execution_s);
}

static fc_status_t outcome_check(const Faasconf__V1__Outcome *outcome, fc_error_t *error) {
  if (outcome == NULL) return FC_OK;
  FC_TRY(wire_expect(outcome->latency_mean_s >= 0 && outcome->latency_p95_s >= 0 && outcome->execution_s >= 0,
                     "Observation.outcome", "a negative time", error));
  const int64_t most = INT64_MAX / 4; /* so that sums of counts cannot overflow */
  return wire_expect(outcome->successes >= 0 && outcome->failures >= 0 && outcome->unfinished >= 0 &&
                         outcome->rejected >= 0 && outcome->successes < most && outcome->failures < most &&
                         outcome->unfinished < most && outcome->rejected < most,
                     "Observation.outcome", "a count that is negative or impossible", error);
}

/* ---- metrics ---- */

static void metrics_fill(const fc_function_metrics_t *from, double *row) {
  size_t m = 0;
#define FILL_METRIC(name, field, unit) row[m++] = if_present(from->present, FC_METRIC_BIT(name), from->field);
  FC_FUNCTION_METRICS(FILL_METRIC)
#undef FILL_METRIC
}

/* `row` has n_columns values; the sender may know fewer or more metrics than we do. */
static void metrics_take(const double *row, size_t n_columns, uint32_t present, fc_function_metrics_t *to) {
  memset(to, 0, sizeof *to);
  size_t m = 0;
#define TAKE_METRIC(name, field, unit)                         \
  if (m < n_columns && (present & FC_METRIC_BIT(name)) != 0) { \
    to->present |= FC_METRIC_BIT(name);                        \
    to->field = row[m];                                        \
  }                                                            \
  ++m;
  FC_FUNCTION_METRICS(TAKE_METRIC)
#undef TAKE_METRIC
}

/* ---- observation ---- */

typedef struct {
  Faasconf__V1__Observation observation;
  Faasconf__V1__Load load;
  Faasconf__V1__Outcome outcome;
} observation_parts_t;

fc_status_t wire_observation_fill(const fc_observation_t *from, Faasconf__V1__Observation **to, wire_arena_t *arena,
                                  fc_error_t *error) {
  size_t n = 0;
  FC_TRY(wire_fill_count(from->n_functions, from->configuration, "Observation.configuration", &n, error));
  FC_TRY(wire_fill_count(from->n_functions, from->metrics, "Observation.metrics", &n, error));
  if (n > FC_MAX_FUNCTIONS) {
    return fc_error_set(error, FC_EINVAL, "Observation.n_functions: %zu is more than %d", n, FC_MAX_FUNCTIONS);
  }
  observation_parts_t *parts = wire_arena_alloc(arena, sizeof *parts);
  double *metrics = wire_arena_array(arena, n * FC_FUNCTION_METRIC_COUNT, sizeof *metrics);
  uint32_t *present = wire_arena_array(arena, n, sizeof *present);
  if (parts == NULL || metrics == NULL || present == NULL) return wire_out_of_memory(error);
  Faasconf__V1__Observation *observation = &parts->observation;
  faasconf__v1__observation__init(observation);
  load_fill(&from->load, &parts->load);
  outcome_fill(&from->outcome, &parts->outcome);
  observation->load = &parts->load;
  observation->outcome = &parts->outcome;
  observation->window = from->window;
  observation->start_us = from->start_us;
  observation->duration_s = from->duration_s;
  observation->n_functions = (uint32_t)n;
  FC_TRY(wire_fill_configuration(from->configuration, from->n_functions, arena, &observation->n_configuration,
                                 &observation->configuration, error));
  for (size_t i = 0; i < n; ++i) {
    metrics_fill(&from->metrics[i], metrics + i * FC_FUNCTION_METRIC_COUNT);
    present[i] = from->metrics[i].present & (FC_METRIC_BIT(IN_FLIGHT) * 2u - 1u);
  }
  observation->metrics_per_function = FC_FUNCTION_METRIC_COUNT;
  observation->n_metrics = n * FC_FUNCTION_METRIC_COUNT;
  observation->metrics = metrics;
  observation->n_metrics_present = n;
  observation->metrics_present = present;
  *to = observation;
  return FC_OK;
}

fc_status_t wire_observation_check(const Faasconf__V1__Observation *observation, const char *field, fc_error_t *error) {
  const size_t n = observation->n_functions;
  const size_t columns = observation->metrics_per_function;
  FC_TRY(wire_expect(observation->window >= 0, field, "window is negative", error));
  FC_TRY(wire_expect(observation->start_us >= 0, field, "start_us is negative", error));
  FC_TRY(wire_expect(observation->duration_s >= 0, field, "duration_s is negative", error));
  FC_TRY(load_check(observation->load, error));
  FC_TRY(outcome_check(observation->outcome, error));
  FC_TRY(wire_check_configuration(observation->configuration, observation->n_configuration, n, field, error));
  FC_TRY(wire_expect(columns >= 1 && columns <= MAX_METRICS, field, "metrics_per_function must be 1 to 32", error));
  FC_TRY(wire_expect(observation->n_metrics == n * columns, field, "metrics: not (functions, metrics) numbers", error));
  FC_TRY(wire_expect(observation->n_metrics_present == n, field, "metrics_present: not one mask per function", error));
  for (size_t i = 0; i < n; ++i) {
    const uint64_t mask = observation->metrics_present[i];
    FC_TRY(wire_expect(mask >> columns == 0, field, "metrics_present names a metric that is not there", error));
  }
  bool negative = false;
  for (size_t k = 0; k < n * columns; ++k) negative = negative || observation->metrics[k] < 0;
  return wire_expect(!negative, field, "a negative metric", error);
}

fc_status_t wire_observation_make(int32_t n_functions, fc_observation_t *to, wire_arena_t *arena, fc_error_t *error) {
  const size_t per_function = sizeof *to->configuration + sizeof *to->metrics;
  if (!wire_arena_charge(arena, (size_t)n_functions, per_function)) return wire_out_of_memory(error);
  return fc_observation_init(to, n_functions) == FC_OK ? FC_OK : wire_out_of_memory(error);
}

void wire_observation_take(const Faasconf__V1__Observation *from, fc_observation_t *to) {
  const size_t columns = from->metrics_per_function;
  FC_ASSERT_EQ(to->n_functions, from->n_functions);
  to->window = from->window;
  to->start_us = from->start_us;
  to->duration_s = from->duration_s;
  load_take(from->load, &to->load);
  outcome_take(from->outcome, &to->outcome);
  wire_take_configuration(from->configuration, to->n_functions, to->configuration);
  for (int32_t i = 0; i < to->n_functions; ++i) {
    metrics_take(from->metrics + (size_t)i * columns, columns, from->metrics_present[i], &to->metrics[i]);
  }
}
