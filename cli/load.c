/* load.c - `faasconf load`: sends requests to any URL like users or like arrivals, and says what became of them. */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "file.h"
#include "load_http.h"
#include "load_report.h"

enum { MAX_USERS = 20000, MAX_WINDOWS = 100000, MAX_BODY_BYTES = 64 << 20 };
#define DEFAULT_WINDOW_S 5.0
enum { DEFAULT_USERS = 10, DEFAULT_WINDOWS = 12, DEFAULT_CONNECTIONS = 1000 };

/* What the command line asked for; NULL and 0: not said. */
typedef struct {
  const char *url, *method, *body, *body_file, *expect, *statuses, *trace, *column;
  argument_list_t headers;
  int64_t users, connections, n_windows, seed;
  double spawn_rate_per_s, think_s, rate_per_s, minute_s, window_s, duration_s, timeout_s;
  bool insecure, json;
} asked_t;

/* The one place where a signal reaches the command; read between waits. The first ends the load, the second the wait
 * for answers, the third the process. */
static volatile sig_atomic_t interrupted = 0;
static void on_signal(int number) {
  interrupted = interrupted + 1;
  if (interrupted >= 2) (void)signal(number, SIG_DFL);
}

static int complain(const char *what) {
  fprintf(stderr, "faasconf load: %s; see --help\n", what);
  return CLI_USAGE;
}

/* NULL: the options go together; else what is wrong with them. */
static const char *contradiction(const asked_t *asked) {
  const bool trace = asked->trace != NULL, rate = asked->rate_per_s > 0;
  if (asked->users > 0 && rate) return "--users or --rate, not both";
  if (trace && (asked->users > 0 || rate)) return "--trace says the load itself: leave --users and --rate out";
  if (!trace && (asked->column != NULL || asked->minute_s > 0)) return "--column and --minute-s go with --trace only";
  if (rate && (asked->spawn_rate_per_s > 0 || asked->think_s > 0))
    return "--spawn-rate and --think-s are of users: leave --rate out";
  if (!rate && !trace && asked->connections > 0)
    return "--connections goes with --rate and --trace: users have one each";
  if (asked->n_windows > 0 && asked->duration_s > 0) return "--windows or --duration-s, not both";
  if (asked->body != NULL && asked->body_file != NULL) return "--body or --body-file, not both";
  if (asked->expect != NULL && asked->expect[0] == '\0') return "--expect: expected a text, found ''";
  return NULL;
}

/* ---- running ---- */

typedef struct {
  FILE *out; /* where windows are told */
} told_t;

static void tell_window(void *self, int32_t index, const load_window_t *window) {
  load_report_window(((const told_t *)self)->out, index, window);
}

static fc_status_t run(const asked_t *asked, const load_run_options_t *options, const load_request_t *request,
                       fc_error_t *error) {
  load_result_t result = {0};
  const load_about_t about = {.url = request->url,
                              .method = request->method != NULL ? request->method
                                        : request->body != NULL ? "POST"
                                                                : "GET",
                              .shape = &options->shape,
                              .window_s = options->window_s};
  const struct sigaction action = {.sa_handler = on_signal};
  (void)sigaction(SIGINT, &action, NULL);
  (void)sigaction(SIGTERM, &action, NULL);
  load_report_start(asked->json ? stderr : stdout, &about);
  const fc_status_t status = load_run(options, &result, error);
  if (status == FC_OK && asked->json) load_report_json(&about, &result);
  if (status == FC_OK && !asked->json) load_report_text(&result);
  load_result_clear(&result);
  return status;
}

/* One place per user; in an open loop as many as were asked for. */
static int32_t places_of(const load_shape_t *shape) {
  if (shape->trace != NULL && shape->trace->closed_loop) return (int32_t)trace_file_most(shape->trace);
  return shape->users > 0 ? shape->users : shape->n_places;
}

static fc_status_t run_over_http(const asked_t *asked, load_run_options_t *options, const load_request_t *request,
                                 fc_error_t *error) {
  load_http_t *http = NULL;
  FC_TRY(load_http_new(request, places_of(&options->shape), &http, error));
  options->transport = load_http_transport(http);
  const fc_status_t status = run(asked, options, request, error);
  load_http_destroy(&http);
  return status;
}

/* ---- what was asked for ---- */

static fc_status_t set_shape(const asked_t *asked, trace_file_t *trace, load_run_options_t *options,
                             fc_error_t *error) {
  load_shape_t *shape = &options->shape;
  *shape = (load_shape_t){.minute_s = asked->minute_s > 0 ? asked->minute_s : 60,
                          .rate_per_s = asked->rate_per_s,
                          .spawn_rate_per_s = asked->spawn_rate_per_s > 0 ? asked->spawn_rate_per_s : 10,
                          .think_s = asked->think_s,
                          .n_places = asked->connections > 0 ? (int32_t)asked->connections : DEFAULT_CONNECTIONS,
                          .seed = (uint64_t)asked->seed};
  double length_s = DEFAULT_WINDOWS * options->window_s;
  if (asked->trace != NULL) {
    FC_TRY(trace_file_read(asked->trace, asked->column, trace, error));
    if (trace->closed_loop && trace_file_most(trace) > MAX_USERS)
      return fc_error_set(error, FC_EINVAL, "%s: column %s has %.0f users; at most %d", asked->trace, trace->column,
                          trace_file_most(trace), (int)MAX_USERS);
    shape->trace = trace;
    length_s = trace->n * shape->minute_s;
  } else if (asked->rate_per_s <= 0) {
    shape->users = asked->users > 0 ? (int32_t)asked->users : DEFAULT_USERS;
  }
  const double asked_s = asked->duration_s > 0 ? asked->duration_s : (double)asked->n_windows * options->window_s;
  if (asked_s > 0) length_s = asked->trace != NULL ? fmin(length_s, asked_s) : asked_s;
  options->length_s = length_s;
  if (length_s / options->window_s > MAX_WINDOWS)
    return fc_error_set(error, FC_EINVAL, "%.0f windows of %g s: at most %d; make them longer with --window-s",
                        length_s / options->window_s, options->window_s, (int)MAX_WINDOWS);
  return FC_OK;
}

static fc_status_t set_request(const asked_t *asked, uint8_t **body, load_request_t *request, fc_error_t *error) {
  *request = (load_request_t){.url = asked->url,
                              .method = asked->method,
                              .body = asked->body,
                              .body_size = asked->body != NULL ? strlen(asked->body) : 0,
                              .headers = asked->headers.items,
                              .n_headers = asked->headers.n,
                              .expect = asked->expect,
                              .status_low = 200,
                              .status_high = 299,
                              .timeout_s = asked->timeout_s > 0 ? asked->timeout_s : 30,
                              .insecure = asked->insecure};
  if (asked->body_file != NULL) {
    FC_TRY(file_read(asked->body_file, MAX_BODY_BYTES, body, &request->body_size, error));
    request->body = *body;
  }
  if (asked->statuses != NULL &&
      !load_request_parse_statuses(asked->statuses, &request->status_low, &request->status_high))
    return fc_error_set(error, FC_EINVAL, "--status: expected a status like 200 or a range like 200-399, found '%.40s'",
                        asked->statuses);
  return load_request_check(request, error);
}

static int load(const asked_t *asked) {
  fc_error_t error = {0};
  trace_file_t trace = {0};
  uint8_t *body = NULL;
  load_request_t request;
  told_t told = {asked->json ? stderr : stdout};
  load_run_options_t options = {.clock = fc_clock_system(),
                                .window_s = asked->window_s > 0 ? asked->window_s : DEFAULT_WINDOW_S,
                                .interrupted = &interrupted,
                                .on_window = tell_window,
                                .on_window_self = &told};
  fc_status_t status = set_request(asked, &body, &request, &error);
  if (status == FC_OK) status = set_shape(asked, &trace, &options, &error);
  if (status == FC_OK) status = run_over_http(asked, &options, &request, &error);
  free(body);
  trace_file_clear(&trace);
  if (status == FC_OK) return CLI_DONE;
  (void)cli_fail("load", &error);
  return status == FC_EINVAL ? CLI_USAGE : CLI_FAILED;
}

static const char description[] =
    "Sends requests to a URL and reports, window by window, how many succeeded and how long they took. Users (closed "
    "loop) wait for each answer; arrivals (open loop) come whatever happens, and their latency counts from the time "
    "they were intended to start. Ctrl-C ends it with the summary.";

static const char examples[] =
    "  faasconf load http://127.0.0.1:8080/ --method POST --users 10 --window-s 30 --windows 4\n"
    "  faasconf load http://127.0.0.1:8080/resize --body-file photo.jpg --header 'Content-Type: image/jpeg' --rate 25\n"
    "  faasconf load https://example.org/api --rate 5 --duration-s 60 --expect '\"ok\":true' --json\n"
    "  faasconf load http://127.0.0.1:8080/ --trace azure_85min.csv --column users_10_30 --minute-s 10";

static int load_command_run(int argc, char **argv) {
  asked_t asked = {.seed = 1};
  const argument_t options[] = {
      {"users", ARGUMENT_INT, &asked.users, "U", "closed loop: users, each waits for its answer (10)", false, 1,
       MAX_USERS},
      {"spawn-rate", ARGUMENT_DOUBLE, &asked.spawn_rate_per_s, "R", "users that begin per second (10)", false, 1e-3,
       1e6},
      {"think-s", ARGUMENT_DOUBLE, &asked.think_s, "T",
       "mean pause of a user between answer and next request, exponential (0)", false, 0, 3600},
      {"rate", ARGUMENT_DOUBLE, &asked.rate_per_s, "R", "open loop instead: Poisson arrivals of R requests per second",
       false, 1e-3, 1e5},
      {"trace", ARGUMENT_TEXT, &asked.trace, "FILE.csv",
       "minutes of changing load, one after the other: requests per minute, or users", false, 0, 0},
      {"column", ARGUMENT_TEXT, &asked.column, "NAME",
       "with --trace: its column; users... are closed-loop users (invocations, or the first users...)", false, 0, 0},
      {"minute-s", ARGUMENT_DOUBLE, &asked.minute_s, "S", "with --trace: a minute's load lasts so long (60)", false,
       0.05, 3600},
      {"connections", ARGUMENT_INT, &asked.connections, "N", "open loop: most requests at once (1000)", false, 1,
       MAX_USERS},
      {"window-s", ARGUMENT_DOUBLE, &asked.window_s, "S", "length of a window (5)", false, 0.05, 3600},
      {"windows", ARGUMENT_INT, &asked.n_windows, "N", "so many windows (12; with --trace all of it)", false, 1,
       MAX_WINDOWS},
      {"duration-s", ARGUMENT_DOUBLE, &asked.duration_s, "S", "or so long; the last window may be shorter", false, 0.05,
       1e7},
      {"method", ARGUMENT_TEXT, &asked.method, "M", "of the request (GET; POST with a body)", false, 0, 0},
      {"body", ARGUMENT_TEXT, &asked.body, "TEXT", "of the request", false, 0, 0},
      {"body-file", ARGUMENT_TEXT, &asked.body_file, "FILE", "of the request, at most 64 MiB", false, 0, 0},
      {"header", ARGUMENT_LIST, &asked.headers, "'NAME: VALUE'", "of the request; may be repeated", false, 0, 0},
      {"status", ARGUMENT_TEXT, &asked.statuses, "A[-B]", "statuses of a success (200-299)", false, 0, 0},
      {"expect", ARGUMENT_TEXT, &asked.expect, "TEXT", "a success must also contain this text", false, 0, 0},
      {"timeout-s", ARGUMENT_DOUBLE, &asked.timeout_s, "T", "for one request, from its start (30)", false, 0.001, 3600},
      {"insecure", ARGUMENT_FLAG, &asked.insecure, NULL, "https: accept any certificate", false, 0, 0},
      {"seed", ARGUMENT_INT, &asked.seed, "S", "of arrivals and pauses (1)", false, 0, 9007199254740992.0},
      {"json", ARGUMENT_FLAG, &asked.json, NULL, "one JSON object on stdout; windows are told on stderr", false, 0, 0}};
  const arguments_t arguments = {.command = "load",
                                 .description = description,
                                 .examples = examples,
                                 .arguments = options,
                                 .n_arguments = sizeof options / sizeof options[0],
                                 .positional = "URL",
                                 .min_positional = 1,
                                 .max_positional = 1};
  int code = CLI_DONE;
  if (!arguments_parse(&arguments, argc, argv, &asked.url, NULL, &code)) return code;
  const char *wrong = contradiction(&asked);
  return wrong != NULL ? complain(wrong) : load(&asked);
}

const cli_command_t cli_load = {"load", "requests to any URL, like users or like arrivals: latency, successes",
                                load_command_run};
