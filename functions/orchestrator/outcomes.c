/* outcomes.c - see outcomes.h. */
#include "outcomes.h"

#include <pthread.h>
#include <stdlib.h>

static const double NS_PER_S = 1e9;

struct outcomes {
  fc_clock_t clock;
  pthread_mutex_t lock; /* of everything below */
  outcome_counters_t counters;
  int64_t begin_ns, last_ns; /* start; when in_flight_s was brought up to date */
  int64_t n_completed;
  int64_t capacity;
  completion_t *ring; /* (capacity): completion i is at i % capacity */
};

fc_status_t outcomes_new(fc_clock_t clock, int64_t capacity, outcomes_t **out, fc_error_t *error) {
  FC_ASSERT(capacity >= 1);
  outcomes_t *outcomes = calloc(1, sizeof *outcomes);
  *out = outcomes;
  if (outcomes != NULL) outcomes->ring = calloc((size_t)capacity, sizeof *outcomes->ring);
  if (outcomes == NULL || outcomes->ring == NULL) {
    free(outcomes);
    *out = NULL;
    return fc_error_set(error, FC_ENOMEM, "no memory for the outcomes of workflows");
  }
  pthread_mutex_init(&outcomes->lock, NULL);
  outcomes->clock = clock;
  outcomes->capacity = capacity;
  outcomes->begin_ns = outcomes->last_ns = clock.monotonic_ns(clock.self);
  outcomes->counters.started_us = clock.wall_us(clock.self);
  return FC_OK;
}

void outcomes_destroy(outcomes_t **outcomes) {
  if (outcomes == NULL || *outcomes == NULL) return;
  pthread_mutex_destroy(&(*outcomes)->lock);
  free((*outcomes)->ring);
  free(*outcomes);
  *outcomes = NULL;
}

/* Brings the integral up to now. Under the lock, so that time never goes back. */
static int64_t advance(outcomes_t *outcomes) {
  const int64_t now_ns = outcomes->clock.monotonic_ns(outcomes->clock.self);
  outcome_counters_t *counters = &outcomes->counters;
  counters->in_flight_s += (double)counters->in_flight * (double)(now_ns - outcomes->last_ns) / NS_PER_S;
  counters->up_s = (double)(now_ns - outcomes->begin_ns) / NS_PER_S;
  outcomes->last_ns = now_ns;
  return now_ns;
}

int64_t outcomes_start(outcomes_t *outcomes, int64_t *start_ns) {
  pthread_mutex_lock(&outcomes->lock);
  *start_ns = advance(outcomes);
  outcomes->counters.in_flight += 1;
  const int64_t serial = ++outcomes->counters.started;
  pthread_mutex_unlock(&outcomes->lock);
  return serial;
}

double outcomes_complete(outcomes_t *outcomes, int64_t start_ns, const calls_outcome_t *outcome) {
  outcome_counters_t *counters = &outcomes->counters;
  pthread_mutex_lock(&outcomes->lock);
  const double latency_s = (double)(advance(outcomes) - start_ns) / NS_PER_S;
  counters->in_flight -= 1;
  counters->successes += outcome->result == CALL_SUCCEEDED;
  counters->failures += outcome->result != CALL_SUCCEEDED;
  counters->rejected += outcome->result == CALL_REJECTED;
  counters->timeouts += outcome->result == CALL_TIMED_OUT;
  counters->calls += outcome->calls;
  counters->calls_failed += outcome->failed;
  counters->calls_rejected += outcome->rejected;
  const int64_t end_us = outcomes->clock.wall_us(outcomes->clock.self);
  outcomes->ring[outcomes->n_completed++ % outcomes->capacity] = (completion_t){end_us, latency_s, outcome->result};
  pthread_mutex_unlock(&outcomes->lock);
  return latency_s;
}

void outcomes_read(outcomes_t *outcomes, int64_t *cursor, int64_t limit, completion_t *completions, int64_t *n,
                   int64_t *missed, outcome_counters_t *counters) {
  pthread_mutex_lock(&outcomes->lock);
  advance(outcomes);
  *counters = outcomes->counters;
  counters->now_us = outcomes->clock.wall_us(outcomes->clock.self);
  const int64_t newest = outcomes->n_completed;
  const int64_t oldest = newest > outcomes->capacity ? newest - outcomes->capacity : 0;
  int64_t first = *cursor < newest ? *cursor : newest;
  *missed = first < oldest ? oldest - first : 0;
  first += *missed;
  *n = newest - first < limit ? newest - first : limit;
  for (int64_t i = 0; i < *n; ++i) completions[i] = outcomes->ring[(first + i) % outcomes->capacity];
  *cursor = first + *n;
  pthread_mutex_unlock(&outcomes->lock);
}
