// The clients' socket of a running faasconfd: each situation has its gRPC code, and the server lives.
#include "service.h"

extern "C" {
#include "faasconf/cost.h"
#include "faasconf/policy.h"
}

namespace {

using fc_test::Message;
using fc_test::Service;
using fc_test::Socket;
using ::testing::HasSubstr;

std::string bytes_of(fc_wire_buffer_t *buffer) {
  std::string bytes(reinterpret_cast<char *>(buffer->data), buffer->size);
  fc_wire_buffer_clear(buffer);
  return bytes;
}

class Rpc : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(service.start()); }
  void train() {
    ASSERT_NO_FATAL_FAILURE(service.register_workflow());
    Socket agent(Socket::kDealer, service.ingest());
    live = fc_test::train_in_lockstep(service, &agent, "a", 12);
    ASSERT_GT(live, 0);
  }
  std::string decide_request(const std::string &workflow, int64_t version = 0,
                             const fc_observation_t *observation = nullptr) {
    fc_rpc_decide_request_t request = {};
    strncpy(request.workflow, workflow.c_str(), FC_NAME_SIZE - 1);
    request.policy_version = version;
    if (observation != nullptr) {
      request.has_observation = true;
      request.observation = *observation;
    }
    fc_wire_buffer_t bytes = {};
    EXPECT_OK(fc_rpc_encode_decide_request(&request, &bytes, &error));
    return bytes_of(&bytes);
  }
  void expect_code(fc_rpc_code_t code, const Message &answer, const std::string &about = "") {
    ASSERT_EQ(FC_WIRE_RPC_RESPONSE, answer.type());
    EXPECT_STREQ(fc_rpc_code_name(code), fc_rpc_code_name(answer->as.rpc_response.code));
    if (code == FC_RPC_OK) return;
    ASSERT_NE(nullptr, answer->as.rpc_response.message);
    EXPECT_THAT(answer->as.rpc_response.message, HasSubstr(about));
    EXPECT_GT(strlen(answer->as.rpc_response.message), 10u);
  }
  Service service{fc_test::kQuickLearner};
  int64_t live = 0;
  fc_error_t error = {};
};

TEST_F(Rpc, RegisterKeepsAWorkflowOnce) {
  fc_rpc_register_request_t request = {const_cast<char *>(fc_test::kWorkflow), strlen(fc_test::kWorkflow)};
  for (const bool created : {true, false}) {
    fc_wire_buffer_t bytes = {};
    ASSERT_OK(fc_rpc_encode_register_request(&request, &bytes, &error));
    const Message answer = service.call(FC_RPC_REGISTER, bytes_of(&bytes));
    expect_code(FC_RPC_OK, answer);
    EXPECT_EQ(77u, answer->as.rpc_response.request_id);
    fc_rpc_register_response_t response = {};
    ASSERT_OK(fc_rpc_decode_register_response(answer->as.rpc_response.payload, answer->as.rpc_response.size, &response,
                                              &error));
    EXPECT_STREQ("chain", response.workflow);
    EXPECT_EQ(created, response.created);
    fc_rpc_register_response_clear(&response);
  }
}

TEST_F(Rpc, RegisterRefusesAFileThatDoesNotParseWithItsLine) {
  std::string text = fc_test::kWorkflow;
  text.replace(text.find("window_s: 30"), 12, "window_s: soon");
  fc_rpc_register_request_t request = {text.data(), text.size()};
  fc_wire_buffer_t bytes = {};
  ASSERT_OK(fc_rpc_encode_register_request(&request, &bytes, &error));
  expect_code(FC_RPC_INVALID_ARGUMENT, service.call(FC_RPC_REGISTER, bytes_of(&bytes)), ":3");
}

TEST_F(Rpc, UnknownThingsAreNotFoundOrUnimplemented) {
  expect_code(FC_RPC_NOT_FOUND, service.call(FC_RPC_DECIDE, decide_request("nothing")), "nothing");
  expect_code(FC_RPC_NOT_FOUND, service.call(FC_RPC_EXPLAIN, decide_request("nothing")), "nothing");
  fc_rpc_list_request_t list = {};
  strcpy(list.workflow, "nothing");
  fc_wire_buffer_t bytes = {};
  ASSERT_OK(fc_rpc_encode_list_request(&list, &bytes, &error));
  expect_code(FC_RPC_NOT_FOUND, service.call(FC_RPC_LIST, bytes_of(&bytes)), "nothing");
  expect_code(FC_RPC_UNIMPLEMENTED, service.call("policy.guess", ""), "policy.guess");
  train();
  expect_code(FC_RPC_NOT_FOUND, service.call(FC_RPC_DECIDE, decide_request("chain", live + 100)), "version");
}

TEST_F(Rpc, WithoutALivePolicyDecideIsAFailedPrecondition) {
  service.register_workflow();
  expect_code(FC_RPC_FAILED_PRECONDITION, service.call(FC_RPC_DECIDE, decide_request("chain")), "no live policy");
}

TEST_F(Rpc, WrongDimensionsAreAnInvalidArgument) {
  train();
  fc_observation_t observation = {};
  ASSERT_EQ(FC_OK, fc_observation_init(&observation, 4));
  observation.duration_s = 30;
  for (int i = 0; i < 4; ++i) observation.configuration[i] = {1000, 1000, 2, 2};
  const Message answer = service.call(FC_RPC_DECIDE, decide_request("chain", 0, &observation));
  fc_observation_clear(&observation);
  expect_code(FC_RPC_INVALID_ARGUMENT, answer);
}

TEST_F(Rpc, MalformedFramesAndPayloadsAreInvalidArguments) {
  Socket client(Socket::kDealer, service.rpc());
  for (const std::string &frame : {std::string("x"), std::string(20, '\0'), std::string(1000, '\xff')}) {
    client.send_bytes(frame);
    expect_code(FC_RPC_INVALID_ARGUMENT, client.receive());
  }
  client.send_parts({"a", "b"});
  expect_code(FC_RPC_INVALID_ARGUMENT, client.receive());
  fc_wire_message_t heartbeat = {};
  heartbeat.type = FC_WIRE_HEARTBEAT;
  client.send(heartbeat);
  expect_code(FC_RPC_INVALID_ARGUMENT, client.receive(), "RpcRequest");
  expect_code(FC_RPC_INVALID_ARGUMENT, service.call(FC_RPC_DECIDE, "\xff\xff\xff"));
  expect_code(FC_RPC_INVALID_ARGUMENT, service.call(FC_RPC_REGISTER, "\xff\xff\xff"));
  expect_code(FC_RPC_OK, service.call(FC_RPC_STATUS, ""));
}

TEST_F(Rpc, AnotherProtocolVersionIsAFailedPrecondition) {
  fc_wire_message_t message = {};
  message.type = FC_WIRE_RPC_REQUEST;
  strcpy(message.as.rpc_request.method, FC_RPC_STATUS);
  std::string frame = fc_test::encode(message);
  frame[4] = 2;  // u16 version behind the magic
  Socket client(Socket::kDealer, service.rpc());
  client.send_bytes(frame);
  expect_code(FC_RPC_FAILED_PRECONDITION, client.receive());
}

TEST_F(Rpc, OversizedMessagesAreExhaustedAndFarOversizedOnesCut) {
  Socket client(Socket::kDealer, service.rpc());
  client.send_bytes(std::string(FC_WIRE_MAX_RPC_BYTES + 1, 'x'));
  expect_code(FC_RPC_RESOURCE_EXHAUSTED, client.receive());
  Socket huge(Socket::kDealer, service.rpc());
  huge.send_bytes(std::string(4 << 20, 'x'));
  EXPECT_EQ("", huge.receive_bytes(200));
  expect_code(FC_RPC_OK, service.call(FC_RPC_STATUS, ""));
}

TEST_F(Rpc, AReqSocketIsServedToo) {
  fc_wire_message_t message = {};
  message.type = FC_WIRE_RPC_REQUEST;
  message.as.rpc_request.request_id = 5;
  strcpy(message.as.rpc_request.method, FC_RPC_STATUS);
  Socket client(Socket::kReq, service.rpc());
  for (int i = 0; i < 3; ++i) {
    const Message answer = client.ask(message);
    expect_code(FC_RPC_OK, answer);
    EXPECT_EQ(5u, answer->as.rpc_response.request_id);
  }
}

// The decision of the server is the agent's, bit for bit: same function, same policy, same observation.
TEST_F(Rpc, DecideIsWhatTheAgentWouldDecide) {
  train();
  fc_test::Batch batch(service.workflow(), "x", 1, {40});
  const fc_observation_t *observation = &batch[0].after;
  const Message answer = service.call(FC_RPC_DECIDE, decide_request("chain", 0, observation));
  expect_code(FC_RPC_OK, answer);
  fc_rpc_decide_response_t decided = {};
  ASSERT_OK(
      fc_rpc_decode_decide_response(answer->as.rpc_response.payload, answer->as.rpc_response.size, &decided, &error));

  Socket agent(Socket::kDealer, service.ingest());
  fc_wire_message_t pull = {};
  pull.type = FC_WIRE_PULL;
  strcpy(pull.as.pull.workflow, "chain");
  pull.as.pull.max_bytes = FC_WIRE_CHUNK_BYTES;
  const Message chunk = agent.ask(pull);
  const fc_wire_hint_t &hint = chunk->as.chunk.hint;
  ASSERT_EQ(hint.manifest_bytes + hint.weights_bytes, chunk->as.chunk.size);
  fc_policy_t *policy = nullptr;
  ASSERT_OK(fc_policy_from_bytes(reinterpret_cast<char *>(chunk->as.chunk.data), hint.manifest_bytes,
                                 chunk->as.chunk.data + hint.manifest_bytes, hint.weights_bytes, &policy, &error));
  const fc_workflow_t *workflow = service.workflow();
  std::vector<float> scratch(fc_policy_scratch_floats(policy, workflow)), action(3 * FC_KNOBS),
      attention(static_cast<size_t>(workflow->neighbours.n_edges));
  ASSERT_EQ(FC_OK, fc_policy_decide(policy, workflow, observation, scratch.data(), action.data(), attention.data()));
  EXPECT_EQ(0, memcmp(action.data(), decided.action, action.size() * sizeof(float)));
  ASSERT_EQ(workflow->neighbours.n_edges, decided.n_edges);
  EXPECT_EQ(0, memcmp(attention.data(), decided.attention, attention.size() * sizeof(float)));
  EXPECT_EQ(hint.version, decided.policy_version);
  EXPECT_EQ(0, memcmp(hint.digest, decided.policy_digest, FC_DIGEST_SIZE));
  EXPECT_STREQ("second", decided.functions[1]);
  EXPECT_DOUBLE_EQ(fc_cost_reserved_usd_h(workflow, decided.configuration), decided.cost_usd_h);
  EXPECT_EQ(observation->start_us, decided.observed_window_us);
  fc_rpc_decide_response_clear(&decided);
  fc_policy_destroy(&policy);
}

TEST_F(Rpc, WithoutAnObservationItDecidesOnTheNewestStoredWindow) {
  train();
  fc_test::Batch last(service.workflow(), "a", 1, {12});
  const Message stored = service.call(FC_RPC_DECIDE, decide_request("chain"));
  const Message given = service.call(FC_RPC_DECIDE, decide_request("chain", 0, &last[0].after));
  expect_code(FC_RPC_OK, stored);
  const fc_wire_rpc_response_t &a = stored->as.rpc_response, &b = given->as.rpc_response;
  EXPECT_EQ(std::string(reinterpret_cast<char *>(a.payload), a.size),
            std::string(reinterpret_cast<char *>(b.payload), b.size));
}

TEST_F(Rpc, AnOlderVersionDecidesFromTheStore) {
  train();
  const Message answer = service.call(FC_RPC_DECIDE, decide_request("chain", 1));
  expect_code(FC_RPC_OK, answer);
  fc_rpc_decide_response_t decided = {};
  ASSERT_OK(
      fc_rpc_decode_decide_response(answer->as.rpc_response.payload, answer->as.rpc_response.size, &decided, &error));
  EXPECT_EQ(1, decided.policy_version);
  fc_rpc_decide_response_clear(&decided);
}

TEST_F(Rpc, ExplainSaysCostsBandCriticAndChanges) {
  train();
  const Message answer = service.call(FC_RPC_EXPLAIN, decide_request("chain"));
  expect_code(FC_RPC_OK, answer);
  fc_rpc_explain_response_t explained = {};
  ASSERT_OK(fc_rpc_decode_explain_response(answer->as.rpc_response.payload, answer->as.rpc_response.size, &explained,
                                           &error));
  EXPECT_TRUE(explained.has_q);
  EXPECT_GT(explained.cost_now_usd_h, 0);
  EXPECT_THAT(explained.text, HasSubstr("USD/h"));
  EXPECT_THAT(explained.text, HasSubstr("QoS"));
  EXPECT_THAT(explained.text, HasSubstr("safe price band"));
  EXPECT_THAT(explained.text, HasSubstr("critic predicts"));
  EXPECT_TRUE(explained.decision.has_bounds);
  EXPECT_EQ(explained.inside_bounds, explained.decision.cost_usd_h >= explained.decision.lb_usd_h &&
                                         explained.decision.cost_usd_h <= explained.decision.ub_usd_h);
  fc_rpc_explain_response_clear(&explained);
}

TEST_F(Rpc, ListNamesEveryPolicyAndOneLive) {
  train();
  const Message answer = service.call(FC_RPC_LIST, "");
  expect_code(FC_RPC_OK, answer);
  fc_rpc_list_response_t list = {};
  ASSERT_OK(fc_rpc_decode_list_response(answer->as.rpc_response.payload, answer->as.rpc_response.size, &list, &error));
  int n_live = 0;
  for (int i = 0; i < list.n_policies; ++i) {
    EXPECT_STREQ("chain", list.policies[i].workflow);
    EXPECT_STREQ("attmf", list.policies[i].kind);
    if (strcmp(list.policies[i].state, "live") != 0) continue;
    n_live += 1;
    EXPECT_EQ(live, list.policies[i].version);
  }
  EXPECT_EQ(1, n_live);
  fc_rpc_list_response_clear(&list);
}

TEST_F(Rpc, StatusCounts) {
  train();
  const fc_rpc_status_response_t status = service.status();
  EXPECT_EQ(12u, status.transitions_received);
  EXPECT_EQ(12u, status.transitions_acked);
  EXPECT_EQ(12u, status.transitions_stored);
  EXPECT_GT(status.learner_updates, 0u);
  EXPECT_GT(status.replay_rows, 0u);
  EXPECT_GT(status.policies_published, 0u);
  EXPECT_GT(status.safety_records, 0u);
  EXPECT_GT(status.started_us, 1600000000000000);
  EXPECT_FALSE(status.degraded) << status.problem;
  EXPECT_EQ(service.store(), status.store);
  service.call("policy.guess", "");
  EXPECT_EQ(1u, service.status().rpc_errors);
}

}  // namespace
