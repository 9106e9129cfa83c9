/* stats.h - what the server counts, and whether it is well.
 *
 * Counters of rpc.h's FC_SERVER_COUNTERS, added to by every thread and read by server.status; never a lock on the way.
 * A problem ("the store refuses writes") has one slot per source, set and cleared by that source alone; the server is
 * degraded while any slot is set. Any thread, never blocks for long.
 */
#ifndef SERVER_STATS_H
#define SERVER_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "faasconf/rpc.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
#define STATS_ENUM(name) STATS_##name,
  FC_SERVER_COUNTERS(STATS_ENUM)
#undef STATS_ENUM
      STATS_COUNTERS
} stats_counter_t;

typedef enum { STATS_SOURCE_STORE = 0, STATS_SOURCE_LEARNER = 1, STATS_SOURCES } stats_source_t;

typedef struct stats stats_t;

/* Caller owns the result and destroys it with stats_destroy. FC_ENOMEM. */
fc_status_t stats_new(stats_t **out, fc_error_t *error);
void stats_destroy(stats_t **stats);

/* n may be negative for those that are a present number (agents_connected). stats may be NULL: nothing happens. */
void stats_add(stats_t *stats, stats_counter_t counter, int64_t n);
void stats_set(stats_t *stats, stats_counter_t counter, uint64_t value);
uint64_t stats_get(const stats_t *stats, stats_counter_t counter);

/* sentence NULL: this source is well again. */
void stats_problem(stats_t *stats, stats_source_t source, const char *sentence);

/* Fills the counters, `degraded` and `problem` (the first set slot) of *response; leaves the rest alone. */
void stats_snapshot(const stats_t *stats, fc_rpc_status_response_t *response);

#ifdef __cplusplus
}
#endif
#endif
