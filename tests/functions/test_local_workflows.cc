// workflows/local-*.yaml: they fit one core whatever the configuration, and the start configuration meets QoS in the
// simulator with room below it.
#include "support.h"

extern "C" {
#include "faasconf/workflow.h"
#include "judge.h"
}

namespace {

class LocalWorkflows : public testing::TestWithParam<const char *> {
 protected:
  void SetUp() override {
    fc_error_t error = {};
    const std::string path = fc_test::source_file(std::string("workflows/local-") + GetParam() + ".yaml");
    ASSERT_OK(fc_workflow_load(path.c_str(), &workflow_, &error));
  }
  void TearDown() override { fc_workflow_destroy(&workflow_); }
  fc_workflow_t *workflow_ = nullptr;
};

}  // namespace

TEST_P(LocalWorkflows, AllQuotasTogetherFitOneCoreWhateverTheConfiguration) {
  int64_t largest = 0, start = 0;
  for (int32_t f = 0; f < workflow_->n_functions; ++f) {
    const fc_function_t &function = workflow_->functions[f];
    largest += int64_t{function.full_ranges[FC_KNOB_CPU].max} * function.full_ranges[FC_KNOB_REPLICAS].max;
    start += int64_t{function.start.cpu_millicores} * function.start.replicas;
    EXPECT_GE(function.full_ranges[FC_KNOB_CPU].min, 10) << "the least that a CFS quota can say";
    EXPECT_GT(workflow_->visits[f], 0) << function.name;
  }
  EXPECT_LE(largest, 1000);
  EXPECT_LE(start, 800) << "room for the load, the proxy and the orchestrator";
  EXPECT_LE(workflow_->n_functions, 6);
  EXPECT_EQ(5, workflow_->window_s);
}

TEST_P(LocalWorkflows, MemoryHoldsAsManyRequestsAsTheConcurrencyLimitAllows) {
  for (int32_t f = 0; f < workflow_->n_functions; ++f) {
    const fc_function_t &function = workflow_->functions[f];
    const double needed_mib =
        workflow_->simulator.mem_idle_mib +
        function.ranges[FC_KNOB_CONCURRENCY].max * workflow_->simulator.functions[f].mem_mib_per_request;
    EXPECT_LT(needed_mib, function.ranges[FC_KNOB_MEM].min) << "the smallest limit would kill replicas";
  }
}

TEST_P(LocalWorkflows, TheStartMeetsQosInTheSimulatorAndTheSmallestConfigurationDoesNot) {
  std::vector<fc_function_configuration_t> start, smallest;
  for (int32_t f = 0; f < workflow_->n_functions; ++f) {
    const fc_knob_range_t *ranges = workflow_->functions[f].ranges;
    start.push_back(workflow_->functions[f].start);
    smallest.push_back({ranges[FC_KNOB_CPU].min, ranges[FC_KNOB_MEM].min, ranges[FC_KNOB_REPLICAS].min,
                        ranges[FC_KNOB_CONCURRENCY].max});
  }
  for (int32_t users : {4, 8}) {
    fc_error_t error = {};
    judgement_t at_start = {}, at_smallest = {};
    ASSERT_OK(judge_configuration(workflow_, FC_SEMANTICS_STRICT, users, 1, 200, start.data(), &at_start, &error));
    ASSERT_OK(
        judge_configuration(workflow_, FC_SEMANTICS_STRICT, users, 1, 200, smallest.data(), &at_smallest, &error));
    EXPECT_TRUE(at_start.qos_met) << users << " users: " << at_start.compliance;
    EXPECT_GT(at_start.throughput, 15) << "enough workflows in a window to judge it";
    EXPECT_LT(at_smallest.compliance, 0.05) << users << " users";
    EXPECT_LT(at_smallest.cost_usd_h, 0.5 * at_start.cost_usd_h);
  }
}

INSTANTIATE_TEST_SUITE_P(Shipped, LocalWorkflows, testing::Values("sequential", "parallel", "branch"),
                         [](const auto &shipped) { return std::string(shipped.param); });
