/* pull.h - one policy on its way to this agent: chunks by offset, put together and bounded.
 *
 * The state between a hint and a whole policy. Chunks may be lost, repeated or of another version; only the next
 * expected offset of the version under way counts, so that asking again is always right. Pure; memory is bounded by
 * max_bytes. One thread.
 */
#ifndef AGENT_PULL_H
#define AGENT_PULL_H

#include "faasconf/wire.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int64_t max_bytes;
  bool active;
  fc_wire_hint_t hint; /* of the version under way */
  uint8_t *bytes;
  uint64_t have, total;
} pull_t;

/* Starts (or restarts) on the version of this hint, whose signature was checked. FC_EEXHAUSTED: larger than max_bytes.
 * FC_ENOMEM. */
fc_status_t pull_start(pull_t *pull, const fc_wire_hint_t *hint, fc_error_t *error);
void pull_clear(pull_t *pull);

/* Takes a chunk. Returns true when the policy is complete: bytes holds manifest then weights. Others are ignored. */
bool pull_add(pull_t *pull, const fc_wire_chunk_t *chunk);

#ifdef __cplusplus
}
#endif
#endif
