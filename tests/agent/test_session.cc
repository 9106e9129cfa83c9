// tests agent/session.c: the budget, what counts as verified, and what a session settles on.
#include <cmath>

#include "agent_fixture.h"

extern "C" {
#include "session.h"
}

namespace {
using fc_test::Configuration;
using fc_test::cost_of;
using fc_test::same;
using fc_test::Workflow;

int32_t one_step(void *, const fc_function_configuration_t *from, const fc_function_configuration_t *to, int32_t most) {
  (void)most;
  return platform_same(&from[0], &to[0]) ? 0 : 1;
}
// Three windows for every change.
int32_t three_steps(void *, const fc_function_configuration_t *from, const fc_function_configuration_t *to, int32_t) {
  return platform_same(&from[0], &to[0]) ? 0 : 3;
}

settings_session_t settings(int32_t windows, int32_t remeasure, double verify_sigma = 0) {
  settings_session_t s = {};
  s.windows = windows;
  s.exploration_sigma = 0.1;
  s.retreat = 0.5;
  s.remeasure_windows = remeasure;
  s.verify_windows = 3;
  s.verify_sigma = verify_sigma;
  s.load_tolerance = 0.25;
  return s;
}

struct Session {
  Session(const Workflow &w, settings_session_t s,
          int32_t (*travel)(void *, const fc_function_configuration_t *, const fc_function_configuration_t *,
                            int32_t) = one_step)
      : workflow(w), budget(s.windows), current(w.start()) {
    fc_error_t error = {};
    if (session_new(w.get(), &s, {nullptr, travel}, &get, &error) != FC_OK) throw std::runtime_error(error.message);
    session_open(get, s.windows);
  }
  ~Session() { session_destroy(&get); }

  // One window of what is in force; v is the same for every term.
  void window(double v, double in_flight = 10) {
    std::vector<double> violation(FC_MAX_QOS_TERMS, v);
    session_measure(get, current.data(), v > 1 ? FC_QOS_VIOLATED : FC_QOS_MET, violation.data(), in_flight);
  }
  session_step_t next(bool frozen = false, const Configuration *good = nullptr) {
    session_step_t step;
    session_next(get, current.data(), good ? good->data() : nullptr, frozen, &step);
    if (step.want == SESSION_GO_TO) target.assign(step.target, step.target + workflow.n());
    return step;
  }
  session_summary_t summary() const { return session_summary(get); }

  const Workflow &workflow;
  int32_t budget;
  Configuration current, target;
  session_t *get = nullptr;
};

// A configuration that costs this share of the start configuration's replicas: 1..5.
Configuration with_replicas(const Workflow &workflow, int32_t replicas) {
  Configuration c = workflow.start();
  for (auto &f : c) f.replicas = replicas;
  return c;
}

// Runs a whole session in which the policy proposes `proposals` in turn; v_of gives what each configuration measures.
template <typename V>
session_summary_t run(Session &session, const std::vector<Configuration> &proposals, V v_of) {
  size_t asked = 0;
  for (int i = 0; i < 200 && session.summary().phase != SESSION_SETTLED; ++i) {
    session.window(v_of(session.current, i));
    const session_step_t step = session.next();
    if (step.want == SESSION_ASK_POLICY) {
      session.current = proposals[asked++ % proposals.size()];
    } else if (step.want == SESSION_GO_TO) {
      session.current = session.target;
    }
  }
  return session.summary();
}

TEST(Session, TheFirstWindowMeasuresWhatIsInForce) {
  Workflow workflow;
  Session session(workflow, settings(15, 7));
  session.window(0.8);
  EXPECT_EQ(session.summary().used, 1);
  EXPECT_EQ(session.summary().n_candidates, 1);
  EXPECT_DOUBLE_EQ(session.summary().start_cost_usd_h, cost_of(workflow.get(), workflow.start()));
  EXPECT_EQ(session.next().want, SESSION_ASK_POLICY);
}

TEST(Session, SettlesOnTheCheapestVerifiedConfiguration) {
  Workflow workflow;
  Session session(workflow, settings(15, 8));
  const std::vector<Configuration> proposals = {with_replicas(workflow, 4), with_replicas(workflow, 3),
                                                with_replicas(workflow, 2)};
  const auto summary =
      run(session, proposals, [](const Configuration &c, int) { return c[0].replicas < 3 ? 1.2 : 0.7; });
  EXPECT_EQ(summary.phase, SESSION_SETTLED);
  EXPECT_TRUE(summary.verified);
  EXPECT_GE(summary.measurements, 3);
  EXPECT_LE(summary.used, 15);
  const Configuration settled(session_settled(session.get), session_settled(session.get) + workflow.n());
  EXPECT_TRUE(same(settled, with_replicas(workflow, 3))) << fc_test::describe(settled);
}

TEST(Session, OneLuckyWindowNeverSettlesIt) {
  Workflow workflow;
  Session session(workflow, settings(15, 8));
  // The cheapest looks good exactly once, the first time.
  int cheap_windows = 0;
  const auto summary =
      run(session, {with_replicas(workflow, 2), with_replicas(workflow, 4)}, [&](const Configuration &c, int) {
        if (c[0].replicas != 2) return 0.7;
        return cheap_windows++ == 0 ? 0.7 : 1.1;
      });
  EXPECT_GT(cheap_windows, 1) << "it was measured again";
  const Configuration settled(session_settled(session.get), session_settled(session.get) + workflow.n());
  EXPECT_TRUE(same(settled, with_replicas(workflow, 4))) << fc_test::describe(settled);
  EXPECT_TRUE(summary.verified);
}

TEST(Session, KeepsTheStartWhenNothingCheaperIsProven) {
  Workflow workflow;
  Session session(workflow, settings(15, 8));
  const auto summary = run(session, {with_replicas(workflow, 2), with_replicas(workflow, 3)},
                           [](const Configuration &c, int) { return c[0].replicas < 5 ? 1.5 : 0.7; });
  EXPECT_GT(summary.violations, 0);
  const Configuration settled(session_settled(session.get), session_settled(session.get) + workflow.n());
  EXPECT_TRUE(same(settled, workflow.start()));
}

TEST(Session, ABadStartFallsBackToTheLastGoodConfiguration) {
  Workflow workflow;
  Session session(workflow, settings(4, 4));
  const Configuration good = workflow.at(1);
  for (int i = 0; i < 4; ++i) {
    session.window(1.5);
    session.next(false, &good);
  }
  ASSERT_EQ(session.summary().phase, SESSION_SETTLED);
  EXPECT_FALSE(session.summary().verified);
  EXPECT_TRUE(same(session.target, good));
}

TEST(Session, AConfigurationWithoutMarginIsNotVerified) {
  Workflow workflow;
  // v = 0.99 three times: met, but the next window may well not be.
  Session session(workflow, settings(15, 8, 0.05));
  const auto summary = run(session, {with_replicas(workflow, 2), with_replicas(workflow, 4)},
                           [](const Configuration &c, int) { return c[0].replicas == 2 ? 0.99 : 0.7; });
  EXPECT_TRUE(summary.verified);
  const Configuration settled(session_settled(session.get), session_settled(session.get) + workflow.n());
  EXPECT_TRUE(same(settled, with_replicas(workflow, 4))) << fc_test::describe(settled);
}

TEST(Session, ManyWindowsBetweenCandidatesAreCountedAndLeaveRoomForTheWayBack) {
  Workflow workflow;
  Session session(workflow, settings(15, 3), three_steps);
  session.window(0.7);  // the start
  ASSERT_EQ(session.next().want, SESSION_ASK_POLICY);
  session.current = with_replicas(workflow, 3);
  session.window(0.7);
  // 13 windows left. To verify this one takes two more measurements, and two windows under way to go back: reserve 4.
  int explored = 0;
  while (session.next().want == SESSION_ASK_POLICY) {
    ++explored;
    session.window(0.7);
  }
  EXPECT_EQ(session.summary().phase, SESSION_VERIFY);
  EXPECT_LE(session.summary().used + 4, 15 + 2);
  EXPECT_GT(explored, 0);
}

TEST(Session, ACandidateThatDoesNotFitIntoTheBudgetIsNotStarted) {
  Workflow workflow;
  Session session(workflow, settings(5, 5), three_steps);
  const Configuration cheap = with_replicas(workflow, 2);
  session.window(0.7);
  session.next();
  session.current = cheap;
  session.window(0.7);
  session.current = workflow.start();  // back at the start with 3 windows left: there (2) + measuring (2) + back (2)
  const session_step_t step = session.next();
  ASSERT_EQ(step.want, SESSION_GO_TO);
  EXPECT_TRUE(same(session.target, workflow.start()));
}

TEST(Session, AfterAViolationTheNextProposalRetreats) {
  Workflow workflow;
  Session session(workflow, settings(15, 5));
  session.window(0.7);
  EXPECT_EQ(session.next().retreat, 0);
  session.current = with_replicas(workflow, 2);
  session.window(1.3);
  session_step_t step = session.next();
  ASSERT_EQ(step.want, SESSION_ASK_POLICY);
  EXPECT_DOUBLE_EQ(step.retreat, 0.5);
  ASSERT_NE(step.towards, nullptr);
  EXPECT_EQ(step.towards[0].replicas, 5);
  session.window(1.3);
  EXPECT_DOUBLE_EQ(session.next().retreat, 0.75);
}

TEST(Session, AFrozenSessionDoesNotExplore) {
  Workflow workflow;
  Session session(workflow, settings(15, 3));
  session.window(0.7);
  EXPECT_NE(session.next(true).want, SESSION_ASK_POLICY);
  EXPECT_EQ(session.summary().phase, SESSION_VERIFY);
}

TEST(Session, AnotherLoadForThreeWindowsIsNoticed) {
  Workflow workflow;
  Session session(workflow, settings(15, 3));
  session.window(0.7, 10);
  session.window(0.7, 20);
  session.window(0.7, 20);
  EXPECT_FALSE(session_load_changed(session.get));
  session.window(0.7, 10);
  session.window(0.7, 20);
  session.window(0.7, 20);
  session.window(0.7, 20);
  EXPECT_TRUE(session_load_changed(session.get));
  session_open(session.get, 15);
  EXPECT_FALSE(session_load_changed(session.get));
  EXPECT_EQ(session.summary().opened, 2);
}

TEST(Session, UnknownWindowsUseBudgetButProveNothing) {
  Workflow workflow;
  Session session(workflow, settings(15, 3));
  std::vector<double> violation(FC_MAX_QOS_TERMS, NAN);
  for (int i = 0; i < 3; ++i)
    session_measure(session.get, session.current.data(), FC_QOS_UNKNOWN, violation.data(), NAN);
  EXPECT_EQ(session.summary().used, 3);
  EXPECT_EQ(session.summary().unknown, 3);
  EXPECT_EQ(session.summary().n_candidates, 0);
}

}  // namespace
