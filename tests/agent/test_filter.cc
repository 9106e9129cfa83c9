// tests agent/filter.c: the order of the steps, what each may do, and that nothing leaves the limits.
#include <cstring>

#include "agent_fixture.h"

extern "C" {
#include "faasconf/rng.h"
#include "filter.h"
}

namespace {
using fc_test::Configuration;
using fc_test::cost_of;
using fc_test::describe;
using fc_test::same;
using fc_test::Workflow;

filter_options_t options(fc_safety_strategy_t strategy, fc_rails_profile_t rails) {
  return {strategy, 0.05, fc_rails_default(rails), FC_RANGES_MEASURED, 3, 1, nullptr};
}

struct Filter {
  Filter(const Workflow &w, filter_options_t o) : workflow(w) {
    fc_error_t error = {};
    fc_limits_init(&limits, w.get(), FC_RANGES_MEASURED);
    if (filter_new(w.get(), &o, &limits, &get, &error) != FC_OK) throw std::runtime_error(error.message);
    bound_by.resize(w.n() * FC_KNOBS);
  }
  ~Filter() {
    filter_destroy(&get);
    fc_limits_clear(&limits);
  }
  Configuration apply(const Configuration &current, Configuration proposed, filter_origin_t origin = FILTER_DECIDED,
                      bool breach = false) {
    filter_apply(get, window++, origin, 10, breach, current.data(), proposed.data(), bound_by.data(), &result);
    return proposed;
  }
  // One record: the band and one safe configuration.
  void band(double lb, double ub, const Configuration &safe) {
    fc_safety_record_t record = {};
    fc_safety_record_init(&record, workflow->n_functions);
    std::strcpy(record.workflow, workflow->name);
    record.mean_in_flight = 10;
    record.lb_usd_h = lb;
    record.ub_usd_h = ub;
    record.n_rows = 10;
    record.n_safe = 1;
    std::copy(safe.begin(), safe.end(), record.safe);
    record.safe_cost_usd_h[0] = cost_of(workflow.get(), safe);
    fc_error_t error = {};
    EXPECT_OK(filter_take_records(get, &record, 1, &error));
    fc_safety_record_clear(&record);
  }
  bool any_bound(uint32_t reason) const {
    for (const uint32_t bits : bound_by)
      if (bits & reason) return true;
    return false;
  }
  const Workflow &workflow;
  fc_limits_t limits{};
  filter_t *get = nullptr;
  filter_result_t result{};
  std::vector<uint32_t> bound_by;
  int64_t window = 0;
};

TEST(Filter, TheStrategyActsBeforeTheRails) {
  Workflow workflow;
  Filter filter(workflow, options(FC_STRATEGY_SES_PAPER, FC_RAILS_TUNING));
  const Configuration safe = workflow.at(0.05);
  const double cost = cost_of(workflow.get(), safe);
  filter.band(cost * 0.95, cost * 1.05, safe);
  const Configuration out = filter.apply(workflow.start(), workflow.at(0));
  EXPECT_EQ(filter.result.ses, FC_SES_REPLACED);
  EXPECT_TRUE(filter.any_bound(FC_BOUND_BY_STRATEGY));
  // What came out of the strategy is inside the band; the rails let only a part of the way through.
  EXPECT_TRUE(filter.any_bound(FC_BOUND_BY_STEP));
  EXPECT_FALSE(same(out, workflow.at(0)));
  for (const auto &f : out) EXPECT_GE(f.replicas, 3);
}

TEST(Filter, GrowingTowardsTheBandFromBelowIsNotHeld) {
  Workflow workflow;
  Filter filter(workflow, options(FC_STRATEGY_SES_PAPER, FC_RAILS_TUNING));
  // Band around a dear configuration: reached from a cheap one only by growing.
  const Configuration dear = workflow.at(0.9), now = workflow.at(0.3);
  const double cost = cost_of(workflow.get(), dear);
  filter.band(cost * 0.9, cost * 1.1, dear);
  const Configuration grown = filter.apply(now, dear);
  EXPECT_GT(cost_of(workflow.get(), grown), cost_of(workflow.get(), now))
      << "on the way up below the band is not unsafe";
  EXPECT_FALSE(filter.result.held);
}

TEST(Filter, TheRecheckHoldsWhatTheRailsMadeUnsafe) {
  Workflow workflow;
  // Decided: three replicas more of one function (the rails let two through) against less CPU of two others (let
  // through whole). The whole change is inside the band, its limited form is below it and cheaper than now.
  const Configuration current = workflow.start();
  Configuration proposed = current;
  proposed[0].replicas = 8;
  proposed[4].cpu_millicores -= 300;
  proposed[5].cpu_millicores -= 300;
  Filter none(workflow, options(FC_STRATEGY_NONE, FC_RAILS_TUNING));
  const Configuration limited = none.apply(current, proposed);
  const double whole = cost_of(workflow.get(), proposed), part = cost_of(workflow.get(), limited);
  ASSERT_LT(part, cost_of(workflow.get(), current));
  ASSERT_LT(part, whole);
  Filter filter(workflow, options(FC_STRATEGY_SES_PAPER, FC_RAILS_TUNING));
  filter.band((part + whole) / 2, whole * 1.1, proposed);
  const Configuration out = filter.apply(current, proposed);
  EXPECT_EQ(filter.result.ses, FC_SES_ACCEPTED);
  EXPECT_TRUE(filter.result.held);
  EXPECT_TRUE(same(out, current)) << describe(out);
  EXPECT_TRUE(filter.any_bound(FC_BOUND_BY_RECHECK));
}

TEST(Filter, LimitsComeLastAndBindWhatIsHeldToo) {
  Workflow workflow;
  Filter filter(workflow, options(FC_STRATEGY_SES_PAPER, FC_RAILS_TUNING));
  // As in the re-check above: held, but what is in force lies outside the limits that the operator has narrowed.
  const Configuration current = workflow.start();
  Configuration proposed = current;
  proposed[0].replicas = 8;
  proposed[4].cpu_millicores -= 300;
  proposed[5].cpu_millicores -= 300;
  const double whole = cost_of(workflow.get(), proposed);
  filter.band(whole * 0.999, whole * 1.1, proposed);
  filter.limits.knobs[2 * FC_KNOBS + FC_KNOB_REPLICAS] = {2, 4};
  const Configuration out = filter.apply(current, proposed);
  EXPECT_TRUE(filter.result.held);
  EXPECT_EQ(out[2].replicas, 4);
  EXPECT_EQ(filter.bound_by[2 * FC_KNOBS + FC_KNOB_REPLICAS] & FC_BOUND_BY_LIMITS, uint32_t{FC_BOUND_BY_LIMITS});
  EXPECT_DOUBLE_EQ(filter.result.cost_then_usd_h, cost_of(workflow.get(), out))
      << "the cost told is the cost carried out";
}

TEST(Filter, NothingEverLeavesTheLimitsWhateverIsProposed) {
  Workflow workflow;
  for (const fc_rails_profile_t rails : {FC_RAILS_OFF, FC_RAILS_TUNING, FC_RAILS_PRODUCTION}) {
    for (const fc_safety_strategy_t strategy : {FC_STRATEGY_NONE, FC_STRATEGY_SES_CODE, FC_STRATEGY_SES_PAPER}) {
      Filter filter(workflow, options(strategy, rails));
      filter.limits.knobs[FC_KNOB_REPLICAS] = {4, 6};
      filter.limits.knobs[FC_KNOB_CPU] = {1200, 1400};
      // A lying server: a band and a "safe" configuration far outside.
      Configuration absurd = workflow.start();
      for (auto &f : absurd) f = {1, 1, 1000, 1000};
      filter.band(1e-9, 1e9, absurd);
      Configuration current = workflow.start();
      fc_rng_t rng;
      fc_rng_init(&rng, 5, 5);
      for (int i = 0; i < 500; ++i) {
        Configuration proposed = workflow.start();
        for (auto &f : proposed)
          for (int k = 0; k < FC_KNOBS; ++k)
            fc_knob_set(&f, static_cast<fc_knob_t>(k), 1 + static_cast<int32_t>(fc_rng_below(&rng, 20000)));
        const auto origin = static_cast<filter_origin_t>(fc_rng_below(&rng, 3));
        current = filter.apply(current, proposed, origin, fc_rng_below(&rng, 2) == 0);
        for (size_t f = 0; f < current.size(); ++f) {
          for (int k = 0; k < FC_KNOBS; ++k) {
            const auto range = filter.limits.knobs[f * FC_KNOBS + static_cast<size_t>(k)];
            const int32_t value = fc_knob_get(&current[f], static_cast<fc_knob_t>(k));
            ASSERT_GE(value, range.min) << i;
            ASSERT_LE(value, range.max) << i;
          }
        }
      }
    }
  }
}

TEST(Filter, TuningRailsStepByStep) {
  Workflow workflow;
  Filter filter(workflow, options(FC_STRATEGY_NONE, FC_RAILS_TUNING));
  const Configuration out = filter.apply(workflow.start(), workflow.at(0));
  EXPECT_EQ(out[0].replicas, 3);
  EXPECT_EQ(out[0].concurrency, 4);
  EXPECT_GE(out[0].cpu_millicores, static_cast<int32_t>(1300 / 1.41));
  EXPECT_LE(out[0].cpu_millicores, static_cast<int32_t>(1300 / 1.41) + 1);
  EXPECT_EQ(filter_travel(filter.get, workflow.start().data(), workflow.at(0).data(), 64), 3);
  EXPECT_EQ(filter_travel(filter.get, workflow.start().data(), workflow.start().data(), 64), 0);
}

TEST(Filter, ProductionRailsHoldShrinkingForTenWindowsAndSpendAnHourlyBudget) {
  Workflow workflow;
  Filter filter(workflow, options(FC_STRATEGY_NONE, FC_RAILS_PRODUCTION));
  Configuration current = workflow.start();
  int first_shrink = -1;
  for (int i = 0; i < 15 && first_shrink < 0; ++i) {
    const Configuration out = filter.apply(current, workflow.at(0));
    if (!same(out, current)) first_shrink = i;
  }
  EXPECT_EQ(first_shrink, 9) << "the tenth proposal in a row is the first that shrinks";
  for (int i = 0; i < 12; ++i) filter_note_change(filter.get, filter.window);
  const Configuration held = filter.apply(current, workflow.at(0));
  EXPECT_TRUE(same(held, current));
  EXPECT_TRUE(filter.any_bound(FC_BOUND_BY_CHANGE_BUDGET));
  filter.window += 200;  // 120 windows of 30 s are an hour
  EXPECT_FALSE(same(filter.apply(current, workflow.at(0)), current));
}

TEST(Filter, TheProfilesKeepTheirLeastReplicasAndProductionItsDeadBand) {
  Workflow workflow;
  Configuration one = workflow.start(), two = workflow.start();
  for (auto &f : two) f.replicas = 2;
  one = two;
  for (auto &f : one) f.replicas = 1;
  Filter tuning(workflow, options(FC_STRATEGY_NONE, FC_RAILS_TUNING));
  Filter production(workflow, options(FC_STRATEGY_NONE, FC_RAILS_PRODUCTION));
  for (size_t i = 0; i < workflow.n(); ++i)
    tuning.limits.knobs[i * FC_KNOBS + FC_KNOB_REPLICAS] =
        production.limits.knobs[i * FC_KNOBS + FC_KNOB_REPLICAS] = {1, 8};
  EXPECT_EQ(tuning.apply(two, one)[0].replicas, 1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(production.apply(two, one)[0].replicas, 2);
  Configuration little = workflow.start();
  little[0].cpu_millicores += 20;
  EXPECT_TRUE(same(tuning.apply(workflow.start(), little), little));
  EXPECT_TRUE(same(production.apply(workflow.start(), little), workflow.start()));
  EXPECT_TRUE(production.any_bound(FC_BOUND_BY_DEAD_BAND));
}

TEST(Filter, GrowthDuringABreachIsNeverHeldBack) {
  Workflow workflow;
  for (const fc_rails_profile_t rails : {FC_RAILS_TUNING, FC_RAILS_PRODUCTION}) {
    Filter filter(workflow, options(FC_STRATEGY_NONE, rails));
    for (int i = 0; i < 300; ++i) filter_note_change(filter.get, filter.window);  // even with the budget spent
    const Configuration calm = filter.apply(workflow.at(0.2), workflow.at(1), FILTER_DECIDED, false);
    EXPECT_FALSE(same(calm, workflow.at(1)));
    const Configuration breach = filter.apply(workflow.at(0.2), workflow.at(1), FILTER_DECIDED, true);
    EXPECT_TRUE(same(breach, workflow.at(1))) << describe(breach);
  }
}

TEST(Filter, ARestoreGoesThroughInOneWindowWithinTheLimits) {
  Workflow workflow;
  Filter filter(workflow, options(FC_STRATEGY_SES_PAPER, FC_RAILS_PRODUCTION));
  const Configuration out = filter.apply(workflow.at(0), workflow.at(1), FILTER_RESTORE);
  EXPECT_TRUE(same(out, workflow.at(1)));
  EXPECT_TRUE(filter.any_bound(FC_BOUND_BY_RESTORE));
}

TEST(Filter, AMeasuredConfigurationNeedsNoBandButKeepsTheRails) {
  Workflow workflow;
  Filter filter(workflow, options(FC_STRATEGY_SES_PAPER, FC_RAILS_TUNING));
  filter.band(100, 200, workflow.at(1));  // everything here is cheaper than that
  const Configuration out = filter.apply(workflow.start(), workflow.at(0), FILTER_MEASURED);
  EXPECT_FALSE(filter.result.held);
  EXPECT_EQ(out[0].replicas, 3);
}

TEST(Filter, RecordsOfAnotherWorkflowOrShapeAreIgnored) {
  Workflow workflow, other("branch");
  Filter filter(workflow, options(FC_STRATEGY_SES_PAPER, FC_RAILS_OFF));
  fc_safety_record_t record = {};
  fc_safety_record_init(&record, workflow->n_functions);
  std::strcpy(record.workflow, other->name);
  fc_error_t error = {};
  EXPECT_OK(filter_take_records(filter.get, &record, 1, &error));
  EXPECT_EQ(filter_n_records(filter.get), 0);
  std::strcpy(record.workflow, workflow->name);
  record.lb_usd_h = 5;
  record.ub_usd_h = 4;  // upside down
  EXPECT_OK(filter_take_records(filter.get, &record, 1, &error));
  EXPECT_EQ(filter_n_records(filter.get), 0);
  record.lb_usd_h = 4;
  record.ub_usd_h = 5;
  record.n_functions -= 1;
  EXPECT_OK(filter_take_records(filter.get, &record, 1, &error));
  EXPECT_EQ(filter_n_records(filter.get), 0);
  record.n_functions += 1;
  EXPECT_OK(filter_take_records(filter.get, &record, 1, &error));
  EXPECT_EQ(filter_n_records(filter.get), 1) << "it was that which was wrong";
  fc_safety_record_clear(&record);
}

// Windows as the agent's own memory sees them: `n` of this configuration at ten in flight.
struct History {
  explicit History(const Workflow &w) : workflow(w) {
    fc_error_t error = {};
    EXPECT_OK(history_new(w.get(), &get, &error));
    fc_observation_init(&observation, w->n_functions);
  }
  ~History() {
    history_destroy(&get);
    fc_observation_clear(&observation);
  }
  void add(const Configuration &configuration, int n, fc_qos_verdict_t verdict = FC_QOS_MET, double load = 10) {
    std::copy(configuration.begin(), configuration.end(), observation.configuration);
    observation.load = {FC_LOAD_HAS_IN_FLIGHT, 0, load};
    for (int i = 0; i < n; ++i) history_add(get, &observation, verdict);
  }
  const Workflow &workflow;
  history_t *get = nullptr;
  fc_observation_t observation{};
};

TEST(Filter, WithoutAServerTheAgentDeterminesTheBandFromItsOwnWindows) {
  Workflow workflow;
  History history(workflow);
  history.add(workflow.at(0.3), 6);
  history.add(workflow.start(), 6);
  Filter filter(workflow, options(FC_STRATEGY_SES_PAPER, FC_RAILS_OFF));
  filter_learn(filter.get, history.get, FC_QOS_MET, 10, false);
  EXPECT_EQ(filter_n_records(filter.get), 0) << "the server's records are waited for while it is there";
  filter_learn(filter.get, history.get, FC_QOS_UNKNOWN, 10, true);
  EXPECT_EQ(filter_n_records(filter.get), 0);
  filter_learn(filter.get, history.get, FC_QOS_MET, 10, true);
  ASSERT_EQ(filter_n_records(filter.get), 1);
  // Far cheaper than anything that was good here: replaced by what was.
  const Configuration out = filter.apply(workflow.start(), workflow.at(0));
  EXPECT_EQ(filter.result.ses, FC_SES_REPLACED);
  EXPECT_TRUE(filter.result.band_is_local);
  EXPECT_GE(cost_of(workflow.get(), out), filter.result.lb_usd_h - 1e-9);
}

TEST(Filter, ServerRecordsAreReplacedHereOnlyAfterRepeatedViolationsWithoutTheServer) {
  Workflow workflow;
  History history(workflow);
  history.add(workflow.start(), 10);
  Filter filter(workflow, options(FC_STRATEGY_SES_PAPER, FC_RAILS_OFF));
  filter.band(0.5, 0.6, workflow.at(0));
  for (int i = 0; i < 2; ++i) filter_learn(filter.get, history.get, FC_QOS_VIOLATED, 10, true);
  filter.apply(workflow.start(), workflow.start());
  EXPECT_FALSE(filter.result.band_is_local);
  filter_learn(filter.get, history.get, FC_QOS_VIOLATED, 10, true);
  filter.apply(workflow.start(), workflow.start());
  EXPECT_TRUE(filter.result.band_is_local) << "the third violation";
  EXPECT_EQ(filter_n_records(filter.get), 1) << "the record of this load was replaced";
  EXPECT_NEAR(filter.result.lb_usd_h, cost_of(workflow.get(), workflow.start()), 1e-6);
}

TEST(History, KeepsTheLast256WindowsAndNothingUnknown) {
  Workflow workflow;
  History history(workflow);
  int32_t n = 0;
  history.add(workflow.start(), 3, FC_QOS_UNKNOWN);
  history_rows(history.get, &n);
  EXPECT_EQ(n, 0);
  history.add(workflow.start(), 10);
  history.add(workflow.at(0.6), 256, FC_QOS_VIOLATED);
  history_rows(history.get, &n);
  EXPECT_EQ(n, 256);
  EXPECT_EQ(history_outcome(history.get, workflow.start().data(), 10).windows, 0) << "the oldest went";
  EXPECT_EQ(history_outcome(history.get, workflow.at(0.6).data(), 12).windows, 256);
  EXPECT_EQ(history_outcome(history.get, workflow.at(0.6).data(), 12).met, 0);
  EXPECT_EQ(history_outcome(history.get, workflow.at(0.6).data(), 20).windows, 0) << "another load";
}

TEST(Filter, ConformalIsRefusedWithASentence) {
  Workflow workflow;
  fc_limits_t limits = {};
  filter_t *filter = nullptr;
  fc_error_t error = {};
  const filter_options_t o = options(FC_STRATEGY_CONFORMAL, FC_RAILS_OFF);
  EXPECT_EQ(FC_EINVAL, filter_new(workflow.get(), &o, &limits, &filter, &error));
  EXPECT_NE(std::string(error.message).find("ses_paper"), std::string::npos);
}

}  // namespace
