/* pull.c - one policy on its way: see pull.h. */
#include "pull.h"

#include <stdlib.h>
#include <string.h>

void pull_clear(pull_t *pull) {
  free(pull->bytes);
  pull->bytes = NULL;
  pull->active = false;
  pull->have = pull->total = 0;
}

fc_status_t pull_start(pull_t *pull, const fc_wire_hint_t *hint, fc_error_t *error) {
  pull_clear(pull);
  const uint64_t limit = (uint64_t)pull->max_bytes;
  if (hint->manifest_bytes == 0 || hint->weights_bytes == 0 || hint->manifest_bytes > limit ||
      hint->weights_bytes > limit - hint->manifest_bytes)
    return fc_error_set(
        error, FC_EEXHAUSTED,
        "policy version %lld has %llu + %llu bytes, at most %lld are taken: raise server.max_policy_bytes",
        (long long)hint->version, (unsigned long long)hint->manifest_bytes, (unsigned long long)hint->weights_bytes,
        (long long)pull->max_bytes);
  pull->total = hint->manifest_bytes + hint->weights_bytes;
  pull->bytes = malloc((size_t)pull->total);
  if (!pull->bytes) {
    pull->total = 0;
    return fc_error_set(error, FC_ENOMEM, "policy version %lld: out of memory", (long long)hint->version);
  }
  pull->hint = *hint;
  pull->active = true;
  return FC_OK;
}

bool pull_add(pull_t *pull, const fc_wire_chunk_t *chunk) {
  if (!pull->active || chunk->hint.version != pull->hint.version || chunk->offset != pull->have ||
      memcmp(chunk->hint.digest, pull->hint.digest, FC_DIGEST_SIZE) != 0)
    return false;
  if (chunk->size == 0 || chunk->size > pull->total - pull->have) return false;
  memcpy(pull->bytes + pull->have, chunk->data, chunk->size);
  pull->have += chunk->size;
  return pull->have == pull->total;
}
