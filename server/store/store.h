/* store.h - everything durable: one folder, one SQLite database, one writer.
 *
 * `DIR/faasconf.db` (WAL, synchronous=FULL, STRICT tables; schema.sql is the single source) and `DIR/lock`, held by the
 * process that writes and naming its RPC address. A store_t belongs to one thread. All calls may block on disk. After
 * FC_EIO or FC_EEXHAUSTED (disk full) the transaction was rolled back: nothing of it is stored, the store stays usable.
 */
#ifndef SERVER_STORE_STORE_H
#define SERVER_STORE_STORE_H

#include "faasconf/policy.h"
#include "faasconf/safety.h"
#include "faasconf/transition.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct store store_t;

typedef enum {
  STORE_READ_WRITE = 0, /* made when absent */
  STORE_READ_ONLY = 1,
  STORE_EXISTING = 2 /* read and write, but never made: a misspelt path is an error */
} store_access_t;

/* Opens or (STORE_READ_WRITE) creates; FC_ENOTFOUND otherwise when there is none. `address` goes into the lock file, ""
 * for a command. FC_ESTATE when another process holds the lock: the message names its pid and address. FC_EMISMATCH for
 * a newer schema. FC_EFORMAT for a damaged database. Caller owns the result and destroys it with store_destroy. */
fc_status_t store_open(const char *directory, store_access_t access, const char *address, store_t **out,
                       fc_error_t *error);
void store_destroy(store_t **store);
/* Rewrites the address in the lock (after the sockets are bound). */
fc_status_t store_set_address(store_t *store, const char *address, fc_error_t *error);

/* Group commit: begin, any number of inserts, commit (or rollback). */
fc_status_t store_begin(store_t *store, fc_error_t *error);
fc_status_t store_commit(store_t *store, fc_error_t *error);
void store_rollback(store_t *store);

/* ---- workflows ---- */
/* Keeps the file's text under its digest and puts it into use for its name. *created false when it was there. */
fc_status_t store_put_workflow(store_t *store, const fc_workflow_t *workflow, const char *text, size_t size,
                               bool *created, fc_error_t *error);
/* Parses the file of this name that was registered last. FC_ENOTFOUND. Caller owns *out. */
fc_status_t store_get_workflow(store_t *store, const char *name, fc_workflow_t **out, fc_error_t *error);
/* names: malloc'd array of n names; caller frees. */
fc_status_t store_list_workflows(store_t *store, char (**names)[FC_NAME_SIZE], int32_t *n, fc_error_t *error);

/* ---- windows (transitions) ---- */
/* Idempotent on (agent, epoch, sequence). *duplicate true: it was there and nothing changed. */
fc_status_t store_insert_transition(store_t *store, const fc_workflow_t *workflow, const fc_transition_t *transition,
                                    bool *duplicate, fc_error_t *error);
/* store_insert_transition for one whose bytes are at hand: what fc_wire_encode_transition gives, or what was received.
 */
fc_status_t store_insert_encoded(store_t *store, const fc_workflow_t *workflow, const fc_transition_t *transition,
                                 const uint8_t *bytes, size_t size, bool *duplicate, fc_error_t *error);
/* Idempotent on row_digest (SHA-256 of the canonical row); for imported rows. */
fc_status_t store_insert_imported(store_t *store, const fc_workflow_t *workflow, const fc_transition_t *transition,
                                  const uint8_t row_digest[FC_DIGEST_SIZE], bool *duplicate, fc_error_t *error);
/* Highest n such that all sequences 1..n of (agent, epoch) are stored. */
fc_status_t store_contiguous_sequence(store_t *store, const char *agent, uint64_t epoch, uint64_t *sequence,
                                      fc_error_t *error);
/* Highest stored sequence of (agent, epoch), 0 when there is none: how far rows above a gap can reach. */
fc_status_t store_highest_sequence(store_t *store, const char *agent, uint64_t epoch, uint64_t *sequence,
                                   fc_error_t *error);
/* Calls visit for each transition of the workflow in insertion order with id > after_id; a visit other than FC_OK ends
 * it and is returned. `heldout`: first 8 bytes (little-endian) of the row's digest mod 5 == 0. The transition is
 * borrowed during the call. */
typedef fc_status_t (*store_visit_t)(void *context, int64_t id, bool heldout, const fc_transition_t *transition);
fc_status_t store_each_transition(store_t *store, const fc_workflow_t *workflow, int64_t after_id, store_visit_t visit,
                                  void *context, fc_error_t *error);
/* Id of the newest window but n_newest: after_id so that store_each_transition visits the n_newest (>= 1) newest ones.
 * 0 when there are no more than these. */
fc_status_t store_window_before(store_t *store, const char *workflow, int64_t n_newest, int64_t *id, fc_error_t *error);
fc_status_t store_count_transitions(store_t *store, const char *workflow, int64_t *n, fc_error_t *error);
/* The newest window of the workflow into *transition (initialised for its N). FC_ENOTFOUND. */
fc_status_t store_latest_transition(store_t *store, const fc_workflow_t *workflow, fc_transition_t *transition,
                                    fc_error_t *error);

/* ---- policies: candidate, shadow, canary, live, retired ---- */
typedef struct {
  int64_t version; /* per workflow, ascending from 1; assigned by store_put_policy */
  char workflow[FC_NAME_SIZE], kind[FC_NAME_SIZE], variant[FC_NAME_SIZE], state[FC_NAME_SIZE];
  uint8_t digest[FC_DIGEST_SIZE];
  int64_t created_us, updates;
  double heldout_r2, heldout_error; /* NaN = none */
} store_policy_entry_t;
/* Next version number of a workflow. */
fc_status_t store_next_policy_version(store_t *store, const char *workflow, int64_t *version, fc_error_t *error);
/* Manifest and weights as encoded (the manifest carries `version`). state "candidate" or "live"; making one live
 * retires the previous live one in the same transaction. */
fc_status_t store_put_policy(store_t *store, const fc_policy_t *policy, const char *manifest, size_t manifest_size,
                             const uint8_t *weights, size_t weights_size, const char *state, int64_t created_us,
                             fc_error_t *error);
fc_status_t store_set_policy_state(store_t *store, const char *workflow, int64_t version, const char *state,
                                   fc_error_t *error);
/* version 0 = live. Buffers are the caller's to free(). FC_ENOTFOUND. */
fc_status_t store_get_policy(store_t *store, const char *workflow, int64_t version, store_policy_entry_t *entry,
                             char **manifest, size_t *manifest_size, uint8_t **weights, size_t *weights_size,
                             fc_error_t *error);
/* workflow "" = all; malloc'd, caller frees. */
fc_status_t store_list_policies(store_t *store, const char *workflow, store_policy_entry_t **entries, int32_t *n,
                                fc_error_t *error);

/* ---- safety records ---- */
/* Replaces the workflow's records by these under the next version, returned. */
fc_status_t store_put_safety(store_t *store, const char *workflow, const fc_safety_record_t *records, int32_t n,
                             int64_t *version, fc_error_t *error);
/* malloc'd array; each record is the caller's to clear, then free the array. n 0 when there are none. */
fc_status_t store_get_safety(store_t *store, const char *workflow, fc_safety_record_t **records, int32_t *n,
                             int64_t *version, fc_error_t *error);

/* ---- events (what happened, for people) ---- */
fc_status_t store_put_event(store_t *store, int64_t at_us, const char *kind, const char *text, fc_error_t *error);

/* A consistent copy while in use (backup API). */
fc_status_t store_backup(store_t *store, const char *path, fc_error_t *error);
/* quick_check. */
fc_status_t store_check(store_t *store, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
