/* link.h - the agent's connection to its server: reports out, acknowledgements, hints, policies and records in.
 *
 * Step 2 (sending), the receiving end of step 7, and the only includer of zmq.h in the agent. A DEALER to the ingest
 * socket and a SUB to the hint socket, both on the caller's thread: link_poll never blocks longer than it is told,
 * every send is DONTWAIT, and a server that is away, slow or lying costs the caller nothing but the time it grants.
 *
 *   DOWN --connected--> GREETING --WELCOME--> READY --disconnected--> DOWN
 *                          ^  |  no answer: HELLO again, backing off      |
 *                          +--+--------------------------------------------+
 *
 * After each WELCOME the unacknowledged part of the spool is sent again within the server's credit; the server knows
 * duplicates by (agent, epoch, sequence). Batches hold transitions of one epoch. A record that the server refuses as
 * invalid even when sent alone is dropped and counted, so that one bad record never stops the rest.
 * Another server key than the pinned one: nothing is sent to it and nothing accepted from it.
 * One thread. Uses the machine's clock: sockets live in real time whatever the platform's clock does.
 */
#ifndef AGENT_LINK_H
#define AGENT_LINK_H

#include "faasconf/clock.h"
#include "faasconf/log.h"
#include "ownership.h"
#include "policy_cache.h"
#include "settings.h"
#include "spool.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct link link_t;

typedef enum { LINK_OFF = 0, LINK_DOWN = 1, LINK_GREETING = 2, LINK_READY = 3, LINK_REFUSED = 4 } link_state_t;
const char *link_state_name(link_state_t state);

typedef struct {
  int64_t sent;      /* transitions handed to the socket, repeats included */
  int64_t acked;     /* transitions acknowledged and removed from the spool */
  int64_t refused;   /* records the server would not have, dropped */
  int64_t refusals;  /* REFUSAL messages */
  int64_t exhausted; /* RESOURCE_EXHAUSTED answers */
  int64_t malformed; /* frames that did not decode */
  int64_t connects;  /* WELCOMEs */
  int64_t hints;     /* hints seen */
  int64_t policies;  /* policies accepted */
  int64_t proposals;
} link_counters_t;

/* What a poll brought; the caller takes what it finds. */
typedef struct {
  fc_policy_t *policy;         /* newly accepted, or NULL; the caller takes it and sets NULL */
  fc_safety_record_t *records; /* newly received, or NULL; freed by link_poll or link_destroy */
  int32_t n_records;
  bool has_records;
} link_news_t;

/* ownership: for HELLO; NULL = all. Opens the sockets; connecting happens in the background. settings.has_server must
 * be true. Borrows all until link_destroy. Caller owns the result and destroys it with link_destroy. */
fc_status_t link_new(const settings_t *settings, const fc_workflow_t *workflow, const ownership_t *ownership,
                     uint64_t epoch, spool_t *spool, policy_cache_t *cache, fc_clock_t clock, const fc_log_t *log,
                     link_t **out, fc_error_t *error);
/* Waits at most linger_ms for what is already handed to the sockets. */
void link_destroy(link_t **link, int linger_ms);

/* Sends what can be sent, receives what is there, waiting at most timeout_ms for something. next_sequence: what the
 * next transition of this epoch will have (for HELLO). Returns true when anything was received. */
bool link_poll(link_t *link, uint64_t next_sequence, int timeout_ms);

/* Greets again, so that WELCOME tells which policy is live now; not READY until then. No effect unless READY. */
void link_refresh(link_t *link, uint64_t next_sequence);

link_state_t link_state(const link_t *link);
/* Policy version the server last called live; 0 = none or unknown. */
int64_t link_live_version(const link_t *link);
/* True while a policy newer than the one held is known and being pulled. */
bool link_is_pulling(const link_t *link);
/* Transitions on their way: sent and not yet acknowledged. */
int32_t link_in_flight(const link_t *link);

/* Asks for safety records newer than those held; the answer comes with a later poll. No effect unless READY. */
void link_request_records(link_t *link);
bool link_awaits_records(const link_t *link);

/* Sends a proposal. Dropped silently unless READY: it is advice of this window only. */
void link_propose(link_t *link, fc_wire_proposal_t *proposal);

link_news_t *link_news(link_t *link);
const link_counters_t *link_counters(const link_t *link);

#ifdef __cplusplus
}
#endif
#endif
