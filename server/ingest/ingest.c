/* ingest.c - poll socket, replies and stop; one function per message type (ingest.h). */
#include "ingest.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peers.h"

enum {
  BURST = 64,           /* frames read before replies get their turn */
  MAX_PEERS = 4096,     /* counted as connected; more are served all the same */
  PEER_SILENCE_S = 120, /* then it no longer counts as connected */
  SWEEP_MS = 5000,
  LEAST_CREDIT_BYTES = 65536,
  BACKLOG = 2048, /* a group commit may answer a thousand messages of one agent at once */
  FLUSH_MS = 500  /* for the last acknowledgements of a graceful stop */
};

struct ingest {
  ingest_options_t options;
  endpoint_t endpoint;
  queue_t *stop; /* closed: read no further */
  pthread_t thread;
  bool running;
  peers_t *peers;
  int64_t pending_bytes; /* handed to the writer, not yet answered */
  int64_t next_sweep_ns;
  uint8_t *body; /* of the last frame received */
  size_t body_capacity;
  fc_wire_buffer_t frame; /* of the last frame sent */
};

/* ---- sending ---- */

static void send_message(ingest_t *self, const endpoint_peer_t *peer, const fc_wire_message_t *message) {
  fc_error_t error = {.status = FC_OK};
  if (fc_wire_encode(message, &self->frame, &error) != FC_OK) {
    FC_LOG_E(self->options.log, "ingest", "a reply of type %d could not be encoded: %s", (int)message->type,
             error.message);
    return;
  }
  const fc_status_t status = endpoint_send(&self->endpoint, peer, 0, self->frame.data, self->frame.size);
  if (status == FC_OK) return;
  /* A lost reply costs a repetition: the agent asks or sends again. */
  if (status == FC_ENOTFOUND) peers_forget(self->peers, peer);
  stats_set(self->options.stats, STATS_agents_connected, (uint64_t)peers_count(self->peers));
  FC_LOG_D(self->options.log, "ingest", "a reply could not be sent: %s", fc_status_text(status));
}

__attribute__((format(printf, 4, 5))) static void refuse(ingest_t *self, const endpoint_peer_t *peer,
                                                         fc_rpc_code_t code, const char *format, ...) {
  char sentence[FC_ERROR_MESSAGE_SIZE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(sentence, sizeof sentence, format, arguments);
  va_end(arguments);
  fc_wire_message_t message = {.type = FC_WIRE_REFUSAL};
  message.as.refusal.code = code;
  message.as.refusal.message = sentence;
  send_message(self, peer, &message);
}

/* What one agent may have in flight: its credit, less when the queue has less room. Never nothing: an agent without
 * credit would have no answer left to learn from that there is room again. */
static uint64_t credit(const ingest_t *self) {
  const int64_t most = self->options.credit_bytes, room = self->options.queue_bytes - self->pending_bytes;
  const int64_t least = most < LEAST_CREDIT_BYTES ? most : LEAST_CREDIT_BYTES;
  return (uint64_t)(room < least ? least : room < most ? room : most);
}

static void send_reply(ingest_t *self, const writer_reply_t *reply) {
  self->pending_bytes -= (int64_t)reply->size_bytes;
  fc_wire_message_t message = {.type = reply->type};
  switch (reply->type) {
    case FC_WIRE_ACK:
      message.as.ack = reply->ack;
      message.as.ack.credit_bytes = credit(self);
      break;
    case FC_WIRE_WELCOME:
      message.as.welcome = reply->welcome;
      message.as.welcome.credit_bytes = credit(self);
      break;
    case FC_WIRE_REFUSAL:
      refuse(self, &reply->peer, reply->code, "%s", reply->message);
      return;
    default:
      return;
  }
  send_message(self, &reply->peer, &message);
}

/* ---- messages that have to become durable ---- */

/* "Not taken, send again", from here: nothing reached the writer. What is durable is not known here, so 0. */
static void reply_exhausted(ingest_t *self, const endpoint_peer_t *peer, const fc_transition_t *first) {
  fc_wire_message_t message = {.type = FC_WIRE_ACK};
  fc_wire_ack_t *ack = &message.as.ack;
  memcpy(ack->agent, first->agent, sizeof ack->agent);
  ack->epoch = first->epoch;
  ack->code = FC_RPC_RESOURCE_EXHAUSTED;
  ack->retry_after_ms = (uint32_t)self->options.retry_after_ms;
  ack->credit_bytes = credit(self);
  send_message(self, peer, &message);
}

/* The frame received last, no larger than it is: its bytes are what the agent's credit counts. */
static void fit_body(ingest_t *self, size_t size) {
  if (self->body_capacity == size) return;
  uint8_t *fitting = realloc(self->body, size);
  if (fitting == NULL) return;
  self->body = fitting;
  self->body_capacity = size;
}

/* Moves the message into a job for the writer. FC_EEXHAUSTED when the bound is reached; *message is untouched then. */
static fc_status_t hand_over(ingest_t *self, writer_kind_t kind, const endpoint_peer_t *peer, size_t size,
                             fc_wire_message_t *message, const registry_snapshot_t *snapshot) {
  if (self->pending_bytes + (int64_t)size > self->options.queue_bytes) return FC_EEXHAUSTED;
  writer_job_t job;
  memset(&job, 0, sizeof job);
  job.kind = kind;
  job.as.agent.peer = *peer;
  job.as.agent.size_bytes = size;
  job.as.agent.message = *message;
  job.as.agent.snapshot = snapshot;
  if (kind == WRITER_TRANSITIONS) {
    fit_body(self, size);
    job.as.agent.frame = self->body;
  }
  FC_TRY(writer_try_submit(self->options.writer, &job));
  self->pending_bytes += (int64_t)size;
  if (kind == WRITER_TRANSITIONS) {
    self->body = NULL; /* as the message below */
    self->body_capacity = 0;
  }
  message->type = FC_WIRE_NONE; /* the job owns it now */
  return FC_OK;
}

/* All of one message: same agent, epoch and workflow, and each fits the registered workflow. */
static fc_rpc_code_t check_transitions(const registry_snapshot_t *snapshot, const fc_wire_transitions_t *batch,
                                       fc_error_t *error) {
  if (batch->n_transitions < 1) {
    fc_error_set(error, FC_EINVAL, "the message has no transition");
    return FC_RPC_INVALID_ARGUMENT;
  }
  const fc_transition_t *first = &batch->transitions[0];
  const registry_entry_t *entry = registry_find(snapshot, first->workflow);
  if (entry == NULL) {
    fc_error_set(error, FC_ENOTFOUND, "workflow `%s` is not registered: register it (`faasconf register`)",
                 first->workflow);
    return FC_RPC_NOT_FOUND;
  }
  for (int32_t i = 0; i < batch->n_transitions; ++i) {
    const fc_transition_t *transition = &batch->transitions[i];
    if (strcmp(transition->agent, first->agent) != 0 || transition->epoch != first->epoch ||
        strcmp(transition->workflow, first->workflow) != 0) {
      fc_error_set(error, FC_EINVAL, "transition %" PRIu64 ": all of a message have one agent, epoch and workflow",
                   transition->sequence);
      return FC_RPC_INVALID_ARGUMENT;
    }
    const fc_status_t status = fc_transition_validate(transition, entry->workflow, error);
    if (status != FC_OK) {
      fc_error_prefix(error, "transition %" PRIu64, transition->sequence);
      return status == FC_ENOMEM ? FC_RPC_RESOURCE_EXHAUSTED : FC_RPC_INVALID_ARGUMENT;
    }
  }
  return FC_RPC_OK;
}

static void on_transitions(ingest_t *self, const endpoint_peer_t *peer, size_t size, fc_wire_message_t *message) {
  const fc_wire_transitions_t *batch = &message->as.transitions;
  fc_error_t error = {.status = FC_OK};
  const registry_snapshot_t *snapshot = registry_acquire(self->options.registry);
  stats_add(self->options.stats, STATS_transitions_received, batch->n_transitions);
  const fc_rpc_code_t code = check_transitions(snapshot, batch, &error);
  if (code != FC_RPC_OK) {
    stats_add(self->options.stats, STATS_transitions_refused, batch->n_transitions);
    refuse(self, peer, code, "%s", error.message);
  } else if (hand_over(self, WRITER_TRANSITIONS, peer, size, message, snapshot) == FC_OK) {
    return; /* the job holds the snapshot */
  } else {
    reply_exhausted(self, peer, &batch->transitions[0]);
  }
  registry_release(&snapshot);
}

static void on_hello(ingest_t *self, const endpoint_peer_t *peer, size_t size, fc_wire_message_t *message) {
  const fc_wire_hello_t *hello = &message->as.hello;
  if (hello->min_version > FC_WIRE_VERSION || hello->max_version < FC_WIRE_VERSION) {
    refuse(self, peer, FC_RPC_FAILED_PRECONDITION,
           "this server speaks protocol version %d, the agent versions %u to %u: upgrade the older of the two",
           FC_WIRE_VERSION, hello->min_version, hello->max_version);
    return;
  }
  FC_LOG_I(self->options.log, "ingest", "agent `%s` epoch %" PRIu64 " for workflow `%s`", hello->agent, hello->epoch,
           hello->workflow);
  peers_seen(self->peers, peer, self->options.clock.monotonic_ns(self->options.clock.self));
  stats_set(self->options.stats, STATS_agents_connected, (uint64_t)peers_count(self->peers));
  if (hand_over(self, WRITER_HELLO, peer, size, message, NULL) != FC_OK) {
    refuse(self, peer, FC_RPC_RESOURCE_EXHAUSTED, "too much is waiting to be stored: say HELLO again in %d ms",
           (int)self->options.retry_after_ms);
  }
}

static void on_proposal(ingest_t *self, const endpoint_peer_t *peer, size_t size, fc_wire_message_t *message) {
  if (hand_over(self, WRITER_PROPOSAL, peer, size, message, NULL) != FC_OK) {
    refuse(self, peer, FC_RPC_RESOURCE_EXHAUSTED, "too much is waiting to be stored: propose again in %d ms",
           (int)self->options.retry_after_ms);
  }
}

/* ---- reads, answered from the snapshot ---- */

static void on_pull(ingest_t *self, const endpoint_peer_t *peer, const fc_wire_pull_t *pull) {
  const registry_snapshot_t *snapshot = registry_acquire(self->options.registry);
  const registry_entry_t *entry = registry_find(snapshot, pull->workflow);
  const registry_policy_t *policy = entry == NULL ? NULL : registry_policy(entry, pull->version);
  fc_wire_message_t message = {.type = FC_WIRE_CHUNK};
  fc_wire_chunk_t *chunk = &message.as.chunk;
  uint8_t *bytes = NULL;
  memcpy(chunk->hint.workflow, pull->workflow, sizeof chunk->hint.workflow);
  chunk->offset = pull->offset;
  if (policy != NULL) {
    chunk->hint = policy->hint;
    const uint64_t total = policy->manifest_size + policy->weights_size;
    const uint64_t left = pull->offset < total ? total - pull->offset : 0;
    uint64_t size =
        pull->max_bytes == 0 || pull->max_bytes > FC_WIRE_CHUNK_BYTES ? FC_WIRE_CHUNK_BYTES : pull->max_bytes;
    if (size > left) size = left;
    bytes = malloc(size + 1);
    if (bytes == NULL) {
      refuse(self, peer, FC_RPC_RESOURCE_EXHAUSTED, "no memory for a chunk: pull again");
      registry_release(&snapshot);
      return;
    }
    for (uint64_t i = 0; i < size;) { /* manifest, then weights */
      const uint64_t at = pull->offset + i;
      const bool in_manifest = at < policy->manifest_size;
      const uint8_t *from =
          in_manifest ? (const uint8_t *)policy->manifest + at : policy->weights + (at - policy->manifest_size);
      const uint64_t here = in_manifest ? policy->manifest_size - at : total - at;
      const uint64_t n = here < size - i ? here : size - i;
      memcpy(bytes + i, from, n);
      i += n;
    }
    chunk->size = size;
    chunk->data = bytes;
    stats_add(self->options.stats, STATS_chunks_sent, 1);
  }
  send_message(self, peer, &message);
  free(bytes);
  registry_release(&snapshot);
}

static void on_safety_pull(ingest_t *self, const endpoint_peer_t *peer, const fc_wire_safety_pull_t *pull) {
  const registry_snapshot_t *snapshot = registry_acquire(self->options.registry);
  const registry_entry_t *entry = registry_find(snapshot, pull->workflow);
  fc_wire_message_t message = {.type = FC_WIRE_SAFETY};
  memcpy(message.as.safety.workflow, pull->workflow, sizeof message.as.safety.workflow);
  if (entry != NULL) {
    message.as.safety.version = entry->safety_version;
    if (entry->safety_version != pull->version_held) {
      message.as.safety.n_records = entry->n_records;
      message.as.safety.records = (fc_safety_record_t *)entry->records; /* encode only reads */
    }
  }
  send_message(self, peer, &message);
  registry_release(&snapshot);
}

/* ---- the loop ---- */

static void on_message(ingest_t *self, const endpoint_peer_t *peer, size_t size, fc_wire_message_t *message) {
  switch (message->type) {
    case FC_WIRE_HELLO:
      on_hello(self, peer, size, message);
      break;
    case FC_WIRE_TRANSITIONS:
      on_transitions(self, peer, size, message);
      break;
    case FC_WIRE_PROPOSAL:
      on_proposal(self, peer, size, message);
      break;
    case FC_WIRE_PULL:
      on_pull(self, peer, &message->as.pull);
      break;
    case FC_WIRE_SAFETY_PULL:
      on_safety_pull(self, peer, &message->as.safety_pull);
      break;
    case FC_WIRE_HEARTBEAT:
      break;
    default:
      refuse(self, peer, FC_RPC_UNIMPLEMENTED, "messages of type %d are not taken on the ingest socket",
             (int)message->type);
  }
}

static void on_frame(ingest_t *self, const endpoint_peer_t *peer, fc_status_t received, size_t size) {
  fc_wire_message_t message = {.type = FC_WIRE_NONE};
  fc_error_t error = {.status = FC_OK};
  fc_status_t status = received;
  if (received == FC_OK) {
    status = fc_wire_decode(self->body, size, FC_WIRE_MAX_INGEST_BYTES, &message, &error);
  } else {
    fc_error_set(&error, received, "expected a message of one part: a frame");
  }
  if (status != FC_OK) {
    stats_add(self->options.stats, STATS_frames_malformed, 1);
    refuse(self, peer,
           status == FC_EMISMATCH                           ? FC_RPC_FAILED_PRECONDITION
           : status == FC_EEXHAUSTED || status == FC_ENOMEM ? FC_RPC_RESOURCE_EXHAUSTED
                                                            : FC_RPC_INVALID_ARGUMENT,
           "%s", error.message);
    return;
  }
  peers_touch(self->peers, peer, self->options.clock.monotonic_ns(self->options.clock.self));
  on_message(self, peer, size, &message);
  fc_wire_message_clear(&message);
}

static void read_frames(ingest_t *self) {
  for (int i = 0; i < BURST; ++i) {
    endpoint_peer_t peer;
    int delimited = 0;
    size_t size = 0;
    const fc_status_t status =
        endpoint_receive(&self->endpoint, &peer, &delimited, &self->body, &self->body_capacity, &size);
    if (status == FC_ETIMEOUT) return;
    on_frame(self, &peer, status, size);
  }
}

static void sweep_peers(ingest_t *self) {
  const int64_t now_ns = self->options.clock.monotonic_ns(self->options.clock.self);
  if (now_ns < self->next_sweep_ns) return;
  self->next_sweep_ns = now_ns + (int64_t)SWEEP_MS * 1000000;
  peers_sweep(self->peers, now_ns - (int64_t)PEER_SILENCE_S * 1000000000);
  stats_set(self->options.stats, STATS_agents_connected, (uint64_t)peers_count(self->peers));
}

static void *run(void *argument) {
  ingest_t *self = argument;
  bool reading = true;
  for (;;) {
    int receivable = 0, ready[2] = {0};
    const int fds[2] = {queue_fd(self->options.replies), queue_fd(self->stop)};
    (void)endpoint_wait(&self->endpoint, reading, fds, reading ? 2 : 1, SWEEP_MS, &receivable, ready);
    if (ready[1]) reading = false;
    writer_reply_t reply;
    fc_status_t status = FC_OK;
    while ((status = queue_pop(self->options.replies, &reply, 0)) == FC_OK) send_reply(self, &reply);
    if (status == FC_ECLOSED) break;
    if (reading && receivable) read_frames(self);
    sweep_peers(self);
  }
  return NULL;
}

/* ---- life ---- */

fc_status_t ingest_new(const ingest_options_t *options, ingest_t **out, fc_error_t *error) {
  ingest_t *self = calloc(1, sizeof *self);
  if (self == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for the ingest thread");
  self->options = *options;
  fc_status_t status = queue_new(1, 1, &self->stop, error);
  if (status == FC_OK) status = peers_new(MAX_PEERS, &self->peers, error);
  if (status == FC_OK) {
    status =
        endpoint_open(&self->endpoint, ENDPOINT_ROUTER, options->endpoint, FC_WIRE_MAX_INGEST_BYTES, BACKLOG, error);
  }
  if (status != FC_OK) {
    ingest_destroy(&self);
    return status;
  }
  *out = self;
  return FC_OK;
}

fc_status_t ingest_start(ingest_t *ingest, fc_error_t *error) {
  if (pthread_create(&ingest->thread, NULL, run, ingest) != 0) {
    return fc_error_set(error, FC_EEXHAUSTED, "cannot start the ingest thread");
  }
  ingest->running = true;
  return FC_OK;
}

const char *ingest_address(const ingest_t *ingest) {
  return ingest->endpoint.address;
}

void ingest_stop_reading(ingest_t *ingest) {
  queue_close(ingest->stop);
}

void ingest_join(ingest_t *ingest) {
  if (!ingest->running) return;
  pthread_join(ingest->thread, NULL);
  ingest->running = false;
  endpoint_close(&ingest->endpoint, FLUSH_MS);
}

void ingest_destroy(ingest_t **ingest) {
  if (ingest == NULL || *ingest == NULL) return;
  ingest_t *self = *ingest;
  if (self->stop != NULL) ingest_stop_reading(self);
  ingest_join(self);
  endpoint_close(&self->endpoint, 0);
  queue_destroy(&self->stop);
  peers_destroy(&self->peers);
  fc_wire_buffer_clear(&self->frame);
  free(self->body);
  free(self);
  *ingest = NULL;
}
