/* curl_functions.h - libcurl, loaded when it is needed.
 *
 * Linked the usual way it would cost every agent 5 MiB, whatever its metrics come from: libcurl brings two dozen
 * libraries. It stays loaded once it is.
 */
#ifndef AGENT_PLATFORMS_PROMETHEUS_CURL_FUNCTIONS_H
#define AGENT_PLATFORMS_PROMETHEUS_CURL_FUNCTIONS_H

#include <curl/curl.h>

#include "faasconf/status.h"

/* X(name): curl_NAME, with the type its header gives it. */
#define CURL_FUNCTIONS(X) \
  X(easy_init)            \
  X(easy_cleanup)         \
  X(easy_setopt)          \
  X(easy_perform)         \
  X(easy_getinfo)         \
  X(easy_strerror)        \
  X(easy_escape)          \
  X(free)                 \
  X(url)                  \
  X(url_set)              \
  X(url_get)              \
  X(url_cleanup)

typedef struct {
#define CURL_FUNCTION(name) __typeof__(&curl_##name) name;
  CURL_FUNCTIONS(CURL_FUNCTION)
#undef CURL_FUNCTION
} curl_functions_t;

/* FC_ENOTFOUND: libcurl is not on this machine. Blocks on file I/O. */
fc_status_t curl_functions_load(curl_functions_t *functions, fc_error_t *error);

#endif
