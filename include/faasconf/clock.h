/* faasconf/clock.h - time as an argument.
 *
 * Everything that waits or stamps takes a clock, so that platform `sim` runs in virtual time and tests never sleep.
 * Two readings: monotonic (intervals; unaffected by wall-clock jumps) and wall (stamps in records).
 */
#ifndef FAASCONF_CLOCK_H
#define FAASCONF_CLOCK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fc_clock fc_clock_t;
struct fc_clock {
  void *self; /* what the functions below get; owned by whoever made the clock */
  /* Nanoseconds since an arbitrary origin; never goes back. */
  int64_t (*monotonic_ns)(void *self);
  /* Microseconds since 1970-01-01 UTC. */
  int64_t (*wall_us)(void *self);
  /* Returns when monotonic_ns() >= deadline_ns. A virtual clock jumps there at once. */
  void (*sleep_until_ns)(void *self, int64_t deadline_ns);
};

/* The machine's clock. Any thread. */
fc_clock_t fc_clock_system(void);

/* A clock that moves only when told, or when somebody sleeps on it. One thread. */
typedef struct {
  int64_t now_ns;        /* monotonic reading */
  int64_t wall_start_us; /* wall reading when now_ns was 0 */
} fc_virtual_clock_t;

/* Borrows *state until the last call on the clock. */
fc_clock_t fc_clock_virtual(fc_virtual_clock_t *state);
void fc_virtual_clock_advance_ns(fc_virtual_clock_t *state, int64_t by_ns);

#ifdef __cplusplus
}
#endif
#endif
