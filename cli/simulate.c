/* simulate.c - `faasconf simulate`: what would this configuration do? Fresh windows, means and intervals. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "configuration_file.h"
#include "faasconf/cost.h"
#include "faasconf/knobs.h"
#include "jobs.h"
#include "json_output.h"
#include "judge.h"
#include "simulate_report.h"
#include "simulate_serve.h"
#include "simulate_windows.h"

static const char *const series_name[N_SERIES] = {"latency_mean_s",     "latency_p95_s", "successes",
                                                  "failures",           "rejected",      "unfinished",
                                                  "arrival_rate_per_s", "mean_in_flight"};

/* ---- as JSON ---- */

static fc_json_t *function_json(const simulation_t *simulation, int32_t f) {
  fc_json_t *function = fc_json_object();
  fc_json_set_string(function, "function", simulation->workflow->functions[f].name);
  json_set_knobs(function, &simulation->configuration[f]);
#define SET_METRIC(name, field, unit) fc_json_set_double(function, #field, simulation->means[f].field);
  FC_FUNCTION_METRICS(SET_METRIC)
#undef SET_METRIC
  return function;
}

static fc_json_t *simulation_json(const simulation_t *simulation) {
  const double completed = simulation->spread[SERIES_SUCCESSES].mean + simulation->spread[SERIES_FAILURES].mean;
  fc_json_t *out = fc_json_object();
  fc_json_set_string(out, "workflow", simulation->workflow->name);
  if (simulation->users > 0) {
    fc_json_set_int(out, "users", simulation->users);
  } else {
    fc_json_set_double(out, "rate_per_s", simulation->rate_per_s);
  }
  fc_json_set_string(out, "semantics", fc_semantics_name(simulation->semantics));
  fc_json_set_int(out, "windows", simulation->n_windows);
  fc_json_set_int(out, "seed", simulation->seed);
  fc_json_set_double(out, "cost", simulation->cost_usd_h);
  fc_json_set_double(out, "cost_eq2_usd", simulation->cost_eq2_usd);
  fc_json_set_double(out, "latency_s", simulation->spread[SERIES_LATENCY_MEAN].mean);
  fc_json_set_double(out, "throughput", simulation->spread[SERIES_SUCCESSES].mean);
  fc_json_set_double(out, "success_ratio", completed > 0 ? simulation->spread[SERIES_SUCCESSES].mean / completed : NAN);
  fc_json_set_bool(out, "qos_met", simulation->qos_met);
  fc_json_set_double(out, "compliance", simulation->compliance);
  json_set_interval(out, "compliance_interval95", simulation->wilson_low, simulation->wilson_high);
  fc_json_set_int(out, "windows_without_success", simulation->n_without_success);
  fc_json_set_int(out, "windows_idle", simulation->n_idle);
  fc_json_t *outcome = fc_json_object();
  for (int s = 0; s < N_SERIES; ++s) {
    fc_json_t *one = fc_json_object();
    fc_json_set_double(one, "mean", simulation->spread[s].mean);
    json_set_interval(one, "interval80", simulation->spread[s].low80, simulation->spread[s].high80);
    json_set_interval(one, "interval95", simulation->spread[s].low95, simulation->spread[s].high95);
    fc_json_set(outcome, series_name[s], &one);
  }
  fc_json_set(out, "outcome", &outcome);
  fc_json_t *configuration = json_of_configuration(simulation->workflow, simulation->configuration);
  fc_json_set(out, "configuration", &configuration);
  fc_json_t *functions = fc_json_array();
  for (int32_t f = 0; f < simulation->workflow->n_functions; ++f) {
    fc_json_t *function = function_json(simulation, f);
    fc_json_append(functions, &function);
  }
  fc_json_set(out, "functions", &functions);
  return out;
}

/* ---- as text ---- */

static void print_spreads(const simulation_t *simulation) {
  static const char *const label[N_SERIES] = {"mean latency (s)", "95th percentile (s)", "successes",
                                              "failures",         "  of them rejected",  "unfinished",
                                              "arrivals (1/s)",   "mean in flight"};
  printf("\n%-22s %9s   %-19s %-19s\n", "per window", "mean", "80 % of windows", "95 % of windows");
  for (int s = 0; s < N_SERIES; ++s) {
    const spread_t *spread = &simulation->spread[s];
    if (isnan(spread->mean)) {
      printf("%-22s %9s\n", label[s], "-");
      continue;
    }
    printf("%-22s %9.3f   %8.3f..%-8.3f  %8.3f..%-8.3f\n", label[s], spread->mean, spread->low80, spread->high80,
           spread->low95, spread->high95);
  }
}

static void print_functions(const simulation_t *simulation) {
  printf("\n%-20s %6s %6s %4s %5s %8s %9s %7s %8s %8s %9s %9s %8s\n", "function", "CPU m", "MiB", "rep", "conc",
         "CPU %", "throttled", "mem %", "p75 s", "p95 s", "requests", "rejected", "failed");
  for (int32_t f = 0; f < simulation->workflow->n_functions; ++f) {
    const fc_function_configuration_t *c = &simulation->configuration[f];
    const fc_function_metrics_t *m = &simulation->means[f];
    char p75[16] = "-", p95[16] = "-";
    if (simulation->n_latencies[f] > 0) {
      snprintf(p75, sizeof p75, "%.3f", m->latency_p75_s);
      snprintf(p95, sizeof p95, "%.3f", m->latency_p95_s);
    }
    printf("%-20s %6d %6d %4d %5d %8.1f %9.1f %7.1f %8s %8s %9.2f %9.2f %8.2f\n",
           simulation->workflow->functions[f].name, (int)c->cpu_millicores, (int)c->mem_mib, (int)c->replicas,
           (int)c->concurrency, m->cpu_utilization_pct, m->throttled_periods, m->mem_utilization_pct, p75, p95,
           m->requests, m->rejected, m->failed);
  }
}

static void print_compliance(const simulation_t *simulation) {
  if (simulation->n_idle > 0)
    printf("idle        %" PRId64 " windows in which nothing was asked: not judged\n", simulation->n_idle);
  if (simulation->n_judged == 0) {
    printf("QoS         no window could be judged\n");
    return;
  }
  printf("QoS         %s: %" PRId64 " of %" PRId64
         " windows, %.1f %% (95 %% interval %.1f..%.1f %%; wanted: %.0f %%)\n",
         simulation->qos_met ? "met" : "not met", simulation->n_met, simulation->n_judged, 100 * simulation->compliance,
         100 * simulation->wilson_low, 100 * simulation->wilson_high, 100 * JUDGE_REQUIRED_COMPLIANCE);
}

static void print_text(const simulation_t *simulation) {
  char load[64];
  if (simulation->users > 0) {
    snprintf(load, sizeof load, "%" PRId64 " users", simulation->users);
  } else {
    snprintf(load, sizeof load, "%g workflows per second", simulation->rate_per_s);
  }
  printf("%s, %s, %s semantics: %" PRId64 " fresh windows of %g s, seed %" PRId64 "\n", simulation->workflow->name,
         load, fc_semantics_name(simulation->semantics), simulation->n_windows, simulation->workflow->window_s,
         simulation->seed);
  printf("cost        %.6f USD per hour reserved, %.6f USD per window by Eq. 2\n", simulation->cost_usd_h,
         simulation->cost_eq2_usd);
  print_compliance(simulation);
  if (simulation->n_without_success > 0)
    printf("            %" PRId64 " windows had no success: their latencies count as %g s\n",
           simulation->n_without_success, simulation->workflow->window_s);
  print_spreads(simulation);
  print_functions(simulation);
}

/* ---- a table, a trace ---- */

static int score_rows(const simulate_rows_options_t *options, bool json) {
  fc_error_t error = {0};
  simulate_rows_scores_t scores;
  if (simulate_rows(options, &scores, &error) != FC_OK) return cli_fail("simulate", &error);
  report_scores(options, &scores, json);
  return CLI_DONE;
}

static int run_trace(simulate_trace_options_t *options, const char *configuration, bool json) {
  fc_error_t error = {0};
  simulate_trace_result_t result = {0};
  fc_function_configuration_t *own = calloc((size_t)options->workflow->n_functions, sizeof *own);
  fc_status_t status = own != NULL ? FC_OK : fc_error_set(&error, FC_ENOMEM, "no memory for a configuration");
  options->configuration = own;
  if (status == FC_OK) status = configuration_file_option(options->workflow, configuration, own, &error);
  if (status == FC_OK) status = simulate_trace(options, &result, &error);
  if (status == FC_OK) report_trace(options, &result, json);
  simulate_trace_clear(&result);
  free(own);
  return status == FC_OK ? CLI_DONE : cli_fail("simulate", &error);
}

/* ---- the command ---- */

static int simulate(simulation_t *simulation, const char *configuration, bool json) {
  fc_error_t error = {0};
  fc_status_t status = simulation_init(simulation, &error);
  if (status == FC_OK)
    status = configuration_file_option(simulation->workflow, configuration, simulation->configuration, &error);
  if (status == FC_OK) status = simulation_run(simulation, &error);
  if (status != FC_OK) return cli_fail("simulate", &error);
  if (!json) {
    print_text(simulation);
    return CLI_DONE;
  }
  fc_json_t *out = simulation_json(simulation);
  json_print(&out);
  return CLI_DONE;
}

/* What the command line asked for; NULL and 0: not said. */
typedef struct {
  const char *workflow, *configuration, *semantics, *rows, *out, *trace, *column, *serve;
  int64_t users, n_windows, seed, jobs, n_agents;
  double rate_per_s, agent_timeout_s;
  bool json;
} request_t;

static int complain(const char *what) {
  fprintf(stderr, "faasconf simulate: %s; see --help\n", what);
  return CLI_USAGE;
}

/* ---- several agents ---- */

static fc_status_t serve_with(const request_t *request, simulate_serve_options_t *options, const trace_file_t *trace,
                              fc_error_t *error) {
  fc_function_configuration_t *start = calloc((size_t)options->served.workflow->n_functions, sizeof *start);
  if (start == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a configuration");
  simulate_serve_result_t result = {0};
  options->served.start = start;
  options->served.trace = trace;
  const char *configuration = request->configuration != NULL ? request->configuration : "start";
  fc_status_t status = configuration_file_option(options->served.workflow, configuration, start, error);
  if (status == FC_OK) status = simulate_serve(options, &result, error);
  if (status == FC_OK) report_serve(options, &result);
  simulate_serve_clear(&result);
  free(start);
  return status;
}

static int serve(const request_t *request, const fc_workflow_t *workflow, fc_semantics_t semantics) {
  const bool closed_loop = request->trace == NULL && request->rate_per_s <= 0;
  simulate_serve_options_t options = {.endpoint = request->serve,
                                      .served = {.workflow = workflow,
                                                 .semantics = semantics,
                                                 .seed = request->seed,
                                                 .users = !closed_loop         ? 0
                                                          : request->users > 0 ? request->users
                                                                               : 10,
                                                 .rate_per_s = request->rate_per_s,
                                                 .n_agents = (int32_t)request->n_agents,
                                                 .n_windows = request->n_windows,
                                                 .agent_timeout_s = request->agent_timeout_s,
                                                 .clock = fc_clock_system(),
                                                 .log = stderr},
                                      .json = request->json};
  fc_error_t error = {0};
  trace_file_t trace = {0};
  fc_status_t status = FC_OK;
  if (request->trace != NULL) status = trace_file_read(request->trace, request->column, &trace, &error);
  if (status == FC_OK) status = serve_with(request, &options, request->trace != NULL ? &trace : NULL, &error);
  trace_file_clear(&trace);
  return status == FC_OK ? CLI_DONE : cli_fail("simulate", &error);
}

/* ---- what was asked for ---- */

static int run_request(const request_t *request, const fc_workflow_t *workflow, fc_semantics_t semantics) {
  if (request->rows != NULL) {
    const simulate_rows_options_t options = {.workflow = workflow,
                                             .path = request->rows,
                                             .out_path = request->out,
                                             .semantics = semantics,
                                             .users = request->users,
                                             .n_windows = request->n_windows > 0 ? request->n_windows : 12,
                                             .seed = request->seed,
                                             .jobs = request->jobs};
    return score_rows(&options, request->json);
  }
  if (request->serve != NULL) return serve(request, workflow, semantics);
  const char *configuration = request->configuration != NULL ? request->configuration : "start";
  if (request->trace != NULL) {
    simulate_trace_options_t options = {.workflow = workflow,
                                        .path = request->trace,
                                        .column = request->column,
                                        .semantics = semantics,
                                        .seed = request->seed};
    return run_trace(&options, configuration, request->json);
  }
  const int64_t users = request->rate_per_s > 0 ? 0 : 10;
  simulation_t simulation = {.workflow = workflow,
                             .semantics = semantics,
                             .users = request->users > 0 ? request->users : users,
                             .rate_per_s = request->rate_per_s,
                             .n_windows = request->n_windows > 0 ? request->n_windows : JUDGE_WINDOWS,
                             .seed = request->seed,
                             .jobs = request->jobs};
  const int code = simulate(&simulation, configuration, request->json);
  simulation_clear(&simulation);
  return code;
}

/* NULL: the options go together; else what is wrong with them. */
static const char *contradiction(const request_t *request) {
  const bool rows = request->rows != NULL, trace = request->trace != NULL, serves = request->serve != NULL;
  if (rows && request->configuration != NULL) return "--rows brings its own configurations: leave --configuration out";
  if (rows + trace > 1) return "--rows or --trace, not both";
  if (rows && serves) return "--rows or --serve, not both";
  if (request->users > 0 && request->rate_per_s > 0) return "--users or --rate, not both";
  if (request->rate_per_s > 0 && rows) return "--rows are of a closed loop: leave --rate out";
  if (trace && (request->users > 0 || request->rate_per_s > 0))
    return "--trace says the load itself: leave --users and --rate out";
  if (trace && !serves && request->n_windows > 0) return "--trace says the windows itself: leave --windows out";
  if (!trace && request->column != NULL) return "--column goes with --trace only";
  if (!rows && request->out != NULL) return "--out goes with --rows only";
  if (serves && request->n_agents == 0) return "--serve needs --agents N: how many begin";
  if (!serves && (request->n_agents > 0 || request->agent_timeout_s > 0))
    return "--agents and --agent-timeout-s go with --serve only";
  if (serves && request->n_windows > SERVED_MAX_WINDOWS) return "--serve: at most 100000 windows";
  return NULL;
}

static int simulate_run(int argc, char **argv) {
  request_t request = {.seed = 1, .jobs = jobs_default_workers()};
  const argument_t options[] = {
      {"workflow", ARGUMENT_TEXT, &request.workflow, "W", "a shipped workflow (parallel, ...) or the path of a file",
       true, 0, 0},
      {"users", ARGUMENT_INT, &request.users, "U",
       "closed-loop users without think time (10; with --rows those of each row)", false, 1, 1 << 20},
      {"rate", ARGUMENT_DOUBLE, &request.rate_per_s, "R",
       "open loop instead: Poisson arrivals of R workflows per second", false, 1e-6, 1e5},
      {"trace", ARGUMENT_TEXT, &request.trace, "FILE.csv",
       "minutes of changing load, one after the other: workflows per minute, or users", false, 0, 0},
      {"column", ARGUMENT_TEXT, &request.column, "NAME",
       "with --trace: its column; users... are closed-loop users (invocations, or the first users...)", false, 0, 0},
      {"configuration", ARGUMENT_TEXT, &request.configuration, "FILE",
       "YAML or JSON: function -> cpu_millicores, mem_mib, replicas, concurrency; or `start` (start)", false, 0, 0},
      {"rows", ARGUMENT_TEXT, &request.rows, "FILE.csv",
       "simulate every configuration of a published table and score the simulator against it", false, 0, 0},
      {"out", ARGUMENT_TEXT, &request.out, "FILE.csv", "with --rows: measured and simulated values, row by row", false,
       0, 0},
      {"semantics", ARGUMENT_TEXT, &request.semantics, "S",
       "strict: a failed call fails its workflow; as-published: as the measured code did (strict; with --rows "
       "as-published)",
       false, 0, 0},
      {"windows", ARGUMENT_INT, &request.n_windows, "N",
       "fresh windows (400; with --rows 12 a row; with --serve until nobody is left)", false, 1, 1e7},
      {"seed", ARGUMENT_INT, &request.seed, "S", "of all random draws (1)", false, 0, 9007199254740992.0},
      {"jobs", ARGUMENT_INT, &request.jobs, "N", "threads; same numbers for any (all processors)", false, 1,
       JOBS_MAX_WORKERS},
      {"serve", ARGUMENT_TEXT, &request.serve, "ENDPOINT",
       "offer this one workflow to several agents, in step: tcp://127.0.0.1:PORT (loopback only) or ipc://PATH", false,
       0, 0},
      {"agents", ARGUMENT_INT, &request.n_agents, "N", "with --serve: so many agents begin together", false, 1,
       SERVED_MAX_AGENTS},
      {"agent-timeout-s", ARGUMENT_DOUBLE, &request.agent_timeout_s, "T",
       "with --serve: an agent that is not ready for so long is given up, the others go on (30)", false, 0.05, 3600},
      {"json", ARGUMENT_FLAG, &request.json, NULL, "one JSON object instead of tables", false, 0, 0}};
  const arguments_t arguments = {
      .command = "simulate",
      .description =
          "Simulates fresh windows of a workflow with one configuration and reports latency, successes, "
          "QoS compliance and cost; or, with --rows, every configuration of a measured table; or, with --trace, a "
          "stretch of changing load; or, with --serve, windows whose functions are tuned by several agents.",
      .examples =
          "  faasconf simulate --workflow parallel --users 10\n"
          "  faasconf simulate --workflow parallel --users 20 --configuration mine.yaml --json\n"
          "  faasconf simulate --workflow parallel --rows parallel_10.csv --windows 12 --json\n"
          "  faasconf simulate --workflow parallel --trace azure_85min.csv --column users_10_30\n"
          "  faasconf simulate --workflow parallel --users 10 --serve tcp://127.0.0.1:7610 --agents 2 --windows 60",
      .arguments = options,
      .n_arguments = sizeof options / sizeof options[0]};
  int code = CLI_DONE;
  if (!arguments_parse(&arguments, argc, argv, NULL, NULL, &code)) return code;
  fc_semantics_t semantics = request.rows != NULL ? FC_SEMANTICS_AS_PUBLISHED : FC_SEMANTICS_STRICT;
  if (request.semantics != NULL && !fc_semantics_parse(request.semantics, &semantics)) {
    fprintf(stderr, "faasconf simulate: --semantics: expected strict or as-published, found '%s'\n", request.semantics);
    return CLI_USAGE;
  }
  const char *wrong = contradiction(&request);
  if (wrong != NULL) return complain(wrong);
  if (request.agent_timeout_s <= 0) request.agent_timeout_s = 30;
  fc_error_t error = {0};
  fc_workflow_t *workflow = NULL;
  if (fc_workflow_load(request.workflow, &workflow, &error) != FC_OK) return cli_fail("simulate", &error);
  code = run_request(&request, workflow, semantics);
  fc_workflow_destroy(&workflow);
  return code;
}

const cli_command_t cli_simulate = {"simulate", "what a configuration does: latency, successes, compliance, cost",
                                    simulate_run};
