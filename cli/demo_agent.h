/* demo_agent.h - the demo's faasconf-agent: configured, run in `auto` and lockstep, followed line by line.
 *
 * While the agent runs, its server is supervised (demo_server.h). Each window is one line for the reader.
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
} demo_agent_options_t;

typedef struct {
  process_t process;
  fc_function_configuration_t *configuration; /* (N) settled; owned */
  int32_t violations;
  bool verified;
  uint64_t transitions_acked;
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
