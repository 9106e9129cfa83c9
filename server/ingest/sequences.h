/* sequences.h - which sequence numbers of each (agent, epoch) are durable: what an acknowledgement says.
 *
 * Per (agent, epoch) the highest contiguous number and a bitmap of the 64 after the gap. The table is a cache of what
 * the store knows: an entry starts from the store, and a full table is emptied, which costs a query each and nothing
 * else. Only numbers of committed rows may be added. One thread.
 */
#ifndef SERVER_INGEST_SEQUENCES_H
#define SERVER_INGEST_SEQUENCES_H

#include <stdbool.h>
#include <stdint.h>

#include "faasconf/dims.h"
#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sequences sequences_t;

typedef struct {
  char agent[FC_NAME_SIZE];
  uint64_t epoch;
  uint64_t contiguous; /* all of 1..contiguous are durable */
  uint64_t selective;  /* bit i: contiguous + 2 + i is durable too */
  uint64_t horizon;    /* numbers above `contiguous` up to here may be durable without showing in the bitmap */
} sequence_t;

/* Room for n_entries (agent, epoch) pairs. Caller owns the result and destroys it with sequences_destroy. */
fc_status_t sequences_new(int32_t n_entries, sequences_t **out, fc_error_t *error);
void sequences_destroy(sequences_t **sequences);

/* The entry, or NULL when it has to be made with sequences_insert, from what the store says: the highest contiguous and
 * the highest number of all. Valid until the next insert. */
sequence_t *sequences_find(sequences_t *sequences, const char *agent, uint64_t epoch);
sequence_t *sequences_insert(sequences_t *sequences, const char *agent, uint64_t epoch, uint64_t contiguous,
                             uint64_t highest);

/* Marks one number durable. Returns true when `contiguous` moved below the horizon: ask the store again. */
bool sequence_add(sequence_t *sequence, uint64_t number);
/* Takes the store's answer; never moves back. */
void sequence_set_contiguous(sequence_t *sequence, uint64_t contiguous);

#ifdef __cplusplus
}
#endif
#endif
