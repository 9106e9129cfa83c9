/* outcomes.h - what became of the workflows: counters since the start, and a ring of the last completions.
 *
 * Readers keep a cursor each (the number of completions they have seen), so that they do not disturb each other; a
 * reader that comes too late is told how many it missed. Any thread.
 */
#ifndef FUNCTIONS_ORCHESTRATOR_OUTCOMES_H
#define FUNCTIONS_ORCHESTRATOR_OUTCOMES_H

#include "calls.h"
#include "faasconf/clock.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct outcomes outcomes_t;

typedef struct {
  int64_t end_us; /* wall clock */
  double latency_s;
  call_result_t result;
} completion_t;

/* All since the start. */
typedef struct {
  int64_t started, successes, failures;        /* failures: those rejected and timed out included */
  int64_t rejected, timeouts;                  /* by first cause */
  int64_t calls, calls_failed, calls_rejected; /* of the completed workflows */
  int64_t in_flight;
  double in_flight_s; /* integral of in_flight over time: between two readings, mean in flight = difference / time */
  double up_s;        /* since the start, by the monotonic clock */
  int64_t started_us; /* when the counters were zero: another value is another process */
  int64_t now_us;
} outcome_counters_t;

/* Room for `capacity` completions, 1 at least. Caller owns the result and destroys it with outcomes_destroy. FC_ENOMEM.
 */
fc_status_t outcomes_new(fc_clock_t clock, int64_t capacity, outcomes_t **out, fc_error_t *error);
void outcomes_destroy(outcomes_t **outcomes);

/* A workflow starts: its serial number from 1, and its start by the monotonic clock. */
int64_t outcomes_start(outcomes_t *outcomes, int64_t *start_ns);

/* It has completed; returns its latency, s. */
double outcomes_complete(outcomes_t *outcomes, int64_t start_ns, const calls_outcome_t *outcome);

/* Counters, and completions number *cursor and up (from 0), `limit` at most, oldest first, into completions (limit).
 * *n: how many; *missed: how many of those asked for the ring has no more. *cursor: for the next reading; one beyond
 * the last completion is taken as that. All of one moment. */
void outcomes_read(outcomes_t *outcomes, int64_t *cursor, int64_t limit, completion_t *completions, int64_t *n,
                   int64_t *missed, outcome_counters_t *counters);

#ifdef __cplusplus
}
#endif
#endif
