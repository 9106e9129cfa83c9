/* load_report.h - what `faasconf load` says: one line per window, a summary, or one JSON object (docs/cli.md). */
#ifndef CLI_LOAD_REPORT_H
#define CLI_LOAD_REPORT_H

#include <stdio.h>

#include "load_run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What was asked for. Borrowed. */
typedef struct {
  const char *url, *method;
  const load_shape_t *shape;
  double window_s;
} load_about_t;

/* What the load is, and the head of the table of windows. */
void load_report_start(FILE *out, const load_about_t *about);
/* One line, written at once. */
void load_report_window(FILE *out, int32_t index, const load_window_t *window);

void load_report_text(const load_result_t *result);
void load_report_json(const load_about_t *about, const load_result_t *result);

#ifdef __cplusplus
}
#endif
#endif
