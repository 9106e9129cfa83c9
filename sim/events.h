/* events.h - what happens next: an indexed 4-ary heap of (time, entity), at most one event per entity.
 *
 * An event set of a dozen entries is touched hundreds of times per window, so: entries lie together (16 bytes), the
 * entity that just fired stays at the root as a hole and is usually overwritten by what it schedules, and a replica
 * whose next event moved is shifted in place. Ties go by heap order, which is a pure function of the calls made.
 */
#ifndef SIM_EVENTS_H
#define SIM_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "faasconf/rng.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  double time_s;
  int32_t entity;
  int32_t padding;
} event_t;

typedef struct {
  event_t *heap;     /* (capacity) */
  int32_t *position; /* (entities) place in heap, -1 = nothing scheduled */
  int32_t n;
  bool hole; /* heap[0] has fired and is free */
} events_t;

/* Unschedules everything. */
static inline FC_HOST_DEVICE void events_clear(events_t *events) {
  for (int32_t i = 0; i < events->n; ++i) events->position[events->heap[i].entity] = -1;
  events->n = 0;
  events->hole = false;
}

static inline FC_HOST_DEVICE void events_place(events_t *events, int32_t at, event_t event) {
  events->heap[at] = event;
  events->position[event.entity] = at;
}

static inline FC_HOST_DEVICE void events_sift_up(events_t *events, int32_t at, event_t event) {
  while (at > 0) {
    const int32_t parent = (at - 1) >> 2;
    if (!(event.time_s < events->heap[parent].time_s)) break;
    events_place(events, at, events->heap[parent]);
    at = parent;
  }
  events_place(events, at, event);
}

static inline FC_HOST_DEVICE void events_sift_down(events_t *events, int32_t at, event_t event) {
  for (;;) {
    const int32_t first = 4 * at + 1;
    if (first >= events->n) break;
    const int32_t last = first + 4 < events->n ? first + 4 : events->n;
    int32_t least = first;
    double least_s = events->heap[first].time_s;
    for (int32_t child = first + 1; child < last; ++child) {
      const double time_s = events->heap[child].time_s;
      least = time_s < least_s ? child : least;
      least_s = time_s < least_s ? time_s : least_s;
    }
    if (!(least_s < event.time_s)) break;
    events_place(events, at, events->heap[least]);
    at = least;
  }
  events_place(events, at, event);
}

/* Schedules an entity, or moves its event. */
static inline FC_HOST_DEVICE void events_set(events_t *events, int32_t entity, double time_s) {
  const event_t event = {time_s, entity, 0};
  const int32_t at = events->position[entity];
  if (at >= 0) {
    if (at > 0 && time_s < events->heap[(at - 1) >> 2].time_s) {
      events_sift_up(events, at, event);
    } else {
      events_sift_down(events, at, event);
    }
  } else if (events->hole) {
    events->hole = false;
    events_sift_down(events, 0, event);
  } else {
    events_sift_up(events, events->n++, event);
  }
}

/* Unschedules an entity, if it is scheduled; there must be no hole. */
static inline FC_HOST_DEVICE void events_remove(events_t *events, int32_t entity) {
  const int32_t at = events->position[entity];
  if (at < 0) return;
  events->position[entity] = -1;
  const event_t last = events->heap[--events->n];
  if (at == events->n) return;
  if (at > 0 && last.time_s < events->heap[(at - 1) >> 2].time_s) {
    events_sift_up(events, at, last);
  } else {
    events_sift_down(events, at, last);
  }
}

/* Fills the hole at the root, if there is one, with the last entry. */
static inline FC_HOST_DEVICE void events_close(events_t *events) {
  if (!events->hole) return;
  events->hole = false;
  const event_t last = events->heap[--events->n];
  if (events->n > 0) events_sift_down(events, 0, last);
}

/* Takes the earliest event; the set must not be empty and have no hole. Leaves a hole. */
static inline FC_HOST_DEVICE event_t events_take(events_t *events) {
  const event_t event = events->heap[0];
  events->position[event.entity] = -1;
  events->hole = true;
  return event;
}

#ifdef __cplusplus
}
#endif
#endif
