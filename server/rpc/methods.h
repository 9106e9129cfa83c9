/* methods.h - what each RPC method answers, apart from sockets and waiting.
 *
 * Functions of the RPC thread (they use its store connection and scratch memory). Each fills a response that the caller
 * clears, or answers a gRPC code with a sentence in *error.
 */
#ifndef SERVER_RPC_METHODS_H
#define SERVER_RPC_METHODS_H

#include "faasconf/rpc.h"
#include "registry.h"
#include "stats.h"
#include "store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  registry_t *registry;
  stats_t *stats;
  store_t *store; /* read-only */
  const char *store_directory;
  int64_t started_us;
  float *scratch; /* grown as needed; freed by methods_clear */
  size_t scratch_floats;
} methods_t;

void methods_clear(methods_t *methods);

/* What a decision was made from; an explanation needs it too. Cleared with decision_clear. */
typedef struct {
  const registry_snapshot_t *snapshot; /* held */
  const registry_entry_t *entry;
  registry_policy_t *stored; /* owned: a version that is not in the snapshot */
  const registry_policy_t *policy;
  fc_observation_t observation;     /* owned */
  const fc_safety_record_t *record; /* of the nearest load, or NULL */
} decision_t;
void decision_clear(decision_t *decision);

/* policy.decide: the very function the agent calls, on the request's observation, else the newest stored window, else
 * the start configuration without metrics. */
fc_rpc_code_t methods_decide(methods_t *methods, const fc_rpc_decide_request_t *request, decision_t *decision,
                             fc_rpc_decide_response_t *response, fc_error_t *error);

fc_rpc_code_t methods_list(methods_t *methods, const fc_rpc_list_request_t *request, fc_rpc_list_response_t *response,
                           fc_error_t *error);

fc_rpc_code_t methods_status(methods_t *methods, fc_rpc_status_response_t *response, fc_error_t *error);

/* policy.explain: everything but the decision and Q, which the caller has put into *response. */
fc_rpc_code_t methods_explain(const decision_t *decision, fc_rpc_explain_response_t *response, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
