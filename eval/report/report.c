/* report.c - see report.h. */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cells_json.h"
#include "claims_csv.h"
#include "comparisons_csv.h"
#include "file.h"
#include "html.h"
#include "sections.h"
#include "summary.h"

enum { PATH_BYTES = 1024 };

const char *report_reference_method(const report_t *report) {
  return report->reference_method != NULL ? report->reference_method : "attmf";
}

const char *report_reference_variant(const report_t *report) {
  return report->reference_variant != NULL ? report->reference_variant : "repaired";
}

static fc_status_t make_folder(const char *path, fc_error_t *error) {
  if (mkdir(path, 0755) == 0 || errno == EEXIST) return FC_OK;
  return fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
}

static fc_status_t join(const char *folder, const char *name, char path[PATH_BYTES], fc_error_t *error) {
  if (snprintf(path, PATH_BYTES, "%s/%s", folder, name) < PATH_BYTES) return FC_OK;
  return fc_error_set(error, FC_EINVAL, "%.200s...: the path is too long", folder);
}

static fc_status_t draw_all(const report_t *report, plots_t *plots, fc_error_t *error) {
  FC_TRY(plots_static(plots, report->cells, report->n_cells, error));
  FC_TRY(plots_dynamic(plots, report->series, report->n_series, error));
  FC_TRY(plots_ablation(plots, report->cells, report->n_cells, error));
  return report->motivation != NULL ? plots_motivation(plots, report->motivation, error) : FC_OK;
}

static fc_status_t write_page(FILE *out, const report_t *report, const plots_t *plots, fc_error_t *error) {
  html_begin(out, report->title != NULL ? report->title : "faasconf eval");
  const bool has_cells = report->n_cells > 0;
  fputs("<nav><a href=\"#run\">What was run</a><a href=\"#tables\">Results</a>", out);
  if (has_cells) fputs("<a href=\"#tests\">Paired tests</a>", out);
  if (plots->n > 0) fputs("<a href=\"#plots\">Plots</a>", out);
  if (has_cells) fputs("<a href=\"#claims\">The paper's claims</a>", out);
  if (has_cells) fputs("<a href=\"#reading\">How to read</a>", out);
  fputs("</nav>\n", out);
  section_run(out, report);
  FC_TRY(section_tables(out, report, error));
  if (has_cells) FC_TRY(section_tests(out, report, error));
  FC_TRY(section_plots(out, plots, error));
  if (has_cells) FC_TRY(section_claims(out, report, error));
  if (has_cells) section_reading(out, report);
  html_end(out);
  return FC_OK;
}

static fc_status_t replace_page(const report_t *report, const plots_t *plots, const char *path, fc_error_t *error) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (out == NULL) return fc_error_set(error, FC_ENOMEM, "%s: no memory for the page", path);
  fc_status_t status = write_page(out, report, plots, error);
  if (fclose(out) != 0 && status == FC_OK) status = fc_error_set(error, FC_ENOMEM, "%s: no memory for the page", path);
  if (status == FC_OK) status = file_replace(path, text, size, error);
  free(text);
  return status;
}

static fc_status_t write_summary(const report_t *report, const char *path, fc_error_t *error) {
  summary_row_t *rows = NULL;
  int32_t n = 0;
  FC_TRY(summary_of(report->cells, report->n_cells, &rows, &n, error));
  const fc_status_t status = summary_write(path, rows, n, error);
  free(rows);
  return status;
}

/* The same cells as cells.csv has, for programs. */
static fc_status_t write_cells_json(const report_t *report, const char *path, fc_error_t *error) {
  fc_json_t *cells = cells_json(report->cells, report->n_cells);
  char *text = fc_json_dump(cells, 1);
  fc_json_destroy(&cells);
  if (text == NULL) return fc_error_set(error, FC_ENOMEM, "%s: no memory for cells", path);
  const fc_status_t status = file_replace(path, text, strlen(text), error);
  free(text);
  return status;
}

/* What the page's tables are made of, beside cells.csv. */
static fc_status_t write_figures(const report_t *report, const char *folder, fc_error_t *error) {
  char summary[PATH_BYTES], claims[PATH_BYTES], comparisons[PATH_BYTES], cells[PATH_BYTES];
  FC_TRY(join(folder, "summary.csv", summary, error));
  FC_TRY(join(folder, "claims.csv", claims, error));
  FC_TRY(join(folder, "comparisons.csv", comparisons, error));
  FC_TRY(join(folder, "cells.json", cells, error));
  FC_TRY(write_summary(report, summary, error));
  FC_TRY(write_cells_json(report, cells, error));
  FC_TRY(comparisons_write(report->cells, report->n_cells, report_reference_method(report),
                           report_reference_variant(report), report->seed, comparisons, error));
  return claims_write(report->cells, report->n_cells, report->seed, claims, error);
}

static void tell(const plots_t *plots, report_result_t *result) {
  for (int32_t i = 0; i < plots->n; ++i) {
    result->n_plots += plots->items[i].is_drawn;
    result->n_plots_failed += !plots->items[i].is_drawn;
  }
  if (plots->first_error.status != FC_OK)
    memcpy(result->plots_message, plots->first_error.message, sizeof result->plots_message);
}

fc_status_t report_write(const report_t *report, const char *folder, report_result_t *result, fc_error_t *error) {
  char plots_folder[PATH_BYTES], page[PATH_BYTES];
  *result = (report_result_t){0};
  FC_TRY(join(folder, "plots", plots_folder, error));
  FC_TRY(join(folder, "report.html", page, error));
  FC_TRY(make_folder(folder, error));
  FC_TRY(make_folder(plots_folder, error));
  FC_TRY(write_figures(report, folder, error));
  plots_t *plots = calloc(1, sizeof *plots);
  if (plots == NULL) return fc_error_set(error, FC_ENOMEM, "%s: no memory for plots", folder);
  plots->folder = plots_folder;
  plots->program = report->gnuplot;
  fc_status_t status = draw_all(report, plots, error);
  if (status == FC_OK) status = replace_page(report, plots, page, error);
  tell(plots, result);
  free(plots);
  return status;
}
