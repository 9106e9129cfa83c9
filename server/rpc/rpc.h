/* rpc.h - the clients' socket: requests in, answers with canonical gRPC status codes out.
 *
 * The thread owns the ROUTER socket (DEALER and REQ clients) and a read-only connection to the store. Decisions, lists
 * and status are answered at once from snapshots; a registration waits for the writer, an explanation for the critic's
 * opinion, both without holding up anybody else. Every request has a deadline: work whose deadline passed is dropped
 * and answered DEADLINE_EXCEEDED. Each request gets exactly one answer; no message ends the thread. The table of codes
 * is in docs/server.md.
 */
#ifndef SERVER_RPC_RPC_H
#define SERVER_RPC_RPC_H

#include "learner.h"
#include "writer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rpc rpc_t;

/* Registrations and explanations waiting at once; capacity of `registered` and `answers`. */
enum { RPC_MAX_PENDING = 256 };

typedef struct {
  const char *endpoint;
  const char *store; /* folder; opened read-only */
  registry_t *registry;
  stats_t *stats;
  const fc_log_t *log;
  fc_clock_t clock;
  writer_t *writer;
  queue_t *registered; /* of writer_registered_t */
  learner_t *learner;  /* NULL: explanations come without Q */
  queue_t *answers;    /* of learner_answer_t */
  int32_t default_deadline_ms;
} rpc_options_t;

/* Binds and opens the store. Borrows everything until rpc_destroy. Caller owns the result and destroys it with
 * rpc_destroy. */
fc_status_t rpc_new(const rpc_options_t *options, rpc_t **out, fc_error_t *error);
fc_status_t rpc_start(rpc_t *rpc, fc_error_t *error);
const char *rpc_address(const rpc_t *rpc);
/* Stops and joins; what still waits is answered UNAVAILABLE. */
void rpc_destroy(rpc_t **rpc);

#ifdef __cplusplus
}
#endif
#endif
