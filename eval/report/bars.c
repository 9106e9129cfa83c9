/* bars.c - see bars.h. */
#include "bars.h"

#include <math.h>
#include <string.h>

enum { PATTERNS = 8 };

static double place(const bars_t *bars, int32_t group, int32_t series, double width) {
  return group + (series - (bars->n_series - 1) / 2.0) * width;
}

static double highest(const bars_t *bars) {
  double high = isfinite(bars->line) ? bars->line : 0;
  for (int32_t i = 0; i < bars->n_groups * bars->n_series; ++i)
    if (isfinite(bars->values[i])) high = fmax(high, bars->values[i]);
  return high > 0 ? high : 1;
}

static double lowest(const bars_t *bars) {
  double low = 0;
  for (int32_t i = 0; i < bars->n_groups * bars->n_series; ++i)
    if (isfinite(bars->values[i])) low = fmin(low, bars->values[i]);
  return low;
}

static void write_data(FILE *out, const bars_t *bars, double width) {
  for (int32_t s = 0; s < bars->n_series; ++s) {
    fprintf(out, "$bars%d << END\n", (int)s);
    for (int32_t g = 0; g < bars->n_groups; ++g) {
      gnuplot_number(out, place(bars, g, s, width));
      gnuplot_number(out, bars->values[g * bars->n_series + s]);
      fputc('\n', out);
    }
    fputs("END\n", out);
  }
}

/* An X stands where there is no value: drawn as a label of its own, at the foot. */
static bool write_crosses(FILE *out, const bars_t *bars, double width, double foot) {
  bool any = false;
  fputs("$crosses << END\n", out);
  for (int32_t i = 0; i < bars->n_groups * bars->n_series; ++i) {
    if (isfinite(bars->values[i])) continue;
    any = true;
    gnuplot_number(out, place(bars, i / bars->n_series, i % bars->n_series, width));
    gnuplot_number(out, foot);
    fprintf(out, " %d\n", (int)(i % bars->n_series) + 1);
  }
  fputs("END\n", out);
  return any;
}

static void write_axes(FILE *out, const bars_t *bars, double low, double high) {
  size_t longest = 0;
  for (int32_t g = 0; g < bars->n_groups; ++g)
    longest = strlen(bars->groups[g]) > longest ? strlen(bars->groups[g]) : longest;
  fprintf(out,
          "set key outside top center horizontal Left reverse samplen 2\nset xrange [-0.6:%.2f]\nset yrange "
          "[%.6g:%.6g]\nset xtics scale 0 ",
          bars->n_groups - 0.4, 1.12 * low, 1.12 * high);
  if (longest > 12 && bars->n_groups > 3) fputs("rotate by -25 ", out);
  fputc('(', out);
  for (int32_t g = 0; g < bars->n_groups; ++g) {
    if (g > 0) fputs(", ", out);
    gnuplot_string(out, bars->groups[g]);
    fprintf(out, " %d", (int)g);
  }
  fputs(")\nset xlabel ", out);
  gnuplot_string(out, bars->x_label);
  fputs("\nset ylabel ", out);
  gnuplot_string(out, bars->y_label);
  fputc('\n', out);
}

static bool is_numbered(const bars_t *bars) {
  return bars->n_series > PATTERNS;
}

static bool has_bar(const bars_t *bars, int32_t s) {
  for (int32_t g = 0; g < bars->n_groups; ++g)
    if (isfinite(bars->values[g * bars->n_series + s])) return true;
  return false;
}

/* Without a bar there is still an entry in the key: its crosses are somebody's. */
static void write_series(FILE *out, const bars_t *bars, int32_t s) {
  char title[PLAIN_LABEL_SIZE + 16];
  if (is_numbered(bars)) {
    (void)snprintf(title, sizeof title, "%d %s", (int)s + 1, bars->series[s]);
  } else {
    (void)snprintf(title, sizeof title, "%s", bars->series[s]);
  }
  if (has_bar(bars, s) || bars->n_series == 1) {
    fprintf(out, "  $bars%d using 1:2", (int)s);
  } else {
    fputs("  keyentry", out);
  }
  fprintf(out, " with boxes lc rgb '%s' fs pattern %d border lc rgb '%s' %s ", gnuplot_colour(s), gnuplot_pattern(s),
          gnuplot_colour(s), bars->n_series > 1 ? "title" : "notitle");
  if (bars->n_series > 1) gnuplot_string(out, title);
  if (bars->n_series == 1)
    fputs(", \\\n  $bars0 using 1:2:(sprintf('%.3g', $2)) with labels offset 0,0.6 font ',12' notitle", out);
  if (is_numbered(bars) && has_bar(bars, s))
    fprintf(out, ", \\\n  $bars%d using 1:2:('%d') with labels offset 0,0.6 font ',10' notitle", (int)s, (int)s + 1);
}

static void write_script(FILE *out, const bars_t *bars) {
  const double width = (bars->n_series > 1 ? 0.84 : 0.6) / bars->n_series, high = highest(bars), low = lowest(bars);
  write_data(out, bars, width);
  const bool has_crosses = write_crosses(out, bars, width, 0.04 * high);
  write_axes(out, bars, low, high);
  fprintf(out, "set boxwidth %.6g absolute\nplot \\\n", 0.9 * width);
  for (int32_t s = 0; s < bars->n_series; ++s) {
    if (s > 0) fputs(", \\\n", out);
    write_series(out, bars, s);
  }
  if (has_crosses) fputs(", \\\n  $crosses using 1:2:('X') with labels font ',16' tc rgb '#b00020' notitle", out);
  if (has_crosses && is_numbered(bars))
    fputs(", \\\n  $crosses using 1:2:3 with labels offset 0,0.8 font ',10' notitle", out);
  if (isfinite(bars->line)) fprintf(out, ", \\\n  %.6g with lines dt 2 lw 1.5 lc rgb '#000000' notitle", bars->line);
  fputc('\n', out);
}

fc_status_t bars_draw(const bars_t *bars, const char *folder, const char *program, fc_error_t *error) {
  gnuplot_t plot;
  FC_TRY(gnuplot_begin(&plot, bars->name, bars->title, 960, 440, error));
  write_script(plot.script, bars);
  return gnuplot_end(&plot, folder, program, error);
}
