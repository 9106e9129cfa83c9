/* wire_transition.c - OBSERVATION, TRANSITION(S) and ACK: flattened arrays, presence by bitmask. */
#include <stdlib.h>
#include <string.h>

#include "wire_codec.h"

enum {
  MAX_METRICS = 32, /* columns a newer sender may have; bits of the mask */
  KNOWN_FLAGS = FC_TRANSITION_HAS_BEFORE | FC_TRANSITION_TERMINAL | FC_TRANSITION_JUDGING | FC_TRANSITION_AS_PUBLISHED |
                FC_TRANSITION_EXPLORED,
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
    for (size_t m = 0; m < columns; ++m) {
      FC_TRY(wire_expect(observation->metrics[i * columns + m] >= 0, field, "a negative metric", error));
    }
  }
  return FC_OK;
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

/* ---- transition ---- */

static fc_status_t transition_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_transition_t *from = plain;
  Faasconf__V1__Transition *to = message;
  FC_TRY(FILL_TEXT(from, workflow, to));
  FC_TRY(FILL_TEXT(from, agent, to));
  to->epoch = from->epoch;
  to->sequence = from->sequence;
  to->flags = from->flags;
  to->policy_version = from->policy_version;
  to->cost_usd_h = from->cost_usd_h;
  FC_TRY(wire_observation_fill(&from->after, &to->after, arena, error));
  if ((from->flags & FC_TRANSITION_HAS_BEFORE) == 0) return FC_OK;
  return wire_observation_fill(&from->before, &to->before, arena, error);
}

static fc_status_t transition_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__Transition *transition = message;
  FC_TRY(wire_check_name(transition->workflow, "Transition.workflow", error));
  FC_TRY(wire_check_name(transition->agent, "Transition.agent", error));
  FC_TRY(wire_expect(transition->sequence >= 1, "Transition.sequence", "sequences start at 1", error));
  FC_TRY(wire_expect((transition->flags & ~(uint32_t)KNOWN_FLAGS) == 0, "Transition.flags", "an unknown bit", error));
  FC_TRY(wire_expect(transition->policy_version >= 0, "Transition.policy_version", "negative", error));
  FC_TRY(wire_expect(transition->cost_usd_h >= 0, "Transition.cost_usd_h", "negative", error));
  FC_TRY(wire_expect(transition->n_function_ids == 0, "Transition.function_ids",
                     "partial transitions are not understood by this version; send all functions of the workflow",
                     error));
  FC_TRY(wire_expect(transition->after != NULL, "Transition.after", "missing", error));
  FC_TRY(wire_observation_check(transition->after, "Transition.after", error));
  const bool has_before = (transition->flags & FC_TRANSITION_HAS_BEFORE) != 0;
  FC_TRY(wire_expect(has_before == (transition->before != NULL), "Transition.before",
                     "must be there exactly when flag 1 is set", error));
  if (!has_before) return FC_OK;
  FC_TRY(wire_observation_check(transition->before, "Transition.before", error));
  return wire_expect(transition->before->n_functions == transition->after->n_functions, "Transition.before",
                     "another number of functions than in after", error);
}

static fc_status_t transition_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__Transition *from = message;
  fc_transition_t *to = plain;
  const int32_t n = (int32_t)from->after->n_functions;
  FC_TRY(wire_observation_make(n, &to->before, arena, error));
  FC_TRY(wire_observation_make(n, &to->after, arena, error));
  wire_take_text(from->workflow, to->workflow, sizeof to->workflow);
  wire_take_text(from->agent, to->agent, sizeof to->agent);
  to->epoch = from->epoch;
  to->sequence = from->sequence;
  to->flags = from->flags;
  to->policy_version = from->policy_version;
  to->cost_usd_h = from->cost_usd_h;
  wire_observation_take(from->after, &to->after);
  if (from->before != NULL) wire_observation_take(from->before, &to->before);
  return FC_OK;
}

static void transition_clear(void *plain) {
  fc_transition_clear(plain);
}

const wire_codec_t wire_codec_transition = {&faasconf__v1__transition__descriptor,
                                            sizeof(fc_transition_t),
                                            transition_fill,
                                            transition_check,
                                            transition_take,
                                            transition_clear};

/* ---- transitions ---- */

static fc_status_t transitions_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_wire_transitions_t *from = plain;
  Faasconf__V1__Transitions *to = message;
  size_t n = 0;
  FC_TRY(wire_fill_count(from->n_transitions, from->transitions, "Transitions.transitions", &n, error));
  Faasconf__V1__Transition **rows = wire_arena_array(arena, n, sizeof *rows);
  Faasconf__V1__Transition *bodies = wire_arena_array(arena, n, sizeof *bodies);
  if (rows == NULL || bodies == NULL) return wire_out_of_memory(error);
  for (size_t i = 0; i < n; ++i) {
    faasconf__v1__transition__init(&bodies[i]);
    rows[i] = &bodies[i];
    const fc_status_t status = transition_fill(&from->transitions[i], rows[i], arena, error);
    if (status != FC_OK) {
      (void)fc_error_prefix(error, "transition %zu", i);
      return status;
    }
  }
  to->transitions = rows;
  to->n_transitions = n;
  return FC_OK;
}

static fc_status_t transitions_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__Transitions *batch = message;
  for (size_t i = 0; i < batch->n_transitions; ++i) {
    const fc_status_t status = transition_check(batch->transitions[i], error);
    if (status != FC_OK) {
      (void)fc_error_prefix(error, "transition %zu", i);
      return status;
    }
    /* One acknowledgement answers a frame, and it names one agent and one epoch. */
    FC_TRY(wire_expect(batch->transitions[i]->epoch == batch->transitions[0]->epoch &&
                           strcmp(batch->transitions[i]->agent, batch->transitions[0]->agent) == 0,
                       "Transitions.transitions", "all of a frame must be of one agent and epoch", error));
  }
  return FC_OK;
}

static fc_status_t transitions_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__Transitions *from = message;
  fc_wire_transitions_t *to = plain;
  if (from->n_transitions == 0) return FC_OK;
  to->transitions = wire_arena_calloc_outside(arena, from->n_transitions, sizeof *to->transitions);
  if (to->transitions == NULL) return wire_out_of_memory(error);
  for (size_t i = 0; i < from->n_transitions; ++i) {
    to->n_transitions = (int32_t)i + 1;
    FC_TRY(transition_take(from->transitions[i], &to->transitions[i], arena, error));
  }
  return FC_OK;
}

static void transitions_clear(void *plain) {
  fc_wire_transitions_t *batch = plain;
  for (int32_t i = 0; i < batch->n_transitions; ++i) fc_transition_clear(&batch->transitions[i]);
  free(batch->transitions);
}

const wire_codec_t wire_codec_transitions = {&faasconf__v1__transitions__descriptor,
                                             sizeof(fc_wire_transitions_t),
                                             transitions_fill,
                                             transitions_check,
                                             transitions_take,
                                             transitions_clear};

/* ---- ack ---- */

static fc_status_t ack_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_wire_ack_t *from = plain;
  Faasconf__V1__Ack *to = message;
  (void)arena;
  FC_TRY(FILL_TEXT(from, agent, to));
  to->epoch = from->epoch;
  to->acknowledged_sequence = from->acknowledged_sequence;
  to->selective = from->selective;
  to->n_duplicates = from->n_duplicates;
  to->credit_bytes = from->credit_bytes;
  to->code = (Faasconf__V1__RpcCode)from->code;
  to->retry_after_ms = from->retry_after_ms;
  to->policy_version = from->policy_version;
  return FC_OK;
}

static fc_status_t ack_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__Ack *ack = message;
  FC_TRY(wire_check_name(ack->agent, "Ack.agent", error));
  return wire_expect(ack->policy_version >= 0, "Ack.policy_version", "negative", error);
}

static fc_status_t ack_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__Ack *from = message;
  fc_wire_ack_t *to = plain;
  (void)arena;
  (void)error;
  wire_take_text(from->agent, to->agent, sizeof to->agent);
  to->epoch = from->epoch;
  to->acknowledged_sequence = from->acknowledged_sequence;
  to->selective = from->selective;
  to->n_duplicates = from->n_duplicates;
  to->credit_bytes = from->credit_bytes;
  to->code = (fc_rpc_code_t)from->code;
  to->retry_after_ms = from->retry_after_ms;
  to->policy_version = from->policy_version;
  return FC_OK;
}

const wire_codec_t wire_codec_ack = {
    &faasconf__v1__ack__descriptor, sizeof(fc_wire_ack_t), ack_fill, ack_check, ack_take, NULL};
