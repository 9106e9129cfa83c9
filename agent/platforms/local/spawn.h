/* spawn.h - one program as a process of its own process group, in its control group from its first instruction.
 *
 * The child does only what is safe between fork and exec of a program with threads. Every descriptor of ours is closed
 * on exec; signals are reset. Blocks until exec has succeeded or failed. One thread per process.
 */
#ifndef AGENT_PLATFORMS_LOCAL_SPAWN_H
#define AGENT_PLATFORMS_LOCAL_SPAWN_H

#include <sys/types.h>

#include "cgroup.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  char *const *argv;     /* NULL at the end; argv[0] is looked up in PATH */
  const cgroup_t *group; /* entered before exec, or NULL */
  const char *output;    /* file that stdout and stderr are appended to, or NULL for none */
} spawn_t;

typedef struct {
  pid_t pid;      /* 0: none */
  int descriptor; /* pidfd: readable once it has ended; -1: none */
} spawn_process_t;

/* FC_ENOTFOUND when there is no such program, FC_EUNSAFE when a control group may not be entered, FC_EIO. The caller
 * ends *process with spawn_stop, or sees it end with spawn_has_ended. */
fc_status_t spawn_start(const spawn_t *spawn, spawn_process_t *process, fc_error_t *error);

/* Waits at most timeout_ms for the end. True once: *process is empty then, and how[size] says "exit code 3" or "signal
 * 9". */
bool spawn_has_ended(spawn_process_t *process, int timeout_ms, char *how, size_t size);

/* To the process and its group. Nothing when it is gone. */
void spawn_signal(const spawn_process_t *process, int number);

/* SIGTERM, and SIGKILL after grace_s; returns when it has ended. Blocks at most that long and a little. */
void spawn_stop(spawn_process_t *process, double grace_s);

#ifdef __cplusplus
}
#endif
#endif
