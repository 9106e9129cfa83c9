/* main.c - faasconf-function: one example function, served over HTTP until SIGTERM, or measured.
 *
 * Exit codes: 0 ended on request with everything in service answered, or measured; 1 it could not start or work; 2 the
 * call was wrong.
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "function_service.h"
#include "json_answer.h"
#include "json_output.h"

enum { MAX_CONNECTIONS = 1024, ARENAS = 2, SUMMARY_SIZE = 1024 };

static const char PROGRAM[] = "faasconf-function";

typedef struct {
  const char *listen;
  int64_t port, repetitions, mem_mib;
  double measure_s;
  bool measure, json;
} settings_t;

static bool parse(int argc, char **argv, settings_t *settings, const char **kind, int *exit_code) {
  const argument_t table[] = {
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
      {.name = "work",
       .kind = ARGUMENT_INT,
       .target = &settings->repetitions,
       .value = "N",
       .help = "repetitions per request: its CPU appetite (4)",
       .minimum = 1,
       .maximum = WORK_MAX_REPETITIONS},
      {.name = "mem-mib",
       .kind = ARGUMENT_INT,
       .target = &settings->mem_mib,
       .value = "M",
       .help = "MiB that a request in service holds and touches (4)",
       .minimum = 0,
       .maximum = WORK_MAX_MEM_MIB},
      {.name = "measure",
       .kind = ARGUMENT_FLAG,
       .target = &settings->measure,
       .help = "measure the appetite here, print it, end"},
      {.name = "measure-s",
       .kind = ARGUMENT_DOUBLE,
       .target = &settings->measure_s,
       .value = "S",
       .help = "CPU seconds to measure for (1)",
       .minimum = 0.001,
       .maximum = 3600},
      {.name = "json", .kind = ARGUMENT_FLAG, .target = &settings->json, .help = "with --measure: as JSON"}};
  char description[SUMMARY_SIZE];
  int used =
      snprintf(description, sizeof description,
               "An example function: serves POST / and GET /health until SIGTERM, a thread per request.\nKIND:\n");
  for (int32_t i = 0; work_at(i) != NULL && used < SUMMARY_SIZE; ++i)
    used += snprintf(description + used, sizeof description - (size_t)used, "  %-18s%s%s", work_at(i)->name,
                     work_at(i)->summary, work_at(i + 1) != NULL ? "\n" : "");
  const arguments_t arguments = {.program = PROGRAM,
                                 .description = description,
                                 .arguments = table,
                                 .n_arguments = sizeof table / sizeof *table,
                                 .examples =
                                     "  faasconf-function image-resize --port 8081 --work 6 --mem-mib 8\n"
                                     "  curl -X POST http://127.0.0.1:8081/",
                                 .positional = "KIND",
                                 .min_positional = 1,
                                 .max_positional = 1};
  return arguments_parse(&arguments, argc, argv, kind, NULL, exit_code);
}

static int fail(const fc_error_t *error, int code) {
  fprintf(stderr, "%s: %s\n", PROGRAM, error->message);
  return code;
}

static int unknown_kind(const char *kind) {
  fprintf(stderr, "%s: there is no kind '%s'; expected one of", PROGRAM, kind);
  for (int32_t i = 0; work_at(i) != NULL; ++i) fprintf(stderr, "%s %s", i > 0 ? "," : "", work_at(i)->name);
  fputc('\n', stderr);
  return CLI_USAGE;
}

static int measure(const work_t *work, const settings_t *settings) {
  work_measure_t measured;
  fc_error_t error = {0};
  char checksum[CHECKSUM_TEXT_SIZE];
  if (work_measure(work, settings->measure_s, &measured, &error) != FC_OK) return fail(&error, CLI_FAILED);
  checksum_print(measured.checksum, checksum);
  if (!settings->json) {
    printf(
        "%s, %d repetitions, %d MiB: %.3f ms of CPU per request (5 %% to 95 %%: %.3f to %.3f), of these start-up %.3f\n"
        "measured on %lld requests; checksum of request 0: %s\n",
        work->kind->name, (int)work->repetitions, (int)work->mem_mib, measured.cpu_ms, measured.cpu_ms_p5,
        measured.cpu_ms_p95, measured.startup_cpu_ms, (long long)measured.requests, checksum);
    return fflush(stdout) == 0 ? CLI_DONE : CLI_FAILED;
  }
  fc_json_t *json = fc_json_object();
  fc_json_set_string(json, "kind", work->kind->name);
  fc_json_set_int(json, "work", work->repetitions);
  fc_json_set_int(json, "mem_mib", work->mem_mib);
  fc_json_set_int(json, "requests", measured.requests);
  fc_json_set_double(json, "cpu_ms", measured.cpu_ms);
  fc_json_set_double(json, "cpu_ms_p5", measured.cpu_ms_p5);
  fc_json_set_double(json, "cpu_ms_p95", measured.cpu_ms_p95);
  fc_json_set_double(json, "startup_cpu_ms", measured.startup_cpu_ms);
  fc_json_set_string(json, "checksum", checksum);
  json_print(&json);
  return fflush(stdout) == 0 ? CLI_DONE : CLI_FAILED;
}

static int serve(const work_t *work, const settings_t *settings) {
  fc_error_t error = {0};
  function_service_t service = {.work = *work};
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
                                         .handler = function_service_handle,
                                         .context = &service};
  const fc_status_t status = http_server_start(&options, &server, &error);
  if (status != FC_OK) return fail(&error, status == FC_EINVAL ? CLI_USAGE : CLI_FAILED);
  print_ready(server);
  (void)sigwait(&signals, &number);
  http_server_stop(&server);
  return CLI_DONE;
}

int main(int argc, char **argv) {
  settings_t settings = {.listen = "127.0.0.1", .repetitions = 4, .mem_mib = 4, .measure_s = 1};
  const char *name = NULL;
  int exit_code = CLI_DONE;
  if (!parse(argc, argv, &settings, &name, &exit_code)) return exit_code;
  mallopt(M_ARENA_MAX, ARENAS); /* idle memory is part of the appetite: not a heap for every thread */
  signal(SIGPIPE, SIG_IGN);
  const work_t work = {work_find(name), (int32_t)settings.repetitions, (int32_t)settings.mem_mib};
  if (work.kind == NULL) return unknown_kind(name);
  if (fc_digest_init() != FC_OK) {
    fprintf(stderr, "%s: libsodium cannot start: no source of randomness\n", PROGRAM);
    return CLI_FAILED;
  }
  return settings.measure ? measure(&work, &settings) : serve(&work, &settings);
}
