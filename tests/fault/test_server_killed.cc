// The server dies in the middle of a run, as a machine does: SIGKILL, no warning, and starts again.
#include <csignal>

#include "processes.h"

using fc_test::Agent;
using fc_test::faasconf;
using fc_test::Finished;
using fc_test::Json;
using fc_test::Service;

namespace {

int pid_in(const std::string &path) {
  const std::string text = fc_test::read_file(path);
  return text.empty() ? 0 : std::stoi(text);
}

std::string last_line(const std::string &text) {
  const size_t end = text.find_last_not_of('\n');
  const size_t begin = text.rfind('\n', end);
  return text.substr(begin == std::string::npos ? 0 : begin + 1, end - (begin == std::string::npos ? 0 : begin));
}

}  // namespace

TEST(ServerKilled, TheDemoGoesOnAndEveryAcknowledgedTransitionIsThereOnce) {
  fc_test::TemporaryFolder folder;
  const std::string demo = folder.path("demo");
  fc_test::Process process({fc_test::program("faasconf"), "demo", "--json", "--dir", demo, "--updates", "300",
                            "--history", "200", "--judge", "40", "--seed", "2"});
  ASSERT_NE("", process.wait_line("window  5", 120)) << process.output();
  const int killed = pid_in(demo + "/server.pid");
  ASSERT_GT(killed, 0);
  ASSERT_EQ(0, ::kill(killed, SIGKILL));
  ASSERT_EQ(0, process.wait_exit(120)) << process.output();

  const Json result(last_line(process.output()));
  EXPECT_EQ(1, result.number("server_restarts"));
  EXPECT_EQ(4u, fc_json_size(result["methods"]));
  const auto stored = fc_test::stored_transitions(demo + "/store", "parallel", "demo");
  EXPECT_EQ(result.number("transitions_acked"), static_cast<double>(stored.size()));
  EXPECT_GE(stored.size(), 20u);
  EXPECT_EQ((std::pair<uint64_t, uint64_t>{1, 1}), *stored.begin());
  EXPECT_EQ((std::pair<uint64_t, uint64_t>{1, stored.size()}), *stored.rbegin()) << "no hole";
  EXPECT_EQ(200u, fc_test::stored_transitions(demo + "/store", "parallel", "history").size());
  EXPECT_NE(0, ::kill(pid_in(demo + "/server.pid"), 0)) << "the restarted server was left running";
}

TEST(ServerKilled, TheAgentGoesOnDecidingWithTheLastPolicyAndDeliversWhatItKept) {
  Service service(
      "learner: {seed: 5, batch: 16, hidden: 16, attention: 8, min_rows: 4}\n"
      "safety: {min_rows: 2}\n");
  ASSERT_NO_FATAL_FAILURE(service.start());
  ASSERT_EQ(0, faasconf({"register", "--server", service.rpc(), "--workflow", "parallel"}).exit_code);
  Agent agent(service, "lonely", "parallel",
              "mode: recommend\nlockstep_timeout_s: 0.2\nsafety: {strategy: none}\n"
              "platform: {kind: sim, users: 10, seed: 6}\n");
  agent.start(10);
  ASSERT_EQ(0, agent.wait(60)) << agent.output();
  service.kill();
  agent.start(10);  // nobody answers
  ASSERT_EQ(0, agent.wait(60)) << agent.output();
  const std::vector<std::string> decisions = agent.decisions();
  ASSERT_EQ(20u, decisions.size());
  for (size_t i = 10; i < 20; ++i) {
    const Json decision(decisions[i]);
    EXPECT_EQ("policy", decision.text("origin")) << decisions[i];
    EXPECT_GE(decision.number("policy_version"), 1);
  }
  ASSERT_NO_FATAL_FAILURE(service.start());  // same ports, same store
  agent.start(1);
  ASSERT_EQ(0, agent.wait(60)) << agent.output();
  EXPECT_EQ(0, service.stop()) << service.log();
  const auto stored = fc_test::stored_transitions(service.store(), "parallel", "lonely");
  EXPECT_EQ(21u, stored.size());
  EXPECT_EQ(1u, stored.count({1, 10}));
  EXPECT_EQ(1u, stored.count({2, 10}));
  EXPECT_EQ(1u, stored.count({3, 1}));
}
