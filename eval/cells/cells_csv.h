/* cells_csv.h - the cells of an experiment in a CSV file, one line each, appended as they are measured (see record.h).
 */
#ifndef EVAL_CELLS_CELLS_CSV_H
#define EVAL_CELLS_CELLS_CSV_H

#include "cell.h"
#include "record.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const record_table_t cells_table;

/* Nothing measured: every figure NaN, counts and texts zero. */
cell_t cells_empty(void);

/* As record_read. Caller frees *cells with free(). */
fc_status_t cells_read(const char *path, cell_t **cells, int32_t *n, bool *torn, fc_error_t *error);

/* As record_open, with what the file has already, so that an experiment goes on where it stopped: *done (n; caller
 * frees). A dropped last line is told in writer->was_torn. */
fc_status_t cells_resume(record_writer_t *writer, const char *path, cell_t **done, int32_t *n, fc_error_t *error);

fc_status_t cells_append(record_writer_t *writer, const cell_t *cell, fc_error_t *error);

/* Whether both are results of the same question: all that names a cell is equal, measured or not. */
bool cells_same_key(const cell_t *a, const cell_t *b);

/* The one of n that answers the same question as key; NULL: not measured yet. */
const cell_t *cells_find(const cell_t *cells, int32_t n, const cell_t *key);

#ifdef __cplusplus
}
#endif
#endif
