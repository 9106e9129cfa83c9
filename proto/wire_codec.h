/* wire_codec.h - one table row per message of faasconf.v1: how a plain struct becomes a generated one and back.
 *
 *   encode: fill (borrows from the plain struct, arrays in the arena) -> schema check -> check -> pack
 *   decode: schema scan -> unpack into the arena -> schema check -> check -> take (copies out) -> clear the arena
 *
 * `check` holds the rules of one message that the schema cannot say (sizes, counts, names) and serves both directions,
 * so that nothing can be encoded that would not decode. It reports FC_EFORMAT; encoding turns that into FC_EINVAL.
 * Any thread; never blocks.
 */
#ifndef PROTO_WIRE_CODEC_H
#define PROTO_WIRE_CODEC_H

#include "faasconf/rpc.h"
#include "faasconf/v1/control.pb-c.h"
#include "faasconf/v1/policy.pb-c.h"
#include "faasconf/v1/rpc.pb-c.h"
#include "faasconf/v1/safety.pb-c.h"
#include "faasconf/v1/session.pb-c.h"
#include "faasconf/v1/simulation.pb-c.h"
#include "faasconf/v1/transition.pb-c.h"
#include "wire_arena.h"

typedef struct {
  const ProtobufCMessageDescriptor *descriptor;
  size_t plain_size;
  /* *message was initialised; may point into *plain and into the arena. */
  fc_status_t (*fill)(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error);
  fc_status_t (*check)(const void *message, fc_error_t *error);
  /* *plain is zeroed; what it owns comes from wire_arena_calloc_outside. On failure the caller calls clear. */
  fc_status_t (*take)(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error);
  /* Frees what *plain owns and zeroes it; NULL: the struct owns nothing. */
  void (*clear)(void *plain);
} wire_codec_t;

/* Appends the message to *out. FC_EINVAL, FC_EEXHAUSTED (larger than anybody accepts), FC_ENOMEM. */
fc_status_t wire_codec_encode(const wire_codec_t *codec, const void *plain, fc_wire_buffer_t *out, fc_error_t *error);
/* *plain is zeroed on failure. */
fc_status_t wire_codec_decode(const wire_codec_t *codec, const uint8_t *bytes, size_t size, void *plain,
                              fc_error_t *error);
void wire_codec_clear(const wire_codec_t *codec, void *plain);

/* Makes room for `size` bytes in all. */
fc_status_t wire_buffer_reserve(fc_wire_buffer_t *buffer, size_t size, fc_error_t *error);

/* The rows, by file. */
extern const wire_codec_t wire_codec_hello, wire_codec_welcome, wire_codec_refusal,
    wire_codec_heartbeat;                                                                /* wire_session.c */
extern const wire_codec_t wire_codec_transitions, wire_codec_ack, wire_codec_transition; /* wire_transition.c */
extern const wire_codec_t wire_codec_hint, wire_codec_pull, wire_codec_chunk;            /* wire_policy.c */
extern const wire_codec_t wire_codec_safety_pull, wire_codec_safety;                     /* wire_safety.c */
extern const wire_codec_t wire_codec_proposal, wire_codec_approval, wire_codec_step,
    wire_codec_step_ack;                                                   /* wire_control.c */
extern const wire_codec_t wire_codec_rpc_request, wire_codec_rpc_response; /* wire_rpc.c */
extern const wire_codec_t wire_codec_register_request, wire_codec_register_response,
    wire_codec_list_request; /* rpc.c */
extern const wire_codec_t wire_codec_decide_request, wire_codec_decide_response,
    wire_codec_explain_response;                                                /* rpc_decide.c */
extern const wire_codec_t wire_codec_list_response, wire_codec_status_response; /* rpc_status.c */
extern const wire_codec_t wire_codec_simulation_join_request, wire_codec_simulation_state,
    wire_codec_simulation_write_request, wire_codec_simulation_window_request,
    wire_codec_simulation_window_response; /* rpc_simulation.c */

/* Parts that several messages share (wire_session.c, wire_observation.c). Null-tolerant where absence is allowed. */
fc_status_t wire_signature_fill(const fc_wire_signature_t *from, Faasconf__V1__Signature **to, wire_arena_t *arena,
                                fc_error_t *error);
fc_status_t wire_signature_check(const Faasconf__V1__Signature *signature, const char *field, fc_error_t *error);
void wire_signature_take(const Faasconf__V1__Signature *from, fc_wire_signature_t *to);

fc_status_t wire_observation_fill(const fc_observation_t *from, Faasconf__V1__Observation **to, wire_arena_t *arena,
                                  fc_error_t *error);
fc_status_t wire_observation_check(const Faasconf__V1__Observation *observation, const char *field, fc_error_t *error);
/* *to has its arrays already, of observation->n_functions. */
void wire_observation_take(const Faasconf__V1__Observation *from, fc_observation_t *to);
/* Charges and makes the arrays of an observation of n functions. */
fc_status_t wire_observation_make(int32_t n_functions, fc_observation_t *to, wire_arena_t *arena, fc_error_t *error);

/* ---- fields (wire_check.c) ---- */

/* Text of a fixed array: refuses one without its NUL. Borrows `from`. */
fc_status_t wire_fill_text(const char *from, size_t size, const char *field, char **to, fc_error_t *error);
#define FILL_TEXT(from, member, to) wire_fill_text((from)->member, sizeof(from)->member, #member, &(to)->member, error)
ProtobufCBinaryData wire_fill_bytes(const void *bytes, size_t size);
/* (n, A) integers in the arena. */
fc_status_t wire_fill_configuration(const fc_function_configuration_t *from, int32_t n, wire_arena_t *arena,
                                    size_t *n_values, int32_t **values, fc_error_t *error);
/* What fits a borrowed array field: NULL or count < 0 with elements expected is FC_EINVAL. */
fc_status_t wire_fill_count(int64_t count, const void *array, const char *field, size_t *n, fc_error_t *error);
fc_status_t wire_out_of_memory(fc_error_t *error);

/* FC_EFORMAT with "field: problem" unless `holds`. */
fc_status_t wire_expect(bool holds, const char *field, const char *problem, fc_error_t *error);
/* 1 to 63 bytes without control characters. */
fc_status_t wire_check_name(const char *text, const char *field, fc_error_t *error);
fc_status_t wire_check_name_or_empty(const char *text, const char *field, fc_error_t *error);
/* At most `most` bytes. */
fc_status_t wire_check_text(const char *text, size_t most, const char *field, fc_error_t *error);
fc_status_t wire_check_bytes(ProtobufCBinaryData bytes, size_t size, const char *field, fc_error_t *error);
fc_status_t wire_check_configuration(const int32_t *values, size_t n_values, size_t n_functions, const char *field,
                                     fc_error_t *error);
/* Ascending, each once, within [0, FC_MAX_FUNCTIONS). */
fc_status_t wire_check_function_ids(const int32_t *ids, size_t n, const char *field, fc_error_t *error);
fc_status_t wire_check_details(Faasconf__V1__ErrorDetail *const *details, size_t n, fc_error_t *error);

/* `to` has room for FC_NAME_SIZE or what wire_check_text allowed plus one. */
void wire_take_text(const char *from, char *to, size_t size);
/* Heap copy, NUL-terminated. */
fc_status_t wire_take_long_text(const char *from, char **to, wire_arena_t *arena, fc_error_t *error);
/* Exactly `size` bytes, checked before. */
void wire_take_bytes(ProtobufCBinaryData from, void *to, size_t size);
fc_status_t wire_take_long_bytes(ProtobufCBinaryData from, uint8_t **to, size_t *size, wire_arena_t *arena,
                                 fc_error_t *error);
void wire_take_configuration(const int32_t *values, int32_t n_functions, fc_function_configuration_t *to);
/* Heap copy of an array of `count` elements; NULL for none. */
fc_status_t wire_take_array(const void *from, size_t count, size_t element_size, void **to, wire_arena_t *arena,
                            fc_error_t *error);

#endif
