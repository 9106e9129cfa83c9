/* plots_motivation.c - why functions are tuned together: see plots.h, motivation.h. */
#include <math.h>

#include "bars.h"
#include "plots.h"

enum { WAYS_MAX = 12 };

static void write_sweep_lines(FILE *out, const motivation_t *motivation, int column) {
  fputs("plot \\\n", out);
  for (int32_t s = 0; s < motivation->n_sweeps; ++s) {
    fprintf(out, "%s  $sweep%d using 1:%d with linespoints lw 1.6 dt %d pt %d lc rgb '%s' title ",
            s > 0 ? ", \\\n" : "", (int)s, column, gnuplot_dash(s), gnuplot_point(s), gnuplot_colour(s));
    gnuplot_string(out, motivation->sweeps[s].function);
  }
  fputc('\n', out);
}

static fc_status_t draw_sweeps(plots_t *plots, const motivation_t *motivation, fc_error_t *error) {
  gnuplot_t plot;
  fc_error_t how = {0};
  FC_TRY(gnuplot_begin(&plot, "motivation-concurrency", "Concurrency limit of one function", 960, 420, error));
  for (int32_t s = 0; s < motivation->n_sweeps; ++s) {
    const motivation_sweep_t *sweep = &motivation->sweeps[s];
    fprintf(plot.script, "$sweep%d << END\n", (int)s);
    for (int32_t i = 0; i < sweep->n; ++i) {
      gnuplot_number(plot.script, sweep->concurrency[i]);
      gnuplot_number(plot.script, sweep->latency_s[i]);
      gnuplot_number(plot.script, sweep->throughput[i]);
      fputc('\n', plot.script);
    }
    fputs("END\n", plot.script);
  }
  fputs(
      "unset title\nset multiplot layout 1,2 title 'Concurrency limit of one function'\nset xlabel 'concurrency "
      "limit'\nset ylabel 'mean latency, s'\n"
      "set key bottom right font ',11'\nset yrange [0:*]\n",
      plot.script);
  write_sweep_lines(plot.script, motivation, 2);
  fputs("set ylabel 'successes per window'\nset key bottom right font ',11'\n", plot.script);
  write_sweep_lines(plot.script, motivation, 3);
  fputs("unset multiplot\n", plot.script);
  const fc_status_t drawn = gnuplot_end(&plot, plots->folder, plots->program, &how);
  return plots_add(plots, "motivation-concurrency",
                   "One function's concurrency limit is moved, all else stays: latency and successes of the workflow.",
                   drawn, &how, error);
}

static fc_status_t draw_ways(plots_t *plots, const motivation_t *motivation, fc_error_t *error) {
  bars_label_t groups[WAYS_MAX], series[1] = {""};
  double values[WAYS_MAX];
  fc_error_t how = {0};
  const int32_t n = motivation->n_ways < WAYS_MAX ? motivation->n_ways : WAYS_MAX;
  for (int32_t i = 0; i < n; ++i) {
    const motivation_way_t *way = &motivation->ways[i];
    plain_text(way->way, groups[i], sizeof groups[i]);
    values[i] = way->qos_met ? way->cost_usd_h : NAN;
  }
  const bars_t bars = {.name = "motivation-tuning",
                       .title = "Functions tuned one by one and together",
                       .x_label = "",
                       .y_label = "reserved cost, USD/h",
                       .n_groups = n,
                       .n_series = 1,
                       .groups = groups,
                       .series = series,
                       .values = values,
                       .line = NAN};
  const fc_status_t drawn = bars_draw(&bars, plots->folder, plots->program, &how);
  return plots_add(plots, bars.name, "Cost of what each way of tuning found; X: it did not meet QoS.", drawn, &how,
                   error);
}

static void write_influence(FILE *out, const motivation_t *motivation) {
  const int32_t n = motivation->n_functions;
  double bound = 1; /* per cent: colours mean the same on both sides of none */
  for (int32_t i = 0; i < n * n; ++i)
    if (isfinite(motivation->change[i])) bound = fmax(bound, 100 * fabs(motivation->change[i]));
  fputs("$change << END\n", out);
  for (int32_t i = 0; i < n * n; ++i) {
    fprintf(out, "%d %d", (int)(i % n), (int)(i / n));
    gnuplot_number(out, 100 * motivation->change[i]);
    fputc('\n', out);
  }
  fprintf(out,
          "END\nset border 15\nunset grid\nset size ratio 1\nset xrange [-0.5:%.1f]\nset yrange [%.1f:-0.5]\n"
          "set cbrange [-%.6g:%.6g]\n",
          n - 0.5, n - 0.5, bound, bound);
  for (int axis = 0; axis < 2; ++axis) {
    fprintf(out, "set %stics %s(", axis == 0 ? "x" : "y", axis == 0 ? "rotate by -35 " : "");
    for (int32_t i = 0; i < n; ++i) {
      if (i > 0) fputs(", ", out);
      gnuplot_string(out, motivation->functions[i]);
      fprintf(out, " %d", (int)i);
    }
    fputs(")\n", out);
  }
  fputs(
      "set xlabel 'function whose latency changes'\nset ylabel 'function whose resources change'\n"
      "set cblabel 'change of latency, %'\nset palette defined (-1 '#2166ac', 0 '#f7f7f7', 1 '#b2182b')\n"
      "plot $change using 1:2:($1-0.5):($1+0.5):($2-0.5):($2+0.5):3 with boxxyerror fillcolor palette fs solid border "
      "lc rgb '#ffffff' notitle, \\\n"
      "  $change using 1:2:(sprintf('%+.0f', $3)) with labels font ',11' notitle\n",
      out);
}

static fc_status_t draw_influence(plots_t *plots, const motivation_t *motivation, fc_error_t *error) {
  gnuplot_t plot;
  fc_error_t how = {0};
  char caption[256] = "Change of each function's latency in per cent when the resources of another one change.";
  if (isfinite(motivation->rank_correlation))
    (void)snprintf(caption, sizeof caption,
                   "Change of each function's latency in per cent when the resources of another one change. Rank "
                   "correlation with the attention that AttMF has learned: %.2f over %d edges.",
                   motivation->rank_correlation, (int)motivation->n_edges);
  FC_TRY(gnuplot_begin(&plot, "motivation-influence", "Influence between functions", 760, 660, error));
  write_influence(plot.script, motivation);
  const fc_status_t drawn = gnuplot_end(&plot, plots->folder, plots->program, &how);
  return plots_add(plots, "motivation-influence", caption, drawn, &how, error);
}

static bool has_influence(const motivation_t *motivation) {
  for (int32_t i = 0; i < motivation->n_functions * motivation->n_functions; ++i)
    if (isfinite(motivation->change[i])) return true;
  return false;
}

fc_status_t plots_motivation(plots_t *plots, const motivation_t *motivation, fc_error_t *error) {
  if (motivation->n_sweeps > 0) FC_TRY(draw_sweeps(plots, motivation, error));
  if (motivation->n_ways > 0) FC_TRY(draw_ways(plots, motivation, error));
  if (has_influence(motivation)) FC_TRY(draw_influence(plots, motivation, error));
  return FC_OK;
}
