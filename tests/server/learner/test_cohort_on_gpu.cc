// Cohorts on the CUDA device: the host's updates, the same bytes again, and recordings that change nothing.
#include "on_gpu.h"
#include "trained_cohort.h"

namespace {

using fc_test::CohortShape;
using fc_test::TrainedCohort;

using CohortOnGpu = fc_test::OnGpu<>;

TEST_F(CohortOnGpu, TenUpdatesAreThoseOfTheHost) {
  for (const CohortShape &shape : fc_test::cohort_shapes()) fc_test::expect_the_updates_of_the_host(shape, device_);
  CohortShape full;  // the sizes in use
  full.n_batch = 64;
  full.n_hidden = 64;
  full.n_attention = 32;
  full.n_features = 11;
  full.n_rows = 500;
  full.n_learners = 8;
  fc_test::expect_the_updates_of_the_host(full, device_);
  full.variant = VARIANT_FAITHFUL;
  fc_test::expect_the_updates_of_the_host(full, device_);
  full.n_batch = 1400;  // 8,400 rows: products of the library, norms in chunks
  full.n_rows = 2000;
  full.n_learners = 2;
  fc_test::expect_the_updates_of_the_host(full, device_);
}

TEST_F(CohortOnGpu, WhatWasSentArrivesAndWorkGoesOn) {
  TrainedCohort trained({}, device_);
  algorithm_report_t report = {};
  trained.update(3);
  ASSERT_EQ(FC_OK, cohort_send(trained.cohort(), 0, &error)) << error.message;
  trained.update(5);
  ASSERT_EQ(FC_OK, cohort_send(trained.cohort(), 0, &error)) << error.message;
  TrainedCohort other({}, device_);
  other.update(3);
  EXPECT_EQ(other.get(0)->bytes(), trained.received(1, &report)->bytes());
  EXPECT_EQ(other.report(0).critic_loss, report.critic_loss);
  EXPECT_EQ(trained.get(0)->bytes(), trained.received(0, &report)->bytes());
}

TEST_F(CohortOnGpu, TheSameAgainIsTheSameBytes) {
  for (const CohortShape &shape : fc_test::cohort_shapes()) {
    TrainedCohort first(shape, device_), second(shape, device_);
    first.update(20);
    second.update(20);
    EXPECT_EQ(first.get(0)->bytes(), second.get(0)->bytes()) << shape.algorithm;
  }
}

// Four updates are one launch here: 3 + 1 + 8 updates, one by one and in recordings, are 12 updates.
TEST_F(CohortOnGpu, RecordingsAreTheirUpdatesOneByOne) {
  for (const CohortShape &shape : fc_test::cohort_shapes()) {
    TrainedCohort one_by_one(shape, device_), recorded(shape, device_);
    for (int i = 0; i < 12; ++i) one_by_one.update(1);
    recorded.update(3);
    recorded.update(9);
    EXPECT_EQ(one_by_one.get(0)->bytes(), recorded.get(0)->bytes()) << shape.algorithm;
  }
}

}  // namespace
