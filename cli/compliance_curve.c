/* compliance_curve.c - `faasconf compliance-curve`: what compliance costs. The cheapest configuration found at each
 * level of the probability that a window meets QoS, by several independent searches, as table, JSON and SVG. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compliance_curve.h"
#include "faasconf/cost.h"
#include "faasconf/knobs.h"
#include "file.h"
#include "jobs.h"
#include "json_output.h"

static int parse_levels(const char *text, curve_t *curve) {
  const char *at = text;
  curve->n_levels = 0;
  for (;;) {
    char *end = NULL;
    const double level = strtod(at, &end);
    if (end == at || (*end != ',' && *end != '\0') || !(level > 0 && level < 1) ||
        curve->n_levels == CURVE_MAX_LEVELS ||
        (curve->n_levels > 0 && level <= curve->levels[curve->n_levels - 1].level)) {
      fprintf(
          stderr,
          "faasconf compliance-curve: --levels: expected up to %d ascending probabilities between 0 and 1, joined by "
          "commas, found '%s'\n",
          CURVE_MAX_LEVELS, text);
      return CLI_USAGE;
    }
    curve->levels[curve->n_levels++].level = level;
    if (*end == '\0') return CLI_DONE;
    at = end + (*end == ',');
  }
}

static fc_json_t *level_json(const curve_t *curve, const curve_level_t *level) {
  fc_json_t *out = fc_json_object(), *costs = fc_json_array();
  fc_json_set_double(out, "level", level->level);
  fc_json_set_int(out, "searches_confirmed", level->n_confirmed);
  for (int32_t s = 0; s < curve->n_searches; ++s)
    if (level->plans[s].confirmed) fc_json_append_double(costs, level->plans[s].cost_usd_h);
  fc_json_set(out, "costs", &costs);
  if (level->best < 0) {
    fc_json_set_null(out, "cost");
    return out;
  }
  const plan_t *best = &level->plans[level->best];
  fc_json_set_double(out, "cost", best->cost_usd_h);
  fc_json_set_double(out, "cost_median", level->median_usd_h);
  fc_json_set_double(out, "cost_max", level->max_usd_h);
  fc_json_set_double(out, "compliance", (double)level->n_met / PLAN_CONFIRMING_WINDOWS);
  json_set_interval(out, "compliance_interval95", level->wilson_low, level->wilson_high);
  fc_json_t *configuration = json_of_configuration(curve->workflow, best->configuration);
  fc_json_set(out, "configuration", &configuration);
  return out;
}

static void print_json(const curve_t *curve) {
  fc_json_t *out = fc_json_object(), *levels = fc_json_array();
  fc_json_set_string(out, "workflow", curve->workflow->name);
  fc_json_set_string(out, "semantics", fc_semantics_name(curve->semantics));
  if (curve->users > 0) {
    fc_json_set_int(out, "users", curve->users);
  } else {
    fc_json_set_double(out, "rate_per_s", curve->rate_per_s);
  }
  fc_json_set_int(out, "searches", curve->n_searches);
  fc_json_set_int(out, "seed", curve->seed);
  fc_json_set_int(out, "windows", curve->n_windows);
  fc_json_set_double(out, "seconds", curve->seconds);
  fc_json_set_double(out, "start_cost", curve->start_cost_usd_h);
  fc_json_set_double(out, "start_compliance", (double)curve->start_n_met / PLAN_CONFIRMING_WINDOWS);
  for (int32_t i = 0; i < curve->n_levels; ++i) {
    fc_json_t *level = level_json(curve, &curve->levels[i]);
    fc_json_append(levels, &level);
  }
  fc_json_set(out, "levels", &levels);
  json_print(&out);
}

static void print_text(const curve_t *curve) {
  char load[CURVE_LOAD_TEXT];
  printf("%s, %s, %s semantics: %d searches a level, %" PRId64 " windows in %.0f s, seed %" PRId64 "\n",
         curve->workflow->name, curve_load_text(curve, load), fc_semantics_name(curve->semantics),
         (int)curve->n_searches, curve->n_windows, curve->seconds, curve->seed);
  printf("\n%8s %10s %10s %10s %11s   %s\n", "level", "USD/h", "median", "max", "compliance", "95 % interval");
  for (int32_t i = 0; i < curve->n_levels; ++i) {
    const curve_level_t *level = &curve->levels[i];
    if (level->best < 0) {
      printf("%8.3f %10s   no search found a configuration that fresh windows confirm\n", level->level, "-");
      continue;
    }
    const plan_t *best = &level->plans[level->best];
    printf("%8.3f %10.3f %10.3f %10.3f %10.2f%%   %.2f..%.2f %%  (%d of %d searches)\n", level->level, best->cost_usd_h,
           level->median_usd_h, level->max_usd_h, 100.0 * level->n_met / PLAN_CONFIRMING_WINDOWS,
           100 * level->wilson_low, 100 * level->wilson_high, (int)level->n_confirmed, (int)curve->n_searches);
  }
  printf("%8s %10.3f %21s %10.2f%%\n", "start", curve->start_cost_usd_h, "",
         100.0 * curve->start_n_met / PLAN_CONFIRMING_WINDOWS);
}

/* The cheapest configuration of one level as a file that `simulate --configuration` reads. */
static fc_status_t write_configuration(const curve_t *curve, int32_t level, const char *path, fc_error_t *error) {
  const curve_level_t *wanted = &curve->levels[level];
  if (wanted->best < 0)
    return fc_error_set(error, FC_ENOTFOUND,
                        "%s: not written, no search found a configuration for level %g: try a larger --budget", path,
                        wanted->level);
  fc_json_t *configuration = json_of_configuration(curve->workflow, wanted->plans[wanted->best].configuration);
  char *text = fc_json_dump(configuration, 1);
  fc_json_destroy(&configuration);
  if (text == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to write %s", path);
  const fc_status_t status = file_replace(path, text, strlen(text), error);
  free(text);
  return status;
}

/* What is written beside the table. */
typedef struct {
  const char *svg, *configuration; /* paths, or NULL */
  int32_t level;                   /* of the configuration */
} outputs_t;

static int run(curve_t *curve, const char *twin, const outputs_t *outputs, bool json) {
  fc_error_t error = {0};
  particles_t particles = {0};
  fc_status_t status = FC_OK;
  if (twin != NULL) status = particles_load(twin, curve->workflow, &particles, &error);
  if (status == FC_OK && twin != NULL) curve->particles = &particles;
  if (status == FC_OK) status = curve_run(curve, &error);
  if (status == FC_OK && json) print_json(curve);
  if (status == FC_OK && !json) print_text(curve);
  if (status == FC_OK && outputs->svg != NULL) status = curve_draw(curve, outputs->svg, &error);
  if (status == FC_OK && outputs->configuration != NULL)
    status = write_configuration(curve, outputs->level, outputs->configuration, &error);
  curve_clear(curve);
  particles_clear(&particles);
  return status == FC_OK ? CLI_DONE : cli_fail("compliance-curve", &error);
}

/* Which of the levels the configuration is written of: `wanted`, or (0) 0.95, or the highest. -1: not among them. */
static int32_t level_of(const curve_t *curve, double wanted) {
  for (int32_t i = 0; i < curve->n_levels; ++i)
    if (fabs(curve->levels[i].level - (wanted > 0 ? wanted : 0.95)) < 1e-9) return i;
  return wanted > 0 ? -1 : curve->n_levels - 1;
}

static int compliance_curve_run(int argc, char **argv) {
  const char *name = NULL, *twin = NULL, *semantics = "strict", *ranges = "measured", *levels = "0.5,0.8,0.9,0.95,0.99";
  bool json = false;
  int64_t searches = 8;
  double out_level = 0;
  outputs_t outputs = {0};
  curve_t curve = {.users = 0, .budget = 30000, .seed = 1, .jobs = jobs_default_workers()};
  const argument_t options[] = {
      {"workflow", ARGUMENT_TEXT, &name, "W", "a shipped workflow or the path of a file", true, 0, 0},
      {"users", ARGUMENT_INT, &curve.users, "U", "closed-loop users (10)", false, 1, 1 << 20},
      {"rate", ARGUMENT_DOUBLE, &curve.rate_per_s, "R", "open loop instead: Poisson arrivals of R workflows per second",
       false, 1e-6, 1e5},
      {"twin", ARGUMENT_TEXT, &twin, "FILE.json", "plan on the particles of `faasconf calibrate --out`", false, 0, 0},
      {"levels", ARGUMENT_TEXT, &levels, "P,...", "probabilities that a window meets QoS (0.5,0.8,0.9,0.95,0.99)",
       false, 0, 0},
      {"searches", ARGUMENT_INT, &searches, "N", "independent searches a level (8)", false, 1, CURVE_MAX_SEARCHES},
      {"budget", ARGUMENT_INT, &curve.budget, "N", "windows of one search before its polishing (30000)", false, 2688,
       1e9},
      {"ranges", ARGUMENT_TEXT, &ranges, "R", "measured or full (measured)", false, 0, 0},
      {"semantics", ARGUMENT_TEXT, &semantics, "S", "strict or as-published (strict)", false, 0, 0},
      {"svg", ARGUMENT_TEXT, &outputs.svg, "FILE.svg", "draws the curve", false, 0, 0},
      {"out", ARGUMENT_TEXT, &outputs.configuration, "FILE.json",
       "writes the cheapest configuration of one level, for `faasconf simulate --configuration`", false, 0, 0},
      {"out-level", ARGUMENT_DOUBLE, &out_level, "P", "with --out: which level (0.95, or the highest there is)", false,
       1e-6, 1 - 1e-6},
      {"seed", ARGUMENT_INT, &curve.seed, "S", "of all random draws (1)", false, 0, 9007199254740992.0},
      {"jobs", ARGUMENT_INT, &curve.jobs, "N", "threads; same result for any (all processors)", false, 1,
       JOBS_MAX_WORKERS},
      {"json", ARGUMENT_FLAG, &json, NULL, "one JSON object instead of a table", false, 0, 0}};
  const arguments_t arguments = {
      .command = "compliance-curve",
      .description =
          "The price of compliance: the cheapest configuration found at each probability that a window meets "
          "QoS, with the spread of independent searches, confirmed on fresh windows. Nothing is applied.",
      .examples =
          "  faasconf compliance-curve --workflow parallel --users 10 --svg curve.svg\n"
          "  faasconf compliance-curve --workflow parallel --twin twin.json --levels 0.95 --json",
      .arguments = options,
      .n_arguments = sizeof options / sizeof options[0]};
  int code = CLI_DONE;
  if (!arguments_parse(&arguments, argc, argv, NULL, NULL, &code)) return code;
  if (!fc_semantics_parse(semantics, &curve.semantics) ||
      (strcmp(ranges, "measured") != 0 && strcmp(ranges, "full") != 0)) {
    fprintf(stderr, "faasconf compliance-curve: --semantics is strict or as-published, --ranges measured or full\n");
    return CLI_USAGE;
  }
  if (curve.users > 0 && curve.rate_per_s > 0) {
    fprintf(stderr, "faasconf compliance-curve: --users is a closed loop, --rate an open one: give one of them\n");
    return CLI_USAGE;
  }
  if (curve.rate_per_s <= 0 && curve.users == 0) curve.users = 10;
  curve.ranges = strcmp(ranges, "full") == 0 ? FC_RANGES_FULL : FC_RANGES_MEASURED;
  curve.n_searches = (int32_t)searches;
  code = parse_levels(levels, &curve);
  if (code != CLI_DONE) return code;
  outputs.level = level_of(&curve, out_level);
  if (outputs.level < 0 || (out_level > 0 && outputs.configuration == NULL)) {
    fprintf(stderr, "faasconf compliance-curve: --out-level goes with --out, and is one of --levels\n");
    return CLI_USAGE;
  }
  fc_error_t error = {0};
  fc_workflow_t *workflow = NULL;
  if (fc_workflow_load(name, &workflow, &error) != FC_OK) return cli_fail("compliance-curve", &error);
  curve.workflow = workflow;
  code = run(&curve, twin, &outputs, json);
  fc_workflow_destroy(&workflow);
  return code;
}

const cli_command_t cli_compliance_curve = {"compliance-curve", "what compliance costs: the cheapest at each level",
                                            compliance_curve_run};
