/* load_request.c - see load_request.h. */
#include "load_request.h"

#include <string.h>
#include <strings.h>

/* What method and names of headers are made of (RFC 9110, 5.6.2). */
static const char token_characters[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

static bool is_header(const char *header) {
  const size_t name = strspn(header, token_characters);
  if (name == 0 || header[name] != ':') return false;
  const char *value = header + name + 1;
  value += strspn(value, " \t");
  for (const char *at = value; *at != '\0'; ++at)
    if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7f) return false;
  return *value != '\0';
}

fc_status_t load_request_check(const load_request_t *request, fc_error_t *error) {
  const char *method = request->method;
  if (method != NULL && (method[0] == '\0' || method[strspn(method, token_characters)] != '\0'))
    return fc_error_set(error, FC_EINVAL, "'%.40s' is no method: expected GET, POST, ...", method);
  if (method != NULL && strcmp(method, "HEAD") == 0 && (request->body != NULL || request->expect != NULL))
    return fc_error_set(error, FC_EINVAL, "HEAD has no bodies: leave body and expected text out");
  for (int32_t i = 0; i < request->n_headers; ++i)
    if (!is_header(request->headers[i]))
      return fc_error_set(error, FC_EINVAL, "'%.200s' is no header: expected 'NAME: VALUE' in one line",
                          request->headers[i]);
  return FC_OK;
}

bool load_request_has_header(const load_request_t *request, const char *name) {
  for (int32_t i = 0; i < request->n_headers; ++i)
    if (strncasecmp(request->headers[i], name, strlen(name)) == 0) return true;
  return false;
}

/* Three digits at *text, which moves behind them; -1 when there are none. */
static int32_t status_at(const char **text) {
  int32_t status = 0;
  for (int i = 0; i < 3; ++i, ++*text) {
    if (**text < '0' || **text > '9') return -1;
    status = 10 * status + (**text - '0');
  }
  return status >= 100 && status < 600 ? status : -1;
}

bool load_request_parse_statuses(const char *text, int32_t *low, int32_t *high) {
  *low = *high = status_at(&text);
  if (*low > 0 && *text == '-') {
    ++text;
    *high = status_at(&text);
  }
  return *low > 0 && *high >= *low && *text == '\0';
}
