// `faasconf simulate --serve` as a process: its socket, what it refuses, how it ends. Agents are sockets of the test.
#include <cmath>
#include <cstring>

#include "service.h"

using fc_test::Message;
using fc_test::Process;
using fc_test::Socket;

namespace {

const char kSums[] = "\"end\"";

fc_test::Finished simulate(const std::vector<std::string> &arguments) {
  std::vector<std::string> argv = {fc_test::program("faasconf"), "simulate", "--workflow", "parallel"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return fc_test::run(argv);
}

// The served process on a free port.
class SimulateServe : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(FC_OK, fc_digest_init());
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow_, &error));
  }
  void TearDown() override {
    process_.reset();
    fc_workflow_destroy(&workflow_);
  }
  void start(const std::vector<std::string> &more) {
    std::vector<std::string> argv = {fc_test::program("faasconf"), "simulate", "--workflow", "parallel", "--serve",
                                     "tcp://127.0.0.1:*",          "--json"};
    argv.insert(argv.end(), more.begin(), more.end());
    process_ = std::make_unique<Process>(argv);
    const std::string line = process_->wait_line("serving workflow parallel at ", 20);
    ASSERT_FALSE(line.empty()) << process_->output();
    const size_t at = line.find("tcp://");
    endpoint_ = line.substr(at, line.find(';', at) - at);
  }
  // What the process printed at its end: exit code 0 and one line of JSON.
  std::string summary() {
    EXPECT_EQ(0, process_->wait_exit(20)) << process_->output();
    const std::string line = process_->wait_line(kSums, 1);
    EXPECT_FALSE(line.empty()) << process_->output();
    return line;
  }
  template <typename Request>
  static std::string payload(fc_status_t (*encode)(const Request *, fc_wire_buffer_t *, fc_error_t *),
                             const Request &request) {
    fc_wire_buffer_t bytes = {};
    fc_error_t error = {};
    EXPECT_OK(encode(&request, &bytes, &error));
    const std::string text(reinterpret_cast<char *>(bytes.data), bytes.size);
    fc_wire_buffer_clear(&bytes);
    return text;
  }
  static Message ask(Socket *socket, const char *method, const std::string &payload) {
    fc_wire_message_t request = {};
    request.type = FC_WIRE_RPC_REQUEST;
    request.as.rpc_request.request_id = 5;
    strncpy(request.as.rpc_request.method, method, FC_NAME_SIZE - 1);
    request.as.rpc_request.payload = reinterpret_cast<uint8_t *>(const_cast<char *>(payload.data()));
    request.as.rpc_request.size = payload.size();
    socket->send(request);
    for (;;) {  // heartbeats come in between
      Message answer = socket->receive();
      if (answer.type() != FC_WIRE_HEARTBEAT) return answer;
    }
  }
  Message join(Socket *socket, const std::string &agent, std::vector<std::string> functions) {
    fc_rpc_simulation_join_request_t request = {};
    strncpy(request.agent, agent.c_str(), FC_NAME_SIZE - 1);
    strcpy(request.workflow, "parallel");
    memcpy(request.workflow_digest, workflow_->digest, FC_DIGEST_SIZE);
    char names[8][FC_NAME_SIZE] = {};
    for (size_t i = 0; i < functions.size(); ++i) strncpy(names[i], functions[i].c_str(), FC_NAME_SIZE - 1);
    request.functions = names;
    request.n_functions = static_cast<int32_t>(functions.size());
    return ask(socket, FC_RPC_SIMULATION_JOIN, payload(fc_rpc_encode_simulation_join_request, request));
  }
  static fc_rpc_code_t code_of(const Message &answer) {
    EXPECT_EQ(FC_WIRE_RPC_RESPONSE, answer.type());
    return answer->as.rpc_response.code;
  }

  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  std::unique_ptr<Process> process_;
  std::string endpoint_;
};

double number(const std::string &json, const char *key) {
  fc_error_t error = {};
  fc_json_t *value = nullptr;
  double out = NAN;
  EXPECT_OK(fc_json_parse(json.data(), json.size(), &value, &error)) << json;
  fc_json_double(fc_json_get(value, key), &out);
  fc_json_destroy(&value);
  return out;
}

TEST(SimulateServeOptions, ThatContradictEachOtherAreRefused) {
  EXPECT_EQ(2, simulate({"--serve", "tcp://127.0.0.1:*"}).exit_code) << "--agents is needed";
  EXPECT_EQ(2, simulate({"--agents", "2"}).exit_code);
  EXPECT_EQ(2, simulate({"--agent-timeout-s", "2"}).exit_code);
  EXPECT_EQ(2, simulate({"--serve", "tcp://127.0.0.1:*", "--agents", "2", "--windows", "100001"}).exit_code);
  EXPECT_EQ(2, simulate({"--serve", "tcp://127.0.0.1:*", "--agents", "2", "--rows", "x.csv"}).exit_code);
  EXPECT_EQ(2, simulate({"--serve", "tcp://127.0.0.1:*", "--agents", "0"}).exit_code);
}

TEST(SimulateServeOptions, OnlyLoopbackIsServed) {
  for (const char *endpoint : {"tcp://0.0.0.0:7610", "tcp://*:7610", "tcp://10.0.0.1:7610", "tcp://localhost.evil:1",
                               "udp://127.0.0.1:1", "nonsense", ""}) {
    const fc_test::Finished done = simulate({"--serve", endpoint, "--agents", "1"});
    EXPECT_EQ(1, done.exit_code) << endpoint;
    EXPECT_NE(std::string::npos, done.err.find("not a loopback address")) << done.err;
  }
}

TEST(SimulateServeOptions, HelpHasAnExample) {
  const fc_test::Finished help = simulate({"--help"});
  EXPECT_EQ(0, help.exit_code);
  EXPECT_NE(std::string::npos, help.out.find("--serve tcp://127.0.0.1:7610 --agents 2 --windows 60"));
}

TEST_F(SimulateServe, WhatIsMalformedIsRefusedAndCountedAndTheOthersAreServed) {
  ASSERT_NO_FATAL_FAILURE(start({"--agents", "1", "--windows", "1", "--seed", "4"}));
  Socket hostile(Socket::kDealer, endpoint_);
  fc_wire_message_t beat = {};
  beat.type = FC_WIRE_HEARTBEAT;
  std::string flipped = fc_test::encode(beat);
  flipped[flipped.size() - 1] = static_cast<char>(flipped[flipped.size() - 1] ^ 1);
  beat.type = FC_WIRE_REFUSAL;
  const std::vector<std::vector<std::string>> frames = {{"x"},
                                                        {std::string(100, '\0')},
                                                        {flipped},
                                                        {fc_test::encode(beat)},
                                                        {"two", "parts"},
                                                        {"", "delimited"},
                                                        {"", "", "three"},
                                                        {std::string(FC_WIRE_MAX_RPC_BYTES + 1, 'y')}};
  for (const auto &parts : frames) {
    hostile.send_parts(parts);
    EXPECT_EQ(FC_WIRE_REFUSAL, hostile.receive().type()) << parts[0].substr(0, 20);
  }
  // Requests that decode and make no sense are answered with a code.
  EXPECT_EQ(FC_RPC_INVALID_ARGUMENT, code_of(ask(&hostile, "simulation.nothing", "")));
  EXPECT_EQ(FC_RPC_INVALID_ARGUMENT, code_of(ask(&hostile, FC_RPC_SIMULATION_JOIN, "\xff\xff")));
  EXPECT_EQ(FC_RPC_FAILED_PRECONDITION, code_of(ask(&hostile, FC_RPC_SIMULATION_STATE, "")));
  EXPECT_EQ(FC_RPC_INVALID_ARGUMENT, code_of(ask(&hostile, FC_RPC_SIMULATION_WRITE, "")));
  EXPECT_EQ(FC_RPC_FAILED_PRECONDITION,
            code_of(ask(&hostile, FC_RPC_SIMULATION_WINDOW,
                        payload(fc_rpc_encode_simulation_window_request, fc_rpc_simulation_window_request_t{0}))));
  EXPECT_EQ(FC_RPC_OK, code_of(ask(&hostile, FC_RPC_SIMULATION_LEAVE, ""))) << "nobody left";

  Socket agent(Socket::kDealer, endpoint_);
  EXPECT_EQ(FC_RPC_OK, code_of(join(&agent, "one", {})));
  EXPECT_EQ(FC_RPC_ALREADY_EXISTS, code_of(join(&agent, "two", {}))) << "one connection, one agent";
  const Message answer = ask(&agent, FC_RPC_SIMULATION_WINDOW,
                             payload(fc_rpc_encode_simulation_window_request, fc_rpc_simulation_window_request_t{0}));
  ASSERT_EQ(FC_RPC_OK, code_of(answer));
  fc_rpc_simulation_window_response_t window = {};
  ASSERT_OK(fc_rpc_decode_simulation_window_response(answer->as.rpc_response.payload, answer->as.rpc_response.size,
                                                     &window, &error));
  EXPECT_EQ(6, window.observation.n_functions);
  EXPECT_GT(window.observation.outcome.successes, 0);
  fc_rpc_simulation_window_response_clear(&window);
  EXPECT_EQ(FC_RPC_UNAVAILABLE,
            code_of(ask(&agent, FC_RPC_SIMULATION_WINDOW,
                        payload(fc_rpc_encode_simulation_window_request, fc_rpc_simulation_window_request_t{1}))));
  const std::string sums = summary();
  EXPECT_EQ(static_cast<double>(frames.size()), number(sums, "frames_malformed"));
  EXPECT_EQ(0, number(sums, "agents_lost"));
  EXPECT_NE(std::string::npos, sums.find("\"end\":\"windows\"")) << sums;
}

TEST_F(SimulateServe, ASignalEndsItWithTheSameSummary) {
  for (const int signal : {2, 15}) {
    ASSERT_NO_FATAL_FAILURE(start({"--agents", "2"}));
    Socket agent(Socket::kDealer, endpoint_);
    EXPECT_EQ(FC_RPC_OK, code_of(join(&agent, "one", {"rgb"})));
    process_->signal(signal);
    const std::string sums = summary();
    EXPECT_NE(std::string::npos, sums.find("\"end\":\"signal\"")) << sums;
    EXPECT_NE(std::string::npos, sums.find("\"functions\":[\"rgb\"]")) << sums;
  }
}

TEST_F(SimulateServe, ItEndsWhenTheOnlyAgentThatCameIsGone) {
  ASSERT_NO_FATAL_FAILURE(start({"--agents", "2", "--agent-timeout-s", "0.05"}));
  auto agent = std::make_unique<Socket>(Socket::kDealer, endpoint_);
  EXPECT_EQ(FC_RPC_OK, code_of(join(agent.get(), "one", {"rgb"})));
  agent.reset();
  EXPECT_NE(std::string::npos, summary().find("\"end\":\"nobody\""));
  EXPECT_NE(std::string::npos, process_->output().find("the 2 agents of --agents never came together"));
}

TEST_F(SimulateServe, WhatWasNeverMeasuredIsADashAndNoNumber) {
  process_ =
      std::make_unique<Process>(std::vector<std::string>{fc_test::program("faasconf"), "simulate", "--workflow",
                                                         "parallel", "--serve", "tcp://127.0.0.1:*", "--agents", "1"});
  ASSERT_FALSE(process_->wait_line("serving workflow parallel at ", 20).empty());
  process_->signal(15);
  EXPECT_EQ(0, process_->wait_exit(20));
  const std::string line = process_->wait_line("all: ", 1);
  EXPECT_NE(std::string::npos, line.find("mean cost - USD per hour, mean latency - s")) << process_->output();
}

TEST_F(SimulateServe, AJoinThatIsAskedTwiceIsAnsweredTwice) {
  ASSERT_NO_FATAL_FAILURE(start({"--agents", "1"}));
  Socket agent(Socket::kDealer, endpoint_);
  EXPECT_EQ(FC_RPC_OK, code_of(join(&agent, "one", {"rgb"})));
  EXPECT_EQ(FC_RPC_OK, code_of(join(&agent, "one", {"rgb"}))) << "the answer may have been late";
  EXPECT_EQ(FC_RPC_ALREADY_EXISTS, code_of(join(&agent, "one", {"starter"}))) << "but this is another question";
  EXPECT_EQ(FC_RPC_ALREADY_EXISTS, code_of(join(&agent, "one", {})));
  process_->signal(15);
  EXPECT_NE(std::string::npos, summary().find("\"joins\":1"));
}

TEST_F(SimulateServe, WhoeverJoinedIsToldThatTheRunIsOver) {
  ASSERT_NO_FATAL_FAILURE(start({"--agents", "2"}));
  Socket idle(Socket::kDealer, endpoint_), waiting(Socket::kDealer, endpoint_), stranger(Socket::kDealer, endpoint_);
  EXPECT_EQ(FC_RPC_OK, code_of(join(&idle, "one", {"rgb"})));
  EXPECT_EQ(FC_RPC_OK, code_of(join(&waiting, "two", {"starter"})));
  const std::string window = payload(fc_rpc_encode_simulation_window_request, fc_rpc_simulation_window_request_t{0});
  process_->signal(15);
  const Message answer = ask(&waiting, FC_RPC_SIMULATION_WINDOW, window);
  ASSERT_TRUE(answer.type() == FC_WIRE_RPC_RESPONSE || answer.type() == FC_WIRE_REFUSAL);
  Message said = idle.receive();
  while (said.type() == FC_WIRE_HEARTBEAT) said = idle.receive();
  ASSERT_EQ(FC_WIRE_REFUSAL, said.type());
  EXPECT_EQ(FC_RPC_UNAVAILABLE, said->as.refusal.code);
  EXPECT_NE(nullptr, strstr(said->as.refusal.message, "the simulation is over"));
  EXPECT_NE(std::string::npos, summary().find("\"end\":\"signal\""));
}

TEST_F(SimulateServe, AConnectionThatBreaksMakesRoomForTheSameNameAtOnce) {
  ASSERT_NO_FATAL_FAILURE(start({"--agents", "1", "--agent-timeout-s", "1000"}));
  auto first = std::make_unique<Socket>(Socket::kDealer, endpoint_);
  EXPECT_EQ(FC_RPC_OK, code_of(join(first.get(), "one", {"rgb"})));
  Socket second(Socket::kDealer, endpoint_);
  EXPECT_EQ(FC_RPC_ALREADY_EXISTS, code_of(join(&second, "one", {"rgb"})));
  first.reset();
  ASSERT_FALSE(process_->wait_line("agent one is gone", 10).empty()) << process_->output();
  EXPECT_EQ(FC_RPC_OK, code_of(join(&second, "one", {"rgb", "starter"})));
  process_->signal(15);
  EXPECT_EQ(1, number(summary(), "agents_lost"));
}

}  // namespace
