// functions/orchestrator/outcomes.c: counters, the integral of what is in flight, readers with cursors. Time is the
// test's.
#include "support.h"

extern "C" {
#include "outcomes.h"
}

namespace {

class Outcomes : public testing::Test {
 protected:
  void make(int64_t capacity) {
    fc_error_t error = {};
    ASSERT_OK(outcomes_new(fc_clock_virtual(&time_), capacity, &outcomes_, &error));
  }
  void TearDown() override { outcomes_destroy(&outcomes_); }
  int64_t start() {
    int64_t start_ns = 0;
    outcomes_start(outcomes_, &start_ns);
    return start_ns;
  }
  double complete(int64_t start_ns, call_result_t result) {
    calls_outcome_t outcome = {};
    outcome.result = result;
    outcome.calls = 3;
    outcome.failed = result != CALL_SUCCEEDED;
    outcome.rejected = result == CALL_REJECTED;
    return outcomes_complete(outcomes_, start_ns, &outcome);
  }
  // Result names of the completions since the cursor, which moves on.
  std::vector<call_result_t> read(int64_t *cursor, int64_t limit = 100) {
    std::vector<completion_t> completions(static_cast<size_t>(limit) + 1);
    int64_t n = 0;
    outcomes_read(outcomes_, cursor, limit, completions.data(), &n, &missed_, &counters_);
    std::vector<call_result_t> results;
    for (int64_t i = 0; i < n; ++i) results.push_back(completions[static_cast<size_t>(i)].result);
    last_ = n > 0 ? completions[static_cast<size_t>(n - 1)] : completion_t{};
    return results;
  }
  void advance_s(double seconds) { fc_virtual_clock_advance_ns(&time_, static_cast<int64_t>(seconds * 1e9)); }
  fc_virtual_clock_t time_ = {0, 1000000};
  outcomes_t *outcomes_ = nullptr;
  int64_t missed_ = 0;
  outcome_counters_t counters_ = {};
  completion_t last_ = {};
};

using Results = std::vector<call_result_t>;

}  // namespace

TEST_F(Outcomes, CountsByResultAndIntegratesWhatIsInFlight) {
  ASSERT_NO_FATAL_FAILURE(make(10));
  const int64_t first = start();
  advance_s(1);
  const int64_t second = start(), third = start(), fourth = start();
  advance_s(2);
  EXPECT_DOUBLE_EQ(3, complete(first, CALL_SUCCEEDED));
  EXPECT_DOUBLE_EQ(2, complete(second, CALL_REJECTED));
  EXPECT_DOUBLE_EQ(2, complete(third, CALL_TIMED_OUT));
  advance_s(4);
  int64_t cursor = 0;
  EXPECT_EQ((Results{CALL_SUCCEEDED, CALL_REJECTED, CALL_TIMED_OUT}), read(&cursor));
  EXPECT_EQ(3, cursor);
  EXPECT_EQ(4, counters_.started);
  EXPECT_EQ(1, counters_.successes);
  EXPECT_EQ(2, counters_.failures);
  EXPECT_EQ(1, counters_.rejected);
  EXPECT_EQ(1, counters_.timeouts);
  EXPECT_EQ(1, counters_.in_flight);
  EXPECT_EQ(9, counters_.calls);
  EXPECT_EQ(2, counters_.calls_failed);
  EXPECT_EQ(1, counters_.calls_rejected);
  EXPECT_DOUBLE_EQ(1 * 1 + 4 * 2 + 1 * 4, counters_.in_flight_s);
  EXPECT_DOUBLE_EQ(7, counters_.up_s);
  EXPECT_EQ(1000000, counters_.started_us);
  EXPECT_EQ(8000000, counters_.now_us);
  EXPECT_EQ(4000000, last_.end_us);
  EXPECT_DOUBLE_EQ(2, last_.latency_s);
  complete(fourth, CALL_FAILED);
}

TEST_F(Outcomes, ReadersDoNotDisturbEachOther) {
  ASSERT_NO_FATAL_FAILURE(make(10));
  int64_t one = 0, other = 0;
  complete(start(), CALL_SUCCEEDED);
  EXPECT_EQ((Results{CALL_SUCCEEDED}), read(&one));
  complete(start(), CALL_FAILED);
  EXPECT_EQ((Results{CALL_FAILED}), read(&one));
  EXPECT_EQ((Results{}), read(&one));
  EXPECT_EQ((Results{CALL_SUCCEEDED, CALL_FAILED}), read(&other));
  EXPECT_EQ(one, other);
}

TEST_F(Outcomes, AReaderThatComesTooLateIsToldHowManyItMissed) {
  ASSERT_NO_FATAL_FAILURE(make(3));
  for (int i = 0; i < 5; ++i) complete(start(), i == 2 ? CALL_REJECTED : CALL_SUCCEEDED);
  int64_t cursor = 1;
  EXPECT_EQ((Results{CALL_REJECTED, CALL_SUCCEEDED, CALL_SUCCEEDED}), read(&cursor));
  EXPECT_EQ(1, missed_);
  EXPECT_EQ(5, cursor);
}

TEST_F(Outcomes, ALimitLeavesTheRestForTheNextReading) {
  ASSERT_NO_FATAL_FAILURE(make(10));
  for (int i = 0; i < 5; ++i) complete(start(), CALL_SUCCEEDED);
  int64_t cursor = 0;
  EXPECT_EQ(2u, read(&cursor, 2).size());
  EXPECT_EQ(2, cursor);
  EXPECT_EQ(0u, read(&cursor, 0).size());
  EXPECT_EQ(3u, read(&cursor).size());
  EXPECT_EQ(0, missed_);
}

TEST_F(Outcomes, ACursorFromTheFutureIsNow) {
  ASSERT_NO_FATAL_FAILURE(make(2));
  complete(start(), CALL_SUCCEEDED);
  int64_t cursor = INT64_MAX;
  EXPECT_EQ(0u, read(&cursor).size());
  EXPECT_EQ(1, cursor);
}
