// sim/calibration/twin.c: which structure, and whether windows leave every world. Fixed seeds: a pass stays a pass.
#include <cmath>
#include <cstdio>
#include <vector>

#include "support.h"

extern "C" {
#include "faasconf/knobs.h"
#include "faasconf/rng.h"
#include "jobs.h"
#include "simulator.h"
#include "twin.h"
}

namespace {

constexpr int kUsers = 10;

class Twin : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow_, &error));
    ASSERT_EQ(FC_OK, fc_observation_init(&observation_, workflow_->n_functions));
    const simulator_options_t options = {99, FC_SEMANTICS_STRICT, kUsers, 0};
    ASSERT_OK(simulator_new(workflow_, &options, &truth_, &error));
    functions_.assign(workflow_->simulator.functions, workflow_->simulator.functions + workflow_->n_functions);
    world_ = workflow_->simulator;
    world_.functions = functions_.data();
  }
  void TearDown() override {
    twin_destroy(&twin_);
    simulator_destroy(&truth_);
    fc_observation_clear(&observation_);
    fc_workflow_destroy(&workflow_);
  }
  void begin(uint64_t seed, twin_structures_t structures) {
    twin_destroy(&twin_);
    fc_rng_init(&rng_, seed, 1);
    for (int f = 0; f < workflow_->n_functions; ++f)
      functions_[f].work_cpu_s = workflow_->simulator.functions[f].work_cpu_s * std::exp(0.2 * fc_rng_normal(&rng_));
    twin_options_t options = {};
    options.ensemble = {FC_SEMANTICS_STRICT,   FC_BALANCER_RANDOM, FC_OVERFLOW_REJECT, 200, 2, std::log(2), true, seed,
                        jobs_default_workers()};
    options.structures = structures;
    options.windows_per_false_alarm = 500;
    ASSERT_OK(twin_new(workflow_, &options, &twin_, &error));
    window_ = 0;
  }
  void learn(int n) {
    std::vector<fc_function_configuration_t> configuration(static_cast<size_t>(workflow_->n_functions));
    ASSERT_OK(simulator_set_parameters(truth_, &world_, &error));
    for (int w = 0; w < n; ++w) {
      fc_knobs_draw(workflow_, FC_RANGES_MEASURED, &rng_, configuration.data());
      ASSERT_OK(simulator_window(truth_, window_++, configuration.data(), &observation_, &error));
      ASSERT_OK(twin_observe(twin_, &observation_, kUsers, 0, &error));
    }
  }
  int alarms(int series, int direction) const { return twin_alarm(twin_)->n_alarms[series][direction]; }
  int alarms() const { return alarms(0, 0) + alarms(0, 1) + alarms(1, 0) + alarms(1, 1); }

  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  fc_rng_t rng_;
  fc_observation_t observation_ = {};
  simulator_t *truth_ = nullptr;
  twin_t *twin_ = nullptr;
  std::vector<fc_function_simulator_t> functions_;
  fc_simulator_parameters_t world_ = {};
  int64_t window_ = 0;
};

TEST_F(Twin, TellsWhichBalancerThereIs) {
  for (int balancer = 0; balancer <= FC_BALANCER_LEAST_CONNECTIONS; ++balancer) {
    world_.balancer = static_cast<fc_balancer_t>(balancer);
    begin(10, TWIN_BALANCERS);
    learn(10);
    const twin_structure_t *list = nullptr;
    ASSERT_EQ(3, twin_structures(twin_, &list));
    double sum = 0;
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(FC_OVERFLOW_REJECT, list[i].overflow);
      if (list[i].balancer == balancer) {
        EXPECT_GE(list[i].weight, 0.99) << balancer;
      }
      sum += list[i].weight;
    }
    EXPECT_NEAR(1, sum, 1e-12);
  }
}

// False alarms are as rare as stated (one in 500 windows), and unknowns lie where their deviations say.
TEST_F(Twin, StaysSilentAndCalibratedInAWorldThatItKnows) {
  double squares = 0;
  int n_alarms = 0, n = 0;
  for (uint64_t world = 0; world < 3; ++world) {
    begin(100 + world, TWIN_STRUCTURE_OF_FILE);
    learn(40);
    n_alarms += alarms();
    for (int u = 0; u < workflow_->n_functions; ++u, ++n) {
      const double truth = std::log(functions_[u].work_cpu_s / workflow_->simulator.functions[u].work_cpu_s);
      double mean = 0, deviation = 0;
      twin_unknown(twin_, u, &mean, &deviation);
      squares += (mean - truth) * (mean - truth) / (deviation * deviation);
    }
  }
  std::printf("%d alarms in 120 windows; work is off by %.2f of the stated deviations\n", n_alarms,
              std::sqrt(squares / n));
  EXPECT_LE(n_alarms, 1);
  EXPECT_GT(std::sqrt(squares / n), 0.5);
  EXPECT_LT(std::sqrt(squares / n), 1.5);
}

TEST_F(Twin, RaisesTheAlarmForAStructureThatItDoesNotKnow) {
  world_.balancer = FC_BALANCER_LEAST_CONNECTIONS;
  for (uint64_t world = 0; world < 2; ++world) {
    begin(200 + world, TWIN_STRUCTURE_OF_FILE);
    learn(20);
    EXPECT_GT(alarms(), 0) << world;
  }
}

TEST_F(Twin, RaisesTheAlarmInTheDirectionOfAChange) {
  for (const double factor : {1.4, 1 / 1.4}) {
    begin(300, TWIN_STRUCTURE_OF_FILE);
    learn(30);
    ASSERT_EQ(0, alarms());
    for (auto &f : functions_) f.work_cpu_s *= factor;
    learn(15);
    const int slower = alarms(TERM_LATENCY, 0) + alarms(TERM_SUCCESSES, 1);
    const int faster = alarms(TERM_LATENCY, 1) + alarms(TERM_SUCCESSES, 0);
    EXPECT_GT(factor > 1 ? slower : faster, 0) << factor;
    EXPECT_EQ(0, factor > 1 ? faster : slower) << factor;
  }
}

TEST_F(Twin, ParticlesWeighWhatTheirStructuresWeigh) {
  begin(10, TWIN_ALL_STRUCTURES);
  const twin_structure_t *list = nullptr;
  ASSERT_EQ(6, twin_structures(twin_, &list));
  particles_t particles = {};
  ASSERT_OK(twin_particles(twin_, 100, &particles, &error));
  double weight[3][2] = {}, sum = 0;
  for (int i = 0; i < particles.n; ++i) {
    weight[particles.parameters[i].balancer][particles.parameters[i].overflow] += particles.weights[i];
    sum += particles.weights[i];
  }
  EXPECT_NEAR(1, sum, 1e-12);
  for (const auto &row : weight)
    for (const double one : row) EXPECT_NEAR(1.0 / 6, one, 1e-12);
  EXPECT_EQ(100, particles.n);
  particles_clear(&particles);
  for (int n : {7, 16, 31, 97, 4096 / 64}) {
    ASSERT_OK(twin_particles(twin_, n, &particles, &error));
    EXPECT_EQ(n, particles.n);
    particles_clear(&particles);
  }
}

TEST_F(Twin, RefusesOddOptions) {
  twin_options_t options = {};
  options.ensemble = {FC_SEMANTICS_STRICT, FC_BALANCER_RANDOM, FC_OVERFLOW_REJECT, 64, 2, 0.5, false, 1, 1};
  twin_t *none = nullptr;
  EXPECT_EQ(FC_EINVAL, twin_new(workflow_, &options, &none, &error));
  options.windows_per_false_alarm = 100;
  options.ensemble.n_worlds = 1;
  EXPECT_EQ(FC_EINVAL, twin_new(workflow_, &options, &none, &error));
  EXPECT_EQ(nullptr, none);
}

}  // namespace
