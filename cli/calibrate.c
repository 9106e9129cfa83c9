/* calibrate.c - `faasconf calibrate`: what the windows of a store say about the simulator's parameters. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "calibrate_store.h"
#include "jobs.h"
#include "json_output.h"

/* Above this share of the prior's deviation the windows have not said much. */
#define NOT_IDENTIFIED 0.7

/* Factor on the file's value: the posterior's median and central 80 %. */
typedef struct {
  char name[128];
  double factor, low80, high80, deviation_share;
} row_t;

static row_t row_of(const ensemble_t *ensemble, const calibrate_options_t *options, const unknown_t *list, int32_t u) {
  const double z80 = 1.2815515655446004;
  double mean = 0, deviation = 0;
  row_t row;
  ensemble_unknown(ensemble, u, &mean, &deviation);
  unknowns_name(options->workflow, list[u], row.name, sizeof row.name);
  row.factor = exp(mean);
  row.low80 = exp(mean - z80 * deviation);
  row.high80 = exp(mean + z80 * deviation);
  row.deviation_share = deviation / options->prior_sigma;
  return row;
}

static fc_json_t *unknown_json(const row_t *row) {
  fc_json_t *out = fc_json_object();
  fc_json_set_string(out, "unknown", row->name);
  fc_json_set_double(out, "factor", row->factor);
  json_set_interval(out, "interval80", row->low80, row->high80);
  fc_json_set_double(out, "deviation_share", row->deviation_share);
  fc_json_set_bool(out, "identified", row->deviation_share <= NOT_IDENTIFIED);
  return out;
}

static void print_json(const calibrate_options_t *options, const ensemble_t *ensemble,
                       const calibrate_result_t *result) {
  const unknown_t *list = NULL;
  const int32_t d = ensemble_unknowns(ensemble, &list);
  fc_json_t *out = fc_json_object(), *unknowns = fc_json_array();
  fc_json_set_string(out, "workflow", options->workflow->name);
  fc_json_set_string(out, "semantics", fc_semantics_name(result->semantics));
  fc_json_set_int(out, "particles", options->n_particles);
  fc_json_set_int(out, "seed", options->seed);
  fc_json_set_int(out, "windows_learned", result->n_learned);
  fc_json_set_int(out, "windows_skipped", result->n_skipped);
  fc_json_set_int(out, "windows_heldout", result->n_heldout);
  fc_json_set_double(out, "r2_log_latency", result->r2_log_latency);
  fc_json_set_double(out, "r2_success", result->r2_success);
  fc_json_set_double(out, "mape_latency", result->mape_latency);
  fc_json_set_double(out, "coverage80_latency", result->coverage80_latency);
  fc_json_set_double(out, "coverage80_success", result->coverage80_success);
  fc_json_set_double(out, "seconds", result->seconds);
  for (int32_t u = 0; u < d; ++u) {
    const row_t row = row_of(ensemble, options, list, u);
    fc_json_t *one = unknown_json(&row);
    fc_json_append(unknowns, &one);
  }
  fc_json_set(out, "unknowns", &unknowns);
  json_print(&out);
}

static void print_text(const calibrate_options_t *options, const ensemble_t *ensemble,
                       const calibrate_result_t *result) {
  const unknown_t *list = NULL;
  const int32_t d = ensemble_unknowns(ensemble, &list);
  printf("%s, %s semantics: learned from %" PRId64 " windows, %" PRId64 " particles, %.1f s\n", options->workflow->name,
         fc_semantics_name(result->semantics), result->n_learned, options->n_particles, result->seconds);
  if (result->n_skipped > 0)
    printf("%" PRId64 " windows skipped (other semantics, no counts, or unknown users)\n", result->n_skipped);
  printf("\n%-40s %8s  %-17s\n", "factor on the file's value", "median", "80 % interval");
  for (int32_t u = 0; u < d; ++u) {
    const row_t row = row_of(ensemble, options, list, u);
    printf("%-40s %8.3f  %7.3f..%-7.3f  %s\n", row.name, row.factor, row.low80, row.high80,
           row.deviation_share > NOT_IDENTIFIED ? "not identified by these windows" : "");
  }
  if (result->n_heldout == 0) {
    printf("\nno window was held out: too few for a score\n");
    return;
  }
  printf("\nheld out: %" PRId64 " windows it has not seen\n", result->n_heldout);
  printf("%-36s %9s %9s\n", "", "latency", "successes");
  printf("%-36s %9.3f %9.3f\n", "R2 (latency: of its logarithm)", result->r2_log_latency, result->r2_success);
  printf("%-36s %8.1f%%\n", "mean absolute error", 100 * result->mape_latency);
  printf("%-36s %8.1f%% %8.1f%%\n", "within the predicted 80 %", 100 * result->coverage80_latency,
         100 * result->coverage80_success);
}

static int run(const calibrate_options_t *options, const char *out_path, bool json) {
  fc_error_t error = {0};
  ensemble_t *ensemble = NULL;
  calibrate_result_t result;
  particles_t particles = {0};
  fc_status_t status = calibrate_store(options, &ensemble, &result, &error);
  if (status == FC_OK && out_path != NULL) {
    status = ensemble_particles(ensemble, &particles, &error);
    if (status == FC_OK) status = particles_save(&particles, options->workflow, out_path, &error);
    particles_clear(&particles);
  }
  if (status == FC_OK && json) print_json(options, ensemble, &result);
  if (status == FC_OK && !json) print_text(options, ensemble, &result);
  ensemble_destroy(&ensemble);
  return status == FC_OK ? CLI_DONE : cli_fail("calibrate", &error);
}

static int calibrate_run(int argc, char **argv) {
  const char *name = NULL, *semantics_name = NULL, *out_path = NULL;
  bool json = false;
  calibrate_options_t o = {
      .n_particles = 200, .n_windows = 3, .seed = 1, .jobs = jobs_default_workers(), .prior_sigma = log(2)};
  const argument_t options[] = {
      {"workflow", ARGUMENT_TEXT, &name, "W", "a shipped workflow or the path of a file", true, 0, 0},
      {"store", ARGUMENT_TEXT, &o.store, "DIR", "whose windows to learn from; it is only read", true, 0, 0},
      {"out", ARGUMENT_TEXT, &out_path, "FILE.json", "writes the twin: its particles", false, 0, 0},
      {"users", ARGUMENT_INT, &o.users, "U", "closed-loop users of all windows (the measured mean in flight)", false, 1,
       1e6},
      {"semantics", ARGUMENT_TEXT, &semantics_name, "S",
       "strict or as-published windows (strict when the store has any)", false, 0, 0},
      {"limit", ARGUMENT_INT, &o.limit, "N", "learn from the first N windows that are not held out (all)", false, 1,
       1e9},
      {"particles", ARGUMENT_INT, &o.n_particles, "N", "worlds of the posterior; 12 per unknown is a good rule (200)",
       false, ENSEMBLE_MIN_WORLDS, PARTICLES_MAX},
      {"windows", ARGUMENT_INT, &o.n_windows, "M", "simulated per particle and measured window (3)", false,
       ENSEMBLE_MIN_WINDOWS, ENSEMBLE_MAX_WINDOWS},
      {"prior-sigma", ARGUMENT_DOUBLE, &o.prior_sigma, "X",
       "how wrong the file may be: standard deviation of the logarithm (0.69, a factor of two)", false, 1e-3, 5},
      {"cpu", ARGUMENT_FLAG, &o.uses_cpu, NULL, "compare CPU %, too (not for published rows, whose scale is another)",
       false, 0, 0},
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
  if (semantics_name != NULL) {
    if (!fc_semantics_parse(semantics_name, &semantics)) {
      fprintf(stderr, "faasconf calibrate: --semantics: expected strict or as-published, found '%s'\n", semantics_name);
      return CLI_USAGE;
    }
    o.semantics = &semantics;
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
