// tests eval/live: measuring on the platform of an agent.yaml, here the simulated one in virtual time.
#include <cmath>
#include <csignal>
#include <memory>

#include "fake_platform.h"
#include "support.h"

extern "C" {
#include "agent.h"
#include "folder.h"
#include "live.h"
}

namespace {

class Live : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow_, &error));
    ASSERT_OK(fc_observation_init(&seen_, workflow_->n_functions));
    for (int f = 0; f < workflow_->n_functions; ++f) start_.push_back(workflow_->functions[f].start);
  }
  void TearDown() override {
    live_close(&live_);
    settings_clear(&settings_);
    fc_observation_clear(&seen_);
    fc_workflow_destroy(&workflow_);
  }
  std::string state() const { return folder_.path("state"); }
  fc_status_t open(const std::string &mode = "auto", const std::string &more = "") {
    const std::string yaml = "agent: live\nworkflow: parallel\nstate: '" + state() + "'\nmode: " + mode +
                             "\nplatform: {kind: sim, users: 10}\n" + more;
    const fc_status_t status = settings_parse(yaml.data(), yaml.size(), "agent.yaml", &settings_, &error);
    if (status != FC_OK) return status;
    const live_options_t options = {&settings_, workflow_, nullptr, 1, &interrupted_};
    return live_open(&options, &live_, &error);
  }
  fc_status_t window(const std::vector<fc_function_configuration_t> &configuration) {
    return live_window(live_, configuration.data(), &seen_, &error);
  }
  fc_error_t error = {};
  fc_test::TemporaryFolder folder_;
  fc_workflow_t *workflow_ = nullptr;
  settings_t settings_ = {};
  volatile sig_atomic_t interrupted_ = 0;
  live_t *live_ = nullptr;
  fc_observation_t seen_ = {};
  std::vector<fc_function_configuration_t> start_;
};

TEST_F(Live, MeasuresTheConfigurationThatWasAskedFor) {
  ASSERT_OK(open());
  auto large = start_;
  for (auto &f : large) f = {2000, 2048, 8, 10};
  ASSERT_OK(window(start_));
  const double latency_start = seen_.outcome.latency_mean_s;
  EXPECT_EQ(seen_.window, 0);
  ASSERT_OK(window(large));
  EXPECT_EQ(seen_.window, 1);
  EXPECT_EQ(seen_.configuration[0].cpu_millicores, 2000);
  EXPECT_EQ(seen_.configuration[5].replicas, 8);
  EXPECT_LT(seen_.outcome.latency_mean_s, latency_start);
  const int64_t second_us = seen_.start_us;
  ASSERT_OK(window(large));
  EXPECT_GT(seen_.start_us, second_us) << "a window of its own";
  ASSERT_OK(live_restore(live_, &error));
  ASSERT_OK(window(start_));
  EXPECT_EQ(seen_.configuration[0].cpu_millicores, 1300);
}

TEST_F(Live, WritesNothingOutsideTheLimits) {
  ASSERT_OK(open("auto", "safety: {limits: {'*': {replicas: [3, 6]}}}\n"));
  auto wide = start_;
  wide[2].replicas = 7;
  EXPECT_EQ(FC_EUNSAFE, window(wide));
  EXPECT_NE(std::string(error.message).find("replicas of function"), std::string::npos) << error.message;
  ASSERT_OK(window(start_));
  EXPECT_EQ(seen_.configuration[2].replicas, start_[2].replicas);
}

TEST_F(Live, IsRefusedInModesThatNeverWrite) {
  for (const char *mode : {"observe", "recommend"}) {
    EXPECT_EQ(FC_EUNSAFE, open(mode));
    EXPECT_EQ(live_, nullptr);
    EXPECT_NE(std::string(error.message).find("mode: auto"), std::string::npos) << error.message;
    settings_clear(&settings_);
  }
}

TEST_F(Live, IsRefusedWhileAnAgentHoldsTheStateFolder) {
  folder_t held;
  ASSERT_OK(folder_open(state().c_str(), &held, &error));
  EXPECT_EQ(FC_EEXISTS, open());
  folder_close(&held);
  settings_clear(&settings_);
  ASSERT_OK(open());
}

TEST_F(Live, TheKillSwitchHoldsHere) {
  ASSERT_OK(open());
  ASSERT_OK(window(start_));
  fc_test::write_file(state() + "/kill", "");
  auto other = start_;
  other[0].replicas += 1;
  EXPECT_EQ(FC_ESTATE, window(other)) << "no refusal by the platform";
  EXPECT_NE(std::string(error.message).find("the kill switch is on"), std::string::npos) << error.message;
  EXPECT_EQ(FC_ESTATE, live_check(live_, &error));
  ASSERT_OK(window(start_)) << "what is in force may still be measured";
  std::remove((state() + "/kill").c_str());
  fc_test::write_file(state() + "/pause", "");
  EXPECT_EQ(FC_ESTATE, window(other));
  EXPECT_NE(std::string(error.message).find("paused by the operator"), std::string::npos) << error.message;
}

TEST_F(Live, EndsWhenInterrupted) {
  ASSERT_OK(open());
  interrupted_ = 1;
  EXPECT_EQ(FC_ECLOSED, window(start_));
}

// On a platform whose faults the test controls.
class LiveFault : public ::testing::Test {
 protected:
  void TearDown() override {
    live_close(&live_);
    settings_clear(&settings_);
    fc_observation_clear(&seen_);
  }
  void SetUp() override { ASSERT_OK(fc_observation_init(&seen_, workflow_->n_functions)); }
  std::string state() const { return folder_.path("state"); }
  void read_settings(const std::string &more) {
    const std::string yaml = "agent: live\nworkflow: parallel\nstate: '" + state() +
                             "'\nmode: auto\nplatform: {kind: sim, users: 10}\n" + more;
    settings_clear(&settings_);
    ASSERT_OK(settings_parse(yaml.data(), yaml.size(), "agent.yaml", &settings_, &error));
  }
  void open(const std::string &more = "") {
    read_settings(more);
    const live_options_t options = {&settings_, workflow_.get(), nullptr, 1, nullptr};
    platform_t platform = *fake_.get();
    ASSERT_OK(live_open_on(&options, &platform, &live_, &error));
  }
  fc_status_t window(const fc_test::Configuration &configuration) {
    return live_window(live_, configuration.data(), &seen_, &error);
  }
  bool has_trial() const { return !fc_test::read_file(state() + "/trial.json").empty(); }
  fc_error_t error = {};
  fc_test::TemporaryFolder folder_;
  fc_test::Workflow workflow_;
  fc_test::FakePlatform fake_{workflow_};
  settings_t settings_ = {};
  live_t *live_ = nullptr;
  fc_observation_t seen_ = {};
  const fc_test::Configuration start_ = workflow_.start(), good_ = workflow_.at(0.6), bad_ = workflow_.at(0.1);
};

TEST_F(LiveFault, AConfigurationThatCannotBeWrittenIsRefusedAndTakenBack) {
  open();
  ASSERT_OK(window(start_));
  ASSERT_OK(window(good_));
  fake_.before_write = [&](int64_t, const platform_step_t &step) {
    return platform_same(&step.to, &bad_[3]) && step.function == 3 ? FC_EIO : FC_OK;
  };
  EXPECT_EQ(FC_EUNSAFE, window(bad_));
  EXPECT_NE(std::string(error.message).find("the write was refused"), std::string::npos) << error.message;
  EXPECT_TRUE(fc_test::same(fake_.configuration, good_)) << fc_test::describe(fake_.configuration);
  ASSERT_OK(window(workflow_.at(0.8))) << "others go on";
}

// A function whose replicas are killed at the memory limit is down until it has its old memory again.
TEST_F(LiveFault, AFunctionThatIsDownIsWrittenBack) {
  open();
  ASSERT_OK(window(good_));
  fake_.after_write = [&](int64_t) {
    fake_.read_back_status = fake_.configuration[2].mem_mib < 800 ? FC_ESTATE : FC_OK;
  };
  auto small = good_;
  small[2].mem_mib = 700;
  EXPECT_EQ(FC_EUNSAFE, window(small)) << error.message;
  EXPECT_NE(std::string(error.message).find("could not be kept"), std::string::npos) << error.message;
  EXPECT_TRUE(fc_test::same(fake_.configuration, good_)) << fc_test::describe(fake_.configuration);
  ASSERT_OK(window(good_));
}

// It was verified, and only then everything went down.
TEST_F(LiveFault, AConfigurationThatDiesInItsWindowIsRefusedAndTakenBack) {
  open();
  ASSERT_OK(window(good_));
  fake_.measure = [&](int64_t, const fc_test::Configuration &now) {
    fc_test::Window shown;
    if (fc_test::same(now, bad_)) shown.status = fake_.read_back_status = FC_ESTATE;
    return shown;
  };
  fake_.after_write = [&](int64_t) {
    if (!fc_test::same(fake_.configuration, bad_)) fake_.read_back_status = FC_OK;
  };
  EXPECT_EQ(FC_EUNSAFE, window(bad_)) << error.message;
  EXPECT_NE(std::string(error.message).find("could not be kept"), std::string::npos) << error.message;
  EXPECT_TRUE(fc_test::same(fake_.configuration, good_)) << fc_test::describe(fake_.configuration);
  ASSERT_OK(window(good_));
}

TEST_F(LiveFault, WhatComesBackLaterIsWaitedFor) {
  open();
  ASSERT_OK(window(good_));
  int failures = 20;
  const int64_t first = fake_.writes;
  fake_.before_write = [&](int64_t number, const platform_step_t &) {
    return number > first && failures-- > 0 ? FC_EIO : FC_OK;
  };
  EXPECT_EQ(FC_EUNSAFE, window(bad_)) << error.message;
  EXPECT_NE(std::string(error.message).find("could not be kept"), std::string::npos) << error.message;
  EXPECT_LE(failures, 0);
  EXPECT_TRUE(fc_test::same(fake_.configuration, good_)) << fc_test::describe(fake_.configuration);
}

// Its replicas are started again only after a while: until then it must keep the memory it is given.
TEST_F(LiveFault, AFunctionThatComesUpLateIsNotGivenItsBadConfigurationAgain) {
  open();
  ASSERT_OK(window(start_));
  auto small = start_;
  small[2].mem_mib = 700;
  int64_t calls_up = 0;
  fake_.measure = [&](int64_t, const fc_test::Configuration &now) {
    fc_test::Window shown;
    shown.successes = now[2].mem_mib == 700 ? 0 : 28;
    if (fake_.in_windows.size() == 3) shown.status = fake_.read_back_status = FC_ESTATE;
    return shown;
  };
  fake_.after_write = [&](int64_t) { calls_up = fake_.configuration[2].mem_mib == 700 ? 0 : calls_up; };
  fake_.before_call = [&](int64_t) {
    if (fake_.read_back_status != FC_ESTATE) return;
    calls_up = fake_.configuration[2].mem_mib == 700 ? 0 : calls_up + 1;
    if (calls_up > 40) fake_.read_back_status = FC_OK;
  };
  ASSERT_OK(window(small)) << "no success, but measured";
  EXPECT_EQ(FC_EUNSAFE, window(small)) << error.message;
  EXPECT_NE(std::string(error.message).find("could not be kept"), std::string::npos) << error.message;
  EXPECT_TRUE(fc_test::same(fake_.configuration, start_)) << fc_test::describe(fake_.configuration);
}

// The last good one is good no longer, and the way back to it stays half done: then that of before is.
TEST_F(LiveFault, TheConfigurationOfBeforeIsTheLastResort) {
  open();
  ASSERT_OK(window(start_));
  ASSERT_OK(window(good_));
  bool dead = false;
  fake_.measure = [&](int64_t, const fc_test::Configuration &now) {
    fc_test::Window shown;
    dead = dead || fc_test::same(now, bad_);
    if (dead) shown.status = FC_ESTATE;
    return shown;
  };
  fake_.before_write = [&](int64_t, const platform_step_t &step) {
    const bool from_start = platform_same(&fake_.configuration[3], &start_[3]);
    const auto &value = platform_same(&step.to, &fake_.configuration[3]) ? step.from : step.to;
    return dead && step.function == 3 && !from_start && !platform_same(&value, &start_[3]) ? FC_EIO : FC_OK;
  };
  EXPECT_EQ(FC_EUNSAFE, window(bad_)) << error.message;
  EXPECT_NE(std::string(error.message).find("could not be kept"), std::string::npos) << error.message;
  EXPECT_TRUE(fc_test::same(fake_.configuration, start_)) << fc_test::describe(fake_.configuration);
  EXPECT_EQ("", fc_test::read_file(state() + "/journal.json"));
}

TEST_F(LiveFault, WhatNeverComesBackEndsTheMeasuring) {
  open();
  ASSERT_OK(window(good_));
  fake_.before_write = [&](int64_t, const platform_step_t &step) { return step.function == 1 ? FC_EIO : FC_OK; };
  fake_.deaf_function = 0;
  fake_.read_back_status = FC_EIO;
  EXPECT_EQ(FC_EIO, window(bad_));
  EXPECT_NE(std::string(error.message).find("does not come back"), std::string::npos) << error.message;
  EXPECT_EQ(FC_EIO, live_restore(live_, &error)) << "not silently";
  fake_.before_write = nullptr;
  fake_.deaf_function = -1;
  fake_.read_back_status = FC_OK;
  ASSERT_OK(live_restore(live_, &error));
  EXPECT_TRUE(fc_test::same(fake_.configuration, start_));
}

TEST_F(LiveFault, TheConfigurationOfBeforeHasNothingToGoBackTo) {
  open();
  fake_.measure = [](int64_t, const fc_test::Configuration &) {
    fc_test::Window shown;
    shown.status = FC_EIO;
    return shown;
  };
  EXPECT_EQ(FC_EIO, window(start_));
}

// The change is in force, and only the look at it failed: what is in force is not what was remembered.
TEST_F(LiveFault, RestoreDoesNotTrustWhatItRemembers) {
  open();
  auto other = start_;
  other[0].replicas += 1;
  bool fails = false;
  fake_.after_write = [&](int64_t) { fails = true; };
  fake_.before_call = [&](int64_t) { fake_.read_back_status = fails ? FC_EIO : FC_OK; };
  EXPECT_NE(FC_OK, window(other));
  fake_.after_write = nullptr;
  fake_.before_call = nullptr;
  fake_.read_back_status = FC_OK;
  ASSERT_OK(live_restore(live_, &error));
  EXPECT_TRUE(fc_test::same(fake_.configuration, start_)) << fc_test::describe(fake_.configuration);
}

TEST_F(LiveFault, TheKillSwitchForbidsARestoreAndSaysSo) {
  open();
  ASSERT_OK(window(good_));
  fc_test::write_file(state() + "/kill", "");
  EXPECT_EQ(FC_ESTATE, live_restore(live_, &error));
  EXPECT_NE(std::string(error.message).find("the kill switch is on"), std::string::npos) << error.message;
  EXPECT_TRUE(fc_test::same(fake_.configuration, good_)) << "nothing was written";
  std::remove((state() + "/kill").c_str());
  ASSERT_OK(live_restore(live_, &error));
  EXPECT_TRUE(fc_test::same(fake_.configuration, start_));
}

TEST_F(LiveFault, TheNextOpenPutsBackWhatAKilledOneLeft) {
  open();
  EXPECT_FALSE(has_trial());
  ASSERT_OK(window(good_));
  ASSERT_OK(window(bad_));
  EXPECT_TRUE(has_trial());
  live_close(&live_);
  open();
  EXPECT_TRUE(fc_test::same(fake_.configuration, start_)) << fc_test::describe(fake_.configuration);
  EXPECT_FALSE(has_trial());
  EXPECT_TRUE(platform_same(&live_before(live_)[0], &start_[0]));
}

TEST_F(LiveFault, SoDoesTheNextStartOfTheAgent) {
  open();
  ASSERT_OK(window(good_));
  live_close(&live_);
  folder_t folder;
  agent_t *agent = nullptr;
  ASSERT_OK(folder_open(state().c_str(), &folder, &error));
  agent_options_t options = {};
  options.settings = &settings_;
  options.workflow = workflow_.get();
  options.platform = fake_.get();
  options.folder = &folder;
  EXPECT_OK(agent_new(&options, &agent, &error));
  EXPECT_TRUE(fc_test::same(fake_.configuration, start_)) << fc_test::describe(fake_.configuration);
  EXPECT_FALSE(has_trial());
  agent_destroy(&agent);
  folder_close(&folder);
}

// Somebody else has set a function since: it stays.
TEST_F(LiveFault, WhatSomebodyElseSetSinceIsLeftAlone) {
  open();
  ASSERT_OK(window(good_));
  live_close(&live_);
  fake_.configuration[4].replicas = 3;
  auto expected = start_;
  expected[4] = fake_.configuration[4];
  ASSERT_FALSE(platform_same(&expected[4], &good_[4]));
  open();
  EXPECT_TRUE(fc_test::same(fake_.configuration, expected)) << fc_test::describe(fake_.configuration);
}

TEST_F(LiveFault, AFinishedProfileLeavesNothingToPutBack) {
  open();
  ASSERT_OK(window(good_));
  ASSERT_OK(live_restore(live_, &error));
  EXPECT_FALSE(has_trial());
}

// Settling and a first read are for changes: a configuration that asks for nothing of ours is in force.
TEST_F(LiveFault, FunctionsOfOthersAreNeitherWrittenNorWaitedFor) {
  fake_.virtual_time = false;
  open("functions: [" + std::string(workflow_->functions[1].name) + "]\n");
  auto asked = start_;
  for (auto &f : asked) f.replicas += 1;
  ASSERT_OK(window(asked));
  auto expected = start_;
  expected[1] = asked[1];
  EXPECT_TRUE(fc_test::same(fake_.configuration, expected)) << fc_test::describe(fake_.configuration);
  EXPECT_EQ(seen_.configuration[0].replicas, start_[0].replicas);
  live_keep_others(live_, asked.data());
  EXPECT_TRUE(fc_test::same(asked, expected));
  const size_t reads = fake_.in_windows.size();
  ASSERT_OK(window(asked));
  EXPECT_EQ(fake_.in_windows.size(), reads + 1) << "no first read that is thrown away";
}

}  // namespace
