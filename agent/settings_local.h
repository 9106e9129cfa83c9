/* settings_local.h - the section `platform: {kind: local, ...}` of agent.yaml: commands, ports, HAProxy.
 *
 * Plain data, filled once at start and immutable afterwards; any thread may read it. Keys and defaults: docs/agent.md.
 */
#ifndef AGENT_SETTINGS_LOCAL_H
#define AGENT_SETTINGS_LOCAL_H

#include <stdbool.h>

#include "faasconf/config.h"
#include "faasconf/dims.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { SETTINGS_LOCAL_PATH_SIZE = 1024, SETTINGS_LOCAL_PLACE_SIZE = 256, SETTINGS_LOCAL_MAX_ARGUMENTS = 32 };

/* How one function of the workflow is run and where it is called. */
typedef struct {
  char name[FC_NAME_SIZE];
  char place[SETTINGS_LOCAL_PLACE_SIZE]; /* "file:line:column: " for a complaint once the workflow is known */
  int32_t port;                          /* HAProxy answers for it at 127.0.0.1:port */
  int32_t n_arguments;
  char **arguments; /* (n_arguments) one of them with {port} */
} settings_local_function_t;

typedef struct {
  int32_t n_functions;
  settings_local_function_t *functions; /* (n_functions) */
  int32_t gateway_port;                 /* where the workflow is asked for */
  int32_t orchestrator_port;            /* of the process behind it, started by somebody else */
  int32_t metrics_port;                 /* of HAProxy's Prometheus exporter; 0: none */
  bool rejects;                         /* overflow: 429 at the limit instead of a queue */
  char haproxy[SETTINGS_LOCAL_PATH_SIZE];
  double request_timeout_s, start_timeout_s, grace_s;
} settings_local_t;

/* Reads the keys of this kind out of the map `platform`; other keys are refused. *settings is owned by the caller and
 * freed with settings_local_clear, also after a failure. FC_EFORMAT with "file:line:column: ...", FC_ENOMEM. */
fc_status_t settings_local_read(const fc_config_node_t *platform, settings_local_t *settings, fc_error_t *error);
void settings_local_clear(settings_local_t *settings);

#ifdef __cplusplus
}
#endif
#endif
