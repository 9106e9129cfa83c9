/* main.c - faasconf-orchestrator: one workflow as an HTTP service, until SIGTERM.
 *
 * Exit codes: 0 ended on request with every workflow in flight answered; 1 it could not start; 2 the call or a file is
 * wrong.
 */
#include <signal.h>
#include <stdio.h>

#include "command.h"
#include "faasconf/digest.h"
#include "json_answer.h"
#include "orchestrator.h"

enum { MAX_CONNECTIONS = 4096, MS_PER_S = 1000 };

static const char PROGRAM[] = "faasconf-orchestrator";

typedef struct {
  const char *workflow, *endpoints, *semantics, *listen;
  int64_t port, seed;
  double timeout_s;
} settings_t;

static bool parse(int argc, char **argv, settings_t *settings, int *exit_code) {
  const argument_t table[] = {{.name = "workflow",
                               .kind = ARGUMENT_TEXT,
                               .target = &settings->workflow,
                               .value = "NAME|PATH",
                               .help = "workflow to run",
                               .required = true},
                              {.name = "endpoints",
                               .kind = ARGUMENT_TEXT,
                               .target = &settings->endpoints,
                               .value = "FILE|NAME=URL,...",
                               .help = "where the functions answer",
                               .required = true},
                              {.name = "listen",
                               .kind = ARGUMENT_TEXT,
                               .target = &settings->listen,
                               .value = "ADDRESS",
                               .help = "address to listen at (127.0.0.1)"},
                              {.name = "port",
                               .kind = ARGUMENT_INT,
                               .target = &settings->port,
                               .value = "P",
                               .help = "port; 0: a free one, printed on stdout (0)",
                               .minimum = 0,
                               .maximum = 65535},
                              {.name = "timeout-s",
                               .kind = ARGUMENT_DOUBLE,
                               .target = &settings->timeout_s,
                               .value = "S",
                               .help = "of each call (30)",
                               .minimum = 0.001,
                               .maximum = 3600},
                              {.name = "semantics",
                               .kind = ARGUMENT_TEXT,
                               .target = &settings->semantics,
                               .value = "S",
                               .help = "strict: any failed call fails the workflow; or as-published (strict)"},
                              {.name = "seed",
                               .kind = ARGUMENT_INT,
                               .target = &settings->seed,
                               .value = "N",
                               .help = "of the choices, chances and counts that are drawn (1)",
                               .minimum = 0,
                               .maximum = 9e15}};
  const arguments_t arguments = {
      .program = PROGRAM,
      .description =
          "Runs a workflow: each POST / makes its calls, in order, in parallel and by chance, and answers when the\n"
          "last has ended. GET /metrics.json says what became of the workflows. Ends at SIGTERM.",
      .examples =
          "  faasconf-orchestrator --workflow local-sequential --endpoints endpoints.yaml --port 8080\n"
          "  curl -X POST http://127.0.0.1:8080/\n"
          "  curl 'http://127.0.0.1:8080/metrics.json?since=0'",
      .arguments = table,
      .n_arguments = sizeof table / sizeof *table};
  return arguments_parse(&arguments, argc, argv, NULL, NULL, exit_code);
}

static int fail(const fc_error_t *error, int code) {
  fprintf(stderr, "%s: %s\n", PROGRAM, error->message);
  return code;
}

static int serve(orchestrator_t *orchestrator, const settings_t *settings) {
  fc_error_t error = {0};
  http_server_t *server = NULL;
  sigset_t signals;
  int number = 0;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, NULL); /* before any thread exists, so that only this one takes them */
  const http_server_options_t options = {.listen = settings->listen,
                                         .port = (int32_t)settings->port,
                                         .max_connections = MAX_CONNECTIONS,
                                         .linger_ms = HTTP_LINGER_MS,
                                         .handler = orchestrator_handle,
                                         .context = orchestrator};
  const fc_status_t status = http_server_start(&options, &server, &error);
  if (status != FC_OK) return fail(&error, status == FC_EINVAL ? CLI_USAGE : CLI_FAILED);
  print_ready(server);
  (void)sigwait(&signals, &number);
  http_server_stop(&server);
  return CLI_DONE;
}

static int start(orchestrator_t *orchestrator, const settings_t *settings) {
  fc_error_t error = {0};
  int code = CLI_FAILED;
  if (http_client_new((int64_t)(settings->timeout_s * MS_PER_S), &orchestrator->client, &error) != FC_OK ||
      outcomes_new(fc_clock_system(), ORCHESTRATOR_RING, &orchestrator->outcomes, &error) != FC_OK) {
    fail(&error, code);
  } else {
    code = serve(orchestrator, settings);
  }
  outcomes_destroy(&orchestrator->outcomes);
  http_client_destroy(&orchestrator->client);
  return code;
}

static int load(const settings_t *settings) {
  fc_error_t error = {0};
  fc_workflow_t *workflow = NULL;
  endpoints_t endpoints = {0};
  orchestrator_t orchestrator = {.endpoints = &endpoints, .seed = (uint64_t)settings->seed};
  int code = CLI_USAGE;
  if (!fc_semantics_parse(settings->semantics, &orchestrator.semantics)) {
    fprintf(stderr, "%s: --semantics: expected strict or as-published, found '%s'\n", PROGRAM, settings->semantics);
    return code;
  }
  if (fc_workflow_load(settings->workflow, &workflow, &error) != FC_OK || calls_check(workflow, &error) != FC_OK ||
      endpoints_read(settings->endpoints, workflow, &endpoints, &error) != FC_OK) {
    fail(&error, code);
  } else {
    orchestrator.workflow = workflow;
    code = start(&orchestrator, settings);
  }
  endpoints_clear(&endpoints);
  fc_workflow_destroy(&workflow);
  return code;
}

int main(int argc, char **argv) {
  settings_t settings = {.listen = "127.0.0.1", .semantics = "strict", .timeout_s = 30, .seed = 1};
  int exit_code = CLI_DONE;
  if (!parse(argc, argv, &settings, &exit_code)) return exit_code;
  signal(SIGPIPE, SIG_IGN);
  if (fc_digest_init() != FC_OK) {
    fprintf(stderr, "%s: libsodium cannot start: no source of randomness\n", PROGRAM);
    return CLI_FAILED;
  }
  return load(&settings);
}
