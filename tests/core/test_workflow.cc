// tests core/workflow*.c: the shipped workflows, everything a file may say, and what it means.
#include <cstdlib>
#include <cstring>
#include <string>

#include "core_fixture.h"

extern "C" {
#include "faasconf/cost.h"
#include "faasconf/digest.h"
}

namespace {
using fc_test::with;
using fc_test::Workflow;

void expect_range(const fc_knob_range_t &range, int min, int max) {
  EXPECT_EQ(min, range.min);
  EXPECT_EQ(max, range.max);
}

void expect_target(const fc_qos_term_t &term, double in_flight, double target) {
  EXPECT_DOUBLE_EQ(target, fc_qos_target(&term, in_flight));
}

TEST(ShippedWorkflow, MachineLearningOnesHaveTheFiguresOfTheDesign) {
  const struct {
    const char *name;
    int n_functions;
    double latency_s, successes_10, successes_30;
  } expected[] = {{"sequential", 5, 11, 22, 50}, {"parallel", 6, 13, 22, 42}, {"branch", 7, 8, 34, 80}};
  for (const auto &e : expected) {
    SCOPED_TRACE(e.name);
    const Workflow w = Workflow::shipped(e.name);
    EXPECT_STREQ(e.name, w->name);
    ASSERT_EQ(e.n_functions, w->n_functions);
    EXPECT_EQ(30.0, w->window_s);
    EXPECT_STREQ("", w->orchestrator);
    EXPECT_EQ(0.000173, w->prices.usd_per_millicore_hour);
    EXPECT_EQ(0.000012, w->prices.usd_per_mib_hour);
    for (int f = 0; f < w->n_functions; ++f) {
      const fc_function_t &function = w->functions[f];
      EXPECT_EQ(FC_MODE_FORK, function.mode);
      expect_range(function.ranges[FC_KNOB_CPU], 600, 2000);
      expect_range(function.ranges[FC_KNOB_MEM], 614, 2048);
      expect_range(function.ranges[FC_KNOB_REPLICAS], 2, 8);
      expect_range(function.ranges[FC_KNOB_CONCURRENCY], 2, 10);
      expect_range(function.full_ranges[FC_KNOB_CPU], 250, 2000);
      expect_range(function.full_ranges[FC_KNOB_MEM], 256, 2048);
      expect_range(function.full_ranges[FC_KNOB_REPLICAS], 1, 8);
      expect_range(function.full_ranges[FC_KNOB_CONCURRENCY], 1, 10);
      EXPECT_EQ(1300, function.start.cpu_millicores);
      EXPECT_EQ(1331, function.start.mem_mib);
      EXPECT_EQ(5, function.start.replicas);
      EXPECT_EQ(6, function.start.concurrency);
    }
    ASSERT_EQ(3, w->n_qos_terms);
    EXPECT_EQ(FC_QOS_LATENCY_MEAN, w->qos_terms[0].kind);
    expect_target(w->qos_terms[0], 10, e.latency_s);
    EXPECT_EQ(FC_QOS_SUCCESS_COUNT, w->qos_terms[1].kind);
    expect_target(w->qos_terms[1], 10, e.successes_10);
    expect_target(w->qos_terms[1], 30, e.successes_30);
    EXPECT_EQ(FC_QOS_SUCCESS_RATIO, w->qos_terms[2].kind);
    EXPECT_EQ(FC_QOS_OF_COMPLETED, w->qos_terms[2].base);
    EXPECT_TRUE(w->qos_terms[2].strict_only);
    expect_target(w->qos_terms[2], 10, 0.90);
    EXPECT_TRUE(w->simulator.present);
    EXPECT_EQ(FC_ON_FAILURE_IGNORE, w->functions[fc_workflow_find(w.get(), "starter")].on_failure);
  }
}

TEST(ShippedWorkflow, TcktAppHasTheFiguresOfTheDesign) {
  const Workflow w = Workflow::shipped("tcktapp");
  ASSERT_EQ(12, w->n_functions);
  EXPECT_STREQ("get-left-trip-tickets", w->orchestrator);
  EXPECT_STREQ("get-left-trip-tickets", w->functions[0].name);
  EXPECT_STREQ("query-for-travel", w->functions[11].name);
  for (int f = 0; f < 12; ++f) {
    EXPECT_EQ(FC_MODE_SYNCHRONOUS, w->functions[f].mode);
    expect_range(w->functions[f].ranges[FC_KNOB_CPU], 400, 1000);
    expect_range(w->functions[f].ranges[FC_KNOB_MEM], 410, 1024);
    expect_range(w->functions[f].ranges[FC_KNOB_REPLICAS], 2, 8);
    EXPECT_EQ(w->functions[f].ranges[FC_KNOB_CONCURRENCY].min, w->functions[f].ranges[FC_KNOB_CONCURRENCY].max);
  }
  expect_target(w->qos_terms[0], 30, 4.3);
}

TEST(ShippedWorkflow, IsFoundByNameInTheFolderOfTheEnvironment) {
  fc_error_t error = {};
  fc_workflow_t *w = nullptr;
  ASSERT_OK(fc_workflow_load("parallel", &w, &error));
  EXPECT_STREQ("parallel", w->name);
  fc_workflow_destroy(&w);
  EXPECT_EQ(nullptr, w);
  fc_test::TemporaryFolder folder;
  fc_test::write_file(folder.path("mine.yaml"), fc_test::kChain);
  EXPECT_EQ(FC_ENOTFOUND, fc_workflow_load("mine", &w, &error));
  EXPECT_THAT(error.message, testing::HasSubstr("FAASCONF_WORKFLOWS"));
  setenv("FAASCONF_WORKFLOWS", folder.path().c_str(), 1);
  EXPECT_OK(fc_workflow_load("mine", &w, &error));
  unsetenv("FAASCONF_WORKFLOWS");
  fc_workflow_destroy(&w);
  EXPECT_OK(fc_workflow_load(folder.path("mine.yaml").c_str(), &w, &error));
  fc_workflow_destroy(&w);
  EXPECT_EQ(FC_ENOTFOUND, fc_workflow_load(folder.path("absent.yaml").c_str(), &w, &error));
  EXPECT_EQ(FC_ENOTFOUND, fc_workflow_load(folder.path().c_str(), &w, &error));
  EXPECT_EQ(nullptr, w);
}

TEST(Workflow, ReadsFunctionsWithTheirOwnRangesAndStart) {
  const Workflow w(with(with(fc_test::kChain, "    c: {", "    c.2-x_: {work_cpu_s: 1}\n    c: {"), "{name: c}",
                        "{name: c.2-x_, mode: synchronous, on_failure: ignore, start: {concurrency: 3, replicas: 4},"
                        " ranges: {cpu_millicores: [700, 900], concurrency: 3}, full_ranges: {replicas: [1, 20]},"
                        " calls: [a]}\n  - {name: c}"));
  ASSERT_EQ(-1, fc_workflow_find(w.get(), "d"));
  const int32_t f = fc_workflow_find(w.get(), "c.2-x_");
  ASSERT_EQ(2, f);
  EXPECT_EQ(FC_MODE_SYNCHRONOUS, w->functions[f].mode);
  EXPECT_EQ(FC_ON_FAILURE_IGNORE, w->functions[f].on_failure);
  expect_range(fc_workflow_range(w.get(), f, FC_KNOB_CPU, FC_RANGES_MEASURED), 700, 900);
  expect_range(fc_workflow_range(w.get(), f, FC_KNOB_CPU, FC_RANGES_FULL), 250, 2000);
  expect_range(fc_workflow_range(w.get(), f, FC_KNOB_MEM, FC_RANGES_MEASURED), 614, 2048);
  expect_range(fc_workflow_range(w.get(), f, FC_KNOB_CONCURRENCY, FC_RANGES_MEASURED), 3, 3);
  expect_range(fc_workflow_range(w.get(), f, FC_KNOB_REPLICAS, FC_RANGES_FULL), 1, 20);
  EXPECT_EQ(4, w->functions[f].start.replicas);
  EXPECT_EQ(1300, w->functions[f].start.cpu_millicores);
  EXPECT_GE(w->functions[f].calls, 0);
  EXPECT_EQ(FC_ON_FAILURE_FAIL, w->functions[3].on_failure);
  EXPECT_EQ(FC_ON_FAILURE_POISON, w->functions[1].on_failure);
  EXPECT_EQ(-1, w->functions[3].calls);
  EXPECT_STREQ("c", w->functions[3].platform_name);
}

TEST(Workflow, WithoutFullRangesTheyAreTheRanges) {
  std::string text = fc_test::kChain;
  text.erase(text.find("full_ranges"), text.find("start:") - text.find("full_ranges"));
  const Workflow w(text);
  expect_range(fc_workflow_range(w.get(), 0, FC_KNOB_CPU, FC_RANGES_FULL), 600, 2000);
}

TEST(Workflow, ReadsCallPlans) {
  const Workflow w(with(fc_test::kChain, "calls: [a, b, c]",
                        "calls:\n"
                        "  - {call: a, probability: 0.25, count: 3, input: workflow}\n"
                        "  - parallel: [[b], [c, a]]\n"
                        "  - choice: [{probability: 0.4, calls: [b]}, {probability: 0.6, calls: [c]}]\n"
                        "  - {repeat: {0: 0.1, 2: 0.9}, calls: [c], probability: 0.5}\n"));
  const fc_call_node_t *nodes = w->call_nodes;
  const fc_call_node_t &root = nodes[w->calls];
  ASSERT_EQ(FC_CALL_SEQUENCE, root.kind);
  const fc_call_node_t &call = nodes[root.first_child];
  EXPECT_EQ(FC_CALL_FUNCTION, call.kind);
  EXPECT_EQ(0, call.function);
  EXPECT_EQ(0.25, call.probability);
  EXPECT_EQ(3, call.count.count[0]);
  EXPECT_FALSE(call.uses_previous_output);
  const fc_call_node_t &parallel = nodes[call.next_sibling];
  ASSERT_EQ(FC_CALL_PARALLEL, parallel.kind);
  const fc_call_node_t &second_branch = nodes[nodes[parallel.first_child].next_sibling];
  ASSERT_EQ(FC_CALL_SEQUENCE, second_branch.kind);
  EXPECT_EQ(-1, second_branch.next_sibling);
  EXPECT_EQ(2, nodes[second_branch.first_child].function);
  EXPECT_TRUE(nodes[second_branch.first_child].uses_previous_output);
  const fc_call_node_t &choice = nodes[parallel.next_sibling];
  ASSERT_EQ(FC_CALL_CHOICE, choice.kind);
  EXPECT_EQ(0.4, nodes[choice.first_child].probability);
  EXPECT_EQ(0.6, nodes[nodes[choice.first_child].next_sibling].probability);
  const fc_call_node_t &repeat = nodes[choice.next_sibling];
  ASSERT_EQ(FC_CALL_SEQUENCE, repeat.kind);
  EXPECT_EQ(0.5, repeat.probability);
  ASSERT_EQ(2, repeat.count.n_outcomes);
  EXPECT_EQ(0, repeat.count.count[0]);
  EXPECT_EQ(0.1, repeat.count.probability[0]);
  EXPECT_EQ(2, repeat.count.count[1]);
  EXPECT_EQ(-1, repeat.next_sibling);
}

TEST(Workflow, ReadsQosTermsPricesSimulatorAndPlatform) {
  const Workflow w(std::string(fc_test::kChain) + "platform: {kind: sim, functions: {b: fn-b}}\n");
  ASSERT_EQ(5, w->n_qos_terms);
  EXPECT_EQ(FC_QOS_LATENCY_PERCENTILE, w->qos_terms[1].kind);
  EXPECT_EQ(95.0, w->qos_terms[1].percentile);
  EXPECT_EQ(2, w->qos_terms[2].n_points);
  EXPECT_TRUE(w->qos_terms[3].strict_only);
  EXPECT_EQ(FC_QOS_OF_OFFERED, w->qos_terms[4].base);
  EXPECT_FALSE(w->qos_terms[4].strict_only);
  EXPECT_STREQ("test", w->prices.version);
  ASSERT_TRUE(w->simulator.present);
  EXPECT_EQ(0.03, w->simulator.gateway_delay_s);
  EXPECT_EQ(20.0, w->simulator.mem_idle_mib) << "its default";
  EXPECT_EQ(0.25, w->simulator.functions[1].work_cpu_s);
  EXPECT_EQ(0.5, w->simulator.functions[2].startup_share);
  EXPECT_EQ(1.0, w->simulator.functions[2].parallelism) << "its default";
  EXPECT_STREQ("sim", w->platform_kind);
  EXPECT_STREQ("fn-b", w->functions[1].platform_name);
  EXPECT_STREQ("a", w->functions[0].platform_name);
}

TEST(Workflow, PeriodsOfTheCpuQuotaAreReadAndAbsentByDefault) {
  const Workflow plain;
  EXPECT_EQ(0, plain->simulator.cpu_period_s);
  EXPECT_EQ(0, plain->simulator.cpu_tick_s);
  EXPECT_EQ(0, plain->simulator.cores);
  const Workflow w(with(fc_test::kChain, "  gateway_delay_s: 0.03",
                        "  cpu_period_s: 0.1\n  cpu_tick_s: {value: 0.004, mark: plausible}\n  cores: 2"));
  EXPECT_EQ(0.1, w->simulator.cpu_period_s);
  EXPECT_EQ(0.004, w->simulator.cpu_tick_s);
  EXPECT_EQ(2, w->simulator.cores);
  EXPECT_THAT(fc_test::refusal(with(fc_test::kChain, "  gateway_delay_s: 0.03", "  cpu_period_s: 1.5")),
              testing::HasSubstr("from 0 to 1"));
}

TEST(Workflow, ATailIsReadAndAbsentByDefault) {
  const Workflow plain;
  EXPECT_EQ(0, plain->simulator.tail_share);
  EXPECT_EQ(4, plain->simulator.tail_factor);
  const Workflow w(with(fc_test::kChain, "  gateway_delay_s: 0.03",
                        "  tail_share: 0.05\n  tail_factor: {value: 2.5, mark: plausible}"));
  EXPECT_EQ(0.05, w->simulator.tail_share);
  EXPECT_EQ(2.5, w->simulator.tail_factor);
  EXPECT_THAT(fc_test::refusal(with(fc_test::kChain, "  gateway_delay_s: 0.03", "  tail_factor: 0.5")),
              testing::HasSubstr("from 1 to 1000"));
}

TEST(WorkflowDigest, IsTheSameOnEveryMachine) {
  // Whoever changes what is hashed orphans every policy and every stored row: this number is part of the format.
  EXPECT_EQ("7bbd413261b3c5d9c132f08179c59d0069b5d8baf1cb8f283d191852833d7260", Workflow().digest());
}

TEST(WorkflowDigest, IgnoresLayoutSimulatorAndPlatform) {
  const std::string digest = Workflow().digest();
  EXPECT_EQ(digest, Workflow("# a comment\n" + std::string(fc_test::kChain)).digest());
  EXPECT_EQ(digest, Workflow(with(fc_test::kChain, "{name: c}", "{on_failure: fail, name: 'c'}")).digest());
  EXPECT_EQ(digest, Workflow(with(fc_test::kChain, "gateway_delay_s: 0.03", "gateway_delay_s: 0.04")).digest());
  EXPECT_EQ(digest, Workflow(std::string(fc_test::kChain) + "platform: {kind: sim}\n").digest());
}

TEST(WorkflowDigest, ChangesWithEverythingThatHasMeaning) {
  const std::string digest = Workflow().digest();
  const std::string changes[][2] = {{"workflow: chain", "workflow: chain2"},
                                    {"name: a, mode: fork", "name: a, mode: synchronous"},
                                    {"on_failure: poison", "on_failure: ignore"},
                                    {"[600, 2000]", "[601, 2000]"},
                                    {"[256, 2048]", "[255, 2048]"},
                                    {"concurrency: 6}", "concurrency: 7}"},
                                    {"calls: [a, b, c]", "calls: [a, c, b]"},
                                    {"calls: [a, b, c]", "calls: [a, b, {call: c, probability: 0.5}]"},
                                    {"calls: [a, b, c]", "calls: [a, b, {call: c, count: 2}]"},
                                    {"calls: [a, b, c]", "calls: [a, b, {call: c, input: workflow}]"},
                                    {"latency_mean_s: 13", "latency_mean_s: 13.5"},
                                    {"20: 32", "21: 32"},
                                    {"of: completed", "of: offered"},
                                    {", semantics: strict", ""},
                                    {"version: test", "version: other"},
                                    {"0.000012", "0.000013"},
                                    {"window_s: 30", "window_s: 31\norchestrator: a"},
                                    {"window_s: 30", "window_s: 31"}};
  for (const auto &change : changes)
    EXPECT_NE(digest, Workflow(with(fc_test::kChain, change[0], change[1])).digest()) << change[1];
}

TEST(Workflow, SemanticsHaveNames) {
  fc_semantics_t semantics = FC_SEMANTICS_STRICT;
  EXPECT_TRUE(fc_semantics_parse("as-published", &semantics));
  EXPECT_EQ(FC_SEMANTICS_AS_PUBLISHED, semantics);
  EXPECT_TRUE(fc_semantics_parse(fc_semantics_name(FC_SEMANTICS_STRICT), &semantics));
  EXPECT_EQ(FC_SEMANTICS_STRICT, semantics);
  EXPECT_FALSE(fc_semantics_parse("lenient", &semantics));
}

}  // namespace
