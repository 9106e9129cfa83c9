/* http_server.h - a small HTTP/1.1 server: one handler, a thread per connection, JSON answers, an end without a cut.
 *
 * http_server.c is the only includer of libmicrohttpd. Each connection has a thread, so that requests in service at
 * once are threads, like the processes of a fork-mode function. Connections are kept alive. Bodies are held whole, up
 * to HTTP_MAX_BODY_BYTES (larger: 413).
 */
#ifndef FUNCTIONS_HTTP_SERVER_H
#define FUNCTIONS_HTTP_SERVER_H

#include <stdint.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { HTTP_MAX_BODY_BYTES = 1 << 20, HTTP_IDLE_TIMEOUT_S = 300, HTTP_LINGER_MS = 2000, HTTP_URL_SIZE = 96 };
enum {
  HTTP_OK = 200,
  HTTP_BAD_REQUEST = 400,
  HTTP_NOT_FOUND = 404,
  HTTP_METHOD_NOT_ALLOWED = 405,
  HTTP_TOO_LARGE = 413,
  HTTP_UNPROCESSABLE = 422,
  HTTP_TOO_MANY_REQUESTS = 429,
  HTTP_INTERNAL = 500,
  HTTP_BAD_GATEWAY = 502,
  HTTP_UNAVAILABLE = 503,
  HTTP_GATEWAY_TIMEOUT = 504
};

typedef struct http_server http_server_t;

/* Borrowed until the handler returns. */
typedef struct {
  const char *method; /* "POST" */
  const char *path;   /* "/metrics.json", without the query */
  const char *body;   /* body_size bytes and a NUL */
  size_t body_size;
  void *connection; /* of the library, for http_request_query */
} http_request_t;

typedef struct {
  int32_t status;
  char *body; /* JSON; the server takes it over and frees it with free(); NULL: empty */
} http_response_t;

/* Runs on the connection's thread, several at once; may block. */
typedef void (*http_handler_t)(void *context, const http_request_t *request, http_response_t *response);

typedef struct {
  const char *listen; /* an IPv4 or IPv6 address */
  int32_t port;       /* 0: a free one */
  int32_t max_connections;
  int32_t linger_ms; /* how long the end waits for clients that neither send a request in full nor take an answer */
  http_handler_t handler;
  void *context; /* borrowed until http_server_stop */
} http_server_options_t;

/* Value of a key of the query, or NULL; borrowed until the handler returns. */
const char *http_request_query(const http_request_t *request, const char *key);

/* Listens, and serves from threads of its own once it returns. Caller owns the result and ends it with
 * http_server_stop. FC_EINVAL: no such address; FC_EIO: the port is taken or not allowed; FC_ENOMEM. */
fc_status_t http_server_start(const http_server_options_t *options, http_server_t **out, fc_error_t *error);

/* "http://127.0.0.1:8081"; borrows the server. */
const char *http_server_url(const http_server_t *server);
int32_t http_server_port(const http_server_t *server);

/* Accepts nobody new, waits until every request in service is answered to its last byte (a client that stalls gets
 * linger_ms), closes. Accepts NULL and pointer to NULL; sets *server to NULL. Blocks as long as the handler does. */
void http_server_stop(http_server_t **server);

#ifdef __cplusplus
}
#endif
#endif
