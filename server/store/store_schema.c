/* store_schema.c - creates the schema, or brings an older one up to date, each step in one transaction. */
#include <stdio.h>

#include "store_private.h"

/* schema.sql, embedded by the build. */
extern const char store_schema_sql[];

static fc_status_t read_version(store_t *store, int *version, fc_error_t *error) {
  sqlite3_stmt *statement = NULL;
  FC_TRY(store_prepare(store, "PRAGMA user_version", &statement, error));
  const int code = sqlite3_step(statement);
  if (code == SQLITE_ROW) *version = sqlite3_column_int(statement, 0);
  const fc_status_t status = code == SQLITE_ROW ? FC_OK : store_problem(store, "reading the schema version", error);
  (void)sqlite3_finalize(statement);
  return status;
}

static fc_status_t newer(const store_t *store, int version, fc_error_t *error) {
  return fc_error_set(error, FC_EMISMATCH, "store %s: schema version %d is newer than this program's %d; update it",
                      store->directory, version, STORE_SCHEMA_VERSION);
}

fc_status_t store_check_version(store_t *store, fc_error_t *error) {
  int version = 0;
  FC_TRY(read_version(store, &version, error));
  if (version > STORE_SCHEMA_VERSION) return newer(store, version, error);
  if (version < STORE_SCHEMA_VERSION)
    return fc_error_set(error, FC_ESTATE, "store %s: not initialised yet; let a writing command open it once",
                        store->directory);
  return FC_OK;
}

fc_status_t store_migrate(store_t *store, fc_error_t *error) {
  int version = 0;
  FC_TRY(read_version(store, &version, error));
  if (version > STORE_SCHEMA_VERSION) return newer(store, version, error);
  if (version == STORE_SCHEMA_VERSION) return FC_OK;
  char set_version[64];
  snprintf(set_version, sizeof set_version, "PRAGMA user_version = %d", STORE_SCHEMA_VERSION);
  FC_TRY(store_begin(store, error));
  if (sqlite3_exec(store->db, store_schema_sql, NULL, NULL, NULL) != SQLITE_OK ||
      sqlite3_exec(store->db, set_version, NULL, NULL, NULL) != SQLITE_OK) {
    const fc_status_t status = store_problem(store, "creating the schema", error);
    store_rollback(store);
    return status;
  }
  return store_commit(store, error);
}
