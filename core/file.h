/* file.h - whole files: read up to a size, and replaced at once. Both block on file I/O; any thread. */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include <stdint.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* *bytes gets size bytes and room for one more; the caller frees it with free(). FC_ENOTFOUND, FC_EFORMAT when the file
 * is larger than max_bytes, FC_EIO; the message begins with the path. */
fc_status_t file_read(const char *path, size_t max_bytes, uint8_t **bytes, size_t *size, fc_error_t *error);

/* Temporary name, fsync, rename: the file is whole, or what it was before. Mode 0644. FC_EINVAL for a path that is too
 * long; FC_EIO. */
fc_status_t file_replace(const char *path, const void *bytes, size_t size, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
