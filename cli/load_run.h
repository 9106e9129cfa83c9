/* load_run.h - plays a load against a transport, window by window: the loop between source, meter and sockets.
 *
 * Windows follow each other without a gap; what is in flight at the end of one goes on. After the last one nothing new
 * starts, and what is in flight runs to its end (each request has its time-out), so that no server sees a broken
 * connection: this drain belongs to no window. A signal ends everything at once. One thread; blocks until the end.
 */
#ifndef CLI_LOAD_RUN_H
#define CLI_LOAD_RUN_H

#include <signal.h>

#include "faasconf/clock.h"
#include "load_meter.h"
#include "load_source.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*load_answered_fn)(void *self, int32_t place, const load_answer_t *answer);

/* What carries requests: load_http.h, or a test. */
typedef struct {
  void *self;
  /* Starts a request at a place where none runs. Never blocks. */
  fc_status_t (*start)(void *self, int32_t place, fc_error_t *error);
  /* Calls answered(answered_self, ...) for each request that ended, which may not start others. Returns after some
   * were, at until_ns of the clock, after 100 ms, or at a signal. */
  fc_status_t (*wait)(void *self, int64_t until_ns, load_answered_fn answered, void *answered_self, fc_error_t *error);
  /* Seconds this thread ran or waited for a processor; NaN when unknown. */
  double (*busy_s)(void *self);
} load_transport_t;

typedef struct {
  fc_clock_t clock;
  load_transport_t transport;
  load_shape_t shape;
  double window_s, length_s;
  /* How often somebody asked to end: from 1 on nothing more is sent, from 2 on (from 1 on when all windows are over)
   * nobody waits for answers. */
  const volatile sig_atomic_t *interrupted;
  void (*on_window)(void *self, int32_t index, const load_window_t *window);
  void *on_window_self;
} load_run_options_t;

typedef struct {
  bool open, interrupted;
  load_window_t *windows; /* (n_windows) complete ones, and the last one cut short by a signal */
  int32_t n_windows;
  load_window_t total; /* of these windows; its in_flight at the end is what stayed unfinished */
  int64_t not_started; /* open loop: arrivals for which the generator had neither time nor place */
  /* of the unfinished ones, when they were waited for */
  int64_t drained_successes, drained_failures;
  double drained_max_s; /* the longest latency of all of them, from the intended start; NaN without one */
  int64_t connections, body_bytes, statuses[LOAD_MAX_STATUS]; /* drain included */
  char reason[LOAD_REASON_SIZE];
} load_result_t;

/* FC_ENOMEM, or what the transport says. Caller frees with load_result_clear, also after a failure. */
fc_status_t load_run(const load_run_options_t *options, load_result_t *result, fc_error_t *error);
void load_result_clear(load_result_t *result);

/* True when the generator was too slow for the whole run, as for a window (load_meter.h), or when more than
 * LOAD_LATE_SHARE of the arrivals did not start at all. */
bool load_result_is_bottleneck(const load_result_t *result);

#ifdef __cplusplus
}
#endif
#endif
