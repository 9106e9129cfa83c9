/* store_private.h - inside server/store: the handle, its statements, and how SQLite's answers become ours. */
#ifndef SERVER_STORE_STORE_PRIVATE_H
#define SERVER_STORE_STORE_PRIVATE_H

#include <sqlite3.h>

#include "faasconf/wire.h"
#include "store.h"

enum { STORE_PATH_SIZE = 1024, STORE_SCHEMA_VERSION = 1 };

/* X(name, sql): every statement on a hot path, prepared once. */
#define STORE_STATEMENTS(X)                                                                                         \
  X(insert_window,                                                                                                  \
    "INSERT INTO windows (workflow, agent, epoch, sequence, imported, row_digest, heldout, flags, policy_version,"  \
    " window, start_us, duration_s, cost_usd_h, arrival_rate_per_s, mean_in_flight, latency_mean_s, latency_p95_s," \
    " successes, failures, unfinished, rejected, transition)"                                                       \
    " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22)"                      \
    " ON CONFLICT DO NOTHING")                                                                                      \
  X(contiguous,                                                                                                     \
    "SELECT w.sequence FROM windows w WHERE w.imported = 0 AND w.agent = ?1 AND w.epoch = ?2 AND NOT EXISTS"        \
    " (SELECT 1 FROM windows x WHERE x.imported = 0 AND x.agent = ?1 AND x.epoch = ?2 AND x.sequence ="             \
    " w.sequence + 1) ORDER BY w.sequence LIMIT 1")                                                                 \
  X(has_first, "SELECT 1 FROM windows WHERE imported = 0 AND agent = ?1 AND epoch = ?2 AND sequence = 1")           \
  X(highest, "SELECT coalesce(max(sequence), 0) FROM windows WHERE imported = 0 AND agent = ?1 AND epoch = ?2")     \
  X(each_window, "SELECT id, heldout, flags, transition FROM windows WHERE workflow = ?1 AND id > ?2 ORDER BY id")  \
  X(latest_window, "SELECT transition FROM windows WHERE workflow = ?1 ORDER BY id DESC LIMIT 1")                   \
  X(window_before, "SELECT id FROM windows WHERE workflow = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2")                 \
  X(count_windows, "SELECT count(*) FROM windows WHERE ?1 = '' OR workflow = ?1")                                   \
  X(put_event, "INSERT INTO events (at_us, kind, text) VALUES (?1, ?2, ?3)")

struct store {
  sqlite3 *db;
  int lock_fd; /* -1 when read-only */
  store_access_t access;
  char directory[STORE_PATH_SIZE];
  fc_wire_buffer_t bytes; /* reused for encoding transitions */
#define STORE_STATEMENT(name, sql) sqlite3_stmt *name;
  STORE_STATEMENTS(STORE_STATEMENT)
#undef STORE_STATEMENT
};

/* The status of an SQLite result code with a sentence: full or read-only disk FC_EEXHAUSTED, damage FC_EFORMAT, else
 * FC_EIO. */
fc_status_t store_problem(const store_t *store, const char *what, fc_error_t *error);

/* Prepares a statement for one use; the caller finalizes it. */
fc_status_t store_prepare(store_t *store, const char *sql, sqlite3_stmt **statement, fc_error_t *error);

/* Runs a statement that returns no row and resets it. */
fc_status_t store_run(store_t *store, sqlite3_stmt *statement, const char *what, fc_error_t *error);

/* Creates or migrates. FC_EMISMATCH for a newer schema. */
fc_status_t store_migrate(store_t *store, fc_error_t *error);
/* Is the schema's version ours? For read-only opening. */
fc_status_t store_check_version(store_t *store, fc_error_t *error);

/* DIR/lock: taken without waiting. FC_ESTATE names pid and address of the holder. */
fc_status_t store_lock(store_t *store, const char *address, fc_error_t *error);
fc_status_t store_write_lock(store_t *store, const char *address, fc_error_t *error);

void store_bind_text(sqlite3_stmt *statement, int index, const char *text);
/* NULL when absent or not finite. */
void store_bind_optional(sqlite3_stmt *statement, int index, bool present, double value);

#endif
