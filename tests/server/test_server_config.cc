// server/server_config.c: what server.yaml may say, and where it is wrong.
#include "support.h"

extern "C" {
#include "server_config.h"
}

namespace {

using ::testing::HasSubstr;

class ServerConfig : public ::testing::Test {
 protected:
  fc_status_t parse(const std::string &text) {
    return server_config_parse(text.data(), text.size(), "server.yaml", &config, &error);
  }
  void refused(const std::string &text, const std::string &place, const std::string &about) {
    EXPECT_NE(FC_OK, parse(text)) << text;
    EXPECT_THAT(error.message, HasSubstr(place)) << text;
    EXPECT_THAT(error.message, HasSubstr(about)) << text;
  }
  server_config_t config = {};
  fc_error_t error = {};
};

const char kMinimal[] = "store: /tmp/s\nsecurity: {insecure_loopback: true}\n";

TEST_F(ServerConfig, MinimalFileGetsTheDocumentedDefaults) {
  ASSERT_OK(parse(kMinimal));
  EXPECT_STREQ("/tmp/s", config.store);
  EXPECT_STREQ("tcp://127.0.0.1:7601", config.listen.ingest);
  EXPECT_STREQ("tcp://127.0.0.1:7602", config.listen.hints);
  EXPECT_STREQ("tcp://127.0.0.1:7603", config.listen.rpc);
  EXPECT_EQ(1000, config.ingest.group_commit_rows);
  EXPECT_EQ(20, config.ingest.group_commit_ms);
  EXPECT_EQ(64, config.learner.samples_per_insert);
  EXPECT_STREQ("attmf", config.learner.algorithm);
  EXPECT_STREQ("repaired", config.learner.variant);
  EXPECT_TRUE(config.learner.enabled);
  EXPECT_EQ(FC_LOG_INFO, config.log_level);
}

TEST_F(ServerConfig, EveryKeyIsRead) {
  ASSERT_OK(parse(
      "store: d\nlisten: {ingest: 'tcp://127.0.0.1:*', hints: 'ipc:///tmp/h', rpc: 'tcp://127.9.0.1:5'}\n"
      "security: {insecure_loopback: true}\n"
      "ingest: {group_commit_rows: 7, group_commit_ms: 3, credit_bytes: 5000, queue_bytes: 300000, queue_messages: 9,"
      " retry_after_ms: 11}\n"
      "learner: {enabled: false, algorithm: other, variant: faithful, seed: 42, samples_per_insert: 0.5, batch: 8,"
      " hidden: 16, attention: 4, learning_rate: 0.001, soft_update: 0.1, replay_capacity: 100, ranges: full,"
      " decode: authors, semantics: as-published, min_rows: 5, candidate_every_updates: 6, candidate_interval_s: 7,"
      " checkpoint_every_updates: 8}\n"
      "safety: {interval_s: 2, cheapest_share: 0.5, n_std: 1, load_tolerance: 0.1, min_rows: 3}\n"
      "rpc: {default_deadline_ms: 77}\nlog: {level: debug, json: true}\n"));
  EXPECT_STREQ("tcp://127.0.0.1:*", config.listen.ingest);
  EXPECT_STREQ("ipc:///tmp/h", config.listen.hints);
  EXPECT_EQ(7, config.ingest.group_commit_rows);
  EXPECT_EQ(3, config.ingest.group_commit_ms);
  EXPECT_EQ(5000, config.ingest.credit_bytes);
  EXPECT_EQ(300000, config.ingest.queue_bytes);
  EXPECT_EQ(9, config.ingest.queue_messages);
  EXPECT_EQ(11, config.ingest.retry_after_ms);
  EXPECT_FALSE(config.learner.enabled);
  EXPECT_STREQ("other", config.learner.algorithm);
  EXPECT_STREQ("faithful", config.learner.variant);
  EXPECT_EQ(42u, config.learner.seed);
  EXPECT_EQ(0.5, config.learner.samples_per_insert);
  EXPECT_EQ(8, config.learner.batch);
  EXPECT_EQ(16, config.learner.hidden);
  EXPECT_EQ(4, config.learner.attention);
  EXPECT_EQ(0.001, config.learner.learning_rate);
  EXPECT_EQ(0.1, config.learner.soft_update);
  EXPECT_EQ(100, config.learner.replay_capacity);
  EXPECT_EQ(FC_RANGES_FULL, config.learner.ranges);
  EXPECT_EQ(FC_DECODE_AUTHORS, config.learner.decode);
  EXPECT_EQ(FC_SEMANTICS_AS_PUBLISHED, config.learner.semantics);
  EXPECT_EQ(5, config.learner.min_rows);
  EXPECT_EQ(6, config.learner.candidate_every_updates);
  EXPECT_EQ(7, config.learner.candidate_interval_s);
  EXPECT_EQ(8, config.learner.checkpoint_every_updates);
  EXPECT_EQ(2, config.safety.interval_s);
  EXPECT_EQ(0.5, config.safety.bounds.cheapest_share);
  EXPECT_EQ(1, config.safety.bounds.n_std);
  EXPECT_EQ(0.1, config.safety.bounds.load_tolerance);
  EXPECT_EQ(3, config.safety.bounds.min_rows);
  EXPECT_EQ(77, config.rpc.default_deadline_ms);
  EXPECT_EQ(FC_LOG_DEBUG, config.log_level);
  EXPECT_TRUE(config.log_json);
}

TEST_F(ServerConfig, UnknownKeysAreRefusedWithTheirLine) {
  const std::string minimal = kMinimal;
  refused(minimal + "stor: x\n", "server.yaml:3", "stor");
  refused(minimal + "learner:\n  seeds: 3\n", "server.yaml:4", "seeds");
  refused(minimal + "ingest: {rows: 3}\n", "server.yaml:3", "rows");
  refused("store: d\nsecurity: {curve: {}}\n", "server.yaml:2", "curve");
}

TEST_F(ServerConfig, BadValuesAreRefusedWithTheirLine) {
  const std::string minimal = kMinimal;
  refused(minimal + "learner: {seed: many}\n", "server.yaml:3", "many");
  refused(minimal + "learner: {variant: fixed}\n", "server.yaml:3", "repaired");
  refused(minimal + "learner: {samples_per_insert: -1}\n", "server.yaml:3", "-1");
  refused(minimal + "learner: 3\n", "server.yaml:3", "learner");
  refused(minimal + "listen: {rpc: 'tcp://127.0.0.1'}\n", "server.yaml:3", "tcp://ADDRESS:PORT");
  refused(minimal + "listen: {rpc: 'tcp://127.0.0.1:70000'}\n", "server.yaml:3", "tcp://ADDRESS:PORT");
  refused(minimal + "log: {level: loud}\n", "server.yaml:3", "loud");
  refused("security: {insecure_loopback: true}\n", "server.yaml", "store");
  refused("- 1\n- 2\n", "server.yaml", "keys and values");
}

TEST_F(ServerConfig, PlainSocketsNeedTheSwitchAndALoopbackAddress) {
  EXPECT_EQ(FC_EUNSAFE, parse("store: d\n"));
  EXPECT_THAT(error.message, HasSubstr("insecure_loopback"));
  EXPECT_EQ(FC_EUNSAFE,
            parse("store: d\nsecurity: {insecure_loopback: true}\nlisten: {ingest: 'tcp://0.0.0.0:7601'}\n"));
  EXPECT_THAT(error.message, HasSubstr("loopback"));
  EXPECT_THAT(error.message, HasSubstr("server.yaml:3"));
}

TEST_F(ServerConfig, OnlyLoopbackAndIpcAreLocal) {
  EXPECT_TRUE(server_endpoint_is_local("tcp://127.0.0.1:7601"));
  EXPECT_TRUE(server_endpoint_is_local("tcp://127.1.2.3:*"));
  EXPECT_TRUE(server_endpoint_is_local("tcp://[::1]:7601"));
  EXPECT_TRUE(server_endpoint_is_local("ipc:///run/faasconf"));
  EXPECT_FALSE(server_endpoint_is_local("tcp://*:7601"));
  EXPECT_FALSE(server_endpoint_is_local("tcp://10.0.0.1:7601"));
  EXPECT_FALSE(server_endpoint_is_local("tcp://127.0.0.1.example.org:7601"));
  EXPECT_FALSE(server_endpoint_is_local("tcp://localhost:7601"));
  EXPECT_FALSE(server_endpoint_is_local("ipc://"));
}

TEST_F(ServerConfig, MissingFileIsNamed) {
  EXPECT_NE(FC_OK, server_config_load("/nonexistent/server.yaml", &config, &error));
  EXPECT_THAT(error.message, HasSubstr("/nonexistent/server.yaml"));
}

}  // namespace
