/* wire.c - frames: the 20-byte header, the table of messages, and the order of checks on the way in.
 *
 * Header, little-endian: magic, version u16, type u16, payload length, crc32c, flags. The crc covers the header's other
 * fields and the payload, so that a flipped bit anywhere is seen.
 * Decoding: size cap -> header -> crc -> table row -> wire_codec_decode (schema scan, budgeted unpack, field rules,
 * copy).
 */
#include "faasconf/wire.h"

#include <stdlib.h>
#include <string.h>

#include "wire_codec.h"
#include "wire_schema.h"

enum { KNOWN_FLAGS = FC_WIRE_FLAG_LOCKSTEP };

/* ---- codecs ---- */

fc_status_t wire_buffer_reserve(fc_wire_buffer_t *buffer, size_t size, fc_error_t *error) {
  if (size <= buffer->capacity) return FC_OK;
  size_t capacity = buffer->capacity > 0 ? buffer->capacity : 256;
  while (capacity < size) capacity *= 2;
  uint8_t *data = realloc(buffer->data, capacity);
  if (data == NULL) return wire_out_of_memory(error);
  buffer->data = data;
  buffer->capacity = capacity;
  return FC_OK;
}

static fc_status_t pack(const ProtobufCMessage *message, fc_wire_buffer_t *out, fc_error_t *error) {
  const size_t size = protobuf_c_message_get_packed_size(message);
  if (size > FC_WIRE_MAX_REPLY_BYTES - FC_WIRE_HEADER_SIZE) {
    return fc_error_set(error, FC_EEXHAUSTED, "%s: %zu bytes, and nobody accepts more than %d; send less at once",
                        message->descriptor->short_name, size, FC_WIRE_MAX_REPLY_BYTES - FC_WIRE_HEADER_SIZE);
  }
  FC_TRY(wire_buffer_reserve(out, out->size + size, error));
  if (size > 0) FC_ASSERT_EQ(protobuf_c_message_pack(message, out->data + out->size), size);
  out->size += size;
  return FC_OK;
}

fc_status_t wire_codec_encode(const wire_codec_t *codec, const void *plain, fc_wire_buffer_t *out, fc_error_t *error) {
  max_align_t first[WIRE_ARENA_FIRST_BLOCK_BYTES / sizeof(max_align_t)];
  wire_arena_t arena;
  wire_arena_init_trusted(&arena, first);
  fc_status_t status = FC_OK;
  ProtobufCMessage *message = wire_arena_alloc(&arena, codec->descriptor->sizeof_message);
  if (message == NULL) {
    status = wire_out_of_memory(error);
    goto out;
  }
  protobuf_c_message_init(codec->descriptor, message);
  FC_TRY_GOTO(codec->fill(plain, message, &arena, error), status, out);
  FC_TRY_GOTO(wire_schema_check(message, error), status, out);
  FC_TRY_GOTO(codec->check(message, error), status, out);
  FC_TRY_GOTO(pack(message, out, error), status, out);
out:
  wire_arena_clear(&arena);
  if (status == FC_EFORMAT) {
    status = FC_EINVAL;
    if (error != NULL) error->status = status;
  }
  return status;
}

void wire_codec_clear(const wire_codec_t *codec, void *plain) {
  if (codec->clear != NULL) codec->clear(plain);
  memset(plain, 0, codec->plain_size);
}

fc_status_t wire_codec_decode(const wire_codec_t *codec, const uint8_t *bytes, size_t size, void *plain,
                              fc_error_t *error) {
  max_align_t first[WIRE_ARENA_FIRST_BLOCK_BYTES / sizeof(max_align_t)];
  wire_arena_t arena;
  wire_arena_init(&arena, first, size);
  memset(plain, 0, codec->plain_size);
  fc_status_t status = FC_OK;
  ProtobufCMessage *message = NULL;
  FC_TRY_GOTO(wire_schema_unpack(codec->descriptor, bytes, size, &arena, &message, error), status, out);
  FC_TRY_GOTO(codec->check(message, error), status, out);
  FC_TRY_GOTO(codec->take(message, plain, &arena, error), status, out);
out:
  if (status == FC_ENOMEM && arena.exhausted) {
    status = fc_error_set(error, FC_EEXHAUSTED, "%s: decoding needs more memory than a message of %zu bytes may use",
                          codec->descriptor->short_name, size);
  }
  wire_arena_clear(&arena);
  if (status != FC_OK) wire_codec_clear(codec, plain);
  return status;
}

/* ---- header ---- */

typedef struct {
  uint32_t magic;
  uint16_t version, type;
  uint32_t length, crc, flags;
} header_t;

static void put_u16(uint8_t *at, uint16_t value) {
  at[0] = (uint8_t)value;
  at[1] = (uint8_t)(value >> 8);
}
static void put_u32(uint8_t *at, uint32_t value) {
  put_u16(at, (uint16_t)value);
  put_u16(at + 2, (uint16_t)(value >> 16));
}
static uint16_t get_u16(const uint8_t *at) {
  return (uint16_t)(at[0] | (unsigned)at[1] << 8);
}
static uint32_t get_u32(const uint8_t *at) {
  return get_u16(at) | (uint32_t)get_u16(at + 2) << 16;
}

/* Over magic to length, flags, payload. */
static uint32_t frame_crc(const uint8_t *frame, size_t length) {
  const uint32_t crc = fc_crc32c(fc_crc32c(0, frame, 12), frame + 16, 4);
  return fc_crc32c(crc, frame + FC_WIRE_HEADER_SIZE, length);
}

static header_t header_read(const uint8_t *frame) {
  return (header_t){.magic = get_u32(frame),
                    .version = get_u16(frame + 4),
                    .type = get_u16(frame + 6),
                    .length = get_u32(frame + 8),
                    .crc = get_u32(frame + 12),
                    .flags = get_u32(frame + 16)};
}

static fc_status_t header_check(const header_t *header, size_t size, fc_error_t *error) {
  if (header->magic != FC_WIRE_MAGIC) {
    return fc_error_set(error, FC_EFORMAT, "not a faasconf frame: it starts with 0x%08x, not with \"FCW1\"",
                        (unsigned)header->magic);
  }
  if (header->version != FC_WIRE_VERSION) {
    return fc_error_set(error, FC_EMISMATCH, "frame of protocol version %u; this side speaks version %d",
                        (unsigned)header->version, FC_WIRE_VERSION);
  }
  if (header->length != size - FC_WIRE_HEADER_SIZE) {
    return fc_error_set(error, FC_EFORMAT, "the frame announces %u bytes of payload and holds %zu",
                        (unsigned)header->length, size - FC_WIRE_HEADER_SIZE);
  }
  return FC_OK;
}

/* ---- messages ---- */

/* The table: one row per message; NULL for numbers that are none. */
static const wire_codec_t *codec_of(uint32_t type) {
  switch (type) {
#define CODEC_ROW(name, number, message, member) \
  case FC_WIRE_##name:                           \
    return &wire_codec_##member;
    FC_WIRE_MESSAGES(CODEC_ROW)
#undef CODEC_ROW
    default:
      return NULL;
  }
}

/* All members of the union start where the union does. */
static void *body_of(fc_wire_message_t *message) {
  return &message->as;
}

fc_status_t fc_wire_encode(const fc_wire_message_t *message, fc_wire_buffer_t *frame, fc_error_t *error) {
  const wire_codec_t *codec = codec_of((uint32_t)message->type);
  if (codec == NULL) return fc_error_set(error, FC_EINVAL, "there is no message type %d", (int)message->type);
  if ((message->flags & ~(uint32_t)KNOWN_FLAGS) != 0) {
    return fc_error_set(error, FC_EINVAL, "unknown frame flags 0x%x", (unsigned)message->flags);
  }
  FC_TRY(wire_buffer_reserve(frame, FC_WIRE_HEADER_SIZE, error));
  frame->size = FC_WIRE_HEADER_SIZE;
  const fc_status_t status = wire_codec_encode(codec, &message->as, frame, error);
  if (status != FC_OK) {
    frame->size = 0;
    return status;
  }
  const size_t length = frame->size - FC_WIRE_HEADER_SIZE;
  put_u32(frame->data, FC_WIRE_MAGIC);
  put_u16(frame->data + 4, FC_WIRE_VERSION);
  put_u16(frame->data + 6, (uint16_t)message->type);
  put_u32(frame->data + 8, (uint32_t)length);
  put_u32(frame->data + 16, message->flags);
  put_u32(frame->data + 12, frame_crc(frame->data, length));
  return FC_OK;
}

fc_status_t fc_wire_decode(const uint8_t *frame, size_t size, size_t max_bytes, fc_wire_message_t *message,
                           fc_error_t *error) {
  memset(message, 0, sizeof *message);
  if (size > max_bytes) {
    return fc_error_set(error, FC_EEXHAUSTED, "a frame of %zu bytes; at most %zu are accepted here", size, max_bytes);
  }
  if (size < FC_WIRE_HEADER_SIZE) {
    return fc_error_set(error, FC_EFORMAT, "a frame of %zu bytes is shorter than its header of %d", size,
                        FC_WIRE_HEADER_SIZE);
  }
  const header_t header = header_read(frame);
  FC_TRY(header_check(&header, size, error));
  const uint8_t *payload = frame + FC_WIRE_HEADER_SIZE;
  const uint32_t crc = frame_crc(frame, header.length);
  if (crc != header.crc) {
    return fc_error_set(error, FC_EFORMAT, "damaged frame: crc32c is 0x%08x, the header says 0x%08x", (unsigned)crc,
                        (unsigned)header.crc);
  }
  if ((header.flags & ~(uint32_t)KNOWN_FLAGS) != 0) {
    return fc_error_set(error, FC_EMISMATCH, "frame flags 0x%x ask for something this side does not know",
                        (unsigned)header.flags);
  }
  const wire_codec_t *codec = codec_of(header.type);
  if (codec == NULL) return fc_error_set(error, FC_EFORMAT, "there is no message type %u", (unsigned)header.type);
  FC_TRY(wire_codec_decode(codec, payload, header.length, body_of(message), error));
  message->type = (fc_wire_type_t)header.type;
  message->flags = header.flags;
  return FC_OK;
}

void fc_wire_message_clear(fc_wire_message_t *message) {
  const wire_codec_t *codec = codec_of((uint32_t)message->type);
  if (codec != NULL) wire_codec_clear(codec, body_of(message));
  memset(message, 0, sizeof *message);
}

void fc_wire_buffer_clear(fc_wire_buffer_t *buffer) {
  free(buffer->data);
  memset(buffer, 0, sizeof *buffer);
}

fc_status_t fc_wire_encode_transition(const fc_transition_t *transition, fc_wire_buffer_t *bytes, fc_error_t *error) {
  bytes->size = 0;
  return wire_codec_encode(&wire_codec_transition, transition, bytes, error);
}

fc_status_t fc_wire_decode_transition(const uint8_t *bytes, size_t size, fc_transition_t *transition,
                                      fc_error_t *error) {
  return wire_codec_decode(&wire_codec_transition, bytes, size, transition, error);
}
