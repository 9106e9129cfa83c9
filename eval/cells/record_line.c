/* record_line.c - see record_line.h. */
#include "record_line.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = 40 };

/* ---- writing ---- */

/* Appends `size` bytes and keeps the NUL; false when they do not fit. */
static bool put(char line[RECORD_LINE_SIZE], size_t *length, const char *text, size_t size) {
  if (*length + size + 1 > RECORD_LINE_SIZE) return false;
  memcpy(line + *length, text, size);
  *length += size;
  line[*length] = '\0';
  return true;
}

static bool put_text(char line[RECORD_LINE_SIZE], size_t *length, const char *text) {
  if (strpbrk(text, ",\"") == NULL) return put(line, length, text, strlen(text));
  bool fits = put(line, length, "\"", 1);
  for (const char *at = text; *at != '\0' && fits; ++at)
    fits = put(line, length, "\"\"", *at == '"' ? 1 : 0) && put(line, length, at, 1);
  return fits && put(line, length, "\"", 1);
}

static void print_double(double number, char out[NUMBER_SIZE]) {
  if (isnan(number)) {
    out[0] = '\0';
    return;
  }
  for (int digits = 15; digits <= 17; ++digits) {
    (void)snprintf(out, NUMBER_SIZE, "%.*g", digits, number);
    if (!isfinite(number) || strtod(out, NULL) == number) return;
  }
}

static void print_number(const record_field_t *field, const void *at, char out[NUMBER_SIZE]) {
  switch (field->kind) {
    case RECORD_INT32:
      (void)snprintf(out, NUMBER_SIZE, "%" PRId32, *(const int32_t *)at);
      break;
    case RECORD_INT64:
      (void)snprintf(out, NUMBER_SIZE, "%" PRId64, *(const int64_t *)at);
      break;
    case RECORD_BOOL:
      (void)snprintf(out, NUMBER_SIZE, "%d", *(const bool *)at ? 1 : 0);
      break;
    default:
      print_double(*(const double *)at, out);
      break;
  }
}

static fc_status_t check_text(const record_field_t *field, const char *text, fc_error_t *error) {
  const char *end = memchr(text, '\0', field->size);
  if (end == NULL) return fc_error_set(error, FC_EINVAL, "column '%s': a text without its end", field->name);
  for (const char *at = text; at < end; ++at) {
    const unsigned char byte = (unsigned char)*at;
    if (byte < 0x20 || byte == 0x7f)
      return fc_error_set(error, FC_EINVAL, "column '%s': the text has a control character (0x%02x)", field->name,
                          (unsigned)byte);
  }
  return FC_OK;
}

static fc_status_t too_long(const record_table_t *table, fc_error_t *error) {
  return fc_error_set(error, FC_EINTERNAL, "a %s does not fit into a line of %d bytes", table->what, RECORD_LINE_SIZE);
}

fc_status_t record_line_header(const record_table_t *table, char line[RECORD_LINE_SIZE], fc_error_t *error) {
  size_t length = 0;
  line[0] = '\0';
  for (int32_t i = 0; i < table->n_fields; ++i)
    if ((i > 0 && !put(line, &length, ",", 1)) || !put_text(line, &length, table->fields[i].name))
      return too_long(table, error);
  return FC_OK;
}

fc_status_t record_line_write(const record_table_t *table, const void *record, char line[RECORD_LINE_SIZE],
                              fc_error_t *error) {
  size_t length = 0;
  line[0] = '\0';
  for (int32_t i = 0; i < table->n_fields; ++i) {
    const record_field_t *field = &table->fields[i];
    const char *at = (const char *)record + field->offset;
    char number[NUMBER_SIZE] = "";
    if (field->kind == RECORD_TEXT) {
      FC_TRY(check_text(field, at, error));
    } else {
      print_number(field, at, number);
    }
    if ((i > 0 && !put(line, &length, ",", 1)) || !put_text(line, &length, field->kind == RECORD_TEXT ? at : number))
      return too_long(table, error);
  }
  return FC_OK;
}

/* ---- reading ---- */

/* Cuts the next field off *rest (NULL after the last), unquoted in place. NULL: a quote that does not end. */
static char *next_field(char **rest) {
  char *start = *rest, *from = start, *to = start;
  if (*start != '"') {
    char *comma = strchr(start, ',');
    if (comma != NULL) *comma = '\0';
    *rest = comma != NULL ? comma + 1 : NULL;
    return start;
  }
  for (++from; *from != '\0'; ++from) {
    if (*from == '"' && from[1] != '"') break;
    if (*from == '"') ++from;
    *to++ = *from;
  }
  if (*from != '"' || (from[1] != ',' && from[1] != '\0')) return NULL;
  *rest = from[1] == ',' ? from + 2 : NULL;
  *to = '\0';
  return start;
}

static bool parse_int(const char *text, int64_t low, int64_t high, int64_t *out) {
  char *end = NULL;
  if (*text == '\0' || *text == ' ') return false;
  errno = 0;
  const long long number = strtoll(text, &end, 10);
  *out = number;
  return errno == 0 && *end == '\0' && number >= low && number <= high;
}

static bool parse_double(const char *text, double *out) {
  char *end = NULL;
  *out = NAN;
  if (*text == '\0') return true;
  if (*text == ' ') return false;
  const double number = strtod(text, &end);
  if (*end != '\0') return false;
  *out = number;
  return true;
}

static bool parse_field(const record_field_t *field, const char *text, char *at) {
  int64_t number = 0;
  double real = 0;
  switch (field->kind) {
    case RECORD_TEXT:
      if (strlen(text) >= field->size) return false;
      memcpy(at, text, strlen(text) + 1);
      return true;
    case RECORD_INT32:
      if (!parse_int(text, INT32_MIN, INT32_MAX, &number)) return false;
      *(int32_t *)(void *)at = (int32_t)number;
      return true;
    case RECORD_INT64:
      if (!parse_int(text, INT64_MIN, INT64_MAX, &number)) return false;
      *(int64_t *)(void *)at = number;
      return true;
    case RECORD_BOOL:
      if (!parse_int(text, 0, 1, &number)) return false;
      *(bool *)at = number != 0;
      return true;
    case RECORD_DOUBLE:
      if (!parse_double(text, &real)) return false;
      *(double *)(void *)at = real;
      return true;
  }
  return false;
}

fc_status_t record_line_parse(const record_table_t *table, char *line, void *record, fc_error_t *error) {
  char *rest = line;
  memset(record, 0, table->size);
  for (int32_t i = 0; i < table->n_fields; ++i) {
    const record_field_t *field = &table->fields[i];
    if (rest == NULL)
      return fc_error_set(error, FC_EFORMAT, "%d columns; a %s has %d", (int)i, table->what, (int)table->n_fields);
    const char *text = next_field(&rest);
    if (text == NULL) return fc_error_set(error, FC_EFORMAT, "column '%s': a quote without its end", field->name);
    if (!parse_field(field, text, (char *)record + field->offset))
      return fc_error_set(error, FC_EFORMAT, "column '%s': cannot be '%.60s'", field->name, text);
  }
  if (rest != NULL)
    return fc_error_set(error, FC_EFORMAT, "more columns than the %d of a %s", (int)table->n_fields, table->what);
  return FC_OK;
}
