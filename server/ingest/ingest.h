/* ingest.h - step 3 of the flow: the agents' socket. Frames in, acknowledgements, policy chunks and refusals out.
 *
 * The thread owns the ROUTER socket. It decodes and checks each frame (wire.h, then the registered workflow), hands
 * what must become durable to the writer without ever waiting for it, and answers reads (PULL, SAFETY_PULL) itself from
 * the registry's snapshot. Received and not yet durable bytes are bounded; beyond the bound, rows are answered
 * RESOURCE_EXHAUSTED, never dropped and never acknowledged. No frame, however damaged, ends the thread.
 */
#ifndef SERVER_INGEST_INGEST_H
#define SERVER_INGEST_INGEST_H

#include "faasconf/rpc.h"
#include "writer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ingest ingest_t;

typedef struct {
  const char *endpoint;
  registry_t *registry;
  stats_t *stats;
  const fc_log_t *log;
  fc_clock_t clock;
  writer_t *writer;
  queue_t *replies; /* of writer_reply_t, from the writer */
  int64_t credit_bytes;
  int64_t queue_bytes;
  int32_t retry_after_ms;
} ingest_options_t;

/* Binds. Borrows everything until ingest_destroy. Caller owns the result and destroys it with ingest_destroy. */
fc_status_t ingest_new(const ingest_options_t *options, ingest_t **out, fc_error_t *error);
fc_status_t ingest_start(ingest_t *ingest, fc_error_t *error);
/* The real address. */
const char *ingest_address(const ingest_t *ingest);
/* Reads no further frame; replies go on being sent. Any thread. */
void ingest_stop_reading(ingest_t *ingest);
/* Joins: call it after the writer has closed `replies`. */
void ingest_join(ingest_t *ingest);
/* Stops reading and joins when that was not done. */
void ingest_destroy(ingest_t **ingest);

#ifdef __cplusplus
}
#endif
#endif
