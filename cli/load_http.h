/* load_http.h - requests to one URL over HTTP/1.1, many at once on one thread: the transport of load_run.h.
 *
 * libcurl's multi interface on an epoll of ours; connections are kept alive and used again. Redirects are not followed
 * and proxies of the environment not used: what is measured is this URL. load_http.c is the only includer of curl here.
 */
#ifndef CLI_LOAD_HTTP_H
#define CLI_LOAD_HTTP_H

#include "load_request.h"
#include "load_run.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct load_http load_http_t;

/* Borrows everything in *request until load_http_destroy; n_places: most requests at once, >= 1. FC_EINVAL: URL, method
 * or a header; FC_EEXHAUSTED: not so many files may be open; FC_ENOMEM. Sends nothing. Caller owns the result and
 * destroys it with load_http_destroy. */
fc_status_t load_http_new(const load_request_t *request, int32_t n_places, load_http_t **out, fc_error_t *error);
/* Ends what is in flight. */
void load_http_destroy(load_http_t **http);

/* Of this object; valid until load_http_destroy. */
load_transport_t load_http_transport(load_http_t *http);

#ifdef __cplusplus
}
#endif
#endif
