/* eval_oracle_choices.c - see eval_oracle_choices.h. */
#include "eval_oracle_choices.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "configuration_text.h"
#include "draws.h"

/* Scaled by CPU alone what is further away ends up dear, or nowhere. */
static const double LEAST_COMPLIANCE = 0.8, HINT_COMPLIANCE = 0.9;
/* Cheaper by less than this is luck. */
static const double CHEAPER = 0.995;
/* What a unit of the normal quantile of compliance costs, as a share of the price. */
static const double PRICE_OF_QUANTILE = 0.11;

/* Whether it was made in the world, or the one that is the same but in name, of one of these cells. */
static bool is_of(const choice_t *choice, const oracle_cell_t *cells, int32_t n, int32_t index) {
  if (strcmp(choice->semantics, fc_semantics_name(FC_SEMANTICS_STRICT)) != 0 ||
      !(choice->compliance >= LEAST_COMPLIANCE))
    return false;
  for (int32_t i = index; i < n; ++i) {
    const oracle_cell_t *cell = &cells[i];
    if (i != index && cell->same_as != index) continue;
    if (strcmp(choice->workflow, cell->workflow->name) == 0 && choice->users == cell->users &&
        strcmp(choice->world, world_name(cell->kind)) == 0 &&
        (!world_is_seeded(cell->kind) || (uint64_t)choice->seed == cell->seed))
      return true;
  }
  return false;
}

/* What it would cost on the boundary of 0.95, about. All windows of some hundred meeting QoS is no certainty. */
static double scaled_usd_h(const choice_t *choice) {
  const double share = fmin(choice->compliance, 0.998);
  return choice->cost_usd_h * exp(PRICE_OF_QUANTILE * (normal_quantile(oracle_levels[1]) - normal_quantile(share)));
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

/* The cheapest on the boundary of those of a cell that come behind the last one taken. */
static const choice_t *next_choice(const oracle_grid_t *grid, int32_t index, const choice_t *choices, int32_t n,
                                   double above_usd_h) {
  const choice_t *best = NULL;
  for (int32_t i = 0; i < n; ++i) {
    if (!(scaled_usd_h(&choices[i]) > above_usd_h) || !is_of(&choices[i], grid->cells, grid->n_cells, index)) continue;
    if (best == NULL || scaled_usd_h(&choices[i]) < scaled_usd_h(best)) best = &choices[i];
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

fc_status_t oracle_cell_take_choices(oracle_grid_t *grid, int32_t index, const choice_t *choices, int32_t n,
                                     fc_error_t *error) {
  oracle_cell_t *cell = &grid->cells[index];
  const size_t n_functions = (size_t)cell->workflow->n_functions;
  double above_usd_h = 0;
  cell->choices = calloc(ORACLE_MAX_CHOICES * n_functions, sizeof *cell->choices);
  if (cell->choices == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for choices");
  while (cell->n_choices < ORACLE_MAX_CHOICES) {
    const choice_t *choice = next_choice(grid, index, choices, n, above_usd_h);
    if (choice == NULL || (cell->is_done && scaled_usd_h(choice) >= CHEAPER * cell->known_usd_h[1])) break;
    fc_function_configuration_t *configuration = cell->choices + (size_t)cell->n_choices * n_functions;
    FC_TRY(read_configuration(cell, choice, configuration, error));
    above_usd_h = scaled_usd_h(choice);
    cell->n_choices += 1;
    if (cell->hint == NULL && choice->compliance >= HINT_COMPLIANCE) FC_TRY(take_hint(cell, configuration, error));
  }
  return FC_OK;
}
