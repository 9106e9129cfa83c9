/* comparisons_csv.c - see comparisons_csv.h. */
#include "comparisons_csv.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "record.h"

typedef struct {
  comparison_t comparison;
  char metric[32];
} line_t;

#define ARM(prefix, part, member)                                                \
  {                                                                              \
    prefix #member, NULL, RECORD_TEXT, offsetof(line_t, comparison.part.member), \
        sizeof((line_t *)NULL)->comparison.part.member                           \
  }
#define FIGURE(name, type, member) \
  { name, NULL, type, offsetof(line_t, comparison.member), sizeof((line_t *)NULL)->comparison.member }

static const record_field_t fields[] = {
    ARM("", arm, experiment),
    ARM("", arm, world),
    ARM("", arm, track),
    ARM("", arm, semantics),
    ARM("", arm, method),
    ARM("", arm, variant),
    ARM("", arm, safety),
    FIGURE("rails", RECORD_BOOL, arm.rails),
    ARM("reference_", reference, method),
    ARM("reference_", reference, variant),
    ARM("reference_", reference, safety),
    FIGURE("reference_rails", RECORD_BOOL, reference.rails),
    {"metric", NULL, RECORD_TEXT, offsetof(line_t, metric), sizeof((line_t *)NULL)->metric},
    FIGURE("n_pairs", RECORD_INT32, n_pairs),
    FIGURE("n_left_out", RECORD_INT32, n_left_out),
    FIGURE("n_clusters", RECORD_INT32, n_clusters),
    FIGURE("difference", RECORD_DOUBLE, difference.value),
    FIGURE("difference_low", RECORD_DOUBLE, difference.low),
    FIGURE("difference_high", RECORD_DOUBLE, difference.high),
    FIGURE("ratio", RECORD_DOUBLE, ratio.value),
    FIGURE("ratio_low", RECORD_DOUBLE, ratio.low),
    FIGURE("ratio_high", RECORD_DOUBLE, ratio.high),
    FIGURE("p", RECORD_DOUBLE, p_value),
    FIGURE("p_holm", RECORD_DOUBLE, p_holm),
};
static const record_table_t table = {"comparison", fields, sizeof fields / sizeof fields[0], sizeof(line_t)};

fc_status_t comparisons_write(const cell_t *cells, int32_t n_cells, const char *method, const char *variant,
                              uint64_t seed, const char *path, fc_error_t *error) {
  comparison_t *comparisons = NULL;
  int32_t n = 0;
  FC_TRY(comparison_every(cells, n_cells, method, variant, seed, &comparisons, &n, error));
  line_t *lines = calloc((size_t)n + 1, sizeof *lines);
  fc_status_t status = FC_OK;
  if (lines == NULL) status = fc_error_set(error, FC_ENOMEM, "no memory for %d comparisons", (int)n);
  for (int32_t i = 0; lines != NULL && i < n; ++i) {
    lines[i].comparison = comparisons[i];
    (void)snprintf(lines[i].metric, sizeof lines[i].metric, "%s", metric_key(comparisons[i].metric));
  }
  if (status == FC_OK) status = record_replace(&table, path, lines, n, error);
  free(lines);
  free(comparisons);
  return status;
}
