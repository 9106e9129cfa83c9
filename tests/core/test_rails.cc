// tests core/rails.c: how fast a configuration may change.
#include <cmath>
#include <string>
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

struct Railed {
  Configuration configuration;
  std::vector<uint32_t> bound_by;
};

Railed apply(const fc_rails_t &rails, const Workflow &w, const Configuration &current, Configuration proposed,
             bool breach = false, const std::vector<Configuration> &recent = {}) {
  Railed result = {std::move(proposed), std::vector<uint32_t>(w.n() * FC_KNOBS)};
  Configuration flat;
  for (const Configuration &c : recent) flat.insert(flat.end(), c.begin(), c.end());
  Configuration silent = result.configuration;
  fc_rails_apply(&rails, w.get(), current.data(), flat.data(), static_cast<int32_t>(recent.size()), breach,
                 silent.data(), nullptr);
  fc_rails_apply(&rails, w.get(), current.data(), flat.data(), static_cast<int32_t>(recent.size()), breach,
                 result.configuration.data(), result.bound_by.data());
  EXPECT_TRUE(same(silent, result.configuration)) << "reasons are optional";
  return result;
}

fc_rails_t tuning() {
  return fc_rails_default(FC_RAILS_TUNING);
}
// Production without its hold, for the tests of the other rails.
fc_rails_t production(int hold = 1) {
  fc_rails_t rails = fc_rails_default(FC_RAILS_PRODUCTION);
  rails.shrink_hold_windows = hold;
  return rails;
}
std::vector<uint32_t> all(uint32_t bits) {
  return std::vector<uint32_t>(3 * FC_KNOBS, bits);
}

const Configuration kCurrent(3, {1000, 1000, 5, 5});
const Configuration kLarge(3, {2000, 2048, 8, 10});
const Configuration kSmall(3, {600, 614, 1, 1});

TEST(Rails, ProfilesHaveTheFiguresOfTheDesign) {
  const fc_rails_t t = tuning(), p = fc_rails_default(FC_RAILS_PRODUCTION);
  EXPECT_EQ(1.41, t.resource_factor);
  EXPECT_EQ(2, t.count_step);
  EXPECT_EQ(1, t.shrink_hold_windows);
  EXPECT_EQ(1, t.min_replicas);
  EXPECT_EQ(0.0, t.dead_band);
  EXPECT_EQ(0, t.changes_per_hour);
  EXPECT_EQ(1.19, p.resource_factor);
  EXPECT_EQ(1, p.count_step);
  EXPECT_EQ(10, p.shrink_hold_windows);
  EXPECT_EQ(2, p.min_replicas);
  EXPECT_EQ(0.03, p.dead_band);
  EXPECT_EQ(12, p.changes_per_hour);
}

TEST(Rails, LimitTheStepOfBothProfiles) {
  const Workflow w;
  const Railed up = apply(tuning(), w, kCurrent, kLarge), down = apply(tuning(), w, kCurrent, kSmall);
  EXPECT_TRUE(same(Configuration(3, {1410, 1410, 7, 7}), up.configuration));
  EXPECT_TRUE(same(Configuration(3, {710, 710, 3, 3}), down.configuration));  // 1000 / 1.41 = 709.2
  EXPECT_EQ(all(FC_BOUND_BY_STEP), up.bound_by);
  EXPECT_EQ(all(FC_BOUND_BY_STEP), down.bound_by);
  const Railed slow_up = apply(production(), w, kCurrent, kLarge), slow_down = apply(production(), w, kCurrent, kSmall);
  EXPECT_TRUE(same(Configuration(3, {1190, 1190, 6, 6}), slow_up.configuration));
  EXPECT_TRUE(same(Configuration(3, {841, 841, 4, 4}), slow_down.configuration));  // 1000 / 1.19 = 840.3
}

TEST(Rails, WhatIsWithinTheStepPasses) {
  const Workflow w;
  for (const Configuration &proposed :
       {Configuration(3, {1410, 710, 7, 3}), Configuration(3, {800, 1200, 4, 6}), kCurrent}) {
    const Railed r = apply(tuning(), w, kCurrent, proposed);
    EXPECT_TRUE(same(proposed, r.configuration));
    EXPECT_EQ(all(0), r.bound_by);
  }
}

TEST(Rails, SmallValuesCanStillMove) {
  const Workflow w;
  const Configuration one(3, {2, 2, 2, 2});
  const Railed up = apply(production(), w, one, kLarge), down = apply(tuning(), w, one, Configuration(3, {1, 1, 1, 1}));
  EXPECT_EQ(3, up.configuration[0].cpu_millicores);
  EXPECT_EQ(1, down.configuration[0].mem_mib);
}

TEST(Rails, GrowthIsNotHeldBackDuringABreach) {
  const Workflow w;
  const Railed up = apply(production(), w, kCurrent, kLarge, true),
               down = apply(production(), w, kCurrent, kSmall, true);
  EXPECT_TRUE(same(kLarge, up.configuration));
  EXPECT_EQ(all(0), up.bound_by);
  EXPECT_TRUE(same(Configuration(3, {841, 841, 4, 4}), down.configuration)) << "shrinking still is";
}

TEST(Rails, OffMeansUntouched) {
  const Workflow w;
  EXPECT_TRUE(same(kSmall, apply(fc_rails_default(FC_RAILS_OFF), w, kLarge, kSmall).configuration));
}

TEST(Rails, ReplicasNeverFallBelowTheMinimum) {
  const Workflow w;
  Configuration two = kCurrent, one = kCurrent;
  for (size_t f = 0; f < 3; ++f) {
    two[f].replicas = 2;
    one[f].replicas = 1;
  }
  const Railed r = apply(production(), w, two, one);
  EXPECT_TRUE(same(two, r.configuration));
  EXPECT_EQ(static_cast<uint32_t>(FC_BOUND_BY_MIN_REPLICAS), r.bound_by[FC_KNOB_REPLICAS]);
  EXPECT_TRUE(same(one, apply(tuning(), w, two, one).configuration)) << "tuning may go to one";
  EXPECT_TRUE(same(two, apply(production(), w, one, one).configuration)) << "and it raises what is below";
  EXPECT_TRUE(same(two, apply(production(), w, one, one, true).configuration));
}

TEST(Rails, TheMinimumOutweighsTheDeadBand) {
  const Workflow w;
  Configuration current(3, {2000, 2048, 8, 10});
  current[1] = {600, 614, 1, 10};  // a second replica costs 2 % more
  const Railed r = apply(production(), w, current, current);
  EXPECT_EQ(2, r.configuration[1].replicas);
  EXPECT_EQ(static_cast<uint32_t>(FC_BOUND_BY_MIN_REPLICAS), r.bound_by[FC_KNOBS + FC_KNOB_REPLICAS]);
}

TEST(Rails, DeadBandLeavesSmallChangesAlone) {
  const Workflow w;
  Configuration little = kCurrent, more = kCurrent;
  for (size_t f = 0; f < 3; ++f) {
    little[f].cpu_millicores = 1030;  // 2.8 %
    more[f].cpu_millicores = 1040;    // 3.7 %
  }
  const Railed r = apply(production(), w, kCurrent, little);
  EXPECT_TRUE(same(kCurrent, r.configuration));
  EXPECT_EQ(static_cast<uint32_t>(FC_BOUND_BY_DEAD_BAND), r.bound_by[FC_KNOB_CPU]);
  EXPECT_EQ(0u, r.bound_by[FC_KNOB_MEM]);
  EXPECT_TRUE(same(more, apply(production(), w, kCurrent, more).configuration));
  EXPECT_TRUE(same(little, apply(production(), w, kCurrent, little, true).configuration)) << "not during a breach";
  EXPECT_TRUE(same(little, apply(tuning(), w, kCurrent, little).configuration)) << "tuning has none";
}

TEST(Rails, AKnobShrinksOnlyToTheLargestOfTheHold) {
  const Workflow w;
  const auto cpu = [](int32_t millicores) {
    Configuration c = kCurrent;
    for (auto &f : c) f.cpu_millicores = millicores;
    return c;
  };
  const fc_rails_t rails = production(4);  // this proposal and the three before it
  const Railed held = apply(rails, w, kCurrent, cpu(850), false, {cpu(860), cpu(950), cpu(870), cpu(2000)});
  EXPECT_TRUE(same(cpu(950), held.configuration));
  EXPECT_EQ(static_cast<uint32_t>(FC_BOUND_BY_SHRINK_HOLD), held.bound_by[FC_KNOB_CPU]);
  EXPECT_TRUE(same(cpu(850), apply(rails, w, kCurrent, cpu(850), false, {cpu(850), cpu(845), cpu(700)}).configuration));
  EXPECT_TRUE(same(kCurrent, apply(rails, w, kCurrent, cpu(850), false, {cpu(850), cpu(1500), cpu(850)}).configuration))
      << "a larger proposal keeps what runs, it does not grow it";
  EXPECT_TRUE(same(kCurrent, apply(rails, w, kCurrent, cpu(850), false, {cpu(850), cpu(850)}).configuration))
      << "a hold that is not yet full keeps what runs";
  EXPECT_TRUE(same(cpu(1190), apply(rails, w, kCurrent, cpu(1190), false, {}).configuration)) << "growth does not wait";
  EXPECT_TRUE(same(cpu(850), apply(production(1), w, kCurrent, cpu(850), false, {cpu(2000)}).configuration));
}

// From anywhere to anywhere: never past the proposal, never further than the step, and it arrives.
TEST(Rails, RepeatedStepsArriveAtTheProposal) {
  const Workflow w;
  fc_rng_t rng;
  fc_rng_init(&rng, 2, 0);
  for (int i = 0; i < 50; ++i) {
    Configuration current(3), goal(3);
    fc_knobs_draw(w.get(), FC_RANGES_MEASURED, &rng, current.data());
    fc_knobs_draw(w.get(), FC_RANGES_MEASURED, &rng, goal.data());
    int steps = 0;
    for (; !same(current, goal) && steps < 20; ++steps) {
      const Configuration next = apply(tuning(), w, current, goal).configuration;
      for (size_t f = 0; f < 3; ++f)
        for (int k = 0; k < FC_KNOBS; ++k) {
          const fc_knob_t knob = static_cast<fc_knob_t>(k);
          const int32_t from = fc_knob_get(&current[f], knob), to = fc_knob_get(&next[f], knob);
          const int32_t wanted = fc_knob_get(&goal[f], knob);
          ASSERT_TRUE((from <= to && to <= wanted) || (from >= to && to >= wanted));
          ASSERT_LE(std::abs(to - from), k < 2 ? 0.41 * from + 1 : 2);
        }
      current = next;
    }
    EXPECT_LE(steps, 4) << "2000 / 600 is 3.5 steps of 1.41, 2..10 are 4 of two";
  }
}

TEST(Rails, ProfilesHaveNames) {
  fc_rails_profile_t profile = FC_RAILS_OFF;
  for (const auto p : {FC_RAILS_OFF, FC_RAILS_TUNING, FC_RAILS_PRODUCTION}) {
    EXPECT_TRUE(fc_rails_profile_parse(fc_rails_profile_name(p), &profile));
    EXPECT_EQ(p, profile);
  }
  EXPECT_FALSE(fc_rails_profile_parse("prod", &profile));
}

}  // namespace
