/* draws.h - every random number of the simulator: Philox blocks keyed by (seed, window, entity).
 *
 * One block of four 32-bit numbers per decision, addressed by what it is for (kind, entity, ordinal), never by when it
 * is drawn. So a window depends on (seed, window) only, and two configurations simulated with the same seed and window
 * share their luck call by call, which makes their difference less noisy (common random numbers).
 *
 * Normal draws read a table of quantiles: exact at 2,047 points, linear between them, exact again in both tails. Plain
 * C without allocation, so that it also compiles as CUDA C++.
 */
#ifndef SIM_DRAWS_H
#define SIM_DRAWS_H

#include <math.h>
#include <stdint.h>

#include "faasconf/rng.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a block is for: upper bits of the counter's second word. */
typedef enum {
  DRAW_WINDOW = 0,   /* entity 0: speed of the window */
  DRAW_FUNCTION = 1, /* entity function: its speed in the window */
  DRAW_REPLICA = 2,  /* entity function, ordinal replica: its speed */
  DRAW_START = 3,    /* entity user, ordinal workflow: the orchestrator's start-up */
  DRAW_CALL = 4,     /* entity user, ordinal call: replica, work, answer delay */
  DRAW_PLAN = 5,     /* entity user, ordinal (node, visit): chances, counts */
  DRAW_CHOICE = 6,   /* entity user, ordinal (node, choice): branches */
  DRAW_ARRIVAL = 7,  /* entity 0, ordinal arrival: time to the next one */
  DRAW_COLD = 8      /* entity function, ordinal replica: its start-up */
} draw_kind_t;

enum { DRAW_MAX_ENTITIES = 1 << 24, NORMAL_BITS = 11, NORMAL_CELLS = 1 << NORMAL_BITS };

/* Quantiles of the standard normal at i / NORMAL_CELLS, 0 < i < NORMAL_CELLS; the two ends are never read. */
typedef struct {
  double quantile[NORMAL_CELLS + 1];
} normal_table_t;

void normal_table_init(normal_table_t *table);

/* Quantile of the standard normal, 0 < p < 1, to double precision but for rounding. */
FC_HOST_DEVICE double normal_quantile(double p);

/* The block of (seed, window, kind, entity, ordinal). */
static inline FC_HOST_DEVICE void draw_block(uint64_t seed, int64_t window, draw_kind_t kind, uint32_t entity,
                                             uint32_t ordinal, uint32_t out[4]) {
  const uint64_t w = (uint64_t)window;
  const uint32_t counter[4] = {ordinal, ((uint32_t)kind << 24) | entity, (uint32_t)w, (uint32_t)(w >> 32)};
  const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
  fc_philox(counter, key, out);
}

/* Uniform in [0, 1). */
static inline FC_HOST_DEVICE double draw_uniform(uint32_t bits) {
  return (double)bits * (1.0 / 4294967296.0);
}

/* Standard normal from 32 bits. */
static inline FC_HOST_DEVICE double draw_normal(const normal_table_t *table, uint32_t bits) {
  enum { REST_BITS = 32 - NORMAL_BITS };
  const uint32_t cell = bits >> REST_BITS;
  if (cell == 0 || cell == NORMAL_CELLS - 1) return normal_quantile(((double)bits + 0.5) * (1.0 / 4294967296.0));
  const double share = (double)(bits & ((1u << REST_BITS) - 1u)) * (1.0 / (double)(1u << REST_BITS));
  const double low = table->quantile[cell];
  return low + share * (table->quantile[cell + 1] - low);
}

/* Lognormal factor with mean 1. */
static inline FC_HOST_DEVICE double draw_factor(const normal_table_t *table, double sigma, uint32_t bits) {
  if (!(sigma > 0)) return 1;
  return exp(sigma * draw_normal(table, bits) - 0.5 * sigma * sigma);
}

/* Lognormal factor with median 1. */
static inline FC_HOST_DEVICE double draw_median_factor(const normal_table_t *table, double sigma, uint32_t bits) {
  if (!(sigma > 0)) return 1;
  return exp(sigma * draw_normal(table, bits));
}

#ifdef __cplusplus
}
#endif
#endif
