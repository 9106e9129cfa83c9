/* arena.h - memory of one message while it is decoded: budgeted, zeroed, freed at once.
 *
 * protobuf-c amplifies hostile input (two bytes on the wire can become a struct of 150); the arena turns that into a
 * plain refusal: it hands out at most `budget` bytes in at most ARENA_MAX_ALLOCATIONS pieces, then NULL for ever. The
 * first block belongs to the caller (a stack buffer), so that small messages need no heap. Also charges what the
 * decoder allocates for the plain structs (arena_charge), so that the budget covers both.
 * One thread; never blocks.
 */
#ifndef PROTO_ARENA_H
#define PROTO_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  ARENA_BASE_BYTES = 65536,        /* of the budget, whatever the size of the message */
  ARENA_HARD_CAP_BYTES = 33554432, /* of any budget */
  ARENA_MAX_ALLOCATIONS = 200000,  /* pieces handed out */
  ARENA_FIRST_BLOCK_BYTES = 4096,  /* on the caller's stack */
  ARENA_ALIGNMENT = 16
};

typedef struct arena_block arena_block_t;

typedef struct {
  ProtobufCAllocator allocator; /* for protobuf_c_message_unpack */
  uint8_t *next;                /* free part of the current block */
  size_t left;
  size_t budget; /* bytes that may still be taken from the heap */
  size_t n_allocations;
  size_t next_block_bytes;
  bool exhausted; /* a request was refused */
  arena_block_t *blocks;
} arena_t;

/* Borrows first (ARENA_FIRST_BLOCK_BYTES, aligned) until arena_clear. wire_bytes: size of the message. */
void arena_init(arena_t *arena, void *first, size_t wire_bytes);
/* An arena without a budget worth mentioning, for messages we build ourselves. */
void arena_init_trusted(arena_t *arena, void *first);
void arena_clear(arena_t *arena);

/* Zeroed, aligned; NULL when the budget, the count or the heap is exhausted. size 0 gives a valid pointer. */
void *arena_alloc(arena_t *arena, size_t size);
void *arena_array(arena_t *arena, size_t count, size_t size);

/* Takes bytes off the budget for memory the caller is about to allocate elsewhere; false: do not. */
bool arena_charge(arena_t *arena, size_t count, size_t size);

/* arena_charge, then calloc: NULL when refused. Caller owns the result and frees it with free(). */
void *arena_calloc_outside(arena_t *arena, size_t count, size_t size);

#endif
