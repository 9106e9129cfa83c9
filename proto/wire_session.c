/* wire_session.c - HELLO, WELCOME, REFUSAL, HEARTBEAT, and the signature other messages carry. */
#include <stdlib.h>
#include <string.h>

#include "wire_codec.h"

enum { MESSAGE_BYTES = 4096, SESSION_BYTES = 16 };

/* ---- signature ---- */

fc_status_t wire_signature_fill(const fc_wire_signature_t *from, Faasconf__V1__Signature **to, wire_arena_t *arena,
                                fc_error_t *error) {
  if (!from->present) return FC_OK;
  Faasconf__V1__Signature *signature = wire_arena_alloc(arena, sizeof *signature);
  if (signature == NULL) return wire_out_of_memory(error);
  faasconf__v1__signature__init(signature);
  signature->key_id = wire_fill_bytes(from->key_id, sizeof from->key_id);
  signature->signature = wire_fill_bytes(from->signature, sizeof from->signature);
  *to = signature;
  return FC_OK;
}

fc_status_t wire_signature_check(const Faasconf__V1__Signature *signature, const char *field, fc_error_t *error) {
  if (signature == NULL) return FC_OK;
  FC_TRY(wire_check_bytes(signature->key_id, 8, field, error));
  return wire_check_bytes(signature->signature, FC_SIGNATURE_SIZE, field, error);
}

void wire_signature_take(const Faasconf__V1__Signature *from, fc_wire_signature_t *to) {
  memset(to, 0, sizeof *to);
  if (from == NULL) return;
  to->present = true;
  wire_take_bytes(from->key_id, to->key_id, sizeof to->key_id);
  wire_take_bytes(from->signature, to->signature, sizeof to->signature);
}

/* ---- hello ---- */

static fc_status_t hello_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_wire_hello_t *from = plain;
  Faasconf__V1__Hello *to = message;
  (void)arena;
  FC_TRY(FILL_TEXT(from, agent, to));
  FC_TRY(FILL_TEXT(from, workflow, to));
  to->epoch = from->epoch;
  to->session = wire_fill_bytes(from->session, sizeof from->session);
  to->min_version = from->min_version;
  to->max_version = from->max_version;
  to->workflow_digest = wire_fill_bytes(from->workflow_digest, sizeof from->workflow_digest);
  to->next_sequence = from->next_sequence;
  to->policy_version = from->policy_version;
  to->function_ids = from->function_ids;
  return wire_fill_count(from->n_function_ids, from->function_ids, "function_ids", &to->n_function_ids, error);
}

static fc_status_t hello_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__Hello *hello = message;
  FC_TRY(wire_check_name(hello->agent, "Hello.agent", error));
  FC_TRY(wire_check_name(hello->workflow, "Hello.workflow", error));
  FC_TRY(wire_check_bytes(hello->session, SESSION_BYTES, "Hello.session", error));
  FC_TRY(wire_check_bytes(hello->workflow_digest, FC_DIGEST_SIZE, "Hello.workflow_digest", error));
  FC_TRY(wire_expect(hello->min_version >= 1 && hello->min_version <= hello->max_version, "Hello.min_version",
                     "1 to max_version was expected", error));
  FC_TRY(wire_expect(hello->policy_version >= 0, "Hello.policy_version", "negative", error));
  return wire_check_function_ids(hello->function_ids, hello->n_function_ids, "Hello.function_ids", error);
}

static fc_status_t hello_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__Hello *from = message;
  fc_wire_hello_t *to = plain;
  wire_take_text(from->agent, to->agent, sizeof to->agent);
  wire_take_text(from->workflow, to->workflow, sizeof to->workflow);
  to->epoch = from->epoch;
  wire_take_bytes(from->session, to->session, sizeof to->session);
  to->min_version = from->min_version;
  to->max_version = from->max_version;
  wire_take_bytes(from->workflow_digest, to->workflow_digest, sizeof to->workflow_digest);
  to->next_sequence = from->next_sequence;
  to->policy_version = from->policy_version;
  to->n_function_ids = (int32_t)from->n_function_ids;
  void *ids = NULL;
  FC_TRY(wire_take_array(from->function_ids, from->n_function_ids, sizeof *to->function_ids, &ids, arena, error));
  to->function_ids = ids;
  return FC_OK;
}

static void hello_clear(void *plain) {
  fc_wire_hello_t *hello = plain;
  free(hello->function_ids);
}

const wire_codec_t wire_codec_hello = {
    &faasconf__v1__hello__descriptor, sizeof(fc_wire_hello_t), hello_fill, hello_check, hello_take, hello_clear};

/* ---- welcome ---- */

static fc_status_t welcome_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_wire_welcome_t *from = plain;
  Faasconf__V1__Welcome *to = message;
  (void)arena;
  (void)error;
  to->version = from->version;
  to->acknowledged_sequence = from->acknowledged_sequence;
  to->credit_bytes = from->credit_bytes;
  to->policy_version = from->policy_version;
  to->server_key = wire_fill_bytes(from->server_key, sizeof from->server_key);
  to->workflow_known = from->workflow_known;
  return FC_OK;
}

static fc_status_t welcome_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__Welcome *welcome = message;
  FC_TRY(wire_expect(welcome->version >= 1, "Welcome.version", "at least 1 was expected", error));
  FC_TRY(wire_expect(welcome->policy_version >= 0, "Welcome.policy_version", "negative", error));
  return wire_check_bytes(welcome->server_key, FC_PUBLIC_KEY_SIZE, "Welcome.server_key", error);
}

static fc_status_t welcome_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__Welcome *from = message;
  fc_wire_welcome_t *to = plain;
  (void)arena;
  (void)error;
  to->version = from->version;
  to->acknowledged_sequence = from->acknowledged_sequence;
  to->credit_bytes = from->credit_bytes;
  to->policy_version = from->policy_version;
  wire_take_bytes(from->server_key, to->server_key, sizeof to->server_key);
  to->workflow_known = from->workflow_known != 0;
  return FC_OK;
}

const wire_codec_t wire_codec_welcome = {
    &faasconf__v1__welcome__descriptor, sizeof(fc_wire_welcome_t), welcome_fill, welcome_check, welcome_take, NULL};

/* ---- refusal ---- */

static fc_status_t refusal_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_wire_refusal_t *from = plain;
  Faasconf__V1__Refusal *to = message;
  (void)arena;
  (void)error;
  to->code = (Faasconf__V1__RpcCode)from->code;
  if (from->message != NULL) to->message = from->message;
  return FC_OK;
}

static fc_status_t refusal_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__Refusal *refusal = message;
  FC_TRY(wire_check_text(refusal->message, MESSAGE_BYTES, "Refusal.message", error));
  return wire_check_details(refusal->details, refusal->n_details, error);
}

static fc_status_t refusal_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__Refusal *from = message;
  fc_wire_refusal_t *to = plain;
  to->code = (fc_rpc_code_t)from->code;
  return wire_take_long_text(from->message, &to->message, arena, error);
}

static void refusal_clear(void *plain) {
  fc_wire_refusal_t *refusal = plain;
  free(refusal->message);
}

const wire_codec_t wire_codec_refusal = {&faasconf__v1__refusal__descriptor,
                                         sizeof(fc_wire_refusal_t),
                                         refusal_fill,
                                         refusal_check,
                                         refusal_take,
                                         refusal_clear};

/* ---- heartbeat ---- */

static fc_status_t heartbeat_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  (void)arena;
  (void)error;
  ((Faasconf__V1__Heartbeat *)message)->counter = ((const fc_wire_heartbeat_t *)plain)->counter;
  return FC_OK;
}

static fc_status_t heartbeat_check(const void *message, fc_error_t *error) {
  (void)message; /* any counter is right */
  (void)error;
  return FC_OK;
}

static fc_status_t heartbeat_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  (void)arena;
  (void)error;
  ((fc_wire_heartbeat_t *)plain)->counter = ((const Faasconf__V1__Heartbeat *)message)->counter;
  return FC_OK;
}

const wire_codec_t wire_codec_heartbeat = {&faasconf__v1__heartbeat__descriptor,
                                           sizeof(fc_wire_heartbeat_t),
                                           heartbeat_fill,
                                           heartbeat_check,
                                           heartbeat_take,
                                           NULL};
