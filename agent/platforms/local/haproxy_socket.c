/* haproxy_socket.c - see haproxy_socket.h. */
#include "haproxy_socket.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_SIZE = 16384, MAX_ANSWER = 64 << 20, COMMAND_SIZE = 512, MS_PER_S = 1000 };

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / 1000000;
}

static fc_status_t say(const haproxy_socket_t *self, fc_status_t status, const char *why, fc_error_t *error) {
  return fc_error_set(error, status, "haproxy: %s: %s", self->path, why);
}

static fc_status_t open_connection(const haproxy_socket_t *self, int *connection, fc_error_t *error) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", self->path);
  *connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (*connection < 0) return say(self, FC_EIO, strerror(errno), error);
  if (connect(*connection, (const struct sockaddr *)&address, sizeof address) == 0) return FC_OK;
  const int code = errno;
  return say(self, code == ENOENT || code == ECONNREFUSED ? FC_ENOTFOUND : FC_EIO, strerror(code), error);
}

static fc_status_t wait_for(const haproxy_socket_t *self, int connection, short events, int64_t until_ms,
                            fc_error_t *error) {
  struct pollfd item = {.fd = connection, .events = events};
  for (;;) {
    const int64_t left_ms = until_ms - now_ms();
    const int n = poll(&item, 1, left_ms > 0 ? (int)left_ms : 0);
    if (n > 0) return FC_OK;
    if (n == 0) return say(self, FC_ETIMEOUT, "no answer in time", error);
    if (errno != EINTR) return say(self, FC_EIO, strerror(errno), error);
  }
}

static fc_status_t send_line(const haproxy_socket_t *self, int connection, const char *command, int64_t until_ms,
                             fc_error_t *error) {
  char line[COMMAND_SIZE];
  const int length = snprintf(line, sizeof line, "%s\n", command);
  if (length >= (int)sizeof line) return say(self, FC_EINVAL, "the command is too long", error);
  for (int sent = 0; sent < length;) {
    FC_TRY(wait_for(self, connection, POLLOUT, until_ms, error));
    const ssize_t n = send(connection, line + sent, (size_t)(length - sent), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return say(self, FC_EIO, strerror(errno), error);
    if (n > 0) sent += (int)n;
  }
  return FC_OK;
}

static fc_status_t receive(const haproxy_socket_t *self, int connection, int64_t until_ms, char **answer,
                           fc_error_t *error) {
  size_t size = FIRST_SIZE, length = 0;
  *answer = malloc(size);
  if (!*answer) return say(self, FC_ENOMEM, "out of memory", error);
  for (;;) {
    FC_TRY(wait_for(self, connection, POLLIN, until_ms, error));
    const ssize_t n = recv(connection, *answer + length, size - 1 - length, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n < 0) return say(self, FC_EIO, strerror(errno), error);
    (*answer)[length + (size_t)n] = '\0';
    if (n == 0) return FC_OK;
    length += (size_t)n;
    if (length + 1 < size) continue;
    if (size >= MAX_ANSWER) return say(self, FC_EEXHAUSTED, "the answer is larger than 64 MiB", error);
    char *larger = realloc(*answer, 2 * size);
    if (!larger) return say(self, FC_ENOMEM, "out of memory", error);
    *answer = larger;
    size *= 2;
  }
}

fc_status_t haproxy_socket_ask(const haproxy_socket_t *self, const char *command, char **answer, fc_error_t *error) {
  const int64_t until_ms = now_ms() + (int64_t)(self->timeout_s * MS_PER_S);
  int connection = -1;
  *answer = NULL;
  fc_status_t status = open_connection(self, &connection, error);
  if (status == FC_OK) status = send_line(self, connection, command, until_ms, error);
  if (status == FC_OK) status = receive(self, connection, until_ms, answer, error);
  if (connection >= 0) (void)close(connection);
  return status;
}

fc_status_t haproxy_socket_tell(const haproxy_socket_t *self, const char *command, const char *expected,
                                fc_error_t *error) {
  char *answer = NULL;
  fc_status_t status = haproxy_socket_ask(self, command, &answer, error);
  if (status == FC_OK) {
    const size_t length = strcspn(answer, "\n");
    if (length != 0 && (!expected || strncmp(answer, expected, strlen(expected)) != 0))
      status = fc_error_set(error, FC_ESTATE, "haproxy: \"%s\" was refused: %.*s", command,
                            (int)(length < 200 ? length : 200), answer);
  }
  free(answer);
  return status;
}
