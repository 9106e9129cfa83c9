/* simulate_serve.c - see simulate_serve.h: the socket and its messages. */
#include "simulate_serve.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "endpoint.h"
#include "server_config.h"

enum {
  CONNECTION_MAX_BYTES = 8 * FC_WIRE_MAX_RPC_BYTES, /* above, the peer is disconnected; between, it is refused */
  BACKLOG = 64,
  POLL_MS = 50,
  BURST = 256,
  FLUSH_MS = 500
};

typedef struct {
  endpoint_peer_t peer;
  uint64_t request_id; /* of simulation.window, not answered yet; 0: none */
} connection_t;

typedef struct {
  simulate_serve_result_t *result;
  const fc_workflow_t *workflow;
  endpoint_t endpoint;
  connection_t connections[SERVED_MAX_AGENTS]; /* by member */
  uint8_t *body;
  size_t body_capacity;
  fc_wire_buffer_t payload, frame;
  uint64_t probes;
} serve_t;

/* The one place where a signal reaches the command; read between polls. */
static volatile sig_atomic_t interrupted = 0;
static void on_signal(int number) {
  (void)number;
  interrupted = 1;
}

/* ---- answering ---- */

/* False: the peer is gone. */
static bool send_message(serve_t *serve, const endpoint_peer_t *peer, const fc_wire_message_t *message) {
  fc_error_t error = {0};
  if (fc_wire_encode(message, &serve->frame, &error) != FC_OK) {
    fprintf(stderr, "faasconf simulate: an answer cannot be encoded: %s\n", error.message);
    return true;
  }
  return endpoint_send(&serve->endpoint, peer, 0, serve->frame.data, serve->frame.size) != FC_ENOTFOUND;
}

static bool answer(serve_t *serve, const endpoint_peer_t *peer, uint64_t request_id, fc_status_t status,
                   const fc_error_t *error) {
  fc_wire_message_t message = {.type = FC_WIRE_RPC_RESPONSE};
  fc_wire_rpc_response_t *response = &message.as.rpc_response;
  response->request_id = request_id;
  response->code = status == FC_OK ? FC_RPC_OK : fc_rpc_code_from_status(status);
  if (status == FC_OK) {
    response->payload = serve->payload.data;
    response->size = serve->payload.size;
  } else {
    serve->result->refused += 1;
    response->message = (char *)(uintptr_t)(error->message[0] != '\0' ? error->message : fc_status_text(status));
  }
  return send_message(serve, peer, &message);
}

static int32_t member_of(const serve_t *serve, const endpoint_peer_t *peer) {
  const served_t *served = serve->result->served;
  for (int32_t m = 0; m < served_n_members(served); ++m) {
    const endpoint_peer_t *known = &serve->connections[m].peer;
    if (served_takes_part(served, m) && known->size == peer->size && memcmp(known->bytes, peer->bytes, peer->size) == 0)
      return m;
  }
  return -1;
}

/* ---- methods ---- */

static fc_status_t encode_state(serve_t *serve, int32_t member, fc_error_t *error) {
  fc_rpc_simulation_state_t state;
  FC_TRY(served_state(serve->result->served, member, &state, error));
  return fc_rpc_encode_simulation_state(&state, &serve->payload, error);
}

/* True when a heartbeat can still be handed to its connection. */
static bool is_there(serve_t *serve, int32_t member) {
  const fc_wire_message_t message = {.type = FC_WIRE_HEARTBEAT, .as.heartbeat.counter = ++serve->probes};
  return send_message(serve, &serve->connections[member].peer, &message);
}

/* It asks again because the answer did not come in time. */
static bool is_same_join(const serve_t *serve, int32_t member, const fc_rpc_simulation_join_request_t *request) {
  const served_t *served = serve->result->served;
  if (strcmp(served_member(served, member)->name, request->agent) != 0) return false;
  for (int32_t f = 0; f < serve->workflow->n_functions; ++f) {
    bool asked = request->n_functions == 0;
    for (int32_t i = 0; i < request->n_functions && !asked; ++i)
      asked = strcmp(request->functions[i], serve->workflow->functions[f].name) == 0;
    if (asked != served_claimed(served, member, f)) return false;
  }
  return true;
}

static fc_status_t join(serve_t *serve, const endpoint_peer_t *peer, const fc_rpc_simulation_join_request_t *request,
                        fc_error_t *error) {
  served_t *served = serve->result->served;
  const int32_t here = member_of(serve, peer), known = served_find(served, request->agent);
  if (here >= 0 && is_same_join(serve, here, request)) return encode_state(serve, here, error);
  if (here >= 0)
    return fc_error_set(error, FC_EEXISTS, "this connection has joined as agent %s already",
                        served_member(served, here)->name);
  /* An agent that died and was started again is faster than the next probe. */
  if (served_takes_part(served, known) && !is_there(serve, known)) served_lose(served, known);
  int32_t member = -1;
  FC_TRY(served_join(served, request, &member, error));
  serve->connections[member] = (connection_t){.peer = *peer};
  return encode_state(serve, member, error);
}

static fc_status_t on_join(serve_t *serve, const endpoint_peer_t *peer, const fc_wire_rpc_request_t *envelope,
                           fc_error_t *error) {
  fc_rpc_simulation_join_request_t request = {0};
  FC_TRY(fc_rpc_decode_simulation_join_request(envelope->payload, envelope->size, &request, error));
  const fc_status_t status = join(serve, peer, &request, error);
  fc_rpc_simulation_join_request_clear(&request);
  return status;
}

static fc_status_t on_write(serve_t *serve, int32_t member, const fc_wire_rpc_request_t *envelope, fc_error_t *error) {
  fc_rpc_simulation_write_request_t request = {0};
  FC_TRY(fc_rpc_decode_simulation_write_request(envelope->payload, envelope->size, &request, error));
  FC_TRY(served_write(serve->result->served, member, &request, error));
  return encode_state(serve, member, error);
}

/* *later: the answer comes when the window was simulated. */
static fc_status_t on_window(serve_t *serve, int32_t member, const fc_wire_rpc_request_t *envelope, bool *later,
                             fc_error_t *error) {
  fc_rpc_simulation_window_request_t request = {0};
  FC_TRY(fc_rpc_decode_simulation_window_request(envelope->payload, envelope->size, &request, error));
  FC_TRY(served_ready(serve->result->served, member, request.window, error));
  serve->connections[member].request_id = envelope->request_id;
  *later = true;
  return FC_OK;
}

static void on_request(serve_t *serve, const endpoint_peer_t *peer, const fc_wire_rpc_request_t *envelope) {
  const int32_t member = member_of(serve, peer);
  const char *method = envelope->method;
  fc_error_t error = {0};
  fc_status_t status = FC_OK;
  bool later = false;
  serve->result->requests += 1;
  served_heard(serve->result->served, member);
  serve->payload.size = 0;
  if (strcmp(method, FC_RPC_SIMULATION_JOIN) == 0) {
    status = on_join(serve, peer, envelope, &error);
  } else if (strcmp(method, FC_RPC_SIMULATION_STATE) == 0) {
    status = encode_state(serve, member, &error);
  } else if (strcmp(method, FC_RPC_SIMULATION_WRITE) == 0) {
    status = on_write(serve, member, envelope, &error);
  } else if (strcmp(method, FC_RPC_SIMULATION_WINDOW) == 0) {
    status = on_window(serve, member, envelope, &later, &error);
  } else if (strcmp(method, FC_RPC_SIMULATION_LEAVE) == 0) {
    served_leave(serve->result->served, member);
  } else {
    status = fc_error_set(&error, FC_EINVAL, "no method %s here: expected one of simulation.*", method);
  }
  if (!later && !answer(serve, peer, envelope->request_id, status, &error)) served_lose(serve->result->served, member);
}

/* ---- receiving ---- */

static void refuse(serve_t *serve, const endpoint_peer_t *peer, fc_status_t status, fc_error_t *error) {
  serve->result->malformed += 1;
  fc_wire_message_t message = {.type = FC_WIRE_REFUSAL};
  message.as.refusal.code = fc_rpc_code_from_status(status);
  message.as.refusal.message = error->message;
  (void)send_message(serve, peer, &message);
}

static void on_frame(serve_t *serve, const endpoint_peer_t *peer, fc_status_t received, size_t size) {
  fc_wire_message_t message = {.type = FC_WIRE_NONE};
  fc_error_t error = {0};
  fc_status_t status = received;
  if (received != FC_OK) {
    fc_error_set(&error, received, "expected a message of one part: a frame");
  } else {
    status = fc_wire_decode(serve->body, size, FC_WIRE_MAX_RPC_BYTES, &message, &error);
  }
  if (status == FC_OK && message.type == FC_WIRE_RPC_REQUEST) {
    on_request(serve, peer, &message.as.rpc_request);
  } else if (status != FC_OK || message.type != FC_WIRE_HEARTBEAT) {
    if (status == FC_OK)
      status = fc_error_set(&error, FC_EINVAL, "messages of type %d are not taken here", (int)message.type);
    refuse(serve, peer, status, &error);
  }
  fc_wire_message_clear(&message);
}

static void receive(serve_t *serve) {
  for (int32_t i = 0; i < BURST; ++i) {
    endpoint_peer_t peer;
    int delimited = 0;
    size_t size = 0;
    const fc_status_t status =
        endpoint_receive(&serve->endpoint, &peer, &delimited, &serve->body, &serve->body_capacity, &size);
    if (status == FC_ETIMEOUT) return;
    on_frame(serve, &peer, delimited ? FC_EFORMAT : status, size);
  }
}

/* ---- the loop ---- */

static void deliver(serve_t *serve) {
  served_t *served = serve->result->served;
  for (int32_t m = 0; m < served_n_members(served); ++m) {
    const fc_observation_t *observation = served_deliver(served, m);
    if (observation == NULL) continue;
    const fc_rpc_simulation_window_response_t response = {.observation = *observation};
    fc_error_t error = {0};
    const fc_status_t status = fc_rpc_encode_simulation_window_response(&response, &serve->payload, &error);
    connection_t *connection = &serve->connections[m];
    if (!answer(serve, &connection->peer, connection->request_id, status, &error)) served_lose(served, m);
    connection->request_id = 0;
  }
}

static void probe(serve_t *serve) {
  served_t *served = serve->result->served;
  for (int32_t m = 0; m < served_n_members(served); ++m)
    if (served_should_probe(served, m) && !is_there(serve, m)) served_lose(served, m);
}

static fc_status_t loop(serve_t *serve, int64_t n_windows, fc_error_t *error) {
  served_t *served = serve->result->served;
  progress_t progress;
  progress_start(&progress, "serving windows");
  fc_status_t status = FC_OK;
  while (status == FC_OK && !interrupted && !served_is_over(served)) {
    int receivable = 0;
    status = endpoint_wait(&serve->endpoint, 1, NULL, 0, POLL_MS, &receivable, NULL);
    if (receivable) receive(serve);
    bool simulated = false;
    probe(serve);
    if (status == FC_OK) status = served_advance(served, &simulated, error);
    deliver(serve);
    progress_update(&progress, served_n_windows(served), n_windows, NULL);
  }
  progress_end(&progress);
  return status;
}

static fc_status_t open_endpoint(serve_t *serve, const char *address, fc_error_t *error) {
  if (!server_endpoint_is_local(address))
    return fc_error_set(error, FC_EUNSAFE,
                        "--serve: %s is not a loopback address, and this socket knows nobody: use tcp://127.0.0.1:PORT "
                        "or ipc://PATH",
                        address);
  return endpoint_open(&serve->endpoint, ENDPOINT_ROUTER, address, CONNECTION_MAX_BYTES, BACKLOG, error);
}

/* To everybody who ever joined: whoever waits for a window gets this as its answer, the others unasked. */
static void tell_end(serve_t *serve) {
  const served_t *served = serve->result->served;
  fc_error_t error = {0};
  fc_error_set(&error, FC_ECLOSED, "the simulation is over after %" PRId64 " windows", served_n_windows(served));
  fc_wire_message_t over = {.type = FC_WIRE_REFUSAL};
  over.as.refusal.code = fc_rpc_code_from_status(FC_ECLOSED);
  over.as.refusal.message = error.message;
  for (int32_t m = 0; m < served_n_members(served); ++m) {
    const connection_t *connection = &serve->connections[m];
    if (served_takes_part(served, m) && connection->request_id != 0) {
      (void)answer(serve, &connection->peer, connection->request_id, FC_ECLOSED, &error);
    } else {
      (void)send_message(serve, &connection->peer, &over);
    }
  }
}

static serve_end_t say_end(const served_options_t *options, const served_t *served) {
  if (served_is_finished(served)) return SERVE_END_WINDOWS;
  if (interrupted) return SERVE_END_SIGNAL;
  fprintf(stderr, "faasconf simulate: no agent has taken part for %g s: the run ends", options->agent_timeout_s);
  if (!served_has_begun(served))
    fprintf(stderr, "; the %d agents of --agents never came together", (int)options->n_agents);
  fprintf(stderr, "\n");
  return SERVE_END_NOBODY;
}

static fc_status_t serve_all(serve_t *serve, const simulate_serve_options_t *options, fc_error_t *error) {
  FC_TRY(open_endpoint(serve, options->endpoint, error));
  FC_TRY(served_new(&options->served, &serve->result->served, error));
  const struct sigaction action = {.sa_handler = on_signal};
  (void)sigaction(SIGINT, &action, NULL);
  (void)sigaction(SIGTERM, &action, NULL);
  fprintf(stderr, "faasconf simulate: serving workflow %s at %s; waiting for %d agents\n", serve->workflow->name,
          serve->endpoint.address, (int)options->served.n_agents);
  FC_TRY(loop(serve, options->served.n_windows, error));
  tell_end(serve);
  serve->result->end = say_end(&options->served, serve->result->served);
  return FC_OK;
}

fc_status_t simulate_serve(const simulate_serve_options_t *options, simulate_serve_result_t *result,
                           fc_error_t *error) {
  memset(result, 0, sizeof *result);
  serve_t *serve = calloc(1, sizeof *serve);
  if (serve == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for the connections");
  serve->result = result;
  serve->workflow = options->served.workflow;
  const fc_status_t status = serve_all(serve, options, error);
  endpoint_close(&serve->endpoint, FLUSH_MS);
  free(serve->body);
  fc_wire_buffer_clear(&serve->payload);
  fc_wire_buffer_clear(&serve->frame);
  free(serve);
  return status;
}

void simulate_serve_clear(simulate_serve_result_t *result) {
  served_destroy(&result->served);
}
