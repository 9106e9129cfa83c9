/* folder.h - the agent's state folder: who owns it, the epoch, and small files that survive a crash whole.
 *
 *   epoch          one higher at each start          control.sock  Unix socket, 0600 (control.h)
 *   lock           held while an agent runs          kill, pause   latches of the operator (control.h)
 *   spool/         transitions not yet acked         journal.json  a change in progress (journal.h)
 *   policy/        last good policy                  last_good.json  configurations known good by load
 *   trust.json     server key, version high-water    decisions.jsonl  why each decision was taken
 *   trial.json     a profile in progress (trial.h)
 *
 * A small file is written under a temporary name, synced, renamed, and the folder synced: it has its old or its new
 * content, never a part. One thread. Every function may block on file I/O.
 */
#ifndef AGENT_FOLDER_H
#define AGENT_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "faasconf/json.h"
#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { FOLDER_PATH_SIZE = 1200 };

typedef struct {
  char path[1024];
  int descriptor; /* of the folder */
  int lock;
  uint64_t epoch; /* of this start */
} folder_t;

/* Makes the folder (0700) when absent, locks it and starts the next epoch. FC_EEXISTS when another agent holds it,
 * FC_EFORMAT when the epoch file is damaged (guessing would reuse sequence numbers). Ended by folder_close. */
fc_status_t folder_open(const char *path, folder_t *folder, fc_error_t *error);
void folder_close(folder_t *folder);

/* Opens a folder that is there to look into it only: not made, not locked, no epoch begun, nothing written. An agent
 * may be running in it. FC_ENOTFOUND, FC_EIO. Ended by folder_close. */
fc_status_t folder_open_to_look(const char *path, folder_t *folder, fc_error_t *error);
/* The epoch of the last start; 0 before the first one. FC_EFORMAT when the file is damaged. */
fc_status_t folder_read_epoch(const folder_t *folder, uint64_t *epoch, fc_error_t *error);
/* Is the folder locked by a running agent, and by which process? *pid is 0 when the kernel does not tell (another PID
 * namespace). Read from /proc/locks below `root` ("" = the machine's): the lock itself is not touched. */
bool folder_is_held(const folder_t *folder, const char *root, int32_t *pid);

/* path/name; the text has room for FOLDER_PATH_SIZE. */
void folder_path(const folder_t *folder, const char *name, char *text);
/* Is there anything of this name? True also when that cannot be found out: a latch that cannot be seen holds. */
bool folder_has(const folder_t *folder, const char *name);

/* Whole small files, atomically and durably. */
fc_status_t folder_write(const folder_t *folder, const char *name, const void *data, size_t size, fc_error_t *error);
/* Caller frees *text (NUL-terminated) with free(). FC_ENOTFOUND when absent, FC_EEXHAUSTED above max_size. */
fc_status_t folder_read(const folder_t *folder, const char *name, size_t max_size, char **text, size_t *size,
                        fc_error_t *error);
/* Absent is fine. Durable when it returns FC_OK. */
fc_status_t folder_remove(const folder_t *folder, const char *name, fc_error_t *error);

/* The same with a JSON value. Caller owns *value and destroys it with fc_json_destroy. */
fc_status_t folder_write_json(const folder_t *folder, const char *name, const fc_json_t *value, fc_error_t *error);
fc_status_t folder_read_json(const folder_t *folder, const char *name, size_t max_size, fc_json_t **value,
                             fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
