/* orchestrator.h - a workflow as an HTTP service: each request runs the workflow's calls against its functions.
 *
 *   POST /               body: empty, or {"number": N}
 *                        200 {"ok": true, "workflow", "number", "checksum", "calls", "latency_s"}
 *                        by the first cause 429 rejected, 504 time-out, 502 other: {"ok": false, "workflow", "number",
 * "result", "function", "reason", "calls", "calls_failed", "calls_rejected", "latency_s"} GET  /metrics.json counters;
 * with ?since=CURSOR[&limit=N] the completions since then (docs/local-functions.md) GET  /health         200 {"ok":
 * true, "workflow"}
 *
 * Functions are called with {"number": N, "previous": checksum}; a success is 200 with {"ok": true, "checksum"}. A call
 * for which the output before is garbage says {"previous": "failed"}. Any thread.
 */
#ifndef FUNCTIONS_ORCHESTRATOR_ORCHESTRATOR_H
#define FUNCTIONS_ORCHESTRATOR_ORCHESTRATOR_H

#include "endpoints.h"
#include "http_client.h"
#include "http_server.h"
#include "outcomes.h"

enum { ORCHESTRATOR_RING = 65536, ORCHESTRATOR_MAX_READ = 65536, ORCHESTRATOR_DEFAULT_READ = 10000 };

/* Everything is borrowed until the service is stopped. */
typedef struct {
  const fc_workflow_t *workflow;
  fc_semantics_t semantics;
  const endpoints_t *endpoints;
  http_client_t *client;
  outcomes_t *outcomes;
  uint64_t seed;
} orchestrator_t;

/* An http_handler_t; context is an orchestrator_t. Blocks as long as the workflow takes. */
void orchestrator_handle(void *context, const http_request_t *request, http_response_t *response);

/* The caller that goes over HTTP; borrows the orchestrator. */
caller_t orchestrator_caller(orchestrator_t *orchestrator);

/* GET /metrics.json: see metrics.c. */
void orchestrator_metrics(orchestrator_t *orchestrator, const http_request_t *request, http_response_t *response);

#endif
