/* local_site.h - a workflow's processes on this machine, for `faasconf demo --platform local` and `faasconf eval
 * local`.
 *
 * Everything around the platform local that an operator would have: ports, the orchestrator, Prometheus, and
 * agent.yaml. The functions and HAProxy belong to whoever opens the platform. Commands of the functions are those of
 * the workflow file's `platform:` section. One thread; what was started is stopped by local_site_stop, and by the
 * kernel when this process dies.
 */
#ifndef CLI_LOCAL_SITE_H
#define CLI_LOCAL_SITE_H

#include "faasconf/workflow.h"
#include "process.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { LOCAL_SITE_PATH_SIZE = 1024 };

typedef struct {
  const fc_workflow_t *workflow;
  char workflow_path[LOCAL_SITE_PATH_SIZE], folder[LOCAL_SITE_PATH_SIZE]; /* both absolute */
  int32_t gateway_port, orchestrator_port, metrics_port, prometheus_port;
  int32_t *ports;  /* (N) of the functions */
  char **commands; /* (N) as YAML lists */
  process_t orchestrator, prometheus;
} local_site_t;

/* What differs between the agents of one site. */
typedef struct {
  const char *name;           /* its state folder is folder/NAME, its file folder/NAME.yaml */
  const char *ingest, *hints; /* of its server; NULL: none */
  int32_t session_windows;    /* budget of the tuning session; 0: none */
  uint64_t seed;
} local_site_agent_t;

/* Root, control groups and programs: what platform local and Prometheus need of this machine. FC_EUNSAFE or
 * FC_ENOTFOUND with what to do. */
fc_status_t local_site_check_machine(fc_error_t *error);

/* Reads the commands and chooses free ports; starts nothing. Borrows workflow. folder exists. FC_EINVAL: the workflow
 * file says no commands. Caller ends with local_site_stop, also after a failure. */
fc_status_t local_site_new(const fc_workflow_t *workflow, const char *workflow_path, const char *folder,
                           local_site_t *site, fc_error_t *error);

/* Starts orchestrator and Prometheus (a scrape of HAProxy's exporter each second) and waits until both listen. */
fc_status_t local_site_start(local_site_t *site, fc_error_t *error);

/* How many requests Prometheus has seen HAProxy's gateway take since HAProxy was started; ask two scrapes after the
 * last one. FC_ESTATE when there is no sample of the last ten seconds; errors of the query. */
fc_status_t local_site_count_requests(const local_site_t *site, int64_t *requests, fc_error_t *error);

/* FC_EIO with its log when one of them has ended. */
fc_status_t local_site_check(local_site_t *site, fc_error_t *error);

/* Writes folder/NAME.yaml: mode auto, platform local. The agent's own name ends with the gateway's port, so that two
 * sites on one machine have control groups of their own. */
fc_status_t local_site_write_agent(const local_site_t *site, const local_site_agent_t *agent, fc_error_t *error);

/* True when somebody listens at 127.0.0.1:port. */
bool local_site_listens(int32_t port);

void local_site_stop(local_site_t *site);

#ifdef __cplusplus
}
#endif
#endif
