/* store_windows.c - transitions: idempotent insert, reading in order. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store_private.h"

static bool heldout_of(const uint8_t digest[FC_DIGEST_SIZE]) {
  uint64_t first = 0;
  for (int i = 7; i >= 0; --i) first = first << 8 | digest[i];
  return first % 5 == 0;
}

static void bind_count(sqlite3_stmt *s, int index, bool present, int64_t value) {
  if (present)
    (void)sqlite3_bind_int64(s, index, value);
  else
    (void)sqlite3_bind_null(s, index);
}

static void bind_outcome(sqlite3_stmt *s, const fc_observation_t *after) {
  const fc_outcome_t *o = &after->outcome;
  store_bind_optional(s, 14, (after->load.present & FC_LOAD_HAS_ARRIVAL_RATE) != 0, after->load.arrival_rate_per_s);
  store_bind_optional(s, 15, (after->load.present & FC_LOAD_HAS_IN_FLIGHT) != 0, after->load.mean_in_flight);
  store_bind_optional(s, 16, (o->present & FC_OUTCOME_HAS_LATENCY_MEAN) != 0, o->latency_mean_s);
  store_bind_optional(s, 17, (o->present & FC_OUTCOME_HAS_LATENCY_P95) != 0, o->latency_p95_s);
  bind_count(s, 18, (o->present & FC_OUTCOME_HAS_COUNTS) != 0, o->successes);
  bind_count(s, 19, (o->present & FC_OUTCOME_HAS_COUNTS) != 0, o->failures);
  bind_count(s, 20, (o->present & FC_OUTCOME_HAS_UNFINISHED) != 0, o->unfinished);
  bind_count(s, 21, (o->present & FC_OUTCOME_HAS_REJECTED) != 0, o->rejected);
}

/* Of an agent's transition: its identity and nothing measured, so that one seed gives one split whatever the clock. */
static void digest_identity(const fc_transition_t *t, uint8_t digest[FC_DIGEST_SIZE]) {
  char text[FC_NAME_SIZE + 64];
  const int size = snprintf(text, sizeof text, "%s/%" PRIu64 "/%" PRIu64, t->agent, t->epoch, t->sequence);
  fc_sha256(text, (size_t)size, digest);
}

/* row_digest NULL: an agent's transition. */
static fc_status_t insert(store_t *store, const fc_workflow_t *workflow, const fc_transition_t *t,
                          const uint8_t *row_digest, const uint8_t *bytes, size_t size, bool *duplicate,
                          fc_error_t *error) {
  uint8_t digest[FC_DIGEST_SIZE];
  sqlite3_stmt *s = store->insert_window;
  if (t->after.n_functions != workflow->n_functions)
    return fc_error_set(error, FC_EMISMATCH, "a transition of %d functions for workflow %s of %d", t->after.n_functions,
                        workflow->name, workflow->n_functions);
  if (row_digest != NULL)
    memcpy(digest, row_digest, sizeof digest);
  else
    digest_identity(t, digest);
  (void)sqlite3_bind_text(s, 1, workflow->name, -1, SQLITE_STATIC);
  (void)sqlite3_bind_text(s, 2, t->agent, -1, SQLITE_STATIC);
  (void)sqlite3_bind_int64(s, 3, (int64_t)t->epoch);
  (void)sqlite3_bind_int64(s, 4, (int64_t)t->sequence);
  (void)sqlite3_bind_int(s, 5, row_digest != NULL);
  (void)sqlite3_bind_blob(s, 6, digest, FC_DIGEST_SIZE, SQLITE_STATIC);
  (void)sqlite3_bind_int(s, 7, heldout_of(digest));
  (void)sqlite3_bind_int64(s, 8, t->flags);
  (void)sqlite3_bind_int64(s, 9, t->policy_version);
  (void)sqlite3_bind_int64(s, 10, t->after.window);
  (void)sqlite3_bind_int64(s, 11, t->after.start_us);
  (void)sqlite3_bind_double(s, 12, t->after.duration_s);
  (void)sqlite3_bind_double(s, 13, t->cost_usd_h);
  bind_outcome(s, &t->after);
  (void)sqlite3_bind_blob64(s, 22, bytes, size, SQLITE_STATIC);
  FC_TRY(store_run(store, s, "storing a transition", error));
  *duplicate = sqlite3_changes(store->db) == 0;
  return FC_OK;
}

fc_status_t store_insert_transition(store_t *store, const fc_workflow_t *workflow, const fc_transition_t *transition,
                                    bool *duplicate, fc_error_t *error) {
  FC_TRY(fc_wire_encode_transition(transition, &store->bytes, error));
  return insert(store, workflow, transition, NULL, store->bytes.data, store->bytes.size, duplicate, error);
}

fc_status_t store_insert_encoded(store_t *store, const fc_workflow_t *workflow, const fc_transition_t *transition,
                                 const uint8_t *bytes, size_t size, bool *duplicate, fc_error_t *error) {
  return insert(store, workflow, transition, NULL, bytes, size, duplicate, error);
}

fc_status_t store_insert_imported(store_t *store, const fc_workflow_t *workflow, const fc_transition_t *transition,
                                  const uint8_t row_digest[FC_DIGEST_SIZE], bool *duplicate, fc_error_t *error) {
  FC_TRY(fc_wire_encode_transition(transition, &store->bytes, error));
  return insert(store, workflow, transition, row_digest, store->bytes.data, store->bytes.size, duplicate, error);
}

/* One number of a prepared statement, or `absent`. */
static fc_status_t read_number(store_t *store, sqlite3_stmt *s, const char *what, int64_t absent, int64_t *out,
                               fc_error_t *error) {
  const int code = sqlite3_step(s);
  fc_status_t status = FC_OK;
  *out = code == SQLITE_ROW ? sqlite3_column_int64(s, 0) : absent;
  if (code != SQLITE_ROW && code != SQLITE_DONE) status = store_problem(store, what, error);
  (void)sqlite3_reset(s);
  (void)sqlite3_clear_bindings(s);
  return status;
}

fc_status_t store_contiguous_sequence(store_t *store, const char *agent, uint64_t epoch, uint64_t *sequence,
                                      fc_error_t *error) {
  int64_t found = 0;
  *sequence = 0;
  store_bind_text(store->has_first, 1, agent);
  (void)sqlite3_bind_int64(store->has_first, 2, (int64_t)epoch);
  FC_TRY(read_number(store, store->has_first, "reading sequences", 0, &found, error));
  if (found == 0) return FC_OK;
  store_bind_text(store->contiguous, 1, agent);
  (void)sqlite3_bind_int64(store->contiguous, 2, (int64_t)epoch);
  FC_TRY(read_number(store, store->contiguous, "reading sequences", 0, &found, error));
  *sequence = (uint64_t)found;
  return FC_OK;
}

fc_status_t store_highest_sequence(store_t *store, const char *agent, uint64_t epoch, uint64_t *sequence,
                                   fc_error_t *error) {
  int64_t found = 0;
  store_bind_text(store->highest, 1, agent);
  (void)sqlite3_bind_int64(store->highest, 2, (int64_t)epoch);
  FC_TRY(read_number(store, store->highest, "reading sequences", 0, &found, error));
  *sequence = (uint64_t)found;
  return FC_OK;
}

fc_status_t store_count_transitions(store_t *store, const char *workflow, int64_t *n, fc_error_t *error) {
  store_bind_text(store->count_windows, 1, workflow);
  return read_number(store, store->count_windows, "counting windows", 0, n, error);
}

fc_status_t store_window_before(store_t *store, const char *workflow, int64_t n_newest, int64_t *id,
                                fc_error_t *error) {
  store_bind_text(store->window_before, 1, workflow);
  (void)sqlite3_bind_int64(store->window_before, 2, n_newest);
  return read_number(store, store->window_before, "finding a window", 0, id, error);
}

/* Bytes of a column -> *transition, replaced. */
static fc_status_t decode_column(const store_t *store, sqlite3_stmt *s, int column, fc_transition_t *transition,
                                 fc_error_t *error) {
  const uint8_t *bytes = sqlite3_column_blob(s, column);
  const int size = sqlite3_column_bytes(s, column);
  fc_transition_t decoded;
  memset(&decoded, 0, sizeof decoded);
  if (bytes == NULL || fc_wire_decode_transition(bytes, (size_t)size, &decoded, error) != FC_OK)
    return fc_error_set(error, FC_EFORMAT, "store %s: a stored transition cannot be read; restore a backup",
                        store->directory);
  fc_transition_clear(transition);
  *transition = decoded;
  return FC_OK;
}

fc_status_t store_each_transition(store_t *store, const fc_workflow_t *workflow, int64_t after_id, store_visit_t visit,
                                  void *context, fc_error_t *error) {
  sqlite3_stmt *s = store->each_window;
  fc_transition_t transition;
  fc_status_t status = FC_OK;
  memset(&transition, 0, sizeof transition);
  store_bind_text(s, 1, workflow->name);
  (void)sqlite3_bind_int64(s, 2, after_id);
  for (;;) {
    const int code = sqlite3_step(s);
    if (code == SQLITE_DONE) break;
    status = code == SQLITE_ROW ? decode_column(store, s, 3, &transition, error)
                                : store_problem(store, "reading windows", error);
    if (status != FC_OK) break;
    /* Rows of an older file of the same name with other functions cannot be used with this one. */
    if (transition.after.n_functions != workflow->n_functions) continue;
    status = visit(context, sqlite3_column_int64(s, 0), sqlite3_column_int(s, 1) != 0, &transition);
    if (status != FC_OK) break;
  }
  (void)sqlite3_reset(s);
  (void)sqlite3_clear_bindings(s);
  fc_transition_clear(&transition);
  return status;
}

fc_status_t store_latest_transition(store_t *store, const fc_workflow_t *workflow, fc_transition_t *transition,
                                    fc_error_t *error) {
  sqlite3_stmt *s = store->latest_window;
  fc_transition_t found;
  memset(&found, 0, sizeof found);
  store_bind_text(s, 1, workflow->name);
  const int code = sqlite3_step(s);
  fc_status_t status = code == SQLITE_ROW    ? decode_column(store, s, 0, &found, error)
                       : code == SQLITE_DONE ? fc_error_set(error, FC_ENOTFOUND, "store %s: no window of workflow %s",
                                                            store->directory, workflow->name)
                                             : store_problem(store, "reading the newest window", error);
  (void)sqlite3_reset(s);
  (void)sqlite3_clear_bindings(s);
  if (status == FC_OK && found.after.n_functions != transition->after.n_functions)
    status = fc_error_set(error, FC_ENOTFOUND, "the newest window of workflow %s has other functions", workflow->name);
  if (status == FC_OK) fc_transition_copy(transition, &found);
  fc_transition_clear(&found);
  return status;
}
