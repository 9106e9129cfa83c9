// eval/tuners: the one way methods are run, how they settle, random search, library.
#include <functional>

#include "support.h"

extern "C" {
#include "faasconf/cost.h"
#include "rows.h"
#include "tuning.h"
}

namespace {
using Configuration = std::vector<fc_function_configuration_t>;

// A world in which a configuration meets QoS when its cost is at least a threshold, with chosen exceptions.
struct World {
  const fc_workflow_t *workflow;
  double threshold_usd_h;
  int fail_measurement;  // this measurement (from 0) violates whatever the configuration
  std::vector<Configuration> measured;
};

fc_status_t measure(void *context, const fc_function_configuration_t *configuration, fc_observation_t *window,
                    fc_qos_verdict_t *verdict, double *worst, fc_error_t *) {
  auto *world = static_cast<World *>(context);
  const int32_t n = world->workflow->n_functions;
  const bool met = fc_cost_reserved_usd_h(world->workflow, configuration) >= world->threshold_usd_h &&
                   static_cast<int>(world->measured.size()) != world->fail_measurement;
  std::copy(configuration, configuration + n, window->configuration);
  window->load = {FC_LOAD_HAS_IN_FLIGHT, 0, 10};
  *verdict = met ? FC_QOS_MET : FC_QOS_VIOLATED;
  *worst = met ? 0.5 : 1.25;
  world->measured.emplace_back(configuration, configuration + n);
  return FC_OK;
}

class Tuners : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow_, &error));
    world_ = {workflow_, 0, -1, {}};
    chosen_.resize(n());
    choice_.configuration = chosen_.data();
    ASSERT_EQ(tuner_rows_init(&rows_, workflow_->n_functions, 300), FC_OK);
    task_.setting.workflow = workflow_;
    task_.setting.rows = &rows_;
    task_.setting.seed = 3;
    task_.budget_windows = TUNING_BUDGET_WINDOWS;
    task_.measure = measure;
    task_.context = &world_;
  }
  void TearDown() override {
    tuner_rows_clear(&rows_);
    fc_workflow_destroy(&workflow_);
  }
  size_t n() const { return static_cast<size_t>(workflow_->n_functions); }
  double cost(const Configuration &configuration) const {
    return fc_cost_reserved_usd_h(workflow_, configuration.data());
  }
  Configuration uniform(int replicas) const { return Configuration(n(), {1000, 1000, replicas, 6}); }
  Configuration start() const {
    Configuration result;
    for (size_t f = 0; f < n(); ++f) result.push_back(workflow_->functions[f].start);
    return result;
  }
  void add_row(const Configuration &configuration, bool met, double load = 10) {
    fc_observation_t window;
    ASSERT_EQ(fc_observation_init(&window, workflow_->n_functions), FC_OK);
    std::copy(configuration.begin(), configuration.end(), window.configuration);
    window.load = {FC_LOAD_HAS_IN_FLIGHT, 0, load};
    tuner_rows_add(&rows_, &window, met ? FC_QOS_MET : FC_QOS_VIOLATED);
    fc_observation_clear(&window);
  }
  void run(const char *tuner) {
    task_.tuner = tuner_find(tuner, nullptr);
    ASSERT_NE(task_.tuner, nullptr);
    ASSERT_OK(tuning_run(&task_, &choice_, &error));
    EXPECT_EQ(choice_.windows_used, static_cast<int>(world_.measured.size()));
    EXPECT_LE(choice_.windows_used, task_.budget_windows);
  }
  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  World world_ = {};
  tuner_rows_t rows_ = {};
  Configuration chosen_;
  tuning_choice_t choice_ = {};
  tuning_task_t task_ = {};
};

TEST_F(Tuners, RandomStaysInBudgetAndSettlesOnAVerifiedConfiguration) {
  world_.threshold_usd_h = 5.0;
  run("random");
  ASSERT_TRUE(choice_.settled);
  EXPECT_GE(cost(chosen_), 5.0);
  EXPECT_GE(
      std::count_if(world_.measured.begin(), world_.measured.end(),
                    [&](const Configuration &c) { return memcmp(c.data(), chosen_.data(), sizeof c[0] * n()) == 0; }),
      TUNING_REQUIRED_MEETS);
}

TEST_F(Tuners, WithoutAnythingVerifiedTheChoiceIsTheStart) {
  world_.threshold_usd_h = 1e9;
  run("random");
  EXPECT_FALSE(choice_.settled);
  EXPECT_EQ(choice_.violations, choice_.windows_used);
  EXPECT_NEAR(choice_.severity, 0.25 * choice_.violations, 1e-12);
  EXPECT_NEAR(cost(chosen_), cost(start()), 1e-12);
}

TEST_F(Tuners, AViolationWhileVerifyingTakesTheCandidateOut) {
  world_.threshold_usd_h = 0;
  world_.fail_measurement = 10;  // the first of the windows that verify
  run("random");
  ASSERT_TRUE(choice_.settled);
  EXPECT_EQ(choice_.violations, 1);
  EXPECT_GT(cost(chosen_), cost(world_.measured[10])) << "the cheapest failed when it was measured again";
}

TEST_F(Tuners, LibraryTakesTheCheapestRowThatSurvivesRemeasuring) {
  const auto cheap = uniform(3), middle = uniform(4), dear = uniform(7);
  world_.threshold_usd_h = cost(middle);  // the cheap row was a lucky sample
  add_row(dear, true);
  add_row(cheap, true);
  add_row(middle, true);
  add_row(uniform(2), false);
  run("library");
  ASSERT_TRUE(choice_.settled);
  EXPECT_EQ(chosen_[0].replicas, 4);
  EXPECT_EQ(choice_.violations, 1);
}

TEST_F(Tuners, LibraryDoesNotTrustARowOfALowerLoad) {
  add_row(uniform(3), true, 5);
  add_row(uniform(6), true, 20);
  fc_observation_t warm;
  ASSERT_EQ(fc_observation_init(&warm, workflow_->n_functions), FC_OK);
  warm.load = {FC_LOAD_HAS_IN_FLIGHT, 0, 10};
  task_.warm = &warm;
  run("library");
  EXPECT_EQ(chosen_[0].replicas, 6);
  fc_observation_clear(&warm);
}

TEST_F(Tuners, RailsLimitEveryStepFromTheStart) {
  add_row(uniform(2), true);
  task_.rails = FC_RAILS_TUNING;
  run("library");
  Configuration before = start();
  for (const Configuration &now : world_.measured) {
    for (size_t f = 0; f < n(); ++f) {
      EXPECT_LE(abs(now[f].replicas - before[f].replicas), 2);
      EXPECT_LE(now[f].cpu_millicores, 1.41 * before[f].cpu_millicores + 1);
      EXPECT_GE(now[f].cpu_millicores, before[f].cpu_millicores / 1.41 - 1);
    }
    before = now;
  }
  EXPECT_EQ(chosen_[0].replicas, 2) << "reached in several steps and verified there";
}

TEST_F(Tuners, SesReplacesWhatIsOutsideTheBandOfTheRows) {
  for (int i = 0; i < 50; ++i) add_row(uniform(4), true);
  Configuration near = uniform(4);
  for (int i = 0; i < 10; ++i) {
    near[0].cpu_millicores = 980 + i;
    add_row(near, true);
  }
  task_.strategy = FC_STRATEGY_SES_PAPER;
  fc_observation_t warm;
  ASSERT_EQ(fc_observation_init(&warm, workflow_->n_functions), FC_OK);
  warm.load = {FC_LOAD_HAS_IN_FLIGHT, 0, 10};
  task_.warm = &warm;
  run("random");
  for (const Configuration &configuration : world_.measured)
    EXPECT_NEAR(cost(configuration), cost(uniform(4)), 0.15 * cost(uniform(4)));
  fc_observation_clear(&warm);
}

TEST_F(Tuners, WithoutItsKnobConcurrencyStays) {
  task_.setting.concurrency_is_fixed = true;
  run("random");
  for (const Configuration &configuration : world_.measured)
    for (size_t f = 0; f < n(); ++f) EXPECT_EQ(configuration[f].concurrency, workflow_->functions[f].start.concurrency);
}

TEST_F(Tuners, TheTableIsFoundByNameAndByIndex) {
  const char *names = nullptr;
  EXPECT_EQ(tuner_find("nonsense", &names), nullptr);
  int32_t count = 0;
  for (const tuner_t *tuner = tuner_at(0); tuner != nullptr; tuner = tuner_at(++count)) {
    EXPECT_EQ(tuner_find(tuner->name, nullptr), tuner);
    EXPECT_THAT(names, testing::HasSubstr(tuner->name));
  }
  EXPECT_GE(count, 2);
}
}  // namespace
