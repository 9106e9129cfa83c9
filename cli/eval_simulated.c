/* eval_simulated.c - `faasconf eval static`, `dynamic` and `ablation`: every method in simulated worlds, at constant
 * load and through a trace. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "comma_list.h"
#include "eval.h"
#include "eval_grid.h"
#include "eval_report.h"
#include "trace_file.h"

/* A check of everything in minutes: one cell per method and track. */
static void make_quick(eval_grid_options_t *options) {
  options->workflows = "parallel";
  options->users = "10";
  options->worlds = "parameters";
  options->n_seeds = 1;
  options->n_simulated = 3000;
}

typedef enum { STATIC = 1, DYNAMIC = 2, ABLATION = 4 } kind_t;

typedef struct {
  kind_t kind;
  const char *command, *description, *examples;
} experiment_t;

static fc_status_t choose_contenders(const eval_grid_options_t *options, kind_t kind, contenders_t *contenders,
                                     fc_error_t *error) {
  if (options->methods != NULL) {
    FC_TRY(contenders_of_methods(contenders, options->methods, error));
  } else if (kind == ABLATION) {
    contenders_of_ablation(contenders);
    return FC_OK;
  } else {
    contenders_of_all_methods(contenders);
  }
  return contenders_cross(contenders, options->safety, options->rails, error);
}

/* A minute has as many windows for every workflow. */
static fc_status_t count_windows(const char *workflows, int32_t *windows_per_minute, fc_error_t *error) {
  char item[1200], first[1200] = "";
  while (comma_list_next(&workflows, item, sizeof item)) {
    fc_workflow_t *workflow = NULL;
    int32_t n = 0;
    FC_TRY(fc_workflow_load(item, &workflow, error));
    fc_status_t status = trace_file_windows_per_minute(workflow, &n, error);
    if (status == FC_OK && first[0] != '\0' && n != *windows_per_minute)
      status = fc_error_set(error, FC_EINVAL, "--workflow: %s has %d windows a minute, %s %d; run them one by one",
                            item, (int)n, first, (int)*windows_per_minute);
    if (first[0] == '\0') memcpy(first, item, sizeof first);
    *windows_per_minute = n;
    fc_workflow_destroy(&workflow);
    FC_TRY(status);
  }
  return FC_OK;
}

/* Whole users of every minute, within what one workflow can be simulated with. */
static fc_status_t take_users(const char *path, const trace_file_t *file, int32_t *users, fc_error_t *error) {
  if (!file->closed_loop)
    return fc_error_set(error, FC_EINVAL, "--column %s: a column whose name begins with `users` is needed",
                        file->column);
  for (int32_t m = 0; m < file->n; ++m) {
    if (!(file->load[m] >= 1 && file->load[m] <= 10000))
      return fc_error_set(error, FC_EINVAL, "%s: minute %d has %g users; 1 to 10000 can be played", path, (int)m,
                          file->load[m]);
    users[m] = (int32_t)lround(file->load[m]);
  }
  return FC_OK;
}

static fc_status_t read_trace(const eval_grid_options_t *options, trace_t *trace, int32_t **users, fc_error_t *error) {
  trace_file_t file = {0};
  if (options->trace == NULL)
    return fc_error_set(error, FC_EINVAL, "--trace FILE is needed: CSV with a column of users per minute");
  FC_TRY(count_windows(options->workflows, &trace->windows_per_minute, error));
  fc_status_t status =
      trace_file_read(options->trace, options->column != NULL ? options->column : "users*", &file, error);
  if (status == FC_OK) {
    *users = calloc((size_t)file.n + 1, sizeof **users);
    if (*users == NULL) status = fc_error_set(error, FC_ENOMEM, "no memory for %d minutes", (int)file.n);
  }
  if (status == FC_OK) status = take_users(options->trace, &file, *users, error);
  trace->users = *users;
  trace->n_minutes = file.n;
  trace_file_clear(&file);
  return status;
}

static fc_status_t check_reference(const eval_grid_options_t *options, fc_error_t *error) {
  const char *names = NULL;
  if (options->reference == NULL || tuner_find(options->reference, &names) != NULL) return FC_OK;
  return fc_error_set(error, FC_EINVAL, "--reference: there is no method '%s'; methods: %s", options->reference, names);
}

static fc_status_t run_and_tell(const eval_grid_options_t *options, kind_t kind, fc_error_t *error) {
  contenders_t contenders = {.n = 0};
  eval_cells_t cells = {0};
  trace_t trace = {0};
  int32_t *users = NULL;
  fc_status_t status = check_reference(options, error);
  if (status == FC_OK) status = choose_contenders(options, kind, &contenders, error);
  if (status == FC_OK && kind == DYNAMIC) status = read_trace(options, &trace, &users, error);
  if (status == FC_OK) status = eval_grid_run(options, &contenders, kind == DYNAMIC ? &trace : NULL, &cells, error);
  if (status == FC_OK) status = eval_grid_tell(options, &cells, error);
  free(cells.cells);
  free(users);
  return status;
}

typedef struct {
  unsigned kinds; /* experiments that take it */
  argument_t argument;
} option_t;

enum { CONSTANT = STATIC | ABLATION, ALL = CONSTANT | DYNAMIC, MAX_OPTIONS = 24 };

/* Those of one experiment; their number. */
static int list_options(kind_t kind, eval_grid_options_t *options, argument_t arguments[MAX_OPTIONS]) {
  const option_t table[] = {
      {CONSTANT,
       {.name = "workflow",
        .kind = ARGUMENT_TEXT,
        .target = &options->workflows,
        .value = "A,B",
        .help = "shipped names or paths (sequential,parallel,branch,tcktapp)"}},
      {DYNAMIC,
       {.name = "workflow",
        .kind = ARGUMENT_TEXT,
        .target = &options->workflows,
        .value = "A,B",
        .help = "shipped names or paths (parallel)"}},
      {CONSTANT,
       {.name = "users",
        .kind = ARGUMENT_TEXT,
        .target = &options->users,
        .value = "N,M",
        .help = "closed-loop users (five levels per workflow: 10 to 30, tcktapp 20 to 40)"}},
      {STATIC | DYNAMIC,
       {.name = "method",
        .kind = ARGUMENT_TEXT,
        .target = &options->methods,
        .value = "A,B",
        .help = "methods (all; an unknown one lists them)"}},
      {ABLATION,
       {.name = "method",
        .kind = ARGUMENT_TEXT,
        .target = &options->methods,
        .value = "A,B",
        .help = "these methods and nothing else (learners and their parts)"}},
      {ALL,
       {.name = "world",
        .kind = ARGUMENT_TEXT,
        .target = &options->worlds,
        .value = "A,B",
        .help = "exact,parameters,tail,hidden,least_connections,optimistic or all (exact,parameters)"}},
      {STATIC | DYNAMIC,
       {.name = "track",
        .kind = ARGUMENT_TEXT,
        .target = &options->tracks,
        .value = "A,B",
        .help = "what methods know before: rows, simulator (both)"}},
      {ABLATION,
       {.name = "track",
        .kind = ARGUMENT_TEXT,
        .target = &options->tracks,
        .value = "A,B",
        .help = "what methods know before: rows, simulator (simulator)"}},
      {STATIC | DYNAMIC,
       {.name = "safety",
        .kind = ARGUMENT_TEXT,
        .target = &options->safety,
        .value = "A,B",
        .help = "safety strategies: none,ses_code,ses_paper (none)"}},
      {STATIC | DYNAMIC,
       {.name = "rails",
        .kind = ARGUMENT_TEXT,
        .target = &options->rails,
        .value = "A,B",
        .help = "limits on change: off,tuning (off)"}},
      {ALL,
       {.name = "semantics",
        .kind = ARGUMENT_TEXT,
        .target = &options->semantics,
        .value = "S",
        .help = "strict or as-published (strict)"}},
      {ALL,
       {.name = "seeds",
        .kind = ARGUMENT_INT,
        .target = &options->n_seeds,
        .value = "N",
        .help = "seeds (3)",
        .minimum = 1,
        .maximum = 1000}},
      {ALL,
       {.name = "first-seed",
        .kind = ARGUMENT_INT,
        .target = &options->first_seed,
        .value = "N",
        .help = "the first of them (1)",
        .minimum = 1,
        .maximum = 1000000}},
      {CONSTANT,
       {.name = "windows",
        .kind = ARGUMENT_INT,
        .target = &options->budget_windows,
        .value = "N",
        .help = "windows of a method's budget (15)",
        .minimum = 3,
        .maximum = 1000}},
      {CONSTANT,
       {.name = "judge",
        .kind = ARGUMENT_INT,
        .target = &options->judging_windows,
        .value = "N",
        .help = "fresh windows that judge a choice (400)",
        .minimum = 8,
        .maximum = 100000}},
      {ALL,
       {.name = "rows",
        .kind = ARGUMENT_INT,
        .target = &options->n_rows,
        .value = "N",
        .help = "offline rows of track rows (300)",
        .minimum = 10,
        .maximum = 1000000}},
      {ALL,
       {.name = "pretraining",
        .kind = ARGUMENT_INT,
        .target = &options->n_simulated,
        .value = "N",
        .help = "simulated windows of track simulator (31000)",
        .minimum = 10,
        .maximum = 1000000}},
      {ALL,
       {.name = "reference",
        .kind = ARGUMENT_TEXT,
        .target = &options->reference,
        .value = "METHOD",
        .help = "that the others are tested against (attmf; where it is missing, the first)"}},
      {ALL,
       {.name = "oracles",
        .kind = ARGUMENT_TEXT,
        .target = &options->oracles,
        .value = "FILE",
        .help = "oracles to compare with (the shipped table)"}},
      {ALL,
       {.name = "jobs",
        .kind = ARGUMENT_INT,
        .target = &options->jobs,
        .value = "N",
        .help = "threads (all processors)",
        .minimum = 1,
        .maximum = 256}},
      {ALL,
       {.name = "out",
        .kind = ARGUMENT_TEXT,
        .target = &options->out,
        .value = "DIR",
        .help = "cells.csv and report; cells that are there already stay"}},
      {CONSTANT,
       {.name = "quick",
        .kind = ARGUMENT_FLAG,
        .target = &options->quick,
        .help = "parallel, 10 users, world parameters, one seed; options beside it are kept"}},
      {DYNAMIC,
       {.name = "quick",
        .kind = ARGUMENT_FLAG,
        .target = &options->quick,
        .help = "parallel, world parameters, one seed; options beside it are kept"}},
      {ALL, {.name = "json", .kind = ARGUMENT_FLAG, .target = &options->json, .help = "one JSON object at the end"}},
      {DYNAMIC,
       {.name = "trace",
        .kind = ARGUMENT_TEXT,
        .target = &options->trace,
        .value = "FILE",
        .help = "CSV with a column of closed-loop users per minute"}},
      {DYNAMIC,
       {.name = "column",
        .kind = ARGUMENT_TEXT,
        .target = &options->column,
        .value = "NAME",
        .help = "its name (the first that begins with users)"}}};
  int n = 0;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
    if ((table[i].kinds & kind) == 0) continue;
    FC_ASSERT(n < MAX_OPTIONS);
    arguments[n++] = table[i].argument;
  }
  return n;
}

static int run(const experiment_t *experiment, eval_grid_options_t *options, int argc, char **argv) {
  argument_t table[MAX_OPTIONS];
  const int n_arguments = list_options(experiment->kind, options, table);
  const arguments_t arguments = {.command = experiment->command,
                                 .description = experiment->description,
                                 .examples = experiment->examples,
                                 .arguments = table,
                                 .n_arguments = n_arguments};
  int code = CLI_DONE;
  for (int i = 1; i < argc; ++i)
    if (strcmp(argv[i], "--quick") == 0) make_quick(options);
  if (!arguments_parse(&arguments, argc, argv, NULL, NULL, &code)) return code;
  fc_error_t error = {FC_OK, ""};
  char command[1024];
  eval_report_command(argc, argv, command, sizeof command);
  options->command = command;
  const fc_status_t status = run_and_tell(options, experiment->kind, &error);
  options->command = NULL;
  if (status == FC_OK) return CLI_DONE;
  (void)cli_fail(arguments.command, &error);
  return status == FC_EINVAL ? CLI_USAGE : CLI_FAILED;
}

static int run_static(int argc, char **argv) {
  static const experiment_t experiment = {
      STATIC, "eval static",
      "Every method at constant load (RQ1 of the paper): each is told the same, starts with the same window, has the "
      "same\nbudget, and settles by the same rule; its choice is judged on fresh windows of the true world, which is "
      "never the\nplanner's own model unless the world is called exact.",
      "  faasconf eval static --quick\n"
      "  faasconf eval static --out results --seeds 3\n"
      "  faasconf eval static --method attmf,rambo --world tail --workflow parallel --users 20"};
  eval_grid_options_t options = eval_grid_defaults("static");
  return run(&experiment, &options, argc, argv);
}

static int run_dynamic(int argc, char **argv) {
  static const experiment_t experiment = {
      DYNAMIC, "eval dynamic",
      "Every method through a trace of changing load (RQ2 of the paper): a decision a minute from what was measured "
      "before,\nreconfiguration and cold starts included. Costs are compared with the oracle(0.95) of each minute's "
      "true load.",
      "  faasconf eval dynamic --trace azure_85min.csv --column users_10_30 --out results\n"
      "  faasconf eval dynamic --trace azure_85min.csv --column users_10_30 --method library,attmf --quick"};
  eval_grid_options_t options = eval_grid_defaults("dynamic");
  options.workflows = "parallel";
  return run(&experiment, &options, argc, argv);
}

static int run_ablation(int argc, char **argv) {
  static const experiment_t experiment = {
      ABLATION, "eval ablation",
      "What each part is worth (RQ3 of the paper): attention against mean field, MADDPG and DDPG; concurrency as a "
      "knob "
      "or\nnot, also for Firm; SES as published, as described, or none; rails; the published variant.",
      "  faasconf eval ablation --workflow parallel,branch --users 20 --out results\n"
      "  faasconf eval ablation --quick"};
  eval_grid_options_t options = eval_grid_defaults("ablation");
  options.tracks = "simulator";
  return run(&experiment, &options, argc, argv);
}

const eval_experiment_t eval_static = {"static", "every method at constant load, in several worlds (RQ1)", run_static};
const eval_experiment_t eval_dynamic = {"dynamic", "every method through a trace of changing load (RQ2)", run_dynamic};
const eval_experiment_t eval_ablation = {"ablation", "what each part of the paper's method is worth (RQ3)",
                                         run_ablation};
