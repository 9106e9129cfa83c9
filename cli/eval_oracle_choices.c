/* eval_oracle_choices.c - see eval_oracle_choices.h. */
#include "eval_oracle_choices.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "configuration_text.h"
#include "judge.h"

/* Scaled by CPU alone what is further away ends up dear, or nowhere. */
static const double LEAST_COMPLIANCE = 0.8, HINT_COMPLIANCE = 0.9;
/* Cheaper by less than this is luck. */
static const double CHEAPER = 0.995;

static bool is_of(const choice_t *choice, const oracle_cell_t *cell) {
  return strcmp(choice->semantics, fc_semantics_name(FC_SEMANTICS_STRICT)) == 0 &&
         strcmp(choice->workflow, cell->workflow->name) == 0 && choice->users == cell->users &&
         strcmp(choice->world, world_name(cell->kind)) == 0 &&
         (!world_is_seeded(cell->kind) || (uint64_t)choice->seed == cell->seed) &&
         choice->compliance >= LEAST_COMPLIANCE;
}

static fc_status_t read_configuration(const oracle_cell_t *cell, const choice_t *choice,
                                      fc_function_configuration_t *configuration, fc_error_t *error) {
  const char *at = choice->configuration;
  int32_t f = 0;
  while (f < cell->workflow->n_functions && configuration_text_read(&at, &configuration[f])) ++f;
  if (f == cell->workflow->n_functions && *at == '\0') return FC_OK;
  return fc_error_set(error, FC_EFORMAT, "choices: '%.60s' is no configuration of workflow %s, which has %d functions",
                      choice->configuration, cell->workflow->name, (int)cell->workflow->n_functions);
}

/* The cheapest of this cell that costs more than the last one taken. */
static const choice_t *next_choice(const oracle_cell_t *cell, const choice_t *choices, int32_t n, double above_usd_h) {
  const choice_t *best = NULL;
  for (int32_t i = 0; i < n; ++i) {
    if (!is_of(&choices[i], cell) || !(choices[i].cost_usd_h > above_usd_h)) continue;
    if (best == NULL || choices[i].cost_usd_h < best->cost_usd_h) best = &choices[i];
  }
  return best;
}

static fc_status_t take_hint(oracle_cell_t *cell, const fc_function_configuration_t *from, fc_error_t *error) {
  const size_t bytes = (size_t)cell->workflow->n_functions * sizeof *cell->hint;
  cell->hint = malloc(bytes);
  if (cell->hint == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a configuration");
  memcpy(cell->hint, from, bytes);
  return FC_OK;
}

fc_status_t oracle_cell_take_choices(oracle_cell_t *cell, const choice_t *choices, int32_t n,
                                     const oracle_table_t *table, fc_error_t *error) {
  const size_t n_functions = (size_t)cell->workflow->n_functions;
  const oracle_row_t *row = oracle_table_find(table, cell->truth, cell->users, oracle_levels[1]);
  double above_usd_h = 0;
  cell->choices = calloc(ORACLE_MAX_CHOICES * n_functions, sizeof *cell->choices);
  if (cell->choices == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for choices");
  while (cell->n_choices < ORACLE_MAX_CHOICES) {
    const choice_t *choice = next_choice(cell, choices, n, above_usd_h);
    if (choice == NULL) break;
    fc_function_configuration_t *configuration = cell->choices + (size_t)cell->n_choices * n_functions;
    FC_TRY(read_configuration(cell, choice, configuration, error));
    above_usd_h = choice->cost_usd_h;
    cell->n_choices += 1;
    if (cell->hint == NULL && choice->compliance >= HINT_COMPLIANCE) FC_TRY(take_hint(cell, configuration, error));
    if (row != NULL && choice->compliance >= JUDGE_REQUIRED_COMPLIANCE &&
        (!row->found || choice->cost_usd_h < CHEAPER * row->cost_usd_h))
      cell->is_done = false;
  }
  return FC_OK;
}
