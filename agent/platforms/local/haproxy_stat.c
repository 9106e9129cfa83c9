/* haproxy_stat.c - see haproxy_stat.h. */
#include "haproxy_stat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELD_SIZE = 256, MAX_ROWS = 1 << 17 };

typedef enum { PXNAME = 0, SVNAME, QCUR, SCUR, SLIM, STATUS, TYPE, REQ_TOT, ADDR, COLUMNS } column_t;

/* Reads one field into out (cut off when too long), quoted ones without their quotes; returns what follows its comma,
 * or NULL at the end of the line. */
static const char *next_field(const char *at, char *out, size_t size) {
  size_t length = 0;
  const bool quoted = *at == '"';
  if (quoted) ++at;
  while (*at && (quoted || (*at != ',' && *at != '\n'))) {
    if (quoted && *at == '"') {
      if (at[1] != '"') break;
      ++at;
    }
    if (length + 1 < size) out[length++] = *at;
    ++at;
  }
  out[length] = '\0';
  if (quoted && *at == '"') ++at;
  return *at == ',' ? at + 1 : NULL;
}

static bool read_header(const char *line, int32_t *place) {
  static const char *const names[COLUMNS] = {"pxname", "svname", "qcur",    "scur", "slim",
                                             "status", "type",   "req_tot", "addr"};
  for (int32_t c = 0; c < COLUMNS; ++c) place[c] = -1;
  if (strncmp(line, "# ", 2) != 0) return false;
  const char *at = line + 2;
  char field[FIELD_SIZE];
  for (int32_t i = 0; at; ++i) {
    at = next_field(at, field, sizeof field);
    for (int32_t c = 0; c < COLUMNS; ++c)
      if (strcmp(field, names[c]) == 0) place[c] = i;
  }
  for (int32_t c = 0; c < COLUMNS; ++c)
    if (place[c] < 0) return false;
  return true;
}

static void take_field(haproxy_stat_row_t *row, column_t column, const char *text) {
  const int64_t number = strtoll(text, NULL, 10);
  const char *colon = strrchr(text, ':');
  switch (column) {
    case PXNAME:
      snprintf(row->proxy, sizeof row->proxy, "%.*s", FC_NAME_SIZE - 1, text);
      break;
    case SVNAME:
      snprintf(row->server, sizeof row->server, "%.*s", FC_NAME_SIZE - 1, text);
      break;
    case QCUR:
      row->waiting = number;
      break;
    case SCUR:
      row->in_service = number;
      break;
    case SLIM:
      row->limit = number;
      break;
    case STATUS: /* "UP", "UP 1/2" (going down), "no check", "DOWN 1/2", "MAINT", "DRAIN", "OPEN" */
      row->up = strncmp(text, "UP", 2) == 0 || strcmp(text, "no check") == 0;
      row->maintained = strncmp(text, "MAINT", 5) == 0;
      row->drained = strncmp(text, "DRAIN", 5) == 0;
      break;
    case TYPE:
      row->kind = number == 0 ? HAPROXY_STAT_FRONTEND : number == 1 ? HAPROXY_STAT_BACKEND : HAPROXY_STAT_SERVER;
      break;
    case REQ_TOT:
      row->requests = number;
      break;
    case ADDR:
      row->port = colon ? (int32_t)strtol(colon + 1, NULL, 10) : 0;
      break;
    case COLUMNS:
      break;
  }
}

static bool read_row(const char *line, const int32_t *place, haproxy_stat_row_t *row) {
  memset(row, 0, sizeof *row);
  const char *at = line;
  char field[FIELD_SIZE];
  int32_t found = 0;
  for (int32_t i = 0; at; ++i) {
    at = next_field(at, field, sizeof field);
    for (int32_t c = 0; c < COLUMNS; ++c) {
      if (place[c] != i) continue;
      take_field(row, (column_t)c, field);
      found += 1;
    }
  }
  return found == COLUMNS;
}

fc_status_t haproxy_stat_parse(const char *text, haproxy_stat_t *stat, fc_error_t *error) {
  memset(stat, 0, sizeof *stat);
  int32_t place[COLUMNS];
  if (!read_header(text, place))
    return fc_error_set(error, FC_EFORMAT, "haproxy: show stat: the first line has not the expected columns");
  int32_t lines = 0;
  for (const char *at = text; *at; ++at) lines += *at == '\n';
  if (lines > MAX_ROWS) return fc_error_set(error, FC_EEXHAUSTED, "haproxy: show stat has %d lines", (int)lines);
  stat->rows = calloc((size_t)lines + 1, sizeof *stat->rows);
  if (!stat->rows) return fc_error_set(error, FC_ENOMEM, "haproxy: out of memory");
  for (const char *line = strchr(text, '\n'); line && line[1] && line[1] != '\n'; line = strchr(line + 1, '\n')) {
    if (!strchr(line + 1, '\n') || !read_row(line + 1, place, &stat->rows[stat->n_rows]))
      return fc_error_set(error, FC_EFORMAT, "haproxy: show stat: line %d is cut off", (int)stat->n_rows + 2);
    stat->n_rows += 1;
  }
  return FC_OK;
}

void haproxy_stat_clear(haproxy_stat_t *stat) {
  free(stat->rows);
  memset(stat, 0, sizeof *stat);
}

const haproxy_stat_row_t *haproxy_stat_find(const haproxy_stat_t *stat, const char *backend, const char *server) {
  const haproxy_stat_kind_t kind = server ? HAPROXY_STAT_SERVER : HAPROXY_STAT_BACKEND;
  for (int32_t i = 0; i < stat->n_rows; ++i) {
    const haproxy_stat_row_t *row = &stat->rows[i];
    if (row->kind == kind && strcmp(row->proxy, backend) == 0 && (!server || strcmp(row->server, server) == 0))
      return row;
  }
  return NULL;
}

const haproxy_stat_row_t *haproxy_stat_frontend(const haproxy_stat_t *stat, const char *frontend) {
  for (int32_t i = 0; i < stat->n_rows; ++i)
    if (stat->rows[i].kind == HAPROXY_STAT_FRONTEND && strcmp(stat->rows[i].proxy, frontend) == 0)
      return &stat->rows[i];
  return NULL;
}
