/* wire_arena.h - memory of one message while it is decoded: budgeted, zeroed, freed at once.
 *
 * protobuf-c amplifies hostile input (two bytes on the wire can become a struct of 150); the arena turns that into a
 * plain refusal: it hands out at most `budget` bytes in at most WIRE_ARENA_MAX_ALLOCATIONS pieces, then NULL for ever.
 * The first block belongs to the caller (a stack buffer), so that small messages need no heap. Also charges what the
 * decoder allocates for the plain structs (wire_arena_charge), so that the budget covers both.
 * One thread; never blocks.
 */
#ifndef PROTO_WIRE_ARENA_H
#define PROTO_WIRE_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  WIRE_ARENA_BASE_BYTES = 65536,        /* of the budget, whatever the size of the message */
  WIRE_ARENA_HARD_CAP_BYTES = 33554432, /* of any budget */
  WIRE_ARENA_MAX_ALLOCATIONS = 200000,  /* pieces handed out */
  WIRE_ARENA_FIRST_BLOCK_BYTES = 4096,  /* on the caller's stack */
  WIRE_ARENA_ALIGNMENT = 16
};

typedef struct wire_arena_block wire_arena_block_t;

typedef struct {
  ProtobufCAllocator allocator; /* for protobuf_c_message_unpack */
  uint8_t *next;                /* free part of the current block */
  size_t left;
  size_t budget; /* bytes that may still be taken from the heap */
  size_t n_allocations;
  size_t next_block_bytes;
  bool exhausted; /* a request was refused */
  wire_arena_block_t *blocks;
} wire_arena_t;

/* Borrows first (WIRE_ARENA_FIRST_BLOCK_BYTES, aligned) until wire_arena_clear. wire_bytes: size of the message. */
void wire_arena_init(wire_arena_t *arena, void *first, size_t wire_bytes);
/* An arena without a budget worth mentioning, for messages we build ourselves. */
void wire_arena_init_trusted(wire_arena_t *arena, void *first);
void wire_arena_clear(wire_arena_t *arena);

/* Zeroed, aligned; NULL when the budget, the count or the heap is exhausted. size 0 gives a valid pointer. */
void *wire_arena_alloc(wire_arena_t *arena, size_t size);
void *wire_arena_array(wire_arena_t *arena, size_t count, size_t size);

/* Takes bytes off the budget for memory the caller is about to allocate elsewhere; false: do not. */
bool wire_arena_charge(wire_arena_t *arena, size_t count, size_t size);

/* wire_arena_charge, then calloc: NULL when refused. Caller owns the result and frees it with free(). */
void *wire_arena_calloc_outside(wire_arena_t *arena, size_t count, size_t size);

#endif
