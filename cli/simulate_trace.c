/* simulate_trace.c - see simulate_trace.h. */
#include "simulate_trace.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judge.h"
#include "simulator.h"

enum { MAX_USERS = 1 << 20 };
#define MAX_ARRIVALS_PER_MINUTE 6e6

typedef struct {
  double *load; /* (n) */
  int32_t n, capacity;
} minutes_t;

/* ---- reading ---- */

/* Field `index` of a line, which is cut in place; NULL when there are not so many. */
static char *field_at(char *line, int32_t index) {
  char *at = line;
  for (; index > 0 && at != NULL; --index) {
    at = strchr(at, ',');
    if (at != NULL) ++at;
  }
  if (at == NULL) return NULL;
  at[strcspn(at, ",\r\n")] = '\0';
  while (*at == ' ') ++at;
  for (size_t n = strlen(at); n > 0 && at[n - 1] == ' '; --n) at[n - 1] = '\0';
  return at;
}

static bool is_users(const char *name) {
  return strncmp(name, "users", 5) == 0;
}

/* Which column to read; its name into result. */
static fc_status_t find_column(const simulate_trace_options_t *options, const char *header, int32_t *index,
                               simulate_trace_result_t *result, fc_error_t *error) {
  for (int32_t i = 0;; ++i) {
    char *copy = strdup(header);
    if (copy == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a line");
    const char *name = field_at(copy, i);
    const bool end = name == NULL;
    const bool found = !end && (options->column != NULL ? strcmp(name, options->column) == 0
                                                        : strcmp(name, "invocations") == 0 || is_users(name));
    if (found) {
      *index = i;
      result->closed_loop = is_users(name);
      snprintf(result->column, sizeof result->column, "%s", name);
    }
    free(copy);
    if (found) return FC_OK;
    if (end) break;
  }
  return fc_error_set(error, FC_EFORMAT, "%s:1: there is no column %s among '%.200s': say which with --column",
                      options->path, options->column != NULL ? options->column : "invocations or users...", header);
}

static fc_status_t keep_minute(minutes_t *minutes, const char *text, bool closed_loop, fc_error_t *error) {
  char *end = NULL;
  errno = 0;
  const double value = text != NULL && strspn(text, "0123456789.eE+-") == strlen(text) ? strtod(text, &end) : NAN;
  const double largest = closed_loop ? (double)MAX_USERS : MAX_ARRIVALS_PER_MINUTE;
  if (text == NULL || text[0] == '\0' || end == NULL || *end != '\0' || !(value >= 0 && value <= largest) ||
      (closed_loop && value != floor(value)))
    return fc_error_set(error, FC_EFORMAT, "expected %s from 0 to %.0f, found '%.40s'",
                        closed_loop ? "a whole number" : "a number", largest, text != NULL ? text : "");
  if (minutes->n == TRACE_MAX_MINUTES)
    return fc_error_set(error, FC_EFORMAT, "more than %d minutes", TRACE_MAX_MINUTES);
  if (minutes->n == minutes->capacity) {
    const int32_t capacity = minutes->capacity > 0 ? 2 * minutes->capacity : 256;
    double *load = realloc(minutes->load, (size_t)capacity * sizeof *load);
    if (load == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for %d minutes", (int)capacity);
    minutes->load = load;
    minutes->capacity = capacity;
  }
  minutes->load[minutes->n++] = value;
  return FC_OK;
}

static fc_status_t read_lines(FILE *file, const simulate_trace_options_t *options, minutes_t *minutes,
                              simulate_trace_result_t *result, fc_error_t *error) {
  char *line = NULL;
  size_t size = 0;
  int64_t number = 0;
  int32_t column = 0;
  fc_status_t status = FC_OK;
  while (status == FC_OK && getline(&line, &size, file) >= 0) {
    line[strcspn(line, "\r\n")] = '\0';
    if (++number == 1) {
      status = find_column(options, line, &column, result, error);
      continue;
    }
    if (line[0] == '\0') continue;
    status = keep_minute(minutes, field_at(line, column), result->closed_loop, error);
    if (status != FC_OK)
      status = fc_error_prefix(error, "%s:%" PRId64 ": column %s", options->path, number, result->column);
  }
  if (status == FC_OK && ferror(file)) status = fc_error_set(error, FC_EIO, "%s: %s", options->path, strerror(errno));
  free(line);
  if (status == FC_OK && minutes->n == 0) status = fc_error_set(error, FC_EFORMAT, "%s: has no minutes", options->path);
  return status;
}

static fc_status_t read_trace(const simulate_trace_options_t *options, minutes_t *minutes,
                              simulate_trace_result_t *result, fc_error_t *error) {
  FILE *file = fopen(options->path, "r");
  if (file == NULL) return fc_error_set(error, FC_ENOTFOUND, "%s: %s", options->path, strerror(errno));
  const fc_status_t status = read_lines(file, options, minutes, result, error);
  fclose(file);
  return status;
}

/* ---- simulating ---- */

static fc_status_t new_simulator(const simulate_trace_options_t *options, const minutes_t *minutes, bool closed_loop,
                                 simulator_t **simulator, fc_error_t *error) {
  double most = 0;
  for (int32_t m = 0; m < minutes->n; ++m) most = minutes->load[m] > most ? minutes->load[m] : most;
  if (most <= 0) return fc_error_set(error, FC_EINVAL, "%s: nothing happens in any minute", options->path);
  const simulator_options_t simulated = {.seed = (uint64_t)options->seed,
                                         .semantics = options->semantics,
                                         .users = closed_loop ? (int32_t)most : 0,
                                         .rate_per_s = closed_loop ? 0 : most / 60};
  return simulator_new(options->workflow, &simulated, simulator, error);
}

static void keep_window(const simulate_trace_options_t *options, const fc_observation_t *o, double load,
                        simulate_trace_result_t *result) {
  trace_window_t *window = &result->windows[result->n_windows];
  window->minute = result->n_windows / result->windows_per_minute;
  window->load = load;
  window->outcome = o->outcome;
  window->arrival_rate_per_s = o->load.arrival_rate_per_s;
  window->mean_in_flight = o->load.mean_in_flight;
  window->verdict = judge_window(options->workflow, options->semantics, o, result->closed_loop ? load : 0);
  result->n_windows += 1;
  result->successes += o->outcome.successes;
  result->failures += o->outcome.failures;
  result->rejected += o->outcome.rejected;
  result->unfinished = o->outcome.unfinished;
  if (o->outcome.successes > 0) result->latency_mean_s += o->outcome.latency_mean_s * (double)o->outcome.successes;
  result->n_judged += window->verdict != FC_QOS_UNKNOWN;
  result->n_met += window->verdict == FC_QOS_MET;
}

static fc_status_t run_windows(const simulate_trace_options_t *options, const minutes_t *minutes,
                               simulator_t *simulator, fc_observation_t *o, simulate_trace_result_t *result,
                               fc_error_t *error) {
  const int32_t n = minutes->n * result->windows_per_minute;
  progress_t progress;
  fc_status_t status = FC_OK;
  progress_start(&progress, "simulating windows");
  for (int32_t w = 0; w < n && status == FC_OK; ++w) {
    const double load = minutes->load[w / result->windows_per_minute];
    status = simulator_set_load(simulator, result->closed_loop ? (int32_t)load : 0, result->closed_loop ? 0 : load / 60,
                                error);
    if (status == FC_OK) status = simulator_next_window(simulator, w, options->configuration, o, error);
    if (status == FC_OK) keep_window(options, o, load, result);
    progress_update(&progress, w + 1, n, NULL);
  }
  progress_end(&progress);
  result->latency_mean_s = result->successes > 0 ? result->latency_mean_s / (double)result->successes : NAN;
  return status;
}

static fc_status_t simulate_minutes(const simulate_trace_options_t *options, const minutes_t *minutes,
                                    simulate_trace_result_t *result, fc_error_t *error) {
  const double per_minute = 60 / options->workflow->window_s;
  if (per_minute < 1 || fabs(per_minute - round(per_minute)) > 1e-9)
    return fc_error_set(error, FC_EINVAL,
                        "a minute is not a whole number of windows of %g s: set window_s to a part of 60",
                        options->workflow->window_s);
  result->windows_per_minute = (int32_t)round(per_minute);
  result->n_minutes = minutes->n;
  FC_ASSERT(minutes->n > 0 && result->windows_per_minute > 0);
  result->windows = calloc((size_t)minutes->n * (size_t)result->windows_per_minute, sizeof *result->windows);
  fc_observation_t observation;
  if (result->windows == NULL || fc_observation_init(&observation, options->workflow->n_functions) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "no memory for %d minutes", (int)minutes->n);
  simulator_t *simulator = NULL;
  fc_status_t status = new_simulator(options, minutes, result->closed_loop, &simulator, error);
  if (status == FC_OK) status = run_windows(options, minutes, simulator, &observation, result, error);
  simulator_destroy(&simulator);
  fc_observation_clear(&observation);
  return status;
}

fc_status_t simulate_trace(const simulate_trace_options_t *options, simulate_trace_result_t *result,
                           fc_error_t *error) {
  minutes_t minutes = {0};
  memset(result, 0, sizeof *result);
  fc_status_t status = read_trace(options, &minutes, result, error);
  if (status == FC_OK) status = simulate_minutes(options, &minutes, result, error);
  free(minutes.load);
  return status;
}

void simulate_trace_clear(simulate_trace_result_t *result) {
  free(result->windows);
  memset(result, 0, sizeof *result);
}
