/* function_service.c - see function_service.h. */
#include "function_service.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/json.h"
#include "json_answer.h"

/* FC_EFORMAT: no such body. */
static fc_status_t read_input(const http_request_t *request, work_input_t *input, fc_error_t *error) {
  fc_json_t *body = NULL;
  int64_t number = 0;
  memset(input, 0, sizeof *input);
  if (request->body_size == 0) return FC_OK;
  FC_TRY(fc_json_parse(request->body, request->body_size, &body, error));
  const fc_json_t *given = fc_json_get(body, "number"), *previous = fc_json_get(body, "previous");
  const bool good = fc_json_is_object(body) && (given == NULL || (fc_json_int(given, &number) && number >= 0));
  if (previous != NULL) {
    input->has_previous = checksum_parse(fc_json_string(previous), &input->previous);
    input->garbage = !input->has_previous;
  }
  fc_json_destroy(&body);
  input->number = (uint64_t)number;
  if (good) return FC_OK;
  return fc_error_set(error, FC_EFORMAT, "body: expected nothing, or {\"number\": N, \"previous\": \"checksum\"}");
}

static void serve_work(function_service_t *service, const http_request_t *request, http_response_t *response) {
  work_input_t input;
  fc_error_t error = {0};
  uint64_t checksum = 0;
  const double before_s = work_cpu_s();
  if (read_input(request, &input, &error) != FC_OK) {
    answer_failure(response, HTTP_BAD_REQUEST, error.message);
    return;
  }
  const fc_status_t status = work_run(&service->work, &input, &checksum, &error);
  if (status != FC_OK) {
    answer_failure(response, status == FC_EFORMAT ? HTTP_UNPROCESSABLE : HTTP_UNAVAILABLE, error.message);
    return;
  }
  char text[CHECKSUM_TEXT_SIZE];
  checksum_print(checksum, text);
  fc_json_t *json = fc_json_object();
  fc_json_set_bool(json, "ok", true);
  fc_json_set_string(json, "kind", service->work.kind->name);
  fc_json_set_int(json, "number", (int64_t)input.number);
  fc_json_set_string(json, "checksum", text);
  fc_json_set_double(json, "cpu_ms", 1e3 * (work_cpu_s() - before_s));
  answer_json(response, HTTP_OK, &json);
}

static void serve_health(function_service_t *service, http_response_t *response) {
  fc_json_t *json = fc_json_object();
  fc_json_set_bool(json, "ok", true);
  fc_json_set_string(json, "kind", service->work.kind->name);
  fc_json_set_int(json, "in_service", atomic_load(&service->in_service));
  answer_json(response, HTTP_OK, &json);
}

void function_service_handle(void *context, const http_request_t *request, http_response_t *response) {
  function_service_t *service = context;
  if (strcmp(request->path, "/health") == 0) {
    serve_health(service, response);
  } else if (strcmp(request->path, "/") != 0) {
    answer_failure(response, HTTP_NOT_FOUND, "there are POST / and GET /health");
  } else if (strcmp(request->method, "POST") != 0) {
    answer_failure(response, HTTP_METHOD_NOT_ALLOWED, "expected POST /");
  } else {
    atomic_fetch_add(&service->in_service, 1);
    serve_work(service, request, response);
    atomic_fetch_sub(&service->in_service, 1);
  }
}
