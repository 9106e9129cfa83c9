/* profile_report.c - the table and the JSON of a sweep: see profile.h. */
#include <stdlib.h>

#include "json_output.h"
#include "profile.h"

static int by_cost(const void *left, const void *right) {
  const profile_point_t *a = *(const profile_point_t *const *)left, *b = *(const profile_point_t *const *)right;
  const double x = a->judgement.cost_usd_h, y = b->judgement.cost_usd_h;
  if (x != y) return x < y ? -1 : 1;
  return (a > b) - (a < b);
}

static void print_row(const profile_t *profile, const profile_point_t *point, FILE *out) {
  const judgement_t *j = &point->judgement;
  fprintf(out, "%5d  %-7s %9.4f %10.3f %11.1f %10.1f %6d/%-3d %s\n", (int)(point - profile->points) + 1,
          profile_origin_name(point->origin), j->cost_usd_h, j->latency_s, j->throughput, 100 * j->success_ratio,
          (int)j->n_met, (int)j->n_windows, point->on_front ? "*" : "");
}

void profile_print(const profile_t *profile, FILE *out) {
  const profile_point_t **rows = calloc((size_t)profile->n_points, sizeof *rows);
  int32_t n = 0, n_refused = 0, n_front = 0;
  if (rows == NULL) return;
  for (int32_t i = 0; i < profile->n_points; ++i) {
    if (profile->points[i].judgement.n_windows > 0) rows[n++] = &profile->points[i];
    n_refused += profile->points[i].refused[0] != '\0';
    n_front += profile->points[i].on_front;
  }
  qsort(rows, (size_t)n, sizeof *rows, by_cost);
  fprintf(out, "\n%5s  %-7s %9s %10s %11s %10s %10s %s\n", "point", "origin", "cost $/h", "latency s", "successes",
          "success %", "QoS met", "front");
  for (int32_t i = 0; i < n; ++i) print_row(profile, rows[i], out);
  if (n_front > 0) {
    fprintf(out, "front *: met QoS in all windows, and no other one that did is both cheaper and faster\n");
  } else {
    fprintf(out, "no front: no configuration met QoS in all of its windows\n");
  }
  if (n_refused > 0) fprintf(out, "%d configurations were refused, or could not be kept\n", (int)n_refused);
  free(rows);
}

static fc_json_t *point_json(const profile_point_t *point, const fc_workflow_t *workflow) {
  const judgement_t *j = &point->judgement;
  fc_json_t *out = fc_json_object(), *configuration = json_of_configuration(workflow, point->configuration);
  fc_json_set_string(out, "origin", profile_origin_name(point->origin));
  if (point->refused[0] != '\0') {
    fc_json_set_string(out, "refused", point->refused);
  } else {
    fc_json_set_null(out, "refused");
  }
  fc_json_set_int(out, "windows", j->n_windows);
  if (j->n_windows > 0) {
    fc_json_set_double(out, "cost_usd_h", j->cost_usd_h);
    fc_json_set_double(out, "latency_s", j->latency_s);
    fc_json_set_double(out, "successes", j->throughput);
    fc_json_set_double(out, "success_ratio", j->success_ratio);
    fc_json_set_int(out, "windows_met", j->n_met);
    fc_json_set_bool(out, "front", point->on_front);
  }
  fc_json_set(out, "configuration", &configuration);
  return out;
}

fc_json_t *profile_json(const profile_t *profile, const fc_workflow_t *workflow) {
  fc_json_t *out = fc_json_object(), *points = fc_json_array();
  for (int32_t i = 0; i < profile->n_points; ++i) {
    fc_json_t *point = point_json(&profile->points[i], workflow);
    fc_json_append(points, &point);
  }
  fc_json_set_string(out, "workflow", workflow->name);
  fc_json_set_double(out, "window_s", workflow->window_s);
  fc_json_set(out, "points", &points);
  return out;
}
