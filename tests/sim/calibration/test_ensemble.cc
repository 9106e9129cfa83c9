// sim/calibration/ensemble.c: from 30 windows of a world that is not the file's, the twin predicts windows of
// configurations it has not seen. Several worlds, fixed seeds: a pass stays a pass.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "support.h"

extern "C" {
#include "ensemble.h"
#include "faasconf/knobs.h"
#include "faasconf/rng.h"
#include "jobs.h"
#include "simulator.h"
}

namespace {

constexpr int kUsers = 10, kWindows = 30, kConfigurations = 50, kTruthWindows = 200, kWorldsOfTwin = 200;

using Configuration = std::vector<fc_function_configuration_t>;

class Ensemble : public ::testing::Test {
 protected:
  void SetUp() override { open("workflows/parallel.yaml", kUsers); }
  void open(const char *file, int32_t users) {
    users_ = users;
    ASSERT_OK(fc_workflow_load(fc_test::source_file(file).c_str(), &workflow_, &error));
    n_ = static_cast<size_t>(workflow_->n_functions);
    ASSERT_EQ(FC_OK, fc_observation_init(&observation_, workflow_->n_functions));
    const simulator_options_t options = {99, FC_SEMANTICS_STRICT, users_, 0};
    ASSERT_OK(simulator_new(workflow_, &options, &truth_, &error));
    ASSERT_OK(simulator_new(workflow_, &options, &twin_, &error));
    simulator_set_seed(twin_, 7);
  }
  void TearDown() override {
    ensemble_destroy(&ensemble_);
    simulator_destroy(&truth_);
    simulator_destroy(&twin_);
    fc_observation_clear(&observation_);
    fc_workflow_destroy(&workflow_);
  }

  // The truth: work of every function times LN(0.2).
  void perturb(uint64_t seed) {
    fc_rng_init(&rng_, seed, 1);
    std::vector<fc_function_simulator_t> functions(workflow_->simulator.functions, workflow_->simulator.functions + n_);
    for (auto &f : functions) f.work_cpu_s *= std::exp(0.2 * fc_rng_normal(&rng_));
    fc_simulator_parameters_t world = workflow_->simulator;
    world.functions = functions.data();
    ASSERT_OK(simulator_set_parameters(truth_, &world, &error));
  }
  Configuration draw() {
    Configuration configuration(n_);
    fc_knobs_draw(workflow_, FC_RANGES_MEASURED, &rng_, configuration.data());
    return configuration;
  }
  void learn(int jobs) {
    ensemble_destroy(&ensemble_);
    const fc_simulator_parameters_t &p = workflow_->simulator;
    const ensemble_options_t options = {FC_SEMANTICS_STRICT, p.balancer, p.overflow, kWorldsOfTwin, 3,
                                        std::log(2),         false,      3,          jobs};
    ASSERT_OK(ensemble_new(workflow_, &options, &ensemble_, &error));
    for (int w = 0; w < kWindows; ++w) {
      const Configuration configuration = draw();
      ASSERT_OK(simulator_observed_window(truth_, w, configuration.data(), &observation_, &error));
      ASSERT_OK(ensemble_observe(ensemble_, &observation_, users_, 0, &error));
    }
  }
  double latency(simulator_t *simulator, int64_t window, const Configuration &configuration) {
    EXPECT_OK(simulator_window(simulator, window, configuration.data(), &observation_, &error));
    return observation_.outcome.successes > 0 ? observation_.outcome.latency_mean_s : observation_.duration_s;
  }

  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  size_t n_ = 0;
  int32_t users_ = 0;
  fc_rng_t rng_;
  fc_observation_t observation_ = {};
  simulator_t *truth_ = nullptr, *twin_ = nullptr;
  ensemble_t *ensemble_ = nullptr;
};

TEST_F(Ensemble, ThirtyWindowsPredictConfigurationsItHasNotSeen) {
  double coverage = 0;
  const int kWorlds = 4;
  for (int world = 0; world < kWorlds; ++world) {
    SCOPED_TRACE(world);
    perturb(100 + static_cast<uint64_t>(world));
    learn(jobs_default_workers());
    std::vector<fc_function_simulator_t> functions(n_);
    fc_simulator_parameters_t predicting = {};
    predicting.functions = functions.data();
    std::vector<double> errors;
    int inside = 0, total = 0;
    for (int c = 0; c < kConfigurations; ++c) {
      const Configuration configuration = draw();
      std::vector<double> predicted;
      double mean = 0, truth = 0;
      for (int32_t i = 0; i < kWorldsOfTwin; ++i) {
        ensemble_world(ensemble_, i, &predicting);
        ASSERT_OK(simulator_set_parameters(twin_, &predicting, &error));
        predicted.push_back(latency(twin_, c * 1000 + i, configuration));
        mean += predicted.back() / kWorldsOfTwin;
      }
      std::sort(predicted.begin(), predicted.end());
      const double low = predicted[predicted.size() / 10], high = predicted[predicted.size() * 9 / 10];
      for (int w = 0; w < kTruthWindows; ++w) {
        const double one = latency(truth_, 100000 + c * 1000 + w, configuration);
        truth += one / kTruthWindows;
        inside += low <= one && one <= high;
        total += 1;
      }
      errors.push_back(std::fabs(mean - truth) / truth);
    }
    std::nth_element(errors.begin(), errors.begin() + kConfigurations / 2, errors.end());
    const double share = static_cast<double>(inside) / total;
    std::printf("world %d: median error of mean latency %.1f %%, 80 %% interval holds %.1f %% of windows\n", world,
                100 * errors[kConfigurations / 2], 100 * share);
    EXPECT_LE(errors[kConfigurations / 2], 0.10);
    EXPECT_GE(share, 0.70);
    EXPECT_LE(share, 0.90);
    coverage += share / kWorlds;
  }
  EXPECT_GE(coverage, 0.72);
  EXPECT_LE(coverage, 0.88);
}

class EnsembleOfPeriods : public Ensemble {
 protected:
  void SetUp() override { open("workflows/local-sequential.yaml", 4); }
};

// With quotas by the period, too, windows say how much work a request is, and the worlds keep the file's periods.
TEST_F(EnsembleOfPeriods, ItLearnsTheWorkOfTheTruth) {
  for (uint64_t seed : {11u, 12u, 13u}) {
    perturb(seed);
    fc_rng_t again;
    fc_rng_init(&again, seed, 1);
    learn(jobs_default_workers());
    for (int32_t f = 0; f < static_cast<int32_t>(n_); ++f) {
      double mean = 0, deviation = 0;
      ensemble_unknown(ensemble_, f, &mean, &deviation); /* the first unknowns: work of each function */
      const double truth = 0.2 * fc_rng_normal(&again);
      EXPECT_NEAR(truth, mean, 0.06) << workflow_->functions[f].name;
      EXPECT_LT(deviation, 0.1);
    }
  }
  std::vector<fc_function_simulator_t> functions(n_);
  fc_simulator_parameters_t world = {};
  world.functions = functions.data();
  ensemble_world(ensemble_, 0, &world);
  EXPECT_EQ(0.1, world.cpu_period_s);
  EXPECT_EQ(0.004, world.cpu_tick_s);
  EXPECT_EQ(2, world.cores);
}

// What windows cannot say stays as unsure as it was: nothing runs out of memory here, so memory is not identified; work
// is.
TEST_F(Ensemble, TellsWhatTheWindowsIdentify) {
  perturb(5);
  learn(jobs_default_workers());
  const unknown_t *list = nullptr;
  const int32_t d = ensemble_unknowns(ensemble_, &list);
  for (int32_t u = 0; u < d; ++u) {
    double mean = 0, deviation = 0;
    ensemble_unknown(ensemble_, u, &mean, &deviation);
    char name[128];
    unknowns_name(workflow_, list[u], name, sizeof name);
    const bool work = list[u].kind == UNKNOWN_WORK, light = list[u].kind == UNKNOWN_MEMORY && list[u].function < 4;
    EXPECT_LT(deviation, work ? 0.3 * std::log(2) : 10) << name;
    EXPECT_GT(deviation, light ? 0.5 * std::log(2) : 0) << name;
  }
}

TEST_F(Ensemble, TheSameForAnyNumberOfThreads) {
  std::vector<double> means[2];
  for (int i = 0; i < 2; ++i) {
    perturb(6);
    learn(i == 0 ? 1 : 3);
    const unknown_t *list = nullptr;
    for (int32_t u = 0; u < ensemble_unknowns(ensemble_, &list); ++u) {
      double mean = 0, deviation = 0;
      ensemble_unknown(ensemble_, u, &mean, &deviation);
      means[i].push_back(mean);
    }
  }
  EXPECT_EQ(means[0], means[1]);
}

TEST_F(Ensemble, OddOptionsAreRefused) {
  const ensemble_options_t good = {
      FC_SEMANTICS_STRICT, FC_BALANCER_RANDOM, FC_OVERFLOW_REJECT, 64, 2, 0.5, false, 1, 1};
  for (int i = 0; i < 5; ++i) {
    ensemble_options_t bad = good;
    if (i == 0) bad.n_worlds = 2;
    if (i == 1) bad.n_windows = 1;
    if (i == 2) bad.prior_sigma = NAN;
    if (i == 3) bad.jobs = 0;
    if (i == 4) bad.n_worlds = PARTICLES_MAX + 1;
    ensemble_t *none = nullptr;
    EXPECT_EQ(FC_EINVAL, ensemble_new(workflow_, &bad, &none, &error)) << i;
    EXPECT_EQ(nullptr, none);
  }
}

}  // namespace
