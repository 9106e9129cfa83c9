// client/client.c against a ROUTER over real sockets.
#include <atomic>
#include <cstring>

#include "router.h"
#include "support.h"

extern "C" {
#include "faasconf/client.h"
}

using fc_test::refusal_frame;
using fc_test::response_frame;
using fc_test::Router;

namespace {

struct Client {
  explicit Client(const std::string &endpoint, int32_t timeout_ms = 20000) {
    fc_error_t error = {};
    EXPECT_OK(fc_client_new(endpoint.c_str(), timeout_ms, &client, &error));
  }
  ~Client() { fc_client_destroy(&client); }
  operator fc_client_t *() { return client; }
  fc_client_t *client = nullptr;
};

fc_rpc_decide_request_t ask(const char *workflow) {
  fc_rpc_decide_request_t request = {};
  snprintf(request.workflow, sizeof request.workflow, "%s", workflow);
  return request;
}

}  // namespace

TEST(Client, ADecisionComesBackWhole) {
  Router router([](const fc_wire_rpc_request_t &request) -> std::vector<std::string> {
    EXPECT_STREQ(FC_RPC_DECIDE, request.method);
    EXPECT_EQ(20000u, request.deadline_ms);
    fc_rpc_decide_request_t asked = {};
    EXPECT_EQ(FC_OK, fc_rpc_decode_decide_request(request.payload, request.size, &asked, nullptr));
    EXPECT_STREQ("parallel", asked.workflow);
    fc_rpc_decide_request_clear(&asked);
    return {response_frame(request.request_id, FC_RPC_OK, "", fc_test::decision_payload())};
  });
  Client client(router.endpoint());
  const fc_rpc_decide_request_t request = ask("parallel");
  fc_rpc_decide_response_t decision = {};
  fc_error_t error = {};
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(fc_client_decide(client, &request, &decision, &error));
    EXPECT_EQ(FC_RPC_OK, fc_client_last_code(client));
    ASSERT_EQ(2, decision.n_functions);
    EXPECT_STREQ("detect", decision.functions[1]);
    EXPECT_EQ(10, decision.configuration[1].concurrency);
    EXPECT_EQ(17, decision.policy_version);
    fc_rpc_decide_response_clear(&decision);
  }
}

TEST(Client, TheServersCodeAndSentenceReachTheCaller) {
  Router router([](const fc_wire_rpc_request_t &request) -> std::vector<std::string> {
    return {response_frame(request.request_id, FC_RPC_NOT_FOUND, "no workflow 'x'; known: parallel", "")};
  });
  Client client(router.endpoint());
  const fc_rpc_decide_request_t request = ask("x");
  fc_rpc_decide_response_t decision = {};
  fc_error_t error = {};
  EXPECT_EQ(FC_ENOTFOUND, fc_client_decide(client, &request, &decision, &error));
  EXPECT_EQ(FC_RPC_NOT_FOUND, fc_client_last_code(client));
  EXPECT_STREQ("no workflow 'x'; known: parallel", error.message);
  fc_rpc_status_response_t status = {};
  EXPECT_EQ(FC_ENOTFOUND, fc_client_status(client, &status, &error));
}

TEST(Client, EveryCodeBecomesAFailureOfItsOwn) {
  std::atomic<int> code{1};
  Router router([&](const fc_wire_rpc_request_t &request) -> std::vector<std::string> {
    return {response_frame(request.request_id, static_cast<fc_rpc_code_t>(code.load()), "why", "")};
  });
  Client client(router.endpoint());
  for (; code <= 16; ++code) {
    fc_wire_buffer_t answer = {};
    const auto expected = static_cast<fc_rpc_code_t>(code.load());
    EXPECT_EQ(fc_status_from_rpc_code(expected), fc_client_call(client, "m", nullptr, 0, &answer, nullptr));
    EXPECT_EQ(expected, fc_client_last_code(client));
    fc_wire_buffer_clear(&answer);
  }
}

TEST(Client, ARefusalIsAnAnswer) {
  Router router([](const fc_wire_rpc_request_t &) -> std::vector<std::string> {
    return {refusal_frame(FC_RPC_RESOURCE_EXHAUSTED, "too many requests; ask again later")};
  });
  Client client(router.endpoint());
  fc_rpc_list_response_t list = {};
  fc_error_t error = {};
  EXPECT_EQ(FC_EEXHAUSTED, fc_client_list(client, nullptr, &list, &error));
  EXPECT_EQ(FC_RPC_RESOURCE_EXHAUSTED, fc_client_last_code(client));
  EXPECT_STREQ("too many requests; ask again later", error.message);
}

TEST(Client, AnAnswerWithoutARequestIdIsAboutTheRequestInFlight) {
  Router router([](const fc_wire_rpc_request_t &) -> std::vector<std::string> {
    return {response_frame(0, FC_RPC_OK, "", "nonsense"),
            response_frame(0, FC_RPC_FAILED_PRECONDITION, "frame of protocol version 2", "")};
  });
  Client client(router.endpoint());
  fc_wire_buffer_t answer = {};
  fc_error_t error = {};
  EXPECT_EQ(FC_ESTATE, fc_client_call(client, "m", nullptr, 0, &answer, &error));
  EXPECT_STREQ("frame of protocol version 2", error.message);
}

TEST(Client, ADeadlinePassesAndTheNextCallSucceeds) {
  std::atomic<int> n{0};
  std::atomic<uint64_t> late{0};
  Router router([&](const fc_wire_rpc_request_t &request) -> std::vector<std::string> {
    if (n++ == 0) {
      late = request.request_id;
      return {};
    }
    /* The late answer first: it must not be taken for the new one. */
    return {response_frame(late, FC_RPC_OK, "", "late"), response_frame(request.request_id, FC_RPC_OK, "", "right")};
  });
  Client client(router.endpoint(), 300);
  fc_wire_buffer_t answer = {};
  fc_error_t error = {};
  ASSERT_EQ(FC_ETIMEOUT, fc_client_call(client, "m", nullptr, 0, &answer, &error));
  EXPECT_EQ(FC_RPC_DEADLINE_EXCEEDED, fc_client_last_code(client));
  EXPECT_NE(nullptr, strstr(error.message, "within 300 ms")) << error.message;
  fc_status_t status = FC_ETIMEOUT;
  for (int attempt = 0; attempt < 20 && status == FC_ETIMEOUT; ++attempt) { /* a slow machine may need a second go */
    status = fc_client_call(client, "m", nullptr, 0, &answer, &error);
  }
  ASSERT_OK(status);
  EXPECT_EQ("right", std::string(reinterpret_cast<const char *>(answer.data), answer.size));
  fc_wire_buffer_clear(&answer);
}

TEST(Client, AServerThatIsNotThereIsATimeoutAndFoundOnceItStarts) {
  fc_test::TemporaryFolder folder;
  const std::string address = "ipc://" + folder.path("rpc");
  Client client(address, 100);
  fc_wire_buffer_t answer = {};
  fc_error_t error = {};
  EXPECT_EQ(FC_ETIMEOUT, fc_client_call(client, "m", nullptr, 0, &answer, &error));
  EXPECT_EQ(FC_ETIMEOUT, fc_client_call(client, "m", nullptr, 0, &answer, &error));
  EXPECT_NE(nullptr, strstr(error.message, address.c_str())) << error.message;
  Router router(
      [](const fc_wire_rpc_request_t &request) -> std::vector<std::string> {
        return {response_frame(request.request_id, FC_RPC_OK, "", "here")};
      },
      address);
  fc_status_t status = FC_ETIMEOUT;
  for (int attempt = 0; attempt < 100 && status == FC_ETIMEOUT; ++attempt) {
    status = fc_client_call(client, "m", nullptr, 0, &answer, &error);
  }
  ASSERT_OK(status);
  EXPECT_EQ("here", std::string(reinterpret_cast<const char *>(answer.data), answer.size));
  fc_wire_buffer_clear(&answer);
}

TEST(Client, AnswersToOtherRequestsAreSkipped) {
  Router router([](const fc_wire_rpc_request_t &request) -> std::vector<std::string> {
    return {response_frame(request.request_id + 1, FC_RPC_OK, "", "wrong"),
            response_frame(request.request_id + 2, FC_RPC_INTERNAL, "wrong", ""),
            response_frame(request.request_id, FC_RPC_OK, "", "right")};
  });
  Client client(router.endpoint());
  fc_wire_buffer_t answer = {};
  fc_error_t error = {};
  ASSERT_OK(fc_client_call(client, "m", nullptr, 0, &answer, &error));
  EXPECT_EQ("right", std::string(reinterpret_cast<const char *>(answer.data), answer.size));
  fc_wire_buffer_clear(&answer);
}

TEST(Client, AMalformedAnswerIsAnErrorAndTheConnectionGoesOn) {
  std::atomic<int> n{0};
  Router router([&](const fc_wire_rpc_request_t &request) -> std::vector<std::string> {
    switch (n++) {
      case 0:
        return {"this is not a frame at all"};
      case 1: {
        std::string damaged = response_frame(request.request_id, FC_RPC_OK, "", "payload");
        damaged.back() = static_cast<char>(damaged.back() ^ 1);
        return {damaged};
      }
      case 2: /* an intact frame whose payload is no decision */
        return {response_frame(request.request_id, FC_RPC_OK, "", "\xff\xff\xff")};
      default:
        return {response_frame(request.request_id, FC_RPC_OK, "", fc_test::decision_payload())};
    }
  });
  Client client(router.endpoint());
  const fc_rpc_decide_request_t request = ask("parallel");
  fc_rpc_decide_response_t decision = {};
  fc_error_t error = {};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(FC_EFORMAT, fc_client_decide(client, &request, &decision, &error));
    EXPECT_EQ(FC_RPC_INTERNAL, fc_client_last_code(client));
    EXPECT_EQ(0, strncmp("malformed answer of tcp://", error.message, 26)) << error.message;
  }
  ASSERT_OK(fc_client_decide(client, &request, &decision, &error));
  fc_rpc_decide_response_clear(&decision);
}

TEST(Client, WhatCannotBeAskedIsRefusedBeforeItIsSent) {
  Client client("tcp://127.0.0.1:9", 50);
  fc_error_t error = {};
  const std::string text(FC_WIRE_MAX_RPC_BYTES, 'x');
  fc_rpc_register_response_t registered = {};
  EXPECT_EQ(FC_EEXHAUSTED, fc_client_register(client, text.data(), text.size(), &registered, &error));
  EXPECT_EQ(FC_RPC_RESOURCE_EXHAUSTED, fc_client_last_code(client));
  const fc_rpc_decide_request_t nameless = ask("");
  fc_rpc_decide_response_t decision = {};
  EXPECT_EQ(FC_EINVAL, fc_client_decide(client, &nameless, &decision, &error));
  EXPECT_EQ(FC_RPC_INVALID_ARGUMENT, fc_client_last_code(client));
  const std::string name(100, 'x');
  fc_rpc_list_response_t list = {};
  EXPECT_EQ(FC_EINVAL, fc_client_list(client, name.c_str(), &list, &error));
  fc_wire_buffer_t answer = {};
  EXPECT_EQ(FC_EINVAL, fc_client_call(client, name.c_str(), nullptr, 0, &answer, &error));
}

TEST(Client, AddressesAreChecked) {
  fc_client_t *client = nullptr;
  fc_error_t error = {};
  for (const char *bad : {"", "127.0.0.1:7603", "tcp://", "tcp://127.0.0.1", "http://x:1", "inproc://x"}) {
    EXPECT_EQ(FC_EINVAL, fc_client_new(bad, 1000, &client, &error)) << bad;
    EXPECT_EQ(nullptr, client);
  }
  EXPECT_EQ(FC_EINVAL, fc_client_new("tcp://127.0.0.1:1", 0, &client, &error));
  fc_client_destroy(&client);
  fc_client_destroy(nullptr);
}
