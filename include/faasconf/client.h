/* faasconf/client.h - ask a faasconfd: the RPC client of libfaasconf.
 *
 * One client is one connection and belongs to one thread. Every call carries a deadline and blocks at most that long;
 * an expired one answers FC_ETIMEOUT and the connection is renewed. The gRPC code of the last answer stays readable.
 */
#ifndef FAASCONF_CLIENT_H
#define FAASCONF_CLIENT_H

#include "faasconf/rpc.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fc_client fc_client_t;

/* "0.1.0": of the shared library at run time. Static storage. */
const char *fc_library_version(void);

/* `endpoint`: "tcp://host:port" or "ipc://path" of the server's rpc address. Does not wait for the server. Caller owns
 * the result and destroys it with fc_client_destroy. */
fc_status_t fc_client_new(const char *endpoint, int32_t timeout_ms, fc_client_t **out, fc_error_t *error);
void fc_client_destroy(fc_client_t **client);
fc_rpc_code_t fc_client_last_code(const fc_client_t *client);

/* Each: error->message is the server's message. Responses are the caller's to clear. */
fc_status_t fc_client_register(fc_client_t *client, const char *workflow_text, size_t size,
                               fc_rpc_register_response_t *response, fc_error_t *error);
fc_status_t fc_client_decide(fc_client_t *client, const fc_rpc_decide_request_t *request,
                             fc_rpc_decide_response_t *response, fc_error_t *error);
fc_status_t fc_client_explain(fc_client_t *client, const fc_rpc_decide_request_t *request,
                              fc_rpc_explain_response_t *response, fc_error_t *error);
fc_status_t fc_client_list(fc_client_t *client, const char *workflow, fc_rpc_list_response_t *response,
                           fc_error_t *error);
fc_status_t fc_client_status(fc_client_t *client, fc_rpc_status_response_t *response, fc_error_t *error);

/* Any method with raw payloads (for tests and new methods). */
fc_status_t fc_client_call(fc_client_t *client, const char *method, const uint8_t *payload, size_t size,
                           fc_wire_buffer_t *response, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
