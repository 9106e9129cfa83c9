/* backtest.c - `faasconf backtest`: what an existing system cost, how often it met QoS, and what it could cost. */
#include "backtest.h"

#include <stdlib.h>
#include <string.h>

#include "faasconf/clock.h"
#include "faasconf/knobs.h"
#include "jobs.h"

/* --assume-start KNOB,...; false with a complaint printed. */
static bool parse_knobs(const char *text, uint32_t *knobs) {
  char names[128];
  snprintf(names, sizeof names, "%s", text);
  char *rest = NULL;
  for (char *name = strtok_r(names, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest)) {
    int32_t k = 0;
    while (k < FC_KNOBS && strcmp(name, fc_knob_name((fc_knob_t)k)) != 0) ++k;
    if (k == FC_KNOBS) {
      fprintf(stderr,
              "faasconf backtest: --assume-start: expected cpu_millicores, mem_mib, replicas or concurrency, joined by "
              "commas, found '%.64s'\n",
              name);
      return false;
    }
    *knobs |= 1u << k;
  }
  return true;
}

static fc_status_t twin(backtest_t *backtest, fc_error_t *error) {
  const fc_clock_t clock = fc_clock_system();
  const int64_t started_ns = clock.monotonic_ns(clock.self);
  if (!backtest->workflow->simulator.present)
    return fc_error_set(
        error, FC_EINVAL,
        "workflow %s has no `simulator:` section, from which a twin starts: add one, or ask for what was "
        "measured with --no-twin",
        backtest->workflow->name);
  FC_TRY(backtest_learn(backtest, error));
  FC_TRY(backtest_plan(backtest, error));
  backtest->seconds = (double)(clock.monotonic_ns(clock.self) - started_ns) * 1e-9;
  return FC_OK;
}

static int run(backtest_t *backtest, const recording_options_t *options, bool has_twin, bool json) {
  fc_error_t error = {0};
  recording_t recording;
  fc_status_t status = recording_read(options, &recording, &error);
  backtest->recording = &recording;
  if (status == FC_OK) status = backtest_measure(backtest, &error);
  if (status == FC_OK && has_twin) status = twin(backtest, &error);
  if (status == FC_OK && json) backtest_print_json(backtest);
  if (status == FC_OK && !json) backtest_print_text(backtest);
  backtest_clear(backtest);
  recording_clear(&recording);
  return status == FC_OK ? CLI_DONE : cli_fail("backtest", &error);
}

static int load_and_run(const char *name, const char *prices, backtest_t *backtest, recording_options_t *options,
                        bool has_twin, bool json) {
  fc_error_t error = {0};
  fc_workflow_t *workflow = NULL;
  fc_status_t status = fc_workflow_load(name, &workflow, &error);
  if (status == FC_OK && prices != NULL) status = fc_prices_load(prices, &workflow->prices, &error);
  backtest->workflow = options->workflow = workflow;
  const int code = status == FC_OK ? run(backtest, options, has_twin, json) : cli_fail("backtest", &error);
  fc_workflow_destroy(&workflow);
  return code;
}

static int backtest_run(int argc, char **argv) {
  const char *name = NULL, *prices = NULL, *semantics = "strict", *ranges = "measured", *assumed = "";
  bool json = false, no_twin = false;
  int64_t users = 0, searches = 3;
  recording_options_t recording = {0};
  backtest_t b = {
      .level = 0.95, .n_particles = 200, .limit = 400, .budget = 30000, .seed = 1, .jobs = jobs_default_workers()};
  const argument_t options[] = {
      {"workflow", ARGUMENT_TEXT, &name, "W", "a shipped workflow or the path of a file", true, 0, 0},
      {"data", ARGUMENT_TEXT, &recording.path, "FILE.csv|DIR", "what was measured: CSV, or Prometheus answers", true, 0,
       0},
      {"prices", ARGUMENT_TEXT, &prices, "FILE.yaml", "another price table (the workflow's `prices:`)", false, 0, 0},
      {"users", ARGUMENT_INT, &users, "U", "closed-loop users of all windows (as the data says)", false, 1, 1 << 20},
      {"assume-start", ARGUMENT_TEXT, &assumed, "KNOB,...", "knobs that the data lacks: the workflow's start values",
       false, 0, 0},
      {"function-label", ARGUMENT_TEXT, &recording.function_label, "L",
       "Prometheus label that names the function (function, function_name, ...)", false, 0, 0},
      {"no-twin", ARGUMENT_FLAG, &no_twin, NULL, "only what was measured", false, 0, 0},
      {"level", ARGUMENT_DOUBLE, &b.level, "P", "plan for this share of windows that meet QoS (0.95)", false, 0.01,
       0.999},
      {"searches", ARGUMENT_INT, &searches, "N", "independent searches for each load (3)", false, 1, PLAN_MAX_SEARCHES},
      {"particles", ARGUMENT_INT, &b.n_particles, "N", "worlds of the twin; 12 per unknown is a good rule (200)", false,
       16, PARTICLES_MAX},
      {"limit", ARGUMENT_INT, &b.limit, "N", "learn from at most N windows, spread over all (400)", false, 1, 1e9},
      {"budget", ARGUMENT_INT, &b.budget, "N", "windows of one search before its polishing (30000)", false, 2688, 1e9},
      {"ranges", ARGUMENT_TEXT, &ranges, "R", "measured or full (measured)", false, 0, 0},
      {"semantics", ARGUMENT_TEXT, &semantics, "S", "strict or as-published (strict)", false, 0, 0},
      {"seed", ARGUMENT_INT, &b.seed, "S", "of all random draws (1)", false, 0, 9007199254740992.0},
      {"jobs", ARGUMENT_INT, &b.jobs, "N", "threads; same result for any (all processors)", false, 1, JOBS_MAX_WORKERS},
      {"json", ARGUMENT_FLAG, &json, NULL, "one JSON object instead of tables", false, 0, 0}};
  const arguments_t arguments = {
      .command = "backtest",
      .description =
          "From what an existing system has measured: what it cost, how often it met QoS, and what a twin of it says "
          "it could cost, with intervals. Reads only; nothing is written anywhere, and nothing is applied.",
      .examples =
          "  faasconf backtest --workflow shop.yaml --data shop.csv --no-twin\n"
          "  faasconf backtest --workflow shop.yaml --data prometheus/ --assume-start concurrency --prices eu.yaml",
      .arguments = options,
      .n_arguments = sizeof options / sizeof options[0]};
  int code = CLI_DONE;
  if (!arguments_parse(&arguments, argc, argv, NULL, NULL, &code)) return code;
  if (!fc_semantics_parse(semantics, &b.semantics) ||
      (strcmp(ranges, "measured") != 0 && strcmp(ranges, "full") != 0)) {
    fprintf(stderr, "faasconf backtest: --semantics is strict or as-published, --ranges measured or full\n");
    return CLI_USAGE;
  }
  if (!parse_knobs(assumed, &recording.assumed_knobs)) return CLI_USAGE;
  b.ranges = strcmp(ranges, "full") == 0 ? FC_RANGES_FULL : FC_RANGES_MEASURED;
  b.n_searches = (int32_t)searches;
  recording.users = (int32_t)users;
  recording.semantics = b.semantics;
  return load_and_run(name, prices, &b, &recording, !no_twin, json);
}

const cli_command_t cli_backtest = {"backtest", "what an existing system cost, and what it could cost", backtest_run};
