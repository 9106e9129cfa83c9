/* process.h - child processes of a command: started, watched, and never left behind.
 *
 * A child gets SIGTERM from the kernel when this process dies, however it dies. Its stdout goes to a file, so that a
 * full pipe never stops it. One thread.
 */
#ifndef CLI_PROCESS_H
#define CLI_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int pid;       /* 0 = not running */
  int exit_code; /* once ended; 128 + signal when killed */
} process_t;

/* Starts argv[0] (a path) with stdout into out_path, which begins empty, and stderr appended to err_path (which may be
 * the same file); NULL err_path inherits. */
fc_status_t process_start(process_t *process, const char *const *argv, const char *out_path, const char *err_path,
                          fc_error_t *error);

/* True while it runs; collects the exit code when it ended. Never blocks. */
bool process_running(process_t *process);

/* SIGTERM, then SIGKILL after timeout_ms; returns once it ended. */
void process_stop(process_t *process, int timeout_ms);

/* Path of a program beside the running one ("faasconfd"). */
fc_status_t process_sibling(const char *program, char *path, size_t size, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
