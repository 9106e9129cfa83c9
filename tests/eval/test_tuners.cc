// eval/tuners: the settling rule, random search, library.
#include <map>

#include "support.h"

extern "C" {
#include "faasconf/cost.h"
#include "tuner.h"
}

namespace {

// A world in which a configuration meets QoS when its cost is at least a threshold, with chosen exceptions.
struct World {
  const fc_workflow_t *workflow;
  double threshold_usd_h;
  int fail_measurement = -1;  // this measurement (from 0) violates whatever the configuration
  int n = 0;
};

fc_status_t measure(void *context, const fc_function_configuration_t *configuration, bool *qos_met, fc_error_t *) {
  auto *world = static_cast<World *>(context);
  *qos_met = fc_cost_reserved_usd_h(world->workflow, configuration) >= world->threshold_usd_h &&
             world->n != world->fail_measurement;
  world->n += 1;
  return FC_OK;
}

class Tuners : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow_, &error));
    world_.workflow = workflow_;
    chosen_.resize(static_cast<size_t>(workflow_->n_functions));
    choice_.configuration = chosen_.data();
    task_ = {workflow_, FC_RANGES_MEASURED, TUNER_BUDGET_WINDOWS, 3, measure, &world_};
  }
  void TearDown() override { fc_workflow_destroy(&workflow_); }
  double chosen_cost() const { return fc_cost_reserved_usd_h(workflow_, chosen_.data()); }
  std::vector<fc_function_configuration_t> uniform(int replicas) const {
    return std::vector<fc_function_configuration_t>(static_cast<size_t>(workflow_->n_functions),
                                                    {1000, 1000, replicas, 6});
  }
  tuner_candidate_t candidate(const std::vector<fc_function_configuration_t> &configuration, int met, int violated) {
    return {configuration.data(), fc_cost_reserved_usd_h(workflow_, configuration.data()), met, violated};
  }
  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  World world_ = {};
  std::vector<fc_function_configuration_t> chosen_;
  tuner_choice_t choice_ = {};
  tuner_task_t task_ = {};
};

TEST_F(Tuners, RandomStaysInBudgetAndSettlesOnAVerifiedConfiguration) {
  world_.threshold_usd_h = 5.0;
  ASSERT_OK(tuner_random(&task_, &choice_, &error));
  EXPECT_LE(choice_.windows_used, TUNER_BUDGET_WINDOWS);
  EXPECT_EQ(choice_.windows_used, world_.n);
  ASSERT_TRUE(choice_.settled);
  EXPECT_GE(chosen_cost(), 5.0);
}

TEST_F(Tuners, RandomFallsBackToStartWhenNothingMeetsQos) {
  world_.threshold_usd_h = 1e9;
  ASSERT_OK(tuner_random(&task_, &choice_, &error));
  EXPECT_FALSE(choice_.settled);
  EXPECT_EQ(choice_.violations, choice_.windows_used);
  EXPECT_EQ(chosen_[0].replicas, workflow_->functions[0].start.replicas);
}

TEST_F(Tuners, LibraryTakesTheCheapestRowThatSurvivesRemeasuring) {
  const auto cheap = uniform(3), middle = uniform(4), dear = uniform(7);
  world_.threshold_usd_h = candidate(middle, 0, 0).cost_usd_h;  // the cheap row was a lucky sample
  tuner_candidate_t rows[] = {candidate(dear, 1, 0), candidate(cheap, 1, 0), candidate(middle, 1, 0)};
  ASSERT_OK(tuner_library(&task_, rows, 3, &choice_, &error));
  ASSERT_TRUE(choice_.settled);
  EXPECT_EQ(chosen_[0].replicas, 4);
  EXPECT_EQ(choice_.violations, 1);
  EXPECT_EQ(choice_.windows_used, 1 + 2);
}

TEST_F(Tuners, ARowThatViolatedWhenRecordedIsNeverTried) {
  const auto cheap = uniform(3);
  tuner_candidate_t rows[] = {candidate(cheap, 0, 1)};
  ASSERT_OK(tuner_library(&task_, rows, 1, &choice_, &error));
  EXPECT_FALSE(choice_.settled);
  EXPECT_EQ(choice_.windows_used, 0);
}

TEST_F(Tuners, AViolationWhileVerifyingDisqualifies) {
  const auto only = uniform(5);
  world_.fail_measurement = 1;
  tuner_candidate_t rows[] = {candidate(only, 0, 0)};
  ASSERT_OK(tuner_verify(&task_, rows, 1, &choice_, &error));
  EXPECT_FALSE(choice_.settled);
  EXPECT_EQ(choice_.violations, 1);
}

}  // namespace
