/* publish.h - step 7 of the flow: hints of new policies, on an XPUB socket.
 *
 * A hint (topic = workflow name, body = frame HINT) says which version is live, signed; the agent then pulls it from
 * the ingest socket, so that a lost hint costs nothing. One goes out when a policy becomes live, and again whenever
 * somebody subscribes, so that a late subscriber knows at once. The thread owns the socket and reads the registry's
 * snapshots.
 */
#ifndef SERVER_PUBLISH_PUBLISH_H
#define SERVER_PUBLISH_PUBLISH_H

#include "faasconf/log.h"
#include "registry.h"
#include "stats.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct publish publish_t;

typedef struct {
  const char *endpoint;
  registry_t *registry;
  stats_t *stats;
  const fc_log_t *log;
} publish_options_t;

/* Binds. Borrows everything until publish_destroy. Caller owns the result and destroys it with publish_destroy. */
fc_status_t publish_new(const publish_options_t *options, publish_t **out, fc_error_t *error);
fc_status_t publish_start(publish_t *publish, fc_error_t *error);
const char *publish_address(const publish_t *publish);
/* Stops and joins. */
void publish_destroy(publish_t **publish);

#ifdef __cplusplus
}
#endif
#endif
