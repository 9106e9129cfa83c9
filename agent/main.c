/* main.c - faasconf-agent: reads the command line and agent.yaml, makes the platform, runs the agent.
 *
 * Exit codes: 0 done, over or ended on request, 1 the agent could not start or
 * lost its platform, 2 the call or the configuration is wrong. The summary of the run is the last line on stdout
 * (JSON); log lines go to stderr.
 */
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "control.h"
#include "faasconf/digest.h"
#include "platform_choice.h"

enum { EXIT_USAGE = 2, ASK_TIMEOUT_MS = 5000 };

typedef struct {
  const char *config;
  const char *mode;
  const char *ask; /* word for the running agent, or NULL */
  bool lockstep, progress, check;
  int64_t windows;
} arguments_t;

static const char USAGE[] =
    "Usage: faasconf-agent --config agent.yaml [options]\n"
    "Tunes one workflow on this node: observe, decide, filter, act, report.\n"
    "\n"
    "  --config FILE        settings of this agent (docs/agent.md); required\n"
    "  --mode MODE          observe | recommend | auto; overrides the file\n"
    "  --windows N          end after N windows, judging windows included (without it: never;\n"
    "                       on platform sim with the tuning session, 15 windows)\n"
    "  --lockstep           wait for the server between windows: one seed, one result\n"
    "  --progress           one JSON line per window on stdout\n"
    "  --check              read and check the settings, print ok, end\n"
    "  --status             ask the running agent of this state folder, print its JSON\n"
    "  --pause, --resume    stop and continue acting; observing goes on\n"
    "  --stop-acting        kill switch: nothing is written until the file `kill` in the\n"
    "                       state folder is removed by hand\n"
    "  --help, --version\n"
    "\n"
    "Exit codes: 0 done, 1 cannot start, 2 wrong call or settings. The last line on\n"
    "stdout is the summary of the run as JSON.\n";

static int fail_usage(const char *sentence) {
  fprintf(stderr, "faasconf-agent: %s\nTry faasconf-agent --help.\n", sentence);
  return EXIT_USAGE;
}

/* Returns -1 to go on, else the exit code. */
static int parse_arguments(int argc, char **argv, arguments_t *arguments) {
  enum { CONFIG = 1, MODE, WINDOWS, LOCKSTEP, PROGRESS, CHECK, STATUS, PAUSE, RESUME, STOP, HELP, VERSION };
  static const struct option options[] = {{"config", required_argument, NULL, CONFIG},
                                          {"mode", required_argument, NULL, MODE},
                                          {"windows", required_argument, NULL, WINDOWS},
                                          {"lockstep", no_argument, NULL, LOCKSTEP},
                                          {"progress", no_argument, NULL, PROGRESS},
                                          {"check", no_argument, NULL, CHECK},
                                          {"status", no_argument, NULL, STATUS},
                                          {"pause", no_argument, NULL, PAUSE},
                                          {"resume", no_argument, NULL, RESUME},
                                          {"stop-acting", no_argument, NULL, STOP},
                                          {"help", no_argument, NULL, HELP},
                                          {"version", no_argument, NULL, VERSION},
                                          {NULL, 0, NULL, 0}};
  for (int option = getopt_long(argc, argv, "", options, NULL); option != -1;
       option = getopt_long(argc, argv, "", options, NULL)) {
    char *end = NULL;
    switch (option) {
      case CONFIG:
        arguments->config = optarg;
        break;
      case MODE:
        arguments->mode = optarg;
        break;
      case WINDOWS:
        arguments->windows = strtoll(optarg, &end, 10);
        if (*optarg == '\0' || *end != '\0' || arguments->windows < 1 || arguments->windows > 1000000000)
          return fail_usage("--windows: expected a number of windows, at least 1");
        break;
      case LOCKSTEP:
        arguments->lockstep = true;
        break;
      case PROGRESS:
        arguments->progress = true;
        break;
      case CHECK:
        arguments->check = true;
        break;
      case STATUS:
        arguments->ask = "status";
        break;
      case PAUSE:
        arguments->ask = "pause";
        break;
      case RESUME:
        arguments->ask = "resume";
        break;
      case STOP:
        arguments->ask = "stop-acting";
        break;
      case HELP:
        fputs(USAGE, stdout);
        return EXIT_SUCCESS;
      case VERSION:
        puts("faasconf-agent " FAASCONF_VERSION);
        return EXIT_SUCCESS;
      default:
        fputs("Try faasconf-agent --help.\n", stderr);
        return EXIT_USAGE;
    }
  }
  if (optind < argc) return fail_usage("unexpected argument: everything is an option");
  if (!arguments->config) return fail_usage("--config FILE is required");
  return -1;
}

static int fail(const fc_error_t *error, int code) {
  fprintf(stderr, "faasconf-agent: %s\n", error->message);
  return code;
}

static int ask(const settings_t *settings, const char *word) {
  fc_error_t error = {0};
  char *answer = NULL;
  if (control_ask(settings->state, word, ASK_TIMEOUT_MS, &answer, &error) != FC_OK) return fail(&error, EXIT_FAILURE);
  fputs(answer, stdout);
  const bool ok = strstr(answer, "\"ok\":true") || strstr(answer, "\"ok\": true");
  free(answer);
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(const settings_t *settings, const fc_workflow_t *workflow, const folder_t *folder, platform_t *platform,
               const fc_log_t *log, const arguments_t *arguments) {
  fc_error_t error = {0};
  const agent_options_t options = {.settings = settings,
                                   .workflow = workflow,
                                   .platform = platform,
                                   .folder = folder,
                                   .log = log,
                                   .progress = arguments->progress ? stdout : NULL,
                                   .max_windows = arguments->windows,
                                   .take_signals = true};
  agent_t *agent = NULL;
  if (agent_new(&options, &agent, &error) != FC_OK) return fail(&error, EXIT_FAILURE);
  agent_run(agent);
  fc_json_t *summary = agent_summary(agent);
  char *text = fc_json_dump(summary, 0);
  if (text) puts(text);
  free(text);
  fc_json_destroy(&summary);
  const bool lost = agent_lost_platform(agent);
  agent_destroy(&agent);
  return fflush(stdout) == 0 && !lost ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int start(const settings_t *settings, const arguments_t *arguments) {
  fc_error_t error = {0};
  fc_log_t log;
  fc_log_init(&log, "faasconf-agent", stderr, settings->log_level, settings->log_json);
  fc_workflow_t *workflow = NULL;
  if (fc_workflow_load(settings->workflow, &workflow, &error) != FC_OK) return fail(&error, EXIT_USAGE);
  folder_t folder;
  platform_t platform = {0};
  int code = EXIT_FAILURE;
  const char **names = calloc((size_t)settings->n_functions + 1, sizeof *names);
  if (!names) {
    fail_usage("out of memory");
  } else if (folder_open(settings->state, &folder, &error) != FC_OK) {
    fail(&error, code);
  } else {
    if (platform_choice_new(settings, workflow, &folder, &log, names, &platform, &error) != FC_OK) {
      code = fail(&error, EXIT_USAGE);
    } else {
      code = run(settings, workflow, &folder, &platform, &log, arguments);
    }
    platform_clear(&platform);
    folder_close(&folder);
  }
  free(names);
  fc_workflow_destroy(&workflow);
  return code;
}

int main(int argc, char **argv) {
  arguments_t arguments = {0};
  const int done = parse_arguments(argc, argv, &arguments);
  if (done >= 0) return done;
  /* One arena: a second thread (of ZeroMQ) must not cost another heap. */
  mallopt(M_ARENA_MAX, 1);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  fc_error_t error = {0};
  settings_t settings;
  if (fc_digest_init() != FC_OK) return fail_usage("the system gives no random numbers");
  int code = EXIT_USAGE;
  if (settings_load(arguments.config, &settings, &error) != FC_OK) {
    fail(&error, code);
  } else if (arguments.mode && !agent_mode_parse(arguments.mode, &settings.mode)) {
    fail_usage(strcmp(arguments.mode, "approve") == 0
                   ? "mode approve needs signed approvals, which this version does not have: use recommend or auto"
                   : "--mode: expected observe, recommend or auto");
  } else if (arguments.ask) {
    code = ask(&settings, arguments.ask);
  } else if (arguments.check) {
    puts("ok");
    code = EXIT_SUCCESS;
  } else {
    settings.lockstep = settings.lockstep || arguments.lockstep;
    code = start(&settings, &arguments);
  }
  settings_clear(&settings);
  return code;
}
