// tests agent/platforms/sim_served*.c against a peer in a thread that says what a test tells it: also nonsense, also
// nothing. The real peer is in tests/flow/test_served_flow.cc.
#include <zmq.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <thread>

#include "fake_platform.h"
#include "support.h"

extern "C" {
#include "faasconf/digest.h"
#include "faasconf/rpc.h"
#include "sim_served.h"
}

namespace {
using fc_test::Workflow;
using testing::HasSubstr;

std::string bytes_of(const fc_wire_message_t &message) {
  fc_wire_buffer_t frame = {};
  fc_error_t error = {};
  EXPECT_OK(fc_wire_encode(&message, &frame, &error));
  std::string bytes(reinterpret_cast<char *>(frame.data), frame.size);
  fc_wire_buffer_clear(&frame);
  return bytes;
}
std::string response(uint64_t id, const std::string &payload) {
  fc_wire_message_t message = {};
  message.type = FC_WIRE_RPC_RESPONSE;
  message.as.rpc_response.request_id = id;
  message.as.rpc_response.payload = reinterpret_cast<uint8_t *>(const_cast<char *>(payload.data()));
  message.as.rpc_response.size = payload.size();
  return bytes_of(message);
}
std::string refusal(uint64_t id, fc_rpc_code_t code, const std::string &why) {
  fc_wire_message_t message = {};
  message.type = FC_WIRE_RPC_RESPONSE;
  message.as.rpc_response.request_id = id;
  message.as.rpc_response.code = code;
  message.as.rpc_response.message = const_cast<char *>(why.c_str());
  return bytes_of(message);
}
std::string state(const Workflow &workflow, int64_t window, int32_t n = 6) {
  auto configuration = workflow.start();
  configuration.resize(static_cast<size_t>(n), configuration[0]);
  const fc_rpc_simulation_state_t plain = {window, 1000000, n, configuration.data()};
  fc_wire_buffer_t bytes = {};
  fc_error_t error = {};
  EXPECT_OK(fc_rpc_encode_simulation_state(&plain, &bytes, &error));
  std::string text(reinterpret_cast<char *>(bytes.data), bytes.size);
  fc_wire_buffer_clear(&bytes);
  return text;
}
std::string window(const Workflow &workflow, int64_t number, int32_t n = 6) {
  fc_rpc_simulation_window_response_t plain = {};
  EXPECT_EQ(FC_OK, fc_observation_init(&plain.observation, n));
  plain.observation.window = number;
  plain.observation.start_us = 1000000 + number * 30000000;
  plain.observation.duration_s = 30;
  for (int32_t f = 0; f < n; ++f) plain.observation.configuration[f] = workflow.start()[0];
  fc_wire_buffer_t bytes = {};
  fc_error_t error = {};
  EXPECT_OK(fc_rpc_encode_simulation_window_response(&plain, &bytes, &error));
  std::string text(reinterpret_cast<char *>(bytes.data), bytes.size);
  fc_wire_buffer_clear(&bytes);
  fc_rpc_simulation_window_response_clear(&plain);
  return text;
}

// Answers every request with the frames that `script` gives; the script runs on its thread.
class Peer {
 public:
  using Script = std::function<std::vector<std::string>(const fc_wire_rpc_request_t &)>;
  // timeout_ms: a connection that answers no ping for so long is dead, as for the real peer (there 3 s).
  explicit Peer(Script script, const std::string &where = "tcp://127.0.0.1:*", int timeout_ms = 0)
      : script_(std::move(script)) {
    context_ = zmq_ctx_new();
    router_ = zmq_socket(context_, ZMQ_ROUTER);
    const int none = 0;
    zmq_setsockopt(router_, ZMQ_LINGER, &none, sizeof none);
    const int every_ms = timeout_ms / 3;
    zmq_setsockopt(router_, ZMQ_HEARTBEAT_IVL, &every_ms, sizeof every_ms);
    zmq_setsockopt(router_, ZMQ_HEARTBEAT_TIMEOUT, &timeout_ms, sizeof timeout_ms);
    EXPECT_EQ(0, zmq_bind(router_, where.c_str()));
    char address[64];
    size_t size = sizeof address;
    zmq_getsockopt(router_, ZMQ_LAST_ENDPOINT, address, &size);
    endpoint_ = address;
    thread_ = std::thread([this] { loop(); });
  }
  ~Peer() {
    stop_ = true;
    thread_.join();
    zmq_close(router_);
    zmq_ctx_term(context_);
  }
  const std::string &endpoint() const { return endpoint_; }

 private:
  void loop() {
    while (!stop_) {
      zmq_pollitem_t item = {router_, 0, ZMQ_POLLIN, 0};
      if (zmq_poll(&item, 1, 10) <= 0) continue;
      char peer[256];
      const int peer_size = zmq_recv(router_, peer, sizeof peer, 0);
      std::vector<uint8_t> body(FC_WIRE_MAX_RPC_BYTES);
      const int size = zmq_recv(router_, body.data(), body.size(), 0);
      fc_wire_message_t message = {};
      fc_error_t error = {};
      EXPECT_OK(fc_wire_decode(body.data(), static_cast<size_t>(size), body.size(), &message, &error));
      for (const std::string &frame : script_(message.as.rpc_request)) {
        zmq_send(router_, peer, static_cast<size_t>(peer_size), ZMQ_SNDMORE);
        zmq_send(router_, frame.data(), frame.size(), 0);
      }
      fc_wire_message_clear(&message);
    }
  }
  Script script_;
  std::string endpoint_;
  void *context_, *router_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

struct Platform {
  Platform(const Workflow &workflow, const std::string &where, double timeout_s = 20, double rejoin_timeout_s = 20)
      : endpoint(where) {
    fc_error_t problem = {};
    const platform_sim_served_options_t options = {endpoint.c_str(), "one", functions, 1, timeout_s, rejoin_timeout_s,
                                                   fc_clock_system()};
    EXPECT_EQ(FC_OK, platform_sim_served_new(workflow.get(), &options, &get, &problem));
    EXPECT_EQ(FC_OK, fc_observation_init(&observation, workflow->n_functions));
    caps.resize(workflow.n() * FC_KNOBS);
  }
  ~Platform() {
    platform_clear(&get);
    fc_observation_clear(&observation);
  }
  fc_status_t discover() {
    uint32_t capabilities = 0;
    return get.discover(get.self, &capabilities, caps.data(), &error);
  }
  void wait(int64_t number) {
    while (!get.is_over(get.self, number, 10)) continue;
  }
  fc_status_t read(int64_t number) { return get.read(get.self, number, &observation, &error); }
  fc_status_t apply(const Workflow &workflow) {
    const platform_step_t step = {1, PLATFORM_CHANGE_SCALE, workflow.start()[1], workflow.start()[1]};
    return get.apply(get.self, &step, &error);
  }
  fc_status_t read_back() {
    fc_function_configuration_t now;
    return get.read_back(get.self, 1, &now, &error);
  }
  std::string endpoint;
  const char *functions[1] = {"rgb"};
  platform_t get{};
  fc_observation_t observation{};
  std::vector<fc_knob_range_t> caps;
  fc_error_t error = {};
};

bool is(const fc_wire_rpc_request_t &request, const char *method) {
  return strcmp(request.method, method) == 0;
}

TEST(SimServed, JoinsUnderItsNameWithItsFunctionsAndLeavesAtTheEnd) {
  Workflow workflow;
  std::atomic<bool> left{false};
  std::string agent, function;
  int32_t n = 0;
  bool digest = false;
  {
    Peer peer([&](const fc_wire_rpc_request_t &request) -> std::vector<std::string> {
      if (is(request, FC_RPC_SIMULATION_LEAVE)) left = true;
      if (!is(request, FC_RPC_SIMULATION_JOIN)) return {response(request.request_id, "")};
      fc_rpc_simulation_join_request_t join = {};
      fc_error_t error = {};
      EXPECT_OK(fc_rpc_decode_simulation_join_request(request.payload, request.size, &join, &error));
      agent = join.agent;
      n = join.n_functions;
      function = n == 1 ? join.functions[0] : "";
      digest = memcmp(join.workflow_digest, workflow->digest, FC_DIGEST_SIZE) == 0;
      fc_rpc_simulation_join_request_clear(&join);
      return {response(request.request_id, state(workflow, 0))};
    });
    {
      Platform platform(workflow, peer.endpoint());
      ASSERT_EQ(FC_OK, platform.discover()) << platform.error.message;
    }
    while (!left) std::this_thread::yield();
  }
  EXPECT_EQ("one", agent);
  EXPECT_EQ("rgb", function);
  EXPECT_TRUE(digest);
}

TEST(SimServed, NoiseIsIgnoredAndAnswersAreTakenByTheirNumber) {
  Workflow workflow;
  Peer peer([&](const fc_wire_rpc_request_t &request) -> std::vector<std::string> {
    fc_wire_message_t beat = {};
    beat.type = FC_WIRE_HEARTBEAT;
    std::vector<std::string> frames = {"noise", "", bytes_of(beat), response(request.request_id + 7, "another's"),
                                       response(0, "nobody's")};
    const bool runs = is(request, FC_RPC_SIMULATION_WINDOW);
    frames.push_back(response(request.request_id, runs ? window(workflow, 0) : state(workflow, 0)));
    frames.push_back(frames.back());  // twice
    return frames;
  });
  Platform platform(workflow, peer.endpoint());
  ASSERT_EQ(FC_OK, platform.discover()) << platform.error.message;
  EXPECT_EQ(FC_OK, platform.read_back()) << platform.error.message;
  EXPECT_EQ(FC_OK, platform.read(0)) << platform.error.message;
  EXPECT_EQ(30, platform.observation.duration_s);
  EXPECT_EQ(FC_OK, platform.apply(workflow)) << platform.error.message;
}

TEST(SimServed, AnswersAboutAnotherWorkflowAreNotTaken) {
  Workflow workflow;
  std::atomic<int> wrong{0};
  Peer peer([&](const fc_wire_rpc_request_t &request) -> std::vector<std::string> {
    if (is(request, FC_RPC_SIMULATION_WINDOW)) return {response(request.request_id, window(workflow, 0, 3))};
    return {response(request.request_id, wrong == 2 ? "\xff" : state(workflow, 0, wrong == 1 ? 7 : 6))};
  });
  Platform platform(workflow, peer.endpoint());
  ASSERT_EQ(FC_OK, platform.discover());
  EXPECT_EQ(FC_EMISMATCH, platform.read(0));
  EXPECT_THAT(platform.error.message, HasSubstr("another workflow"));
  wrong = 1;
  EXPECT_EQ(FC_EMISMATCH, platform.apply(workflow));
  wrong = 2;
  EXPECT_EQ(FC_EFORMAT, platform.read_back());
}

TEST(SimServed, AfterAnAnswerThatCannotBeReadItAsksWhichWindowIsNext) {
  Workflow workflow;
  std::atomic<int> asked{0};
  Peer peer([&](const fc_wire_rpc_request_t &request) -> std::vector<std::string> {
    if (!is(request, FC_RPC_SIMULATION_WINDOW)) return {response(request.request_id, state(workflow, asked))};
    fc_rpc_simulation_window_request_t plain = {};
    fc_error_t error = {};
    EXPECT_OK(fc_rpc_decode_simulation_window_request(request.payload, request.size, &plain, &error));
    EXPECT_EQ(asked, plain.window);
    asked += 1;
    return {response(request.request_id, asked == 1 ? "\xff" : window(workflow, plain.window))};
  });
  Platform platform(workflow, peer.endpoint());
  ASSERT_EQ(FC_OK, platform.discover());
  EXPECT_EQ(FC_EFORMAT, platform.read(0));
  EXPECT_EQ(FC_OK, platform.read_back()) << "as the agent does before it decides";
  EXPECT_EQ(FC_OK, platform.read(1)) << platform.error.message;
}

TEST(SimServed, WhatIsRefusedIsSaid) {
  Workflow workflow;
  Peer peer([&](const fc_wire_rpc_request_t &request) -> std::vector<std::string> {
    if (is(request, FC_RPC_SIMULATION_WRITE))
      return {refusal(request.request_id, FC_RPC_PERMISSION_DENIED, "rgb belongs to agent two")};
    if (is(request, FC_RPC_SIMULATION_WINDOW)) {
      fc_wire_message_t message = {};
      message.type = FC_WIRE_REFUSAL;
      message.as.refusal.code = FC_RPC_INVALID_ARGUMENT;
      return {bytes_of(message)};
    }
    return {response(request.request_id, state(workflow, 0))};
  });
  Platform platform(workflow, peer.endpoint());
  ASSERT_EQ(FC_OK, platform.discover());
  EXPECT_EQ(FC_EUNSAFE, platform.apply(workflow));
  EXPECT_THAT(platform.error.message, HasSubstr("rgb belongs to agent two"));
  EXPECT_EQ(FC_EINVAL, platform.read(0));
}

TEST(SimServed, NobodyThereIsSaidWithWhatToDo) {
  Workflow workflow;
  Peer silent([](const fc_wire_rpc_request_t &) { return std::vector<std::string>(); });
  for (const std::string &endpoint : {std::string("tcp://127.0.0.1:1"), silent.endpoint()}) {
    Platform platform(workflow, endpoint, 0.05);
    EXPECT_EQ(FC_ETIMEOUT, platform.discover());
    EXPECT_THAT(platform.error.message, HasSubstr("faasconf simulate --serve"));
  }
}

TEST(SimServed, APeerThatIsGoneIsNoSimulationThatIsOver) {
  Workflow workflow;
  auto peer = std::make_unique<Peer>([&](const fc_wire_rpc_request_t &request) -> std::vector<std::string> {
    if (is(request, FC_RPC_SIMULATION_WINDOW)) return {};
    return {response(request.request_id, state(workflow, 0))};
  });
  Platform platform(workflow, peer->endpoint(), 20, 0.05);
  ASSERT_EQ(FC_OK, platform.discover());
  EXPECT_FALSE(platform.get.is_over(platform.get.self, 0, 1)) << "the others are not ready";
  EXPECT_EQ(FC_OK, platform.apply(workflow)) << "while it waits, other requests are answered";
  peer.reset();
  platform.wait(0);
  EXPECT_EQ(FC_ESTATE, platform.read(0));
  EXPECT_THAT(platform.error.message, HasSubstr("is gone"));
  EXPECT_NE(FC_OK, platform.apply(workflow));
}

TEST(SimServed, ALostConnectionIsMadeAgainAndJoinedAgain) {
  Workflow workflow;
  for (const int64_t next : {0, 4}) {
    std::atomic<bool> joined{false};
    std::atomic<int> windows{0};
    const auto script = [&](const fc_wire_rpc_request_t &request) -> std::vector<std::string> {
      if (is(request, FC_RPC_SIMULATION_JOIN)) joined = true;
      if (!joined) return {refusal(request.request_id, FC_RPC_FAILED_PRECONDITION, "join first")};
      if (!is(request, FC_RPC_SIMULATION_WINDOW)) return {response(request.request_id, state(workflow, next))};
      windows += 1;
      return {response(request.request_id, window(workflow, next))};
    };
    auto peer = std::make_unique<Peer>([&](const fc_wire_rpc_request_t &request) -> std::vector<std::string> {
      if (is(request, FC_RPC_SIMULATION_WINDOW)) return {};
      return {response(request.request_id, state(workflow, 0))};
    });
    const std::string endpoint = peer->endpoint();
    Platform platform(workflow, endpoint);
    ASSERT_EQ(FC_OK, platform.discover());
    EXPECT_FALSE(platform.get.is_over(platform.get.self, 0, 1));
    peer.reset();
    Peer again(script, endpoint);
    platform.wait(0);
    if (next > 0) {
      EXPECT_EQ(FC_ETIMEOUT, platform.read(0));
      EXPECT_THAT(platform.error.message, HasSubstr("windows 0 to 3 ran without this agent"));
      platform.wait(1);
    }
    EXPECT_EQ(FC_OK, platform.read(next > 0 ? 1 : 0)) << platform.error.message;
    EXPECT_EQ(1, windows);
  }
}

TEST(SimServed, TheEndIsTheEndAlsoWhenItIsSaidUnasked) {
  Workflow workflow;
  fc_wire_message_t over = {};
  over.type = FC_WIRE_REFUSAL;
  over.as.refusal.code = FC_RPC_UNAVAILABLE;
  char words[] = "the simulation is over after 7 windows";
  over.as.refusal.message = words;
  auto peer = std::make_unique<Peer>([&](const fc_wire_rpc_request_t &request) -> std::vector<std::string> {
    return {response(request.request_id, state(workflow, 0)), bytes_of(over)};
  });
  Platform platform(workflow, peer->endpoint());
  ASSERT_EQ(FC_OK, platform.discover());
  peer.reset();  // which does not make it a lost connection
  platform.wait(0);
  EXPECT_EQ(FC_ECLOSED, platform.read(0));
  EXPECT_THAT(platform.error.message, HasSubstr("over after 7 windows"));
}

TEST(SimServed, WhatForbidsTheWayBackIsAFailureAndIsSaid) {
  Workflow workflow;
  std::atomic<int> joins{0};
  Peer peer([&](const fc_wire_rpc_request_t &request) -> std::vector<std::string> {
    if (is(request, FC_RPC_SIMULATION_JOIN)) {
      joins += 1;
      if (joins > 1) return {refusal(request.request_id, FC_RPC_ALREADY_EXISTS, "function rgb belongs to agent two")};
      return {response(request.request_id, state(workflow, 0))};
    }
    return {refusal(request.request_id, FC_RPC_FAILED_PRECONDITION, "join first")};
  });
  Platform platform(workflow, peer.endpoint());
  ASSERT_EQ(FC_OK, platform.discover());
  platform.wait(0);
  EXPECT_EQ(FC_ESTATE, platform.read(0));
  EXPECT_THAT(platform.error.message, HasSubstr("rgb belongs to agent two"));
}

TEST(SimServed, WhatComesWhileTheAgentIsBusyDoesNotCutItOff) {
  Workflow workflow;
  fc_wire_message_t beat = {};
  beat.type = FC_WIRE_HEARTBEAT;
  Peer peer(
      [&](const fc_wire_rpc_request_t &request) -> std::vector<std::string> {
        if (is(request, FC_RPC_SIMULATION_WINDOW)) return {response(request.request_id, window(workflow, 0))};
        std::vector<std::string> frames = {response(request.request_id, state(workflow, 0))};
        frames.insert(frames.end(), 500, bytes_of(beat));
        return frames;
      },
      "tcp://127.0.0.1:*", 300);
  Platform platform(workflow, peer.endpoint());
  ASSERT_EQ(FC_OK, platform.discover());
  // Busy for longer than the peer waits for a pong; nothing but time shows that pongs are missing.
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  EXPECT_EQ(FC_OK, platform.read(0)) << platform.error.message;
}

TEST(SimServed, AnAgentThatWasGivenUpJoinsAgainAndMissesOneWindow) {
  Workflow workflow;
  std::atomic<int> joins{0};
  Peer peer([&](const fc_wire_rpc_request_t &request) -> std::vector<std::string> {
    if (is(request, FC_RPC_SIMULATION_JOIN)) {
      joins += 1;
      return {response(request.request_id, state(workflow, joins == 1 ? 0 : 9))};
    }
    if (joins == 1) return {refusal(request.request_id, FC_RPC_FAILED_PRECONDITION, "join first")};
    fc_rpc_simulation_window_request_t asked = {};
    fc_error_t error = {};
    EXPECT_OK(fc_rpc_decode_simulation_window_request(request.payload, request.size, &asked, &error));
    if (asked.window == 10) return {refusal(request.request_id, FC_RPC_UNAVAILABLE, "the simulation is over")};
    return {response(request.request_id, window(workflow, asked.window))};
  });
  Platform platform(workflow, peer.endpoint());
  ASSERT_EQ(FC_OK, platform.discover());
  while (!platform.get.is_over(platform.get.self, 0, 50)) continue;
  EXPECT_EQ(FC_ETIMEOUT, platform.read(0));
  EXPECT_THAT(platform.error.message, HasSubstr("without this agent"));
  EXPECT_EQ(2, joins);
  EXPECT_EQ(FC_OK, platform.read(1)) << platform.error.message;
  EXPECT_EQ(1, platform.observation.window) << "its own number";
  EXPECT_EQ(1000000 + 9 * INT64_C(30000000), platform.observation.start_us) << "the simulation's clock";
  const fc_clock_t clock = platform.get.clock(platform.get.self);
  EXPECT_EQ(platform.observation.start_us + 30000000, clock.wall_us(clock.self));
  EXPECT_EQ(FC_ECLOSED, platform.read(2));
  EXPECT_THAT(platform.error.message, HasSubstr("over"));
}

}  // namespace
