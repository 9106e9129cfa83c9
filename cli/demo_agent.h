/* demo_agent.h - the demo's faasconf-agent: configured, run in `auto`, followed line by line.
 *
 * On the simulator it runs in lockstep with its server and ends by itself. In real time (`real`) somebody else wrote
 * its configuration and puts load on its functions; it is told to end after its windows. While the agent runs, its
 * server is supervised (demo_server.h). Each window is one line for the reader.
 */
#ifndef CLI_DEMO_AGENT_H
#define CLI_DEMO_AGENT_H

#include <signal.h>
#include <stdio.h>

#include "demo_server.h"
#include "faasconf/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a run in real time needs besides. */
typedef struct {
  const char *config; /* of the agent */
  void *self;
  fc_status_t (*meanwhile)(void *self, fc_error_t *error);  /* again and again while it runs */
  fc_status_t (*before_end)(void *self, fc_error_t *error); /* once, before it is told to end */
} demo_agent_real_t;

typedef struct {
  const fc_workflow_t *workflow;
  const char *workflow_path;
  const char *folder; /* of the demo */
  int32_t users;
  int32_t windows; /* budget */
  uint64_t seed;
  demo_server_t *server;
  FILE *out;
  const volatile sig_atomic_t *interrupted;
  const demo_agent_real_t *real; /* NULL: on the simulator */
} demo_agent_options_t;

typedef struct {
  process_t process;
  fc_function_configuration_t *configuration; /* (N) settled; owned */
  int32_t violations;
  bool verified;
  uint64_t transitions_acked;
  int64_t windows_seen, tuning_windows; /* in real time: all; those before it settled */
  bool is_settled;                      /* as of the last window */
} demo_agent_t;

/* Starts the agent and blocks until its session has settled and it ended. FC_EIO names the log; FC_ECLOSED when
 * interrupted. */
fc_status_t demo_agent_run(const demo_agent_options_t *options, demo_agent_t *agent, fc_error_t *error);
void demo_agent_stop(demo_agent_t *agent);
void demo_agent_clear(demo_agent_t *agent);

#ifdef __cplusplus
}
#endif
#endif
