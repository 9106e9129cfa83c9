// eval/quantile.c against values computed by hand.
#include <cmath>
#include <vector>

#include "support.h"

extern "C" {
#include "quantile.h"
}

namespace {

TEST(Quantile, SortsInfinitiesToTheEnds) {
  std::vector<double> values = {3, INFINITY, -1, -INFINITY, 2};
  quantile_sort(values.data(), 5);
  EXPECT_EQ((std::vector<double>{-INFINITY, -1, 2, 3, INFINITY}), values);
}

TEST(Quantile, IsLinearBetweenOrderStatistics) {
  const double values[] = {1, 2, 4, 8};
  EXPECT_DOUBLE_EQ(1, quantile_of_sorted(values, 4, 0));
  EXPECT_DOUBLE_EQ(3, quantile_of_sorted(values, 4, 0.5));
  EXPECT_DOUBLE_EQ(1.3, quantile_of_sorted(values, 4, 0.1));
  EXPECT_DOUBLE_EQ(8, quantile_of_sorted(values, 4, 1));
  EXPECT_DOUBLE_EQ(5, quantile_of_sorted(std::vector<double>{5}.data(), 1, 0.7));
}

}  // namespace
