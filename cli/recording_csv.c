/* recording_csv.c - a recording in a CSV file: a header with the names of the columns in any order, then one row per
 * window. See docs/backtest.md. */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "recording_table.h"
#include "timestamp.h"

enum { LARGEST_FILE = 1 << 28, TIME_FIELD = -1 };

typedef struct {
  recording_t *recording;
  int32_t n_fields;
  int32_t *column_of_field; /* (n_fields) or TIME_FIELD */
  int64_t capacity;         /* rows */
} csv_t;

/* ---- lines and fields ---- */

/* Cuts the next line off *rest; NULL at the end. */
static char *next_line(char **rest) {
  char *line = *rest;
  if (line == NULL || *line == '\0') return NULL;
  char *end = strchr(line, '\n');
  *rest = end != NULL ? end + 1 : NULL;
  if (end != NULL) *end = '\0';
  const size_t n = strlen(line);
  if (n > 0 && line[n - 1] == '\r') line[n - 1] = '\0';
  return line;
}

/* Cuts the next field off *rest, without blanks around; NULL at the end. */
static char *next_field(char **rest) {
  char *field = *rest;
  if (field == NULL) return NULL;
  char *comma = strchr(field, ',');
  *rest = comma != NULL ? comma + 1 : NULL;
  if (comma != NULL) *comma = '\0';
  while (isspace((unsigned char)*field)) ++field;
  char *end = field + strlen(field);
  while (end > field && isspace((unsigned char)end[-1])) --end;
  *end = '\0';
  return field;
}

static int32_t count_fields(const char *line) {
  int32_t n = 1;
  for (; *line != '\0'; ++line) n += *line == ',';
  return n;
}

/* ---- the header ---- */

/* FUNCTION.QUANTITY, split at the last dot because functions may have dots in their names. */
static fc_status_t find_function_column(const fc_workflow_t *workflow, const char *name, recording_column_t *column,
                                        fc_error_t *error) {
  const char *dot = strrchr(name, '.');
  char function[FC_NAME_SIZE];
  const int written = snprintf(function, sizeof function, "%.*s", (int)(dot - name), name);
  column->function = written < (int)sizeof function ? fc_workflow_find(workflow, function) : -1;
  column->quantity = quantity_find(dot + 1, true);
  if (column->function < 0)
    return fc_error_set(error, FC_EFORMAT, "column '%.80s': workflow %s has no function %.60s", name, workflow->name,
                        function);
  if (column->quantity < 0)
    return fc_error_set(error, FC_EFORMAT, "column '%.80s': nothing of a function is called '%.60s'", name, dot + 1);
  return FC_OK;
}

static fc_status_t read_name(csv_t *csv, const char *name, int32_t field, bool *has_time, fc_error_t *error) {
  recording_t *recording = csv->recording;
  recording_column_t column = {.function = -1};
  csv->column_of_field[field] = TIME_FIELD;
  if (strcmp(name, "time") == 0) {
    if (*has_time) return fc_error_set(error, FC_EFORMAT, "column time is there twice");
    *has_time = true;
    return FC_OK;
  }
  if (strchr(name, '.') != NULL) {
    FC_TRY(find_function_column(recording->options.workflow, name, &column, error));
  } else {
    column.quantity = quantity_find(name, false);
    if (column.quantity < 0)
      return fc_error_set(error, FC_EFORMAT,
                          "column '%.80s' is unknown: expected time, a quantity of the workflow such as "
                          "latency_mean_s, or FUNCTION.QUANTITY such as %s.replicas",
                          name, recording->options.workflow->functions[0].name);
  }
  csv->column_of_field[field] = recording->n_columns;
  return recording_add_column(recording, column, error);
}

static fc_status_t read_header(csv_t *csv, char *line, fc_error_t *error) {
  bool has_time = false;
  csv->n_fields = count_fields(line);
  csv->column_of_field = calloc((size_t)csv->n_fields, sizeof *csv->column_of_field);
  if (csv->column_of_field == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d columns", csv->n_fields);
  char *rest = line;
  for (int32_t i = 0; i < csv->n_fields; ++i) FC_TRY(read_name(csv, next_field(&rest), i, &has_time, error));
  if (has_time) return FC_OK;
  return fc_error_set(error, FC_EFORMAT, "the header has no column time");
}

/* ---- rows ---- */

static fc_status_t grow(csv_t *csv, fc_error_t *error) {
  recording_t *recording = csv->recording;
  if (recording->n_rows < csv->capacity) return FC_OK;
  const int64_t capacity = csv->capacity > 0 ? 2 * csv->capacity : 256;
  const size_t columns = (size_t)(recording->n_columns > 0 ? recording->n_columns : 1);
  int64_t *time_ms = realloc(recording->time_ms, (size_t)capacity * sizeof *time_ms);
  if (time_ms != NULL) recording->time_ms = time_ms;
  double *values = realloc(recording->values, (size_t)capacity * columns * sizeof *values);
  if (values != NULL) recording->values = values;
  if (time_ms == NULL || values == NULL)
    return fc_error_set(error, FC_ENOMEM, "no memory for %" PRId64 " rows", capacity);
  csv->capacity = capacity;
  return FC_OK;
}

static fc_status_t read_time(const csv_t *csv, const char *text, int64_t *time_ms, fc_error_t *error) {
  const recording_t *recording = csv->recording;
  if (!timestamp_parse(text, time_ms))
    return fc_error_set(error, FC_EFORMAT,
                        "column time: expected seconds since 1970 or 2026-11-26T09:30:00Z, found '%.40s'", text);
  if (recording->n_rows > 0 && *time_ms <= recording->time_ms[recording->n_rows - 1])
    return fc_error_set(error, FC_EFORMAT, "column time: '%.40s' is not after the row before", text);
  return FC_OK;
}

static fc_status_t read_value(const csv_t *csv, int32_t column, const char *text, double *out, fc_error_t *error) {
  const recording_t *recording = csv->recording;
  char name[2 * FC_NAME_SIZE];
  *out = NAN;
  if (text[0] == '\0') return FC_OK;
  fc_status_t status = FC_OK;
  if (number_parse(text, out)) {
    status = quantity_check(recording->columns[column].quantity, *out, error);
  } else {
    status = fc_error_set(error, FC_EFORMAT, "expected a decimal number, or nothing where it is absent, found '%.40s'",
                          text);
  }
  if (status == FC_OK) return FC_OK;
  recording_column_name(recording->options.workflow, recording->columns[column], name, sizeof name);
  return fc_error_prefix(error, "column %s", name);
}

static fc_status_t read_row(csv_t *csv, char *line, fc_error_t *error) {
  recording_t *recording = csv->recording;
  const int32_t n = count_fields(line);
  if (n != csv->n_fields)
    return fc_error_set(error, FC_EFORMAT, "expected %d columns as in the header, found %d", (int)csv->n_fields,
                        (int)n);
  FC_TRY(grow(csv, error));
  double *values = recording->values + recording->n_rows * recording->n_columns;
  char *rest = line;
  for (int32_t i = 0; i < csv->n_fields; ++i) {
    const char *text = next_field(&rest);
    if (csv->column_of_field[i] == TIME_FIELD) {
      FC_TRY(read_time(csv, text, &recording->time_ms[recording->n_rows], error));
    } else {
      FC_TRY(read_value(csv, csv->column_of_field[i], text, &values[csv->column_of_field[i]], error));
    }
  }
  recording->n_rows += 1;
  return FC_OK;
}

static fc_status_t read_lines(csv_t *csv, char *text, fc_error_t *error) {
  const char *path = csv->recording->options.path;
  int64_t number = 0;
  bool has_header = false;
  for (char *line; (line = next_line(&text)) != NULL;) {
    ++number;
    if (line[strspn(line, " \t")] == '\0') continue;
    if ((has_header ? read_row(csv, line, error) : read_header(csv, line, error)) != FC_OK)
      return fc_error_prefix(error, "%s:%" PRId64, path, number);
    has_header = true;
  }
  if (!has_header) return fc_error_set(error, FC_EFORMAT, "%s: is empty", path);
  return FC_OK;
}

fc_status_t recording_read_csv(recording_t *recording, fc_error_t *error) {
  static const char byte_order_mark[] = "\xEF\xBB\xBF";
  const char *path = recording->options.path;
  csv_t csv = {.recording = recording};
  uint8_t *bytes = NULL;
  size_t size = 0;
  FC_TRY(file_read(path, LARGEST_FILE, &bytes, &size, error));
  char *text = (char *)bytes;
  text[size] = '\0';
  fc_status_t status = FC_OK;
  if (strlen(text) != size) status = fc_error_set(error, FC_EFORMAT, "%s: is not text: it has a NUL byte", path);
  if (status == FC_OK) status = read_lines(&csv, text + (strncmp(text, byte_order_mark, 3) == 0 ? 3 : 0), error);
  free(csv.column_of_field);
  free(bytes);
  return status;
}
