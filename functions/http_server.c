/* http_server.c - see http_server.h. */
#include "http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { STACK_BYTES = 512 * 1024, BACKLOG = 1024, FIRST_BODY_BYTES = 1024 };
enum { MS_PER_S = 1000, NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

struct http_server {
  http_handler_t handler;
  void *context;
  struct MHD_Daemon *daemon;
  char url[HTTP_URL_SIZE];
  int32_t port;
  pthread_mutex_t lock;
  pthread_cond_t idle;
  int64_t in_service; /* requests begun and not answered to the last byte */
  int64_t in_handler; /* of these, those that the handler has */
  int64_t unheard;    /* connections of which no request has begun: silent yet, or being told that they are no HTTP */
  int32_t linger_ms;
  bool stopping;
};

/* One request on its way in. */
typedef struct {
  char *body;
  size_t size, capacity;
  bool too_large, no_memory;
} incoming_t;

/* ---- the socket ---- */

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} address_t;

static socklen_t size_of(const address_t *address) {
  return address->any.sa_family == AF_INET ? sizeof address->v4 : sizeof address->v6;
}

static bool read_address(const char *text, int32_t port, address_t *address) {
  memset(address, 0, sizeof *address);
  if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
    address->v4.sin_family = AF_INET;
    address->v4.sin_port = htons((uint16_t)port);
    return true;
  }
  if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) != 1) return false;
  address->v6.sin6_family = AF_INET6;
  address->v6.sin6_port = htons((uint16_t)port);
  return true;
}

static int bind_socket(address_t *address) {
  const int one = 1;
  socklen_t size = size_of(address);
  const int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 && bind(fd, &address->any, size) == 0 &&
      listen(fd, BACKLOG) == 0 && getsockname(fd, &address->any, &size) == 0)
    return fd;
  const int cause = errno;
  close(fd);
  errno = cause;
  return -1;
}

static fc_status_t open_socket(const http_server_options_t *options, http_server_t *server, int *fd,
                               fc_error_t *error) {
  address_t address;
  if (!read_address(options->listen, options->port, &address))
    return fc_error_set(error, FC_EINVAL, "--listen %s: expected an IPv4 or IPv6 address, such as 127.0.0.1",
                        options->listen);
  *fd = bind_socket(&address);
  if (*fd < 0)
    return fc_error_set(error, FC_EIO, "cannot listen at %s port %d: %s; give another --port, or 0 for a free one",
                        options->listen, (int)options->port, strerror(errno));
  const bool v4 = address.any.sa_family == AF_INET;
  server->port = ntohs(v4 ? address.v4.sin_port : address.v6.sin6_port);
  snprintf(server->url, sizeof server->url, v4 ? "http://%s:%d" : "http://[%s]:%d", options->listen, (int)server->port);
  return FC_OK;
}

/* ---- requests ---- */

static void count(http_server_t *server, int64_t *counter, int by) {
  pthread_mutex_lock(&server->lock);
  *counter += by;
  if (*counter == 0) pthread_cond_broadcast(&server->idle);
  pthread_mutex_unlock(&server->lock);
}

static bool is_stopping(http_server_t *server) {
  pthread_mutex_lock(&server->lock);
  const bool stopping = server->stopping;
  pthread_mutex_unlock(&server->lock);
  return stopping;
}

/* Keeps the bytes and a NUL behind them. */
static void take_bytes(incoming_t *incoming, const char *bytes, size_t size) {
  const size_t wanted = incoming->size + size + 1;
  if (incoming->too_large || incoming->no_memory) return;
  if (wanted > (size_t)HTTP_MAX_BODY_BYTES + 1) {
    incoming->too_large = true;
    return;
  }
  if (wanted > incoming->capacity) {
    size_t capacity = incoming->capacity > 0 ? incoming->capacity : FIRST_BODY_BYTES;
    while (capacity < wanted) capacity *= 2;
    char *body = realloc(incoming->body, capacity);
    if (body == NULL) {
      incoming->no_memory = true;
      return;
    }
    incoming->body = body;
    incoming->capacity = capacity;
  }
  memcpy(incoming->body + incoming->size, bytes, size);
  incoming->size += size;
  incoming->body[incoming->size] = '\0';
}

static enum MHD_Result answer(http_server_t *server, struct MHD_Connection *connection, http_response_t *response) {
  const size_t size = response->body != NULL ? strlen(response->body) : 0;
  struct MHD_Response *out = MHD_create_response_from_buffer(
      size, response->body, response->body != NULL ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
  if (out == NULL) {
    free(response->body);
    return MHD_NO;
  }
  enum MHD_Result result = MHD_add_response_header(out, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
  if (is_stopping(server)) (void)MHD_add_response_header(out, MHD_HTTP_HEADER_CONNECTION, "close");
  if (result == MHD_YES) result = MHD_queue_response(connection, (unsigned)response->status, out);
  MHD_destroy_response(out);
  return result;
}

static enum MHD_Result serve(http_server_t *server, struct MHD_Connection *connection, const char *path,
                             const char *method, const incoming_t *incoming) {
  http_response_t response = {HTTP_INTERNAL, NULL};
  if (incoming->too_large) {
    response.status = HTTP_TOO_LARGE;
  } else if (incoming->no_memory) {
    response.status = HTTP_UNAVAILABLE;
  } else {
    const http_request_t request = {.method = method,
                                    .path = path,
                                    .body = incoming->body != NULL ? incoming->body : "",
                                    .body_size = incoming->size,
                                    .connection = connection};
    count(server, &server->in_handler, 1);
    server->handler(server->context, &request, &response);
    count(server, &server->in_handler, -1);
  }
  return answer(server, connection, &response);
}

/* The library does not stand being stopped while one of its threads answers what is no HTTP, of which on_request never
 * hears: such connections are counted, so that the end can wait for them. */
static void on_connection(void *self, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code) {
  http_server_t *server = self;
  bool *heard = *context;
  (void)connection;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    *context = heard = calloc(1, sizeof *heard);
    if (heard != NULL) count(server, &server->unheard, 1);
  } else if (heard != NULL) {
    if (!*heard) count(server, &server->unheard, -1);
    free(heard);
    *context = NULL;
  }
}

static void hear(http_server_t *server, struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  bool *heard = info != NULL ? info->socket_context : NULL;
  if (heard == NULL || *heard) return;
  *heard = true;
  count(server, &server->unheard, -1);
}

/* Called when the header is there, for each piece of the body, and at its end. */
static enum MHD_Result on_request(void *self, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *bytes, size_t *size, void **state) {
  http_server_t *server = self;
  (void)version;
  if (*state == NULL) {
    *state = calloc(1, sizeof(incoming_t));
    if (*state == NULL) return MHD_NO;
    count(server, &server->in_service, 1);
    hear(server, connection);
    return MHD_YES;
  }
  if (*size > 0) {
    take_bytes(*state, bytes, *size);
    *size = 0;
    return MHD_YES;
  }
  return serve(server, connection, path, method, *state);
}

static void on_completed(void *self, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code) {
  incoming_t *incoming = *state;
  (void)connection;
  (void)code;
  if (incoming == NULL) return;
  free(incoming->body);
  free(incoming);
  *state = NULL;
  http_server_t *server = self;
  count(server, &server->in_service, -1);
}

const char *http_request_query(const http_request_t *request, const char *key) {
  return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, key);
}

/* ---- start and stop ---- */

static fc_status_t start_daemon(const http_server_options_t *options, http_server_t *server, fc_error_t *error) {
  int fd = -1;
  FC_TRY(open_socket(options, server, &fd, error));
  server->daemon =
      MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC, 0,
                       NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                       (unsigned)options->max_connections, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_IDLE_TIMEOUT_S,
                       MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_BYTES, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
                       server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_END);
  if (server->daemon != NULL) return FC_OK;
  close(fd);
  return fc_error_set(error, FC_EIO, "cannot start serving at %s: no thread or no memory", server->url);
}

static void init_condition(pthread_cond_t *condition) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(condition, &attributes);
  pthread_condattr_destroy(&attributes);
}

fc_status_t http_server_start(const http_server_options_t *options, http_server_t **out, fc_error_t *error) {
  *out = NULL;
  http_server_t *server = calloc(1, sizeof *server);
  if (server == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for the HTTP server");
  server->handler = options->handler;
  server->context = options->context;
  server->linger_ms = options->linger_ms;
  pthread_mutex_init(&server->lock, NULL);
  init_condition(&server->idle);
  const fc_status_t status = start_daemon(options, server, error);
  if (status != FC_OK) {
    http_server_stop(&server);
    return status;
  }
  *out = server;
  return FC_OK;
}

const char *http_server_url(const http_server_t *server) {
  return server->url;
}

int32_t http_server_port(const http_server_t *server) {
  return server->port;
}

/* Until no handler runs, and the clients have sent and taken everything or stall for linger_ms. Under the lock. */
static void wait_for_service(http_server_t *server) {
  struct timespec until;
  for (;;) {
    while (server->in_handler > 0) pthread_cond_wait(&server->idle, &server->lock);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += server->linger_ms / MS_PER_S;
    until.tv_nsec += (long)(server->linger_ms % MS_PER_S) * NS_PER_MS;
    if (until.tv_nsec >= NS_PER_S) {
      until.tv_sec += 1;
      until.tv_nsec -= NS_PER_S;
    }
    int waited = 0;
    while ((server->in_service > 0 || server->unheard > 0) && server->in_handler == 0 && waited == 0)
      waited = pthread_cond_timedwait(&server->idle, &server->lock, &until);
    if (server->in_handler == 0) return;
  }
}

/* Nobody new; those in service to their last byte; then the threads that wait on kept connections. */
static void stop_daemon(http_server_t *server) {
  pthread_mutex_lock(&server->lock);
  server->stopping = true;
  pthread_mutex_unlock(&server->lock);
  const int fd = MHD_quiesce_daemon(server->daemon);
  pthread_mutex_lock(&server->lock);
  wait_for_service(server);
  pthread_mutex_unlock(&server->lock);
  MHD_stop_daemon(server->daemon);
  if (fd >= 0) close(fd);
}

void http_server_stop(http_server_t **server) {
  if (server == NULL || *server == NULL) return;
  if ((*server)->daemon != NULL) stop_daemon(*server);
  pthread_cond_destroy(&(*server)->idle);
  pthread_mutex_destroy(&(*server)->lock);
  free(*server);
  *server = NULL;
}
