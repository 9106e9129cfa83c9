/* profile_svg.c - the picture of a sweep, cost against latency: see profile.h. Plain SVG, no fonts but the reader's. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "profile.h"

enum { WIDTH = 720, HEIGHT = 440, LEFT = 70, RIGHT = 690, TOP = 60, BOTTOM = 370, TICKS = 5 };

/* Cost is linear from 0, latency logarithmic. */
typedef struct {
  double cost_high, latency_low, latency_high;
} axes_t;

static double x_of(const axes_t *axes, double cost) {
  return LEFT + (RIGHT - LEFT) * cost / axes->cost_high;
}

static double y_of(const axes_t *axes, double latency) {
  return BOTTOM - (BOTTOM - TOP) * log(latency / axes->latency_low) / log(axes->latency_high / axes->latency_low);
}

static bool is_drawn(const profile_point_t *point) {
  return point->judgement.n_windows > 0 && point->judgement.latency_s > 0;
}

/* Of the first term on latency; NaN without one. */
static double latency_target(const fc_workflow_t *workflow, int32_t users) {
  for (int32_t i = 0; i < workflow->n_qos_terms && users > 0; ++i)
    if (workflow->qos_terms[i].kind == FC_QOS_LATENCY_MEAN) return fc_qos_target(&workflow->qos_terms[i], users);
  return NAN;
}

static axes_t choose_axes(const profile_t *profile, double target) {
  axes_t axes = {0, INFINITY, 0};
  for (int32_t i = 0; i < profile->n_points; ++i) {
    const judgement_t *j = &profile->points[i].judgement;
    if (!is_drawn(&profile->points[i])) continue;
    axes.cost_high = fmax(axes.cost_high, j->cost_usd_h);
    axes.latency_low = fmin(axes.latency_low, j->latency_s);
    axes.latency_high = fmax(axes.latency_high, j->latency_s);
  }
  if (!(axes.cost_high > 0)) axes = (axes_t){1, 0.1, 10};
  if (isfinite(target)) {
    axes.latency_low = fmin(axes.latency_low, target);
    axes.latency_high = fmax(axes.latency_high, target);
  }
  axes.cost_high *= 1.08;
  axes.latency_low /= 1.15;
  axes.latency_high *= 1.15;
  return axes;
}

static void draw_axes(FILE *file, const fc_workflow_t *workflow, const axes_t *axes) {
  fprintf(file, "<text x=\"%d\" y=\"28\" font-size=\"17\" font-weight=\"bold\">Cost and latency of %s</text>\n", LEFT,
          workflow->name);
  fprintf(file,
          "<text x=\"%d\" y=\"47\" font-size=\"12\">filled: every window met QoS; the line joins those of them that "
          "no other beats in both</text>\n",
          LEFT);
  for (int i = 0; i <= TICKS; ++i) {
    const double cost = axes->cost_high * i / TICKS, x = x_of(axes, cost);
    const double latency = axes->latency_low * pow(axes->latency_high / axes->latency_low, (double)i / TICKS);
    const double y = y_of(axes, latency);
    fprintf(file,
            "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#8886\"/>"
            "<text x=\"%.1f\" y=\"%d\" font-size=\"12\" text-anchor=\"middle\">%.3g</text>\n"
            "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#8886\"/>"
            "<text x=\"%d\" y=\"%.1f\" font-size=\"12\" text-anchor=\"end\">%.3g</text>\n",
            x, TOP, x, BOTTOM, x, BOTTOM + 18, cost, LEFT, y, RIGHT, y, LEFT - 8, y + 4, latency);
  }
  fprintf(file,
          "<text x=\"%d\" y=\"%d\" font-size=\"13\" text-anchor=\"middle\">reserved cost, USD per hour</text>\n"
          "<text x=\"18\" y=\"%d\" font-size=\"13\" text-anchor=\"middle\" transform=\"rotate(-90 18 %d)\">"
          "mean latency, s (logarithmic)</text>\n",
          (LEFT + RIGHT) / 2, BOTTOM + 42, (TOP + BOTTOM) / 2, (TOP + BOTTOM) / 2);
}

static int by_cost(const void *left, const void *right) {
  const double a = (*(const profile_point_t *const *)left)->judgement.cost_usd_h;
  const double b = (*(const profile_point_t *const *)right)->judgement.cost_usd_h;
  return (a > b) - (a < b);
}

static fc_status_t draw_front(FILE *file, const profile_t *profile, const axes_t *axes, fc_error_t *error) {
  const profile_point_t **front = calloc((size_t)profile->n_points + 1, sizeof *front);
  size_t n = 0;
  if (front == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a picture");
  for (int32_t i = 0; i < profile->n_points; ++i)
    if (profile->points[i].on_front && is_drawn(&profile->points[i])) front[n++] = &profile->points[i];
  qsort(front, n, sizeof *front, by_cost);
  fprintf(file, "<polyline fill=\"none\" stroke=\"#2a7fd4\" stroke-width=\"2\" points=\"");
  for (size_t i = 0; i < n; ++i)
    fprintf(file, "%.1f,%.1f ", x_of(axes, front[i]->judgement.cost_usd_h), y_of(axes, front[i]->judgement.latency_s));
  fprintf(file, "\"/>\n");
  free(front);
  return FC_OK;
}

static void draw_points(FILE *file, const profile_t *profile, const axes_t *axes) {
  for (int32_t i = 0; i < profile->n_points; ++i) {
    const profile_point_t *point = &profile->points[i];
    const judgement_t *j = &point->judgement;
    if (!is_drawn(point)) continue;
    const double x = x_of(axes, j->cost_usd_h), y = y_of(axes, j->latency_s);
    const char *colour = point->origin == PROFILE_BEFORE ? "#d4652a" : "#2a7fd4";
    fprintf(file, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\" fill=\"%s\" stroke=\"%s\" stroke-width=\"1.5\"/>\n", x, y,
            j->n_met == j->n_windows && point->refused[0] == '\0' ? colour : "none", colour);
    if (point->origin == PROFILE_BEFORE)
      fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"12\" text-anchor=\"%s\">before</text>\n",
              x > (LEFT + RIGHT) / 2.0 ? x - 9 : x + 9, y - 7, x > (LEFT + RIGHT) / 2.0 ? "end" : "start");
  }
}

static void draw_target(FILE *file, const axes_t *axes, double target) {
  if (!isfinite(target)) return;
  fprintf(file,
          "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#b03030\" stroke-dasharray=\"6 4\"/>"
          "<text x=\"%d\" y=\"%.1f\" font-size=\"12\" text-anchor=\"end\">target %.3g s</text>\n",
          LEFT, y_of(axes, target), RIGHT, y_of(axes, target), RIGHT - 4, y_of(axes, target) - 5, target);
}

fc_status_t profile_picture_open(const char *path, profile_picture_t *picture, fc_error_t *error) {
  const int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  FILE *file = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
  *picture = (profile_picture_t){path, file};
  if (file != NULL) return FC_OK;
  const fc_status_t status = fc_error_set(error, FC_EIO, "%s: %s", path, strerror(errno));
  if (descriptor >= 0) (void)close(descriptor);
  return status;
}

void profile_picture_close(profile_picture_t *picture) {
  struct stat about;
  if (picture->file == NULL) return;
  if (fstat(fileno(picture->file), &about) == 0 && S_ISREG(about.st_mode) && about.st_size == 0)
    (void)unlink(picture->path);
  (void)fclose(picture->file);
  picture->file = NULL;
}

fc_status_t profile_draw(const profile_t *profile, const fc_workflow_t *workflow, int32_t users,
                         profile_picture_t *picture, fc_error_t *error) {
  FILE *file = picture->file;
  if (ftruncate(fileno(file), 0) != 0 && errno != EINVAL) /* a pipe has nothing to lose */
    return fc_error_set(error, FC_EIO, "%s: %s", picture->path, strerror(errno));
  const double target = latency_target(workflow, users);
  const axes_t axes = choose_axes(profile, target);
  fprintf(file,
          "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
          "font-family=\"sans-serif\">\n<style>text{fill:#222}@media(prefers-color-scheme:dark){text{fill:#ddd}"
          ".page{fill:#181818}}</style>\n<rect class=\"page\" width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
          WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
  draw_axes(file, workflow, &axes);
  draw_target(file, &axes, target);
  const fc_status_t status = draw_front(file, profile, &axes, error);
  draw_points(file, profile, &axes);
  fprintf(file, "</svg>\n");
  if ((fflush(file) != 0 || ferror(file) != 0) && status == FC_OK)
    return fc_error_set(error, FC_EIO, "%s: %s", picture->path, strerror(errno));
  return status;
}
