// tests agent/main.c: faasconf-agent as a process: what it links and how much memory it takes, exit codes, signals, and
// the operator's words without any server. And one rule of the source: who may write to a platform.
#include <csignal>
#include <filesystem>
#include <regex>

#include "fake_server.h"

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::HasSubstr;
using testing::Not;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool SANITIZED = true;
#else
constexpr bool SANITIZED = false;
#endif
constexpr long MEMORY_LIMIT_KIB = 16 * 1024;

struct Installation {
  explicit Installation(const std::string &extra = "") { write_file(config(), agent_yaml(state(), extra)); }
  std::string state() const { return temporary.path("state"); }
  std::string config() const { return temporary.path("agent.yaml"); }
  Finished call(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {program("faasconf-agent"), "--config", config()});
    return run(arguments);
  }
  // An agent in virtual time that ends when it is told to.
  Process start(std::vector<std::string> arguments = {}) const {
    arguments.insert(arguments.begin(), {program("faasconf-agent"), "--config", config(), "--windows", "1000000000"});
    return Process(arguments);
  }
  // Asks until `state` of the running agent is `wanted`.
  bool becomes(const std::string &wanted) const {
    for (int i = 0; i < 200; ++i) {
      const Finished status = call({"--status"});
      if (status.exit_code == 0 && json_value(status.out, "state") == wanted) return true;
    }
    return false;
  }
  TemporaryFolder temporary;
};

const char ENDLESS[] = "mode: auto\nsession: {windows: 0}\nlog: {level: error, decisions_max_bytes: 65536}\n";

TEST(Program, LinksNoCudaBlasOrSqlite) {
  const std::regex forbidden("(cuda|cublas|cudnn|nvidia|blas|lapack|mkl|sqlite)", std::regex::icase);
  const Finished dynamic = run({"/usr/bin/env", "readelf", "-d", program("faasconf-agent")});
  ASSERT_EQ(dynamic.exit_code, 0) << dynamic.err;
  ASSERT_THAT(dynamic.out, HasSubstr("libzmq")) << "the list is read";
  for (const auto &line : lines_of(dynamic.out)) EXPECT_FALSE(std::regex_search(line, forbidden)) << line;
  // Neither through another library.
  const Finished all = run({"/usr/bin/env", "ldd", program("faasconf-agent")});
  ASSERT_EQ(all.exit_code, 0) << all.err;
  ASSERT_THAT(all.out, HasSubstr("libc.so"));
  for (const auto &line : lines_of(all.out)) {
    const std::string library = line.substr(0, line.find(" =>"));
    EXPECT_FALSE(std::regex_search(library, forbidden)) << line;
  }
}

long peak_kib(int pid) {
  for (const auto &line : lines_of(read_file("/proc/" + std::to_string(pid) + "/status")))
    if (line.rfind("VmHWM:", 0) == 0) return std::stol(line.substr(6));
  return -1;
}

TEST(Program, StaysBelowSixteenMebibytes) {
  if (SANITIZED) GTEST_SKIP() << "a sanitizer multiplies memory: measured in an optimised build";
  Workflow workflow;
  ServerScript script;
  script.key = make_server_key();
  script.chunk_bytes = FC_WIRE_CHUNK_BYTES;
  FakeServer server(workflow, script);
  // Everything that takes memory: a link with its thread, a policy as large as is taken (2 MiB), its successor, the
  // simulator, the spool, a session, both logs.
  Installation node(
      "mode: auto\nlockstep: true\nsession: {windows: 300}\nsafety: {strategy: ses_paper, rails: tuning}\n"
      "security: {insecure_loopback: true}\nserver: {ingest: '" +
      server.ingest() + "', hints: '" + server.hints() + "'}\n");
  Process agent = node.start({"--progress"});
  ASSERT_NE(agent.wait_line("\"window\":20,", 100), "") << agent.output();
  for (int64_t version = 1; version <= 2; ++version) {
    server.publish(version, constant_policy(workflow.get(), workflow.at(0.3), version, 523000));
    ASSERT_NE(agent.wait_line("\"policy_version\":" + std::to_string(version), 100), "") << agent.output();
  }
  ASSERT_NE(agent.wait_line("\"window\":600,", 100), "") << agent.output();
  const long peak = peak_kib(agent.pid());
  ASSERT_GT(peak, 0);
  RecordProperty("peak_kib", static_cast<int>(peak));
  EXPECT_LT(peak, MEMORY_LIMIT_KIB);
}

TEST(Program, ExitCodesAreZeroOneAndTwo) {
  Installation node;
  EXPECT_EQ(node.call({"--check"}).exit_code, 0);
  EXPECT_EQ(node.call({"--windows", "2"}).exit_code, 0);
  EXPECT_EQ(node.call({"--windows", "none"}).exit_code, 2);
  EXPECT_EQ(node.call({"--mode", "approve"}).exit_code, 2);
  EXPECT_EQ(node.call({"--wrong"}).exit_code, 2);
  EXPECT_EQ(run({program("faasconf-agent")}).exit_code, 2);
  EXPECT_EQ(node.call({"--status"}).exit_code, 1) << "no agent runs there";
  {
    Folder held(node.state());
    const Finished second = node.call({"--windows", "2"});
    EXPECT_EQ(second.exit_code, 1);
    EXPECT_THAT(second.err, HasSubstr("another agent"));
  }
  write_file(node.config(), "agent: a\nworkflow: nowhere.yaml\nstate: " + node.state() + "\nplatform: {kind: sim}\n");
  EXPECT_EQ(node.call({"--windows", "2"}).exit_code, 2);
  write_file(node.config(), "agnet: a\n");
  const Finished wrong = node.call({"--check"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("agent.yaml:1"));
}

TEST(Program, TheSummaryIsTheLastLineAndTheDefaultModeRecommends) {
  Installation node;
  const Finished done = node.call({"--windows", "3"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const std::string last = lines_of(done.out).back();
  EXPECT_EQ(json_value(last, "event"), "summary");
  EXPECT_EQ(json_value(last, "mode"), "recommend");
  EXPECT_EQ(json_number(last, "windows"), 3);
  EXPECT_EQ(json_number(last, "act.writes"), 0);
}

TEST(Program, WordsWorkWithTheServerOff) {
  Installation node(std::string(ENDLESS) +
                    "security: {insecure_loopback: true}\nserver: {ingest: 'tcp://127.0.0.1:1', flush_s: 0}\n");
  const Process agent = node.start();
  ASSERT_TRUE(node.becomes("running")) << agent.output();
  EXPECT_EQ(json_value(node.call({"--status"}).out, "mode"), "auto");
  EXPECT_EQ(node.call({"--pause"}).exit_code, 0);
  EXPECT_EQ(json_value(node.call({"--status"}).out, "state"), "paused");
  EXPECT_EQ(node.call({"--resume"}).exit_code, 0);
  EXPECT_EQ(json_value(node.call({"--status"}).out, "state"), "running");
  EXPECT_EQ(node.call({"--stop-acting"}).exit_code, 0);
  EXPECT_EQ(json_value(node.call({"--status"}).out, "state"), "stopped");
  EXPECT_EQ(node.call({"--resume"}).exit_code, 1) << "no word turns the kill switch off";
  EXPECT_TRUE(std::filesystem::exists(node.state() + "/kill"));
}

TEST(Program, SignalsStopActingPauseAndEnd) {
  Installation node(ENDLESS);
  Process agent = node.start();
  ASSERT_TRUE(node.becomes("running")) << agent.output();
  agent.signal(SIGUSR2);
  EXPECT_TRUE(node.becomes("paused"));
  agent.signal(SIGUSR1);
  EXPECT_TRUE(node.becomes("stopped"));
  agent.signal(SIGTERM);
  EXPECT_EQ(agent.wait_exit(60), 0);
  EXPECT_EQ(json_value(lines_of(agent.wait_line("\"event\":\"summary\"", 5)).front(), "event"), "summary");
  EXPECT_TRUE(std::filesystem::exists(node.state() + "/kill"));
  EXPECT_TRUE(std::filesystem::exists(node.state() + "/pause"));
}

std::string without_comments(std::string text) {
  for (size_t at = text.find("/*"); at != std::string::npos; at = text.find("/*", at))
    text.erase(at, text.find("*/", at) + 2 - at);
  return text;
}

// Every line of the C sources of the programs in which `pattern` stands outside a comment, as "folder/file.c".
std::vector<std::string> places(const std::string &pattern) {
  const std::regex expression(pattern);
  std::vector<std::string> found;
  for (const char *folder : {"agent", "cli", "client", "core", "eval", "proto", "server", "sim"}) {
    for (const auto &entry : std::filesystem::recursive_directory_iterator(source_file(folder))) {
      if (entry.path().extension() != ".c") continue;
      for (const auto &line : lines_of(without_comments(read_file(entry.path().string())))) {
        const bool candidate = line.find("apply") != std::string::npos || line.find("rollback") != std::string::npos;
        if (candidate && std::regex_search(line, expression))
          found.push_back(std::string(folder) + "/" + entry.path().filename().string());
      }
    }
  }
  return found;
}

TEST(Program, TheDocumentedContractNamesTestsThatExist) {
  std::string tests;
  for (const auto &entry : std::filesystem::recursive_directory_iterator(source_file("tests/agent")))
    if (entry.path().extension() == ".cc") tests += read_file(entry.path().string());
  const std::string page = read_file(source_file("docs/agent.md"));
  const std::regex name("`([A-Z][A-Za-z]+)\\.([A-Z][A-Za-z0-9]+)`");
  int named = 0;
  for (auto i = std::sregex_iterator(page.begin(), page.end(), name); i != std::sregex_iterator(); ++i, ++named)
    EXPECT_THAT(tests, HasSubstr("TEST(" + (*i)[1].str() + ", " + (*i)[2].str() + ")"));
  EXPECT_GT(named, 30);
}

TEST(Program, OnePlaceCallsActApplyAndOneFileWritesToAPlatform) {
  // eval/live measures configurations in the agent's place, with the same lock, limits and latches; the next start
  // settles what it left.
  EXPECT_THAT(places("\\bact_apply\\s*\\((?!act_t)"),
              testing::UnorderedElementsAre("agent/agent_window.c", "agent/trial.c", "eval/live_change.c"));
  // A platform that wraps another one hands on what act.c asked for, and asks for nothing itself.
  const auto writers = testing::ElementsAre("agent/act.c", "agent/prometheus_metrics.c");
  EXPECT_THAT(places("(->|\\.)\\s*apply\\s*\\("), writers);
  EXPECT_THAT(places("(->|\\.)\\s*rollback\\s*\\("), writers);
}

}  // namespace
