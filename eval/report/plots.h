/* plots.h - the figures of an experiment, as SVG files by gnuplot.
 *
 * static: cost over oracle per load, grouped by method, X where no run met QoS; ablation: cost and violations per arm;
 * dynamic: load, latency with its target and cost over the minutes of the trace, violations marked; motivation: sweeps
 * of concurrency, ways of tuning, influence between functions. Block while gnuplot runs. */
#ifndef EVAL_REPORT_PLOTS_H
#define EVAL_REPORT_PLOTS_H

#include "cell.h"
#include "faasconf/status.h"
#include "gnuplot.h"
#include "motivation.h"
#include "series.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PLOTS_MAX = 256, PLOTS_TITLE_SIZE = 192, PLOTS_CAPTION_SIZE = 448 };

typedef struct {
  char name[GNUPLOT_NAME_SIZE];     /* NAME.svg, NAME.gp in the folder */
  char caption[PLOTS_CAPTION_SIZE]; /* plain text, not escaped */
  bool is_drawn;
} plot_t;

typedef struct {
  const char *folder;  /* exists */
  const char *program; /* NULL: gnuplot */
  plot_t items[PLOTS_MAX];
  int32_t n;
  int32_t n_left_out;     /* beyond PLOTS_MAX */
  fc_error_t first_error; /* of a drawing that failed; the others go on */
} plots_t;

/* Each adds what its data allow, and nothing without data. Failures of gnuplot are kept in plots->first_error and the
 * scripts stay; FC_ENOMEM and FC_EIO of our own files end it. */
fc_status_t plots_static(plots_t *plots, const cell_t *cells, int32_t n, fc_error_t *error);
fc_status_t plots_ablation(plots_t *plots, const cell_t *cells, int32_t n, fc_error_t *error);
fc_status_t plots_dynamic(plots_t *plots, const series_point_t *points, int32_t n, fc_error_t *error);
fc_status_t plots_motivation(plots_t *plots, const motivation_t *motivation, fc_error_t *error);

/* For them: takes note of one drawing and of how it ended. */
fc_status_t plots_add(plots_t *plots, const char *name, const char *caption, fc_status_t drawn, const fc_error_t *how,
                      fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
