/* http_client.c - see http_client.h. */
#include "http_client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_KEPT_CONNECTIONS = 64 }; /* of a handle, to all functions */

/* A handle nobody uses now. */
typedef struct handle {
  CURL *curl;
  struct handle *next;
} handle_t;

struct http_client {
  int64_t timeout_ms;
  struct curl_slist *header;
  pthread_mutex_t lock;
  handle_t *idle; /* last used first: its connections are the youngest */
};

/* ---- handles ---- */

static handle_t *new_handle(const http_client_t *client) {
  handle_t *handle = calloc(1, sizeof *handle);
  if (handle == NULL) return NULL;
  CURL *curl = handle->curl = curl_easy_init();
  if (curl == NULL) {
    free(handle);
    return NULL;
  }
  (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
  (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->header);
  (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)client->timeout_ms);
  (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)client->timeout_ms);
  (void)curl_easy_setopt(curl, CURLOPT_MAXCONNECTS, (long)MAX_KEPT_CONNECTIONS);
  return handle;
}

static handle_t *take_handle(http_client_t *client) {
  pthread_mutex_lock(&client->lock);
  handle_t *handle = client->idle;
  if (handle != NULL) client->idle = handle->next;
  pthread_mutex_unlock(&client->lock);
  return handle != NULL ? handle : new_handle(client);
}

static void put_handle(http_client_t *client, handle_t *handle) {
  pthread_mutex_lock(&client->lock);
  handle->next = client->idle;
  client->idle = handle;
  pthread_mutex_unlock(&client->lock);
}

/* ---- a call ---- */

static size_t take_bytes(char *bytes, size_t size, size_t n, void *context) {
  http_answer_t *answer = context;
  const size_t more = size * n;
  if (answer->size + more > HTTP_ANSWER_MAX_BYTES) return 0;
  char *body = realloc(answer->body, answer->size + more + 1);
  if (body == NULL) return 0;
  memcpy(body + answer->size, bytes, more);
  answer->body = body;
  answer->size += more;
  body[answer->size] = '\0';
  return more;
}

static void perform(CURL *curl, http_answer_t *answer) {
  char sentence[CURL_ERROR_SIZE] = "";
  long status = 0;
  (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, sentence);
  const CURLcode code = curl_easy_perform(curl);
  (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
  (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_OK) {
    answer->status = (int32_t)status;
    return;
  }
  answer->timed_out = code == CURLE_OPERATION_TIMEDOUT;
  snprintf(answer->reason, sizeof answer->reason, "%s", sentence[0] != '\0' ? sentence : curl_easy_strerror(code));
}

void http_client_post(http_client_t *client, const char *url, const char *body, size_t size, http_answer_t *answer) {
  memset(answer, 0, sizeof *answer);
  handle_t *handle = take_handle(client);
  if (handle == NULL) {
    snprintf(answer->reason, sizeof answer->reason, "no memory for another connection");
    return;
  }
  CURL *curl = handle->curl;
  (void)curl_easy_setopt(curl, CURLOPT_URL, url);
  (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)size);
  (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
  (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
  (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
  perform(curl, answer);
  put_handle(client, handle);
}

/* ---- life ---- */

fc_status_t http_client_new(int64_t timeout_ms, http_client_t **out, fc_error_t *error) {
  FC_ASSERT(timeout_ms >= 1);
  *out = NULL;
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return fc_error_set(error, FC_EINTERNAL, "libcurl cannot start");
  http_client_t *client = calloc(1, sizeof *client);
  if (client != NULL) {
    client->timeout_ms = timeout_ms;
    client->header = curl_slist_append(NULL, "Content-Type: application/json");
    pthread_mutex_init(&client->lock, NULL);
  }
  if (client == NULL || client->header == NULL) {
    http_client_destroy(&client);
    return fc_error_set(error, FC_ENOMEM, "no memory for the HTTP client");
  }
  *out = client;
  return FC_OK;
}

void http_client_destroy(http_client_t **client) {
  if (client == NULL || *client == NULL) return;
  for (handle_t *handle = (*client)->idle, *next = NULL; handle != NULL; handle = next) {
    next = handle->next;
    curl_easy_cleanup(handle->curl);
    free(handle);
  }
  curl_slist_free_all((*client)->header);
  pthread_mutex_destroy(&(*client)->lock);
  free(*client);
  *client = NULL;
  curl_global_cleanup();
}
