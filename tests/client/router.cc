// See router.h.
#include "router.h"

#include <gtest/gtest.h>
#include <zmq.h>

#include <cstring>

namespace fc_test {

Router::Router(Answer answer, const std::string &address) : answer_(std::move(answer)) {
  context_ = zmq_ctx_new();
  socket_ = zmq_socket(context_, ZMQ_ROUTER);
  stop_ = zmq_socket(context_, ZMQ_PAIR);
  stopper_ = zmq_socket(context_, ZMQ_PAIR);
  const int none = 0;
  zmq_setsockopt(socket_, ZMQ_LINGER, &none, sizeof none);
  EXPECT_EQ(0, zmq_bind(socket_, address.c_str()));
  EXPECT_EQ(0, zmq_bind(stop_, "inproc://stop"));
  EXPECT_EQ(0, zmq_connect(stopper_, "inproc://stop"));
  char endpoint[128];
  size_t size = sizeof endpoint;
  EXPECT_EQ(0, zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, endpoint, &size));
  endpoint_ = endpoint;
  thread_ = std::thread([this] { serve(); });
}

Router::~Router() {
  zmq_send(stopper_, "", 0, 0);
  thread_.join();
  zmq_close(socket_);
  zmq_close(stop_);
  zmq_close(stopper_);
  zmq_ctx_term(context_);
}

static std::string receive(void *socket, bool *more) {
  zmq_msg_t part;
  zmq_msg_init(&part);
  EXPECT_GE(zmq_msg_recv(&part, socket, 0), 0);
  std::string out(static_cast<const char *>(zmq_msg_data(&part)), zmq_msg_size(&part));
  *more = zmq_msg_more(&part) != 0;
  zmq_msg_close(&part);
  return out;
}

void Router::serve() {
  for (;;) {
    zmq_pollitem_t items[] = {{socket_, 0, ZMQ_POLLIN, 0}, {stop_, 0, ZMQ_POLLIN, 0}};
    if (zmq_poll(items, 2, -1) < 0) continue;
    if (items[1].revents != 0) return;
    bool more = false;
    const std::string identity = receive(socket_, &more);
    std::string frame;
    while (more) frame = receive(socket_, &more);
    fc_wire_message_t request;
    fc_error_t error = {};
    ASSERT_EQ(FC_OK, fc_wire_decode(reinterpret_cast<const uint8_t *>(frame.data()), frame.size(),
                                    FC_WIRE_MAX_RPC_BYTES, &request, &error))
        << error.message;
    ASSERT_EQ(FC_WIRE_RPC_REQUEST, request.type);
    for (const std::string &answer : answer_(request.as.rpc_request)) {
      zmq_send(socket_, identity.data(), identity.size(), ZMQ_SNDMORE);
      zmq_send(socket_, answer.data(), answer.size(), 0);
    }
    fc_wire_message_clear(&request);
  }
}

static std::string encode(const fc_wire_message_t &message) {
  fc_wire_buffer_t frame = {};
  fc_error_t error = {};
  EXPECT_EQ(FC_OK, fc_wire_encode(&message, &frame, &error)) << error.message;
  std::string out(reinterpret_cast<const char *>(frame.data), frame.size);
  fc_wire_buffer_clear(&frame);
  return out;
}

std::string response_frame(uint64_t request_id, fc_rpc_code_t code, const std::string &message,
                           const std::string &payload) {
  fc_wire_message_t response = {};
  response.type = FC_WIRE_RPC_RESPONSE;
  response.as.rpc_response.request_id = request_id;
  response.as.rpc_response.code = code;
  response.as.rpc_response.message = const_cast<char *>(message.c_str());
  response.as.rpc_response.payload = reinterpret_cast<uint8_t *>(const_cast<char *>(payload.data()));
  response.as.rpc_response.size = payload.size();
  return encode(response);
}

std::string refusal_frame(fc_rpc_code_t code, const std::string &message) {
  fc_wire_message_t refusal = {};
  refusal.type = FC_WIRE_REFUSAL;
  refusal.as.refusal.code = code;
  refusal.as.refusal.message = const_cast<char *>(message.c_str());
  return encode(refusal);
}

std::string decision_payload() {
  char functions[2][FC_NAME_SIZE] = {"split", "detect"};
  fc_function_configuration_t configuration[] = {{1300, 1331, 5, 6}, {650, 700, 2, 10}};
  float action[] = {0.5f, 0.5f, 0.5f, 0.5f, 0.125f, 0.25f, 0.0f, 1.0f};
  int32_t row[] = {0, 1}, column[] = {1, 0};
  float attention[] = {1.0f, 0.3333f};
  fc_rpc_decide_response_t decision = {};
  decision.n_functions = 2;
  decision.functions = functions;
  decision.configuration = configuration;
  decision.action = action;
  decision.cost_usd_h = 1.23456789012345;
  decision.has_bounds = true;
  decision.lb_usd_h = 1.0, decision.ub_usd_h = 2.5, decision.bounds_in_flight = 9.75;
  decision.policy_version = 17;
  memset(decision.policy_digest, 5, sizeof decision.policy_digest);
  decision.n_edges = 2;
  decision.edge_row = row, decision.edge_column = column, decision.attention = attention;
  decision.observed_window_us = 1700000000000000;
  fc_wire_buffer_t bytes = {};
  fc_error_t error = {};
  EXPECT_EQ(FC_OK, fc_rpc_encode_decide_response(&decision, &bytes, &error)) << error.message;
  std::string out(reinterpret_cast<const char *>(bytes.data), bytes.size);
  fc_wire_buffer_clear(&bytes);
  return out;
}

}  // namespace fc_test
