/* oracle_table.h - oracles that were computed once (`faasconf eval oracles`) and are kept as CSV files.
 *
 *   # comment lines
 *   workflow,users,world,seed,level,cost_usd_h,p,searches,budget,windows,truth,configuration
 *   parallel,10,exact,0,0.95,4.1234,0.9523,3,26000,1402536,0123456789abcdef,1300/1331/5/6 ... (a group per function)
 *
 * p: fraction of ORACLE_WINDOWS windows that met QoS; windows: simulated for all levels of the cell; a configuration is
 * CPU in millicores, memory in MiB, replicas and concurrency limit of every function in the workflow's order. Where
 * nothing was found cost, p and configuration are "-". `truth` says which system the row is the oracle of: a digest of
 * the workflow and the true world's parameters, rounded to nine digits. A row is found by it, so that a row of another
 * workflow file of the same name is not mistaken for its oracle, and two worlds with the same truth share their rows.
 */
#ifndef EVAL_ORACLE_ORACLE_TABLE_H
#define EVAL_ORACLE_ORACLE_TABLE_H

#include "oracle.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ORACLE_TRUTH_SIZE = 17 };

typedef struct {
  char workflow[FC_NAME_SIZE];
  int32_t users;
  world_kind_t world;
  uint64_t seed; /* 0 where the world has none */
  double level;
  bool found;
  double cost_usd_h, p;
  int32_t searches;
  int64_t budget, windows;
  char truth[ORACLE_TRUTH_SIZE];
  int32_t n_functions;
  fc_function_configuration_t *configuration; /* (n_functions) owned by the table; NULL when nothing was found */
} oracle_row_t;

typedef struct {
  int32_t n, capacity;
  oracle_row_t *rows; /* in the order of the file */
} oracle_table_t;

/* 16 hexadecimal digits and the end: which system these parameters are, or `world` truly is. */
void oracle_truth_of(const fc_workflow_t *workflow, const fc_simulator_parameters_t *parameters,
                     char truth[ORACLE_TRUTH_SIZE]);
void oracle_truth(const fc_workflow_t *workflow, const world_t *world, char truth[ORACLE_TRUTH_SIZE]);

/* Adds the rows of one file. FC_ENOTFOUND, FC_EFORMAT ("file:line: expected ..."), FC_ENOMEM. Caller frees the table
 * with oracle_table_clear, also after a failure. Blocks on file I/O. */
fc_status_t oracle_table_read(oracle_table_t *table, const char *path, fc_error_t *error);

/* Adds all *.csv of the committed oracles: those in the folder FAASCONF_ORACLES (environment), else in the source
 * tree's eval/oracles, else in <folder of this program>/../share/faasconf/oracles. FC_ENOTFOUND says where it looked,
 * FC_EINVAL that the folder of the environment is none. */
fc_status_t oracle_table_load(oracle_table_t *table, fc_error_t *error);
void oracle_table_clear(oracle_table_t *table);

/* The row of this truth, users and level, of several the cheapest; NULL when there is none. */
const oracle_row_t *oracle_table_find(const oracle_table_t *table, const char truth[ORACLE_TRUTH_SIZE], int32_t users,
                                      double level);

/* Cost at a load between rows: linear between the two nearest numbers of users that were found, the nearest one's
 * outside. False when there is no row. */
bool oracle_table_cost(const oracle_table_t *table, const char truth[ORACLE_TRUTH_SIZE], double users, double level,
                       double *cost_usd_h);

/* The configuration for a load: that of the smallest number of users of the table that is no less, else of the largest.
 * NULL when there is none. */
const oracle_row_t *oracle_table_at_load(const oracle_table_t *table, const char truth[ORACLE_TRUTH_SIZE], double users,
                                         double level);

/* The row as a line with its newline into text[size]; FC_EINVAL when it does not fit. */
fc_status_t oracle_row_print(const oracle_row_t *row, char *text, size_t size, fc_error_t *error);

/* The line of column names, without a newline. */
const char *oracle_table_header(void);

#ifdef __cplusplus
}
#endif
#endif
