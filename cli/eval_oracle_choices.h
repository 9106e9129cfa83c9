/* eval_oracle_choices.h - what methods chose in a cell, as `faasconf eval` keeps it in choices.csv, for its oracle. */
#ifndef CLI_EVAL_ORACLE_CHOICES_H
#define CLI_EVAL_ORACLE_CHOICES_H

#include "choices.h"
#include "eval_oracles.h"

/* Choices of this workflow, load and world, and of worlds that are the same, into the cell's choices (owned by it):
 * those that would be the cheapest on the boundary, ORACLE_MAX_CHOICES at most, of those that met QoS in four windows
 * of five under strict semantics. Where the cell has no hint the first that met it in nine of ten becomes it. Of a cell
 * that has its rows, only what promises to be cheaper. FC_EFORMAT for a configuration that is none of this workflow,
 * FC_ENOMEM. */
fc_status_t oracle_cell_take_choices(oracle_grid_t *grid, int32_t index, const choice_t *choices, int32_t n,
                                     fc_error_t *error);

#endif
