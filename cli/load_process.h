/* load_process.h - `faasconf load` as a child: users in a closed loop on a workflow's gateway, from start to stop.
 *
 * Its windows go to a file of the given folder. Never left behind (process.h). One thread.
 */
#ifndef CLI_LOAD_PROCESS_H
#define CLI_LOAD_PROCESS_H

#include "faasconf/json.h"
#include "process.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { LOAD_PROCESS_PATH_SIZE = 1200 };

/* What its clients saw from its start to its end. */
typedef struct {
  int64_t requests;   /* sent */
  int64_t answered;   /* with any status; those that were on their way at the end are waited for */
  int64_t unanswered; /* connection refused or broken, time-out */
} load_process_counts_t;

typedef struct {
  process_t process;
  char out[LOAD_PROCESS_PATH_SIZE], log[LOAD_PROCESS_PATH_SIZE];
} load_process_t;

/* POSTs to url. `expect`: what the body of a success contains, or NULL. name: of its files in folder, other ones at
 * each start. FC_ENOTFOUND, FC_EINVAL when url or path is too long. */
fc_status_t load_process_start(load_process_t *load, const char *url, const char *expect, int32_t users,
                               double window_s, const char *folder, const char *name, fc_error_t *error);

/* FC_EIO with the place of its log when it has ended by itself. */
fc_status_t load_process_check(load_process_t *load, fc_error_t *error);

/* Sends no more, waits until everything is answered, adds to *counts. Nothing when it does not run. FC_EIO when it does
 * not say what it did. Blocks up to the time-out of a request. */
fc_status_t load_process_stop(load_process_t *load, load_process_counts_t *counts, fc_error_t *error);

/* object.requests, .requests_answered, .requests_unanswered. */
void load_process_set_counts(fc_json_t *object, const load_process_counts_t *counts);

#ifdef __cplusplus
}
#endif
#endif
