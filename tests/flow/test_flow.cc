// The ten steps with everything real: faasconfd, two faasconf-agents on the simulated platform and a client, as
// processes on loopback sockets.
#include "processes.h"

using fc_test::Agent;
using fc_test::faasconf;
using fc_test::Finished;
using fc_test::Json;
using fc_test::Service;

namespace {

enum { WINDOWS = 20 };

// Small nets, so that a policy is live after a few windows also under sanitizers.
const char kLearner[] =
    "learner: {seed: 5, samples_per_insert: 64, batch: 16, hidden: 16, attention: 8, min_rows: 4}\n"
    "safety: {min_rows: 2}\n";

std::string platform(int seed) {
  return "platform: {kind: sim, users: 10, seed: " + std::to_string(seed) + "}\n";
}

void register_parallel(const Service &service) {
  const Finished done = faasconf({"register", "--server", service.rpc(), "--workflow", "parallel", "--json"});
  ASSERT_EQ(0, done.exit_code) << done.err;
  EXPECT_TRUE(Json(done.out)["created"] != nullptr);
}

// Every configuration of the decision log lies within [lowest, highest] of the knob.
void expect_within(const Agent &agent, const char *knob, int64_t lowest, int64_t highest) {
  for (const std::string &line : agent.decisions()) {
    const Json decision(line);
    const fc_json_t *list = decision["configuration"];
    ASSERT_NE(nullptr, list) << line;
    for (size_t f = 0; f < fc_json_size(list); ++f) {
      int64_t value = -1;
      ASSERT_TRUE(fc_json_int(fc_json_get(fc_json_at(list, f), knob), &value));
      EXPECT_GE(value, lowest) << knob;
      EXPECT_LE(value, highest) << knob;
    }
  }
}

std::string dump(const fc_json_t *value) {
  if (value == nullptr) return "absent";
  char *text = fc_json_dump(value, 0);
  const std::string out = text;
  free(text);
  return out;
}

}  // namespace

TEST(Flow, TwoAgentsAndAClientFromObservationToConfiguration) {
  Service service(kLearner);
  ASSERT_NO_FATAL_FAILURE(service.start());
  ASSERT_NO_FATAL_FAILURE(register_parallel(service));
  const std::string limits = "safety: {strategy: ses_paper, rails: tuning, limits: {'*': {replicas: [3, 6]}}}\n";
  Agent first(service, "first", "parallel", "mode: auto\n" + limits + platform(1));
  Agent second(service, "second", "parallel", "mode: auto\n" + limits + platform(2));
  first.start(WINDOWS);
  second.start(WINDOWS);
  ASSERT_EQ(0, first.wait(120)) << first.output();
  ASSERT_EQ(0, second.wait(120)) << second.output();

  for (const Agent *agent : {&first, &second}) {
    const Json summary(agent->summary());
    EXPECT_GE(summary.number("transitions_acked"), WINDOWS);
    EXPECT_GE(summary.number("policy_version"), 1);
    expect_within(*agent, "replicas", 3, 6);
    expect_within(*agent, "cpu_millicores", 600, 2000);
  }
  const Finished asked = faasconf({"query", "--server", service.rpc(), "--workflow", "parallel", "--json"});
  ASSERT_EQ(0, asked.exit_code) << asked.err;
  const Json answer(asked.out);
  for (const char *key : {"configuration", "cost", "bounds", "policy_version", "attention"})
    EXPECT_NE(nullptr, answer[key]) << key;
  EXPECT_EQ(6u, fc_json_size(answer["configuration"]));
  EXPECT_EQ(10u, fc_json_size(answer["attention"]));

  const fc_rpc_status_response_t status = service.status();
  EXPECT_FALSE(status.degraded);
  EXPECT_EQ(0u, status.transitions_refused);
  EXPECT_EQ(0u, status.frames_malformed);
  EXPECT_GT(status.learner_updates, 0u);
  EXPECT_GT(status.policies_published, 0u);
  EXPECT_EQ(0, service.stop()) << service.log();
  for (const char *name : {"first", "second"}) {
    const auto stored = fc_test::stored_transitions(service.store(), "parallel", name);
    const Agent &agent = strcmp(name, "first") == 0 ? first : second;
    EXPECT_EQ(Json(agent.summary()).number("transitions_acked"), static_cast<double>(stored.size()));
    EXPECT_EQ((std::pair<uint64_t, uint64_t>{1, 1}), *stored.begin());
    EXPECT_EQ((std::pair<uint64_t, uint64_t>{1, stored.size()}), *stored.rbegin()) << "no hole";
  }
}

TEST(Flow, AgentAndServerDecideBitIdentically) {
  Service service(kLearner);
  ASSERT_NO_FATAL_FAILURE(service.start());
  ASSERT_NO_FATAL_FAILURE(register_parallel(service));
  // Recommend: decides without exploration every window, and writes nothing.
  Agent agent(service, "watcher", "parallel", "mode: recommend\nsafety: {strategy: none}\n" + platform(3));
  int compared = 0;
  for (int windows : {12, 3, 1}) {
    agent.start(windows);
    ASSERT_EQ(0, agent.wait(120)) << agent.output();
    const Json decision(agent.decisions().back());
    ASSERT_EQ("policy", decision.text("origin")) << agent.decisions().back();
    const std::string version = std::to_string(static_cast<int64_t>(decision.number("policy_version")));
    const Finished asked =
        faasconf({"query", "--server", service.rpc(), "--workflow", "parallel", "--policy-version", version, "--json"});
    ASSERT_EQ(0, asked.exit_code) << asked.err;
    const Json answer(asked.out);
    const fc_json_t *wanted = decision["wanted"], *edges = decision["attention"];
    ASSERT_EQ(6u, fc_json_size(wanted));
    for (size_t f = 0; f < 6; ++f) {
      const fc_json_t *here = fc_json_at(wanted, f);
      const fc_json_t *there = fc_json_get(answer["configuration"], fc_json_string(fc_json_get(here, "function")));
      for (const char *knob : {"cpu_millicores", "mem_mib", "replicas", "concurrency"}) {
        int64_t a = -1, b = -2;
        EXPECT_TRUE(fc_json_int(fc_json_get(here, knob), &a) && fc_json_int(fc_json_get(there, knob), &b));
        EXPECT_EQ(a, b) << knob;
      }
    }
    ASSERT_EQ(fc_json_size(edges), fc_json_size(answer["attention"]));
    for (size_t e = 0; e < fc_json_size(edges); ++e) {  // 17 digits: equal text is equal bits
      const fc_json_t *there = fc_json_at(answer["attention"], e);
      EXPECT_EQ(dump(fc_json_at(fc_json_at(edges, e), 2)), dump(fc_json_get(there, "weight")));
      compared += 1;
    }
  }
  EXPECT_EQ(30, compared);
  EXPECT_EQ(0, service.stop()) << service.log();
}

TEST(Flow, OneSeedGivesOneResultThroughRealSockets) {
  std::vector<std::string> results[2];
  for (auto &result : results) {
    Service service(kLearner);
    ASSERT_NO_FATAL_FAILURE(service.start());
    ASSERT_NO_FATAL_FAILURE(register_parallel(service));
    Agent agent(service, "same", "parallel",
                "mode: auto\nsafety: {strategy: ses_paper, rails: tuning}\n" + platform(4));
    agent.start(WINDOWS);
    ASSERT_EQ(0, agent.wait(120)) << agent.output();
    for (const std::string &line : agent.decisions()) {
      const Json decision(line);
      result.push_back(decision.text("origin") + dump(decision["configuration"]) + dump(decision["policy_version"]) +
                       dump(decision["attention"]));
    }
    EXPECT_EQ(0, service.stop());
  }
  EXPECT_GE(results[0].size(), static_cast<size_t>(WINDOWS));
  ASSERT_EQ(results[0].size(), results[1].size());
  for (size_t i = 0; i < results[0].size(); ++i) ASSERT_EQ(results[0][i], results[1][i]) << "window " << i;
}

TEST(Flow, AnAgentWithoutItsWorkflowRegisteredKeepsItsTransitionsAndDeliversThemLater) {
  Service service(kLearner);
  ASSERT_NO_FATAL_FAILURE(service.start());
  Agent agent(service, "early", "parallel", "mode: observe\nlockstep_timeout_s: 0.2\n" + platform(5));
  agent.start(5);
  ASSERT_EQ(0, agent.wait(60)) << agent.output();
  EXPECT_NE(std::string::npos, agent.output().find("faasconf register")) << agent.output();
  ASSERT_NO_FATAL_FAILURE(register_parallel(service));
  agent.start(3);
  ASSERT_EQ(0, agent.wait(60)) << agent.output();
  EXPECT_EQ(0, service.stop());
  const auto stored = fc_test::stored_transitions(service.store(), "parallel", "early");
  EXPECT_EQ(8u, stored.size());
}
