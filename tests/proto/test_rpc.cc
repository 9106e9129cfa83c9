// proto/rpc*.c: payloads of every method, there and back, damaged, and with the wrong dimensions.
#include <cmath>
#include <cstring>

#include "messages.h"
#include "support.h"

using fc_test::describe;
using fc_test::Generator;

namespace {

struct Bytes {
  fc_wire_buffer_t buffer = {};
  ~Bytes() { fc_wire_buffer_clear(&buffer); }
};

}  // namespace

TEST(Rpc, RegisterCarriesTheTextAsItIs) {
  std::string text = "workflow: parallel\n# \xff is checked by the reader, not by the wire\n";
  text.push_back('\0');
  fc_rpc_register_request_t sent = {text.data(), text.size()}, received = {};
  Bytes bytes;
  fc_error_t error = {};
  ASSERT_OK(fc_rpc_encode_register_request(&sent, &bytes.buffer, &error));
  ASSERT_OK(fc_rpc_decode_register_request(bytes.buffer.data, bytes.buffer.size, &received, &error));
  EXPECT_EQ(text, std::string(received.text, received.size));
  EXPECT_EQ('\0', received.text[received.size]);
  fc_rpc_register_request_clear(&received);
  EXPECT_EQ(FC_EFORMAT, fc_rpc_decode_register_request(nullptr, 0, &received, &error));

  fc_rpc_register_response_t answer = {}, got = {};
  strcpy(answer.workflow, "parallel");
  memset(answer.digest, 3, sizeof answer.digest);
  answer.created = true;
  ASSERT_OK(fc_rpc_encode_register_response(&answer, &bytes.buffer, &error));
  ASSERT_OK(fc_rpc_decode_register_response(bytes.buffer.data, bytes.buffer.size, &got, &error));
  EXPECT_EQ(0, memcmp(&answer, &got, sizeof got));
}

TEST(Rpc, DecideRequestWithAndWithoutObservation) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Generator generator(seed);
    fc_rpc_decide_request_t sent = {}, received = {};
    generator.name(sent.workflow);
    sent.policy_version = generator.integer(0, 100);
    sent.has_observation = seed % 2 == 0;
    if (sent.has_observation) generator.observation(static_cast<int32_t>(generator.integer(1, 30)), &sent.observation);
    Bytes bytes;
    fc_error_t error = {};
    ASSERT_OK(fc_rpc_encode_decide_request(&sent, &bytes.buffer, &error));
    ASSERT_OK(fc_rpc_decode_decide_request(bytes.buffer.data, bytes.buffer.size, &received, &error));
    EXPECT_STREQ(sent.workflow, received.workflow);
    EXPECT_EQ(sent.policy_version, received.policy_version);
    ASSERT_EQ(sent.has_observation, received.has_observation);
    if (sent.has_observation) {
      EXPECT_EQ(describe(sent.observation), describe(received.observation));
    }
    fc_rpc_decide_request_clear(&sent);
    fc_rpc_decide_request_clear(&received);
  }
}

TEST(Rpc, DecideAndExplainResponses) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Generator generator(seed);
    fc_rpc_explain_response_t sent = {}, received = {};
    fc_rpc_decide_response_t alone = {};
    generator.decide_response(&sent.decision);
    sent.cost_now_usd_h = generator.number();
    sent.has_q = seed % 2 == 0;
    if (sent.has_q) sent.q_now = -generator.number(), sent.q_decided = -generator.number();
    sent.inside_bounds = seed % 3 == 0;
    sent.text = generator.text(2000);
    Bytes bytes;
    fc_error_t error = {};
    ASSERT_OK(fc_rpc_encode_explain_response(&sent, &bytes.buffer, &error));
    ASSERT_OK(fc_rpc_decode_explain_response(bytes.buffer.data, bytes.buffer.size, &received, &error));
    EXPECT_EQ(describe(sent.decision), describe(received.decision));
    EXPECT_EQ(sent.cost_now_usd_h, received.cost_now_usd_h);
    EXPECT_EQ(sent.has_q, received.has_q);
    EXPECT_EQ(sent.q_now, received.q_now);
    EXPECT_EQ(sent.q_decided, received.q_decided);
    EXPECT_EQ(sent.inside_bounds, received.inside_bounds);
    EXPECT_STREQ(sent.text, received.text);
    ASSERT_OK(fc_rpc_encode_decide_response(&sent.decision, &bytes.buffer, &error));
    ASSERT_OK(fc_rpc_decode_decide_response(bytes.buffer.data, bytes.buffer.size, &alone, &error));
    EXPECT_EQ(describe(sent.decision), describe(alone));
    fc_rpc_explain_response_clear(&sent);
    fc_rpc_explain_response_clear(&received);
    fc_rpc_decide_response_clear(&alone);
  }
}

TEST(Rpc, ListAndStatusResponses) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Generator generator(seed);
    Bytes bytes;
    fc_error_t error = {};
    fc_rpc_list_response_t list = {}, list_got = {};
    generator.list_response(&list);
    ASSERT_OK(fc_rpc_encode_list_response(&list, &bytes.buffer, &error));
    ASSERT_OK(fc_rpc_decode_list_response(bytes.buffer.data, bytes.buffer.size, &list_got, &error));
    EXPECT_EQ(describe(list), describe(list_got));
    fc_rpc_status_response_t status = {}, status_got = {};
    generator.status_response(&status);
    ASSERT_OK(fc_rpc_encode_status_response(&status, &bytes.buffer, &error));
    ASSERT_OK(fc_rpc_decode_status_response(bytes.buffer.data, bytes.buffer.size, &status_got, &error));
    EXPECT_EQ(describe(status), describe(status_got));
    fc_rpc_list_response_clear(&list), fc_rpc_list_response_clear(&list_got);
    fc_rpc_status_response_clear(&status), fc_rpc_status_response_clear(&status_got);
  }
}

TEST(Rpc, RequestsAndAnswersOfAServedSimulation) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Generator generator(seed);
    Bytes bytes;
    fc_error_t error = {};
    fc_rpc_simulation_join_request_t join = {}, join_got = {};
    generator.name(join.agent), generator.name(join.workflow);
    generator.bytes(join.workflow_digest, FC_DIGEST_SIZE);
    join.n_functions = static_cast<int32_t>(seed % 5);
    std::vector<char[FC_NAME_SIZE]> names(5);
    for (auto &name : names) generator.name(name);
    join.functions = names.data();
    ASSERT_OK(fc_rpc_encode_simulation_join_request(&join, &bytes.buffer, &error));
    ASSERT_OK(fc_rpc_decode_simulation_join_request(bytes.buffer.data, bytes.buffer.size, &join_got, &error));
    EXPECT_STREQ(join.agent, join_got.agent);
    EXPECT_STREQ(join.workflow, join_got.workflow);
    EXPECT_EQ(0, memcmp(join.workflow_digest, join_got.workflow_digest, FC_DIGEST_SIZE));
    ASSERT_EQ(join.n_functions, join_got.n_functions);
    for (int32_t i = 0; i < join.n_functions; ++i) EXPECT_STREQ(join.functions[i], join_got.functions[i]);
    fc_rpc_simulation_join_request_clear(&join_got);

    fc_rpc_simulation_state_t state = {}, state_got = {};
    state.window = generator.integer(0, 1000), state.start_us = generator.integer(0, 1000);
    state.n_functions = static_cast<int32_t>(1 + seed % 7);
    state.configuration = generator.configuration(state.n_functions);
    ASSERT_OK(fc_rpc_encode_simulation_state(&state, &bytes.buffer, &error));
    ASSERT_OK(fc_rpc_decode_simulation_state(bytes.buffer.data, bytes.buffer.size, &state_got, &error));
    EXPECT_EQ(state.window, state_got.window);
    EXPECT_EQ(state.start_us, state_got.start_us);
    ASSERT_EQ(state.n_functions, state_got.n_functions);
    EXPECT_EQ(0, memcmp(state.configuration, state_got.configuration,
                        static_cast<size_t>(state.n_functions) * sizeof *state.configuration));

    fc_rpc_simulation_write_request_t write = {}, write_got = {};
    generator.name(write.function);
    write.configuration = state.configuration[0];
    ASSERT_OK(fc_rpc_encode_simulation_write_request(&write, &bytes.buffer, &error));
    ASSERT_OK(fc_rpc_decode_simulation_write_request(bytes.buffer.data, bytes.buffer.size, &write_got, &error));
    EXPECT_STREQ(write.function, write_got.function);
    EXPECT_EQ(0, memcmp(&write.configuration, &write_got.configuration, sizeof write.configuration));
    fc_rpc_simulation_state_clear(&state), fc_rpc_simulation_state_clear(&state_got);

    fc_rpc_simulation_window_response_t window = {}, window_got = {};
    generator.observation(static_cast<int32_t>(1 + seed % 9), &window.observation);
    ASSERT_OK(fc_rpc_encode_simulation_window_response(&window, &bytes.buffer, &error));
    ASSERT_OK(fc_rpc_decode_simulation_window_response(bytes.buffer.data, bytes.buffer.size, &window_got, &error));
    EXPECT_EQ(describe(window.observation), describe(window_got.observation));
    fc_rpc_simulation_window_response_clear(&window), fc_rpc_simulation_window_response_clear(&window_got);
  }
}

TEST(Rpc, WhatMakesNoSenseToAServedSimulationDoesNotDecode) {
  fc_error_t error = {};
  const auto refused = [&](auto decode, auto clear, const std::string &bytes) {
    auto value = decltype(clear){};
    EXPECT_EQ(FC_EFORMAT, decode(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size(), &value, &error));
  };
  using fc_test::field_bytes;
  using fc_test::field_varint;
  const std::string digest(FC_DIGEST_SIZE, 'd'), four = std::string("\1\1\1\1");
  const std::string good = field_bytes(1, "a") + field_bytes(2, "w") + field_bytes(3, digest);
  const fc_rpc_simulation_join_request_t join = {};
  refused(fc_rpc_decode_simulation_join_request, join, "");
  refused(fc_rpc_decode_simulation_join_request, join, field_bytes(1, "a") + field_bytes(2, "w"));
  refused(fc_rpc_decode_simulation_join_request, join, good + field_bytes(4, ""));
  refused(fc_rpc_decode_simulation_join_request, join, good + field_bytes(4, std::string(64, 'f')));
  refused(fc_rpc_decode_simulation_state, fc_rpc_simulation_state_t{}, "");
  refused(fc_rpc_decode_simulation_state, fc_rpc_simulation_state_t{}, field_bytes(3, "\1\1\1"));
  refused(fc_rpc_decode_simulation_state, fc_rpc_simulation_state_t{},
          field_varint(1, static_cast<uint64_t>(-1)) + field_bytes(3, four));
  const fc_rpc_simulation_write_request_t write = {};
  refused(fc_rpc_decode_simulation_write_request, write, field_bytes(1, "f"));
  refused(fc_rpc_decode_simulation_write_request, write, field_bytes(2, four));
  refused(fc_rpc_decode_simulation_write_request, write, field_bytes(1, "f") + field_bytes(2, four + four));
  refused(fc_rpc_decode_simulation_window_request, fc_rpc_simulation_window_request_t{},
          field_varint(1, static_cast<uint64_t>(-1)));
  refused(fc_rpc_decode_simulation_window_response, fc_rpc_simulation_window_response_t{}, "");
}

TEST(Rpc, EmptyListsAndNamesAreFine) {
  Bytes bytes;
  fc_error_t error = {};
  fc_rpc_list_request_t all = {}, got = {};
  ASSERT_OK(fc_rpc_encode_list_request(&all, &bytes.buffer, &error));
  EXPECT_EQ(0u, bytes.buffer.size);
  ASSERT_OK(fc_rpc_decode_list_request(bytes.buffer.data, bytes.buffer.size, &got, &error));
  EXPECT_STREQ("", got.workflow);
  fc_rpc_list_response_t none = {};
  ASSERT_OK(fc_rpc_decode_list_response(nullptr, 0, &none, &error));
  EXPECT_EQ(0, none.n_policies);
}

TEST(Rpc, ADecisionMadeOfTheWrongDimensionsIsRefused) {
  Generator generator(5);
  fc_rpc_decide_response_t decision = {};
  generator.decide_response(&decision);
  Bytes bytes;
  fc_error_t error = {};
  if (decision.n_edges == 0) GTEST_FAIL() << "seed 5 was chosen because it draws edges";
  const int32_t row = decision.edge_row[0];
  decision.edge_row[0] = decision.n_functions;
  EXPECT_EQ(FC_EINVAL, fc_rpc_encode_decide_response(&decision, &bytes.buffer, &error));
  decision.edge_row[0] = row;
  decision.action[0] = std::nanf("");
  EXPECT_EQ(FC_EINVAL, fc_rpc_encode_decide_response(&decision, &bytes.buffer, &error));
  EXPECT_STREQ("DecideResponse.action[0]: not a finite number", error.message);
  decision.action[0] = 1.5f;
  EXPECT_EQ(FC_EINVAL, fc_rpc_encode_decide_response(&decision, &bytes.buffer, &error));
  decision.action[0] = 1.0f;
  decision.attention[0] = -0.5f;
  EXPECT_EQ(FC_EINVAL, fc_rpc_encode_decide_response(&decision, &bytes.buffer, &error));
  fc_rpc_decide_response_clear(&decision);
}

TEST(Rpc, DamagedPayloadsAreRefusedOrValidAtEveryByte) {
  Generator generator(11);
  fc_rpc_decide_response_t decision = {};
  generator.decide_response(&decision);
  Bytes bytes, again;
  fc_error_t error = {};
  ASSERT_OK(fc_rpc_encode_decide_response(&decision, &bytes.buffer, &error));
  int refused = 0;
  for (size_t at = 0; at < bytes.buffer.size; ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      bytes.buffer.data[at] = static_cast<uint8_t>(bytes.buffer.data[at] ^ (1 << bit));
      fc_rpc_decide_response_t got = {};
      if (fc_rpc_decode_decide_response(bytes.buffer.data, bytes.buffer.size, &got, nullptr) == FC_OK) {
        ASSERT_OK(fc_rpc_encode_decide_response(&got, &again.buffer, &error));
      } else {
        ++refused;
      }
      fc_rpc_decide_response_clear(&got);
      bytes.buffer.data[at] = static_cast<uint8_t>(bytes.buffer.data[at] ^ (1 << bit));
    }
  }
  EXPECT_GT(refused, 0);
  fc_rpc_decide_response_clear(&decision);
}
