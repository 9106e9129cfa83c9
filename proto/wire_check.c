/* wire_check.c - the field rules that many messages share: text, byte strings, configurations, ids. */
#include <stdlib.h>
#include <string.h>

#include "wire_codec.h"
#include "wire_schema.h"

/* ---- fill ---- */

fc_status_t wire_fill_text(const char *from, size_t size, const char *field, char **to, fc_error_t *error) {
  if (memchr(from, '\0', size) == NULL) {
    return fc_error_set(error, FC_EINVAL, "%s: text without its NUL within %zu bytes", field, size);
  }
  *to = (char *)(uintptr_t)from; /* protobuf-c only reads it */
  return FC_OK;
}

ProtobufCBinaryData wire_fill_bytes(const void *bytes, size_t size) {
  return (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)bytes};
}

fc_status_t wire_out_of_memory(fc_error_t *error) {
  return fc_error_set(error, FC_ENOMEM, "no memory for a message, or its budget is spent");
}

fc_status_t wire_fill_count(int64_t count, const void *array, const char *field, size_t *n, fc_error_t *error) {
  if (count < 0 || (count > 0 && array == NULL)) {
    return fc_error_set(error, FC_EINVAL, "%s: %lld elements without an array", field, (long long)count);
  }
  *n = (size_t)count;
  return FC_OK;
}

fc_status_t wire_fill_configuration(const fc_function_configuration_t *from, int32_t n, wire_arena_t *arena,
                                    size_t *n_values, int32_t **values, fc_error_t *error) {
  size_t count = 0;
  FC_TRY(wire_fill_count(n, from, "configuration", &count, error));
  int32_t *flat = wire_arena_array(arena, count * FC_KNOBS, sizeof *flat);
  if (flat == NULL) return wire_out_of_memory(error);
  for (size_t i = 0; i < count; ++i) {
    flat[i * FC_KNOBS + FC_KNOB_CPU] = from[i].cpu_millicores;
    flat[i * FC_KNOBS + FC_KNOB_MEM] = from[i].mem_mib;
    flat[i * FC_KNOBS + FC_KNOB_REPLICAS] = from[i].replicas;
    flat[i * FC_KNOBS + FC_KNOB_CONCURRENCY] = from[i].concurrency;
  }
  *values = flat;
  *n_values = count * FC_KNOBS;
  return FC_OK;
}

/* ---- check ---- */

fc_status_t wire_expect(bool holds, const char *field, const char *problem, fc_error_t *error) {
  return holds ? FC_OK : fc_error_set(error, FC_EFORMAT, "%s: %s", field, problem);
}

fc_status_t wire_check_name_or_empty(const char *text, const char *field, fc_error_t *error) {
  const size_t size = strnlen(text, FC_NAME_SIZE);
  FC_TRY(wire_expect(size < FC_NAME_SIZE, field, "a name of at most 63 bytes was expected", error));
  for (size_t i = 0; i < size; ++i) {
    const unsigned char byte = (unsigned char)text[i];
    FC_TRY(wire_expect(byte >= 0x20 && byte != 0x7F, field, "a name must not hold control characters", error));
  }
  return FC_OK;
}

fc_status_t wire_check_name(const char *text, const char *field, fc_error_t *error) {
  FC_TRY(wire_expect(text[0] != '\0', field, "a name of 1 to 63 bytes was expected", error));
  return wire_check_name_or_empty(text, field, error);
}

fc_status_t wire_check_text(const char *text, size_t most, const char *field, fc_error_t *error) {
  return wire_expect(strnlen(text, most + 1) <= most, field, "text too long", error);
}

fc_status_t wire_check_bytes(ProtobufCBinaryData bytes, size_t size, const char *field, fc_error_t *error) {
  if (bytes.len == size && bytes.data != NULL) return FC_OK;
  return fc_error_set(error, FC_EFORMAT, "%s: %zu bytes where %zu were expected", field, bytes.len, size);
}

fc_status_t wire_check_configuration(const int32_t *values, size_t n_values, size_t n_functions, const char *field,
                                     fc_error_t *error) {
  if (n_functions < 1 || n_functions > FC_MAX_FUNCTIONS) {
    return fc_error_set(error, FC_EFORMAT, "%s: %zu functions where 1 to %d were expected", field, n_functions,
                        FC_MAX_FUNCTIONS);
  }
  if (n_values != n_functions * FC_KNOBS) {
    return fc_error_set(error, FC_EFORMAT, "%s: %zu numbers where %zu functions need %zu", field, n_values, n_functions,
                        n_functions * FC_KNOBS);
  }
  for (size_t i = 0; i < n_values; ++i) {
    if (values[i] < 0) {
      return fc_error_set(error, FC_EFORMAT, "%s[%zu]: %d is negative", field, i, (int)values[i]);
    }
  }
  return FC_OK;
}

fc_status_t wire_check_function_ids(const int32_t *ids, size_t n, const char *field, fc_error_t *error) {
  FC_TRY(wire_expect(n <= FC_MAX_FUNCTIONS, field, "more ids than a workflow has functions", error));
  for (size_t i = 0; i < n; ++i) {
    FC_TRY(wire_expect(ids[i] >= 0 && ids[i] < FC_MAX_FUNCTIONS, field, "an id outside 0 to 1023", error));
    FC_TRY(wire_expect(i == 0 || ids[i] > ids[i - 1], field, "ids must ascend", error));
  }
  return FC_OK;
}

fc_status_t wire_check_details(Faasconf__V1__ErrorDetail *const *details, size_t n, fc_error_t *error) {
  FC_TRY(wire_expect(n <= 64, "details", "more than 64 of them", error));
  for (size_t i = 0; i < n; ++i) FC_TRY(wire_check_text(details[i]->field, 255, "details.field", error));
  return FC_OK;
}

/* ---- take ---- */

void wire_take_text(const char *from, char *to, size_t size) {
  const size_t length = strnlen(from, size - 1);
  memcpy(to, from, length);
  memset(to + length, 0, size - length);
}

fc_status_t wire_take_long_text(const char *from, char **to, wire_arena_t *arena, fc_error_t *error) {
  const size_t length = strnlen(from, WIRE_SCHEMA_MAX_STRING_BYTES);
  *to = wire_arena_calloc_outside(arena, length + 1, 1);
  if (*to == NULL) return wire_out_of_memory(error);
  memcpy(*to, from, length);
  return FC_OK;
}

void wire_take_bytes(ProtobufCBinaryData from, void *to, size_t size) {
  FC_ASSERT_EQ(from.len, size);
  memcpy(to, from.data, size);
}

fc_status_t wire_take_array(const void *from, size_t count, size_t element_size, void **to, wire_arena_t *arena,
                            fc_error_t *error) {
  *to = NULL;
  if (count == 0) return FC_OK;
  *to = wire_arena_calloc_outside(arena, count, element_size);
  if (*to == NULL) return wire_out_of_memory(error);
  memcpy(*to, from, count * element_size);
  return FC_OK;
}

fc_status_t wire_take_long_bytes(ProtobufCBinaryData from, uint8_t **to, size_t *size, wire_arena_t *arena,
                                 fc_error_t *error) {
  void *copy = NULL;
  FC_TRY(wire_take_array(from.data, from.len, 1, &copy, arena, error));
  *to = copy;
  *size = from.len;
  return FC_OK;
}

void wire_take_configuration(const int32_t *values, int32_t n_functions, fc_function_configuration_t *to) {
  for (int32_t i = 0; i < n_functions; ++i) {
    const int32_t *row = values + (size_t)i * FC_KNOBS;
    to[i].cpu_millicores = row[FC_KNOB_CPU];
    to[i].mem_mib = row[FC_KNOB_MEM];
    to[i].replicas = row[FC_KNOB_REPLICAS];
    to[i].concurrency = row[FC_KNOB_CONCURRENCY];
  }
}
