// The agent on platform `local`: what it writes in which mode, and a change that is cut short anywhere.
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "local_platform.h"

extern "C" {
#include "act.h"
}

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::HasSubstr;
using testing::IsEmpty;

bool always(void *, const char **) {
  return true;
}

// The platform, and a process that dies before (2 n) or after (2 n + 1) its n-th apply.
struct Mortal {
  Mortal(platform_t *platform, int when) : real(platform), dies_at(when) {
    table.self = this;
    table.plan = [](void *self, platform_step_t *step, fc_error_t *error) {
      platform_t *p = static_cast<Mortal *>(self)->real;
      return p->plan(p->self, step, error);
    };
    table.read_back = [](void *self, int32_t function, Knobs *out, fc_error_t *error) {
      platform_t *p = static_cast<Mortal *>(self)->real;
      return p->read_back(p->self, function, out, error);
    };
    table.validate = [](void *self, const Knobs *configuration, fc_error_t *error) {
      platform_t *p = static_cast<Mortal *>(self)->real;
      return p->validate(p->self, configuration, error);
    };
    table.apply = [](void *self, const platform_step_t *step, fc_error_t *error) {
      auto *mortal = static_cast<Mortal *>(self);
      if (mortal->call * 2 == mortal->dies_at) raise(SIGKILL);
      const fc_status_t status = mortal->real->apply(mortal->real->self, step, error);
      if (mortal->call * 2 + 1 == mortal->dies_at) raise(SIGKILL);
      mortal->call += 1;
      return status;
    };
  }
  platform_t table = {};
  platform_t *real;
  int call = 0, dies_at;
};

struct Change {
  explicit Change(LocalPlatform *local) : local_(local) {}
  // From what is in force to {a grows, b shrinks}; dies on the way when told so.
  fc_status_t run(int dies_at, fc_error_t *error);
  // What a start of the agent does.
  fc_status_t recover(bool *settled, fc_error_t *error) {
    return with_act(local_->get(), error, [&](act_t *act) { return act_recover(act, settled, error); });
  }

 private:
  template <class Use>
  fc_status_t with_act(platform_t *platform, fc_error_t *error, Use use) {
    folder_t folder;
    act_t *act = nullptr;
    FC_TRY(folder_open(local_->state().c_str(), &folder, error));
    fc_status_t status =
        act_new(local_->workflow(), platform, &folder, AGENT_MODE_AUTO, {nullptr, always}, nullptr, &act, error);
    if (status == FC_OK) status = use(act);
    act_destroy(&act);
    folder_close(&folder);
    return status;
  }
  LocalPlatform *local_;
};

fc_status_t Change::run(int dies_at, fc_error_t *error) {
  Mortal mortal(local_->get(), dies_at);
  const Knobs to[2] = {{300, 128, 3, 4}, {100, 96, 1, 3}};
  return with_act(&mortal.table, error, [&](act_t *act) { return act_apply(act, 0, to, false, error); });
}

TEST(LocalAgent, AnAgentKilledAnywhereInAChangeLeavesOldOrNewAndTheNextRevertsIt) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  for (int dies_at = 0; dies_at < 4; ++dies_at) {
    LocalPlatform local;
    const pid_t child = fork();
    if (child == 0) {
      fc_error_t error = {};
      if (local.discover(&error) == FC_OK) (void)Change(&local).run(dies_at, &error);
      fprintf(stderr, "still alive: %s\n", error.message);
      _exit(1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_EQ(WTERMSIG(status), SIGKILL) << dies_at;
    EXPECT_EQ(http_get(local.port(0), "/"), 200);
    EXPECT_EQ(http_get(local.port(1), "/"), 200);
    fc_error_t error = {};
    ASSERT_OK(local.discover(&error));
    EXPECT_EQ(text_of(local.read_back(0)), dies_at < 1 ? "200 m, 128 MiB, 2 x, 2" : "300 m, 128 MiB, 3 x, 4");
    EXPECT_EQ(text_of(local.read_back(1)), dies_at < 3 ? "200 m, 128 MiB, 2 x, 2" : "100 m, 96 MiB, 1 x, 3");
    bool settled = false;
    ASSERT_OK(Change(&local).recover(&settled, &error));
    EXPECT_TRUE(settled);
    for (int f = 0; f < 2; ++f) EXPECT_EQ(text_of(local.read_back(f)), "200 m, 128 MiB, 2 x, 2") << dies_at;
  }
}

TEST(LocalAgent, AChangeThatIsNotCutShortIsVerified) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  LocalPlatform local;
  fc_error_t error = {};
  ASSERT_OK(local.discover(&error));
  ASSERT_OK(Change(&local).run(-1, &error));
  EXPECT_EQ(text_of(local.read_back(0)), "300 m, 128 MiB, 3 x, 4");
  EXPECT_EQ(text_of(local.read_back(1)), "100 m, 96 MiB, 1 x, 3");
}

TEST(LocalAgent, InObserveAndRecommendNothingIsWrittenAndTheEndRemovesEverything) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  for (const char *mode : {"observe", "recommend"}) {
    const LocalPlatform local;
    const TemporaryFolder folder;
    Process agent({program("faasconf-agent"), "--config", local.agent_file(folder, mode), "--progress"});
    ASSERT_NE(agent.wait_line("\"window\":0", 30), "") << agent.output();
    const std::string file = local.state() + "/local/haproxy.cfg", record = local.state() + "/local/record";
    const auto file_time = std::filesystem::last_write_time(file);
    const auto record_time = std::filesystem::last_write_time(record);
    EXPECT_EQ(http_get(local.port(0), "/"), 200);
    ASSERT_NE(agent.wait_line("\"window\":2", 30), "") << agent.output();
    EXPECT_EQ(std::filesystem::last_write_time(file), file_time);
    EXPECT_EQ(std::filesystem::last_write_time(record), record_time);
    agent.signal(SIGTERM);
    EXPECT_EQ(agent.wait_exit(30), 0) << agent.output();
    EXPECT_THAT(agent.output(), HasSubstr("\"writes\":0"));
    EXPECT_EQ(http_get(local.port(0), "/"), 0);
    EXPECT_FALSE(std::filesystem::exists(record));
  }
}

TEST(LocalAgent, AStartThatCannotBeIsToldAndNothingStays) {
  SKIP_WITHOUT_PLATFORM_LOCAL();
  const LocalPlatform local({"\"0\"", "haproxy: /nowhere/haproxy\n"});
  const TemporaryFolder folder;
  const Finished done = run({program("faasconf-agent"), "--config", local.agent_file(folder, "auto")});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.err, HasSubstr("needs HAProxy 2.6"));
  EXPECT_FALSE(std::filesystem::exists(local.state() + "/local/record"));
}
}  // namespace
