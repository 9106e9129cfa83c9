/* haproxy_worker.h - what Linux says of HAProxy's workers, which HAProxy's own socket cannot say during a reload.
 *
 * The old and the new worker share the listening socket until the old one has heard that it is replaced: for that
 * moment either may answer a command.
 */
#ifndef AGENT_PLATFORMS_LOCAL_HAPROXY_WORKER_H
#define AGENT_PLATFORMS_LOCAL_HAPROXY_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The youngest child of the master (pid), 0 when it has none or the kernel does not tell. */
int64_t haproxy_worker_newest(int64_t master);

/* Whether the process has open a listening Unix socket that was bound to `path` or to a name that begins with it
 * (HAProxy binds to PATH.PID.tmp and renames). False also when the process is gone, is 0, or may not be
 * looked at. */
bool haproxy_worker_listens(int64_t pid, const char *path);

#ifdef __cplusplus
}
#endif
#endif
