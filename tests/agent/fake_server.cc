// See fake_server.h.
#include "fake_server.h"

#include <zmq.h>

#include <cstring>

namespace fc_test {

namespace {
std::string bind_socket(void *socket, int port) {
  const int linger = 0;
  zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
  const std::string address = "tcp://127.0.0.1:" + (port ? std::to_string(port) : std::string("*"));
  if (zmq_bind(socket, address.c_str()) != 0) throw std::runtime_error("cannot bind " + address);
  char real[256];
  size_t size = sizeof real;
  zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, real, &size);
  return real;
}

// All parts of the next message, or none.
std::vector<std::string> receive(void *socket) {
  std::vector<std::string> parts;
  int more = 1;
  while (more) {
    zmq_msg_t part;
    zmq_msg_init(&part);
    if (zmq_msg_recv(&part, socket, ZMQ_DONTWAIT) < 0) {
      zmq_msg_close(&part);
      return parts;
    }
    parts.emplace_back(static_cast<char *>(zmq_msg_data(&part)), zmq_msg_size(&part));
    more = zmq_msg_more(&part);
    zmq_msg_close(&part);
  }
  return parts;
}
}  // namespace

int FakeServer::port_of(const std::string &address) {
  return std::stoi(address.substr(address.rfind(':') + 1));
}

FakeServer::FakeServer(const Workflow &workflow, ServerScript script, int ingest_port, int hints_port)
    : workflow_(workflow), script_(std::move(script)) {
  context_ = zmq_ctx_new();
  router_ = zmq_socket(context_, ZMQ_ROUTER);
  xpub_ = zmq_socket(context_, ZMQ_XPUB);
  ingest_ = bind_socket(router_, ingest_port);
  hints_ = bind_socket(xpub_, hints_port);
  thread_ = std::thread([this] { loop(); });
}

FakeServer::~FakeServer() {
  stop_ = true;
  thread_.join();
  zmq_close(router_);
  zmq_close(xpub_);
  zmq_ctx_term(context_);
}

void FakeServer::change(const std::function<void(ServerScript &)> &edit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  edit(script_);
}

void FakeServer::publish(int64_t version, const PolicyBytes &policy) {
  const std::lock_guard<std::mutex> lock(mutex_);
  script_.policies[version] = policy;
  script_.hints[version] = signed_hint(workflow_.get(), policy, version, script_.key);
  script_.live_version = version;
  to_hint_.push_back(version);
}

std::vector<int32_t> FakeServer::function_ids() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return function_ids_;
}

std::set<std::pair<uint64_t, uint64_t>> FakeServer::stored() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stored_;
}

void FakeServer::preload(const std::set<std::pair<uint64_t, uint64_t>> &stored) {
  const std::lock_guard<std::mutex> lock(mutex_);
  stored_ = stored;
}

void FakeServer::send(const std::string &peer, const fc_wire_message_t &message) {
  fc_wire_buffer_t frame = {};
  fc_error_t error = {};
  if (fc_wire_encode(&message, &frame, &error) != FC_OK) throw std::runtime_error(error.message);
  if (script_.garbage) {
    zmq_send(router_, peer.data(), peer.size(), ZMQ_SNDMORE);
    zmq_send(router_, "this is not a frame at all", 26, 0);
  }
  zmq_send(router_, peer.data(), peer.size(), ZMQ_SNDMORE);
  zmq_send(router_, frame.data, frame.size, 0);
  fc_wire_buffer_clear(&frame);
}

void FakeServer::take_transitions(const std::string &peer, const fc_wire_message_t &request) {
  const fc_wire_transitions_t &batch = request.as.transitions;
  received_ += batch.n_transitions;
  if (request.flags & FC_WIRE_FLAG_LOCKSTEP) lockstep_seen_ = true;
  largest_batch_ = std::max(largest_batch_.load(), batch.n_transitions);
  if (!script_.acknowledge || batch.n_transitions == 0) return;
  fc_wire_message_t reply = {};
  for (int32_t i = 0; i < batch.n_transitions; ++i) {
    if (!script_.invalid.count(batch.transitions[i].sequence)) continue;
    char sentence[] = "transition refused by the test";
    reply.type = FC_WIRE_REFUSAL;
    reply.as.refusal = {FC_RPC_INVALID_ARGUMENT, sentence};
    send(peer, reply);
    return;
  }
  const uint64_t epoch = batch.transitions[0].epoch;
  reply.type = FC_WIRE_ACK;
  std::strcpy(reply.as.ack.agent, batch.transitions[0].agent);
  reply.as.ack.epoch = epoch;
  reply.as.ack.credit_bytes = script_.credit_bytes;
  reply.as.ack.policy_version = script_.live_version;
  if (script_.exhausted_answers > 0) {
    script_.exhausted_answers -= 1;
    reply.as.ack.code = FC_RPC_RESOURCE_EXHAUSTED;
    reply.as.ack.retry_after_ms = 1;
  } else {
    for (int32_t i = 0; i < batch.n_transitions; ++i)
      if (!stored_.insert({epoch, batch.transitions[i].sequence}).second) reply.as.ack.n_duplicates += 1;
  }
  uint64_t contiguous = 0;
  while (stored_.count({epoch, contiguous + 1})) contiguous += 1;
  reply.as.ack.acknowledged_sequence = contiguous;
  for (uint64_t bit = 0; bit < 64; ++bit)
    if (stored_.count({epoch, contiguous + 2 + bit})) reply.as.ack.selective |= uint64_t{1} << bit;
  send(peer, reply);
}

void FakeServer::send_chunk(const std::string &peer, const fc_wire_pull_t &pull) {
  pulls_ += 1;
  fc_wire_message_t reply = {};
  reply.type = FC_WIRE_CHUNK;
  const int64_t version = pull.version ? pull.version : script_.live_version;
  std::strcpy(reply.as.chunk.hint.workflow, workflow_->name);
  std::string part;
  if (script_.policies.count(version)) {
    const std::string bytes = script_.policies[version].manifest + script_.policies[version].weights;
    reply.as.chunk.hint = script_.hints[version];
    reply.as.chunk.offset = pull.offset;
    // Small by default, so that a policy always takes several.
    if (pull.offset < bytes.size()) part = bytes.substr(pull.offset, script_.chunk_bytes);
  }
  reply.as.chunk.size = part.size();
  reply.as.chunk.data = part.empty() ? nullptr : reinterpret_cast<uint8_t *>(part.data());
  send(peer, reply);
}

void FakeServer::answer(const std::string &peer, const fc_wire_message_t &request) {
  fc_wire_message_t reply = {};
  switch (request.type) {
    case FC_WIRE_HELLO: {
      hellos_ += 1;
      announced_ = request.as.hello.next_sequence;
      function_ids_.assign(request.as.hello.function_ids,
                           request.as.hello.function_ids + request.as.hello.n_function_ids);
      if (!script_.welcome) return;
      reply.type = FC_WIRE_WELCOME;
      reply.as.welcome.version = FC_WIRE_VERSION;
      while (stored_.count({request.as.hello.epoch, reply.as.welcome.acknowledged_sequence + 1}))
        reply.as.welcome.acknowledged_sequence += 1;
      reply.as.welcome.credit_bytes = script_.credit_bytes;
      reply.as.welcome.policy_version = script_.live_version;
      std::memcpy(reply.as.welcome.server_key, script_.key.public_key, FC_PUBLIC_KEY_SIZE);
      reply.as.welcome.workflow_known = script_.workflow_known;
      send(peer, reply);
      return;
    }
    case FC_WIRE_TRANSITIONS:
      take_transitions(peer, request);
      return;
    case FC_WIRE_PULL:
      send_chunk(peer, request.as.pull);
      return;
    case FC_WIRE_SAFETY_PULL:
      reply.type = FC_WIRE_SAFETY;
      std::strcpy(reply.as.safety.workflow, workflow_->name);
      reply.as.safety.version = script_.records_version;
      reply.as.safety.n_records = static_cast<int32_t>(script_.records.size());
      reply.as.safety.records = script_.records.data();
      send(peer, reply);
      return;
    case FC_WIRE_PROPOSAL:
      proposals_ += 1;
      return;
    default:
      return;
  }
}

void FakeServer::send_hints() {
  for (const int64_t version : to_hint_) {
    fc_wire_message_t message = {};
    message.type = FC_WIRE_HINT;
    message.as.hint = script_.hints[version];
    fc_wire_buffer_t frame = {};
    fc_error_t error = {};
    fc_wire_encode(&message, &frame, &error);
    zmq_send(xpub_, workflow_->name, std::strlen(workflow_->name), ZMQ_SNDMORE);
    zmq_send(xpub_, frame.data, frame.size, 0);
    fc_wire_buffer_clear(&frame);
  }
  to_hint_.clear();
}

void FakeServer::loop() {
  while (!stop_) {
    zmq_pollitem_t items[2] = {{router_, 0, ZMQ_POLLIN, 0}, {xpub_, 0, ZMQ_POLLIN, 0}};
    zmq_poll(items, 2, 5);
    const std::lock_guard<std::mutex> lock(mutex_);
    while (!receive(xpub_).empty()) continue;  // subscriptions
    send_hints();
    for (auto parts = receive(router_); parts.size() >= 2; parts = receive(router_)) {
      fc_wire_message_t request;
      fc_error_t error = {};
      const auto *frame = reinterpret_cast<const uint8_t *>(parts.back().data());
      if (fc_wire_decode(frame, parts.back().size(), FC_WIRE_MAX_INGEST_BYTES, &request, &error) != FC_OK)
        throw std::runtime_error(error.message);
      answer(parts.front(), request);
      fc_wire_message_clear(&request);
    }
  }
}

}  // namespace fc_test
