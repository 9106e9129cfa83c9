/* haproxy_socket.h - one command at a time to HAProxy's runtime API over its Unix socket (management.txt, 9.3).
 *
 * Each command is a connection of its own, as HAProxy closes it after the answer: nothing to resynchronise after a
 * time-out or a reload. One thread; blocks at most timeout_s per command.
 */
#ifndef AGENT_PLATFORMS_LOCAL_HAPROXY_SOCKET_H
#define AGENT_PLATFORMS_LOCAL_HAPROXY_SOCKET_H

#include <stdbool.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { HAPROXY_SOCKET_PATH_SIZE = 90 }; /* HAProxy binds a longer name first: PATH.PID.tmp */

typedef struct {
  char path[HAPROXY_SOCKET_PATH_SIZE];
  double timeout_s;
} haproxy_socket_t;

/* The whole answer. Caller frees *answer (NUL-terminated) with free(), also after a failure. FC_ENOTFOUND: nobody
 * listens; FC_ETIMEOUT; FC_EIO. */
fc_status_t haproxy_socket_ask(const haproxy_socket_t *socket, const char *command, char **answer, fc_error_t *error);

/* A command whose answer must be empty or begin with `expected` (NULL: empty). FC_ESTATE with what HAProxy said. */
fc_status_t haproxy_socket_tell(const haproxy_socket_t *socket, const char *command, const char *expected,
                                fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
