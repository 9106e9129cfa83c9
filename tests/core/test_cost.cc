// tests core/cost.c: the published price column, closed forms, Eq. 2 of the paper.
#include <cstdlib>
#include <vector>

#include "core_fixture.h"

extern "C" {
#include "faasconf/cost.h"
}

namespace {
using fc_test::Configuration;
using fc_test::Workflow;

TEST(Cost, OneFunctionIsCapacityTimesReplicas) {
  const fc_prices_t prices = {"test", 0.001, 0.0001};
  const fc_function_configuration_t c = {1000, 500, 3, 99};
  EXPECT_DOUBLE_EQ((1.0 + 0.05) * 3, fc_cost_function_usd_h(&prices, &c));
  const fc_function_configuration_t none = {1000, 500, 0, 6};
  EXPECT_EQ(0.0, fc_cost_function_usd_h(&prices, &none));
}

TEST(Cost, StartConfigurationsCostWhatTheDocumentationSays) {
  const struct {
    const char *name;
    double cost_usd_h;
  } expected[] = {{"parallel", 7.226}, {"sequential", 6.022}, {"branch", 8.431}, {"tcktapp", 11.117}};
  for (const auto &e : expected) {
    const Workflow w = Workflow::shipped(e.name);
    EXPECT_NEAR(e.cost_usd_h, fc_cost_reserved_usd_h(w.get(), w.start().data()), 5e-4) << e.name;
  }
}

TEST(Cost, ConcurrencyCostsNothingAndTheRestIsLinear) {
  const Workflow w;
  Configuration c = w.start();
  const double cost = fc_cost_reserved_usd_h(w.get(), c.data());
  EXPECT_DOUBLE_EQ(3 * 5 * (1300 * 0.000173 + 1331 * 0.000012), cost);
  c[1].concurrency = 2;
  EXPECT_EQ(cost, fc_cost_reserved_usd_h(w.get(), c.data()));
  c[1].replicas += 1;
  EXPECT_DOUBLE_EQ(cost / 15 * 16, fc_cost_reserved_usd_h(w.get(), c.data()));
}

// Bit for bit: the sum runs in function order in double, as the published program did it.
TEST(Cost, ReproducesThePublishedPriceColumnExactly) {
  SKIP_WITHOUT_SHARED(path, "data/parallel_10.csv");
  const Workflow w = Workflow::shipped("parallel");
  const auto rows = fc_test::read_csv(path);
  ASSERT_EQ(1039u, rows.size());
  for (const auto &row : rows) {
    Configuration c(6);
    for (size_t f = 0; f < 6; ++f) {
      ASSERT_EQ(w->functions[f].name, row[24 + 10 * f]);
      c[f] = {std::stoi(row[25 + 10 * f]), std::stoi(row[26 + 10 * f]), std::stoi(row[27 + 10 * f]), 1};
    }
    ASSERT_EQ(std::strtod(row[88].c_str(), nullptr), fc_cost_reserved_usd_h(w.get(), c.data()));
  }
}

TEST(Cost, Eq2WeighsEachFunctionByItsExecutionTime) {
  const Workflow w;
  const Configuration c = w.start();
  const double one = fc_cost_function_usd_h(&w->prices, &c[0]);
  const double hour[] = {3600, 0, 0}, mixed[] = {36, 72, 180}, nothing[] = {0, 0, 0};
  EXPECT_DOUBLE_EQ(one, fc_cost_eq2_usd(w.get(), c.data(), hour));
  EXPECT_DOUBLE_EQ(one * (0.01 + 0.02 + 0.05), fc_cost_eq2_usd(w.get(), c.data(), mixed));
  EXPECT_EQ(0.0, fc_cost_eq2_usd(w.get(), c.data(), nothing));
}

}  // namespace
