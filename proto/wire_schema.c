/* wire_schema.c - see wire_schema.h. Encoding: protocolbuffers.dev/programming-guides/encoding. */
#include "wire_schema.h"

#include <math.h>
#include <string.h>

/* ---- text ---- */

/* Length of the UTF-8 sequence at `at`, 0 when it is malformed. Table 3-7 of the Unicode standard. */
static size_t sequence_length(const uint8_t *at, size_t left) {
  const uint8_t lead = at[0];
  if (lead < 0x80) return 1;
  uint8_t low = 0x80, high = 0xBF;
  size_t length;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (left < length || at[1] < low || at[1] > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (at[i] < 0x80 || at[i] > 0xBF) return 0;
  }
  return length;
}

bool wire_schema_is_text(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size;) {
    if (bytes[i] == 0) return false;
    const size_t length = sequence_length(bytes + i, size - i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

/* ---- raw bytes ---- */

typedef struct {
  const uint8_t *at;
  const uint8_t *end;
} cursor_t;

typedef struct {
  size_t n_unknown;
  size_t struct_bytes; /* lower bound of what unpacking needs */
  size_t budget_bytes;
  fc_error_t *error;
} scan_t;

static bool read_varint(cursor_t *cursor, uint64_t *out) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && cursor->at < cursor->end; shift += 7) {
    const uint8_t byte = *cursor->at++;
    if (shift == 63 && byte > 1) return false;
    value |= (uint64_t)(byte & 0x7Fu) << shift;
    if ((byte & 0x80u) == 0) {
      *out = value;
      return true;
    }
  }
  return false;
}

static fc_status_t malformed(const scan_t *scan, const ProtobufCMessageDescriptor *descriptor, const char *field,
                             const char *problem) {
  return fc_error_set(scan->error, FC_EFORMAT, "%s.%s: %s", descriptor->short_name, field, problem);
}

/* Moves over one value; *value_size and *value are set for length-prefixed ones. */
static bool read_value(cursor_t *cursor, unsigned wire_type, const uint8_t **value, size_t *value_size) {
  uint64_t number = 0;
  size_t step = 0;
  *value = NULL;
  *value_size = 0;
  switch (wire_type) {
    case PROTOBUF_C_WIRE_TYPE_VARINT:
      return read_varint(cursor, &number);
    case PROTOBUF_C_WIRE_TYPE_64BIT:
      step = 8;
      break;
    case PROTOBUF_C_WIRE_TYPE_32BIT:
      step = 4;
      break;
    case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
      if (!read_varint(cursor, &number) || number > (uint64_t)(cursor->end - cursor->at)) return false;
      step = (size_t)number;
      *value = cursor->at;
      *value_size = step;
      break;
    default: /* groups, and what does not exist */
      return false;
  }
  if ((size_t)(cursor->end - cursor->at) < step) return false;
  cursor->at += step;
  return true;
}

static bool is_packable(ProtobufCType type) {
  return type != PROTOBUF_C_TYPE_STRING && type != PROTOBUF_C_TYPE_BYTES && type != PROTOBUF_C_TYPE_MESSAGE;
}

static unsigned natural_wire_type(ProtobufCType type) {
  switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
      return PROTOBUF_C_WIRE_TYPE_32BIT;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
      return PROTOBUF_C_WIRE_TYPE_64BIT;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
      return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
    default:
      return PROTOBUF_C_WIRE_TYPE_VARINT;
  }
}

static fc_status_t scan_message(scan_t *scan, const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes,
                                size_t size);

static fc_status_t scan_field(scan_t *scan, const ProtobufCMessageDescriptor *descriptor,
                              const ProtobufCFieldDescriptor *field, unsigned wire_type, const uint8_t *value,
                              size_t value_size) {
  const bool packed = field->label == PROTOBUF_C_LABEL_REPEATED && is_packable(field->type) &&
                      wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
  if (!packed && wire_type != natural_wire_type(field->type)) {
    return malformed(scan, descriptor, field->name, "another wire type than its own");
  }
  if (field->type == PROTOBUF_C_TYPE_STRING) {
    if (value_size > WIRE_SCHEMA_MAX_STRING_BYTES)
      return malformed(scan, descriptor, field->name, "longer than 4096 bytes");
    if (!wire_schema_is_text(value, value_size)) {
      return malformed(scan, descriptor, field->name, "not UTF-8 text without NUL");
    }
  }
  if (field->type == PROTOBUF_C_TYPE_MESSAGE) return scan_message(scan, field->descriptor, value, value_size);
  return FC_OK;
}

static fc_status_t scan_message(scan_t *scan, const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes,
                                size_t size) {
  scan->struct_bytes += descriptor->sizeof_message;
  if (scan->struct_bytes > scan->budget_bytes) {
    return fc_error_set(scan->error, FC_EEXHAUSTED,
                        "%s: so many parts that decoding would need more than the %zu bytes allowed for this size",
                        descriptor->short_name, scan->budget_bytes);
  }
  cursor_t cursor = {bytes, bytes + size};
  uint64_t seen = 0; /* by index of the descriptor; no message of ours has 64 fields */
  FC_ASSERT(descriptor->n_fields <= 64);
  while (cursor.at < cursor.end) {
    uint64_t tag = 0;
    const uint8_t *value = NULL;
    size_t value_size = 0;
    if (!read_varint(&cursor, &tag) || tag > UINT32_MAX || (tag >> 3) == 0) {
      return malformed(scan, descriptor, "?", "a broken field tag");
    }
    const unsigned wire_type = (unsigned)(tag & 7u);
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(descriptor, (unsigned)(tag >> 3));
    if (!read_value(&cursor, wire_type, &value, &value_size)) {
      return malformed(scan, descriptor, field != NULL ? field->name : "?", "cut off, or of an impossible length");
    }
    if (field == NULL) {
      if (++scan->n_unknown > WIRE_SCHEMA_MAX_UNKNOWN) {
        return malformed(scan, descriptor, "?", "more than 16 unknown fields in the message");
      }
      continue;
    }
    const uint64_t bit = UINT64_C(1) << (field - descriptor->fields);
    if (field->label != PROTOBUF_C_LABEL_REPEATED && (seen & bit) != 0) {
      return malformed(scan, descriptor, field->name, "given twice");
    }
    seen |= bit;
    FC_TRY(scan_field(scan, descriptor, field, wire_type, value, value_size));
  }
  return FC_OK;
}

fc_status_t wire_schema_scan(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t size,
                             size_t budget_bytes, fc_error_t *error) {
  scan_t scan = {.budget_bytes = budget_bytes, .error = error};
  return scan_message(&scan, descriptor, bytes, size);
}

bool wire_schema_next(const uint8_t **at, const uint8_t *end, unsigned field, const uint8_t **value,
                      size_t *value_size) {
  cursor_t cursor = {*at, end};
  uint64_t tag = 0;
  while (read_varint(&cursor, &tag) && read_value(&cursor, (unsigned)(tag & 7u), value, value_size)) {
    if (tag >> 3 != field || *value == NULL) continue;
    *at = cursor.at;
    return true;
  }
  return false;
}

/* ---- filled structs ---- */

static fc_status_t check_value(const ProtobufCMessageDescriptor *descriptor, const ProtobufCFieldDescriptor *field,
                               const void *value, size_t index, fc_error_t *error) {
  const char *problem = NULL;
  switch (field->type) {
    case PROTOBUF_C_TYPE_DOUBLE:
      if (!isfinite(*(const double *)value)) problem = "not a finite number";
      break;
    case PROTOBUF_C_TYPE_FLOAT:
      if (!isfinite(*(const float *)value)) problem = "not a finite number";
      break;
    case PROTOBUF_C_TYPE_ENUM:
      if (protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)value) == NULL) {
        problem = "not a value of its enumeration";
      }
      break;
    case PROTOBUF_C_TYPE_STRING: {
      const char *text = *(char *const *)value;
      const size_t size = text != NULL ? strnlen(text, (size_t)WIRE_SCHEMA_MAX_STRING_BYTES + 1) : 0;
      if (size > WIRE_SCHEMA_MAX_STRING_BYTES) problem = "longer than 4096 bytes";
      if (size > 0 && !wire_schema_is_text((const uint8_t *)text, size)) problem = "not UTF-8 text";
      break;
    }
    case PROTOBUF_C_TYPE_MESSAGE: {
      const ProtobufCMessage *part = *(ProtobufCMessage *const *)value;
      return part != NULL ? wire_schema_check(part, error) : FC_OK;
    }
    default:
      break;
  }
  if (problem == NULL) return FC_OK;
  if (field->label == PROTOBUF_C_LABEL_REPEATED) {
    return fc_error_set(error, FC_EFORMAT, "%s.%s[%zu]: %s", descriptor->short_name, field->name, index, problem);
  }
  return fc_error_set(error, FC_EFORMAT, "%s.%s: %s", descriptor->short_name, field->name, problem);
}

static size_t element_size(ProtobufCType type) {
  switch (type) {
    case PROTOBUF_C_TYPE_DOUBLE:
      return sizeof(double);
    case PROTOBUF_C_TYPE_FLOAT:
      return sizeof(float);
    case PROTOBUF_C_TYPE_ENUM:
      return sizeof(int);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
      return sizeof(void *);
    default:
      return 0; /* nothing to check in the others */
  }
}

/* How many numbers there are before the first that is not finite. */
static size_t count_finite(const double *values, size_t n) {
  size_t k = 0;
  while (k < n && isfinite(values[k])) ++k;
  return k;
}

fc_status_t wire_schema_check(const ProtobufCMessage *message, fc_error_t *error) {
  const ProtobufCMessageDescriptor *descriptor = message->descriptor;
  const uint8_t *base = (const uint8_t *)message;
  for (unsigned i = 0; i < descriptor->n_fields; ++i) {
    const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
    const size_t size = element_size(field->type);
    if (size == 0) continue;
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
      FC_TRY(check_value(descriptor, field, base + field->offset, 0, error));
      continue;
    }
    const size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
    const uint8_t *elements = *(uint8_t *const *)(const void *)(base + field->offset);
    size_t k = 0;
    /* Most of a message are numbers, and nearly all messages are right: only a wrong one takes the long way. */
    if (field->type == PROTOBUF_C_TYPE_DOUBLE) k = count_finite((const double *)(const void *)elements, count);
    for (; k < count; ++k) FC_TRY(check_value(descriptor, field, elements + k * size, k, error));
  }
  return FC_OK;
}

fc_status_t wire_schema_unpack(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t size,
                               wire_arena_t *arena, ProtobufCMessage **out, fc_error_t *error) {
  static const uint8_t nothing[1] = {0};
  const uint8_t *start = size > 0 ? bytes : nothing;
  FC_TRY(wire_schema_scan(descriptor, start, size, arena->budget, error));
  *out = protobuf_c_message_unpack(descriptor, &arena->allocator, size, start);
  if (*out == NULL && arena->exhausted) {
    return fc_error_set(error, FC_EEXHAUSTED, "%s: decoding needs more memory than a message of %zu bytes may use",
                        descriptor->short_name, size);
  }
  if (*out == NULL) return fc_error_set(error, FC_EFORMAT, "%s: not a protobuf message", descriptor->short_name);
  return wire_schema_check(*out, error);
}
