/* load_run.c - see load_run.h. */
#include "load_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* So many starts, then the answers that came meanwhile. */
enum { BURST = 16 };

typedef struct {
  const load_run_options_t *options;
  load_result_t *result;
  load_source_t *source;
  load_meter_t meter;
  double *intended_s; /* (places) of the request that runs there */
  int64_t origin_ns;
  double busy_s; /* transport's reading when the window began */
  bool draining;
} run_t;

static double now_s(const run_t *run) {
  const fc_clock_t *clock = &run->options->clock;
  return (double)(clock->monotonic_ns(clock->self) - run->origin_ns) * 1e-9;
}

/* The first reading of the clock that is not before `seconds`; far away for INFINITY. */
static int64_t ns_of(const run_t *run, double seconds) {
  return seconds > 1e9 ? INT64_MAX : run->origin_ns + (int64_t)ceil(seconds * 1e9);
}

static void close_window(run_t *run, double end_s) {
  const load_transport_t *transport = &run->options->transport;
  load_result_t *result = run->result;
  const double busy_s = transport->busy_s(transport->self);
  const int64_t arrivals = result->open ? load_source_intended(run->source, end_s) : -1;
  load_window_t *window = &result->windows[result->n_windows];
  load_meter_close(&run->meter, end_s, load_source_users(run->source, run->meter.window.start_s), arrivals,
                   busy_s - run->busy_s, window);
  run->busy_s = busy_s;
  if (run->options->on_window != NULL) run->options->on_window(run->options->on_window_self, result->n_windows, window);
  result->n_windows += 1;
}

static void close_ended_windows(run_t *run, double at_s) {
  while (load_meter_window_end_s(&run->meter) <= at_s) close_window(run, load_meter_window_end_s(&run->meter));
}

static void on_answer(void *self, int32_t place, const load_answer_t *answer) {
  run_t *run = self;
  const double at_s = now_s(run);
  close_ended_windows(run, at_s);
  load_meter_answered(&run->meter, at_s, run->intended_s[place], answer);
  load_source_answered(run->source, place, at_s);
  if (!run->draining && isfinite(load_meter_window_end_s(&run->meter))) return;
  load_result_t *result = run->result;
  *(answer->outcome == LOAD_SUCCESS ? &result->drained_successes : &result->drained_failures) += 1;
  result->drained_max_s = fmax(result->drained_max_s, at_s - run->intended_s[place]);
}

static fc_status_t start_due(run_t *run, fc_error_t *error) {
  const load_transport_t *transport = &run->options->transport;
  for (int i = 0; i < BURST; ++i) {
    const double at_s = now_s(run);
    load_start_t start = {0};
    close_ended_windows(run, at_s);
    if (isinf(load_meter_window_end_s(&run->meter)) || !load_source_take(run->source, at_s, &start)) return FC_OK;
    run->intended_s[start.place] = start.intended_s;
    load_meter_started(&run->meter, at_s, start.intended_s, start.waited);
    FC_TRY(transport->start(transport->self, start.place, error));
  }
  return FC_OK;
}

static fc_status_t play(run_t *run, fc_error_t *error) {
  const load_run_options_t *options = run->options;
  while (!*options->interrupted) {
    close_ended_windows(run, now_s(run));
    const double end_s = load_meter_window_end_s(&run->meter);
    if (isinf(end_s)) return FC_OK;
    FC_TRY(start_due(run, error));
    const int64_t until_ns = ns_of(run, fmin(end_s, load_source_due_s(run->source)));
    FC_TRY(options->transport.wait(options->transport.self, until_ns, on_answer, run, error));
  }
  const double at_s = now_s(run);
  if (at_s > run->meter.window.start_s && isfinite(load_meter_window_end_s(&run->meter))) close_window(run, at_s);
  load_meter_end(&run->meter, at_s);
  run->result->interrupted = true;
  return FC_OK;
}

/* Whoever was asked is waited for, so that the server sees no broken connection, unless somebody asks again to end. */
static fc_status_t drain(run_t *run, fc_error_t *error) {
  const load_run_options_t *options = run->options;
  const sig_atomic_t asked = run->result->interrupted ? 1 : 0;
  run->draining = true;
  while (*options->interrupted <= asked && run->meter.in_flight > 0)
    FC_TRY(options->transport.wait(options->transport.self, INT64_MAX, on_answer, run, error));
  return FC_OK;
}

static fc_status_t prepare(run_t *run, fc_error_t *error) {
  const load_run_options_t *options = run->options;
  load_result_t *result = run->result;
  FC_ASSERT(options->window_s > 0 && options->length_s > 0);
  FC_TRY(load_source_new(&options->shape, &run->source, error));
  load_meter_init(&run->meter, options->window_s, options->length_s);
  const size_t n_windows = (size_t)ceil(options->length_s / options->window_s) + 1;
  run->intended_s = calloc((size_t)load_source_places(run->source), sizeof *run->intended_s);
  result->windows = calloc(n_windows, sizeof *result->windows);
  if (run->intended_s == NULL || result->windows == NULL)
    return fc_error_set(error, FC_ENOMEM, "no memory for %zu windows", n_windows);
  result->open = load_source_is_open(run->source);
  result->drained_max_s = NAN;
  run->busy_s = options->transport.busy_s(options->transport.self);
  run->origin_ns = options->clock.monotonic_ns(options->clock.self);
  return FC_OK;
}

static void keep_result(run_t *run) {
  load_result_t *result = run->result;
  result->total = run->meter.total;
  if (result->open && result->n_windows > 0) result->not_started = result->total.intended - result->total.requests;
  result->connections = run->meter.connections;
  result->body_bytes = run->meter.body_bytes;
  memcpy(result->statuses, run->meter.statuses, sizeof result->statuses);
  memcpy(result->reason, run->meter.reason, sizeof result->reason);
}

fc_status_t load_run(const load_run_options_t *options, load_result_t *result, fc_error_t *error) {
  memset(result, 0, sizeof *result);
  run_t *run = calloc(1, sizeof *run);
  if (run == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a load");
  run->options = options;
  run->result = result;
  fc_status_t status = prepare(run, error);
  if (status == FC_OK) status = play(run, error);
  if (status == FC_OK) status = drain(run, error);
  if (status == FC_OK) keep_result(run);
  load_source_destroy(&run->source);
  free(run->intended_s);
  free(run);
  return status;
}

void load_result_clear(load_result_t *result) {
  free(result->windows);
  memset(result, 0, sizeof *result);
}

bool load_result_is_bottleneck(const load_result_t *result) {
  if (load_window_is_bottleneck(&result->total)) return true;
  return result->open && (double)result->not_started > LOAD_LATE_SHARE * (double)result->total.intended;
}
