/* writer.h - the store's writer thread: group commit, and everything else that has to become durable.
 *
 * Step 3 of the flow, second half. The thread owns the store's write connection. Jobs come through one bounded queue
 * and are done in order; transitions are gathered into a group and committed together (rows or time, whichever first),
 * and only then acknowledged. Policies and safety records become visible in the registry after their commit, so that
 * whatever follows them in the queue sees them. The writer never waits for the learner or for a client; it waits only
 * for room towards the ingest thread, which never waits for the writer.
 */
#ifndef SERVER_INGEST_WRITER_H
#define SERVER_INGEST_WRITER_H

#include "endpoint.h"
#include "faasconf/clock.h"
#include "faasconf/log.h"
#include "faasconf/wire.h"
#include "queue.h"
#include "registry.h"
#include "stats.h"
#include "store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct writer writer_t;

/* What goes back to a peer of the ingest socket: exactly one per job that came from there. */
typedef struct {
  endpoint_peer_t peer;
  size_t size_bytes;   /* of the job answered: frees the agent's credit */
  fc_wire_type_t type; /* ACK, WELCOME or REFUSAL; NONE: say nothing */
  char workflow[FC_NAME_SIZE];
  fc_wire_ack_t ack; /* credit is filled in by the ingest thread */
  fc_wire_welcome_t welcome;
  fc_rpc_code_t code; /* of a refusal */
  char message[FC_ERROR_MESSAGE_SIZE];
} writer_reply_t;

/* To the learner: rows of this workflow are in the store (or the workflow is new). `lockstep`: hand `reply` back
 * through WRITER_RELEASE once they are consumed. */
typedef struct {
  char workflow[FC_NAME_SIZE];
  bool lockstep;
  writer_reply_t reply;
} writer_note_t;

/* To the RPC thread: how its WRITER_REGISTER ended. */
typedef struct {
  uint64_t token;
  fc_status_t status;
  char message[FC_ERROR_MESSAGE_SIZE];
  fc_rpc_register_response_t response;
} writer_registered_t;

typedef enum {
  WRITER_TRANSITIONS = 0, /* message owned, checked against the workflow of `snapshot` */
  WRITER_HELLO = 1,       /* message owned */
  WRITER_PROPOSAL = 2,    /* message owned */
  WRITER_REGISTER = 3,    /* workflow and text owned; answered with writer_registered_t */
  WRITER_POLICY = 4,      /* policy owned */
  WRITER_SAFETY = 5,      /* records owned */
  WRITER_RELEASE = 6,     /* a lockstep reply whose rows are consumed */
  WRITER_BARRIER = 7      /* closes the queue given: all before it is done */
} writer_kind_t;

typedef struct {
  writer_kind_t kind;
  union {
    struct {
      endpoint_peer_t peer;
      size_t size_bytes;
      uint8_t *frame; /* TRANSITIONS: (size_bytes) owned, what the message was decoded from; its rows are stored so */
      fc_wire_message_t message;
      const registry_snapshot_t *snapshot; /* TRANSITIONS: held */
    } agent;
    struct {
      uint64_t token;
      fc_workflow_t *workflow;
      char *text;
      size_t size;
    } registration;
    struct {
      registry_policy_t *policy;
      bool live; /* else candidate */
    } publication;
    struct {
      char workflow[FC_NAME_SIZE];
      fc_safety_record_t *records; /* malloc'd */
      int32_t n;
    } safety;
    writer_reply_t release;
    queue_t *barrier; /* borrowed until closed */
  } as;
} writer_job_t;

typedef struct {
  store_t *store; /* taken over by writer_start */
  registry_t *registry;
  stats_t *stats;
  const fc_log_t *log;
  fc_clock_t clock;
  queue_t *replies;    /* of writer_reply_t, to ingest; closed when the writer ends */
  queue_t *notes;      /* of writer_note_t, to the learner; NULL without one */
  queue_t *registered; /* of writer_registered_t, to rpc */
  int32_t queue_messages;
  int32_t group_commit_rows;
  int32_t group_commit_ms;
  int32_t retry_after_ms;
} writer_options_t;

/* Borrows everything but the store until writer_stop. Caller owns the result and destroys it with writer_destroy. */
fc_status_t writer_new(const writer_options_t *options, writer_t **out, fc_error_t *error);
/* Starts the thread. The store is the writer's from here on, and closed by it. */
fc_status_t writer_start(writer_t *writer, fc_error_t *error);
/* No more jobs; does those that are queued, commits, replies, closes the store and `replies`; joins. */
void writer_stop(writer_t *writer);
void writer_destroy(writer_t **writer);

/* Hands a job over. try: never waits, FC_EEXHAUSTED when full; else waits for room. FC_ECLOSED. On failure the job is
 * still the caller's. */
fc_status_t writer_submit(writer_t *writer, const writer_job_t *job);
fc_status_t writer_try_submit(writer_t *writer, const writer_job_t *job);

/* Frees what a job owns. */
void writer_job_clear(writer_job_t *job);

#ifdef __cplusplus
}
#endif
#endif
