/* client.c - the RPC client: one DEALER socket in a context of its own, one request at a time.
 *
 * A request is one frame, single part. Answers to earlier requests (after a deadline passed) are told apart by their
 * request id and dropped. After a deadline or a malformed answer the socket is renewed, so that nothing stale can
 * arrive and a server that came back is found again. Nothing lingers: destroying a client never blocks.
 */
#include "faasconf/client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "faasconf/clock.h"

enum {
  ENDPOINT_SIZE = 256,
  RECONNECT_FIRST_MS = 50,
  RECONNECT_MOST_MS = 2000,
  HANDSHAKE_MS = 3000,
  NS_PER_MS = 1000000
};

const char *fc_library_version(void) {
  return FAASCONF_VERSION;
}

struct fc_client {
  void *context;
  void *socket; /* NULL after a failed renewal; the next call tries again */
  char endpoint[ENDPOINT_SIZE];
  int32_t timeout_ms;
  uint64_t last_request_id;
  fc_rpc_code_t last_code;
  fc_clock_t clock;
  fc_wire_buffer_t payload; /* of the request being made */
  fc_wire_buffer_t frame;
};

/* ---- connection ---- */

static void disconnect(fc_client_t *client) {
  if (client->socket != NULL) zmq_close(client->socket);
  client->socket = NULL;
}

static bool set_options(void *socket) {
  static const struct {
    int option, value;
  } options[] = {{ZMQ_LINGER, 0},
                 {ZMQ_SNDHWM, 4},
                 {ZMQ_RCVHWM, 16},
                 {ZMQ_RECONNECT_IVL, RECONNECT_FIRST_MS},
                 {ZMQ_RECONNECT_IVL_MAX, RECONNECT_MOST_MS},
                 {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
                 {ZMQ_IPV6, 1}};
  for (size_t i = 0; i < sizeof options / sizeof options[0]; ++i) {
    if (zmq_setsockopt(socket, options[i].option, &options[i].value, sizeof options[i].value) != 0) return false;
  }
  const int64_t most_bytes = FC_WIRE_MAX_REPLY_BYTES;
  return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &most_bytes, sizeof most_bytes) == 0;
}

static fc_status_t connect_socket(fc_client_t *client, fc_error_t *error) {
  client->socket = zmq_socket(client->context, ZMQ_DEALER);
  if (client->socket == NULL || !set_options(client->socket)) {
    disconnect(client);
    return fc_error_set(error, FC_EIO, "no socket to %s: %s", client->endpoint, zmq_strerror(errno));
  }
  if (zmq_connect(client->socket, client->endpoint) != 0) {
    disconnect(client);
    return fc_error_set(error, FC_EINVAL,
                        "'%s' is not an address to connect to (%s); expected tcp://HOST:PORT or "
                        "ipc://PATH",
                        client->endpoint, zmq_strerror(errno));
  }
  return FC_OK;
}

fc_status_t fc_client_new(const char *endpoint, int32_t timeout_ms, fc_client_t **out, fc_error_t *error) {
  *out = NULL;
  if (endpoint == NULL || strlen(endpoint) >= ENDPOINT_SIZE ||
      (strncmp(endpoint, "tcp://", 6) != 0 && strncmp(endpoint, "ipc://", 6) != 0)) {
    return fc_error_set(error, FC_EINVAL,
                        "'%.200s' is not an address of a server; expected tcp://HOST:PORT or "
                        "ipc://PATH",
                        endpoint != NULL ? endpoint : "");
  }
  if (timeout_ms < 1) {
    return fc_error_set(error, FC_EINVAL, "a deadline of %d ms; at least 1 was expected", (int)timeout_ms);
  }
  fc_client_t *client = calloc(1, sizeof *client);
  if (client == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for a client");
  snprintf(client->endpoint, sizeof client->endpoint, "%s", endpoint);
  client->timeout_ms = timeout_ms;
  client->clock = fc_clock_system();
  client->context = zmq_ctx_new();
  if (client->context == NULL) {
    free(client);
    return fc_error_set(error, FC_EIO, "ZeroMQ cannot start: %s", zmq_strerror(errno));
  }
  const fc_status_t status = connect_socket(client, error);
  if (status != FC_OK) {
    fc_client_destroy(&client);
    return status;
  }
  *out = client;
  return FC_OK;
}

void fc_client_destroy(fc_client_t **client) {
  if (client == NULL || *client == NULL) return;
  disconnect(*client);
  zmq_ctx_term((*client)->context);
  fc_wire_buffer_clear(&(*client)->payload);
  fc_wire_buffer_clear(&(*client)->frame);
  free(*client);
  *client = NULL;
}

fc_rpc_code_t fc_client_last_code(const fc_client_t *client) {
  return client->last_code;
}

/* ---- one exchange ---- */

static fc_status_t fail(fc_client_t *client, fc_rpc_code_t code, fc_status_t status) {
  client->last_code = code;
  return status;
}

/* The connection may hold an answer nobody waits for: start afresh. A failure shows in the next call. */
static fc_status_t give_up(fc_client_t *client, fc_rpc_code_t code, fc_status_t status) {
  disconnect(client);
  (void)connect_socket(client, NULL);
  return fail(client, code, status);
}

static fc_status_t timed_out(fc_client_t *client, fc_error_t *error) {
  (void)fc_error_set(error, FC_ETIMEOUT, "no answer from %s within %d ms; is faasconfd running there, and reachable?",
                     client->endpoint, (int)client->timeout_ms);
  return give_up(client, FC_RPC_DEADLINE_EXCEEDED, FC_ETIMEOUT);
}

/* Waits for `events` until the deadline. FC_ETIMEOUT leaves *error alone. */
static fc_status_t wait_for(fc_client_t *client, short events, int64_t deadline_ns) {
  for (;;) {
    const int64_t left_ns = deadline_ns - client->clock.monotonic_ns(client->clock.self);
    if (left_ns <= 0) return FC_ETIMEOUT;
    zmq_pollitem_t item = {.socket = client->socket, .events = events};
    const int n = zmq_poll(&item, 1, (long)(left_ns / NS_PER_MS) + 1);
    if (n > 0) return FC_OK;
    if (n < 0 && errno != EINTR) return FC_EIO;
  }
}

static fc_status_t send_frame(fc_client_t *client, int64_t deadline_ns, fc_error_t *error) {
  for (;;) {
    if (zmq_send(client->socket, client->frame.data, client->frame.size, ZMQ_DONTWAIT) >= 0) return FC_OK;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) {
      (void)fc_error_set(error, FC_EIO, "cannot send to %s: %s", client->endpoint, zmq_strerror(errno));
      return give_up(client, FC_RPC_UNAVAILABLE, FC_EIO);
    }
    const fc_status_t status = wait_for(client, ZMQ_POLLOUT, deadline_ns);
    if (status == FC_ETIMEOUT) return timed_out(client, error);
    if (status != FC_OK) return give_up(client, FC_RPC_UNAVAILABLE, status);
  }
}

/* The next message, which must be one frame. */
static fc_status_t receive_message(fc_client_t *client, fc_wire_message_t *message, fc_error_t *error) {
  zmq_msg_t part;
  zmq_msg_init(&part);
  if (zmq_msg_recv(&part, client->socket, ZMQ_DONTWAIT) < 0) {
    const int number = errno;
    zmq_msg_close(&part);
    if (number == EAGAIN || number == EINTR) return FC_ETIMEOUT; /* nothing yet after all */
    return fc_error_set(error, FC_EIO, "cannot receive from %s: %s", client->endpoint, zmq_strerror(number));
  }
  fc_status_t status;
  if (zmq_msg_more(&part) != 0) {
    status = fc_error_set(error, FC_EFORMAT, "an answer of several parts; one was expected");
  } else {
    status = fc_wire_decode(zmq_msg_data(&part), zmq_msg_size(&part), FC_WIRE_MAX_REPLY_BYTES, message, error);
  }
  zmq_msg_close(&part);
  return status;
}

/* What the server said, in our words for its code. */
static fc_status_t refused(fc_client_t *client, fc_rpc_code_t code, const char *message, fc_error_t *error) {
  const bool silent = message == NULL || message[0] == '\0';
  return fail(client, code,
              fc_error_set(error, fc_status_from_rpc_code(code), "%s", silent ? "the server gave no reason" : message));
}

/* Our answer into *response, or what the server said instead. FC_ETIMEOUT: not ours, wait on. */
static fc_status_t judge_message(fc_client_t *client, fc_wire_message_t *message, fc_wire_rpc_response_t *response,
                                 fc_error_t *error) {
  if (message->type == FC_WIRE_REFUSAL) {
    const fc_wire_refusal_t *refusal = &message->as.refusal;
    return refused(client, refusal->code == FC_RPC_OK ? FC_RPC_UNKNOWN : refusal->code, refusal->message, error);
  }
  if (message->type != FC_WIRE_RPC_RESPONSE) return FC_ETIMEOUT;
  const fc_wire_rpc_response_t *answer = &message->as.rpc_response;
  /* Id 0: the server could not read the id of what we sent, which can only be the request in flight. */
  const bool unread = answer->request_id == 0 && answer->code != FC_RPC_OK;
  if (answer->request_id != client->last_request_id && !unread) return FC_ETIMEOUT;
  if (answer->code != FC_RPC_OK) return refused(client, answer->code, answer->message, error);
  *response = *answer;
  memset(message, 0, sizeof *message); /* what it owned is the response's now */
  return fail(client, FC_RPC_OK, FC_OK);
}

static fc_status_t await_response(fc_client_t *client, int64_t deadline_ns, fc_wire_rpc_response_t *response,
                                  fc_error_t *error) {
  for (;;) {
    fc_status_t status = wait_for(client, ZMQ_POLLIN, deadline_ns);
    if (status == FC_ETIMEOUT) return timed_out(client, error);
    if (status != FC_OK) return give_up(client, FC_RPC_UNAVAILABLE, fc_error_set(error, status, "the poll failed"));
    fc_wire_message_t message = {0};
    status = receive_message(client, &message, error);
    if (status == FC_ETIMEOUT) continue;
    if (status != FC_OK) {
      (void)fc_error_prefix(error, "malformed answer of %s", client->endpoint);
      return give_up(client, FC_RPC_INTERNAL, status);
    }
    status = judge_message(client, &message, response, error);
    fc_wire_message_clear(&message);
    if (status != FC_ETIMEOUT || client->last_code == FC_RPC_DEADLINE_EXCEEDED) return status;
  }
}

static fc_status_t exchange(fc_client_t *client, const char *method, const uint8_t *payload, size_t size,
                            fc_wire_rpc_response_t *response, fc_error_t *error) {
  const int64_t deadline_ns = client->clock.monotonic_ns(client->clock.self) + (int64_t)client->timeout_ms * NS_PER_MS;
  client->last_code = FC_RPC_OK;
  if (client->socket == NULL) {
    const fc_status_t status = connect_socket(client, error);
    if (status != FC_OK) return fail(client, FC_RPC_UNAVAILABLE, status);
  }
  fc_wire_message_t request = {.type = FC_WIRE_RPC_REQUEST};
  if (strlen(method) >= sizeof request.as.rpc_request.method) {
    return fail(client, FC_RPC_INVALID_ARGUMENT,
                fc_error_set(error, FC_EINVAL, "the name of a method has at most %d bytes", FC_NAME_SIZE - 1));
  }
  snprintf(request.as.rpc_request.method, sizeof request.as.rpc_request.method, "%s", method);
  request.as.rpc_request.request_id = ++client->last_request_id;
  request.as.rpc_request.deadline_ms = (uint32_t)client->timeout_ms;
  request.as.rpc_request.payload = (uint8_t *)(uintptr_t)payload; /* only read */
  request.as.rpc_request.size = size;
  const fc_status_t encoded = fc_wire_encode(&request, &client->frame, error);
  if (encoded != FC_OK) return fail(client, fc_rpc_code_from_status(encoded), encoded);
  if (client->frame.size > FC_WIRE_MAX_RPC_BYTES) {
    return fail(client, FC_RPC_RESOURCE_EXHAUSTED,
                fc_error_set(error, FC_EEXHAUSTED, "a request of %zu bytes; a server accepts at most %d",
                             client->frame.size, FC_WIRE_MAX_RPC_BYTES));
  }
  FC_TRY(send_frame(client, deadline_ns, error));
  return await_response(client, deadline_ns, response, error);
}

/* ---- methods ---- */

fc_status_t fc_client_call(fc_client_t *client, const char *method, const uint8_t *payload, size_t size,
                           fc_wire_buffer_t *response, fc_error_t *error) {
  fc_wire_rpc_response_t answer = {0};
  FC_TRY(exchange(client, method, payload, size, &answer, error));
  fc_wire_buffer_clear(response);
  response->data = answer.payload;
  response->size = answer.size;
  response->capacity = answer.size;
  return FC_OK;
}

/* Decodes the answer's payload with `decode` and maps what is wrong with it. */
#define CALL(method, decode)                                                                      \
  do {                                                                                            \
    fc_wire_rpc_response_t answer = {0};                                                          \
    FC_TRY(exchange(client, method, client->payload.data, client->payload.size, &answer, error)); \
    const fc_status_t status = decode(answer.payload, answer.size, response, error);              \
    free(answer.payload);                                                                         \
    if (status == FC_OK) return FC_OK;                                                            \
    (void)fc_error_prefix(error, "malformed answer of %s", client->endpoint);                     \
    return fail(client, FC_RPC_INTERNAL, status);                                                 \
  } while (0)

/* An argument that does not encode never reaches the server. */
static fc_status_t encoded(fc_client_t *client, fc_status_t status) {
  return status == FC_OK ? FC_OK : fail(client, fc_rpc_code_from_status(status), status);
}

fc_status_t fc_client_register(fc_client_t *client, const char *workflow_text, size_t size,
                               fc_rpc_register_response_t *response, fc_error_t *error) {
  const fc_rpc_register_request_t request = {.text = (char *)(uintptr_t)workflow_text, .size = size};
  FC_TRY(encoded(client, fc_rpc_encode_register_request(&request, &client->payload, error)));
  CALL(FC_RPC_REGISTER, fc_rpc_decode_register_response);
}

fc_status_t fc_client_decide(fc_client_t *client, const fc_rpc_decide_request_t *request,
                             fc_rpc_decide_response_t *response, fc_error_t *error) {
  FC_TRY(encoded(client, fc_rpc_encode_decide_request(request, &client->payload, error)));
  CALL(FC_RPC_DECIDE, fc_rpc_decode_decide_response);
}

fc_status_t fc_client_explain(fc_client_t *client, const fc_rpc_decide_request_t *request,
                              fc_rpc_explain_response_t *response, fc_error_t *error) {
  FC_TRY(encoded(client, fc_rpc_encode_decide_request(request, &client->payload, error)));
  CALL(FC_RPC_EXPLAIN, fc_rpc_decode_explain_response);
}

fc_status_t fc_client_list(fc_client_t *client, const char *workflow, fc_rpc_list_response_t *response,
                           fc_error_t *error) {
  fc_rpc_list_request_t request = {{0}};
  const char *name = workflow != NULL ? workflow : "";
  if (strlen(name) >= sizeof request.workflow) {
    return fail(client, FC_RPC_INVALID_ARGUMENT,
                fc_error_set(error, FC_EINVAL, "the name of a workflow has at most %d bytes", FC_NAME_SIZE - 1));
  }
  snprintf(request.workflow, sizeof request.workflow, "%s", name);
  FC_TRY(encoded(client, fc_rpc_encode_list_request(&request, &client->payload, error)));
  CALL(FC_RPC_LIST, fc_rpc_decode_list_response);
}

fc_status_t fc_client_status(fc_client_t *client, fc_rpc_status_response_t *response, fc_error_t *error) {
  client->payload.size = 0; /* the request of server.status is empty */
  CALL(FC_RPC_STATUS, fc_rpc_decode_status_response);
}
