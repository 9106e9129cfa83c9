/* eval_reference.c - see eval_reference.h. */
#include "eval_reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

fc_status_t eval_reference_open(eval_reference_t *oracles, const char *path, fc_error_t *error) {
  memset(oracles, 0, sizeof *oracles);
  if (path != NULL) return oracle_table_read(&oracles->table, path, error);
  fc_error_t none = {0};
  const fc_status_t status = oracle_table_load(&oracles->table, &none);
  if (status == FC_OK || status == FC_ENOTFOUND) return FC_OK;
  *error = none;
  return status;
}

void eval_reference_close(eval_reference_t *oracles) {
  oracle_table_clear(&oracles->table);
  for (int32_t i = 0; i < oracles->n_told; ++i) free(oracles->told[i]);
  free(oracles->told);
  memset(oracles, 0, sizeof *oracles);
}

/* ---- comparing ---- */

static double over(double cost_usd_h, bool has_oracle, double oracle_usd_h) {
  return has_oracle ? cost_usd_h / oracle_usd_h : NAN;
}

static double ratio(const oracle_table_t *table, const char *truth, double level, const cell_t *cell) {
  const oracle_row_t *row = oracle_table_find(table, truth, cell->users, level);
  const bool has = row != NULL && row->found;
  return over(cell->cost_usd_h, has, has ? row->cost_usd_h : NAN);
}

void eval_reference_compare(const eval_reference_t *oracles, const trial_t *trial, cell_t *cell) {
  char truth[ORACLE_TRUTH_SIZE];
  oracle_truth(trial->workflow, trial->world, truth);
  cell->cost_over_oracle50 = ratio(&oracles->table, truth, 0.5, cell);
  cell->cost_over_oracle = ratio(&oracles->table, truth, 0.95, cell);
  cell->cost_over_oracle99 = ratio(&oracles->table, truth, 0.99, cell);
}

static double ratio_of_trace(const oracle_table_t *table, const char *truth, double level, const trace_t *trace,
                             const cell_t *cell) {
  double sum_usd_h = 0, cost_usd_h = 0;
  for (int32_t m = 0; m < trace->n_minutes; ++m) {
    if (!oracle_table_cost(table, truth, trace->users[m], level, &cost_usd_h)) return NAN;
    sum_usd_h += cost_usd_h;
  }
  return over(cell->cost_usd_h, trace->n_minutes > 0, sum_usd_h / trace->n_minutes);
}

void eval_reference_compare_trace(const eval_reference_t *oracles, const trial_t *trial, const trace_t *trace,
                                  cell_t *cell) {
  char truth[ORACLE_TRUTH_SIZE];
  oracle_truth(trial->workflow, trial->world, truth);
  cell->cost_over_oracle50 = ratio_of_trace(&oracles->table, truth, 0.5, trace, cell);
  cell->cost_over_oracle = ratio_of_trace(&oracles->table, truth, 0.95, trace, cell);
  cell->cost_over_oracle99 = ratio_of_trace(&oracles->table, truth, 0.99, trace, cell);
}

/* ---- telling ---- */

static bool has_rows(const oracle_table_t *table, const char *truth) {
  for (int32_t i = 0; i < table->n; ++i)
    if (strcmp(table->rows[i].truth, truth) == 0) return true;
  return false;
}

const void *eval_reference_of(eval_reference_t *oracles, const trial_t *trial) {
  char truth[ORACLE_TRUTH_SIZE];
  oracle_truth(trial->workflow, trial->world, truth);
  for (int32_t i = 0; i < oracles->n_told; ++i)
    if (strcmp(oracles->told[i]->truth, truth) == 0) return oracles->told[i];
  if (!has_rows(&oracles->table, truth)) return NULL;
  if (oracles->n_told == oracles->capacity) {
    const int32_t capacity = oracles->capacity > 0 ? 2 * oracles->capacity : 16;
    known_world_t **grown = realloc(oracles->told, (size_t)capacity * sizeof *grown);
    if (grown == NULL) return NULL;
    oracles->told = grown;
    oracles->capacity = capacity;
  }
  known_world_t *told = malloc(sizeof *told);
  if (told == NULL) return NULL;
  told->table = &oracles->table;
  memcpy(told->truth, truth, sizeof truth);
  oracles->told[oracles->n_told++] = told;
  return told;
}
