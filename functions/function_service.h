/* function_service.h - an example function as an HTTP service: requests in, checksums out.
 *
 *   GET  /health   200 {"ok": true, "kind", "in_service"}
 *   POST /         body: empty, or {"number": N, "previous": "16 hex digits"}
 *                  200 {"ok": true, "kind", "number", "checksum", "cpu_ms"}
 *                  422 when `previous` is something else, after the start-up: the output before is a failure
 *                  400 when the body is no such object, 503 when there is no memory for the request
 *
 * Every answer but the good ones is {"ok": false, "reason"}. There is no limit of concurrency in here: that is the
 * platform's.
 */
#ifndef FUNCTIONS_FUNCTION_SERVICE_H
#define FUNCTIONS_FUNCTION_SERVICE_H

#include <stdatomic.h>

#include "http_server.h"
#include "work.h"

typedef struct {
  work_t work;
  atomic_int in_service;
} function_service_t;

/* An http_handler_t; context is a function_service_t. Blocks as long as the work takes. */
void function_service_handle(void *context, const http_request_t *request, http_response_t *response);

#endif
