// cli/served.c: who owns what, when a window runs, who is given up; all with a clock of the test's own.
#include <algorithm>
#include <cstring>

#include "support.h"

extern "C" {
#include "served.h"
#include "simulator.h"
}

namespace {

using Names = std::vector<std::string>;

// A served Parallel workflow (starter, rgb, resize, update, resnet, mobilenet) and calls as agents make them.
class Served : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow_, &error));
    for (int f = 0; f < workflow_->n_functions; ++f) start_.push_back(workflow_->functions[f].start);
    options_.workflow = workflow_;
    options_.start = start_.data();
    options_.seed = 3;
    options_.users = 10;
    options_.n_agents = 2;
    options_.agent_timeout_s = 30;
    options_.clock = fc_clock_virtual(&time_);
  }
  void TearDown() override {
    served_destroy(&served_);
    fc_workflow_destroy(&workflow_);
  }
  void make() {
    served_destroy(&served_);
    ASSERT_OK(served_new(&options_, &served_, &error));
  }
  fc_status_t join(const std::string &agent, const Names &functions, int32_t *member) {
    fc_rpc_simulation_join_request_t request = {};
    strncpy(request.agent, agent.c_str(), FC_NAME_SIZE - 1);
    strncpy(request.workflow, workflow_->name, FC_NAME_SIZE - 1);
    memcpy(request.workflow_digest, workflow_->digest, FC_DIGEST_SIZE);
    std::vector<char> names(functions.size() * FC_NAME_SIZE + 1);
    for (size_t i = 0; i < functions.size(); ++i)
      strncpy(&names[i * FC_NAME_SIZE], functions[i].c_str(), FC_NAME_SIZE - 1);
    request.n_functions = static_cast<int32_t>(functions.size());
    request.functions = reinterpret_cast<char(*)[FC_NAME_SIZE]>(names.data());
    return served_join(served_, &request, member, &error);
  }
  int32_t joined(const std::string &agent, const Names &functions) {
    int32_t member = -1;
    EXPECT_OK(join(agent, functions, &member));
    return member;
  }
  fc_status_t write(int32_t member, const std::string &function, const fc_function_configuration_t &configuration) {
    fc_rpc_simulation_write_request_t request = {};
    strncpy(request.function, function.c_str(), FC_NAME_SIZE - 1);
    request.configuration = configuration;
    return served_write(served_, member, &request, &error);
  }
  fc_status_t ready(int32_t member, int64_t window) { return served_ready(served_, member, window, &error); }
  bool advance() {
    bool simulated = false;
    EXPECT_OK(served_advance(served_, &simulated, &error));
    return simulated;
  }
  bool deliver(int32_t member) { return served_deliver(served_, member) != nullptr; }
  fc_function_configuration_t seen(int32_t member, int function) {
    fc_rpc_simulation_state_t state = {};
    EXPECT_OK(served_state(served_, member, &state, &error));
    return state.configuration == nullptr ? fc_function_configuration_t{} : state.configuration[function];
  }
  // Both are ready, the window runs, both get it.
  void run_window(int32_t a, int32_t b) {
    const int64_t window = served_n_windows(served_);
    ASSERT_OK(ready(a, window));
    ASSERT_OK(ready(b, window));
    ASSERT_TRUE(advance());
    ASSERT_TRUE(deliver(a));
  }
  void pass(double seconds) { fc_virtual_clock_advance_ns(&time_, static_cast<int64_t>(seconds * 1e9)); }

  fc_error_t error = {};
  fc_virtual_clock_t time_ = {0, 1700000000000000};
  fc_workflow_t *workflow_ = nullptr;
  std::vector<fc_function_configuration_t> start_;
  served_options_t options_ = {};
  served_t *served_ = nullptr;
};

const Names kFirst = {"starter", "rgb", "resize"}, kSecond = {"update", "resnet", "mobilenet"};

// ---- ownership ----

TEST_F(Served, AFunctionHasOneOwnerAndTheRefusalNamesBoth) {
  make();
  joined("one", kFirst);
  int32_t member = -1;
  EXPECT_EQ(FC_EEXISTS, join("two", {"update", "rgb"}, &member));
  for (const char *word : {"agent two", "rgb", "agent one"}) EXPECT_NE(nullptr, strstr(error.message, word)) << word;
  EXPECT_EQ(-1, served_owner(served_, 3)) << "nothing of a refused request is given";
  EXPECT_EQ(FC_ENOTFOUND, join("two", {"update", "nothing"}, &member));
  EXPECT_NE(nullptr, strstr(error.message, "nothing"));
  EXPECT_EQ(FC_EEXISTS, join("two", {}, &member)) << "no names are all functions";
  EXPECT_EQ(1, joined("two", kSecond));
  for (int f = 0; f < 6; ++f) EXPECT_EQ(f < 3 ? 0 : 1, served_owner(served_, f));
}

TEST_F(Served, OnlyItsOwnerWritesAFunction) {
  make();
  const int32_t one = joined("one", kFirst), two = joined("two", {"update"});
  fc_function_configuration_t changed = start_[1];
  changed.replicas = 3;
  EXPECT_EQ(FC_EUNSAFE, write(two, "rgb", changed));
  EXPECT_NE(nullptr, strstr(error.message, "belongs to agent one")) << error.message;
  EXPECT_EQ(FC_EUNSAFE, write(two, "resnet", changed));
  EXPECT_NE(nullptr, strstr(error.message, "belongs to nobody")) << error.message;
  EXPECT_EQ(FC_ENOTFOUND, write(two, "nothing", changed));
  EXPECT_EQ(3, served_member(served_, two)->refused_writes);
  EXPECT_EQ(0, served_member(served_, two)->writes);
  EXPECT_OK(write(one, "rgb", changed));
  EXPECT_EQ(3, served_configuration(served_)[1].replicas);
  EXPECT_EQ(FC_ESTATE, write(7, "rgb", changed)) << "nobody has this number";
  EXPECT_EQ(FC_ESTATE, write(-1, "rgb", changed));
}

TEST_F(Served, ValuesTheSimulatorHasNoRoomForAreRefused) {
  make();
  const int32_t one = joined("one", {});
  for (int knob = 0; knob < 4; ++knob) {
    for (const int32_t value : {0, -1, 1 << 20}) {
      fc_function_configuration_t changed = start_[0];
      (knob == 0   ? changed.cpu_millicores
       : knob == 1 ? changed.mem_mib
       : knob == 2 ? changed.replicas
                   : changed.concurrency) = value;
      EXPECT_EQ(FC_EINVAL, write(one, "starter", changed)) << knob << " " << value;
      EXPECT_NE(nullptr, strstr(error.message, "starter"));
    }
  }
  EXPECT_EQ(12, served_member(served_, one)->refused_writes);
}

TEST_F(Served, NeitherAnotherWorkflowNorMoreAgentsThanWereAskedForTakePart) {
  make();
  joined("one", {"starter"});
  int32_t member = -1;
  EXPECT_EQ(FC_EEXISTS, join("one", {"rgb"}, &member)) << "a name is one agent's";
  joined("two", {"rgb"});
  EXPECT_EQ(FC_EEXHAUSTED, join("three", {"resize"}, &member));
  served_leave(served_, 1);
  fc_rpc_simulation_join_request_t other = {};
  strcpy(other.agent, "three");
  strcpy(other.workflow, "parallel");
  EXPECT_EQ(FC_EMISMATCH, served_join(served_, &other, &member, &error)) << "another digest";
  EXPECT_EQ(2, joined("three", {"resize"}));
}

TEST_F(Served, FunctionsThatNobodyOwnsKeepTheStartConfiguration) {
  start_[5].replicas = 4;
  options_.n_agents = 1;
  make();
  const int32_t one = joined("one", {"starter"});
  for (int64_t window = 0; window < 3; ++window) {
    ASSERT_OK(ready(one, window));
    ASSERT_TRUE(advance());
    const fc_observation_t *observation = served_deliver(served_, one);
    ASSERT_NE(nullptr, observation);
    EXPECT_EQ(4, observation->configuration[5].replicas);
    EXPECT_EQ(window, observation->window);
    EXPECT_EQ(1700000000000000 + window * 30000000, observation->start_us);
  }
}

// ---- going in step ----

TEST_F(Served, AWindowRunsOnceAllAgentsAreReady) {
  make();
  const int32_t one = joined("one", kFirst);
  ASSERT_OK(ready(one, 0));
  EXPECT_FALSE(advance()) << "two were asked for";
  pass(1000);
  EXPECT_FALSE(advance()) << "and nobody is given up before they have been there";
  const int32_t two = joined("two", kSecond);
  EXPECT_FALSE(advance());
  EXPECT_EQ(FC_EINVAL, ready(two, 1)) << "not the next one";
  ASSERT_OK(ready(two, 0));
  EXPECT_OK(ready(two, 0)) << "asking again changes nothing";
  EXPECT_TRUE(advance());
  EXPECT_FALSE(advance()) << "once";
  EXPECT_EQ(1, served_n_windows(served_));
}

TEST_F(Served, TheOwnerOfTheFirstFunctionGoesFirst) {
  make();
  const int32_t one = joined("one", kSecond), two = joined("two", kFirst);
  ASSERT_OK(ready(one, 0));
  ASSERT_OK(ready(two, 0));
  ASSERT_TRUE(advance());
  EXPECT_FALSE(deliver(one)) << "starter is two's";
  EXPECT_TRUE(deliver(two));
  EXPECT_FALSE(deliver(two)) << "once";
  EXPECT_FALSE(deliver(one));
  ASSERT_OK(ready(two, 1));
  EXPECT_TRUE(deliver(one));
  EXPECT_FALSE(advance()) << "one is not ready for window 1";
  ASSERT_OK(ready(one, 1));
  EXPECT_TRUE(advance());
  served_lose(served_, two);
  EXPECT_TRUE(deliver(one)) << "nobody is before it any more";
}

TEST_F(Served, WritesRunFromTheNextWindowAndTheOthersSeeThemAfterIt) {
  make();
  const int32_t one = joined("one", kFirst), two = joined("two", kSecond);
  fc_function_configuration_t changed = start_[0];
  changed.cpu_millicores = 900;
  ASSERT_OK(write(one, "starter", changed));
  EXPECT_EQ(900, seen(one, 0).cpu_millicores) << "the writer reads back what it wrote";
  EXPECT_EQ(1300, seen(two, 0).cpu_millicores) << "for the others it is not in force yet";
  run_window(one, two);
  EXPECT_EQ(900, seen(two, 0).cpu_millicores);
  const served_window_t *window = served_window(served_, 0);
  ASSERT_EQ(1, window->n_changes);
  EXPECT_EQ(one, served_change(served_, 0)->member);
  EXPECT_EQ(0, served_change(served_, 0)->function);
  EXPECT_EQ(1300, served_change(served_, 0)->from.cpu_millicores);
  EXPECT_EQ(900, served_change(served_, 0)->to.cpu_millicores);
}

TEST_F(Served, OneSeedGivesOneResultWhateverTheOrderOfMessages) {
  std::vector<std::string> results;
  for (int order = 0; order < 2; ++order) {
    make();
    int32_t one = -1, two = -1;
    if (order == 0) one = joined("one", kFirst);
    two = joined("two", kSecond);
    if (order == 1) one = joined("one", kFirst);
    std::string result;
    for (int32_t window = 0; window < 6; ++window) {
      fc_function_configuration_t a = start_[0], b = start_[4];
      a.replicas = 3 + window % 3;
      b.cpu_millicores = 900 + 50 * window;
      if (order == 0) {
        EXPECT_OK(write(one, "starter", a));
        EXPECT_OK(ready(one, window));
        EXPECT_OK(write(two, "resnet", b));
        EXPECT_OK(ready(two, window));
      } else {
        EXPECT_OK(write(two, "resnet", start_[4]));
        EXPECT_OK(write(two, "resnet", b));
        EXPECT_OK(ready(two, window));
        EXPECT_OK(write(one, "starter", a));
        EXPECT_OK(ready(one, window));
      }
      ASSERT_TRUE(advance());
      const fc_observation_t *observation = served_deliver(served_, one);
      ASSERT_NE(nullptr, observation);
      result.append(reinterpret_cast<const char *>(&observation->outcome), sizeof observation->outcome);
      result.append(reinterpret_cast<const char *>(observation->metrics), 6 * sizeof *observation->metrics);
      result.append(reinterpret_cast<const char *>(observation->configuration), 6 * sizeof *observation->configuration);
      // two's answer is still due; it is taken in the next round by being ready again.
      EXPECT_OK(ready(one, window + 1));
      ASSERT_TRUE(deliver(two));
      served_leave(served_, one);  // and comes back, which changes nothing either
      one = joined("one", kFirst);
    }
    results.push_back(result);
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST_F(Served, TheWindowsAreThoseOfOneStretch) {
  options_.n_agents = 1;
  make();
  const int32_t one = joined("one", {});
  const simulator_options_t simulated = {3, FC_SEMANTICS_STRICT, 10, 0};
  simulator_t *simulator = nullptr;
  ASSERT_OK(simulator_new(workflow_, &simulated, &simulator, &error));
  fc_observation_t expected = {};
  ASSERT_EQ(FC_OK, fc_observation_init(&expected, 6));
  auto configuration = start_;
  for (int64_t window = 0; window < 5; ++window) {
    configuration[0].replicas = window < 2 ? 5 : 7;  // rolled out with cold starts
    ASSERT_OK(write(one, "starter", configuration[0]));
    ASSERT_OK(ready(one, window));
    ASSERT_TRUE(advance());
    const fc_observation_t *observation = served_deliver(served_, one);
    ASSERT_OK(simulator_next_window(simulator, window, configuration.data(), &expected, &error));
    EXPECT_EQ(0, memcmp(&expected.outcome, &observation->outcome, sizeof expected.outcome)) << window;
  }
  fc_observation_clear(&expected);
  simulator_destroy(&simulator);
}

TEST_F(Served, ATraceSetsTheLoadOfItsMinutesAndEndsTheRun) {
  fc_test::TemporaryFolder folder;
  const std::string path = folder.path("trace.csv");
  fc_test::write_file(path, "minute,users_a\n0,4\n1,9\n");
  trace_file_t trace = {};
  ASSERT_OK(trace_file_read(path.c_str(), nullptr, &trace, &error));
  options_.users = 0;
  options_.trace = &trace;
  options_.n_agents = 1;
  make();
  const int32_t one = joined("one", {});
  for (int64_t window = 0; window < 4; ++window) {
    ASSERT_OK(ready(one, window));
    ASSERT_TRUE(advance());
    ASSERT_TRUE(deliver(one));
    EXPECT_EQ(window < 2 ? 4 : 9, served_window(served_, window)->load);
  }
  EXPECT_TRUE(served_is_finished(served_));
  EXPECT_EQ(FC_ECLOSED, ready(one, 4));
  EXPECT_TRUE(served_is_over(served_));
  trace_file_clear(&trace);
}

TEST_F(Served, AWindowInWhichNothingWasAskedIsNotJudged) {
  fc_test::TemporaryFolder folder;
  const std::string path = folder.path("trace.csv");
  fc_test::write_file(path, "minute,invocations\n0,10\n1,0\n2,5\n");
  trace_file_t trace = {};
  ASSERT_OK(trace_file_read(path.c_str(), nullptr, &trace, &error));
  options_.users = 0;
  options_.seed = 1;
  options_.trace = &trace;
  options_.n_agents = 1;
  make();
  const int32_t one = joined("one", {});
  int judged = 0;
  for (int64_t window = 0; window < 6; ++window) {
    ASSERT_OK(ready(one, window));
    ASSERT_TRUE(advance());
    ASSERT_TRUE(deliver(one));
    judged += served_window(served_, window)->verdict != FC_QOS_UNKNOWN;
  }
  EXPECT_EQ(0, served_window(served_, 3)->mean_in_flight);
  EXPECT_EQ(FC_QOS_UNKNOWN, served_window(served_, 3)->verdict);
  EXPECT_EQ(5, judged);
  trace_file_clear(&trace);
}

// ---- coming and going ----

TEST_F(Served, ALateAgentIsGivenUpAndTheOthersGoOn) {
  make();
  const int32_t one = joined("one", kFirst), two = joined("two", kSecond);
  fc_function_configuration_t changed = start_[4];
  changed.replicas = 2;
  ASSERT_OK(write(two, "resnet", changed));
  run_window(one, two);
  ASSERT_OK(ready(one, 1));
  ASSERT_TRUE(deliver(two));
  pass(29.9);
  EXPECT_FALSE(advance());
  EXPECT_TRUE(served_takes_part(served_, two));
  pass(0.2);
  EXPECT_TRUE(advance()) << "two is given up, and that was all that was waited for";
  EXPECT_FALSE(served_takes_part(served_, two));
  EXPECT_EQ(1, served_member(served_, two)->lost);
  const fc_observation_t *observation = served_deliver(served_, one);
  ASSERT_NE(nullptr, observation);
  EXPECT_EQ(2, observation->configuration[4].replicas) << "its functions keep their configuration";
  EXPECT_EQ(1, served_window(served_, 1)->n_agents);
  EXPECT_EQ(FC_ESTATE, ready(two, 2));
  EXPECT_EQ(FC_ESTATE, write(two, "resnet", start_[4]));
}

TEST_F(Served, AnAgentThatWaitsIsNeverTooLate) {
  make();
  const int32_t one = joined("one", kFirst), two = joined("two", kSecond);
  run_window(one, two);
  ASSERT_OK(ready(one, 1));
  ASSERT_TRUE(deliver(two));
  ASSERT_OK(ready(two, 1));
  pass(1000);
  EXPECT_TRUE(advance());
  EXPECT_TRUE(served_takes_part(served_, one));
  EXPECT_TRUE(served_takes_part(served_, two));
  // two waits for one, which goes first: that is one's time, not two's.
  ASSERT_TRUE(deliver(one));
  pass(29);
  EXPECT_FALSE(advance());
  EXPECT_TRUE(served_takes_part(served_, one));
  pass(2);
  EXPECT_FALSE(advance());
  EXPECT_FALSE(served_takes_part(served_, one));
  EXPECT_TRUE(deliver(two)) << "the one it had to wait for is given up";
}

TEST_F(Served, ALateJoinerStartsAtTheCurrentWindowAndANameKeepsItsNumber) {
  make();
  const int32_t one = joined("one", kFirst), two = joined("two", kSecond);
  run_window(one, two);
  served_lose(served_, two);
  for (int64_t window = 1; window < 4; ++window) {
    ASSERT_OK(ready(one, window));
    ASSERT_TRUE(advance());
    ASSERT_TRUE(deliver(one));
  }
  EXPECT_EQ(two, joined("two", kSecond));
  fc_rpc_simulation_state_t state = {};
  ASSERT_OK(served_state(served_, two, &state, &error));
  EXPECT_EQ(4, state.window);
  EXPECT_EQ(FC_EINVAL, ready(two, 3));
  ASSERT_OK(ready(two, 4));
  ASSERT_OK(ready(one, 4));
  ASSERT_TRUE(advance());
  EXPECT_EQ(2, served_member(served_, two)->joins);
  EXPECT_EQ(2, served_window(served_, 4)->n_agents);
}

TEST_F(Served, TheRunEndsAfterItsWindowsOnceEverybodyKnows) {
  options_.n_windows = 2;
  make();
  const int32_t one = joined("one", kFirst), two = joined("two", kSecond);
  run_window(one, two);
  ASSERT_OK(ready(one, 1));
  ASSERT_TRUE(deliver(two));
  ASSERT_OK(ready(two, 1));
  ASSERT_TRUE(advance());
  ASSERT_TRUE(deliver(one));
  EXPECT_TRUE(served_is_finished(served_));
  EXPECT_FALSE(served_is_over(served_)) << "two has not had the last window";
  EXPECT_EQ(FC_ECLOSED, ready(one, 2));
  EXPECT_FALSE(served_takes_part(served_, one)) << "it has left with that";
  ASSERT_TRUE(deliver(two));
  served_leave(served_, two);
  EXPECT_TRUE(served_is_over(served_));
  int32_t member = -1;
  EXPECT_EQ(FC_ECLOSED, join("three", {"rgb"}, &member));
  EXPECT_EQ(0, served_member(served_, one)->lost + served_member(served_, two)->lost);
}

TEST_F(Served, TheRunEndsWhenNobodyHasBeenThereForTheTimeOut) {
  make();
  const int32_t one = joined("one", kFirst), two = joined("two", kSecond);
  served_leave(served_, one);
  served_leave(served_, one);
  served_lose(served_, two);
  served_lose(served_, two);
  EXPECT_FALSE(served_is_over(served_)) << "somebody may come back";
  EXPECT_FALSE(advance()) << "nothing runs for nobody";
  pass(31);
  EXPECT_TRUE(served_is_over(served_));
  EXPECT_EQ(1, served_member(served_, two)->lost);
}

// An agent in lockstep reads nothing while it waits for its server: its probes must not pile up.
TEST_F(Served, ProbesAreFrequentAtFirstAndFewInALongSilence) {
  make();
  const int32_t one = joined("one", kFirst);
  EXPECT_FALSE(served_should_probe(served_, one)) << "it has just joined";
  int first_second = 0, hour = 0;
  double longest_share = 0;
  for (int64_t ms = 50, last = 0; ms <= 3600000; ms += 50) {
    pass(0.05);
    if (!served_should_probe(served_, one)) continue;
    if (ms > 10000) longest_share = std::max(longest_share, static_cast<double>(ms - last) / static_cast<double>(ms));
    last = ms;
    first_second += ms <= 1000;
    hour += 1;
  }
  EXPECT_EQ(5, first_second);
  EXPECT_LT(hour, 100);
  EXPECT_LT(longest_share, 0.12) << "a death is still noticed";
  served_heard(served_, one);
  pass(0.19);
  EXPECT_FALSE(served_should_probe(served_, one));
  pass(0.02);
  EXPECT_TRUE(served_should_probe(served_, one)) << "frequent again";
  EXPECT_FALSE(served_should_probe(served_, one)) << "once";
  served_leave(served_, one);
  pass(1000);
  EXPECT_FALSE(served_should_probe(served_, one));
  EXPECT_FALSE(served_should_probe(served_, 7));
}

TEST_F(Served, TheRunEndsWhenEverybodyIsGoneAlsoIfTheyNeverCameTogether) {
  make();
  EXPECT_FALSE(served_is_over(served_));
  pass(1000);
  EXPECT_FALSE(served_is_over(served_)) << "the first may come whenever it wants";
  const int32_t one = joined("one", kFirst);
  pass(1000);
  EXPECT_FALSE(advance());
  EXPECT_FALSE(served_is_over(served_)) << "one waits for two";
  served_lose(served_, one);
  pass(29);
  EXPECT_FALSE(served_is_over(served_)) << "it may come back";
  pass(2);
  EXPECT_TRUE(served_is_over(served_));
  EXPECT_FALSE(served_has_begun(served_));
}

}  // namespace
