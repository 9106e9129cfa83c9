// tests agent/platforms/local/local_outcome.c: the outcome from windows of the access log.
#include <vector>

#include "support.h"

extern "C" {
#include "local_state.h"
}

namespace {

// Two functions and the gateway.
class LocalOutcome : public testing::Test {
 protected:
  LocalOutcome() : windows_(3) {
    for (auto &window : windows_) fc_histogram_init(&window.latency);
  }
  // One request of function 0, 1 or the gateway, 2.
  void ended(int32_t proxy, int32_t status, const char *termination = "--") {
    access_log_line_t line;
    const std::string text = "fc " + std::to_string(proxy) + " \"r1\" \"" + std::to_string(status) + "\" \"" +
                             termination + "\" \"0\" \"0\" \"20\" \"20\" \"120\" \"0\"";
    ASSERT_TRUE(access_log_parse(text.data(), text.size(), 3, &line));
    access_log_count(&windows_[static_cast<size_t>(proxy)], &line);
  }
  fc_outcome_t outcome(int64_t in_flight = 0) {
    fc_outcome_t out;
    local_outcome(windows_.data(), 2, in_flight, &tells_rejected_, &out);
    return out;
  }
  static bool has(const fc_outcome_t &outcome, uint32_t bit) { return (outcome.present & bit) != 0; }

  std::vector<access_log_window_t> windows_;
  bool tells_rejected_ = false;
};

TEST_F(LocalOutcome, RejectedWorkflowsAreThe429OfTheOrchestrator) {
  ended(0, 429);
  ended(2, 429);
  ended(2, 502);
  ended(2, 200);
  const fc_outcome_t o = outcome();
  EXPECT_TRUE(has(o, FC_OUTCOME_HAS_REJECTED));
  EXPECT_EQ(o.rejected, 1);
  EXPECT_EQ(o.failures, 2) << "rejected ones too";
  EXPECT_EQ(o.successes, 1);
  EXPECT_DOUBLE_EQ(o.execution_s, 0.02);
}

TEST_F(LocalOutcome, AnOrchestratorThatHasAnswered429IsBelievedAfterwards) {
  ended(2, 429);
  EXPECT_TRUE(has(outcome(), FC_OUTCOME_HAS_REJECTED));
  windows_[2] = {};
  ended(1, 429);
  ended(2, 502);
  const fc_outcome_t o = outcome();
  EXPECT_TRUE(has(o, FC_OUTCOME_HAS_REJECTED));
  EXPECT_EQ(o.rejected, 0) << "the rejected call was ignored, or not the first cause";
}

TEST_F(LocalOutcome, RejectedIsAbsentWhereTheLogCannotTell) {
  ended(0, 429);
  ended(2, 502);
  EXPECT_FALSE(has(outcome(), FC_OUTCOME_HAS_REJECTED)) << "this orchestrator may answer 502 to everything";
  ended(2, 429);
  EXPECT_TRUE(has(outcome(), FC_OUTCOME_HAS_REJECTED));
  ended(1, 503, "sQ");
  EXPECT_FALSE(has(outcome(), FC_OUTCOME_HAS_REJECTED)) << "503 of a queue is a failure for the orchestrator";
}

TEST_F(LocalOutcome, WithoutRejectedCallsOrWithoutFailuresThereIsNoDoubt) {
  EXPECT_TRUE(has(outcome(), FC_OUTCOME_HAS_REJECTED));
  ended(2, 502);
  EXPECT_TRUE(has(outcome(), FC_OUTCOME_HAS_REJECTED)) << "no call was rejected";
  windows_[2] = {};
  ended(0, 429);
  ended(2, 200);
  EXPECT_TRUE(has(outcome(), FC_OUTCOME_HAS_REJECTED)) << "no workflow failed";
  EXPECT_EQ(outcome().rejected, 0);
}

TEST_F(LocalOutcome, UnfinishedIsWhatIsInFlightAtTheEndWhenThatIsKnown) {
  ended(2, 200);
  const fc_outcome_t known = outcome(3), unknown = outcome(-1);
  EXPECT_TRUE(has(known, FC_OUTCOME_HAS_UNFINISHED));
  EXPECT_EQ(known.unfinished, 3);
  EXPECT_EQ(fc_outcome_offered(&known), 4);
  EXPECT_FALSE(has(unknown, FC_OUTCOME_HAS_UNFINISHED));
}

TEST_F(LocalOutcome, WithoutASuccessThereIsNoLatency) {
  ended(2, 502);
  EXPECT_FALSE(has(outcome(), FC_OUTCOME_HAS_LATENCY_MEAN | FC_OUTCOME_HAS_LATENCY_P95));
  ended(2, 200);
  EXPECT_NEAR(outcome().latency_mean_s, 0.02, 1e-3);
}

}  // namespace
