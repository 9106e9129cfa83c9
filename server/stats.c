/* stats.c - relaxed atomic counters and a few sentences under a mutex (stats.h). */
#include "stats.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct stats {
  _Atomic uint64_t counter[STATS_COUNTERS];
  pthread_mutex_t *mutex; /* of `problem`; apart, so that a const stats_t can be read */
  char problem[STATS_SOURCES][256];
};

fc_status_t stats_new(stats_t **out, fc_error_t *error) {
  stats_t *stats = calloc(1, sizeof *stats);
  pthread_mutex_t *mutex = malloc(sizeof *mutex);
  if (stats == NULL || mutex == NULL) {
    free(mutex);
    free(stats);
    return fc_error_set(error, FC_ENOMEM, "no memory for the counters");
  }
  FC_ASSERT_EQ(pthread_mutex_init(mutex, NULL), 0);
  stats->mutex = mutex;
  *out = stats;
  return FC_OK;
}

void stats_destroy(stats_t **stats) {
  if (stats == NULL || *stats == NULL) return;
  pthread_mutex_destroy((*stats)->mutex);
  free((*stats)->mutex);
  free(*stats);
  *stats = NULL;
}

void stats_add(stats_t *stats, stats_counter_t counter, int64_t n) {
  if (stats == NULL) return;
  atomic_fetch_add_explicit(&stats->counter[counter], (uint64_t)n, memory_order_relaxed);
}

void stats_set(stats_t *stats, stats_counter_t counter, uint64_t value) {
  if (stats == NULL) return;
  atomic_store_explicit(&stats->counter[counter], value, memory_order_relaxed);
}

uint64_t stats_get(const stats_t *stats, stats_counter_t counter) {
  return atomic_load_explicit(&stats->counter[counter], memory_order_relaxed);
}

void stats_problem(stats_t *stats, stats_source_t source, const char *sentence) {
  if (stats == NULL) return;
  pthread_mutex_lock(stats->mutex);
  snprintf(stats->problem[source], sizeof stats->problem[source], "%s", sentence == NULL ? "" : sentence);
  pthread_mutex_unlock(stats->mutex);
}

void stats_snapshot(const stats_t *stats, fc_rpc_status_response_t *response) {
#define STATS_COPY(name) response->name = stats_get(stats, STATS_##name);
  FC_SERVER_COUNTERS(STATS_COPY)
#undef STATS_COPY
  response->degraded = false;
  response->problem[0] = '\0';
  pthread_mutex_lock(stats->mutex);
  for (int i = STATS_SOURCES - 1; i >= 0; --i) {
    if (stats->problem[i][0] == '\0') continue;
    response->degraded = true;
    snprintf(response->problem, sizeof response->problem, "%s", stats->problem[i]);
  }
  pthread_mutex_unlock(stats->mutex);
}
