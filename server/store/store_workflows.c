/* store_workflows.c - workflow files as registered, by digest; the newest of a name is the one in use. */
#include <stdlib.h>
#include <string.h>

#include "faasconf/clock.h"
#include "store_private.h"

/* Runs a statement on the workflow (its digest is ?1, its name ?2); *changed says whether it did something. */
static fc_status_t run_on(store_t *store, const char *sql, const fc_workflow_t *workflow, const char *text, size_t size,
                          bool *changed, fc_error_t *error) {
  const fc_clock_t clock = fc_clock_system();
  sqlite3_stmt *s = NULL;
  FC_TRY(store_prepare(store, sql, &s, error));
  (void)sqlite3_bind_blob(s, 1, workflow->digest, FC_DIGEST_SIZE, SQLITE_STATIC);
  store_bind_text(s, 2, workflow->name);
  if (text != NULL) {
    (void)sqlite3_bind_blob64(s, 3, text, size, SQLITE_STATIC);
    (void)sqlite3_bind_int64(s, 4, clock.wall_us(clock.self));
  }
  const fc_status_t status = store_run(store, s, "registering a workflow", error);
  *changed = status == FC_OK && sqlite3_changes(store->db) > 0;
  (void)sqlite3_finalize(s);
  return status;
}

/* The stamps of one name ascend in the order of registration, also when the wall clock was set back. */
fc_status_t store_put_workflow(store_t *store, const fc_workflow_t *workflow, const char *text, size_t size,
                               bool *created, fc_error_t *error) {
  bool moved = false;
  FC_TRY(run_on(store,
                "INSERT INTO workflows (digest, name, text, registered_us) VALUES (?1, ?2, ?3,"
                " max(?4, (SELECT coalesce(max(registered_us), 0) + 1 FROM workflows WHERE name = ?2)))"
                " ON CONFLICT DO NOTHING",
                workflow, text, size, created, error));
  if (*created) return FC_OK;
  return run_on(store,
                "UPDATE workflows SET registered_us = (SELECT max(registered_us) + 1 FROM workflows WHERE name = ?2)"
                " WHERE digest = ?1 AND registered_us < (SELECT max(registered_us) FROM workflows WHERE name = ?2)",
                workflow, NULL, 0, &moved, error);
}

fc_status_t store_get_workflow(store_t *store, const char *name, fc_workflow_t **out, fc_error_t *error) {
  sqlite3_stmt *s = NULL;
  *out = NULL;
  FC_TRY(store_prepare(store, "SELECT text FROM workflows WHERE name = ?1 ORDER BY registered_us DESC LIMIT 1", &s,
                       error));
  store_bind_text(s, 1, name);
  const int code = sqlite3_step(s);
  fc_status_t status;
  if (code == SQLITE_ROW) {
    const char *text = sqlite3_column_blob(s, 0);
    status = fc_workflow_parse(text != NULL ? text : "", (size_t)sqlite3_column_bytes(s, 0), name, out, error);
  } else {
    status = code == SQLITE_DONE ? fc_error_set(error, FC_ENOTFOUND, "store %s: workflow %.64s is not registered",
                                                store->directory, name)
                                 : store_problem(store, "reading a workflow", error);
  }
  (void)sqlite3_finalize(s);
  return status;
}

fc_status_t store_list_workflows(store_t *store, char (**names)[FC_NAME_SIZE], int32_t *n, fc_error_t *error) {
  sqlite3_stmt *s = NULL;
  fc_status_t status = FC_OK;
  int32_t capacity = 0;
  *names = NULL;
  *n = 0;
  FC_TRY(store_prepare(store, "SELECT DISTINCT name FROM workflows ORDER BY name", &s, error));
  int code = SQLITE_ROW;
  while (status == FC_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(s, 0);
    if (*n == capacity) {
      capacity = capacity > 0 ? 2 * capacity : 8;
      char(*grown)[FC_NAME_SIZE] = realloc(*names, (size_t)capacity * sizeof **names);
      if (grown == NULL) {
        status = fc_error_set(error, FC_ENOMEM, "no memory to list workflows");
        break;
      }
      *names = grown;
    }
    memset((*names)[*n], 0, FC_NAME_SIZE);
    memcpy((*names)[*n], name, strnlen(name, FC_NAME_SIZE - 1));
    *n += 1;
  }
  if (status == FC_OK && code != SQLITE_DONE) status = store_problem(store, "listing workflows", error);
  (void)sqlite3_finalize(s);
  if (status != FC_OK) {
    free(*names);
    *names = NULL;
    *n = 0;
  }
  return status;
}
