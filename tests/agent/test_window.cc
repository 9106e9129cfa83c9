// tests agent/agent_window.c: whole windows of an agent on a fake platform. What the safety contract (docs/agent.md)
// says of modes, rails, breaches, missing metrics and decisions must hold for the agent as it runs, not only for its
// parts.
#include <cmath>
#include <cstring>
#include <filesystem>

#include "agent_fixture.h"

extern "C" {
#include "configuration.h"
#include "control.h"
#include "journal.h"
}

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::HasSubstr;

// mode auto, no tuning session: the policy decides every window.
std::string automatic(const std::string &state, const std::string &rails, const std::string &safety = "") {
  return agent_yaml(state,
                    "mode: auto\nsession: {windows: 0}\nsafety: {strategy: none, rails: " + rails + safety + "}\n");
}

Window breach(double in_flight = 10) {
  Window window;
  window.latency_s = 20;
  window.in_flight = in_flight;
  return window;
}

// Five replicas of every function are needed.
Window needs_five(const Configuration &configuration) {
  for (const auto &f : configuration)
    if (f.replicas < 5) return breach();
  return {};
}

struct Node {
  explicit Node(const std::string &policy_share = "0") : platform(workflow) {
    keep_policy(state(), workflow.get(), workflow.at(std::stod(policy_share)), 1, key);
  }
  std::string state() const { return temporary.path(); }
  void go(const std::string &yaml, int64_t windows) {
    const fc_test::Run done = run_agent(workflow, platform, yaml, state(), windows);
    summary = done.summary;
    lines = lines_of(done.decisions);
  }
  std::string said(size_t window, const std::string &path) const { return json_value(lines.at(window), path); }
  // The first window whose decision has this origin, or -1.
  int first(const std::string &origin, size_t from = 0) const {
    for (size_t i = from; i < lines.size(); ++i)
      if (said(i, "origin") == origin) return static_cast<int>(i);
    return -1;
  }
  const Configuration &in_force(int window) const { return platform.in_windows.at(static_cast<size_t>(window)); }

  Workflow workflow;
  TemporaryFolder temporary;
  ServerKey key = make_server_key();
  FakePlatform platform;
  std::string summary;
  std::vector<std::string> lines;
};

// ---- modes ------------------------------------------------------------------------------------------------------

TEST(Window, ObserveAndRecommendNeverWriteWhateverHappens) {
  for (const char *mode : {"observe", "recommend"}) {
    Node node;
    node.platform.measure = [](int64_t window, const Configuration &) { return window < 10 ? Window{} : breach(); };
    node.go(agent_yaml(node.state(), "mode: " + std::string(mode) + "\nsafety: {strategy: none, rails: tuning}\n"), 40);
    EXPECT_EQ(node.platform.writes, 0) << mode;
    EXPECT_TRUE(same(node.platform.configuration, node.workflow.start()));
    EXPECT_GE(json_number(node.summary, "alarms"), 1);
    for (const auto &line : node.lines) EXPECT_EQ(json_value(line, "applied"), "false");
    EXPECT_EQ(json_number(node.summary, "recommendations") > 0, std::string(mode) == "recommend");
  }
}

TEST(Window, TheDefaultRecommends) {
  Node node;
  node.go(agent_yaml(node.state(), "safety: {strategy: none, rails: tuning}\n"), 5);
  EXPECT_EQ(json_value(node.summary, "mode"), "recommend");
  EXPECT_EQ(json_number(node.summary, "recommendations"), 5);
  EXPECT_THAT(node.said(0, "not_applied"), HasSubstr("recommend"));
  EXPECT_EQ(node.platform.writes, 0);
}

// ---- rails ------------------------------------------------------------------------------------------------------

TEST(Window, TuningRailsStepInEveryWindow) {
  Node node;
  node.go(automatic(node.state(), "tuning"), 8);
  EXPECT_EQ(node.in_force(1)[0].replicas, 3) << "the shrink hold is one window, the step two";
  EXPECT_EQ(node.in_force(1)[0].cpu_millicores, static_cast<int32_t>(std::ceil(1300 / 1.41)));
  EXPECT_EQ(node.in_force(2)[0].replicas, 2);
  EXPECT_TRUE(same(node.in_force(7), node.workflow.at(0))) << describe(node.in_force(7));
}

TEST(Window, ProductionRailsHoldTenWindowsStepByOneAndKeepTwoReplicas) {
  Node node;
  node.go(automatic(node.state(), "production"), 150);
  int changes = 0;
  for (int w = 0; w < 10; ++w) EXPECT_TRUE(same(node.in_force(w), node.workflow.start())) << w;
  EXPECT_FALSE(same(node.in_force(10), node.workflow.start())) << "held for ten windows, not longer";
  for (int w = 1; w < 150; ++w) {
    const Configuration &before = node.in_force(w - 1), &now = node.in_force(w);
    if (w <= 120) changes += !same(before, now);
    for (size_t f = 0; f < now.size(); ++f) {
      EXPECT_LE(std::abs(now[f].replicas - before[f].replicas), 1);
      EXPECT_GE(now[f].cpu_millicores * 1.19, before[f].cpu_millicores);
      EXPECT_GE(now[f].replicas, 2);
    }
  }
  EXPECT_GE(changes, 1);
  EXPECT_LE(changes, 12) << "the budget of an hour";
}

TEST(Window, GrowthDuringABreachIsNotHeldBack) {
  for (const char *rails : {"tuning", "production"}) {
    Node calm("1"), broken("1");
    broken.platform.measure = [](int64_t, const Configuration &) { return breach(); };
    calm.go(automatic(calm.state(), rails), 2);
    broken.go(automatic(broken.state(), rails), 2);
    EXPECT_FALSE(same(calm.in_force(1), calm.workflow.at(1))) << rails;
    EXPECT_TRUE(same(broken.in_force(1), broken.workflow.at(1))) << describe(broken.in_force(1));
  }
}

// ---- breach -----------------------------------------------------------------------------------------------------

TEST(Window, ABreachRestoresInTheWindowOfItsAlarmAndFreezes) {
  Node node;
  node.platform.measure = [](int64_t, const Configuration &c) { return needs_five(c); };
  node.go(automatic(node.state(), "production"), 36);
  // The start is good for ten windows, then too small: five violations in a row are an alarm.
  const int alarm = node.first("restore");
  ASSERT_EQ(alarm, 14);
  EXPECT_EQ(node.said(14, "applied"), "true");
  EXPECT_TRUE(same(node.in_force(15), node.workflow.start())) << describe(node.in_force(15));
  for (size_t w = 15; w < 34; ++w) {
    EXPECT_EQ(node.said(w, "origin"), "hold") << w;
    EXPECT_THAT(node.said(w, "reason"), HasSubstr("after a breach"));
    EXPECT_TRUE(same(node.in_force(static_cast<int>(w)), node.workflow.start()));
  }
  EXPECT_EQ(node.said(34, "origin"), "policy") << "the freeze is twenty windows";
}

TEST(Window, ABreachFreezesTheExplorationOfASession) {
  Node node("0.2");
  node.platform.measure = [](int64_t, const Configuration &c) { return needs_five(c); };
  node.go(agent_yaml(node.state(),
                     "mode: auto\nsafety: {strategy: none, rails: tuning}\n"
                     "session: {windows: 80, remeasure_windows: 5, retreat: 0}\n"),
          40);
  const int alarm = node.first("restore");
  ASSERT_GT(alarm, 0);
  EXPECT_GE(node.first("policy+exploration"), 0) << "it explored before";
  EXPECT_LT(node.first("policy+exploration"), alarm);
  // Only what was measured good before, or nothing.
  for (int w = alarm + 1; w < alarm + 20 && w < 40; ++w)
    EXPECT_THAT(node.said(static_cast<size_t>(w), "origin"), testing::AnyOf("session", "hold")) << w;
}

TEST(Window, ARestoreThatFailsIsTriedAgainInTheNextWindow) {
  Node node;
  int64_t now = 0;
  node.platform.measure = [&](int64_t window, const Configuration &c) {
    now = window;
    return needs_five(c);
  };
  node.platform.before_write = [&](int64_t, const platform_step_t &) { return now == 14 ? FC_EIO : FC_OK; };
  node.go(automatic(node.state(), "production"), 18);
  EXPECT_EQ(node.said(14, "origin"), "restore");
  EXPECT_EQ(node.said(14, "applied"), "false");
  EXPECT_EQ(node.said(15, "origin"), "restore");
  EXPECT_EQ(node.said(15, "applied"), "true");
  EXPECT_TRUE(same(node.in_force(16), node.workflow.start()));
  EXPECT_EQ(node.said(16, "origin"), "hold");
  EXPECT_EQ(json_number(node.summary, "alarms"), 1);
}

TEST(Window, ARestoreNeedsNoMetricsOfFunctions) {
  Node node;
  node.platform.measure = [](int64_t window, const Configuration &c) {
    Window shown = needs_five(c);
    shown.has_metrics = window < 14;
    return shown;
  };
  node.go(automatic(node.state(), "production"), 16);
  EXPECT_EQ(node.said(14, "origin"), "restore");
  EXPECT_TRUE(same(node.in_force(15), node.workflow.start()));
}

TEST(Window, NothingIsRestoredForALoadNothingWasGoodAt) {
  Node node;
  node.platform.measure = [](int64_t window, const Configuration &) { return window < 10 ? Window{} : breach(30); };
  node.go(automatic(node.state(), "production"), 20);
  EXPECT_EQ(json_number(node.summary, "alarms"), 2);
  EXPECT_EQ(node.first("restore"), -1);
  EXPECT_THAT(node.said(14, "reason"), HasSubstr("no configuration is known good at this load"));
}

TEST(Window, WhatBrokeQosIsNotGoodAfterARestartEither) {
  Node node;
  node.platform.measure = [](int64_t window, const Configuration &) { return window < 10 ? Window{} : breach(); };
  node.go(automatic(node.state(), "off", ", limits: {'*': {replicas: [5, 5]}}"), 15);
  EXPECT_EQ(json_number(node.summary, "alarms"), 1);
  EXPECT_EQ(json_value(read_file(node.state() + "/last_good.json"), "entries"), "[]");
}

// ---- missing metrics --------------------------------------------------------------------------------------------

TEST(Window, MissingOrStaleMetricsHoldAndAreNeitherZeroNorABreach) {
  std::vector<std::pair<std::string, std::function<void(Window &)>>> outages = {
      {"does not answer", [](Window &w) { w.status = FC_EIO; }},
      {"stale", [](Window &w) { w.stale = true; }},
      {"no outcome", [](Window &w) { w.has_outcome = false; }},
      {"no measured load", [](Window &w) { w.has_load = false; }},
      {"have metrics", [](Window &w) { w.has_metrics = false; }},
      {"mean_in_flight", [](Window &w) { w.in_flight = std::nan(""); }}};
  for (const auto &[word, spoil] : outages) {
    Node node;
    int64_t writes_before = -1, writes_after = -1;
    node.platform.measure = [&](int64_t window, const Configuration &) {
      Window shown;
      if (window == 2) writes_before = node.platform.writes;
      if (window == 100) writes_after = node.platform.writes;
      if (window >= 2 && window < 100) spoil(shown);
      return shown;
    };
    node.go(automatic(node.state(), "tuning"), 110);
    EXPECT_EQ(writes_before, writes_after) << word << ": nothing is written during an outage";
    EXPECT_GT(node.platform.writes, writes_after) << word << ": it goes on afterwards";
    EXPECT_EQ(json_number(node.summary, "alarms"), 0) << word;
    EXPECT_GE(json_number(node.summary, "holds"), 97) << word;
    EXPECT_EQ(node.said(50, "origin"), "hold") << word;
    EXPECT_THAT(node.said(50, "reason"), HasSubstr(word));
    EXPECT_EQ(node.said(50, "observation.qos"), word == "have metrics" ? "met" : "unknown") << word;
  }
}

TEST(Window, AnIdleWorkflowIsNoBreachAndAHangingOneIs) {
  for (const double in_flight : {0.0, 10.0}) {
    Node node;
    node.platform.measure = [=](int64_t window, const Configuration &) {
      Window shown;
      if (window < 3) return shown;
      shown.successes = 0;
      shown.in_flight = in_flight;
      return shown;
    };
    node.go(automatic(node.state(), "production"), 30);
    EXPECT_EQ(json_number(node.summary, "alarms") > 0, in_flight > 0);
    if (in_flight == 0) {
      EXPECT_EQ(node.platform.writes, 0);
      EXPECT_THAT(node.said(20, "reason"), HasSubstr("nothing was asked"));
      EXPECT_EQ(json_number(node.summary, "transitions_reported"), 3);
    }
  }
}

TEST(Window, APlatformThatCannotBeReadBackIsNotWrittenTo) {
  Node node;
  node.platform.measure = [&](int64_t window, const Configuration &) {
    node.platform.read_back_status = window >= 1 ? FC_ETIMEOUT : FC_OK;
    return Window{};
  };
  node.go(automatic(node.state(), "tuning"), 10);
  EXPECT_TRUE(same(node.in_force(9), node.in_force(1)));
  EXPECT_THAT(node.said(5, "reason"), HasSubstr("cannot read back"));
}

// ---- control ----------------------------------------------------------------------------------------------------

TEST(Window, KillAndPauseFilesStopWritingAtOnceAndObservingGoesOn) {
  for (const char *file : {"kill", "pause"}) {
    Node node;
    node.platform.measure = [&](int64_t window, const Configuration &) {
      if (window == 1) write_file(node.state() + "/" + file, "");
      return Window{};
    };
    node.go(automatic(node.state(), "tuning"), 6);
    EXPECT_TRUE(same(node.in_force(5), node.in_force(1))) << file;
    EXPECT_THAT(node.said(1, "not_applied"), HasSubstr("nothing is written"));
    EXPECT_EQ(json_number(node.summary, "windows"), 6);
  }
}

TEST(Window, AWordThatCameWhileTheWindowWasMeasuredCounts) {
  Node node;
  node.platform.measure = [&](int64_t window, const Configuration &) {
    char *text = nullptr;
    fc_error_t error = {};
    if (window == 1) {
      EXPECT_EQ(FC_ETIMEOUT, control_ask(node.state().c_str(), "stop-acting", 0, &text, &error));
    }
    return Window{};
  };
  node.go(automatic(node.state(), "tuning"), 3);
  EXPECT_TRUE(same(node.in_force(2), node.in_force(1)));
  EXPECT_THAT(node.said(1, "not_applied"), HasSubstr("kill switch"));
  EXPECT_TRUE(std::filesystem::exists(node.state() + "/kill"));
}

// ---- journal ----------------------------------------------------------------------------------------------------

TEST(Window, AStartSettlesAnInterruptedChangeOnlyWhenItMayWrite) {
  for (const bool may_write : {false, true}) {
    Node node;
    const Configuration from = node.workflow.start(), to = node.workflow.at(1);
    {
      Folder folder(node.state());
      journal_t journal;
      ASSERT_EQ(FC_OK, journal_init(&journal, node.workflow.get()));
      configuration_copy(node.workflow.get(), journal.from, from.data());
      configuration_copy(node.workflow.get(), journal.to, to.data());
      fc_error_t error = {};
      EXPECT_OK(journal_begin(folder.get(), node.workflow.get(), &journal, &error));
      journal_clear(&journal);
    }
    Configuration half = from;
    half[0] = to[0];
    half[1] = to[1];
    node.platform.configuration = half;
    node.go(may_write ? automatic(node.state(), "production") : agent_yaml(node.state()), 1);
    EXPECT_TRUE(same(node.in_force(0), may_write ? from : half)) << describe(node.in_force(0));
    EXPECT_EQ(std::filesystem::exists(node.state() + "/journal.json"), !may_write);
    EXPECT_EQ(json_number(node.summary, "act.recoveries"), may_write ? 1 : 0);
  }
}

// ---- decisions --------------------------------------------------------------------------------------------------

TEST(Window, EveryDecisionIsLoggedWithItsReason) {
  Node node("0.2");
  node.platform.measure = [](int64_t window, const Configuration &) {
    Window shown;
    shown.has_load = window != 4;
    return shown;
  };
  node.go(automatic(node.state(), "tuning"), 8);
  ASSERT_EQ(node.lines.size(), 8u);
  double time_us = 0;
  for (size_t w = 0; w < 8; ++w) {
    EXPECT_EQ(node.said(w, "window"), std::to_string(w));
    EXPECT_EQ(node.said(w, "epoch"), "2");
    EXPECT_GT(json_number(node.lines[w], "time_us"), time_us);
    time_us = json_number(node.lines[w], "time_us");
    for (const char *key : {"mode", "phase", "origin", "reason", "observation.qos", "policy_version", "configuration",
                            "predicted", "cost_now_usd_h", "cost_then_usd_h", "strategy", "changed", "applied"})
      EXPECT_NE(node.said(w, key), "") << key << " in window " << w;
    EXPECT_EQ(node.said(w, "decision_digest").size(), 64u);
  }
  EXPECT_EQ(node.said(4, "origin"), "hold");
  EXPECT_THAT(node.said(4, "observation.unusable"), HasSubstr("load"));
  // One decision in full: what was seen, what the policy wanted, what bound it, what became of it.
  EXPECT_EQ(node.said(0, "origin"), "policy");
  EXPECT_EQ(json_number(node.lines[0], "observation.mean_in_flight"), 10);
  EXPECT_EQ(json_number(node.lines[0], "observation.latency_mean_s"), 9);
  EXPECT_EQ(json_number(node.lines[0], "observation.functions.0.cpu_utilization_pct"), 40);
  EXPECT_EQ(node.said(0, "attention.0.0"), node.workflow->functions[0].name);
  EXPECT_EQ(json_number(node.lines[0], "wanted.0.replicas"), node.workflow.at(0.2)[0].replicas);
  EXPECT_EQ(node.said(0, "bound_by.0.by.0"), "step");
  EXPECT_DOUBLE_EQ(json_number(node.lines[0], "cost_now_usd_h"), cost_of(node.workflow.get(), node.workflow.start()));
  EXPECT_NEAR(json_number(node.lines[0], "cost_then_usd_h"), cost_of(node.workflow.get(), node.in_force(1)), 1e-9);
  EXPECT_EQ(node.said(0, "predicted"), "null") << "never in force before";
  EXPECT_EQ(json_number(node.lines[7], "predicted.qos_met_share"), 1);
  uint8_t digest[FC_DIGEST_SIZE];
  char hex[FC_HEX_SIZE];
  configuration_decision_digest(node.workflow.get(), "node-1", 2, 0, 1, node.in_force(1).data(), digest);
  fc_hex(digest, FC_DIGEST_SIZE, hex);
  EXPECT_EQ(node.said(0, "decision_digest"), hex) << "the digest is of what was carried out";
}

}  // namespace
