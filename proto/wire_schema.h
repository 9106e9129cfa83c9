/* wire_schema.h - checks that hold for every message of faasconf.v1, driven by the generated descriptors.
 *
 * wire_schema_scan reads the raw bytes before protobuf-c does: it bounds lengths, refuses repeated singular fields,
 * groups, invalid UTF-8, NUL inside strings, more than WIRE_SCHEMA_MAX_UNKNOWN unknown fields, and messages whose
 * structs alone would not fit the budget. Without it protobuf-c would cut strings at a NUL unseen. wire_schema_check
 * walks a filled struct, decoded or about to be encoded: every float finite, every enum known, every string UTF-8. No
 * field can be forgotten: both go by descriptor. Neither allocates; recursion is as deep as the schema (no message is
 * recursive).
 */
#ifndef PROTO_WIRE_SCHEMA_H
#define PROTO_WIRE_SCHEMA_H

#include <protobuf-c/protobuf-c.h>

#include "faasconf/wire.h"
#include "wire_arena.h"

enum { WIRE_SCHEMA_MAX_UNKNOWN = 16, WIRE_SCHEMA_MAX_STRING_BYTES = 4096 };

/* FC_EFORMAT or FC_EEXHAUSTED; the sentence names message and field. */
fc_status_t wire_schema_scan(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t size,
                             size_t budget_bytes, fc_error_t *error);

fc_status_t wire_schema_check(const ProtobufCMessage *message, fc_error_t *error);

/* wire_schema_scan, unpack into the arena, wire_schema_check. *out lives until wire_arena_clear. */
fc_status_t wire_schema_unpack(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t size,
                               wire_arena_t *arena, ProtobufCMessage **out, fc_error_t *error);

/* The next length-prefixed field of this number at or after *at, which moves behind it; *value borrows. false: there is
 * none before `end`. */
bool wire_schema_next(const uint8_t **at, const uint8_t *end, unsigned field, const uint8_t **value,
                      size_t *value_size);

/* True for well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF) without NUL. */
bool wire_schema_is_text(const uint8_t *bytes, size_t size);

#endif
