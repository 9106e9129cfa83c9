/* sim_served.h - platform `sim` with `connect`: a simulated workflow that another process serves to several agents.
 *
 * `faasconf simulate --serve` simulates a window once every agent has said that it is ready for it; reading that window
 * is how this agent says so. Writes take effect at the next window; what other agents own is read back as it was in
 * force in the last one. Virtual time follows the served windows. When this agent was given up for being late, or its
 * connection broke, it joins again, and the windows it missed are one without measurements. read answers FC_ECLOSED
 * only when the other side said that the simulation is over; FC_ESTATE when there is no way back in: the process is
 * gone, or something forbids it (its functions belong to another agent now). A library of its own, linked by
 * agent/platform_choice.c only.
 */
#ifndef AGENT_PLATFORMS_SIM_SERVED_H
#define AGENT_PLATFORMS_SIM_SERVED_H

#include "platform.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char *endpoint;         /* borrowed until the platform is cleared, as all of these */
  const char *agent;            /* its name there */
  const char *const *functions; /* (n_functions) it owns */
  int32_t n_functions;          /* 0 = all */
  double timeout_s;             /* for an answer; that of a window may take as long as the other agents do */
  double rejoin_timeout_s;      /* how long it tries to join again */
  fc_clock_t clock;             /* of the machine */
} platform_sim_served_options_t;

/* Opens nothing yet: discover connects and joins. Borrows workflow until the platform is cleared. Caller owns *out and
 * clears it with platform_clear, which leaves the simulation. */
fc_status_t platform_sim_served_new(const fc_workflow_t *workflow, const platform_sim_served_options_t *options,
                                    platform_t *out, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
