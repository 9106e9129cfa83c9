/* replica.h - one replica of a function: a process in its control group, started, watched, started again, stopped.
 *
 * States: OFF -> STARTING -> SERVING; a process that ends by itself, or does not answer /health in time, is WAITING and
 * is started again after a back-off that doubles with each failure in a row. The first restart takes the same port, the
 * others a new one. Nothing here blocks longer than a health check, but replica_stop. One thread at a time.
 */
#ifndef AGENT_PLATFORMS_LOCAL_REPLICA_H
#define AGENT_PLATFORMS_LOCAL_REPLICA_H

#include "spawn.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { REPLICA_NAME_SIZE = 16, REPLICA_MAX_ARGUMENTS = 32, REPLICA_TEXT_SIZE = 1024, REPLICA_WHY_SIZE = 64 };

typedef enum {
  REPLICA_OFF = 0,
  REPLICA_STARTING = 1, /* the process runs, /health has not answered 200 yet */
  REPLICA_SERVING = 2,
  REPLICA_WAITING = 3 /* it failed; it is started again when its back-off is over */
} replica_state_t;

/* What every replica of a function runs. Borrowed. */
typedef struct {
  const char *const *arguments; /* (n_arguments) "{port}" anywhere in one becomes the port */
  int32_t n_arguments;          /* 1..REPLICA_MAX_ARGUMENTS */
  const char *output;           /* file their output is appended to, or NULL */
  double start_timeout_s;       /* until /health answers */
  double backoff_s, max_backoff_s;
  const int32_t *reserved_ports; /* (n_reserved_ports) never a replica's: others will bind them */
  int32_t n_reserved_ports;
} replica_program_t;

typedef struct {
  char name[REPLICA_NAME_SIZE]; /* HAProxy's name of it, unique within the function */
  cgroup_t group;               /* made, limited and removed by the caller */
  replica_state_t state;
  int32_t port;
  spawn_process_t process;
  int64_t since_ns;           /* the state began */
  int64_t again_ns;           /* WAITING: when it is started again */
  int32_t failures;           /* in a row */
  int64_t crashes;            /* in all */
  char why[REPLICA_WHY_SIZE]; /* it failed last */
} replica_t;

/* An OFF replica. group may have no folders (no limits). */
void replica_init(replica_t *replica, const char *name, const cgroup_t *group);

/* Starts the process on a free port. On failure the replica is OFF. FC_ENOTFOUND, FC_EUNSAFE, FC_EIO, FC_EINVAL. */
fc_status_t replica_start(replica_t *replica, const replica_program_t *program, int64_t now_ns, fc_error_t *error);

/* Looks after it: has it ended, does it answer, is its time to start again? True when the state changed. Blocks at most
 * for one health check of 250 ms. */
bool replica_step(replica_t *replica, const replica_program_t *program, int64_t now_ns);

/* SIGTERM without waiting, so that several can end at the same time. */
void replica_ask_to_stop(const replica_t *replica);
/* SIGTERM, SIGKILL after grace_s, whatever else is in the group too. OFF afterwards. Blocks at most grace_s and a
 * little. */
void replica_stop(replica_t *replica, double grace_s);

#ifdef __cplusplus
}
#endif
#endif
