/* replay_rows.h - inside server/replay: a ring of rows, each part one array.
 *
 * Position `head` is written next; a full ring overwrites its oldest row there. One thread; only init allocates.
 */
#ifndef SERVER_REPLAY_REPLAY_ROWS_H
#define SERVER_REPLAY_REPLAY_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "faasconf/status.h"

typedef struct {
  int32_t capacity, size, head;
  int32_t n_functions, n_features;
  float *features;      /* (capacity, N, O) raw, NaN where absent */
  float *next_features; /* (capacity, N, O) */
  float *action;        /* (capacity, N, A) */
  float *reward;        /* (capacity) */
  uint8_t *terminal;    /* (capacity) */
} replay_rows_t;

/* Views of one row. */
typedef struct {
  float *features, *next_features, *action, *reward;
  uint8_t *terminal;
} replay_row_t;

fc_status_t replay_rows_init(replay_rows_t *rows, int32_t capacity, int32_t n_functions, int32_t n_features);
void replay_rows_clear(replay_rows_t *rows);

/* The row to be written; replay_rows_keep then counts it in. */
replay_row_t replay_rows_next(const replay_rows_t *rows);
void replay_rows_keep(replay_rows_t *rows);
replay_row_t replay_rows_at(const replay_rows_t *rows, int32_t index);
/* Index of the i-th oldest row. */
int32_t replay_rows_oldest(const replay_rows_t *rows, int32_t i);

/* Bytes of the filled rows, in ring order, with sizes; for checkpoints. */
size_t replay_rows_state_size(const replay_rows_t *rows);
uint8_t *replay_rows_save(const replay_rows_t *rows, uint8_t *bytes);
/* Moves *bytes past what was read. FC_EFORMAT when it does not fit; FC_EMISMATCH for other dims. */
fc_status_t replay_rows_load(replay_rows_t *rows, const uint8_t **bytes, const uint8_t *end);

#endif
