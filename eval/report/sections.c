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
  if (report->n_cells > 0) term(out, "results", number);
  fputs("</dl>\n", out);
}

/* ---- tables ---- */

static bool same_table(const arm_t *a, const arm_t *b) {
  return strcmp(a->experiment, b->experiment) == 0 && strcmp(a->world, b->world) == 0 &&
         strcmp(a->track, b->track) == 0 && strcmp(a->semantics, b->semantics) == 0;
}

typedef struct {
  const char *title;
  metric_t metric;
  double scale;
  int digits;
} column_t;

/* The end of a list has no title. */
static const column_t constant_columns[] = {{"cost / oracle, QoS met", METRIC_OVER_ORACLE_MET, 1, 3},
                                            {"cost / oracle, all", METRIC_OVER_ORACLE, 1, 3},
                                            {"compliance, %", METRIC_COMPLIANCE, 100, 1},
                                            {"runs that met QoS, %", METRIC_QOS_MET, 100, 1},
                                            {"violations", METRIC_VIOLATIONS, 1, 2},
                                            {"severity", METRIC_SEVERITY, 1, 2},
                                            {"windows", METRIC_WINDOWS, 1, 1},
                                            {"settled, %", METRIC_SETTLED, 100, 1},
                                            {"cost, USD/h", METRIC_COST, 1, 3},
                                            {"decision, s", METRIC_DECIDE, 1, 4},
                                            {"preparing, s", METRIC_PREPARE, 1, 1},
                                            {0}};

static const column_t trace_columns[] = {{"cost / oracle", METRIC_OVER_ORACLE, 1, 3},
                                         {"compliance, %", METRIC_COMPLIANCE, 100, 1},
                                         {"violations", METRIC_VIOLATIONS, 1, 2},
                                         {"reconfigurations", METRIC_RECONFIGURATIONS, 1, 1},
                                         {"sum of latencies, s", METRIC_LATENCY_SUM, 1, 1},
                                         {"cost, USD/h", METRIC_COST, 1, 3},
                                         {"decision, s", METRIC_DECIDE, 1, 4},
                                         {"preparing, s", METRIC_PREPARE, 1, 1},
                                         {0}};

/* No row was measured twice. */
static const column_t pool_columns[] = {{"cost, USD/h", METRIC_COST, 1, 3},
                                        {"the chosen row met QoS, %", METRIC_QOS_MET, 100, 1},
                                        {"rows around it that did, %", METRIC_COMPLIANCE, 100, 1},
                                        {"violations", METRIC_VIOLATIONS, 1, 2},
                                        {"decision, s", METRIC_DECIDE, 1, 4},
                                        {"preparing, s", METRIC_PREPARE, 1, 1},
                                        {0}};

#define MORE_OF_BOTH                                                                                                \
  {"cost / oracle(0.5)", METRIC_OVER_ORACLE50, 1, 3}, {"cost / oracle(0.99)", METRIC_OVER_ORACLE99, 1, 3},          \
      {"Eq. 2, USD per window", METRIC_COST_EQ2, 1, 5}, {"mean latency, s", METRIC_LATENCY_MEAN, 1, 2},             \
      {"successes per window", METRIC_THROUGHPUT, 1, 1}, {"cost of violating windows", METRIC_UNSAFE_COST, 1, 1}, { \
    0                                                                                                               \
  }

static const column_t more_constant_columns[] = {{"compliance, %", METRIC_COMPLIANCE, 100, 1},
                                                 {"its 95 % interval (Wilson): from", METRIC_WILSON_LOW, 100, 1},
                                                 {"to", METRIC_WILSON_HIGH, 100, 1},
                                                 {"of two minutes, %", METRIC_COMPLIANCE_2MIN, 100, 1},
                                                 MORE_OF_BOTH};

static const column_t more_trace_columns[] = {{"severity", METRIC_SEVERITY, 1, 2}, MORE_OF_BOTH};

enum { MAX_COLUMNS = 20, NAMING_COLUMNS = 4 };

static const column_t *columns_of(const arm_t *of) {
  if (strcmp(of->experiment, "dynamic") == 0) return trace_columns;
  return strcmp(of->experiment, "pool") == 0 ? pool_columns : constant_columns;
}

static void write_rows(FILE *out, const column_t *columns, const summary_row_t *rows, int32_t n, const arm_t *of) {
  const char *titles[MAX_COLUMNS] = {"method", "variant", "safety", "rails"};
  int32_t n_titles = NAMING_COLUMNS;
  for (const column_t *c = columns; c->title != NULL; ++c) titles[n_titles++] = c->title;
  titles[n_titles++] = "runs";
  titles[n_titles++] = "without oracle";
  FC_ASSERT(n_titles <= MAX_COLUMNS);
  html_table(out, titles, n_titles);
  for (int32_t i = 0; i < n; ++i) {
    const summary_row_t *row = &rows[i];
    if (!same_table(&row->arm, of)) continue;
    html_row(out);
    html_cell(out, row->arm.method);
    html_cell(out, row->arm.variant);
    html_cell(out, row->arm.safety);
    html_cell(out, row->arm.rails ? "yes" : "no");
    for (const column_t *c = columns; c->title != NULL; ++c)
      html_number(out, c->scale * row->mean[c->metric], c->digits);
    html_number(out, row->n_cells, 0);
    html_number(out, row->n_cells - row->n_measured[METRIC_OVER_ORACLE], 0);
  }
  html_table_end(out);
}

static void write_table(FILE *out, const summary_row_t *rows, int32_t n, const arm_t *of) {
  char title[PLAIN_SIZE];
  (void)snprintf(title, sizeof title, "%s: world %s, track %s, %s", of->experiment, of->world, of->track,
                 of->semantics);
  fputs("<h3>", out);
  html_text(out, title);
  fputs("</h3>\n", out);
  const column_t *columns = columns_of(of);
  write_rows(out, columns, rows, n, of);
  if (columns == pool_columns) return;
  fputs("<details><summary>more figures</summary>\n", out);
  write_rows(out, columns == trace_columns ? more_trace_columns : more_constant_columns, rows, n, of);
  fputs("</details>\n", out);
}

static void write_ways(FILE *out, const motivation_t *motivation) {
  static const char *const titles[] = {"tuning", "cost, USD/h", "mean latency, s", "compliance, %", "QoS met"};
  char title[PLAIN_SIZE];
  (void)snprintf(title, sizeof title, "%s, %d users: functions tuned each by itself, one after the other, together",
                 motivation->workflow, (int)motivation->users);
  fputs("<h3>", out);
  html_text(out, title);
  fputs("</h3>\n", out);
  html_table(out, titles, sizeof titles / sizeof titles[0]);
  for (int32_t i = 0; i < motivation->n_ways; ++i) {
    const motivation_way_t *way = &motivation->ways[i];
    html_row(out);
    html_cell(out, way->way);
    html_number(out, way->cost_usd_h, 3);
    html_number(out, way->latency_s, 2);
    html_number(out, 100 * way->compliance, 1);
    html_cell(out, way->qos_met ? "yes" : "no");
  }
  html_table_end(out);
}

fc_status_t section_tables(FILE *out, const report_t *report, fc_error_t *error) {
  summary_row_t *rows = NULL;
  int32_t n = 0;
  html_heading(out, "tables", "Results");
  FC_TRY(summary_of(report->cells, report->n_cells, &rows, &n, error));
  if (report->motivation != NULL)
    write_ways(out, report->motivation);
  else if (n == 0)
    fputs("<p>There are no results.</p>\n", out);
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
      "</li>\n<li><b>settled</b>: runs that verified a choice; the others keep the start configuration. Planners keep "
      "to their plan."
      "</li>\n"
      "<li><b>decision</b>: proposing and learning, per window, median; <b>preparing</b>: training, calibrating, "
      "planning, whenever they were done; wall clock.</li>\n"
      "<li><b>without oracle</b>: runs left out of cost / oracle because it was not measured.</li>\n"
      "<li>Pairs are runs on the same workflow, load, world, track and seed; those of one workflow and seed share "
      "training "
      "and luck and are a cluster. Intervals (95 %) are percentiles, expanded for few clusters, of 10,000 bootstrap "
      "resamples of clusters with seed ",
      out);
  fprintf(
      out,
      "%llu; p is Wilcoxon's signed-rank test of the clusters' means, corrected by Holm over the methods of a table; "
      "with five clusters or fewer it cannot be below 0.05.</li>\n</ul>\n",
      (unsigned long long)report->seed);
}
