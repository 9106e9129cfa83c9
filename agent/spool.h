/* spool.h - transitions on disk until the server has them: bounded, drop-oldest, counted.
 *
 * Step 2 writes here first, so that neither a dead server nor a dead agent loses a window. A record is one encoded
 * transition (fc_wire_encode_transition) with its identity and a CRC-32C, appended to a segment file and synced. The
 * only place in faasconf that may drop data: above `max_bytes` the oldest segment goes, its records counted.
 *
 *   spool/00000001.seg   record | record | record          record = magic u32 | size u32 | epoch u64 | sequence u64 |
 *   spool/00000002.seg   record | (torn tail: cut off)               crc u32 | payload[size]      (little-endian)
 *
 * Acknowledged records leave the index at once; a segment is deleted when its last record has left. A crash between
 * acknowledgement and deletion sends records again, which the server recognises by (agent, epoch, sequence).
 * One thread. Appending and opening block on file I/O.
 */
#ifndef AGENT_SPOOL_H
#define AGENT_SPOOL_H

#include "faasconf/wire.h"
#include "folder.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct spool spool_t;

typedef struct {
  uint64_t epoch;
  uint64_t sequence;
  uint32_t size; /* bytes of the payload */
  bool sent;     /* on its way since the last spool_unsend */
  bool acked;    /* gone already, waiting for those before it */
} spool_record_t;

/* Finds what an earlier run left; a torn tail is cut off. Borrows folder until spool_destroy. Caller owns the result
 * and destroys it with spool_destroy. */
fc_status_t spool_open(const folder_t *folder, int64_t max_bytes, spool_t **out, fc_error_t *error);
void spool_destroy(spool_t **spool);

/* Durable when it returns FC_OK. At capacity the oldest segments are dropped first. FC_EEXHAUSTED when one record alone
 * is larger than max_bytes / 2, FC_EIO when the disk refuses: either way the record counts as dropped. */
fc_status_t spool_append(spool_t *spool, uint64_t epoch, uint64_t sequence, const uint8_t *payload, size_t size,
                         fc_error_t *error);

/* Records held, oldest first; index 0 .. spool_size - 1, valid until the next append or acknowledge. */
int32_t spool_size(const spool_t *spool);
const spool_record_t *spool_at(const spool_t *spool, int32_t index);
/* Payload of one record: replaces *bytes. FC_EFORMAT when the disk changed under us. */
fc_status_t spool_load(const spool_t *spool, int32_t index, fc_wire_buffer_t *bytes, fc_error_t *error);

void spool_mark_sent(spool_t *spool, int32_t index);
/* Everything held is to be sent again (new connection, refused batch). */
void spool_unsend(spool_t *spool);

/* Removes records of `epoch` up to `sequence`, and sequence + 2 + i for every bit i of `selective`. Returns how many
 * were removed now; unknown ones are ignored. */
int32_t spool_acknowledge(spool_t *spool, uint64_t epoch, uint64_t sequence, uint64_t selective);

/* Gives one record up: nobody will ever take it. Counted as dropped; later records move one index down. */
void spool_discard(spool_t *spool, int32_t index);

/* Lowest sequence of `epoch` still held, or `otherwise`: what a HELLO announces after records were dropped. */
uint64_t spool_first_sequence(const spool_t *spool, uint64_t epoch, uint64_t otherwise);

int64_t spool_bytes(const spool_t *spool);
/* Records lost since the start: at capacity, or refused by the disk. */
uint64_t spool_dropped(const spool_t *spool);
/* Bytes of damaged records found when opening. */
int64_t spool_damaged_bytes(const spool_t *spool);

#ifdef __cplusplus
}
#endif
#endif
