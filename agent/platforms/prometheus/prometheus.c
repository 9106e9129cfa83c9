/* prometheus.c - see prometheus.h. One easy handle, whose connection is kept between queries. */
#include "prometheus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "curl_functions.h"

enum { ADDRESS_SIZE = 600, NUMBER_SIZE = 40, MS_PER_S = 1000 };

struct prometheus {
  curl_functions_t functions;
  CURL *curl;
  char query_address[ADDRESS_SIZE], range_address[ADDRESS_SIZE];
  char reason[CURL_ERROR_SIZE];
  char *body; /* of the answer that is coming in */
  size_t size, room;
  bool too_large;
};

/* ---- making --------------------------------------------------------------------------------------------------- */

static size_t take_bytes(char *bytes, size_t one, size_t n, void *self) {
  prometheus_t *client = self;
  (void)one; /* always 1 */
  client->too_large = client->size + n > PROMETHEUS_MAX_BYTES;
  if (client->too_large) return 0;
  if (client->size + n > client->room) {
    const size_t room = 2 * (client->size + n);
    char *body = realloc(client->body, room);
    if (!body) return 0;
    client->body = body;
    client->room = room;
  }
  memcpy(client->body + client->size, bytes, n);
  client->size += n;
  return n;
}

static bool is_address(const curl_functions_t *with, const char *url) {
  CURLU *parts = with->url();
  char *scheme = NULL;
  const bool good = parts && with->url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
                    with->url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                    (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) && !strpbrk(url, "?#");
  with->free(scheme);
  with->url_cleanup(parts);
  return good;
}

/* What stays the same for all queries. */
static void set_options(prometheus_t *client) {
  const curl_functions_t *with = &client->functions;
  CURL *curl = client->curl;
  (void)with->easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  (void)with->easy_setopt(curl, CURLOPT_PROXY, "");
  (void)with->easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  (void)with->easy_setopt(curl, CURLOPT_ERRORBUFFER, client->reason);
  (void)with->easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
  (void)with->easy_setopt(curl, CURLOPT_WRITEDATA, client);
}

static fc_status_t make_client(prometheus_t *client, const char *url, double timeout_s, fc_error_t *error) {
  FC_TRY(curl_functions_load(&client->functions, error));
  if (strlen(url) + 32 > ADDRESS_SIZE || !is_address(&client->functions, url))
    return fc_error_set(error, FC_EINVAL, "%.200s: expected an address such as http://127.0.0.1:9090", url);
  client->curl = client->functions.easy_init();
  if (!client->curl) return fc_error_set(error, FC_ENOMEM, "Prometheus: out of memory");
  const char *slash = url[strlen(url) - 1] == '/' ? "" : "/";
  snprintf(client->query_address, sizeof client->query_address, "%s%sapi/v1/query", url, slash);
  snprintf(client->range_address, sizeof client->range_address, "%s%sapi/v1/query_range", url, slash);
  set_options(client);
  prometheus_set_timeout(client, timeout_s);
  return FC_OK;
}

fc_status_t prometheus_new(const char *url, double timeout_s, prometheus_t **out, fc_error_t *error) {
  *out = calloc(1, sizeof **out);
  if (!*out) return fc_error_set(error, FC_ENOMEM, "Prometheus: out of memory");
  const fc_status_t status = make_client(*out, url, timeout_s, error);
  if (status != FC_OK) prometheus_destroy(out);
  return status;
}

void prometheus_destroy(prometheus_t **client) {
  if (!*client) return;
  if ((*client)->curl) (*client)->functions.easy_cleanup((*client)->curl);
  free((*client)->body);
  free(*client);
  *client = NULL;
}

void prometheus_set_timeout(prometheus_t *client, double timeout_s) {
  long ms = (long)(timeout_s * MS_PER_S);
  if (ms < 1) ms = 1;
  (void)client->functions.easy_setopt(client->curl, CURLOPT_TIMEOUT_MS, ms);
  (void)client->functions.easy_setopt(client->curl, CURLOPT_CONNECTTIMEOUT_MS, ms);
}

/* ---- a query -------------------------------------------------------------------------------------------------- */

typedef struct {
  const char *name;
  const char *value;
} field_t;

/* fields (n); the form is freed with free(). NULL: out of memory. */
static char *make_form(prometheus_t *client, const field_t *fields, int32_t n) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (!out) return NULL;
  bool good = true;
  for (int32_t i = 0; i < n; ++i) {
    char *value = client->functions.easy_escape(client->curl, fields[i].value, (int)strlen(fields[i].value));
    good = good && value && fprintf(out, "%s%s=%s", i > 0 ? "&" : "", fields[i].name, value) > 0;
    client->functions.free(value);
  }
  good = fclose(out) == 0 && good;
  if (good) return text;
  free(text);
  return NULL;
}

static fc_status_t exchange_failed(const prometheus_t *client, CURLcode code, fc_error_t *error) {
  const char *reason = client->reason[0] != '\0' ? client->reason : client->functions.easy_strerror(code);
  if (client->too_large)
    return fc_error_set(error, FC_EEXHAUSTED, "Prometheus answers with more than %d bytes: narrow the query",
                        PROMETHEUS_MAX_BYTES);
  if (code == CURLE_WRITE_ERROR || code == CURLE_OUT_OF_MEMORY)
    return fc_error_set(error, FC_ENOMEM, "Prometheus: out of memory");
  return fc_error_set(error, code == CURLE_OPERATION_TIMEDOUT ? FC_ETIMEOUT : FC_EIO, "Prometheus: %s: %s",
                      client->query_address, reason);
}

static fc_status_t ask(prometheus_t *client, const char *address, const field_t *fields, int32_t n,
                       prometheus_answer_t *answer, fc_error_t *error) {
  char *form = make_form(client, fields, n);
  if (!form) return fc_error_set(error, FC_ENOMEM, "Prometheus: out of memory");
  client->size = 0;
  client->too_large = false;
  client->reason[0] = '\0';
  (void)client->functions.easy_setopt(client->curl, CURLOPT_URL, address);
  (void)client->functions.easy_setopt(client->curl, CURLOPT_POSTFIELDS, form);
  const CURLcode code = client->functions.easy_perform(client->curl);
  (void)client->functions.easy_setopt(client->curl, CURLOPT_POSTFIELDS, "");
  free(form);
  if (code != CURLE_OK) return exchange_failed(client, code, error);
  long http_status = 0;
  client->functions.easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &http_status);
  return prometheus_answer_parse(client->body ? client->body : "", client->size, http_status, answer, error);
}

static void write_number(char *text, double number) {
  snprintf(text, NUMBER_SIZE, "%.3f", number); /* Prometheus' times are whole milliseconds */
}

fc_status_t prometheus_query(prometheus_t *client, const char *query, double time_s, prometheus_answer_t *answer,
                             fc_error_t *error) {
  char time[NUMBER_SIZE];
  write_number(time, time_s);
  const field_t fields[] = {{"query", query}, {"time", time}};
  memset(answer, 0, sizeof *answer);
  return ask(client, client->query_address, fields, isnan(time_s) ? 1 : 2, answer, error);
}

fc_status_t prometheus_query_range(prometheus_t *client, const char *query, double start_s, double end_s, double step_s,
                                   prometheus_answer_t *answer, fc_error_t *error) {
  char start[NUMBER_SIZE], end[NUMBER_SIZE], step[NUMBER_SIZE];
  write_number(start, start_s);
  write_number(end, end_s);
  write_number(step, step_s);
  const field_t fields[] = {{"query", query}, {"start", start}, {"end", end}, {"step", step}};
  memset(answer, 0, sizeof *answer);
  return ask(client, client->range_address, fields, 4, answer, error);
}
