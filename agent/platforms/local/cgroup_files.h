/* cgroup_files.h - the small text files of the kernel: whole values, and "key value" lines. Blocks on file I/O. */
#ifndef AGENT_PLATFORMS_LOCAL_CGROUP_FILES_H
#define AGENT_PLATFORMS_LOCAL_CGROUP_FILES_H

#include "cgroup.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CGROUP_TEXT_SIZE = 16384 };

/* folder/name into text[size], cut off there. Returns 0 or errno. */
int cgroup_files_read(const char *folder, const char *name, char *text, size_t size);
/* Returns 0 or errno. */
int cgroup_files_write(const char *folder, const char *name, const char *value);

/* May this process write folder/name, or, without a name, make files in the folder? Returns 0 or errno; a file system
 * that is mounted read-only is EROFS for root too. */
int cgroup_files_may_write(const char *folder, const char *name);

/* The number behind `key` at the start of a line; false when there is none. */
bool cgroup_files_value(const char *text, const char *key, int64_t *value);
/* Is this one of the words of a line of words? */
bool cgroup_files_has_word(const char *text, const char *word);

/* A file with one number; "max" is -1. FC_EIO or FC_EFORMAT with the path. */
fc_status_t cgroup_files_number(const char *folder, const char *name, int64_t *value, fc_error_t *error);

/* What `code` (errno) of an access to folder/name (or, without a name, the folder) means and what to do. FC_EUNSAFE for
 * missing rights, else FC_EIO. */
fc_status_t cgroup_files_error(const char *folder, const char *name, const char *what, int code, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
