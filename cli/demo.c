/* demo.c - `faasconf demo`: the whole flow on the embedded simulator, with real processes and sockets. (On real
 * functions: demo_local.c.)
 *
 * History -> training -> server -> agent (auto, lockstep) -> judging on fresh windows -> one table. Everything lives in
 * one folder, removed at the end unless --dir names it; every process started is stopped, also after Ctrl-C.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "demo_agent.h"
#include "demo_history.h"
#include "demo_local.h"
#include "demo_methods.h"
#include "demo_server.h"
#include "demo_train.h"
#include "folder_tree.h"
#include "json_output.h"
#include "workflow_file.h"

typedef struct {
  const char *platform;
  const char *workflow_name;
  const char *directory;
  int64_t users, windows, profile_windows, history_rows, updates, seed, judge_windows;
  bool json;
  FILE *out; /* where a person reads along: stdout, or stderr with --json */
  char folder[DEMO_PATH_SIZE];
  char workflow_path[DEMO_PATH_SIZE];
  fc_workflow_t *workflow;
  demo_history_t history;
  demo_server_t server;
  demo_agent_t agent;
  demo_methods_t methods;
  uint64_t transitions_acked;
  int64_t policy_version;
} demo_t;

/* The one place where a signal reaches the command; read between polls. */
static volatile sig_atomic_t interrupted = 0;
static void on_signal(int number) {
  (void)number;
  interrupted = 1;
}

static fc_status_t make_history(demo_t *demo, fc_error_t *error) {
  char directory[DEMO_PATH_SIZE + 16];
  store_t *store = NULL;
  snprintf(directory, sizeof directory, "%s/store", demo->folder);
  FC_TRY(store_open(directory, STORE_READ_WRITE, "", &store, error));
  fc_status_t status = workflow_file_register(store, demo->workflow_path, &demo->workflow, error);
  if (status == FC_OK)
    status = demo_history_make(store, demo->workflow, NULL, (int32_t)demo->users, (int32_t)demo->history_rows,
                               (uint64_t)demo->seed, &demo->history, error);
  store_destroy(&store);
  if (status == FC_OK)
    fprintf(demo->out, "history   %d simulated windows of random configurations, %d met QoS\n", demo->history.rows.n,
            demo->history.n_met);
  return status;
}

static fc_status_t tune(demo_t *demo, fc_error_t *error) {
  demo_agent_options_t options = {.workflow = demo->workflow,
                                  .workflow_path = demo->workflow_path,
                                  .folder = demo->folder,
                                  .users = (int32_t)demo->users,
                                  .windows = (int32_t)demo->windows,
                                  .seed = (uint64_t)demo->seed,
                                  .server = &demo->server,
                                  .out = demo->out,
                                  .interrupted = &interrupted};
  FC_TRY(process_sibling("faasconfd", demo->server.program, sizeof demo->server.program, error));
  snprintf(demo->server.folder, sizeof demo->server.folder, "%s", demo->folder);
  demo->server.seed = (uint64_t)demo->seed;
  FC_TRY(demo_server_start(&demo->server, error));
  fprintf(demo->out, "server    faasconfd answers at %s\n", demo->server.rpc);
  FC_TRY(demo_agent_run(&options, &demo->agent, error));
  demo->transitions_acked = demo->agent.transitions_acked;
  return demo_server_policy_version(&demo->server, demo->workflow->name, &demo->policy_version, error);
}

static fc_status_t run_steps(demo_t *demo, fc_error_t *error) {
  const demo_train_options_t train = {.folder = demo->folder,
                                      .workflow_path = demo->workflow_path,
                                      .updates = demo->updates,
                                      .seed = demo->seed,
                                      .out = demo->out,
                                      .interrupted = &interrupted};
  FC_TRY(folder_tree_make(demo->directory, "faasconf-demo", demo->folder, sizeof demo->folder, error));
  FC_TRY(make_history(demo, error));
  FC_TRY(demo_train(&train, error));
  FC_TRY(tune(demo, error));
  FC_TRY(demo_server_end(&demo->server, error));
  const demo_methods_task_t task = {.workflow = demo->workflow,
                                    .users = (int32_t)demo->users,
                                    .budget_windows = (int32_t)demo->windows,
                                    .judge_windows = (int32_t)demo->judge_windows,
                                    .seed = (uint64_t)demo->seed,
                                    .history = &demo->history,
                                    .tuned = demo->agent.configuration,
                                    .tuned_violations = demo->agent.violations};
  FC_TRY(demo_methods_judge(&task, &demo->methods, error));
  if (interrupted) return fc_error_set(error, FC_ECLOSED, "interrupted");
  return FC_OK;
}

static void print_result(const demo_t *demo) {
  if (!demo->json) {
    demo_methods_print(&demo->methods, stdout);
    printf("policy version %" PRId64 ", %" PRIu64 " transitions acknowledged, server restarts %d\n",
           demo->policy_version, demo->transitions_acked, demo->server.n_restarts);
    return;
  }
  fc_json_t *json = fc_json_object();
  fc_json_t *qos = demo_methods_qos_json(demo->workflow, (int32_t)demo->users);
  fc_json_t *methods = demo_methods_json(&demo->methods);
  fc_json_set_string(json, "workflow", demo->workflow->name);
  fc_json_set_int(json, "users", demo->users);
  fc_json_set(json, "qos", &qos);
  fc_json_set(json, "methods", &methods);
  fc_json_set_int(json, "policy_version", demo->policy_version);
  fc_json_set_int(json, "transitions_acked", (int64_t)demo->transitions_acked);
  fc_json_set_int(json, "server_restarts", demo->server.n_restarts);
  json_print(&json);
}

/* A failure whose message names a log in the folder keeps it. */
static void clear(demo_t *demo, bool keep) {
  demo_agent_stop(&demo->agent);
  demo_server_stop(&demo->server);
  demo_agent_clear(&demo->agent);
  demo_history_clear(&demo->history);
  fc_workflow_destroy(&demo->workflow);
  if (demo->directory == NULL && demo->folder[0] != '\0' && !keep) folder_tree_remove(demo->folder);
}

static bool parse(demo_t *demo, int argc, char **argv, int *exit_code) {
  const argument_t table[] = {
      {"platform", ARGUMENT_TEXT, &demo->platform, "P",
       "sim: simulated, a minute; local: real processes behind HAProxy, 17 minutes, as root (sim)", false, 0, 0},
      {"workflow", ARGUMENT_TEXT, &demo->workflow_name, "NAME|PATH",
       "workflow to tune (parallel; on local local-sequential)", false, 0, 0},
      {"users", ARGUMENT_INT, &demo->users, "N", "closed-loop users of the load (10; on local 4)", false, 1, 1000},
      {"windows", ARGUMENT_INT, &demo->windows, "N", "budget of measured windows of every method (15; on local 20)",
       false, 5, 1000},
      {"profile", ARGUMENT_INT, &demo->profile_windows, "N", "on local: windows measured before tuning (30)", false, 5,
       1000},
      {"history", ARGUMENT_INT, &demo->history_rows, "N",
       "simulated windows to learn from (3000; on local those of the twin)", false, 50, 100000},
      {"updates", ARGUMENT_INT, &demo->updates, "N", "learner updates before tuning (2000)", false, 1, 10000000},
      {"judge", ARGUMENT_INT, &demo->judge_windows, "N",
       "fresh windows that judge a method (400; on local 40, random and library 12)", false, 4, 100000},
      {"seed", ARGUMENT_INT, &demo->seed, "S", "one seed gives one result (1)", false, 0, 9e15},
      {"dir", ARGUMENT_TEXT, &demo->directory, "DIR", "keep everything there (default: a folder removed at the end)",
       false, 0, 0},
      {"json", ARGUMENT_FLAG, &demo->json, NULL, "end with one JSON object on stdout; the rest goes to stderr", false,
       0, 0},
  };
  const arguments_t arguments = {
      .command = "demo",
      .description =
          "Runs the whole of faasconf: history, training of AttMF, a server and an agent as real processes, tuning in\n"
          "`auto`, and a comparison on fresh windows. On the embedded simulator, or, with --platform local, on real\n"
          "functions of this machine, with HAProxy and Prometheus, of which a twin is calibrated first.",
      .examples = "  faasconf demo\n  faasconf demo --json --seed 2 --dir run2\n  sudo faasconf demo --platform local",
      .arguments = table,
      .n_arguments = (int)(sizeof table / sizeof table[0])};
  return arguments_parse(&arguments, argc, argv, NULL, NULL, exit_code);
}

/* What was not said depends on the platform. */
static void set_defaults(demo_t *demo, bool is_local) {
  if (demo->workflow_name == NULL) demo->workflow_name = is_local ? "local-sequential" : "parallel";
  if (demo->users == 0) demo->users = is_local ? 4 : 10;
  if (demo->windows == 0) demo->windows = is_local ? 20 : 15;
  if (demo->judge_windows == 0) demo->judge_windows = is_local ? 40 : 400;
  if (demo->profile_windows == 0) demo->profile_windows = 30;
}

static int run_local(const demo_t *demo) {
  const demo_local_t local = {.workflow_name = demo->workflow_name,
                              .directory = demo->directory,
                              .users = demo->users,
                              .windows = demo->windows,
                              .profile_windows = demo->profile_windows,
                              .history_rows = demo->history_rows,
                              .updates = demo->updates,
                              .judge_windows = demo->judge_windows,
                              .seed = demo->seed,
                              .json = demo->json,
                              .out = demo->out,
                              .interrupted = &interrupted};
  return demo_local(&local);
}

static int run_simulated(demo_t *demo) {
  fc_error_t error = {FC_OK, ""};
  fc_status_t status =
      fc_workflow_resolve(demo->workflow_name, demo->workflow_path, sizeof demo->workflow_path, &error);
  if (status == FC_OK) status = run_steps(demo, &error);
  if (status == FC_OK) print_result(demo);
  clear(demo, status != FC_OK && demo->folder[0] != '\0' && strstr(error.message, demo->folder) != NULL);
  return status == FC_OK ? CLI_DONE : cli_fail("demo", &error);
}

static int run(int argc, char **argv) {
  demo_t demo = {.platform = "sim", .history_rows = 3000, .updates = 2000, .seed = 1};
  int exit_code = CLI_DONE;
  if (!parse(&demo, argc, argv, &exit_code)) return exit_code;
  const bool is_local = strcmp(demo.platform, "local") == 0;
  if (!is_local && strcmp(demo.platform, "sim") != 0) {
    fprintf(stderr, "faasconf demo: --platform: expected sim or local, found '%s'\n", demo.platform);
    return CLI_USAGE;
  }
  set_defaults(&demo, is_local);
  demo.out = demo.json ? stderr : stdout;
  setvbuf(stdout, NULL, _IOLBF, 0);
  const struct sigaction action = {.sa_handler = on_signal};
  (void)sigaction(SIGINT, &action, NULL);
  (void)sigaction(SIGTERM, &action, NULL);
  (void)sigaction(SIGHUP, &action, NULL);
  return is_local ? run_local(&demo) : run_simulated(&demo);
}

const cli_command_t cli_demo = {"demo", "the whole flow, on the embedded simulator or on real processes", run};
