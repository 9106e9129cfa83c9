/* probe.c - see probe.h. */
#include "probe.h"

#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "faasconf/clock.h"
#include "faasconf/digest.h"

static const char MONITOR[] = "inproc://probe-events";
enum { NS_PER_MS = 1000000 };

typedef struct {
  void *context, *socket, *monitor;
  fc_clock_t clock;
  int64_t until_ms;
} line_t;

static int64_t now_ms(const line_t *line) {
  return line->clock.monotonic_ns(line->clock.self) / NS_PER_MS;
}

/* type: ZMQ_DEALER or ZMQ_SUB. */
static fc_status_t open_line(line_t *line, int type, const char *endpoint, fc_error_t *error) {
  const int linger = 0, immediate = 1, ipv6 = 1;
  const int64_t largest = FC_WIRE_MAX_REPLY_BYTES;
  line->context = zmq_ctx_new();
  if (line->context) line->socket = zmq_socket(line->context, type);
  if (!line->socket || zmq_setsockopt(line->socket, ZMQ_LINGER, &linger, sizeof linger) != 0 ||
      zmq_setsockopt(line->socket, ZMQ_IMMEDIATE, &immediate, sizeof immediate) != 0 ||
      zmq_setsockopt(line->socket, ZMQ_IPV6, &ipv6, sizeof ipv6) != 0 ||
      zmq_setsockopt(line->socket, ZMQ_MAXMSGSIZE, &largest, sizeof largest) != 0 ||
      zmq_socket_monitor(line->socket, MONITOR, ZMQ_EVENT_HANDSHAKE_SUCCEEDED) != 0)
    return fc_error_set(error, FC_EIO, "no socket to %s: %s", endpoint, zmq_strerror(zmq_errno()));
  line->monitor = zmq_socket(line->context, ZMQ_PAIR);
  if (!line->monitor || zmq_setsockopt(line->monitor, ZMQ_LINGER, &linger, sizeof linger) != 0 ||
      zmq_connect(line->monitor, MONITOR) != 0)
    return fc_error_set(error, FC_EIO, "no socket to %s: %s", endpoint, zmq_strerror(zmq_errno()));
  if (zmq_connect(line->socket, endpoint) == 0) return FC_OK;
  return fc_error_set(error, FC_EINVAL, "%s is not an address to connect to: %s", endpoint, zmq_strerror(zmq_errno()));
}

static void close_line(line_t *line) {
  if (line->socket) zmq_socket_monitor(line->socket, NULL, 0);
  if (line->monitor) zmq_close(line->monitor);
  if (line->socket) zmq_close(line->socket);
  if (!line->context) return;
  while (zmq_ctx_term(line->context) != 0 && zmq_errno() == EINTR) continue;
}

/* False when the time is over first. */
static bool wait_for(const line_t *line, void *socket, short events) {
  for (;;) {
    const int64_t left_ms = line->until_ms - now_ms(line);
    zmq_pollitem_t item = {.socket = socket, .events = events};
    if (left_ms <= 0) return false;
    if (zmq_poll(&item, 1, (long)left_ms) > 0 && (item.revents & events)) return true;
  }
}

static fc_status_t say_hello(const line_t *line, const fc_workflow_t *workflow, fc_error_t *error) {
  fc_wire_message_t message = {.type = FC_WIRE_HELLO};
  fc_wire_hello_t *hello = &message.as.hello;
  fc_wire_buffer_t frame = {0};
  snprintf(hello->agent, sizeof hello->agent, "%s", PROBE_AGENT_NAME);
  hello->epoch = hello->next_sequence = 1;
  fc_random_bytes(hello->session, sizeof hello->session);
  hello->min_version = hello->max_version = FC_WIRE_VERSION;
  snprintf(hello->workflow, sizeof hello->workflow, "%s", workflow->name);
  memcpy(hello->workflow_digest, workflow->digest, FC_DIGEST_SIZE);
  fc_status_t status = fc_wire_encode(&message, &frame, error);
  if (status == FC_OK &&
      (!wait_for(line, line->socket, ZMQ_POLLOUT) || zmq_send(line->socket, frame.data, frame.size, ZMQ_DONTWAIT) < 0))
    status = fc_error_set(error, FC_ETIMEOUT, "it does not take a message");
  fc_wire_buffer_clear(&frame);
  return status;
}

static fc_status_t take_answer(const fc_wire_message_t *message, probe_t *probe, fc_error_t *error) {
  if (message->type == FC_WIRE_REFUSAL)
    return fc_error_set(error, FC_EUNSAFE, "it refuses: %s: %s", fc_rpc_code_name(message->as.refusal.code),
                        message->as.refusal.message ? message->as.refusal.message : "(no reason given)");
  if (message->type != FC_WIRE_WELCOME)
    return fc_error_set(error, FC_EFORMAT, "it answers HELLO with a message of type %d", (int)message->type);
  probe->welcome = message->as.welcome;
  return FC_OK;
}

static fc_status_t hear(const line_t *line, probe_t *probe, fc_error_t *error) {
  if (!wait_for(line, line->socket, ZMQ_POLLIN))
    return fc_error_set(error, FC_ETIMEOUT, "somebody is there, but does not answer HELLO");
  zmq_msg_t frame;
  fc_wire_message_t message;
  zmq_msg_init(&frame);
  fc_status_t status = FC_OK;
  if (zmq_msg_recv(&frame, line->socket, ZMQ_DONTWAIT) < 0) {
    status = fc_error_set(error, FC_EIO, "the answer cannot be read: %s", zmq_strerror(zmq_errno()));
  } else {
    status = fc_wire_decode(zmq_msg_data(&frame), zmq_msg_size(&frame), FC_WIRE_MAX_REPLY_BYTES, &message, error);
    if (status == FC_OK) {
      status = take_answer(&message, probe, error);
      fc_wire_message_clear(&message);
    }
  }
  zmq_msg_close(&frame);
  return status;
}

static fc_status_t converse(line_t *line, const char *endpoint, const fc_workflow_t *workflow, probe_t *probe,
                            fc_error_t *error) {
  FC_TRY(open_line(line, ZMQ_DEALER, endpoint, error));
  probe->is_connected = wait_for(line, line->monitor, ZMQ_POLLIN);
  if (!probe->is_connected) return fc_error_set(error, FC_ETIMEOUT, "no server takes agents there");
  FC_TRY(say_hello(line, workflow, error));
  return hear(line, probe, error);
}

fc_status_t probe_server(const char *endpoint, const fc_workflow_t *workflow, int timeout_ms, probe_t *probe,
                         fc_error_t *error) {
  line_t line = {.clock = fc_clock_system()};
  memset(probe, 0, sizeof *probe);
  line.until_ms = now_ms(&line) + timeout_ms;
  const fc_status_t status = converse(&line, endpoint, workflow, probe, error);
  close_line(&line);
  return status;
}

fc_status_t probe_hints(const char *endpoint, int timeout_ms, fc_error_t *error) {
  line_t line = {.clock = fc_clock_system()};
  line.until_ms = now_ms(&line) + timeout_ms;
  fc_status_t status = open_line(&line, ZMQ_SUB, endpoint, error);
  if (status == FC_OK && !wait_for(&line, line.monitor, ZMQ_POLLIN))
    status = fc_error_set(error, FC_ETIMEOUT, "nobody publishes there");
  close_line(&line);
  return status;
}
