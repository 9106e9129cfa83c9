/* schema.h - checks that hold for every message of faasconf.v1, driven by the generated descriptors.
 *
 * schema_scan reads the raw bytes before protobuf-c does: it bounds lengths, refuses repeated singular fields, groups,
 * invalid UTF-8, NUL inside strings, more than SCHEMA_MAX_UNKNOWN unknown fields, and messages whose structs alone
 * would not fit the budget. Without it protobuf-c would cut strings at a NUL unseen. schema_check walks a filled
 * struct, decoded or about to be encoded: every float finite, every enum known, every string UTF-8. No field can be
 * forgotten: both go by descriptor. Neither allocates; recursion is as deep as the schema (no message is recursive).
 */
#ifndef PROTO_SCHEMA_H
#define PROTO_SCHEMA_H

#include <protobuf-c/protobuf-c.h>

#include "arena.h"
#include "faasconf/wire.h"

enum { SCHEMA_MAX_UNKNOWN = 16, SCHEMA_MAX_STRING_BYTES = 4096 };

/* FC_EFORMAT or FC_EEXHAUSTED; the sentence names message and field. */
fc_status_t schema_scan(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t size,
                        size_t budget_bytes, fc_error_t *error);

fc_status_t schema_check(const ProtobufCMessage *message, fc_error_t *error);

/* schema_scan, unpack into the arena, schema_check. *out lives until arena_clear. */
fc_status_t schema_unpack(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t size,
                          arena_t *arena, ProtobufCMessage **out, fc_error_t *error);

/* True for well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF) without NUL. */
bool schema_is_text(const uint8_t *bytes, size_t size);

#endif
