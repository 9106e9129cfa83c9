// tests core/clock.c: the virtual clock moves only when told; the machine's never goes back.
#include "support.h"

extern "C" {
#include "faasconf/clock.h"
}

namespace {

TEST(Clock, VirtualMovesOnlyWhenTold) {
  fc_virtual_clock_t state = {5, 1700000000000000};
  const fc_clock_t clock = fc_clock_virtual(&state);
  EXPECT_EQ(5, clock.monotonic_ns(clock.self));
  EXPECT_EQ(1700000000000000, clock.wall_us(clock.self));
  fc_virtual_clock_advance_ns(&state, 2000000);
  EXPECT_EQ(2000005, clock.monotonic_ns(clock.self));
  EXPECT_EQ(1700000000002000, clock.wall_us(clock.self));
}

TEST(Clock, SleepingOnVirtualTimeJumpsForwardNeverBack) {
  fc_virtual_clock_t state = {100, 0};
  const fc_clock_t clock = fc_clock_virtual(&state);
  clock.sleep_until_ns(clock.self, 3600000000000);
  EXPECT_EQ(3600000000000, clock.monotonic_ns(clock.self));
  clock.sleep_until_ns(clock.self, 50);
  EXPECT_EQ(3600000000000, clock.monotonic_ns(clock.self));
}

TEST(ClockDeath, VirtualTimeCannotGoBack) {
  fc_virtual_clock_t state = {100, 0};
  EXPECT_DEATH(fc_virtual_clock_advance_ns(&state, -1), "by_ns >= 0");
}

TEST(Clock, SystemSleepsAtLeastToItsDeadline) {
  const fc_clock_t clock = fc_clock_system();
  const int64_t start = clock.monotonic_ns(clock.self);
  clock.sleep_until_ns(clock.self, start - 1);  // the past: at once
  clock.sleep_until_ns(clock.self, start + 2000000);
  EXPECT_GE(clock.monotonic_ns(clock.self), start + 2000000);
  EXPECT_GT(clock.wall_us(clock.self), 1700000000000000);
}

}  // namespace
