/* eval_oracle_choices.h - what methods chose in a cell, as `faasconf eval` keeps it in choices.csv, for its oracle. */
#ifndef CLI_EVAL_ORACLE_CHOICES_H
#define CLI_EVAL_ORACLE_CHOICES_H

#include "choices.h"
#include "eval_oracles.h"

/* The cheapest distinct choices of this workflow, load and world, ORACLE_MAX_CHOICES at most, among those that met QoS
 * in four windows of five, into cell->choices (owned by the cell). Where the cell has no hint the cheapest that met QoS
 * in nine of ten becomes it. A cell that has its rows (table) is done no more when a choice that met QoS is cheaper
 * than they are. FC_EFORMAT for a configuration that is none of this workflow, FC_ENOMEM. */
fc_status_t oracle_cell_take_choices(oracle_cell_t *cell, const choice_t *choices, int32_t n,
                                     const oracle_table_t *table, fc_error_t *error);

#endif
