/* local_state.h - what the files of platform `local` share: its state and the order of its parts. See local.h.
 *
 * Two threads, the agent's and the one that looks after the processes; `lock` is held for every use of what is below
 * it.
 */
#ifndef AGENT_PLATFORMS_LOCAL_LOCAL_STATE_H
#define AGENT_PLATFORMS_LOCAL_LOCAL_STATE_H

#include <pthread.h>

#include "access_log.h"
#include "haproxy.h"
#include "local.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { LOCAL_MAX_REPLICAS = 64, LOCAL_PATH_SIZE = 1200, LOCAL_MAX_CONCURRENCY = 10000 };

/* Counters of a function's replicas, those of removed ones included. */
typedef struct {
  double cpu_s;
  int64_t throttled_periods, oom_kills;
} local_counters_t;

typedef struct {
  replica_program_t program;
  char output[LOCAL_PATH_SIZE];
  fc_function_configuration_t wanted; /* what was last applied; replicas that are down count */
  int32_t n_replicas;
  replica_t *replicas;      /* (LOCAL_MAX_REPLICAS), n_replicas in use */
  int32_t next_number;      /* of the next replica's name */
  local_counters_t removed; /* of replicas that are gone */
  local_counters_t before;  /* of all, at the end of the last window */
} local_function_t;

/* Samples of one proxy within the window. */
typedef struct {
  int64_t samples;
  double in_service; /* sum over samples: at the servers */
  double in_system;  /* and waiting */
} local_samples_t;

typedef struct {
  const fc_workflow_t *workflow;
  platform_local_options_t options;
  fc_clock_t clock;
  char folder[LOCAL_PATH_SIZE]; /* state/local */
  int stop;                     /* eventfd of the thread */
  bool supervised;
  pthread_t supervisor;
  pthread_mutex_t lock; /* of everything below */
  bool started;
  cgroup_t parent; /* of all groups of this platform */
  cgroup_t haproxy_group;
  haproxy_t haproxy;
  haproxy_proxy_t *proxies;    /* (N + 1) the last is the gateway */
  local_function_t *functions; /* (N) */
  int32_t *ports;              /* (N + 3) that HAProxy and the orchestrator bind: no replica may have one */
  access_log_t *log;
  access_log_window_t *windows; /* (N + 1) */
  local_samples_t *samples;     /* (N + 1) */
  int64_t window_start_ns, window_start_us;
  bool tells_rejected;      /* the orchestrator has answered 429: its 502 are failures */
  int64_t old_worker_ns;    /* until then a HAProxy that was replaced may still answer requests */
  int64_t arrivals;         /* of the gateway, at the end of the last window; -1: HAProxy was reloaded since */
  int32_t changing;         /* function whose change is under way, or -1 */
  int64_t round_ns;         /* the last round of the supervisor */
  int64_t haproxy_again_ns; /* when a dead HAProxy is started again */
} local_t;

/* ---- local_start.c ---- */
fc_status_t local_start(local_t *local, fc_error_t *error);
/* Stops and removes everything; accepts what was never or only half started. */
void local_stop(local_t *local);
/* A new replica in a group with the limits of *configuration, started; it is not in n_replicas yet. */
fc_status_t local_add_replica(local_t *local, int32_t function, const fc_function_configuration_t *configuration,
                              replica_t *replica, fc_error_t *error);
/* Ends n replicas together, keeps their counters and removes their groups. */
void local_end_replicas(local_t *local, int32_t function, replica_t *replicas, int32_t n);
/* Steps n replicas until all serve. FC_ESTATE when one fails, FC_ETIMEOUT. */
fc_status_t local_wait_until_serving(local_t *local, int32_t function, replica_t *replicas, int32_t n,
                                     fc_error_t *error);
/* The proxy's servers from the function's replicas and wanted concurrency. */
void local_fill_proxy(local_t *local, int32_t function);

/* ---- local_record.c: state/local/record, what a crash would leave behind ---- */
fc_status_t local_record_write(const local_t *local, fc_error_t *error);
/* Does the record in the folder state/local name this group? */
bool local_record_has(const char *folder, const char *path);
/* Kills and removes what the record of an earlier run names; takes over the configurations that were in force. */
fc_status_t local_record_clear_away(local_t *local, fc_error_t *error);
void local_record_remove(const local_t *local);

/* ---- local_supervise.c ---- */
fc_status_t local_supervise_start(local_t *local, fc_error_t *error);
void local_supervise_stop(local_t *local);
/* One round, with the lock. */
void local_supervise(local_t *local);
/* A round in the middle of a change that waits: of every function but the one that is changed. self: a local_t. */
void local_supervise_meanwhile(void *self);

/* ---- local_change.c, with the lock ---- */
/* Against platform_local_caps; without the lock. */
fc_status_t local_validate(const local_t *local, int32_t function, const fc_function_configuration_t *configuration,
                           fc_error_t *error);
fc_status_t local_change(local_t *local, int32_t function, const fc_function_configuration_t *to, fc_error_t *error);

/* ---- local_outcome.c ---- */
/* What the workflow's clients saw, from the windows of n functions and, at [n], of the gateway. in_flight: workflows at
 * the gateway at the end of the window, or -1 when that is not known. *tells_rejected: see local_t; may become true. */
void local_outcome(const access_log_window_t *windows, int32_t n, int64_t in_flight, bool *tells_rejected,
                   fc_outcome_t *outcome);

/* ---- local_read.c, with the lock ---- */
fc_status_t local_read(local_t *local, fc_observation_t *observation, fc_error_t *error);
fc_status_t local_read_back(local_t *local, int32_t function, fc_function_configuration_t *configuration,
                            fc_error_t *error);
void local_begin_window(local_t *local);

#ifdef __cplusplus
}
#endif
#endif
