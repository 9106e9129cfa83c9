/* http_client.h - POST with a time-out, connections kept alive. http_client.c is the only includer of libcurl here.
 *
 * Any number of threads: each call takes a handle of its own out of a pool and puts it back, so that connections
 * outlive the threads of a workflow's branches. Proxies of the environment are not used.
 */
#ifndef FUNCTIONS_ORCHESTRATOR_HTTP_CLIENT_H
#define FUNCTIONS_ORCHESTRATOR_HTTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { HTTP_ANSWER_MAX_BYTES = 1 << 20, HTTP_REASON_SIZE = 256 };

typedef struct http_client http_client_t;

typedef struct {
  int32_t status; /* of HTTP; 0: there was no whole answer */
  bool timed_out;
  char *body; /* NUL-terminated, or NULL when empty; caller frees it with free() */
  size_t size;
  char reason[HTTP_REASON_SIZE]; /* why there was no whole answer */
} http_answer_t;

/* timeout_ms: of a whole call, 1 at least. Caller owns the result and destroys it with http_client_destroy, when no
 * call is under way. Call from one thread, before others are in this library. FC_ENOMEM, FC_EINTERNAL. */
fc_status_t http_client_new(int64_t timeout_ms, http_client_t **out, fc_error_t *error);
void http_client_destroy(http_client_t **client);

/* Blocks for timeout_ms at most. Fills *answer. */
void http_client_post(http_client_t *client, const char *url, const char *body, size_t size, http_answer_t *answer);

#ifdef __cplusplus
}
#endif
#endif
