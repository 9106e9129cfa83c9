// Windows that follow each other (simulator_next_window): what is in flight goes on, changes are rolled out.
#include <cmath>
#include <cstring>

#include "simulated_windows.h"
#include "simulated_workflows.h"
#include "state.h"
#include "support.h"

namespace {

using fc_test::Configuration;
using fc_test::PlainWorkflow;
using fc_test::Simulated;

const Configuration kStart(6, {1300, 1331, 5, 6});

int count_phase(const simulator_t *s, int f, replica_phase_t phase) {
  int n = 0;
  for (int slot = 0; slot < s->functions[f].n_used; ++slot)
    n += s->replicas[s->functions[f].first_replica + slot].phase == phase;
  return n;
}

// In service or waiting at replicas of `f`.
int64_t present(const simulator_t *s, int f) {
  int64_t n = 0;
  for (int call = 0; call < s->n_calls; ++call) n += s->calls[call].phase != CALL_OVER && s->calls[call].function == f;
  return n;
}

// Every workflow and every call once, over a stretch of changing configurations and loads, in both loops.
TEST(Stretch, CountsEveryWorkflowAndEveryCallOnce) {
  auto workflow = fc_test::parallel_workflow();
  for (int users : {20, 0}) {
    Simulated s(workflow->get(), users, FC_SEMANTICS_STRICT, 4, users == 0 ? 1.5 : 0);
    ASSERT_EQ(FC_OK, s.status) << s.error.message;
    int64_t in_flight = 0;
    std::vector<int64_t> in_service(6, 0);
    for (int w = 0; w < 30; ++w) {
      Configuration configuration = kStart;
      for (int f = 0; f < 6; ++f) {
        configuration[f].replicas = 2 + (w * 7 + f) % 6;
        if (w % 3 == 0) configuration[f].cpu_millicores = 700 + 100 * ((w + f) % 8);
        if (w % 5 == 0) configuration[f].mem_mib = 400 + 50 * (f + w % 7);
      }
      if (users > 0) {
        ASSERT_EQ(FC_OK, simulator_set_load(s.get(), 5 + (w * 5) % 16, 0, &s.error));
      }
      const fc_observation_t &o = s.next(w, configuration);
      ASSERT_EQ(FC_OK, s.status) << s.error.message;
      const int64_t started = static_cast<int64_t>(std::llround(o.load.arrival_rate_per_s * 30));
      EXPECT_EQ(in_flight + started, o.outcome.successes + o.outcome.failures + o.outcome.unfinished) << w;
      in_flight = o.outcome.unfinished;
      for (int f = 0; f < 6; ++f) {
        const function_state_t &state = s.get()->functions[f];
        const int64_t now = present(s.get(), f);
        EXPECT_EQ(in_service[f] + state.requests, state.answered + state.rejected + state.failed + now)
            << w << " " << f;
        in_service[f] = now;
        EXPECT_EQ(configuration[f].replicas, state.configuration.replicas);
      }
    }
  }
}

TEST(Stretch, SameSeedSameBytesAndAFreshWindowEndsIt) {
  auto workflow = fc_test::parallel_workflow();
  Simulated a(workflow->get(), 10, FC_SEMANTICS_STRICT), b(workflow->get(), 10, FC_SEMANTICS_STRICT);
  const fc_test::Window fresh = a.window(3, kStart);
  for (int round = 0; round < 2; ++round) {
    for (int w = 0; w < 5; ++w) {
      const fc_outcome_t x = a.next(w, kStart).outcome, y = b.next(w, kStart).outcome;
      EXPECT_EQ(0, std::memcmp(&x, &y, sizeof x)) << round << " " << w;
    }
    const fc_test::Window again = a.window(3, kStart);
    EXPECT_EQ(0, std::memcmp(&fresh.outcome, &again.outcome, sizeof fresh.outcome));
    simulator_end_stretch(b.get());
  }
}

// A stretch is what one long window is: the same users, the same work, only cut into pieces.
TEST(Stretch, CutsOneLongWindowIntoPieces) {
  PlainWorkflow w(10), whole(100);
  for (PlainWorkflow *one : {&w, &whole}) one->build(one->call(one->plain("f", 0.7)));
  Simulated s(w.get(), 3, FC_SEMANTICS_STRICT), t(whole.get(), 3, FC_SEMANTICS_STRICT);
  const Configuration configuration = {{2000, 1000, 1, 10}};
  int64_t successes = 0;
  for (int i = 0; i < 10; ++i) successes += s.next(i, configuration).outcome.successes;
  EXPECT_EQ(t.observe(0, configuration).outcome.successes, successes);
}

class Rollout : public ::testing::Test {
 protected:
  Rollout() {
    f_ = w_.plain("f", 0.1);
    w_.raw().simulator.cold_start_median_s = 4;
    w_.raw().simulator.overflow = FC_OVERFLOW_QUEUE;
    w_.build(w_.call(f_));
  }
  void start(int users) {
    s_ = std::make_unique<Simulated>(w_.get(), users, FC_SEMANTICS_STRICT);
    ASSERT_EQ(FC_OK, s_->status) << s_->error.message;
  }
  PlainWorkflow w_{10};
  int f_;
  std::unique_ptr<Simulated> s_;
};

// One replica at full load, then three: the two new ones work for the 6 s that are left after 4 s of cold start.
TEST_F(Rollout, AddedReplicasStartCold) {
  w_.raw().simulator.balancer = FC_BALANCER_LEAST_CONNECTIONS;
  start(30);
  EXPECT_NEAR(100, s_->next(0, {{1000, 100, 1, 1}}).outcome.successes, 1);
  const fc_observation_t &o = s_->next(1, {{1000, 100, 3, 1}});
  EXPECT_NEAR(100 + 2 * 60, o.outcome.successes, 8);
  EXPECT_EQ(0, o.outcome.failures);
  EXPECT_EQ(3, count_phase(s_->get(), f_, REPLICA_READY));
  EXPECT_NEAR(300, s_->next(2, {{1000, 100, 3, 1}}).outcome.successes, 3);
}

// A change of CPU replaces replicas: the old ones serve until the new ones are ready after 4 s, then finish the 15
// requests that each of them has, and nothing is lost.
TEST_F(Rollout, ReplacesOneByOneWithoutLosingRequests) {
  start(30);
  s_->next(0, {{1000, 100, 2, 1}});
  const fc_observation_t &o = s_->next(1, {{500, 100, 2, 1}});
  EXPECT_NEAR(2 * 40 + 2 * 15 + 2 * 30, o.outcome.successes, 4);
  EXPECT_EQ(0, o.outcome.failures);
  EXPECT_EQ(2, count_phase(s_->get(), f_, REPLICA_READY));
  EXPECT_EQ(0, count_phase(s_->get(), f_, REPLICA_COLD));
  // Old and new ones cost side by side while the new ones start and the old ones finish.
  EXPECT_NEAR(2 * 10 + 2 * (4 + 1.5), s_->get()->functions[f_].replica_s, 0.5);
  EXPECT_NEAR(2 * 50, s_->next(2, {{500, 100, 2, 1}}).outcome.successes, 3);
}

TEST_F(Rollout, ReplicasThatGoFinishWhatTheyHave) {
  start(4);
  s_->next(0, {{1000, 100, 4, 1}});
  const fc_observation_t &o = s_->next(1, {{1000, 100, 1, 1}});
  EXPECT_EQ(0, o.outcome.failures);
  EXPECT_EQ(1, count_phase(s_->get(), f_, REPLICA_READY));
  EXPECT_EQ(0, count_phase(s_->get(), f_, REPLICA_LEAVING));
  EXPECT_NEAR(100, o.outcome.successes, 5);
}

// A request that runs for longer than it takes to the change after the next is terminated with its replica.
TEST_F(Rollout, TheNextChangeTerminatesWhatStillLeaves) {
  w_.parameters_at(f_).work_cpu_s = 25;
  start(1);
  EXPECT_EQ(1, s_->next(0, {{1000, 100, 1, 1}}).outcome.unfinished);
  EXPECT_EQ(0, s_->next(1, {{1000, 200, 1, 1}}).outcome.failures);
  EXPECT_EQ(1, count_phase(s_->get(), f_, REPLICA_LEAVING));
  const fc_observation_t &o = s_->next(2, {{1000, 300, 1, 1}});
  EXPECT_EQ(1, o.outcome.failures);
  EXPECT_EQ(1.0, o.metrics[f_].failed);
}

// Calls of calls while both sides are replaced again and again, faster than requests end: nothing hangs or is lost.
TEST(Stretch, TerminatedCallersAndCalleesAreAccountedFor) {
  for (fc_function_mode_t mode : {FC_MODE_SYNCHRONOUS, FC_MODE_FORK}) {
    PlainWorkflow w(2);
    const int a = w.plain("a", 1.0, 0.5, mode), b = w.plain("b", 1.5, 0.5, mode), c = w.plain("c", 0.8, 0.5, mode);
    const int own = w.group(FC_CALL_SEQUENCE, {w.call(b), w.group(FC_CALL_PARALLEL, {w.call(c), w.call(b)})});
    w.raw().simulator.cold_start_median_s = 0.5;
    w.raw().simulator.cold_start_sigma = 0.3;
    w.build(w.call(a));
    w.function_at(a).calls = own;
    Simulated s(w.build(w.call(a)), 8, FC_SEMANTICS_STRICT);
    ASSERT_EQ(FC_OK, s.status) << s.error.message;
    int64_t failures = 0, in_flight = 0;
    std::vector<int64_t> in_service(3, 0);
    for (int i = 0; i < 200; ++i) {
      Configuration configuration(3, {1000, 1000, 2, 4});
      for (int f = 0; f < 3; ++f) configuration[f].mem_mib += (i + f) % 3 == 0 ? i : 0;
      const fc_observation_t &o = s.next(i, configuration);
      const int64_t started = static_cast<int64_t>(std::llround(o.load.arrival_rate_per_s * 2));
      ASSERT_EQ(in_flight + started, o.outcome.successes + o.outcome.failures + o.outcome.unfinished) << i;
      in_flight = o.outcome.unfinished;
      failures += o.outcome.failures;
      for (int f = 0; f < 3; ++f) {
        const function_state_t &state = s.get()->functions[f];
        const int64_t now = present(s.get(), f);
        ASSERT_EQ(in_service[f] + state.requests, state.answered + state.rejected + state.failed + now) << i << f;
        in_service[f] = now;
      }
    }
    EXPECT_GT(failures, 10);
  }
}

TEST(Stretch, LoadChangesWithinWhatThereIsRoomFor) {
  auto workflow = fc_test::parallel_workflow();
  Simulated closed(workflow->get(), 10, FC_SEMANTICS_STRICT), open(workflow->get(), 0, FC_SEMANTICS_STRICT, 1, 2);
  fc_error_t error = {};
  EXPECT_EQ(FC_EINVAL, simulator_set_load(closed.get(), 11, 0, &error));
  EXPECT_EQ(FC_EINVAL, simulator_set_load(open.get(), 1, 0, &error));
  EXPECT_EQ(FC_EINVAL, simulator_set_load(open.get(), 0, 2.1, &error));
  EXPECT_EQ(FC_EINVAL, simulator_set_load(open.get(), 0, NAN, &error));
  ASSERT_EQ(FC_OK, simulator_set_load(open.get(), 0, 0, &error)) << error.message;
  EXPECT_EQ(0, open.next(0, kStart).outcome.unfinished);
  ASSERT_EQ(FC_OK, simulator_set_load(open.get(), 0, 2, &error)) << error.message;
  EXPECT_NEAR(60, open.next(1, kStart).load.arrival_rate_per_s * 30, 4 * std::sqrt(60.0));
  ASSERT_EQ(FC_OK, simulator_set_load(closed.get(), 0, 0, &error)) << error.message;
  EXPECT_EQ(0, closed.next(0, kStart).outcome.successes);
}

}  // namespace
