// `faasconf generate workflow`: what is drawn loads, simulates and is what was asked for.
#include <sys/stat.h>

#include <set>

#include "ran_command.h"
#include "support.h"

extern "C" {
#include "command.h"
#include "drawn_workflow.h"
#include "faasconf/cost.h"
#include "faasconf/json.h"
#include "judge.h"
#include "simulator.h"
}

namespace {

using Ran = fc_test::RanCommand;

Ran run(const std::vector<std::string> &arguments) {
  return fc_test::run_command(cli_generate, arguments);
}

std::vector<std::string> options(int functions, const char *shape, int seed) {
  return {"workflow", "--functions", std::to_string(functions), "--shape", shape, "--seed", std::to_string(seed)};
}

const char *const shapes[] = {"series-parallel", "layered"};

// A parsed workflow that cleans up.
struct Workflow {
  explicit Workflow(const std::string &text) {
    fc_error_t error = {};
    EXPECT_OK(fc_workflow_parse(text.data(), text.size(), "drawn", &workflow, &error));
  }
  Workflow(const Workflow &) = delete;
  Workflow &operator=(const Workflow &) = delete;
  ~Workflow() { fc_workflow_destroy(&workflow); }
  double compliance(bool smallest) const {
    std::vector<fc_function_configuration_t> configuration;
    for (int32_t f = 0; f < workflow->n_functions; ++f) {
      const fc_function_t &function = workflow->functions[f];
      configuration.push_back(function.start);
      if (smallest)
        configuration.back() = {function.ranges[FC_KNOB_CPU].min, function.ranges[FC_KNOB_MEM].min,
                                function.ranges[FC_KNOB_REPLICAS].min, function.ranges[FC_KNOB_CONCURRENCY].min};
    }
    judgement_t judgement = {};
    fc_error_t error = {};
    EXPECT_OK(judge_configuration(workflow, FC_SEMANTICS_STRICT, DRAWN_USERS, 77, 100, configuration.data(), &judgement,
                                  &error));
    return judgement.compliance;
  }
  fc_workflow_t *workflow = nullptr;
};

// Calls and profiles without the measured part, which sizes would make slow.
std::string drawn_text(int32_t functions, workflow_shape_t shape, uint64_t seed, drawn_workflow_t *drawn) {
  drawn_workflow_options_t drawing = {};
  drawing.n_functions = functions;
  drawing.shape = shape;
  drawing.seed = seed;
  snprintf(drawing.name, sizeof drawing.name, "w");
  fc_error_t error = {};
  EXPECT_OK(drawn_workflow_draw(&drawing, drawn, &error));
  drawn->window_s = 30;
  drawn->latency_target_s = 1000;
  drawn->success_target = 0.5;
  char *text = nullptr;
  EXPECT_OK(drawn_workflow_write(drawn, &text, nullptr, &error));
  const std::string out = text == nullptr ? "" : text;
  free(text);
  return out;
}

class GenerateSizes : public ::testing::TestWithParam<std::tuple<int, int, const char *>> {};

TEST_P(GenerateSizes, StartMeetsQosAndTheSmallestDoesNot) {
  const auto [functions, seed, shape] = GetParam();
  const Ran ran = run(options(functions, shape, seed));
  ASSERT_EQ(CLI_DONE, ran.exit_code) << ran.err;
  const Workflow drawn(ran.out);
  ASSERT_NE(nullptr, drawn.workflow);
  EXPECT_EQ(functions, drawn.workflow->n_functions);
  EXPECT_STREQ("f001", drawn.workflow->functions[0].name);
  EXPECT_GE(drawn.compliance(false), JUDGE_REQUIRED_COMPLIANCE);
  EXPECT_LT(drawn.compliance(true), 0.5);
}

INSTANTIATE_TEST_SUITE_P(All, GenerateSizes,
                         ::testing::Combine(::testing::Values(1, 2, 7, 20), ::testing::Values(1, 2),
                                            ::testing::ValuesIn(shapes)));

class DrawnSizes : public ::testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(DrawnSizes, LoadSimulateAndCallEveryFunction) {
  const auto [functions, shape] = GetParam();
  for (uint64_t seed = 1; seed <= (functions > 100 ? 1 : 20); ++seed) {
    drawn_workflow_t drawn = {};
    const std::string text = drawn_text(functions, static_cast<workflow_shape_t>(shape), seed, &drawn);
    const Workflow read(text);
    ASSERT_NE(nullptr, read.workflow) << text;
    std::set<int32_t> called;
    for (int32_t i = 0; i < read.workflow->n_call_nodes; ++i)
      if (read.workflow->call_nodes[i].kind == FC_CALL_FUNCTION) called.insert(read.workflow->call_nodes[i].function);
    EXPECT_EQ(static_cast<size_t>(functions), called.size());
    // What was read is what was drawn.
    for (int32_t f = 0; f < functions; ++f) {
      const fc_function_simulator_t &p = read.workflow->simulator.functions[f], &q = drawn.functions[f];
      EXPECT_DOUBLE_EQ(q.work_cpu_s, p.work_cpu_s);
      EXPECT_DOUBLE_EQ(q.mem_mib_per_request, p.mem_mib_per_request);
      EXPECT_EQ(drawn.on_failure[f], read.workflow->functions[f].on_failure);
      EXPECT_GT(p.work_cpu_s, 0.1);
      EXPECT_LT(p.work_cpu_s, 12);
    }
    simulator_options_t simulated = {};
    simulated.users = 3;
    simulator_t *simulator = nullptr;
    fc_observation_t observation = {};
    fc_error_t error = {};
    ASSERT_OK(simulator_new(read.workflow, &simulated, &simulator, &error));
    ASSERT_OK(fc_observation_init(&observation, functions));
    std::vector<fc_function_configuration_t> start(static_cast<size_t>(functions), read.workflow->functions[0].start);
    EXPECT_OK(simulator_window(simulator, 0, start.data(), &observation, &error));
    EXPECT_GT(observation.metrics[0].requests, 0);
    fc_observation_clear(&observation);
    simulator_destroy(&simulator);
    drawn_workflow_clear(&drawn);
  }
}

INSTANTIATE_TEST_SUITE_P(All, DrawnSizes,
                         ::testing::Combine(::testing::Values(1, 3, 12, 60, 1000), ::testing::Values(0, 1)));

TEST(DrawnWorkflow, HasGroupsChoicesChancesAndCounts) {
  for (int shape = 0; shape < 2; ++shape) {
    drawn_workflow_t drawn = {};
    drawn_text(300, static_cast<workflow_shape_t>(shape), 5, &drawn);
    int parallel = 0, choices = 0, chances = 0, counts = 0, distributions = 0;
    std::set<double> work;
    for (int32_t i = 0; i < drawn.n_nodes; ++i) {
      const fc_call_node_t &node = drawn.nodes[i];
      parallel += node.kind == FC_CALL_PARALLEL;
      choices += node.kind == FC_CALL_CHOICE;
      chances += node.kind == FC_CALL_FUNCTION && node.probability < 1;
      counts += node.count.count[0] == 2;
      distributions += node.count.n_outcomes == 2;
    }
    for (int32_t f = 0; f < 300; ++f) work.insert(drawn.functions[f].work_cpu_s);
    EXPECT_GT(parallel, 5);
    EXPECT_GE(choices, shape == WORKFLOW_SHAPE_SERIES_PARALLEL ? 1 : 0);  // a layer is seldom narrow enough
    EXPECT_GT(chances, 5);
    EXPECT_GT(counts, 1);
    EXPECT_GT(distributions, 1);
    EXPECT_GT(work.size(), 250u);
    drawn_workflow_clear(&drawn);
  }
}

TEST(Generate, ALayerThatIsNarrowCanBeAChoice) {
  int choices = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    drawn_workflow_t drawn = {};
    drawn_text(20, WORKFLOW_SHAPE_LAYERED, seed, &drawn);
    for (int32_t i = 0; i < drawn.n_nodes; ++i) choices += drawn.nodes[i].kind == FC_CALL_CHOICE;
    drawn_workflow_clear(&drawn);
  }
  EXPECT_GE(choices, 2);
}

TEST(Generate, EveryRequestEntersByTheFirstFunction) {
  for (int shape = 0; shape < 2; ++shape) {
    for (uint64_t seed = 0; seed < 60; ++seed) {
      drawn_workflow_t drawn = {};
      drawn_text(6, static_cast<workflow_shape_t>(shape), seed, &drawn);
      int32_t node = 0;  // down to what is called first
      while (drawn.nodes[node].kind != FC_CALL_FUNCTION) {
        EXPECT_NE(FC_CALL_CHOICE, drawn.nodes[node].kind) << shapes[shape] << " " << seed;
        node = drawn.nodes[node].first_child;
      }
      EXPECT_EQ(0, drawn.nodes[node].function);
      EXPECT_EQ(1, drawn.nodes[node].probability);
      drawn_workflow_clear(&drawn);
    }
  }
}

TEST(Generate, SameOptionsSameBytesAndOtherSeedsOthers) {
  for (const char *shape : shapes) {
    const Ran first = run(options(9, shape, 4)), again = run(options(9, shape, 4)), other = run(options(9, shape, 5));
    EXPECT_EQ(first.out, again.out);
    EXPECT_NE(first.out, other.out);
  }
  EXPECT_NE(run(options(9, shapes[0], 4)).out, run(options(9, shapes[1], 4)).out);
}

TEST(Generate, FileSaysWhatMadeIt) {
  auto arguments = options(3, "layered", 8);
  arguments.insert(arguments.end(), {"--name", "mine"});
  const Ran ran = run(arguments);
  const std::string command = "faasconf generate workflow --functions 3 --shape layered --seed 8 --name mine\n";
  EXPECT_NE(std::string::npos, ran.out.find(command)) << ran.out;
  EXPECT_NE(std::string::npos, ran.out.find("mark: assumed"));
  EXPECT_EQ(std::string::npos, ran.out.find("fitted,"));
  const Workflow drawn(ran.out);
  EXPECT_STREQ("mine", drawn.workflow->name);
}

TEST(Generate, OutRefusesAnExistingFileUnlessForced) {
  const fc_test::TemporaryFolder folder;
  const std::string path = folder.path("w.yaml");
  auto arguments = options(2, "layered", 1);
  const std::string expected = run(arguments).out;
  arguments.insert(arguments.end(), {"--out", path});
  ASSERT_EQ(CLI_DONE, run(arguments).exit_code);
  EXPECT_EQ(expected, fc_test::read_file(path));
  fc_test::write_file(path, "precious");
  const Ran refused = run(arguments);
  EXPECT_EQ(CLI_FAILED, refused.exit_code);
  EXPECT_NE(std::string::npos, refused.err.find("--force")) << refused.err;
  EXPECT_EQ("precious", fc_test::read_file(path));
  arguments.push_back("--force");
  fc_test::write_file(path + ".new", "precious");
  EXPECT_EQ(CLI_DONE, run(arguments).exit_code);
  EXPECT_EQ(expected, fc_test::read_file(path));
  EXPECT_EQ("precious", fc_test::read_file(path + ".new"));
  arguments[arguments.size() - 2] = folder.path("absent/w.yaml");
  const Ran nowhere = run(arguments);
  EXPECT_EQ(CLI_FAILED, nowhere.exit_code);
  EXPECT_NE(std::string::npos, nowhere.err.find("absent/w.yaml")) << nowhere.err;
}

TEST(Generate, JsonHasItsKeysAndTheFile) {
  auto arguments = options(4, "series-parallel", 2);
  const std::string expected = run(arguments).out;
  arguments.push_back("--json");
  const Ran ran = run(arguments);
  fc_json_t *json = nullptr;
  fc_error_t error = {};
  ASSERT_OK(fc_json_parse(ran.out.data(), ran.out.size(), &json, &error));
  for (const char *key :
       {"workflow", "functions", "shape", "seed", "window_s", "users", "windows", "target_latency_mean_s",
        "target_success_ratio", "start_latency_s", "start_success_ratio", "start_cost", "yaml"})
    EXPECT_NE(nullptr, fc_json_get(json, key)) << key;
  double target = 0, latency = 0;
  ASSERT_TRUE(fc_json_double(fc_json_get(json, "target_latency_mean_s"), &target));
  ASSERT_TRUE(fc_json_double(fc_json_get(json, "start_latency_s"), &latency));
  EXPECT_GT(target, latency);
  EXPECT_LT(target, 3 * latency);
  EXPECT_EQ(expected, fc_json_string(fc_json_get(json, "yaml")));
  fc_json_destroy(&json);
}

TEST(Generate, BadOptionsAreNamed) {
  const struct {
    std::vector<std::string> arguments;
    const char *names;
  } bad[] = {{options(0, "layered", 1), "--functions"},
             {options(1001, "layered", 1), "--functions"},
             {options(5, "ring", 1), "--shape"},
             {options(5, "layered", -1), "--seed"},
             {{"workflow", "--shape", "layered"}, "--functions"},
             {{"workflow", "--functions", "3"}, "--shape"},
             {{"--functions", "3", "--shape", "layered"}, "workflow"},
             {{"trace", "--functions", "3", "--shape", "layered"}, "trace"},
             {{"workflow", "--functions", "3", "--shape", "layered", "--name", "a b"}, "--name"},
             {{"workflow", "--functions", "3", "--shape", "layered", "--name", ""}, "--name"},
             {{"workflow", "--functions", "3", "--shape", "layered", "--name", std::string(64, 'x')}, "--name"}};
  for (const auto &one : bad) {
    const Ran ran = run(one.arguments);
    EXPECT_EQ(CLI_USAGE, ran.exit_code) << one.names;
    EXPECT_NE(std::string::npos, ran.err.find(one.names)) << ran.err;
    EXPECT_EQ("", ran.out);
  }
}

}  // namespace
