/* compliance_curve_svg.c - the picture: see compliance_curve.h. Plain SVG, no fonts but the reader's. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compliance_curve.h"

enum { WIDTH = 720, HEIGHT = 440, LEFT = 70, RIGHT = 690, TOP = 60, BOTTOM = 370 };

typedef struct {
  double x_low, x_high, y_low, y_high;
} axes_t;

/* Compliance on a scale that has room where it matters: its log odds. */
static double stretch(double p) {
  return log(p / (1 - p));
}

static double clip(double p) {
  return fmin(0.99995, fmax(0.005, p));
}

static double x_of(const axes_t *axes, double p) {
  return LEFT + (RIGHT - LEFT) * (stretch(clip(p)) - axes->x_low) / (axes->x_high - axes->x_low);
}

static double y_of(const axes_t *axes, double cost) {
  return BOTTOM - (BOTTOM - TOP) * (cost - axes->y_low) / (axes->y_high - axes->y_low);
}

static void make_room(axes_t *axes, double p) {
  axes->x_low = fmin(axes->x_low, stretch(clip(p)) - 0.3);
  axes->x_high = fmax(axes->x_high, stretch(clip(p)) + 0.1);
}

static axes_t choose_axes(const curve_t *curve) {
  axes_t axes = {stretch(0.4), stretch(0.999), 0, curve->start_cost_usd_h};
  make_room(&axes, (double)curve->start_n_met / PLAN_CONFIRMING_WINDOWS);
  for (int32_t i = 0; i < curve->n_levels; ++i) {
    const curve_level_t *level = &curve->levels[i];
    make_room(&axes, level->level);
    if (level->best >= 0) make_room(&axes, level->wilson_low);
    if (level->best >= 0) make_room(&axes, level->wilson_high);
    if (level->best >= 0 && level->max_usd_h > axes.y_high) axes.y_high = level->max_usd_h;
  }
  axes.y_high *= 1.1;
  return axes;
}

static void draw_axes(FILE *file, const curve_t *curve, const axes_t *axes) {
  static const double ticks[] = {0.01, 0.1, 0.25, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999};
  char load[CURVE_LOAD_TEXT];
  fprintf(file,
          "<text x=\"%d\" y=\"28\" font-size=\"17\" font-weight=\"bold\">The price of compliance: %s, %s</text>\n",
          LEFT, curve->workflow->name, curve_load_text(curve, load));
  fprintf(file,
          "<text x=\"%d\" y=\"47\" font-size=\"12\">%s semantics; the cheapest of %d searches, and their spread"
          "</text>\n",
          LEFT, fc_semantics_name(curve->semantics), (int)curve->n_searches);
  for (size_t i = 0; i < sizeof ticks / sizeof ticks[0]; ++i) {
    if (stretch(ticks[i]) < axes->x_low || stretch(ticks[i]) > axes->x_high) continue;
    const double x = x_of(axes, ticks[i]);
    fprintf(file,
            "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#8886\"/>"
            "<text x=\"%.1f\" y=\"%d\" font-size=\"12\" text-anchor=\"middle\">%g %%</text>\n",
            x, TOP, x, BOTTOM, x, BOTTOM + 18, 100 * ticks[i]);
  }
  const double step = axes->y_high > 20 ? 5 : (axes->y_high > 8 ? 2 : 1);
  for (int tick = 0; tick * step <= axes->y_high; ++tick) {
    const double y = y_of(axes, tick * step);
    fprintf(file,
            "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#8886\"/>"
            "<text x=\"%d\" y=\"%.1f\" font-size=\"12\" text-anchor=\"end\">%g</text>\n",
            LEFT, y, RIGHT, y, LEFT - 8, y + 4, tick * step);
  }
  fprintf(file,
          "<text x=\"%d\" y=\"%d\" font-size=\"13\" text-anchor=\"middle\">windows that meet QoS (logistic scale)"
          "</text>\n",
          (LEFT + RIGHT) / 2, BOTTOM + 42);
  fprintf(file,
          "<text x=\"18\" y=\"%d\" font-size=\"13\" text-anchor=\"middle\" transform=\"rotate(-90 18 %d)\">"
          "reserved cost, USD per hour</text>\n",
          (TOP + BOTTOM) / 2, (TOP + BOTTOM) / 2);
}

/* The band between the cheapest and the dearest search. */
static void draw_band(FILE *file, const curve_t *curve, const axes_t *axes) {
  fprintf(file, "<polygon fill=\"#2a7fd4\" fill-opacity=\"0.25\" points=\"");
  for (int32_t i = 0; i < curve->n_levels; ++i)
    if (curve->levels[i].best >= 0)
      fprintf(file, "%.1f,%.1f ", x_of(axes, curve->levels[i].level),
              y_of(axes, curve->levels[i].plans[curve->levels[i].best].cost_usd_h));
  for (int32_t i = curve->n_levels - 1; i >= 0; --i)
    if (curve->levels[i].best >= 0)
      fprintf(file, "%.1f,%.1f ", x_of(axes, curve->levels[i].level), y_of(axes, curve->levels[i].max_usd_h));
  fprintf(file, "\"/>\n<polyline fill=\"none\" stroke=\"#2a7fd4\" stroke-width=\"2\" points=\"");
  for (int32_t i = 0; i < curve->n_levels; ++i)
    if (curve->levels[i].best >= 0)
      fprintf(file, "%.1f,%.1f ", x_of(axes, curve->levels[i].level),
              y_of(axes, curve->levels[i].plans[curve->levels[i].best].cost_usd_h));
  fprintf(file, "\"/>\n");
}

static void draw_points(FILE *file, const curve_t *curve, const axes_t *axes) {
  for (int32_t i = 0; i < curve->n_levels; ++i) {
    const curve_level_t *level = &curve->levels[i];
    if (level->best < 0) continue;
    const plan_t *best = &level->plans[level->best];
    const double x = x_of(axes, (double)level->n_met / PLAN_CONFIRMING_WINDOWS), y = y_of(axes, best->cost_usd_h);
    fprintf(file,
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#2a7fd4\" stroke-width=\"2\"/>"
            "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\" fill=\"#2a7fd4\"/>"
            "<text x=\"%.1f\" y=\"%.1f\" font-size=\"12\" text-anchor=\"middle\">%.2f</text>\n",
            x_of(axes, level->wilson_low), y, x_of(axes, level->wilson_high), y, x, y, x, y + 20, best->cost_usd_h);
  }
  const double start_x = x_of(axes, (double)curve->start_n_met / PLAN_CONFIRMING_WINDOWS),
               start_y = y_of(axes, curve->start_cost_usd_h);
  const bool is_right = start_x > (LEFT + RIGHT) / 2.0;
  fprintf(file,
          "<rect x=\"%.1f\" y=\"%.1f\" width=\"10\" height=\"10\" fill=\"#d4652a\"/>"
          "<text x=\"%.1f\" y=\"%.1f\" font-size=\"12\" text-anchor=\"%s\">start configuration %.2f</text>\n",
          start_x - 5, start_y - 5, start_x + (is_right ? -10 : 10), start_y - 8, is_right ? "end" : "start",
          curve->start_cost_usd_h);
}

fc_status_t curve_draw(const curve_t *curve, const char *path, fc_error_t *error) {
  FILE *file = fopen(path, "w");
  if (file == NULL) return fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
  const axes_t axes = choose_axes(curve);
  fprintf(file,
          "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
          "font-family=\"sans-serif\">\n<style>text{fill:#222}@media(prefers-color-scheme:dark){text{fill:#ddd}"
          ".page{fill:#181818}}</style>\n<rect class=\"page\" width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
          WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
  draw_axes(file, curve, &axes);
  draw_band(file, curve, &axes);
  draw_points(file, curve, &axes);
  fprintf(file, "</svg>\n");
  const bool failed = ferror(file) != 0;
  if (fclose(file) != 0 || failed) return fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
  return FC_OK;
}
