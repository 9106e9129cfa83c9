/* state.h - everything one simulated workflow is made of: parameters, plan, replicas, calls, users, counts.
 *
 * Filled by simulator.c, read and written by the inline parts (draws, events, replica, balancer, plan, load) and the
 * window loop in engine.c. Plain structs with arrays of fixed size taken in simulator_new, so that one window neither
 * allocates nor calls anything but mathematics; one owner, one thread.
 *
 *   user ---- plan (tree of calls) ---- call ---- balancer ---- replica (processor sharing)
 *     ^                                                            |
 *     +------------------------- answer, after a delay ------------+
 *
 * Entities of the event set: replicas [0, R), calls [R, R + C), users [R + C, R + C + U), arrivals R + C + U.
 */
#ifndef SIM_STATE_H
#define SIM_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "draws.h"
#include "events.h"
#include "faasconf/transition.h"
#include "faasconf/workflow.h"
#include "percentiles.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CONTENTION_TABLE = 32 };

/* What spoils a workflow or the data on their way through it; the first cause is kept. */
typedef enum { SPOILED_NOT = 0, SPOILED_BY_REJECTION = 1, SPOILED_BY_FAILURE = 2 } spoiled_t;

/* Where a call is. WAITING: in service, but its own calls run and it needs no CPU; OVER: it left or never entered. */
typedef enum { CALL_STARTING = 0, CALL_WORKING = 1, CALL_WAITING = 2, CALL_QUEUED = 3, CALL_OVER = 4 } call_phase_t;

/* ---- plan: the call tree of the workflow, with parents, the calls of functions themselves included ---- */

typedef struct {
  fc_call_kind_t kind;
  int32_t function;
  int32_t leaf; /* FC_CALL_FUNCTION: position among the calls of a user; else -1 */
  int32_t parent;
  int32_t first_child; /* FC_CALL_FUNCTION: root of what the function calls itself, or -1 */
  int32_t next_sibling;
  int32_t n_children;
  int32_t owner; /* the call whose function makes this one; -1: the orchestrator does */
  int32_t end;   /* all below it are (index, end) */
  int32_t pause; /* outermost FC_CALL_PARALLEL around it within the owner's calls, or -1 */
  double probability;
  bool plain; /* runs exactly once: nothing to draw */
  bool uses_previous_output;
  fc_count_distribution_t count;
} plan_node_t;

/* A node of one user's running workflow. */
typedef struct {
  int32_t repetitions;                  /* still to come */
  int32_t pending;                      /* FC_CALL_PARALLEL: children running */
  uint32_t n_visits, n_choices;         /* ordinals of draws */
  uint32_t ahead_visits, ahead_choices; /* the same while steps are counted beforehand */
  uint8_t joined;                       /* FC_CALL_PARALLEL: spoiled_t of the children that are done */
} plan_progress_t;

/* ---- functions and replicas ---- */

/* Parameters and configuration of a function in this window, and what it did. */
typedef struct {
  /* model */
  double startup_work_s, main_work_s, warmup_work_s; /* CPU seconds, before the lognormal factor */
  double parallelism, main_speed;                    /* cores of the second phase; 1 / parallelism */
  double contention, work_sigma, mem_mib, answer_delay_s, io_s, net_bytes_per_call;
  double contention_speed[CONTENTION_TABLE + 1]; /* 1 / (1 + contention * (n - 1)) */
  fc_function_mode_t mode;
  fc_on_failure_t on_failure;
  int32_t max_replicas;
  int32_t first_replica, n_slots; /* its replicas are [first_replica, first_replica + n_slots) */
  int32_t *ready;                 /* (n_slots) replicas that get traffic, in the order in which they became ready */
  /* configuration */
  fc_function_configuration_t configuration;
  double speed;            /* noise of window and function */
  int32_t n_ready, n_used; /* n_used: slots that were in use in this stretch are the first ones */
  uint32_t generation;     /* of its replicas: one higher with each change that replaces them */
  uint32_t n_created;      /* ordinal of replica draws */
  uint32_t turn;           /* of the round robin */
  /* counted within the window */
  double cpu_s, throttled_s, in_flight_s, replica_s; /* integrals over time, summed over replicas */
  double mem_share_s;                                /* the same, of memory in use / limit */
  int64_t requests, answered, rejected, failed;
  samples_t durations; /* of successful executions, drain included */
} function_state_t;

typedef enum {
  REPLICA_ABSENT = 0,
  REPLICA_COLD = 1, /* starts up: becomes ready at its event */
  REPLICA_READY = 2,
  REPLICA_LEAVING = 3 /* gets no traffic, finishes what it has */
} replica_phase_t;

/* What comes before the end of the phase of `next_call` (replicas with period_s > 0). */
typedef enum {
  BOUNDARY_NONE = 0,
  BOUNDARY_BUDGET = 1, /* the kernel finds the budget used up */
  BOUNDARY_PERIOD = 2  /* the period ends */
} boundary_t;

/* A replica. `progress` is the CPU work a request in its first phase would have done since the replica began; every
 * request knows the progress at which its phase is done, so that an event touches no other request (fork mode). In
 * synchronous mode at most one request is in service and `cpu` says what it does. */
typedef struct {
  double progress;
  double rate; /* progress per second */
  double updated_s;
  double cpu_rate, throttled_rate, mem_share, in_flight_rate; /* what the integrals grow by per second */
  double next_progress;                                       /* the smallest target */
  double quota;                                               /* cores */
  double period_s;                     /* in which the quota is given; 0: it is spread evenly over time */
  double mem_limit_mib, per_mem_limit; /* 1 / mem_limit_mib */
  double speed;                        /* noise of window, function, replica */
  int32_t function;
  int32_t first_call; /* list of requests in service, -1 = none */
  int32_t next_call;  /* the one with the smallest target */
  int32_t n_starting, n_working, n_waiting;
  int32_t concurrency;
  int32_t queue_first, queue_last, n_queued; /* calls that wait for a place, in the order of arrival */
  uint8_t phase;                             /* replica_phase_t */
  bool warm;
  bool throttled;      /* by periods: until the end of the one in hand */
  uint8_t boundary;    /* boundary_t that its event is */
  uint32_t number;     /* ordinal among the replicas of its function */
  uint32_t generation; /* of its configuration */
  double slowness;     /* noise of the replica alone */
  double since_s;      /* start of its life within this window */
  /* synchronous mode: the segment of CPU work in hand; CPU seconds in the token bucket at updated_s */
  double tokens, full_until_s, cpu_until_s;
  /* fork mode by periods (periods.h) */
  double period_end_s; /* of the period in hand; of a past one while it is idle */
  double budget_s;     /* CPU seconds left in it at updated_s; negative: debt */
} replica_t;

/* A call of a user: on a replica, or its answer on the way back. */
typedef struct {
  double target;       /* progress of the replica at which the phase ends */
  double segment_work; /* of a stretch of the second phase between two calls of its own, as progress */
  double arrived_s;
  double answer_delay_s; /* delay of function and gateway */
  double factor;         /* of its work: lognormal, and the tail */
  int32_t next;          /* in the replica's list */
  int32_t user, node, function, replica;
  int32_t n_segments;  /* stretches of work still to do */
  int32_t resume_node; /* its own call that was answered last; -1: none was made yet */
  uint8_t resume_data; /* spoiled_t of the data behind resume_node */
  uint8_t doomed;      /* spoiled_t: will fail when its stretch of work ends, or when its own call is answered */
  bool through;        /* all its own calls are made and answered */
  uint8_t phase;       /* call_phase_t */
  uint8_t input;       /* spoiled_t of what it was given */
  uint8_t output;      /* spoiled_t of the data after it; until then, of the data before it */
} call_t;

/* ---- users ---- */

typedef enum {
  USER_AWAY = 0,     /* runs no workflow */
  USER_ARRIVES = 1,  /* will start one at its event */
  USER_STARTS = 2,   /* the orchestrator starts up; its first call goes out at the event */
  USER_RUNS = 3,     /* waits for answers */
  USER_FINISHES = 4, /* the workflow completes at the event */
} user_phase_t;

/* A user of the closed loop, or the place of one workflow in flight in the open loop. */
typedef struct {
  double started_s;
  int64_t window;                /* in which the workflow started */
  uint32_t stream;               /* entity of its draws: the user, or the number of the arrival */
  uint32_t n_workflows, n_calls; /* ordinals of draws */
  uint8_t spoiled;               /* spoiled_t: the workflow is failed, by this cause first */
  uint8_t phase;                 /* user_phase_t */
  bool in_flight;
} user_t;

/* What the window's workflows came to. */
typedef struct {
  int64_t started, successes, failures, rejected, unfinished;
  double latency_sum_s, in_flight_s;
  samples_t latencies; /* of successes */
} workflow_counts_t;

/* ---- the whole ---- */

struct simulator {
  const fc_workflow_t *workflow;
  uint64_t seed;
  fc_semantics_t semantics;
  double window_s, start_s, end_s; /* of the window in hand, on the clock of the stretch */
  bool outcomes_only;              /* nobody asks how long executions take */
  bool continues;                  /* a stretch of windows: what is unfinished at the end of one goes on in the next */
  /* model */
  double orchestrator_startup_s, orchestrator_startup_sigma, orchestrator_finish_s, gateway_delay_s;
  double throttling_loss, sigma_window, sigma_function, sigma_replica, mem_idle_mib, mem_waiting_share;
  double tail_share, tail_factor;
  double spawn_rate_per_s, cold_start_median_s, cold_start_sigma;
  double cpu_period_s, cpu_tick_s, cores; /* of fork mode; 0: no periods, exact, unlimited */
  fc_balancer_t balancer;
  bool queues;           /* at the concurrency limit calls wait instead of being rejected */
  bool has_been_running; /* parameters: FC_WINDOWS_RUNNING */
  normal_table_t *normal;
  /* plan */
  int32_t n_nodes, n_leaves;
  plan_node_t *nodes; /* (n_nodes) */
  /* state */
  int32_t n_functions, n_places, n_replicas, n_calls; /* capacities: users, replicas of all functions, calls */
  int32_t n_users;                                    /* closed loop: users now; 0 in the open loop */
  double rate_per_s;                                  /* open loop: arrivals of workflows now */
  double max_rate_per_s;                              /* what there is room for */
  uint32_t n_arrivals;                                /* ordinal of draws */
  int32_t free_place;                                 /* open loop: first free user, list by free_next; -1 none */
  function_state_t *functions;                        /* (n_functions) */
  replica_t *replicas;                                /* (n_replicas) */
  call_t *calls;                                      /* (n_places, n_leaves) */
  plan_progress_t *progress;                          /* (n_places, n_nodes) */
  user_t *users;                                      /* (n_places) */
  int32_t *free_next;                                 /* (n_places) */
  int32_t *ready;                                     /* memory of all ready lists */
  workflow_counts_t counts;
  events_t events;
  int64_t window;
  float *samples; /* memory of all samples_t */
};

typedef struct simulator simulator_t;

#ifdef __cplusplus
}
#endif
#endif
