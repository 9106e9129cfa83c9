/* endpoint.h - a bound ZeroMQ socket with the options every socket of the server has.
 *
 * Each socket brings its own context, so that a module is started, stopped and tested alone. Options (measured traps:
 * docs/protocol.md): no lingering, heartbeats, a handshake deadline, a small high-water mark, a size cap after which a
 * peer is disconnected; a ROUTER reports peers that are gone instead of dropping silently and lets a reconnecting peer
 * take its routing id over. One owner thread at a time; binding may happen before that thread starts.
 */
#ifndef SERVER_INGEST_ENDPOINT_H
#define SERVER_INGEST_ENDPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { ENDPOINT_ROUTER = 0, ENDPOINT_XPUB = 1 } endpoint_kind_t;

enum { ENDPOINT_ADDRESS_SIZE = 256, ENDPOINT_PEER_SIZE = 255 };

typedef struct {
  void *context; /* of ZeroMQ */
  void *socket;
  char address[ENDPOINT_ADDRESS_SIZE]; /* the real one: wildcard ports resolved */
} endpoint_t;

/* Routing id of a peer: what a reply is sent to. */
typedef struct {
  uint8_t size;
  uint8_t bytes[ENDPOINT_PEER_SIZE];
} endpoint_peer_t;

/* Binds `address`; at most max_bytes a message, at most `backlog` messages waiting to be sent to one peer. FC_EIO says
 * which address and why. Close with endpoint_close. */
fc_status_t endpoint_open(endpoint_t *endpoint, endpoint_kind_t kind, const char *address, int64_t max_bytes,
                          int backlog, fc_error_t *error);

/* Waits at most linger_ms for messages still to be sent. Accepts a closed one. */
void endpoint_close(endpoint_t *endpoint, int linger_ms);

/* One message of a ROUTER: routing id, optional empty delimiter (REQ), body. The body is copied into *body (grown with
 * realloc, kept by the caller for the next call). Never blocks. FC_ETIMEOUT: nothing there. FC_EFORMAT: not of this
 * shape; *peer is filled. FC_ENOMEM. */
fc_status_t endpoint_receive(endpoint_t *endpoint, endpoint_peer_t *peer, int *delimited, uint8_t **body,
                             size_t *body_capacity, size_t *body_size);

/* Sends body to the peer of a ROUTER. Never blocks. FC_EEXHAUSTED: its queue is full; FC_ENOTFOUND: it is gone. */
fc_status_t endpoint_send(endpoint_t *endpoint, const endpoint_peer_t *peer, int delimited, const uint8_t *body,
                          size_t size);

/* XPUB: publishes body under topic. Never blocks. */
fc_status_t endpoint_publish(endpoint_t *endpoint, const char *topic, const uint8_t *body, size_t size);

/* XPUB: next change of subscription: topic (NUL-terminated), *subscribed 1 or 0. FC_ETIMEOUT: nothing there.
 * FC_EFORMAT: none (ignored). */
fc_status_t endpoint_subscription(endpoint_t *endpoint, char *topic, size_t topic_size, int *subscribed);

/* Waits until a message can be received or one of fds[n_fds] (at most 4) is readable, or timeout_ms passed (-1: for
 * ever). *receivable and ready[i] say which. watch_socket 0 leaves the socket out. */
fc_status_t endpoint_wait(endpoint_t *endpoint, int watch_socket, const int *fds, int n_fds, int64_t timeout_ms,
                          int *receivable, int *ready);

#ifdef __cplusplus
}
#endif
#endif
