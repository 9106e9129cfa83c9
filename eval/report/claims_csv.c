/* claims_csv.c - see claims_csv.h. */
#include "claims_csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"

typedef struct {
  char world[24], track[16], semantics[16], claim[128], unit[8];
  double paper, ours, low, high;
  int32_t n_pairs, n_left_out, n_clusters;
  char safety[16], verdict[24], reason[CLAIM_REASON_SIZE];
} claim_row_t;

static const record_field_t fields[] = {
    RECORD_FIELD(claim_row_t, RECORD_TEXT, world),       RECORD_FIELD(claim_row_t, RECORD_TEXT, track),
    RECORD_FIELD(claim_row_t, RECORD_TEXT, semantics),   RECORD_FIELD(claim_row_t, RECORD_TEXT, claim),
    RECORD_FIELD(claim_row_t, RECORD_TEXT, unit),        RECORD_FIELD(claim_row_t, RECORD_DOUBLE, paper),
    RECORD_FIELD(claim_row_t, RECORD_DOUBLE, ours),      RECORD_FIELD(claim_row_t, RECORD_DOUBLE, low),
    RECORD_FIELD(claim_row_t, RECORD_DOUBLE, high),      RECORD_FIELD(claim_row_t, RECORD_INT32, n_pairs),
    RECORD_FIELD(claim_row_t, RECORD_INT32, n_left_out), RECORD_FIELD(claim_row_t, RECORD_INT32, n_clusters),
    RECORD_FIELD(claim_row_t, RECORD_TEXT, safety),      RECORD_FIELD(claim_row_t, RECORD_TEXT, verdict),
    RECORD_FIELD(claim_row_t, RECORD_TEXT, reason),
};
static const record_table_t table = {"claim", fields, sizeof fields / sizeof fields[0], sizeof(claim_row_t)};

bool claims_begin_at(const cell_t *cells, int32_t i) {
  for (int32_t k = i - 1; k >= 0; --k)
    if (strcmp(cells[k].world, cells[i].world) == 0 && strcmp(cells[k].track, cells[i].track) == 0 &&
        strcmp(cells[k].semantics, cells[i].semantics) == 0)
      return false;
  return true;
}

static claim_row_t row_of(const claim_scope_t *scope, const claim_t *claim) {
  claim_row_t row = {.paper = claim->paper,
                     .ours = claim->ours.value,
                     .low = claim->ours.low,
                     .high = claim->ours.high,
                     .n_pairs = claim->n_pairs,
                     .n_left_out = claim->n_left_out,
                     .n_clusters = claim->n_clusters};
  (void)snprintf(row.world, sizeof row.world, "%s", scope->world);
  (void)snprintf(row.track, sizeof row.track, "%s", scope->track);
  (void)snprintf(row.semantics, sizeof row.semantics, "%s", scope->semantics);
  (void)snprintf(row.claim, sizeof row.claim, "%s", claim->text);
  (void)snprintf(row.unit, sizeof row.unit, "%s", claim->unit == CLAIM_FACTOR ? "factor" : "share");
  (void)snprintf(row.safety, sizeof row.safety, "%s", claim->safety);
  (void)snprintf(row.verdict, sizeof row.verdict, "%s", claim_verdict_text(claim->verdict));
  (void)snprintf(row.reason, sizeof row.reason, "%s", claim->reason);
  return row;
}

/* Appends the measured claims of one scope; *rows grows. */
static fc_status_t add_rows(const cell_t *cells, int32_t n_cells, const claim_scope_t *scope, claim_row_t **rows,
                            int32_t *n_rows, fc_error_t *error) {
  claim_t claims[CLAIMS_MAX];
  int32_t n = 0;
  FC_TRY(claims_of(cells, n_cells, scope, claims, &n, error));
  claim_row_t *grown = realloc(*rows, (size_t)(*n_rows + CLAIMS_MAX) * sizeof *grown);
  if (grown == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d claims", (int)(*n_rows + n));
  *rows = grown;
  for (int32_t i = 0; i < n; ++i)
    if (claims[i].verdict != CLAIM_NOT_MEASURED) grown[(*n_rows)++] = row_of(scope, &claims[i]);
  return FC_OK;
}

fc_status_t claims_write(const cell_t *cells, int32_t n_cells, uint64_t seed, const char *path, fc_error_t *error) {
  claim_row_t *rows = NULL;
  int32_t n = 0;
  fc_status_t status = FC_OK;
  for (int32_t i = 0; i < n_cells && status == FC_OK; ++i) {
    if (!claims_begin_at(cells, i)) continue;
    const claim_scope_t scope = {cells[i].world, cells[i].track, cells[i].semantics, seed};
    status = add_rows(cells, n_cells, &scope, &rows, &n, error);
  }
  if (status == FC_OK) status = record_replace(&table, path, rows, n, error);
  free(rows);
  return status;
}
