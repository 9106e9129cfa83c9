// See service.h.
#include "service.h"

#include <zmq.h>

#include <cmath>
#include <cstring>

namespace fc_test {

// ---- sockets ----

Socket::Socket(Kind kind, const std::string &endpoint, const std::string &subscription) {
  static const int types[] = {ZMQ_DEALER, ZMQ_REQ, ZMQ_SUB};
  context_ = zmq_ctx_new();
  socket_ = zmq_socket(context_, types[kind]);
  const int none = 0, quick = 20, no_limit = 0;
  zmq_setsockopt(socket_, ZMQ_LINGER, &none, sizeof none);
  zmq_setsockopt(socket_, ZMQ_RECONNECT_IVL, &quick, sizeof quick);
  zmq_setsockopt(socket_, ZMQ_SNDHWM, &no_limit, sizeof no_limit);
  zmq_setsockopt(socket_, ZMQ_RCVHWM, &no_limit, sizeof no_limit);
  if (kind == kSub) zmq_setsockopt(socket_, ZMQ_SUBSCRIBE, subscription.data(), subscription.size());
  EXPECT_EQ(0, zmq_connect(socket_, endpoint.c_str())) << endpoint;
}

Socket::~Socket() {
  zmq_close(socket_);
  zmq_ctx_term(context_);
}

void Socket::send_bytes(const std::string &bytes) {
  send_parts({bytes});
}

void Socket::send_parts(const std::vector<std::string> &parts) {
  for (size_t i = 0; i < parts.size(); ++i) {
    const int flags = i + 1 < parts.size() ? ZMQ_SNDMORE : 0;
    EXPECT_EQ(static_cast<int>(parts[i].size()), zmq_send(socket_, parts[i].data(), parts[i].size(), flags));
  }
}

void Socket::send(const fc_wire_message_t &message) {
  send_bytes(encode(message));
}

std::string Socket::receive_bytes(int timeout_ms) {
  zmq_setsockopt(socket_, ZMQ_RCVTIMEO, &timeout_ms, sizeof timeout_ms);
  zmq_msg_t part;
  std::string last;
  do {
    zmq_msg_init(&part);
    if (zmq_msg_recv(&part, socket_, 0) < 0) {
      zmq_msg_close(&part);
      return "";
    }
    last.assign(static_cast<const char *>(zmq_msg_data(&part)), zmq_msg_size(&part));
    const bool more = zmq_msg_more(&part) != 0;
    zmq_msg_close(&part);
    if (!more) break;
  } while (true);
  return last;
}

Message Socket::receive(int timeout_ms) {
  Message message;
  const std::string bytes = receive_bytes(timeout_ms);
  if (bytes.empty()) return message;
  fc_error_t error = {};
  EXPECT_OK(fc_wire_decode(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size(), FC_WIRE_MAX_REPLY_BYTES,
                           message.get(), &error));
  return message;
}

Message Socket::ask(const fc_wire_message_t &message, int timeout_ms) {
  send(message);
  return receive(timeout_ms);
}

std::string encode(const fc_wire_message_t &message) {
  fc_wire_buffer_t frame = {};
  fc_error_t error = {};
  EXPECT_OK(fc_wire_encode(&message, &frame, &error));
  std::string bytes(reinterpret_cast<const char *>(frame.data), frame.size);
  fc_wire_buffer_clear(&frame);
  return bytes;
}

// ---- the service ----

Service::Service(const std::string &yaml) : yaml_(yaml) {
  EXPECT_EQ(FC_OK, fc_digest_init());
}

Service::~Service() {
  process_.reset();
  fc_workflow_destroy(&workflow_);
}

void Service::start() {
  write_file(config(), "store: " + store() + "\nlisten: {ingest: '" + ingest_ + "', hints: '" + hints_ + "', rpc: '" +
                           rpc_ + "'}\nsecurity: {insecure_loopback: true}\n" + yaml_ +
                           (yaml_.find("log:") == std::string::npos ? "log: {level: debug}\n" : ""));
  process_ = std::make_unique<Process>(std::vector<std::string>{program("faasconfd"), "--config", config()});
  const std::string line = process_->wait_line("\"event\":\"ready\"", 30);
  ASSERT_FALSE(line.empty()) << process_->output();
  fc_json_t *ready = nullptr;
  fc_error_t error = {};
  ASSERT_OK(fc_json_parse(line.data(), line.size(), &ready, &error));
  ingest_ = fc_json_string(fc_json_get(ready, "ingest"));
  hints_ = fc_json_string(fc_json_get(ready, "hints"));
  rpc_ = fc_json_string(fc_json_get(ready, "rpc"));
  fc_json_destroy(&ready);
}

int Service::stop() {
  process_->signal(15);
  return process_->wait_exit(10);
}

void Service::kill() {
  process_->signal(9);
  process_->wait_exit(10);
}

Message Service::call(const std::string &method, const std::string &payload, uint32_t deadline_ms) const {
  Socket client(Socket::kDealer, rpc_);
  fc_wire_message_t request = {};
  request.type = FC_WIRE_RPC_REQUEST;
  request.as.rpc_request.request_id = 77;
  strncpy(request.as.rpc_request.method, method.c_str(), FC_NAME_SIZE - 1);
  request.as.rpc_request.deadline_ms = deadline_ms;
  request.as.rpc_request.payload = reinterpret_cast<uint8_t *>(const_cast<char *>(payload.data()));
  request.as.rpc_request.size = payload.size();
  return client.ask(request, static_cast<int>(deadline_ms) + 10000);
}

void Service::register_workflow(const std::string &given) {
  fc_error_t error = {};
  std::string text = given.empty() ? std::string(kWorkflow) : given;
  fc_rpc_register_request_t request = {text.data(), text.size()};
  fc_wire_buffer_t bytes = {};
  ASSERT_OK(fc_rpc_encode_register_request(&request, &bytes, &error));
  const Message answer = call(FC_RPC_REGISTER, std::string(reinterpret_cast<char *>(bytes.data), bytes.size));
  fc_wire_buffer_clear(&bytes);
  ASSERT_EQ(FC_WIRE_RPC_RESPONSE, answer.type());
  ASSERT_EQ(FC_RPC_OK, answer->as.rpc_response.code) << answer->as.rpc_response.message;
  if (workflow_ == nullptr) {
    ASSERT_OK(fc_workflow_parse(text.data(), text.size(), "test", &workflow_, &error));
  }
}

fc_rpc_status_response_t Service::status() const {
  const Message answer = call(FC_RPC_STATUS, "");
  fc_rpc_status_response_t status = {};
  fc_error_t error = {};
  EXPECT_EQ(FC_WIRE_RPC_RESPONSE, answer.type());
  if (answer.type() != FC_WIRE_RPC_RESPONSE) return status;
  EXPECT_EQ(FC_RPC_OK, answer->as.rpc_response.code);
  EXPECT_OK(
      fc_rpc_decode_status_response(answer->as.rpc_response.payload, answer->as.rpc_response.size, &status, &error));
  fc_rpc_status_response_t numbers = status;
  fc_rpc_status_response_clear(&status);
  numbers.workflows = nullptr;
  numbers.live_versions = nullptr;
  return numbers;
}

// ---- the test workflow and its rows ----

const char kWorkflow[] = R"(faasconf: 1
workflow: chain
window_s: 30
prices: {version: test, usd_per_millicore_hour: 0.000173, usd_per_mib_hour: 0.000012}
ranges: {cpu_millicores: [600, 2000], mem_mib: [614, 2048], replicas: [2, 8], concurrency: [2, 10]}
full_ranges: {cpu_millicores: [250, 2000], mem_mib: [256, 2048], replicas: [1, 8], concurrency: [1, 10]}
start: {cpu_millicores: 1300, mem_mib: 1331, replicas: 5, concurrency: 6}
functions:
  - {name: first, calls: [second]}
  - {name: second, calls: [third]}
  - {name: third}
calls: [first]
qos:
  - {latency_mean_s: 13}
  - {success_ratio: 0.9}
)";

const char kQuickLearner[] =
    "learner: {seed: 3, samples_per_insert: 8, batch: 8, hidden: 8, attention: 4, min_rows: 4}\n"
    "safety: {min_rows: 2}\n";

Batch::Batch(const fc_workflow_t *workflow, const std::string &agent, uint64_t epoch, std::vector<uint64_t> sequences)
    : transitions_(sequences.size()) {
  const int32_t n = workflow->n_functions;
  for (size_t i = 0; i < sequences.size(); ++i) {
    fc_transition_t *t = &transitions_[i];
    EXPECT_EQ(FC_OK, fc_transition_init(t, n));
    strncpy(t->workflow, workflow->name, FC_NAME_SIZE - 1);
    strncpy(t->agent, agent.c_str(), FC_NAME_SIZE - 1);
    t->epoch = epoch;
    t->sequence = sequences[i];
    t->flags = FC_TRANSITION_HAS_BEFORE | FC_TRANSITION_TERMINAL;
    const uint64_t s = sequences[i];
    for (fc_observation_t *o : {&t->before, &t->after}) {
      const uint64_t shift = o == &t->after ? 1 : 0;
      o->window = static_cast<int64_t>(s + shift);
      o->start_us = 1700000000000000 + static_cast<int64_t>(s + shift) * 30000000;
      o->duration_s = 30;
      o->load = {FC_LOAD_HAS_ARRIVAL_RATE | FC_LOAD_HAS_IN_FLIGHT, 0.8, 10};
      o->outcome.present = FC_OUTCOME_HAS_LATENCY_MEAN | FC_OUTCOME_HAS_COUNTS | FC_OUTCOME_HAS_UNFINISHED;
      o->outcome.latency_mean_s = 8 + static_cast<double>((s + shift) % 5);
      o->outcome.successes = 24;
      o->outcome.failures = static_cast<int64_t>(s % 2);
      o->outcome.unfinished = 1;
      for (int32_t f = 0; f < n; ++f) {
        fc_function_configuration_t *c = &o->configuration[f];
        *c = workflow->functions[f].start;
        c->cpu_millicores += static_cast<int32_t>((s * 37 + shift * 11 + static_cast<uint64_t>(f) * 5) % 300);
        c->replicas = 3 + static_cast<int32_t>((s + shift) % 4);
        fc_function_metrics_t *m = &o->metrics[f];
        m->present = FC_METRIC_BIT(CPU_UTILIZATION) | FC_METRIC_BIT(MEM_UTILIZATION) | FC_METRIC_BIT(LATENCY_P75) |
                     FC_METRIC_BIT(REQUESTS);
        m->cpu_utilization_pct = 40 + static_cast<double>((s + shift) % 7);
        m->mem_utilization_pct = 30;
        m->latency_p75_s = 2 + 0.1 * static_cast<double>((s + shift) % 3);
        m->requests = 25;
      }
    }
    t->cost_usd_h = 0;
    for (int32_t f = 0; f < n; ++f) {
      const fc_function_configuration_t &c = t->after.configuration[f];
      t->cost_usd_h += (c.cpu_millicores * 0.000173 + c.mem_mib * 0.000012) * c.replicas;
    }
  }
}

Batch::~Batch() {
  for (fc_transition_t &transition : transitions_) fc_transition_clear(&transition);
}

fc_wire_message_t Batch::message(uint32_t flags) {
  fc_wire_message_t message = {};
  message.type = FC_WIRE_TRANSITIONS;
  message.flags = flags;
  message.as.transitions.n_transitions = static_cast<int32_t>(transitions_.size());
  message.as.transitions.transitions = transitions_.data();
  return message;
}

fc_wire_message_t hello(const fc_workflow_t *workflow, const std::string &agent, uint64_t epoch) {
  fc_wire_message_t message = {};
  message.type = FC_WIRE_HELLO;
  fc_wire_hello_t *h = &message.as.hello;
  strncpy(h->agent, agent.c_str(), FC_NAME_SIZE - 1);
  h->epoch = epoch;
  h->min_version = h->max_version = FC_WIRE_VERSION;
  strncpy(h->workflow, workflow->name, FC_NAME_SIZE - 1);
  memcpy(h->workflow_digest, workflow->digest, FC_DIGEST_SIZE);
  h->next_sequence = 1;
  return message;
}

int64_t train_in_lockstep(const Service &service, Socket *agent, const std::string &name, int rows) {
  int64_t live = 0;
  for (int i = 1; i <= rows; ++i) {
    Batch row(service.workflow(), name, 1, {static_cast<uint64_t>(i)});
    const Message ack = agent->ask(row.message(FC_WIRE_FLAG_LOCKSTEP), 30000);
    EXPECT_EQ(FC_WIRE_ACK, ack.type());
    if (ack.type() != FC_WIRE_ACK) return 0;
    EXPECT_EQ(FC_RPC_OK, ack->as.ack.code);
    EXPECT_EQ(static_cast<uint64_t>(i), ack->as.ack.acknowledged_sequence);
    live = ack->as.ack.policy_version;
  }
  return live;
}

}  // namespace fc_test
