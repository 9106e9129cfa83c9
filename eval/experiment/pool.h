/* pool.h - methods on measured rows alone: no simulator stands in for the system.
 *
 * A fifth of the rows is held out (architecture of the learner: canonical row SHA-256, first eight bytes as a
 * little-endian number, mod 5 = 0); the others are the methods' offline rows. What a method proposes is answered by the
 * held-out row that is nearest to it in the box of all knobs and was not measured before; a proposal that was measured
 * before is answered by the same row again. So every row is one window, and a method that measures a configuration
 * three times has learned no more than by once: what a choice promises is said by the rows around it, not by itself.
 */
#ifndef EVAL_EXPERIMENT_POOL_H
#define EVAL_EXPERIMENT_POOL_H

#include "cell.h"
#include "contender.h"
#include "rows.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { POOL_NEIGHBOURS = 20 };

typedef struct {
  const fc_workflow_t *workflow; /* borrowed */
  fc_semantics_t semantics;      /* under which the rows were measured */
  int32_t users;                 /* whose targets count */
  tuner_rows_t offline, held_out;
} pool_t;

/* Room for so many rows. FC_ENOMEM. The caller frees with pool_clear, also after a failure. */
fc_status_t pool_init(pool_t *pool, const fc_workflow_t *workflow, fc_semantics_t semantics, int32_t users,
                      int32_t capacity, fc_error_t *error);
void pool_clear(pool_t *pool);

/* Copies one row to the side that its digest (FC_DIGEST_SIZE bytes) says. */
void pool_add(pool_t *pool, const fc_observation_t *window, const uint8_t *digest);

/* Runs the contender once: warm window (the held-out row nearest to the start configuration), budget, choice. Fills
 * *cell (experiment "pool", world "rows", track "rows") with the choice, or the held-out row nearest to it when it is
 * none: cost and qos_met of that row; compliance with its Wilson interval of the POOL_NEIGHBOURS rows around it, itself
 * left out. FC_EINVAL without rows on both sides; errors
 * of the method. Blocks for seconds. */
fc_status_t pool_run(const pool_t *pool, const contender_t *contender, int32_t budget_windows, const char *cache,
                     uint64_t seed, cell_t *cell, fc_error_t *error);

/* The cheapest held-out row that met QoS: what is there to be found, with the luck of one window. -1: none did. */
int32_t pool_cheapest(const pool_t *pool, double *cost_usd_h);

#ifdef __cplusplus
}
#endif
#endif
