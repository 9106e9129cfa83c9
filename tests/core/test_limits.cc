// tests core/limits.c: the absolute limits, the last word before the actuator.
#include <vector>

#include "core_fixture.h"

extern "C" {
#include "faasconf/safety.h"
}

namespace {
using fc_test::Configuration;
using fc_test::same;
using fc_test::Workflow;

const Configuration kCurrent(3, {1000, 1000, 5, 5});

struct Limits {
  explicit Limits(const Workflow &w) { EXPECT_EQ(FC_OK, fc_limits_init(&get, w.get(), FC_RANGES_MEASURED)); }
  ~Limits() { fc_limits_clear(&get); }
  fc_limits_t get;
};

TEST(Limits, StartFromTheRangesAndClampWithAReason) {
  const Workflow w;
  Limits limits(w);
  Configuration c = kCurrent;
  std::vector<uint32_t> bound_by(3 * FC_KNOBS);
  EXPECT_FALSE(fc_limits_apply(&limits.get, c.data(), bound_by.data()));
  EXPECT_TRUE(same(kCurrent, c));
  EXPECT_EQ(std::vector<uint32_t>(3 * FC_KNOBS), bound_by);
  c[1] = {1 << 30, 1, -7, 3};
  bound_by[FC_KNOBS + FC_KNOB_CPU] = FC_BOUND_BY_STEP;
  EXPECT_TRUE(fc_limits_apply(&limits.get, c.data(), bound_by.data()));
  EXPECT_TRUE(same({kCurrent[0], {2000, 614, 2, 3}, kCurrent[2]}, c));
  EXPECT_EQ(static_cast<uint32_t>(FC_BOUND_BY_STEP | FC_BOUND_BY_LIMITS), bound_by[FC_KNOBS + FC_KNOB_CPU]);
  EXPECT_EQ(static_cast<uint32_t>(FC_BOUND_BY_LIMITS), bound_by[FC_KNOBS + FC_KNOB_REPLICAS]);
  EXPECT_EQ(0u, bound_by[FC_KNOBS + FC_KNOB_CONCURRENCY]);
}

// Narrowed by the agent's own file, they hold against every later step: rails, a breach, the strategy.
TEST(Limits, NothingWidensThem) {
  const Workflow w;
  Limits limits(w);
  limits.get.knobs[FC_KNOB_CPU] = {900, 1100};
  const fc_rails_t rails = fc_rails_default(FC_RAILS_PRODUCTION);
  Configuration grown(3, {2000, 2048, 8, 10});
  fc_rails_apply(&rails, w.get(), kCurrent.data(), nullptr, 0, true, grown.data(), nullptr);
  EXPECT_EQ(2000, grown[0].cpu_millicores);
  EXPECT_TRUE(fc_limits_apply(&limits.get, grown.data(), nullptr));
  EXPECT_EQ(1100, grown[0].cpu_millicores);
  EXPECT_EQ(2000, grown[1].cpu_millicores);
  fc_rng_t rng;
  fc_rng_init(&rng, 8, 0);
  for (int i = 0; i < 300; ++i) {
    Configuration c(3);
    fc_knobs_draw(w.get(), FC_RANGES_FULL, &rng, c.data());
    fc_limits_apply(&limits.get, c.data(), nullptr);
    ASSERT_TRUE(c[0].cpu_millicores >= 900 && c[0].cpu_millicores <= 1100);
    ASSERT_GE(c[2].replicas, 2);
    EXPECT_FALSE(fc_limits_apply(&limits.get, c.data(), nullptr)) << "once is enough";
  }
}

}  // namespace
