/* store_policies.c - versions of policies and their states: candidate, shadow, canary, live, retired. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_private.h"

static const char *const entry_columns =
    "version, workflow, kind, variant, state, digest, created_us, updates, heldout_r2, heldout_error";

fc_status_t store_next_policy_version(store_t *store, const char *workflow, int64_t *version, fc_error_t *error) {
  sqlite3_stmt *s = NULL;
  FC_TRY(store_prepare(store, "SELECT coalesce(max(version), 0) + 1 FROM policies WHERE workflow = ?1", &s, error));
  store_bind_text(s, 1, workflow);
  fc_status_t status = FC_OK;
  if (sqlite3_step(s) == SQLITE_ROW)
    *version = sqlite3_column_int64(s, 0);
  else
    status = store_problem(store, "numbering a policy", error);
  (void)sqlite3_finalize(s);
  return status;
}

/* Opens a transaction unless one is open; *own says who ends it. */
static fc_status_t begin_own(store_t *store, bool *own, fc_error_t *error) {
  *own = sqlite3_get_autocommit(store->db) != 0;
  return *own ? store_begin(store, error) : FC_OK;
}

static fc_status_t end_own(store_t *store, bool own, fc_status_t status, fc_error_t *error) {
  if (!own) return status;
  if (status == FC_OK) return store_commit(store, error);
  store_rollback(store);
  return status;
}

static fc_status_t retire_live(store_t *store, const char *workflow, fc_error_t *error) {
  sqlite3_stmt *s = NULL;
  FC_TRY(
      store_prepare(store, "UPDATE policies SET state = 'retired' WHERE workflow = ?1 AND state = 'live'", &s, error));
  store_bind_text(s, 1, workflow);
  const fc_status_t status = store_run(store, s, "retiring a policy", error);
  (void)sqlite3_finalize(s);
  return status;
}

static fc_status_t insert_policy(store_t *store, const fc_policy_t *policy, const char *manifest, size_t manifest_size,
                                 const uint8_t *weights, size_t weights_size, const char *state, int64_t created_us,
                                 fc_error_t *error) {
  const fc_policy_manifest_t *m = fc_policy_manifest(policy);
  uint8_t digest[FC_DIGEST_SIZE];
  sqlite3_stmt *s = NULL;
  fc_policy_digest(policy, digest);
  FC_TRY(store_prepare(store,
                       "INSERT INTO policies (workflow, version, kind, variant, state, digest, created_us, updates,"
                       " heldout_r2, heldout_error, manifest, weights)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                       &s, error));
  store_bind_text(s, 1, m->workflow);
  (void)sqlite3_bind_int64(s, 2, m->version);
  store_bind_text(s, 3, m->kind);
  store_bind_text(s, 4, m->variant);
  store_bind_text(s, 5, state);
  (void)sqlite3_bind_blob(s, 6, digest, FC_DIGEST_SIZE, SQLITE_STATIC);
  (void)sqlite3_bind_int64(s, 7, created_us);
  (void)sqlite3_bind_int64(s, 8, m->updates);
  store_bind_optional(s, 9, true, m->heldout_r2);
  store_bind_optional(s, 10, true, m->heldout_error);
  (void)sqlite3_bind_blob64(s, 11, manifest, manifest_size, SQLITE_STATIC);
  (void)sqlite3_bind_blob64(s, 12, weights, weights_size, SQLITE_STATIC);
  fc_status_t status = store_run(store, s, "storing a policy", error);
  if (status == FC_EIO && (sqlite3_errcode(store->db) & 0xff) == SQLITE_CONSTRAINT)
    status = fc_error_set(error, FC_EEXISTS, "policy version %lld of %s is there already, or its state is unknown",
                          (long long)m->version, m->workflow);
  (void)sqlite3_finalize(s);
  return status;
}

fc_status_t store_put_policy(store_t *store, const fc_policy_t *policy, const char *manifest, size_t manifest_size,
                             const uint8_t *weights, size_t weights_size, const char *state, int64_t created_us,
                             fc_error_t *error) {
  bool own = false;
  fc_status_t status = FC_OK;
  FC_TRY(begin_own(store, &own, error));
  if (strcmp(state, "live") == 0) status = retire_live(store, fc_policy_manifest(policy)->workflow, error);
  if (status == FC_OK)
    status = insert_policy(store, policy, manifest, manifest_size, weights, weights_size, state, created_us, error);
  return end_own(store, own, status, error);
}

fc_status_t store_set_policy_state(store_t *store, const char *workflow, int64_t version, const char *state,
                                   fc_error_t *error) {
  bool own = false;
  sqlite3_stmt *s = NULL;
  FC_TRY(begin_own(store, &own, error));
  fc_status_t status = strcmp(state, "live") == 0 ? retire_live(store, workflow, error) : FC_OK;
  if (status == FC_OK)
    status = store_prepare(store, "UPDATE policies SET state = ?3 WHERE workflow = ?1 AND version = ?2", &s, error);
  if (status == FC_OK) {
    store_bind_text(s, 1, workflow);
    (void)sqlite3_bind_int64(s, 2, version);
    store_bind_text(s, 3, state);
    status = store_run(store, s, "changing a policy's state", error);
    if (status == FC_OK && sqlite3_changes(store->db) == 0)
      status = fc_error_set(error, FC_ENOTFOUND, "there is no policy version %lld of %s", (long long)version, workflow);
  }
  (void)sqlite3_finalize(s);
  return end_own(store, own, status, error);
}

static void copy_name(char to[FC_NAME_SIZE], sqlite3_stmt *s, int column) {
  const char *text = (const char *)sqlite3_column_text(s, column);
  memset(to, 0, FC_NAME_SIZE);
  if (text != NULL) memcpy(to, text, strnlen(text, FC_NAME_SIZE - 1));
}

static double optional(sqlite3_stmt *s, int column) {
  return sqlite3_column_type(s, column) == SQLITE_NULL ? NAN : sqlite3_column_double(s, column);
}

static void read_entry(sqlite3_stmt *s, store_policy_entry_t *entry) {
  const void *digest = sqlite3_column_blob(s, 5);
  memset(entry, 0, sizeof *entry);
  entry->version = sqlite3_column_int64(s, 0);
  copy_name(entry->workflow, s, 1);
  copy_name(entry->kind, s, 2);
  copy_name(entry->variant, s, 3);
  copy_name(entry->state, s, 4);
  if (digest != NULL && sqlite3_column_bytes(s, 5) == FC_DIGEST_SIZE) memcpy(entry->digest, digest, FC_DIGEST_SIZE);
  entry->created_us = sqlite3_column_int64(s, 6);
  entry->updates = sqlite3_column_int64(s, 7);
  entry->heldout_r2 = optional(s, 8);
  entry->heldout_error = optional(s, 9);
}

/* malloc'd copy of a blob column; one byte more than it needs, so that an empty one is not NULL. */
static void *copy_blob(sqlite3_stmt *s, int column, size_t *size) {
  *size = (size_t)sqlite3_column_bytes(s, column);
  const void *bytes = sqlite3_column_blob(s, column);
  void *copy = malloc(*size + 1);
  if (copy != NULL && *size > 0) memcpy(copy, bytes, *size);
  return copy;
}

fc_status_t store_get_policy(store_t *store, const char *workflow, int64_t version, store_policy_entry_t *entry,
                             char **manifest, size_t *manifest_size, uint8_t **weights, size_t *weights_size,
                             fc_error_t *error) {
  sqlite3_stmt *s = NULL;
  char sql[512];
  fc_status_t status = FC_OK;
  *manifest = NULL;
  *weights = NULL;
  snprintf(sql, sizeof sql, "SELECT %s, manifest, weights FROM policies WHERE workflow = ?1 AND %s", entry_columns,
           version == 0 ? "state = 'live'" : "version = ?2");
  FC_TRY(store_prepare(store, sql, &s, error));
  store_bind_text(s, 1, workflow);
  if (version != 0) (void)sqlite3_bind_int64(s, 2, version);
  const int code = sqlite3_step(s);
  if (code == SQLITE_ROW) {
    store_policy_entry_t found;
    read_entry(s, &found);
    if (entry != NULL) *entry = found;
    *manifest = copy_blob(s, 10, manifest_size);
    *weights = copy_blob(s, 11, weights_size);
    if (*manifest == NULL || *weights == NULL) status = fc_error_set(error, FC_ENOMEM, "no memory for a policy");
  } else if (code == SQLITE_DONE) {
    status = version == 0 ? fc_error_set(error, FC_ENOTFOUND, "workflow %s has no live policy; train one", workflow)
                          : fc_error_set(error, FC_ENOTFOUND, "workflow %s has no policy version %lld", workflow,
                                         (long long)version);
  } else {
    status = store_problem(store, "reading a policy", error);
  }
  (void)sqlite3_finalize(s);
  if (status != FC_OK) {
    free(*manifest);
    free(*weights);
    *manifest = NULL;
    *weights = NULL;
  }
  return status;
}

fc_status_t store_list_policies(store_t *store, const char *workflow, store_policy_entry_t **entries, int32_t *n,
                                fc_error_t *error) {
  sqlite3_stmt *s = NULL;
  char sql[512];
  fc_status_t status = FC_OK;
  int32_t capacity = 0;
  *entries = NULL;
  *n = 0;
  snprintf(sql, sizeof sql, "SELECT %s FROM policies WHERE ?1 = '' OR workflow = ?1 ORDER BY workflow, version",
           entry_columns);
  FC_TRY(store_prepare(store, sql, &s, error));
  store_bind_text(s, 1, workflow);
  int code = SQLITE_ROW;
  while (status == FC_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
    if (*n == capacity) {
      capacity = capacity > 0 ? 2 * capacity : 16;
      store_policy_entry_t *grown = realloc(*entries, (size_t)capacity * sizeof *grown);
      if (grown == NULL) {
        status = fc_error_set(error, FC_ENOMEM, "no memory to list policies");
        break;
      }
      *entries = grown;
    }
    read_entry(s, &(*entries)[(*n)++]);
  }
  if (status == FC_OK && code != SQLITE_DONE) status = store_problem(store, "listing policies", error);
  (void)sqlite3_finalize(s);
  if (status != FC_OK) {
    free(*entries);
    *entries = NULL;
    *n = 0;
  }
  return status;
}
