// workflows/*.yaml: the shipped files are the workflows that the golden tests reproduce.
#include <cstring>

#include "simulated_windows.h"
#include "simulated_workflows.h"
#include "support.h"

extern "C" {
#include "faasconf/knobs.h"
}

namespace {

void expect_same(const std::string &name, const fc_workflow_t *by_hand) {
  fc_error_t error = {};
  fc_workflow_t *shipped = nullptr;
  ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/" + name + ".yaml").c_str(), &shipped, &error));
  const size_t n = static_cast<size_t>(shipped->n_functions);
  ASSERT_EQ(by_hand->n_functions, shipped->n_functions);
  for (size_t f = 0; f < n; ++f) EXPECT_STREQ(by_hand->functions[f].name, shipped->functions[f].name);
  for (fc_semantics_t semantics : {FC_SEMANTICS_STRICT, FC_SEMANTICS_AS_PUBLISHED}) {
    fc_test::Simulated a(by_hand, 15, semantics), b(shipped, 15, semantics);
    ASSERT_EQ(FC_OK, a.status) << a.error.message;
    ASSERT_EQ(FC_OK, b.status) << b.error.message;
    for (int w = 0; w < 5; ++w) {
      const fc_test::Configuration tight(n, {900, 500, 3, 3});
      const fc_test::Window x = a.window(w, tight), y = b.window(w, tight);
      EXPECT_EQ(0, std::memcmp(&x.outcome, &y.outcome, sizeof x.outcome));
      EXPECT_EQ(0, std::memcmp(x.functions.data(), y.functions.data(), n * sizeof x.functions[0]));
    }
  }
  fc_workflow_destroy(&shipped);
}

TEST(ShippedWorkflows, ParallelIsTheFittedOne) {
  auto by_hand = fc_test::parallel_workflow();
  expect_same("parallel", by_hand->get());
}

TEST(ShippedWorkflows, SequentialIsTheFittedOne) {
  auto by_hand = fc_test::sequential_workflow();
  expect_same("sequential", by_hand->get());
}

TEST(ShippedWorkflows, BranchIsTheFittedOne) {
  auto by_hand = fc_test::branch_workflow();
  expect_same("branch", by_hand->get());
}

// All but the latencies of executions, to the last bit, also when windows and stretches alternate.
TEST(OutcomesOnly, AreThoseOfWholeWindows) {
  for (const std::string name : {"sequential", "parallel", "branch", "tcktapp"}) {
    fc_error_t error = {};
    fc_workflow_t *workflow = nullptr;
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/" + name + ".yaml").c_str(), &workflow, &error));
    const size_t n = static_cast<size_t>(workflow->n_functions);
    fc_test::Simulated whole(workflow, 20, FC_SEMANTICS_STRICT), outcomes(workflow, 20, FC_SEMANTICS_STRICT);
    simulator_set_outcomes_only(outcomes.get());
    fc_rng_t rng;
    fc_rng_init(&rng, 3, 0);
    for (int w = 0; w < 12; ++w) {
      fc_test::Configuration configuration(n);
      fc_knobs_draw(workflow, FC_RANGES_MEASURED, &rng, configuration.data());
      for (bool stretch : {false, true, true}) {
        const fc_observation_t &a = stretch ? whole.next(w, configuration) : whole.observe(w, configuration);
        const fc_observation_t &b = stretch ? outcomes.next(w, configuration) : outcomes.observe(w, configuration);
        EXPECT_EQ(0, std::memcmp(&a.load, &b.load, sizeof a.load)) << name << w;
        EXPECT_EQ(0, std::memcmp(&a.outcome, &b.outcome, sizeof a.outcome)) << name << w;
        for (size_t f = 0; f < n; ++f) {
          fc_function_metrics_t x = a.metrics[f], y = b.metrics[f];
          const uint32_t latencies = FC_METRIC_BIT(LATENCY_P75) | FC_METRIC_BIT(LATENCY_P95);
          EXPECT_EQ(x.present & ~latencies, y.present) << name << w;
          x.present = y.present;
          x.latency_p75_s = x.latency_p95_s = 0;
          EXPECT_EQ(0, std::memcmp(&x, &y, sizeof x)) << name << w;
        }
      }
    }
    fc_workflow_destroy(&workflow);
  }
}

}  // namespace
