/* live.h - a real system to measure configurations on: the platform of an agent.yaml, written through the agent's own
 * choke point.
 *
 * Takes the place of an agent while it is open: the lock of the state folder, the journal, limits and the kill switch
 * hold as they do for the agent (agent/act.h), and the agent's words --status, --pause and --stop-acting are
 * understood. Load is somebody else's. On platform `sim` windows take no time. One thread; a window blocks as long as
 * it lasts.
 */
#ifndef EVAL_LIVE_LIVE_H
#define EVAL_LIVE_LIVE_H

#include <signal.h>

#include "faasconf/log.h"
#include "faasconf/safety.h"
#include "faasconf/transition.h"
#include "platform.h"
#include "settings.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct live live_t;

typedef struct {
  const settings_t *settings;               /* mode auto: measuring changes the configuration */
  const fc_workflow_t *workflow;            /* of settings->workflow */
  const fc_log_t *log;                      /* or NULL */
  double settle_s;                          /* after a change, before its window begins; requests of before go by */
  const volatile sig_atomic_t *interrupted; /* or NULL; not 0: what waits returns FC_ECLOSED */
} live_options_t;

/* Starts the platform and settles what an interrupted change left. Borrows all until live_close. FC_EUNSAFE when the
 * mode is not auto, FC_EEXISTS when an agent runs on the state folder; errors of the platform. Caller owns *out. Blocks
 * for seconds. */
fc_status_t live_open(const live_options_t *options, live_t **out, fc_error_t *error);

/* The same on a platform that the caller made: taken over, *platform is empty afterwards. */
fc_status_t live_open_on(const live_options_t *options, platform_t *platform, live_t **out, fc_error_t *error);

/* Puts back the configuration that was in force at live_open, verified; what fails is tried again for 30 s of the
 * platform's clock. Nothing to do: FC_OK. FC_ESTATE: the kill switch or pause forbids it. Whoever is killed before, or
 * does not call it, leaves trial.json in the state folder: the next live_open or start of the agent puts it back. */
fc_status_t live_restore(live_t *live, fc_error_t *error);

/* Stops the platform; restores nothing. Accepts NULL. */
void live_close(live_t **live);

/* FC_ESTATE with the operator's word when the kill switch is on or the agent is paused: nothing is written then. */
fc_status_t live_check(live_t *live, fc_error_t *error);

/* In force at live_open (N); what may be written: the workflow's ranges, agent.yaml's limits, the platform's caps.
 * Borrowed until live_close. */
const fc_function_configuration_t *live_before(const live_t *live);
const fc_limits_t *live_limits(const live_t *live);

/* Puts functions that others own (`functions` of agent.yaml) to what they had when they were last read: so a
 * configuration (N) is in live_window, too. */
void live_keep_others(const live_t *live, fc_function_configuration_t *configuration);

/* One window of this configuration (N), brought into force first when it is not. *observation was initialised for N;
 * its window counts from 0; its configuration is what was in force.
 *
 * FC_EUNSAFE, FC_EINVAL: this configuration is refused, and what was in force before, or at live_open, is in force: it
 * is outside the limits, the platform does not take it, or it could not be kept or measured (out of memory, a replica
 * that does not start) and was taken back; that is tried again for 30 s of the platform's clock. Another one may be
 * measured.
 * All others end the measuring. FC_ESTATE: the kill switch is on or the agent is paused (live_check). FC_ECLOSED:
 * interrupted, or the platform is over. FC_EIO and others: nothing came back, or the configuration of live_open itself
 * cannot be measured. */
fc_status_t live_window(live_t *live, const fc_function_configuration_t *configuration, fc_observation_t *observation,
                        fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
