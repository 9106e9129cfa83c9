/* calibrate.c - `faasconf calibrate`: what the windows of a store say about the simulator's parameters. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate_report.h"
#include "calibrate_store.h"
#include "jobs.h"

static int run(const calibrate_options_t *options, const char *out_path, bool json) {
  fc_error_t error = {0};
  twin_t *twin = NULL;
  calibrate_result_t result = {0};
  particles_t particles = {0};
  fc_status_t status = calibrate_store(options, &twin, &result, &error);
  if (status == FC_OK && out_path != NULL) {
    status = twin_particles(twin, (int32_t)options->n_particles, &particles, &error);
    if (status == FC_OK) status = particles_save(&particles, options->workflow, out_path, &error);
    particles_clear(&particles);
  }
  if (status == FC_OK) calibrate_report(options, twin, &result, json);
  twin_destroy(&twin);
  calibrate_result_clear(&result);
  return status == FC_OK ? CLI_DONE : cli_fail("calibrate", &error);
}

static int refuse(const char *option, const char *expected, const char *found) {
  fprintf(stderr, "faasconf calibrate: --%s: expected %s, found '%s'\n", option, expected, found);
  return CLI_USAGE;
}

static bool parse_structures(const char *text, twin_structures_t *out) {
  static const char *const words[] = {"file", "balancers", "all"};
  for (int i = 0; i < 3; ++i) {
    if (strcmp(text, words[i]) != 0) continue;
    *out = (twin_structures_t)i;
    return true;
  }
  return false;
}

static int calibrate_run(int argc, char **argv) {
  const char *name = NULL, *semantics_name = NULL, *out_path = NULL, *structures = NULL, *metrics = NULL;
  bool json = false;
  calibrate_options_t o = {.n_particles = 256,
                           .n_windows = 3,
                           .seed = 1,
                           .jobs = jobs_default_workers(),
                           .prior_sigma = log(2),
                           .windows_per_false_alarm = 500,
                           .structures = TWIN_BALANCERS};
  const argument_t options[] = {
      {"workflow", ARGUMENT_TEXT, &name, "W", "a shipped workflow or the path of a file", true, 0, 0},
      {"store", ARGUMENT_TEXT, &o.store, "DIR", "whose windows to learn from; it is only read", true, 0, 0},
      {"out", ARGUMENT_TEXT, &out_path, "FILE.json", "writes the twin: its particles", false, 0, 0},
      {"users", ARGUMENT_INT, &o.users, "U", "closed-loop users of all windows (the measured mean in flight)", false, 1,
       1e6},
      {"open-loop", ARGUMENT_FLAG, &o.open_loop, NULL,
       "each window had Poisson arrivals at its measured rate, not users of a closed loop", false, 0, 0},
      {"semantics", ARGUMENT_TEXT, &semantics_name, "S",
       "strict or as-published windows (strict when the store has any)", false, 0, 0},
      {"limit", ARGUMENT_INT, &o.limit, "N", "learn from the first N windows that are not held out (all)", false, 1,
       1e9},
      {"all", ARGUMENT_FLAG, &o.learns_all, NULL, "hold no window out: nothing is scored then", false, 0, 0},
      {"particles", ARGUMENT_INT, &o.n_particles, "N",
       "weighted worlds of the twin (256); the search has as many, or 24 per unknown (up to 4096)", false,
       ENSEMBLE_MIN_WORLDS, PARTICLES_MAX},
      {"windows", ARGUMENT_INT, &o.n_windows, "M", "simulated per particle and measured window (3)", false,
       ENSEMBLE_MIN_WINDOWS, ENSEMBLE_MAX_WINDOWS},
      {"prior-sigma", ARGUMENT_DOUBLE, &o.prior_sigma, "X",
       "how wrong the file may be: standard deviation of the logarithm (0.69, a factor of two)", false, 1e-3, 5},
      {"structures", ARGUMENT_TEXT, &structures, "S",
       "file: the file's balancer; balancers: every one; all: also rejection and queue (balancers)", false, 0, 0},
      {"metrics", ARGUMENT_TEXT, &metrics, "M",
       "latency, or all: CPU % and throttling, too (all; published rows have another scale: latency)", false, 0, 0},
      {"false-alarms", ARGUMENT_DOUBLE, &o.windows_per_false_alarm, "N",
       "windows in which the alarm may be false once (500)", false, 10, 1e12},
      {"point", ARGUMENT_INT, &o.point_evaluations, "N",
       "also the one best world, searched from the posterior's mean with N evaluations at most; 500 is a good number "
       "(0)",
       false, 0, 1e6},
      {"seed", ARGUMENT_INT, &o.seed, "S", "of all random draws (1)", false, 0, 9007199254740992.0},
      {"jobs", ARGUMENT_INT, &o.jobs, "N", "threads; same numbers for any (all processors)", false, 1,
       JOBS_MAX_WORKERS},
      {"json", ARGUMENT_FLAG, &json, NULL, "one JSON object instead of tables", false, 0, 0}};
  const arguments_t arguments = {
      .command = "calibrate",
      .description =
          "Learns the simulator's parameters from measured windows: a posterior, not a point. Says what the "
          "windows do not identify, and how well windows are predicted that were held out.",
      .examples =
          "  faasconf import --store data --workflow parallel parallel_10.csv\n"
          "  faasconf calibrate --store data --workflow parallel --limit 300 --out twin.json",
      .arguments = options,
      .n_arguments = sizeof options / sizeof options[0]};
  int code = CLI_DONE;
  if (!arguments_parse(&arguments, argc, argv, NULL, NULL, &code)) return code;
  fc_semantics_t semantics = FC_SEMANTICS_STRICT;
  bool uses_cpu = false;
  if (semantics_name != NULL) {
    if (!fc_semantics_parse(semantics_name, &semantics))
      return refuse("semantics", "strict or as-published", semantics_name);
    o.semantics = &semantics;
  }
  if (metrics != NULL) {
    uses_cpu = strcmp(metrics, "all") == 0;
    if (!uses_cpu && strcmp(metrics, "latency") != 0) return refuse("metrics", "latency or all", metrics);
    o.uses_cpu = &uses_cpu;
  }
  if (structures != NULL && !parse_structures(structures, &o.structures))
    return refuse("structures", "file, balancers or all", structures);
  if (o.open_loop && o.users > 0) {
    fprintf(stderr, "faasconf calibrate: --users and --open-loop exclude each other\n");
    return CLI_USAGE;
  }
  fc_error_t error = {0};
  fc_workflow_t *workflow = NULL;
  if (fc_workflow_load(name, &workflow, &error) != FC_OK) return cli_fail("calibrate", &error);
  o.workflow = workflow;
  code = run(&o, out_path, json);
  fc_workflow_destroy(&workflow);
  return code;
}

const cli_command_t cli_calibrate = {"calibrate", "learns the simulator's parameters from measured windows",
                                     calibrate_run};
