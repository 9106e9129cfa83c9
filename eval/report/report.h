/* report.h - the folder that an experiment leaves for people: report.html, summary.csv, plots.
 *
 *   FOLDER/report.html   complete in itself: tables, paired tests, drawings, the paper's claims beside ours
 *   FOLDER/summary.csv   the means of the tables
 *   FOLDER/comparisons.csv  methods against the reference, paired (comparisons_csv.h)
 *   FOLDER/claims.csv    the paper's claims beside ours (claims_csv.h)
 *   FOLDER/cells.json    every cell as cells.csv has it
 *   FOLDER/plots/        NAME.svg and the gnuplot script NAME.gp that draws it
 *
 * Blocks on files and on gnuplot. */
#ifndef EVAL_REPORT_REPORT_H
#define EVAL_REPORT_REPORT_H

#include "cell.h"
#include "faasconf/status.h"
#include "motivation.h"
#include "series.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All borrowed. Texts may be NULL (not told), data may be empty. */
typedef struct {
  const char *title;
  const char *command; /* as it was typed */
  const char *commit;
  const char *date;
  const char *machine;
  const char *seeds;   /* "1 to 20" */
  double load_average; /* of the last minute, when the experiment ended; NaN: not known */
  const cell_t *cells;
  int32_t n_cells;
  const series_point_t *series;
  int32_t n_series;
  const motivation_t *motivation; /* NULL: none */
  const char *reference_method;   /* of the paired tests; NULL: attmf */
  const char *reference_variant;  /* NULL: repaired */
  uint64_t seed;                  /* of the bootstrap */
  const char *gnuplot;            /* program; NULL: gnuplot on the PATH */
} report_t;

typedef struct {
  int32_t n_plots;                           /* SVG files drawn */
  int32_t n_plots_failed;                    /* scripts without a drawing */
  char plots_message[FC_ERROR_MESSAGE_SIZE]; /* why; empty when all are there */
} report_result_t;

/* Against what the paired tests are. */
const char *report_reference_method(const report_t *report);
const char *report_reference_variant(const report_t *report);

/* Makes the folder where it is absent and replaces files of the same names. A gnuplot that is missing or fails is no
 * error: *result tells, and so does the page. FC_EIO, FC_ENOMEM, FC_EINVAL. */
fc_status_t report_write(const report_t *report, const char *folder, report_result_t *result, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
