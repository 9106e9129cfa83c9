// eval/tuners/learned.c: training, the cache, what is explored and what is left alone; and the toy of one cell.
#include <chrono>
#include <filesystem>

#include "learned.h"
#include "support.h"
#include "toys.h"

#include "sanitized.h"

extern "C" {
#include "rows.h"
}

namespace {

using Configuration = std::vector<fc_function_configuration_t>;
namespace fs = std::filesystem;

class Learned : public ::testing::Test {
 protected:
  void use(std::unique_ptr<fc_test::Toy> toy, int n_rows = 200) {
    toy_ = std::move(toy);
    rows_ = std::make_unique<fc_test::ToyRows>(*toy_, n_rows, 0, 1);
    setting_ = {};
    setting_.workflow = *toy_;
    setting_.rows = rows_->get();
    setting_.seed = 5;
    ASSERT_EQ(FC_OK, fc_observation_init(&window_, (*toy_)->n_functions));
  }
  void TearDown() override { fc_observation_clear(&window_); }
  Configuration start() const {
    Configuration c;
    for (int f = 0; f < (*toy_)->n_functions; ++f) c.push_back((*toy_)->functions[f].start);
    return c;
  }
  // So many proposals, each measured and learned from; the first has no window before it.
  std::vector<Configuration> proposals(const tuner_t &tuner, int n, bool dynamic = false) {
    std::vector<Configuration> all;
    void *self = nullptr;
    EXPECT_OK(tuner.create(&setting_, &self, &error));
    if (self == nullptr) return all;
    for (int i = 0; i < n; ++i) {
      Configuration c((*toy_)->n_functions);
      EXPECT_OK(tuner.propose(self, i == 0 ? nullptr : &window_, dynamic, c.data(), &error));
      toy_->measure(c.data(), i, 0, 1, &window_);
      EXPECT_OK(tuner.learn(self, &window_, toy_->judge(&window_), &error));
      all.push_back(c);
    }
    tuner.destroy(&self);
    EXPECT_EQ(nullptr, self);
    return all;
  }
  // Twice the same question, without learning in between.
  bool same_answer_twice(const tuner_t &tuner, bool dynamic) {
    void *self = nullptr;
    Configuration first((*toy_)->n_functions), second(first);
    EXPECT_OK(tuner.create(&setting_, &self, &error));
    EXPECT_OK(tuner.propose(self, nullptr, dynamic, first.data(), &error));
    EXPECT_OK(tuner.propose(self, nullptr, dynamic, second.data(), &error));
    tuner.destroy(&self);
    return equal(first, second);
  }
  static bool equal(const Configuration &a, const Configuration &b) {
    return memcmp(a.data(), b.data(), a.size() * sizeof a[0]) == 0;
  }
  static bool equal(const std::vector<Configuration> &a, const std::vector<Configuration> &b) {
    for (size_t i = 0; i < a.size(); ++i) {
      if (!equal(a[i], b[i])) return false;
    }
    return a.size() == b.size();
  }
  fc_error_t error = {};
  std::unique_ptr<fc_test::Toy> toy_;
  std::unique_ptr<fc_test::ToyRows> rows_;
  tuner_setting_t setting_ = {};
  fc_observation_t window_ = {};
};

TEST_F(Learned, OneSeedOneTuningAndProposalsAreInTheRanges) {
  use(fc_test::concurrency_toy());
  const auto first = proposals(tuner_ddpg, 4), again = proposals(tuner_ddpg, 4);
  EXPECT_TRUE(equal(first, again));
  setting_.seed = 6;
  EXPECT_FALSE(equal(first, proposals(tuner_ddpg, 4)));
  for (const Configuration &c : first) {
    EXPECT_EQ(1000, c[0].cpu_millicores);
    EXPECT_EQ(256, c[0].mem_mib);
    EXPECT_GE(c[0].replicas, 1);
    EXPECT_LE(c[0].replicas, 8);
  }
}

TEST_F(Learned, ExploresUnlessItsProposalStaysInForce) {
  use(fc_test::allocation_sequential(), 30);
  EXPECT_FALSE(same_answer_twice(tuner_ddpg, false));
  EXPECT_TRUE(same_answer_twice(tuner_ddpg, true));
}

TEST_F(Learned, ATrainingIsRecalledFromTheCacheBitByBit) {
  use(fc_test::concurrency_toy());
  const fc_test::TemporaryFolder folder;
  const std::string cache = folder.path("cache");
  const auto uncached = proposals(tuner_ddpg, 4);
  setting_.cache = cache.c_str();
  EXPECT_TRUE(equal(uncached, proposals(tuner_ddpg, 4)));
  const size_t n_files = fc_test::files_in(cache);
  EXPECT_GT(n_files, 0u);
  EXPECT_TRUE(equal(uncached, proposals(tuner_ddpg, 4)));
  EXPECT_EQ(n_files, fc_test::files_in(cache));
  // another method and other rows have states of their own
  proposals(tuner_firm, 1);
  EXPECT_EQ(2 * n_files, fc_test::files_in(cache));
  rows_ = std::make_unique<fc_test::ToyRows>(*toy_, 200, 0, 2);
  setting_.rows = rows_->get();
  proposals(tuner_ddpg, 1);
  EXPECT_EQ(3 * n_files, fc_test::files_in(cache));
}

TEST_F(Learned, ADamagedStateIsTrainedAnew) {
  use(fc_test::concurrency_toy());
  const fc_test::TemporaryFolder folder;
  const std::string cache = folder.path("cache");
  setting_.cache = cache.c_str();
  const auto good = proposals(tuner_ddpg, 3);
  for (const auto &entry : fs::recursive_directory_iterator(cache)) {
    if (entry.path().filename() == "state.safetensors") fc_test::write_file(entry.path(), "damaged");
  }
  EXPECT_TRUE(equal(good, proposals(tuner_ddpg, 3)));
}

TEST_F(Learned, AFixedConcurrencyStaysThatOfTheStart) {
  use(fc_test::concurrency_toy());
  setting_.concurrency_is_fixed = true;
  for (const Configuration &c : proposals(tuner_attmf, 4)) EXPECT_EQ(start()[0].concurrency, c[0].concurrency);
}

TEST_F(Learned, FirmLeavesWhoIsNotOnTheCriticalPathAsItIs) {
  use(fc_test::allocation_parallel(), 30);
  void *self = nullptr;
  ASSERT_OK(tuner_firm.create(&setting_, &self, &error));
  Configuration c = start();
  toy_->measure(c.data(), 0, 0, 1, &window_);  // f4 takes 1.2 s, f5 0.8 s at the same time
  const Configuration before = c;
  ASSERT_OK(tuner_firm.propose(self, &window_, false, c.data(), &error));
  EXPECT_EQ(before[5].cpu_millicores, c[5].cpu_millicores);
  for (int f : {0, 1, 2, 3, 4}) EXPECT_NE(before[f].cpu_millicores, c[f].cpu_millicores) << f;
  // nothing measured, no path: the start configuration
  tuner_firm.destroy(&self);
  ASSERT_OK(tuner_firm.create(&setting_, &self, &error));
  ASSERT_OK(tuner_firm.propose(self, nullptr, false, c.data(), &error));
  EXPECT_TRUE(equal(start(), c));
  tuner_firm.destroy(&self);
}

TEST_F(Learned, OnlyAttmfHasAFaithfulVariantAndItDoesNotExplore) {
  use(fc_test::allocation_sequential(), 30);
  setting_.variant = TUNER_FAITHFUL;
  for (int32_t i = 0; tuner_at(i) != nullptr; ++i) {
    const tuner_t *tuner = tuner_at(i);
    const std::string name = tuner->name;
    if (name != "mean_field" && name != "maddpg" && name != "ddpg" && name != "firm") continue;
    void *self = nullptr;
    EXPECT_FALSE(tuner->has_faithful);
    EXPECT_EQ(FC_EINVAL, tuner->create(&setting_, &self, &error)) << name;
    EXPECT_EQ(nullptr, self);
    EXPECT_NE(std::string::npos, std::string(error.message).find("no faithful variant")) << error.message;
  }
  EXPECT_TRUE(tuner_attmf.has_faithful);
  EXPECT_TRUE(same_answer_twice(tuner_attmf, false));
}

TEST_F(Learned, WithoutRowsItSaysSo) {
  use(fc_test::concurrency_toy(), 1);  // one row has no row before it
  void *self = nullptr;
  EXPECT_EQ(FC_EINVAL, tuner_ddpg.create(&setting_, &self, &error));
  EXPECT_EQ(nullptr, self);
  EXPECT_NE(std::string::npos, std::string(error.message).find("offline rows")) << error.message;
}

// 80 cells, of which one is the cheapest that meets QoS.
class LearnedToy : public ::testing::TestWithParam<const char *> {};
INSTANTIATE_TEST_SUITE_P(Methods, LearnedToy, ::testing::Values("attmf", "mean_field", "maddpg", "ddpg", "firm"),
                         [](const auto &method) { return std::string(method.param); });

// That exploring reaches it, as uniform draws would (in all but one of 1,000 runs). What the actors then propose by
// themselves is elsewhere: attmf's ended at 2.5 times the cost, or violated QoS (docs/evaluation.md).
TEST_P(LearnedToy, ExploringReachesTheOneCellOfReplicasAndConcurrency) {
  SKIP_SANITIZED();
  for (uint64_t seed : {1, 2, 3}) {
    const auto toy = fc_test::concurrency_toy();
    const fc_test::ToyRows rows(*toy, 300, 0, seed);
    const fc_test::ToyRun run = fc_test::run_on_toy(*toy, rows, {GetParam(), TUNER_REPAIRED, 1000, seed});
    EXPECT_DOUBLE_EQ(1, run.best_over_optimum) << "seed " << seed;
  }
}

}  // namespace
