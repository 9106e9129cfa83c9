/* demo_local.c - see demo_local.h. */
#include "demo_local.h"

#include <inttypes.h>
#include <string.h>

#include "command.h"
#include "folder_tree.h"
#include "json_output.h"
#include "keeper.h"
#include "local_methods.h"

/* random and library are judged on fewer windows than start and ours. */
enum { OTHER_WINDOWS = 12 };

static fc_status_t run_steps(local_experiment_t *e, const demo_local_t *demo, demo_methods_t *methods,
                             fc_error_t *error) {
  const int32_t n = (int32_t)demo->judge_windows;
  const local_methods_task_t task = {
      .experiment = e, .main_windows = n, .other_windows = n < OTHER_WINDOWS ? n : OTHER_WINDOWS};
  FC_TRY(local_experiment_begin(e, error));
  FC_TRY(local_experiment_profile(e, error));
  profile_print(&e->profile, e->out);
  FC_TRY(local_experiment_calibrate(e, error));
  FC_TRY(local_experiment_train(e, error));
  FC_TRY(local_experiment_tune(e, error));
  FC_TRY(local_experiment_open(e, error));
  FC_TRY(local_experiment_reason(e, local_methods_judge(&task, methods, error), error));
  return local_experiment_close(e, error);
}

static void print_result(const local_experiment_t *e, const demo_methods_t *methods, bool json) {
  const load_process_counts_t *counts = &e->counts;
  if (!json) {
    demo_methods_print(methods, stdout);
    printf("policy version %" PRId64 ", %" PRIu64 " transitions acknowledged, server restarts %d\n", e->policy_version,
           e->agent.transitions_acked, e->server.n_restarts);
    printf("requests  %" PRId64 " sent, %" PRId64 " answered, %" PRId64 " without an answer; ", counts->requests,
           counts->answered, counts->unanswered);
    if (e->prometheus_is_unknown) {
      printf("Prometheus could not count them all\n");
    } else {
      printf("Prometheus counted %" PRId64 "\n", e->prometheus_requests);
    }
    return;
  }
  fc_json_t *out = fc_json_object();
  fc_json_t *qos = demo_methods_qos_json(e->workflow, (int32_t)e->users);
  fc_json_t *list = demo_methods_json(methods);
  fc_json_set_string(out, "workflow", e->workflow->name);
  fc_json_set_string(out, "platform", "local");
  fc_json_set_int(out, "users", e->users);
  fc_json_set(out, "qos", &qos);
  fc_json_set(out, "methods", &list);
  fc_json_set_int(out, "policy_version", e->policy_version);
  fc_json_set_int(out, "transitions_acked", (int64_t)e->agent.transitions_acked);
  fc_json_set_int(out, "server_restarts", e->server.n_restarts);
  local_experiment_set_requests(e, out);
  json_print(&out);
}

/* In the child. A failure whose message names a log in the folder keeps it. */
static int run(const demo_local_t *demo, const char *folder) {
  fc_error_t error = {FC_OK, ""};
  demo_methods_t methods = {0};
  local_experiment_t experiment = {.workflow_name = demo->workflow_name,
                                   .folder = folder,
                                   .users = demo->users,
                                   .budget_windows = demo->windows,
                                   .profile_windows = demo->profile_windows,
                                   .history_rows = demo->history_rows,
                                   .updates = demo->updates,
                                   .seed = demo->seed,
                                   .out = demo->out,
                                   .interrupted = demo->interrupted};
  const fc_status_t status = run_steps(&experiment, demo, &methods, &error);
  if (status == FC_OK) print_result(&experiment, &methods, demo->json);
  local_experiment_end(&experiment);
  const bool named = status != FC_OK && strstr(error.message, folder) != NULL;
  if (demo->directory == NULL && !named) folder_tree_remove(folder);
  if (status == FC_OK) return CLI_DONE;
  (void)cli_fail("demo", &error);
  return status == FC_EINVAL || status == FC_EFORMAT ? CLI_USAGE : CLI_FAILED;
}

int demo_local(const demo_local_t *demo) {
  static const char *const states[] = {"measuring", "agent"};
  char folder[DEMO_PATH_SIZE];
  int exit_code = CLI_FAILED;
  fc_error_t error = {FC_OK, ""};
  const keeper_t keeper = {.folder = folder, .states = states, .n_states = 2};
  if (local_site_check_machine(&error) != FC_OK ||
      folder_tree_make(demo->directory, "faasconf-demo", folder, sizeof folder, &error) != FC_OK)
    return cli_fail("demo", &error);
  if (keeper_start(&keeper, &exit_code, &error)) return run(demo, folder);
  return error.status == FC_OK ? exit_code : cli_fail("demo", &error);
}
