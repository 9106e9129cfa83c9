/* sim.h - platform `sim`: the workflow simulator inside the agent, in virtual time.
 *
 * The only platform whose windows take no real time: sleeping on its clock jumps to the deadline, reading a window
 * simulates it. Writes take effect at the next window. A library of its own (fc_agent_platform_sim), linked by
 * agent/platform_choice.c only, absent when the build says FAASCONF_PLATFORM_SIM=OFF.
 */
#ifndef AGENT_PLATFORMS_SIM_H
#define AGENT_PLATFORMS_SIM_H

#include "platform.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int32_t users; /* closed loop, no think time; >= 1 */
  uint64_t seed;
  fc_semantics_t semantics;
  int64_t first_window;  /* draw number of the agent's window 0: a restarted agent draws fresh windows */
  int64_t wall_start_us; /* wall clock at virtual time 0 */
} platform_sim_options_t;

/* Every function starts with the workflow's start configuration. Borrows workflow until the platform is cleared.
 * Caller owns *out and clears it with platform_clear. FC_EINVAL when the workflow cannot be simulated. */
fc_status_t platform_sim_new(const fc_workflow_t *workflow, const platform_sim_options_t *options, platform_t *out,
                             fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
