/* demo_server.h - the demo's faasconfd: configured, started, restarted when it dies, stopped.
 *
 * Stands in for the service manager of a real installation. The first start takes free ports; a restart takes the same
 * ones, so that the agent finds its server again. One thread.
 */
#ifndef CLI_DEMO_SERVER_H
#define CLI_DEMO_SERVER_H

#include "process.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DEMO_ENDPOINT_SIZE = 128, DEMO_PATH_SIZE = 512 };

typedef struct {
  char folder[DEMO_PATH_SIZE]; /* of the demo; the store is folder/store */
  char program[DEMO_PATH_SIZE];
  uint64_t seed;
  process_t process;
  int32_t n_restarts;
  char ingest[DEMO_ENDPOINT_SIZE];
  char hints[DEMO_ENDPOINT_SIZE];
  char rpc[DEMO_ENDPOINT_SIZE];
} demo_server_t;

/* Writes server.yaml, starts faasconfd and waits until its endpoints are known. Blocks up to 20 s. */
fc_status_t demo_server_start(demo_server_t *server, fc_error_t *error);

/* Restarts it when it ended by itself (at most 5 times). Blocks up to 20 s then; returns at once otherwise. */
fc_status_t demo_server_supervise(demo_server_t *server, fc_error_t *error);

/* The policy version of this workflow that is live there; left alone when there is none. Blocks up to 5 s. */
fc_status_t demo_server_policy_version(const demo_server_t *server, const char *workflow, int64_t *version,
                                       fc_error_t *error);

/* Asks it to stop, waits, kills it when it does not. */
void demo_server_stop(demo_server_t *server);

/* The same at the end of a run: FC_EIO with the place of its log when it did not end with code 0. */
fc_status_t demo_server_end(demo_server_t *server, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
