// Policies on the wire: hinted to whoever listens, pulled in chunks, verified against key and digest.
#include "service.h"

extern "C" {
#include "faasconf/policy.h"
}

namespace {

using fc_test::Message;
using fc_test::Service;
using fc_test::Socket;

class Publish : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(service.start());
    ASSERT_NO_FATAL_FAILURE(service.register_workflow());
    agent = std::make_unique<Socket>(Socket::kDealer, service.ingest());
  }
  Message pull(int64_t version, uint64_t offset, uint32_t max_bytes) {
    fc_wire_message_t message = {};
    message.type = FC_WIRE_PULL;
    strcpy(message.as.pull.workflow, "chain");
    message.as.pull.version = version;
    message.as.pull.offset = offset;
    message.as.pull.max_bytes = max_bytes;
    return agent->ask(message);
  }
  Service service{fc_test::kQuickLearner};
  std::unique_ptr<Socket> agent;
  fc_error_t error = {};
};

TEST_F(Publish, PulledChunksMakeTheSignedPolicy) {
  const int64_t live = fc_test::train_in_lockstep(service, agent.get(), "a", 12);
  ASSERT_GT(live, 0);
  const Message welcome = agent->ask(fc_test::hello(service.workflow(), "a", 1));
  EXPECT_EQ(live, welcome->as.welcome.policy_version);
  std::string bytes;
  fc_wire_hint_t hint = {};
  do {
    const Message chunk = pull(live, bytes.size(), 1000);
    ASSERT_EQ(FC_WIRE_CHUNK, chunk.type());
    hint = chunk->as.chunk.hint;
    ASSERT_EQ(live, hint.version);
    ASSERT_EQ(bytes.size(), chunk->as.chunk.offset);
    ASSERT_GT(chunk->as.chunk.size, 0u);
    ASSERT_LE(chunk->as.chunk.size, 1000u);
    bytes.append(reinterpret_cast<char *>(chunk->as.chunk.data), chunk->as.chunk.size);
  } while (bytes.size() < hint.manifest_bytes + hint.weights_bytes);
  ASSERT_EQ(hint.manifest_bytes + hint.weights_bytes, bytes.size());

  char text[FC_NAME_SIZE + 128];
  const size_t size = fc_wire_hint_signed_bytes(&hint, text, sizeof text);
  EXPECT_TRUE(hint.signature.present);
  EXPECT_TRUE(fc_verify(text, size, welcome->as.welcome.server_key, hint.signature.signature));
  fc_policy_t *policy = nullptr;
  ASSERT_OK(fc_policy_from_bytes(bytes.data(), hint.manifest_bytes,
                                 reinterpret_cast<const uint8_t *>(bytes.data()) + hint.manifest_bytes,
                                 hint.weights_bytes, &policy, &error));
  uint8_t digest[FC_DIGEST_SIZE];
  fc_policy_digest(policy, digest);
  EXPECT_EQ(0, memcmp(digest, hint.digest, sizeof digest));
  EXPECT_OK(fc_policy_check(policy, service.workflow(), &error));
  EXPECT_EQ(live, fc_policy_manifest(policy)->version);
  fc_policy_destroy(&policy);
}

TEST_F(Publish, PullPastTheEndOrOfAnUnknownVersionIsEmpty) {
  EXPECT_EQ(0, pull(0, 0, 131072)->as.chunk.hint.version);  // nothing is live yet
  const int64_t live = fc_test::train_in_lockstep(service, agent.get(), "a", 12);
  EXPECT_EQ(live, pull(0, 0, 131072)->as.chunk.hint.version);
  EXPECT_EQ(0u, pull(live, uint64_t{1} << 60, 1000)->as.chunk.size);
  const Message unknown = pull(live + 1000, 0, 1000);
  EXPECT_EQ(0, unknown->as.chunk.hint.version);
  EXPECT_EQ(0u, unknown->as.chunk.size);
}

TEST_F(Publish, ALateSubscriberHearsOfTheLivePolicy) {
  const int64_t live = fc_test::train_in_lockstep(service, agent.get(), "a", 12);
  for (int i = 0; i < 2; ++i) {  // the second of equal subscriptions too
    Socket late(Socket::kSub, service.hints(), "chain");
    const Message hint = late.receive();
    ASSERT_EQ(FC_WIRE_HINT, hint.type());
    EXPECT_EQ(live, hint->as.hint.version);
    EXPECT_STREQ("chain", hint->as.hint.workflow);
  }
  Socket all(Socket::kSub, service.hints(), "");
  EXPECT_EQ(FC_WIRE_HINT, all.receive().type());
  Socket other(Socket::kSub, service.hints(), "another");
  EXPECT_EQ(FC_WIRE_NONE, other.receive(100).type());
}

TEST_F(Publish, ASubscriberHearsOfEveryNewPolicy) {
  const int64_t first = fc_test::train_in_lockstep(service, agent.get(), "a", 12);
  ASSERT_GT(first, 0);
  Socket listener(Socket::kSub, service.hints(), "chain");
  EXPECT_EQ(first, listener.receive()->as.hint.version);
  int64_t live = first;
  for (uint64_t s = 13; s <= 60 && live == first; ++s) {  // a worse candidate does not go live
    fc_test::Batch row(service.workflow(), "a", 1, {s});
    live = agent->ask(row.message(FC_WIRE_FLAG_LOCKSTEP), 30000)->as.ack.policy_version;
  }
  ASSERT_GT(live, first);
  EXPECT_EQ(live, listener.receive()->as.hint.version);
}

TEST_F(Publish, SafetyRecordsComeOnceRowsAreThereAndOnlyWhenTheyChanged) {
  fc_wire_message_t message = {};
  message.type = FC_WIRE_SAFETY_PULL;
  strcpy(message.as.safety_pull.workflow, "chain");
  EXPECT_EQ(0, agent->ask(message)->as.safety.version);
  fc_test::train_in_lockstep(service, agent.get(), "a", 20);
  const Message records = agent->ask(message);
  ASSERT_EQ(FC_WIRE_SAFETY, records.type());
  ASSERT_GT(records->as.safety.version, 0);
  ASSERT_GT(records->as.safety.n_records, 0);
  const fc_safety_record_t &record = records->as.safety.records[0];
  EXPECT_LE(record.lb_usd_h, record.ub_usd_h);
  EXPECT_EQ(3, record.n_functions);
  message.as.safety_pull.version_held = records->as.safety.version;
  const Message unchanged = agent->ask(message);
  EXPECT_EQ(records->as.safety.version, unchanged->as.safety.version);
  EXPECT_EQ(0, unchanged->as.safety.n_records);
}

TEST_F(Publish, TheLivePolicyAndItsKeyAreTheSameAfterARestart) {
  const int64_t live = fc_test::train_in_lockstep(service, agent.get(), "a", 12);
  const Message before = pull(0, 0, 131072);
  ASSERT_EQ(0, service.stop());
  ASSERT_NO_FATAL_FAILURE(service.start());
  agent = std::make_unique<Socket>(Socket::kDealer, service.ingest());
  const Message after = pull(live, 0, 131072);
  ASSERT_EQ(FC_WIRE_CHUNK, after.type());
  EXPECT_EQ(0, memcmp(before->as.chunk.hint.digest, after->as.chunk.hint.digest, FC_DIGEST_SIZE));
  EXPECT_EQ(0, memcmp(before->as.chunk.hint.signature.signature, after->as.chunk.hint.signature.signature,
                      FC_SIGNATURE_SIZE));
}

}  // namespace
