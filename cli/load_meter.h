/* load_meter.h - what became of the requests: counts and latency percentiles of each window and of all.
 *
 * A request counts as sent in the window in which it started, and as success or failure in the one in which it ended.
 * Latency is from the *intended* start to the end, of successes: a request that had to wait because the generator or
 * its connections were busy has waited for the server, and leaving that out (coordinated omission) would hide exactly
 * the slow moments. Percentiles come from core/histogram.c: within 1 %. No clock: times are seconds since the start,
 * never falling. Plain data, one owner, nothing allocates.
 */
#ifndef CLI_LOAD_METER_H
#define CLI_LOAD_METER_H

#include <stdbool.h>

#include "faasconf/histogram.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A start is late from here on. */
#define LOAD_LATE_S 0.010
/* The generator was the bottleneck of a window with a larger share of late starts, or when it was busy for longer. */
#define LOAD_LATE_SHARE 0.01
#define LOAD_BUSY_SHARE 0.9

enum { LOAD_MAX_STATUS = 1000, LOAD_REASON_SIZE = 256 };

typedef enum {
  LOAD_SUCCESS = 0,
  LOAD_FAILED_STATUS = 1,     /* another status than wanted */
  LOAD_FAILED_BODY = 2,       /* a wanted status, but not the wanted text */
  LOAD_FAILED_CONNECTION = 3, /* no whole answer: refused, reset, not HTTP, ... */
  LOAD_FAILED_TIMEOUT = 4,
  LOAD_OUTCOMES = 5
} load_outcome_t;

typedef struct {
  load_outcome_t outcome;
  int32_t status; /* of HTTP; 0: none came */
  int64_t body_bytes;
  int32_t connections; /* opened for it */
  const char *reason;  /* of LOAD_FAILED_CONNECTION; borrowed until the call returns; else NULL */
} load_answer_t;

/* One window, or all of them. */
typedef struct {
  double start_s, length_s;
  int32_t users;    /* closed loop: wanted at its start; else 0 */
  int64_t intended; /* open loop: arrivals; else -1 */
  int64_t requests; /* started */
  int64_t ended[LOAD_OUTCOMES];
  int64_t rejected;         /* of the failures by status: 429 */
  int64_t late, late_place; /* starts later than LOAD_LATE_S: the generator was busy; all places were taken */
  double late_max_s;
  int64_t in_flight; /* at its end */
  double mean_in_flight;
  double mean_s, p50_s, p75_s, p95_s, p99_s, max_s; /* NaN without a success */
  double busy; /* share of it in which the generator ran or waited for a processor; NaN when unknown */
} load_window_t;

typedef struct {
  double window_s, end_s; /* end_s: of the last window, which may be shorter */
  load_window_t window, total;
  fc_histogram_t latency, total_latency;
  double counted_until_s, in_flight_s, total_in_flight_s;
  int64_t in_flight;
  /* of everything, the drain included */
  int64_t connections, body_bytes, statuses[LOAD_MAX_STATUS];
  char reason[LOAD_REASON_SIZE]; /* of the first failed connection; "" */
} load_meter_t;

void load_meter_init(load_meter_t *meter, double window_s, double length_s);

/* When the current window ends; INFINITY after the last. */
double load_meter_window_end_s(const load_meter_t *meter);

/* No window goes on after now_s, where the last one has just been closed: what is answered later is of none. */
void load_meter_end(load_meter_t *meter, double now_s);

void load_meter_started(load_meter_t *meter, double now_s, double intended_s, bool waited);
/* now_s must lie in the current window, or behind the last one: the drain, which changes no window. */
void load_meter_answered(load_meter_t *meter, double now_s, double intended_s, const load_answer_t *answer);

/* Ends the current window at now_s: at load_meter_window_end_s, or earlier when the run is interrupted. `arrivals`:
 * since the beginning, -1 in a closed loop; busy_s: of this window, NaN when unknown. */
void load_meter_close(load_meter_t *meter, double now_s, int32_t users, int64_t arrivals, double busy_s,
                      load_window_t *window);

int64_t load_window_failures(const load_window_t *window);
/* True when the generator was too slow for this load: late starts, or no time of its own left. */
bool load_window_is_bottleneck(const load_window_t *window);

#ifdef __cplusplus
}
#endif
#endif
