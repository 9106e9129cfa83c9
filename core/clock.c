/* clock.c - the machine's clock and the virtual one. */
#include "faasconf/clock.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

#include "faasconf/status.h"

static int64_t read_ns(clockid_t id) {
  struct timespec now;
  clock_gettime(id, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t system_monotonic_ns(void *self) {
  (void)self;
  return read_ns(CLOCK_MONOTONIC);
}

static int64_t system_wall_us(void *self) {
  (void)self;
  return read_ns(CLOCK_REALTIME) / 1000;
}

static void system_sleep_until_ns(void *self, int64_t deadline_ns) {
  (void)self;
  const struct timespec deadline = {.tv_sec = deadline_ns / 1000000000, .tv_nsec = deadline_ns % 1000000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL) == EINTR) continue;
}

fc_clock_t fc_clock_system(void) {
  const fc_clock_t clock = {NULL, system_monotonic_ns, system_wall_us, system_sleep_until_ns};
  return clock;
}

static int64_t virtual_monotonic_ns(void *self) {
  return ((const fc_virtual_clock_t *)self)->now_ns;
}

static int64_t virtual_wall_us(void *self) {
  const fc_virtual_clock_t *state = self;
  return state->wall_start_us + state->now_ns / 1000;
}

static void virtual_sleep_until_ns(void *self, int64_t deadline_ns) {
  fc_virtual_clock_t *state = self;
  if (deadline_ns > state->now_ns) state->now_ns = deadline_ns;
}

fc_clock_t fc_clock_virtual(fc_virtual_clock_t *state) {
  const fc_clock_t clock = {state, virtual_monotonic_ns, virtual_wall_us, virtual_sleep_until_ns};
  return clock;
}

void fc_virtual_clock_advance_ns(fc_virtual_clock_t *state, int64_t by_ns) {
  FC_ASSERT(by_ns >= 0);
  state->now_ns += by_ns;
}
