/* orchestrator.c - see orchestrator.h. */
#include "orchestrator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_answer.h"

enum { BODY_SIZE = 128 };
_Static_assert((int)HTTP_REASON_SIZE == (int)CALL_REASON_SIZE, "a reason is copied whole");

/* ---- calls over HTTP ---- */

static size_t print_body(const call_data_t *data, char body[BODY_SIZE]) {
  char checksum[CHECKSUM_TEXT_SIZE] = "failed";
  const long long number = (long long)data->number;
  if (data->garbage == CALL_SUCCEEDED && !data->has_output)
    return (size_t)snprintf(body, BODY_SIZE, "{\"number\": %lld}", number);
  if (data->garbage == CALL_SUCCEEDED) checksum_print(data->output, checksum);
  return (size_t)snprintf(body, BODY_SIZE, "{\"number\": %lld, \"previous\": \"%s\"}", number, checksum);
}

/* {"ok": true, "checksum"}, or FC_EFORMAT. */
static fc_status_t read_success(const http_answer_t *got, uint64_t *checksum) {
  fc_json_t *json = NULL;
  bool ok = false;
  if (got->body == NULL) return FC_EFORMAT;
  FC_TRY(fc_json_parse(got->body, got->size, &json, NULL));
  const bool good = fc_json_bool(fc_json_get(json, "ok"), &ok) && ok &&
                    checksum_parse(fc_json_string(fc_json_get(json, "checksum")), checksum);
  fc_json_destroy(&json);
  return good ? FC_OK : FC_EFORMAT;
}

static void judge(const http_answer_t *got, call_answer_t *answer) {
  if (got->status == 0) {
    answer->result = got->timed_out ? CALL_TIMED_OUT : CALL_FAILED;
    memcpy(answer->reason, got->reason, sizeof answer->reason);
  } else if (got->status == HTTP_TOO_MANY_REQUESTS) {
    answer->result = CALL_REJECTED;
    snprintf(answer->reason, sizeof answer->reason, "answered 429: refused at its concurrency limit");
  } else if (got->status != HTTP_OK) {
    answer->result = CALL_FAILED;
    snprintf(answer->reason, sizeof answer->reason, "answered %d", (int)got->status);
  } else if (read_success(got, &answer->checksum) != FC_OK) {
    answer->result = CALL_FAILED;
    snprintf(answer->reason, sizeof answer->reason, "answered 200 without {\"ok\": true, \"checksum\"}");
  } else {
    answer->result = CALL_SUCCEEDED;
  }
}

static void call_over_http(void *self, int32_t function, const call_data_t *data, call_answer_t *answer) {
  const orchestrator_t *orchestrator = self;
  char body[BODY_SIZE];
  http_answer_t got;
  const size_t size = print_body(data, body);
  http_client_post(orchestrator->client, orchestrator->endpoints->urls[function], body, size, &got);
  judge(&got, answer);
  free(got.body);
}

caller_t orchestrator_caller(orchestrator_t *orchestrator) {
  return (caller_t){orchestrator, call_over_http};
}

/* ---- a request ---- */

static fc_status_t read_number(const http_request_t *request, int64_t *number, fc_error_t *error) {
  fc_json_t *body = NULL;
  *number = 0;
  if (request->body_size == 0) return FC_OK;
  FC_TRY(fc_json_parse(request->body, request->body_size, &body, error));
  const fc_json_t *given = fc_json_get(body, "number");
  const bool good = fc_json_is_object(body) && (given == NULL || (fc_json_int(given, number) && *number >= 0));
  fc_json_destroy(&body);
  return good ? FC_OK : fc_error_set(error, FC_EFORMAT, "body: expected nothing, or {\"number\": N}, N at least 0");
}

static void add_failure(const orchestrator_t *orchestrator, const calls_outcome_t *outcome, fc_json_t *json) {
  const fc_function_t *functions = orchestrator->workflow->functions;
  fc_json_set_string(json, "result", call_result_name(outcome->result));
  if (outcome->function >= 0) {
    fc_json_set_string(json, "function", functions[outcome->function].name);
  } else {
    fc_json_set_null(json, "function");
  }
  fc_json_set_string(json, "reason", outcome->reason);
  fc_json_set_int(json, "calls_failed", outcome->failed);
  fc_json_set_int(json, "calls_rejected", outcome->rejected);
}

static int32_t status_of(call_result_t result) {
  switch (result) {
    case CALL_SUCCEEDED:
      return HTTP_OK;
    case CALL_REJECTED: /* what a proxy in front of it logs tells rejected workflows from failed ones */
      return HTTP_TOO_MANY_REQUESTS;
    case CALL_TIMED_OUT:
      return HTTP_GATEWAY_TIMEOUT;
    case CALL_FAILED:
      break;
  }
  return HTTP_BAD_GATEWAY;
}

static void answer_outcome(const orchestrator_t *orchestrator, int64_t number, double latency_s,
                           const calls_outcome_t *outcome, http_response_t *response) {
  char checksum[CHECKSUM_TEXT_SIZE];
  fc_json_t *json = fc_json_object();
  checksum_print(outcome->checksum, checksum);
  fc_json_set_bool(json, "ok", outcome->result == CALL_SUCCEEDED);
  fc_json_set_string(json, "workflow", orchestrator->workflow->name);
  fc_json_set_int(json, "number", number);
  if (outcome->result == CALL_SUCCEEDED) {
    fc_json_set_string(json, "checksum", checksum);
  } else {
    add_failure(orchestrator, outcome, json);
  }
  fc_json_set_int(json, "calls", outcome->calls);
  fc_json_set_double(json, "latency_s", latency_s);
  answer_json(response, status_of(outcome->result), &json);
}

static void run_workflow(orchestrator_t *orchestrator, const http_request_t *request, http_response_t *response) {
  const caller_t caller = orchestrator_caller(orchestrator);
  int64_t number = 0, start_ns = 0;
  fc_error_t error = {0};
  calls_outcome_t outcome;
  if (read_number(request, &number, &error) != FC_OK) {
    answer_failure(response, HTTP_BAD_REQUEST, error.message);
    return;
  }
  const int64_t serial = outcomes_start(orchestrator->outcomes, &start_ns);
  calls_run(orchestrator->workflow, orchestrator->semantics, &caller, orchestrator->seed, (uint64_t)serial,
            (uint64_t)number, &outcome);
  const double latency_s = outcomes_complete(orchestrator->outcomes, start_ns, &outcome);
  answer_outcome(orchestrator, number, latency_s, &outcome, response);
}

static void answer_health(const orchestrator_t *orchestrator, http_response_t *response) {
  fc_json_t *json = fc_json_object();
  fc_json_set_bool(json, "ok", true);
  fc_json_set_string(json, "workflow", orchestrator->workflow->name);
  answer_json(response, HTTP_OK, &json);
}

void orchestrator_handle(void *context, const http_request_t *request, http_response_t *response) {
  orchestrator_t *orchestrator = context;
  const bool post = strcmp(request->method, "POST") == 0;
  if (strcmp(request->path, "/") == 0 && post) {
    run_workflow(orchestrator, request, response);
  } else if (strcmp(request->path, "/metrics.json") == 0 && !post) {
    orchestrator_metrics(orchestrator, request, response);
  } else if (strcmp(request->path, "/health") == 0 && !post) {
    answer_health(orchestrator, response);
  } else {
    answer_failure(response, HTTP_NOT_FOUND, "there are POST /, GET /metrics.json and GET /health");
  }
}
