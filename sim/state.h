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
 * Entities of the event set: replicas [0, R), calls [R, R + C), users [R + C, R + C + U).
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

typedef enum { CALL_STARTING = 0, CALL_WORKING = 1 } call_phase_t;

/* ---- plan: the call tree of the workflow, with parents ---- */

typedef struct {
  fc_call_kind_t kind;
  int32_t function;
  int32_t leaf; /* FC_CALL_FUNCTION: position among the calls of a user; else -1 */
  int32_t parent;
  int32_t first_child;
  int32_t next_sibling;
  int32_t n_children;
  double probability;
  bool plain; /* runs exactly once: nothing to draw */
  bool uses_previous_output;
  const fc_count_distribution_t *count;
} plan_node_t;

/* A node of one user's running workflow. */
typedef struct {
  int32_t repetitions; /* still to come */
  int32_t pending;     /* FC_CALL_PARALLEL: children running */
  uint8_t joined;      /* FC_CALL_PARALLEL: spoiled_t of the children that are done */
  uint8_t input;       /* FC_CALL_PARALLEL: spoiled_t the children get */
} plan_progress_t;

/* ---- functions and replicas ---- */

/* Parameters and configuration of a function in this window, and what it did. */
typedef struct {
  /* model */
  double startup_work_s, main_work_s, warmup_work_s; /* CPU seconds, before the lognormal factor */
  double parallelism, main_speed;                    /* cores of the second phase; 1 / parallelism */
  double contention, work_sigma, mem_mib, answer_delay_s;
  double contention_speed[CONTENTION_TABLE + 1]; /* 1 / (1 + contention * (n - 1)) */
  fc_on_failure_t on_failure;
  int32_t max_replicas;
  /* configuration of the window */
  double quota; /* cores per replica */
  double mem_limit_mib;
  double speed; /* noise of window and function */
  int32_t first_replica, n_replicas, concurrency;
  /* counted within the window */
  double cpu_s, throttled_s, mem_mib_s, in_flight_s; /* integrals over time, summed over replicas */
  int64_t requests, answered, rejected, failed;
  samples_t durations; /* of successful executions, drain included */
} function_state_t;

/* A replica in processor sharing. `progress` is the CPU work a request in its first phase would have done since the
 * window began; every request knows the progress at which it is done, so that an event touches no other request. */
typedef struct {
  double progress;
  double rate; /* progress per second */
  double updated_s;
  double cpu_rate, throttled_rate, mem_rate, in_flight_rate; /* what the integrals grow by per second */
  double next_progress;                                      /* the smallest target */
  double speed;                                              /* noise of window, function, replica */
  int32_t function;
  int32_t first_call; /* list of requests in service, -1 = none */
  int32_t next_call;  /* the one with the smallest target */
  int32_t n_starting, n_working;
  bool warm;
} replica_t;

/* A call of a user: on a replica, or its answer on the way back. */
typedef struct {
  double target;      /* progress of the replica at which the phase ends */
  double main_target; /* target of the second phase relative to its entry */
  double arrived_s;
  double answer_delay_s; /* delay of function and gateway */
  int32_t next;          /* in the replica's list */
  int32_t user, node, function;
  uint8_t phase;  /* call_phase_t */
  uint8_t input;  /* spoiled_t of what it was given */
  uint8_t output; /* spoiled_t of the data after it; until then, of the data before it */
} call_t;

/* ---- users ---- */

typedef struct {
  double started_s;
  uint32_t n_workflows, n_calls, n_decisions; /* ordinals of draws */
  uint8_t spoiled;                            /* spoiled_t: the workflow is failed, by this cause first */
  bool in_flight;
} user_t;

/* What the window's workflows came to. */
typedef struct {
  int64_t started, successes, failures, rejected;
  double latency_sum_s, in_flight_s;
  samples_t latencies; /* of successes */
} workflow_counts_t;

/* ---- the whole ---- */

struct simulator {
  const fc_workflow_t *workflow;
  uint64_t seed;
  fc_semantics_t semantics;
  double window_s;
  /* model */
  double orchestrator_startup_s, orchestrator_startup_sigma, orchestrator_finish_s, gateway_delay_s;
  double throttling_loss, sigma_window, sigma_function, sigma_replica, mem_idle_mib, mem_waiting_share;
  double spawn_rate_per_s;
  normal_table_t normal;
  /* plan */
  int32_t root, n_nodes, n_leaves;
  plan_node_t *nodes; /* (n_nodes) */
  /* state */
  int32_t n_functions, n_users, n_replicas, n_calls; /* n_replicas: capacity over all functions */
  function_state_t *functions;                       /* (n_functions) */
  replica_t *replicas;                               /* (n_replicas) */
  call_t *calls;                                     /* (n_users, n_leaves) */
  plan_progress_t *progress;                         /* (n_users, n_nodes) */
  user_t *users;                                     /* (n_users) */
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
