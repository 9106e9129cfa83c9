// workflows/*.yaml: the shipped files are the workflows that the golden tests reproduce.
#include <cstring>

#include "simulated_windows.h"
#include "simulated_workflows.h"
#include "support.h"

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

}  // namespace
