/* health.c - see health.h. */
#include "health.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_PORT = 10240, EPHEMERAL_PORT = 32768, PORT_TRIES = 64 };

static struct sockaddr_in loopback(int32_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/* The port that is bound now, or 0. port 0: the kernel chooses. */
static int32_t try_port(uint16_t port) {
  struct sockaddr_in address = loopback(port);
  socklen_t size = sizeof address;
  int32_t bound = 0;
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return 0;
  if (bind(descriptor, (struct sockaddr *)&address, sizeof address) == 0 &&
      getsockname(descriptor, (struct sockaddr *)&address, &size) == 0)
    bound = ntohs(address.sin_port);
  (void)close(descriptor);
  return bound;
}

static bool is_among(int32_t port, const int32_t *ports, int32_t n) {
  for (int32_t i = 0; i < n; ++i)
    if (ports[i] == port) return true;
  return false;
}

/* Between its choice and its use a port must not become that of an outgoing connection: those are the kernel's
 * ephemeral ones (32768 and up unless somebody has set net.ipv4.ip_local_port_range). */
int32_t health_free_port(const int32_t *reserved, int32_t n_reserved) {
  for (int tries = 0; tries < PORT_TRIES; ++tries) {
    uint16_t number = 0;
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number) break;
    const int32_t wanted = FIRST_PORT + number % (EPHEMERAL_PORT - FIRST_PORT);
    const int32_t port = is_among(wanted, reserved, n_reserved) ? 0 : try_port((uint16_t)wanted);
    if (port > 0) return port;
  }
  const int32_t port = try_port(0);
  return is_among(port, reserved, n_reserved) ? 0 : port;
}

static bool wait_for(int connection, short events, int timeout_ms) {
  struct pollfd item = {.fd = connection, .events = events};
  return poll(&item, 1, timeout_ms) == 1 && (item.revents & (events | POLLHUP)) != 0;
}

static bool ask(int connection, int timeout_ms) {
  static const char request[] = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
  if (!wait_for(connection, POLLOUT, timeout_ms)) return false;
  if (send(connection, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1) return false;
  char answer[16];
  size_t length = 0;
  while (length < sizeof answer - 1) {
    if (!wait_for(connection, POLLIN, timeout_ms)) return false;
    const ssize_t n = recv(connection, answer + length, sizeof answer - 1 - length, 0);
    if (n <= 0) return false;
    length += (size_t)n;
  }
  answer[length] = '\0';
  return strncmp(answer, "HTTP/1.", 7) == 0 && strncmp(answer + 8, " 200", 4) == 0;
}

bool health_is_good(int32_t port, int timeout_ms) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (connection < 0) return false;
  const struct sockaddr_in address = loopback(port);
  const int code = connect(connection, (const struct sockaddr *)&address, sizeof address);
  const bool good = (code == 0 || errno == EINPROGRESS) && ask(connection, timeout_ms);
  (void)close(connection);
  return good;
}
