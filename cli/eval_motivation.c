/* eval_motivation.c - `faasconf eval motivation`: why functions are tuned together (the paper's Figs. 1 to 3).
 *
 * Concurrency limits moved one at a time; functions tuned each for itself, one after the other, and together; and what
 * a function's resources do to the latency of the others, beside the attention that AttMF has learned.
 */
#include <stdio.h>

#include "command.h"
#include "eval.h"
#include "eval_folder.h"
#include "eval_report.h"
#include "json_output.h"
#include "motivation_run.h"
#include "number_text.h"
#include "planner.h"

typedef struct {
  motivation_task_t task;
  const char *out, *command;
  bool json;
} asked_t;

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
  for (int i = 0; i < MOTIVATION_WAYS; ++i)
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
  fc_json_set_int(object, "users", asked->task.users);
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
  for (int i = 0; i < MOTIVATION_WAYS; ++i) {
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
                                   .users = (int32_t)asked->task.users,
                                   .sweeps = run->sweeps,
                                   .n_sweeps = run->workflow->n_functions,
                                   .ways = run->ways,
                                   .n_ways = MOTIVATION_WAYS,
                                   .n_functions = run->workflow->n_functions,
                                   .functions = run->functions,
                                   .change = run->change,
                                   .rank_correlation = run->rho,
                                   .n_edges = run->n_edges};
  char seeds[32];
  (void)snprintf(seeds, sizeof seeds, "%lld", (long long)asked->task.seed);
  const report_t report = {.title = "motivation",
                           .command = asked->command,
                           .seeds = seeds,
                           .motivation = &motivation,
                           .seed = (uint64_t)asked->task.seed};
  return eval_report_write(&report, asked->out, error);
}

/* Before anything is measured; what an earlier run of this experiment wrote is replaced. */
static fc_status_t open_out(const asked_t *asked, fc_error_t *error) {
  if (asked->out == NULL) return FC_OK;
  fc_json_t *settings = fc_json_object();
  fc_json_set_string(settings, "experiment", "motivation");
  return eval_folder_open(asked->out, &settings, error);
}

static int run_motivation(int argc, char **argv) {
  asked_t asked = {
      .task = {.workflow_name = "parallel", .users = 10, .windows = 200, .rows = 2000, .budget = 20000, .seed = 1}};
  char command[1024];
  const argument_t table[] = {
      {.name = "workflow",
       .kind = ARGUMENT_TEXT,
       .target = &asked.task.workflow_name,
       .value = "NAME",
       .help = "shipped name or path (parallel)"},
      {.name = "users",
       .kind = ARGUMENT_INT,
       .target = &asked.task.users,
       .value = "N",
       .help = "closed-loop users (10)",
       .minimum = 1,
       .maximum = 10000},
      {.name = "windows",
       .kind = ARGUMENT_INT,
       .target = &asked.task.windows,
       .value = "N",
       .help = "windows that a configuration is measured on (200)",
       .minimum = 20,
       .maximum = 100000},
      {.name = "rows",
       .kind = ARGUMENT_INT,
       .target = &asked.task.rows,
       .value = "N",
       .help = "random windows that AttMF is trained on (2000)",
       .minimum = 100,
       .maximum = 100000},
      {.name = "budget",
       .kind = ARGUMENT_INT,
       .target = &asked.task.budget,
       .value = "N",
       .help = "windows of the search that tunes together, before its polishing (20000)",
       .minimum = PLAN_MIN_BUDGET,
       .maximum = 10000000},
      {.name = "seed",
       .kind = ARGUMENT_INT,
       .target = &asked.task.seed,
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
  motivation_run_t run = {0};
  fc_status_t status = open_out(&asked, &error);
  if (status == FC_OK) status = motivation_run(&asked.task, &run, &error);
  if (status == FC_OK && asked.json) print_json(&asked, &run);
  if (status == FC_OK && !asked.json) print_text(&run);
  if (status == FC_OK && asked.out != NULL) status = write_report(&asked, &run, &error);
  motivation_run_clear(&run);
  if (status == FC_OK) return CLI_DONE;
  (void)cli_fail(arguments.command, &error);
  return status == FC_EINVAL ? CLI_USAGE : CLI_FAILED;
}

const eval_experiment_t eval_motivation = {"motivation", "why functions are tuned together (the paper's Figs. 1 to 3)",
                                           run_motivation};
