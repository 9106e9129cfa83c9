// sim/calibration/unknowns.c and cholesky.c.
#include <cmath>
#include <vector>

#include "support.h"

extern "C" {
#include "cholesky.h"
#include "unknowns.h"
}

namespace {

TEST(Unknowns, EachChangesItsParameterAndNothingElse) {
  fc_error_t error = {};
  fc_workflow_t *workflow = nullptr;
  ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow, &error));
  std::vector<unknown_t> list(UNKNOWNS_MAX);
  const int32_t n = unknowns_list(workflow, list.data());
  ASSERT_EQ(6 + 6 + 5, n);
  std::vector<fc_function_simulator_t> functions(6);
  fc_simulator_parameters_t world = {};
  world.functions = functions.data();
  std::vector<double> theta(static_cast<size_t>(n), 0);
  unknowns_apply(workflow, list.data(), n, theta.data(), &world);
  EXPECT_DOUBLE_EQ(workflow->simulator.throttling_loss, world.throttling_loss);
  for (int f = 0; f < 6; ++f) EXPECT_EQ(workflow->simulator.functions[f].work_cpu_s, functions[f].work_cpu_s);
  theta[4] = std::log(2);
  theta[15] = 30;  // throttling: odds without end, yet a share below 1
  unknowns_apply(workflow, list.data(), n, theta.data(), &world);
  for (int f = 0; f < 6; ++f)
    EXPECT_DOUBLE_EQ((f == 4 ? 2 : 1) * workflow->simulator.functions[f].work_cpu_s, functions[f].work_cpu_s);
  EXPECT_LT(world.throttling_loss, 1);
  EXPECT_GT(world.throttling_loss, 0.99);
  char name[64];
  unknowns_name(workflow, list[4], name, sizeof name);
  EXPECT_STREQ("work of resnet", name);
  fc_workflow_destroy(&workflow);
}

TEST(Cholesky, SolvesAndRefusesWhatIsNotPositive) {
  double a[] = {4, 0, 0, 2, 5, 0, 2, 3, 6};  // the lower triangle of {{4, 2, 2}, {2, 5, 3}, {2, 3, 6}}
  double x[] = {8, 10, 11};
  ASSERT_TRUE(cholesky_factor(a, 3));
  cholesky_solve(a, 3, x);
  for (double value : x) EXPECT_NEAR(1, value, 1e-12);
  double bad[] = {1, 0, 2, 1};
  EXPECT_FALSE(cholesky_factor(bad, 2));
}

}  // namespace
