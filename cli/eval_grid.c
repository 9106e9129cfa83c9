/* eval_grid.c - see eval_grid.h. */
#include "eval_grid.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "choices.h"
#include "comma_list.h"
#include "eval_folder.h"
#include "eval_reference.h"
#include "faasconf/digest.h"
#include "folder_tree.h"
#include "jobs.h"
#include "series.h"

enum { PAPER_WORKFLOWS = 4, PATH_SIZE = 1200 };

eval_grid_options_t eval_grid_defaults(const char *experiment) {
  return (eval_grid_options_t){.experiment = experiment,
                               .workflows = "sequential,parallel,branch,tcktapp",
                               .worlds = "exact,parameters",
                               .tracks = "rows,simulator",
                               .safety = "none",
                               .rails = "off",
                               .semantics = "strict",
                               .n_seeds = 3,
                               .first_seed = 1,
                               .budget_windows = 15,
                               .judging_windows = 400,
                               .n_rows = 300,
                               .n_simulated = 31000,
                               .jobs = jobs_default_workers()};
}

/* ---- lists ---------------------------------------------------------------------------------------------------- */

static fc_status_t load_workflows(const char *list, fc_workflow_t **workflows, int32_t *n, fc_error_t *error) {
  char item[PATH_SIZE];
  for (*n = 0; comma_list_next(&list, item, sizeof item); ++*n) {
    if (*n == GRID_MAX_WORKFLOWS)
      return fc_error_set(error, FC_EINVAL, "--workflow: more than %d workflows", (int)GRID_MAX_WORKFLOWS);
    FC_TRY(fc_workflow_load(item, &workflows[*n], error));
    if (!workflows[*n]->simulator.present)
      return fc_error_set(error, FC_EINVAL, "workflow %s has no `simulator:` section: there is no world to measure in",
                          item);
  }
  return *n > 0 ? FC_OK : fc_error_set(error, FC_EINVAL, "--workflow: no workflow is named");
}

static fc_status_t read_users(const char *list, grid_t *grid, fc_error_t *error) {
  char item[32];
  for (grid->n_users = 0; list != NULL && comma_list_next(&list, item, sizeof item);) {
    char *end = NULL;
    const long users = strtol(item, &end, 10);
    if (end == item || *end != '\0' || users < 1 || users > 10000 || grid->n_users == OFFLINE_MAX_LOADS)
      return fc_error_set(error, FC_EINVAL, "--users: '%s'; use up to %d numbers of users, as 10,20,30", item,
                          (int)OFFLINE_MAX_LOADS);
    grid->users[grid->n_users++] = (int32_t)users;
  }
  return FC_OK;
}

static fc_status_t read_worlds(const char *list, grid_t *grid, fc_error_t *error) {
  char item[32];
  while (comma_list_next(&list, item, sizeof item)) {
    world_kind_t kind = WORLD_EXACT;
    if (strcmp(item, "all") == 0) {
      for (int i = 0; i < WORLD_KINDS; ++i) grid->worlds[i] = true;
      continue;
    }
    if (!world_find(item, &kind))
      return fc_error_set(error, FC_EINVAL, "--world: there is no world '%s'; use %s, all", item, world_names());
    grid->worlds[kind] = true;
  }
  return FC_OK;
}

static fc_status_t read_tracks(const char *list, grid_t *grid, fc_error_t *error) {
  char item[32];
  while (comma_list_next(&list, item, sizeof item)) {
    bool known = strcmp(item, "both") == 0;
    if (known) grid->tracks[0] = grid->tracks[1] = true;
    for (int track = 0; track < 2; ++track)
      if (strcmp(item, trial_track_name((tuner_track_t)track)) == 0) known = grid->tracks[track] = true;
    if (!known) return fc_error_set(error, FC_EINVAL, "--track: '%s'; use rows, simulator or both", item);
  }
  return FC_OK;
}

/* An item that is named twice would be measured once and counted twice. */
static fc_status_t check_lists(const eval_grid_options_t *options, fc_error_t *error) {
  const struct {
    const char *name, *list;
    bool is_optional;
  } lists[] = {{"workflow", options->workflows, false}, {"users", options->users, true},
               {"method", options->methods, true},      {"world", options->worlds, false},
               {"track", options->tracks, false},       {"safety", options->safety, false},
               {"rails", options->rails, false}};
  char item[PATH_SIZE];
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; ++i) {
    if ((lists[i].is_optional && lists[i].list == NULL) || comma_list_is_set(lists[i].list, item, sizeof item))
      continue;
    if (item[0] == '\0')
      return fc_error_set(error, FC_EINVAL, "--%s '%s': an item is empty; use names separated by commas", lists[i].name,
                          lists[i].list);
    return fc_error_set(error, FC_EINVAL, "--%s: '%s' is named twice", lists[i].name, item);
  }
  return FC_OK;
}

/* ---- running -------------------------------------------------------------------------------------------------- */

typedef struct {
  eval_cells_t *out;
  record_writer_t writer, series, choices; /* fd -1: nothing is written */
  const trace_t *trace;                    /* NULL: constant load */
  progress_t progress;
  eval_reference_t reference;
} running_t;

static fc_status_t keep_cell(eval_cells_t *out, const cell_t *cell, fc_error_t *error) {
  if (out->n == out->capacity) {
    const int32_t capacity = out->capacity > 0 ? 2 * out->capacity : 256;
    cell_t *grown = realloc(out->cells, (size_t)capacity * sizeof *grown);
    if (grown == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d cells", (int)capacity);
    out->cells = grown;
    out->capacity = capacity;
  }
  out->cells[out->n++] = *cell;
  return FC_OK;
}

static double latency_target_s(const fc_workflow_t *workflow, int32_t users) {
  for (int32_t i = 0; i < workflow->n_qos_terms; ++i)
    if (workflow->qos_terms[i].kind == FC_QOS_LATENCY_MEAN) return fc_qos_target(&workflow->qos_terms[i], users);
  return NAN;
}

static fc_status_t append_minutes(running_t *self, const trial_t *trial, const cell_t *cell,
                                  const trace_minute_t *minutes, fc_error_t *error) {
  for (int32_t m = 0; self->series.fd >= 0 && m < self->trace->n_minutes; ++m) {
    series_point_t point = {.rails = cell->rails,
                            .seed = cell->seed,
                            .minute = m,
                            .users = minutes[m].users,
                            .latency_s = minutes[m].latency_s,
                            .latency_target_s = latency_target_s(trial->workflow, minutes[m].users),
                            .cost_usd_h = minutes[m].cost_usd_h,
                            .successes = minutes[m].successes,
                            .violated = minutes[m].violations > 0};
    memcpy(point.workflow, cell->workflow, sizeof point.workflow);
    memcpy(point.world, cell->world, sizeof point.world);
    memcpy(point.track, cell->track, sizeof point.track);
    memcpy(point.method, cell->method, sizeof point.method);
    memcpy(point.variant, cell->variant, sizeof point.variant);
    memcpy(point.safety, cell->safety, sizeof point.safety);
    FC_TRY(record_append(&self->series, &point, error));
  }
  return FC_OK;
}

static fc_status_t append_choice(running_t *self, const trial_t *trial, const cell_t *cell,
                                 const fc_function_configuration_t *configuration, fc_error_t *error) {
  const int32_t n = trial->workflow->n_functions;
  if (self->choices.fd < 0 || n > CHOICE_MAX_FUNCTIONS) return FC_OK;
  const choice_t choice = choice_of(cell, configuration, n);
  return record_append(&self->choices, &choice, error);
}

static fc_status_t take_cell(void *context, const trial_t *trial, const cell_t *cell,
                             const fc_function_configuration_t *choice, const trace_minute_t *minutes,
                             fc_error_t *error) {
  running_t *self = context;
  cell_t whole = *cell;
  if (minutes != NULL) {
    eval_reference_compare_trace(&self->reference, trial, self->trace, &whole);
    FC_TRY(append_minutes(self, trial, &whole, minutes, error));
  } else {
    eval_reference_compare(&self->reference, trial, &whole);
    FC_TRY(append_choice(self, trial, &whole, choice, error));
  }
  FC_TRY(keep_cell(self->out, &whole, error));
  return self->writer.fd >= 0 ? cells_append(&self->writer, &whole, error) : FC_OK;
}

static bool is_done(void *context, const cell_t *named) {
  const running_t *self = context;
  return cells_find(self->out->cells, self->out->n, named) != NULL;
}

static void show(void *context, int64_t n_done, int64_t n_cells, const char *doing) {
  running_t *self = context;
  progress_update(&self->progress, n_done, n_cells, doing);
}

static const fc_workflow_t *find_workflow(fc_workflow_t *const *workflows, int32_t n, const char *name) {
  for (int32_t w = 0; w < n; ++w)
    if (strcmp(workflows[w]->name, name) == 0) return workflows[w];
  return NULL;
}

/* Oracles may have become better since these cells were measured. Those of workflows that this call does not ask for
 * are renewed, too, where the workflow is found by its name. */
static fc_status_t renew_ratios(running_t *self, fc_workflow_t *const *workflows, int32_t n_workflows,
                                fc_error_t *error) {
  int32_t n_changed = 0;
  fc_workflow_t *other = NULL;
  fc_status_t status = FC_OK;
  for (int32_t i = 0; i < self->out->n && status == FC_OK; ++i) {
    cell_t *cell = &self->out->cells[i];
    const fc_workflow_t *workflow = find_workflow(workflows, n_workflows, cell->workflow);
    bool changed = false;
    if (workflow == NULL && (other == NULL || strcmp(other->name, cell->workflow) != 0)) {
      fc_error_t unknown = {0};
      fc_workflow_destroy(&other);
      (void)fc_workflow_load(cell->workflow, &other, &unknown);
    }
    if (workflow == NULL) workflow = other;
    if (workflow != NULL && workflow->simulator.present)
      status = eval_reference_renew(&self->reference, workflow, self->trace, cell, &changed, error);
    n_changed += changed;
  }
  fc_workflow_destroy(&other);
  if (status != FC_OK) return status;
  if (n_changed == 0) return FC_OK;
  fprintf(stderr, "%s: %d cells are compared with other oracles than before\n", self->writer.path, (int)n_changed);
  return record_rewrite(&self->writer, self->out->cells, self->out->n, error);
}

/* Minutes of a cell that was not finished, because the run was ended, are measured again with it. */
static fc_status_t drop_unfinished_minutes(running_t *self, fc_error_t *error) {
  series_point_t *points = NULL;
  int32_t n = 0, n_kept = 0;
  bool torn = false;
  FC_TRY(series_read(self->series.path, &points, &n, &torn, error));
  for (int32_t i = 0; i < n; ++i)
    for (int32_t c = 0; c < self->out->n; ++c) {
      if (!series_is_of(&points[i], &self->out->cells[c])) continue;
      points[n_kept++] = points[i];
      break;
    }
  int32_t n_without = 0;
  for (int32_t c = 0; c < self->out->n; ++c) {
    bool found = false;
    for (int32_t i = 0; i < n_kept && !found; ++i) found = series_is_of(&points[i], &self->out->cells[c]);
    n_without += !found;
  }
  if (n_without > 0)
    fprintf(stderr, "%s: %d finished runs have no minutes there; their plots are missing\n", self->series.path,
            (int)n_without);
  const fc_status_t status = n_kept < n ? record_rewrite(&self->series, points, n_kept, error) : FC_OK;
  free(points);
  return status;
}

/* So are its choices. */
static fc_status_t drop_unfinished_choices(running_t *self, fc_error_t *error) {
  choice_t *choices = NULL;
  int32_t n = 0, n_kept = 0;
  FC_TRY(choices_read(self->choices.path, &choices, &n, error));
  for (int32_t i = 0; i < n; ++i)
    for (int32_t c = 0; c < self->out->n; ++c) {
      if (!choice_is_of(&choices[i], &self->out->cells[c])) continue;
      if (n_kept < i) choices[n_kept] = choices[i];
      n_kept += 1;
      break;
    }
  const fc_status_t status = n_kept < n ? record_rewrite(&self->choices, choices, n_kept, error) : FC_OK;
  free(choices);
  return status;
}

/* Users of every minute, separated by blanks. */
static char *trace_text(const trace_t *trace) {
  char *text = calloc((size_t)trace->n_minutes + 1, 12);
  size_t used = 0;
  for (int32_t m = 0; text != NULL && m < trace->n_minutes; ++m)
    used += (size_t)sprintf(text + used, m > 0 ? " %d" : "%d", (int)trace->users[m]);
  return text;
}

/* What is not part of a cell's name. Offline rows depend on the loads that are asked for. */
static fc_json_t *settings_of(const eval_grid_options_t *options, const trace_t *trace, fc_workflow_t *const *workflows,
                              int32_t n_workflows) {
  fc_json_t *settings = fc_json_object(), *digests = fc_json_object();
  for (int32_t w = 0; w < n_workflows; ++w) {
    char digest[FC_HEX_SIZE];
    fc_hex(workflows[w]->digest, sizeof workflows[w]->digest, digest);
    fc_json_set_string(digests, workflows[w]->name, digest);
  }
  fc_json_set(settings, "workflows", &digests);
  fc_json_set_string(settings, "experiment", options->experiment);
  fc_json_set_int(settings, "rows", options->n_rows);
  fc_json_set_int(settings, "pretraining", options->n_simulated);
  if (trace != NULL) {
    char *text = trace_text(trace);
    fc_json_set_string(settings, "trace", text != NULL ? text : "");
    fc_json_set_string(settings, "semantics", options->semantics); /* series.csv has no column of it */
    free(text);
    return settings;
  }
  fc_json_set_string(settings, "users", options->users != NULL ? options->users : "");
  fc_json_set_int(settings, "windows", options->budget_windows);
  fc_json_set_int(settings, "judge", options->judging_windows);
  return settings;
}

static fc_status_t open_out(const eval_grid_options_t *options, fc_workflow_t *const *workflows, int32_t n_workflows,
                            running_t *self, fc_error_t *error) {
  char path[PATH_SIZE];
  if (options->out == NULL) return FC_OK;
  fc_json_t *settings = settings_of(options, self->trace, workflows, n_workflows);
  FC_TRY(eval_folder_open(options->out, &settings, error));
  snprintf(path, sizeof path, "%s/cells.csv", options->out);
  FC_TRY(cells_resume(&self->writer, path, &self->out->cells, &self->out->n, error));
  self->out->capacity = self->out->n;
  if (self->trace != NULL) {
    snprintf(path, sizeof path, "%s/series.csv", options->out);
    FC_TRY(record_open(&self->series, &series_table, path, error));
    FC_TRY(drop_unfinished_minutes(self, error));
  } else {
    snprintf(path, sizeof path, "%s/choices.csv", options->out);
    FC_TRY(record_open(&self->choices, &choices_table, path, error));
    FC_TRY(drop_unfinished_choices(self, error));
  }
  if (self->out->n > 0) fprintf(stderr, "%s: %d cells are there already and stay\n", options->out, (int)self->out->n);
  return FC_OK;
}

static fc_status_t run_grid(const eval_grid_options_t *options, const contenders_t *contenders, const char *cache,
                            fc_workflow_t *const *workflows, int32_t n_workflows, running_t *self, fc_error_t *error) {
  grid_t grid = {.experiment = options->experiment,
                 .workflows = (const fc_workflow_t *const *)workflows,
                 .n_workflows = n_workflows,
                 .contenders = contenders,
                 .trace = self->trace,
                 .ranges = FC_RANGES_MEASURED,
                 .n_seeds = (int32_t)options->n_seeds,
                 .first_seed = (uint64_t)options->first_seed,
                 .n_rows = {(int32_t)options->n_rows, (int32_t)options->n_simulated},
                 .budget_windows = (int32_t)options->budget_windows,
                 .judging_windows = (int32_t)options->judging_windows,
                 .oracles = &self->reference.table,
                 .cache = cache,
                 .n_workers = (int32_t)options->jobs,
                 .on_cell = take_cell,
                 .is_done = is_done,
                 .progress = show,
                 .context = self};
  if (!fc_semantics_parse(options->semantics, &grid.semantics))
    return fc_error_set(error, FC_EINVAL, "--semantics: '%s'; use strict or as-published", options->semantics);
  FC_TRY(read_users(options->users, &grid, error));
  FC_TRY(read_worlds(options->worlds, &grid, error));
  FC_TRY(read_tracks(options->tracks, &grid, error));
  progress_start(&self->progress, options->experiment);
  const fc_status_t status = grid_run(&grid, error);
  progress_end(&self->progress);
  return status;
}

fc_status_t eval_grid_run(const eval_grid_options_t *options, const contenders_t *contenders, const trace_t *trace,
                          eval_cells_t *out, fc_error_t *error) {
  fc_workflow_t *workflows[GRID_MAX_WORKFLOWS] = {NULL};
  running_t self = {.out = out, .trace = trace, .writer = {.fd = -1}, .series = {.fd = -1}, .choices = {.fd = -1}};
  char cache[PATH_SIZE + 16] = "", folder[PATH_SIZE] = "";
  int32_t n_workflows = 0;
  FC_TRY(check_lists(options, error));
  fc_status_t status = load_workflows(options->workflows, workflows, &n_workflows, error);
  if (status == FC_OK) status = eval_reference_open(&self.reference, options->oracles, error);
  if (status == FC_OK) status = open_out(options, workflows, n_workflows, &self, error);
  if (status == FC_OK) status = renew_ratios(&self, workflows, n_workflows, error);
  if (status == FC_OK && options->out == NULL)
    status = folder_tree_make(NULL, "faasconf-eval", folder, sizeof folder, error);
  if (status == FC_OK) {
    snprintf(cache, sizeof cache, "%s/cache", options->out != NULL ? options->out : folder);
    if (mkdir(cache, 0777) != 0 && errno != EEXIST)
      status = fc_error_set(error, FC_EIO, "%s: %s", cache, strerror(errno));
  }
  if (status == FC_OK) status = run_grid(options, contenders, cache, workflows, n_workflows, &self, error);
  if (status == FC_OK)
    status = eval_cells_order(out, contenders, (const fc_workflow_t *const *)workflows, n_workflows, error);
  if (folder[0] != '\0') folder_tree_remove(folder);
  record_close(&self.writer);
  record_close(&self.series);
  record_close(&self.choices);
  eval_reference_close(&self.reference);
  for (int32_t i = 0; i < GRID_MAX_WORKFLOWS; ++i) fc_workflow_destroy(&workflows[i]);
  return status;
}
