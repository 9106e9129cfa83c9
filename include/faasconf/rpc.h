/* faasconf/rpc.h - the methods of the policy RPC: requests and responses as plain structs.
 *
 * Payloads travel inside fc_wire_rpc_request_t / fc_wire_rpc_response_t. proto/rpc.c encodes and decodes them with the
 * same checks as wire.h; server/rpc/ answers, the client library asks. Each decoded struct is freed with its _clear.
 */
#ifndef FAASCONF_RPC_H
#define FAASCONF_RPC_H

#include "faasconf/wire.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FC_RPC_REGISTER "workflow.register" /* register request -> register response */
#define FC_RPC_DECIDE "policy.decide"       /* decide request -> decide response */
#define FC_RPC_EXPLAIN "policy.explain"     /* decide request -> explain response */
#define FC_RPC_LIST "policy.list"           /* list request -> list response */
#define FC_RPC_STATUS "server.status"       /* empty -> status response */

/* `faasconf simulate --serve`: one simulated workflow, shared by several agents. The same frames on a socket of its
 * own; faasconfd knows none of them. */
#define FC_RPC_SIMULATION_JOIN "simulation.join"     /* simulation join request -> simulation state */
#define FC_RPC_SIMULATION_STATE "simulation.state"   /* empty -> simulation state */
#define FC_RPC_SIMULATION_WRITE "simulation.write"   /* simulation write request -> simulation state */
#define FC_RPC_SIMULATION_WINDOW "simulation.window" /* window request -> window response, once it was simulated */
#define FC_RPC_SIMULATION_LEAVE "simulation.leave"   /* empty -> empty */

/* The workflow file's text, as read: the server checks and keeps it. */
typedef struct {
  char *text;
  size_t size;
} fc_rpc_register_request_t;

typedef struct {
  char workflow[FC_NAME_SIZE];
  uint8_t digest[FC_DIGEST_SIZE];
  bool created; /* false: was known already, same digest */
} fc_rpc_register_response_t;

/* observation: optional; without it the server decides on the newest stored window of the workflow, or on its start
 * configuration without metrics when there is none. policy_version 0 = live. */
typedef struct {
  char workflow[FC_NAME_SIZE];
  int64_t policy_version;
  bool has_observation;
  fc_observation_t observation;
} fc_rpc_decide_request_t;

typedef struct {
  int32_t n_functions;                        /* N */
  char (*functions)[FC_NAME_SIZE];            /* (N) names, the order of all arrays */
  fc_function_configuration_t *configuration; /* (N) decoded action of the policy */
  float *action;                              /* (N, A) */
  double cost_usd_h;
  bool has_bounds; /* SES band of the nearest load */
  double lb_usd_h, ub_usd_h, bounds_in_flight;
  int64_t policy_version;
  uint8_t policy_digest[FC_DIGEST_SIZE];
  int32_t n_edges;                 /* E */
  int32_t *edge_row, *edge_column; /* (E) */
  float *attention;                /* (E) */
  int64_t observed_window_us;      /* wall start of the window it decided on; 0 = start configuration */
} fc_rpc_decide_response_t;

/* Why: the decision plus what it is predicted to do, compared with now. */
typedef struct {
  fc_rpc_decide_response_t decision;
  double cost_now_usd_h;
  bool has_q; /* critic value known to the server */
  double q_now, q_decided;
  bool inside_bounds;
  char *text; /* a few sentences for a person */
} fc_rpc_explain_response_t;

typedef struct {
  char workflow[FC_NAME_SIZE]; /* "" = all */
} fc_rpc_list_request_t;

typedef struct {
  char workflow[FC_NAME_SIZE];
  int64_t version;
  char kind[FC_NAME_SIZE];
  char variant[FC_NAME_SIZE];
  char state[FC_NAME_SIZE]; /* candidate, shadow, canary, live, retired */
  uint8_t digest[FC_DIGEST_SIZE];
  int64_t created_us;
  int64_t updates;
  double heldout_r2; /* NaN = none */
} fc_rpc_policy_entry_t;

typedef struct {
  int32_t n_policies;
  fc_rpc_policy_entry_t *policies;
} fc_rpc_list_response_t;

/* X(name): counters of the server, all since its start unless said; key of JSON and protobuf. transitions_stored: rows
 * in the store, all time. */
/* clang-format off */
#define FC_SERVER_COUNTERS(X)                                                                        \
  X(transitions_received) X(transitions_acked) X(transitions_duplicate) X(transitions_refused)       \
  X(transitions_stored) X(frames_malformed) X(group_commits) X(agents_connected) X(learner_updates)  \
  X(replay_rows) X(policies_published) X(hints_sent) X(chunks_sent) X(rpc_requests) X(rpc_errors)    \
  X(checkpoints_written) X(safety_records)
/* clang-format on */

typedef struct {
  char program_version[FC_NAME_SIZE];
  char store[256];
  int64_t started_us;
  bool degraded; /* the store refuses writes, or the learner stopped; see `problem` */
  char problem[256];
#define FC_SERVER_COUNTER_FIELD(name) uint64_t name;
  FC_SERVER_COUNTERS(FC_SERVER_COUNTER_FIELD)
#undef FC_SERVER_COUNTER_FIELD
  int32_t n_workflows;
  char (*workflows)[FC_NAME_SIZE];
  int64_t *live_versions; /* (n_workflows) 0 = none */
} fc_rpc_status_response_t;

/* Who wants to take part, and which functions it owns: names, (n_functions); none = all. */
typedef struct {
  char agent[FC_NAME_SIZE];
  char workflow[FC_NAME_SIZE];
  uint8_t workflow_digest[FC_DIGEST_SIZE];
  int32_t n_functions;
  char (*functions)[FC_NAME_SIZE];
} fc_rpc_simulation_join_request_t;

/* As the asking agent sees it: of its own functions what is written and runs from the next window on, of the others
 * what was in force in the last one. */
typedef struct {
  int64_t window;   /* the next one to be simulated, from 0 */
  int64_t start_us; /* of that window, wall clock */
  int32_t n_functions;
  fc_function_configuration_t *configuration; /* (N) */
} fc_rpc_simulation_state_t;

typedef struct {
  char function[FC_NAME_SIZE];
  fc_function_configuration_t configuration;
} fc_rpc_simulation_write_request_t;

typedef struct {
  int64_t window; /* everything is written: this one may run */
} fc_rpc_simulation_window_request_t;

typedef struct {
  fc_observation_t observation; /* window and start_us are the simulation's */
} fc_rpc_simulation_window_response_t;

/* Encoders replace *bytes; decoders own what they fill. All: FC_EFORMAT / FC_EINVAL / FC_EEXHAUSTED as wire.h. */
/* clang-format off */
#define FC_RPC_PAYLOADS(X)                                                                           \
  X(register_request) X(register_response) X(decide_request) X(decide_response) X(explain_response)  \
  X(list_request) X(list_response) X(status_response)                                                \
  X(simulation_join_request) X(simulation_state) X(simulation_write_request) X(simulation_window_request)                \
  X(simulation_window_response)
/* clang-format on */
#define FC_RPC_DECLARE(name)                                                                                     \
  fc_status_t fc_rpc_encode_##name(const fc_rpc_##name##_t *from, fc_wire_buffer_t *bytes, fc_error_t *error);   \
  fc_status_t fc_rpc_decode_##name(const uint8_t *bytes, size_t size, fc_rpc_##name##_t *to, fc_error_t *error); \
  void fc_rpc_##name##_clear(fc_rpc_##name##_t *value);
FC_RPC_PAYLOADS(FC_RPC_DECLARE)
#undef FC_RPC_DECLARE

#ifdef __cplusplus
}
#endif
#endif
