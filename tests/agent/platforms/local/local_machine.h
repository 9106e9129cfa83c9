// What the tests of platform `local` on a real machine share: a group of their own, and reasons to skip.
#pragma once
#include "support.h"

extern "C" {
#include "cgroup.h"
}

namespace fc_test {

// A group below this process's own (or the top one), removed with everything in it when the object goes.
class Cgroups {
 public:
  Cgroups();
  ~Cgroups();
  Cgroups(const Cgroups &) = delete;
  Cgroups &operator=(const Cgroups &) = delete;
  std::string reason;  // why there is none, or ""
  cgroup_t group = {};
};

// A free port of 127.0.0.1 that nobody gets who asks for any: below those of replicas and of outgoing connections, so
// that what runs beside this test does not take it before it is bound. Throws where there is none.
int unclaimed_port();

}  // namespace fc_test

#define SKIP_WITHOUT_CGROUPS(name) \
  fc_test::Cgroups name;           \
  if (!name.reason.empty()) GTEST_SKIP() << name.reason
