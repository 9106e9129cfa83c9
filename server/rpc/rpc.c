/* rpc.c - the RPC thread: a burst of requests in, each answered or put among the pending ones (rpc.h). */
#include "rpc.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/rpc.h"
#include "methods.h"

enum {
  BURST = 32,                                       /* requests stamped together before the first is worked on */
  CONNECTION_MAX_BYTES = 8 * FC_WIRE_MAX_RPC_BYTES, /* above, the peer is disconnected; between, it gets a code */
  CRITIC_WAIT_MS = 250,                             /* how long an explanation waits for Q */
  MAX_WAIT_MS = 1000,
  BACKLOG = 256,
  FLUSH_MS = 200
};

/* One request as received. */
typedef struct {
  endpoint_peer_t peer;
  int delimited;
  uint8_t *body; /* kept for the next burst */
  size_t capacity, size;
  fc_status_t received;
  int64_t arrived_ns;
} arrival_t;

/* Whom an answer goes to, and until when it is wanted. */
typedef struct {
  endpoint_peer_t peer;
  int delimited;
  uint64_t request_id;
  int64_t deadline_ns;
  uint32_t deadline_ms;
} caller_t;

/* A request whose answer comes from another thread. */
typedef struct {
  uint64_t token; /* 0: free */
  caller_t caller;
  bool is_explain;
  int64_t critic_until_ns; /* explain: then it is answered without Q */
  decision_t decision;
  fc_rpc_explain_response_t explain;
} pending_t;

struct rpc {
  rpc_options_t options;
  endpoint_t endpoint;
  queue_t *stop;
  pthread_t thread;
  bool running;
  methods_t methods;
  arrival_t arrivals[BURST];
  pending_t *pending; /* (RPC_MAX_PENDING) */
  int32_t n_pending;
  uint64_t next_token;
  fc_wire_buffer_t payload, frame;
};

static int64_t now_ns(const rpc_t *self) {
  return self->options.clock.monotonic_ns(self->options.clock.self);
}

/* ---- answers ---- */

static void send_response(rpc_t *self, const caller_t *caller, fc_rpc_code_t code, const char *sentence) {
  fc_error_t error = {.status = FC_OK};
  fc_wire_message_t message = {.type = FC_WIRE_RPC_RESPONSE};
  fc_wire_rpc_response_t *response = &message.as.rpc_response;
  response->request_id = caller->request_id;
  response->code = code;
  if (code == FC_RPC_OK) {
    response->payload = self->payload.data;
    response->size = self->payload.size;
  } else {
    response->message = (char *)sentence;
    stats_add(self->options.stats, STATS_rpc_errors, 1);
  }
  if (fc_wire_encode(&message, &self->frame, &error) != FC_OK) {
    FC_LOG_E(self->options.log, "rpc", "an answer could not be encoded: %s", error.message);
    return;
  }
  const fc_status_t status =
      endpoint_send(&self->endpoint, &caller->peer, caller->delimited, self->frame.data, self->frame.size);
  if (status != FC_OK) {
    FC_LOG_D(self->options.log, "rpc", "an answer could not be sent: %s", fc_status_text(status));
  }
}

/* The last look at the deadline: an answer that comes too late is none. code OK: self->payload is the answer. */
static void answer(rpc_t *self, const caller_t *caller, fc_rpc_code_t code, const fc_error_t *error) {
  if (now_ns(self) > caller->deadline_ns) {
    char sentence[128];
    snprintf(sentence, sizeof sentence,
             "the deadline of %u ms passed before the answer was ready: ask with a longer one", caller->deadline_ms);
    send_response(self, caller, FC_RPC_DEADLINE_EXCEEDED, sentence);
    return;
  }
  send_response(self, caller, code, error->message);
}

/* Status of an encoder or decoder as an answer. */
static fc_rpc_code_t code_of_encode(fc_status_t status) {
  return status == FC_OK ? FC_RPC_OK : FC_RPC_INTERNAL;
}

/* ---- pending requests ---- */

static pending_t *add_pending(rpc_t *self, const caller_t *caller) {
  for (int32_t i = 0; i < RPC_MAX_PENDING; ++i) {
    pending_t *pending = &self->pending[i];
    if (pending->token != 0) continue;
    memset(pending, 0, sizeof *pending);
    pending->token = ++self->next_token;
    pending->caller = *caller;
    self->n_pending += 1;
    return pending;
  }
  return NULL;
}

static pending_t *find_pending(rpc_t *self, uint64_t token) {
  for (int32_t i = 0; i < RPC_MAX_PENDING; ++i) {
    if (self->pending[i].token == token) return &self->pending[i];
  }
  return NULL;
}

static void remove_pending(rpc_t *self, pending_t *pending) {
  if (pending->is_explain) {
    decision_clear(&pending->decision);
    fc_rpc_explain_response_clear(&pending->explain);
  }
  memset(pending, 0, sizeof *pending);
  self->n_pending -= 1;
}

static void finish_explain(rpc_t *self, pending_t *pending) {
  fc_error_t error = {.status = FC_OK};
  fc_rpc_code_t code = methods_explain(&pending->decision, &pending->explain, &error);
  if (code == FC_RPC_OK) {
    code = code_of_encode(fc_rpc_encode_explain_response(&pending->explain, &self->payload, &error));
  }
  answer(self, &pending->caller, code, &error);
  remove_pending(self, pending);
}

static void on_registered(rpc_t *self, const writer_registered_t *registered) {
  pending_t *pending = find_pending(self, registered->token);
  if (pending == NULL) return; /* its deadline passed */
  fc_error_t error = {.status = registered->status};
  memcpy(error.message, registered->message, sizeof error.message);
  fc_rpc_code_t code =
      registered->status == FC_EIO ? FC_RPC_RESOURCE_EXHAUSTED : fc_rpc_code_from_status(registered->status);
  if (code == FC_RPC_OK) {
    code = code_of_encode(fc_rpc_encode_register_response(&registered->response, &self->payload, &error));
  }
  answer(self, &pending->caller, code, &error);
  remove_pending(self, pending);
}

static void on_answer(rpc_t *self, const learner_answer_t *about) {
  pending_t *pending = find_pending(self, about->token);
  if (pending == NULL) return;
  pending->explain.has_q = about->known;
  pending->explain.q_now = about->q_now;
  pending->explain.q_decided = about->q_decided;
  finish_explain(self, pending);
}

/* Drops what is too late, and explains without Q what has waited for the critic long enough. */
static void expire_pending(rpc_t *self) {
  if (self->n_pending == 0) return;
  const int64_t now = now_ns(self);
  const fc_error_t none = {.status = FC_OK};
  for (int32_t i = 0; i < RPC_MAX_PENDING; ++i) {
    pending_t *pending = &self->pending[i];
    if (pending->token == 0) continue;
    if (now > pending->caller.deadline_ns) {
      answer(self, &pending->caller, FC_RPC_OK, &none); /* says DEADLINE_EXCEEDED */
      remove_pending(self, pending);
    } else if (pending->is_explain && now > pending->critic_until_ns) {
      finish_explain(self, pending);
    }
  }
}

/* ---- methods: each returns true when *code is the answer, false when the request is pending ---- */

typedef struct {
  const uint8_t *payload;
  size_t size;
  const caller_t *caller;
  fc_rpc_code_t code;
  fc_error_t error;
} call_t;

static bool refuse_payload(call_t *call, fc_status_t status) {
  call->code = status == FC_EEXHAUSTED || status == FC_ENOMEM ? FC_RPC_RESOURCE_EXHAUSTED : FC_RPC_INVALID_ARGUMENT;
  return true;
}

static bool busy(call_t *call) {
  fc_error_set(&call->error, FC_EEXHAUSTED, "too many requests are waiting: ask again in a moment");
  call->code = FC_RPC_RESOURCE_EXHAUSTED;
  return true;
}

static bool on_register(rpc_t *self, call_t *call) {
  fc_rpc_register_request_t request = {.text = NULL};
  fc_status_t status = fc_rpc_decode_register_request(call->payload, call->size, &request, &call->error);
  if (status != FC_OK) return refuse_payload(call, status);
  writer_job_t job;
  memset(&job, 0, sizeof job);
  job.kind = WRITER_REGISTER;
  status = fc_workflow_parse(request.text, request.size, "workflow", &job.as.registration.workflow, &call->error);
  if (status != FC_OK) {
    fc_rpc_register_request_clear(&request);
    return refuse_payload(call, status);
  }
  job.as.registration.text = request.text;
  job.as.registration.size = request.size;
  request.text = NULL;
  fc_rpc_register_request_clear(&request);
  pending_t *pending = add_pending(self, call->caller);
  if (pending != NULL) {
    job.as.registration.token = pending->token;
    if (writer_try_submit(self->options.writer, &job) == FC_OK) return false;
    remove_pending(self, pending);
  }
  writer_job_clear(&job);
  return busy(call);
}

static bool on_decide(rpc_t *self, call_t *call) {
  fc_rpc_decide_request_t request;
  memset(&request, 0, sizeof request);
  const fc_status_t status = fc_rpc_decode_decide_request(call->payload, call->size, &request, &call->error);
  if (status != FC_OK) return refuse_payload(call, status);
  decision_t decision;
  fc_rpc_decide_response_t response;
  memset(&response, 0, sizeof response);
  call->code = methods_decide(&self->methods, &request, &decision, &response, &call->error);
  if (call->code == FC_RPC_OK) {
    call->code = code_of_encode(fc_rpc_encode_decide_response(&response, &self->payload, &call->error));
  }
  fc_rpc_decide_response_clear(&response);
  decision_clear(&decision);
  fc_rpc_decide_request_clear(&request);
  return true;
}

/* Copies what the critic needs; FC_EEXHAUSTED when nobody can be asked. */
static fc_status_t ask_critic(rpc_t *self, const pending_t *pending) {
  if (self->options.learner == NULL) return FC_EEXHAUSTED;
  const int32_t n = pending->decision.entry->workflow->n_functions;
  learner_question_t question;
  memset(&question, 0, sizeof question);
  question.token = pending->token;
  memcpy(question.workflow, pending->decision.entry->workflow->name, sizeof question.workflow);
  FC_TRY(fc_observation_init(&question.before, n));
  fc_observation_copy(&question.before, &pending->decision.observation);
  question.decided = calloc((size_t)n, sizeof *question.decided);
  fc_status_t status = question.decided == NULL ? FC_ENOMEM : FC_OK;
  if (status == FC_OK) {
    memcpy(question.decided, pending->explain.decision.configuration, (size_t)n * sizeof *question.decided);
    status = learner_ask(self->options.learner, &question);
  }
  if (status != FC_OK) learner_question_clear(&question);
  return status;
}

static bool on_explain(rpc_t *self, call_t *call) {
  fc_rpc_decide_request_t request;
  memset(&request, 0, sizeof request);
  const fc_status_t status = fc_rpc_decode_decide_request(call->payload, call->size, &request, &call->error);
  if (status != FC_OK) return refuse_payload(call, status);
  pending_t *pending = add_pending(self, call->caller);
  if (pending == NULL) {
    fc_rpc_decide_request_clear(&request);
    return busy(call);
  }
  pending->is_explain = true;
  call->code = methods_decide(&self->methods, &request, &pending->decision, &pending->explain.decision, &call->error);
  fc_rpc_decide_request_clear(&request);
  if (call->code != FC_RPC_OK) {
    remove_pending(self, pending);
    return true;
  }
  const int64_t half_left_ns = (call->caller->deadline_ns - now_ns(self)) / 2;
  const int64_t wait_ns = (int64_t)CRITIC_WAIT_MS * 1000000;
  pending->critic_until_ns = now_ns(self) + (half_left_ns < wait_ns ? half_left_ns : wait_ns);
  if (ask_critic(self, pending) != FC_OK) finish_explain(self, pending);
  return false;
}

static bool on_list(rpc_t *self, call_t *call) {
  fc_rpc_list_request_t request;
  memset(&request, 0, sizeof request);
  const fc_status_t status = fc_rpc_decode_list_request(call->payload, call->size, &request, &call->error);
  if (status != FC_OK) return refuse_payload(call, status);
  fc_rpc_list_response_t response;
  memset(&response, 0, sizeof response);
  call->code = methods_list(&self->methods, &request, &response, &call->error);
  if (call->code == FC_RPC_OK) {
    call->code = code_of_encode(fc_rpc_encode_list_response(&response, &self->payload, &call->error));
  }
  fc_rpc_list_response_clear(&response);
  fc_rpc_list_request_clear(&request);
  return true;
}

static bool on_status(rpc_t *self, call_t *call) {
  fc_rpc_status_response_t response;
  memset(&response, 0, sizeof response);
  call->code = methods_status(&self->methods, &response, &call->error);
  if (call->code == FC_RPC_OK) {
    call->code = code_of_encode(fc_rpc_encode_status_response(&response, &self->payload, &call->error));
  }
  fc_rpc_status_response_clear(&response);
  return true;
}

static const struct {
  const char *name;
  bool (*run)(rpc_t *self, call_t *call);
} method_table[] = {{FC_RPC_REGISTER, on_register},
                    {FC_RPC_DECIDE, on_decide},
                    {FC_RPC_EXPLAIN, on_explain},
                    {FC_RPC_LIST, on_list},
                    {FC_RPC_STATUS, on_status}};

/* ---- requests ---- */

static bool run_method(rpc_t *self, const fc_wire_rpc_request_t *request, call_t *call) {
  for (size_t i = 0; i < sizeof method_table / sizeof *method_table; ++i) {
    if (strcmp(request->method, method_table[i].name) == 0) return method_table[i].run(self, call);
  }
  fc_error_set(&call->error, FC_EMISMATCH,
               "there is no method `%s`; there are " FC_RPC_REGISTER ", " FC_RPC_DECIDE ", " FC_RPC_EXPLAIN
               ", " FC_RPC_LIST " and " FC_RPC_STATUS,
               request->method);
  call->code = FC_RPC_UNIMPLEMENTED;
  return true;
}

static fc_rpc_code_t code_of_frame(fc_status_t status) {
  switch (status) {
    case FC_EMISMATCH:
      return FC_RPC_FAILED_PRECONDITION;
    case FC_EEXHAUSTED:
    case FC_ENOMEM:
      return FC_RPC_RESOURCE_EXHAUSTED;
    default:
      return FC_RPC_INVALID_ARGUMENT;
  }
}

static void do_request(rpc_t *self, arrival_t *arrival) {
  caller_t caller = {.peer = arrival->peer, .delimited = arrival->delimited, .deadline_ns = INT64_MAX};
  call_t call = {.caller = &caller};
  fc_wire_message_t message = {.type = FC_WIRE_NONE};
  fc_status_t status = arrival->received;
  stats_add(self->options.stats, STATS_rpc_requests, 1);
  if (status == FC_OK) {
    status = fc_wire_decode(arrival->body, arrival->size, FC_WIRE_MAX_RPC_BYTES, &message, &call.error);
  } else {
    fc_error_set(&call.error, status, "expected a message of one part: a frame");
  }
  if (status == FC_OK && message.type != FC_WIRE_RPC_REQUEST) {
    status = fc_error_set(&call.error, FC_EFORMAT, "expected an RpcRequest, found message type %d", (int)message.type);
  }
  if (status != FC_OK) {
    stats_add(self->options.stats, STATS_frames_malformed, 1);
    answer(self, &caller, code_of_frame(status), &call.error);
    fc_wire_message_clear(&message);
    return;
  }
  const fc_wire_rpc_request_t *request = &message.as.rpc_request;
  caller.request_id = request->request_id;
  caller.deadline_ms = request->deadline_ms > 0 ? request->deadline_ms : (uint32_t)self->options.default_deadline_ms;
  caller.deadline_ns = arrival->arrived_ns + (int64_t)caller.deadline_ms * 1000000;
  call.payload = request->payload;
  call.size = request->size;
  if (now_ns(self) > caller.deadline_ns || run_method(self, request, &call)) {
    answer(self, &caller, call.code, &call.error);
  }
  fc_wire_message_clear(&message);
}

/* Stamps all that have arrived before working on the first, so that waiting counts towards the deadline. */
static void do_burst(rpc_t *self) {
  int n = 0;
  for (; n < BURST; ++n) {
    arrival_t *arrival = &self->arrivals[n];
    arrival->received = endpoint_receive(&self->endpoint, &arrival->peer, &arrival->delimited, &arrival->body,
                                         &arrival->capacity, &arrival->size);
    if (arrival->received == FC_ETIMEOUT) break;
    arrival->arrived_ns = now_ns(self);
  }
  for (int i = 0; i < n; ++i) do_request(self, &self->arrivals[i]);
}

static int64_t wait_ms(const rpc_t *self) {
  if (self->n_pending == 0) return MAX_WAIT_MS;
  int64_t first_ns = INT64_MAX;
  for (int32_t i = 0; i < RPC_MAX_PENDING; ++i) {
    const pending_t *pending = &self->pending[i];
    if (pending->token == 0) continue;
    if (pending->caller.deadline_ns < first_ns) first_ns = pending->caller.deadline_ns;
    if (pending->is_explain && pending->critic_until_ns < first_ns) first_ns = pending->critic_until_ns;
  }
  const int64_t left_ms = (first_ns - now_ns(self)) / 1000000 + 1;
  return left_ms < 0 ? 0 : left_ms < MAX_WAIT_MS ? left_ms : MAX_WAIT_MS;
}

static void end_pending(rpc_t *self) {
  for (int32_t i = 0; i < RPC_MAX_PENDING; ++i) {
    if (self->pending[i].token == 0) continue;
    send_response(self, &self->pending[i].caller, FC_RPC_UNAVAILABLE, "the server is stopping: ask again");
    remove_pending(self, &self->pending[i]);
  }
}

static void *run(void *argument) {
  rpc_t *self = argument;
  for (;;) {
    int receivable = 0, ready[3] = {0};
    const int fds[3] = {queue_fd(self->options.registered), queue_fd(self->options.answers), queue_fd(self->stop)};
    (void)endpoint_wait(&self->endpoint, 1, fds, 3, wait_ms(self), &receivable, ready);
    if (ready[2]) break;
    writer_registered_t registered;
    while (queue_pop(self->options.registered, &registered, 0) == FC_OK) on_registered(self, &registered);
    learner_answer_t about;
    while (queue_pop(self->options.answers, &about, 0) == FC_OK) on_answer(self, &about);
    if (receivable) do_burst(self);
    expire_pending(self);
  }
  end_pending(self);
  return NULL;
}

/* ---- life ---- */

fc_status_t rpc_new(const rpc_options_t *options, rpc_t **out, fc_error_t *error) {
  rpc_t *self = calloc(1, sizeof *self);
  if (self == NULL) return fc_error_set(error, FC_ENOMEM, "no memory for the rpc thread");
  self->options = *options;
  self->methods.registry = options->registry;
  self->methods.stats = options->stats;
  self->methods.store_directory = options->store;
  self->methods.started_us = options->clock.wall_us(options->clock.self);
  self->pending = calloc(RPC_MAX_PENDING, sizeof *self->pending);
  fc_status_t status = self->pending == NULL ? fc_error_set(error, FC_ENOMEM, "no memory for the rpc thread") : FC_OK;
  if (status == FC_OK) status = queue_new(1, 1, &self->stop, error);
  if (status == FC_OK) status = store_open(options->store, STORE_READ_ONLY, "", &self->methods.store, error);
  if (status == FC_OK) {
    status = endpoint_open(&self->endpoint, ENDPOINT_ROUTER, options->endpoint, CONNECTION_MAX_BYTES, BACKLOG, error);
  }
  if (status != FC_OK) {
    rpc_destroy(&self);
    return status;
  }
  *out = self;
  return FC_OK;
}

fc_status_t rpc_start(rpc_t *rpc, fc_error_t *error) {
  if (pthread_create(&rpc->thread, NULL, run, rpc) != 0) {
    return fc_error_set(error, FC_EEXHAUSTED, "cannot start the rpc thread");
  }
  rpc->running = true;
  return FC_OK;
}

const char *rpc_address(const rpc_t *rpc) {
  return rpc->endpoint.address;
}

void rpc_destroy(rpc_t **rpc) {
  if (rpc == NULL || *rpc == NULL) return;
  rpc_t *self = *rpc;
  if (self->running) {
    queue_close(self->stop);
    pthread_join(self->thread, NULL);
  }
  endpoint_close(&self->endpoint, FLUSH_MS);
  queue_destroy(&self->stop);
  methods_clear(&self->methods);
  for (int i = 0; i < BURST; ++i) free(self->arrivals[i].body);
  fc_wire_buffer_clear(&self->payload);
  fc_wire_buffer_clear(&self->frame);
  free(self->pending);
  free(self);
  *rpc = NULL;
}
