/* load_source.h - when which request is to start: users of a closed loop, or the arrivals of an open one.
 *
 * Closed loop: user u starts at u / spawn_rate; each waits for its answer, pauses (think time), and starts the next.
 * Open loop: Poisson arrivals, whatever becomes of the requests before; each takes a free place, and waits for one
 * where there is none. A trace changes users or rate minute by minute. No socket, no clock: times are seconds since the
 * start, given by the caller and never falling. All draws come from the seed: arrivals depend on nothing else, and the
 * k-th pause of a user neither. One thread; only load_source_new allocates.
 */
#ifndef CLI_LOAD_SOURCE_H
#define CLI_LOAD_SOURCE_H

#include "trace_file.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const trace_file_t *trace; /* its users or arrivals; borrowed until load_source_destroy; NULL: constant load */
  double minute_s;           /* how long a minute of the trace lasts */
  int32_t users;             /* without a trace: > 0 closed loop */
  double rate_per_s;         /* without users: arrivals */
  double spawn_rate_per_s;   /* > 0; users arrive at this rate, those that a minute of the trace adds too */
  double think_s;            /* mean of the exponential pause of a user; 0: none */
  int32_t n_places;          /* open loop: most requests at once, >= 1 */
  uint64_t seed;
} load_shape_t;

typedef struct {
  int32_t place;     /* 0 .. load_source_places - 1; nothing else runs there */
  double intended_s; /* when it should have started */
  bool waited;       /* all places were taken at that time */
} load_start_t;

typedef struct load_source load_source_t;

/* FC_ENOMEM. Caller owns the result and destroys it with load_source_destroy. */
fc_status_t load_source_new(const load_shape_t *shape, load_source_t **out, fc_error_t *error);
void load_source_destroy(load_source_t **source);

bool load_source_is_open(const load_source_t *source);

/* How many requests there can be at once. */
int32_t load_source_places(const load_source_t *source);

/* When to call load_source_take next; INFINITY: not before an answer. */
double load_source_due_s(const load_source_t *source);

/* The earliest request that is due at now_s; false when there is none, or no place for it. */
bool load_source_take(load_source_t *source, double now_s, load_start_t *start);

/* The request at this place has ended. */
void load_source_answered(load_source_t *source, int32_t place, double now_s);

/* Open loop: arrivals intended before until_s, since the beginning, started or not; until_s never falls. */
int64_t load_source_intended(load_source_t *source, double until_s);

/* Closed loop: the users wanted at this time (to the nanosecond: sums of windows are not exact). */
int32_t load_source_users(const load_source_t *source, double at_s);

#ifdef __cplusplus
}
#endif
#endif
