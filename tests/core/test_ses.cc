// tests core/ses.c: what the two strategies do with a configuration inside and outside the band.
#include <cmath>
#include <set>
#include <vector>

#include "core_fixture.h"

extern "C" {
#include "faasconf/cost.h"
#include "faasconf/safety.h"
}

namespace {
using fc_test::Configuration;
using fc_test::same;
using fc_test::Workflow;

double cost(const Workflow &w, const Configuration &c) {
  return fc_cost_reserved_usd_h(w.get(), c.data());
}

struct Ses : testing::Test {
  Ses() {
    fc_rng_init(&rng, 4, 0);
    EXPECT_EQ(FC_OK, fc_safety_record_init(&record, w->n_functions));
  }
  ~Ses() override { fc_safety_record_clear(&record); }
  void safe(const std::vector<Configuration> &configurations, double lb, double ub) {
    record.n_safe = static_cast<int32_t>(configurations.size());
    for (size_t i = 0; i < configurations.size(); ++i) {
      std::copy(configurations[i].begin(), configurations[i].end(), record.safe + i * w.n());
      record.safe_cost_usd_h[i] = cost(w, configurations[i]);
    }
    record.lb_usd_h = lb;
    record.ub_usd_h = ub;
  }
  fc_ses_result_t apply(fc_safety_strategy_t strategy, Configuration *c, double sigma = 0.05) {
    return fc_ses_apply(w.get(), FC_RANGES_MEASURED, strategy, &record, sigma, &rng, c->data());
  }
  void expect_inside_ranges(const Configuration &c) const {
    for (size_t f = 0; f < c.size(); ++f)
      for (int k = 0; k < FC_KNOBS; ++k) {
        const fc_knob_t knob = static_cast<fc_knob_t>(k);
        const fc_knob_range_t range = fc_workflow_range(w.get(), static_cast<int32_t>(f), knob, FC_RANGES_MEASURED);
        ASSERT_GE(fc_knob_get(&c[f], knob), range.min) << fc_knob_name(knob);
        ASSERT_LE(fc_knob_get(&c[f], knob), range.max) << fc_knob_name(knob);
      }
  }
  const Workflow w;
  fc_rng_t rng;
  fc_safety_record_t record;
  const Configuration middle = Configuration(3, {1000, 1000, 4, 5});
  const Configuration dear = Configuration(3, {2000, 2048, 8, 10});
  const Configuration cheap = Configuration(3, {600, 614, 2, 2});
};

TEST_F(Ses, NoStrategyAndNoRecordChangeNothing) {
  Configuration c = dear;
  safe({middle}, 1, 2);
  EXPECT_EQ(FC_SES_ACCEPTED, apply(FC_STRATEGY_NONE, &c));
  record.n_safe = 0;
  for (const auto strategy : {FC_STRATEGY_SES_CODE, FC_STRATEGY_SES_PAPER}) {
    EXPECT_EQ(FC_SES_NO_RECORD, apply(strategy, &c));
    EXPECT_EQ(FC_SES_NO_RECORD, fc_ses_apply(w.get(), FC_RANGES_MEASURED, strategy, nullptr, 0.05, &rng, c.data()));
  }
  EXPECT_TRUE(same(dear, c));
}

TEST_F(Ses, InsideTheBandIsKeptUpToItsEnds) {
  safe({middle}, cost(w, cheap), cost(w, dear));
  const fc_rng_t before = rng;
  for (const auto strategy : {FC_STRATEGY_SES_CODE, FC_STRATEGY_SES_PAPER})
    for (const Configuration &kept : {cheap, middle, dear}) {
      Configuration c = kept;
      EXPECT_EQ(FC_SES_ACCEPTED, apply(strategy, &c));
      EXPECT_TRUE(same(kept, c));
    }
  EXPECT_EQ(before.step, rng.step) << "keeping draws nothing";
}

TEST_F(Ses, PaperReplacesWhatIsTooDearOrTooCheapByOneInsideTheBand) {
  const double target = cost(w, middle);
  safe({middle}, 0.9 * target, 1.1 * target);
  for (int i = 0; i < 500; ++i) {
    Configuration c = i % 2 ? dear : cheap;
    ASSERT_EQ(FC_SES_REPLACED, apply(FC_STRATEGY_SES_PAPER, &c));
    ASSERT_TRUE(fc_bounds_contains(&record, cost(w, c))) << cost(w, c);
    expect_inside_ranges(c);
  }
}

TEST_F(Ses, PaperDrawsAgainAndThenGoesWithoutNoise) {
  safe({middle}, cost(w, middle), cost(w, middle));  // no noisy one is ever inside
  Configuration c = dear;
  EXPECT_EQ(FC_SES_REPLACED, apply(FC_STRATEGY_SES_PAPER, &c, 0.2));
  EXPECT_TRUE(same(middle, c));
  EXPECT_EQ(FC_SES_REPLACED, apply(FC_STRATEGY_SES_PAPER, &(c = dear), 0.0));
  EXPECT_TRUE(same(middle, c)) << "without noise the draw is the safe configuration itself";
}

TEST_F(Ses, PaperDrawsEverySafeConfiguration) {
  std::vector<Configuration> all;
  for (int i = 0; i < 8; ++i) all.push_back(Configuration(3, {1000 + i, 1000, 4, 5}));
  safe(all, cost(w, all.front()), cost(w, all.back()));
  std::set<int32_t> seen;
  for (int i = 0; i < 300; ++i) {
    Configuration c = dear;
    apply(FC_STRATEGY_SES_PAPER, &c, 0.0);
    seen.insert(c[0].cpu_millicores);
  }
  EXPECT_EQ(8u, seen.size());
}

// Records may come from history of wider ranges: the result still lies in these.
TEST_F(Ses, PaperNeverLeavesTheRanges) {
  const Configuration outside(3, {250, 256, 1, 1});
  safe({outside}, cost(w, outside), cost(w, outside));
  Configuration c = dear;
  EXPECT_EQ(FC_SES_REPLACED, apply(FC_STRATEGY_SES_PAPER, &c));
  expect_inside_ranges(c);
  EXPECT_TRUE(same(cheap, c)) << "the nearest to what history had";
  for (int i = 0; i < 200; ++i) {
    safe({i % 2 ? cheap : dear}, 0, 1000);
    record.ub_usd_h = 1e-9;
    c = middle;
    apply(FC_STRATEGY_SES_PAPER, &c, 0.5);
    expect_inside_ranges(c);
  }
}

TEST_F(Ses, CodeClipsTheActionAndDoesNotLookAgain) {
  safe({dear}, 0.1, 0.2);  // what it makes is outside again
  int below = 0;
  for (int i = 0; i < 300; ++i) {
    Configuration c = middle;
    ASSERT_EQ(FC_SES_REPLACED, apply(FC_STRATEGY_SES_CODE, &c));
    std::vector<float> action(w.n() * FC_KNOBS);
    fc_knobs_encode(w.get(), FC_RANGES_MEASURED, FC_DECODE_UNIFORM, c.data(), action.data());
    for (size_t k = 0; k < action.size(); ++k) {
      // CPU and memory bins are narrow: the centre of the bin is the action within 1e-3.
      if (k % FC_KNOBS < 2) {
        ASSERT_LE(action[k], 0.901f);
        ASSERT_GE(action[k], 0.1f);
        below += action[k] < 0.899f;
      }
    }
    expect_inside_ranges(c);
  }
  EXPECT_GT(below, 0) << "there is noise";
}

TEST_F(Ses, CodeNoiseHasTheAuthorsSigma) {
  safe({middle}, 0.1, 0.2);
  std::vector<float> centre(w.n() * FC_KNOBS), action(w.n() * FC_KNOBS);
  fc_knobs_encode(w.get(), FC_RANGES_MEASURED, FC_DECODE_UNIFORM, middle.data(), centre.data());
  double squares = 0, sum = 0;
  int n = 0;
  for (int i = 0; i < 3000; ++i) {
    Configuration c = dear;
    apply(FC_STRATEGY_SES_CODE, &c, 0.9 /* of the paper's strategy only */);
    fc_knobs_encode(w.get(), FC_RANGES_MEASURED, FC_DECODE_UNIFORM, c.data(), action.data());
    for (size_t f = 0; f < w.n(); ++f, ++n) {
      const double noise = static_cast<double>(action[f * FC_KNOBS]) - static_cast<double>(centre[f * FC_KNOBS]);
      sum += noise;
      squares += noise * noise;
    }
  }
  EXPECT_NEAR(0.05, std::sqrt(squares / n), 0.002);
  EXPECT_NEAR(0.0, sum / n, 0.003);
}

TEST_F(Ses, SameSeedSameResult) {
  safe({middle, cheap}, 0.1, 0.2);
  Configuration one = dear, two = dear;
  fc_rng_t saved = rng;
  apply(FC_STRATEGY_SES_CODE, &one);
  std::swap(rng, saved);
  apply(FC_STRATEGY_SES_CODE, &two);
  EXPECT_TRUE(same(one, two));
}

TEST(SesNames, AreParsedBack) {
  for (const auto strategy : {FC_STRATEGY_NONE, FC_STRATEGY_SES_CODE, FC_STRATEGY_SES_PAPER, FC_STRATEGY_CONFORMAL}) {
    fc_safety_strategy_t parsed = FC_STRATEGY_NONE;
    EXPECT_TRUE(fc_safety_strategy_parse(fc_safety_strategy_name(strategy), &parsed));
    EXPECT_EQ(strategy, parsed);
  }
  fc_safety_strategy_t parsed;
  EXPECT_FALSE(fc_safety_strategy_parse("ses", &parsed));
}

}  // namespace
