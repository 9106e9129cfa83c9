/* store_safety.c - the newest SES records of each workflow, replaced together under one version. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_private.h"

static fc_status_t put_one(store_t *store, sqlite3_stmt *s, const char *workflow, int64_t version, int32_t position,
                           const fc_safety_record_t *r, fc_error_t *error) {
  store_bind_text(s, 1, workflow);
  (void)sqlite3_bind_int(s, 2, position);
  (void)sqlite3_bind_int64(s, 3, version);
  (void)sqlite3_bind_double(s, 4, r->mean_in_flight);
  (void)sqlite3_bind_double(s, 5, r->lb_usd_h);
  (void)sqlite3_bind_double(s, 6, r->ub_usd_h);
  (void)sqlite3_bind_int(s, 7, r->n_rows);
  (void)sqlite3_bind_int(s, 8, r->n_functions);
  (void)sqlite3_bind_int(s, 9, r->n_safe);
  (void)sqlite3_bind_blob64(
      s, 10, r->safe, (sqlite3_uint64)r->n_safe * (sqlite3_uint64)r->n_functions * sizeof *r->safe, SQLITE_STATIC);
  (void)sqlite3_bind_blob64(s, 11, r->safe_cost_usd_h, (sqlite3_uint64)r->n_safe * sizeof(double), SQLITE_STATIC);
  return store_run(store, s, "storing safety records", error);
}

static fc_status_t next_version(store_t *store, const char *workflow, int64_t *version, fc_error_t *error) {
  sqlite3_stmt *s = NULL;
  FC_TRY(store_prepare(store,
                       "INSERT INTO safety_versions (workflow, version) VALUES (?1, 1)"
                       " ON CONFLICT (workflow) DO UPDATE SET version = version + 1 RETURNING version",
                       &s, error));
  store_bind_text(s, 1, workflow);
  fc_status_t status = FC_OK;
  if (sqlite3_step(s) == SQLITE_ROW) {
    *version = sqlite3_column_int64(s, 0);
    (void)sqlite3_step(s);
  } else {
    status = store_problem(store, "numbering safety records", error);
  }
  (void)sqlite3_finalize(s);
  return status;
}

static fc_status_t replace(store_t *store, const char *workflow, const fc_safety_record_t *records, int32_t n,
                           int64_t *version, fc_error_t *error) {
  sqlite3_stmt *s = NULL;
  FC_TRY(next_version(store, workflow, version, error));
  FC_TRY(store_prepare(store, "DELETE FROM safety_records WHERE workflow = ?1", &s, error));
  store_bind_text(s, 1, workflow);
  fc_status_t status = store_run(store, s, "replacing safety records", error);
  (void)sqlite3_finalize(s);
  FC_TRY(status);
  FC_TRY(store_prepare(store, "INSERT INTO safety_records VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)", &s,
                       error));
  for (int32_t i = 0; i < n && status == FC_OK; ++i)
    status = put_one(store, s, workflow, *version, i, &records[i], error);
  (void)sqlite3_finalize(s);
  return status;
}

fc_status_t store_put_safety(store_t *store, const char *workflow, const fc_safety_record_t *records, int32_t n,
                             int64_t *version, fc_error_t *error) {
  const bool own = sqlite3_get_autocommit(store->db) != 0;
  if (own) FC_TRY(store_begin(store, error));
  fc_status_t status = replace(store, workflow, records, n, version, error);
  if (!own) return status;
  if (status == FC_OK) return store_commit(store, error);
  store_rollback(store);
  return status;
}

static fc_status_t read_one(const store_t *store, sqlite3_stmt *s, const char *workflow, fc_safety_record_t *record,
                            fc_error_t *error) {
  const int32_t n_functions = sqlite3_column_int(s, 5), n_safe = sqlite3_column_int(s, 6);
  const size_t safe_size = (size_t)n_safe * (size_t)n_functions * sizeof *record->safe;
  if (n_functions < 1 || n_functions > FC_MAX_FUNCTIONS || n_safe < 0 || n_safe > FC_MAX_SAFE_CONFIGURATIONS ||
      (size_t)sqlite3_column_bytes(s, 7) != safe_size ||
      (size_t)sqlite3_column_bytes(s, 8) != (size_t)n_safe * sizeof(double))
    return fc_error_set(error, FC_EFORMAT, "store %s: a safety record of %s is damaged", store->directory, workflow);
  if (fc_safety_record_init(record, n_functions) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "no memory for safety records");
  snprintf(record->workflow, sizeof record->workflow, "%s", workflow);
  record->version = sqlite3_column_int64(s, 0);
  record->mean_in_flight = sqlite3_column_double(s, 1);
  record->lb_usd_h = sqlite3_column_double(s, 2);
  record->ub_usd_h = sqlite3_column_double(s, 3);
  record->n_rows = sqlite3_column_int(s, 4);
  record->n_safe = n_safe;
  if (n_safe > 0) {
    memcpy(record->safe, sqlite3_column_blob(s, 7), safe_size);
    memcpy(record->safe_cost_usd_h, sqlite3_column_blob(s, 8), (size_t)n_safe * sizeof(double));
  }
  return FC_OK;
}

fc_status_t store_get_safety(store_t *store, const char *workflow, fc_safety_record_t **records, int32_t *n,
                             int64_t *version, fc_error_t *error) {
  sqlite3_stmt *s = NULL;
  fc_status_t status = FC_OK;
  *records = NULL;
  *n = 0;
  *version = 0;
  FC_TRY(store_prepare(store,
                       "SELECT version, mean_in_flight, lb_usd_h, ub_usd_h, n_rows, n_functions, n_safe, safe,"
                       " safe_cost_usd_h FROM safety_records WHERE workflow = ?1 ORDER BY position",
                       &s, error));
  store_bind_text(s, 1, workflow);
  int code = SQLITE_ROW;
  while (status == FC_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
    fc_safety_record_t *grown = realloc(*records, ((size_t)*n + 1) * sizeof *grown);
    if (grown == NULL) {
      status = fc_error_set(error, FC_ENOMEM, "no memory for safety records");
      break;
    }
    *records = grown;
    memset(&grown[*n], 0, sizeof *grown);
    status = read_one(store, s, workflow, &grown[*n], error);
    if (status == FC_OK) *version = grown[(*n)++].version;
  }
  if (status == FC_OK && code != SQLITE_DONE) status = store_problem(store, "reading safety records", error);
  (void)sqlite3_finalize(s);
  if (status != FC_OK) {
    for (int32_t i = 0; i < *n; ++i) fc_safety_record_clear(&(*records)[i]);
    free(*records);
    *records = NULL;
    *n = 0;
  }
  return status;
}
