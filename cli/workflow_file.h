/* workflow_file.h - a workflow by name or path: read, checked, and kept in a store under its own text. */
#ifndef CLI_WORKFLOW_FILE_H
#define CLI_WORKFLOW_FILE_H

#include "store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads `name_or_path` as fc_workflow_load does, with its text, which the caller frees with free(). Caller owns *out
 * and destroys it with fc_workflow_destroy. Blocks on file I/O. */
fc_status_t workflow_file_read(const char *name_or_path, fc_workflow_t **out, char **text, size_t *size,
                               fc_error_t *error);

/* Loads `name_or_path` as fc_workflow_load does and keeps its text in the store (once per content). Caller owns *out
 * and destroys it with fc_workflow_destroy. Blocks on file I/O. */
fc_status_t workflow_file_register(store_t *store, const char *name_or_path, fc_workflow_t **out, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
