/* link_message.c - what each message of the server means to the agent: see link.h. Nothing from the network is believed
 * before fc_wire_decode checked it, and no policy before policy_cache did. */
#include <string.h>

#include "link_state.h"

enum { UNKNOWN_WORKFLOW_RETRY_MS = 5000, REFUSED_RETRY_MS = 1000, MAX_RETRY_MS = 60000 };

static void take_welcome(link_t *link, const fc_wire_welcome_t *welcome) {
  fc_error_t error = {0};
  if (welcome->version != FC_WIRE_VERSION) {
    FC_LOG_E(link->log, "link", "the server chose protocol version %u, this agent speaks %d", welcome->version,
             FC_WIRE_VERSION);
    link->state = LINK_REFUSED;
    return;
  }
  if (policy_cache_check_key(link->cache, welcome->server_key, &error) != FC_OK) {
    if (link->state != LINK_REFUSED) FC_LOG_E(link->log, "link", "%s", error.message);
    link->state = LINK_REFUSED;
    return;
  }
  if (!welcome->workflow_known) {
    FC_LOG_W(link->log, "link",
             "the server does not know workflow %s with this content: register it there (faasconf register --workflow "
             "FILE); transitions stay in the spool",
             link->workflow->name);
    link->state = LINK_GREETING;
    link->hello_due_ms = link_now_ms(link) + UNKNOWN_WORKFLOW_RETRY_MS;
    return;
  }
  if (link->state != LINK_READY && !link->refreshing)
    FC_LOG_I(link->log, "link", "connected to %s", link->settings->ingest);
  link->state = LINK_READY;
  link->hello_wait_ms = 0;
  if (!link->refreshing) link->counters.connects += 1;
  link->refreshing = false;
  link->counters.acked += spool_acknowledge(link->spool, link->epoch, welcome->acknowledged_sequence, 0);
  spool_unsend(link->spool);
  link_count_in_flight(link);
  link->credit_bytes = welcome->credit_bytes;
  link->retry_at_ms = 0;
  link->one_at_a_time = false;
  link->wanted = 0;
  link->live_version = welcome->policy_version;
  link_want(link, welcome->policy_version);
}

static void take_ack(link_t *link, const fc_wire_ack_t *ack) {
  if (strcmp(ack->agent, link->settings->agent) != 0) return;
  const int64_t now = link_now_ms(link);
  link->progress_ms = now;
  link->credit_bytes = ack->credit_bytes;
  link->counters.acked += spool_acknowledge(link->spool, ack->epoch, ack->acknowledged_sequence, ack->selective);
  if (ack->code != FC_RPC_OK) {
    link->counters.exhausted += 1;
    link->retry_at_ms = now + (ack->retry_after_ms < MAX_RETRY_MS ? ack->retry_after_ms : MAX_RETRY_MS);
    spool_unsend(link->spool);
  } else {
    link->one_at_a_time = false;
  }
  link_count_in_flight(link);
  if (ack->policy_version > 0) {
    link->live_version = ack->policy_version;
    link_want(link, ack->policy_version);
  }
}

/* Which record was refused is not said: the next ones go alone, and one refused alone is given up. */
static void take_refusal(link_t *link, const fc_wire_refusal_t *refusal) {
  link->counters.refusals += 1;
  FC_LOG_W(link->log, "link", "the server refused a message: %s: %s", fc_rpc_code_name(refusal->code),
           refusal->message ? refusal->message : "(no reason given)");
  if (link->state != LINK_READY) {
    link->hello_due_ms = link_now_ms(link) + UNKNOWN_WORKFLOW_RETRY_MS;
    return;
  }
  const bool is_invalid = refusal->code == FC_RPC_INVALID_ARGUMENT || refusal->code == FC_RPC_OUT_OF_RANGE;
  if (is_invalid && link->one_at_a_time && link->in_flight == 1) {
    for (int32_t i = 0; i < spool_size(link->spool); ++i) {
      if (!spool_at(link->spool, i)->sent || spool_at(link->spool, i)->acked) continue;
      spool_discard(link->spool, i);
      link->counters.refused += 1;
      break;
    }
  }
  if (link->in_flight > 0) link->one_at_a_time = true;
  link->retry_at_ms = is_invalid ? 0 : link_now_ms(link) + REFUSED_RETRY_MS;
  spool_unsend(link->spool);
  link_count_in_flight(link);
}

static void refuse_policy(link_t *link, int64_t version, const fc_error_t *error) {
  FC_LOG_W(link->log, "link", "policy version %lld is not taken: %s", (long long)version, error->message);
  link->refused_version = version;
  link->wanted = 0;
  pull_clear(&link->pull);
}

static void take_hint(link_t *link, const fc_wire_hint_t *hint) {
  link->counters.hints += 1;
  if (strcmp(hint->workflow, link->workflow->name) != 0) return; /* topics match by prefix */
  if (link->state != LINK_READY) return;                         /* the next WELCOME tells the live version */
  fc_error_t error = {0};
  const fc_status_t status = policy_cache_check_hint(link->cache, hint, &error);
  if (status == FC_EEXISTS) return;
  if (status != FC_OK) {
    if (hint->version != link->refused_version) FC_LOG_W(link->log, "link", "hint ignored: %s", error.message);
    return;
  }
  link_want(link, hint->version);
}

static void take_chunk(link_t *link, const fc_wire_chunk_t *chunk) {
  if (link->wanted == 0) return;
  fc_error_t error = {0};
  if (chunk->hint.version == 0) { /* not kept there any more: the next hint or acknowledgement names another */
    link->wanted = 0;
    pull_clear(&link->pull);
    return;
  }
  if (chunk->hint.version != link->wanted) return;
  if (!link->pull.active) {
    fc_status_t status = policy_cache_check_hint(link->cache, &chunk->hint, &error);
    if (status == FC_OK) status = pull_start(&link->pull, &chunk->hint, &error);
    if (status != FC_OK) {
      if (status != FC_EEXISTS) link->cache->rejected += 1;
      refuse_policy(link, chunk->hint.version, &error);
      return;
    }
  }
  const uint64_t before = link->pull.have;
  const bool complete = pull_add(&link->pull, chunk);
  if (!complete) {
    if (link->pull.have > before) {
      link->pull_tries = 0;
      link_send_pull(link);
    }
    return;
  }
  fc_policy_t *policy = NULL;
  const fc_wire_hint_t hint = link->pull.hint;
  const fc_status_t status = policy_cache_accept(link->cache, &hint, link->pull.bytes,
                                                 link->pull.bytes + hint.manifest_bytes, &policy, &error);
  if (status != FC_OK) {
    refuse_policy(link, hint.version, &error);
    return;
  }
  FC_LOG_I(link->log, "link", "policy version %lld accepted", (long long)hint.version);
  link->counters.policies += 1;
  link->wanted = 0;
  pull_clear(&link->pull);
  fc_policy_destroy(&link->news.policy);
  link->news.policy = policy;
}

static void take_records(link_t *link, fc_wire_message_t *message) {
  const fc_wire_safety_t *safety = &message->as.safety;
  if (strcmp(safety->workflow, link->workflow->name) != 0) return;
  link->awaits_records = false;
  if (safety->version == link->records_version) return; /* nothing new */
  link->records_version = safety->version;
  fc_wire_message_clear(&link->records_message);
  link->records_message = *message;
  *message = (fc_wire_message_t){.type = FC_WIRE_NONE};
  link->news.records = link->records_message.as.safety.records;
  link->news.n_records = link->records_message.as.safety.n_records;
  link->news.has_records = true;
}

void link_take_frame(link_t *link, const uint8_t *frame, size_t size, bool from_hints) {
  fc_wire_message_t message;
  fc_error_t error = {0};
  if (fc_wire_decode(frame, size, FC_WIRE_MAX_REPLY_BYTES, &message, &error) != FC_OK) {
    link->counters.malformed += 1;
    FC_LOG_W(link->log, "link", "a frame of the server is ignored: %s", error.message);
    return;
  }
  if (from_hints) {
    if (message.type == FC_WIRE_HINT) take_hint(link, &message.as.hint);
  } else if (link->state == LINK_REFUSED || link->state == LINK_DOWN) {
    /* Nothing is believed from a server that is refused, nor from a connection that is gone: the next greeting tells
     * what was acknowledged. */
  } else {
    switch (message.type) {
      case FC_WIRE_WELCOME:
        take_welcome(link, &message.as.welcome);
        break;
      case FC_WIRE_ACK:
        if (link->state == LINK_READY) take_ack(link, &message.as.ack);
        break;
      case FC_WIRE_HINT:
        take_hint(link, &message.as.hint);
        break;
      case FC_WIRE_CHUNK:
        if (link->state == LINK_READY) take_chunk(link, &message.as.chunk);
        break;
      case FC_WIRE_SAFETY:
        if (link->state == LINK_READY) take_records(link, &message);
        break;
      case FC_WIRE_REFUSAL:
        take_refusal(link, &message.as.refusal);
        break;
      default:
        break; /* heartbeats, approvals and joint steps: later */
    }
  }
  fc_wire_message_clear(&message);
}
