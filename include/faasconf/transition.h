/* faasconf/transition.h - what is measured: window, observation, outcome, load, transition.
 *
 * Steps 1 to 3 of the flow pass these structs. They hold raw named metrics with units and presence; features are
 * computed inside a policy. An absent metric is never 0 and never NaN: its bit in `present` is 0 and its value unread.
 *
 * Plain data with caller-provided arrays; every array has n_functions (N) entries. Any thread, never blocks.
 */
#ifndef FAASCONF_TRANSITION_H
#define FAASCONF_TRANSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "faasconf/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, field, unit): metrics of one function in one window, in the order of the presence bits. */
#define FC_FUNCTION_METRICS(X)                                                  \
  X(CPU_UTILIZATION, cpu_utilization_pct, "% of one core, mean over replicas")  \
  X(THROTTLED, throttled_periods, "CFS periods, mean over replicas")            \
  X(MEM_UTILIZATION, mem_utilization_pct, "% of the limit, mean over replicas") \
  X(NET_RX, net_rx_bytes_per_s, "B/s, mean over replicas")                      \
  X(LATENCY_P75, latency_p75_s, "s, successful executions")                     \
  X(LATENCY_P95, latency_p95_s, "s, successful executions")                     \
  X(REQUESTS, requests, "calls that reached the function")                      \
  X(REJECTED, rejected, "calls refused at the concurrency limit")               \
  X(FAILED, failed, "calls that failed otherwise (out of memory, bad input)")   \
  X(IN_FLIGHT, mean_in_flight, "requests in service, time average")

enum {
#define FC_METRIC_INDEX(name, field, unit) FC_METRIC_##name,
  FC_FUNCTION_METRICS(FC_METRIC_INDEX)
#undef FC_METRIC_INDEX
      FC_FUNCTION_METRIC_COUNT
};
#define FC_METRIC_BIT(name) (1u << FC_METRIC_##name)

typedef struct {
  uint32_t present; /* FC_METRIC_BIT(...) */
#define FC_METRIC_FIELD(name, field, unit) double field;
  FC_FUNCTION_METRICS(FC_METRIC_FIELD)
#undef FC_METRIC_FIELD
} fc_function_metrics_t;

/* Measured load, never the load generator's setting. */
enum { FC_LOAD_HAS_ARRIVAL_RATE = 1u, FC_LOAD_HAS_IN_FLIGHT = 2u };
typedef struct {
  uint32_t present; /* FC_LOAD_HAS_* */
  double arrival_rate_per_s;
  double mean_in_flight;
} fc_load_t;

/* End-to-end result of one window. offered = successes + failures + unfinished; completed = successes + failures;
 * rejected counts the failures whose first cause was a concurrency limit. */
enum {
  FC_OUTCOME_HAS_LATENCY_MEAN = 1u, /* absent when the window had no success */
  FC_OUTCOME_HAS_LATENCY_P95 = 2u,
  FC_OUTCOME_HAS_COUNTS = 4u,     /* successes and failures */
  FC_OUTCOME_HAS_UNFINISHED = 8u, /* unfinished (and with it offered) */
  FC_OUTCOME_HAS_REJECTED = 16u,
  FC_OUTCOME_HAS_EXECUTION = 32u /* execution_s of Eq. 2 */
};
typedef struct {
  uint32_t present;
  double latency_mean_s;
  double latency_p95_s;
  int64_t successes;
  int64_t failures;
  int64_t unfinished;
  int64_t rejected;
  double execution_s; /* sum over functions and calls of execution time, for the Eq. 2 cost */
} fc_outcome_t;

/* Step 1: what was seen in one window, with the configuration that was in force. */
typedef struct {
  int64_t window;   /* index within the agent's epoch, ascending by one */
  int64_t start_us; /* wall clock */
  double duration_s;
  int32_t n_functions; /* N */
  fc_load_t load;
  fc_outcome_t outcome;
  fc_function_configuration_t *configuration; /* (N) in force during the window */
  fc_function_metrics_t *metrics;             /* (N) */
} fc_observation_t;

enum {
  FC_TRANSITION_HAS_BEFORE = 1u,   /* `before` holds s; without it the row is stored, not trained on */
  FC_TRANSITION_TERMINAL = 2u,     /* no bootstrap from s' */
  FC_TRANSITION_JUDGING = 4u,      /* a window that judges a settled configuration: outside the tuning budget */
  FC_TRANSITION_AS_PUBLISHED = 8u, /* measured under as-published semantics */
  FC_TRANSITION_EXPLORED = 16u     /* the action was drawn by exploration or the safety strategy, not by the policy */
};

/* Step 2: s, configuration, cost, outcome, s'. The configuration decided after s is the one in force in s', so it is
 * after.configuration; the outcome is after.outcome. Identity is (agent, epoch, sequence). */
typedef struct {
  char workflow[FC_NAME_SIZE];
  char agent[FC_NAME_SIZE];
  uint64_t epoch;          /* persisted, one higher at each start of the agent's state folder */
  uint64_t sequence;       /* from 1 within the epoch, no holes */
  uint32_t flags;          /* FC_TRANSITION_* */
  int64_t policy_version;  /* that decided; 0 = none */
  double cost_usd_h;       /* reserved cost of after.configuration */
  fc_observation_t before; /* s */
  fc_observation_t after;  /* s' */
} fc_transition_t;

/* Allocates the two arrays for n functions (zeroed); fc_observation_clear frees them. FC_ENOMEM. */
fc_status_t fc_observation_init(fc_observation_t *observation, int32_t n_functions);
void fc_observation_clear(fc_observation_t *observation);
/* Copies all, arrays included; both have the same n_functions. */
void fc_observation_copy(fc_observation_t *to, const fc_observation_t *from);

fc_status_t fc_transition_init(fc_transition_t *transition, int32_t n_functions);
void fc_transition_clear(fc_transition_t *transition);
void fc_transition_copy(fc_transition_t *to, const fc_transition_t *from);

/* Semantic check of values from outside: finite, in range, counts not negative, N equals the workflow's, configuration
 * positive. Names the first offending field. FC_EINVAL or FC_EMISMATCH. */
fc_status_t fc_observation_validate(const fc_observation_t *observation, const fc_workflow_t *workflow,
                                    fc_error_t *error);
fc_status_t fc_transition_validate(const fc_transition_t *transition, const fc_workflow_t *workflow, fc_error_t *error);

/* Successes + failures (+ unfinished where present). */
int64_t fc_outcome_completed(const fc_outcome_t *outcome);
int64_t fc_outcome_offered(const fc_outcome_t *outcome);

/* Nothing was asked of the workflow: counts are known, nothing ended, nothing was in flight or arrived as far as that
 * was measured, and one of the two was. Such a window costs, but there is nothing to judge or to learn. */
bool fc_observation_is_idle(const fc_observation_t *observation);

/* ---- QoS of a window ---------------------------------------------------------------------------------------- */

typedef enum { FC_QOS_MET = 0, FC_QOS_VIOLATED = 1, FC_QOS_UNKNOWN = 2 } fc_qos_verdict_t;

/* Judges one window. UNKNOWN when a term's metric is absent (never a violation by itself); a window with counts and no
 * success violates every latency term. `load_in_flight` indexes the targets: the measured value for agents, the
 * scenario's users for experiments. violation[i], (n_qos_terms) or NULL, gets v of each term: latency / target or
 * target / observed, with observed floored at one request and the window length as latency when nothing succeeded;
 * NaN where unknown, 1 where the term does not apply under `semantics`. */
fc_qos_verdict_t fc_qos_judge(const fc_workflow_t *workflow, fc_semantics_t semantics, const fc_outcome_t *outcome,
                              double window_s, double load_in_flight, double *violation);

#ifdef __cplusplus
}
#endif
#endif
