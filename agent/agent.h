/* agent.h - the agent's main loop: ten steps a window, whatever the server does.
 *
 *   observe -> guard -> report (spool) -> link -> decide -> filter -> act -> decision log
 *
 * Each step is a module of its own; this one wires them for one platform and one workflow and owns them. Everything
 * runs on the caller's thread; between windows the agent waits on the platform's clock in small slices and serves link
 * and control meanwhile. Nothing here blocks on the server, except in lockstep (tests and demo), where the wait is
 * bounded once the connection is gone.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <stdio.h>

#include "faasconf/json.h"
#include "faasconf/log.h"
#include "folder.h"
#include "platform.h"
#include "settings.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const settings_t *settings;
  const fc_workflow_t *workflow;
  platform_t *platform;
  const folder_t *folder;
  const fc_log_t *log;
  FILE *progress;      /* one JSON line a window, or NULL */
  int64_t max_windows; /* 0: no limit (virtual time: until the session has settled and was judged) */
  bool take_signals;   /* SIGTERM, SIGINT, SIGUSR1, SIGUSR2 */
} agent_options_t;

typedef struct agent agent_t;

/* Discovers the platform, checks limits against it, settles an interrupted change, loads the last good policy. Borrows
 * what options point to until agent_destroy. Caller owns the result and destroys it with agent_destroy. */
fc_status_t agent_new(const agent_options_t *options, agent_t **out, fc_error_t *error);
void agent_destroy(agent_t **agent);

/* Runs until the windows are done or somebody asks for the end. Failures of platform, server and disk are part of the
 * job: they are logged, counted and survived. */
void agent_run(agent_t *agent);

/* After agent_run: it ended because the platform was lost for good, not because it was done, over or asked to. */
bool agent_lost_platform(const agent_t *agent);

/* The summary of the run (keys: docs/agent.md). Caller owns it and destroys it with fc_json_destroy. */
fc_json_t *agent_summary(const agent_t *agent);

#ifdef __cplusplus
}
#endif
#endif
