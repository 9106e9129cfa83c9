// A window allocates nothing: malloc and friends of the simulator's own code are counted (linked with --wrap).
#include "counted_heap.h"
#include "simulated_windows.h"
#include "simulated_workflows.h"
#include "support.h"

namespace {

using fc_test::Configuration;
using fc_test::Simulated;

TEST(Allocations, NoWindowTakesMemory) {
  auto parallel = fc_test::parallel_workflow();
  for (int users : {10, 0}) {
    parallel->raw().simulator.cpu_period_s = users == 0 ? 0.1 : 0;
    fc_test::heap_watch();
    Simulated s(parallel->get(), users, FC_SEMANTICS_STRICT, 1, users == 0 ? 1 : 0);
    ASSERT_EQ(FC_OK, s.status) << s.error.message;
    EXPECT_GT(fc_test::heap_use().n_allocations, 5u);  // the counting works
    fc_test::heap_watch();
    for (int w = 0; w < 20; ++w) {
      s.observe(w, Configuration(6, {900 + 50 * w, 500, 2 + w % 5, 3}));
      ASSERT_EQ(FC_OK, s.status);
    }
    for (int w = 0; w < 20; ++w) {
      s.next(w, Configuration(6, {900 + 50 * (w / 3), 500, 2 + w % 5, 3}));
      ASSERT_EQ(FC_OK, s.status);
    }
    EXPECT_EQ(0u, fc_test::heap_use().n_allocations);
  }
}

// Synchronous functions whose replicas wait for their children, exclusive branches, counts drawn per request.
TEST(Allocations, NorDoesAWindowOfTheLargestShippedWorkflow) {
  fc_workflow_t *workflow = nullptr;
  fc_error_t error = {};
  ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/tcktapp.yaml").c_str(), &workflow, &error));
  {
    Simulated s(workflow, 20, FC_SEMANTICS_STRICT);
    ASSERT_EQ(FC_OK, s.status) << s.error.message;
    const Configuration configuration(static_cast<size_t>(workflow->n_functions), {700, 512, 3, 4});
    fc_test::heap_watch();
    for (int w = 0; w < 4; ++w) s.observe(w, configuration);
    ASSERT_EQ(FC_OK, s.status);
    for (int w = 0; w < 4; ++w) s.next(w, configuration);
    ASSERT_EQ(FC_OK, s.status);
    EXPECT_EQ(0u, fc_test::heap_use().n_allocations);
  }
  fc_workflow_destroy(&workflow);
}

}  // namespace
