/* faasconf/workflow.h - a workflow file, read and checked: functions, calls, QoS, prices, window, start.
 *
 * A workflow is immutable after loading: any number of threads may read it. Everything derived (topology, visits,
 * depth) is computed at load, so that no user computes it differently. Loading is the only part that can fail; every
 * error names file, line and what was expected.
 */
#ifndef FAASCONF_WORKFLOW_H
#define FAASCONF_WORKFLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "faasconf/dims.h"
#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- knobs and configuration ------------------------------------------------------------------------------- */

/* Order of the A axis everywhere. */
typedef enum { FC_KNOB_CPU = 0, FC_KNOB_MEM = 1, FC_KNOB_REPLICAS = 2, FC_KNOB_CONCURRENCY = 3 } fc_knob_t;

/* Inclusive; min == max is a fixed knob. Units: millicores, MiB, replicas, requests in flight per replica. */
typedef struct {
  int32_t min;
  int32_t max;
} fc_knob_range_t;

/* What one function runs with. The stored truth; actions are derived from it. */
typedef struct {
  int32_t cpu_millicores; /* per replica */
  int32_t mem_mib;        /* per replica */
  int32_t replicas;
  int32_t concurrency; /* concurrency limit per replica */
} fc_function_configuration_t;

/* ---- functions and calls ------------------------------------------------------------------------------------ */

typedef enum {
  FC_MODE_FORK = 0,       /* a process per request; replicas share their CPU quota between requests in flight */
  FC_MODE_SYNCHRONOUS = 1 /* one request at a time per replica, busy while its own calls run */
} fc_function_mode_t;

/* What a failed call to the function does. Under `strict` semantics it also always fails the workflow. */
typedef enum {
  FC_ON_FAILURE_FAIL = 0,   /* the workflow is counted failed */
  FC_ON_FAILURE_IGNORE = 1, /* nothing: the answer is not used */
  FC_ON_FAILURE_POISON = 2  /* the next function in the data path gets garbage, wastes its start-up work and fails */
} fc_on_failure_t;

typedef enum { FC_SEMANTICS_STRICT = 0, FC_SEMANTICS_AS_PUBLISHED = 1 } fc_semantics_t;

/* Which knob ranges apply: the measured support (default) or the paper's whole box. */
typedef enum { FC_RANGES_MEASURED = 0, FC_RANGES_FULL = 1 } fc_ranges_t;

typedef struct {
  char name[FC_NAME_SIZE];
  char platform_name[FC_NAME_SIZE]; /* what the platform calls it; same as name unless `platform:` says otherwise */
  fc_function_mode_t mode;
  fc_on_failure_t on_failure;
  fc_knob_range_t ranges[FC_KNOBS];      /* (A) measured support: the default */
  fc_knob_range_t full_ranges[FC_KNOBS]; /* (A) `ranges: full` */
  fc_function_configuration_t start;
  int32_t calls; /* index of the call node this function itself executes, or -1 */
} fc_function_t;

typedef enum {
  FC_CALL_FUNCTION = 0, /* calls `function` once (per repetition) */
  FC_CALL_SEQUENCE = 1, /* children one after the other */
  FC_CALL_PARALLEL = 2, /* children at once; done when the last is */
  FC_CALL_CHOICE = 3    /* exactly one child, by its `probability` (they sum to 1) */
} fc_call_kind_t;

enum { FC_MAX_COUNT_OUTCOMES = 8, FC_MAX_CALL_NODES = 8192 };

/* How often a node is executed: a small discrete distribution. {1: 1.0} unless the file says otherwise. */
typedef struct {
  int32_t n_outcomes;
  int32_t count[FC_MAX_COUNT_OUTCOMES];
  double probability[FC_MAX_COUNT_OUTCOMES]; /* sums to 1 */
} fc_count_distribution_t;

/* One node of a call plan; plans are trees stored in one array, children in consecutive order by next_sibling. */
typedef struct {
  fc_call_kind_t kind;
  int32_t function;     /* FC_CALL_FUNCTION: index of the callee; else -1 */
  int32_t first_child;  /* or -1 */
  int32_t next_sibling; /* or -1 */
  double probability;   /* weight within an FC_CALL_CHOICE parent, else the chance that the node runs at all (1) */
  fc_count_distribution_t count; /* repetitions, one after the other */
  bool uses_previous_output;     /* false: the call gets the workflow's own input, so poison does not reach it */
} fc_call_node_t;

/* ---- topology (derived) ------------------------------------------------------------------------------------- */

/* Bits of edge_kinds: how the column function is seen from the row function. */
enum {
  FC_EDGE_SUCCESSOR = 1u,   /* the column gets the row's output, or is called by it */
  FC_EDGE_PREDECESSOR = 2u, /* the other direction */
  FC_EDGE_SIBLING = 4u,     /* parallel to each other */
  FC_EDGE_DESCENDANT = 8u,  /* reachable from the row, more than one step away */
  FC_EDGE_ANCESTOR = 16u
};

/* Neighbourhoods in CSR: edges of row i are [row_start[i], row_start[i+1]), columns ascending. */
typedef struct {
  int32_t n_functions;  /* N */
  int32_t n_edges;      /* E */
  int32_t *row_start;   /* (N+1) */
  int32_t *column;      /* (E) */
  uint32_t *edge_kinds; /* (E) FC_EDGE_* bits */
  double *multiplicity; /* (E) expected calls per workflow over the edge, 0 where no direct call or data */
} fc_topology_t;

/* ---- QoS, prices, simulator --------------------------------------------------------------------------------- */

typedef enum {
  FC_QOS_LATENCY_MEAN = 0,       /* s, over successes of the window; must be <= target */
  FC_QOS_LATENCY_PERCENTILE = 1, /* s; must be <= target */
  FC_QOS_SUCCESS_RATIO = 2,      /* must be >= target */
  FC_QOS_SUCCESS_COUNT = 3       /* successes per window, closed loop only; must be >= target */
} fc_qos_kind_t;

typedef enum { FC_QOS_OF_OFFERED = 0, FC_QOS_OF_COMPLETED = 1 } fc_qos_base_t;

enum { FC_MAX_QOS_TERMS = 8, FC_MAX_QOS_POINTS = 16 };

/* One QoS term; its target may depend on load (mean in flight): a table, linear between, clamped outside. */
typedef struct {
  fc_qos_kind_t kind;
  double percentile;  /* FC_QOS_LATENCY_PERCENTILE: 0 < p < 100 */
  fc_qos_base_t base; /* FC_QOS_SUCCESS_RATIO */
  bool strict_only;   /* not judged under as-published semantics */
  int32_t n_points;
  double in_flight[FC_MAX_QOS_POINTS]; /* ascending */
  double target[FC_MAX_QOS_POINTS];
} fc_qos_term_t;

typedef struct {
  char version[FC_NAME_SIZE];
  double usd_per_millicore_hour;
  double usd_per_mib_hour;
} fc_prices_t;

/* Simulator parameters of one function (fork mode unless said); ../docs name their source. */
typedef struct {
  double work_cpu_s;    /* w: CPU seconds per request */
  double startup_share; /* phi: share of w that is start-up (one thread) */
  double parallelism;   /* p: cores the second phase can use */
  double mem_mib_per_request;
  double contention;     /* kappa: slow-down per further request in flight */
  double answer_delay_s; /* d: added to every answer */
  double net_bytes_per_call;
  double work_sigma; /* lognormal sigma of the work (mean 1) */
  double io_s;       /* synchronous mode: waiting of a request that makes no calls of its own */
} fc_function_simulator_t;

/* Which replica gets a call. */
typedef enum {
  FC_BALANCER_RANDOM = 0,           /* uniformly at random, blind to load: what the published measurements show */
  FC_BALANCER_ROUND_ROBIN = 1,      /* one after the other */
  FC_BALANCER_LEAST_CONNECTIONS = 2 /* the one with the fewest requests in service and waiting; ties at random */
} fc_balancer_t;

/* What happens to a call whose replica is at its concurrency limit (fork mode; synchronous replicas always queue). */
typedef enum {
  FC_OVERFLOW_REJECT = 0, /* 429 at once: neither queued nor retried */
  FC_OVERFLOW_QUEUE = 1   /* waits at that replica, first come first served */
} fc_overflow_t;

/* What was before a window that somebody measures under a closed loop. */
typedef enum {
  FC_WINDOWS_FRESH = 0,  /* nothing: users come with it, as in the published experiments */
  FC_WINDOWS_RUNNING = 1 /* another window: the system has been running with these users */
} fc_windows_t;

typedef struct {
  bool present;                  /* the file has a `simulator:` section */
  double orchestrator_startup_s; /* median, before the first call */
  double orchestrator_startup_sigma;
  double orchestrator_finish_s;
  double gateway_delay_s; /* each answer: this * (0.5 + U) */
  double throttling_loss;
  double warmup_share;                                /* first request of a replica: + this * w */
  double sigma_window, sigma_function, sigma_replica; /* lognormal speed noise, mean 1 */
  double mem_idle_mib, mem_waiting_share;             /* 20 MiB; 0.3 of a request's memory before its second phase */
  double tail_share, tail_factor; /* of the calls of every function; times the work that these take, 1 or more */
  double spawn_rate_per_s;        /* closed loop: user u starts at u / this */
  double cold_start_median_s, cold_start_sigma;
  double cpu_period_s; /* fork mode: a replica's quota is given by the period; 0: spread evenly over time */
  double cpu_tick_s;   /* a budget that is used up is noticed at multiples of this; 0: at once */
  double cores;        /* on which the requests of one replica run at most; 0: unlimited. Both with periods only */
  fc_balancer_t balancer;
  fc_overflow_t overflow;
  fc_windows_t windows;
  fc_function_simulator_t *functions; /* (N) */
} fc_simulator_parameters_t;

/* ---- the workflow ------------------------------------------------------------------------------------------- */

typedef struct {
  char name[FC_NAME_SIZE];
  int32_t n_functions;      /* N */
  fc_function_t *functions; /* (N) */
  int32_t n_call_nodes;
  fc_call_node_t *call_nodes;
  int32_t calls;                   /* root node executed by the orchestrator (or by the client, when it is one call) */
  char orchestrator[FC_NAME_SIZE]; /* name of the function that orchestrates, or "" when it is outside */
  int32_t n_qos_terms;
  fc_qos_term_t qos_terms[FC_MAX_QOS_TERMS];
  fc_prices_t prices;
  double window_s;
  fc_simulator_parameters_t simulator;
  char platform_kind[FC_NAME_SIZE]; /* of the optional `platform:` section, or "" */
  /* derived at load */
  fc_topology_t topology;         /* all edge kinds */
  fc_topology_t neighbours;       /* direct ones only (successor or predecessor): what attention looks at */
  double *visits;                 /* (N) expected calls per workflow */
  int32_t *depth;                 /* (N) longest distance from the entry */
  int32_t *in_degree;             /* (N) predecessors */
  int32_t *out_degree;            /* (N) successors */
  uint8_t digest[FC_DIGEST_SIZE]; /* SHA-256 of the canonical content: same digest, same dims and meaning */
} fc_workflow_t;

/* Reads `name_or_path`: an existing file, or the name of a shipped workflow, looked up as <dir>/<name>.yaml in
 * FAASCONF_WORKFLOWS (environment), then in the source or install tree. Caller owns the result and destroys it with
 * fc_workflow_destroy. Errors: FC_ENOTFOUND, FC_EFORMAT ("file:line: expected ..."), FC_ENOMEM. Blocks on file I/O. */
fc_status_t fc_workflow_load(const char *name_or_path, fc_workflow_t **out, fc_error_t *error);

/* Writes the path fc_workflow_load would read into path[size]. FC_ENOTFOUND lists where it looked. */
fc_status_t fc_workflow_resolve(const char *name_or_path, char *path, size_t size, fc_error_t *error);

/* The same from memory; `file` is only used in messages. */
fc_status_t fc_workflow_parse(const char *text, size_t size, const char *file, fc_workflow_t **out, fc_error_t *error);

/* Another price table: the `prices:` of any YAML file that has them, a workflow file too. Errors as fc_workflow_load.
 * Blocks on file I/O. */
fc_status_t fc_prices_load(const char *path, fc_prices_t *prices, fc_error_t *error);

/* Accepts NULL and pointer to NULL; sets *workflow to NULL. */
void fc_workflow_destroy(fc_workflow_t **workflow);

/* Index of the function with this name, or -1. */
int32_t fc_workflow_find(const fc_workflow_t *workflow, const char *function);

/* The range of a knob under `ranges`. */
fc_knob_range_t fc_workflow_range(const fc_workflow_t *workflow, int32_t function, fc_knob_t knob, fc_ranges_t ranges);

/* The edges of `from` with at least one of `kinds` (FC_EDGE_* bits). Caller owns *out and frees it with
 * fc_topology_clear. */
fc_status_t fc_topology_select(const fc_topology_t *from, uint32_t kinds, fc_topology_t *out);
void fc_topology_clear(fc_topology_t *topology);

/* The target of a term at a load: linear in the table, clamped at its ends. */
double fc_qos_target(const fc_qos_term_t *term, double mean_in_flight);

/* "strict" / "as-published"; false for any other text. */
bool fc_semantics_parse(const char *text, fc_semantics_t *out);
const char *fc_semantics_name(fc_semantics_t semantics);

/* As workflow files spell them. */
const char *fc_balancer_name(fc_balancer_t balancer);
const char *fc_overflow_name(fc_overflow_t overflow);

#ifdef __cplusplus
}
#endif
#endif
