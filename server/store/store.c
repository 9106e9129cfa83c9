/* store.c - opening, transactions, and how SQLite's answers become ours. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_private.h"

enum { BUSY_TIMEOUT_MS = 5000, LARGEST_VALUE_BYTES = 256 << 20 };

static bool is_full(sqlite3_file *file) {
  int cause = 0;
  if (file == NULL || file->pMethods == NULL) return false;
  if (file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &cause) != SQLITE_OK) return false;
  return cause == EFBIG || cause == EDQUOT || cause == ENOSPC;
}

/* SQLite calls only ENOSPC "full"; a used-up quota and a limit on file sizes are the same to whoever writes. */
static int code_of(const store_t *store) {
  sqlite3_file *database = NULL, *log = NULL;
  const int code = sqlite3_extended_errcode(store->db);
  if (code != SQLITE_IOERR_WRITE) return code & 0xff;
  (void)sqlite3_file_control(store->db, "main", SQLITE_FCNTL_FILE_POINTER, &database);
  (void)sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  return is_full(log) || is_full(database) ? SQLITE_FULL : SQLITE_IOERR;
}

fc_status_t store_problem(const store_t *store, const char *what, fc_error_t *error) {
  const char *text = sqlite3_errmsg(store->db);
  switch (code_of(store)) {
    case SQLITE_FULL:
    case SQLITE_READONLY:
      return fc_error_set(error, FC_EEXHAUSTED, "store %s: %s: %s; free space or make it writable, nothing was lost",
                          store->directory, what, text);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return fc_error_set(error, FC_EFORMAT,
                          "store %s: %s: %s; the database is damaged: move faasconf.db aside and restore a backup",
                          store->directory, what, text);
    case SQLITE_NOMEM:
      return fc_error_set(error, FC_ENOMEM, "store %s: %s: out of memory", store->directory, what);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fc_error_set(error, FC_EEXHAUSTED, "store %s: %s: another program holds the database", store->directory,
                          what);
    default:
      return fc_error_set(error, FC_EIO, "store %s: %s: %s", store->directory, what, text);
  }
}

fc_status_t store_prepare(store_t *store, const char *sql, sqlite3_stmt **statement, fc_error_t *error) {
  if (sqlite3_prepare_v2(store->db, sql, -1, statement, NULL) == SQLITE_OK) return FC_OK;
  return store_problem(store, "preparing", error);
}

fc_status_t store_run(store_t *store, sqlite3_stmt *statement, const char *what, fc_error_t *error) {
  const int code = sqlite3_step(statement);
  fc_status_t status = FC_OK;
  if (code != SQLITE_DONE && code != SQLITE_ROW) status = store_problem(store, what, error);
  (void)sqlite3_reset(statement);
  (void)sqlite3_clear_bindings(statement);
  return status;
}

void store_bind_text(sqlite3_stmt *statement, int index, const char *text) {
  (void)sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT);
}

void store_bind_optional(sqlite3_stmt *statement, int index, bool present, double value) {
  if (present && isfinite(value))
    (void)sqlite3_bind_double(statement, index, value);
  else
    (void)sqlite3_bind_null(statement, index);
}

static fc_status_t execute(store_t *store, const char *sql, const char *what, fc_error_t *error) {
  return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? FC_OK : store_problem(store, what, error);
}

static fc_status_t configure(store_t *store, fc_error_t *error) {
  (void)sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
  (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  (void)sqlite3_limit(store->db, SQLITE_LIMIT_LENGTH, LARGEST_VALUE_BYTES);
  FC_TRY(execute(store, "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;",
                 "configuring", error));
  if (store->access == STORE_READ_ONLY) return execute(store, "PRAGMA query_only = ON;", "configuring", error);
  /* A transition has one or two kilobytes: of the usual 4 KiB much stays empty, and 16 KiB take a quarter more rows per
   * second. A database that is there keeps the pages that it has. */
  return execute(store,
                 "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                 "PRAGMA journal_size_limit = 67108864;",
                 "configuring", error);
}

static fc_status_t prepare_all(store_t *store, fc_error_t *error) {
#define STORE_PREPARE(name, sql)                                                                          \
  if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &store->name, NULL) != SQLITE_OK) \
    return store_problem(store, "preparing " #name, error);
  STORE_STATEMENTS(STORE_PREPARE)
#undef STORE_PREPARE
  return FC_OK;
}

static fc_status_t must_exist(const store_t *store, fc_error_t *error) {
  char path[STORE_PATH_SIZE + 16];
  snprintf(path, sizeof path, "%s/faasconf.db", store->directory);
  if (access(path, F_OK) == 0) return FC_OK;
  return fc_error_set(error, FC_ENOTFOUND, "store %s: there is no faasconf.db", store->directory);
}

/* The folder is there and this process alone writes in it. */
static fc_status_t take_folder(store_t *store, const char *address, fc_error_t *error) {
  if (store->access == STORE_READ_WRITE && mkdir(store->directory, 0700) != 0 && errno != EEXIST)
    return fc_error_set(error, FC_EIO, "store %s: %s", store->directory, strerror(errno));
  return store_lock(store, address, error);
}

static fc_status_t open_database(store_t *store, fc_error_t *error) {
  char path[STORE_PATH_SIZE + 16];
  const int flags =
      store->access == STORE_READ_ONLY ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  snprintf(path, sizeof path, "%s/faasconf.db", store->directory);
  if (sqlite3_open_v2(path, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
    return store->db != NULL ? store_problem(store, "opening", error)
                             : fc_error_set(error, FC_ENOMEM, "store %s: out of memory", store->directory);
  FC_TRY(configure(store, error));
  FC_TRY(store->access == STORE_READ_ONLY ? store_check_version(store, error) : store_migrate(store, error));
  return prepare_all(store, error);
}

fc_status_t store_open(const char *directory, store_access_t access, const char *address, store_t **out,
                       fc_error_t *error) {
  fc_status_t status = FC_OK;
  *out = NULL;
  if (directory[0] == '\0' || strlen(directory) >= STORE_PATH_SIZE)
    return fc_error_set(error, FC_EINVAL, "store: expected a folder of at most %d bytes", STORE_PATH_SIZE - 1);
  store_t *store = calloc(1, sizeof *store);
  if (store == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a store");
  store->lock_fd = -1;
  store->access = access;
  memcpy(store->directory, directory, strlen(directory) + 1);
  if (access != STORE_READ_WRITE) status = must_exist(store, error);
  if (status == FC_OK && access != STORE_READ_ONLY) status = take_folder(store, address, error);
  if (status == FC_OK) status = open_database(store, error);
  if (status != FC_OK) store_destroy(&store);
  *out = store;
  return status;
}

void store_destroy(store_t **out) {
  if (out == NULL || *out == NULL) return;
  store_t *store = *out;
#define STORE_FINALIZE(name, sql) (void)sqlite3_finalize(store->name);
  STORE_STATEMENTS(STORE_FINALIZE)
#undef STORE_FINALIZE
  (void)sqlite3_close_v2(store->db);
  if (store->lock_fd >= 0) (void)close(store->lock_fd);
  fc_wire_buffer_clear(&store->bytes);
  free(store);
  *out = NULL;
}

fc_status_t store_begin(store_t *store, fc_error_t *error) {
  return execute(store, "BEGIN IMMEDIATE", "beginning a transaction", error);
}

fc_status_t store_commit(store_t *store, fc_error_t *error) {
  const fc_status_t status = execute(store, "COMMIT", "committing", error);
  if (status != FC_OK) store_rollback(store);
  return status;
}

void store_rollback(store_t *store) {
  if (sqlite3_get_autocommit(store->db) == 0) (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

fc_status_t store_put_event(store_t *store, int64_t at_us, const char *kind, const char *text, fc_error_t *error) {
  (void)sqlite3_bind_int64(store->put_event, 1, at_us);
  store_bind_text(store->put_event, 2, kind);
  store_bind_text(store->put_event, 3, text);
  return store_run(store, store->put_event, "recording an event", error);
}

fc_status_t store_check(store_t *store, fc_error_t *error) {
  sqlite3_stmt *statement = NULL;
  FC_TRY(store_prepare(store, "PRAGMA quick_check(1)", &statement, error));
  fc_status_t status = FC_OK;
  if (sqlite3_step(statement) != SQLITE_ROW) {
    status = store_problem(store, "checking", error);
  } else {
    const char *answer = (const char *)sqlite3_column_text(statement, 0);
    if (answer == NULL || strcmp(answer, "ok") != 0)
      status = fc_error_set(error, FC_EFORMAT, "store %s: %s; restore a backup", store->directory,
                            answer != NULL ? answer : "not checkable");
  }
  (void)sqlite3_finalize(statement);
  return status;
}

fc_status_t store_backup(store_t *store, const char *path, fc_error_t *error) {
  sqlite3 *copy = NULL;
  if (sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK) {
    const fc_status_t status =
        fc_error_set(error, FC_EIO, "backup %s: %s", path, copy != NULL ? sqlite3_errmsg(copy) : "out of memory");
    (void)sqlite3_close(copy);
    return status;
  }
  sqlite3_backup *backup = sqlite3_backup_init(copy, "main", store->db, "main");
  const int code = backup != NULL ? sqlite3_backup_step(backup, -1) : SQLITE_ERROR;
  if (backup != NULL) (void)sqlite3_backup_finish(backup);
  fc_status_t status = FC_OK;
  if (code != SQLITE_DONE) status = fc_error_set(error, FC_EIO, "backup %s: %s", path, sqlite3_errmsg(copy));
  (void)sqlite3_close(copy);
  return status;
}
