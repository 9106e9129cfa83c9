/* cells_csv.c - see cells_csv.h. */
#include "cells_csv.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(member) RECORD_FIELD(cell_t, RECORD_TEXT, member)
#define REAL(member) RECORD_FIELD(cell_t, RECORD_DOUBLE, member)
#define COUNT(member) RECORD_FIELD(cell_t, RECORD_INT32, member)
#define TRUTH(member) RECORD_FIELD(cell_t, RECORD_BOOL, member)

static const record_field_t fields[] = {
    TEXT(experiment),
    TEXT(workflow),
    COUNT(users),
    TEXT(world),
    TEXT(track),
    TEXT(method),
    TEXT(variant),
    TEXT(safety),
    TRUTH(rails),
    TEXT(semantics),
    RECORD_FIELD(cell_t, RECORD_INT64, seed),
    RECORD_FIELD_AS(cell_t, RECORD_DOUBLE, cost_usd_h, "cost"),
    REAL(cost_eq2_usd),
    REAL(cost_over_oracle),
    REAL(cost_over_oracle50),
    REAL(cost_over_oracle99),
    REAL(compliance),
    REAL(wilson_low),
    REAL(wilson_high),
    REAL(compliance_2min),
    TRUTH(qos_met),
    TRUTH(settled),
    COUNT(violations),
    REAL(severity),
    COUNT(windows),
    COUNT(judging_windows),
    COUNT(reconfigurations),
    REAL(latency_sum_s),
    REAL(latency_mean_s),
    REAL(throughput),
    REAL(decide_s),
    REAL(prepare_s),
    REAL(unsafe_cost_usd_h),
};

const record_table_t cells_table = {"cell", fields, sizeof fields / sizeof fields[0], sizeof(cell_t)};

cell_t cells_empty(void) {
  cell_t cell;
  memset(&cell, 0, sizeof cell);
  for (int32_t i = 0; i < cells_table.n_fields; ++i)
    if (fields[i].kind == RECORD_DOUBLE) *(double *)(void *)((char *)&cell + fields[i].offset) = NAN;
  return cell;
}

fc_status_t cells_read(const char *path, cell_t **cells, int32_t *n, bool *torn, fc_error_t *error) {
  void *records = NULL;
  const fc_status_t status = record_read(&cells_table, path, &records, n, torn, error);
  *cells = records;
  return status;
}

fc_status_t cells_resume(record_writer_t *writer, const char *path, cell_t **done, int32_t *n, fc_error_t *error) {
  bool torn = false;
  *done = NULL;
  *n = 0;
  FC_TRY(record_open(writer, &cells_table, path, error));
  const fc_status_t status = cells_read(path, done, n, &torn, error);
  if (status != FC_OK) record_close(writer);
  return status;
}

fc_status_t cells_append(record_writer_t *writer, const cell_t *cell, fc_error_t *error) {
  return record_append(writer, cell, error);
}

bool cells_same_key(const cell_t *a, const cell_t *b) {
  return a->users == b->users && a->rails == b->rails && a->seed == b->seed &&
         strcmp(a->experiment, b->experiment) == 0 && strcmp(a->workflow, b->workflow) == 0 &&
         strcmp(a->world, b->world) == 0 && strcmp(a->track, b->track) == 0 && strcmp(a->method, b->method) == 0 &&
         strcmp(a->variant, b->variant) == 0 && strcmp(a->safety, b->safety) == 0 &&
         strcmp(a->semantics, b->semantics) == 0;
}

const cell_t *cells_find(const cell_t *cells, int32_t n, const cell_t *key) {
  for (int32_t i = 0; i < n; ++i)
    if (cells_same_key(&cells[i], key)) return &cells[i];
  return NULL;
}
