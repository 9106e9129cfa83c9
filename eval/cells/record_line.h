/* record_line.h - one record as one line of CSV and back: see record.h. Pure; any thread. */
#ifndef EVAL_CELLS_RECORD_LINE_H
#define EVAL_CELLS_RECORD_LINE_H

#include "record.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { RECORD_LINE_SIZE = 4096 }; /* of a line with its NUL */

/* The header without its line end. FC_EINTERNAL when it does not fit. */
fc_status_t record_line_header(const record_table_t *table, char line[RECORD_LINE_SIZE], fc_error_t *error);

fc_status_t record_line_write(const record_table_t *table, const void *record, char line[RECORD_LINE_SIZE],
                              fc_error_t *error);

/* line: without its end, changed on the way. FC_EFORMAT: "column 'x': ...". */
fc_status_t record_line_parse(const record_table_t *table, char *line, void *record, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
