/* eval_motivation.c - `faasconf eval motivation`: why functions are tuned together (the paper's Figs. 1 to 3).
 *
 * Concurrency limits moved one at a time; functions tuned each for itself, one after the other, and together; and what
 * a function's resources do to the latency of the others, beside the attention that AttMF has learned.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alone.h"
#include "command.h"
#include "eval.h"
#include "eval_report.h"
#include "faasconf/cost.h"
#include "json_output.h"
#include "number_text.h"
#include "offline.h"
#include "planner.h"
#include "rank_correlation.h"
#include "trainer.h"

enum { MAX_CONCURRENCIES = 16, WAYS = 4, UPDATES = 5000, PATH_SIZE = 1200 };

typedef struct {
  const char *workflow_name, *out, *command;
  int64_t users, windows, rows, budget, seed;
  bool json;
} asked_t;

typedef struct {
  fc_workflow_t *workflow;
  alone_t alone;
  fc_function_configuration_t *start, *trial; /* (N) */
  double concurrency[MAX_CONCURRENCIES];
  int32_t n_concurrencies;
  double *latency_s, *throughput; /* (N, n_concurrencies) */
  motivation_sweep_t *sweeps;     /* (N) */
  motivation_way_t ways[WAYS];
  const char **functions; /* (N) */
  double *change;         /* (N, N) */
  double *attention;      /* (N, N) row looks at column; NaN where there is no edge */
  double rho;             /* of change and attention over the edges */
  int32_t n_edges;
} motivation_run_t;

/* ---- figures --------------------------------------------------------------------------------------------------- */

static fc_status_t sweep(const asked_t *asked, motivation_run_t *run, fc_error_t *error) {
  const fc_workflow_t *workflow = run->workflow;
  const size_t bytes = (size_t)workflow->n_functions * sizeof *run->trial;
  int32_t lowest = 1, highest = 1;
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    const fc_knob_range_t range = fc_workflow_range(workflow, f, FC_KNOB_CONCURRENCY, FC_RANGES_MEASURED);
    lowest = f == 0 || range.min < lowest ? range.min : lowest;
    highest = range.max > highest ? range.max : highest;
  }
  for (int32_t c = lowest; c <= highest && run->n_concurrencies < MAX_CONCURRENCIES; ++c)
    run->concurrency[run->n_concurrencies++] = c;
  for (int32_t f = 0; f < workflow->n_functions; ++f) {
    double *latency_s = run->latency_s + f * MAX_CONCURRENCIES, compliance = 0;
    double *throughput = run->throughput + f * MAX_CONCURRENCIES;
    memcpy(run->trial, run->start, bytes);
    for (int32_t c = 0; c < run->n_concurrencies; ++c) {
      run->trial[f].concurrency = (int32_t)run->concurrency[c];
      FC_TRY(alone_measure(&run->alone, run->trial, (int32_t)asked->windows, &latency_s[c], &throughput[c], &compliance,
                           NULL, error));
    }
    run->sweeps[f] = (motivation_sweep_t){.function = workflow->functions[f].name,
                                          .n = run->n_concurrencies,
                                          .concurrency = run->concurrency,
                                          .latency_s = latency_s,
                                          .throughput = throughput};
  }
  return FC_OK;
}

static fc_status_t judge_way(motivation_run_t *run, int32_t i, const char *way,
                             const fc_function_configuration_t *configuration, fc_error_t *error) {
  enum { JUDGING_WINDOWS = 400 };
  double successes = 0;
  motivation_way_t *out = &run->ways[i];
  *out = (motivation_way_t){.way = way, .cost_usd_h = fc_cost_reserved_usd_h(run->workflow, configuration)};
  simulator_set_seed(run->alone.simulator, run->alone.seed ^ 0x6a756467);
  const fc_status_t status = alone_measure(&run->alone, configuration, JUDGING_WINDOWS, &out->latency_s, &successes,
                                           &out->compliance, NULL, error);
  simulator_set_seed(run->alone.simulator, run->alone.seed);
  out->qos_met = out->compliance >= 0.95;
  return status;
}

/* Each for itself, from the start configuration, then all that was found at once; one after the other, each with what
 * was found before; together: the planner on the same simulator. */
static fc_status_t tune(const asked_t *asked, motivation_run_t *run, fc_error_t *error) {
  const int32_t n = run->workflow->n_functions;
  const size_t bytes = (size_t)n * sizeof *run->trial;
  fc_function_configuration_t *found = malloc(bytes);
  if (found == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a configuration");
  fc_status_t status = judge_way(run, 0, "start", run->start, error);
  for (int32_t f = 0; f < n && status == FC_OK; ++f) {
    memcpy(run->trial, run->start, bytes);
    status = alone_tune(&run->alone, f, run->trial, error);
    found[f] = run->trial[f];
  }
  if (status == FC_OK) status = judge_way(run, 1, "individual", found, error);
  memcpy(found, run->start, bytes);
  for (int32_t f = 0; f < n && status == FC_OK; ++f) status = alone_tune(&run->alone, f, found, error);
  if (status == FC_OK) status = judge_way(run, 2, "sequential", found, error);
  const plan_options_t options = {.workflow = run->workflow,
                                  .semantics = FC_SEMANTICS_STRICT,
                                  .ranges = FC_RANGES_MEASURED,
                                  .users = (int32_t)asked->users,
                                  .level = 0.95,
                                  .budget = asked->budget,
                                  .seed = (uint64_t)asked->seed};
  plan_t plan = {.configuration = found};
  if (status == FC_OK) status = plan_search(&options, &plan, error);
  if (status == FC_OK) status = judge_way(run, 3, "holistic", found, error);
  free(found);
  return status;
}

/* ---- attention --------------------------------------------------------------------------------------------------- */

/* AttMF trained on random windows of this load, as `faasconf train` would. */
static fc_status_t train(const asked_t *asked, motivation_run_t *run, trainer_t *trainer, fc_error_t *error) {
  world_t world;
  tuner_rows_t rows = {0};
  algorithm_report_t report;
  fc_transition_t transition = {.flags = FC_TRANSITION_HAS_BEFORE | FC_TRANSITION_TERMINAL};
  fc_status_t status = world_init(&world, run->workflow, WORLD_EXACT, 1, error);
  const offline_t offline = {.workflow = run->workflow,
                             .world = &world,
                             .ranges = FC_RANGES_MEASURED,
                             .n_loads = 1,
                             .users = {(int32_t)asked->users},
                             .n_rows = (int32_t)asked->rows,
                             .n_workers = 1,
                             .seed = (uint64_t)asked->seed};
  if (status == FC_OK) status = offline_measure(&offline, &rows, error);
  for (int32_t i = 1; status == FC_OK && i < rows.n; ++i) {
    transition.before = rows.windows[i - 1];
    transition.after = rows.windows[i];
    transition.cost_usd_h = fc_cost_reserved_usd_h(run->workflow, rows.windows[i].configuration);
    status = trainer_insert(trainer, &transition, false);
  }
  for (int32_t u = 0; status == FC_OK && u < UPDATES; ++u) status = trainer_update(trainer, &report);
  tuner_rows_clear(&rows);
  world_clear(&world);
  return status;
}

/* The actor's weights on one window of the start configuration. */
static fc_status_t read_attention(motivation_run_t *run, trainer_t *trainer, fc_error_t *error) {
  const fc_topology_t *edges = &run->workflow->neighbours;
  char *manifest = NULL;
  uint8_t *weights = NULL;
  size_t manifest_size = 0, weights_size = 0;
  fc_policy_t *policy = NULL;
  FC_TRY(trainer_export(trainer, 1, &manifest, &manifest_size, &weights, &weights_size, error));
  fc_status_t status = fc_policy_from_bytes(manifest, manifest_size, weights, weights_size, &policy, error);
  float *memory = NULL;
  if (status == FC_OK) {
    const size_t n_scratch = fc_policy_scratch_floats(policy, run->workflow);
    const size_t n_action = (size_t)run->workflow->n_functions * FC_KNOBS;
    memory = calloc(n_scratch + n_action + (size_t)edges->n_edges, sizeof *memory);
    if (memory == NULL) status = fc_error_set(error, FC_ENOMEM, "no memory for a decision");
    if (status == FC_OK)
      status = simulator_observed_window(run->alone.simulator, 0, run->start, &run->alone.window, error);
    if (status == FC_OK)
      status = fc_policy_decide(policy, run->workflow, &run->alone.window, memory, memory + n_scratch,
                                memory + n_scratch + n_action);
    for (int32_t i = 0; status == FC_OK && i < edges->n_functions; ++i)
      for (int32_t e = edges->row_start[i]; e < edges->row_start[i + 1]; ++e)
        run->attention[i * edges->n_functions + edges->column[e]] = (double)memory[n_scratch + n_action + (size_t)e];
  }
  free(memory);
  fc_policy_destroy(&policy);
  free(manifest);
  free(weights);
  return status;
}

/* Does a function look most at those that change it most? Over the edges; with one neighbour there is no choice. */
static fc_status_t correlate(motivation_run_t *run, fc_error_t *error) {
  const int32_t n = run->workflow->n_functions;
  double *looks = calloc(2 * (size_t)n * (size_t)n, sizeof *looks), *changes = looks + n * n;
  if (looks == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a correlation");
  for (int32_t i = 0; i < n; ++i) {
    const int32_t degree = run->workflow->neighbours.row_start[i + 1] - run->workflow->neighbours.row_start[i];
    for (int32_t k = 0; k < n; ++k) {
      looks[i * n + k] = degree > 1 ? run->attention[i * n + k] : NAN;
      changes[i * n + k] = fabs(run->change[k * n + i]);
    }
  }
  const fc_status_t status = rank_correlation(looks, changes, n * n, &run->rho, &run->n_edges);
  free(looks);
  return status;
}

static fc_status_t look(const asked_t *asked, motivation_run_t *run, fc_error_t *error) {
  trainer_options_t options = trainer_options_default(VARIANT_REPAIRED);
  trainer_t *trainer = NULL;
  options.replay_capacity = (int32_t)asked->rows;
  options.learning.seed = (uint64_t)asked->seed;
  FC_TRY(trainer_new(run->workflow, &options, &trainer, error));
  fc_status_t status = train(asked, run, trainer, error);
  if (status == FC_OK) status = read_attention(run, trainer, error);
  trainer_destroy(&trainer);
  return status == FC_OK ? correlate(run, error) : status;
}

/* ---- output ------------------------------------------------------------------------------------------------------ */

static void print_text(const motivation_run_t *run) {
  char text[NUMBER_TEXT];
  const int32_t n = run->workflow->n_functions;
  printf("concurrency limit of one function moved: mean latency s (successes per window)\n  %-44s", "");
  for (int32_t c = 0; c < run->n_concurrencies; ++c) printf(" %11.0f", run->concurrency[c]);
  for (int32_t f = 0; f < n; ++f) {
    printf("\n  %-44s", run->functions[f]);
    for (int32_t c = 0; c < run->n_concurrencies; ++c)
      printf(" %5.2f (%3.0f)", run->sweeps[f].latency_s[c], run->sweeps[f].throughput[c]);
  }
  printf("\n\n  %-12s %9s %10s %11s\n", "tuning", "cost $/h", "latency s", "compliance");
  for (int i = 0; i < WAYS; ++i)
    printf("  %-12s %9.3f %10.2f %11.3f%s\n", run->ways[i].way, run->ways[i].cost_usd_h, run->ways[i].latency_s,
           run->ways[i].compliance, run->ways[i].qos_met ? "" : "  QoS not met");
  printf("\nCPU and replicas of one function halved: change of the p75 latency of each, %%\n  %-44s", "");
  for (int32_t f = 0; f < n; ++f) printf(" %9.9s", run->functions[f]);
  for (int32_t row = 0; row < n; ++row) {
    printf("\n  %-44s", run->functions[row]);
    for (int32_t f = 0; f < n; ++f) printf(" %9s", number_text(100 * run->change[row * n + f], 0, "", text));
  }
  printf("\n\nrank correlation of these changes with the attention that AttMF has learned, over %d edges: %s\n",
         (int)run->n_edges, number_text(run->rho, 2, "", text));
}

static fc_json_t *numbers(const double *values, int32_t n) {
  fc_json_t *array = fc_json_array();
  for (int32_t i = 0; i < n; ++i) fc_json_append_double(array, values[i]);
  return array;
}

static void print_json(const asked_t *asked, const motivation_run_t *run) {
  const int32_t n = run->workflow->n_functions;
  fc_json_t *object = fc_json_object(), *sweeps = fc_json_array(), *ways = fc_json_array(), *part = NULL;
  fc_json_set_string(object, "experiment", "motivation");
  fc_json_set_string(object, "workflow", run->workflow->name);
  fc_json_set_int(object, "users", asked->users);
  for (int32_t f = 0; f < n; ++f) {
    fc_json_t *item = fc_json_object();
    fc_json_set_string(item, "function", run->functions[f]);
    part = numbers(run->concurrency, run->n_concurrencies);
    fc_json_set(item, "concurrency", &part);
    part = numbers(run->sweeps[f].latency_s, run->n_concurrencies);
    fc_json_set(item, "latency_s", &part);
    part = numbers(run->sweeps[f].throughput, run->n_concurrencies);
    fc_json_set(item, "throughput", &part);
    fc_json_append(sweeps, &item);
  }
  for (int i = 0; i < WAYS; ++i) {
    fc_json_t *item = fc_json_object();
    fc_json_set_string(item, "tuning", run->ways[i].way);
    fc_json_set_double(item, "cost", run->ways[i].cost_usd_h);
    fc_json_set_double(item, "latency_s", run->ways[i].latency_s);
    fc_json_set_double(item, "compliance", run->ways[i].compliance);
    fc_json_set_bool(item, "qos_met", run->ways[i].qos_met);
    fc_json_append(ways, &item);
  }
  fc_json_set(object, "sweeps", &sweeps);
  fc_json_set(object, "ways", &ways);
  part = numbers(run->change, n * n);
  fc_json_set(object, "change", &part);
  part = numbers(run->attention, n * n);
  fc_json_set(object, "attention", &part);
  fc_json_set_double(object, "rank_correlation", run->rho);
  fc_json_set_int(object, "edges", run->n_edges);
  json_print(&object);
}

static fc_status_t write_report(const asked_t *asked, const motivation_run_t *run, fc_error_t *error) {
  const motivation_t motivation = {.workflow = run->workflow->name,
                                   .users = (int32_t)asked->users,
                                   .sweeps = run->sweeps,
                                   .n_sweeps = run->workflow->n_functions,
                                   .ways = run->ways,
                                   .n_ways = WAYS,
                                   .n_functions = run->workflow->n_functions,
                                   .functions = run->functions,
                                   .change = run->change};
  const report_t report = {
      .title = "motivation", .command = asked->command, .motivation = &motivation, .seed = (uint64_t)asked->seed};
  return eval_report_write(&report, asked->out, error);
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static fc_status_t open_run(const asked_t *asked, motivation_run_t *run, fc_error_t *error) {
  FC_TRY(fc_workflow_load(asked->workflow_name, &run->workflow, error));
  const size_t n = (size_t)run->workflow->n_functions;
  run->start = calloc(n, sizeof *run->start);
  run->trial = calloc(n, sizeof *run->trial);
  run->latency_s = calloc(n * MAX_CONCURRENCIES, sizeof *run->latency_s);
  run->throughput = calloc(n * MAX_CONCURRENCIES, sizeof *run->throughput);
  run->sweeps = calloc(n, sizeof *run->sweeps);
  run->functions = calloc(n, sizeof *run->functions);
  run->change = calloc(n * n, sizeof *run->change);
  run->attention = calloc(n * n, sizeof *run->attention);
  if (run->start == NULL || run->trial == NULL || run->latency_s == NULL || run->throughput == NULL ||
      run->sweeps == NULL || run->functions == NULL || run->change == NULL || run->attention == NULL)
    return fc_error_set(error, FC_ENOMEM, "no memory for the figures");
  for (size_t f = 0; f < n; ++f) {
    run->start[f] = run->workflow->functions[f].start;
    run->functions[f] = run->workflow->functions[f].name;
  }
  for (size_t i = 0; i < n * n; ++i) run->attention[i] = NAN;
  run->alone = (alone_t){.workflow = run->workflow,
                         .ranges = FC_RANGES_MEASURED,
                         .users = (int32_t)asked->users,
                         .n_windows = (int32_t)asked->windows,
                         .level = 0.95,
                         .seed = (uint64_t)asked->seed};
  return alone_init(&run->alone, error);
}

static void close_run(motivation_run_t *run) {
  if (run->workflow != NULL) alone_clear(&run->alone);
  free(run->start);
  free(run->trial);
  free(run->latency_s);
  free(run->throughput);
  free(run->sweeps);
  free(run->functions);
  free(run->change);
  free(run->attention);
  fc_workflow_destroy(&run->workflow);
}

static fc_status_t run_all(const asked_t *asked, motivation_run_t *run, fc_error_t *error) {
  progress_t progress;
  progress_start(&progress, "motivation");
  fc_status_t status = open_run(asked, run, error);
  progress_update(&progress, 0, 4, "concurrency limits");
  if (status == FC_OK) status = sweep(asked, run, error);
  progress_update(&progress, 1, 4, "tuning alone and together");
  if (status == FC_OK) status = tune(asked, run, error);
  progress_update(&progress, 2, 4, "changes between functions");
  if (status == FC_OK) status = alone_changes(&run->alone, run->start, run->change, error);
  progress_update(&progress, 3, 4, "training AttMF");
  if (status == FC_OK) status = look(asked, run, error);
  progress_end(&progress);
  return status;
}

static int run_motivation(int argc, char **argv) {
  asked_t asked = {.workflow_name = "parallel", .users = 10, .windows = 200, .rows = 2000, .budget = 20000, .seed = 1};
  char command[1024];
  const argument_t table[] = {
      {.name = "workflow",
       .kind = ARGUMENT_TEXT,
       .target = &asked.workflow_name,
       .value = "NAME",
       .help = "shipped name or path (parallel)"},
      {.name = "users",
       .kind = ARGUMENT_INT,
       .target = &asked.users,
       .value = "N",
       .help = "closed-loop users (10)",
       .minimum = 1,
       .maximum = 10000},
      {.name = "windows",
       .kind = ARGUMENT_INT,
       .target = &asked.windows,
       .value = "N",
       .help = "windows that a configuration is measured on (200)",
       .minimum = 20,
       .maximum = 100000},
      {.name = "rows",
       .kind = ARGUMENT_INT,
       .target = &asked.rows,
       .value = "N",
       .help = "random windows that AttMF is trained on (2000)",
       .minimum = 100,
       .maximum = 100000},
      {.name = "budget",
       .kind = ARGUMENT_INT,
       .target = &asked.budget,
       .value = "N",
       .help = "windows of the search that tunes together, before its polishing (20000)",
       .minimum = 100,
       .maximum = 10000000},
      {.name = "seed",
       .kind = ARGUMENT_INT,
       .target = &asked.seed,
       .value = "N",
       .help = "of all draws (1)",
       .minimum = 1,
       .maximum = 1000000},
      {.name = "out", .kind = ARGUMENT_TEXT, .target = &asked.out, .value = "DIR", .help = "report and plots"},
      {.name = "json", .kind = ARGUMENT_FLAG, .target = &asked.json, .help = "one JSON object at the end"}};
  const arguments_t arguments = {
      .command = "eval motivation",
      .description = "Why functions are tuned together, on the simulator of a workflow (the paper's Figs. 1 to 3).",
      .examples =
          "  faasconf eval motivation --out motivation\n  faasconf eval motivation --workflow branch --users 20",
      .arguments = table,
      .n_arguments = (int)(sizeof table / sizeof table[0])};
  int code = CLI_DONE;
  if (!arguments_parse(&arguments, argc, argv, NULL, NULL, &code)) return code;
  eval_report_command(argc, argv, command, sizeof command);
  asked.command = command;
  fc_error_t error = {FC_OK, ""};
  motivation_run_t run = {.rho = NAN};
  fc_status_t status = run_all(&asked, &run, &error);
  if (status == FC_OK && asked.json) print_json(&asked, &run);
  if (status == FC_OK && !asked.json) print_text(&run);
  if (status == FC_OK && asked.out != NULL) status = write_report(&asked, &run, &error);
  close_run(&run);
  return status == FC_OK ? CLI_DONE : cli_fail(arguments.command, &error);
}

const eval_experiment_t eval_motivation = {"motivation", "why functions are tuned together (the paper's Figs. 1 to 3)",
                                           run_motivation};
