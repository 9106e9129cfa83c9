/* eval_local.c - `faasconf eval local`: is the twin right about real processes, and what is tuning worth there?
 *
 * Profile -> twin -> forecasts of unseen configurations -> their measurement. Then, unless --check-only: training on
 * the twin, an agent that tunes, a plan on the twin, and all methods judged on fresh windows in turns.
 */
#include "eval_local.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "compliance_curve.h"
#include "eval.h"
#include "folder_tree.h"
#include "jobs.h"
#include "keeper.h"

typedef struct {
  const char *workflow_name, *directory, *methods;
  int64_t users, profile_windows, n_unseen, unseen_windows, windows, judge_windows, history_rows, updates, seed,
      n_searches;
  double level;
  bool check_only, json;
} asked_t;

/* The one place where a signal reaches the command; read between waits. */
static volatile sig_atomic_t interrupted = 0;
static void on_signal(int number) {
  (void)number;
  interrupted = 1;
}

static fc_status_t check_reality(const asked_t *asked, eval_local_result_t *result, fc_error_t *error) {
  local_experiment_t *e = &result->experiment;
  FC_TRY(local_experiment_open(e, error));
  FC_TRY(reality_check_forecast(e->workflow, live_limits(e->live), &e->particles, (int32_t)e->users,
                                (int32_t)asked->n_unseen, (int32_t)asked->unseen_windows, (uint64_t)e->seed,
                                &result->check, error));
  fprintf(e->out, "check     %d unseen configurations, %d windows each\n", (int)asked->n_unseen,
          (int)asked->unseen_windows);
  const fc_status_t status = reality_check_measure(&result->check, e->live, e->workflow, e->out, error);
  FC_TRY(local_experiment_reason(e, status, error));
  result->has_check = true;
  eval_local_print_check(result, e->out);
  return local_experiment_close(e, error);
}

/* The cheapest configuration that meets QoS in `level` of the twin's windows. Without one: the start configuration. */
static fc_status_t plan(const asked_t *asked, eval_local_result_t *result, fc_error_t *error) {
  local_experiment_t *e = &result->experiment;
  const size_t n = (size_t)e->workflow->n_functions;
  curve_t curve = {.workflow = e->workflow,
                   .particles = &e->particles,
                   .semantics = FC_SEMANTICS_STRICT,
                   .ranges = FC_RANGES_MEASURED,
                   .users = e->users,
                   .budget = 30000,
                   .seed = e->seed,
                   .jobs = jobs_default_workers(),
                   .n_levels = 1,
                   .n_searches = (int32_t)asked->n_searches};
  curve.levels[0].level = asked->level;
  result->planned = calloc(n, sizeof *result->planned);
  if (result->planned == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a plan");
  const fc_status_t status = curve_run(&curve, error);
  const curve_level_t *level = &curve.levels[0];
  for (size_t f = 0; f < n; ++f)
    result->planned[f] = status == FC_OK && level->best >= 0 ? level->plans[level->best].configuration[f]
                                                             : e->workflow->functions[f].start;
  if (status == FC_OK)
    fprintf(e->out, "plan      level %g on the twin, %d searches in %.0f s: %s\n", asked->level, (int)asked->n_searches,
            curve.seconds, level->best >= 0 ? "found" : "nothing confirmed, the start configuration stands for it");
  curve_clear(&curve);
  return status;
}

static fc_status_t compare(const asked_t *asked, eval_local_result_t *result, fc_error_t *error) {
  local_experiment_t *e = &result->experiment;
  FC_TRY(plan(asked, result, error));
  FC_TRY(local_experiment_train(e, error));
  FC_TRY(local_experiment_tune(e, error));
  FC_TRY(local_experiment_open(e, error));
  const local_methods_task_t task = {.experiment = e,
                                     .main_windows = (int32_t)asked->judge_windows,
                                     .other_windows = (int32_t)asked->judge_windows,
                                     .planned = result->planned,
                                     .methods = asked->methods};
  FC_TRY(local_experiment_reason(e, local_methods_judge(&task, &result->methods, error), error));
  result->has_methods = true;
  return local_experiment_close(e, error);
}

static fc_status_t run_steps(const asked_t *asked, eval_local_result_t *result, fc_error_t *error) {
  local_experiment_t *e = &result->experiment;
  FC_TRY(local_experiment_begin(e, error));
  FC_TRY(local_experiment_profile(e, error));
  FC_TRY(local_experiment_calibrate(e, error));
  FC_TRY(check_reality(asked, result, error));
  return asked->check_only ? FC_OK : compare(asked, result, error);
}

/* In the child. A failure whose message names a log in the folder keeps it. */
static int run_here(const asked_t *asked, const char *folder) {
  fc_error_t error = {FC_OK, ""};
  eval_local_result_t result = {.plan_level = asked->level,
                                .experiment = {.workflow_name = asked->workflow_name,
                                               .folder = folder,
                                               .users = asked->users,
                                               .budget_windows = asked->windows,
                                               .profile_windows = asked->profile_windows,
                                               .history_rows = asked->history_rows,
                                               .updates = asked->updates,
                                               .seed = asked->seed,
                                               .out = asked->json ? stderr : stdout,
                                               .interrupted = &interrupted}};
  const fc_status_t status = run_steps(asked, &result, &error);
  /* What was found stays found when something later fails. */
  if (asked->json && result.has_check) eval_local_print_json(&result);
  if (!asked->json && status == FC_OK) eval_local_print(&result, stdout);
  reality_check_clear(&result.check);
  free(result.planned);
  local_experiment_end(&result.experiment);
  const bool named = status != FC_OK && strstr(error.message, folder) != NULL;
  if (asked->directory == NULL && !named) folder_tree_remove(folder);
  if (status == FC_OK) return CLI_DONE;
  (void)cli_fail("eval local", &error);
  return status == FC_EINVAL || status == FC_EFORMAT ? CLI_USAGE : CLI_FAILED;
}

static bool parse(asked_t *asked, int argc, char **argv, int *exit_code) {
  const argument_t table[] = {
      {"workflow", ARGUMENT_TEXT, &asked->workflow_name, "NAME|PATH",
       "whose `platform:` section says what to run (local-sequential)", false, 0, 0},
      {"users", ARGUMENT_INT, &asked->users, "U", "closed-loop users (4)", false, 1, 1000},
      {"calibrate", ARGUMENT_INT, &asked->profile_windows, "N", "windows that the twin learns from (30)", false, 5,
       1000},
      {"unseen", ARGUMENT_INT, &asked->n_unseen, "N", "configurations that it forecasts (20)", false, 2, 1000},
      {"unseen-windows", ARGUMENT_INT, &asked->unseen_windows, "W", "in which each is then measured (3)", false, 1,
       100},
      {"check-only", ARGUMENT_FLAG, &asked->check_only, NULL, "end there: no tuning", false, 0, 0},
      {"windows", ARGUMENT_INT, &asked->windows, "N", "budget of every method (20)", false, 5, 1000},
      {"judge", ARGUMENT_INT, &asked->judge_windows, "N", "fresh windows that judge each method (40)", false, 4, 10000},
      {"method", ARGUMENT_TEXT, &asked->methods, "A,B", "methods beside start, plan and attmf (random,library)", false,
       0, 0},
      {"level", ARGUMENT_DOUBLE, &asked->level, "P", "the plan meets QoS in this share of the twin's windows (0.98)",
       false, 0.01, 0.999},
      {"searches", ARGUMENT_INT, &asked->n_searches, "N", "for the plan; the cheapest counts (4)", false, 1,
       PLAN_MAX_SEARCHES},
      {"history", ARGUMENT_INT, &asked->history_rows, "N", "windows of the twin to train on (3000)", false, 50, 100000},
      {"updates", ARGUMENT_INT, &asked->updates, "N", "learner updates before tuning (2000)", false, 1, 10000000},
      {"seed", ARGUMENT_INT, &asked->seed, "S", "of everything that is drawn (1)", false, 0, 9e15},
      {"dir", ARGUMENT_TEXT, &asked->directory, "DIR", "keep everything there (default: a folder removed at the end)",
       false, 0, 0},
      {"json", ARGUMENT_FLAG, &asked->json, NULL, "end with one JSON object on stdout; the rest goes to stderr", false,
       0, 0}};
  const arguments_t arguments = {
      .command = "eval local",
      .description =
          "Calibrates a twin on measured windows of real processes, forecasts configurations that it has not seen, "
          "and\n"
          "measures them. Then compares start, random search, library, a plan on the twin and the tuned agent on "
          "fresh\n"
          "windows (--method: others). As root, with HAProxy and Prometheus; about 32 minutes with the defaults, 9 "
          "with --check-only.",
      .examples =
          "  sudo faasconf eval local --check-only\n  sudo faasconf eval local --workflow local-parallel --json",
      .arguments = table,
      .n_arguments = (int)(sizeof table / sizeof table[0])};
  return arguments_parse(&arguments, argc, argv, NULL, NULL, exit_code);
}

static int run(int argc, char **argv) {
  static const char *const states[] = {"measuring", "agent"};
  asked_t asked = {.workflow_name = "local-sequential",
                   .users = 4,
                   .profile_windows = 30,
                   .n_unseen = 20,
                   .unseen_windows = 3,
                   .windows = 20,
                   .judge_windows = 40,
                   .level = 0.98,
                   .n_searches = 4,
                   .history_rows = 3000,
                   .updates = 2000,
                   .seed = 1};
  char folder[DEMO_PATH_SIZE];
  fc_error_t error = {FC_OK, ""};
  int exit_code = CLI_DONE;
  const keeper_t keeper = {.folder = folder, .states = states, .n_states = 2};
  if (!parse(&asked, argc, argv, &exit_code)) return exit_code;
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (asked.methods != NULL && local_methods_check(asked.methods, &error) != FC_OK) {
    (void)cli_fail("eval local", &error);
    return CLI_USAGE;
  }
  if (local_site_check_machine(&error) != FC_OK ||
      folder_tree_make(asked.directory, "faasconf-eval", folder, sizeof folder, &error) != FC_OK)
    return cli_fail("eval local", &error);
  if (!keeper_start(&keeper, &exit_code, &error))
    return error.status == FC_OK ? exit_code : cli_fail("eval local", &error);
  const struct sigaction action = {.sa_handler = on_signal};
  (void)sigaction(SIGINT, &action, NULL);
  (void)sigaction(SIGTERM, &action, NULL);
  (void)sigaction(SIGHUP, &action, NULL);
  return run_here(&asked, folder);
}

const eval_experiment_t eval_local = {"local", "twin and tuning held against real processes of this machine", run};
