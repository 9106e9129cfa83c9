/* folder_tree.h - the folder that a command works in: made, and removed with all that is in it. */
#ifndef CLI_FOLDER_TREE_H
#define CLI_FOLDER_TREE_H

#include <stddef.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `directory` (made when absent), or a new one below TMPDIR whose name begins with `prefix` when it is NULL. FC_EEXISTS
 * when it has a store already: results of two runs would mix. Writes its path to path[size]. */
fc_status_t folder_tree_make(const char *directory, const char *prefix, char *path, size_t size, fc_error_t *error);

/* Removes path and everything below; does not follow links. */
void folder_tree_remove(const char *path);

#ifdef __cplusplus
}
#endif
#endif
