/* sim_served_socket.c - see sim_served_socket.h. */
#include "sim_served_socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

/* Nobody reads while the agent waits for its server: what comes meanwhile must fit, or ZeroMQ stops reading and with it
 * answering pings, and the other side takes the connection for dead. */
enum { MAX_PER_POLL = 64, RECEIVE_HIGH_WATER_MARK = 1024 };
static const double NS_PER_S = 1e9;
static const int64_t NS_PER_MS = 1000000;

/* An answer that was asked for. */
typedef struct {
  uint64_t id; /* of the request; 0: none */
  bool there;
  fc_wire_message_t message;
} exchange_t;

struct sim_served_socket {
  fc_clock_t clock;
  void *context, *dealer, *monitor; /* of ZeroMQ */
  bool broken;                      /* the connection was lost, and with it every answer that was waited for */
  fc_error_t over;                  /* FC_ECLOSED: the other side said so, with its words */
  uint64_t last_id;
  int64_t malformed;
  exchange_t asked, sent;
  fc_wire_buffer_t payload, frame;
};

/* ---- opening and closing -------------------------------------------------------------------------------------- */

static bool set_options(void *dealer) {
  static const struct {
    int option, value;
  } options[] = {{ZMQ_LINGER, 0},           {ZMQ_SNDHWM, 64},        {ZMQ_RCVHWM, RECEIVE_HIGH_WATER_MARK},
                 {ZMQ_HANDSHAKE_IVL, 5000}, {ZMQ_RECONNECT_IVL, 50}, {ZMQ_IPV6, 1}};
  for (size_t i = 0; i < sizeof options / sizeof *options; ++i)
    if (zmq_setsockopt(dealer, options[i].option, &options[i].value, sizeof options[i].value) != 0) return false;
  const int64_t largest = FC_WIRE_MAX_REPLY_BYTES;
  return zmq_setsockopt(dealer, ZMQ_MAXMSGSIZE, &largest, sizeof largest) == 0;
}

static bool open_monitor(sim_served_socket_t *self) {
  static const char address[] = "inproc://simulation-events";
  if (zmq_socket_monitor(self->dealer, address, ZMQ_EVENT_DISCONNECTED) != 0) return false;
  self->monitor = zmq_socket(self->context, ZMQ_PAIR);
  return self->monitor && zmq_connect(self->monitor, address) == 0;
}

fc_status_t sim_served_socket_new(const char *endpoint, fc_clock_t clock, sim_served_socket_t **out,
                                  fc_error_t *error) {
  *out = NULL;
  sim_served_socket_t *self = calloc(1, sizeof *self);
  if (!self) return fc_error_set(error, FC_ENOMEM, "platform sim: out of memory");
  self->clock = clock;
  self->context = zmq_ctx_new();
  if (self->context) self->dealer = zmq_socket(self->context, ZMQ_DEALER);
  if (!self->dealer || !set_options(self->dealer) || !open_monitor(self) || zmq_connect(self->dealer, endpoint) != 0) {
    const fc_status_t status = fc_error_set(error, FC_EIO, "platform sim: cannot open a socket to %s: %s", endpoint,
                                            zmq_strerror(zmq_errno()));
    sim_served_socket_destroy(&self, 0);
    return status;
  }
  *out = self;
  return FC_OK;
}

static void clear_exchange(exchange_t *exchange) {
  fc_wire_message_clear(&exchange->message);
  memset(exchange, 0, sizeof *exchange);
}

void sim_served_socket_destroy(sim_served_socket_t **socket, int linger_ms) {
  sim_served_socket_t *self = *socket;
  if (!self) return;
  if (self->dealer) zmq_socket_monitor(self->dealer, NULL, 0);
  if (self->monitor) zmq_close(self->monitor);
  if (self->dealer) {
    (void)zmq_setsockopt(self->dealer, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
    zmq_close(self->dealer);
  }
  if (self->context)
    while (zmq_ctx_term(self->context) != 0 && zmq_errno() == EINTR) continue;
  clear_exchange(&self->asked);
  clear_exchange(&self->sent);
  fc_wire_buffer_clear(&self->payload);
  fc_wire_buffer_clear(&self->frame);
  free(self);
  *socket = NULL;
}

fc_wire_buffer_t *sim_served_socket_payload(sim_served_socket_t *socket) {
  return &socket->payload;
}
int64_t sim_served_socket_malformed(const sim_served_socket_t *socket) {
  return socket->malformed;
}
bool sim_served_socket_is_waiting(const sim_served_socket_t *socket) {
  return socket->sent.id != 0;
}

/* ---- sending and receiving ------------------------------------------------------------------------------------ */

static void poll_socket(sim_served_socket_t *self, int timeout_ms);

/* FC_OK while requests make sense. */
static fc_status_t check_state(const sim_served_socket_t *self, fc_error_t *error) {
  if (self->over.status != FC_OK) return fc_error_set(error, self->over.status, "%s", self->over.message);
  if (!self->broken) return FC_OK;
  return fc_error_set(error, FC_EIO, "platform sim: the connection to the served simulation broke");
}

static fc_status_t send_request(sim_served_socket_t *self, const char *method, exchange_t *exchange,
                                fc_error_t *error) {
  poll_socket(self, 0);
  FC_TRY(check_state(self, error));
  clear_exchange(exchange);
  fc_wire_message_t message = {.type = FC_WIRE_RPC_REQUEST};
  fc_wire_rpc_request_t *request = &message.as.rpc_request;
  request->request_id = ++self->last_id;
  snprintf(request->method, sizeof request->method, "%s", method);
  request->payload = self->payload.data; /* borrowed for the call: the message is not cleared */
  request->size = self->payload.size;
  FC_TRY(fc_wire_encode(&message, &self->frame, error));
  if (self->frame.size > FC_WIRE_MAX_RPC_BYTES)
    return fc_error_set(error, FC_EEXHAUSTED, "platform sim: %s needs %zu bytes, at most %d are taken", method,
                        self->frame.size, FC_WIRE_MAX_RPC_BYTES);
  if (zmq_send(self->dealer, self->frame.data, self->frame.size, ZMQ_DONTWAIT) < 0)
    return fc_error_set(error, FC_EIO, "platform sim: %s cannot be sent: %s", method, zmq_strerror(zmq_errno()));
  exchange->id = request->request_id;
  return FC_OK;
}

/* Gives an answer to the request it is for; a refusal without an id is for the one that is waited for, or says that the
 * run is over. */
static void sort_message(sim_served_socket_t *self, fc_wire_message_t *message) {
  exchange_t *exchange = NULL;
  if (message->type == FC_WIRE_REFUSAL && fc_status_from_rpc_code(message->as.refusal.code) == FC_ECLOSED) {
    const char *said = message->as.refusal.message;
    fc_error_set(&self->over, FC_ECLOSED, "platform sim: %s", said ? said : "the simulation is over");
    return;
  }
  if (message->type == FC_WIRE_RPC_RESPONSE) {
    const uint64_t id = message->as.rpc_response.request_id;
    exchange = id == 0 ? NULL : id == self->asked.id ? &self->asked : id == self->sent.id ? &self->sent : NULL;
  } else if (message->type == FC_WIRE_REFUSAL) {
    exchange = self->asked.id != 0 ? &self->asked : self->sent.id != 0 ? &self->sent : NULL;
  } else if (message->type == FC_WIRE_HEARTBEAT) {
    return; /* whether this agent is still there */
  }
  if (!exchange || exchange->there) {
    self->malformed += 1;
    return;
  }
  exchange->message = *message;
  exchange->there = true;
  *message = (fc_wire_message_t){.type = FC_WIRE_NONE};
}

static void take_message(sim_served_socket_t *self) {
  zmq_msg_t part;
  zmq_msg_init(&part);
  if (zmq_msg_recv(&part, self->dealer, ZMQ_DONTWAIT) >= 0) {
    fc_wire_message_t message;
    const bool whole = !zmq_msg_more(&part);
    if (whole &&
        fc_wire_decode(zmq_msg_data(&part), zmq_msg_size(&part), FC_WIRE_MAX_REPLY_BYTES, &message, NULL) == FC_OK) {
      sort_message(self, &message);
      fc_wire_message_clear(&message);
    } else {
      self->malformed += 1;
    }
  }
  zmq_msg_close(&part);
}

/* The connection was lost; ZeroMQ makes another one. */
static void take_event(sim_served_socket_t *self) {
  int more = 1;
  size_t size = sizeof more;
  zmq_msg_t part;
  while (more) {
    zmq_msg_init(&part);
    const bool there = zmq_msg_recv(&part, self->monitor, ZMQ_DONTWAIT) >= 0;
    zmq_msg_close(&part);
    if (!there || zmq_getsockopt(self->monitor, ZMQ_RCVMORE, &more, &size) != 0) break;
  }
}

/* Takes what comes within timeout_ms, and at once what else is there; what came before the end of the connection first.
 */
static void poll_socket(sim_served_socket_t *self, int timeout_ms) {
  zmq_pollitem_t items[2] = {{.socket = self->dealer, .events = ZMQ_POLLIN},
                             {.socket = self->monitor, .events = ZMQ_POLLIN}};
  bool lost = false;
  for (int32_t i = 0; i < MAX_PER_POLL; ++i) {
    if (zmq_poll(items, 2, i == 0 ? timeout_ms : 0) <= 0) break;
    if (items[0].revents & ZMQ_POLLIN) {
      take_message(self);
    } else {
      take_event(self);
      lost = true;
    }
  }
  self->broken = self->broken || lost;
}

/* True once its answer is there; false after timeout_ns, or when none will come. */
static bool wait_for(sim_served_socket_t *self, const exchange_t *exchange, int64_t timeout_ns) {
  const int64_t until = self->clock.monotonic_ns(self->clock.self) + timeout_ns;
  while (!exchange->there && check_state(self, NULL) == FC_OK) {
    const int64_t left_ns = until - self->clock.monotonic_ns(self->clock.self);
    poll_socket(self, left_ns > 0 ? (int)(left_ns / NS_PER_MS) + 1 : 0);
    if (left_ns <= 0) break;
  }
  return exchange->there;
}

/* What the answer says. */
static fc_status_t open_answer(exchange_t *exchange, const uint8_t **answer, size_t *size, fc_error_t *error) {
  exchange->id = 0;
  *answer = NULL;
  *size = 0;
  const char *said = NULL;
  fc_rpc_code_t code = FC_RPC_OK;
  if (exchange->message.type == FC_WIRE_REFUSAL) {
    code = exchange->message.as.refusal.code == FC_RPC_OK ? FC_RPC_UNKNOWN : exchange->message.as.refusal.code;
    said = exchange->message.as.refusal.message;
  } else {
    const fc_wire_rpc_response_t *response = &exchange->message.as.rpc_response;
    code = response->code;
    said = response->message;
    *answer = response->payload;
    *size = response->size;
  }
  if (code == FC_RPC_OK) return FC_OK;
  return fc_error_set(error, fc_status_from_rpc_code(code), "platform sim: %s",
                      said && said[0] != '\0' ? said : fc_rpc_code_name(code));
}

void sim_served_socket_renew(sim_served_socket_t *socket) {
  poll_socket(socket, 0);
  socket->broken = false;
  clear_exchange(&socket->asked);
  clear_exchange(&socket->sent);
}

/* ---- exchanges ------------------------------------------------------------------------------------------------ */

fc_status_t sim_served_socket_ask(sim_served_socket_t *socket, const char *method, double timeout_s,
                                  const uint8_t **answer, size_t *size, fc_error_t *error) {
  FC_TRY(send_request(socket, method, &socket->asked, error));
  if (wait_for(socket, &socket->asked, (int64_t)(timeout_s * NS_PER_S)))
    return open_answer(&socket->asked, answer, size, error);
  socket->asked.id = 0;
  FC_TRY(check_state(socket, error));
  return fc_error_set(error, FC_ETIMEOUT,
                      "platform sim: no answer within %.3g s: is `faasconf simulate --serve` running at this address?",
                      timeout_s);
}

fc_status_t sim_served_socket_send(sim_served_socket_t *socket, const char *method, fc_error_t *error) {
  return send_request(socket, method, &socket->sent, error);
}

fc_status_t sim_served_socket_collect(sim_served_socket_t *socket, int timeout_ms, const uint8_t **answer, size_t *size,
                                      fc_error_t *error) {
  FC_ASSERT(socket->sent.id != 0);
  if (wait_for(socket, &socket->sent, timeout_ms * NS_PER_MS)) return open_answer(&socket->sent, answer, size, error);
  FC_TRY(check_state(socket, error));
  return FC_ETIMEOUT;
}
