/* wire_arena.c - block list behind wire_arena.h; blocks double, and never exceed what is left of the budget. */
#include "wire_arena.h"

#include <stdlib.h>
#include <string.h>

#include "faasconf/wire.h"

struct wire_arena_block {
  wire_arena_block_t *older;
  max_align_t bytes[];
};

static void *allocator_alloc(void *self, size_t size) {
  return wire_arena_alloc(self, size);
}

static void allocator_free(void *self, void *pointer) {
  (void)self;
  (void)pointer; /* all at once in wire_arena_clear */
}

static void start(wire_arena_t *arena, void *first, size_t budget) {
  memset(arena, 0, sizeof *arena);
  arena->allocator.alloc = allocator_alloc;
  arena->allocator.free = allocator_free;
  arena->allocator.allocator_data = arena;
  arena->next = first;
  arena->left = WIRE_ARENA_FIRST_BLOCK_BYTES;
  arena->budget = budget;
  arena->next_block_bytes = (size_t)4 * WIRE_ARENA_FIRST_BLOCK_BYTES;
}

void wire_arena_init(wire_arena_t *arena, void *first, size_t wire_bytes) {
  const size_t cap = WIRE_ARENA_HARD_CAP_BYTES;
  const bool small = wire_bytes < (cap - WIRE_ARENA_BASE_BYTES) / FC_WIRE_ARENA_FACTOR;
  start(arena, first, small ? wire_bytes * FC_WIRE_ARENA_FACTOR + WIRE_ARENA_BASE_BYTES : cap);
}

void wire_arena_init_trusted(wire_arena_t *arena, void *first) {
  start(arena, first, (size_t)8 * WIRE_ARENA_HARD_CAP_BYTES);
}

void wire_arena_clear(wire_arena_t *arena) {
  while (arena->blocks != NULL) {
    wire_arena_block_t *older = arena->blocks->older;
    free(arena->blocks);
    arena->blocks = older;
  }
  arena->next = NULL;
  arena->left = 0;
}

static void *refuse(wire_arena_t *arena) {
  arena->exhausted = true;
  arena->budget = 0;
  arena->left = 0;
  return NULL;
}

static bool grow(wire_arena_t *arena, size_t needed) {
  const size_t header = sizeof(wire_arena_block_t);
  if (arena->budget < header || needed > arena->budget - header) return false;
  size_t bytes = arena->next_block_bytes > needed + header ? arena->next_block_bytes : needed + header;
  if (bytes > arena->budget) bytes = arena->budget;
  wire_arena_block_t *block = malloc(bytes);
  if (block == NULL) return false;
  block->older = arena->blocks;
  arena->blocks = block;
  arena->budget -= bytes;
  arena->next = (uint8_t *)block->bytes;
  arena->left = bytes - header;
  if (arena->next_block_bytes < WIRE_ARENA_HARD_CAP_BYTES / 16) arena->next_block_bytes *= 2;
  return true;
}

void *wire_arena_alloc(wire_arena_t *arena, size_t size) {
  if (arena->exhausted || size > WIRE_ARENA_HARD_CAP_BYTES) return refuse(arena);
  const size_t rounded = (size + WIRE_ARENA_ALIGNMENT - 1) / WIRE_ARENA_ALIGNMENT * WIRE_ARENA_ALIGNMENT;
  if (++arena->n_allocations > WIRE_ARENA_MAX_ALLOCATIONS) return refuse(arena);
  if (rounded > arena->left && !grow(arena, rounded)) return refuse(arena);
  void *piece = arena->next;
  arena->next += rounded;
  arena->left -= rounded;
  memset(piece, 0, rounded);
  return piece;
}

void *wire_arena_array(wire_arena_t *arena, size_t count, size_t size) {
  if (size != 0 && count > WIRE_ARENA_HARD_CAP_BYTES / size) return refuse(arena);
  return wire_arena_alloc(arena, count * size);
}

bool wire_arena_charge(wire_arena_t *arena, size_t count, size_t size) {
  if (arena->exhausted || (size != 0 && count > arena->budget / size)) {
    (void)refuse(arena);
    return false;
  }
  arena->budget -= count * size;
  return true;
}

void *wire_arena_calloc_outside(wire_arena_t *arena, size_t count, size_t size) {
  if (!wire_arena_charge(arena, count, size)) return NULL;
  return calloc(count > 0 ? count : 1, size);
}
