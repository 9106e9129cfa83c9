/* peers.h - which agents count as connected: those that said HELLO and were heard of lately.
 *
 * Bounded: when full, new ones are served and not counted. One thread.
 */
#ifndef SERVER_INGEST_PEERS_H
#define SERVER_INGEST_PEERS_H

#include "endpoint.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct peers peers_t;

/* Caller owns the result and destroys it with peers_destroy. */
fc_status_t peers_new(int32_t capacity, peers_t **out, fc_error_t *error);
void peers_destroy(peers_t **peers);
/* Counts it from now on. */
void peers_seen(peers_t *peers, const endpoint_peer_t *peer, int64_t now_ns);
/* Heard of it; nothing when it does not count. */
void peers_touch(peers_t *peers, const endpoint_peer_t *peer, int64_t now_ns);
void peers_forget(peers_t *peers, const endpoint_peer_t *peer);
/* Forgets all that were not heard of since before_ns. */
void peers_sweep(peers_t *peers, int64_t before_ns);
int32_t peers_count(const peers_t *peers);

#ifdef __cplusplus
}
#endif
#endif
