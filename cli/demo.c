/* demo.c - `faasconf demo`: the whole flow on the embedded simulator, with real processes and sockets.
 *
 * History -> training -> server -> agent (auto, lockstep) -> judging on fresh windows -> one table. Everything lives in
 * one folder, removed at the end unless --dir names it; every process started is stopped, also after Ctrl-C.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "demo_agent.h"
#include "demo_history.h"
#include "demo_methods.h"
#include "demo_server.h"
#include "demo_train.h"
#include "faasconf/client.h"
#include "json_output.h"
#include "workflow_file.h"

typedef struct {
  const char *workflow_name;
  const char *directory;
  int64_t users, windows, history_rows, updates, seed, judge_windows;
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

static fc_status_t make_folder(demo_t *demo, fc_error_t *error) {
  char store[DEMO_PATH_SIZE + 16];
  if (demo->directory != NULL) {
    if (strlen(demo->directory) >= sizeof demo->folder - 64) return fc_error_set(error, FC_EINVAL, "--dir is too long");
    snprintf(demo->folder, sizeof demo->folder, "%s", demo->directory);
    if (mkdir(demo->folder, 0700) != 0 && errno != EEXIST)
      return fc_error_set(error, FC_EIO, "--dir %s: %s", demo->folder, strerror(errno));
  } else {
    const char *base = getenv("TMPDIR");
    snprintf(demo->folder, sizeof demo->folder - 64, "%s/faasconf-demo-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(demo->folder) == NULL) return fc_error_set(error, FC_EIO, "%s: %s", demo->folder, strerror(errno));
  }
  snprintf(store, sizeof store, "%s/store", demo->folder);
  if (strchr(demo->folder, '\'') != NULL)
    return fc_error_set(error, FC_EINVAL, "--dir %s: a path without ' is needed", demo->folder);
  if (access(store, F_OK) == 0)
    return fc_error_set(error, FC_EEXISTS, "--dir %s: holds a demo already; remove it or name another", demo->folder);
  return FC_OK;
}

static void remove_tree(const char *path) {
  DIR *folder = opendir(path);
  if (folder == NULL) return;
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    char child[2 * DEMO_PATH_SIZE];
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
    if (unlink(child) != 0) remove_tree(child);
  }
  (void)closedir(folder);
  (void)rmdir(path);
}

static fc_status_t make_history(demo_t *demo, fc_error_t *error) {
  char directory[DEMO_PATH_SIZE + 16];
  store_t *store = NULL;
  snprintf(directory, sizeof directory, "%s/store", demo->folder);
  FC_TRY(store_open(directory, STORE_READ_WRITE, "", &store, error));
  fc_status_t status = workflow_file_register(store, demo->workflow_path, &demo->workflow, error);
  if (status == FC_OK)
    status = demo_history_make(store, demo->workflow, (int32_t)demo->users, (int32_t)demo->history_rows,
                               (uint64_t)demo->seed, &demo->history, error);
  store_destroy(&store);
  if (status == FC_OK)
    fprintf(demo->out, "history   %d simulated windows of random configurations, %d met QoS\n", demo->history.n_rows,
            demo->history.n_met);
  return status;
}

/* Reads what the server counted, while it still runs. */
static fc_status_t read_status(demo_t *demo, fc_error_t *error) {
  fc_client_t *client = NULL;
  fc_rpc_status_response_t status = {0};
  FC_TRY(fc_client_new(demo->server.rpc, 5000, &client, error));
  const fc_status_t result = fc_client_status(client, &status, error);
  fc_client_destroy(&client);
  if (result != FC_OK) return result;
  for (int32_t i = 0; i < status.n_workflows; ++i)
    if (strcmp(status.workflows[i], demo->workflow->name) == 0) demo->policy_version = status.live_versions[i];
  fc_rpc_status_response_clear(&status);
  return FC_OK;
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
  return read_status(demo, error);
}

static fc_status_t run_steps(demo_t *demo, fc_error_t *error) {
  const demo_train_options_t train = {.folder = demo->folder,
                                      .workflow_path = demo->workflow_path,
                                      .updates = demo->updates,
                                      .seed = demo->seed,
                                      .out = demo->out,
                                      .interrupted = &interrupted};
  FC_TRY(make_folder(demo, error));
  FC_TRY(make_history(demo, error));
  FC_TRY(demo_train(&train, error));
  FC_TRY(tune(demo, error));
  const int server_code = demo_server_stop(&demo->server);
  if (server_code != 0)
    return fc_error_set(error, FC_EIO, "faasconfd ended with code %d when asked to stop; its log: %s/server.log",
                        server_code, demo->folder);
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
  (void)demo_server_stop(&demo->server);
  demo_agent_clear(&demo->agent);
  demo_history_clear(&demo->history);
  fc_workflow_destroy(&demo->workflow);
  if (demo->directory == NULL && demo->folder[0] != '\0' && !keep) remove_tree(demo->folder);
}

static bool parse(demo_t *demo, int argc, char **argv, int *exit_code) {
  const argument_t table[] = {
      {"workflow", ARGUMENT_TEXT, &demo->workflow_name, "NAME|PATH", "workflow to tune (default parallel)", false, 0,
       0},
      {"users", ARGUMENT_INT, &demo->users, "N", "closed-loop users of the simulated load (10)", false, 1, 1000},
      {"windows", ARGUMENT_INT, &demo->windows, "N", "budget of measured windows of every method (15)", false, 5, 1000},
      {"history", ARGUMENT_INT, &demo->history_rows, "N", "simulated windows to learn from (3000)", false, 50, 100000},
      {"updates", ARGUMENT_INT, &demo->updates, "N", "learner updates before tuning (2000)", false, 1, 10000000},
      {"judge", ARGUMENT_INT, &demo->judge_windows, "N", "fresh windows that judge each method (400)", false, 20,
       100000},
      {"seed", ARGUMENT_INT, &demo->seed, "S", "one seed gives one result (1)", false, 0, 9e15},
      {"dir", ARGUMENT_TEXT, &demo->directory, "DIR", "keep everything there (default: a folder removed at the end)",
       false, 0, 0},
      {"json", ARGUMENT_FLAG, &demo->json, NULL, "end with one JSON object on stdout; the rest goes to stderr", false,
       0, 0},
  };
  const arguments_t arguments = {
      .command = "demo",
      .description =
          "Runs the whole of faasconf on the embedded simulator: simulated history, training of AttMF, a\n"
          "server and an agent as real processes, tuning in `auto`, and a comparison on fresh windows.",
      .examples = "  faasconf demo\n  faasconf demo --json --seed 2 --dir run2",
      .arguments = table,
      .n_arguments = (int)(sizeof table / sizeof table[0])};
  return arguments_parse(&arguments, argc, argv, NULL, NULL, exit_code);
}

static int run(int argc, char **argv) {
  demo_t demo = {.workflow_name = "parallel",
                 .users = 10,
                 .windows = 15,
                 .history_rows = 3000,
                 .updates = 2000,
                 .seed = 1,
                 .judge_windows = 400};
  fc_error_t error = {FC_OK, ""};
  int exit_code = CLI_DONE;
  if (!parse(&demo, argc, argv, &exit_code)) return exit_code;
  demo.out = demo.json ? stderr : stdout;
  setvbuf(stdout, NULL, _IOLBF, 0);
  const struct sigaction action = {.sa_handler = on_signal};
  (void)sigaction(SIGINT, &action, NULL);
  (void)sigaction(SIGTERM, &action, NULL);
  (void)sigaction(SIGHUP, &action, NULL);
  fc_status_t status = fc_workflow_resolve(demo.workflow_name, demo.workflow_path, sizeof demo.workflow_path, &error);
  if (status == FC_OK) status = run_steps(&demo, &error);
  if (status == FC_OK) print_result(&demo);
  clear(&demo, status != FC_OK && demo.folder[0] != '\0' && strstr(error.message, demo.folder) != NULL);
  return status == FC_OK ? CLI_DONE : cli_fail("demo", &error);
}

const cli_command_t cli_demo = {"demo", "the whole flow on the embedded simulator, in about a minute", run};
