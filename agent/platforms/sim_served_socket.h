/* sim_served_socket.h - requests to a served simulation (`faasconf simulate --serve`) over one DEALER socket.
 *
 * The frames and envelopes of the policy RPC (faasconf/wire.h), the methods simulation.* of faasconf/rpc.h. Nothing
 * from the socket is believed before fc_wire_decode checked it. One request is answered before the next, but for
 * what may take longer (simulation.window, whose answer takes as long as the other agents do): that is asked for and
 * collected later. When the connection breaks, every request fails until sim_served_socket_renew. One thread; calls
 * block as long as they say.
 */
#ifndef AGENT_PLATFORMS_SIM_SERVED_SOCKET_H
#define AGENT_PLATFORMS_SIM_SERVED_SOCKET_H

#include "faasconf/clock.h"
#include "faasconf/rpc.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sim_served_socket sim_served_socket_t;

/* Connecting happens in the background. FC_EIO. Caller owns the result and destroys it with
 * sim_served_socket_destroy. */
fc_status_t sim_served_socket_new(const char *endpoint, fc_clock_t clock, sim_served_socket_t **out, fc_error_t *error);
/* Waits at most linger_ms for what is already handed to the socket. */
void sim_served_socket_destroy(sim_served_socket_t **socket, int linger_ms);

/* The buffer a request's payload is encoded into. */
fc_wire_buffer_t *sim_served_socket_payload(sim_served_socket_t *socket);

/* Sends payload as `method` and waits for its answer: a failure is what the other side said, FC_ETIMEOUT nothing within
 * timeout_s, FC_EIO the connection broke, FC_ECLOSED the other side said that its run is over. The answer's payload is
 * borrowed until the next call. */
fc_status_t sim_served_socket_ask(sim_served_socket_t *socket, const char *method, double timeout_s,
                                  const uint8_t **answer, size_t *size, fc_error_t *error);

/* Sends payload as `method` without waiting: sim_served_socket_collect brings the answer. One at a time. FC_EIO and
 * FC_ECLOSED as sim_served_socket_ask. */
fc_status_t sim_served_socket_send(sim_served_socket_t *socket, const char *method, fc_error_t *error);
bool sim_served_socket_is_waiting(const sim_served_socket_t *socket);

/* Waits at most timeout_ms for the answer to what was sent. FC_ETIMEOUT: not yet. Else as sim_served_socket_ask. */
fc_status_t sim_served_socket_collect(sim_served_socket_t *socket, int timeout_ms, const uint8_t **answer, size_t *size,
                                      fc_error_t *error);

/* Begins anew, on the connection that takes the place of a broken one (made in the background: requests wait for it).
 * Answers that were waited for come no more. */
void sim_served_socket_renew(sim_served_socket_t *socket);

/* Frames that did not decode, and answers nobody asked for. */
int64_t sim_served_socket_malformed(const sim_served_socket_t *socket);

#ifdef __cplusplus
}
#endif
#endif
