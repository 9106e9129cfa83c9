// `faasconf doctor` as root on the real machine: before an agent is started, while it runs, after it was killed.
#include <sys/wait.h>

#include "doctor_fixture.h"
#include "local_platform.h"

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::HasSubstr;
using testing::IsEmpty;

// A real agent on platform `local` with the settings of LocalPlatform, whose own platform is never started.
class DoctorPlatform : public testing::Test {
 protected:
  std::string config() {
    const std::string path = folder_.path("agent.yaml");
    std::string platform = local_.platform_yaml();
    for (size_t at = 0; (at = platform.find('\n', at)) != std::string::npos && at + 1 < platform.size();)
      platform.insert(++at, "  ");
    write_file(folder_.path("two.yaml"), local_.workflow_yaml());
    write_file(path, "agent: " + local_.agent() + "\nworkflow: " + folder_.path("two.yaml") +
                         "\nstate: " + local_.state() + "\nmode: observe\nplatform:\n  " + platform);
    return path;
  }
  static bool has_started(const Process &agent) { return agent.output().find("\"window\":0") != std::string::npos; }
  LocalPlatform local_;
  TemporaryFolder folder_;
};

TEST_F(DoctorPlatform, ChangesNothingAndIsRightBeforeDuringAndAfter) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  const std::string path = config();
  const auto before = contents_of(local_.state());
  const cgroup_t parent = [&] {
    cgroup_t own, top, child;
    fc_error_t error = {};
    EXPECT_OK(cgroup_find("", &own, &top, &error));
    EXPECT_OK(cgroup_child(&own, ("faasconf-" + local_.agent()).c_str(), &child, &error));
    return child;
  }();
  const Findings found = examine(path);
  EXPECT_THAT(found.failed(), IsEmpty());
  EXPECT_EQ(found.worst("cgroups").level, DOCTOR_OK);
  EXPECT_EQ(contents_of(local_.state()), before) << "the state folder is untouched";
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "no process is left";
  EXPECT_FALSE(cgroup_exists(&parent)) << "no control group was made";

  DoctorOptions in_place;
  in_place.running = true;
  {
    Process agent({program("faasconf-agent"), "--config", path, "--progress"});
    ASSERT_TRUE(local_.becomes([&] { return has_started(agent); })) << agent.output();
    const Findings during = examine(path, in_place);
    EXPECT_THAT(during.failed(), IsEmpty());
    EXPECT_THAT(during.worst("lock").found, HasSubstr("(pid " + std::to_string(agent.pid()) + ")"));
    EXPECT_THAT(during.worst("cgroups").found, HasSubstr("of the agent that runs"));
    ASSERT_EQ(during.of("ports").size(), 3u);
    EXPECT_THAT(during.worst("ports").found, HasSubstr("served by haproxy"));
    EXPECT_EQ(examine(path).worst("lock").level, DOCTOR_FAILED) << "another one cannot start";
    agent.signal(SIGKILL);
    agent.wait_exit(20);
  }
  const Findings after = examine(path);
  EXPECT_THAT(after.failed(), IsEmpty()) << "what a killed agent left is cleared away by the next start";
  EXPECT_THAT(after.worst("ports").found, HasSubstr("left by an earlier run"));
  EXPECT_THAT(after.worst("cgroups").found, HasSubstr("left by an earlier run"));
  {
    Process agent({program("faasconf-agent"), "--config", path, "--progress"});
    ASSERT_TRUE(local_.becomes([&] { return has_started(agent); })) << agent.output();
    agent.signal(SIGTERM);
    EXPECT_EQ(agent.wait_exit(30), 0) << agent.output();
  }
  EXPECT_THAT(examine(path).worst("ports").found, HasSubstr("all 3 are free"));
}

}  // namespace
