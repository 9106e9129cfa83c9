// faasconfd as a process: start, announce, stop, restart, refuse.
#include <unistd.h>

#include "service.h"

namespace {

using fc_test::Message;
using fc_test::Service;
using fc_test::Socket;
using ::testing::HasSubstr;

TEST(Faasconfd, HelpVersionAndCheckEndAtOnce) {
  const std::string program = fc_test::program("faasconfd");
  EXPECT_THAT(fc_test::run({program, "--help"}).out, HasSubstr("--config FILE"));
  EXPECT_EQ(0, fc_test::run({program, "--help"}).exit_code);
  EXPECT_THAT(fc_test::run({program, "--version"}).out, HasSubstr(FAASCONF_VERSION));
  EXPECT_EQ(2, fc_test::run({program}).exit_code);
  EXPECT_EQ(2, fc_test::run({program, "--nothing"}).exit_code);
  fc_test::TemporaryFolder folder;
  fc_test::write_file(folder.path("good.yaml"), "store: s\nsecurity: {insecure_loopback: true}\n");
  const fc_test::Finished good = fc_test::run({program, "--config", folder.path("good.yaml"), "--check"});
  EXPECT_EQ(0, good.exit_code);
  EXPECT_EQ("ok\n", good.out);
  fc_test::write_file(folder.path("bad.yaml"), "store: s\nsecurity: {insecure_loopback: true}\nnonsense: 1\n");
  const fc_test::Finished bad = fc_test::run({program, "--config", folder.path("bad.yaml"), "--check"});
  EXPECT_EQ(2, bad.exit_code);
  EXPECT_THAT(bad.err, HasSubstr("bad.yaml:3"));
}

TEST(Faasconfd, AnnouncesItsRealAddressesAndTakesThemBackAtTheStop) {
  Service service;
  ASSERT_NO_FATAL_FAILURE(service.start());
  EXPECT_THAT(service.rpc(), ::testing::Not(HasSubstr("*")));
  EXPECT_THAT(fc_test::read_file(service.store("endpoints.json")), HasSubstr("\"rpc\":\"" + service.rpc() + "\""));
  EXPECT_THAT(fc_test::read_file(service.store("lock")), HasSubstr(service.rpc()));
  EXPECT_EQ(0, service.stop());
  EXPECT_NE(0, access(service.store("endpoints.json").c_str(), F_OK));
}

TEST(Faasconfd, ASecondServerOnTheSameStoreIsRefusedAndNamesTheFirst) {
  Service service;
  ASSERT_NO_FATAL_FAILURE(service.start());
  const fc_test::Finished second = fc_test::run({fc_test::program("faasconfd"), "--config", service.config()});
  EXPECT_EQ(1, second.exit_code);
  EXPECT_THAT(second.err, HasSubstr(service.rpc()));
}

TEST(Faasconfd, AnUnknownAlgorithmIsRefusedWithTheKnownOnes) {
  fc_test::TemporaryFolder folder;
  fc_test::write_file(folder.path("server.yaml"),
                      "store: " + folder.path("store") +
                          "\nsecurity: {insecure_loopback: true}\nlearner: {algorithm: magic}\n"
                          "listen: {ingest: 'tcp://127.0.0.1:*', hints: 'tcp://127.0.0.1:*', "
                          "rpc: 'tcp://127.0.0.1:*'}\n");
  const fc_test::Finished ended = fc_test::run({fc_test::program("faasconfd"), "--config", folder.path("server.yaml")});
  EXPECT_EQ(1, ended.exit_code);
  EXPECT_THAT(ended.err, HasSubstr("attmf"));
}

// The learner of a restarted server goes on where the checkpoint of the graceful stop left it.
TEST(Faasconfd, RestartGoesOnWithPolicyCheckpointAndSequence) {
  Service service(fc_test::kQuickLearner);
  ASSERT_NO_FATAL_FAILURE(service.start());
  ASSERT_NO_FATAL_FAILURE(service.register_workflow());
  auto agent = std::make_unique<Socket>(Socket::kDealer, service.ingest());
  const int64_t live = fc_test::train_in_lockstep(service, agent.get(), "a", 12);
  ASSERT_GT(live, 0);
  const uint64_t rows = service.status().replay_rows;
  EXPECT_EQ(0, service.stop());
  ASSERT_NO_FATAL_FAILURE(service.start());
  EXPECT_THAT(service.log(), HasSubstr("resumes at"));
  EXPECT_EQ(rows, service.status().replay_rows);  // no row twice
  EXPECT_EQ(12u, service.status().transitions_stored);
  agent = std::make_unique<Socket>(Socket::kDealer, service.ingest());
  const Message welcome = agent->ask(fc_test::hello(service.workflow(), "a", 1));
  EXPECT_EQ(12u, welcome->as.welcome.acknowledged_sequence);
  EXPECT_EQ(live, welcome->as.welcome.policy_version);
  EXPECT_EQ(0, service.stop());
}

TEST(Faasconfd, AfterAKillTheLearnerIsRebuiltFromTheStore) {
  Service service(fc_test::kQuickLearner);
  ASSERT_NO_FATAL_FAILURE(service.start());
  ASSERT_NO_FATAL_FAILURE(service.register_workflow());
  auto agent = std::make_unique<Socket>(Socket::kDealer, service.ingest());
  const int64_t live = fc_test::train_in_lockstep(service, agent.get(), "a", 12);
  const uint64_t rows = service.status().replay_rows;
  service.kill();
  ASSERT_NO_FATAL_FAILURE(service.start());
  EXPECT_EQ(rows, service.status().replay_rows);
  agent = std::make_unique<Socket>(Socket::kDealer, service.ingest());
  EXPECT_GE(agent->ask(fc_test::hello(service.workflow(), "a", 1))->as.welcome.policy_version, live);
  EXPECT_EQ(0, service.stop());
}

// One seed, one result: lockstep rows through real sockets make the same policy bytes every time.
TEST(Faasconfd, LockstepMakesTheSamePolicyTwice) {
  uint8_t digest[2][FC_DIGEST_SIZE];
  for (int run = 0; run < 2; ++run) {
    Service service(fc_test::kQuickLearner);
    ASSERT_NO_FATAL_FAILURE(service.start());
    ASSERT_NO_FATAL_FAILURE(service.register_workflow());
    Socket agent(Socket::kDealer, service.ingest());
    ASSERT_GT(fc_test::train_in_lockstep(service, &agent, "a", 25), 0);
    fc_wire_message_t pull = {};
    pull.type = FC_WIRE_PULL;
    strcpy(pull.as.pull.workflow, "chain");
    pull.as.pull.max_bytes = FC_WIRE_CHUNK_BYTES;
    const Message chunk = agent.ask(pull);
    ASSERT_EQ(FC_WIRE_CHUNK, chunk.type());
    memcpy(digest[run], chunk->as.chunk.hint.digest, FC_DIGEST_SIZE);
    EXPECT_EQ(0, service.stop());
  }
  EXPECT_EQ(0, memcmp(digest[0], digest[1], FC_DIGEST_SIZE));
}

TEST(Faasconfd, TwoWorkflowsLearnSideBySide) {
  Service service(fc_test::kQuickLearner);
  ASSERT_NO_FATAL_FAILURE(service.start());
  ASSERT_NO_FATAL_FAILURE(service.register_workflow());
  std::string text = fc_test::kWorkflow;
  text.replace(text.find("workflow: chain"), 15, "workflow: other");
  fc_error_t error = {};
  fc_rpc_register_request_t request = {text.data(), text.size()};
  fc_wire_buffer_t bytes = {};
  ASSERT_OK(fc_rpc_encode_register_request(&request, &bytes, &error));
  EXPECT_EQ(FC_RPC_OK, service.call(FC_RPC_REGISTER, std::string(reinterpret_cast<char *>(bytes.data), bytes.size))
                           ->as.rpc_response.code);
  fc_wire_buffer_clear(&bytes);
  fc_workflow_t *other = nullptr;
  ASSERT_OK(fc_workflow_parse(text.data(), text.size(), "test", &other, &error));
  Socket agent(Socket::kDealer, service.ingest());
  int64_t chain_live = 0, other_live = 0;
  for (uint64_t s = 1; s <= 12; ++s) {
    fc_test::Batch one(service.workflow(), "a", 1, {s}), two(other, "b", 1, {s});
    chain_live = agent.ask(one.message(FC_WIRE_FLAG_LOCKSTEP), 30000)->as.ack.policy_version;
    other_live = agent.ask(two.message(FC_WIRE_FLAG_LOCKSTEP), 30000)->as.ack.policy_version;
  }
  fc_workflow_destroy(&other);
  EXPECT_GT(chain_live, 0);
  EXPECT_GT(other_live, 0);
  EXPECT_EQ(24u, service.status().transitions_stored);
  EXPECT_EQ(0, service.stop());
}

}  // namespace
