/* sections.c - what was run, tables of means, drawings, and how to read them: see sections.h. */
#include "sections.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "html.h"
#include "plain.h"
#include "summary.h"

enum { SVG_MAX_BYTES = 8 << 20 };

/* ---- what was run ---- */

static void term(FILE *out, const char *name, const char *text) {
  fprintf(out, "<dt>%s</dt><dd>", name);
  html_text(out, text != NULL && text[0] != '\0' ? text : "not told");
  fputs("</dd>\n", out);
}

void section_run(FILE *out, const report_t *report) {
  char number[64] = "";
  html_heading(out, "run", "What was run");
  fputs("<dl>\n", out);
  term(out, "command", report->command);
  term(out, "commit", report->commit);
  term(out, "date", report->date);
  term(out, "machine", report->machine);
  term(out, "seeds", report->seeds);
  if (isfinite(report->load_average)) (void)snprintf(number, sizeof number, "%.2f", report->load_average);
  term(out, "load average (1 min)", number);
  (void)snprintf(number, sizeof number, "%d", (int)report->n_cells);
  term(out, "results", number);
  fputs("</dl>\n", out);
}

/* ---- tables ---- */

static bool same_table(const arm_t *a, const arm_t *b) {
  return strcmp(a->experiment, b->experiment) == 0 && strcmp(a->world, b->world) == 0 &&
         strcmp(a->track, b->track) == 0 && strcmp(a->semantics, b->semantics) == 0;
}

static void write_row(FILE *out, const summary_row_t *row, bool is_dynamic) {
  html_row(out);
  html_cell(out, row->arm.method);
  html_cell(out, row->arm.variant);
  html_cell(out, row->arm.safety);
  html_cell(out, row->arm.rails ? "yes" : "no");
  html_number(out, row->mean[METRIC_OVER_ORACLE_MET], 3);
  html_number(out, row->mean[METRIC_OVER_ORACLE], 3);
  html_number(out, 100 * row->mean[METRIC_COMPLIANCE], 1);
  html_number(out, 100 * row->mean[METRIC_QOS_MET], 1);
  html_number(out, row->mean[METRIC_VIOLATIONS], 2);
  if (is_dynamic) {
    html_number(out, row->mean[METRIC_RECONFIGURATIONS], 1);
    html_number(out, row->mean[METRIC_LATENCY_SUM], 1);
  } else {
    html_number(out, row->mean[METRIC_SEVERITY], 2);
    html_number(out, row->mean[METRIC_WINDOWS], 1);
    html_number(out, 100 * row->mean[METRIC_SETTLED], 1);
  }
  html_number(out, row->mean[METRIC_COST], 3);
  html_number(out, row->mean[METRIC_DECIDE], 4);
  html_number(out, row->n_cells, 0);
  html_number(out, row->n_cells - row->n_measured[METRIC_OVER_ORACLE], 0);
}

static void write_table(FILE *out, const summary_row_t *rows, int32_t n, const arm_t *of) {
  static const char *const fixed[] = {"method",
                                      "variant",
                                      "safety",
                                      "rails",
                                      "cost / oracle, QoS met",
                                      "cost / oracle, all",
                                      "compliance, %",
                                      "runs that met QoS, %",
                                      "violations",
                                      "severity",
                                      "windows",
                                      "settled, %",
                                      "cost, USD/h",
                                      "decision, s",
                                      "runs",
                                      "without oracle"};
  static const char *const dynamic[] = {"method",
                                        "variant",
                                        "safety",
                                        "rails",
                                        "cost / oracle, QoS met",
                                        "cost / oracle, all",
                                        "compliance, %",
                                        "runs that met QoS, %",
                                        "violations",
                                        "reconfigurations",
                                        "sum of latencies, s",
                                        "cost, USD/h",
                                        "decision, s",
                                        "runs",
                                        "without oracle"};
  const bool is_dynamic = strcmp(of->experiment, "dynamic") == 0;
  char title[PLAIN_SIZE];
  (void)snprintf(title, sizeof title, "%s: world %s, track %s, %s", of->experiment, of->world, of->track,
                 of->semantics);
  fputs("<h3>", out);
  html_text(out, title);
  fputs("</h3>\n", out);
  html_table(out, is_dynamic ? dynamic : fixed,
             (int32_t)(is_dynamic ? sizeof dynamic / sizeof dynamic[0] : sizeof fixed / sizeof fixed[0]));
  for (int32_t i = 0; i < n; ++i)
    if (same_table(&rows[i].arm, of)) write_row(out, &rows[i], is_dynamic);
  html_table_end(out);
}

fc_status_t section_tables(FILE *out, const report_t *report, fc_error_t *error) {
  summary_row_t *rows = NULL;
  int32_t n = 0;
  html_heading(out, "tables", "Results");
  FC_TRY(summary_of(report->cells, report->n_cells, &rows, &n, error));
  if (n == 0) fputs("<p>There are no results.</p>\n", out);
  for (int32_t i = 0; i < n; ++i) {
    bool is_done = false;
    for (int32_t k = 0; k < i && !is_done; ++k) is_done = same_table(&rows[k].arm, &rows[i].arm);
    if (!is_done) write_table(out, rows, n, &rows[i].arm);
  }
  free(rows);
  return FC_OK;
}

/* ---- drawings ---- */

static fc_status_t write_plot(FILE *out, const plots_t *plots, const plot_t *plot, int32_t i, fc_error_t *error) {
  char path[1024], prefix[32];
  uint8_t *svg = NULL;
  size_t size = 0;
  if (snprintf(path, sizeof path, "%s/%s.svg", plots->folder, plot->name) >= (int)sizeof path)
    return fc_error_set(error, FC_EINVAL, "%.200s...: the path is too long", plots->folder);
  FC_TRY(file_read(path, SVG_MAX_BYTES, &svg, &size, error));
  svg[size] = '\0';
  (void)snprintf(prefix, sizeof prefix, "p%d", (int)i);
  fputs("<figure><div class=\"plot\">\n", out);
  html_svg(out, (const char *)svg, prefix);
  fputs("</div><figcaption>", out);
  html_text(out, plot->caption);
  fprintf(out, " File: plots/%s.svg</figcaption></figure>\n", plot->name);
  free(svg);
  return FC_OK;
}

fc_status_t section_plots(FILE *out, const plots_t *plots, fc_error_t *error) {
  if (plots->n == 0) return FC_OK;
  html_heading(out, "plots", "Plots");
  if (plots->first_error.status != FC_OK) {
    fputs("<p class=\"note\">Not every plot is here: ", out);
    html_text(out, plots->first_error.message);
    fputs("</p>\n", out);
  }
  if (plots->n_left_out > 0) fprintf(out, "<p class=\"note\">%d more are in the folder.</p>\n", (int)plots->n_left_out);
  for (int32_t i = 0; i < plots->n; ++i)
    if (plots->items[i].is_drawn) FC_TRY(write_plot(out, plots, &plots->items[i], i, error));
  return FC_OK;
}

/* ---- how to read ---- */

void section_reading(FILE *out, const report_t *report) {
  html_heading(out, "reading", "How to read this");
  fputs(
      "<ul>\n<li><b>cost / oracle</b>: reserved cost of the choice over that of the cheapest configuration known that "
      "meets QoS in 95 % of windows, in the same world and at the same load; 1 is the oracle. <i>QoS met</i>: mean of "
      "the runs whose choice met QoS; a choice that violates QoS can be arbitrarily cheap.</li>\n"
      "<li><b>compliance</b>: share of fresh windows, not seen while tuning, that met QoS; on a trace, of its "
      "windows. <b>runs that met QoS</b>: those with a compliance of at least 95 %.</li>\n"
      "<li><b>violations</b>: windows on the way to the choice that violated QoS; <b>severity</b>: by how much, summed."
      "</li>\n<li><b>settled</b>: runs that verified a choice; the others keep the start configuration.</li>\n"
      "<li><b>without oracle</b>: runs left out of cost / oracle because it was not measured.</li>\n"
      "<li>Pairs are runs on the same workflow, load, world, track and seed. Intervals (95 %) are percentiles of 2,000 "
      "bootstrap resamples of pairs with seed ",
      out);
  fprintf(out, "%llu; p is Wilcoxon's signed-rank test, corrected by Holm over the methods of a table.</li>\n</ul>\n",
          (unsigned long long)report->seed);
}
