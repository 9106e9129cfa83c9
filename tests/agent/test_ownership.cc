// tests agent/ownership.c and what an agent with `functions` does: it decides for all, and touches its own only. What
// the safety contract (docs/agent.md) says must hold for a part of a workflow as for the whole.
#include <cstring>
#include <filesystem>

#include "agent_fixture.h"

extern "C" {
#include "act.h"
#include "configuration.h"
#include "filter.h"
#include "journal.h"
}

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::HasSubstr;

// Parallel: starter, rgb, resize, update, resnet, mobilenet.
const char kOwn[] = "functions: [rgb, resnet]\n";
const std::vector<int32_t> kIds = {1, 4};
bool is_own(size_t function) {
  return function == 1 || function == 4;
}

std::string automatic(const std::string &state, const std::string &rails, const std::string &safety = "",
                      const std::string &functions = kOwn) {
  return agent_yaml(state, functions + "mode: auto\nsession: {windows: 0}\nsafety: {strategy: none, rails: " + rails +
                               safety + "}\n");
}

Window breach() {
  Window window;
  window.latency_s = 20;
  return window;
}

struct Node {
  explicit Node(const std::string &policy_share = "0") : platform(workflow) {
    keep_policy(state(), workflow.get(), workflow.at(std::stod(policy_share)), 1, key);
  }
  std::string state() const { return temporary.path(); }
  void go(const std::string &yaml, int64_t windows) {
    const fc_test::Run done = run_agent(workflow, platform, yaml, state(), windows);
    summary = done.summary;
    lost = done.lost;
    lines = lines_of(done.decisions);
  }
  std::string said(size_t window, const std::string &path) const { return json_value(lines.at(window), path); }
  int first(const std::string &origin) const {
    for (size_t i = 0; i < lines.size(); ++i)
      if (said(i, "origin") == origin) return static_cast<int>(i);
    return -1;
  }
  void expect_only_own_written() const {
    for (const int32_t f : platform.written) EXPECT_TRUE(is_own(static_cast<size_t>(f))) << "function " << f;
  }

  Workflow workflow;
  TemporaryFolder temporary;
  ServerKey key = make_server_key();
  FakePlatform platform;
  std::string summary;
  std::vector<std::string> lines;
  bool lost = false;
};

// An ownership of the test's own.
struct Owned {
  Owned(const Workflow &workflow, const std::string &functions = kOwn) : settings(agent_yaml("/tmp/x", functions)) {
    fc_error_t error = {};
    if (ownership_init(settings.get(), workflow.get(), &get, &error) == FC_OK) return;
    ownership_clear(&get);
    throw std::runtime_error(error.message);
  }
  ~Owned() { ownership_clear(&get); }
  Settings settings;
  ownership_t get{};
};

// ---- names ------------------------------------------------------------------------------------------------------

std::string refusal(const std::string &text) {
  settings_t settings;
  fc_error_t error = {};
  EXPECT_EQ(FC_EFORMAT, settings_parse(text.data(), text.size(), "agent.yaml", &settings, &error)) << text;
  settings_clear(&settings);
  return error.message;
}

TEST(Ownership, AllFunctionsByDefault) {
  Workflow workflow;
  Owned all(workflow, "");
  EXPECT_TRUE(ownership_is_all(&all.get));
  EXPECT_TRUE(ownership_is_all(nullptr));
  EXPECT_TRUE(ownership_has(nullptr, 3));
  EXPECT_TRUE(ownership_reports(nullptr));
  EXPECT_EQ(6, all.get.n_owned);
  Owned named(workflow, "functions: [mobilenet, resnet, update, resize, rgb, starter]\n");
  EXPECT_TRUE(ownership_is_all(&named.get));
}

TEST(Ownership, IsInTheOrderOfTheWorkflowWhateverTheFileSays) {
  Workflow workflow;
  Owned some(workflow, "functions: [resnet, rgb]\n");
  EXPECT_EQ(kIds, std::vector<int32_t>(some.get.ids, some.get.ids + some.get.n_owned));
  EXPECT_FALSE(ownership_reports(&some.get));
  Owned first(workflow, "functions: [rgb, starter]\n");
  EXPECT_TRUE(ownership_reports(&first.get));
}

TEST(Ownership, NamesThatMakeNoSenseAreRefusedWithTheirPlace) {
  EXPECT_THAT(refusal(agent_yaml("/tmp/x", "functions: []\n")), HasSubstr("agent.yaml:5:"));
  EXPECT_THAT(refusal(agent_yaml("/tmp/x", "functions: rgb\n")), HasSubstr("expected a list"));
  EXPECT_THAT(refusal(agent_yaml("/tmp/x", "functions: {rgb: 1}\n")), HasSubstr("agent.yaml:5:"));
  EXPECT_THAT(refusal(agent_yaml("/tmp/x", "functions: [rgb, '']\n")), HasSubstr("agent.yaml:5:18"));
  EXPECT_THAT(refusal(agent_yaml("/tmp/x", "functions: [rgb, [a]]\n")), HasSubstr("agent.yaml:5:18"));
  const std::string twice = refusal(agent_yaml("/tmp/x", "functions:\n  - rgb\n  - starter\n  - rgb\n"));
  EXPECT_THAT(twice, HasSubstr("agent.yaml:8:5"));
  EXPECT_THAT(twice, HasSubstr("rgb"));
  EXPECT_THAT(refusal(agent_yaml("/tmp/x", "functions: [" + std::string(64, 'x') + "]\n")), HasSubstr("agent.yaml:5"));
  // Only the workflow knows its functions; the place is still the file's.
  Workflow workflow;
  try {
    Owned unknown(workflow, "functions: [rgb, nothing]\n");
    ADD_FAILURE() << "nothing is no function";
  } catch (const std::runtime_error &problem) {
    EXPECT_THAT(problem.what(), HasSubstr("agent.yaml:5:18: functions: workflow parallel has no function nothing"));
  }
}

TEST(Ownership, AServedSimulationIsOnThisMachineAndHasItsOwnLoad) {
  const std::string head = "agent: a\nworkflow: parallel\nstate: /tmp/x\nplatform: {kind: sim, ";
  for (const char *address : {"tcp://10.0.0.1:7610", "tcp://*:7610", "inproc://x", "nonsense"})
    EXPECT_THAT(refusal(head + "connect: '" + address + "'}\n"), HasSubstr("platform.connect")) << address;
  EXPECT_THAT(refusal(head + "connect: 'tcp://127.0.0.1:7610', users: 3}\n"), HasSubstr("platform.users"));
  Settings settings(head + "connect: 'tcp://127.0.0.1:7610', seed: 5}\n");
  EXPECT_STREQ("tcp://127.0.0.1:7610", settings->platform_connect);
  EXPECT_EQ(5u, settings->session.seed);
  Settings embedded(head + "users: 3}\n");
  EXPECT_STREQ("", embedded->platform_connect);
}

// ---- writing ----------------------------------------------------------------------------------------------------

TEST(Ownership, WhatOthersOwnIsNeverWrittenInAnyMode) {
  for (const char *mode : {"observe", "recommend", "auto"}) {
    for (const char *rails : {"off", "tuning", "production"}) {
      Node node;
      node.platform.measure = [](int64_t window, const Configuration &) { return window < 20 ? Window{} : breach(); };
      node.go(agent_yaml(node.state(), kOwn + std::string("mode: ") + mode +
                                           "\nsession: {windows: 0}\nsafety: {strategy: none, rails: " + rails + "}\n"),
              40);
      EXPECT_EQ(std::string(mode) == "auto", node.platform.writes > 0) << mode << " " << rails;
      node.expect_only_own_written();
      for (size_t f = 0; f < 6; ++f) {
        if (!is_own(f)) {
          EXPECT_TRUE(platform_same(&node.platform.configuration[f], &node.workflow.start()[f])) << mode << f;
        }
      }
    }
  }
}

TEST(Ownership, ATuningSessionExploresItsOwnFunctionsAndSettlesWhileOthersMove) {
  Node node("0.2");
  int64_t moves = 0;
  node.platform.measure = [&](int64_t, const Configuration &) {
    node.platform.configuration[0].replicas = 4 + static_cast<int32_t>(moves++ % 3);  // another agent's
    return Window{};
  };
  node.go(agent_yaml(node.state(), kOwn + std::string("mode: auto\nsafety: {strategy: none, rails: tuning}\n"
                                                      "session: {windows: 12, verify_sigma: 0, judging_windows: 5}\n")),
          0);
  EXPECT_GT(node.platform.writes, 0);
  node.expect_only_own_written();
  EXPECT_EQ(json_number(node.summary, "session.windows_used"), 12);
  EXPECT_EQ(json_value(node.summary, "session.in_force"), "true") << "of what is its own";
  EXPECT_EQ(json_number(node.summary, "judged.windows"), 5);
  EXPECT_LE(json_number(node.summary, "session.windows_settling"), 3);
}

TEST(Ownership, ABreachRestoresItsOwnFunctionsOnly) {
  Node node;
  node.platform.measure = [&](int64_t, const Configuration &c) {
    // Good with five replicas of rgb; meanwhile others shrink what is theirs.
    node.platform.configuration[0].replicas = 2;
    return c[1].replicas < 5 ? breach() : Window{};
  };
  node.go(automatic(node.state(), "production"), 30);
  const int alarm = node.first("restore");
  ASSERT_GT(alarm, 0);
  EXPECT_EQ(node.said(static_cast<size_t>(alarm), "applied"), "true");
  node.expect_only_own_written();
  const Configuration &restored = node.platform.in_windows.at(static_cast<size_t>(alarm) + 1);
  EXPECT_EQ(restored[1].replicas, 5);
  EXPECT_EQ(restored[0].replicas, 2) << "starter was good with five, and is somebody else's";
}

TEST(Ownership, LimitsBindItsOwnAndLeaveTheOthersAsTheyAre) {
  Node node("0.5");
  node.platform.configuration[0].replicas = 1;  // outside the limits of this agent's file
  node.platform.configuration[5].replicas = 8;
  node.go(automatic(node.state(), "tuning", ", limits: {'*': {replicas: [3, 4]}}"), 8);
  node.expect_only_own_written();
  EXPECT_EQ(node.platform.configuration[0].replicas, 1);
  EXPECT_EQ(node.platform.configuration[5].replicas, 8);
  for (const size_t f : {1u, 4u}) EXPECT_EQ(node.platform.configuration[f].replicas, 4);
}

TEST(Ownership, TheLeastReplicasOfProductionAreForItsOwn) {
  Node node;
  node.platform.configuration[0].replicas = 1;
  node.platform.configuration[1].replicas = 1;
  node.go(automatic(node.state(), "production"), 4);
  EXPECT_EQ(node.platform.configuration[1].replicas, 2);
  EXPECT_EQ(node.platform.configuration[0].replicas, 1);
  // The costs it decides on are those of what it would really change.
  const double before = json_number(node.lines[0], "cost_now_usd_h");
  Configuration after = node.platform.in_windows[0];
  after[1].replicas = 2;
  EXPECT_NEAR(json_number(node.lines[0], "cost_then_usd_h"), cost_of(node.workflow.get(), after), 1e-9);
  EXPECT_GT(cost_of(node.workflow.get(), after), before);
}

TEST(Ownership, TheKillSwitchStopsAPartAsItStopsTheWhole) {
  for (const char *file : {"kill", "pause"}) {
    Node node;
    int64_t writes = 0;
    node.platform.measure = [&](int64_t window, const Configuration &) {
      if (window == 2) {
        write_file(node.state() + "/" + file, "");
        writes = node.platform.writes;
      }
      return Window{};
    };
    node.go(automatic(node.state(), "tuning"), 8);
    EXPECT_GT(writes, 0) << file;
    EXPECT_EQ(writes, node.platform.writes) << file;
    node.expect_only_own_written();
  }
}

bool always(void *, const char **) {
  return true;
}

TEST(Ownership, TheChokePointLeavesOthersAloneWhoeverAsks) {
  Workflow workflow;
  Owned owned(workflow);
  for (const bool fails : {false, true}) {
    FakePlatform platform(workflow);
    TemporaryFolder temporary;
    Folder folder(temporary.path());
    fc_error_t error = {};
    act_t *act = nullptr;
    ASSERT_OK(act_new(workflow.get(), platform.get(), folder.get(), AGENT_MODE_AUTO, {nullptr, always}, &owned.get,
                      &act, &error));
    // The second write fails: what was written is taken back.
    if (fails)
      platform.before_write = [](int64_t number, const platform_step_t &) { return number == 1 ? FC_EIO : FC_OK; };
    const Configuration to = workflow.at(1);
    EXPECT_EQ(fails ? FC_EIO : FC_OK, act_apply(act, 7, to.data(), true, &error));
    for (const int32_t f : platform.written) EXPECT_TRUE(is_own(static_cast<size_t>(f)));
    for (size_t f = 0; f < 6; ++f) {
      const auto expected = is_own(f) && !fails ? to[f] : workflow.start()[f];
      EXPECT_TRUE(platform_same(&platform.configuration[f], &expected)) << f << fails;
    }
    EXPECT_FALSE(std::filesystem::exists(temporary.path("journal.json")));
    act_destroy(&act);
  }
}

TEST(Ownership, AnInterruptedChangeIsSettledForItsOwnFunctions) {
  // The journal is of a run that owned all of them.
  for (const bool completes : {false, true}) {
    Node node;
    const Configuration from = node.workflow.start(), to = node.workflow.at(1);
    {
      Folder folder(node.state());
      journal_t journal;
      ASSERT_EQ(FC_OK, journal_init(&journal, node.workflow.get()));
      journal.completes = completes;
      configuration_copy(node.workflow.get(), journal.from, from.data());
      configuration_copy(node.workflow.get(), journal.to, to.data());
      fc_error_t error = {};
      EXPECT_OK(journal_begin(folder.get(), node.workflow.get(), &journal, &error));
      journal_clear(&journal);
    }
    Configuration half = from;
    for (size_t f = 0; f < 3; ++f) half[f] = to[f];
    node.platform.configuration = half;
    node.go(automatic(node.state(), "production"), 1);
    Configuration expected = half;
    for (const size_t f : {1u, 4u}) expected[f] = completes ? to[f] : from[f];
    EXPECT_TRUE(same(node.platform.in_windows[0], expected)) << describe(node.platform.in_windows[0]);
    node.expect_only_own_written();
    EXPECT_FALSE(std::filesystem::exists(node.state() + "/journal.json"));
  }
}

// ---- filter -----------------------------------------------------------------------------------------------------

struct Filter {
  Filter(const Workflow &w, const ownership_t *ownership, fc_safety_strategy_t strategy, fc_rails_profile_t rails)
      : workflow(w), bound_by(w.n() * FC_KNOBS) {
    fc_error_t error = {};
    fc_limits_init(&limits, w.get(), FC_RANGES_MEASURED);
    const filter_options_t options = {strategy, 0.05, fc_rails_default(rails), FC_RANGES_MEASURED, 3, 1, ownership};
    if (filter_new(w.get(), &options, &limits, &get, &error) != FC_OK) throw std::runtime_error(error.message);
  }
  ~Filter() {
    filter_destroy(&get);
    fc_limits_clear(&limits);
  }
  Configuration apply(const Configuration &current, Configuration proposed) {
    filter_apply(get, 0, FILTER_DECIDED, 10, false, current.data(), proposed.data(), bound_by.data(), &result);
    return proposed;
  }
  void band(double lb, double ub, const Configuration &safe) {
    fc_safety_record_t record = {};
    fc_safety_record_init(&record, workflow->n_functions);
    std::strcpy(record.workflow, workflow->name);
    record.mean_in_flight = 10;
    record.lb_usd_h = lb;
    record.ub_usd_h = ub;
    record.n_rows = 10;
    record.n_safe = 1;
    std::copy(safe.begin(), safe.end(), record.safe);
    record.safe_cost_usd_h[0] = cost_of(workflow.get(), safe);
    fc_error_t error = {};
    EXPECT_OK(filter_take_records(get, &record, 1, &error));
    fc_safety_record_clear(&record);
  }
  const Workflow &workflow;
  fc_limits_t limits{};
  filter_t *get = nullptr;
  filter_result_t result{};
  std::vector<uint32_t> bound_by;
};

TEST(Ownership, TheRecheckIsOfWhatWouldReallyBeInForce) {
  Workflow workflow;
  Owned owned(workflow);
  // Decided for all: its own shrink, the others grow; together the cost stays. Alone its own part is below the band.
  Configuration current = workflow.start(), proposed = current;
  for (size_t f = 0; f < 6; ++f) proposed[f].replicas += is_own(f) ? -2 : 1;
  const double now = cost_of(workflow.get(), current);
  ASSERT_DOUBLE_EQ(cost_of(workflow.get(), proposed), now);
  for (const fc_rails_profile_t rails : {FC_RAILS_OFF, FC_RAILS_TUNING}) {
    Filter whole(workflow, nullptr, FC_STRATEGY_SES_PAPER, rails);
    whole.band(now * 0.95, now * 1.05, current);
    EXPECT_TRUE(same(whole.apply(current, proposed), proposed));
    EXPECT_FALSE(whole.result.held);
    Filter part(workflow, &owned.get, FC_STRATEGY_SES_PAPER, rails);
    part.band(now * 0.95, now * 1.05, current);
    EXPECT_TRUE(same(part.apply(current, proposed), current));
    EXPECT_TRUE(part.result.held);
    EXPECT_EQ(part.result.ses, FC_SES_ACCEPTED) << "the strategy looks at what was decided for all";
  }
}

TEST(Ownership, WhatTheRailsWouldAddForOthersDoesNotHideAnUnsafeStep) {
  Workflow workflow;
  Owned owned(workflow);
  Configuration current = workflow.start(), proposed = current;
  for (size_t f = 0; f < 6; ++f) {
    current[f].replicas = is_own(f) ? 5 : 1;
    proposed[f].replicas = is_own(f) ? 4 : 2;
  }
  const double replica = cost_of(workflow.get(), workflow.start()) / 30;  // of 6 x 5
  Filter filter(workflow, &owned.get, FC_STRATEGY_SES_PAPER, FC_RAILS_PRODUCTION);
  filter.band(13 * replica, 20 * replica, proposed);
  for (int window = 0; window < 9; ++window) filter.apply(current, proposed);  // until shrinking is not held back
  // 14 replicas in force, 12 with its own step; the least two of every function would make it 16.
  EXPECT_TRUE(same(filter.apply(current, proposed), current));
  EXPECT_TRUE(filter.result.held);
  EXPECT_THAT(filter.result.held_why, HasSubstr("safe band"));
}

TEST(Ownership, NoReasonIsGivenForWhatOthersOwn) {
  Workflow workflow;
  Owned owned(workflow);
  Filter filter(workflow, &owned.get, FC_STRATEGY_NONE, FC_RAILS_TUNING);
  const Configuration out = filter.apply(workflow.start(), workflow.at(0));
  for (size_t f = 0; f < 6; ++f) {
    EXPECT_EQ(is_own(f), !platform_same(&out[f], &workflow.start()[f])) << f;
    bool bound = false;
    for (size_t k = 0; k < FC_KNOBS; ++k) bound = bound || filter.bound_by[f * FC_KNOBS + k] != 0;
    EXPECT_EQ(is_own(f), bound) << f;
  }
}

TEST(Ownership, TheWayToAConfigurationIsThatOfItsOwnFunctions) {
  Workflow workflow;
  Owned owned(workflow);
  Filter filter(workflow, &owned.get, FC_STRATEGY_NONE, FC_RAILS_TUNING);
  const Configuration start = workflow.start();
  Configuration others = start, mine = start;
  others[0].replicas = 99;  // outside every range
  mine[1].replicas = 8;     // two steps of two
  EXPECT_EQ(0, filter_travel(filter.get, start.data(), others.data(), 64));
  EXPECT_EQ(2, filter_travel(filter.get, start.data(), mine.data(), 64));
  EXPECT_EQ(2, filter_travel(filter.get, others.data(), mine.data(), 64));
  mine[4].replicas = 99;
  EXPECT_EQ(64, filter_travel(filter.get, start.data(), mine.data(), 64));
}

// ---- reporting, ending ------------------------------------------------------------------------------------------

TEST(Ownership, OnlyTheOwnerOfTheFirstFunctionReports) {
  for (const bool reports : {false, true}) {
    Node node;
    node.go(automatic(node.state(), "tuning", "", reports ? "functions: [starter]\n" : kOwn), 6);
    EXPECT_EQ(json_number(node.summary, "transitions_reported"), reports ? 6 : 0);
    EXPECT_EQ(json_value(node.summary, "reports"), reports ? "true" : "false");
    EXPECT_EQ(json_value(node.summary, "functions.0"), reports ? "starter" : "rgb");
    EXPECT_EQ(json_number(node.summary, "windows"), 6);
    EXPECT_EQ(json_number(node.summary, "spool_held"), reports ? 6 : 0);
  }
}

TEST(Ownership, AnAgentWhosePlatformHasNoMoreWindowsEnds) {
  Node node;
  node.platform.measure = [](int64_t window, const Configuration &) {
    Window shown;
    if (window == 5) shown.status = FC_ECLOSED;
    return shown;
  };
  node.go(automatic(node.state(), "tuning"), 100);
  EXPECT_EQ(json_number(node.summary, "windows"), 5);
  EXPECT_EQ(json_number(node.summary, "unknown"), 0) << "the end is no window without measurements";
  EXPECT_FALSE(node.lost);
}

TEST(Ownership, APlatformThatIsLostForGoodEndsTheAgentAndThatIsAFailure) {
  Node node;
  node.platform.measure = [](int64_t window, const Configuration &) {
    Window shown;
    if (window == 5) shown.status = FC_ESTATE;
    return shown;
  };
  node.go(automatic(node.state(), "tuning"), 100);
  EXPECT_EQ(json_number(node.summary, "windows"), 5);
  EXPECT_TRUE(node.lost);
}

}  // namespace
