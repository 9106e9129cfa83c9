/* record.h - plain structs described by a table of their fields, so that CSV and JSON are written from one list.
 *
 * CSV: a header, then one line per record; fields with a comma or a quote are quoted (RFC 4180), control characters are
 * refused, so that a record is always one line. Numbers have the fewest digits that read back the same; NaN is empty.
 * Appending is durable (fdatasync per line): what was measured survives a crash. A last line without its end is a torn
 * write and is dropped; any other malformed line is an error that names its place. All functions block on file I/O.
 */
#ifndef EVAL_CELLS_RECORD_H
#define EVAL_CELLS_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "faasconf/json.h"
#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { RECORD_TEXT, RECORD_INT32, RECORD_INT64, RECORD_DOUBLE, RECORD_BOOL } record_kind_t;

typedef struct {
  const char *name;     /* CSV column */
  const char *json_key; /* NULL: the same */
  record_kind_t kind;
  size_t offset;
  size_t size; /* of a text: with its NUL */
} record_field_t;

#define RECORD_FIELD(type, kind, member) \
  { #member, NULL, (kind), offsetof(type, member), sizeof(((type *)0)->member) }
#define RECORD_FIELD_AS(type, kind, member, key) \
  { #member, (key), (kind), offsetof(type, member), sizeof(((type *)0)->member) }

typedef struct {
  const char *what; /* "cell": for messages */
  const record_field_t *fields;
  int32_t n_fields;
  size_t size; /* of the struct */
} record_table_t;

typedef struct {
  const record_table_t *table;
  int fd;        /* -1: closed */
  bool was_torn; /* record_open found a cut last line and dropped it */
  char path[512];
} record_writer_t;

/* Reads a whole file: *records gets n structs (caller frees with free()). *torn: a cut last line was left out. A file
 * without any line is empty. FC_ENOTFOUND, FC_EFORMAT ("path:line: ..."), FC_EMISMATCH for another header, FC_ENOMEM.
 */
fc_status_t record_read(const record_table_t *table, const char *path, void **records, int32_t *n, bool *torn,
                        fc_error_t *error);

/* Opens to append: creates the file with its header, or checks the header and cuts a torn last line off. One writer per
 * file (flock). FC_ESTATE when another has it, FC_EMISMATCH for another header, FC_EIO. */
fc_status_t record_open(record_writer_t *writer, const record_table_t *table, const char *path, fc_error_t *error);

/* One line, durable at return. FC_EINVAL for a text with control characters or without its NUL; FC_EIO. */
fc_status_t record_append(record_writer_t *writer, const void *record, fc_error_t *error);

/* The whole file at once, replacing what was there. Errors as record_append; FC_ENOMEM. */
fc_status_t record_replace(const record_table_t *table, const char *path, const void *records, int32_t n,
                           fc_error_t *error);

/* The same of an open file: it holds these records and nothing else, whatever happens meanwhile, and no other writer
 * gets in between; appending goes on behind them. After an error the file is as it was. */
fc_status_t record_rewrite(record_writer_t *writer, const void *records, int32_t n, fc_error_t *error);

/* Closing twice, or what record_open refused, does nothing. */
void record_close(record_writer_t *writer);

/* All fields in the order of the table; NaN becomes null. Caller owns the result. */
fc_json_t *record_json(const record_table_t *table, const void *record);

#ifdef __cplusplus
}
#endif
#endif
