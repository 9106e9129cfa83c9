// `faasconf profile` on real processes: its load, what a function cannot live with, and what a crash leaves.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "local_machine.h"
#include "processes.h"

using fc_test::faasconf;
using fc_test::Finished;
using fc_test::Json;
using fc_test::Process;
using fc_test::unclaimed_port;

namespace {

std::string why_not_here() {
  if (geteuid() != 0) return "needs root: platform local makes control groups";
  for (const char *path : {"/usr/sbin/haproxy", "/usr/local/sbin/haproxy", "/usr/bin/haproxy"})
    if (access(path, X_OK) == 0) return "";
  return "haproxy is not installed: script/bootstrap run installs it";
}

std::vector<int> free_ports(size_t n) {
  std::vector<int> ports;
  while (ports.size() < n)
    if (const int port = unclaimed_port(); std::find(ports.begin(), ports.end(), port) == ports.end())
      ports.push_back(port);
  return ports;
}

int count_refused(const Json &json) {
  int n = 0;
  for (size_t i = 0; i < fc_json_size(json["points"]); ++i)
    n += fc_json_string(fc_json_get(fc_json_at(json["points"], i), "refused")) != nullptr;
  return n;
}

class ProfileLocal : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_not_here(); !why.empty()) GTEST_SKIP() << why;
    ports_ = free_ports(5);
  }
  // One function behind the orchestrator, whose process holds so much memory from its start, and more for each request;
  // windows of a second.
  void write(const std::string &lowest_mem_mib, const std::string &own_bytes,
             const std::string &request_mem_mib = "1") {
    fc_test::write_file(folder_.path("first.sh"), "held=$(head -c " + own_bytes + R"( /dev/zero | tr '\0' a)
"$@" &
trap "kill $!" TERM
wait
)");
    fc_test::write_file(folder_.path("quick.yaml"), R"(faasconf: 1
workflow: quick
orchestrator: outside
window_s: 1
prices: {version: test-1, usd_per_millicore_hour: 0.000173, usd_per_mib_hour: 0.000012}
ranges: {mem_mib: [)" + lowest_mem_mib + R"(, 512], replicas: [1, 2], concurrency: [1, 4], cpu_millicores: [300, 400]}
start: {mem_mib: 512, replicas: 1, concurrency: 3, cpu_millicores: 350}
functions:
  - {name: first, mode: fork, on_failure: fail}
calls: [first]
qos:
  - latency_mean_s: 0.5
  - {success_ratio: 0.9, of: completed}
)");
    fc_test::write_file(
        folder_.path("agent.yaml"),
        "agent: profile-" + port(0) + "\nworkflow: '" + folder_.path("quick.yaml") + "'\nstate: '" +
            folder_.path("state") + "'\nmode: auto\nplatform:\n  kind: local\n  gateway: {port: " + port(0) +
            ", orchestrator_port: " + port(1) + "}\n  metrics_port: " + port(2) +
            "\n  functions:\n    first: {port: " + port(3) + ", command: [/bin/sh, '" + folder_.path("first.sh") +
            "', '" + fc_test::program("faasconf-function") + "', json-transform, --work, '1', --mem-mib, '" +
            request_mem_mib + "', --port, '{port}']}\n");
    orchestrator_ = std::make_unique<Process>(
        std::vector<std::string>{fc_test::program("faasconf-orchestrator"), "--workflow", folder_.path("quick.yaml"),
                                 "--port", port(1), "--endpoints", "first=http://127.0.0.1:" + port(3) + "/"});
  }
  std::string port(size_t i) const { return std::to_string(ports_[i]); }
  std::vector<std::string> command(const std::vector<std::string> &more) const {
    std::vector<std::string> arguments = {
        "profile", "--config", folder_.path("agent.yaml"), "--users", "2", "--settle-s", "0.2", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::vector<int> ports_;
  fc_test::TemporaryFolder folder_;
  std::unique_ptr<Process> orchestrator_;
};

TEST_F(ProfileLocal, CanBeRunAgainOnTheSameStateFolder) {
  write("64", "1000");
  for (int i = 0; i < 2; ++i) {
    const Finished done = faasconf(command({"--points", "2"}), 90);
    ASSERT_EQ(0, done.exit_code) << "run " << i << ": " << done.err;
    const Json json(done.out);
    EXPECT_GT(json.number("requests"), 10);
    EXPECT_EQ(json.number("requests_unanswered"), 0);
  }
}

TEST_F(ProfileLocal, EndsAtOnceWhereNothingSucceedsFromTheStart) {
  write("64", "1000");
  orchestrator_.reset();
  const Finished done = faasconf(command({"--points", "6"}), 90);
  EXPECT_EQ(1, done.exit_code);
  EXPECT_NE(done.err.find("nothing succeeded in the first window"), std::string::npos) << done.err;
  EXPECT_EQ(done.err.find("2 of 6"), std::string::npos) << done.err;
}

// The smallest of the ladder has less memory than the function takes.
TEST_F(ProfileLocal, PassesOverWhatAFunctionCannotLiveWith) {
  write("16", "60000000");
  const Finished done = faasconf(command({"--points", "9", "--seed", "2"}), 150);
  ASSERT_EQ(0, done.exit_code) << done.err;
  const Json json(done.out);
  const int n_refused = count_refused(json), n_measured = static_cast<int>(fc_json_size(json["points"])) - n_refused;
  EXPECT_GE(n_refused, 1) << done.err;
  EXPECT_GE(n_measured, 2) << done.err;
}

// Requests take more memory than the smallest has: its processes are killed again and again.
TEST_F(ProfileLocal, GoesOnAfterAFunctionThatIsKilledAtItsMemoryLimit) {
  write("16", "1000", "40");
  const Finished done = faasconf(command({"--points", "9", "--windows", "2", "--seed", "3"}), 150);
  ASSERT_EQ(0, done.exit_code) << done.err;
  const Json json(done.out);
  ASSERT_EQ(9u, fc_json_size(json["points"]));
  EXPECT_GE(count_refused(json), 1) << done.err;
  EXPECT_FALSE(std::filesystem::exists(folder_.path("state/trial.json"))) << "the configuration of before is back";
}

int child_named(int pid, const std::string &name) {
  std::ifstream children("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
  for (int child = 0; children >> child;)
    if (fc_test::read_file("/proc/" + std::to_string(child) + "/cmdline").find(name) != std::string::npos) return child;
  return 0;
}

TEST_F(ProfileLocal, SaysThatItsLoadHasEnded) {
  write("64", "1000");
  std::vector<std::string> argv = command({"--points", "100"});
  argv.insert(argv.begin(), fc_test::program("faasconf"));
  Process profile(argv);
  ASSERT_NE(profile.wait_line(" 1 of 100 ", 60), "") << profile.output();
  const int load = child_named(profile.pid(), std::string("load\0", 5));
  if (load <= 0) GTEST_SKIP() << "this kernel does not tell children (CONFIG_PROC_CHILDREN)";
  ASSERT_EQ(0, kill(load, SIGKILL));
  EXPECT_EQ(1, profile.wait_exit(60));
  EXPECT_NE(profile.output().find("the load ended with code 137; its log: "), std::string::npos) << profile.output();
  EXPECT_NE(profile.output().find("\"points\":"), std::string::npos) << "what was measured is shown";
}

}  // namespace
