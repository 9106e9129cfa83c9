/* probe.h - one question to a server's ingest address: are you there, do you know this workflow, what is live?
 *
 * A HELLO under a name that no agent has, on a connection of its own: the server stores nothing for it (its counter of
 * connected agents has one more until it forgets the connection). For people who look before they start an agent; the
 * agent itself speaks through link.h. Blocks at most timeout_ms. Any thread.
 */
#ifndef AGENT_PROBE_H
#define AGENT_PROBE_H

#include "faasconf/wire.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What agents cannot be called: agent names have no spaces. */
#define PROBE_AGENT_NAME "faasconf doctor"

typedef struct {
  bool is_connected; /* somebody speaks ZeroMQ there; also when the call fails */
  fc_wire_welcome_t welcome;
} probe_t;

/* endpoint: tcp:// or ipc://. FC_ETIMEOUT: nobody, or no answer, within timeout_ms (see is_connected); FC_EUNSAFE: it
 * refused, with its reason; FC_EFORMAT: what it answers is not this protocol; FC_EINVAL, FC_EIO. */
fc_status_t probe_server(const char *endpoint, const fc_workflow_t *workflow, int timeout_ms, probe_t *probe,
                         fc_error_t *error);

/* Does somebody publish at the hints address? It subscribes to nothing. FC_ETIMEOUT: nobody within timeout_ms;
 * FC_EINVAL, FC_EIO. */
fc_status_t probe_hints(const char *endpoint, int timeout_ms, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
