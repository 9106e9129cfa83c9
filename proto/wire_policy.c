/* wire_policy.c - HINT, PULL, CHUNK: how policy versions travel. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire_codec.h"

static const uint64_t MOST_POLICY_BYTES = UINT64_C(1) << 32; /* of manifest or weights; sums cannot overflow */

/* ---- hint ---- */

static fc_status_t hint_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_wire_hint_t *from = plain;
  Faasconf__V1__PolicyHint *to = message;
  FC_TRY(FILL_TEXT(from, workflow, to));
  to->version = from->version;
  to->digest = wire_fill_bytes(from->digest, sizeof from->digest);
  to->manifest_bytes = from->manifest_bytes;
  to->weights_bytes = from->weights_bytes;
  return wire_signature_fill(&from->signature, &to->signature, arena, error);
}

static fc_status_t hint_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__PolicyHint *hint = message;
  FC_TRY(wire_check_name(hint->workflow, "PolicyHint.workflow", error));
  FC_TRY(wire_expect(hint->version >= 0, "PolicyHint.version", "negative", error));
  FC_TRY(wire_check_bytes(hint->digest, FC_DIGEST_SIZE, "PolicyHint.digest", error));
  FC_TRY(wire_expect(hint->manifest_bytes <= MOST_POLICY_BYTES && hint->weights_bytes <= MOST_POLICY_BYTES,
                     "PolicyHint.weights_bytes", "more than 4 GiB", error));
  return wire_signature_check(hint->signature, "PolicyHint.signature", error);
}

static fc_status_t hint_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__PolicyHint *from = message;
  fc_wire_hint_t *to = plain;
  (void)arena;
  (void)error;
  wire_take_text(from->workflow, to->workflow, sizeof to->workflow);
  to->version = from->version;
  wire_take_bytes(from->digest, to->digest, sizeof to->digest);
  to->manifest_bytes = from->manifest_bytes;
  to->weights_bytes = from->weights_bytes;
  wire_signature_take(from->signature, &to->signature);
  return FC_OK;
}

const wire_codec_t wire_codec_hint = {
    &faasconf__v1__policy_hint__descriptor, sizeof(fc_wire_hint_t), hint_fill, hint_check, hint_take, NULL};

size_t fc_wire_hint_signed_bytes(const fc_wire_hint_t *hint, char *text, size_t size) {
  char digest[FC_HEX_SIZE];
  fc_hex(hint->digest, sizeof hint->digest, digest);
  const int length =
      snprintf(text, size, "faasconf.v1 policy\n%s\n%" PRId64 "\n%s", hint->workflow, hint->version, digest);
  FC_ASSERT(length > 0 && (size_t)length < size);
  return (size_t)length;
}

/* ---- pull ---- */

static fc_status_t pull_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_wire_pull_t *from = plain;
  Faasconf__V1__PolicyPull *to = message;
  (void)arena;
  FC_TRY(FILL_TEXT(from, workflow, to));
  to->version = from->version;
  to->offset = from->offset;
  to->max_bytes = from->max_bytes;
  return FC_OK;
}

static fc_status_t pull_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__PolicyPull *pull = message;
  FC_TRY(wire_check_name(pull->workflow, "PolicyPull.workflow", error));
  FC_TRY(wire_expect(pull->version >= 0, "PolicyPull.version", "negative", error));
  return wire_expect(pull->max_bytes >= 1, "PolicyPull.max_bytes", "at least 1 was expected", error);
}

static fc_status_t pull_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__PolicyPull *from = message;
  fc_wire_pull_t *to = plain;
  (void)arena;
  (void)error;
  wire_take_text(from->workflow, to->workflow, sizeof to->workflow);
  to->version = from->version;
  to->offset = from->offset;
  to->max_bytes = from->max_bytes;
  return FC_OK;
}

const wire_codec_t wire_codec_pull = {
    &faasconf__v1__policy_pull__descriptor, sizeof(fc_wire_pull_t), pull_fill, pull_check, pull_take, NULL};

/* ---- chunk ---- */

static fc_status_t chunk_fill(const void *plain, void *message, wire_arena_t *arena, fc_error_t *error) {
  const fc_wire_chunk_t *from = plain;
  Faasconf__V1__PolicyChunk *to = message;
  Faasconf__V1__PolicyHint *hint = wire_arena_alloc(arena, sizeof *hint);
  size_t size = 0;
  if (hint == NULL) return wire_out_of_memory(error);
  faasconf__v1__policy_hint__init(hint);
  FC_TRY(hint_fill(&from->hint, hint, arena, error));
  if (from->size > FC_WIRE_CHUNK_BYTES) {
    return fc_error_set(error, FC_EINVAL, "PolicyChunk.data: %zu bytes, at most %d fit", from->size,
                        FC_WIRE_CHUNK_BYTES);
  }
  FC_TRY(wire_fill_count((int64_t)from->size, from->data, "PolicyChunk.data", &size, error));
  to->hint = hint;
  to->offset = from->offset;
  to->data = wire_fill_bytes(from->data, size);
  return FC_OK;
}

static fc_status_t chunk_check(const void *message, fc_error_t *error) {
  const Faasconf__V1__PolicyChunk *chunk = message;
  if (chunk->hint == NULL) return wire_expect(false, "PolicyChunk.hint", "missing", error);
  FC_TRY(hint_check(chunk->hint, error));
  FC_TRY(wire_expect(chunk->data.len <= FC_WIRE_CHUNK_BYTES, "PolicyChunk.data", "larger than a chunk may be", error));
  const uint64_t total = chunk->hint->manifest_bytes + chunk->hint->weights_bytes;
  return wire_expect(chunk->offset <= total && chunk->data.len <= total - chunk->offset, "PolicyChunk.offset",
                     "beyond the end of the policy", error);
}

static fc_status_t chunk_take(const void *message, void *plain, wire_arena_t *arena, fc_error_t *error) {
  const Faasconf__V1__PolicyChunk *from = message;
  fc_wire_chunk_t *to = plain;
  FC_TRY(hint_take(from->hint, &to->hint, arena, error));
  to->offset = from->offset;
  return wire_take_long_bytes(from->data, &to->data, &to->size, arena, error);
}

static void chunk_clear(void *plain) {
  fc_wire_chunk_t *chunk = plain;
  free(chunk->data);
}

const wire_codec_t wire_codec_chunk = {
    &faasconf__v1__policy_chunk__descriptor, sizeof(fc_wire_chunk_t), chunk_fill, chunk_check, chunk_take, chunk_clear};
