// Aquatope as published for FaaSConf (algorithms, sections 0 and 5.6): its acquisition is zero everywhere, so that what
// it measures does not change what it proposes. Repaired, it does.
#include <cmath>
#include <vector>

#include "support.h"

extern "C" {
#include "aquatope_published.h"
#include "faasconf/cost.h"
#include "gp.h"
#include "rows.h"
}

namespace {

class PublishedAquatope : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow_, &error));
    ASSERT_EQ(FC_OK, tuner_rows_init(&rows_, workflow_->n_functions, 40));
    ASSERT_EQ(FC_OK, fc_observation_init(&window_, workflow_->n_functions));
    fc_rng_t rng;
    fc_rng_init(&rng, 1, 0);
    std::vector<fc_function_configuration_t> draw(static_cast<size_t>(workflow_->n_functions));
    for (int i = 0; i < 40; ++i) {
      fc_knobs_draw(workflow_, FC_RANGES_MEASURED, &rng, draw.data());
      measure(draw, 0.6);
      tuner_rows_add(&rows_, &window_, judge());
    }
    setting_.workflow = workflow_;
    setting_.rows = &rows_;
    setting_.seed = 5;
    setting_.level = 0.95;
  }
  void TearDown() override {
    fc_observation_clear(&window_);
    tuner_rows_clear(&rows_);
    fc_workflow_destroy(&workflow_);
  }
  // Latency falls with what is paid for CPU; `slowness` multiplies it.
  void measure(const std::vector<fc_function_configuration_t> &configuration, double slowness) {
    double latency_s = 2;
    for (size_t f = 0; f < configuration.size(); ++f) {
      window_.configuration[f] = configuration[f];
      latency_s += 6000.0 / (configuration[f].cpu_millicores * std::sqrt(configuration[f].replicas));
    }
    window_.duration_s = 30;
    window_.load = {FC_LOAD_HAS_IN_FLIGHT, 0, 10};
    window_.outcome = {};
    window_.outcome.present = FC_OUTCOME_HAS_LATENCY_MEAN | FC_OUTCOME_HAS_COUNTS;
    window_.outcome.latency_mean_s = slowness * latency_s;
    window_.outcome.successes = static_cast<int64_t>(300 / window_.outcome.latency_mean_s);
  }
  fc_qos_verdict_t judge() const {
    return fc_qos_judge(workflow_, setting_.semantics, &window_.outcome, 30, 10, nullptr);
  }
  // The configuration proposed after `n` windows that were so slow.
  std::vector<fc_function_configuration_t> proposal_after(tuner_variant_t variant, int n, double slowness) {
    setting_.variant = variant;
    const tuner_t *tuner = tuner_find("aquatope", nullptr);
    void *self = nullptr;
    EXPECT_OK(tuner->create(&setting_, &self, &error));
    std::vector<fc_function_configuration_t> proposal(static_cast<size_t>(workflow_->n_functions));
    for (int i = 0; i <= n; ++i) {
      EXPECT_OK(tuner->propose(self, i > 0 ? &window_ : nullptr, false, proposal.data(), &error));
      measure(proposal, slowness);
      EXPECT_OK(tuner->learn(self, &window_, judge(), &error));
    }
    tuner->destroy(&self);
    return proposal;
  }
  static bool same(const std::vector<fc_function_configuration_t> &a,
                   const std::vector<fc_function_configuration_t> &b) {
    for (size_t f = 0; f < a.size(); ++f) {
      if (a[f].cpu_millicores != b[f].cpu_millicores || a[f].mem_mib != b[f].mem_mib ||
          a[f].replicas != b[f].replicas || a[f].concurrency != b[f].concurrency)
        return false;
    }
    return true;
  }
  // Values at 20 points of the clipped box and differences along each of 3 N coordinates: the largest of either.
  void largest(double infeasible_cost, double *value, double *slope) {
    aquatope_published_t *published = nullptr;
    ASSERT_OK(aquatope_published_new(&setting_, &published, &error));
    const size_t size = static_cast<size_t>(3 * workflow_->n_functions);
    std::vector<double> x(size);
    fc_rng_t rng;
    fc_rng_init(&rng, 8, 0);
    *value = *slope = 0;
    for (int p = 0; p < 20; ++p) {
      for (double &u : x) u = 0.2 + 0.6 * fc_rng_uniform(&rng);
      double here = 0, there = 0;
      ASSERT_OK(aquatope_published_value(published, x.data(), infeasible_cost, &here, &error));
      *value = std::fmax(*value, std::fabs(here));
      for (size_t i = 0; i < size; ++i) {
        x[i] += 1e-4;
        ASSERT_OK(aquatope_published_value(published, x.data(), infeasible_cost, &there, &error));
        x[i] -= 1e-4;
        *slope = std::fmax(*slope, std::fabs(there - here));
      }
    }
    aquatope_published_destroy(&published);
  }
  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  tuner_rows_t rows_ = {};
  fc_observation_t window_ = {};
  tuner_setting_t setting_ = {};
};

TEST_F(PublishedAquatope, AcquisitionAndGradientAreZeroEverywhereUnlessTheInfeasibleCostIsRaised) {
  double value = 1, slope = 1;
  largest(0, &value, &slope);
  EXPECT_EQ(0, value);
  EXPECT_EQ(0, slope);
  largest(2 * 15, &value, &slope);
  EXPECT_GT(value, 0.01);
  EXPECT_GT(slope, 1e-6);
}

TEST_F(PublishedAquatope, AnObjectiveBelowZeroIsCutOffBeforeItIsCompared) {
  // Two draws; the last point is feasible, and better than what was measured, in both.
  const double objective[6] = {-6, -5, -3, -6, -4, -2}, constraint[6] = {-1, 1, -1, -1, -1, -1};
  EXPECT_EQ(0, aquatope_published_acquisition(objective, constraint, 2, 3, 0));
  EXPECT_NEAR((3 + 2) / 2.0, aquatope_published_acquisition(objective, constraint, 2, 3, 20), 1e-9);
}

TEST_F(PublishedAquatope, WhatItMeasuresDoesNotChangeWhatItProposes) {
  EXPECT_TRUE(same(proposal_after(TUNER_FAITHFUL, 3, 1), proposal_after(TUNER_FAITHFUL, 3, 3)));
}

TEST_F(PublishedAquatope, RepairedItDoes) {
  EXPECT_FALSE(same(proposal_after(TUNER_REPAIRED, 2, 1), proposal_after(TUNER_REPAIRED, 2, 3)));
}

TEST_F(PublishedAquatope, StaysInTheClippedBoxAndLeavesConcurrencyAlone) {
  setting_.ranges = FC_RANGES_FULL;
  const auto proposal = proposal_after(TUNER_FAITHFUL, 1, 1);
  for (size_t f = 0; f < proposal.size(); ++f) {
    EXPECT_GE(proposal[f].cpu_millicores, 600);
    EXPECT_LE(proposal[f].cpu_millicores, 1650);
    EXPECT_GE(proposal[f].replicas, 2);
    EXPECT_LE(proposal[f].replicas, 6);
    EXPECT_EQ(workflow_->functions[f].start.concurrency, proposal[f].concurrency);
  }
}

TEST_F(PublishedAquatope, AnOutlierFilterWithTheVarianceAsScaleDependsOnTheUnit) {
  // 30 rows of a line, one of them off; seconds and milliseconds.
  double x[30], seconds[30], milliseconds[30], mean[30], variance[30];
  for (int i = 0; i < 30; ++i) {
    x[i] = i / 30.0;
    seconds[i] = 0.5 + 0.2 * x[i] + 0.01 * std::sin(50 * x[i]) + (i == 12 ? 0.15 : 0);
    milliseconds[i] = 1000 * seconds[i];
  }
  const double theta[3] = {std::log(1.0), 0, std::log(0.1)};
  int by_variance[2] = {0, 0}, by_deviation[2] = {0, 0}, unit = 0;
  for (const double *y : {seconds, milliseconds}) {
    gp_t *gp = nullptr;
    const gp_options_t options = gp_options(1, 30);
    ASSERT_OK(gp_new(&options, &gp, &error));
    ASSERT_OK(gp_set_theta(gp, theta, &error));
    ASSERT_OK(gp_set_rows(gp, x, y, 30, &error));
    ASSERT_OK(gp_leave_one_out(gp, mean, variance, &error));
    for (int i = 0; i < 30; ++i) {
      by_variance[unit] += std::fabs(y[i] - mean[i]) > 1.96 * variance[i] ? 1 : 0;
      by_deviation[unit] += std::fabs(y[i] - mean[i]) > 1.96 * std::sqrt(variance[i]) ? 1 : 0;
    }
    gp_destroy(&gp);
    ++unit;
  }
  EXPECT_EQ(1, by_deviation[0]);
  EXPECT_EQ(by_deviation[0], by_deviation[1]);
  EXPECT_GT(by_variance[0], 10);  // in seconds a variance is small: nearly everything is an outlier
  EXPECT_EQ(0, by_variance[1]);   // in milliseconds nothing is
}

}  // namespace
