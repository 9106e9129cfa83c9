/* load_request.h - the request that a load sends again and again, and which answers are a success. Pure. */
#ifndef CLI_LOAD_REQUEST_H
#define CLI_LOAD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char *url;            /* http:// or https:// */
  const char *method;         /* NULL: GET, POST with a body */
  const void *body;           /* NULL: none */
  size_t body_size;           /* bytes */
  const char *const *headers; /* (n_headers) "NAME: VALUE" */
  int32_t n_headers;
  const char *expect;              /* a success must contain this, at least one character; NULL: anything will do */
  int32_t status_low, status_high; /* a success has a status in here */
  double timeout_s;                /* from its start */
  bool insecure;                   /* any certificate will do */
} load_request_t;

/* FC_EINVAL names the method or the header that HTTP does not allow. */
fc_status_t load_request_check(const load_request_t *request, fc_error_t *error);

/* name: "Content-Type:" */
bool load_request_has_header(const load_request_t *request, const char *name);

/* "200" or "200-399" into *low and *high; false when it is neither. */
bool load_request_parse_statuses(const char *text, int32_t *low, int32_t *high);

#ifdef __cplusplus
}
#endif
#endif
