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

/* Puts back the configuration that was in force at live_open. Nothing to do: FC_OK. */
fc_status_t live_restore(live_t *live, fc_error_t *error);

/* Stops the platform; restores nothing. Accepts NULL. */
void live_close(live_t **live);

/* In force at live_open (N); what may be written: the workflow's ranges, agent.yaml's limits, the platform's caps.
 * Borrowed until live_close. */
const fc_function_configuration_t *live_before(const live_t *live);
const fc_limits_t *live_limits(const live_t *live);

/* One window of this configuration (N), brought into force first when it is not. *observation was initialised for N;
 * its window counts from 0. FC_EUNSAFE: outside the limits, or the kill switch is on, or the platform refuses it: the
 * old configuration is in force. FC_EINVAL for configurations that the platform cannot take. FC_ECLOSED: interrupted,
 * or the platform is over. */
fc_status_t live_window(live_t *live, const fc_function_configuration_t *configuration, fc_observation_t *observation,
                        fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
