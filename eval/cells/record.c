/* record.c - see record.h. */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "record_line.h"

static const size_t max_file_bytes = (size_t)256 << 20;

/* ---- reading ---- */

static fc_status_t check_header(const record_table_t *table, const char *path, const char *line, fc_error_t *error) {
  char expected[RECORD_LINE_SIZE];
  FC_TRY(record_line_header(table, expected, error));
  if (strcmp(line, expected) == 0) return FC_OK;
  return fc_error_set(
      error, FC_EMISMATCH,
      "%s: not the columns of a %s as this program writes them (they begin with '%.60s'); move the file "
      "away or name another",
      path, table->what, expected);
}

/* Lines that are whole; what follows the last line end is torn. */
static int64_t count_lines(const char *text, size_t size, size_t *whole) {
  int64_t n = 0;
  *whole = 0;
  for (size_t i = 0; i < size; ++i) {
    if (text[i] != '\n') continue;
    n += 1;
    *whole = i + 1;
  }
  return n;
}

/* text: n_lines whole lines, the first one the header. */
static fc_status_t parse_lines(const record_table_t *table, const char *path, char *text, int32_t n_lines,
                               char *records, fc_error_t *error) {
  for (int32_t i = 0; i < n_lines; ++i) {
    char *end = strchr(text, '\n');
    if (end == NULL) return fc_error_set(error, FC_EFORMAT, "%s:%d: a line with a NUL byte", path, (int)i + 1);
    *end = '\0';
    if (i == 0) {
      FC_TRY(check_header(table, path, text, error));
    } else if (record_line_parse(table, text, records + (size_t)(i - 1) * table->size, error) != FC_OK) {
      return fc_error_prefix(error, "%s:%d", path, (int)i + 1);
    }
    text = end + 1;
  }
  return FC_OK;
}

fc_status_t record_read(const record_table_t *table, const char *path, void **records, int32_t *n, bool *torn,
                        fc_error_t *error) {
  uint8_t *text = NULL;
  size_t size = 0, whole = 0;
  *records = NULL;
  *n = 0;
  *torn = false;
  FC_TRY(file_read(path, max_file_bytes, &text, &size, error));
  text[size] = '\0';
  const int64_t n_lines = count_lines((char *)text, size, &whole);
  fc_status_t status = FC_OK;
  *torn = whole < size;
  text[whole] = '\0';
  char *found = n_lines > 1 ? calloc((size_t)n_lines, table->size) : NULL;
  if (n_lines >= INT32_MAX) {
    status = fc_error_set(error, FC_EFORMAT, "%s: too many lines", path);
  } else if (n_lines > 1 && found == NULL) {
    status = fc_error_set(error, FC_ENOMEM, "%s: no memory for %lld lines", path, (long long)n_lines);
  } else {
    status = parse_lines(table, path, (char *)text, (int32_t)n_lines, found, error);
  }
  free(text);
  if (status != FC_OK) {
    free(found);
    return status;
  }
  *records = found;
  *n = n_lines > 1 ? (int32_t)n_lines - 1 : 0;
  return FC_OK;
}

/* ---- appending ---- */

static fc_status_t write_line(const record_writer_t *writer, char *line, fc_error_t *error) {
  const off_t start = lseek(writer->fd, 0, SEEK_END);
  const size_t size = strlen(line) + 1;
  line[size - 1] = '\n';
  ssize_t written = 0;
  do {
    written = write(writer->fd, line, size);
  } while (written < 0 && errno == EINTR);
  if (written == (ssize_t)size && fdatasync(writer->fd) == 0) return FC_OK;
  const fc_status_t status = fc_error_set(error, FC_EIO, "%s: %s", writer->path,
                                          written >= 0 && written < (ssize_t)size ? "no room" : strerror(errno));
  if (start >= 0 && ftruncate(writer->fd, start) != 0) return status; /* the next opening drops the torn line */
  return status;
}

/* Cuts what follows the last line end; *size: what is left. */
static fc_status_t cut_torn_line(record_writer_t *writer, size_t *size, fc_error_t *error) {
  uint8_t *text = NULL;
  size_t whole = 0;
  FC_TRY(file_read(writer->path, max_file_bytes, &text, size, error));
  (void)count_lines((char *)text, *size, &whole);
  free(text);
  writer->was_torn = whole < *size;
  if (writer->was_torn && ftruncate(writer->fd, (off_t)whole) != 0)
    return fc_error_set(error, FC_EIO, "%s: %s", writer->path, strerror(errno));
  *size = whole;
  return FC_OK;
}

static fc_status_t prepare(record_writer_t *writer, fc_error_t *error) {
  char line[RECORD_LINE_SIZE];
  void *records = NULL;
  int32_t n = 0;
  bool torn = false;
  size_t size = 0;
  if (flock(writer->fd, LOCK_EX | LOCK_NB) != 0)
    return fc_error_set(error, FC_ESTATE, "%s: another experiment is writing to it: wait for its end or name another",
                        writer->path);
  FC_TRY(cut_torn_line(writer, &size, error));
  if (size == 0) {
    FC_TRY(record_line_header(writer->table, line, error));
    return write_line(writer, line, error);
  }
  FC_TRY(record_read(writer->table, writer->path, &records, &n, &torn, error));
  free(records);
  return FC_OK;
}

fc_status_t record_open(record_writer_t *writer, const record_table_t *table, const char *path, fc_error_t *error) {
  *writer = (record_writer_t){.table = table, .fd = -1};
  if (strlen(path) >= sizeof writer->path)
    return fc_error_set(error, FC_EINVAL, "%.200s...: the path is too long", path);
  memcpy(writer->path, path, strlen(path) + 1);
  writer->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (writer->fd < 0) return fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
  const fc_status_t status = prepare(writer, error);
  if (status != FC_OK) record_close(writer);
  return status;
}

fc_status_t record_append(record_writer_t *writer, const void *record, fc_error_t *error) {
  char line[RECORD_LINE_SIZE];
  FC_ASSERT(writer->fd >= 0);
  if (record_line_write(writer->table, record, line, error) != FC_OK) return fc_error_prefix(error, "%s", writer->path);
  return write_line(writer, line, error);
}

void record_close(record_writer_t *writer) {
  if (writer->fd >= 0) (void)close(writer->fd);
  writer->fd = -1;
}

/* ---- whole files ---- */

/* line with its line end behind text. */
static void add_line(char *text, size_t *length, const char *line) {
  memcpy(text + *length, line, strlen(line));
  *length += strlen(line);
  text[(*length)++] = '\n';
}

/* Header and lines of the whole file; the caller frees *text, also after a failure. */
static fc_status_t print_all(const record_table_t *table, const char *path, const void *records, int32_t n, char **text,
                             size_t *length, fc_error_t *error) {
  char line[RECORD_LINE_SIZE];
  *length = 0;
  *text = malloc(((size_t)n + 1) * RECORD_LINE_SIZE);
  if (*text == NULL) return fc_error_set(error, FC_ENOMEM, "%s: no memory for %d lines", path, (int)n);
  FC_TRY(record_line_header(table, line, error));
  add_line(*text, length, line);
  for (int32_t i = 0; i < n; ++i) {
    FC_TRY(record_line_write(table, (const char *)records + (size_t)i * table->size, line, error));
    add_line(*text, length, line);
  }
  return FC_OK;
}

fc_status_t record_replace(const record_table_t *table, const char *path, const void *records, int32_t n,
                           fc_error_t *error) {
  char *text = NULL;
  size_t length = 0;
  fc_status_t status = print_all(table, path, records, n, &text, &length, error);
  if (status == FC_OK) status = file_replace(path, text, length, error);
  free(text);
  return status;
}

/* The old file stays locked until its successor is: who opens the old one is refused, who opens the new one, too. */
fc_status_t record_rewrite(record_writer_t *writer, const void *records, int32_t n, fc_error_t *error) {
  FC_ASSERT(writer->fd >= 0);
  const int old = writer->fd;
  char path[sizeof writer->path + 8];
  record_writer_t next = {.table = writer->table, .fd = -1};
  snprintf(path, sizeof path, "%s.new", writer->path);
  FC_TRY(record_replace(writer->table, path, records, n, error));
  fc_status_t status = FC_OK;
  next.fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
  if (next.fd < 0 || flock(next.fd, LOCK_EX | LOCK_NB) != 0 || rename(path, writer->path) != 0)
    status = fc_error_set(error, FC_EIO, "%s: %s", writer->path, strerror(errno));
  if (status != FC_OK) {
    record_close(&next);
    (void)unlink(path);
    return status;
  }
  writer->fd = next.fd;
  (void)close(old);
  return FC_OK;
}

/* ---- JSON ---- */

fc_json_t *record_json(const record_table_t *table, const void *record) {
  fc_json_t *out = fc_json_object();
  for (int32_t i = 0; i < table->n_fields; ++i) {
    const record_field_t *field = &table->fields[i];
    const void *at = (const char *)record + field->offset;
    const char *key = field->json_key != NULL ? field->json_key : field->name;
    switch (field->kind) {
      case RECORD_TEXT:
        fc_json_set_string(out, key, at);
        break;
      case RECORD_INT32:
        fc_json_set_int(out, key, *(const int32_t *)at);
        break;
      case RECORD_INT64:
        fc_json_set_int(out, key, *(const int64_t *)at);
        break;
      case RECORD_BOOL:
        fc_json_set_bool(out, key, *(const bool *)at);
        break;
      case RECORD_DOUBLE:
        fc_json_set_double(out, key, *(const double *)at);
        break;
    }
  }
  return out;
}
