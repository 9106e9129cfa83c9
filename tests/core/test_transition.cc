// tests core/transition.c: copies are deep, and a bad value of any field is named.
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>

#include "core_fixture.h"

namespace {
using fc_test::Observation;
using fc_test::Workflow;
using Change = std::function<void(fc_observation_t *)>;

struct Case {
  const char *names;
  Change change;
};

std::string refusal(const Workflow &w, const Change &change, fc_status_t expected = FC_EINVAL) {
  Observation o(w);
  fc_error_t error = {};
  change(o.get());
  EXPECT_EQ(expected, fc_observation_validate(o.get(), w.get(), &error));
  EXPECT_EQ(expected, fc_observation_validate(o.get(), w.get(), nullptr));
  return error.message;
}

TEST(Transition, AMeasuredWindowIsValid) {
  const Workflow w;
  Observation o(w);
  fc_error_t error = {};
  EXPECT_OK(fc_observation_validate(o.get(), w.get(), &error));
}

TEST(Transition, EveryBadFieldOfAnObservationIsNamed) {
  const Workflow w;
  const Case cases[] = {
      {"window: -1 is negative", [](auto *o) { o->window = -1; }},
      {"duration_s: 0", [](auto *o) { o->duration_s = 0; }},
      {"duration_s", [](auto *o) { o->duration_s = NAN; }},
      {"duration_s", [](auto *o) { o->duration_s = 1e8; }},
      {"load.arrival_rate_per_s: -1", [](auto *o) { o->load.arrival_rate_per_s = -1; }},
      {"load.mean_in_flight: inf", [](auto *o) { o->load.mean_in_flight = INFINITY; }},
      {"outcome.latency_mean_s: nan", [](auto *o) { o->outcome.latency_mean_s = std::fabs(NAN); }},
      {"outcome.latency_p95_s: -2", [](auto *o) { o->outcome.latency_p95_s = -2; }},
      {"outcome.successes or .failures: -1, 2", [](auto *o) { o->outcome.successes = -1; }},
      {"outcome.successes or .failures: 25, -3", [](auto *o) { o->outcome.failures = -3; }},
      {"outcome.successes", [](auto *o) { o->outcome.successes = INT64_MAX; }},
      {"outcome.unfinished: -1", [](auto *o) { o->outcome.unfinished = -1; }},
      {"outcome.rejected: -1", [](auto *o) { o->outcome.rejected = -1; }},
      {"outcome.execution_s: -1", [](auto *o) { o->outcome.execution_s = -1; }},
      {"configuration of b: 0 millicores", [](auto *o) { o->configuration[1].cpu_millicores = 0; }},
      {"configuration of b: -5 MiB", [](auto *o) { o->configuration[1].mem_mib = -5; }},
      {"configuration of c: -1 replicas", [](auto *o) { o->configuration[2].replicas = -1; }},
      {"configuration of a: concurrency -1", [](auto *o) { o->configuration[0].concurrency = -1; }},
      {"configuration of a: concurrency", [](auto *o) { o->configuration[0].concurrency = INT32_MAX; }},
      {"metrics of c: unknown presence bits", [](auto *o) { o->metrics[2].present |= 1u << FC_FUNCTION_METRIC_COUNT; }},
#define BAD_METRIC(name, field, unit)                                            \
  {"metrics of b: " #field " is -1", [](auto *o) { o->metrics[1].field = -1; }}, \
      {"metrics of b: " #field " is inf", [](auto *o) { o->metrics[1].field = INFINITY; }},
      FC_FUNCTION_METRICS(BAD_METRIC)
#undef BAD_METRIC
  };
  for (const Case &c : cases) EXPECT_THAT(refusal(w, c.change), testing::HasSubstr(c.names));
}

TEST(Transition, AbsentValuesAreNotLookedAt) {
  const Workflow w;
  Observation o(w);
  fc_error_t error = {};
  o->load = {0, NAN, -1};
  o->outcome = {0, NAN, -1, -1, -1, -1, -1, INFINITY};
  for (size_t f = 0; f < w.n(); ++f) o->metrics[f] = {0, NAN, -1, -1, -1, -1, -1, -1, -1, -1, -1};
  EXPECT_OK(fc_observation_validate(o.get(), w.get(), &error));
}

TEST(Transition, TheNumberOfFunctionsIsTheWorkflows) {
  const Workflow w;
  EXPECT_EQ("the observation has 2 functions, workflow chain has 3",
            refusal(
                w, [](auto *o) { o->n_functions = 2; }, FC_EMISMATCH));
}

// A transition of two valid windows.
struct Transition {
  explicit Transition(const Workflow &w) {
    Observation window(w);
    EXPECT_EQ(FC_OK, fc_transition_init(&get, w->n_functions));
    std::strcpy(get.workflow, w->name);
    std::strcpy(get.agent, "node-1");
    get.epoch = 1;
    get.sequence = 1;
    get.flags = FC_TRANSITION_HAS_BEFORE | FC_TRANSITION_TERMINAL;
    get.cost_usd_h = 3.5;
    fc_observation_copy(&get.before, window.get());
    fc_observation_copy(&get.after, window.get());
    get.after.window = 8;
  }
  ~Transition() { fc_transition_clear(&get); }
  fc_transition_t get;
};

TEST(Transition, EveryBadFieldOfATransitionIsNamed) {
  const Workflow w;
  const struct {
    const char *names;
    fc_status_t status;
    std::function<void(fc_transition_t *)> change;
  } cases[] = {
      {"the transition is of workflow other, not chain", FC_EMISMATCH,
       [](auto *t) { std::strcpy(t->workflow, "other"); }},
      {"agent or sequence is missing", FC_EINVAL, [](auto *t) { t->agent[0] = '\0'; }},
      {"agent or sequence is missing", FC_EINVAL, [](auto *t) { t->sequence = 0; }},
      {"cost_usd_h: nan", FC_EINVAL, [](auto *t) { t->cost_usd_h = std::fabs(NAN); }},
      {"policy_version: -1 is negative", FC_EINVAL, [](auto *t) { t->policy_version = -1; }},
      {"before: window: -4", FC_EINVAL, [](auto *t) { t->before.window = -4; }},
      {"after: window: -4", FC_EINVAL, [](auto *t) { t->after.window = -4; }},
      {"after: the observation has 1 functions", FC_EMISMATCH, [](auto *t) { t->after.n_functions = 1; }},
  };
  fc_error_t error = {};
  const Transition good(w);
  EXPECT_OK(fc_transition_validate(&good.get, w.get(), &error));
  for (const auto &c : cases) {
    Transition t(w);
    c.change(&t.get);
    EXPECT_EQ(c.status, fc_transition_validate(&t.get, w.get(), &error)) << c.names;
    EXPECT_THAT(error.message, testing::StartsWith(c.names));
  }
  Transition first(w);
  first.get.flags = 0;
  first.get.before.window = -4;
  EXPECT_OK(fc_transition_validate(&first.get, w.get(), &error)) << "without s nobody reads it";
}

TEST(Transition, CopiesAreDeep) {
  const Workflow w;
  Transition from(w), to(w);
  from.get.before.configuration[1].replicas = 7;
  from.get.after.metrics[2].requests = 123;
  from.get.sequence = 99;
  fc_transition_copy(&to.get, &from.get);
  fc_transition_copy(&to.get, &to.get);
  EXPECT_EQ(99u, to.get.sequence);
  EXPECT_EQ(7, to.get.before.configuration[1].replicas);
  EXPECT_EQ(123, to.get.after.metrics[2].requests);
  EXPECT_NE(from.get.after.metrics, to.get.after.metrics);
  from.get.after.metrics[2].requests = 5;
  EXPECT_EQ(123, to.get.after.metrics[2].requests);
}

TEST(Transition, OfferedCountsTheUnfinishedOnlyWhereKnown) {
  fc_outcome_t o = {};
  o.successes = 5;
  o.failures = 2;
  o.unfinished = 4;
  EXPECT_EQ(7, fc_outcome_completed(&o));
  EXPECT_EQ(7, fc_outcome_offered(&o));
  o.present = FC_OUTCOME_HAS_UNFINISHED;
  EXPECT_EQ(11, fc_outcome_offered(&o));
}

}  // namespace
