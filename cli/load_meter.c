/* load_meter.c - see load_meter.h. */
#include "load_meter.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void load_meter_init(load_meter_t *meter, double window_s, double length_s) {
  memset(meter, 0, sizeof *meter);
  meter->window_s = window_s;
  meter->end_s = length_s;
  fc_histogram_init(&meter->latency);
  fc_histogram_init(&meter->total_latency);
}

double load_meter_window_end_s(const load_meter_t *meter) {
  const double start_s = meter->window.start_s;
  if (!(start_s < meter->end_s)) return INFINITY;
  /* A last stretch that is only a rounding error long is no window of its own. */
  const double end_s = start_s + meter->window_s;
  return end_s + 1e-9 < meter->end_s ? end_s : meter->end_s;
}

void load_meter_end(load_meter_t *meter, double now_s) {
  meter->end_s = now_s;
}

static void pass_time(load_meter_t *meter, double now_s) {
  meter->in_flight_s += (double)meter->in_flight * (now_s - meter->counted_until_s);
  meter->counted_until_s = now_s;
}

static void count_start(load_window_t *window, double late_s, bool waited) {
  window->requests += 1;
  if (late_s > window->late_max_s) window->late_max_s = late_s;
  if (late_s > LOAD_LATE_S) *(waited ? &window->late_place : &window->late) += 1;
}

void load_meter_started(load_meter_t *meter, double now_s, double intended_s, bool waited) {
  pass_time(meter, now_s);
  meter->in_flight += 1;
  count_start(&meter->window, now_s - intended_s, waited);
  count_start(&meter->total, now_s - intended_s, waited);
}

void load_meter_answered(load_meter_t *meter, double now_s, double intended_s, const load_answer_t *answer) {
  pass_time(meter, now_s);
  meter->in_flight -= 1;
  meter->connections += answer->connections;
  meter->body_bytes += answer->body_bytes;
  if (answer->status > 0 && answer->status < LOAD_MAX_STATUS) meter->statuses[answer->status] += 1;
  if (answer->reason != NULL && meter->reason[0] == '\0')
    snprintf(meter->reason, sizeof meter->reason, "%s", answer->reason);
  if (isinf(load_meter_window_end_s(meter))) return;
  const bool rejected = answer->outcome == LOAD_FAILED_STATUS && answer->status == 429;
  meter->window.ended[answer->outcome] += 1;
  meter->total.ended[answer->outcome] += 1;
  meter->window.rejected += rejected;
  meter->total.rejected += rejected;
  if (answer->outcome == LOAD_SUCCESS) fc_histogram_add(&meter->latency, now_s - intended_s);
}

static void set_latencies(load_window_t *window, const fc_histogram_t *latency) {
  window->mean_s = fc_histogram_mean_s(latency);
  window->p50_s = fc_histogram_quantile_s(latency, 0.50);
  window->p75_s = fc_histogram_quantile_s(latency, 0.75);
  window->p95_s = fc_histogram_quantile_s(latency, 0.95);
  window->p99_s = fc_histogram_quantile_s(latency, 0.99);
  window->max_s = latency->total > 0 ? latency->max_s : NAN;
}

static void close_one(load_window_t *window, double now_s, int64_t in_flight, double in_flight_s, double busy_s) {
  window->length_s = now_s - window->start_s;
  window->in_flight = in_flight;
  window->mean_in_flight = in_flight_s / window->length_s;
  window->busy = busy_s / window->length_s;
  if (window->busy > 1) window->busy = 1; /* its account is read a moment later */
}

void load_meter_close(load_meter_t *meter, double now_s, int32_t users, int64_t arrivals, double busy_s,
                      load_window_t *window) {
  load_window_t *total = &meter->total;
  pass_time(meter, now_s);
  meter->total_in_flight_s += meter->in_flight_s;
  fc_histogram_merge(&meter->total_latency, &meter->latency);
  const double busy_before_s = total->length_s > 0 ? total->busy * total->length_s : 0;
  meter->window.users = total->users = users;
  meter->window.intended = arrivals < 0 ? -1 : arrivals - (total->length_s > 0 ? total->intended : 0);
  total->intended = arrivals;
  set_latencies(&meter->window, &meter->latency);
  set_latencies(total, &meter->total_latency);
  close_one(&meter->window, now_s, meter->in_flight, meter->in_flight_s, busy_s);
  close_one(total, now_s, meter->in_flight, meter->total_in_flight_s, busy_before_s + busy_s);
  *window = meter->window;
  memset(&meter->window, 0, sizeof meter->window);
  meter->window.start_s = now_s;
  meter->in_flight_s = 0;
  fc_histogram_init(&meter->latency);
}

int64_t load_window_failures(const load_window_t *window) {
  return window->ended[LOAD_FAILED_STATUS] + window->ended[LOAD_FAILED_BODY] + window->ended[LOAD_FAILED_CONNECTION] +
         window->ended[LOAD_FAILED_TIMEOUT];
}

bool load_window_is_bottleneck(const load_window_t *window) {
  return (double)(window->late + window->late_place) > LOAD_LATE_SHARE * (double)window->requests ||
         window->busy > LOAD_BUSY_SHARE;
}
