/* load_source.c - see load_source.h. */
#include "load_source.h"

#include <math.h>
#include <stdlib.h>

#include "events.h"
#include "faasconf/rng.h"

/* The Poisson process of an open loop: plain data, so that a copy counts what the original has yet to give. */
typedef struct {
  fc_rng_t rng;
  double next_s; /* INFINITY: there are no more */
  int32_t minute;
} arrivals_t;

typedef struct {
  fc_rng_t think;
  bool busy; /* its request runs */
} user_t;

struct load_source {
  load_shape_t shape;
  bool open;
  int32_t n_places;
  /* closed loop */
  user_t *users;   /* (n_places) */
  events_t due;    /* user -> when it starts its next request */
  int32_t n_users; /* wanted now: the users below */
  int32_t minute;  /* of the trace, now */
  /* open loop */
  arrivals_t arrivals, counted;
  int64_t n_counted;
  int32_t *free_places; /* (n_places) the last one used first: its connection is warm */
  int32_t n_free;
  double freed_s; /* when the last place was given back of which there had been none */
};

static double load_of(const load_shape_t *shape, int32_t minute) {
  if (shape->trace != NULL) return minute < shape->trace->n ? shape->trace->load[minute] : 0;
  return shape->users > 0 ? shape->users : shape->rate_per_s;
}

static double rate_of(const load_shape_t *shape, int32_t minute) {
  return shape->trace != NULL ? load_of(shape, minute) / 60 : shape->rate_per_s;
}

/* The load of `minute` holds until then. */
static double minute_end_s(const load_shape_t *shape, int32_t minute) {
  return shape->trace != NULL && minute < shape->trace->n ? (minute + 1) * shape->minute_s : INFINITY;
}

/* ---- arrivals ---- */

static void draw_next(const load_shape_t *shape, arrivals_t *arrivals, double from_s) {
  for (;; ++arrivals->minute) {
    const double rate_per_s = rate_of(shape, arrivals->minute), end_s = minute_end_s(shape, arrivals->minute);
    if (rate_per_s > 0) {
      arrivals->next_s = from_s - log1p(-fc_rng_uniform(&arrivals->rng)) / rate_per_s;
      if (arrivals->next_s < end_s) return;
    }
    arrivals->next_s = INFINITY;
    if (isinf(end_s)) return;
    from_s = end_s; /* a Poisson process has no memory: begin anew at the next rate */
  }
}

static bool take_arrival(load_source_t *source, double now_s, load_start_t *start) {
  if (source->n_free == 0 || source->arrivals.next_s > now_s) return false;
  start->place = source->free_places[--source->n_free];
  start->intended_s = source->arrivals.next_s;
  start->waited = start->intended_s < source->freed_s;
  draw_next(&source->shape, &source->arrivals, source->arrivals.next_s);
  return true;
}

int64_t load_source_intended(load_source_t *source, double until_s) {
  for (; source->open && source->counted.next_s < until_s; ++source->n_counted)
    draw_next(&source->shape, &source->counted, source->counted.next_s);
  return source->n_counted;
}

/* ---- users ---- */

/* From at_s on so many users are wanted: the missing ones come at the spawn rate, superfluous ones start nothing. */
static void set_users(load_source_t *source, int32_t n_users, double at_s) {
  int32_t n_spawned = 0;
  for (int32_t user = 0; user < source->n_places; ++user) {
    const bool waits = source->due.position[user] >= 0;
    if (user >= n_users) {
      events_remove(&source->due, user);
    } else if (!waits && !source->users[user].busy) {
      events_set(&source->due, user, at_s + n_spawned++ / source->shape.spawn_rate_per_s);
    }
  }
  source->n_users = n_users;
}

static void pass_minutes(load_source_t *source, double now_s) {
  while (minute_end_s(&source->shape, source->minute) <= now_s) {
    const double at_s = minute_end_s(&source->shape, source->minute);
    source->minute += 1;
    set_users(source, (int32_t)load_of(&source->shape, source->minute), at_s);
  }
}

static bool take_user(load_source_t *source, double now_s, load_start_t *start) {
  pass_minutes(source, now_s);
  if (source->due.n == 0 || source->due.heap[0].time_s > now_s) return false;
  const event_t event = events_take(&source->due);
  events_close(&source->due);
  source->users[event.entity].busy = true;
  *start = (load_start_t){.place = event.entity, .intended_s = event.time_s};
  return true;
}

static void user_answered(load_source_t *source, int32_t place, double now_s) {
  user_t *user = &source->users[place];
  pass_minutes(source, now_s);
  user->busy = false;
  if (place >= source->n_users) return;
  double pause_s = 0;
  if (source->shape.think_s > 0) pause_s = -log1p(-fc_rng_uniform(&user->think)) * source->shape.think_s;
  events_set(&source->due, place, now_s + pause_s);
}

int32_t load_source_users(const load_source_t *source, double at_s) {
  if (source->open) return 0;
  const int32_t minute = source->shape.trace != NULL ? (int32_t)((at_s + 1e-9) / source->shape.minute_s) : 0;
  return (int32_t)load_of(&source->shape, minute);
}

/* ---- both ---- */

bool load_source_is_open(const load_source_t *source) {
  return source->open;
}

int32_t load_source_places(const load_source_t *source) {
  return source->n_places;
}

double load_source_due_s(const load_source_t *source) {
  if (source->open) return source->n_free > 0 ? source->arrivals.next_s : INFINITY;
  const double change_s = minute_end_s(&source->shape, source->minute);
  return source->due.n > 0 ? fmin(change_s, source->due.heap[0].time_s) : change_s;
}

bool load_source_take(load_source_t *source, double now_s, load_start_t *start) {
  return source->open ? take_arrival(source, now_s, start) : take_user(source, now_s, start);
}

void load_source_answered(load_source_t *source, int32_t place, double now_s) {
  if (!source->open) {
    user_answered(source, place, now_s);
    return;
  }
  if (source->n_free == 0) source->freed_s = now_s;
  source->free_places[source->n_free++] = place;
}

static fc_status_t open_init(load_source_t *source) {
  source->free_places = calloc((size_t)source->n_places, sizeof *source->free_places);
  if (source->free_places == NULL) return FC_ENOMEM;
  source->n_free = source->n_places;
  for (int32_t i = 0; i < source->n_places; ++i) source->free_places[i] = source->n_places - 1 - i;
  source->freed_s = -INFINITY;
  fc_rng_init(&source->arrivals.rng, source->shape.seed, 0);
  draw_next(&source->shape, &source->arrivals, 0);
  source->counted = source->arrivals;
  return FC_OK;
}

static fc_status_t closed_init(load_source_t *source) {
  const size_t n = (size_t)source->n_places;
  source->users = calloc(n, sizeof *source->users);
  source->due.heap = calloc(n, sizeof *source->due.heap);
  source->due.position = calloc(n, sizeof *source->due.position);
  if (source->users == NULL || source->due.heap == NULL || source->due.position == NULL) return FC_ENOMEM;
  for (int32_t user = 0; user < source->n_places; ++user) {
    source->due.position[user] = -1;
    fc_rng_init(&source->users[user].think, source->shape.seed, 1 + (uint64_t)user);
  }
  set_users(source, (int32_t)load_of(&source->shape, 0), 0);
  return FC_OK;
}

fc_status_t load_source_new(const load_shape_t *shape, load_source_t **out, fc_error_t *error) {
  *out = NULL;
  load_source_t *source = calloc(1, sizeof *source);
  if (source == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for the load");
  source->shape = *shape;
  source->open = shape->trace != NULL ? !shape->trace->closed_loop : shape->users == 0;
  const double most = shape->trace != NULL ? trace_file_most(shape->trace) : shape->users;
  source->n_places = source->open ? shape->n_places : (int32_t)most;
  FC_ASSERT(source->n_places > 0);
  const int32_t n_places = source->n_places;
  if ((source->open ? open_init(source) : closed_init(source)) != FC_OK) {
    load_source_destroy(&source);
    return fc_error_set(error, FC_ENOMEM, "no memory for %d requests at once", (int)n_places);
  }
  *out = source;
  return FC_OK;
}

void load_source_destroy(load_source_t **source) {
  if (*source == NULL) return;
  free((*source)->users);
  free((*source)->due.heap);
  free((*source)->due.position);
  free((*source)->free_places);
  free(*source);
  *source = NULL;
}
