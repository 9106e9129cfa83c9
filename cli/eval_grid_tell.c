/* eval_grid_tell.c - what an experiment says: see eval_grid.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cells_json.h"
#include "comparison.h"
#include "eval_grid.h"
#include "eval_report.h"
#include "json_output.h"
#include "number_text.h"

enum { PATH_SIZE = 1200 };

typedef struct {
  const char *title;
  metric_t metric;
  double scale;
  int digits;
} column_t;

enum { COLUMNS = 7 };

static const column_t constant_columns[COLUMNS] = {{"cost $/h", METRIC_COST, 1, 3},
                                                   {"/oracle", METRIC_OVER_ORACLE, 1, 3},
                                                   {"met /oracle", METRIC_OVER_ORACLE_MET, 1, 3},
                                                   {"compliance", METRIC_COMPLIANCE, 1, 3},
                                                   {"QoS met %", METRIC_QOS_MET, 100, 0},
                                                   {"violations", METRIC_VIOLATIONS, 1, 1},
                                                   {"decide ms", METRIC_DECIDE, 1000, 1}};

static const column_t trace_columns[COLUMNS] = {{"cost $/h", METRIC_COST, 1, 3},
                                                {"/oracle", METRIC_OVER_ORACLE, 1, 3},
                                                {"compliance", METRIC_COMPLIANCE, 1, 3},
                                                {"violations", METRIC_VIOLATIONS, 1, 1},
                                                {"reconfigs", METRIC_RECONFIGURATIONS, 1, 1},
                                                {"latencies s", METRIC_LATENCY_SUM, 1, 0},
                                                {"decide ms", METRIC_DECIDE, 1000, 1}};

static bool is_trace(const arm_t *arm) {
  return strcmp(arm->experiment, "dynamic") == 0;
}

static const column_t *columns_of(const arm_t *arm) {
  return is_trace(arm) ? trace_columns : constant_columns;
}

static void print_row(const summary_row_t *row) {
  const column_t *columns = columns_of(&row->arm);
  printf("  %-12s %-14s %-9s %-6s %5d", row->arm.method, row->arm.variant, row->arm.safety,
         row->arm.rails ? "on" : "off", (int)row->n_cells);
  for (int c = 0; c < COLUMNS; ++c) {
    char text[NUMBER_TEXT];
    printf(" %11s", number_text(columns[c].scale * row->mean[columns[c].metric], columns[c].digits, "", text));
  }
  putchar('\n');
}

static bool same_table(const arm_t *a, const arm_t *b) {
  return strcmp(a->experiment, b->experiment) == 0 && strcmp(a->world, b->world) == 0 &&
         strcmp(a->track, b->track) == 0 && strcmp(a->semantics, b->semantics) == 0;
}

/* One table per experiment, world, track and semantics, in the order in which they occur. */
static void print_tables(const summary_row_t *rows, int32_t n) {
  for (int32_t i = 0; i < n; ++i) {
    const arm_t *of = &rows[i].arm;
    bool is_first = true;
    for (int32_t k = 0; k < i; ++k) is_first = is_first && !same_table(&rows[k].arm, of);
    if (!is_first) continue;
    printf("\n%s: world %s, track %s, %s\n  %-12s %-14s %-9s %-6s %5s", of->experiment, of->world, of->track,
           of->semantics, "method", "variant", "safety", "rails", "runs");
    for (int c = 0; c < COLUMNS; ++c) printf(" %11s", columns_of(of)[c].title);
    putchar('\n');
    for (int32_t k = i; k < n; ++k)
      if (same_table(&rows[k].arm, of)) print_row(&rows[k]);
  }
}

static void print_text(const eval_grid_options_t *options, const eval_cells_t *cells, const summary_row_t *rows,
                       int32_t n) {
  print_tables(rows, n);
  printf("\n%d cells; /oracle: cost over oracle(0.95) of the same world", (int)cells->n);
  if (options->trace != NULL)
    printf(
        " and each minute's users; compliance and violations: of the\ntrace's windows; reconfigs: decisions that "
        "changed something; latencies: sum over windows of their mean.");
  else
    printf(
        "; met /oracle: of runs that met QoS; compliance: of\n%d fresh windows; QoS met: runs whose compliance is at "
        "least 95 %%; violations: of the windows on the way.",
        (int)options->judging_windows);
  bool is_known = true;
  for (int32_t i = 0; i < n; ++i) is_known = is_known && rows[i].n_measured[METRIC_OVER_ORACLE] > 0;
  if (!is_known)
    printf(
        "\n/oracle -: no oracle of this workflow, world and number of users is known; `faasconf eval oracles` finds "
        "it.");
  printf(" A\nmethod that does not meet QoS can be arbitrarily cheap: compare (cost, compliance) pairs.\n");
}

/* Its plain runs: whoever is asked for, else attmf, else whatever came first. */
typedef struct {
  const char *method, *variant;
} reference_t;

static reference_t reference_of(const eval_grid_options_t *options, const eval_cells_t *cells) {
  const char *method = options->reference != NULL ? options->reference : "attmf";
  const cell_t *found = NULL;
  for (int32_t i = 0; i < cells->n && found == NULL; ++i)
    if (strcmp(cells->cells[i].method, method) == 0) found = &cells->cells[i];
  if (found == NULL && options->reference == NULL && cells->n > 0) found = &cells->cells[0];
  return found != NULL ? (reference_t){found->method, found->variant} : (reference_t){method, "repaired"};
}

static fc_status_t print_json(const eval_grid_options_t *options, const eval_cells_t *cells, const summary_row_t *rows,
                              int32_t n, fc_error_t *error) {
  comparison_t *comparisons = NULL;
  int32_t n_comparisons = 0;
  const reference_t reference = reference_of(options, cells);
  FC_TRY(comparison_every(cells->cells, cells->n, reference.method, reference.variant, 1, &comparisons, &n_comparisons,
                          error));
  fc_json_t *object = fc_json_object(), *part = NULL;
  fc_json_set_string(object, "experiment", options->experiment);
  fc_json_set_int(object, "seeds", options->n_seeds);
  part = cells_json(cells->cells, cells->n);
  fc_json_set(object, "cells", &part);
  part = cells_summary_json(rows, n);
  fc_json_set(object, "summary", &part);
  part = cells_comparisons_json(comparisons, n_comparisons);
  fc_json_set(object, "comparisons", &part);
  json_print(&object);
  free(comparisons);
  return FC_OK;
}

static void tell_seeds(const eval_cells_t *cells, char *text, size_t size) {
  int64_t first = INT64_MAX, last = INT64_MIN;
  for (int32_t i = 0; i < cells->n; ++i) {
    first = cells->cells[i].seed < first ? cells->cells[i].seed : first;
    last = cells->cells[i].seed > last ? cells->cells[i].seed : last;
  }
  text[0] = '\0';
  if (cells->n > 0) (void)snprintf(text, size, "%lld to %lld", (long long)first, (long long)last);
}

static fc_status_t write_report(const eval_grid_options_t *options, const eval_cells_t *cells, fc_error_t *error) {
  char seeds[64], path[PATH_SIZE];
  series_point_t *series = NULL;
  int32_t n_series = 0;
  bool torn = false;
  tell_seeds(cells, seeds, sizeof seeds);
  snprintf(path, sizeof path, "%s/series.csv", options->out);
  if (options->trace != NULL) FC_TRY(series_read(path, &series, &n_series, &torn, error));
  const reference_t reference = reference_of(options, cells);
  const report_t report = {.title = options->experiment,
                           .reference_method = reference.method,
                           .reference_variant = reference.variant,
                           .command = options->command,
                           .seeds = seeds,
                           .cells = cells->cells,
                           .n_cells = cells->n,
                           .series = series,
                           .n_series = n_series,
                           .seed = 1};
  const fc_status_t status = eval_report_write(&report, options->out, error);
  free(series);
  return status;
}

fc_status_t eval_grid_tell(const eval_grid_options_t *options, const eval_cells_t *cells, fc_error_t *error) {
  summary_row_t *rows = NULL;
  int32_t n = 0;
  fc_status_t status = summary_of(cells->cells, cells->n, &rows, &n, error);
  if (status == FC_OK && options->json) status = print_json(options, cells, rows, n, error);
  if (status == FC_OK && !options->json) print_text(options, cells, rows, n);
  free(rows);
  if (status == FC_OK && options->out != NULL) status = write_report(options, cells, error);
  return status;
}
