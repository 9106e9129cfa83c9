/* arena.c - block list behind arena.h; blocks double, and never exceed what is left of the budget. */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#include "faasconf/wire.h"

struct arena_block {
  arena_block_t *older;
  max_align_t bytes[];
};

static void *allocator_alloc(void *self, size_t size) {
  return arena_alloc(self, size);
}

static void allocator_free(void *self, void *pointer) {
  (void)self;
  (void)pointer; /* all at once in arena_clear */
}

static void start(arena_t *arena, void *first, size_t budget) {
  memset(arena, 0, sizeof *arena);
  arena->allocator.alloc = allocator_alloc;
  arena->allocator.free = allocator_free;
  arena->allocator.allocator_data = arena;
  arena->next = first;
  arena->left = ARENA_FIRST_BLOCK_BYTES;
  arena->budget = budget;
  arena->next_block_bytes = (size_t)4 * ARENA_FIRST_BLOCK_BYTES;
}

void arena_init(arena_t *arena, void *first, size_t wire_bytes) {
  const size_t cap = ARENA_HARD_CAP_BYTES;
  const bool small = wire_bytes < (cap - ARENA_BASE_BYTES) / FC_WIRE_ARENA_FACTOR;
  start(arena, first, small ? wire_bytes * FC_WIRE_ARENA_FACTOR + ARENA_BASE_BYTES : cap);
}

void arena_init_trusted(arena_t *arena, void *first) {
  start(arena, first, (size_t)8 * ARENA_HARD_CAP_BYTES);
}

void arena_clear(arena_t *arena) {
  while (arena->blocks != NULL) {
    arena_block_t *older = arena->blocks->older;
    free(arena->blocks);
    arena->blocks = older;
  }
  arena->next = NULL;
  arena->left = 0;
}

static void *refuse(arena_t *arena) {
  arena->exhausted = true;
  arena->budget = 0;
  arena->left = 0;
  return NULL;
}

static bool grow(arena_t *arena, size_t needed) {
  const size_t header = sizeof(arena_block_t);
  if (arena->budget < header || needed > arena->budget - header) return false;
  size_t bytes = arena->next_block_bytes > needed + header ? arena->next_block_bytes : needed + header;
  if (bytes > arena->budget) bytes = arena->budget;
  arena_block_t *block = malloc(bytes);
  if (block == NULL) return false;
  block->older = arena->blocks;
  arena->blocks = block;
  arena->budget -= bytes;
  arena->next = (uint8_t *)block->bytes;
  arena->left = bytes - header;
  if (arena->next_block_bytes < ARENA_HARD_CAP_BYTES / 16) arena->next_block_bytes *= 2;
  return true;
}

void *arena_alloc(arena_t *arena, size_t size) {
  if (arena->exhausted || size > ARENA_HARD_CAP_BYTES) return refuse(arena);
  const size_t rounded = (size + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
  if (++arena->n_allocations > ARENA_MAX_ALLOCATIONS) return refuse(arena);
  if (rounded > arena->left && !grow(arena, rounded)) return refuse(arena);
  void *piece = arena->next;
  arena->next += rounded;
  arena->left -= rounded;
  memset(piece, 0, rounded);
  return piece;
}

void *arena_array(arena_t *arena, size_t count, size_t size) {
  if (size != 0 && count > ARENA_HARD_CAP_BYTES / size) return refuse(arena);
  return arena_alloc(arena, count * size);
}

bool arena_charge(arena_t *arena, size_t count, size_t size) {
  if (arena->exhausted || (size != 0 && count > arena->budget / size)) {
    (void)refuse(arena);
    return false;
  }
  arena->budget -= count * size;
  return true;
}

void *arena_calloc_outside(arena_t *arena, size_t count, size_t size) {
  if (!arena_charge(arena, count, size)) return NULL;
  return calloc(count > 0 ? count : 1, size);
}
