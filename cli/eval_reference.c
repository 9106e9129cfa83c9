/* eval_reference.c - see eval_reference.h. */
#include "eval_reference.h"

#include <math.h>
#include <string.h>

fc_status_t eval_reference_open(eval_reference_t *reference, const char *path, fc_error_t *error) {
  *reference = (eval_reference_t){0};
  if (path != NULL) return oracle_table_read(&reference->table, path, error);
  const fc_status_t status = oracle_table_load(&reference->table, error);
  return status == FC_ENOTFOUND ? FC_OK : status;
}

void eval_reference_close(eval_reference_t *reference) {
  oracle_table_clear(&reference->table);
}

static double *ratio_at(cell_t *cell, int32_t level) {
  double *const ratios[ORACLE_LEVELS] = {&cell->cost_over_oracle50, &cell->cost_over_oracle, &cell->cost_over_oracle99};
  return ratios[level];
}

/* Oracles are those of strict semantics. */
static bool is_comparable(const cell_t *cell) {
  return strcmp(cell->semantics, fc_semantics_name(FC_SEMANTICS_STRICT)) == 0;
}

void eval_reference_compare(const eval_reference_t *reference, const trial_t *trial, cell_t *cell) {
  char truth[ORACLE_TRUTH_SIZE];
  oracle_truth(trial->workflow, trial->world, truth);
  for (int32_t i = 0; i < ORACLE_LEVELS; ++i) {
    const oracle_row_t *row = oracle_table_find(&reference->table, truth, cell->users, oracle_levels[i]);
    *ratio_at(cell, i) = row != NULL && row->found && is_comparable(cell) ? cell->cost_usd_h / row->cost_usd_h : NAN;
  }
}

void eval_reference_compare_trace(const eval_reference_t *reference, const trial_t *trial, const trace_t *trace,
                                  cell_t *cell) {
  char truth[ORACLE_TRUTH_SIZE];
  oracle_truth(trial->workflow, trial->world, truth);
  for (int32_t i = 0; i < ORACLE_LEVELS; ++i) {
    double sum_usd_h = 0;
    for (int32_t m = 0; m < trace->n_minutes && isfinite(sum_usd_h); ++m) {
      double cost_usd_h = NAN;
      if (!oracle_table_cost(&reference->table, truth, trace->users[m], oracle_levels[i], &cost_usd_h))
        cost_usd_h = NAN;
      sum_usd_h += cost_usd_h / trace->n_minutes;
    }
    *ratio_at(cell, i) = is_comparable(cell) ? cell->cost_usd_h / sum_usd_h : NAN;
  }
}

static bool same_ratios(const cell_t *a, const cell_t *b) {
  cell_t x = *a, y = *b;
  for (int32_t i = 0; i < ORACLE_LEVELS; ++i) {
    const double one = *ratio_at(&x, i), other = *ratio_at(&y, i);
    if (!(one == other || (isnan(one) && isnan(other)))) return false;
  }
  return true;
}

fc_status_t eval_reference_renew(const eval_reference_t *reference, const fc_workflow_t *workflow, const trace_t *trace,
                                 cell_t *cell, bool *changed, fc_error_t *error) {
  world_kind_t kind = WORLD_EXACT;
  world_t world;
  const cell_t before = *cell;
  *changed = false;
  if (!world_find(cell->world, &kind) || (cell->users == 0 && trace == NULL)) return FC_OK;
  const fc_status_t status = world_init(&world, workflow, kind, (uint64_t)cell->seed, error);
  if (status == FC_OK) {
    const trial_t trial = {.workflow = workflow, .world = &world};
    if (cell->users == 0)
      eval_reference_compare_trace(reference, &trial, trace, cell);
    else
      eval_reference_compare(reference, &trial, cell);
    *changed = !same_ratios(&before, cell);
  }
  world_clear(&world);
  return status;
}
