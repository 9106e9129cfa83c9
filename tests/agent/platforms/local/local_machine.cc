#include "local_machine.h"

#include <unistd.h>

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

}  // namespace fc_test
