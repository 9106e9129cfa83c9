/* gnuplot.h - one drawing: NAME.gp, a script with its data inside that anybody can run again, and NAME.svg, made by the
 * program gnuplot. Block while it runs; any thread. */
#ifndef EVAL_REPORT_GNUPLOT_H
#define EVAL_REPORT_GNUPLOT_H

#include <stdint.h>
#include <stdio.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GNUPLOT_NAME_SIZE = 160, GNUPLOT_SERIES_MAX = 12 };

typedef struct {
  FILE *script; /* write to it */
  char *text;
  size_t size;
  char name[GNUPLOT_NAME_SIZE];
} gnuplot_t;

/* Begins a script: SVG of that size in pixels, plain strings (no markup), white page, grid. name: of the files, without
 * an ending (plain_file_name). FC_ENOMEM. */
fc_status_t gnuplot_begin(gnuplot_t *plot, const char *name, const char *title, int width, int height,
                          fc_error_t *error);

/* A string of gnuplot, in single quotes, in which nothing is substituted or executed. */
void gnuplot_string(FILE *script, const char *text);

/* Colour, pattern, dash and point of the i-th series: each tells it apart without the others. */
const char *gnuplot_colour(int32_t i);
int gnuplot_pattern(int32_t i);
int gnuplot_dash(int32_t i);
int gnuplot_point(int32_t i);

/* A number of a data block; NaN as gnuplot's missing value. */
void gnuplot_number(FILE *script, double number);

/* Writes FOLDER/NAME.gp, and FOLDER/NAME.svg by `program` (NULL: "gnuplot"). The script is there even when the program
 * is not: FC_ENOTFOUND. FC_ESTATE with its words when it fails, FC_EIO. Frees the plot in any case. */
fc_status_t gnuplot_end(gnuplot_t *plot, const char *folder, const char *program, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
