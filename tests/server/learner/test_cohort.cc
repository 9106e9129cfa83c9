// Cohorts on the host: the algorithm itself, learner by learner; and what they refuse.
#include "support.h"
#include "trained_cohort.h"

namespace {

using fc_test::CohortShape;
using fc_test::TrainedCohort;

class Cohort : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(fc_device_open("cpu", &device_, &error)); }
  void TearDown() override { fc_device_close(&device_); }
  fc_device_t *device_ = nullptr;
  fc_error_t error = {};
};

TEST_F(Cohort, EveryLearnerIsTheAlgorithmToTheLastBit) {
  for (CohortShape shape : fc_test::cohort_shapes()) {
    shape.n_learners = 3;
    TrainedCohort trained(shape, device_);
    trained.update(10);
    for (int l = 0; l < shape.n_learners; ++l) {
      algorithm_report_t host;
      EXPECT_EQ(trained.on_host(l, 10, &host).bytes(), trained.get(l)->bytes()) << shape.algorithm << " " << l;
      const algorithm_report_t there = trained.report(l);
      EXPECT_EQ(host.critic_loss, there.critic_loss);
      EXPECT_EQ(host.actor_grad_norm, there.actor_grad_norm);
    }
    EXPECT_NE(trained.get(0)->bytes(), trained.get(1)->bytes());
  }
}

TEST_F(Cohort, GoesOnWhereAnInstanceIs) {
  CohortShape shape;
  TrainedCohort whole(shape, device_), first(shape, device_), second(shape, device_);
  whole.update(9);
  first.update(5);
  const auto halfway = first.get(0);
  ASSERT_OK(cohort_put(second.cohort(), 0, halfway->interface(), halfway->self(), &error));
  second.update(4);
  EXPECT_EQ(whole.get(0)->bytes(), second.get(0)->bytes());
}

TEST_F(Cohort, SendsWhatItIsAndGoesOn) {
  for (CohortShape shape : fc_test::cohort_shapes()) {
    TrainedCohort trained(shape, device_);
    algorithm_report_t report = {}, at_three = {};
    EXPECT_EQ(FC_ESTATE, cohort_receive(trained.cohort(), 0, nullptr, nullptr, &report, &error));
    trained.update(3);
    const std::string three = trained.get(0)->bytes();
    at_three = trained.report(0);
    ASSERT_OK(cohort_send(trained.cohort(), 0, &error));
    EXPECT_EQ(FC_ESTATE, cohort_receive(trained.cohort(), 1, nullptr, nullptr, &report, &error));
    trained.update(2);
    ASSERT_OK(cohort_send(trained.cohort(), 0, &error));
    const std::string five = trained.get(0)->bytes();
    trained.update(1);
    EXPECT_EQ(three, trained.received(1, &report)->bytes());
    EXPECT_EQ(at_three.critic_loss, report.critic_loss);
    EXPECT_EQ(at_three.actor_grad_norm, report.actor_grad_norm);
    EXPECT_EQ(five, trained.received(0, &report)->bytes());
    EXPECT_NE(three, five);
    ASSERT_OK(cohort_send(trained.cohort(), 0, &error));  // into the memory of the first
    EXPECT_EQ(trained.get(0)->bytes(), trained.received(0, &report)->bytes());
    EXPECT_EQ(five, trained.received(1, &report)->bytes());
  }
}

TEST_F(Cohort, RowsAreReplacedAndAdded) {
  CohortShape shape;
  TrainedCohort trained(shape, device_);
  const fc_test::Batch row = fc_test::random_batch(1, 6, shape.n_features, 9);
  const auto set = [&](int32_t first) {
    return cohort_set_rows(trained.cohort(), first, 1, row.features.data(), row.action.data(), row.reward.data(),
                           row.next_features.data(), row.terminal.data(), &error);
  };
  EXPECT_EQ(FC_OK, set(shape.n_rows - 1));
  EXPECT_EQ(FC_EINVAL, set(shape.n_rows));
  EXPECT_THAT(error.message, ::testing::HasSubstr("rows 50 to 50 of a cohort that has 50"));
  EXPECT_EQ(FC_EINVAL, set(-1));
}

TEST_F(Cohort, LearnsFromRowsThatSomebodyElseFillsIn) {
  CohortShape shape;
  TrainedCohort given(shape, device_), lent(shape, device_);
  const fc_test::Batch rows = fc_test::random_batch(20, 6, shape.n_features, 9);
  ASSERT_OK(cohort_set_rows(given.cohort(), 10, 20, rows.features.data(), rows.action.data(), rows.reward.data(),
                            rows.next_features.data(), rows.terminal.data(), &error));
  fc_row_memory_t to = {};
  ASSERT_OK(cohort_lend_rows(lent.cohort(), 10, 20, &to, &error));
  std::copy(rows.features.begin(), rows.features.end(), to.features);
  std::copy(rows.next_features.begin(), rows.next_features.end(), to.next_features);
  std::copy(rows.action.begin(), rows.action.end(), to.action);
  std::copy(rows.reward.begin(), rows.reward.end(), to.reward);
  std::copy(rows.terminal.begin(), rows.terminal.end(), to.terminal);
  given.update(5);
  lent.update(5);
  EXPECT_EQ(given.get(0)->bytes(), lent.get(0)->bytes());
  EXPECT_EQ(FC_EINVAL, cohort_lend_rows(lent.cohort(), shape.n_rows - 1, 2, &to, &error));
}

TEST_F(Cohort, RefusesWhatItCannotTrain) {
  fc_test::SmallWorkflow workflow(6, fc_test::SmallWorkflow::parallel_edges());
  cohort_t *cohort = nullptr;
  cohort_options_t options = cohort_options_default("maddpg", VARIANT_REPAIRED);
  EXPECT_EQ(FC_EINVAL, cohort_new(workflow.get(), 5, &options, device_, &cohort, &error));
  EXPECT_THAT(error.message, ::testing::HasSubstr("maddpg cannot be trained as a cohort"));
  options = cohort_options_default("attmf", VARIANT_REPAIRED);
  options.n_learners = 0;
  EXPECT_EQ(FC_EINVAL, cohort_new(workflow.get(), 5, &options, device_, &cohort, &error));
  options.n_learners = 1;
  options.row_capacity = 0;
  EXPECT_EQ(FC_EINVAL, cohort_new(workflow.get(), 5, &options, device_, &cohort, &error));
  options.row_capacity = 10;
  ASSERT_OK(cohort_new(workflow.get(), 5, &options, device_, &cohort, &error));
  EXPECT_EQ(FC_ESTATE, cohort_update(cohort, 1, &error));
  EXPECT_GT(cohort_bytes(cohort), 100000u);
  fc_test::Instance other("attmf", options.learning, 7);  // other features
  EXPECT_EQ(FC_EMISMATCH, cohort_put(cohort, 0, other.interface(), other.self(), &error));
  fc_test::Instance same("attmf", options.learning, 5);
  EXPECT_EQ(FC_EMISMATCH, cohort_put(cohort, 1, same.interface(), same.self(), &error));
  EXPECT_EQ(FC_OK, cohort_put(cohort, 0, same.interface(), same.self(), &error));
  cohort_destroy(&cohort);
  cohort_destroy(&cohort);
}

}  // namespace
