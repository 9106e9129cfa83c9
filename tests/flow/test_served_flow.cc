// Several faasconf-agents, each with functions of its own, on one workflow that `faasconf simulate --serve` simulates;
// a real faasconfd learns from what one of them reports. All are processes on loopback sockets.
#include <csignal>

#include "processes.h"

using fc_test::Agent;
using fc_test::faasconf;
using fc_test::Finished;
using fc_test::Json;
using fc_test::Process;
using fc_test::Service;

namespace {

const char kLearner[] =
    "learner: {seed: 5, samples_per_insert: 64, batch: 16, hidden: 16, attention: 8, min_rows: 4}\n"
    "safety: {min_rows: 2}\n";
const char kFirst[] = "[starter, rgb, resize]", kSecond[] = "[update, resnet, mobilenet]";

// `faasconf simulate --serve` on a free port.
class Served {
 public:
  Served(int agents, int windows, const std::vector<std::string> &more = {}) {
    std::vector<std::string> argv = {fc_test::program("faasconf"),
                                     "simulate",
                                     "--workflow",
                                     "parallel",
                                     "--users",
                                     "10",
                                     "--serve",
                                     "tcp://127.0.0.1:*",
                                     "--agents",
                                     std::to_string(agents),
                                     "--windows",
                                     std::to_string(windows),
                                     "--json"};
    argv.insert(argv.end(), more.begin(), more.end());
    process_ = std::make_unique<Process>(argv);
    const std::string line = process_->wait_line("serving workflow parallel at ", 20);
    const size_t at = line.find("tcp://");
    if (at != std::string::npos) endpoint_ = line.substr(at, line.find(';', at) - at);
    EXPECT_NE("", endpoint_) << process_->output();
  }
  // agent.yaml of an agent with these functions.
  std::string settings(const std::string &functions, const std::string &more = "") const {
    return "mode: auto\nfunctions: " + functions +
           "\nsafety: {strategy: ses_paper, rails: tuning}\nplatform: {kind: sim, connect: '" + endpoint_ +
           "', seed: 4}\n" + more;
  }
  // The summary, once it has ended.
  std::string finish() {
    EXPECT_EQ(0, process_->wait_exit(60)) << process_->output();
    return process_->wait_line("\"end\"", 1);
  }
  Process &process() { return *process_; }

 private:
  std::unique_ptr<Process> process_;
  std::string endpoint_;
};

void register_parallel(const Service &service) {
  const Finished done = faasconf({"register", "--server", service.rpc(), "--workflow", "parallel", "--json"});
  ASSERT_EQ(0, done.exit_code) << done.err;
}

// The entry of `agents` with this name.
const fc_json_t *member(const Json &summary, const std::string &name) {
  const fc_json_t *agents = summary["agents"];
  for (size_t i = 0; i < fc_json_size(agents); ++i)
    if (name == fc_json_string(fc_json_get(fc_json_at(agents, i), "agent"))) return fc_json_at(agents, i);
  return nullptr;
}
int64_t count(const fc_json_t *object, const char *key) {
  int64_t value = -1;
  fc_json_int(fc_json_get(object, key), &value);
  return value;
}

// How many changes each agent made; every one of a function that is its own.
std::map<std::string, int> changes_by_owner(const Json &summary, const std::map<std::string, std::string> &functions) {
  std::map<std::string, int> changes;
  const fc_json_t *windows = summary["windows"];
  for (size_t w = 0; w < fc_json_size(windows); ++w) {
    const fc_json_t *list = fc_json_get(fc_json_at(windows, w), "changes");
    for (size_t c = 0; c < fc_json_size(list); ++c) {
      const std::string agent = fc_json_string(fc_json_get(fc_json_at(list, c), "agent"));
      const std::string function = fc_json_string(fc_json_get(fc_json_at(list, c), "function"));
      EXPECT_NE(std::string::npos, functions.at(agent).find(function)) << agent << " changed " << function;
      changes[agent] += 1;
    }
  }
  return changes;
}

}  // namespace

TEST(ServedFlow, TwoAgentsTuneOneWorkflowAndEveryWindowIsStoredOnce) {
  enum { WINDOWS = 24 };
  const std::string session = "session: {windows: 24, remeasure_windows: 6}\n";  // a policy comes after some windows
  Service service(kLearner);
  ASSERT_NO_FATAL_FAILURE(service.start());
  ASSERT_NO_FATAL_FAILURE(register_parallel(service));
  Served served(2, WINDOWS);
  // The one that owns the first function is neither started first nor first by name.
  Agent second(service, "east", "parallel", served.settings(kSecond, session));
  Agent first(service, "west", "parallel", served.settings(kFirst, session));
  second.start(WINDOWS);
  first.start(WINDOWS);
  const Json summary(served.finish());
  ASSERT_EQ(0, first.wait(30)) << first.output();
  ASSERT_EQ(0, second.wait(30)) << second.output();

  EXPECT_EQ("windows", summary.text("end"));
  ASSERT_EQ(static_cast<size_t>(WINDOWS), fc_json_size(summary["windows"]));
  const auto changes = changes_by_owner(summary, {{"west", kFirst}, {"east", kSecond}});
  EXPECT_EQ(2u, changes.size()) << "each of them changed something";
  for (const char *name : {"west", "east"}) {
    ASSERT_NE(nullptr, member(summary, name));
    EXPECT_EQ(WINDOWS, count(member(summary, name), "windows"));
    EXPECT_EQ(0, count(member(summary, name), "refused_writes"));
    EXPECT_EQ(0, count(member(summary, name), "lost"));
  }
  EXPECT_EQ(0, summary.number("frames_malformed"));

  const Json west(first.summary()), east(second.summary());
  EXPECT_EQ(WINDOWS, west.number("windows"));
  EXPECT_EQ(WINDOWS, east.number("windows"));
  EXPECT_EQ(0, west.number("unknown") + east.number("unknown"));
  EXPECT_EQ(WINDOWS, west.number("transitions_reported"));
  EXPECT_EQ(WINDOWS, west.number("transitions_acked"));
  EXPECT_EQ(0, east.number("transitions_reported"));
  EXPECT_GE(west.number("policy_version"), 1);
  EXPECT_EQ(west.number("policy_version"), east.number("policy_version")) << "in lockstep both decide with one policy";
  EXPECT_EQ(0, service.status().transitions_refused);
  EXPECT_EQ(0, service.stop()) << service.log();
  EXPECT_EQ(static_cast<size_t>(WINDOWS), fc_test::stored_transitions(service.store(), "parallel", "west").size());
  EXPECT_EQ(0u, fc_test::stored_transitions(service.store(), "parallel", "east").size());
}

TEST(ServedFlow, OneSeedGivesOneResultWithThreeAgents) {
  enum { WINDOWS = 16 };
  std::string results[2];
  for (int run = 0; run < 2; ++run) {
    Service service(kLearner);
    ASSERT_NO_FATAL_FAILURE(service.start());
    ASSERT_NO_FATAL_FAILURE(register_parallel(service));
    Served served(3, WINDOWS, {"--seed", "7"});
    Agent a(service, "a", "parallel", served.settings("[starter, update]"));
    Agent b(service, "b", "parallel", served.settings("[rgb, resnet]"));
    Agent c(service, "c", "parallel", served.settings("[mobilenet, resize]"));
    std::vector<Agent *> agents = {&a, &b, &c};
    if (run == 1) std::swap(agents[0], agents[2]);
    for (Agent *agent : agents) agent->start(WINDOWS);
    results[run] = served.finish();
    for (Agent *agent : agents) {
      ASSERT_EQ(0, agent->wait(30)) << agent->output();
      EXPECT_GE(Json(agent->summary()).number("policy_version"), 1);
    }
    const auto changes = changes_by_owner(Json(results[run]),
                                          {{"a", "starter, update"}, {"b", "rgb, resnet"}, {"c", "mobilenet, resize"}});
    EXPECT_EQ(3u, changes.size()) << "each of them changed something";
    EXPECT_EQ(0, service.stop());
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST(ServedFlow, WhenAnAgentIsKilledTheOthersGoOnToTheEnd) {
  enum { WINDOWS = 150 };
  Service service("learner: {enabled: false}\n");
  ASSERT_NO_FATAL_FAILURE(service.start());
  ASSERT_NO_FATAL_FAILURE(register_parallel(service));
  for (const char *doomed : {"b", "a"}) {  // one of the others, then the one that reports and goes first
    Served served(3, WINDOWS, {"--agent-timeout-s", "30"});
    std::map<std::string, std::unique_ptr<Agent>> agents;
    for (const auto &[name, functions] :
         std::map<std::string, std::string>{{"a", "[starter]"}, {"b", "[rgb]"}, {"c", "[resnet]"}}) {
      agents[name] = std::make_unique<Agent>(service, name, "parallel", served.settings(functions));
      agents[name]->start(WINDOWS);
    }
    ASSERT_NE("", agents[doomed]->process().wait_line("\"window\":5,", 30)) << agents[doomed]->output();
    agents[doomed]->process().signal(SIGKILL);
    const Json summary(served.finish());
    EXPECT_EQ("windows", summary.text("end"));
    EXPECT_EQ(static_cast<size_t>(WINDOWS), fc_json_size(summary["windows"]));
    EXPECT_EQ(1, summary.number("agents_lost")) << served.process().output();
    EXPECT_NE(std::string::npos, served.process().output().find("agent " + std::string(doomed) + " is gone"));
    for (const auto &[name, agent] : agents) {
      if (name == doomed) {
        EXPECT_LT(count(member(summary, name), "windows"), WINDOWS);
        continue;
      }
      EXPECT_EQ(0, agent->wait(30)) << agent->output();
      EXPECT_EQ(WINDOWS, Json(agent->summary()).number("windows")) << name;
      EXPECT_EQ(0, Json(agent->summary()).number("unknown")) << name;
    }
    const fc_json_t *windows = summary["windows"];
    EXPECT_EQ(3, count(fc_json_at(windows, 0), "agents"));
    EXPECT_EQ(2, count(fc_json_at(windows, WINDOWS - 1), "agents"));
  }
  EXPECT_EQ(0, service.stop());
}

TEST(ServedFlow, AnAgentThatWasGivenUpJoinsAgainWithOneWindowUnmeasured) {
  enum { WINDOWS = 400 };
  Service service("learner: {enabled: false}\n");
  ASSERT_NO_FATAL_FAILURE(service.start());
  ASSERT_NO_FATAL_FAILURE(register_parallel(service));
  Served served(2, WINDOWS, {"--agent-timeout-s", "1"});
  Agent steady(service, "steady", "parallel", served.settings(kFirst));
  Agent sleepy(service, "sleepy", "parallel", served.settings(kSecond));
  steady.start(WINDOWS);
  sleepy.start(WINDOWS);
  ASSERT_NE("", sleepy.process().wait_line("\"window\":5,", 30)) << sleepy.output();
  sleepy.process().signal(SIGSTOP);
  ASSERT_NE("", served.process().wait_line("agent sleepy does not answer", 30)) << served.process().output();
  sleepy.process().signal(SIGCONT);
  ASSERT_NE("", served.process().wait_line("agent sleepy has joined at window ", 30));
  const Json summary(served.finish());
  EXPECT_EQ(0, steady.wait(30)) << steady.output();
  EXPECT_EQ(0, sleepy.wait(30)) << sleepy.output();
  EXPECT_EQ(2, count(member(summary, "sleepy"), "joins")) << served.process().output();
  EXPECT_EQ(1, count(member(summary, "sleepy"), "lost"));
  EXPECT_EQ(WINDOWS, count(member(summary, "steady"), "windows"));
  const Json missed(sleepy.summary());
  EXPECT_EQ(1, missed.number("unknown")) << sleepy.output();
  EXPECT_EQ(count(member(summary, "sleepy"), "windows") + 1, missed.number("windows"));
  EXPECT_EQ(0, service.stop());
}

TEST(ServedFlow, AnAgentWhosePlaceIsTakenSaysSoAndFails) {
  Service service("learner: {enabled: false}\n");
  ASSERT_NO_FATAL_FAILURE(service.start());
  ASSERT_NO_FATAL_FAILURE(register_parallel(service));
  Served served(2, 100000, {"--agent-timeout-s", "1"});
  Agent steady(service, "steady", "parallel", served.settings(kFirst));
  Agent sleepy(service, "sleepy", "parallel", served.settings(kSecond));
  Agent other(service, "other", "parallel", served.settings(kSecond));
  steady.start(100000);
  sleepy.start(100000);
  ASSERT_NE("", sleepy.process().wait_line("\"window\":5,", 30)) << sleepy.output();
  sleepy.process().signal(SIGSTOP);
  ASSERT_NE("", served.process().wait_line("agent sleepy does not answer", 30)) << served.process().output();
  other.start(100000);
  ASSERT_NE("", served.process().wait_line("agent other has joined", 30)) << served.process().output();
  sleepy.process().signal(SIGCONT);
  EXPECT_EQ(1, sleepy.wait(30)) << sleepy.output();
  EXPECT_NE(std::string::npos, sleepy.output().find("2 agents take part already")) << sleepy.output();
  served.process().signal(SIGTERM);
  EXPECT_EQ("signal", Json(served.finish()).text("end"));
  EXPECT_EQ(0, steady.wait(30)) << "its simulation is over: " << steady.output();
  EXPECT_EQ(0, other.wait(30)) << other.output();
  EXPECT_EQ(0, service.stop());
}

TEST(ServedFlow, TwoAgentsMayNotOwnTheSameFunction) {
  Service service("learner: {enabled: false}\n");
  ASSERT_NO_FATAL_FAILURE(service.start());
  ASSERT_NO_FATAL_FAILURE(register_parallel(service));
  Served served(2, 5);
  Agent first(service, "first", "parallel", served.settings("[starter, rgb]"));
  Agent second(service, "second", "parallel", served.settings("[resize, rgb]"));
  first.start(5);
  ASSERT_NE("", served.process().wait_line("agent first has joined", 20));
  second.start(5);
  EXPECT_EQ(1, second.wait(30));
  EXPECT_NE(std::string::npos, second.output().find("function rgb belongs to agent first")) << second.output();
  served.process().signal(SIGTERM);
  EXPECT_EQ("signal", Json(served.finish()).text("end"));
  EXPECT_EQ(0, first.wait(30)) << "the server says that it is over before it ends";
}
