// tests agent/act.c and agent/journal.c: order, verification, taking back, and every way a change can be cut short.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "agent_fixture.h"

extern "C" {
#include "act.h"
}

namespace {
using fc_test::Configuration;
using fc_test::cost_of;
using fc_test::describe;
using fc_test::FakePlatform;
using fc_test::Folder;
using fc_test::same;
using fc_test::TemporaryFolder;
using fc_test::Workflow;

bool always(void *, const char **) {
  return true;
}
bool never(void *, const char **why) {
  *why = "told not to";
  return false;
}

struct Act {
  Act(const Workflow &workflow, FakePlatform &platform, Folder &folder, agent_mode_t mode = AGENT_MODE_AUTO,
      bool (*allows)(void *, const char **) = always) {
    if (act_new(workflow.get(), platform.get(), folder.get(), mode, {nullptr, allows}, nullptr, &get, &error) != FC_OK)
      throw std::runtime_error(error.message);
  }
  ~Act() { act_destroy(&get); }
  fc_status_t apply(const Configuration &to, bool completes = false) {
    error = {};
    return act_apply(get, 7, to.data(), completes, &error);
  }
  fc_status_t recover(bool *settled = nullptr) {
    error = {};
    bool unused = false;
    return act_recover(get, settled ? settled : &unused, &error);
  }
  act_t *get = nullptr;
  fc_error_t error = {};
};

// Functions 0 and 3 get dearer, 1 and 4 cheaper, 2 keeps its cost with other knobs, 5 stays.
Configuration mixed_target(const Workflow &workflow) {
  Configuration to = workflow.start();
  to[0].replicas += 2;
  to[1].cpu_millicores -= 400;
  to[2].concurrency += 1;
  to[3].mem_mib += 200;
  to[4].replicas -= 2;
  return to;
}

TEST(Act, WritesGrowingFunctionsBeforeShrinkingOnesAndLeavesTheRestAlone) {
  Workflow workflow;
  FakePlatform platform(workflow);
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  Act act(workflow, platform, folder);
  const Configuration to = mixed_target(workflow);
  ASSERT_EQ(FC_OK, act.apply(to)) << act.error.message;
  EXPECT_TRUE(same(platform.configuration, to)) << describe(platform.configuration);
  EXPECT_EQ(platform.written, (std::vector<int32_t>{0, 2, 3, 1, 4}));
  EXPECT_FALSE(std::filesystem::exists(temporary.path("journal.json")));
  EXPECT_EQ(act_counters(act.get)->changes, 1);
}

TEST(Act, DoesNothingWhenNothingChanges) {
  Workflow workflow;
  FakePlatform platform(workflow);
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  Act act(workflow, platform, folder);
  EXPECT_EQ(FC_OK, act.apply(workflow.start()));
  EXPECT_EQ(platform.writes, 0);
}

TEST(Act, NeverWritesInObserveAndRecommend) {
  Workflow workflow;
  for (const agent_mode_t mode : {AGENT_MODE_OBSERVE, AGENT_MODE_RECOMMEND}) {
    FakePlatform platform(workflow);
    TemporaryFolder temporary;
    Folder folder(temporary.path());
    Act act(workflow, platform, folder, mode);
    EXPECT_EQ(FC_EUNSAFE, act.apply(workflow.at(1)));
    EXPECT_EQ(FC_EUNSAFE, act.apply(workflow.at(1), true));
    EXPECT_EQ(platform.writes, 0);
    EXPECT_EQ(act_counters(act.get)->refused, 2);
    EXPECT_FALSE(std::filesystem::exists(temporary.path("journal.json")));
  }
}

TEST(Act, NeverWritesWithoutPermission) {
  Workflow workflow;
  FakePlatform platform(workflow);
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  Act act(workflow, platform, folder, AGENT_MODE_AUTO, never);
  EXPECT_EQ(FC_EUNSAFE, act.apply(workflow.at(1)));
  EXPECT_NE(std::string(act.error.message).find("told not to"), std::string::npos);
  EXPECT_EQ(platform.writes, 0);
}

TEST(Act, TakesTheChangeBackWhenAnyWriteFails) {
  Workflow workflow;
  const Configuration to = mixed_target(workflow);
  for (int64_t failing = 0; failing < 5; ++failing) {
    FakePlatform platform(workflow);
    TemporaryFolder temporary;
    Folder folder(temporary.path());
    Act act(workflow, platform, folder);
    platform.before_write = [&](int64_t number, const platform_step_t &) { return number == failing ? FC_EIO : FC_OK; };
    EXPECT_EQ(FC_EIO, act.apply(to)) << failing;
    EXPECT_TRUE(same(platform.configuration, workflow.start())) << failing << ": " << describe(platform.configuration);
    EXPECT_FALSE(std::filesystem::exists(temporary.path("journal.json")));
    EXPECT_EQ(act_counters(act.get)->failures, 1);
    platform.before_write = nullptr;
    EXPECT_EQ(FC_OK, act.apply(to)) << "the next change goes through";
  }
}

TEST(Act, AWriteThatReadsBackAsSomethingElseIsTakenBack) {
  Workflow workflow;
  FakePlatform platform(workflow);
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  Act act(workflow, platform, folder);
  platform.deaf_function = 3;
  EXPECT_EQ(FC_EIO, act.apply(mixed_target(workflow)));
  EXPECT_NE(std::string(act.error.message).find(workflow->functions[3].name), std::string::npos) << act.error.message;
  EXPECT_TRUE(same(platform.configuration, workflow.start()));
}

TEST(Act, AChangeThatCannotBeTakenBackStaysInTheJournalAndIsSettledFirst) {
  Workflow workflow;
  FakePlatform platform(workflow);
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  Act act(workflow, platform, folder);
  platform.before_write = [&](int64_t number, const platform_step_t &) { return number >= 2 ? FC_EIO : FC_OK; };
  EXPECT_EQ(FC_EIO, act.apply(mixed_target(workflow)));
  EXPECT_TRUE(std::filesystem::exists(temporary.path("journal.json")));
  EXPECT_EQ(FC_ESTATE, act.apply(workflow.at(1)));
  platform.before_write = nullptr;
  EXPECT_EQ(FC_OK, act.apply(workflow.at(1))) << act.error.message;
  EXPECT_TRUE(same(platform.configuration, workflow.at(1)));
  EXPECT_FALSE(std::filesystem::exists(temporary.path("journal.json")));
}

// Runs the change in a child that dies at call number `fatal`; the platform's state is shared memory and survives.
struct Cut {
  bool died;
  Configuration left;
};
Cut cut_short(const Workflow &workflow, const std::string &state, const Configuration &from, const Configuration &to,
              bool completes, int64_t fatal) {
  const size_t bytes = from.size() * sizeof(fc_function_configuration_t);
  void *shared = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  std::memcpy(shared, from.data(), bytes);
  const pid_t child = fork();
  if (child == 0) {
    FakePlatform platform(workflow);
    platform.configuration = from;
    platform.after_write = [&](int64_t) { std::memcpy(shared, platform.configuration.data(), bytes); };
    platform.before_call = [&](int64_t number) {
      if (number == fatal) _exit(9);
    };
    Folder folder(state);
    Act act(workflow, platform, folder);
    const bool ok = act.apply(to, completes) == FC_OK;
    _exit(ok ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  Cut cut;
  cut.died = WIFEXITED(status) && WEXITSTATUS(status) == 9;
  EXPECT_TRUE(cut.died || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) << status;
  cut.left.assign(static_cast<fc_function_configuration_t *>(shared),
                  static_cast<fc_function_configuration_t *>(shared) + from.size());
  munmap(shared, bytes);
  return cut;
}

void check_every_cut(bool completes, const Configuration &from, const Configuration &to, const Workflow &workflow) {
  const double least = std::min(cost_of(workflow.get(), from), cost_of(workflow.get(), to));
  int64_t fatal = 0;
  int cuts = 0;
  for (bool died = true; died; ++fatal) {
    ASSERT_LT(fatal, 200);
    TemporaryFolder temporary;
    const Cut cut = cut_short(workflow, temporary.path(), from, to, completes, fatal);
    died = cut.died;
    cuts += died;
    // Per function the old or the new one, and in total at least the smaller of both costs.
    for (size_t f = 0; f < from.size(); ++f)
      EXPECT_TRUE(platform_same(&cut.left[f], &from[f]) || platform_same(&cut.left[f], &to[f])) << fatal << " " << f;
    EXPECT_GE(cost_of(workflow.get(), cut.left), least - 1e-12) << "cut at call " << fatal;
    // The next start settles it, whatever the cut left.
    FakePlatform platform(workflow);
    platform.configuration = cut.left;
    double lowest = 1e9;
    platform.after_write = [&](int64_t) { lowest = std::min(lowest, cost_of(workflow.get(), platform.configuration)); };
    Folder folder(temporary.path());
    Act act(workflow, platform, folder);
    const bool pending = std::filesystem::exists(temporary.path("journal.json"));
    bool settled = false;
    ASSERT_EQ(FC_OK, act.recover(&settled)) << act.error.message;
    EXPECT_EQ(settled, pending);
    EXPECT_FALSE(std::filesystem::exists(temporary.path("journal.json")));
    const Configuration &expected = !pending ? cut.left : completes ? to : from;
    EXPECT_TRUE(same(platform.configuration, expected)) << fatal << ": " << describe(platform.configuration);
    EXPECT_TRUE(same(platform.configuration, from) || same(platform.configuration, to));
    EXPECT_GE(lowest, least - 1e-12) << "while settling a cut at call " << fatal;
  }
  EXPECT_GE(cuts, 15) << "every call of the change was a cut";
}

TEST(Act, AKillAtEveryStepOfAMixedChangeLeavesOldOrNewAndIsReverted) {
  Workflow workflow;
  check_every_cut(false, workflow.start(), mixed_target(workflow), workflow);
}

TEST(Act, AKillAtEveryStepOfARestoreLeavesOldOrNewAndIsCompleted) {
  Workflow workflow;
  check_every_cut(true, mixed_target(workflow), workflow.start(), workflow);
}

TEST(Act, AKillWhileSettlingIsSettledByTheNextStart) {
  Workflow workflow;
  TemporaryFolder temporary;
  const Configuration from = workflow.start(), to = mixed_target(workflow);
  Configuration left = cut_short(workflow, temporary.path(), from, to, false, 16).left;
  ASSERT_TRUE(std::filesystem::exists(temporary.path("journal.json")));
  for (int64_t failing = 0; failing < 3; ++failing) {
    FakePlatform platform(workflow);
    platform.configuration = left;
    platform.before_write = [&](int64_t number, const platform_step_t &) { return number == failing ? FC_EIO : FC_OK; };
    Folder folder(temporary.path());
    Act act(workflow, platform, folder);
    if (act.recover() == FC_OK) {
      left = platform.configuration;
      break;
    }
    left = platform.configuration;
  }
  FakePlatform platform(workflow);
  platform.configuration = left;
  Folder folder(temporary.path());
  Act act(workflow, platform, folder);
  ASSERT_EQ(FC_OK, act.recover());
  EXPECT_TRUE(same(platform.configuration, from));
}

TEST(Act, RecoveryLeavesAloneWhatSomebodyElseChanged) {
  Workflow workflow;
  TemporaryFolder temporary;
  const Configuration from = workflow.start(), to = mixed_target(workflow);
  Configuration left = cut_short(workflow, temporary.path(), from, to, false, 16).left;
  left[0].replicas = 8;  // neither old nor new: an operator was here
  left[0].cpu_millicores = 1999;
  FakePlatform platform(workflow);
  platform.configuration = left;
  Folder folder(temporary.path());
  Act act(workflow, platform, folder);
  ASSERT_EQ(FC_OK, act.recover());
  EXPECT_TRUE(platform_same(&platform.configuration[0], &left[0]));
  for (size_t f = 1; f < from.size(); ++f) EXPECT_TRUE(platform_same(&platform.configuration[f], &from[f])) << f;
}

TEST(Act, RecoveryWritesNothingWhenItMayNot) {
  Workflow workflow;
  TemporaryFolder temporary;
  const Configuration left =
      cut_short(workflow, temporary.path(), workflow.start(), mixed_target(workflow), false, 16).left;
  for (const agent_mode_t mode : {AGENT_MODE_RECOMMEND, AGENT_MODE_AUTO}) {
    FakePlatform platform(workflow);
    platform.configuration = left;
    Folder folder(temporary.path());
    Act act(workflow, platform, folder, mode, never);
    EXPECT_EQ(FC_EUNSAFE, act.recover());
    EXPECT_EQ(platform.writes, 0);
  }
  EXPECT_TRUE(std::filesystem::exists(temporary.path("journal.json")));
}

TEST(Act, ADamagedJournalIsRefusedNotGuessed) {
  Workflow workflow;
  TemporaryFolder temporary;
  FakePlatform platform(workflow);
  for (const char *text : {"", "{", "{\"workflow\":\"parallel\"}", "{\"workflow\":\"other\",\"window\":1}"}) {
    Folder folder(temporary.path());
    fc_test::write_file(temporary.path("journal.json"), text);
    Act act(workflow, platform, folder);
    EXPECT_NE(FC_OK, act.recover()) << text;
    EXPECT_NE(std::string(act.error.message).find("journal.json"), std::string::npos) << act.error.message;
  }
  EXPECT_EQ(platform.writes, 0);
}

// The write went through, nothing is up since, and the first attempts to take it back fail.
TEST(Act, ARestoreWritesOverAHalfDoneChangeOfAFunctionOfWhichNothingIsUp) {
  Workflow workflow;
  FakePlatform platform(workflow);
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  Act act(workflow, platform, folder);
  ASSERT_EQ(FC_OK, act.apply(workflow.at(0.8))) << act.error.message;
  Configuration small = workflow.at(0.8);
  small[2].mem_mib = 300;
  int refusals = 3;
  platform.before_write = [&](int64_t, const platform_step_t &) {
    return platform.configuration[2].mem_mib == 300 && refusals-- > 0 ? FC_EIO : FC_OK;
  };
  platform.after_write = [&](int64_t) {
    platform.read_back_status = platform.configuration[2].mem_mib == 300 ? FC_ESTATE : FC_OK;
  };
  EXPECT_EQ(FC_EIO, act.apply(small));
  EXPECT_TRUE(std::filesystem::exists(temporary.path("journal.json")));
  for (int i = 0; i < 3 && act.apply(workflow.at(0.8), true) != FC_OK; ++i) continue;
  EXPECT_TRUE(same(platform.configuration, workflow.at(0.8))) << describe(platform.configuration);
  EXPECT_FALSE(std::filesystem::exists(temporary.path("journal.json")));
}

// As platform local does while every replica is being killed at its memory limit.
TEST(Act, AFunctionOfWhichNothingIsUpCanBeWrittenOverOnceItWasKnown) {
  Workflow workflow;
  FakePlatform platform(workflow);
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  Act act(workflow, platform, folder);
  ASSERT_EQ(FC_OK, act.apply(workflow.at(0.2))) << act.error.message;
  platform.read_back_status = FC_ESTATE;
  platform.after_write = [&](int64_t) { platform.read_back_status = FC_OK; };
  ASSERT_EQ(FC_OK, act.apply(workflow.at(0.8), true)) << act.error.message;
  EXPECT_TRUE(same(platform.configuration, workflow.at(0.8))) << describe(platform.configuration);
  platform.read_back_status = FC_EIO;
  EXPECT_EQ(FC_EIO, act.apply(workflow.at(0.2))) << "nobody knows why it does not answer";
  EXPECT_TRUE(same(platform.configuration, workflow.at(0.8)));
}

}  // namespace
