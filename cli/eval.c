/* eval.c - `faasconf eval`: the experiments by name. */
#include "eval.h"

#include <stdio.h>
#include <string.h>

#include "command.h"

static const eval_experiment_t *const experiments[] = {&eval_motivation, &eval_static,  &eval_dynamic, &eval_ablation,
                                                       &eval_pool,       &eval_oracles, &eval_local};
enum { N_EXPERIMENTS = sizeof experiments / sizeof experiments[0] };

static void print_help(FILE *out) {
  fprintf(out,
          "usage: faasconf eval EXPERIMENT [options]     (faasconf eval EXPERIMENT --help explains each)\n\n"
          "Experiments whose results docs/evaluation.md records.\n\n");
  for (int i = 0; i < N_EXPERIMENTS; ++i) fprintf(out, "  %-10s %s\n", experiments[i]->name, experiments[i]->summary);
}

static int run(int argc, char **argv) {
  if (argc < 2) {
    print_help(stderr);
    return CLI_USAGE;
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    print_help(stdout);
    return CLI_DONE;
  }
  for (int i = 0; i < N_EXPERIMENTS; ++i)
    if (strcmp(argv[1], experiments[i]->name) == 0) return experiments[i]->run(argc - 1, argv + 1);
  fprintf(stderr, "faasconf eval: there is no experiment '%s'; `faasconf eval --help` lists them\n", argv[1]);
  return CLI_USAGE;
}

const cli_command_t cli_eval = {"eval", "experiments: does it hold on real processes, and against what", run};
