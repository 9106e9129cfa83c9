/* eval_oracles.h - the searches behind `faasconf eval oracles`: cells of a grid, worked on by many threads, each
 * appended to the file when it is done. */
#ifndef CLI_EVAL_ORACLES_H
#define CLI_EVAL_ORACLES_H

#include <stdatomic.h>

#include "oracle_table.h"

/* One workflow under one load in one world: a row per level. */
typedef struct {
  const fc_workflow_t *workflow;
  world_kind_t kind;
  uint64_t seed; /* 0 where the world has none */
  int32_t users;
  int64_t budget;
  char truth[ORACLE_TRUTH_SIZE];
  bool is_done;                      /* its rows are in the file */
  double known_usd_h[ORACLE_LEVELS]; /* what they say; infinite: none was found, or there is none yet */
  fc_function_configuration_t *hint; /* (N) of another world in the file, owned; NULL: none */
  int32_t n_choices;
  fc_function_configuration_t *choices; /* (n_choices,N) of methods, owned; NULL: none */
  int32_t same_as; /* the cell that is searched for it: the same truth and users; -1: this one is */
  /* while it is worked on */
  particles_t particles;
  oracle_search_t *searches; /* (n_searches + n_choices) */
  atomic_int n_left;         /* searches that are not done */
  atomic_llong search_ns;    /* of one core */
} oracle_cell_t;

typedef struct {
  int32_t n_cells;
  oracle_cell_t *cells; /* in the order in which they are worked on */
  int32_t n_searches;   /* at each level */
  int32_t jobs;
  uint64_t seed;
  const char *path;
  const char *command; /* for the header of the file */
  const char *choices; /* choices.csv of an experiment, or NULL */
} oracle_grid_t;

/* Fills the truth of every cell, and is_done and same_as from the file, if there is one. A last line that was cut off
 * is dropped from it. *n_left gets the cells that are to be searched, or that have choices to look at. */
fc_status_t oracle_grid_prepare(oracle_grid_t *grid, int32_t *n_left, fc_error_t *error);

/* Searches what is left and appends it, a line on stderr for each cell. A cell that has its rows is not searched again:
 * its choices are put on the boundary, and what is confirmed and cheaper is appended; the cheapest row counts. Blocks
 * for minutes to hours. */
fc_status_t oracle_grid_run(oracle_grid_t *grid, fc_error_t *error);
void oracle_grid_clear(oracle_grid_t *grid);

#endif
