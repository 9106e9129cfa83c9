/* writer.c - one loop over the job queue, with an open group of transitions beside it (writer.h).
 *
 * Anything but transitions first commits the open group: every other job then sees, and answers from, durable rows
 * only.
 */
#include "writer.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/json.h"
#include "sequences.h"

enum { GROUP_JOBS = 1024, REMEMBERED_AGENTS = 4096 };

/* A message of the open group: inserted, not yet committed. */
typedef struct {
  writer_job_t job;
  uint32_t n_duplicates;
} member_t;

struct writer {
  writer_options_t options;
  queue_t *queue;
  pthread_t thread;
  bool running;
  sequences_t *sequences;
  member_t *group; /* (GROUP_JOBS) */
  int32_t n_group;
  int64_t n_rows;      /* in the open group */
  int64_t n_inserted;  /* of them, not duplicates */
  int64_t deadline_ns; /* of the open group */
  bool degraded;
  writer_reply_t reply; /* scratch: large, and one thread */
};

void writer_job_clear(writer_job_t *job) {
  switch (job->kind) {
    case WRITER_TRANSITIONS:
    case WRITER_HELLO:
    case WRITER_PROPOSAL:
      fc_wire_message_clear(&job->as.agent.message);
      registry_release(&job->as.agent.snapshot);
      free(job->as.agent.frame);
      job->as.agent.frame = NULL;
      break;
    case WRITER_REGISTER:
      fc_workflow_destroy(&job->as.registration.workflow);
      free(job->as.registration.text);
      job->as.registration.text = NULL;
      break;
    case WRITER_POLICY:
      registry_policy_destroy(&job->as.publication.policy);
      break;
    case WRITER_SAFETY:
      for (int32_t i = 0; i < job->as.safety.n; ++i) fc_safety_record_clear(&job->as.safety.records[i]);
      free(job->as.safety.records);
      job->as.safety.records = NULL;
      job->as.safety.n = 0;
      break;
    case WRITER_RELEASE:
    case WRITER_BARRIER:
      break;
  }
}

/* ---- replies ---- */

static void send_reply(writer_t *self, const writer_reply_t *reply) {
  /* The ingest thread drains this queue until the writer closes it, so this waits for moments only. */
  FC_ASSERT_EQ(queue_push(self->options.replies, reply), FC_OK);
}

static writer_reply_t *start_reply(writer_t *self, const writer_job_t *job, fc_wire_type_t type) {
  writer_reply_t *reply = &self->reply;
  memset(reply, 0, sizeof *reply);
  reply->peer = job->as.agent.peer;
  reply->size_bytes = job->as.agent.size_bytes;
  reply->type = type;
  return reply;
}

static void refuse(writer_t *self, const writer_job_t *job, fc_rpc_code_t code, const char *sentence) {
  writer_reply_t *reply = start_reply(self, job, FC_WIRE_REFUSAL);
  reply->code = code;
  strncpy(reply->message, sentence, sizeof reply->message - 1);
  send_reply(self, reply);
}

static void set_degraded(writer_t *self, const fc_error_t *error) {
  if (!self->degraded) FC_LOG_E(self->options.log, "writer", "the store refuses writes: %s", error->message);
  self->degraded = true;
  stats_problem(self->options.stats, STATS_SOURCE_STORE, error->message);
}

static void set_well(writer_t *self) {
  if (!self->degraded) return;
  FC_LOG_I(self->options.log, "writer", "the store takes writes again");
  self->degraded = false;
  stats_problem(self->options.stats, STATS_SOURCE_STORE, NULL);
}

/* ---- sequences ---- */

/* The entry of (agent, epoch), asked from the store when it is new. Only called without an open transaction. */
static fc_status_t find_sequence(writer_t *self, const char *agent, uint64_t epoch, sequence_t **out,
                                 fc_error_t *error) {
  *out = sequences_find(self->sequences, agent, epoch);
  if (*out != NULL) return FC_OK;
  uint64_t contiguous = 0, highest = 0;
  FC_TRY(store_contiguous_sequence(self->options.store, agent, epoch, &contiguous, error));
  FC_TRY(store_highest_sequence(self->options.store, agent, epoch, &highest, error));
  *out = sequences_insert(self->sequences, agent, epoch, contiguous, highest);
  return FC_OK;
}

/* Marks the rows of a committed message durable. */
static fc_status_t mark_durable(writer_t *self, const fc_wire_transitions_t *batch, sequence_t **out,
                                fc_error_t *error) {
  const fc_transition_t *first = &batch->transitions[0];
  FC_TRY(find_sequence(self, first->agent, first->epoch, out, error));
  bool ask = false;
  for (int32_t i = 0; i < batch->n_transitions; ++i) {
    ask = sequence_add(*out, batch->transitions[i].sequence) || ask;
  }
  if (ask) {
    uint64_t contiguous = 0;
    FC_TRY(store_contiguous_sequence(self->options.store, first->agent, first->epoch, &contiguous, error));
    sequence_set_contiguous(*out, contiguous);
  }
  return FC_OK;
}

/* ---- the group ---- */

static void fill_ack(fc_wire_ack_t *ack, const fc_transition_t *first, const sequence_t *sequence) {
  memcpy(ack->agent, first->agent, sizeof ack->agent);
  ack->epoch = first->epoch;
  ack->acknowledged_sequence = sequence == NULL ? 0 : sequence->contiguous;
  ack->selective = sequence == NULL ? 0 : sequence->selective;
}

/* "Not taken, send again": what is durable already still stands in it. */
static void reply_exhausted(writer_t *self, const writer_job_t *job) {
  const fc_wire_transitions_t *batch = &job->as.agent.message.as.transitions;
  const fc_transition_t *first = &batch->transitions[0];
  writer_reply_t *reply = start_reply(self, job, FC_WIRE_ACK);
  memcpy(reply->workflow, first->workflow, sizeof reply->workflow);
  fill_ack(&reply->ack, first, sequences_find(self->sequences, first->agent, first->epoch));
  reply->ack.code = FC_RPC_RESOURCE_EXHAUSTED;
  reply->ack.retry_after_ms = (uint32_t)self->options.retry_after_ms;
  send_reply(self, reply);
}

static void note_rows(writer_t *self, const char *workflow, const writer_reply_t *lockstep, const writer_job_t *job) {
  if (self->options.notes == NULL) {
    if (lockstep != NULL) send_reply(self, lockstep);
    return;
  }
  writer_note_t note;
  memset(&note, 0, sizeof note);
  strncpy(note.workflow, workflow, sizeof note.workflow - 1);
  note.lockstep = lockstep != NULL;
  if (lockstep != NULL) note.reply = *lockstep;
  const fc_status_t status = queue_try_push(self->options.notes, &note);
  /* A lost plain note costs nothing: a full queue wakes the learner, which looks at every workflow. A lockstep reply
   * has to be asked for again; after the learner has stopped, from the next server. */
  if (status == FC_EEXHAUSTED && lockstep != NULL) reply_exhausted(self, job);
}

static void acknowledge(writer_t *self, const member_t *member, int64_t policy_version) {
  const writer_job_t *job = &member->job;
  const fc_wire_transitions_t *batch = &job->as.agent.message.as.transitions;
  const fc_transition_t *first = &batch->transitions[0];
  sequence_t *sequence = sequences_find(self->sequences, first->agent, first->epoch);
  writer_reply_t *reply = start_reply(self, job, FC_WIRE_ACK);
  memcpy(reply->workflow, first->workflow, sizeof reply->workflow);
  fill_ack(&reply->ack, first, sequence);
  reply->ack.n_duplicates = member->n_duplicates;
  reply->ack.code = FC_RPC_OK;
  reply->ack.policy_version = policy_version;
  stats_add(self->options.stats, STATS_transitions_acked, batch->n_transitions);
  stats_add(self->options.stats, STATS_transitions_duplicate, member->n_duplicates);
  if ((job->as.agent.message.flags & FC_WIRE_FLAG_LOCKSTEP) != 0) {
    const writer_reply_t lockstep = *reply;
    note_rows(self, first->workflow, &lockstep, job);
  } else {
    send_reply(self, reply);
    note_rows(self, first->workflow, NULL, job);
  }
}

static void clear_group(writer_t *self) {
  for (int32_t i = 0; i < self->n_group; ++i) writer_job_clear(&self->group[i].job);
  self->n_group = 0;
  self->n_rows = 0;
  self->n_inserted = 0;
}

/* Commits the open group and answers each of its messages: all with an acknowledgement, or all with "send again". */
static void flush_group(writer_t *self) {
  if (self->n_group == 0) return;
  fc_error_t error = {.status = FC_OK};
  if (store_commit(self->options.store, &error) != FC_OK) {
    store_rollback(self->options.store);
    set_degraded(self, &error);
    for (int32_t i = 0; i < self->n_group; ++i) reply_exhausted(self, &self->group[i].job);
    clear_group(self);
    return;
  }
  set_well(self);
  stats_add(self->options.stats, STATS_group_commits, 1);
  stats_add(self->options.stats, STATS_transitions_stored, self->n_inserted);
  const registry_snapshot_t *snapshot = registry_acquire(self->options.registry);
  for (int32_t i = 0; i < self->n_group; ++i) {
    const member_t *member = &self->group[i];
    const fc_wire_transitions_t *batch = &member->job.as.agent.message.as.transitions;
    sequence_t *sequence;
    if (mark_durable(self, batch, &sequence, &error) != FC_OK) {
      set_degraded(self, &error);
      reply_exhausted(self, &member->job);
      continue;
    }
    acknowledge(self, member, registry_live_version(snapshot, batch->transitions[0].workflow));
  }
  registry_release(&snapshot);
  clear_group(self);
}

/* The store rolled everything back: the group and this message have to be sent again. */
static void fail_group(writer_t *self, writer_job_t *job, const fc_error_t *error) {
  store_rollback(self->options.store);
  set_degraded(self, error);
  for (int32_t i = 0; i < self->n_group; ++i) reply_exhausted(self, &self->group[i].job);
  clear_group(self);
  reply_exhausted(self, job);
  writer_job_clear(job);
}

/* Inserts a message's rows into the open group. */
static fc_status_t insert_rows(writer_t *self, const writer_job_t *job, uint32_t *n_duplicates, fc_error_t *error) {
  const fc_wire_transitions_t *batch = &job->as.agent.message.as.transitions;
  const registry_entry_t *entry = registry_find(job->as.agent.snapshot, batch->transitions[0].workflow);
  FC_ASSERT(entry != NULL); /* ingest checked */
  *n_duplicates = 0;
  size_t offset = 0, size = 0;
  const uint8_t *bytes = NULL;
  for (int32_t i = 0; i < batch->n_transitions; ++i) {
    bool duplicate = false;
    const bool there = fc_wire_next_transition(job->as.agent.frame, job->as.agent.size_bytes, &offset, &bytes, &size);
    FC_ASSERT(there); /* decoded from it */
    FC_TRY(store_insert_encoded(self->options.store, entry->workflow, &batch->transitions[i], bytes, size, &duplicate,
                                error));
    *n_duplicates += duplicate ? 1u : 0u;
  }
  return FC_OK;
}

static void do_transitions(writer_t *self, writer_job_t *job) {
  fc_error_t error = {.status = FC_OK};
  if (self->n_group == 0) {
    if (store_begin(self->options.store, &error) != FC_OK) {
      fail_group(self, job, &error);
      return;
    }
    self->deadline_ns =
        self->options.clock.monotonic_ns(self->options.clock.self) + (int64_t)self->options.group_commit_ms * 1000000;
  }
  uint32_t n_duplicates = 0;
  const fc_status_t status = insert_rows(self, job, &n_duplicates, &error);
  if (status != FC_OK && status != FC_EINVAL && status != FC_EMISMATCH && status != FC_EFORMAT) {
    fail_group(self, job, &error);
    return;
  }
  if (status != FC_OK) { /* this message's own fault; rows of it before the bad one may stay, unacknowledged */
    stats_add(self->options.stats, STATS_transitions_refused, job->as.agent.message.as.transitions.n_transitions);
    refuse(self, job, fc_rpc_code_from_status(status), error.message);
    writer_job_clear(job);
    if (self->n_group == 0) store_rollback(self->options.store);
    return;
  }
  const fc_wire_message_t *message = &job->as.agent.message;
  const bool lockstep = (message->flags & FC_WIRE_FLAG_LOCKSTEP) != 0;
  self->n_rows += message->as.transitions.n_transitions;
  self->n_inserted += message->as.transitions.n_transitions - (int64_t)n_duplicates;
  self->group[self->n_group++] = (member_t){.job = *job, .n_duplicates = n_duplicates};
  /* Nobody sends more while one waits in lockstep: gathering would only add delay. */
  if (lockstep || self->n_rows >= self->options.group_commit_rows || self->n_group == GROUP_JOBS) flush_group(self);
}

/* ---- other jobs ---- */

static void do_hello(writer_t *self, writer_job_t *job) {
  fc_error_t error = {.status = FC_OK};
  const fc_wire_hello_t *hello = &job->as.agent.message.as.hello;
  sequence_t *sequence;
  if (find_sequence(self, hello->agent, hello->epoch, &sequence, &error) != FC_OK) {
    set_degraded(self, &error);
    refuse(self, job, FC_RPC_UNAVAILABLE, error.message);
  } else {
    const registry_snapshot_t *snapshot = registry_acquire(self->options.registry);
    const registry_entry_t *entry = registry_find(snapshot, hello->workflow);
    writer_reply_t *reply = start_reply(self, job, FC_WIRE_WELCOME);
    reply->welcome.version = FC_WIRE_VERSION;
    reply->welcome.acknowledged_sequence = sequence->contiguous;
    reply->welcome.policy_version = registry_live_version(snapshot, hello->workflow);
    reply->welcome.workflow_known =
        entry != NULL && memcmp(entry->workflow->digest, hello->workflow_digest, FC_DIGEST_SIZE) == 0;
    registry_public_key(self->options.registry, reply->welcome.server_key);
    registry_release(&snapshot);
    send_reply(self, reply);
  }
  writer_job_clear(job);
}

static char *proposal_text(const fc_wire_proposal_t *proposal) {
  char digest[FC_HEX_SIZE];
  fc_json_t *json = fc_json_object(), *configuration = fc_json_array();
  fc_hex(proposal->decision_digest, FC_DIGEST_SIZE, digest);
  fc_json_set_string(json, "agent", proposal->agent);
  fc_json_set_string(json, "workflow", proposal->workflow);
  fc_json_set_string(json, "decision_digest", digest);
  fc_json_set_int(json, "expires_us", proposal->expires_us);
  fc_json_set_double(json, "cost_now_usd_h", proposal->cost_now_usd_h);
  fc_json_set_double(json, "cost_proposed_usd_h", proposal->cost_proposed_usd_h);
  for (int32_t i = 0; i < proposal->n_functions; ++i) {
    fc_json_t *function = fc_json_object();
    for (int knob = 0; knob < FC_KNOBS; ++knob) {
      fc_json_set_int(function, fc_knob_name((fc_knob_t)knob),
                      fc_knob_get(&proposal->configuration[i], (fc_knob_t)knob));
    }
    fc_json_append(configuration, &function);
  }
  fc_json_set(json, "configuration", &configuration);
  fc_json_set_string(json, "reason", proposal->reason == NULL ? "" : proposal->reason);
  char *text = fc_json_dump(json, 0);
  fc_json_destroy(&json);
  return text;
}

static void do_proposal(writer_t *self, writer_job_t *job) {
  fc_error_t error = {.status = FC_OK};
  char *text = proposal_text(&job->as.agent.message.as.proposal);
  const int64_t now_us = self->options.clock.wall_us(self->options.clock.self);
  if (store_put_event(self->options.store, now_us, "proposal", text, &error) != FC_OK) {
    set_degraded(self, &error);
    refuse(self, job, FC_RPC_RESOURCE_EXHAUSTED, error.message);
  } else {
    set_well(self);
    send_reply(self, start_reply(self, job, FC_WIRE_NONE));
  }
  free(text);
  writer_job_clear(job);
}

static void do_register(writer_t *self, writer_job_t *job) {
  fc_error_t error = {.status = FC_OK};
  writer_registered_t answer;
  memset(&answer, 0, sizeof answer);
  answer.token = job->as.registration.token;
  fc_workflow_t *workflow = job->as.registration.workflow;
  memcpy(answer.response.workflow, workflow->name, sizeof answer.response.workflow);
  memcpy(answer.response.digest, workflow->digest, sizeof answer.response.digest);
  answer.status = store_put_workflow(self->options.store, workflow, job->as.registration.text,
                                     job->as.registration.size, &answer.response.created, &error);
  if (answer.status == FC_OK) {
    answer.status = registry_put_workflow(self->options.registry, &job->as.registration.workflow, &error);
  } else if (answer.status == FC_EIO || answer.status == FC_EEXHAUSTED) {
    set_degraded(self, &error);
  }
  if (answer.status == FC_OK) {
    set_well(self);
    FC_LOG_I(self->options.log, "writer", "workflow `%s` %s", answer.response.workflow,
             answer.response.created ? "registered" : "was registered already");
    note_rows(self, answer.response.workflow, NULL, NULL);
  }
  memcpy(answer.message, error.message, sizeof answer.message);
  (void)queue_try_push(self->options.registered, &answer); /* rpc keeps room for every request it waits for */
  writer_job_clear(job);
}

static void do_policy(writer_t *self, writer_job_t *job) {
  fc_error_t error = {.status = FC_OK};
  registry_policy_t *policy = job->as.publication.policy;
  const bool live = job->as.publication.live;
  const int64_t version = policy->hint.version;
  fc_status_t status = store_put_policy(self->options.store, policy->policy, policy->manifest, policy->manifest_size,
                                        policy->weights, policy->weights_size, live ? "live" : "candidate",
                                        self->options.clock.wall_us(self->options.clock.self), &error);
  if (status != FC_OK) {
    set_degraded(self, &error);
  } else if (live) {
    char workflow[FC_NAME_SIZE];
    memcpy(workflow, policy->hint.workflow, sizeof workflow);
    status = registry_put_policy(self->options.registry, &job->as.publication.policy, &error);
    if (status == FC_OK) {
      set_well(self);
      stats_add(self->options.stats, STATS_policies_published, 1);
      FC_LOG_I(self->options.log, "writer", "policy %" PRId64 " of `%s` is live", version, workflow);
    }
  }
  if (status != FC_OK) {
    FC_LOG_E(self->options.log, "writer", "policy %" PRId64 " was not published: %s", version, error.message);
  }
  writer_job_clear(job);
}

static void do_safety(writer_t *self, writer_job_t *job) {
  fc_error_t error = {.status = FC_OK};
  int64_t version = 0;
  const int32_t n = job->as.safety.n;
  fc_status_t status =
      store_put_safety(self->options.store, job->as.safety.workflow, job->as.safety.records, n, &version, &error);
  if (status != FC_OK) {
    set_degraded(self, &error);
  } else {
    for (int32_t i = 0; i < n; ++i) job->as.safety.records[i].version = version;
    job->as.safety.n = 0; /* the registry owns the array from here, also on failure */
    status = registry_put_safety(self->options.registry, job->as.safety.workflow, version, &job->as.safety.records, n,
                                 &error);
  }
  if (status != FC_OK) FC_LOG_E(self->options.log, "writer", "safety records not published: %s", error.message);
  const registry_snapshot_t *snapshot = registry_acquire(self->options.registry);
  uint64_t total = 0;
  for (int32_t i = 0; i < registry_count(snapshot); ++i) total += (uint64_t)registry_at(snapshot, i)->n_records;
  registry_release(&snapshot);
  stats_set(self->options.stats, STATS_safety_records, total);
  writer_job_clear(job);
}

static void do_release(writer_t *self, writer_job_t *job) {
  writer_reply_t *reply = &job->as.release;
  const registry_snapshot_t *snapshot = registry_acquire(self->options.registry);
  reply->ack.policy_version = registry_live_version(snapshot, reply->workflow);
  registry_release(&snapshot);
  send_reply(self, reply);
}

static void do_job(writer_t *self, writer_job_t *job) {
  if (job->kind != WRITER_TRANSITIONS) flush_group(self);
  switch (job->kind) {
    case WRITER_TRANSITIONS:
      do_transitions(self, job);
      break;
    case WRITER_HELLO:
      do_hello(self, job);
      break;
    case WRITER_PROPOSAL:
      do_proposal(self, job);
      break;
    case WRITER_REGISTER:
      do_register(self, job);
      break;
    case WRITER_POLICY:
      do_policy(self, job);
      break;
    case WRITER_SAFETY:
      do_safety(self, job);
      break;
    case WRITER_RELEASE:
      do_release(self, job);
      break;
    case WRITER_BARRIER:
      queue_close(job->as.barrier);
      break;
  }
}

static int64_t wait_ms(const writer_t *self) {
  if (self->n_group == 0) return QUEUE_WAIT_FOREVER;
  const int64_t left_ns = self->deadline_ns - self->options.clock.monotonic_ns(self->options.clock.self);
  return left_ns <= 0 ? 0 : (left_ns + 999999) / 1000000;
}

static void *run(void *argument) {
  writer_t *self = argument;
  for (;;) {
    writer_job_t job;
    const int64_t timeout_ms = wait_ms(self);
    /* A full queue must not postpone the deadline: check it before taking more. */
    const fc_status_t status = timeout_ms == 0 ? FC_ETIMEOUT : queue_pop(self->queue, &job, timeout_ms);
    if (status == FC_OK) {
      do_job(self, &job);
    } else {
      flush_group(self);
      if (status == FC_ECLOSED) break;
    }
  }
  store_destroy(&self->options.store);
  queue_close(self->options.replies);
  return NULL;
}

/* ---- life ---- */

fc_status_t writer_new(const writer_options_t *options, writer_t **out, fc_error_t *error) {
  writer_t *self = calloc(1, sizeof *self);
  if (self == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for the writer");
  self->options = *options;
  self->group = calloc(GROUP_JOBS, sizeof *self->group);
  fc_status_t status = self->group == NULL ? fc_error_set(error, FC_ENOMEM, "no memory for the writer") : FC_OK;
  if (status == FC_OK) status = sequences_new(REMEMBERED_AGENTS, &self->sequences, error);
  if (status == FC_OK) status = queue_new(options->queue_messages, sizeof(writer_job_t), &self->queue, error);
  if (status != FC_OK) {
    writer_destroy(&self);
    return status;
  }
  *out = self;
  return FC_OK;
}

fc_status_t writer_start(writer_t *writer, fc_error_t *error) {
  if (pthread_create(&writer->thread, NULL, run, writer) != 0) {
    return fc_error_set(error, FC_EEXHAUSTED, "cannot start the writer thread");
  }
  writer->running = true;
  return FC_OK;
}

void writer_stop(writer_t *writer) {
  if (!writer->running) return;
  queue_close(writer->queue);
  pthread_join(writer->thread, NULL);
  writer->running = false;
}

void writer_destroy(writer_t **writer) {
  if (writer == NULL || *writer == NULL) return;
  writer_t *self = *writer;
  writer_stop(self);
  writer_job_t job; /* a thread that never ran leaves its jobs behind */
  while (self->queue != NULL && queue_pop(self->queue, &job, 0) == FC_OK) writer_job_clear(&job);
  queue_destroy(&self->queue);
  sequences_destroy(&self->sequences);
  free(self->group);
  free(self);
  *writer = NULL;
}

fc_status_t writer_submit(writer_t *writer, const writer_job_t *job) {
  return queue_push(writer->queue, job);
}

fc_status_t writer_try_submit(writer_t *writer, const writer_job_t *job) {
  return queue_try_push(writer->queue, job);
}
