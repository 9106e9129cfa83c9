/* bars.h - grouped bars as the paper draws them: one group per load or workflow, one bar per method. */
#ifndef EVAL_REPORT_BARS_H
#define EVAL_REPORT_BARS_H

#include "gnuplot.h"
#include "plain.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef char bars_label_t[PLAIN_LABEL_SIZE];

typedef struct {
  const char *name, *title, *x_label, *y_label;
  int32_t n_groups, n_series; /* at most GNUPLOT_SERIES_MAX series */
  const bars_label_t *groups, *series;
  const double *values; /* (n_groups, n_series); NaN: an X in place of the bar */
  double line;          /* dashed, across; NaN: none */
} bars_t;

/* As gnuplot_end. */
fc_status_t bars_draw(const bars_t *bars, const char *folder, const char *program, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
