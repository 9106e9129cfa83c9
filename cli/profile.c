/* profile.c - `faasconf profile`: sweeps configurations of a real system and shows what they cost and how fast they
 * are.
 */
#include "profile.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "json_output.h"
#include "load_process.h"

typedef struct {
  const char *config, *url, *expect, *store, *svg;
  int64_t users, n_points, windows_per_point, seed;
  double settle_s;
  bool json;
} asked_t;

typedef struct {
  asked_t asked;
  settings_t settings;
  fc_workflow_t *workflow;
  fc_log_t log;
  live_t *live;
  load_process_t load;
  load_process_counts_t counts;
  measured_rows_t *rows;
  profile_t profile;
  profile_picture_t picture;
  FILE *out; /* where a person reads along */
} profile_command_t;

/* The one place where a signal reaches the command; read between waits. */
static volatile sig_atomic_t interrupted = 0;
static void on_signal(int number) {
  (void)number;
  interrupted = 1;
}

static fc_status_t start_load(profile_command_t *command, fc_error_t *error) {
  const asked_t *asked = &command->asked;
  char url[64];
  if (asked->users == 0) return FC_OK;
  snprintf(url, sizeof url, "http://127.0.0.1:%d/", (int)command->settings.local.gateway_port);
  FC_TRY(load_process_start(&command->load, asked->url != NULL ? asked->url : url, asked->expect, (int32_t)asked->users,
                            command->workflow->window_s, command->settings.state, "profile-load", error));
  fprintf(command->out, "load      %d users on %s\n", (int)asked->users, asked->url != NULL ? asked->url : url);
  return FC_OK;
}

/* On a simulated platform the users are in it. */
static fc_status_t check_load(const profile_command_t *command, fc_error_t *error) {
  const bool is_sim = strcmp(command->settings.platform_kind, "sim") == 0;
  const asked_t *asked = &command->asked;
  if (is_sim && (asked->users > 0 || asked->url != NULL))
    return fc_error_set(error, FC_EINVAL, "platform sim has users of its own (platform.users): leave --users out");
  if (asked->url != NULL && asked->users == 0)
    return fc_error_set(error, FC_EINVAL, "--url is where --users go: say how many");
  return FC_OK;
}

static int32_t judged_users(const profile_command_t *command) {
  if (command->asked.users > 0) return (int32_t)command->asked.users;
  return strcmp(command->settings.platform_kind, "sim") == 0 ? command->settings.platform_users : 0;
}

static fc_status_t check_load_lives(void *self, fc_error_t *error) {
  profile_command_t *command = self;
  return command->asked.users > 0 ? load_process_check(&command->load, error) : FC_OK;
}

static fc_status_t sweep(profile_command_t *command, fc_error_t *error) {
  const asked_t *asked = &command->asked;
  const live_options_t options = {.settings = &command->settings,
                                  .workflow = command->workflow,
                                  .log = &command->log,
                                  .settle_s = asked->settle_s,
                                  .interrupted = &interrupted};
  FC_TRY(live_open(&options, &command->live, error));
  /* What could fail after hours is tried now. */
  if (asked->store != NULL)
    FC_TRY(
        measured_rows_open(asked->store, command->settings.workflow, command->settings.agent, &command->rows, error));
  if (asked->svg != NULL) FC_TRY(profile_picture_open(asked->svg, &command->picture, error));
  FC_TRY(profile_sweep(command->workflow, live_limits(command->live), live_before(command->live),
                       (int32_t)asked->n_points, (uint64_t)asked->seed, &command->profile, error));
  FC_TRY(start_load(command, error));
  const profile_options_t measuring = {.live = command->live,
                                       .workflow = command->workflow,
                                       .semantics = command->settings.semantics,
                                       .users = judged_users(command),
                                       .windows_per_point = (int32_t)asked->windows_per_point,
                                       .rows = command->rows,
                                       .out = command->out,
                                       .tend = check_load_lives,
                                       .tend_self = command};
  return profile_measure(&measuring, &command->profile, error);
}

/* Whatever happened: the old configuration first, then the load, then the platform. */
static fc_status_t end(profile_command_t *command, fc_status_t status, fc_error_t *error) {
  fc_error_t restoring = {FC_OK, ""}, stopping = {FC_OK, ""};
  if (command->live != NULL && live_restore(command->live, &restoring) != FC_OK)
    fc_error_prefix(&restoring,
                    "the configuration of before is not back; the next profile or start of the agent "
                    "puts it back");
  (void)load_process_stop(&command->load, &command->counts, &stopping);
  live_close(&command->live);
  measured_rows_destroy(&command->rows);
  if (status != FC_OK) {
    if (restoring.status != FC_OK) fprintf(stderr, "faasconf profile: %s\n", restoring.message);
    return status;
  }
  *error = restoring.status != FC_OK ? restoring : stopping;
  if (restoring.status != FC_OK && stopping.status != FC_OK)
    fprintf(stderr, "faasconf profile: %s\n", stopping.message);
  return error->status;
}

/* What was measured, also when it ended early (`why`). */
static fc_status_t report(profile_command_t *command, const fc_error_t *why, fc_error_t *error) {
  const asked_t *asked = &command->asked;
  if (!asked->json) {
    profile_print(&command->profile, stdout);
    if (asked->users > 0)
      printf("load: %lld requests, %lld answered, %lld without an answer\n", (long long)command->counts.requests,
             (long long)command->counts.answered, (long long)command->counts.unanswered);
  } else {
    fc_json_t *json = profile_json(&command->profile, command->workflow);
    if (why->status != FC_OK) {
      fc_json_set_string(json, "failed", why->message);
    } else {
      fc_json_set_null(json, "failed");
    }
    if (asked->users > 0) load_process_set_counts(json, &command->counts);
    json_print(&json);
  }
  if (command->picture.file == NULL) return FC_OK;
  return profile_draw(&command->profile, command->workflow, judged_users(command), &command->picture, error);
}

static fc_status_t work(profile_command_t *command, fc_error_t *error) {
  const asked_t *asked = &command->asked;
  FC_TRY(settings_load(asked->config, &command->settings, error));
  fc_log_init(&command->log, "faasconf profile", stderr,
              command->settings.log_level > FC_LOG_WARN ? command->settings.log_level : FC_LOG_WARN,
              command->settings.log_json);
  FC_TRY(fc_workflow_load(command->settings.workflow, &command->workflow, error));
  FC_TRY(check_load(command, error));
  const double minutes = (double)(asked->n_points * asked->windows_per_point) * command->workflow->window_s / 60;
  fprintf(command->out, "profile   %lld configurations of %s, %lld windows of %g s each: %.1f minutes of windows\n",
          (long long)asked->n_points, command->workflow->name, (long long)asked->windows_per_point,
          command->workflow->window_s, minutes);
  const fc_status_t status = end(command, sweep(command, error), error);
  if (status != FC_OK && profile_n_windows(&command->profile) == 0) return status;
  fc_error_t drawing = {FC_OK, ""};
  if (report(command, error, &drawing) == FC_OK) return status;
  if (status == FC_OK) *error = drawing;
  if (status != FC_OK) fprintf(stderr, "faasconf profile: %s\n", drawing.message);
  return error->status;
}

static bool parse(asked_t *asked, int argc, char **argv, int *exit_code) {
  const argument_t table[] = {
      {"config", ARGUMENT_TEXT, &asked->config, "agent.yaml", "of the agent whose functions are profiled", true, 0, 0},
      {"users", ARGUMENT_INT, &asked->users, "U",
       "closed-loop users on the gateway meanwhile (without it: whatever load there is)", false, 1, 20000},
      {"url", ARGUMENT_TEXT, &asked->url, "URL", "where they ask (the gateway of platform local)", false, 0, 0},
      {"expect", ARGUMENT_TEXT, &asked->expect, "TEXT", "their answers contain this when they are successes", false, 0,
       0},
      {"points", ARGUMENT_INT, &asked->n_points, "N",
       "configurations: the one in force, a third from the largest to the smallest, the rest random (20)", false, 2,
       10000},
      {"windows", ARGUMENT_INT, &asked->windows_per_point, "W", "measured for each (1)", false, 1, 1000},
      {"settle-s", ARGUMENT_DOUBLE, &asked->settle_s, "S", "between a change and its window (1)", false, 0, 3600},
      {"seed", ARGUMENT_INT, &asked->seed, "S", "of the random configurations (1)", false, 0, 9e15},
      {"store", ARGUMENT_TEXT, &asked->store, "DIR", "keep the windows there, for faasconf calibrate", false, 0, 0},
      {"svg", ARGUMENT_TEXT, &asked->svg, "FILE.svg", "draw cost against latency", false, 0, 0},
      {"json", ARGUMENT_FLAG, &asked->json, NULL, "end with one JSON object on stdout; the rest goes to stderr", false,
       0, 0}};
  const arguments_t arguments = {
      .command = "profile",
      .description =
          "Tries configurations of a real system, one after the other, within the limits of agent.yaml, and shows "
          "what\n"
          "they cost and how fast they are. It WRITES: the agent's mode must be auto, and no agent may run meanwhile.\n"
          "At the end, also after Ctrl-C, the configuration of before is put back, and what was measured is shown.",
      .examples = "  faasconf profile --config agent.yaml --users 4 --points 30 --svg front.svg --store store",
      .arguments = table,
      .n_arguments = (int)(sizeof table / sizeof table[0])};
  return arguments_parse(&arguments, argc, argv, NULL, NULL, exit_code);
}

static int run(int argc, char **argv) {
  profile_command_t command = {.asked = {.n_points = 20, .windows_per_point = 1, .seed = 1, .settle_s = 1}};
  fc_error_t error = {FC_OK, ""};
  int exit_code = CLI_DONE;
  if (!parse(&command.asked, argc, argv, &exit_code)) return exit_code;
  command.out = command.asked.json ? stderr : stdout;
  setvbuf(stdout, NULL, _IOLBF, 0);
  const struct sigaction action = {.sa_handler = on_signal};
  (void)sigaction(SIGINT, &action, NULL);
  (void)sigaction(SIGTERM, &action, NULL);
  (void)sigaction(SIGHUP, &action, NULL);
  const fc_status_t status = work(&command, &error);
  profile_picture_close(&command.picture);
  profile_clear(&command.profile);
  fc_workflow_destroy(&command.workflow);
  settings_clear(&command.settings);
  if (status == FC_OK) return CLI_DONE;
  (void)cli_fail("profile", &error);
  return status == FC_EINVAL || status == FC_EFORMAT ? CLI_USAGE : CLI_FAILED;
}

const cli_command_t cli_profile = {"profile", "sweeps configurations of a real system: cost against latency", run};
