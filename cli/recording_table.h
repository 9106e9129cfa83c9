/* recording_table.h - what the two readers of recordings share: names of quantities, their values, their places.
 *
 * Readers fill columns, column_of, time_ms and values of a recording whose options are set. One thread.
 */
#ifndef CLI_RECORDING_TABLE_H
#define CLI_RECORDING_TABLE_H

#include "recording.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "latency_mean_s"; quantities of functions without their name. Static storage. */
const char *quantity_name(int32_t quantity);
/* The quantity of the workflow, or of functions, with this name; -1. */
int32_t quantity_find(const char *name, bool of_function);
bool quantity_is_count(int32_t quantity);

/* A value as the data has it: within bounds, and counts and knobs whole. FC_EFORMAT says what was expected. */
fc_status_t quantity_check(int32_t quantity, double value, fc_error_t *error);

/* Decimal notation only: strtod alone would also take NaN, infinities and hexadecimal. */
bool number_parse(const char *text, double *out);

/* Where column_of keeps a quantity; how many places it has. */
int32_t recording_slot(recording_column_t column);
int32_t recording_slots(const fc_workflow_t *workflow);

/* The column of a quantity, or -1. */
int32_t recording_column(const recording_t *recording, recording_column_t column);

/* Adds a column. FC_EFORMAT when it is there already, FC_ENOMEM. */
fc_status_t recording_add_column(recording_t *recording, recording_column_t column, fc_error_t *error);

/* The readers. */
fc_status_t recording_read_csv(recording_t *recording, fc_error_t *error);
fc_status_t recording_read_prometheus(recording_t *recording, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
