/* checkpoint.h - a set of files that is whole or absent: manifest with sha256 per file, atomic rename, two newest kept.
 *
 *   DIRECTORY/checkpoint-000000000042/{state.safetensors, replay.bin, manifest.json}
 *
 * A new one is written into DIRECTORY/.new (each file and the folder fsynced), renamed, the parent fsynced, and all but
 * the two newest are removed. Reading verifies every byte before anything is used. Blocks on disk. One writer.
 */
#ifndef SERVER_LEARNER_CHECKPOINT_H
#define SERVER_LEARNER_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "faasconf/json.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CHECKPOINT_MAX_FILES = 4 };

typedef struct {
  const char *name;
  const uint8_t *bytes;
  size_t size;
} checkpoint_file_t;

/* Writes a checkpoint numbered one above the newest there is. Takes ownership of *facts, an object that goes into the
 * manifest, and sets it to NULL. FC_EIO. */
fc_status_t checkpoint_write(const char *directory, fc_json_t **facts, const checkpoint_file_t *files, int32_t n_files,
                             fc_error_t *error);

typedef struct {
  int64_t number;
  fc_json_t *facts;
  int32_t n_files;
  char names[CHECKPOINT_MAX_FILES][64];
  uint8_t *bytes[CHECKPOINT_MAX_FILES]; /* malloc'd, 16-byte aligned */
  size_t sizes[CHECKPOINT_MAX_FILES];
} checkpoint_t;

/* The newest checkpoint whose every file verifies. A damaged one is passed over; *refused (may be NULL) gets why.
 * Caller frees *out with checkpoint_clear. FC_ENOTFOUND when there is none, FC_EFORMAT when all are damaged. */
fc_status_t checkpoint_read(const char *directory, checkpoint_t *out, fc_error_t *refused, fc_error_t *error);
void checkpoint_clear(checkpoint_t *checkpoint);

/* Index of a file by name, or -1. */
int32_t checkpoint_find(const checkpoint_t *checkpoint, const char *name);

#ifdef __cplusplus
}
#endif
#endif
