/* arena.h - one allocation for many tensors: the same binding code first counts, then hands out.
 *
 * Run the binding with base NULL to learn how many values it takes, allocate them once, run it again with the memory.
 * Every tensor starts on a 64-byte line (for floats), so that vectors never straddle two tensors.
 */
#ifndef SERVER_MODEL_ARENA_H
#define SERVER_MODEL_ARENA_H

#include "faasconf/ops.h"

enum { ARENA_ALIGNMENT_VALUES = 16 };

typedef struct {
  fc_real_t *base;  /* NULL: count only */
  int64_t n_values; /* taken so far */
} arena_t;

/* The next n values, or NULL while counting. Borrowed from the arena's memory. */
static inline fc_real_t *arena_take(arena_t *arena, int64_t n) {
  fc_real_t *at = arena->base == NULL ? NULL : arena->base + arena->n_values;
  arena->n_values += (n + ARENA_ALIGNMENT_VALUES - 1) / ARENA_ALIGNMENT_VALUES * ARENA_ALIGNMENT_VALUES;
  return at;
}

#endif
