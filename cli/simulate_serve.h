/* simulate_serve.h - `faasconf simulate --serve ENDPOINT`: one simulated workflow (served.h) on a ROUTER socket.
 *
 * The frames and envelopes are those of the policy RPC (faasconf/wire.h), the methods simulation.* of faasconf/rpc.h.
 * The socket is plain, so loopback only. Anything malformed is refused, counted and forgotten. A connection that breaks
 * is noticed by probing: a heartbeat that cannot be delivered (when: served_should_probe). SIGINT and SIGTERM end the
 * run with the same summary. Every agent that joined is told that the run is over, whatever ended it. One thread;
 * blocks until the end.
 */
#ifndef CLI_SIMULATE_SERVE_H
#define CLI_SIMULATE_SERVE_H

#include "served.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char *endpoint;
  served_options_t served;
  bool json;
} simulate_serve_options_t;

typedef enum { SERVE_END_WINDOWS = 0, SERVE_END_NOBODY = 1, SERVE_END_SIGNAL = 2 } serve_end_t;

typedef struct {
  served_t *served; /* owned */
  serve_end_t end;
  int64_t requests, refused, malformed;
} simulate_serve_result_t;

/* FC_EUNSAFE: not a loopback address. FC_EIO: it cannot be bound. Caller frees with simulate_serve_clear, also after a
 * failure. */
fc_status_t simulate_serve(const simulate_serve_options_t *options, simulate_serve_result_t *result, fc_error_t *error);
void simulate_serve_clear(simulate_serve_result_t *result);

/* The summary on stdout: a table, or one JSON object. */
void report_serve(const simulate_serve_options_t *options, const simulate_serve_result_t *result);

#ifdef __cplusplus
}
#endif
#endif
