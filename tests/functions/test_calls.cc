// functions/orchestrator/calls.c with a caller of the test's own: order, fork-join, chances, counts, what failures
// mean.
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>

#include "support.h"

extern "C" {
#include "calls.h"
}

namespace {

// Answers as told, and remembers who was called with what.
class FakeCaller {
 public:
  using Behaviour = std::function<call_result_t(const call_data_t &)>;
  explicit FakeCaller(const fc_workflow_t *workflow) : workflow_(workflow) {}
  caller_t get() {
    return {this, [](void *self, int32_t function, const call_data_t *data, call_answer_t *answer) {
              static_cast<FakeCaller *>(self)->answer(function, *data, answer);
            }};
  }
  void behave(const std::string &function, Behaviour behaviour) { behaviour_[function] = std::move(behaviour); }
  void fails(const std::string &function, call_result_t result = CALL_FAILED) {
    behave(function, [result](const call_data_t &) { return result; });
  }
  std::string order() const {
    std::string text;
    for (const auto &[name, data] : calls_) text += (text.empty() ? "" : " ") + name;
    return text;
  }
  int count(const std::string &function) const {
    int n = 0;
    for (const auto &[name, data] : calls_) n += name == function;
    return n;
  }
  call_data_t data_of(const std::string &function) const {
    for (const auto &[name, data] : calls_)
      if (name == function) return data;
    ADD_FAILURE() << function << " was not called";
    return {};
  }
  // What a function gives for what it gets: another number for every chain of calls.
  static uint64_t output(int32_t function, const call_data_t &data) {
    return (data.has_output ? data.output : data.number) * 31 + static_cast<uint64_t>(function) + 1;
  }

 private:
  void answer(int32_t function, const call_data_t &data, call_answer_t *answer) {
    const std::string name = workflow_->functions[function].name;
    Behaviour behaviour;
    {
      const std::lock_guard<std::mutex> held(lock_);
      calls_.emplace_back(name, data);
      const auto found = behaviour_.find(name);
      if (found != behaviour_.end()) behaviour = found->second;
    }
    answer->result = behaviour ? behaviour(data) : data.garbage != CALL_SUCCEEDED ? CALL_FAILED : CALL_SUCCEEDED;
    answer->checksum = output(function, data);
    if (answer->result != CALL_SUCCEEDED) snprintf(answer->reason, sizeof answer->reason, "%s failed", name.c_str());
  }
  const fc_workflow_t *workflow_;
  std::mutex lock_;
  std::map<std::string, Behaviour> behaviour_;
  std::vector<std::pair<std::string, call_data_t>> calls_;
};

// Functions a to e; b and c poison, d ignores, the others fail.
class Calls : public testing::Test {
 protected:
  void load(const std::string &calls, const std::string &more_of_a = "") {
    const std::string text =
        "faasconf: 1\nworkflow: w\nprices: {version: v, usd_per_millicore_hour: 1, usd_per_mib_hour: 1}\n"
        "ranges: {cpu_millicores: 1, mem_mib: 1, replicas: 1, concurrency: 1}\n"
        "start: {cpu_millicores: 1, mem_mib: 1, replicas: 1, concurrency: 1}\n"
        "functions:\n  - {name: a" +
        more_of_a +
        "}\n  - {name: b, on_failure: poison}\n  - {name: c, on_failure: poison}\n  - {name: d, on_failure: ignore}\n"
        "  - {name: e}\ncalls: " +
        calls + "\nqos: [{latency_mean_s: 1}]\n";
    fc_error_t error = {};
    fc_workflow_destroy(&workflow_);
    ASSERT_OK(fc_workflow_parse(text.data(), text.size(), "w.yaml", &workflow_, &error));
    caller_ = std::make_unique<FakeCaller>(workflow_);
  }
  calls_outcome_t run(fc_semantics_t semantics = FC_SEMANTICS_STRICT, uint64_t serial = 1, uint64_t number = 0) {
    calls_outcome_t outcome = {};
    const caller_t caller = caller_->get();
    calls_run(workflow_, semantics, &caller, 1, serial, number, &outcome);
    return outcome;
  }
  void TearDown() override { fc_workflow_destroy(&workflow_); }
  fc_workflow_t *workflow_ = nullptr;
  std::unique_ptr<FakeCaller> caller_;
};

}  // namespace

TEST_F(Calls, ASequenceCallsInOrderAndHandsOutputsOn) {
  ASSERT_NO_FATAL_FAILURE(load("[a, b, {call: c, input: workflow}, e]"));
  const calls_outcome_t outcome = run(FC_SEMANTICS_STRICT, 1, 7);
  EXPECT_EQ("a b c e", caller_->order());
  EXPECT_EQ(CALL_SUCCEEDED, outcome.result);
  EXPECT_EQ(4, outcome.calls);
  EXPECT_EQ(0, outcome.failed);
  EXPECT_FALSE(caller_->data_of("a").has_output);
  EXPECT_EQ(7u, caller_->data_of("a").number);
  EXPECT_EQ(7u * 31 + 1, caller_->data_of("b").output);
  EXPECT_FALSE(caller_->data_of("c").has_output) << "input: workflow";
  EXPECT_EQ(7u * 31 + 3, caller_->data_of("e").output);
  EXPECT_EQ((7u * 31 + 3) * 31 + 5, outcome.checksum);
}

TEST_F(Calls, BranchesInParallelRunAtOnceAndAreJoined) {
  ASSERT_NO_FATAL_FAILURE(load("[a, {parallel: [[b], [c], [e]]}, d]"));
  std::mutex lock;
  std::condition_variable changed;
  int there = 0;
  for (const char *name : {"b", "c", "e"}) {
    caller_->behave(name, [&](const call_data_t &) {  // nobody goes before all are there
      std::unique_lock<std::mutex> held(lock);
      there += 1;
      changed.notify_all();
      changed.wait(held, [&] { return there == 3; });
      return CALL_SUCCEEDED;
    });
  }
  const calls_outcome_t outcome = run();
  EXPECT_EQ(CALL_SUCCEEDED, outcome.result);
  EXPECT_EQ(5, outcome.calls);
  EXPECT_EQ(0u, caller_->order().find("a "));
  EXPECT_EQ(caller_->order().size() - 1, caller_->order().rfind('d'));
  const uint64_t from_a = 1;
  for (const char *name : {"b", "c", "e"}) EXPECT_EQ(from_a, caller_->data_of(name).output);
  EXPECT_EQ((from_a * 31 + 2) ^ (from_a * 31 + 3) ^ (from_a * 31 + 5), caller_->data_of("d").output);
}

TEST_F(Calls, AFailedCallFailsTheWorkflowUnderStrictSemanticsWhateverItSays) {
  for (const char *name : {"a", "b", "c", "d", "e"}) {
    ASSERT_NO_FATAL_FAILURE(load("[a, b, c, d, e]"));
    caller_->fails(name);
    const calls_outcome_t outcome = run();
    EXPECT_EQ(CALL_FAILED, outcome.result) << name;
    EXPECT_STREQ(name, workflow_->functions[outcome.function].name);
    EXPECT_EQ(std::string(name) + " failed", outcome.reason);
    EXPECT_EQ("a b c d e", caller_->order()) << "the workflow goes on, as in the simulator";
  }
}

TEST_F(Calls, AsPublishedOnFailureDecides) {
  const struct {
    const char *calls, *failing;
    call_result_t expected;
    const char *why;
  } cases[] = {
      {"[a, e]", "a", CALL_FAILED, "fail"},
      {"[a, d, e]", "d", CALL_SUCCEEDED, "ignore"},
      {"[a, b, e]", "b", CALL_FAILED, "the garbage of b makes e fail"},
      {"[a, b, {call: e, input: workflow}]", "b", CALL_SUCCEEDED, "e does not use it"},
      {"[a, b, d]", "b", CALL_FAILED, "garbage passes by d and is the workflow's output"},
      {"[a, b]", "b", CALL_FAILED, "garbage at the end"},
      {"[a, {parallel: [[b], [d]]}, e]", "b", CALL_FAILED, "garbage of one branch is garbage of the group"},
      {"[{parallel: [[b, e], [d]]}]", "d", CALL_SUCCEEDED, "ignore in a branch"},
  };
  for (const auto &c : cases) {
    ASSERT_NO_FATAL_FAILURE(load(c.calls));
    caller_->fails(c.failing);
    const calls_outcome_t outcome = run(FC_SEMANTICS_AS_PUBLISHED);
    EXPECT_EQ(c.expected, outcome.result) << c.calls << ": " << c.why;
    EXPECT_EQ(c.expected == CALL_SUCCEEDED, outcome.reason[0] == '\0') << outcome.reason;
  }
}

TEST_F(Calls, IgnoreHandsItsInputOn) {
  ASSERT_NO_FATAL_FAILURE(load("[a, d, e]"));
  run();
  EXPECT_EQ(1u, caller_->data_of("e").output) << "the output of a, not of d";
}

TEST_F(Calls, PoisonReachesTheNextCallThatUsesItAndKeepsItsCause) {
  ASSERT_NO_FATAL_FAILURE(load("[a, b, {parallel: [[c], [{call: e, input: workflow}]]}]"));
  caller_->fails("b", CALL_REJECTED);
  const calls_outcome_t outcome = run(FC_SEMANTICS_AS_PUBLISHED);
  EXPECT_EQ(CALL_REJECTED, caller_->data_of("c").garbage);
  EXPECT_FALSE(caller_->data_of("c").has_output);
  EXPECT_EQ(CALL_SUCCEEDED, caller_->data_of("e").garbage);
  EXPECT_EQ(CALL_REJECTED, outcome.result) << "the first cause of the garbage";
  EXPECT_EQ(2, outcome.failed);
  EXPECT_EQ(1, outcome.rejected);
}

TEST_F(Calls, TheFirstCauseIsTheResultOfTheWorkflow) {
  for (call_result_t cause : {CALL_REJECTED, CALL_TIMED_OUT, CALL_FAILED}) {
    ASSERT_NO_FATAL_FAILURE(load("[a, b, e]"));
    caller_->fails("a", cause);
    caller_->fails("e", CALL_FAILED);
    const calls_outcome_t outcome = run();
    EXPECT_EQ(cause, outcome.result);
    EXPECT_EQ(0, outcome.function);
    EXPECT_EQ(2, outcome.failed);
    EXPECT_EQ(cause == CALL_REJECTED ? 1 : 0, outcome.rejected);
  }
}

TEST_F(Calls, ChoicesAndChancesAndCountsComeAsOftenAsTheySay) {
  ASSERT_NO_FATAL_FAILURE(
      load("[{choice: [{probability: 0.3, calls: [a]}, {probability: 0.7, calls: [b]}]},"
           " {call: c, probability: 0.2}, {call: e, count: {0: 0.5, 1: 0.25, 4: 0.25}}]"));
  enum { RUNS = 4000 };
  for (uint64_t serial = 1; serial <= RUNS; ++serial) run(FC_SEMANTICS_STRICT, serial);
  EXPECT_EQ(RUNS, caller_->count("a") + caller_->count("b")) << "exactly one of the two";
  EXPECT_NEAR(0.3, caller_->count("a") / double{RUNS}, 0.03);   // 4 standard errors
  EXPECT_NEAR(0.2, caller_->count("c") / double{RUNS}, 0.025);  // 4 standard errors
  EXPECT_NEAR(1.25, caller_->count("e") / double{RUNS}, 0.11);  // 4 standard errors
}

TEST_F(Calls, CountsAndRepeatedListsRunOneAfterTheOther) {
  ASSERT_NO_FATAL_FAILURE(load("[{call: a, count: 2}, {repeat: 3, calls: [b, c]}]"));
  EXPECT_EQ(8, run().calls);
  EXPECT_EQ("a a b c b c b c", caller_->order());
}

TEST_F(Calls, AWorkflowThatCallsNothingSucceeds) {
  ASSERT_NO_FATAL_FAILURE(load("[{call: a, probability: 0}]"));
  const calls_outcome_t outcome = run();
  EXPECT_EQ(CALL_SUCCEEDED, outcome.result);
  EXPECT_EQ(0, outcome.calls);
}

TEST_F(Calls, OneSeedGivesOnePlanWhateverTheThreadsDo) {
  const std::string plan =
      "[{parallel: [[{choice: [{probability: 0.5, calls: [a]}, {probability: 0.5, calls: [b]}]}],"
      " [{call: c, count: {1: 0.5, 2: 0.5}}], [{call: e, probability: 0.5}]]}]";
  std::vector<std::multiset<std::string>> first, again;
  for (auto *plans : {&first, &again}) {
    for (uint64_t serial = 1; serial <= 40; ++serial) {
      ASSERT_NO_FATAL_FAILURE(load(plan));
      run(FC_SEMANTICS_STRICT, serial);
      std::multiset<std::string> called;
      for (const char *name : {"a", "b", "c", "e"})
        for (int i = 0; i < caller_->count(name); ++i) called.insert(name);
      plans->push_back(called);
    }
  }
  EXPECT_EQ(first, again);
  EXPECT_GT(std::set<std::multiset<std::string>>(first.begin(), first.end()).size(), 4u);
}

TEST_F(Calls, AFunctionWithCallsOfItsOwnIsRefused) {
  fc_error_t error = {};
  ASSERT_NO_FATAL_FAILURE(load("[a]", ", calls: [b]"));
  EXPECT_EQ(FC_EINVAL, calls_check(workflow_, &error));
  EXPECT_NE(nullptr, strstr(error.message, "function a")) << error.message;
  ASSERT_NO_FATAL_FAILURE(load("[a, b]"));
  EXPECT_OK(calls_check(workflow_, &error));
}
