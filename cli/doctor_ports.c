/* doctor_ports.c - the ports that HAProxy will take on platform `local`, and the orchestrator behind the gateway. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "doctor.h"
#include "doctor_listener.h"
#include "health.h"

enum { FIRST_FREE_PORT = 1024, ENDPOINTS_SIZE = 800 };

static void check_port(doctor_t *doctor, const char *key, int32_t port, int32_t *n_free) {
  listener_t listener;
  char group[FC_NAME_SIZE + 16], who[LISTENER_NAME_SIZE + 32] = "another user's process (run as root to see whose)";
  if (!listener_find(doctor->root, port, &listener)) {
    *n_free += 1;
    if (port < FIRST_FREE_PORT && geteuid() != 0) {
      doctor_find(doctor, DOCTOR_WARNING, "ports", "%s is %d: below %d a user needs the right for it", key, (int)port,
                  FIRST_FREE_PORT);
      doctor_remedy(doctor, "set %s in %s to a port above, or run the agent with CAP_NET_BIND_SERVICE", key,
                    doctor->config);
    }
    return;
  }
  if (listener.pid > 0) snprintf(who, sizeof who, "%s (pid %d)", listener.name, (int)listener.pid);
  snprintf(group, sizeof group, "faasconf-%s", doctor->settings.agent);
  const bool ours = listener_is_in_group(doctor->root, listener.pid, group);
  if (ours && doctor->agent_runs) {
    doctor_find(doctor, DOCTOR_OK, "ports", "%s: %d is served by %s of the agent that runs", key, (int)port, who);
  } else if (ours) {
    doctor_find(doctor, DOCTOR_OK, "ports", "%s: %d is held by %s, left by an earlier run: the start ends it", key,
                (int)port, who);
  } else {
    doctor_find(doctor, DOCTOR_FAILED, "ports", "%s: %d is in use by %s", key, (int)port, who);
    if (listener.pid > 0) {
      doctor_remedy(doctor, "kill %d, or set %s in %s to a free port", (int)listener.pid, key, doctor->config);
    } else {
      doctor_remedy(doctor, "end that (ss -ltnp 'sport = :%d' says who), or set %s in %s to a free port", (int)port,
                    key, doctor->config);
    }
  }
}

/* ---- the orchestrator ----------------------------------------------------------------------------------------- */

static bool connects(int32_t port, int timeout_ms) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bool good = connection >= 0 && connect(connection, (const struct sockaddr *)&address, sizeof address) == 0;
  if (!good && connection >= 0 && errno == EINPROGRESS) {
    struct pollfd item = {.fd = connection, .events = POLLOUT};
    int code = 0;
    socklen_t size = sizeof code;
    good =
        poll(&item, 1, timeout_ms) == 1 && getsockopt(connection, SOL_SOCKET, SO_ERROR, &code, &size) == 0 && code == 0;
  }
  if (connection >= 0) (void)close(connection);
  return good;
}

/* What the example orchestrator is told. */
static void list_endpoints(const settings_local_t *local, char *list) {
  size_t length = 0;
  list[0] = '\0';
  for (int32_t i = 0; i < local->n_functions && length < ENDPOINTS_SIZE; ++i)
    length += (size_t)snprintf(list + length, ENDPOINTS_SIZE - length, "%s%s=http://127.0.0.1:%d", i > 0 ? "," : "",
                               local->functions[i].name, (int)local->functions[i].port);
}

static void check_orchestrator(doctor_t *doctor) {
  char endpoints[ENDPOINTS_SIZE];
  const settings_local_t *local = &doctor->settings.local;
  const int32_t port = local->orchestrator_port;
  if (!connects(port, doctor->timeout_ms)) {
    doctor_find(doctor, DOCTOR_WARNING, "orchestrator", "nobody listens on 127.0.0.1:%d: the gateway will answer 503",
                (int)port);
    list_endpoints(local, endpoints);
    doctor_remedy(doctor, "start it, such as: faasconf-orchestrator --workflow '%s' --port %d --endpoints %s",
                  doctor->settings.workflow, (int)port, endpoints);
  } else if (health_is_good(port, doctor->timeout_ms)) {
    doctor_find(doctor, DOCTOR_OK, "orchestrator", "127.0.0.1:%d answers GET /health with 200", (int)port);
  } else {
    doctor_find(doctor, DOCTOR_WARNING, "orchestrator",
                "127.0.0.1:%d is open, but GET /health is not answered with 200", (int)port);
    doctor_remedy(doctor, "fine when yours has no /health; see who it is: ss -ltnp 'sport = :%d'", (int)port);
  }
}

void doctor_check_ports(doctor_t *doctor) {
  const settings_local_t *local = &doctor->settings.local;
  char key[FC_NAME_SIZE + 32];
  int32_t n_free = 0, n = 1 + local->n_functions + (local->metrics_port > 0);
  check_port(doctor, "platform.gateway.port", local->gateway_port, &n_free);
  for (int32_t i = 0; i < local->n_functions; ++i) {
    snprintf(key, sizeof key, "platform.functions.%s.port", local->functions[i].name);
    check_port(doctor, key, local->functions[i].port, &n_free);
  }
  if (local->metrics_port > 0) check_port(doctor, "platform.metrics_port", local->metrics_port, &n_free);
  if (n_free == n) doctor_find(doctor, DOCTOR_OK, "ports", "all %d are free", (int)n);
  check_orchestrator(doctor);
}
