// tests agent/platforms/local/local*.c with real processes, control groups and HAProxy: life, changes, measurements.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "local_platform.h"

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST(Local, StartsServesAndRemovesEverything) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local;
  fc_error_t error = {};
  ASSERT_OK(local.discover(&error));
  EXPECT_THAT(local.groups(), UnorderedElementsAre("haproxy", "a-r1", "a-r2", "b-r1", "b-r2"));
  EXPECT_EQ(text_of(local.read_back(0)), "200 m, 128 MiB, 2 x, 2");
  EXPECT_EQ(text_of(local.read_back(1)), "200 m, 128 MiB, 2 x, 2");
  EXPECT_EQ(http_get(local.port(0), "/"), 200);
  EXPECT_EQ(http_get(local.port(1), "/"), 200);
  EXPECT_EQ(http_get(local.gateway_port(), "/"), 503) << "no orchestrator";
  std::vector<int> all = local.pids("haproxy");
  EXPECT_EQ(all.size(), 2u) << "master and worker";
  for (const char *group : {"a-r1", "a-r2", "b-r1", "b-r2"})
    for (const int pid : local.pids(group)) all.push_back(pid);
  EXPECT_EQ(all.size(), 6u);
  local.stop();
  for (const int pid : all) EXPECT_NE(kill(pid, 0), 0) << pid;
  EXPECT_THAT(local.groups(), IsEmpty());
  const cgroup_t parent = local.parent();
  EXPECT_FALSE(cgroup_exists(&parent));
  EXPECT_EQ(http_get(local.port(0), "/"), 0);
  EXPECT_NE(access((local.state() + "/local/record").c_str(), F_OK), 0);
}

TEST(Local, ChangesUnderLoadLoseNoRequestAndReadBackAsWritten) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local({"\"1\", \"2\"", "", {300, 128, 2, 2}});
  fc_error_t error = {};
  ASSERT_OK(local.discover(&error));
  HttpLoad load(local.port(0), 8), other(local.port(1), 1);
  ASSERT_TRUE(load.wait_for(50));
  for (const Knobs &to : {Knobs{300, 128, 2, 6}, Knobs{150, 128, 2, 6}, Knobs{300, 96, 4, 2}, Knobs{300, 160, 1, 8},
                          Knobs{500, 160, 5, 1}, Knobs{250, 100, 2, 3}, Knobs{250, 100, 2, 3}}) {
    ASSERT_OK(local.apply(0, to, &error));
    EXPECT_EQ(text_of(local.read_back(0)), text_of(to));
    ASSERT_TRUE(load.wait_for(50)) << text_of(to);
  }
  EXPECT_EQ(text_of(local.read_back(1)), "300 m, 128 MiB, 2 x, 2") << "the other function is as it was";
  load.stop();
  other.stop();
  EXPECT_EQ(load.losses(), "");
  EXPECT_EQ(other.losses(), "");
  EXPECT_EQ(local.groups().size(), 5u) << "replicas that went left no group";
}

int most_in_flight(LocalPlatform *local, int32_t function) {
  std::string body;
  EXPECT_EQ(http_get(local->port(function), "/seen", &body), 200);
  return std::stoi(body.substr(body.find(' ') + 1));
}

TEST(Local, TheConcurrencyLimitIsExact) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local({"\"0\", \"10\"", "", {300, 128, 1, 2}});
  fc_error_t error = {};
  ASSERT_OK(local.discover(&error));
  for (const int limit : {2, 3, 6}) {
    ASSERT_OK(local.apply(0, {300, 128, 1, limit}, &error));
    HttpLoad load(local.port(0), 10);
    ASSERT_TRUE(load.wait_for(100));
    load.stop();
    EXPECT_EQ(load.losses(), "") << "what is above the limit waits";
    EXPECT_EQ(most_in_flight(&local, 0), limit);
  }
}

TEST(Local, WithOverflowRejectWhatIsAboveTheLimitGets429) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local({"\"0\", \"20\"", "overflow: reject\n", {300, 128, 1, 2}});
  fc_error_t error = {};
  ASSERT_OK(local.discover(&error));
  HttpLoad load(local.port(0), 4);
  ASSERT_TRUE(load.wait_for(200));
  load.stop();
  const auto statuses = load.statuses();
  EXPECT_GT(statuses.at(200), 0);
  EXPECT_GT(statuses.at(429), 0);
  EXPECT_EQ(statuses.size(), 2u) << load.losses();
  EXPECT_EQ(most_in_flight(&local, 0), 2);
  fc_observation_t window;
  ASSERT_EQ(fc_observation_init(&window, 2), FC_OK);
  ASSERT_OK(local.get()->read(local.get()->self, 0, &window, &error));
  EXPECT_EQ(window.metrics[0].rejected, static_cast<double>(statuses.at(429)));
  EXPECT_EQ(window.metrics[0].failed, 0);
  fc_observation_clear(&window);
}

TEST(Local, AWindowMeasuresWhatTheClientsSaw) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local({"\"2\", \"20\"", "", {300, 128, 2, 4}});
  fc_error_t error = {};
  ASSERT_OK(local.discover(&error));
  Process orchestrator({program("local_test_function"), std::to_string(local.orchestrator_port()), "0", "30"});
  ASSERT_TRUE(local.becomes([&] { return http_get(local.gateway_port(), "/") == 200; }));
  fc_observation_t window;
  ASSERT_EQ(fc_observation_init(&window, 2), FC_OK);
  ASSERT_OK(local.get()->read(local.get()->self, 0, &window, &error));
  EXPECT_EQ(window.outcome.successes, 1) << "what is answered is counted in its window";
  const int64_t first_start_us = window.start_us;
  HttpLoad load(local.port(0), 4), users(local.gateway_port(), 3);
  ASSERT_TRUE(load.wait_for(150));
  load.stop();
  users.stop();
  ASSERT_OK(local.get()->read(local.get()->self, 1, &window, &error));
  EXPECT_GT(window.start_us, first_start_us);
  const fc_function_metrics_t &a = window.metrics[0], &b = window.metrics[1];
  EXPECT_EQ(a.present, (1u << FC_FUNCTION_METRIC_COUNT) - 1);
  EXPECT_EQ(a.requests, static_cast<double>(load.answered()));
  EXPECT_EQ(a.failed + a.rejected, 0);
  EXPECT_NEAR(a.latency_p75_s, load.quantile_s(0.75), 0.2 * load.quantile_s(0.75) + 0.003);
  EXPECT_NEAR(a.latency_p95_s, load.quantile_s(0.95), 0.2 * load.quantile_s(0.95) + 0.005);
  const double cpu_s = a.cpu_utilization_pct / 100 * 2 * window.duration_s;
  EXPECT_GE(cpu_s, 0.0019 * a.requests) << "2 ms of CPU a request";
  EXPECT_LT(cpu_s, 0.010 * a.requests);
  EXPECT_GT(a.mem_utilization_pct, 0.1);
  EXPECT_LT(a.mem_utilization_pct, 50);
  EXPECT_GT(a.net_rx_bytes_per_s, 0);
  EXPECT_GT(a.mean_in_flight, 0.5);
  EXPECT_LE(a.mean_in_flight, 4);
  EXPECT_EQ(b.requests, 0);
  EXPECT_EQ(b.present & (FC_METRIC_BIT(LATENCY_P75) | FC_METRIC_BIT(LATENCY_P95)), 0u) << "absent, not zero";
  EXPECT_EQ(window.outcome.successes, users.answered());
  EXPECT_EQ(window.outcome.failures, 0);
  EXPECT_NEAR(window.outcome.latency_mean_s, 0.031, 0.02);
  EXPECT_NEAR(window.load.arrival_rate_per_s * window.duration_s, static_cast<double>(users.answered()), 0.5);
  EXPECT_GT(window.load.mean_in_flight, 0.3);
  EXPECT_LE(window.load.mean_in_flight, 3);
  EXPECT_EQ(text_of(window.configuration[0]), "300 m, 128 MiB, 2 x, 4");
  fc_observation_clear(&window);
}

TEST(Local, RejectedAndUnfinishedWorkflowsAreSeenAtTheGateway) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local;
  fc_error_t error = {};
  ASSERT_OK(local.discover(&error));
  fc_observation_t window;
  ASSERT_EQ(fc_observation_init(&window, 2), FC_OK);
  const auto read = [&] { return local.get()->read(local.get()->self, 0, &window, &error); };
  const auto orchestrator = [&](const char *wait_ms, const char *status) {
    return Process(
        {program("local_test_function"), std::to_string(local.orchestrator_port()), "0", wait_ms, "0", "0", status});
  };
  {
    Process rejecting = orchestrator("0", "429");
    ASSERT_TRUE(local.becomes([&] { return http_get(local.gateway_port(), "/") == 429; }));
  }
  ASSERT_OK(read());
  EXPECT_NE(window.outcome.present & FC_OUTCOME_HAS_REJECTED, 0u);
  EXPECT_EQ(window.outcome.rejected, 1);
  EXPECT_EQ(window.outcome.unfinished, 0);
  Process slow = orchestrator("1000", "200");
  ASSERT_TRUE(local.becomes([&] { return http_get(local.gateway_port(), "/health") == 200; }));
  HttpLoad users(local.gateway_port(), 3);
  EXPECT_TRUE(local.becomes([&] { return read() == FC_OK && window.outcome.unfinished == 3; }));
  EXPECT_NE(window.outcome.present & FC_OUTCOME_HAS_UNFINISHED, 0u);
  users.stop();
  ASSERT_OK(read());
  EXPECT_EQ(window.outcome.unfinished, 0);
  fc_observation_clear(&window);
}

void connect_and_leave(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(connect(client, reinterpret_cast<const sockaddr *>(&address), sizeof address), 0);
  close(client);
}

// Monitors and browsers connect and say nothing: nobody asked for anything, so that nothing failed.
TEST(Local, ConnectionsWithoutARequestAreNoFailures) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local;
  fc_error_t error = {};
  fc_observation_t observation = {};
  ASSERT_OK(local.discover(&error));
  ASSERT_EQ(FC_OK, fc_observation_init(&observation, 2));
  for (int i = 0; i < 20; ++i) connect_and_leave(local.port(0));
  EXPECT_EQ(http_get(local.port(0), "/"), 200);
  ASSERT_OK(local.get()->read(local.get()->self, 0, &observation, &error));
  EXPECT_EQ(observation.metrics[0].requests, 1);
  EXPECT_EQ(observation.metrics[0].failed, 0);
  fc_observation_clear(&observation);
}

TEST(Local, PlansAndValidatesWithoutWriting) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local;
  fc_error_t error = {};
  Knobs knobs;
  EXPECT_EQ(local.get()->read_back(local.get()->self, 0, &knobs, &error), FC_ESTATE) << "before discover";
  ASSERT_OK(local.discover(&error));
  const auto groups = local.groups();
  platform_step_t step = {0, PLATFORM_CHANGE_NONE, {200, 128, 2, 2}, {100, 256, 2, 5}};
  ASSERT_OK(local.get()->plan(local.get()->self, &step, &error));
  EXPECT_EQ(step.change, PLATFORM_CHANGE_IN_PLACE);
  step.to.replicas = 3;
  ASSERT_OK(local.get()->plan(local.get()->self, &step, &error));
  EXPECT_EQ(step.change, PLATFORM_CHANGE_SCALE);
  step.to = step.from;
  ASSERT_OK(local.get()->plan(local.get()->self, &step, &error));
  EXPECT_EQ(step.change, PLATFORM_CHANGE_NONE);
  Knobs all[2] = {{200, 128, 2, 2}, {200, 128, 2, 2}};
  ASSERT_OK(local.get()->validate(local.get()->self, all, &error));
  all[1].cpu_millicores = 5;
  EXPECT_EQ(local.get()->validate(local.get()->self, all, &error), FC_EINVAL);
  EXPECT_THAT(error.message, HasSubstr("cpu_millicores of function b is 5"));
  all[1] = {200, 1 << 20, 64, 2};
  EXPECT_NE(local.get()->validate(local.get()->self, all, &error), FC_OK);
  EXPECT_EQ(local.groups(), groups);
  EXPECT_EQ(text_of(local.read_back(0)), "200 m, 128 MiB, 2 x, 2");
}
}  // namespace
