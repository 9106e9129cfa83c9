/* series.c - see series.h. */
#include "series.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "record_line.h"

#define TEXT(member) RECORD_FIELD(series_point_t, RECORD_TEXT, member)
#define REAL(member) RECORD_FIELD(series_point_t, RECORD_DOUBLE, member)
#define COUNT(member) RECORD_FIELD(series_point_t, RECORD_INT32, member)
#define TRUTH(member) RECORD_FIELD(series_point_t, RECORD_BOOL, member)

static const record_field_t fields[] = {
    TEXT(workflow),
    TEXT(world),
    TEXT(method),
    TEXT(variant),
    TEXT(safety),
    TRUTH(rails),
    RECORD_FIELD(series_point_t, RECORD_INT64, seed),
    COUNT(minute),
    COUNT(users),
    REAL(latency_s),
    REAL(latency_target_s),
    REAL(cost_usd_h),
    REAL(successes),
    TRUTH(violated),
};

const record_table_t series_table = {"minute of a series", fields, sizeof fields / sizeof fields[0],
                                     sizeof(series_point_t)};

fc_status_t series_read(const char *path, series_point_t **points, int32_t *n, bool *torn, fc_error_t *error) {
  void *records = NULL;
  const fc_status_t status = record_read(&series_table, path, &records, n, torn, error);
  *points = records;
  return status;
}

/* line with its line end behind text. */
static void add_line(char *text, size_t *length, const char *line) {
  memcpy(text + *length, line, strlen(line));
  *length += strlen(line);
  text[(*length)++] = '\n';
}

fc_status_t series_write(const char *path, const series_point_t *points, int32_t n, fc_error_t *error) {
  char line[RECORD_LINE_SIZE];
  char *text = malloc(((size_t)n + 1) * RECORD_LINE_SIZE);
  size_t length = 0;
  fc_status_t status = FC_OK;
  if (text == NULL) return fc_error_set(error, FC_ENOMEM, "%s: no memory for %d lines", path, (int)n);
  FC_TRY_GOTO(record_line_header(&series_table, line, error), status, end);
  add_line(text, &length, line);
  for (int32_t i = 0; i < n; ++i) {
    FC_TRY_GOTO(record_line_write(&series_table, &points[i], line, error), status, end);
    add_line(text, &length, line);
  }
  status = file_replace(path, text, length, error);
end:
  free(text);
  return status;
}
