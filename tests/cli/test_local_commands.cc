// `faasconf demo --platform local` and `faasconf eval local`, quick forms on real processes: every request is answered,
// and nothing stays behind, whatever happens to the command.
#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "processes.h"

using fc_test::faasconf;
using fc_test::Finished;
using fc_test::Json;
using fc_test::Process;

namespace {

std::string why_not_here() {
  if (geteuid() != 0) return "needs root: platform local makes control groups";
  for (const char *name : {"haproxy", "prometheus"}) {
    bool found = false;
    for (const char *folder : {"/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"})
      found = found || access((std::string(folder) + name).c_str(), X_OK) == 0;
    if (!found) return std::string(name) + " is not installed: script/bootstrap run installs it";
  }
  return "";
}

#define SKIP_WHERE_IT_CANNOT_RUN() \
  if (const std::string why = why_not_here(); !why.empty()) GTEST_SKIP() << why

// Two small functions, windows of a second; memory enough for sanitized ones.
const char kWorkflow[] = R"(faasconf: 1
workflow: quick
orchestrator: outside
window_s: 1
prices: {version: test-1, usd_per_millicore_hour: 0.000173, usd_per_mib_hour: 0.000012}
ranges: {mem_mib: [512, 800], replicas: [1, 2], concurrency: [1, 4], cpu_millicores: [60, 200]}
start: {mem_mib: 600, replicas: 1, concurrency: 3, cpu_millicores: 150}
functions:
  - {name: first, mode: fork, on_failure: poison}
  - {name: second, mode: fork, on_failure: fail}
calls: [first, second]
qos:
  - latency_mean_s: 0.5
  - {success_ratio: 0.9, of: completed}
platform:
  kind: local
  functions:
    first: {command: [faasconf-function, json-transform, --work, 3, --mem-mib, 1, --port, "{port}"]}
    second: {command: [faasconf-function, image-resize, --work, 1, --mem-mib, 1, --port, "{port}"]}
simulator:
  mark: plausible
  orchestrator_startup_s: 0.0005
  gateway_delay_s: 0.001
  sigma_window: 0.05
  balancer: least-connections
  overflow: queue
  windows: running
  functions:
    first: {work_cpu_s: 0.002, mem_mib_per_request: 1}
    second: {work_cpu_s: 0.002, mem_mib_per_request: 1}
)";

// Command lines of all processes on this machine that mention `text`.
std::vector<std::string> processes_with(const std::string &text) {
  std::vector<std::string> found;
  for (const auto &entry : std::filesystem::directory_iterator("/proc")) {
    std::string line = fc_test::read_file(entry.path().string() + "/cmdline");
    for (char &c : line)
      if (c == '\0') c = ' ';
    if (line.find(text) != std::string::npos) found.push_back(line);
  }
  return found;
}

// Control groups of these agents, wherever they are mounted.
std::vector<std::string> groups_named(const std::vector<std::string> &names) {
  std::vector<std::string> found;
  std::error_code error;
  const auto options = std::filesystem::directory_options::skip_permission_denied;
  for (auto at = std::filesystem::recursive_directory_iterator("/sys/fs/cgroup", options, error);
       !error && at != std::filesystem::recursive_directory_iterator(); at.increment(error)) {
    if (at.depth() > 6) at.disable_recursion_pending();
    for (const std::string &name : names)
      if (at->path().filename() == name) found.push_back(at->path().string());
  }
  return found;
}

bool becomes(const std::function<bool()> &holds, int timeout_s) {
  for (int waited_ms = 0; waited_ms < timeout_s * 1000; waited_ms += 20) {
    if (holds()) return true;
    usleep(20000);
  }
  return holds();
}

class LocalCommands : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WHERE_IT_CANNOT_RUN();
    fc_test::write_file(folder_.path("quick.yaml"), kWorkflow);
  }
  std::vector<std::string> command(const std::string &name) const {
    std::vector<std::string> argv = {fc_test::program("faasconf")};
    if (name == "demo") argv.insert(argv.end(), {"demo", "--platform", "local"});
    if (name == "eval") argv.insert(argv.end(), {"eval", "local"});
    argv.insert(argv.end(), {"--workflow", folder_.path("quick.yaml"), "--users", "2", "--dir", folder_.path("run")});
    return argv;
  }
  // The gateway's port, which names the agents, from what the command has written.
  std::string port() const {
    const std::string yaml = fc_test::read_file(folder_.path("run/measuring.yaml")), key = "gateway: {port: ";
    const size_t at = yaml.find(key);
    return at == std::string::npos ? "" : yaml.substr(at + key.size(), yaml.find(',', at) - at - key.size());
  }
  // "" when nothing is left: HAProxy, orchestrator, Prometheus, server and agent name the folder, the load names the
  // gateway, functions are in the agents' control groups.
  std::string what_is_left() const {
    std::string left;
    for (const auto &line : processes_with(folder_.path("run"))) left += "process " + line + "\n";
    if (port().empty()) return left + "(no port known)\n";
    for (const auto &line : processes_with("http://127.0.0.1:" + port() + "/")) left += "process " + line + "\n";
    for (const auto &path : groups_named({"faasconf-measuring-" + port(), "faasconf-agent-" + port()}))
      left += "group " + path + "\n";
    return left;
  }
  fc_test::TemporaryFolder folder_;
};

TEST_F(LocalCommands, TheDemoAnswersEveryRequestAndStopsEverything) {
  auto argv = command("demo");
  argv.insert(argv.end(),
              {"--profile", "5", "--windows", "5", "--judge", "4", "--history", "100", "--updates", "50", "--json"});
  const Finished done = fc_test::run(argv, "", 240);
  ASSERT_EQ(0, done.exit_code) << done.err;
  const Json json(done.out);
  EXPECT_EQ(4u, fc_json_size(json["methods"]));
  EXPECT_GT(json.number("requests"), 100);
  EXPECT_EQ(json.number("requests_answered"), json.number("requests"));
  EXPECT_EQ(json.number("requests_unanswered"), 0);
  EXPECT_EQ(json.number("requests_prometheus"), json.number("requests"));
  EXPECT_GE(json.number("transitions_acked"), 9);
  for (size_t m = 0; m < 4; ++m) {
    double success_ratio = 0;
    EXPECT_TRUE(fc_json_double(fc_json_get(fc_json_at(json["methods"], m), "success_ratio"), &success_ratio));
    EXPECT_GT(success_ratio, 0.99) << m;
  }
  for (const char *file : {"/run/agent.yaml", "/run/twin.json", "/run/prometheus.yaml"})
    EXPECT_TRUE(std::filesystem::exists(folder_.path() + file)) << file;
  EXPECT_EQ(what_is_left(), "");
}

TEST_F(LocalCommands, TheRealityCheckForecastsBeforeItMeasures) {
  auto argv = command("eval");
  argv.insert(argv.end(), {"--check-only", "--calibrate", "5", "--unseen", "3", "--unseen-windows", "2", "--json"});
  const Finished done = fc_test::run(argv, "", 120);
  ASSERT_EQ(0, done.exit_code) << done.err;
  const Json json(done.out);
  EXPECT_EQ(json.number("calibration_windows"), 5);
  EXPECT_EQ(json.number("requests_unanswered"), 0);
  const fc_json_t *check = json["reality_check"], *points = fc_json_get(check, "configurations");
  ASSERT_EQ(3u, fc_json_size(points));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(2u, fc_json_size(fc_json_get(fc_json_at(points, i), "latency_s")));
    EXPECT_NE(nullptr, fc_json_get(fc_json_at(points, i), "forecast_latency80_s"));
  }
  EXPECT_EQ(what_is_left(), "");
}

TEST_F(LocalCommands, MethodsThatAreAskedForChooseOnRealProcesses) {
  auto argv = command("eval");
  argv.insert(argv.end(),
              {"--calibrate", "5", "--unseen", "2", "--unseen-windows", "1", "--windows", "5", "--judge", "4",
               "--history", "100", "--updates", "50", "--searches", "1", "--method", "aquatope,ddpg", "--json"});
  const Finished done = fc_test::run(argv, "", 280);
  ASSERT_EQ(0, done.exit_code) << done.err;
  const Json json(done.out);
  const char *const names[] = {"start", "aquatope", "ddpg", "plan", "attmf"};
  ASSERT_EQ(5u, fc_json_size(json["methods"]));
  for (size_t m = 0; m < 5; ++m)
    EXPECT_STREQ(names[m], fc_json_string(fc_json_get(fc_json_at(json["methods"], m), "name")));
  EXPECT_EQ(what_is_left(), "");
}

TEST(LocalMethods, WhoCannotTakePartIsTold) {
  const std::pair<const char *, const char *> cases[] = {{"attmf", "takes part anyway, as the agent"},
                                                         {"twin_search", "takes part anyway, as 'plan'"},
                                                         {"oracle", "knows the world"},
                                                         {"firm,firm", "'firm' is named twice"},
                                                         {"firm,", "has no name"},
                                                         {"best", "there is no method 'best'; methods: random,"}};
  for (const auto &[methods, why] : cases) {
    const Finished done = fc_test::run({fc_test::program("faasconf"), "eval", "local", "--method", methods});
    EXPECT_EQ(2, done.exit_code) << methods;
    EXPECT_THAT(done.err, testing::HasSubstr(why)) << methods;
  }
}

TEST_F(LocalCommands, CtrlCStopsEverything) {
  Process demo(command("demo"));
  ASSERT_NE(demo.wait_line(" 1 of 30 ", 60), "") << demo.output();
  EXPECT_NE(what_is_left().find("group "), std::string::npos) << "functions run now";
  demo.signal(SIGINT);
  EXPECT_EQ(1, demo.wait_exit(30)) << demo.output();
  EXPECT_NE(demo.output().find("interrupted"), std::string::npos) << demo.output();
  EXPECT_EQ(what_is_left(), "");
}

// The child that holds the platform.
int child_of(int pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children";
  return std::atoi(fc_test::read_file(path).c_str());
}

TEST_F(LocalCommands, ACrashLeavesNothingRunning) {
  Process demo(command("demo"));
  ASSERT_NE(demo.wait_line(" 1 of 30 ", 60), "") << demo.output();
  const int child = child_of(demo.pid());
  if (child <= 0) GTEST_SKIP() << "this kernel does not tell children (CONFIG_PROC_CHILDREN)";
  ASSERT_EQ(0, kill(child, SIGKILL));
  EXPECT_EQ(128 + SIGKILL, demo.wait_exit(30)) << demo.output();
  EXPECT_TRUE(becomes([&] { return what_is_left().empty(); }, 15)) << what_is_left();
}

// Then the functions are those of an agent, which the kernel tells to end.
TEST_F(LocalCommands, ACrashWhileTheAgentTunesLeavesNothingRunning) {
  auto argv = command("demo");
  argv.insert(argv.end(), {"--profile", "5", "--windows", "5", "--history", "100", "--updates", "50"});
  Process demo(argv);
  ASSERT_NE(demo.wait_line("window  0", 90), "") << demo.output();
  EXPECT_NE(what_is_left().find("faasconf-agent-"), std::string::npos);
  const int child = child_of(demo.pid());
  if (child <= 0) GTEST_SKIP() << "this kernel does not tell children (CONFIG_PROC_CHILDREN)";
  ASSERT_EQ(0, kill(child, SIGKILL));
  EXPECT_EQ(128 + SIGKILL, demo.wait_exit(40)) << demo.output();
  EXPECT_TRUE(becomes([&] { return what_is_left().empty(); }, 15)) << what_is_left();
  EXPECT_EQ(fc_test::read_file(folder_.path("run/agent.log")).find("cannot enter its control group"),
            std::string::npos);
}

TEST_F(LocalCommands, AKilledKeeperTakesEverythingWithIt) {
  Process demo(command("demo"));
  ASSERT_NE(demo.wait_line(" 1 of 30 ", 60), "") << demo.output();
  demo.signal(SIGKILL);
  (void)demo.wait_exit(10);
  EXPECT_TRUE(becomes([&] { return what_is_left().empty(); }, 30)) << what_is_left();
}

TEST_F(LocalCommands, AWorkflowWithoutCommandsIsRefusedWithWhatToDo) {
  const Finished done = faasconf({"demo", "--platform", "local", "--workflow", "parallel"});
  EXPECT_EQ(2, done.exit_code);
  EXPECT_NE(done.err.find("no command for function"), std::string::npos) << done.err;
}

TEST(LocalCommandsAnywhere, AnUnknownPlatformIsRefused) {
  const Finished done = faasconf({"demo", "--platform", "mars"});
  EXPECT_EQ(2, done.exit_code);
  EXPECT_NE(done.err.find("expected sim or local"), std::string::npos) << done.err;
  EXPECT_EQ(2, faasconf({"eval", "mars"}).exit_code);
  EXPECT_EQ(2, faasconf({"eval"}).exit_code);
  EXPECT_EQ(0, faasconf({"eval", "--help"}).exit_code);
}

}  // namespace
