/* replay_rows.c - see replay_rows.h. */
#include "replay_rows.h"

#include <stdlib.h>
#include <string.h>

#include "faasconf/dims.h"

static size_t observed(const replay_rows_t *rows) {
  return (size_t)rows->n_functions * (size_t)rows->n_features;
}
static size_t acted(const replay_rows_t *rows) {
  return (size_t)rows->n_functions * FC_KNOBS;
}

fc_status_t replay_rows_init(replay_rows_t *rows, int32_t capacity, int32_t n_functions, int32_t n_features) {
  memset(rows, 0, sizeof *rows);
  rows->capacity = capacity;
  rows->n_functions = n_functions;
  rows->n_features = n_features;
  const size_t n = (size_t)capacity;
  rows->features = malloc(n * observed(rows) * sizeof(float));
  rows->next_features = malloc(n * observed(rows) * sizeof(float));
  rows->action = malloc(n * acted(rows) * sizeof(float));
  rows->reward = malloc(n * sizeof(float));
  rows->terminal = malloc(n);
  if (rows->features != NULL && rows->next_features != NULL && rows->action != NULL && rows->reward != NULL &&
      rows->terminal != NULL)
    return FC_OK;
  replay_rows_clear(rows);
  return FC_ENOMEM;
}

void replay_rows_clear(replay_rows_t *rows) {
  free(rows->features);
  free(rows->next_features);
  free(rows->action);
  free(rows->reward);
  free(rows->terminal);
  memset(rows, 0, sizeof *rows);
}

replay_row_t replay_rows_at(const replay_rows_t *rows, int32_t index) {
  const size_t i = (size_t)index;
  const replay_row_t row = {rows->features + i * observed(rows), rows->next_features + i * observed(rows),
                            rows->action + i * acted(rows), rows->reward + i, rows->terminal + i};
  return row;
}

replay_row_t replay_rows_next(const replay_rows_t *rows) {
  return replay_rows_at(rows, rows->head);
}

void replay_rows_keep(replay_rows_t *rows) {
  rows->head = (rows->head + 1) % rows->capacity;
  if (rows->size < rows->capacity) rows->size += 1;
}

int32_t replay_rows_oldest(const replay_rows_t *rows, int32_t i) {
  FC_ASSERT(i >= 0 && i < rows->size);
  return rows->size < rows->capacity ? i : (int32_t)(((int64_t)rows->head + i) % rows->capacity);
}

/* ---- checkpoint ---------------------------------------------------------------------------------------------- */

enum { N_HEADER = 5 };

static size_t row_bytes(const replay_rows_t *rows) {
  return (2 * observed(rows) + acted(rows) + 1) * sizeof(float) + 1;
}

size_t replay_rows_state_size(const replay_rows_t *rows) {
  return N_HEADER * sizeof(int32_t) + (size_t)rows->size * row_bytes(rows);
}

static uint8_t *put(uint8_t *to, const void *from, size_t size) {
  if (size > 0) memcpy(to, from, size);
  return to + size;
}

/* The filled rows are always the first `size` slots. */
uint8_t *replay_rows_save(const replay_rows_t *rows, uint8_t *bytes) {
  const int32_t header[N_HEADER] = {rows->capacity, rows->size, rows->head, rows->n_functions, rows->n_features};
  const size_t n = (size_t)rows->size;
  bytes = put(bytes, header, sizeof header);
  bytes = put(bytes, rows->features, n * observed(rows) * sizeof(float));
  bytes = put(bytes, rows->next_features, n * observed(rows) * sizeof(float));
  bytes = put(bytes, rows->action, n * acted(rows) * sizeof(float));
  bytes = put(bytes, rows->reward, n * sizeof(float));
  return put(bytes, rows->terminal, n);
}

static const uint8_t *get(void *to, const uint8_t *from, size_t size) {
  if (size > 0) memcpy(to, from, size);
  return from + size;
}

fc_status_t replay_rows_load(replay_rows_t *rows, const uint8_t **bytes, const uint8_t *end) {
  int32_t header[N_HEADER];
  const uint8_t *at = *bytes;
  if ((size_t)(end - at) < sizeof header) return FC_EFORMAT;
  at = get(header, at, sizeof header);
  if (header[0] != rows->capacity || header[3] != rows->n_functions || header[4] != rows->n_features)
    return FC_EMISMATCH;
  if (header[1] < 0 || header[1] > rows->capacity || header[2] < 0 || header[2] >= rows->capacity) return FC_EFORMAT;
  const size_t n = (size_t)header[1];
  if ((size_t)(end - at) < n * row_bytes(rows)) return FC_EFORMAT;
  rows->size = header[1];
  rows->head = header[2];
  at = get(rows->features, at, n * observed(rows) * sizeof(float));
  at = get(rows->next_features, at, n * observed(rows) * sizeof(float));
  at = get(rows->action, at, n * acted(rows) * sizeof(float));
  at = get(rows->reward, at, n * sizeof(float));
  *bytes = get(rows->terminal, at, n);
  return FC_OK;
}
