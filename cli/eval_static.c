/* eval_static.c - `faasconf eval static` and `faasconf eval ablation`: every method at constant load, in several
 * worlds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "eval_grid.h"

/* A check of everything in minutes: one cell per method and track. */
static void make_quick(eval_grid_options_t *options) {
  options->workflows = "parallel";
  options->users = "10";
  options->worlds = "parameters";
  options->n_seeds = 1;
  options->n_simulated = 3000;
}

static fc_status_t choose_contenders(const eval_grid_options_t *options, bool ablation, contenders_t *contenders,
                                     fc_error_t *error) {
  if (options->methods[0] != '\0')
    FC_TRY(contenders_of_methods(contenders, options->methods, error));
  else if (ablation)
    contenders_of_ablation(contenders);
  else
    contenders_of_all_methods(contenders);
  if (ablation && options->methods[0] == '\0') return FC_OK;
  return contenders_cross(contenders, options->safety, options->rails, error);
}

static int run(eval_grid_options_t *options, bool ablation, const char *description, const char *examples, int argc,
               char **argv) {
  const argument_t table[] = {
      {.name = "workflow",
       .kind = ARGUMENT_TEXT,
       .target = &options->workflows,
       .value = "A,B",
       .help = "shipped names or paths (sequential,parallel,branch,tcktapp)"},
      {.name = "users",
       .kind = ARGUMENT_TEXT,
       .target = &options->users,
       .value = "N,M",
       .help = "closed-loop users (five levels per workflow: 10 to 30, tcktapp 20 to 40)"},
      {.name = "method",
       .kind = ARGUMENT_TEXT,
       .target = &options->methods,
       .value = "A,B",
       .help = "methods (all; an unknown one lists them)"},
      {.name = "world",
       .kind = ARGUMENT_TEXT,
       .target = &options->worlds,
       .value = "A,B",
       .help = "exact,parameters,tail,hidden,least_connections,optimistic or all (exact,parameters)"},
      {.name = "track",
       .kind = ARGUMENT_TEXT,
       .target = &options->tracks,
       .value = "A,B",
       .help = "what methods know before: rows, simulator (both)"},
      {.name = "safety",
       .kind = ARGUMENT_TEXT,
       .target = &options->safety,
       .value = "A,B",
       .help = "safety strategies: none,ses_code,ses_paper (none)"},
      {.name = "rails",
       .kind = ARGUMENT_TEXT,
       .target = &options->rails,
       .value = "A,B",
       .help = "limits on change: off,tuning (off)"},
      {.name = "semantics",
       .kind = ARGUMENT_TEXT,
       .target = &options->semantics,
       .value = "S",
       .help = "strict or as-published (strict)"},
      {.name = "seeds",
       .kind = ARGUMENT_INT,
       .target = &options->n_seeds,
       .value = "N",
       .help = "seeds (3)",
       .minimum = 1,
       .maximum = 1000},
      {.name = "first-seed",
       .kind = ARGUMENT_INT,
       .target = &options->first_seed,
       .value = "N",
       .help = "the first of them (1)",
       .minimum = 1,
       .maximum = 1000000},
      {.name = "windows",
       .kind = ARGUMENT_INT,
       .target = &options->budget_windows,
       .value = "N",
       .help = "windows of a method's budget (15)",
       .minimum = 3,
       .maximum = 1000},
      {.name = "judge",
       .kind = ARGUMENT_INT,
       .target = &options->judging_windows,
       .value = "N",
       .help = "fresh windows that judge a choice (400)",
       .minimum = 8,
       .maximum = 100000},
      {.name = "rows",
       .kind = ARGUMENT_INT,
       .target = &options->n_rows,
       .value = "N",
       .help = "offline rows of track rows (300)",
       .minimum = 10,
       .maximum = 1000000},
      {.name = "pretraining",
       .kind = ARGUMENT_INT,
       .target = &options->n_simulated,
       .value = "N",
       .help = "simulated windows of track simulator (31000)",
       .minimum = 10,
       .maximum = 1000000},
      {.name = "oracles",
       .kind = ARGUMENT_TEXT,
       .target = &options->oracles,
       .value = "FILE",
       .help = "oracles to compare with (the shipped table)"},
      {.name = "jobs",
       .kind = ARGUMENT_INT,
       .target = &options->jobs,
       .value = "N",
       .help = "threads (all processors)",
       .minimum = 1,
       .maximum = 256},
      {.name = "out",
       .kind = ARGUMENT_TEXT,
       .target = &options->out,
       .value = "DIR",
       .help = "cells.csv and report; cells that are there already stay"},
      {.name = "quick",
       .kind = ARGUMENT_FLAG,
       .target = &options->quick,
       .help = "parallel, 10 users, world parameters, one seed; options beside it are kept"},
      {.name = "json", .kind = ARGUMENT_FLAG, .target = &options->json, .help = "one JSON object at the end"}};
  const arguments_t arguments = {.command = ablation ? "eval ablation" : "eval static",
                                 .description = description,
                                 .examples = examples,
                                 .arguments = table,
                                 .n_arguments = (int)(sizeof table / sizeof table[0])};
  int code = CLI_DONE;
  for (int i = 1; i < argc; ++i)
    if (strcmp(argv[i], "--quick") == 0) make_quick(options);
  if (!arguments_parse(&arguments, argc, argv, NULL, NULL, &code)) return code;
  fc_error_t error = {FC_OK, ""};
  contenders_t contenders = {.n = 0};
  eval_cells_t cells = {0};
  fc_status_t status = choose_contenders(options, ablation, &contenders, &error);
  if (status == FC_OK) status = eval_grid_run(options, &contenders, &cells, &error);
  if (status == FC_OK) status = eval_grid_tell(options, &cells, &error);
  free(cells.cells);
  return status == FC_OK ? CLI_DONE : cli_fail(arguments.command, &error);
}

static int run_static(int argc, char **argv) {
  eval_grid_options_t options = eval_grid_defaults("static");
  return run(
      &options, false,
      "Every method at constant load (RQ1 of the paper): each is told the same, starts with the same window, has "
      "the same\nbudget, and settles by the same rule; its choice is judged on fresh windows of the true world, "
      "which is never the\nplanner's own model unless the world is called exact.",
      "  faasconf eval static --quick\n"
      "  faasconf eval static --out results --seeds 3\n"
      "  faasconf eval static --method attmf,rambo --world tail --workflow parallel --users 20",
      argc, argv);
}

static int run_ablation(int argc, char **argv) {
  eval_grid_options_t options = eval_grid_defaults("ablation");
  options.tracks = "simulator";
  return run(
      &options, true,
      "What each part is worth (RQ3 of the paper): attention against mean field, MADDPG and DDPG; concurrency as "
      "a knob or\nnot, also for Firm; SES as published, as described, or none; rails; the published variant.",
      "  faasconf eval ablation --workflow parallel,branch --users 20 --out results\n"
      "  faasconf eval ablation --quick",
      argc, argv);
}

const eval_experiment_t eval_static = {"static", "every method at constant load, in several worlds (RQ1)", run_static};
const eval_experiment_t eval_ablation = {"ablation", "what each part of the paper's method is worth (RQ3)",
                                         run_ablation};
