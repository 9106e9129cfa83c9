/* wire_rpc.c - the RPC envelope, and the canonical gRPC codes beside our own status codes. */
#include <stdlib.h>

#include "wire_codec.h"

enum { MESSAGE_BYTES = 4096 };

/* ---- codes ---- */

const char *fc_rpc_code_name(fc_rpc_code_t code) {
  static const char *const names[] = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  return (unsigned)code < sizeof names / sizeof names[0] ? names[(unsigned)code] : "UNKNOWN";
}

fc_rpc_code_t fc_rpc_code_from_status(fc_status_t status) {
  switch (status) {
    case FC_OK:
      return FC_RPC_OK;
    case FC_EINVAL:
    case FC_EFORMAT:
      return FC_RPC_INVALID_ARGUMENT;
    case FC_ENOTFOUND:
      return FC_RPC_NOT_FOUND;
    case FC_EEXISTS:
      return FC_RPC_ALREADY_EXISTS;
    case FC_ENOMEM:
    case FC_EEXHAUSTED:
      return FC_RPC_RESOURCE_EXHAUSTED;
    case FC_ECLOSED:
      return FC_RPC_UNAVAILABLE;
    case FC_ETIMEOUT:
      return FC_RPC_DEADLINE_EXCEEDED;
    case FC_ESTATE:
    case FC_EMISMATCH:
      return FC_RPC_FAILED_PRECONDITION;
    case FC_EUNSAFE:
      return FC_RPC_PERMISSION_DENIED;
    case FC_EIO:
    case FC_ECUDA:
    case FC_EINTERNAL:
      return FC_RPC_INTERNAL;
  }
  return FC_RPC_UNKNOWN;
}

fc_status_t fc_status_from_rpc_code(fc_rpc_code_t code) {
  switch (code) {
    case FC_RPC_OK:
      return FC_OK;
    case FC_RPC_INVALID_ARGUMENT:
    case FC_RPC_OUT_OF_RANGE:
      return FC_EINVAL;
    case FC_RPC_DEADLINE_EXCEEDED:
      return FC_ETIMEOUT;
    case FC_RPC_NOT_FOUND:
      return FC_ENOTFOUND;
    case FC_RPC_ALREADY_EXISTS:
      return FC_EEXISTS;
    case FC_RPC_PERMISSION_DENIED:
    case FC_RPC_UNAUTHENTICATED:
      return FC_EUNSAFE;
    case FC_RPC_RESOURCE_EXHAUSTED:
      return FC_EEXHAUSTED;
    case FC_RPC_FAILED_PRECONDITION:
    case FC_RPC_ABORTED:
      return FC_ESTATE;
    case FC_RPC_UNIMPLEMENTED:
      return FC_EMISMATCH;
    case FC_RPC_CANCELLED:
    case FC_RPC_UNAVAILABLE:
      return FC_ECLOSED;
    case FC_RPC_DATA_LOSS:
      return FC_EFORMAT;
    case FC_RPC_UNKNOWN:
    case FC_RPC_INTERNAL:
      return FC_EINTERNAL;
  }
  return FC_EINTERNAL;
}

/* ---- request ---- */

static fc_status_t rpc_request_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_wire_rpc_request_t *from = plain;
  Faasconf__V1__RpcRequest *to = message;
  size_t size = 0;
  (void)arena;
  FC_TRY(FILL_TEXT(from, method, to));
  FC_TRY(wire_fill_count((int64_t)from->size, from->payload, "RpcRequest.payload", &size, error));
  to->request_id = from->request_id;
  to->deadline_ms = from->deadline_ms;
  to->payload = wire_fill_bytes(from->payload, size);
  return FC_OK;
}

static fc_status_t rpc_request_check(const void *message, fc_error_t *error) {
  return wire_check_name(((const Faasconf__V1__RpcRequest *)message)->method, "RpcRequest.method", error);
}

static fc_status_t rpc_request_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__RpcRequest *from = message;
  fc_wire_rpc_request_t *to = plain;
  wire_take_text(from->method, to->method, sizeof to->method);
  to->request_id = from->request_id;
  to->deadline_ms = from->deadline_ms;
  return wire_take_long_bytes(from->payload, &to->payload, &to->size, arena, error);
}

static void rpc_request_clear(void *plain) {
  fc_wire_rpc_request_t *request = plain;
  free(request->payload);
}

const wire_codec_t wire_codec_rpc_request = {&faasconf__v1__rpc_request__descriptor,
                                             sizeof(fc_wire_rpc_request_t),
                                             rpc_request_fill,
                                             rpc_request_check,
                                             rpc_request_take,
                                             rpc_request_clear};

/* ---- response ---- */

static fc_status_t rpc_response_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_wire_rpc_response_t *from = plain;
  Faasconf__V1__RpcResponse *to = message;
  size_t size = 0;
  (void)arena;
  FC_TRY(wire_fill_count((int64_t)from->size, from->payload, "RpcResponse.payload", &size, error));
  to->request_id = from->request_id;
  to->code = (Faasconf__V1__RpcCode)from->code;
  if (from->message != NULL && from->code != FC_RPC_OK) to->message = from->message;
  to->payload = wire_fill_bytes(from->payload, size);
  return FC_OK;
}

static fc_status_t rpc_response_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__RpcResponse *response = message;
  FC_TRY(wire_check_text(response->message, MESSAGE_BYTES, "RpcResponse.message", error));
  return wire_check_details(response->details, response->n_details, error);
}

static fc_status_t rpc_response_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__RpcResponse *from = message;
  fc_wire_rpc_response_t *to = plain;
  to->request_id = from->request_id;
  to->code = (fc_rpc_code_t)from->code;
  if (to->code != FC_RPC_OK) FC_TRY(wire_take_long_text(from->message, &to->message, arena, error));
  return wire_take_long_bytes(from->payload, &to->payload, &to->size, arena, error);
}

static void rpc_response_clear(void *plain) {
  fc_wire_rpc_response_t *response = plain;
  free(response->message);
  free(response->payload);
}

const wire_codec_t wire_codec_rpc_response = {&faasconf__v1__rpc_response__descriptor,
                                              sizeof(fc_wire_rpc_response_t),
                                              rpc_response_fill,
                                              rpc_response_check,
                                              rpc_response_take,
                                              rpc_response_clear};
