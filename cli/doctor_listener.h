/* doctor_listener.h - who listens on a TCP port of 127.0.0.1, read from /proc: no port is opened or asked. */
#ifndef CLI_DOCTOR_LISTENER_H
#define CLI_DOCTOR_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LISTENER_NAME_SIZE = 64 };

typedef struct {
  uint64_t inode;                /* of the socket */
  int32_t pid;                   /* 0: not known (another user's process, when this one is not root) */
  char name[LISTENER_NAME_SIZE]; /* of the process; "" not known */
} listener_t;

/* A listener that keeps others from 127.0.0.1:port: on that address or on all. root: "" = this machine. */
bool listener_find(const char *root, int32_t port, listener_t *listener);

/* Is the process below a control group of this name, as /proc/PID/cgroup tells? */
bool listener_is_in_group(const char *root, int32_t pid, const char *name);

#ifdef __cplusplus
}
#endif
#endif
