/* trace_file.h - minutes of changing load from a CSV file, for every command that plays one.
 *
 * The trace is CSV with a header. A column whose name begins with "users" holds closed-loop users of each minute, any
 * other one workflows that arrive in it (Poisson at count / 60 per second). Reading blocks on file I/O; any thread.
 */
#ifndef CLI_TRACE_FILE_H
#define CLI_TRACE_FILE_H

#include "faasconf/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TRACE_MAX_MINUTES = 100000 };

typedef struct {
  char column[FC_NAME_SIZE];
  bool closed_loop; /* users; false: arrivals */
  int32_t n, capacity;
  double *load; /* (n) users, or arrivals, of each minute */
} trace_file_t;

/* column: its name, how the first one's begins ("users*"), or NULL for the first named "invocations" or beginning with
 * "users". FC_ENOTFOUND; FC_EFORMAT names
 * file, line and column. Caller frees with trace_file_clear, also after a failure. */
fc_status_t trace_file_read(const char *path, const char *column, trace_file_t *trace, fc_error_t *error);
void trace_file_clear(trace_file_t *trace);

/* How many windows of this workflow a minute has. FC_EINVAL when it is not a whole number of them. */
fc_status_t trace_file_windows_per_minute(const fc_workflow_t *workflow, int32_t *out, fc_error_t *error);

/* The largest load of any minute; 0: nothing happens. */
double trace_file_most(const trace_file_t *trace);

#ifdef __cplusplus
}
#endif
#endif
