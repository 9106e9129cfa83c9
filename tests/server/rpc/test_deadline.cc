// Deadlines of the RPC thread, with a clock that the test owns: no waiting, no chance.
#include <atomic>

#include "service.h"

extern "C" {
#include "rpc.h"
}

namespace {

using fc_test::Message;
using fc_test::Socket;

// Every reading is `step_ns` after the one before.
struct SteppingClock {
  std::atomic<int64_t> now_ns{1000000000};
  std::atomic<int64_t> step_ns{0};
  static int64_t read(void *self) {
    auto *clock = static_cast<SteppingClock *>(self);
    return clock->now_ns.fetch_add(clock->step_ns) + clock->step_ns;
  }
  static int64_t wall(void *) { return 1700000000000000; }
  fc_clock_t clock() { return {this, read, wall, nullptr}; }
};

class Deadline : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(FC_OK, fc_digest_init());
    ASSERT_OK(store_open(folder.path().c_str(), STORE_READ_WRITE, "", &store, &error));
    ASSERT_OK(stats_new(&stats, &error));
    server_key_t key = {};
    ASSERT_OK(server_key_load(folder.path().c_str(), &key, &error));
    ASSERT_OK(registry_new(&key, &registry, &error));
    ASSERT_OK(queue_new(8, sizeof(writer_reply_t), &replies, &error));
    ASSERT_OK(queue_new(RPC_MAX_PENDING, sizeof(writer_registered_t), &registered, &error));
    ASSERT_OK(queue_new(RPC_MAX_PENDING, sizeof(learner_answer_t), &answers, &error));
    writer_options_t writing = {};
    writing.store = store;
    writing.registry = registry;
    writing.stats = stats;
    writing.clock = fc_clock_system();
    writing.replies = replies;
    writing.registered = registered;
    writing.queue_messages = 4;
    writing.group_commit_rows = 10;
    writing.retry_after_ms = 1;
    ASSERT_OK(writer_new(&writing, &writer, &error));
    rpc_options_t options = {};
    options.endpoint = "tcp://127.0.0.1:*";
    store_path = folder.path();
    options.store = store_path.c_str();
    options.registry = registry;
    options.stats = stats;
    options.clock = clock.clock();
    options.writer = writer;
    options.registered = registered;
    options.answers = answers;
    options.default_deadline_ms = 5000;
    ASSERT_OK(rpc_new(&options, &rpc, &error));
    ASSERT_OK(rpc_start(rpc, &error));
  }
  void TearDown() override {
    rpc_destroy(&rpc);
    if (writes_now) {
      writer_stop(writer);
    } else {
      store_destroy(&store);
    }
    writer_destroy(&writer);
    queue_destroy(&replies);
    queue_destroy(&registered);
    queue_destroy(&answers);
    registry_destroy(&registry);
    stats_destroy(&stats);
  }
  void start_writer() {
    ASSERT_OK(writer_start(writer, &error));
    writes_now = true;
  }
  fc_rpc_code_t call(const std::string &method, uint32_t deadline_ms, const std::string &payload = "") {
    Socket client(Socket::kDealer, rpc_address(rpc));
    return ask(&client, method, deadline_ms, payload);
  }
  static fc_wire_message_t request(const std::string &method, uint32_t deadline_ms, const std::string &payload) {
    fc_wire_message_t message = {};
    message.type = FC_WIRE_RPC_REQUEST;
    strncpy(message.as.rpc_request.method, method.c_str(), FC_NAME_SIZE - 1);
    message.as.rpc_request.deadline_ms = deadline_ms;
    message.as.rpc_request.payload = reinterpret_cast<uint8_t *>(const_cast<char *>(payload.data()));
    message.as.rpc_request.size = payload.size();
    return message;
  }
  static fc_rpc_code_t code_of(const Message &answer) {
    EXPECT_EQ(FC_WIRE_RPC_RESPONSE, answer.type());
    return answer.type() == FC_WIRE_RPC_RESPONSE ? answer->as.rpc_response.code : FC_RPC_UNKNOWN;
  }
  static fc_rpc_code_t ask(Socket *client, const std::string &method, uint32_t deadline_ms,
                           const std::string &payload) {
    return code_of(client->ask(request(method, deadline_ms, payload)));
  }
  std::string registration() {
    std::string text = fc_test::kWorkflow;
    fc_rpc_register_request_t plain = {text.data(), text.size()};
    fc_wire_buffer_t bytes = {};
    EXPECT_OK(fc_rpc_encode_register_request(&plain, &bytes, &error));
    std::string payload(reinterpret_cast<char *>(bytes.data), bytes.size);
    fc_wire_buffer_clear(&bytes);
    return payload;
  }

  fc_test::TemporaryFolder folder;
  std::string store_path;
  SteppingClock clock;
  store_t *store = nullptr;
  stats_t *stats = nullptr;
  registry_t *registry = nullptr;
  queue_t *replies = nullptr, *registered = nullptr, *answers = nullptr;
  writer_t *writer = nullptr;
  rpc_t *rpc = nullptr;
  bool writes_now = false;
  fc_error_t error = {};
};

TEST_F(Deadline, WorkThatTakesLongerIsAnsweredDeadlineExceeded) {
  start_writer();
  clock.step_ns = 10 * 1000000;  // each look at the clock costs 10 ms
  EXPECT_EQ(FC_RPC_DEADLINE_EXCEEDED, call(FC_RPC_STATUS, 1));
  EXPECT_EQ(FC_RPC_DEADLINE_EXCEEDED, call(FC_RPC_DECIDE, 5));
  EXPECT_EQ(FC_RPC_OK, call(FC_RPC_STATUS, 4000));
  EXPECT_EQ(FC_RPC_OK, call(FC_RPC_STATUS, 0));  // the server's default
  EXPECT_EQ(2u, stats_get(stats, STATS_rpc_errors));
}

TEST_F(Deadline, ARegistrationThatTheWriterDoesNotReachIsDroppedAtItsDeadline) {
  Socket client(Socket::kDealer, rpc_address(rpc));
  client.send(request(FC_RPC_REGISTER, 20, registration()));  // the writer does not run
  EXPECT_EQ(FC_RPC_OK, ask(&client, FC_RPC_STATUS, 0, ""));   // it has been read by then
  EXPECT_EQ(FC_RPC_OK, call(FC_RPC_STATUS, 0));               // others are served meanwhile
  EXPECT_EQ(FC_WIRE_NONE, client.receive(1).type());
  clock.now_ns += int64_t{21} * 1000000;
  EXPECT_EQ(FC_RPC_DEADLINE_EXCEEDED, code_of(client.receive()));
  start_writer();  // its late answer finds nobody and harms nobody
  EXPECT_EQ(FC_RPC_OK, call(FC_RPC_REGISTER, 0, registration()));
}

TEST_F(Deadline, AFullWriterIsAnsweredExhausted) {
  std::vector<std::unique_ptr<Socket>> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.push_back(std::make_unique<Socket>(Socket::kDealer, rpc_address(rpc)));
    waiting.back()->send(request(FC_RPC_REGISTER, 0, registration()));
    EXPECT_EQ(FC_RPC_OK, ask(waiting.back().get(), FC_RPC_STATUS, 0, ""));  // it has been read by then
  }
  EXPECT_EQ(FC_RPC_RESOURCE_EXHAUSTED, call(FC_RPC_REGISTER, 0, registration()));
  start_writer();
  for (auto &client : waiting) EXPECT_EQ(FC_RPC_OK, code_of(client->receive()));
}

TEST_F(Deadline, WhatStillWaitsAtTheStopIsAnsweredUnavailable) {
  Socket client(Socket::kDealer, rpc_address(rpc));
  client.send(request(FC_RPC_REGISTER, 0, registration()));
  EXPECT_EQ(FC_RPC_OK, ask(&client, FC_RPC_STATUS, 0, ""));
  rpc_destroy(&rpc);
  EXPECT_EQ(FC_RPC_UNAVAILABLE, code_of(client.receive()));
}

}  // namespace
