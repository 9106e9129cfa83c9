/* summary.c - see summary.h. */
#include "summary.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"

arm_t arm_of(const cell_t *cell) {
  arm_t arm = {.rails = cell->rails};
  memcpy(arm.experiment, cell->experiment, sizeof arm.experiment);
  memcpy(arm.world, cell->world, sizeof arm.world);
  memcpy(arm.track, cell->track, sizeof arm.track);
  memcpy(arm.semantics, cell->semantics, sizeof arm.semantics);
  memcpy(arm.method, cell->method, sizeof arm.method);
  memcpy(arm.variant, cell->variant, sizeof arm.variant);
  memcpy(arm.safety, cell->safety, sizeof arm.safety);
  return arm;
}

bool arm_equal(const arm_t *a, const arm_t *b) {
  return a->rails == b->rails && strcmp(a->experiment, b->experiment) == 0 && strcmp(a->world, b->world) == 0 &&
         strcmp(a->track, b->track) == 0 && strcmp(a->semantics, b->semantics) == 0 &&
         strcmp(a->method, b->method) == 0 && strcmp(a->variant, b->variant) == 0 && strcmp(a->safety, b->safety) == 0;
}

/* Sums first; finish() divides. */
static void add_cell(summary_row_t *row, const cell_t *cell) {
  row->n_cells += 1;
  for (int m = 0; m < METRICS; ++m) {
    const double value = metric_of(cell, (metric_t)m);
    if (isnan(value)) continue;
    row->mean[m] += value;
    row->n_measured[m] += 1;
  }
}

static void finish(summary_row_t *row) {
  for (int m = 0; m < METRICS; ++m) row->mean[m] = row->n_measured[m] > 0 ? row->mean[m] / row->n_measured[m] : NAN;
}

fc_status_t summary_of(const cell_t *cells, int32_t n, summary_row_t **rows, int32_t *n_rows, fc_error_t *error) {
  summary_row_t *out = NULL;
  int32_t count = 0, capacity = 0;
  *rows = NULL;
  *n_rows = 0;
  for (int32_t i = 0; i < n; ++i) {
    const arm_t arm = arm_of(&cells[i]);
    int32_t at = 0;
    while (at < count && !arm_equal(&out[at].arm, &arm)) ++at;
    if (at == capacity) {
      capacity = capacity > 0 ? 2 * capacity : 16;
      summary_row_t *larger = realloc(out, (size_t)capacity * sizeof *out);
      if (larger == NULL) {
        free(out);
        return fc_error_set(error, FC_ENOMEM, "no memory for a summary of %d cells", (int)n);
      }
      out = larger;
    }
    if (at == count) out[count++] = (summary_row_t){.arm = arm};
    add_cell(&out[at], &cells[i]);
  }
  for (int32_t i = 0; i < count; ++i) finish(&out[i]);
  *rows = out;
  *n_rows = count;
  return FC_OK;
}

fc_status_t summary_write(const char *path, const summary_row_t *rows, int32_t n, fc_error_t *error) {
#define ARM_TEXT(member) \
  { #member, NULL, RECORD_TEXT, offsetof(summary_row_t, arm.member), sizeof rows->arm.member }
#define MEAN(name, key, text, value) \
  {(key), NULL, RECORD_DOUBLE, offsetof(summary_row_t, mean[METRIC_##name]), sizeof rows->mean[0]},
  static const record_field_t fields[] = {
      ARM_TEXT(experiment),
      ARM_TEXT(world),
      ARM_TEXT(track),
      ARM_TEXT(semantics),
      ARM_TEXT(method),
      ARM_TEXT(variant),
      ARM_TEXT(safety),
      {"rails", NULL, RECORD_BOOL, offsetof(summary_row_t, arm.rails), sizeof rows->arm.rails},
      {"cells", NULL, RECORD_INT32, offsetof(summary_row_t, n_cells), sizeof rows->n_cells},
      METRIC_MAP(MEAN){"measured", NULL, RECORD_INT32, offsetof(summary_row_t, n_measured[METRIC_OVER_ORACLE]),
                       sizeof rows->n_measured[0]},
  };
#undef ARM_TEXT
#undef MEAN
  static const record_table_t table = {"summary", fields, sizeof fields / sizeof fields[0], sizeof(summary_row_t)};
  return record_replace(&table, path, rows, n, error);
}
