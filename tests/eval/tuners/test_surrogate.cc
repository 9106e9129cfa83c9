// eval/tuners/box.c, known.c, surrogate.c: coordinates, what is kept of a window, what the processes say of QoS.
#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "support.h"

extern "C" {
#include "faasconf/cost.h"
#include "known.h"
#include "rows.h"
#include "surrogate.h"
#include "surrogate_state.h"
}

namespace {

using Configuration = std::vector<fc_function_configuration_t>;

class Surrogate : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow_, &error));
    ASSERT_EQ(FC_OK, tuner_rows_init(&rows_, workflow_->n_functions, 400));
    ASSERT_EQ(FC_OK, fc_observation_init(&window_, workflow_->n_functions));
    setting_.workflow = workflow_;
    setting_.rows = &rows_;
    setting_.seed = 5;
  }
  void TearDown() override {
    surrogate_destroy(&surrogate_);
    fc_observation_clear(&window_);
    tuner_rows_clear(&rows_);
    fc_workflow_destroy(&workflow_);
  }
  Configuration draw(fc_rng_t *rng) const {
    Configuration configuration(static_cast<size_t>(workflow_->n_functions));
    fc_knobs_draw(workflow_, FC_RANGES_MEASURED, rng, configuration.data());
    return configuration;
  }
  Configuration start() const {
    Configuration configuration;
    for (int f = 0; f < workflow_->n_functions; ++f) configuration.push_back(workflow_->functions[f].start);
    return configuration;
  }
  // Latency falls with CPU and replicas of one function and rises with load; everything succeeds.
  double latency_s(const Configuration &configuration, double load) const {
    return 30 * std::pow(load / 10, 0.5) / (configuration[4].cpu_millicores * configuration[4].replicas / 1500.0);
  }
  void measure(const Configuration &configuration, double load, double luck = 1) {
    std::copy(configuration.begin(), configuration.end(), window_.configuration);
    window_.duration_s = 30;
    window_.load = {FC_LOAD_HAS_IN_FLIGHT, 0, load};
    window_.outcome = {};
    window_.outcome.present = FC_OUTCOME_HAS_LATENCY_MEAN | FC_OUTCOME_HAS_COUNTS;
    window_.outcome.latency_mean_s = luck * latency_s(configuration, load);
    window_.outcome.successes = 100;
  }
  void add_rows(int n, const std::vector<double> &loads, double noise = 0.03) {
    fc_rng_t rng;
    fc_rng_init(&rng, 1, 0);
    for (int i = 0; i < n; ++i) {
      measure(draw(&rng), loads[static_cast<size_t>(i) % loads.size()], 1 + noise * fc_rng_normal(&rng));
      tuner_rows_add(&rows_, &window_, FC_QOS_MET);
    }
  }
  bool prepare(const surrogate_options_t &options, double load) {
    EXPECT_OK(surrogate_new(&setting_, &options, &surrogate_, &error));
    measure(start(), load);
    bool ready = false;
    EXPECT_OK(surrogate_prepare(surrogate_, &window_, &ready, &error));
    return ready;
  }
  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  tuner_rows_t rows_ = {};
  fc_observation_t window_ = {};
  tuner_setting_t setting_ = {};
  surrogate_t *surrogate_ = nullptr;
};

TEST_F(Surrogate, BoxDecodesWhatItEncodedAndKnowsItsCost) {
  box_t box;
  ASSERT_OK(box_init(&box, &setting_, &error));
  ASSERT_EQ(4 * workflow_->n_functions + 2, box.d);
  std::vector<double> x(static_cast<size_t>(box.d)), gradient(x.size());
  fc_rng_t rng;
  fc_rng_init(&rng, 2, 0);
  for (int i = 0; i < 50; ++i) {
    const Configuration configuration = draw(&rng);
    Configuration decoded(configuration.size());
    box_encode(&box, configuration.data(), 20, x.data());
    EXPECT_DOUBLE_EQ(std::log10(20), x.back());
    box_decode(&box, x.data(), decoded.data());
    for (size_t f = 0; f < decoded.size(); ++f) {
      for (int k = 0; k < FC_KNOBS; ++k) {
        EXPECT_EQ(fc_knob_get(&configuration[f], static_cast<fc_knob_t>(k)),
                  fc_knob_get(&decoded[f], static_cast<fc_knob_t>(k)));
      }
    }
    const double cost = box_cost(&box, x.data(), gradient.data());
    EXPECT_NEAR(fc_cost_reserved_usd_h(workflow_, configuration.data()), cost, 1e-9);
    for (size_t k : {size_t{0}, size_t{1}, size_t{2}, size_t{3}, x.size() - 1}) {
      std::vector<double> moved = x;
      moved[k] += 1e-6;
      EXPECT_NEAR((box_cost(&box, moved.data(), nullptr) - cost) / 1e-6, gradient[k], 1e-4);
    }
  }
  box_clear(&box);
}

TEST_F(Surrogate, FixedConcurrencyStaysAtTheStartInEveryDraw) {
  setting_.concurrency_is_fixed = true;
  box_t box;
  ASSERT_OK(box_init(&box, &setting_, &error));
  fc_rng_t rng;
  fc_rng_init(&rng, 2, 0);
  Configuration configuration = start();
  for (int i = 0; i < 20; ++i) {
    box_draw(&box, &rng, configuration.data());
    for (size_t f = 0; f < configuration.size(); ++f)
      EXPECT_EQ(workflow_->functions[f].start.concurrency, configuration[f].concurrency);
  }
  box_clear(&box);
}

TEST_F(Surrogate, KeepsWhatIsKnownOfAWindowAndNothingElse) {
  box_t box;
  known_t known;
  ASSERT_OK(box_init(&box, &setting_, &error));
  ASSERT_EQ(FC_OK, known_init(&known, &setting_, &box));
  measure(start(), 10, 0.9);
  window_.outcome.successes = 30;
  ASSERT_EQ(FC_OK, known_add(&known, &window_, FC_QOS_MET, true));
  ASSERT_EQ(1, known.n);
  // Met by little: the logarithm of what was measured, nearly.
  EXPECT_LE(known.outcome[1], known_bound(&known, 1, 10));
  EXPECT_NEAR(-std::log(30), known.outcome[1], 0.02);
  EXPECT_NEAR(-std::log(22), known_bound(&known, 1, 10), 1e-12);
  // Missed by far: on its side of the bound, and at most a factor of e off.
  measure(start(), 10);
  window_.outcome.latency_mean_s = 13 * 40;
  ASSERT_EQ(FC_OK, known_add(&known, &window_, FC_QOS_VIOLATED, true));
  EXPECT_GT(known.outcome[FC_MAX_QOS_TERMS], std::log(13) + 0.9);
  EXPECT_LT(known.outcome[FC_MAX_QOS_TERMS], std::log(13) + 1.0 + 1e-12);
  window_.load.present = 0;
  ASSERT_EQ(FC_OK, known_add(&known, &window_, FC_QOS_VIOLATED, true));
  window_.load.present = FC_LOAD_HAS_IN_FLIGHT;
  window_.outcome.present = 0;
  ASSERT_EQ(FC_OK, known_add(&known, &window_, FC_QOS_UNKNOWN, true));
  EXPECT_EQ(2, known.n);
  known_clear(&known);
  box_clear(&box);
}

TEST_F(Surrogate, ATermThatVerdictsDoNotGoByIsNotAConstraint) {
  box_t box;
  known_t known;
  ASSERT_OK(box_init(&box, &setting_, &error));
  ASSERT_EQ(FC_OK, known_init(&known, &setting_, &box));
  EXPECT_TRUE(known_term_applies(&known, 1));
  for (int i = 0; i < 3; ++i) {
    measure(start(), 10, 0.5);
    window_.outcome.successes = 3;  // of 22, and yet met: an open loop
    ASSERT_EQ(FC_OK, known_add(&known, &window_, FC_QOS_MET, false));
  }
  EXPECT_TRUE(known_term_applies(&known, 0));
  EXPECT_FALSE(known_term_applies(&known, 1));
  known_clear(&known);
  box_clear(&box);
}

TEST_F(Surrogate, SelectsRowsNearTheLoadFirstAndAllOfThisRun) {
  add_rows(400, {10, 20, 30});
  surrogate_options_t options = {};
  ASSERT_TRUE(prepare(options, 20));
  measure(start(), 20);
  ASSERT_OK(surrogate_learn(surrogate_, &window_, FC_QOS_MET, &error));
  std::vector<int32_t> index(90);
  ASSERT_EQ(90, known_select(&surrogate_->known, 20, 90, index.data()));
  EXPECT_TRUE(std::is_sorted(index.begin(), index.end()));
  EXPECT_EQ(400, index.back());
  int near = 0;
  for (int32_t i : index) near += i < 400 && rows_.windows[i].load.mean_in_flight == 20 ? 1 : 0;
  EXPECT_GE(near, 59);
  EXPECT_LT(near, 89);
}

TEST_F(Surrogate, IsNotReadyWithoutRows) {
  surrogate_options_t options = {};
  EXPECT_FALSE(prepare(options, 10));
}

TEST_F(Surrogate, KnowsWhichConfigurationsMeetQosAtWhichLoad) {
  add_rows(200, {10, 20, 30});
  surrogate_options_t options = {};
  ASSERT_TRUE(prepare(options, 10));
  const size_t d = static_cast<size_t>(surrogate_box(surrogate_)->d);
  std::vector<double> x(d), gradient(d);
  Configuration configuration = start();
  // 13 s: 3462 millicores together at load 10, 5996 at load 30.
  configuration[4] = {1000, 1331, 5, 6};
  box_encode(surrogate_box(surrogate_), configuration.data(), 10, x.data());
  EXPECT_GT(surrogate_log_window_met(surrogate_, x.data(), gradient.data()), std::log(0.9));
  box_encode(surrogate_box(surrogate_), configuration.data(), 30, x.data());
  measure(configuration, 30);
  bool ready = false;
  ASSERT_OK(surrogate_prepare(surrogate_, &window_, &ready, &error));
  EXPECT_LT(surrogate_log_window_met(surrogate_, x.data(), nullptr), std::log(0.3));
  configuration[4].cpu_millicores = 1200;  // 6000: as good as met
  box_encode(surrogate_box(surrogate_), configuration.data(), 30, x.data());
  const double value = surrogate_log_window_met(surrogate_, x.data(), gradient.data());
  for (size_t k = 0; k + 2 < d; ++k) {
    std::vector<double> up = x, down = x;
    up[k] += 1e-5;
    down[k] -= 1e-5;
    const double slope = (surrogate_log_window_met(surrogate_, up.data(), nullptr) -
                          surrogate_log_window_met(surrogate_, down.data(), nullptr)) /
                         2e-5;
    EXPECT_NEAR(slope, gradient[k], 1e-4 * (1 + std::fabs(slope))) << k;
  }
  EXPECT_LT(value, 0);
}

TEST_F(Surrogate, ExploitsToTheCheapestThatIsLikelyToMeetQos) {
  add_rows(200, {10});
  surrogate_options_t options = {};
  ASSERT_TRUE(prepare(options, 10));
  Configuration configuration = start();
  ASSERT_OK(surrogate_exploit(surrogate_, 0.9, configuration.data(), &error));
  EXPECT_LE(latency_s(configuration, 10), 13 * 1.06);  // as sure as 200 rows make it
  double floor = 0;
  Configuration cheapest = configuration;
  for (auto &f : cheapest) f = {600, 614, 2, 2};
  floor = fc_cost_reserved_usd_h(workflow_, cheapest.data());
  // Five functions at their least, and not much more for the sixth than the 3462 millicores it needs.
  EXPECT_LT(fc_cost_reserved_usd_h(workflow_, configuration.data()), floor + 0.000173 * 3462 * 1.2);
  for (const auto &f : configuration) {
    EXPECT_GE(f.cpu_millicores, 600);
    EXPECT_LE(f.replicas, 8);
  }
}

TEST_F(Surrogate, LuckAloneMakesNoIncumbent) {
  add_rows(200, {10}, 0.12);
  surrogate_options_t options = {};
  ASSERT_TRUE(prepare(options, 10));
  Configuration configuration = start();
  configuration[4] = {1300, 1331, 2, 6};  // 2600 of 3462 millicores
  measure(configuration, 10, 0.74);
  ASSERT_OK(surrogate_learn(surrogate_, &window_, FC_QOS_MET, &error));
  bool ready = false;
  ASSERT_OK(surrogate_prepare(surrogate_, &window_, &ready, &error));
  EXPECT_EQ(nullptr, surrogate_incumbent(surrogate_, 0.95));
  configuration[4] = {1300, 1331, 5, 6};
  measure(configuration, 10);
  ASSERT_OK(surrogate_learn(surrogate_, &window_, FC_QOS_MET, &error));
  ASSERT_OK(surrogate_prepare(surrogate_, &window_, &ready, &error));
  const proven_item_t *incumbent = surrogate_incumbent(surrogate_, 0.95);
  ASSERT_NE(nullptr, incumbent);
  EXPECT_EQ(5, incumbent->configuration[4].replicas);
}

TEST_F(Surrogate, LeavesOutliersOut) {
  add_rows(120, {10});
  rows_.windows[60].outcome.latency_mean_s *= 4;
  surrogate_options_t options = {};
  options.models_cost = options.filters_outliers = true;
  ASSERT_TRUE(prepare(options, 10));
  EXPECT_TRUE(surrogate_->known.excluded[60]);
  EXPECT_LT(std::count(surrogate_->known.excluded, surrogate_->known.excluded + 120, true), 30);
  ASSERT_NE(nullptr, surrogate_cost(surrogate_));
}

}  // namespace
