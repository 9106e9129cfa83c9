/* plots_static.c - cost over oracle by load and method, and the bars of ablations: see plots.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bars.h"
#include "plots.h"
#include "summary.h"

enum { GROUPS_MAX = 24, ARMS_MAX = 256 };

/* One figure's cells: the same experiment, world, track, semantics and (unless empty) workflow. */
typedef struct {
  const cell_t *first; /* names all that */
  bool by_workflow;
} panel_t;

static bool is_of(const panel_t *panel, const cell_t *cell) {
  const cell_t *first = panel->first;
  return strcmp(cell->experiment, first->experiment) == 0 && strcmp(cell->world, first->world) == 0 &&
         strcmp(cell->track, first->track) == 0 && strcmp(cell->semantics, first->semantics) == 0 &&
         (!panel->by_workflow || strcmp(cell->workflow, first->workflow) == 0);
}

/* Whether a panel like this one began before `cells + at`. */
static bool is_first(const cell_t *cells, int32_t at, bool by_workflow) {
  const panel_t panel = {&cells[at], by_workflow};
  for (int32_t i = at - 1; i >= 0; --i) /* the last one first: cells come in order */
    if (is_of(&panel, &cells[i])) return false;
  return true;
}

static int32_t arms_of(const panel_t *panel, const cell_t *cells, int32_t n, arm_t arms[ARMS_MAX]) {
  int32_t n_arms = 0;
  for (int32_t i = 0; i < n; ++i) {
    if (!is_of(panel, &cells[i])) continue;
    const arm_t arm = arm_of(&cells[i]);
    int32_t at = 0;
    while (at < n_arms && !arm_equal(&arms[at], &arm)) ++at;
    if (at == n_arms && n_arms < ARMS_MAX) arms[n_arms++] = arm;
  }
  return n_arms;
}

static int compare_users(const void *a, const void *b) {
  const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
  return (x > y) - (x < y);
}

static int32_t users_of(const panel_t *panel, const cell_t *cells, int32_t n, int32_t users[GROUPS_MAX]) {
  int32_t n_users = 0;
  for (int32_t i = 0; i < n; ++i) {
    if (!is_of(panel, &cells[i])) continue;
    int32_t at = 0;
    while (at < n_users && users[at] != cells[i].users) ++at;
    if (at == n_users && n_users < GROUPS_MAX) users[n_users++] = cells[i].users;
  }
  qsort(users, (size_t)n_users, sizeof *users, compare_users);
  return n_users;
}

/* Mean of a metric over the panel's cells of the arm (users < 0: at every load); NaN: nothing measured. */
static double mean_of(const panel_t *panel, const cell_t *cells, int32_t n, const arm_t *arm, int32_t users,
                      metric_t metric) {
  double sum = 0;
  int32_t count = 0;
  for (int32_t i = 0; i < n; ++i) {
    if (!is_of(panel, &cells[i]) || (users >= 0 && cells[i].users != users)) continue;
    const arm_t other = arm_of(&cells[i]);
    const double value = metric_of(&cells[i], metric);
    if (!arm_equal(arm, &other) || isnan(value)) continue;
    sum += value;
    count += 1;
  }
  return count > 0 ? sum / count : NAN;
}

static void name_panel(const panel_t *panel, const char *what, int32_t part, char name[GNUPLOT_NAME_SIZE]) {
  const cell_t *first = panel->first;
  char text[512];
  (void)snprintf(text, sizeof text, "%s %s %s %s %s %s", first->experiment, first->world, first->track,
                 first->semantics, panel->by_workflow ? first->workflow : "", what);
  plain_file_name(text, name, GNUPLOT_NAME_SIZE - 8);
  const size_t length = strlen(name);
  if (part > 0) (void)snprintf(name + length, GNUPLOT_NAME_SIZE - length, "-%d", (int)part + 1);
}

static fc_status_t draw(plots_t *plots, const bars_t *bars, const char *caption, fc_error_t *error) {
  fc_error_t how = {0};
  const fc_status_t drawn = bars_draw(bars, plots->folder, plots->program, &how);
  return plots_add(plots, bars->name, caption, drawn, &how, error);
}

/* ---- static ---- */

/* The series of one figure: arms [from, from + n_series). */
static fc_status_t draw_loads(plots_t *plots, const panel_t *panel, const cell_t *cells, int32_t n, const arm_t *arms,
                              int32_t n_series, int32_t part, fc_error_t *error) {
  int32_t users[GROUPS_MAX];
  double values[GROUPS_MAX * GNUPLOT_SERIES_MAX];
  bars_label_t groups[GROUPS_MAX], series[GNUPLOT_SERIES_MAX];
  char name[GNUPLOT_NAME_SIZE], title[PLOTS_TITLE_SIZE];
  const int32_t n_users = users_of(panel, cells, n, users);
  for (int32_t s = 0; s < n_series; ++s) plain_arm(&arms[s], series[s]);
  for (int32_t g = 0; g < n_users; ++g) {
    (void)snprintf(groups[g], sizeof groups[g], "%d users", (int)users[g]);
    for (int32_t s = 0; s < n_series; ++s)
      values[g * n_series + s] = mean_of(panel, cells, n, &arms[s], users[g], METRIC_OVER_ORACLE_MET);
  }
  name_panel(panel, "cost", part, name);
  (void)snprintf(title, sizeof title, "%s, world %s, track %s, %s", panel->first->workflow, panel->first->world,
                 panel->first->track, panel->first->semantics);
  const bars_t bars = {.name = name,
                       .title = title,
                       .x_label = "",
                       .y_label = "cost / oracle, runs that met QoS",
                       .n_groups = n_users,
                       .n_series = n_series,
                       .groups = groups,
                       .series = series,
                       .values = values,
                       .line = 1};
  char caption[PLOTS_CAPTION_SIZE];
  (void)snprintf(caption, sizeof caption,
                 "%s: cost over oracle(0.95) by load, mean of the runs that met QoS; X: none did (or it was not "
                 "measured); dashed: the oracle.",
                 title);
  return draw(plots, &bars, caption, error);
}

fc_status_t plots_static(plots_t *plots, const cell_t *cells, int32_t n, fc_error_t *error) {
  arm_t *arms = calloc(ARMS_MAX, sizeof *arms);
  fc_status_t status = FC_OK;
  if (arms == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for the methods of a figure");
  for (int32_t i = 0; i < n && status == FC_OK; ++i) {
    if (strcmp(cells[i].experiment, "static") != 0 || !is_first(cells, i, true)) continue;
    const panel_t panel = {&cells[i], true};
    const int32_t n_arms = arms_of(&panel, cells, n, arms);
    for (int32_t from = 0; from < n_arms && status == FC_OK; from += GNUPLOT_SERIES_MAX) {
      const int32_t left = n_arms - from, n_series = left < GNUPLOT_SERIES_MAX ? left : GNUPLOT_SERIES_MAX;
      status = draw_loads(plots, &panel, cells, n, arms + from, n_series, from / GNUPLOT_SERIES_MAX, error);
    }
  }
  free(arms);
  return status;
}

/* ---- ablation ---- */

static fc_status_t draw_arms(plots_t *plots, const panel_t *panel, const cell_t *cells, int32_t n, const arm_t *arms,
                             int32_t n_arms, int32_t part, metric_t metric, fc_error_t *error) {
  double values[GROUPS_MAX];
  bars_label_t groups[GROUPS_MAX], series[1] = {""};
  char name[GNUPLOT_NAME_SIZE], title[PLOTS_TITLE_SIZE], caption[PLOTS_CAPTION_SIZE];
  for (int32_t g = 0; g < n_arms; ++g) {
    plain_arm(&arms[g], groups[g]);
    values[g] = mean_of(panel, cells, n, &arms[g], -1, metric);
  }
  name_panel(panel, metric_key(metric), part, name);
  (void)snprintf(title, sizeof title, "Ablation: %s, world %s, track %s, %s", metric_text(metric), panel->first->world,
                 panel->first->track, panel->first->semantics);
  (void)snprintf(caption, sizeof caption, "%s; means over workflows, loads and seeds.", title);
  const bars_t bars = {.name = name,
                       .title = title,
                       .x_label = "",
                       .y_label = metric_text(metric),
                       .n_groups = n_arms,
                       .n_series = 1,
                       .groups = groups,
                       .series = series,
                       .values = values,
                       .line = metric == METRIC_OVER_ORACLE_MET ? 1 : NAN};
  return draw(plots, &bars, caption, error);
}

fc_status_t plots_ablation(plots_t *plots, const cell_t *cells, int32_t n, fc_error_t *error) {
  static const metric_t metrics[] = {METRIC_OVER_ORACLE_MET, METRIC_VIOLATIONS};
  arm_t *arms = calloc(ARMS_MAX, sizeof *arms);
  fc_status_t status = FC_OK;
  if (arms == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for the methods of a figure");
  for (int32_t i = 0; i < n && status == FC_OK; ++i) {
    if (strcmp(cells[i].experiment, "ablation") != 0 || !is_first(cells, i, false)) continue;
    const panel_t panel = {&cells[i], false};
    const int32_t n_arms = arms_of(&panel, cells, n, arms);
    for (size_t m = 0; m < sizeof metrics / sizeof metrics[0]; ++m)
      for (int32_t from = 0; from < n_arms && status == FC_OK; from += GROUPS_MAX) {
        const int32_t left = n_arms - from, n_groups = left < GROUPS_MAX ? left : GROUPS_MAX;
        status = draw_arms(plots, &panel, cells, n, arms + from, n_groups, from / GROUPS_MAX, metrics[m], error);
      }
  }
  free(arms);
  return status;
}
