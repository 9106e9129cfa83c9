/* endpoint.c - the only place of the server that talks to libzmq (endpoint.h). */
#include "endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { RECEIVE_HIGH_WATER_MARK = 64, HEARTBEAT_IVL_MS = 1000, HEARTBEAT_TIMEOUT_MS = 3000, HANDSHAKE_IVL_MS = 5000 };
enum { MAX_FDS = 4 };

static fc_status_t set_options(endpoint_t *endpoint, endpoint_kind_t kind, int64_t max_bytes, int backlog) {
  const struct {
    int option, value;
  } options[] = {{ZMQ_LINGER, 0},
                 {ZMQ_SNDHWM, backlog},
                 {ZMQ_RCVHWM, RECEIVE_HIGH_WATER_MARK},
                 {ZMQ_HEARTBEAT_IVL, HEARTBEAT_IVL_MS},
                 {ZMQ_HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS},
                 {ZMQ_HEARTBEAT_TTL, HEARTBEAT_TIMEOUT_MS},
                 {ZMQ_HANDSHAKE_IVL, HANDSHAKE_IVL_MS},
                 {ZMQ_IPV6, strstr(endpoint->address, "tcp://[") != NULL}};
  for (size_t i = 0; i < sizeof options / sizeof *options; ++i) {
    const int value = options[i].value;
    if (zmq_setsockopt(endpoint->socket, options[i].option, &value, sizeof value) != 0) return FC_EIO;
  }
  if (zmq_setsockopt(endpoint->socket, ZMQ_MAXMSGSIZE, &max_bytes, sizeof max_bytes) != 0) return FC_EIO;
  const int on = 1;
  if (kind == ENDPOINT_ROUTER) {
    if (zmq_setsockopt(endpoint->socket, ZMQ_ROUTER_MANDATORY, &on, sizeof on) != 0) return FC_EIO;
    if (zmq_setsockopt(endpoint->socket, ZMQ_ROUTER_HANDOVER, &on, sizeof on) != 0) return FC_EIO;
  } else if (zmq_setsockopt(endpoint->socket, ZMQ_XPUB_VERBOSE, &on, sizeof on) != 0) {
    return FC_EIO; /* without it a second subscriber of a topic would not be seen, and get no hint */
  }
  return FC_OK;
}

fc_status_t endpoint_open(endpoint_t *endpoint, endpoint_kind_t kind, const char *address, int64_t max_bytes,
                          int backlog, fc_error_t *error) {
  memset(endpoint, 0, sizeof *endpoint);
  snprintf(endpoint->address, sizeof endpoint->address, "%s", address);
  size_t size = sizeof endpoint->address;
  endpoint->context = zmq_ctx_new();
  if (endpoint->context != NULL) {
    endpoint->socket = zmq_socket(endpoint->context, kind == ENDPOINT_ROUTER ? ZMQ_ROUTER : ZMQ_XPUB);
  }
  if (endpoint->socket == NULL || set_options(endpoint, kind, max_bytes, backlog) != FC_OK ||
      zmq_bind(endpoint->socket, address) != 0 ||
      zmq_getsockopt(endpoint->socket, ZMQ_LAST_ENDPOINT, endpoint->address, &size) != 0) {
    fc_error_set(error, FC_EIO, "cannot bind `%s`: %s", address, zmq_strerror(zmq_errno()));
    endpoint_close(endpoint, 0);
    return FC_EIO;
  }
  return FC_OK;
}

void endpoint_close(endpoint_t *endpoint, int linger_ms) {
  if (endpoint->socket != NULL) {
    (void)zmq_setsockopt(endpoint->socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
    (void)zmq_close(endpoint->socket);
  }
  if (endpoint->context != NULL) {
    while (zmq_ctx_term(endpoint->context) != 0 && zmq_errno() == EINTR) continue;
  }
  endpoint->socket = NULL;
  endpoint->context = NULL;
}

/* Receives the parts after the routing id: body, or delimiter and body. More or fewer parts: false, and all are read.
 */
static fc_status_t receive_rest(endpoint_t *endpoint, zmq_msg_t *part, int *delimited, uint8_t **body,
                                size_t *body_capacity, size_t *body_size) {
  fc_status_t status = FC_EFORMAT;
  *delimited = 0;
  for (int index = 0; zmq_msg_more(part); ++index) {
    if (zmq_msg_recv(part, endpoint->socket, ZMQ_DONTWAIT) < 0) return FC_EFORMAT;
    const size_t size = zmq_msg_size(part);
    if (index == 0 && size == 0 && zmq_msg_more(part)) {
      *delimited = 1;
      continue;
    }
    if (index > *delimited || zmq_msg_more(part)) {
      status = FC_EFORMAT;
      continue;
    }
    if (size > *body_capacity) {
      uint8_t *grown = realloc(*body, size);
      if (grown == NULL) {
        status = FC_ENOMEM;
        continue;
      }
      *body = grown;
      *body_capacity = size;
    }
    if (size > 0) memcpy(*body, zmq_msg_data(part), size);
    *body_size = size;
    status = FC_OK;
  }
  return status;
}

fc_status_t endpoint_receive(endpoint_t *endpoint, endpoint_peer_t *peer, int *delimited, uint8_t **body,
                             size_t *body_capacity, size_t *body_size) {
  zmq_msg_t part;
  zmq_msg_init(&part);
  fc_status_t status = FC_ETIMEOUT;
  if (zmq_msg_recv(&part, endpoint->socket, ZMQ_DONTWAIT) >= 0) {
    const size_t size = zmq_msg_size(&part);
    peer->size = (uint8_t)(size < ENDPOINT_PEER_SIZE ? size : ENDPOINT_PEER_SIZE);
    memcpy(peer->bytes, zmq_msg_data(&part), peer->size);
    *body_size = 0;
    status = receive_rest(endpoint, &part, delimited, body, body_capacity, body_size);
  }
  zmq_msg_close(&part);
  return status;
}

static fc_status_t send_status(void) {
  switch (zmq_errno()) {
    case EAGAIN:
      return FC_EEXHAUSTED;
    case EHOSTUNREACH:
      return FC_ENOTFOUND;
    default:
      return FC_EIO;
  }
}

fc_status_t endpoint_send(endpoint_t *endpoint, const endpoint_peer_t *peer, int delimited, const uint8_t *body,
                          size_t size) {
  if (zmq_send(endpoint->socket, peer->bytes, peer->size, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) return send_status();
  if (delimited && zmq_send(endpoint->socket, "", 0, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) return send_status();
  if (zmq_send(endpoint->socket, body, size, ZMQ_DONTWAIT) < 0) return send_status();
  return FC_OK;
}

fc_status_t endpoint_publish(endpoint_t *endpoint, const char *topic, const uint8_t *body, size_t size) {
  if (zmq_send(endpoint->socket, topic, strlen(topic), ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) return send_status();
  if (zmq_send(endpoint->socket, body, size, ZMQ_DONTWAIT) < 0) return send_status();
  return FC_OK;
}

fc_status_t endpoint_subscription(endpoint_t *endpoint, char *topic, size_t topic_size, int *subscribed) {
  zmq_msg_t message;
  zmq_msg_init(&message);
  fc_status_t status = FC_ETIMEOUT;
  if (zmq_msg_recv(&message, endpoint->socket, ZMQ_DONTWAIT) >= 0) {
    const uint8_t *data = zmq_msg_data(&message);
    const size_t size = zmq_msg_size(&message);
    status = FC_EFORMAT;
    if (size >= 1 && size <= topic_size && data[0] <= 1 && memchr(data + 1, '\0', size - 1) == NULL) {
      *subscribed = data[0];
      memcpy(topic, data + 1, size - 1);
      topic[size - 1] = '\0';
      status = FC_OK;
    }
  }
  zmq_msg_close(&message);
  return status;
}

fc_status_t endpoint_wait(endpoint_t *endpoint, int watch_socket, const int *fds, int n_fds, int64_t timeout_ms,
                          int *receivable, int *ready) {
  FC_ASSERT(n_fds <= MAX_FDS);
  zmq_pollitem_t items[MAX_FDS + 1] = {{0}};
  int n = 0;
  for (; n < n_fds; ++n) items[n] = (zmq_pollitem_t){.fd = fds[n], .events = ZMQ_POLLIN};
  if (watch_socket) items[n++] = (zmq_pollitem_t){.socket = endpoint->socket, .events = ZMQ_POLLIN};
  const int count = zmq_poll(items, n, (long)timeout_ms);
  for (int i = 0; i < n_fds; ++i) ready[i] = count > 0 && (items[i].revents & ZMQ_POLLIN) != 0;
  *receivable = watch_socket && count > 0 && (items[n_fds].revents & ZMQ_POLLIN) != 0;
  return count >= 0 || zmq_errno() == EINTR ? FC_OK : FC_EIO;
}
