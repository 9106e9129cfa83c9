// Functions that call functions, in both modes: what is exact without noise.
#include <cmath>

#include "simulated_windows.h"
#include "simulated_workflows.h"
#include "state.h"
#include "support.h"

namespace {

using fc_test::Configuration;
using fc_test::PlainWorkflow;
using fc_test::Simulated;

class Nested : public ::testing::TestWithParam<fc_function_mode_t> {
 protected:
  int add(const char *name, double work_cpu_s) { return w_.plain(name, work_cpu_s, 0, GetParam()); }
  // Function `caller` makes these calls itself.
  void calls(int caller, int root) {
    w_.build(root);
    w_.function_at(caller).calls = root;
  }
  const fc_observation_t &run(int entry, const Configuration &configuration, int users = 1) {
    s_ = std::make_unique<Simulated>(w_.build(w_.call(entry)), users, FC_SEMANTICS_STRICT);
    EXPECT_EQ(FC_OK, s_->status) << s_->error.message;
    return s_->observe(0, configuration);
  }
  double requests(int f) const { return static_cast<double>(s_->get()->functions[f].requests); }
  PlainWorkflow w_{100};
  std::unique_ptr<Simulated> s_;
};

// Own work plus that of all it calls, one after the other; a group in parallel takes as long as its longest.
TEST_P(Nested, LatencyIsOwnWorkAndTheCallsWorkAlongTheLongestWay) {
  const int a = add("a", 0.6), b = add("b", 0.3), c = add("c", 0.2), d = add("d", 0.5);
  calls(b, w_.call(c));
  calls(a, w_.group(FC_CALL_SEQUENCE, {w_.call(b), w_.group(FC_CALL_PARALLEL, {w_.call(c), w_.call(d)})}));
  const fc_observation_t &o = run(a, Configuration(4, {1000, 1000, 2, 10}));
  EXPECT_NEAR(0.6 + (0.3 + 0.2) + 0.5, o.outcome.latency_mean_s, 1e-9);
  EXPECT_EQ(0, o.outcome.failures);
  EXPECT_NEAR(2 * requests(a), requests(c), 2);
  EXPECT_NEAR(o.metrics[a].latency_p75_s, 1.6, 1e-6);
  EXPECT_NEAR(o.metrics[b].latency_p75_s, 0.5, 1e-6);
}

TEST_P(Nested, RepeatsAndChancesFollowTheirDistribution) {
  const int a = add("a", 0.02), b = add("b", 0.001), c = add("c", 0.001);
  const int several = w_.call(b), maybe = w_.call(c);
  w_.node(several).count = {2, {1, 4}, {0.5, 0.5}};
  w_.node(maybe).probability = 0.25;
  const int twice = w_.group(FC_CALL_SEQUENCE, {several, maybe});
  w_.node(twice).count = {1, {2}, {1}};
  calls(a, twice);
  const fc_observation_t &o = run(a, Configuration(3, {1000, 1000, 3, 50}), 3);
  EXPECT_EQ(0, o.outcome.failures);
  const double n = requests(a);
  EXPECT_NEAR(2 * 2.5, requests(b) / n, 4 * 1.5 * std::sqrt(2 / n) + 0.01);
  EXPECT_NEAR(2 * 0.25, requests(c) / n, 4 * 0.44 * std::sqrt(2 / n) + 0.01);
  // All of a's work is done, however many calls it was spread around.
  const function_state_t &state = s_->get()->functions[a];
  EXPECT_NEAR(0.02, state.cpu_s / static_cast<double>(state.answered), 1e-6);
}

// Its replica is taken while its calls run: one at a time in synchronous mode, as many as the limit in fork mode.
TEST_P(Nested, ACallerHoldsItsPlaceWhileItsCallsRun) {
  const int a = add("a", 0.1), b = add("b", 0.9);
  calls(a, w_.call(b));
  w_.raw().simulator.overflow = FC_OVERFLOW_QUEUE;
  const bool synchronous = GetParam() == FC_MODE_SYNCHRONOUS;
  const fc_observation_t &o = run(a, {{4000, 1000, 1, 3}, {1000, 1000, 50, 1}}, 12);
  EXPECT_NEAR(synchronous ? 1 : 3, o.metrics[a].mean_in_flight, 0.01);
  EXPECT_NEAR(synchronous ? 100 : 300, static_cast<double>(o.outcome.successes), synchronous ? 1 : 12);
}

TEST_P(Nested, AFailedCallFailsTheCallerThatUsesIt) {
  const int a = add("a", 0.1), b = add("b", 0.1);
  w_.parameters_at(b).mem_mib_per_request = 500;
  w_.function_at(b).on_failure = FC_ON_FAILURE_POISON;
  calls(a, w_.call(b));
  const fc_observation_t &o = run(a, {{1000, 1000, 1, 4}, {1000, 400, 1, 4}});
  EXPECT_EQ(0, o.outcome.successes);
  EXPECT_GT(o.outcome.failures, 100);
  EXPECT_EQ(o.metrics[b].failed, o.metrics[b].requests);
  EXPECT_NEAR(o.metrics[a].failed, o.metrics[a].requests, 1);
}

INSTANTIATE_TEST_SUITE_P(Modes, Nested, ::testing::Values(FC_MODE_FORK, FC_MODE_SYNCHRONOUS));

// The token bucket: 0.1 s of quota at full speed, then the quota's.
TEST(Synchronous, RunsAtFullSpeedUntilTheBucketIsEmpty) {
  for (double work : {0.05, 0.5}) {
    PlainWorkflow w(1000);
    w.build(w.call(w.plain("f", work, 0, FC_MODE_SYNCHRONOUS)));
    w.raw().simulator.orchestrator_finish_s = 5; /* the bucket is full again */
    Simulated s(w.get(), 1, FC_SEMANTICS_STRICT);
    const double quota = 0.4, full_s = std::min(work, quota * 0.1 / (1 - quota));
    const fc_observation_t &o = s.observe(0, {{400, 1000, 1, 1}});
    EXPECT_NEAR(5 + full_s + (work - full_s) / quota, o.outcome.latency_mean_s, 1e-6);
    EXPECT_EQ(work > full_s, o.metrics[0].throttled_periods > 0);
  }
}

// Synchronous replicas, too, use exactly the CPU of the work they did.
TEST(Synchronous, ConservesWork) {
  PlainWorkflow w(100);
  const int a = w.plain("a", 0.05, 0, FC_MODE_SYNCHRONOUS), b = w.plain("b", 0.02, 0, FC_MODE_SYNCHRONOUS);
  const int twice = w.call(b);
  w.node(twice).count = {1, {2}, {1}};
  w.build(twice);
  w.function_at(a).calls = twice;
  Simulated s(w.build(w.call(a)), 6, FC_SEMANTICS_STRICT);
  s.observe(0, {{300, 1000, 2, 1}, {250, 1000, 2, 1}});
  for (int f : {a, b}) {
    const function_state_t &state = s.get()->functions[f];
    EXPECT_EQ(state.requests, state.answered);
    EXPECT_NEAR(state.cpu_s, static_cast<double>(state.answered) * (f == a ? 0.05 : 0.02), 1e-6);
  }
}

}  // namespace
