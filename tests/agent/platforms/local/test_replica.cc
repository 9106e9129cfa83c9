// tests agent/platforms/local/spawn.c, health.c, replica.c: real processes without control groups, an injected clock.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "support.h"

extern "C" {
#include "health.h"
#include "replica.h"
}

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::HasSubstr;

constexpr int64_t S = 1000000000;
const cgroup_t NO_GROUP = {};

struct Program {
  explicit Program(std::vector<std::string> words) : words_(std::move(words)) {
    for (const auto &word : words_) pointers_.push_back(word.c_str());
    program = {pointers_.data(), static_cast<int32_t>(pointers_.size()), nullptr, 10, 1, 4, nullptr, 0};
  }
  Program(const Program &) = delete;
  replica_program_t program = {};
  const replica_program_t *get() const { return &program; }

 private:
  std::vector<std::string> words_;
  std::vector<const char *> pointers_;
};

// A replica that is stopped when the object goes.
struct Replica {
  Replica() { replica_init(&replica, "r1", &NO_GROUP); }
  ~Replica() { replica_stop(&replica, 0); }
  Replica(const Replica &) = delete;
  replica_t *operator->() { return &replica; }
  replica_t *get() { return &replica; }
  // Steps until the state is another one: its processes need real time.
  replica_state_t next(const Program &function, int64_t now_ns) {
    for (int i = 0; i < 3000; ++i) {
      if (replica_step(&replica, function.get(), now_ns)) return replica.state;
      usleep(1000);
    }
    return replica.state;
  }
  replica_t replica = {};
};

bool is_alive(pid_t pid) {
  return pid > 0 && kill(pid, 0) == 0;
}

TEST(Spawn, AMissingProgramIsToldAtOnce) {
  char name[] = "/nowhere/no-such-program";
  char *argv[] = {name, nullptr};
  const spawn_t spawn = {argv, nullptr, nullptr};
  spawn_process_t process;
  fc_error_t error = {};
  EXPECT_EQ(spawn_start(&spawn, &process, &error), FC_ENOTFOUND);
  EXPECT_THAT(error.message, HasSubstr("/nowhere/no-such-program"));
  EXPECT_EQ(process.pid, 0);
}

TEST(Spawn, ItsOutputIsAppendedAndItsEndIsTold) {
  TemporaryFolder folder;
  const std::string output = folder.path("out");
  char shell[] = "sh", option[] = "-c", script[] = "echo one; echo two >&2; exit 3";
  char *argv[] = {shell, option, script, nullptr};
  const spawn_t spawn = {argv, nullptr, output.c_str()};
  spawn_process_t process;
  fc_error_t error = {};
  ASSERT_OK(spawn_start(&spawn, &process, &error));
  char how[64];
  ASSERT_TRUE(spawn_has_ended(&process, 10000, how, sizeof how));
  EXPECT_STREQ(how, "exit code 3");
  EXPECT_EQ(read_file(output), "one\ntwo\n");
  EXPECT_FALSE(spawn_has_ended(&process, 0, how, sizeof how)) << "told once";
}

TEST(Spawn, AProcessThatIgnoresSigtermIsKilledAfterItsGrace) {
  TemporaryFolder folder;
  const std::string output = folder.path("out");
  char shell[] = "sh", option[] = "-c", script[] = "trap '' TERM; echo ready; while :; do sleep 0.05; done";
  char *argv[] = {shell, option, script, nullptr};
  const spawn_t spawn = {argv, nullptr, output.c_str()};
  spawn_process_t process;
  fc_error_t error = {};
  ASSERT_OK(spawn_start(&spawn, &process, &error));
  for (int i = 0; i < 5000 && !std::ifstream(output).good(); ++i) usleep(1000);
  for (int i = 0; i < 5000 && read_file(output).empty(); ++i) usleep(1000);
  const pid_t pid = process.pid;
  spawn_stop(&process, 0.02);
  EXPECT_FALSE(is_alive(pid));
  EXPECT_EQ(process.pid, 0);
}

TEST(Health, OnlyAPortThatAnswers200IsGood) {
  const int32_t port = health_free_port(nullptr, 0);
  ASSERT_GT(port, 0);
  EXPECT_FALSE(health_is_good(port, 100)) << "nobody listens";
}

TEST(Health, AFreePortIsNoneThatIsReserved) {
  std::vector<int32_t> odd;
  for (int32_t port = 1; port < 65536; port += 2) odd.push_back(port);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(health_free_port(odd.data(), static_cast<int32_t>(odd.size())) % 2, 0) << "a replica would be in the way";
}

TEST(Replica, TakesNoPortThatIsReserved) {
  Program function({program("local_test_function"), "{port}"});
  std::vector<int32_t> odd;
  for (int32_t port = 1; port < 65536; port += 2) odd.push_back(port);
  function.program.reserved_ports = odd.data();
  function.program.n_reserved_ports = static_cast<int32_t>(odd.size());
  for (int i = 0; i < 8; ++i) {
    Replica replica;
    fc_error_t error = {};
    ASSERT_OK(replica_start(replica.get(), function.get(), 0, &error));
    EXPECT_EQ(replica->port % 2, 0);
    replica_stop(replica.get(), 5);
  }
}

TEST(Replica, ServesOnceHealthAnswers) {
  Program function({program("local_test_function"), "{port}", "0", "0", "30"});
  Replica replica;
  fc_error_t error = {};
  ASSERT_OK(replica_start(replica.get(), function.get(), 0, &error));
  EXPECT_EQ(replica->state, REPLICA_STARTING);
  EXPECT_EQ(replica.next(function, 0), REPLICA_SERVING);
  EXPECT_TRUE(health_is_good(replica->port, 1000));
  const pid_t pid = replica->process.pid;
  replica_stop(replica.get(), 5);
  EXPECT_EQ(replica->state, REPLICA_OFF);
  EXPECT_FALSE(is_alive(pid));
}

TEST(Replica, ACrashIsSeenAndItIsStartedAgainOnItsPortAfterTheBackOff) {
  Program function({program("local_test_function"), "{port}"});
  Replica replica;
  fc_error_t error = {};
  ASSERT_OK(replica_start(replica.get(), function.get(), 0, &error));
  ASSERT_EQ(replica.next(function, 0), REPLICA_SERVING);
  const int32_t port = replica->port;
  kill(replica->process.pid, SIGKILL);
  EXPECT_EQ(replica.next(function, 10 * S), REPLICA_WAITING);
  EXPECT_STREQ(replica->why, "signal 9");
  EXPECT_EQ(replica->again_ns, 11 * S);
  EXPECT_FALSE(replica_step(replica.get(), function.get(), 11 * S - 1));
  EXPECT_EQ(replica.next(function, 11 * S), REPLICA_STARTING);
  EXPECT_EQ(replica.next(function, 11 * S), REPLICA_SERVING);
  EXPECT_EQ(replica->port, port);
  EXPECT_EQ(replica->crashes, 1);
}

TEST(Replica, BackOffDoublesUpToItsLimitAndServingLongEndsIt) {
  Program function({"sh", "-c", "exit 1"});
  Replica replica;
  fc_error_t error = {};
  int64_t now = 0;
  ASSERT_OK(replica_start(replica.get(), function.get(), now, &error));
  const int32_t first_port = replica->port;
  for (const int64_t wait : {1, 2, 4, 4}) {
    ASSERT_EQ(replica.next(function, now), REPLICA_WAITING);
    EXPECT_EQ(replica->again_ns - now, wait * S);
    if (wait > 1) {
      EXPECT_NE(replica->port, first_port) << "somebody else may have taken the port";
    }
    now = replica->again_ns;
    ASSERT_EQ(replica.next(function, now), REPLICA_STARTING);
  }
  replica_stop(replica.get(), 0);
  Program good({program("local_test_function"), "{port}"});
  ASSERT_OK(replica_start(replica.get(), good.get(), now, &error));
  ASSERT_EQ(replica.next(good, now), REPLICA_SERVING);
  EXPECT_GT(replica->failures, 0);
  EXPECT_FALSE(replica_step(replica.get(), good.get(), now + 4 * S));
  EXPECT_EQ(replica->failures, 0);
}

TEST(Replica, OneThatNeverAnswersHealthIsKilled) {
  Program function({"sleep", "1000"});
  Replica replica;
  fc_error_t error = {};
  ASSERT_OK(replica_start(replica.get(), function.get(), 0, &error));
  const pid_t pid = replica->process.pid;
  EXPECT_FALSE(replica_step(replica.get(), function.get(), 10 * S - 1));
  EXPECT_TRUE(replica_step(replica.get(), function.get(), 10 * S));
  EXPECT_EQ(replica->state, REPLICA_WAITING);
  EXPECT_THAT(replica->why, HasSubstr("/health"));
  EXPECT_FALSE(is_alive(pid));
}

TEST(Replica, AnArgumentThatIsTooLongIsRefused) {
  Program function({"sh", std::string(REPLICA_TEXT_SIZE, 'x')});
  Replica replica;
  fc_error_t error = {};
  EXPECT_EQ(replica_start(replica.get(), function.get(), 0, &error), FC_EINVAL);
  EXPECT_EQ(replica->state, REPLICA_OFF);
}
}  // namespace
