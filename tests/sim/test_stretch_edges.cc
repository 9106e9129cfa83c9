// What one window or stretch must not leave behind for the next.
#include <cmath>
#include <cstring>
#include <tuple>
#include <vector>

#include "simulated_windows.h"
#include "simulated_workflows.h"
#include "state.h"
#include "support.h"

namespace {

using fc_test::Configuration;
using fc_test::PlainWorkflow;
using fc_test::Simulated;

const Configuration kStart(6, {1300, 1331, 5, 6});

// Users of the closed loop who have not arrived yet are too many as well.
TEST(StretchEdges, UsersWhoAreTooManyAndHaveNotArrivedDoNotStart) {
  auto workflow = fc_test::parallel_workflow();
  workflow->raw().simulator.spawn_rate_per_s = 0.5;  // 15 of the 40 arrive in the first window
  Simulated s(workflow->get(), 40, FC_SEMANTICS_STRICT);
  s.next(0, kStart);
  ASSERT_EQ(FC_OK, s.status) << s.error.message;
  ASSERT_EQ(FC_OK, simulator_set_load(s.get(), 0, 0, &s.error));
  EXPECT_EQ(0, s.next(1, kStart).load.arrival_rate_per_s);
}

// A function that is scaled in while its change is still being rolled out keeps the replica that serves.
TEST(StretchEdges, ScalingInDuringARolloutKeepsWhatServes) {
  PlainWorkflow w(30);
  const int a = w.plain("a", 0.05);
  w.raw().simulator.cold_start_median_s = 1000;
  w.raw().simulator.cold_start_sigma = 0;
  Simulated s(w.build(w.call(a)), 1, FC_SEMANTICS_STRICT);
  ASSERT_EQ(FC_OK, s.status) << s.error.message;
  s.next(0, {{1000, 1000, 1, 5}});
  s.next(1, {{1500, 1000, 2, 5}});
  EXPECT_EQ(1, s.get()->functions[a].n_ready);
  const fc_observation_t &o = s.next(2, {{1500, 1000, 1, 5}});
  EXPECT_EQ(1, s.get()->functions[a].n_ready);
  EXPECT_EQ(0, o.metrics[a].rejected);
  EXPECT_GT(o.outcome.successes, 0);
}

// Same seed, same bytes, whatever the simulator did before.
TEST(StretchEdges, AStretchDoesNotDependOnWhatRanBefore) {
  auto workflow = fc_test::parallel_workflow();
  Simulated used(workflow->get(), 2, FC_SEMANTICS_STRICT), fresh(workflow->get(), 2, FC_SEMANTICS_STRICT);
  const Configuration many(6, {1300, 1331, 8, 6});
  for (int w = 100; w < 110; ++w) used.window(w, many);
  for (int w = 0; w < 40; ++w) {
    const fc_observation_t &a = used.next(w, many), &b = fresh.next(w, many);
    EXPECT_EQ(0, std::memcmp(&b.outcome, &a.outcome, sizeof b.outcome)) << "window " << w;
    EXPECT_EQ(0, std::memcmp(b.metrics, a.metrics, 6 * sizeof *b.metrics)) << "window " << w;
    EXPECT_EQ(0, std::memcmp(&b.load, &a.load, sizeof b.load)) << "window " << w;
  }
}

// In an open loop what somebody measures did not begin with the window: arrivals before it are answered in it.
TEST(StretchEdges, AnObservedWindowOfAnOpenLoopDoesNotBeginEmpty) {
  auto workflow = fc_test::parallel_workflow();
  Simulated s(workflow->get(), 0, FC_SEMANTICS_STRICT, 1, 1);
  double fresh = 0, observed = 0, offered = 0;
  for (int w = 0; w < 200; ++w) {
    fresh += static_cast<double>(s.observe(w, kStart).outcome.successes);
    const fc_observation_t &o = s.observed(w, kStart);
    ASSERT_EQ(FC_OK, s.status) << s.error.message;
    observed += static_cast<double>(o.outcome.successes + o.outcome.failures);
    offered += o.load.arrival_rate_per_s * 30;
  }
  EXPECT_NEAR(offered, observed, 4 * std::sqrt(2 * offered));
  EXPECT_LT(fresh, 0.85 * observed);
  Simulated closed(workflow->get(), 10, FC_SEMANTICS_STRICT, 1);
  const fc_outcome_t a = closed.observe(5, kStart).outcome, b = closed.observed(5, kStart).outcome;
  EXPECT_EQ(0, std::memcmp(&a, &b, sizeof a));
}

// Nor in a closed loop whose parameters say that the system has been running: a window ends about as many workflows as
// it starts, whereas a fresh one lacks those that are in flight at its end.
TEST(StretchEdges, AnObservedWindowOfARunningClosedLoopDoesNotBeginEmpty) {
  auto workflow = fc_test::parallel_workflow();
  Simulated fresh(workflow->get(), 10, FC_SEMANTICS_STRICT, 1), running(workflow->get(), 10, FC_SEMANTICS_STRICT, 1);
  fc_simulator_parameters_t parameters = workflow->get()->simulator;
  parameters.windows = FC_WINDOWS_RUNNING;
  ASSERT_EQ(FC_OK, simulator_set_parameters(running.get(), &parameters, &running.error)) << running.error.message;
  double ended_fresh = 0, ended_running = 0;
  for (int w = 0; w < 100; ++w) {
    const fc_outcome_t a = fresh.observed(w, kStart).outcome, b = running.observed(w, kStart).outcome;
    ended_fresh += static_cast<double>(a.successes + a.failures);
    ended_running += static_cast<double>(b.successes + b.failures);
  }
  EXPECT_GT(ended_running, 1.1 * ended_fresh);
  EXPECT_LT(ended_running, 1.6 * ended_fresh);
}

// Another world's parameters are all of that world.
// Nobody asks, so that replicas use their idle memory only: five with the old limit for 20 s, five with the new for 30
// s.
TEST(StretchEdges, MemoryIsOfEachReplicasOwnLimit) {
  auto workflow = fc_test::parallel_workflow();
  workflow->raw().simulator.cold_start_median_s = 20;
  workflow->raw().simulator.cold_start_sigma = 0;
  const double idle_mib = workflow->get()->simulator.mem_idle_mib;
  Simulated s(workflow->get(), 1, FC_SEMANTICS_STRICT);
  ASSERT_EQ(FC_OK, simulator_set_load(s.get(), 0, 0, &s.error));
  EXPECT_NEAR(100 * idle_mib / 1331, s.next(0, Configuration(6, {1300, 1331, 5, 6})).metrics[0].mem_utilization_pct,
              1e-9);
  const fc_observation_t &o = s.next(1, Configuration(6, {1300, 100, 5, 6}));
  EXPECT_NEAR(100 * (20 * idle_mib / 1331 + 30 * idle_mib / 100) / 50, o.metrics[0].mem_utilization_pct, 1e-9);
  EXPECT_NEAR(100 * idle_mib / 100, s.next(2, Configuration(6, {1300, 100, 5, 6})).metrics[0].mem_utilization_pct,
              1e-9);
}

// A renewed simulator is as if new, whatever load it was set to; a closed loop of 0 users stays one.
TEST(StretchEdges, ARenewedSimulatorHasItsFirstLoad) {
  auto workflow = fc_test::parallel_workflow();
  const Configuration configuration(6, {1300, 1331, 5, 6});
  for (const simulator_options_t &options :
       {simulator_options_t{1, FC_SEMANTICS_STRICT, 10, 0}, simulator_options_t{1, FC_SEMANTICS_STRICT, 0, 1.5}}) {
    Simulated first(workflow->get(), options.users, FC_SEMANTICS_STRICT, 1, options.rate_per_s);
    const fc_test::Window expected = first.window(3, configuration);
    simulator_t *simulator = first.get();
    ASSERT_EQ(FC_OK,
              simulator_set_load(simulator, options.users > 0 ? 2 : 0, options.users > 0 ? 0 : 0.1, &first.error));
    EXPECT_NE(expected.outcome.successes, first.window(3, configuration).outcome.successes);
    ASSERT_EQ(FC_OK, simulator_renew(workflow->get(), &options, &simulator, &first.error));
    ASSERT_EQ(first.get(), simulator);
    EXPECT_EQ(expected.outcome.successes, first.window(3, configuration).outcome.successes);
  }
  Simulated closed(workflow->get(), 10, FC_SEMANTICS_STRICT);
  ASSERT_EQ(FC_OK, simulator_set_load(closed.get(), 0, 0, &closed.error));
  closed.observed(5, configuration);
  EXPECT_EQ(5, closed.get()->window) << "a fresh window, not the second of a stretch";
}

TEST(StretchEdges, ReceivedBytesAreThoseOfTheParametersInForce) {
  auto workflow = fc_test::parallel_workflow();
  Simulated s(workflow->get(), 10, FC_SEMANTICS_STRICT);
  const double before = s.observe(0, kStart).metrics[0].net_rx_bytes_per_s;
  fc_simulator_parameters_t other = workflow->get()->simulator;
  std::vector<fc_function_simulator_t> functions(other.functions, other.functions + 6);
  functions[0].net_bytes_per_call *= 2;
  other.functions = functions.data();
  ASSERT_EQ(FC_OK, simulator_set_parameters(s.get(), &other, &s.error)) << s.error.message;
  EXPECT_DOUBLE_EQ(2 * before, s.observe(0, kStart).metrics[0].net_rx_bytes_per_s);
}

// A request does its work once, however many windows it lives through and whatever calls of its own it draws.
class Work : public ::testing::TestWithParam<std::tuple<fc_function_mode_t, double>> {};

TEST_P(Work, OfACallerIsTheSameInShortAndInLongWindows) {
  const auto [mode, window_s] = GetParam();
  PlainWorkflow w(window_s);
  const int a = w.plain("a", 1, 0, mode), b = w.plain("b", 0.4, 0, mode);
  std::vector<int> maybe;
  for (int i = 0; i < 8; ++i) {
    maybe.push_back(w.call(b));
    w.node(maybe.back()).probability = 0.5;
  }
  const int root = w.group(FC_CALL_SEQUENCE, maybe), entry = w.call(a);
  w.build(entry);
  w.function_at(a).calls = root;
  Simulated s(w.build(entry), 1, FC_SEMANTICS_STRICT);
  ASSERT_EQ(FC_OK, s.status) << s.error.message;
  double cpu_s = 0, answered = 0;
  for (int window = 0; window < 4000 / window_s; ++window) {
    s.next(window, Configuration(2, {2000, 1000, 1, 5}));
    cpu_s += s.get()->functions[a].cpu_s;
    answered += static_cast<double>(s.get()->functions[a].answered);
  }
  ASSERT_GT(answered, 200);
  EXPECT_NEAR(1, cpu_s / answered, 0.01);
}

INSTANTIATE_TEST_SUITE_P(ModesAndWindows, Work,
                         ::testing::Combine(::testing::Values(FC_MODE_FORK, FC_MODE_SYNCHRONOUS),
                                            ::testing::Values(0.5, 1000.0)));

}  // namespace
