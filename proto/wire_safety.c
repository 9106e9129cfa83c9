/* wire_safety.c - SAFETY_PULL and SAFETY: SES records with their safe configurations, flattened. */
#include <stdlib.h>

#include "wire_codec.h"

/* ---- pull ---- */

static fc_status_t safety_pull_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_wire_safety_pull_t *from = plain;
  Faasconf__V1__SafetyPull *to = message;
  (void)arena;
  FC_TRY(FILL_TEXT(from, workflow, to));
  to->version_held = from->version_held;
  return FC_OK;
}

static fc_status_t safety_pull_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__SafetyPull *pull = message;
  FC_TRY(wire_check_name(pull->workflow, "SafetyPull.workflow", error));
  return wire_expect(pull->version_held >= 0, "SafetyPull.version_held", "negative", error);
}

static fc_status_t safety_pull_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__SafetyPull *from = message;
  fc_wire_safety_pull_t *to = plain;
  (void)arena;
  (void)error;
  wire_take_text(from->workflow, to->workflow, sizeof to->workflow);
  to->version_held = from->version_held;
  return FC_OK;
}

const wire_codec_t wire_codec_safety_pull = {&faasconf__v1__safety_pull__descriptor,
                                             sizeof(fc_wire_safety_pull_t),
                                             safety_pull_fill,
                                             safety_pull_check,
                                             safety_pull_take,
                                             NULL};

/* ---- records ---- */

static fc_status_t record_fill(const fc_safety_record_t *from, Faasconf__V1__SafetyRecord *to, wire_arena_t *arena,
                               fc_error_t *error) {
  size_t n_safe = 0;
  faasconf__v1__safety_record__init(to);
  FC_TRY(FILL_TEXT(from, workflow, to));
  FC_TRY(wire_fill_count(from->n_safe, from->safe, "SafetyRecord.safe", &n_safe, error));
  FC_TRY(wire_fill_count(from->n_safe, from->safe_cost_usd_h, "SafetyRecord.safe_cost_usd_h", &n_safe, error));
  if (n_safe > FC_MAX_SAFE_CONFIGURATIONS || from->n_functions < 1 || from->n_functions > FC_MAX_FUNCTIONS) {
    return fc_error_set(error, FC_EINVAL, "SafetyRecord: %zu safe configurations of %d functions; at most %d of %d",
                        n_safe, (int)from->n_functions, FC_MAX_SAFE_CONFIGURATIONS, FC_MAX_FUNCTIONS);
  }
  to->mean_in_flight = from->mean_in_flight;
  to->lb_usd_h = from->lb_usd_h;
  to->ub_usd_h = from->ub_usd_h;
  to->n_rows = from->n_rows;
  to->version = from->version;
  to->n_functions = (uint32_t)from->n_functions;
  to->n_safe_cost_usd_h = n_safe;
  to->safe_cost_usd_h = from->safe_cost_usd_h;
  return wire_fill_configuration(from->safe, from->n_safe * from->n_functions, arena, &to->n_safe, &to->safe, error);
}

static fc_status_t safety_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_wire_safety_t *from = plain;
  Faasconf__V1__SafetyRecords *to = message;
  size_t n = 0;
  FC_TRY(FILL_TEXT(from, workflow, to));
  FC_TRY(wire_fill_count(from->n_records, from->records, "SafetyRecords.records", &n, error));
  to->version = from->version;
  to->records = wire_arena_array(arena, n, sizeof(void *));
  Faasconf__V1__SafetyRecord *bodies = wire_arena_array(arena, n, sizeof *bodies);
  if (to->records == NULL || bodies == NULL) return wire_out_of_memory(error);
  for (size_t i = 0; i < n; ++i) {
    FC_TRY(record_fill(&from->records[i], &bodies[i], arena, error));
    to->records[i] = &bodies[i];
  }
  to->n_records = n;
  return FC_OK;
}

static fc_status_t record_check(const Faasconf__V1__SafetyRecord *record, fc_error_t *error) {
  const char *const field = "SafetyRecord";
  const size_t n = record->n_functions;
  const size_t n_safe = record->n_safe_cost_usd_h;
  FC_TRY(wire_check_name(record->workflow, "SafetyRecord.workflow", error));
  FC_TRY(wire_expect(record->mean_in_flight >= 0, field, "mean_in_flight is negative", error));
  FC_TRY(wire_expect(record->lb_usd_h <= record->ub_usd_h, field, "lb_usd_h is above ub_usd_h", error));
  FC_TRY(wire_expect(record->n_rows >= 0 && record->version >= 0, field, "n_rows or version is negative", error));
  FC_TRY(wire_expect(n >= 1 && n <= FC_MAX_FUNCTIONS, field, "n_functions must be 1 to 1024", error));
  FC_TRY(wire_expect(n_safe <= FC_MAX_SAFE_CONFIGURATIONS, field, "more than 32 safe configurations", error));
  FC_TRY(wire_expect(record->n_safe == n_safe * n * FC_KNOBS, field, "safe: not (costs, functions, 4) numbers", error));
  for (size_t i = 0; i < record->n_safe; ++i) {
    FC_TRY(wire_expect(record->safe[i] >= 0, field, "a negative number in a safe configuration", error));
  }
  for (size_t i = 0; i < n_safe; ++i) {
    FC_TRY(wire_expect(record->safe_cost_usd_h[i] >= 0, field, "a negative cost", error));
  }
  return FC_OK;
}

static fc_status_t safety_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__SafetyRecords *safety = message;
  FC_TRY(wire_check_name(safety->workflow, "SafetyRecords.workflow", error));
  FC_TRY(wire_expect(safety->version >= 0, "SafetyRecords.version", "negative", error));
  for (size_t i = 0; i < safety->n_records; ++i) {
    const fc_status_t status = record_check(safety->records[i], error);
    if (status == FC_OK) continue;
    (void)fc_error_prefix(error, "record %zu", i);
    return status;
  }
  return FC_OK;
}

/* Makes room for exactly the rows that came: a full record of 1,024 functions would be half a megabyte. */
static fc_status_t record_take(const Faasconf__V1__SafetyRecord *from, fc_safety_record_t *to, wire_arena_t *arena,
                               fc_error_t *error) {
  const size_t n_safe = from->n_safe_cost_usd_h;
  const size_t n_rows = n_safe * from->n_functions;
  wire_take_text(from->workflow, to->workflow, sizeof to->workflow);
  to->mean_in_flight = from->mean_in_flight;
  to->lb_usd_h = from->lb_usd_h;
  to->ub_usd_h = from->ub_usd_h;
  to->n_rows = from->n_rows;
  to->version = from->version;
  to->n_functions = (int32_t)from->n_functions;
  to->safe = wire_arena_calloc_outside(arena, n_rows, sizeof *to->safe);
  to->safe_cost_usd_h = wire_arena_calloc_outside(arena, n_safe, sizeof *to->safe_cost_usd_h);
  if (to->safe == NULL || to->safe_cost_usd_h == NULL) return wire_out_of_memory(error);
  to->n_safe = (int32_t)n_safe;
  wire_take_configuration(from->safe, (int32_t)n_rows, to->safe);
  for (size_t i = 0; i < n_safe; ++i) to->safe_cost_usd_h[i] = from->safe_cost_usd_h[i];
  return FC_OK;
}

static fc_status_t safety_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__SafetyRecords *from = message;
  fc_wire_safety_t *to = plain;
  wire_take_text(from->workflow, to->workflow, sizeof to->workflow);
  to->version = from->version;
  if (from->n_records == 0) return FC_OK;
  to->records = wire_arena_calloc_outside(arena, from->n_records, sizeof *to->records);
  if (to->records == NULL) return wire_out_of_memory(error);
  to->n_records = (int32_t)from->n_records;
  for (size_t i = 0; i < from->n_records; ++i) FC_TRY(record_take(from->records[i], &to->records[i], arena, error));
  return FC_OK;
}

static void safety_clear(void *plain) {
  fc_wire_safety_t *safety = plain;
  for (int32_t i = 0; i < safety->n_records; ++i) {
    free(safety->records[i].safe);
    free(safety->records[i].safe_cost_usd_h);
  }
  free(safety->records);
}

const wire_codec_t wire_codec_safety = {&faasconf__v1__safety_records__descriptor,
                                        sizeof(fc_wire_safety_t),
                                        safety_fill,
                                        safety_check,
                                        safety_take,
                                        safety_clear};
