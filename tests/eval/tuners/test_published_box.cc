// The box of the published comparison (algorithms, section 0): baselines are clipped to [0.2, 0.8], some to
// [0.3, 0.8], the paper's own method to [0.1, 0.9]; the published rounding makes of that different problems.
#include <algorithm>

#include "support.h"

extern "C" {
#include "faasconf/cost.h"
#include "faasconf/knobs.h"
}

namespace {

const fc_prices_t kPrices = {"published", 0.000173, 0.000012};

// The cheapest a function can be when actions are clipped below.
double cheapest_usd_h(double clip) {
  const fc_function_configuration_t configuration = {
      fc_knob_decode_authors(FC_KNOB_CPU, clip), fc_knob_decode_authors(FC_KNOB_MEM, clip),
      fc_knob_decode_authors(FC_KNOB_REPLICAS, clip), fc_knob_decode_authors(FC_KNOB_CONCURRENCY, clip)};
  return fc_cost_function_usd_h(&kPrices, &configuration);
}

TEST(PublishedBox, TheFloorOfTheBaselinesIsAlmostThreeTimesThatOfTheMethod) {
  EXPECT_NEAR(0.0787, cheapest_usd_h(0.1), 5e-5);
  EXPECT_NEAR(0.2223, cheapest_usd_h(0.2), 5e-5);
  EXPECT_NEAR(0.4308, cheapest_usd_h(0.3), 5e-5);
  EXPECT_NEAR(2.8, cheapest_usd_h(0.2) / cheapest_usd_h(0.1), 0.05);
}

TEST(PublishedBox, RoundingAndClippingTogetherTakeTheEndsOfReplicasAndConcurrency) {
  EXPECT_EQ(2, fc_knob_decode_authors(FC_KNOB_REPLICAS, 0.2));
  EXPECT_EQ(6, fc_knob_decode_authors(FC_KNOB_REPLICAS, 0.8));
  EXPECT_EQ(1, fc_knob_decode_authors(FC_KNOB_REPLICAS, 0.1));
  EXPECT_EQ(7, fc_knob_decode_authors(FC_KNOB_REPLICAS, 0.9));
  EXPECT_EQ(2, fc_knob_decode_authors(FC_KNOB_CONCURRENCY, 0.2));
  EXPECT_EQ(9, fc_knob_decode_authors(FC_KNOB_CONCURRENCY, 0.9));
}

}  // namespace
