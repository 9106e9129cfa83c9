#include "local_machine.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>
#include <stdexcept>

namespace fc_test {

Cgroups::Cgroups() {
  if (geteuid() != 0) {
    reason = "not root: control groups cannot be made";
    return;
  }
  fc_error_t error = {};
  cgroup_t own, top;
  if (cgroup_find("", &own, &top, &error) != FC_OK) {
    reason = error.message;
    return;
  }
  const std::string name = "faasconf-test-" + std::to_string(getpid());
  for (const cgroup_t *parent : {&own, &top}) {
    if (cgroup_child(parent, name.c_str(), &group, &error) == FC_OK && cgroup_make(parent, &group, &error) == FC_OK)
      return;
  }
  reason = error.message;
}

Cgroups::~Cgroups() {
  fc_error_t error = {};
  if (reason.empty() && cgroup_remove(&group, &error) != FC_OK) ADD_FAILURE() << error.message;
}

static bool is_free(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool bound = bind(descriptor, reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0;
  close(descriptor);
  return bound;
}

int unclaimed_port() {
  std::random_device random;
  std::uniform_int_distribution<int> ports(2000, 10239);
  for (int tries = 0; tries < 64; ++tries)
    if (const int port = ports(random); is_free(port)) return port;
  throw std::runtime_error("no port below 10240 is free");
}

}  // namespace fc_test
