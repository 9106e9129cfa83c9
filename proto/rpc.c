/* rpc.c - public encoders and decoders of the RPC payloads, and the payloads of register and list.
 *
 * decide and explain are in rpc_decide.c, list and status responses in rpc_status.c, simulation.* in rpc_simulation.c.
 */
#include "faasconf/rpc.h"

#include <stdlib.h>

#include "wire_codec.h"

/* ---- register request ---- */

static fc_status_t register_request_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_rpc_register_request_t *from = plain;
  size_t size = 0;
  (void)arena;
  FC_TRY(wire_fill_count((int64_t)from->size, from->text, "RegisterRequest.text", &size, error));
  ((Faasconf__V1__RegisterRequest *)message)->text = wire_fill_bytes(from->text, size);
  return FC_OK;
}

static fc_status_t register_request_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__RegisterRequest *request = message;
  return wire_expect(request->text.len >= 1, "RegisterRequest.text", "empty; the workflow file's text was expected",
                     error);
}

static fc_status_t register_request_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__RegisterRequest *from = message;
  fc_rpc_register_request_t *to = plain;
  to->text = wire_arena_calloc_outside(arena, from->text.len + 1, 1); /* NUL-terminated for its readers */
  if (to->text == NULL) return wire_out_of_memory(error);
  wire_take_bytes(from->text, to->text, from->text.len);
  to->size = from->text.len;
  return FC_OK;
}

static void register_request_clear(void *plain) {
  fc_rpc_register_request_t *request = plain;
  free(request->text);
}

const wire_codec_t wire_codec_register_request = {&faasconf__v1__register_request__descriptor,
                                                  sizeof(fc_rpc_register_request_t),
                                                  register_request_fill,
                                                  register_request_check,
                                                  register_request_take,
                                                  register_request_clear};

/* ---- register response ---- */

static fc_status_t register_response_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_rpc_register_response_t *from = plain;
  Faasconf__V1__RegisterResponse *to = message;
  (void)arena;
  FC_TRY(FILL_TEXT(from, workflow, to));
  to->digest = wire_fill_bytes(from->digest, sizeof from->digest);
  to->created = from->created;
  return FC_OK;
}

static fc_status_t register_response_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__RegisterResponse *response = message;
  FC_TRY(wire_check_name(response->workflow, "RegisterResponse.workflow", error));
  return wire_check_bytes(response->digest, FC_DIGEST_SIZE, "RegisterResponse.digest", error);
}

static fc_status_t register_response_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__RegisterResponse *from = message;
  fc_rpc_register_response_t *to = plain;
  (void)arena;
  (void)error;
  wire_take_text(from->workflow, to->workflow, sizeof to->workflow);
  wire_take_bytes(from->digest, to->digest, sizeof to->digest);
  to->created = from->created != 0;
  return FC_OK;
}

const wire_codec_t wire_codec_register_response = {&faasconf__v1__register_response__descriptor,
                                                   sizeof(fc_rpc_register_response_t),
                                                   register_response_fill,
                                                   register_response_check,
                                                   register_response_take,
                                                   NULL};

/* ---- list request ---- */

static fc_status_t list_request_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_rpc_list_request_t *from = plain;
  Faasconf__V1__ListRequest *to = message;
  (void)arena;
  return FILL_TEXT(from, workflow, to);
}

static fc_status_t list_request_check(const void *message, fc_error_t *error) {
  return wire_check_name_or_empty(((const Faasconf__V1__ListRequest *)message)->workflow, "ListRequest.workflow",
                                  error);
}

static fc_status_t list_request_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  fc_rpc_list_request_t *to = plain;
  (void)arena;
  (void)error;
  wire_take_text(((const Faasconf__V1__ListRequest *)message)->workflow, to->workflow, sizeof to->workflow);
  return FC_OK;
}

const wire_codec_t wire_codec_list_request = {&faasconf__v1__list_request__descriptor,
                                              sizeof(fc_rpc_list_request_t),
                                              list_request_fill,
                                              list_request_check,
                                              list_request_take,
                                              NULL};

/* ---- public names ---- */

#define RPC_DEFINE(name)                                                                                          \
  fc_status_t fc_rpc_encode_##name(const fc_rpc_##name##_t *from, fc_wire_buffer_t *bytes, fc_error_t *error) {   \
    bytes->size = 0;                                                                                              \
    return wire_codec_encode(&wire_codec_##name, from, bytes, error);                                             \
  }                                                                                                               \
  fc_status_t fc_rpc_decode_##name(const uint8_t *bytes, size_t size, fc_rpc_##name##_t *to, fc_error_t *error) { \
    return wire_codec_decode(&wire_codec_##name, bytes, size, to, error);                                         \
  }                                                                                                               \
  void fc_rpc_##name##_clear(fc_rpc_##name##_t *value) {                                                          \
    wire_codec_clear(&wire_codec_##name, value);                                                                  \
  }
FC_RPC_PAYLOADS(RPC_DEFINE)
#undef RPC_DEFINE
