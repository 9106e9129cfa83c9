/* haproxy.h - HAProxy in front of the functions: what it should be, its file, its process, its state at run time.
 *
 * The structs here are the truth: a frontend and a backend per function, its servers with port and limit. A change is
 * written into them by the caller, then haproxy_sync makes the running HAProxy so (runtime API), checks by reading
 * back, and haproxy_write_file makes the file so (replaced at once): a reload, which forgets what was changed at run
 * time, finds the same. haproxy_was_reloaded tells when somebody did; haproxy_sync then repairs what differs.
 *
 * HAProxy runs as master and worker, so that SIGUSR2 reloads it without losing a connection. Connections to replicas
 * are closed after each answer: a replica that is drained has none left, and a dead one is met at connecting, where
 * redispatch costs nothing. One thread. Needs HAProxy 2.6 or later.
 */
#ifndef AGENT_PLATFORMS_LOCAL_HAPROXY_H
#define AGENT_PLATFORMS_LOCAL_HAPROXY_H

#include "faasconf/dims.h"
#include "haproxy_socket.h"
#include "haproxy_stat.h"
#include "replica.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { HAPROXY_MAX_SERVERS = 128, HAPROXY_PATH_SIZE = 1200 };

typedef struct {
  char name[REPLICA_NAME_SIZE];
  int32_t port;    /* on 127.0.0.1 */
  int32_t maxconn; /* requests in service at most; 0: no limit */
  bool ready;      /* false: gets no requests (its process is not there) */
} haproxy_server_t;

/* A frontend and a backend of the same name. */
typedef struct {
  char name[FC_NAME_SIZE];
  int32_t port;  /* the frontend listens at 127.0.0.1:port */
  bool rejects;  /* at the limit 429 at once; else requests wait in the backend's queue */
  bool is_entry; /* the workflow's: its server is somebody else's process */
  int32_t n_servers;
  haproxy_server_t servers[HAPROXY_MAX_SERVERS]; /* (n_servers) */
} haproxy_proxy_t;

typedef struct {
  char program[HAPROXY_PATH_SIZE]; /* "haproxy" */
  char file[HAPROXY_PATH_SIZE];
  char output[HAPROXY_PATH_SIZE]; /* what it says on stderr */
  haproxy_socket_t socket;
  int32_t log_port;     /* UDP on 127.0.0.1, 0: no log */
  int32_t metrics_port; /* its Prometheus exporter, 0: none */
  double request_timeout_s;
  double start_timeout_s; /* of the process */
  double drain_timeout_s; /* of a server */
  int32_t n_proxies;
  haproxy_proxy_t *proxies;      /* (n_proxies) owned by the caller; the index is what log lines carry */
  void (*meanwhile)(void *self); /* called while a server is drained, or NULL; may sync another proxy */
  void *meanwhile_self;
  spawn_process_t process;
  int64_t worker;         /* pid that was last in step; 0 none */
  int64_t worker_start_s; /* when it started */
} haproxy_t;

/* Writes the file anew from the structs. FC_EIO. */
fc_status_t haproxy_write_file(const haproxy_t *haproxy, fc_error_t *error);

/* How long a process that was replaced by a reload may go on answering its requests. */
int64_t haproxy_hard_stop_ms(const haproxy_t *haproxy);

/* Writes the file and starts the process in `group` (NULL or no folders: none). Returns when it answers. While a port
 * is held by somebody else it tries again for some seconds. FC_ENOTFOUND: no haproxy; FC_ESTATE with its last words. */
fc_status_t haproxy_start(haproxy_t *haproxy, const cgroup_t *group, fc_error_t *error);
/* SIGTERM to master and worker; connections are cut. */
void haproxy_stop(haproxy_t *haproxy);
/* SIGUSR2: a new worker reads the file, the old one ends when its requests are answered. Returns when the new one
 * answers and the old one no longer hears commands. FC_ETIMEOUT. */
fc_status_t haproxy_reload(haproxy_t *haproxy, fc_error_t *error);
/* Another worker than the one last in step? False while the old one still hears commands. FC_ENOTFOUND when nobody
 * answers. */
fc_status_t haproxy_was_reloaded(haproxy_t *haproxy, bool *reloaded, fc_error_t *error);

/* What is in force. Caller frees *stat with haproxy_stat_clear, also after a failure. */
fc_status_t haproxy_read(const haproxy_t *haproxy, haproxy_stat_t *stat, fc_error_t *error);

/* Makes the servers of one proxy what the structs say, and checks that they are. New ones are added and enabled before
 * old ones are drained and removed; a drained one may take drain_timeout_s to end its requests, what is left then is
 * cut. FC_ESTATE names what HAProxy refused or what reads back otherwise. */
fc_status_t haproxy_sync(haproxy_t *haproxy, int32_t proxy, fc_error_t *error);

/* The server of this name, or NULL. */
haproxy_server_t *haproxy_find_server(haproxy_proxy_t *proxy, const char *name);

#ifdef __cplusplus
}
#endif
#endif
