// tests agent/agent.c and agent_window.c with a server that is away, slow or lying: the agent goes on with its last
// good policy, else holds, and nothing a server says reaches beyond the limits of agent.yaml.
#include <chrono>
#include <cstring>

#include "fake_server.h"

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::HasSubstr;

std::string with_server(const std::string &state, const std::string &ingest, const std::string &extra = "") {
  return agent_yaml(state,
                    "mode: auto\nsession: {windows: 0}\nlockstep_timeout_s: 2\n"
                    "server: {ingest: '" +
                        ingest + "', flush_s: 0}\nsecurity: {insecure_loopback: true}\n" + extra);
}
const char RAILS[] = "safety: {strategy: none, rails: tuning}\n";
const char NOBODY[] = "tcp://127.0.0.1:1";

struct Node {
  Node() : platform(workflow) {}
  std::string state() const { return temporary.path(); }
  void keep(double share, int64_t version) { keep_policy(state(), workflow.get(), workflow.at(share), version, key); }
  fc_test::Run go(const std::string &yaml, int64_t windows) {
    return run_agent(workflow, platform, yaml, state(), windows);
  }
  ServerScript script() const {
    ServerScript s;
    s.key = key;
    return s;
  }
  Workflow workflow;
  TemporaryFolder temporary;
  ServerKey key = make_server_key();
  FakePlatform platform;
};

TEST(Away, TheLastGoodPolicyGoesOnDecidingAndEverythingStaysInTheSpool) {
  Node node;
  node.keep(0.7, 5);
  const fc_test::Run run = node.go(with_server(node.state(), NOBODY, RAILS), 10);
  EXPECT_TRUE(same(node.platform.configuration, node.workflow.at(0.7)));
  EXPECT_EQ(json_number(run.summary, "policy_version"), 5);
  EXPECT_EQ(json_number(run.summary, "spool_held"), 10);
  EXPECT_NE(json_value(run.summary, "link.state"), "ready");
}

TEST(Away, WithoutAnyPolicyTheAgentHolds) {
  Node node;
  const fc_test::Run run = node.go(with_server(node.state(), NOBODY, RAILS), 10);
  EXPECT_EQ(node.platform.writes, 0);
  for (const auto &line : lines_of(run.decisions)) EXPECT_THAT(json_value(line, "reason"), HasSubstr("no policy"));
}

TEST(Away, ADamagedPolicyOnDiskIsNotUsed) {
  Node node;
  node.keep(0.7, 5);
  std::string weights = read_file(node.state() + "/policy/5/weights.safetensors");
  weights[weights.size() - 2] = static_cast<char>(weights[weights.size() - 2] ^ 1);  // still a finite number
  write_file(node.state() + "/policy/5/weights.safetensors", weights);
  node.go(with_server(node.state(), NOBODY, RAILS), 5);
  EXPECT_EQ(node.platform.writes, 0);
}

TEST(Away, ASilentServerCostsNoTime) {
  Node node;
  node.keep(0.7, 5);
  ServerScript silent = node.script();
  silent.welcome = false;
  FakeServer server(node.workflow, silent);
  const auto start = std::chrono::steady_clock::now();
  node.go(with_server(node.state(), server.ingest(), RAILS), 200);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20)) << "never one wait a window";
  EXPECT_TRUE(same(node.platform.configuration, node.workflow.at(0.7)));
}

TEST(Away, AServerThatStopsAnsweringEndsLockstepOnce) {
  Node node;
  node.keep(0.7, 5);
  ServerScript silent = node.script();
  silent.welcome = false;
  FakeServer server(node.workflow, silent);
  const auto start = std::chrono::steady_clock::now();
  node.go(with_server(node.state(), server.ingest(), std::string("lockstep: true\n") + RAILS), 20);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20)) << "one time-out, not twenty";
  EXPECT_TRUE(same(node.platform.configuration, node.workflow.at(0.7)));
}

TEST(Away, LiesAreNotBelievedAndTheLastGoodPolicyStays) {
  for (const char *lie : {"signature", "digest", "older", "equal", "workflow", "noise"}) {
    Node node;
    node.keep(0.7, 5);
    FakeServer server(node.workflow, node.script());
    const std::string what = lie;
    const PolicyBytes wrong = constant_policy(node.workflow.get(), node.workflow.at(0), what == "older" ? 3 : 9);
    if (what == "signature") {
      server.publish(9, wrong);
      server.change(
          [&](ServerScript &s) { s.hints[9] = signed_hint(node.workflow.get(), wrong, 9, make_server_key()); });
    } else if (what == "digest") {
      server.publish(9, wrong);
      server.change(
          [&](ServerScript &s) { s.policies[9] = constant_policy(node.workflow.get(), node.workflow.at(0.1), 9); });
    } else if (what == "older") {
      server.publish(3, wrong);
    } else if (what == "equal") {
      server.publish(5, constant_policy(node.workflow.get(), node.workflow.at(0), 5));
    } else if (what == "workflow") {
      Workflow other("branch");
      server.publish(9, constant_policy(other.get(), other.at(0), 9));
    } else {
      server.change([](ServerScript &s) { s.garbage = true; });
    }
    const fc_test::Run run =
        node.go(with_server(node.state(), server.ingest(), std::string("lockstep: true\n") + RAILS), 8);
    EXPECT_EQ(json_number(run.summary, "policy_version"), 5) << lie;
    EXPECT_EQ(json_number(run.summary, "policy_high_water"), 5) << lie;
    EXPECT_TRUE(same(node.platform.configuration, node.workflow.at(0.7))) << lie;
    EXPECT_EQ(json_value(run.summary, "link.state"), "ready") << lie << ": otherwise nothing was told";
    EXPECT_EQ(json_number(run.summary, "transitions_acked"), 8) << lie;
  }
}

TEST(Away, AServerWithAnotherKeyIsRefusedAndTheLastGoodPolicyStays) {
  Node node;
  node.keep(0.7, 5);
  ServerScript stranger;
  stranger.key = make_server_key();
  FakeServer server(node.workflow, stranger);
  server.publish(9, constant_policy(node.workflow.get(), node.workflow.at(0), 9));
  const fc_test::Run run =
      node.go(with_server(node.state(), server.ingest(), std::string("lockstep: true\n") + RAILS), 8);
  EXPECT_EQ(json_value(run.summary, "link.state"), "refused");
  EXPECT_EQ(server.received(), 0);
  EXPECT_TRUE(same(node.platform.configuration, node.workflow.at(0.7)));
}

TEST(Away, ANewPolicyIsTakenAndLivesOnWithoutTheServer) {
  Node node;
  {
    FakeServer server(node.workflow, node.script());
    server.publish(2, constant_policy(node.workflow.get(), node.workflow.at(0.3), 2));
    node.go(with_server(node.state(), server.ingest(), std::string("lockstep: true\n") + RAILS), 6);
    EXPECT_TRUE(same(node.platform.configuration, node.workflow.at(0.3)));
  }
  node.platform.configuration = node.workflow.start();
  const fc_test::Run run = node.go(with_server(node.state(), NOBODY, RAILS), 6);
  EXPECT_EQ(json_number(run.summary, "policy_version"), 2);
  EXPECT_TRUE(same(node.platform.configuration, node.workflow.at(0.3)));
}

TEST(Away, NoMessageOfAServerWidensTheLimits) {
  for (const double share : {0.0, 1.0}) {
    Node node;
    // Properly signed, and as far out as knobs go; records that call absurd configurations safe.
    fc_safety_record_t record = {};
    ASSERT_EQ(FC_OK, fc_safety_record_init(&record, node.workflow->n_functions));
    std::strcpy(record.workflow, node.workflow->name);
    record.mean_in_flight = 10;
    record.lb_usd_h = share == 0 ? 1e-6 : 900;
    record.ub_usd_h = share == 0 ? 2e-6 : 1000;
    record.n_rows = 10;
    record.n_safe = 1;
    record.version = 1;
    for (size_t f = 0; f < node.workflow.n(); ++f) record.safe[f] = {share == 0 ? 1 : 9000, 9000, 900, 900};
    record.safe_cost_usd_h[0] = share == 0 ? 1.5e-6 : 950;
    // Freed after the server's thread, which borrows it, has ended.
    const std::unique_ptr<fc_safety_record_t, void (*)(fc_safety_record_t *)> owner(&record, fc_safety_record_clear);
    ServerScript script = node.script();
    script.records = {record};
    script.records_version = 1;
    FakeServer server(node.workflow, script);
    server.publish(2, constant_policy(node.workflow.get(), node.workflow.at(share), 2));
    node.platform.measure = [](int64_t window, const Configuration &) {
      Window shown;
      if (window > 10) shown.latency_s = 20;  // a breach opens every rail
      return shown;
    };
    const fc_test::Run run =
        node.go(with_server(node.state(), server.ingest(),
                            "lockstep: true\nsafety: {strategy: ses_paper, rails: off, limits: {'*': "
                            "{cpu_millicores: [1200, 1400], replicas: [4, 6], concurrency: [5, 7]}}}\n"),
                30);
    EXPECT_GT(node.platform.writes, 0);
    EXPECT_THAT(run.decisions, HasSubstr("\"from\":\"server\"")) << "the records arrived";
    for (size_t w = 1; w < node.platform.in_windows.size(); ++w) {
      for (const auto &f : node.platform.in_windows[w]) {
        ASSERT_GE(f.cpu_millicores, 1200) << w;
        ASSERT_LE(f.cpu_millicores, 1400) << w;
        ASSERT_GE(f.replicas, 4) << w;
        ASSERT_LE(f.replicas, 6) << w;
        ASSERT_GE(f.concurrency, 5) << w;
        ASSERT_LE(f.concurrency, 7) << w;
      }
    }
  }
}

}  // namespace
