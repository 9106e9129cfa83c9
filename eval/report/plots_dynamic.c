/* plots_dynamic.c - a trace minute by minute: see plots.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plain.h"
#include "plots.h"

enum { LINES_MAX = 6, RUNS_MAX = 512 };

/* One figure: the same workflow, world and track, the run of the lowest seed of each arm. */
typedef struct {
  const series_point_t *points;
  int32_t n;
  const series_point_t *runs[RUNS_MAX]; /* any point of each */
  int32_t n_runs;
} trace_figure_t;

static bool same_panel(const series_point_t *a, const series_point_t *b) {
  return strcmp(a->workflow, b->workflow) == 0 && strcmp(a->world, b->world) == 0 && strcmp(a->track, b->track) == 0;
}

static bool same_arm(const series_point_t *a, const series_point_t *b) {
  return same_panel(a, b) && strcmp(a->method, b->method) == 0 && strcmp(a->variant, b->variant) == 0 &&
         strcmp(a->safety, b->safety) == 0 && a->rails == b->rails;
}

static bool same_run(const series_point_t *a, const series_point_t *b) {
  return same_arm(a, b) && a->seed == b->seed;
}

static void find_runs(trace_figure_t *figure, const series_point_t *first) {
  figure->n_runs = 0;
  for (int32_t i = 0; i < figure->n; ++i) {
    const series_point_t *point = &figure->points[i];
    int32_t at = 0;
    if (!same_panel(point, first)) continue;
    while (at < figure->n_runs && !same_arm(figure->runs[at], point)) ++at;
    if (at == figure->n_runs && at == RUNS_MAX) continue;
    if (at == figure->n_runs) figure->runs[figure->n_runs++] = point;
    if (point->seed < figure->runs[at]->seed) figure->runs[at] = point;
  }
}

static void label(const series_point_t *point, char out[PLAIN_LABEL_SIZE]) {
  arm_t arm = {.rails = point->rails};
  memcpy(arm.method, point->method, sizeof arm.method);
  memcpy(arm.variant, point->variant, sizeof arm.variant);
  memcpy(arm.safety, point->safety, sizeof arm.safety);
  plain_arm(&arm, out);
}

/* minute users latency target cost, then the latency again where the minute violated. */
static void write_data(FILE *out, const trace_figure_t *figure, int32_t from, int32_t n_lines) {
  for (int32_t k = 0; k < n_lines; ++k) {
    fprintf(out, "$run%d << END\n", (int)k);
    for (int32_t i = 0; i < figure->n; ++i) {
      const series_point_t *point = &figure->points[i];
      if (!same_run(point, figure->runs[from + k])) continue;
      fprintf(out, "%d %d", (int)point->minute, (int)point->users);
      gnuplot_number(out, point->latency_s);
      gnuplot_number(out, point->latency_target_s);
      gnuplot_number(out, point->cost_usd_h);
      gnuplot_number(out, point->violated ? point->latency_s : NAN);
      fputc('\n', out);
    }
    fputs("END\n", out);
  }
}

static void write_lines(FILE *out, const trace_figure_t *figure, int32_t from, int32_t n_lines, int column) {
  for (int32_t k = 0; k < n_lines; ++k) {
    char title[PLAIN_LABEL_SIZE];
    label(figure->runs[from + k], title);
    fprintf(out, "%s  $run%d using 1:%d with linespoints lw 1.6 dt %d pt %d pi 8 ps 0.7 lc rgb '%s' title ",
            k > 0 ? ", \\\n" : "", (int)k, column, gnuplot_dash(k), gnuplot_point(k), gnuplot_colour(k));
    gnuplot_string(out, title);
  }
}

static int32_t last_minute(const trace_figure_t *figure, int32_t from) {
  int32_t last = 0;
  for (int32_t i = 0; i < figure->n; ++i)
    if (same_panel(&figure->points[i], figure->runs[from]) && figure->points[i].minute > last)
      last = figure->points[i].minute;
  return last;
}

static void write_panels(FILE *out, const trace_figure_t *figure, int32_t from, int32_t n_lines) {
  fprintf(out, "set xrange [0:%d]\n", (int)last_minute(figure, from) + 1);
  fputs(
      "set lmargin 10\nset rmargin 3\nset multiplot\n"
      "set size 1,0.24\nset origin 0,0.76\nset key off\nset ytics 10\nset ylabel 'users'\nset yrange [0:*]\n"
      "plot $run0 using 1:2 with steps lw 1.5 lc rgb '#222222' notitle\nunset title\n"
      "set ytics autofreq\nset size 1,0.46\nset origin 0,0.31\nset ylabel 'mean latency, s'\nset key outside top "
      "center horizontal Left reverse font ',12'\nplot \\\n",
      out);
  write_lines(out, figure, from, n_lines, 3);
  for (int32_t k = 0; k < n_lines; ++k)
    fprintf(out, ", \\\n  $run%d using 1:6 with points pt 2 ps 1.1 lw 2 lc rgb '%s' notitle", (int)k,
            gnuplot_colour(k));
  fputs(
      ", \\\n  $run0 using 1:4 with steps dt 3 lw 2 lc rgb '#000000' title 'QoS target', \\\n"
      "  keyentry with points pt 2 ps 1.1 lw 2 lc rgb '#222222' title 'QoS violated'\n"
      "set size 1,0.32\nset origin 0,0\nset key off\nset ylabel 'cost, USD/h'\nset xlabel 'minute of the trace'\n"
      "plot \\\n",
      out);
  write_lines(out, figure, from, n_lines, 5);
  fputs("\nunset multiplot\n", out);
}

static fc_status_t draw(plots_t *plots, const trace_figure_t *figure, int32_t from, fc_error_t *error) {
  const series_point_t *first = figure->runs[from];
  const int32_t left = figure->n_runs - from, n_lines = left < LINES_MAX ? left : LINES_MAX;
  char text[256], name[GNUPLOT_NAME_SIZE], title[PLOTS_TITLE_SIZE], caption[PLOTS_CAPTION_SIZE];
  gnuplot_t plot;
  fc_error_t how = {0};
  (void)snprintf(text, sizeof text, "dynamic %s %s %s %d", first->workflow, first->world, first->track,
                 (int)(from / LINES_MAX) + 1);
  plain_file_name(text, name, sizeof name);
  (void)snprintf(title, sizeof title, "%s, world %s, track %s", first->workflow, first->world, first->track);
  (void)snprintf(caption, sizeof caption,
                 "%s: load, latency and cost over the trace, seed %lld; crosses: minutes with a violation of QoS; "
                 "dotted: the target of latency.",
                 title, (long long)first->seed);
  FC_TRY(gnuplot_begin(&plot, name, title, 960, 760, error));
  write_data(plot.script, figure, from, n_lines);
  write_panels(plot.script, figure, from, n_lines);
  const fc_status_t drawn = gnuplot_end(&plot, plots->folder, plots->program, &how);
  return plots_add(plots, name, caption, drawn, &how, error);
}

fc_status_t plots_dynamic(plots_t *plots, const series_point_t *points, int32_t n, fc_error_t *error) {
  trace_figure_t *figure = calloc(1, sizeof *figure);
  fc_status_t status = FC_OK;
  if (figure == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a figure of the trace");
  *figure = (trace_figure_t){.points = points, .n = n};
  for (int32_t i = 0; i < n && status == FC_OK; ++i) {
    bool is_done = false;
    for (int32_t k = i - 1; k >= 0 && !is_done; --k) is_done = same_panel(&points[k], &points[i]);
    if (is_done) continue;
    find_runs(figure, &points[i]);
    for (int32_t from = 0; from < figure->n_runs && status == FC_OK; from += LINES_MAX)
      status = draw(plots, figure, from, error);
  }
  free(figure);
  return status;
}
