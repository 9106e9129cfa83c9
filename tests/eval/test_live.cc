// tests eval/live: measuring on the platform of an agent.yaml, here the simulated one in virtual time.
#include <cmath>
#include <csignal>
#include <memory>

#include "support.h"

extern "C" {
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
  EXPECT_EQ(FC_EUNSAFE, window(other));
  ASSERT_OK(window(start_)) << "what is in force may still be measured";
}

TEST_F(Live, EndsWhenInterrupted) {
  ASSERT_OK(open());
  interrupted_ = 1;
  EXPECT_EQ(FC_ECLOSED, window(start_));
}

}  // namespace
