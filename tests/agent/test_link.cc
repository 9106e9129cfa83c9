// tests agent/link.c over real sockets: delivery, credit, refusals, restarts, policies, lies. Nothing here sleeps: the
// test polls the link as the agent's loop does.
#include <chrono>
#include <cstring>

#include "fake_server.h"

extern "C" {
#include "link.h"
#include "report.h"
}

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant

struct Client {
  Client(const Workflow &w, const std::string &state, const std::string &ingest, const std::string &hints = "",
         const std::string &extra = "", const uint8_t *pin = nullptr)
      : workflow(w),
        settings(agent_yaml(state, "security: {insecure_loopback: true}\nserver: {ingest: '" + ingest + "'" +
                                       (hints.empty() ? "" : ", hints: '" + hints + "'") + "}\n" + extra)),
        folder(state) {
    fc_error_t error = {};
    check(policy_cache_open(folder.get(), w.get(), pin, &cache, &error), error);
    check(spool_open(folder.get(), settings->spool_max_bytes, &spool, &error), error);
    check(report_new(settings.get(), w.get(), folder->epoch, spool, &report, &error), error);
    check(ownership_init(settings.get(), workflow.get(), &ownership, &error), error);
    connect();
    fc_observation_init(&observation, w->n_functions);
  }
  ~Client() {
    link_destroy(&link, 0);
    report_destroy(&report);
    spool_destroy(&spool);
    ownership_clear(&ownership);
    fc_observation_clear(&observation);
  }
  static void check(fc_status_t status, const fc_error_t &error) {
    if (status != FC_OK) throw std::runtime_error(error.message);
  }
  void connect() {
    fc_error_t error = {};
    check(link_new(settings.get(), workflow.get(), &ownership, folder->epoch, spool, &cache, fc_clock_system(), nullptr,
                   &link, &error),
          error);
  }
  // One measured window into the spool.
  void window() {
    observation.window = windows++;
    observation.start_us = 1700000000000000 + observation.window * 30000000;
    observation.duration_s = 30;
    observation.load = {FC_LOAD_HAS_IN_FLIGHT, 0, 10};
    observation.outcome.present = FC_OUTCOME_HAS_COUNTS | FC_OUTCOME_HAS_LATENCY_MEAN;
    observation.outcome.successes = 25;
    observation.outcome.latency_mean_s = 9;
    const Configuration start = workflow.start();
    for (size_t f = 0; f < start.size(); ++f) observation.configuration[f] = start[f];
    fc_error_t error = {};
    check(report_window(report, &observation, 0, 0, &error), error);
  }
  // Polls until `done` or the limit; a test that hits the limit fails on its own expectation.
  template <typename Done>
  bool poll_until(Done done, int limit_s = 20) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(limit_s);
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      link_poll(link, report_next_sequence(report), 10);
    }
    return true;
  }
  bool ready() {
    return poll_until([&] { return link_state(link) == LINK_READY; });
  }
  bool drained() {
    return poll_until([&] { return spool_size(spool) == 0; });
  }

  const Workflow &workflow;
  Settings settings;
  Folder folder;
  policy_cache_t cache{};
  ownership_t ownership{};
  spool_t *spool = nullptr;
  report_t *report = nullptr;
  link_t *link = nullptr;
  fc_observation_t observation{};
  int64_t windows = 0;
};

std::set<std::pair<uint64_t, uint64_t>> numbers(uint64_t epoch, uint64_t from, uint64_t to) {
  std::set<std::pair<uint64_t, uint64_t>> all;
  for (uint64_t s = from; s <= to; ++s) all.insert({epoch, s});
  return all;
}

ServerScript script() {
  ServerScript s;
  s.key = make_server_key();
  return s;
}

TEST(Link, DeliversEveryTransitionOnceAndEmptiesTheSpool) {
  Workflow workflow;
  TemporaryFolder temporary;
  FakeServer server(workflow, script());
  Client client(workflow, temporary.path(), server.ingest());
  ASSERT_TRUE(client.ready());
  for (int i = 0; i < 150; ++i) client.window();
  ASSERT_TRUE(client.drained());
  EXPECT_EQ(server.stored(), numbers(1, 1, 150));
  EXPECT_EQ(link_counters(client.link)->acked, 150);
  EXPECT_LE(server.largest_batch(), 64);
  EXPECT_EQ(link_in_flight(client.link), 0);
}

TEST(Link, ASpoolFilledWithoutAServerIsDeliveredWhenItComes) {
  Workflow workflow;
  TemporaryFolder temporary;
  int port = 0;
  {
    FakeServer server(workflow, script());
    port = server.ingest_port();
  }
  Client client(workflow, temporary.path(), "tcp://127.0.0.1:" + std::to_string(port));
  for (int i = 0; i < 10; ++i) {
    client.window();
    link_poll(client.link, report_next_sequence(client.report), 0);
  }
  EXPECT_EQ(spool_size(client.spool), 10);
  FakeServer server(workflow, script(), port);
  ASSERT_TRUE(client.drained());
  EXPECT_EQ(server.stored(), numbers(1, 1, 10));
}

TEST(Link, PollingWithoutAServerTakesNoLongerThanGranted) {
  Workflow workflow;
  TemporaryFolder temporary;
  Client client(workflow, temporary.path(), "tcp://127.0.0.1:1");
  client.window();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) link_poll(client.link, 1, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  EXPECT_EQ(link_state(client.link), LINK_DOWN);
}

TEST(Link, AServerThatNeverAcknowledgesKeepsNothingOutOfTheSpool) {
  Workflow workflow;
  TemporaryFolder temporary;
  ServerScript silent = script();
  silent.acknowledge = false;
  FakeServer server(workflow, silent);
  Client client(workflow, temporary.path(), server.ingest());
  ASSERT_TRUE(client.ready());
  for (int i = 0; i < 5; ++i) client.window();
  ASSERT_TRUE(client.poll_until([&] { return server.received() >= 5; }));
  EXPECT_EQ(spool_size(client.spool), 5);
  EXPECT_EQ(link_counters(client.link)->acked, 0);
}

TEST(Link, ARestartedServerGetsWhatItMissedAndNothingTwice) {
  Workflow workflow;
  TemporaryFolder temporary;
  const ServerScript same_key = script();
  std::set<std::pair<uint64_t, uint64_t>> stored;
  int port = 0;
  auto server = std::make_unique<FakeServer>(workflow, same_key);
  port = server->ingest_port();
  Client client(workflow, temporary.path(), server->ingest());
  ASSERT_TRUE(client.ready());
  for (int i = 0; i < 20; ++i) client.window();
  ASSERT_TRUE(client.poll_until([&] { return server->stored().size() >= 20; }));
  stored = server->stored();  // durable, but the acknowledgements may be lost with the connection
  server.reset();
  for (int i = 0; i < 20; ++i) client.window();
  server = std::make_unique<FakeServer>(workflow, same_key, port);
  server->preload(stored);
  ASSERT_TRUE(client.drained());
  EXPECT_EQ(server->stored(), numbers(1, 1, 40));
  EXPECT_EQ(link_counters(client.link)->acked, 40);
}

TEST(Link, ARestartedAgentDeliversTheOldEpochsSpoolToo) {
  Workflow workflow;
  TemporaryFolder temporary;
  FakeServer server(workflow, script());
  {
    Client client(workflow, temporary.path(), "tcp://127.0.0.1:1");
    for (int i = 0; i < 3; ++i) client.window();
  }
  Client client(workflow, temporary.path(), server.ingest());
  client.window();
  ASSERT_TRUE(client.drained());
  auto expected = numbers(1, 1, 3);
  expected.insert({2, 1});
  EXPECT_EQ(server.stored(), expected);
}

TEST(Link, ExhaustedServersAreTriedAgain) {
  Workflow workflow;
  TemporaryFolder temporary;
  ServerScript busy = script();
  busy.exhausted_answers = 3;
  FakeServer server(workflow, busy);
  Client client(workflow, temporary.path(), server.ingest());
  for (int i = 0; i < 4; ++i) client.window();
  ASSERT_TRUE(client.drained());
  EXPECT_EQ(server.stored(), numbers(1, 1, 4));
  EXPECT_EQ(link_counters(client.link)->exhausted, 3);
  EXPECT_EQ(spool_dropped(client.spool), 0u);
}

TEST(Link, CreditBoundsWhatIsOnItsWay) {
  Workflow workflow;
  TemporaryFolder temporary;
  ServerScript tight = script();
  tight.credit_bytes = 1;  // less than one transition: one at a time
  tight.acknowledge = false;
  FakeServer server(workflow, tight);
  Client client(workflow, temporary.path(), server.ingest());
  ASSERT_TRUE(client.ready());
  for (int i = 0; i < 5; ++i) client.window();
  ASSERT_TRUE(client.poll_until([&] { return server.received() >= 1; }));
  for (int i = 0; i < 20; ++i) link_poll(client.link, 6, 1);
  EXPECT_EQ(link_in_flight(client.link), 1);
  EXPECT_EQ(server.received(), 1);
}

TEST(Link, OneRefusedRecordNeverStopsTheOthers) {
  Workflow workflow;
  TemporaryFolder temporary;
  ServerScript picky = script();
  picky.invalid = {3};
  FakeServer server(workflow, picky);
  Client client(workflow, temporary.path(), server.ingest());
  for (int i = 0; i < 6; ++i) client.window();
  ASSERT_TRUE(client.drained());
  auto expected = numbers(1, 1, 6);
  expected.erase({1, 3});
  EXPECT_EQ(server.stored(), expected);
  EXPECT_EQ(link_counters(client.link)->refused, 1);
  EXPECT_EQ(spool_dropped(client.spool), 1u);
}

TEST(Link, DroppedNumbersAreAnnouncedWithANewHello) {
  Workflow workflow;
  TemporaryFolder temporary;
  FakeServer server(workflow, script());
  Client client(workflow, temporary.path(), "tcp://127.0.0.1:1", "", "spool: {max_bytes: 65536}\n");
  for (int i = 0; i < 200; ++i) client.window();
  const uint64_t dropped = spool_dropped(client.spool);
  ASSERT_GT(dropped, 0u);
  link_destroy(&client.link, 0);
  std::snprintf(client.settings->ingest, sizeof client.settings->ingest, "%s", server.ingest().c_str());
  client.connect();
  ASSERT_TRUE(client.ready());
  EXPECT_EQ(server.announced(), dropped + 1);
}

TEST(Link, AnUnknownWorkflowKeepsEverythingInTheSpool) {
  Workflow workflow;
  TemporaryFolder temporary;
  ServerScript ignorant = script();
  ignorant.workflow_known = false;
  FakeServer server(workflow, ignorant);
  Client client(workflow, temporary.path(), server.ingest());
  client.window();
  ASSERT_TRUE(client.poll_until([&] { return server.hellos() >= 1; }));
  for (int i = 0; i < 20; ++i) link_poll(client.link, 2, 5);
  EXPECT_NE(link_state(client.link), LINK_READY);
  EXPECT_EQ(server.received(), 0);
  EXPECT_EQ(spool_size(client.spool), 1);
}

TEST(Link, NoiseIsCountedAndIgnored) {
  Workflow workflow;
  TemporaryFolder temporary;
  ServerScript noisy = script();
  noisy.garbage = true;
  FakeServer server(workflow, noisy);
  Client client(workflow, temporary.path(), server.ingest());
  for (int i = 0; i < 3; ++i) client.window();
  ASSERT_TRUE(client.drained());
  EXPECT_GE(link_counters(client.link)->malformed, 2);
}

TEST(Link, PullsTheLivePolicyChunkByChunkAndKeepsIt) {
  Workflow workflow;
  TemporaryFolder temporary;
  FakeServer server(workflow, script());
  server.publish(4, constant_policy(workflow.get(), workflow.at(0.5), 4));
  Client client(workflow, temporary.path(), server.ingest());
  ASSERT_TRUE(client.poll_until([&] { return link_news(client.link)->policy != nullptr; }));
  EXPECT_EQ(client.cache.held, 4);
  EXPECT_EQ(client.cache.high_water, 4);
  EXPECT_GE(server.pulls(), 3);
  EXPECT_FALSE(link_is_pulling(client.link));
  fc_policy_t *kept = nullptr;
  fc_error_t error = {};
  ASSERT_OK(policy_cache_load(&client.cache, &kept, &error));
  EXPECT_EQ(fc_policy_manifest(kept)->version, 4);
  fc_policy_destroy(&kept);
}

TEST(Link, AHintBringsTheNextVersionWithoutWaitingForAnAcknowledgement) {
  Workflow workflow;
  TemporaryFolder temporary;
  FakeServer server(workflow, script());
  Client client(workflow, temporary.path(), server.ingest(), server.hints());
  ASSERT_TRUE(client.ready());
  // The subscription may still be on its way: hints are allowed to be lost, so the test repeats them.
  const PolicyBytes policy = constant_policy(workflow.get(), workflow.at(0.4), 2);
  ASSERT_TRUE(client.poll_until([&] {
    server.publish(2, policy);
    return link_news(client.link)->policy != nullptr;
  }));
  EXPECT_EQ(client.cache.held, 2);
  EXPECT_GE(link_counters(client.link)->hints, 1);
}

TEST(Link, ALostHintCostsNothingTheNextAcknowledgementNamesTheVersion) {
  Workflow workflow;
  TemporaryFolder temporary;
  FakeServer server(workflow, script());
  Client client(workflow, temporary.path(), server.ingest());  // no hint socket at all
  ASSERT_TRUE(client.ready());
  server.publish(3, constant_policy(workflow.get(), workflow.at(0.4), 3));
  client.window();
  ASSERT_TRUE(client.poll_until([&] { return client.cache.held == 3; }));
}

TEST(Link, AServerWithAnotherKeyGetsNothingAndGivesNothing) {
  Workflow workflow;
  TemporaryFolder temporary;
  {
    FakeServer server(workflow, script());
    Client client(workflow, temporary.path(), server.ingest());
    ASSERT_TRUE(client.ready());  // pins the first key
  }
  FakeServer other(workflow, script());
  other.publish(9, constant_policy(workflow.get(), workflow.at(0), 9));
  Client client(workflow, temporary.path(), other.ingest());
  client.window();
  ASSERT_TRUE(client.poll_until([&] { return link_state(client.link) == LINK_REFUSED; }));
  for (int i = 0; i < 20; ++i) link_poll(client.link, 2, 5);
  EXPECT_EQ(other.received(), 0);
  EXPECT_EQ(other.pulls(), 0);
  EXPECT_EQ(client.cache.held, 0);
  EXPECT_EQ(spool_size(client.spool), 1);
}

TEST(Link, BadPoliciesAreRefusedOnceAndTheNextGoodOneIsTaken) {
  Workflow workflow;
  TemporaryFolder temporary;
  FakeServer server(workflow, script());
  const PolicyBytes policy = constant_policy(workflow.get(), workflow.at(0.5), 5);
  server.publish(5, policy);
  server.change([&](ServerScript &s) { s.hints[5].signature.signature[0] ^= 1; });
  Client client(workflow, temporary.path(), server.ingest());
  ASSERT_TRUE(client.poll_until([&] { return client.cache.rejected >= 1; }));
  EXPECT_EQ(client.cache.held, 0);
  server.publish(6, constant_policy(workflow.get(), workflow.at(0.6), 6));
  server.change(
      [&](ServerScript &s) { s.policies[6].weights.back() = static_cast<char>(s.policies[6].weights.back() ^ 1); });
  client.window();
  ASSERT_TRUE(client.poll_until([&] { return client.cache.rejected >= 2; }));
  EXPECT_EQ(client.cache.held, 0);
  server.publish(7, constant_policy(workflow.get(), workflow.at(0.7), 7));
  client.window();
  ASSERT_TRUE(client.poll_until([&] { return client.cache.held == 7; }));
}

TEST(Link, AnOlderLiveVersionIsNeverTaken) {
  Workflow workflow;
  TemporaryFolder temporary;
  FakeServer server(workflow, script());
  server.publish(8, constant_policy(workflow.get(), workflow.at(0.5), 8));
  Client client(workflow, temporary.path(), server.ingest());
  ASSERT_TRUE(client.poll_until([&] { return client.cache.held == 8; }));
  const int64_t pulls = server.pulls();
  server.publish(3, constant_policy(workflow.get(), workflow.at(0), 3));  // properly signed, but old
  client.window();
  ASSERT_TRUE(client.drained());
  EXPECT_EQ(client.cache.held, 8);
  EXPECT_EQ(server.pulls(), pulls);
}

TEST(Link, SafetyRecordsArriveOnRequest) {
  Workflow workflow;
  TemporaryFolder temporary;
  fc_safety_record_t record = {};
  fc_safety_record_init(&record, workflow->n_functions);
  std::strcpy(record.workflow, workflow->name);
  record.mean_in_flight = 10;
  record.lb_usd_h = 4;
  record.ub_usd_h = 5;
  record.n_rows = 9;
  record.version = 1;
  // Freed after the server's thread, which borrows it, has ended.
  const std::unique_ptr<fc_safety_record_t, void (*)(fc_safety_record_t *)> owner(&record, fc_safety_record_clear);
  ServerScript with_records = script();
  with_records.records = {record};
  with_records.records_version = 1;
  FakeServer server(workflow, with_records);
  {
    Client client(workflow, temporary.path(), server.ingest());
    ASSERT_TRUE(client.ready());
    link_request_records(client.link);
    EXPECT_TRUE(link_awaits_records(client.link));
    ASSERT_TRUE(client.poll_until([&] { return link_news(client.link)->has_records; }));
    EXPECT_FALSE(link_awaits_records(client.link));
    ASSERT_EQ(link_news(client.link)->n_records, 1);
    EXPECT_DOUBLE_EQ(link_news(client.link)->records[0].lb_usd_h, 4);
  }
}

TEST(Link, HelloNamesTheFunctionsOfAnAgentThatOwnsAPart) {
  Workflow workflow;
  for (const bool part : {false, true}) {
    TemporaryFolder temporary;
    FakeServer server(workflow, script());
    Client client(workflow, temporary.path(), server.ingest(), "", part ? "functions: [resnet, rgb]\n" : "");
    ASSERT_TRUE(client.ready());
    EXPECT_EQ(server.function_ids(), part ? std::vector<int32_t>({1, 4}) : std::vector<int32_t>()) << "none are all";
  }
}

TEST(Link, GreetingAgainBringsThePolicyThatIsLiveNow) {
  Workflow workflow;
  TemporaryFolder temporary;
  FakeServer server(workflow, script());
  Client client(workflow, temporary.path(), server.ingest()); /* no hints */
  ASSERT_TRUE(client.ready());
  server.publish(3, constant_policy(workflow.get(), workflow.at(0.5), 3));
  link_refresh(client.link, 1);
  EXPECT_EQ(link_state(client.link), LINK_GREETING);
  link_refresh(client.link, 1); /* one greeting is enough */
  ASSERT_TRUE(client.poll_until([&] { return client.cache.held == 3; }));
  EXPECT_EQ(link_state(client.link), LINK_READY);
  EXPECT_EQ(server.hellos(), 2);
  EXPECT_EQ(link_counters(client.link)->connects, 1) << "it is the same connection";
}

TEST(Link, LockstepIsAskedForOnTheWire) {
  Workflow workflow;
  TemporaryFolder temporary;
  FakeServer server(workflow, script());
  Client client(workflow, temporary.path(), server.ingest(), "", "lockstep: true\n");
  client.window();
  ASSERT_TRUE(client.drained());
  EXPECT_TRUE(server.lockstep_seen());
}

}  // namespace
