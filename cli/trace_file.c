/* trace_file.c - see trace_file.h. */
#include "trace_file.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_USERS = 1 << 20 };
#define MAX_ARRIVALS_PER_MINUTE 6e6

/* Field `index` of a line, which is cut in place; NULL when there are not so many. */
static char *field_at(char *line, int32_t index) {
  char *at = line;
  for (; index > 0 && at != NULL; --index) {
    at = strchr(at, ',');
    if (at != NULL) ++at;
  }
  if (at == NULL) return NULL;
  at[strcspn(at, ",\r\n")] = '\0';
  while (*at == ' ') ++at;
  for (size_t n = strlen(at); n > 0 && at[n - 1] == ' '; --n) at[n - 1] = '\0';
  return at;
}

static bool is_users(const char *name) {
  return strncmp(name, "users", 5) == 0;
}

static bool is_wanted(const char *name, const char *wanted) {
  if (wanted == NULL) return strcmp(name, "invocations") == 0 || is_users(name);
  const size_t length = strlen(wanted);
  if (length > 0 && wanted[length - 1] == '*') return strncmp(name, wanted, length - 1) == 0;
  return strcmp(name, wanted) == 0;
}

/* Which column to read; its name into trace. */
static fc_status_t find_column(const char *path, const char *wanted, const char *header, int32_t *index,
                               trace_file_t *trace, fc_error_t *error) {
  for (int32_t i = 0;; ++i) {
    char *copy = strdup(header);
    if (copy == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a line");
    const char *name = field_at(copy, i);
    const bool end = name == NULL;
    const bool found = !end && is_wanted(name, wanted);
    if (found) {
      *index = i;
      trace->closed_loop = is_users(name);
      snprintf(trace->column, sizeof trace->column, "%s", name);
    }
    free(copy);
    if (found) return FC_OK;
    if (end) break;
  }
  return fc_error_set(error, FC_EFORMAT, "%s:1: there is no column %s among '%.200s': say which with --column", path,
                      wanted != NULL ? wanted : "invocations or users...", header);
}

static fc_status_t keep_minute(trace_file_t *trace, const char *text, fc_error_t *error) {
  char *end = NULL;
  errno = 0;
  const double value = text != NULL && strspn(text, "0123456789.eE+-") == strlen(text) ? strtod(text, &end) : NAN;
  const double largest = trace->closed_loop ? (double)MAX_USERS : MAX_ARRIVALS_PER_MINUTE;
  if (text == NULL || text[0] == '\0' || end == NULL || *end != '\0' || !(value >= 0 && value <= largest) ||
      (trace->closed_loop && value != floor(value)))
    return fc_error_set(error, FC_EFORMAT, "expected %s from 0 to %.0f, found '%.40s'",
                        trace->closed_loop ? "a whole number" : "a number", largest, text != NULL ? text : "");
  if (trace->n == TRACE_MAX_MINUTES) return fc_error_set(error, FC_EFORMAT, "more than %d minutes", TRACE_MAX_MINUTES);
  if (trace->n == trace->capacity) {
    const int32_t capacity = trace->capacity > 0 ? 2 * trace->capacity : 256;
    double *load = realloc(trace->load, (size_t)capacity * sizeof *load);
    if (load == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d minutes", (int)capacity);
    trace->load = load;
    trace->capacity = capacity;
  }
  trace->load[trace->n++] = value;
  return FC_OK;
}

static fc_status_t read_lines(FILE *file, const char *path, const char *wanted, trace_file_t *trace,
                              fc_error_t *error) {
  char *line = NULL;
  size_t size = 0;
  int64_t number = 0;
  int32_t column = 0;
  fc_status_t status = FC_OK;
  while (status == FC_OK && getline(&line, &size, file) >= 0) {
    line[strcspn(line, "\r\n")] = '\0';
    if (++number == 1) {
      status = find_column(path, wanted, line, &column, trace, error);
      continue;
    }
    if (line[0] == '\0') continue;
    status = keep_minute(trace, field_at(line, column), error);
    if (status != FC_OK) status = fc_error_prefix(error, "%s:%" PRId64 ": column %s", path, number, trace->column);
  }
  if (status == FC_OK && ferror(file)) status = fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
  free(line);
  if (status == FC_OK && trace->n == 0) status = fc_error_set(error, FC_EFORMAT, "%s: has no minutes", path);
  return status;
}

fc_status_t trace_file_read(const char *path, const char *column, trace_file_t *trace, fc_error_t *error) {
  memset(trace, 0, sizeof *trace);
  FILE *file = fopen(path, "r");
  if (file == NULL) return fc_error_set(error, FC_ENOTFOUND, "%s: %s", path, strerror(errno));
  fc_status_t status = read_lines(file, path, column, trace, error);
  fclose(file);
  if (status == FC_OK && trace_file_most(trace) <= 0)
    status = fc_error_set(error, FC_EINVAL, "%s: nothing happens in any minute", path);
  return status;
}

void trace_file_clear(trace_file_t *trace) {
  free(trace->load);
  memset(trace, 0, sizeof *trace);
}

fc_status_t trace_file_windows_per_minute(const fc_workflow_t *workflow, int32_t *out, fc_error_t *error) {
  const double per_minute = 60 / workflow->window_s;
  if (per_minute < 1 || fabs(per_minute - round(per_minute)) > 1e-9)
    return fc_error_set(error, FC_EINVAL,
                        "a minute is not a whole number of windows of %g s: set window_s to a part of 60",
                        workflow->window_s);
  *out = (int32_t)round(per_minute);
  return FC_OK;
}

double trace_file_most(const trace_file_t *trace) {
  double most = 0;
  for (int32_t m = 0; m < trace->n; ++m) most = trace->load[m] > most ? trace->load[m] : most;
  return most;
}
