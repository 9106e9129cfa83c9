/* load_report.c - see load_report.h. */
#include "load_report.h"

#include <inttypes.h>
#include <math.h>

#include "json_output.h"
#include "number_text.h"

static const char *const outcome_name[LOAD_OUTCOMES] = {"successes", "failed_status", "failed_body",
                                                        "failed_connection", "failed_timeout"};

static const char *kind_of(const load_shape_t *shape) {
  return shape->trace != NULL ? "trace" : shape->users > 0 ? "users" : "rate";
}

static int32_t count_bottlenecks(const load_result_t *result) {
  int32_t n = 0;
  for (int32_t w = 0; w < result->n_windows; ++w) n += load_window_is_bottleneck(&result->windows[w]);
  return n;
}

/* ---- as text ---- */

void load_report_start(FILE *out, const load_about_t *about) {
  const load_shape_t *shape = about->shape;
  fprintf(out, "%s %s: ", about->method, about->url);
  if (shape->trace != NULL) {
    fprintf(out, "%d minutes of %s, %g s each", (int)shape->trace->n, shape->trace->column, shape->minute_s);
  } else if (shape->users > 0) {
    fprintf(out, "%d users, %g more per second", (int)shape->users, shape->spawn_rate_per_s);
  } else {
    fprintf(out, "Poisson arrivals, %g per second", shape->rate_per_s);
  }
  fprintf(out, "; windows of %g s, seed %" PRIu64 "\n\n", about->window_s, shape->seed);
  fprintf(out, "%6s %8s %9s %9s %9s %9s %9s %9s %9s %9s %9s %9s %9s\n", "window", "until s", "requests", "successes",
          "failures", "mean ms", "p50 ms", "p75 ms", "p95 ms", "p99 ms", "rate 1/s", "intended", "in flight");
  fflush(out);
}

/* Of one window, or of all. */
static void print_numbers(FILE *out, const load_window_t *window) {
  const double latencies_s[] = {window->mean_s, window->p50_s, window->p75_s, window->p95_s, window->p99_s};
  char text[NUMBER_TEXT];
  fprintf(out, " %9" PRId64 " %9" PRId64 " %9" PRId64, window->requests, window->ended[LOAD_SUCCESS],
          load_window_failures(window));
  for (size_t i = 0; i < sizeof latencies_s / sizeof latencies_s[0]; ++i)
    fprintf(out, " %9s", number_text(1000 * latencies_s[i], 2, "", text));
  fprintf(out, " %9.1f", (double)window->requests / window->length_s);
  fprintf(out, " %9s",
          number_text(window->intended >= 0 ? (double)window->intended / window->length_s : NAN, 1, "", text));
  fprintf(out, " %9.1f", window->mean_in_flight);
}

void load_report_window(FILE *out, int32_t index, const load_window_t *window) {
  fprintf(out, "%6d %8.2f", (int)index, window->start_s + window->length_s);
  print_numbers(out, window);
  if (load_window_is_bottleneck(window))
    fprintf(out, "  generator too slow: %" PRId64 " starts late, busy %.0f %%", window->late + window->late_place,
            100 * window->busy);
  fputc('\n', out);
  fflush(out);
}

static void print_failures(const load_result_t *result) {
  const load_window_t *total = &result->total;
  printf("failures    %" PRId64 ": %" PRId64 " by status (%" PRId64 " of them 429), %" PRId64 " by body, %" PRId64
         " by connection, %" PRId64 " by time-out\n",
         load_window_failures(total), total->ended[LOAD_FAILED_STATUS], total->rejected, total->ended[LOAD_FAILED_BODY],
         total->ended[LOAD_FAILED_CONNECTION], total->ended[LOAD_FAILED_TIMEOUT]);
  if (result->reason[0] != '\0') printf("            the first failed connection: %s\n", result->reason);
  printf("statuses   ");
  for (int32_t status = 0; status < LOAD_MAX_STATUS; ++status)
    if (result->statuses[status] > 0) printf(" %d: %" PRId64, (int)status, result->statuses[status]);
  printf("\n");
}

static void print_unfinished(const load_result_t *result) {
  const int64_t n = result->total.in_flight;
  printf("unfinished  %" PRId64, n);
  if (n > 0 && !result->interrupted)
    printf(" at the end of the last window; waited for: %" PRId64 " successes, %" PRId64
           " failures, the longest %.3f s",
           result->drained_successes, result->drained_failures, result->drained_max_s);
  if (n > 0 && result->interrupted) printf(", given up");
  printf("\n");
}

static void print_bottleneck(const load_result_t *result) {
  const load_window_t *total = &result->total;
  if (!load_result_is_bottleneck(result)) return;
  printf("NOTE        the generator itself was the bottleneck in %d of %d windows; it was busy %.0f %% of the time.\n",
         (int)count_bottlenecks(result), (int)result->n_windows, 100 * total->busy);
  if (!result->open) {
    printf("            A faster one would have sent more requests, and part of the latencies is its own.\n");
    return;
  }
  printf("            %" PRId64 " of %" PRId64 " requests started more than %.0f ms late (the worst %.3f s), %" PRId64
         " of them for want of places\n            (--connections); %" PRId64
         " arrivals did not start at all. "
         "Latencies count from the intended start and contain the delay.\n",
         total->late + total->late_place, total->requests, 1000 * LOAD_LATE_S, total->late_max_s, total->late_place,
         result->not_started);
}

void load_report_text(const load_result_t *result) {
  const load_window_t *total = &result->total;
  if (result->interrupted) printf("\nended by a signal\n");
  if (result->n_windows == 0) return;
  printf("\n%6s %8.2f", "all", total->length_s);
  print_numbers(stdout, total);
  printf("\n\n");
  print_failures(result);
  print_unfinished(result);
  printf("connections %" PRId64 " opened; %" PRId64 " bytes of answers\n", result->connections, result->body_bytes);
  print_bottleneck(result);
}

/* ---- as JSON ---- */

static void set_window(fc_json_t *out, const load_window_t *window) {
  const bool open = window->intended >= 0;
  fc_json_set_double(out, "start_s", window->start_s);
  fc_json_set_double(out, "length_s", window->length_s);
  fc_json_set_int(out, "requests", window->requests);
  for (int32_t i = 0; i < LOAD_OUTCOMES; ++i) fc_json_set_int(out, outcome_name[i], window->ended[i]);
  fc_json_set_int(out, "failures", load_window_failures(window));
  fc_json_set_int(out, "rejected", window->rejected);
  fc_json_set_int(out, "in_flight", window->in_flight);
  fc_json_set_double(out, "mean_in_flight", window->mean_in_flight);
  fc_json_set_double(out, "latency_mean_s", window->mean_s);
  fc_json_set_double(out, "latency_p50_s", window->p50_s);
  fc_json_set_double(out, "latency_p75_s", window->p75_s);
  fc_json_set_double(out, "latency_p95_s", window->p95_s);
  fc_json_set_double(out, "latency_p99_s", window->p99_s);
  fc_json_set_double(out, "latency_max_s", window->max_s);
  fc_json_set_double(out, "rate_per_s", (double)window->requests / window->length_s);
  fc_json_set_double(out, "intended_rate_per_s", open ? (double)window->intended / window->length_s : NAN);
  fc_json_set_double(out, "users", open ? NAN : (double)window->users);
  fc_json_set_int(out, "late", window->late);
  fc_json_set_int(out, "late_place", window->late_place);
  fc_json_set_double(out, "late_max_s", window->late_max_s);
  fc_json_set_double(out, "generator_busy", window->busy);
  fc_json_set_bool(out, "generator_bottleneck", load_window_is_bottleneck(window));
}

static fc_json_t *statuses_json(const load_result_t *result) {
  fc_json_t *out = fc_json_object();
  for (int32_t status = 0; status < LOAD_MAX_STATUS; ++status) {
    char key[16];
    snprintf(key, sizeof key, "%d", (int)status);
    if (result->statuses[status] > 0) fc_json_set_int(out, key, result->statuses[status]);
  }
  return out;
}

static fc_json_t *windows_json(const load_result_t *result) {
  fc_json_t *out = fc_json_array();
  for (int32_t w = 0; w < result->n_windows; ++w) {
    fc_json_t *window = fc_json_object();
    fc_json_set_int(window, "window", w);
    set_window(window, &result->windows[w]);
    fc_json_append(out, &window);
  }
  return out;
}

void load_report_json(const load_about_t *about, const load_result_t *result) {
  fc_json_t *out = fc_json_object(), *statuses = statuses_json(result), *windows = windows_json(result);
  fc_json_set_string(out, "url", about->url);
  fc_json_set_string(out, "method", about->method);
  fc_json_set_string(out, "load", kind_of(about->shape));
  fc_json_set_int(out, "seed", (int64_t)about->shape->seed);
  fc_json_set_string(out, "end", result->interrupted ? "signal" : "windows");
  set_window(out, &result->total);
  fc_json_set_bool(out, "generator_bottleneck", load_result_is_bottleneck(result));
  fc_json_set_int(out, "generator_bottleneck_windows", count_bottlenecks(result));
  fc_json_set_int(out, "unfinished", result->total.in_flight);
  fc_json_set_int(out, "not_started", result->not_started);
  fc_json_set_int(out, "drained_successes", result->drained_successes);
  fc_json_set_int(out, "drained_failures", result->drained_failures);
  fc_json_set_double(out, "drained_max_s", result->drained_max_s);
  fc_json_set_int(out, "connections", result->connections);
  fc_json_set_int(out, "body_bytes", result->body_bytes);
  fc_json_set(out, "statuses", &statuses);
  if (result->reason[0] != '\0') {
    fc_json_set_string(out, "first_connection_failure", result->reason);
  } else {
    fc_json_set_null(out, "first_connection_failure");
  }
  fc_json_set(out, "windows", &windows);
  json_print(&out);
}
