// RAMBO and Aquatope, repaired, on workflows whose optimum is known.
#include "sanitized.h"
#include "support.h"
#include "toys.h"

namespace {

using fc_test::ToyRows;
using fc_test::ToyRun;
using fc_test::ToyTask;

constexpr int kRows = 100, kWindows = 60;

class BayesToys : public ::testing::TestWithParam<const char *> {
 protected:
  ToyRun run(const fc_test::Toy &toy, uint64_t seed) {
    const ToyRows rows(toy, kRows, 0, seed);
    ToyTask task;
    task.tuner = GetParam();
    task.n_windows = kWindows;
    task.seed = seed;
    const ToyRun result = fc_test::run_on_toy(toy, rows, task);
    RecordProperty("rows", std::to_string(rows.best_over_optimum));
    RecordProperty("best", std::to_string(result.best_over_optimum));
    RecordProperty("last", std::to_string(result.last_over_optimum));
    RecordProperty("violations", result.violations);
    return result;
  }
};

TEST_P(BayesToys, AllocatesFiveFunctionsInARow) {
  SKIP_SANITIZED();
  for (uint64_t seed : {1, 2, 3}) {
    const ToyRun result = run(*fc_test::allocation_sequential(), seed);
    EXPECT_LE(result.best_over_optimum, 1.10) << "seed " << seed;
    EXPECT_LE(result.last_over_optimum, 1.10) << "seed " << seed;
  }
}

TEST_P(BayesToys, AllocatesTwoFunctionsAtOnceAfterFour) {
  SKIP_SANITIZED();
  for (uint64_t seed : {1, 2, 3}) {
    const ToyRun result = run(*fc_test::allocation_parallel(), seed);
    EXPECT_LE(result.best_over_optimum, 1.10) << "seed " << seed;
    EXPECT_LE(result.last_over_optimum, 1.10) << "seed " << seed;
  }
}

// What is cheaper than a start that violates QoS violates it, too: the search has to look above.
TEST_P(BayesToys, LooksAboveAStartThatIsTooLittle) {
  SKIP_SANITIZED();
  const ToyRun result = run(*fc_test::allocation_from_too_little(), 1);
  EXPECT_LE(result.best_over_optimum, 1.10);
}

TEST_P(BayesToys, FindsTheOneCellOfReplicasAndConcurrency) {
  SKIP_SANITIZED();
  for (uint64_t seed : {1, 2, 3}) {
    const ToyRun result = run(*fc_test::concurrency_toy(), seed);
    EXPECT_DOUBLE_EQ(1, result.best_over_optimum) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, BayesToys, ::testing::Values("rambo", "aquatope"),
                         [](const auto &method) { return std::string(method.param); });

}  // namespace
