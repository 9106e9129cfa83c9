/* publish.c - waits for subscriptions, registry changes and the stop (publish.h). */
#include "publish.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "queue.h"

enum { MAX_SUBSCRIPTION_BYTES = 1 + FC_NAME_SIZE, BACKLOG = 256, FLUSH_MS = 100 };

struct publish {
  publish_options_t options;
  endpoint_t endpoint;
  queue_t *stop; /* closed: end */
  pthread_t thread;
  bool running;
  const registry_snapshot_t *sent; /* whose live policies have been announced */
  fc_wire_buffer_t frame;
};

static void send_hint(publish_t *self, const registry_policy_t *policy) {
  fc_error_t error = {.status = FC_OK};
  fc_wire_message_t message = {.type = FC_WIRE_HINT};
  message.as.hint = policy->hint;
  if (fc_wire_encode(&message, &self->frame, &error) != FC_OK) {
    FC_LOG_E(self->options.log, "publish", "a hint could not be encoded: %s", error.message);
    return;
  }
  if (endpoint_publish(&self->endpoint, policy->hint.workflow, self->frame.data, self->frame.size) == FC_OK) {
    stats_add(self->options.stats, STATS_hints_sent, 1);
  }
}

/* Announces every live policy that the previous snapshot did not have. */
static void announce_changes(publish_t *self) {
  registry_watched(self->options.registry);
  const registry_snapshot_t *now = registry_acquire(self->options.registry);
  for (int32_t i = 0; i < registry_count(now); ++i) {
    const registry_entry_t *entry = registry_at(now, i);
    if (entry->n_policies == 0) continue;
    const registry_policy_t *live = entry->policies[0];
    if (live->hint.version != registry_live_version(self->sent, live->hint.workflow)) send_hint(self, live);
  }
  registry_release(&self->sent);
  self->sent = now;
}

/* A new subscriber hears of what it subscribed to; the others hear it again, which is harmless. */
static void answer_subscriptions(publish_t *self) {
  for (;;) {
    char topic[MAX_SUBSCRIPTION_BYTES + 1];
    int subscribed = 0;
    const fc_status_t status = endpoint_subscription(&self->endpoint, topic, sizeof topic, &subscribed);
    if (status == FC_ETIMEOUT) return;
    if (status != FC_OK || !subscribed) continue;
    for (int32_t i = 0; i < registry_count(self->sent); ++i) {
      const registry_entry_t *entry = registry_at(self->sent, i);
      if (entry->n_policies == 0 || strncmp(entry->workflow->name, topic, strlen(topic)) != 0) continue;
      send_hint(self, entry->policies[0]);
    }
  }
}

static void *run(void *argument) {
  publish_t *self = argument;
  for (;;) {
    int receivable = 0, ready[2] = {0};
    const int fds[2] = {registry_changed_fd(self->options.registry), queue_fd(self->stop)};
    (void)endpoint_wait(&self->endpoint, 1, fds, 2, -1, &receivable, ready);
    if (ready[0]) announce_changes(self);
    if (receivable) answer_subscriptions(self);
    if (ready[1]) return NULL;
  }
}

fc_status_t publish_new(const publish_options_t *options, publish_t **out, fc_error_t *error) {
  publish_t *self = calloc(1, sizeof *self);
  if (self == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for the publish thread");
  self->options = *options;
  self->sent = registry_acquire(options->registry);
  fc_status_t status = queue_new(1, 1, &self->stop, error);
  if (status == FC_OK) {
    status = endpoint_open(&self->endpoint, ENDPOINT_XPUB, options->endpoint, MAX_SUBSCRIPTION_BYTES, BACKLOG, error);
  }
  if (status != FC_OK) {
    publish_destroy(&self);
    return status;
  }
  *out = self;
  return FC_OK;
}

fc_status_t publish_start(publish_t *publish, fc_error_t *error) {
  if (pthread_create(&publish->thread, NULL, run, publish) != 0) {
    return fc_error_set(error, FC_EEXHAUSTED, "cannot start the publish thread");
  }
  publish->running = true;
  return FC_OK;
}

const char *publish_address(const publish_t *publish) {
  return publish->endpoint.address;
}

void publish_destroy(publish_t **publish) {
  if (publish == NULL || *publish == NULL) return;
  publish_t *self = *publish;
  if (self->running) {
    queue_close(self->stop);
    pthread_join(self->thread, NULL);
  }
  endpoint_close(&self->endpoint, FLUSH_MS);
  queue_destroy(&self->stop);
  registry_release(&self->sent);
  fc_wire_buffer_clear(&self->frame);
  free(self);
  *publish = NULL;
}
