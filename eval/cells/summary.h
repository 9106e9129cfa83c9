/* summary.h - means of cells: one row per way of running a method in a world. */
#ifndef EVAL_CELLS_SUMMARY_H
#define EVAL_CELLS_SUMMARY_H

#include "faasconf/status.h"
#include "metric.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a row is about: all that names a cell but workflow, users and seed. */
typedef struct {
  char experiment[16], world[24], track[16], semantics[16];
  char method[24], variant[24], safety[16];
  bool rails;
} arm_t;

typedef struct {
  arm_t arm;
  int32_t n_cells;
  double mean[METRICS];        /* over the cells in which it was measured; NaN without any */
  int32_t n_measured[METRICS]; /* n_cells - n_measured were left out */
} summary_row_t;

arm_t arm_of(const cell_t *cell);
bool arm_equal(const arm_t *a, const arm_t *b);

/* Rows in the order in which their arms first occur. Caller frees *rows with free(). FC_ENOMEM. */
fc_status_t summary_of(const cell_t *cells, int32_t n, summary_row_t **rows, int32_t *n_rows, fc_error_t *error);

/* As CSV (record.h): the arm, cells, the means by the keys of METRIC_MAP; measured counts the cells with a cost over
 * oracle. FC_EIO, FC_EINVAL. */
fc_status_t summary_write(const char *path, const summary_row_t *rows, int32_t n, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
