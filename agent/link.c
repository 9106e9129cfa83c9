/* link.c - the connection to the server: see link.h. What a message means is in link_message.c. */
#include "link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "link_state.h"

enum {
  BATCH_TRANSITIONS = 64,
  BATCH_BYTES = 160 * 1024, /* payloads; the frame stays below FC_WIRE_MAX_INGEST_BYTES */
  MAX_PER_POLL = 256,
  HELLO_UNSENT_MS = 10,
  HELLO_FIRST_MS = 2000,
  HELLO_MOST_MS = 16000,
  ACK_TIMEOUT_MS = 10000,
  ACK_TIMEOUT_LOCKSTEP_MS = 120000, /* the learner may work meanwhile */
  PULL_RETRY_MS = 3000,
  PULL_TRIES = 5,
  RECORDS_RETRY_MS = 3000
};

const char *link_state_name(link_state_t state) {
  switch (state) {
    case LINK_OFF:
      return "off";
    case LINK_DOWN:
      return "down";
    case LINK_GREETING:
      return "greeting";
    case LINK_READY:
      return "ready";
    case LINK_REFUSED:
      return "refused";
  }
  return "unknown";
}

int64_t link_now_ms(const link_t *link) {
  return link->clock.monotonic_ns(link->clock.self) / 1000000;
}

/* ---- opening and closing -------------------------------------------------------------------------------------- */

static bool set_options(void *socket, bool sends) {
  const struct {
    int option, value;
  } options[] = {{ZMQ_LINGER, 0},
                 {ZMQ_SNDHWM, 64},
                 {ZMQ_RCVHWM, 64},
                 {ZMQ_HEARTBEAT_IVL, 1000},
                 {ZMQ_HEARTBEAT_TIMEOUT, 3000},
                 {ZMQ_HEARTBEAT_TTL, 3000},
                 {ZMQ_HANDSHAKE_IVL, 5000},
                 {ZMQ_RECONNECT_IVL, 100},
                 {ZMQ_RECONNECT_IVL_MAX, 2000},
                 {ZMQ_IMMEDIATE, sends}, /* nothing queues up for a server that is away: that is the spool's work */
                 {ZMQ_IPV6, 1}};
  for (size_t i = 0; i < sizeof options / sizeof *options; ++i) {
    const int value = options[i].value;
    if (zmq_setsockopt(socket, options[i].option, &value, sizeof value) != 0) return false;
  }
  const int64_t largest = FC_WIRE_MAX_REPLY_BYTES;
  return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &largest, sizeof largest) == 0;
}

static bool open_monitor(link_t *link) {
  static const char address[] = "inproc://dealer-events";
  if (zmq_socket_monitor(link->dealer, address, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) != 0)
    return false;
  link->monitor = zmq_socket(link->context, ZMQ_PAIR);
  return link->monitor && zmq_connect(link->monitor, address) == 0;
}

static bool open_subscriber(link_t *link) {
  if (link->settings->hints[0] == '\0') return true;
  link->subscriber = zmq_socket(link->context, ZMQ_SUB);
  return link->subscriber && set_options(link->subscriber, false) &&
         zmq_setsockopt(link->subscriber, ZMQ_SUBSCRIBE, link->workflow->name, strlen(link->workflow->name)) == 0 &&
         zmq_connect(link->subscriber, link->settings->hints) == 0;
}

fc_status_t link_new(const settings_t *settings, const fc_workflow_t *workflow, const ownership_t *ownership,
                     uint64_t epoch, spool_t *spool, policy_cache_t *cache, fc_clock_t clock, const fc_log_t *log,
                     link_t **out, fc_error_t *error) {
  *out = NULL;
  link_t *link = calloc(1, sizeof *link);
  if (!link) return fc_error_set(error, FC_ENOMEM, "link: out of memory");
  link->settings = settings;
  link->workflow = workflow;
  link->ownership = ownership;
  link->epoch = epoch;
  link->spool = spool;
  link->cache = cache;
  link->clock = clock;
  link->log = log;
  link->state = LINK_DOWN;
  link->pull.max_bytes = settings->max_policy_bytes;
  fc_random_bytes(link->session, sizeof link->session);
  link->context = zmq_ctx_new();
  if (link->context) link->dealer = zmq_socket(link->context, ZMQ_DEALER);
  if (!link->dealer || !set_options(link->dealer, true) || !open_monitor(link) ||
      zmq_connect(link->dealer, settings->ingest) != 0 || !open_subscriber(link)) {
    const fc_status_t status =
        fc_error_set(error, FC_EIO, "link: cannot open sockets to %s: %s", settings->ingest, zmq_strerror(zmq_errno()));
    link_destroy(&link, 0);
    return status;
  }
  *out = link;
  return FC_OK;
}

static void close_socket(void **socket, int linger_ms) {
  if (!*socket) return;
  zmq_setsockopt(*socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
  zmq_close(*socket);
  *socket = NULL;
}

void link_destroy(link_t **link_pointer, int linger_ms) {
  link_t *link = *link_pointer;
  if (!link) return;
  if (link->dealer) zmq_socket_monitor(link->dealer, NULL, 0);
  close_socket(&link->monitor, 0);
  close_socket(&link->dealer, linger_ms);
  close_socket(&link->subscriber, 0);
  if (link->context)
    while (zmq_ctx_term(link->context) != 0 && zmq_errno() == EINTR) continue;
  pull_clear(&link->pull);
  fc_wire_buffer_clear(&link->frame);
  fc_wire_buffer_clear(&link->payload);
  fc_wire_message_clear(&link->records_message);
  fc_policy_destroy(&link->news.policy);
  free(link);
  *link_pointer = NULL;
}

/* ---- sending -------------------------------------------------------------------------------------------------- */

bool link_send(link_t *link, const fc_wire_message_t *message) {
  fc_error_t error = {0};
  if (fc_wire_encode(message, &link->frame, &error) != FC_OK) {
    FC_LOG_W(link->log, "link", "a message of type %d cannot be encoded: %s", (int)message->type, error.message);
    return false;
  }
  return zmq_send(link->dealer, link->frame.data, link->frame.size, ZMQ_DONTWAIT) >= 0;
}

static void send_hello(link_t *link, uint64_t next_sequence) {
  fc_wire_message_t message = {.type = FC_WIRE_HELLO};
  fc_wire_hello_t *hello = &message.as.hello;
  snprintf(hello->agent, sizeof hello->agent, "%s", link->settings->agent);
  hello->epoch = link->epoch;
  memcpy(hello->session, link->session, sizeof hello->session);
  hello->min_version = hello->max_version = FC_WIRE_VERSION;
  snprintf(hello->workflow, sizeof hello->workflow, "%s", link->workflow->name);
  memcpy(hello->workflow_digest, link->workflow->digest, FC_DIGEST_SIZE);
  hello->next_sequence = spool_first_sequence(link->spool, link->epoch, next_sequence);
  hello->policy_version = link->cache->held;
  if (!ownership_is_all(link->ownership)) {
    hello->n_function_ids = link->ownership->n_owned;
    hello->function_ids = link->ownership->ids; /* borrowed for the call: the message is not cleared */
  }
  if (!link_send(link, &message)) { /* the handshake is done, the socket may not know yet */
    link->hello_due_ms = link_now_ms(link) + HELLO_UNSENT_MS;
    return;
  }
  link->announced_dropped = spool_dropped(link->spool);
  link->hello_wait_ms = link->hello_wait_ms ? 2 * link->hello_wait_ms : HELLO_FIRST_MS;
  if (link->hello_wait_ms > HELLO_MOST_MS) link->hello_wait_ms = HELLO_MOST_MS;
  uint8_t jitter = 0;
  fc_random_bytes(&jitter, 1);
  link->hello_due_ms = link_now_ms(link) + link->hello_wait_ms + link->hello_wait_ms * jitter / 1024;
}

void link_count_in_flight(link_t *link) {
  link->in_flight = 0;
  link->in_flight_bytes = 0;
  for (int32_t i = 0; i < spool_size(link->spool); ++i) {
    const spool_record_t *record = spool_at(link->spool, i);
    if (!record->sent || record->acked) continue;
    link->in_flight += 1;
    link->in_flight_bytes += record->size;
  }
}

/* Loads record i for sending. False: it cannot be sent ever, and was given up. */
static bool load_transition(link_t *link, int32_t i, fc_transition_t *transition) {
  fc_error_t error = {0};
  if (spool_load(link->spool, i, &link->payload, &error) == FC_OK &&
      fc_wire_decode_transition(link->payload.data, link->payload.size, transition, &error) == FC_OK) {
    if (strcmp(transition->agent, link->settings->agent) == 0 &&
        strcmp(transition->workflow, link->workflow->name) == 0)
      return true;
    fc_error_set(&error, FC_EMISMATCH, "it is of agent %s and workflow %s", transition->agent, transition->workflow);
    fc_transition_clear(transition);
  }
  FC_LOG_W(link->log, "link", "a spooled transition is given up: %s", error.message);
  spool_discard(link->spool, i);
  return false;
}

/* Fills batch[] with unsent transitions of one epoch within the credit; first..last are their spool indices. */
static int32_t fill_batch(link_t *link, fc_transition_t *batch, int32_t *indices) {
  const int32_t most = link->one_at_a_time ? 1 : BATCH_TRANSITIONS;
  int32_t n = 0;
  uint64_t bytes = 0, epoch = 0;
  for (int32_t i = 0; i < spool_size(link->spool) && n < most;) {
    const spool_record_t record = *spool_at(link->spool, i);
    if (record.sent || record.acked) {
      ++i;
      continue;
    }
    if (n > 0 && (record.epoch != epoch || bytes + record.size > BATCH_BYTES)) break;
    if (link->in_flight_bytes + bytes + record.size > link->credit_bytes && link->in_flight + n > 0) break;
    if (!load_transition(link, i, &batch[n])) continue;
    epoch = record.epoch;
    bytes += record.size;
    indices[n++] = i++;
  }
  return n;
}

/* One TRANSITIONS message. Returns false when there is nothing (more) to send now. */
static bool send_batch(link_t *link) {
  if (link->one_at_a_time && link->in_flight > 0) return false;
  fc_transition_t batch[BATCH_TRANSITIONS];
  int32_t indices[BATCH_TRANSITIONS];
  const int32_t n = fill_batch(link, batch, indices);
  if (n == 0) return false;
  fc_wire_message_t message = {.type = FC_WIRE_TRANSITIONS,
                               .flags = link->settings->lockstep ? FC_WIRE_FLAG_LOCKSTEP : 0};
  message.as.transitions.n_transitions = n;
  message.as.transitions.transitions = batch;
  const bool sent = link_send(link, &message);
  for (int32_t i = 0; i < n; ++i) fc_transition_clear(&batch[i]);
  if (!sent) return false;
  for (int32_t i = 0; i < n; ++i) spool_mark_sent(link->spool, indices[i]);
  if (link->in_flight == 0) link->progress_ms = link_now_ms(link);
  link->counters.sent += n;
  link_count_in_flight(link);
  return true;
}

void link_send_pull(link_t *link) {
  fc_wire_message_t message = {.type = FC_WIRE_PULL};
  snprintf(message.as.pull.workflow, FC_NAME_SIZE, "%s", link->workflow->name);
  message.as.pull.version = link->wanted;
  message.as.pull.offset = link->pull.active ? link->pull.have : 0;
  message.as.pull.max_bytes = FC_WIRE_CHUNK_BYTES;
  link_send(link, &message);
  link->pull_due_ms = link_now_ms(link) + PULL_RETRY_MS;
}

void link_want(link_t *link, int64_t version) {
  if (version <= link->cache->held || version < link->cache->high_water || version == link->refused_version) return;
  if (version <= link->wanted) return;
  link->wanted = version;
  link->pull_tries = 0;
  pull_clear(&link->pull);
  if (link->state == LINK_READY) link_send_pull(link);
}

static void send_records_pull(link_t *link) {
  fc_wire_message_t message = {.type = FC_WIRE_SAFETY_PULL};
  snprintf(message.as.safety_pull.workflow, FC_NAME_SIZE, "%s", link->workflow->name);
  message.as.safety_pull.version_held = link->records_version;
  link_send(link, &message);
  link->records_due_ms = link_now_ms(link) + RECORDS_RETRY_MS;
}

void link_request_records(link_t *link) {
  if (link->state != LINK_READY) return;
  link->awaits_records = true;
  send_records_pull(link);
}

void link_refresh(link_t *link, uint64_t next_sequence) {
  if (link->state != LINK_READY) return;
  link->state = LINK_GREETING;
  link->refreshing = true;
  link->hello_wait_ms = 0;
  send_hello(link, next_sequence);
}

void link_propose(link_t *link, fc_wire_proposal_t *proposal) {
  if (link->state != LINK_READY) return;
  fc_wire_message_t message = {.type = FC_WIRE_PROPOSAL};
  message.as.proposal = *proposal; /* borrowed for the call: the message is not cleared */
  if (link_send(link, &message)) link->counters.proposals += 1;
}

/* ---- polling -------------------------------------------------------------------------------------------------- */

static void take_event(link_t *link, uint64_t next_sequence) {
  uint8_t event[6];
  uint16_t kind = 0;
  const int size = zmq_recv(link->monitor, event, sizeof event, ZMQ_DONTWAIT);
  if (size < 0) return;
  char address[SETTINGS_ENDPOINT_SIZE];
  (void)zmq_recv(link->monitor, address, sizeof address, ZMQ_DONTWAIT);
  if (size < (int)sizeof kind) return;
  memcpy(&kind, event, sizeof kind);
  if (kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
    link->state = LINK_GREETING;
    link->hello_wait_ms = 0;
    send_hello(link, next_sequence);
  } else if (kind == ZMQ_EVENT_DISCONNECTED) {
    if (link->state == LINK_READY) FC_LOG_W(link->log, "link", "connection to %s lost", link->settings->ingest);
    link->state = LINK_DOWN;
    link->refreshing = false;
    link->awaits_records = false;
    spool_unsend(link->spool);
    link_count_in_flight(link);
  }
}

/* One message of the dealer or the subscriber: its last part is the frame. */
static bool take_message(link_t *link, void *socket) {
  zmq_msg_t part;
  int more = 1, parts = 0;
  while (more) {
    zmq_msg_init(&part);
    if (zmq_msg_recv(&part, socket, ZMQ_DONTWAIT) < 0) {
      zmq_msg_close(&part);
      return parts > 0;
    }
    more = zmq_msg_more(&part);
    parts += 1;
    if (!more) link_take_frame(link, zmq_msg_data(&part), zmq_msg_size(&part), socket == link->subscriber);
    zmq_msg_close(&part);
  }
  return true;
}

static void do_what_is_due(link_t *link, uint64_t next_sequence) {
  const int64_t now = link_now_ms(link);
  if (link->state == LINK_GREETING && now >= link->hello_due_ms) send_hello(link, next_sequence);
  if (link->state != LINK_READY) return;
  const int64_t patience = link->settings->lockstep ? ACK_TIMEOUT_LOCKSTEP_MS : ACK_TIMEOUT_MS;
  const bool silent = link->in_flight > 0 && now - link->progress_ms >= patience;
  if (silent || link->announced_dropped != spool_dropped(link->spool)) {
    /* No acknowledgement for long, or numbers were dropped: greet again, so that both sides agree what is where. */
    link->state = LINK_GREETING;
    link->hello_wait_ms = 0;
    send_hello(link, next_sequence);
    return;
  }
  if (now >= link->retry_at_ms)
    for (int32_t i = 0; i < MAX_PER_POLL && send_batch(link); ++i) continue;
  if (link->wanted > 0 && now >= link->pull_due_ms) {
    if (++link->pull_tries > PULL_TRIES) {
      FC_LOG_W(link->log, "link", "policy version %lld does not arrive; waiting for the next hint",
               (long long)link->wanted);
      link->wanted = 0;
      pull_clear(&link->pull);
    } else {
      link_send_pull(link);
    }
  }
  if (link->awaits_records && now >= link->records_due_ms) send_records_pull(link);
}

bool link_poll(link_t *link, uint64_t next_sequence, int timeout_ms) {
  do_what_is_due(link, next_sequence);
  zmq_pollitem_t items[3] = {{.socket = link->monitor, .events = ZMQ_POLLIN},
                             {.socket = link->dealer, .events = ZMQ_POLLIN},
                             {.socket = link->subscriber, .events = ZMQ_POLLIN}};
  const int n = link->subscriber ? 3 : 2;
  bool any = false;
  for (int32_t round = 0; round < MAX_PER_POLL; ++round) {
    if (zmq_poll(items, n, round == 0 ? timeout_ms : 0) <= 0) break;
    if (items[0].revents & ZMQ_POLLIN) take_event(link, next_sequence);
    if (items[1].revents & ZMQ_POLLIN) any = take_message(link, link->dealer) || any;
    if (n > 2 && (items[2].revents & ZMQ_POLLIN)) any = take_message(link, link->subscriber) || any;
  }
  do_what_is_due(link, next_sequence);
  return any;
}

/* ---- looking -------------------------------------------------------------------------------------------------- */

link_state_t link_state(const link_t *link) {
  return link->state;
}
int64_t link_live_version(const link_t *link) {
  return link->live_version;
}
bool link_is_pulling(const link_t *link) {
  return link->state == LINK_READY && link->wanted > 0;
}
int32_t link_in_flight(const link_t *link) {
  return link->in_flight;
}
bool link_awaits_records(const link_t *link) {
  return link->state == LINK_READY && link->awaits_records;
}
link_news_t *link_news(link_t *link) {
  return &link->news;
}
const link_counters_t *link_counters(const link_t *link) {
  return &link->counters;
}
