// The agents' socket of a running faasconfd: acknowledged means durable, once, and nothing ends the server.
#include <sys/resource.h>

#include <cmath>
#include <limits>
#include <random>
#include <thread>

#include "service.h"

extern "C" {
#include "store.h"
}

namespace {

using fc_test::Batch;
using fc_test::Message;
using fc_test::Service;
using fc_test::Socket;
using ::testing::HasSubstr;

// Rows of the test workflow in a store that no server holds any more.
int64_t stored_rows(const std::string &folder) {
  store_t *store = nullptr;
  fc_error_t error = {};
  int64_t n = -1;
  EXPECT_OK(store_open(folder.c_str(), STORE_READ_ONLY, "", &store, &error));
  EXPECT_OK(store_count_transitions(store, "chain", &n, &error));
  store_destroy(&store);
  return n;
}

class Ingest : public ::testing::Test {
 protected:
  void start(const std::string &yaml = "learner: {enabled: false}\n") {
    service = std::make_unique<Service>(yaml);
    ASSERT_NO_FATAL_FAILURE(service->start());
    ASSERT_NO_FATAL_FAILURE(service->register_workflow());
    agent = std::make_unique<Socket>(Socket::kDealer, service->ingest());
  }
  Message send(const std::string &name, uint64_t epoch, const std::vector<uint64_t> &sequences) {
    Batch batch(service->workflow(), name, epoch, sequences);
    return agent->ask(batch.message());
  }
  Message greet(const std::string &name, uint64_t epoch) {
    return agent->ask(fc_test::hello(service->workflow(), name, epoch));
  }
  // The server is there and takes rows.
  void expect_alive(const std::string &name) {
    const Message ack = send(name, 99, {1});
    ASSERT_EQ(FC_WIRE_ACK, ack.type());
    EXPECT_EQ(FC_RPC_OK, ack->as.ack.code);
  }
  std::unique_ptr<Service> service;
  std::unique_ptr<Socket> agent;
};

TEST_F(Ingest, WhatIsAcknowledgedSurvivesAKill) {
  start();
  uint64_t acknowledged = 0;
  for (uint64_t first = 1; first <= 40; first += 4) {
    const Message ack = send("a", 1, {first, first + 1, first + 2, first + 3});
    ASSERT_EQ(FC_WIRE_ACK, ack.type());
    EXPECT_EQ(first + 3, ack->as.ack.acknowledged_sequence);
    EXPECT_STREQ("a", ack->as.ack.agent);
    EXPECT_EQ(1u, ack->as.ack.epoch);
    EXPECT_GT(ack->as.ack.credit_bytes, 0u);
    acknowledged = ack->as.ack.acknowledged_sequence;
  }
  service->kill();
  EXPECT_EQ(static_cast<int64_t>(acknowledged), stored_rows(service->store()));
}

TEST_F(Ingest, ARowSentTwiceIsStoredOnceAndCounted) {
  start();
  EXPECT_EQ(0u, send("a", 1, {1, 2, 3})->as.ack.n_duplicates);
  const Message again = send("a", 1, {2, 3, 4});
  EXPECT_EQ(2u, again->as.ack.n_duplicates);
  EXPECT_EQ(4u, again->as.ack.acknowledged_sequence);
  EXPECT_EQ(0u, send("a", 2, {1})->as.ack.n_duplicates);  // another epoch is another row
  EXPECT_EQ(5u, service->status().transitions_stored);
  EXPECT_EQ(2u, service->status().transitions_duplicate);
  ASSERT_EQ(0, service->stop());
  EXPECT_EQ(5, stored_rows(service->store()));
}

TEST_F(Ingest, RowsAfterAGapAreAcknowledgedSelectively) {
  start();
  send("a", 1, {1, 2});
  const Message gap = send("a", 1, {4, 6});
  EXPECT_EQ(2u, gap->as.ack.acknowledged_sequence);
  EXPECT_EQ(0b101u, gap->as.ack.selective);
  EXPECT_EQ(6u, send("a", 1, {3, 5})->as.ack.acknowledged_sequence);
}

TEST_F(Ingest, HelloSaysWhereToGoOnAlsoAfterARestart) {
  start();
  Message welcome = greet("a", 1);
  ASSERT_EQ(FC_WIRE_WELCOME, welcome.type());
  EXPECT_EQ(FC_WIRE_VERSION, welcome->as.welcome.version);
  EXPECT_EQ(0u, welcome->as.welcome.acknowledged_sequence);
  EXPECT_TRUE(welcome->as.welcome.workflow_known);
  EXPECT_EQ(0, welcome->as.welcome.policy_version);
  EXPECT_GT(welcome->as.welcome.credit_bytes, 0u);
  EXPECT_EQ(1u, service->status().agents_connected);
  send("a", 1, {1, 2, 3, 5});
  ASSERT_EQ(0, service->stop());
  ASSERT_NO_FATAL_FAILURE(service->start());
  agent = std::make_unique<Socket>(Socket::kDealer, service->ingest());
  welcome = greet("a", 1);
  EXPECT_EQ(3u, welcome->as.welcome.acknowledged_sequence);
  EXPECT_EQ(5u, send("a", 1, {4})->as.ack.acknowledged_sequence);
  const Message other = greet("b", 1);
  EXPECT_EQ(0u, other->as.welcome.acknowledged_sequence);
}

TEST_F(Ingest, HelloOfAnUnknownWorkflowOrVersionIsToldSo) {
  start();
  fc_wire_message_t message = fc_test::hello(service->workflow(), "a", 1);
  message.as.hello.workflow_digest[0] ^= 1;
  const Message changed = agent->ask(message);
  ASSERT_EQ(FC_WIRE_WELCOME, changed.type());
  EXPECT_FALSE(changed->as.welcome.workflow_known);
  message.as.hello.min_version = message.as.hello.max_version = FC_WIRE_VERSION + 1;
  const Message refused = agent->ask(message);
  ASSERT_EQ(FC_WIRE_REFUSAL, refused.type());
  EXPECT_EQ(FC_RPC_FAILED_PRECONDITION, refused->as.refusal.code);
}

TEST_F(Ingest, RowsThatDoNotFitTheWorkflowAreRefusedWhole) {
  start();
  Batch batch(service->workflow(), "a", 1, {1, 2});
  strcpy(batch[1].workflow, "nothing");
  EXPECT_EQ(FC_RPC_INVALID_ARGUMENT, agent->ask(batch.message())->as.refusal.code);  // two workflows in one message
  strcpy(batch[0].workflow, "nothing");
  EXPECT_EQ(FC_RPC_NOT_FOUND, agent->ask(batch.message())->as.refusal.code);

  fc_workflow_t *other = nullptr;  // one function more
  fc_error_t error = {};
  std::string text = fc_test::kWorkflow;
  text.replace(text.find("  - {name: third}"), 17, "  - {name: third, calls: [fourth]}\n  - {name: fourth}");
  ASSERT_OK(fc_workflow_parse(text.data(), text.size(), "test", &other, &error));
  Batch wrong(other, "a", 1, {1});
  const Message refused = agent->ask(wrong.message());
  fc_workflow_destroy(&other);
  ASSERT_EQ(FC_WIRE_REFUSAL, refused.type());
  EXPECT_EQ(FC_RPC_INVALID_ARGUMENT, refused->as.refusal.code);
  EXPECT_THAT(refused->as.refusal.message, HasSubstr("transition 1"));

  EXPECT_EQ(2u, send("a", 1, {1, 2})->as.ack.acknowledged_sequence);  // nothing of them was stored
  EXPECT_EQ(2u, service->status().transitions_stored);
  EXPECT_EQ(5u, service->status().transitions_refused);
}

TEST_F(Ingest, DamagedFramesAreRefusedCountedAndHarmless) {
  start();
  Batch batch(service->workflow(), "a", 1, {1, 2, 3});
  const std::string whole = fc_test::encode(batch.message());
  std::mt19937 random(7);
  uint64_t sent = 0;
  std::vector<std::string> frames = {"x", std::string(20, '\0'), whole.substr(0, 19), whole.substr(0, whole.size() / 2),
                                     whole + "more"};
  for (int i = 0; i < 200; ++i) {
    std::string damaged = whole;
    damaged[random() % damaged.size()] ^= static_cast<char>(1 + random() % 255);
    frames.push_back(damaged);
  }
  for (const std::string &frame : frames) {
    agent->send_bytes(frame);
    const Message answer = agent->receive();
    ASSERT_EQ(FC_WIRE_REFUSAL, answer.type());
    EXPECT_NE(FC_RPC_OK, answer->as.refusal.code);
    sent += 1;
  }
  agent->send_parts({whole, whole});  // one part too many
  ASSERT_EQ(FC_WIRE_REFUSAL, agent->receive().type());
  EXPECT_EQ(sent + 1, service->status().frames_malformed);
  EXPECT_EQ(0u, service->status().transitions_stored);
  expect_alive("a");
}

TEST_F(Ingest, AMessageThisSocketDoesNotTakeIsUnimplemented) {
  start();
  fc_wire_message_t message = {};
  message.type = FC_WIRE_ACK;
  strcpy(message.as.ack.agent, "a");
  EXPECT_EQ(FC_RPC_UNIMPLEMENTED, agent->ask(message)->as.refusal.code);
}

TEST_F(Ingest, AnOversizedFrameEndsThatConnectionOnly) {
  start();
  Socket other(Socket::kDealer, service->ingest());
  other.send_bytes(std::string(FC_WIRE_MAX_INGEST_BYTES + 1, 'x'));
  EXPECT_EQ("", other.receive_bytes(200));
  expect_alive("a");
}

TEST_F(Ingest, AStoreThatRefusesWritesIsAnsweredExhaustedAndHeals) {
  start();
  ASSERT_EQ(2u, send("a", 1, {1, 2})->as.ack.acknowledged_sequence);
  rlimit limit = {};
  ASSERT_EQ(0, prlimit(service->pid(), RLIMIT_FSIZE, nullptr, &limit));
  const rlimit tiny = {1024, limit.rlim_max};
  ASSERT_EQ(0, prlimit(service->pid(), RLIMIT_FSIZE, &tiny, nullptr));
  const Message refused = send("a", 1, {3, 4});
  ASSERT_EQ(FC_WIRE_ACK, refused.type());
  EXPECT_EQ(FC_RPC_RESOURCE_EXHAUSTED, refused->as.ack.code);
  EXPECT_GT(refused->as.ack.retry_after_ms, 0u);
  EXPECT_EQ(2u, refused->as.ack.acknowledged_sequence);
  EXPECT_TRUE(service->status().degraded);
  ASSERT_EQ(0, prlimit(service->pid(), RLIMIT_FSIZE, &limit, nullptr));
  const Message taken = send("a", 1, {3, 4});
  EXPECT_EQ(FC_RPC_OK, taken->as.ack.code);
  EXPECT_EQ(4u, taken->as.ack.acknowledged_sequence);
  EXPECT_EQ(0u, taken->as.ack.n_duplicates);
  EXPECT_FALSE(service->status().degraded);
  ASSERT_EQ(0, service->stop());
  EXPECT_EQ(4, stored_rows(service->store()));
}

TEST_F(Ingest, AFullQueueIsAnsweredExhaustedAndLosesNothing) {
  start("learner: {enabled: false}\ningest: {queue_messages: 1, group_commit_ms: 0, retry_after_ms: 5}\n");
  constexpr uint64_t kMessages = 400;
  uint64_t contiguous = 0, exhausted = 0;
  for (uint64_t s = 1; s <= kMessages; ++s) {
    Batch batch(service->workflow(), "a", 1, {s});
    agent->send(batch.message());
  }
  for (uint64_t s = 1; s <= kMessages; ++s) {
    const Message ack = agent->receive();
    ASSERT_EQ(FC_WIRE_ACK, ack.type());
    if (ack->as.ack.code == FC_RPC_RESOURCE_EXHAUSTED) {
      exhausted += 1;
    } else {
      contiguous = std::max(contiguous, ack->as.ack.acknowledged_sequence);
    }
  }
  EXPECT_GT(exhausted, 0u);
  for (uint64_t s = contiguous + 1; s <= kMessages; ++s) {  // as an agent would: again until taken
    for (Message ack = send("a", 1, {s}); ack->as.ack.code != FC_RPC_OK;) ack = send("a", 1, {s});
  }
  EXPECT_EQ(kMessages, greet("a", 1)->as.welcome.acknowledged_sequence);
  EXPECT_EQ(kMessages, service->status().transitions_stored);
}

TEST_F(Ingest, ManyAgentsAtOnceEachGetTheirOwnSequence) {
  start();
  static constexpr int kAgents = 6;
  static constexpr uint64_t kRows = 50;
  std::vector<std::thread> agents;
  for (int a = 0; a < kAgents; ++a) {
    agents.emplace_back([this, a] {
      Socket socket(Socket::kDealer, service->ingest());
      const std::string name = "agent-" + std::to_string(a);
      EXPECT_EQ(FC_WIRE_WELCOME, socket.ask(fc_test::hello(service->workflow(), name, 3)).type());
      for (uint64_t s = 1; s <= kRows; ++s) {
        Batch batch(service->workflow(), name, 3, {s});
        socket.send(batch.message());
      }
      uint64_t acknowledged = 0;
      for (uint64_t s = 1; s <= kRows; ++s) {
        const Message ack = socket.receive();
        ASSERT_EQ(FC_WIRE_ACK, ack.type());
        EXPECT_EQ(name, ack->as.ack.agent);
        acknowledged = std::max(acknowledged, ack->as.ack.acknowledged_sequence);
      }
      EXPECT_EQ(uint64_t{kRows}, acknowledged);
    });
  }
  for (std::thread &one : agents) one.join();
  const fc_rpc_status_response_t status = service->status();
  EXPECT_EQ(kAgents * kRows, status.transitions_stored);
  EXPECT_EQ(kAgents * kRows, status.transitions_acked);
  EXPECT_EQ(static_cast<uint64_t>(kAgents), status.agents_connected);
  EXPECT_LT(status.group_commits, kAgents * kRows);  // they were gathered
}

TEST_F(Ingest, AProposalIsKeptAndAnsweredByNothing) {
  start();
  fc_wire_message_t message = {};
  message.type = FC_WIRE_PROPOSAL;
  fc_wire_proposal_t *proposal = &message.as.proposal;
  fc_function_configuration_t configuration[3] = {{900, 800, 3, 4}, {900, 800, 3, 4}, {900, 800, 3, 4}};
  strcpy(proposal->agent, "a");
  strcpy(proposal->workflow, "chain");
  proposal->n_functions = 3;
  proposal->configuration = configuration;
  proposal->reason = const_cast<char *>("cheaper");
  agent->send(message);
  expect_alive("a");  // answered after the proposal, so the proposal had no answer
  ASSERT_EQ(0, service->stop());
  EXPECT_THAT(fc_test::read_file(service->store("faasconf.db")) + fc_test::read_file(service->store("faasconf.db-wal")),
              HasSubstr("cheaper"));
}

TEST_F(Ingest, AGracefulStopAcknowledgesWhatWasReceived) {
  start("learner: {enabled: false}\ningest: {group_commit_ms: 3000}\n");
  EXPECT_EQ(FC_WIRE_WELCOME, greet("a", 1).type());
  Batch batch(service->workflow(), "a", 1, {1, 2, 3});
  agent->send(batch.message());
  // The rows wait in an open group for three seconds; HELLO behind them commits and shows them.
  EXPECT_EQ(FC_WIRE_ACK, agent->ask(fc_test::hello(service->workflow(), "a", 1)).type());
  EXPECT_EQ(FC_WIRE_WELCOME, agent->receive().type());
  Batch more(service->workflow(), "a", 1, {4});
  agent->send(more.message());
  fc_wire_message_t pull = {};  // answered at once by the ingest thread: the rows before it were read by then
  pull.type = FC_WIRE_PULL;
  strcpy(pull.as.pull.workflow, "chain");
  pull.as.pull.max_bytes = 1000;
  EXPECT_EQ(FC_WIRE_CHUNK, agent->ask(pull).type());
  EXPECT_EQ(0, service->stop());
  const Message ack = agent->receive();
  ASSERT_EQ(FC_WIRE_ACK, ack.type());
  EXPECT_EQ(4u, ack->as.ack.acknowledged_sequence);
}

}  // namespace
