// tests core/qos.c: every kind of term, load tables, semantics, absent metrics.
#include <cmath>
#include <string>
#include <vector>

#include "core_fixture.h"

namespace {
using fc_test::Workflow;

Workflow qos(const std::string &terms) {
  std::string text = fc_test::kChain;
  const size_t begin = text.find("qos:"), end = text.find("simulator:");
  return Workflow(text.replace(begin, end - begin, "qos: [" + terms + "]\n"));
}

fc_outcome_t counts(int64_t successes, int64_t failures, int64_t unfinished) {
  fc_outcome_t outcome = {};
  outcome.present = FC_OUTCOME_HAS_COUNTS | FC_OUTCOME_HAS_UNFINISHED;
  outcome.successes = successes;
  outcome.failures = failures;
  outcome.unfinished = unfinished;
  return outcome;
}

struct Judged {
  fc_qos_verdict_t verdict;
  double v;
};
Judged judge(const Workflow &w, const fc_outcome_t &outcome, double load = 10,
             fc_semantics_t semantics = FC_SEMANTICS_STRICT) {
  double v[FC_MAX_QOS_TERMS];
  const fc_qos_verdict_t verdict = fc_qos_judge(w.get(), semantics, &outcome, 30, load, v);
  EXPECT_EQ(verdict, fc_qos_judge(w.get(), semantics, &outcome, 30, load, nullptr));
  return {verdict, v[0]};
}

TEST(Qos, TablesAreLinearBetweenAndClampedOutside) {
  const Workflow w = qos("successes: {10: 20, 20: 40, 40: 50}");
  const double expected[][2] = {{0, 20}, {10, 20}, {15, 30}, {20, 40}, {30, 45}, {40, 50}, {1e6, 50}, {NAN, 20}};
  for (const auto &e : expected) EXPECT_DOUBLE_EQ(e[1], fc_qos_target(&w->qos_terms[0], e[0])) << e[0];
}

TEST(Qos, MeanLatency) {
  const Workflow w = qos("latency_mean_s: {10: 13, 20: 26}");
  fc_outcome_t o = counts(20, 0, 0);
  o.present |= FC_OUTCOME_HAS_LATENCY_MEAN;
  o.latency_mean_s = 13;
  EXPECT_EQ(FC_QOS_MET, judge(w, o).verdict);
  EXPECT_DOUBLE_EQ(1.0, judge(w, o).v);
  o.latency_mean_s = 26;
  EXPECT_EQ(FC_QOS_VIOLATED, judge(w, o).verdict);
  EXPECT_DOUBLE_EQ(2.0, judge(w, o).v);
  EXPECT_EQ(FC_QOS_MET, judge(w, o, 20).verdict) << "the target depends on load";
  o.present = FC_OUTCOME_HAS_COUNTS;
  EXPECT_EQ(FC_QOS_UNKNOWN, judge(w, o).verdict);
  EXPECT_TRUE(std::isnan(judge(w, o).v));
  o.present = 0;
  o.successes = 0;
  EXPECT_EQ(FC_QOS_UNKNOWN, judge(w, o).verdict) << "without counts nobody knows that nothing succeeded";
}

TEST(Qos, PercentileLatency) {
  const Workflow w = qos("{latency_percentile_s: 20, percentile: 95}");
  fc_outcome_t o = counts(20, 0, 0);
  EXPECT_EQ(FC_QOS_UNKNOWN, judge(w, o).verdict);
  o.present |= FC_OUTCOME_HAS_LATENCY_P95;
  o.latency_p95_s = 20;
  EXPECT_EQ(FC_QOS_MET, judge(w, o).verdict);
  o.latency_p95_s = 30;
  EXPECT_DOUBLE_EQ(1.5, judge(w, o).v);
  EXPECT_EQ(FC_QOS_VIOLATED, judge(w, o).verdict);
}

TEST(Qos, AWindowWithoutSuccessViolatesEveryLatencyTerm) {
  const fc_outcome_t none = counts(0, 5, 0);
  for (const char *term : {"latency_mean_s: 13", "{latency_percentile_s: 13, percentile: 95}"}) {
    const Judged judged = judge(qos(term), none);
    EXPECT_EQ(FC_QOS_VIOLATED, judged.verdict);
    EXPECT_DOUBLE_EQ(30.0 / 13.0, judged.v) << "the window as latency";
  }
  EXPECT_EQ(FC_QOS_VIOLATED, judge(qos("latency_mean_s: 100"), none).verdict) << "also beyond the window";
}

TEST(Qos, SuccessRatioOfCompletedAndOfOffered) {
  const Workflow completed = qos("{success_ratio: 0.9, of: completed}"), offered = qos("success_ratio: 0.9");
  EXPECT_EQ(FC_QOS_MET, judge(completed, counts(9, 1, 100)).verdict);
  EXPECT_EQ(FC_QOS_VIOLATED, judge(completed, counts(8, 1, 0)).verdict);
  EXPECT_EQ(FC_QOS_MET, judge(offered, counts(9, 0, 1)).verdict);
  EXPECT_EQ(FC_QOS_VIOLATED, judge(offered, counts(9, 1, 1)).verdict);
  EXPECT_DOUBLE_EQ(1.8, judge(completed, counts(5, 5, 0)).v);
  EXPECT_DOUBLE_EQ(9.0, judge(completed, counts(0, 10, 0)).v) << "observed is floored at one request";
  EXPECT_EQ(FC_QOS_VIOLATED, judge(completed, counts(0, 1, 0)).verdict);
  EXPECT_EQ(FC_QOS_MET, judge(completed, counts(0, 0, 3)).verdict) << "nothing completed, nothing refused";
  fc_outcome_t o = counts(9, 0, 1);
  o.present = FC_OUTCOME_HAS_COUNTS;
  EXPECT_EQ(FC_QOS_UNKNOWN, judge(offered, o).verdict) << "offered is not known";
  EXPECT_EQ(FC_QOS_MET, judge(completed, o).verdict);
  o.present = 0;
  EXPECT_EQ(FC_QOS_UNKNOWN, judge(completed, o).verdict);
}

// Round-off must not turn a ratio that equals the target into a violation.
TEST(Qos, ARatioEqualToItsTargetIsMet) {
  for (int percent = 1; percent <= 100; ++percent) {
    const std::string target =
        percent == 100 ? "1" : "0." + std::string(percent < 10 ? "0" : "") + std::to_string(percent);
    const Workflow w = qos("{success_ratio: " + target + ", of: completed}");
    for (int64_t of = 100; of <= 3000; of += 100) {
      const int64_t successes = of * percent / 100;
      ASSERT_EQ(FC_QOS_MET, judge(w, counts(successes, of - successes, 0)).verdict) << target << " of " << of;
      ASSERT_EQ(FC_QOS_VIOLATED, judge(w, counts(successes - 1, of - successes + 1, 0)).verdict)
          << target << " of " << of;
    }
  }
}

TEST(Qos, SuccessCount) {
  const Workflow w = qos("successes: {10: 22, 20: 32}");
  EXPECT_EQ(FC_QOS_MET, judge(w, counts(22, 50, 0)).verdict);
  EXPECT_DOUBLE_EQ(22.0 / 11, judge(w, counts(11, 0, 0)).v);
  EXPECT_DOUBLE_EQ(22.0, judge(w, counts(0, 0, 0)).v);
  EXPECT_EQ(FC_QOS_VIOLATED, judge(w, counts(22, 0, 0), 15).verdict);
  EXPECT_EQ(FC_QOS_UNKNOWN, judge(w, fc_outcome_t{}).verdict);
  EXPECT_EQ(FC_QOS_VIOLATED, judge(qos("successes: 0.5"), counts(0, 0, 0)).verdict) << "no success never counts as one";
}

TEST(Qos, StrictOnlyTermsAreNotJudgedAsPublished) {
  const Workflow w = qos("{success_ratio: 0.9, of: completed, semantics: strict}");
  EXPECT_EQ(FC_QOS_VIOLATED, judge(w, counts(5, 5, 0)).verdict);
  EXPECT_EQ(FC_QOS_MET, judge(w, counts(5, 5, 0), 10, FC_SEMANTICS_AS_PUBLISHED).verdict);
  EXPECT_EQ(1.0, judge(w, counts(5, 5, 0), 10, FC_SEMANTICS_AS_PUBLISHED).v);
  EXPECT_EQ(FC_QOS_MET, judge(w, fc_outcome_t{}, 10, FC_SEMANTICS_AS_PUBLISHED).verdict);
}

TEST(Qos, OneViolationOutweighsTheUnknown) {
  const Workflow w = qos("latency_mean_s: 13, successes: 22");
  double v[2];
  const fc_outcome_t few = counts(5, 0, 0), enough = counts(30, 0, 0);
  EXPECT_EQ(FC_QOS_VIOLATED, fc_qos_judge(w.get(), FC_SEMANTICS_STRICT, &few, 30, 10, v));
  EXPECT_TRUE(std::isnan(v[0]));
  EXPECT_DOUBLE_EQ(4.4, v[1]);
  EXPECT_EQ(FC_QOS_UNKNOWN, fc_qos_judge(w.get(), FC_SEMANTICS_STRICT, &enough, 30, 10, v));
}

TEST(Qos, AWindowIsIdleOnlyWhenNothingArrivedCompletedOrHangs) {
  fc_observation_t idle = {};
  idle.outcome = counts(0, 0, 0);
  idle.load.present = FC_LOAD_HAS_IN_FLIGHT | FC_LOAD_HAS_ARRIVAL_RATE;
  EXPECT_TRUE(fc_observation_is_idle(&idle));
  fc_observation_t o = idle;
  o.load.present = FC_LOAD_HAS_IN_FLIGHT;
  EXPECT_TRUE(fc_observation_is_idle(&o)) << "the rate need not be known";
  o.load.present = FC_LOAD_HAS_ARRIVAL_RATE;
  EXPECT_TRUE(fc_observation_is_idle(&o)) << "nor what is in flight";
  o.load.present = 0;
  EXPECT_FALSE(fc_observation_is_idle(&o)) << "but one of them";
  o = idle;
  o.load.mean_in_flight = 0.1;
  EXPECT_FALSE(fc_observation_is_idle(&o));
  o = idle;
  o.load.arrival_rate_per_s = 0.1;
  EXPECT_FALSE(fc_observation_is_idle(&o));
  for (const fc_outcome_t &outcome : {counts(1, 0, 0), counts(0, 1, 0), counts(0, 0, 1), fc_outcome_t{}}) {
    o = idle;
    o.outcome = outcome;
    EXPECT_FALSE(fc_observation_is_idle(&o));
  }
}

}  // namespace
