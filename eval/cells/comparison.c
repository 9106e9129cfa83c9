/* comparison.c - see comparison.h. */
#include "comparison.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clusters.h"

static bool text_fits(const char *wanted, const char *text) {
  return wanted == NULL || strcmp(wanted, text) == 0;
}

bool cell_matches(const cell_t *cell, const cell_filter_t *filter) {
  return text_fits(filter->experiment, cell->experiment) && text_fits(filter->workflow, cell->workflow) &&
         text_fits(filter->world, cell->world) && text_fits(filter->track, cell->track) &&
         text_fits(filter->semantics, cell->semantics) && text_fits(filter->method, cell->method) &&
         text_fits(filter->variant, cell->variant) && text_fits(filter->safety, cell->safety) &&
         (filter->rails < 0 || (filter->rails != 0) == cell->rails);
}

/* ---- one pair of arms ---- */

typedef struct {
  const cell_t **references; /* (n) those that match */
  int32_t n_references;
  clusters_t clusters;
} pairs_t;

static bool are_partners(const cell_t *a, const cell_t *b) {
  return a->seed == b->seed && a->users == b->users && strcmp(a->workflow, b->workflow) == 0 &&
         strcmp(a->world, b->world) == 0 && strcmp(a->track, b->track) == 0 &&
         strcmp(a->experiment, b->experiment) == 0 && strcmp(a->semantics, b->semantics) == 0;
}

static const cell_t *partner_of(const pairs_t *pairs, const cell_t *cell) {
  for (int32_t i = 0; i < pairs->n_references; ++i)
    if (pairs->references[i] != cell && are_partners(cell, pairs->references[i])) return pairs->references[i];
  return NULL;
}

static void collect(const cell_t *cells, int32_t n, const cell_filter_t *arm, const cell_filter_t *reference,
                    comparison_t *out, pairs_t *pairs) {
  for (int32_t i = 0; i < n; ++i)
    if (cell_matches(&cells[i], reference)) pairs->references[pairs->n_references++] = &cells[i];
  for (int32_t i = 0; i < n; ++i) {
    if (!cell_matches(&cells[i], arm)) continue;
    const cell_t *partner = partner_of(pairs, &cells[i]);
    const double a = metric_of(&cells[i], out->metric), b = partner != NULL ? metric_of(partner, out->metric) : NAN;
    if (isnan(a) || isnan(b)) {
      out->n_left_out += 1;
      continue;
    }
    if (out->n_pairs == 0) out->arm = arm_of(&cells[i]);
    if (out->n_pairs == 0) out->reference = arm_of(partner);
    clusters_add(&pairs->clusters, &cells[i], a, b);
    out->n_pairs += 1;
  }
  out->n_clusters = pairs->clusters.n;
}

static fc_status_t test_pairs(const clusters_t *clusters, uint64_t seed, comparison_t *out, fc_error_t *error) {
  FC_TRY(paired_bootstrap(clusters->items, clusters->n, PAIRED_DIFFERENCE, seed, &out->difference, error));
  FC_TRY(paired_bootstrap(clusters->items, clusters->n, PAIRED_RATIO, seed, &out->ratio, error));
  return clusters_wilcoxon(clusters, &out->p_value, error);
}

fc_status_t comparison_of(const cell_t *cells, int32_t n, const cell_filter_t *arm, const cell_filter_t *reference,
                          metric_t metric, uint64_t seed, comparison_t *out, fc_error_t *error) {
  *out = (comparison_t){.metric = metric, .p_value = NAN, .p_holm = NAN};
  pairs_t pairs = {.references = calloc(n > 0 ? (size_t)n : 1, sizeof *pairs.references)};
  if (pairs.references == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to pair %d cells", (int)n);
  fc_status_t status = clusters_init(&pairs.clusters, n, error);
  if (status == FC_OK) {
    collect(cells, n, arm, reference, out, &pairs);
    status = test_pairs(&pairs.clusters, seed, out, error);
  }
  free(pairs.references);
  clusters_clear(&pairs.clusters);
  return status;
}

/* ---- all arms ---- */

static bool same_family(const arm_t *a, const arm_t *b) {
  return strcmp(a->experiment, b->experiment) == 0 && strcmp(a->world, b->world) == 0 &&
         strcmp(a->track, b->track) == 0 && strcmp(a->semantics, b->semantics) == 0;
}

static bool is_of(const arm_t *arm, const char *method, const char *variant) {
  return strcmp(arm->method, method) == 0 && text_fits(variant, arm->variant);
}

/* What `arm` is compared with; NULL: nothing, or it is the reference itself. */
static const arm_t *reference_of(const summary_row_t *rows, int32_t n_rows, const char *method, const char *variant,
                                 const arm_t *arm) {
  const arm_t *first = NULL, *alike = NULL;
  for (int32_t i = 0; i < n_rows; ++i) {
    const arm_t *other = &rows[i].arm;
    if (!is_of(other, method, variant) || !same_family(other, arm)) continue;
    if (first == NULL) first = other;
    if (alike == NULL && strcmp(other->safety, arm->safety) == 0 && other->rails == arm->rails) alike = other;
  }
  if (is_of(arm, method, variant)) return arm == first ? NULL : first;
  return alike != NULL ? alike : first;
}

static cell_filter_t filter_of(const arm_t *arm) {
  return (cell_filter_t){.experiment = arm->experiment,
                         .world = arm->world,
                         .track = arm->track,
                         .semantics = arm->semantics,
                         .method = arm->method,
                         .variant = arm->variant,
                         .safety = arm->safety,
                         .rails = arm->rails};
}

/* Corrects the families of n comparisons one after the other; p: (n) scratch. */
static void correct(comparison_t *comparisons, int32_t n, double *p) {
  for (int32_t first = 0; first < n; ++first) {
    bool is_done = false;
    for (int32_t i = 0; i < first && !is_done; ++i) is_done = same_family(&comparisons[i].arm, &comparisons[first].arm);
    if (is_done) continue;
    for (int32_t i = 0; i < n; ++i)
      p[i] = same_family(&comparisons[i].arm, &comparisons[first].arm) ? comparisons[i].p_value : NAN;
    paired_holm(p, n);
    for (int32_t i = 0; i < n; ++i)
      if (same_family(&comparisons[i].arm, &comparisons[first].arm)) comparisons[i].p_holm = p[i];
  }
}

static bool begins_family(const summary_row_t *rows, int32_t i) {
  for (int32_t k = 0; k < i; ++k)
    if (same_family(&rows[k].arm, &rows[i].arm)) return false;
  return true;
}

static fc_status_t compare_row(const cell_t *cells, int32_t n, const arm_t *arm, const arm_t *reference,
                               metric_t metric, uint64_t seed, comparison_t *out, fc_error_t *error) {
  const cell_filter_t a = filter_of(arm), b = filter_of(reference);
  FC_TRY(comparison_of(cells, n, &a, &b, metric, seed, out, error));
  out->arm = *arm;
  out->reference = *reference;
  return FC_OK;
}

/* Family by family, each in the order of its rows. */
static fc_status_t compare_rows(const cell_t *cells, int32_t n, const summary_row_t *rows, int32_t n_rows,
                                const char *method, const char *variant, metric_t metric, uint64_t seed,
                                comparison_t *out, int32_t *n_out, fc_error_t *error) {
  for (int32_t first = 0; first < n_rows; ++first) {
    for (int32_t i = first; i < n_rows && begins_family(rows, first); ++i) {
      const arm_t *arm = &rows[i].arm, *reference = reference_of(rows, n_rows, method, variant, arm);
      if (reference == NULL || !same_family(arm, &rows[first].arm)) continue;
      FC_TRY(compare_row(cells, n, arm, reference, metric, seed, &out[(*n_out)++], error));
    }
  }
  return FC_OK;
}

fc_status_t comparison_all(const cell_t *cells, int32_t n, const char *method, const char *variant, metric_t metric,
                           uint64_t seed, comparison_t **out, int32_t *n_out, fc_error_t *error) {
  summary_row_t *rows = NULL;
  int32_t n_rows = 0, count = 0;
  *out = NULL;
  *n_out = 0;
  FC_TRY(summary_of(cells, n, &rows, &n_rows, error));
  comparison_t *comparisons = calloc((size_t)n_rows + 1, sizeof *comparisons);
  double *p = calloc((size_t)n_rows + 1, sizeof *p);
  fc_status_t status = FC_OK;
  if (comparisons == NULL || p == NULL) {
    status = fc_error_set(error, FC_ENOMEM, "no memory to compare %d methods", (int)n_rows);
  } else {
    status = compare_rows(cells, n, rows, n_rows, method, variant, metric, seed, comparisons, &count, error);
  }
  if (status == FC_OK) {
    correct(comparisons, count, p);
    *out = comparisons;
    *n_out = count;
  } else {
    free(comparisons);
  }
  free(p);
  free(rows);
  return status;
}

/* ---- all figures ---- */

static const metric_t compared[] = {METRIC_OVER_ORACLE_MET, METRIC_QOS_MET, METRIC_COMPLIANCE, METRIC_VIOLATIONS};
enum { COMPARED = sizeof compared / sizeof compared[0] };

fc_status_t comparison_every(const cell_t *cells, int32_t n, const char *method, const char *variant, uint64_t seed,
                             comparison_t **out, int32_t *n_out, fc_error_t *error) {
  comparison_t *all = NULL;
  int32_t count = 0;
  *out = NULL;
  *n_out = 0;
  for (int m = 0; m < COMPARED; ++m) {
    comparison_t *some = NULL;
    int32_t n_some = 0;
    fc_status_t status = comparison_all(cells, n, method, variant, compared[m], seed, &some, &n_some, error);
    comparison_t *larger = status == FC_OK ? realloc(all, (size_t)(count + n_some + 1) * sizeof *all) : NULL;
    if (larger == NULL) {
      free(some);
      free(all);
      return status != FC_OK ? status : fc_error_set(error, FC_ENOMEM, "no memory to compare methods");
    }
    all = larger;
    for (int32_t i = 0; i < n_some; ++i) all[count++] = some[i];
    free(some);
  }
  *out = all;
  *n_out = count;
  return FC_OK;
}
