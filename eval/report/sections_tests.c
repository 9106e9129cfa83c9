/* sections_tests.c - the paired tests and the paper's claims: see sections.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "claims_csv.h"
#include "comparison.h"
#include "html.h"
#include "plain.h"
#include "sections.h"

/* ---- paired tests ---- */

static void interval_cell(FILE *out, const paired_interval_t *interval, double scale, int digits) {
  char text[96];
  if (isnan(interval->value)) {
    (void)snprintf(text, sizeof text, "not measured");
  } else if (isnan(interval->low)) {
    (void)snprintf(text, sizeof text, "%+.*f", digits, scale * interval->value);
  } else {
    (void)snprintf(text, sizeof text, "%+.*f (%+.*f to %+.*f)", digits, scale * interval->value, digits,
                   scale * interval->low, digits, scale * interval->high);
  }
  html_cell(out, text);
}

static void probability_cell(FILE *out, double p) {
  char text[32];
  if (isnan(p)) {
    html_number(out, p, 0);
    return;
  }
  (void)snprintf(text, sizeof text, p < 0.0001 ? "< 0.0001" : "%.4f", p);
  html_cell(out, text);
}

static void write_comparison(FILE *out, const comparison_t *comparison, bool is_share) {
  char label[PLAIN_LABEL_SIZE];
  html_row(out);
  html_cell(out, comparison->arm.experiment);
  html_cell(out, comparison->arm.world);
  html_cell(out, comparison->arm.track);
  plain_arm(&comparison->arm, label);
  html_cell(out, label);
  plain_arm(&comparison->reference, label);
  html_cell(out, label);
  interval_cell(out, &comparison->difference, is_share ? 100 : 1, is_share ? 1 : 3);
  probability_cell(out, comparison->p_value);
  probability_cell(out, comparison->p_holm);
  html_number(out, comparison->n_pairs, 0);
  html_number(out, comparison->n_clusters, 0);
  html_number(out, comparison->n_left_out, 0);
}

static fc_status_t write_tests(FILE *out, const report_t *report, metric_t metric, const char *title,
                               fc_error_t *error) {
  static const char *const headers[] = {"experiment", "world",    "track", "method",   "against", "difference (95 %)",
                                        "p",          "p (Holm)", "pairs", "clusters", "left out"};
  const char *method = report_reference_method(report), *variant = report_reference_variant(report);
  const bool is_share = metric == METRIC_COMPLIANCE || metric == METRIC_QOS_MET;
  comparison_t *comparisons = NULL;
  int32_t n = 0;
  FC_TRY(
      comparison_all(report->cells, report->n_cells, method, variant, metric, report->seed, &comparisons, &n, error));
  fputs("<h3>", out);
  html_text(out, title);
  fputs("</h3>\n", out);
  if (n == 0) {
    fputs("<p>No method shares a run with the reference, ", out);
    html_text(out, method);
    fputs(".</p>\n", out);
  } else {
    html_table(out, headers, sizeof headers / sizeof headers[0]);
    for (int32_t i = 0; i < n; ++i) write_comparison(out, &comparisons[i], is_share);
    html_table_end(out);
  }
  free(comparisons);
  return FC_OK;
}

fc_status_t section_tests(FILE *out, const report_t *report, fc_error_t *error) {
  html_heading(out, "tests", "Paired tests");
  FC_TRY(write_tests(out, report, METRIC_OVER_ORACLE_MET, "Cost over oracle, pairs in which both met QoS", error));
  FC_TRY(write_tests(out, report, METRIC_QOS_MET, "Runs that met QoS, percentage points", error));
  FC_TRY(write_tests(out, report, METRIC_COMPLIANCE, "Compliance, percentage points", error));
  return write_tests(out, report, METRIC_VIOLATIONS, "Violations", error);
}

/* ---- claims ---- */

static void number_text(const claim_t *claim, double number, char *out, size_t size) {
  if (claim->unit == CLAIM_FACTOR) {
    (void)snprintf(out, size, "%.2f x", number);
  } else {
    (void)snprintf(out, size, "%.1f %%", 100 * number);
  }
}

/* One that was measured. */
static void write_claim(FILE *out, const claim_t *claim) {
  char text[160], value[32], low[32], high[32];
  const int n_asked = (int)(claim->n_pairs + claim->n_left_out);
  html_row(out);
  html_cell(out, claim->text);
  number_text(claim, claim->paper, text, sizeof text);
  html_cell(out, text);
  number_text(claim, claim->ours.value, value, sizeof value);
  number_text(claim, claim->ours.low, low, sizeof low);
  number_text(claim, claim->ours.high, high, sizeof high);
  if (isnan(claim->ours.low)) {
    (void)snprintf(text, sizeof text, "%s, n = %d of %d, no interval", value, (int)claim->n_pairs, n_asked);
  } else {
    (void)snprintf(text, sizeof text, "%s (%s to %s), n = %d of %d in %d", value, low, high, (int)claim->n_pairs,
                   n_asked, (int)claim->n_clusters);
  }
  html_cell(out, text);
  html_cell(out, claim->safety);
  html_cell(out, claim_verdict_text(claim->verdict));
  html_cell(out, claim->reason);
}

static fc_status_t write_claims(FILE *out, const report_t *report, const cell_t *first, fc_error_t *error) {
  static const char *const headers[] = {"claim",  "paper's number", "our measurement of the same claim (95 %)",
                                        "safety", "holds?",         "reason for the difference"};
  const claim_scope_t scope = {first->world, first->track, first->semantics, report->seed};
  claim_t claims[CLAIMS_MAX];
  int32_t n = 0;
  char title[PLAIN_SIZE];
  FC_TRY(claims_of(report->cells, report->n_cells, &scope, claims, &n, error));
  (void)snprintf(title, sizeof title, "World %s, track %s, %s", first->world, first->track, first->semantics);
  fputs("<h3>", out);
  html_text(out, title);
  fputs("</h3>\n", out);
  int32_t n_measured = 0;
  for (int32_t i = 0; i < n; ++i) n_measured += claims[i].verdict != CLAIM_NOT_MEASURED;
  if (n_measured == 0) {
    fputs("<p>These results decide none of them.</p>\n", out);
    return FC_OK;
  }
  html_table(out, headers, sizeof headers / sizeof headers[0]);
  for (int32_t i = 0; i < n; ++i)
    if (claims[i].verdict != CLAIM_NOT_MEASURED) write_claim(out, &claims[i]);
  html_table_end(out);
  if (n_measured == n) return FC_OK;
  fputs("<p>Not measured here, for want of cells of both sides in which both met QoS: ", out);
  const char *separator = "";
  for (int32_t i = 0; i < n; ++i) {
    if (claims[i].verdict != CLAIM_NOT_MEASURED) continue;
    fputs(separator, out);
    html_text(out, claims[i].text);
    separator = "; ";
  }
  fputs(".</p>\n", out);
  return FC_OK;
}

fc_status_t section_claims(FILE *out, const report_t *report, fc_error_t *error) {
  html_heading(out, "claims", "The paper's claims");
  fputs(
      "<p>Wang et al., FaaSConf (ASE '24), against the same quantity here, methods as repaired. A claim holds when our "
      "interval excludes no effect and reaches the paper's number, holds weaker when it excludes no effect but stays "
      "below that number, and does not hold otherwise; it is not decided when the interval has room for both. n: pairs "
      "of those that were run (a saving needs both sides to meet QoS) in clusters of one workflow and seed; below six "
      "clusters there is no interval. safety: the strategy under which the paper's method ran.</p>\n",
      out);
  for (int32_t i = 0; i < report->n_cells; ++i)
    if (claims_begin_at(report->cells, i)) FC_TRY(write_claims(out, report, &report->cells[i], error));
  return FC_OK;
}
