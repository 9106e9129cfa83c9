// sim/plan.c: which calls a workflow makes, in what order, and how failures travel along its data.
#include <cstring>

#include "simulated_windows.h"
#include "simulated_workflows.h"
#include "state.h"
#include "support.h"

namespace {

using fc_test::Average;
using fc_test::Configuration;
using fc_test::Simulated;
using fc_test::SimulatedWorkflow;

// Functions a, b, c, ... of equal work; concurrency and memory enough that nothing fails unless a test wants it.
class Plan : public ::testing::Test {
 protected:
  int add(const char *name, fc_on_failure_t on_failure = FC_ON_FAILURE_FAIL) {
    configuration_.push_back({2000, 10000, 8, 100});
    return w_.function(name, fc_test::fitted("starter"), on_failure);
  }
  const fc_observation_t &run(int root, fc_semantics_t semantics = FC_SEMANTICS_AS_PUBLISHED, int users = 1) {
    s_ = std::make_unique<Simulated>(w_.build(root), users, semantics);
    EXPECT_EQ(FC_OK, s_->status) << s_->error.message;
    return s_->observe(0, configuration_);
  }
  // 30 s suffice for no request: every call to it is killed for want of memory.
  void always_fails(int function) { configuration_[function].mem_mib = 21; }
  double requests(int function) const { return static_cast<double>(s_->get()->functions[function].requests); }
  double failed(int function) const { return static_cast<double>(s_->get()->functions[function].failed); }

  SimulatedWorkflow w_{"plan"};
  Configuration configuration_;
  std::unique_ptr<Simulated> s_;
};

TEST_F(Plan, SequenceCallsOneAfterTheOther) {
  const int a = add("a"), b = add("b");
  const fc_observation_t &o = run(w_.group(FC_CALL_SEQUENCE, {w_.call(a), w_.call(b)}));
  EXPECT_EQ(requests(a), requests(b));
  EXPECT_EQ(o.outcome.successes + o.outcome.unfinished, static_cast<int64_t>(requests(a)));
}

TEST_F(Plan, ParallelWaitsForTheLast) {
  const int a = add("a"), b = add("b");
  w_.parameters_at(b).work_cpu_s = 5;
  const fc_observation_t &o = run(w_.group(FC_CALL_PARALLEL, {w_.call(a), w_.call(b)}));
  EXPECT_EQ(requests(a), requests(b));
  EXPECT_GT(o.outcome.latency_mean_s, 5);
}

TEST_F(Plan, ChoiceTakesExactlyOneByItsWeight) {
  const int a = add("a"), b = add("b"), c = add("c");
  const std::vector<int> calls = {w_.call(a), w_.call(b), w_.call(c)};
  const double weights[] = {0.5, 0.3, 0.2};
  for (int i = 0; i < 3; ++i) w_.node(calls[i]).probability = weights[i];
  s_ = std::make_unique<Simulated>(w_.build(w_.group(FC_CALL_CHOICE, calls)), 10, FC_SEMANTICS_STRICT);
  double total = 0, count[3] = {0, 0, 0};
  for (int window = 0; window < 200; ++window) {
    s_->observe(window, configuration_);
    for (int f = 0; f < 3; ++f) count[f] += requests(f);
  }
  for (double n : count) total += n;
  for (int f = 0; f < 3; ++f)
    EXPECT_NEAR(weights[f], count[f] / total, 4 * std::sqrt(weights[f] * (1 - weights[f]) / total));
}

TEST_F(Plan, ChanceAndCountsFollowTheirDistribution) {
  const int a = add("a"), b = add("b"), c = add("c");
  const int maybe = w_.call(b), several = w_.call(c);
  w_.node(maybe).probability = 0.25;
  w_.node(several).count = {3, {0, 1, 3}, {0.2, 0.3, 0.5}};
  s_ = std::make_unique<Simulated>(w_.build(w_.group(FC_CALL_SEQUENCE, {w_.call(a), maybe, several})), 10,
                                   FC_SEMANTICS_STRICT);
  double n = 0, n_b = 0, n_c = 0;
  for (int window = 0; window < 400; ++window) {
    s_->observe(window, configuration_);
    n += requests(a);
    n_b += requests(b);
    n_c += requests(c);
  }
  EXPECT_NEAR(0.25, n_b / n, 4 * std::sqrt(0.25 * 0.75 / n));
  EXPECT_NEAR(1.8, n_c / n, 4 * std::sqrt((0.3 + 0.5 * 9 - 1.8 * 1.8) / n));
}

TEST_F(Plan, RepeatsWholeGroups) {
  const int a = add("a"), b = add("b"), c = add("c");
  const int group = w_.group(FC_CALL_PARALLEL, {w_.call(a), w_.group(FC_CALL_SEQUENCE, {w_.call(b), w_.call(c)})});
  w_.node(group).count = {1, {3}, {1}};
  const fc_observation_t &o = run(group);
  EXPECT_EQ(requests(a), requests(b));
  EXPECT_EQ(requests(a), requests(c));
  EXPECT_EQ(3 * (o.outcome.successes + o.outcome.unfinished), static_cast<int64_t>(requests(a)));
}

TEST_F(Plan, WorkflowThatCallsNothingStillTakesTime) {
  const int a = add("a");
  const int never = w_.call(a);
  w_.node(never).count = {1, {0}, {1}};
  fc_simulator_parameters_t &p = w_.raw().simulator;
  p.orchestrator_startup_s = p.orchestrator_finish_s = 0;
  w_.raw().window_s = 1;
  const fc_observation_t &o = run(never);
  EXPECT_EQ(0, requests(a));
  EXPECT_NEAR(10000, static_cast<double>(o.outcome.successes), 2);
}

TEST_F(Plan, FailFailsTheWorkflowAndTheRestGoesOn) {
  const int a = add("a"), b = add("b");
  always_fails(a);
  const fc_observation_t &o = run(w_.group(FC_CALL_SEQUENCE, {w_.call(a), w_.call(b)}));
  EXPECT_EQ(0, o.outcome.successes);
  EXPECT_GT(o.outcome.failures, 0);
  EXPECT_EQ(requests(a), requests(b));
  EXPECT_EQ(0, failed(b));
}

TEST_F(Plan, IgnoredFailureHurtsOnlyUnderStrictSemantics) {
  const int a = add("a", FC_ON_FAILURE_IGNORE), b = add("b");
  always_fails(a);
  const int root = w_.group(FC_CALL_SEQUENCE, {w_.call(a), w_.call(b)});
  EXPECT_EQ(0, run(root).outcome.failures);
  EXPECT_EQ(0, failed(b));
  EXPECT_EQ(0, run(root, FC_SEMANTICS_STRICT).outcome.successes);
}

TEST_F(Plan, PoisonSpoilsWhoeverUsesIt) {
  const int a = add("a", FC_ON_FAILURE_POISON), b = add("b", FC_ON_FAILURE_POISON), c = add("c");
  always_fails(a);
  const fc_observation_t &o = run(w_.group(FC_CALL_SEQUENCE, {w_.call(a), w_.call(b), w_.call(c)}));
  EXPECT_EQ(0, o.outcome.successes);
  EXPECT_EQ(requests(b), failed(b));
  EXPECT_EQ(requests(c), failed(c));
  // Only the start-up work is wasted on it: 0.907 of 0.73 CPU seconds, on 2 cores.
  EXPECT_NEAR(s_->get()->functions[c].cpu_s / failed(c), 0.6624, 0.15);
}

TEST_F(Plan, PoisonDoesNotReachCallsWithTheirOwnInput) {
  const int a = add("a", FC_ON_FAILURE_POISON), b = add("b"), c = add("c", FC_ON_FAILURE_POISON);
  always_fails(a);
  EXPECT_EQ(0, run(w_.group(FC_CALL_SEQUENCE, {w_.call(a), w_.call(b, false)})).outcome.failures);
  EXPECT_EQ(0, failed(b));
  // A parallel group hands its input to all children; one spoiled child spoils what comes after.
  always_fails(c);
  configuration_[a].mem_mib = 10000;
  const fc_observation_t &o =
      run(w_.group(FC_CALL_SEQUENCE, {w_.group(FC_CALL_PARALLEL, {w_.call(a), w_.call(c)}), w_.call(b)}));
  EXPECT_EQ(0, o.outcome.successes);
  EXPECT_EQ(requests(b), failed(b));
}

TEST_F(Plan, GarbageAsTheAnswerFailsTheWorkflow) {
  const int a = add("a", FC_ON_FAILURE_POISON);
  always_fails(a);
  const fc_observation_t &o = run(w_.call(a));
  EXPECT_EQ(0, o.outcome.successes);
  EXPECT_GT(o.outcome.failures, 0);
}

TEST_F(Plan, RejectionAsFirstCauseIsCounted) {
  const int a = add("a", FC_ON_FAILURE_POISON), b = add("b");
  configuration_[a] = {300, 10000, 1, 1};
  const fc_observation_t &o = run(w_.group(FC_CALL_SEQUENCE, {w_.call(a), w_.call(b)}), FC_SEMANTICS_AS_PUBLISHED, 20);
  EXPECT_GT(o.outcome.failures, 0);
  EXPECT_EQ(o.outcome.failures, o.outcome.rejected);
  EXPECT_GT(failed(b), 0);
}

TEST_F(Plan, RefusesBrokenTrees) {
  const int a = add("a");
  const int first = w_.call(a), second = w_.call(a);
  const int root = w_.group(FC_CALL_SEQUENCE, {first, second});
  auto status = [&](int start) { return Simulated(w_.build(start), 1, FC_SEMANTICS_STRICT).status; };
  EXPECT_EQ(FC_OK, status(root));
  EXPECT_EQ(FC_EINVAL, status(17));
  EXPECT_EQ(FC_EINVAL, status(-1));
  w_.node(second).next_sibling = first;  // a ring
  EXPECT_EQ(FC_EINVAL, status(root));
  w_.node(second).next_sibling = -1;
  w_.node(second).function = 5;
  EXPECT_EQ(FC_EINVAL, status(root));
  w_.node(second).function = a;
  w_.node(second).count = {1, {2000000000}, {1}};
  EXPECT_EQ(FC_EINVAL, status(root));
  w_.node(second).count = {1, {-3}, {1}};
  EXPECT_EQ(FC_EINVAL, status(root));
}

}  // namespace
