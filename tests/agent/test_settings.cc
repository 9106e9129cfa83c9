// tests agent/settings.c: defaults, every refusal with its place, limits.
#include "agent_fixture.h"

namespace {
using fc_test::agent_yaml;
using fc_test::Settings;
using fc_test::Workflow;
using testing::HasSubstr;

// The sentence of a text that must not parse.
std::string refusal(const std::string &text, fc_status_t expected = FC_EFORMAT) {
  settings_t settings;
  fc_error_t error = {};
  EXPECT_EQ(expected, settings_parse(text.data(), text.size(), "agent.yaml", &settings, &error)) << text;
  settings_clear(&settings);
  return error.message;
}

TEST(Settings, RecommendIsTheDefaultOfAnInstallation) {
  Settings settings(agent_yaml("/tmp/x"));
  EXPECT_EQ(settings->mode, AGENT_MODE_RECOMMEND);
  EXPECT_EQ(settings->rails.profile, FC_RAILS_PRODUCTION);
  EXPECT_EQ(settings->strategy, FC_STRATEGY_SES_PAPER);
  EXPECT_FALSE(settings->has_server);
  EXPECT_FALSE(settings->lockstep);
  EXPECT_EQ(settings->session.windows, 15);
}

TEST(Settings, ReadsEveryKey) {
  Settings settings(agent_yaml("/tmp/x", R"(semantics: as-published
ranges: full
mode: auto
lockstep: true
lockstep_timeout_s: 5
server: {ingest: 'tcp://127.0.0.1:7601', hints: 'ipc:///tmp/h', flush_s: 1, max_policy_bytes: 4096,
         public_key: 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff}
security: {insecure_loopback: true}
safety:
  strategy: ses_code
  rails: tuning
  noise_sigma: 0.1
  violations_to_redetermine: 5
  limits: {'*': {replicas: [2, 6]}, resnet: {cpu_millicores: [1000, 1500], concurrency: [3, 9]}}
  guard: {compliance: 0.9, breach_compliance: 0.4, false_alarm_windows: 1000, freeze_windows: 7}
session: {windows: 30, exploration_sigma: 0.2, retreat: 0.25, remeasure_windows: 9, verify_windows: 4,
          verify_sigma: 0.02, judging_windows: 400, load_tolerance: 0.5, seed: 77}
spool: {max_bytes: 100000}
log: {level: debug, json: true, decisions_max_bytes: 70000}
)"));
  EXPECT_EQ(settings->semantics, FC_SEMANTICS_AS_PUBLISHED);
  EXPECT_EQ(settings->ranges, FC_RANGES_FULL);
  EXPECT_EQ(settings->mode, AGENT_MODE_AUTO);
  EXPECT_TRUE(settings->lockstep);
  EXPECT_TRUE(settings->has_server);
  EXPECT_TRUE(settings->has_public_key);
  EXPECT_EQ(settings->public_key[1], 0x11);
  EXPECT_EQ(settings->lockstep_timeout_s, 5);
  EXPECT_STREQ(settings->ingest, "tcp://127.0.0.1:7601");
  EXPECT_STREQ(settings->hints, "ipc:///tmp/h");
  EXPECT_EQ(settings->flush_s, 1);
  EXPECT_EQ(settings->max_policy_bytes, 4096);
  EXPECT_STREQ(settings->platform_kind, "sim");
  EXPECT_EQ(settings->platform_users, 10);
  EXPECT_EQ(settings->strategy, FC_STRATEGY_SES_CODE);
  EXPECT_EQ(settings->rails.profile, FC_RAILS_TUNING);
  EXPECT_EQ(settings->noise_sigma, 0.1);
  EXPECT_EQ(settings->violations_to_redetermine, 5);
  ASSERT_EQ(settings->n_limit_rules, 3);
  EXPECT_STREQ(settings->limit_rules[2].function, "resnet");
  EXPECT_EQ(settings->limit_rules[2].knob, FC_KNOB_CONCURRENCY);
  EXPECT_EQ(settings->limit_rules[2].range.min, 3);
  EXPECT_EQ(settings->limit_rules[2].range.max, 9);
  EXPECT_EQ(settings->guard.compliance, 0.9);
  EXPECT_EQ(settings->guard.breach_compliance, 0.4);
  EXPECT_EQ(settings->guard.false_alarm_windows, 1000);
  EXPECT_EQ(settings->guard.freeze_windows, 7);
  EXPECT_EQ(settings->session.windows, 30);
  EXPECT_EQ(settings->session.exploration_sigma, 0.2);
  EXPECT_EQ(settings->session.retreat, 0.25);
  EXPECT_EQ(settings->session.remeasure_windows, 9);
  EXPECT_EQ(settings->session.verify_windows, 4);
  EXPECT_EQ(settings->session.verify_sigma, 0.02);
  EXPECT_EQ(settings->session.judging_windows, 400);
  EXPECT_EQ(settings->session.load_tolerance, 0.5);
  EXPECT_EQ(settings->session.seed, 77u);
  EXPECT_EQ(settings->spool_max_bytes, 100000);
  EXPECT_EQ(settings->log_level, FC_LOG_DEBUG);
  EXPECT_TRUE(settings->log_json);
  EXPECT_EQ(settings->decision_log_max_bytes, 70000);
}

// docs/agent.md states these; change both.
TEST(Settings, DefaultsAreTheDocumentedOnes) {
  Settings settings("agent: a\nworkflow: parallel\nstate: /tmp/x\nplatform: {kind: sim, seed: 9}\n");
  EXPECT_EQ(settings->semantics, FC_SEMANTICS_STRICT);
  EXPECT_EQ(settings->ranges, FC_RANGES_MEASURED);
  EXPECT_EQ(settings->lockstep_timeout_s, 30);
  EXPECT_EQ(settings->flush_s, 2);
  EXPECT_EQ(settings->max_policy_bytes, 2097152);
  EXPECT_EQ(settings->platform_users, 1);
  EXPECT_EQ(settings->noise_sigma, 0.05);
  EXPECT_EQ(settings->violations_to_redetermine, 3);
  EXPECT_EQ(settings->guard.compliance, 0.95);
  EXPECT_EQ(settings->guard.breach_compliance, 0.5);
  EXPECT_EQ(settings->guard.false_alarm_windows, 86400) << "30 days of 30 s windows";
  EXPECT_EQ(settings->guard.freeze_windows, 20);
  EXPECT_EQ(settings->session.exploration_sigma, 0.1);
  EXPECT_EQ(settings->session.retreat, 0.5);
  EXPECT_EQ(settings->session.remeasure_windows, 7);
  EXPECT_EQ(settings->session.verify_windows, 3);
  EXPECT_EQ(settings->session.verify_sigma, 0.1);
  EXPECT_EQ(settings->session.judging_windows, 0);
  EXPECT_EQ(settings->session.load_tolerance, 0.25);
  EXPECT_EQ(settings->session.seed, 9u) << "the platform's";
  EXPECT_EQ(settings->spool_max_bytes, 16777216);
  EXPECT_EQ(settings->decision_log_max_bytes, 8388608);
  EXPECT_EQ(settings->log_level, FC_LOG_INFO);
  EXPECT_FALSE(settings->log_json);
}

TEST(Settings, UnknownKeysAreRefusedWithTheirLine) {
  EXPECT_THAT(refusal(agent_yaml("/tmp/x", "mod: auto\n")), HasSubstr("agent.yaml:5"));
  EXPECT_THAT(refusal(agent_yaml("/tmp/x", "safety:\n  rail: off\n")), HasSubstr("agent.yaml:6"));
  for (const char *section : {"session: {window: 3}\n", "spool: {bytes: 3}\n", "log: {lvl: info}\n",
                              "security: {curve: true}\n", "safety: {guard: {complience: 0.9}}\n",
                              "server: {ingest: 'tcp://127.0.0.1:1', rpc: x}\nsecurity: {insecure_loopback: true}\n"})
    EXPECT_THAT(refusal(agent_yaml("/tmp/x", section)), HasSubstr("agent.yaml:")) << section;
}

TEST(Settings, ModeApproveIsRefusedWithWhatToDo) {
  const std::string sentence = refusal(agent_yaml("/tmp/x", "mode: approve\n"));
  EXPECT_THAT(sentence, HasSubstr("agent.yaml:5"));
  EXPECT_THAT(sentence, HasSubstr("use recommend"));
}

TEST(Settings, AServerElsewhereIsRefusedWithoutEncryption) {
  for (const char *address : {"tcp://10.0.0.1:7601", "tcp://example.org:7601", "tcp://0.0.0.0:7601", "tcp://*:7601",
                              "tcp://127.evil.example:7601", "udp://127.0.0.1:1", "tcp://127.0.0.1"}) {
    const std::string sentence = refusal(agent_yaml(
        "/tmp/x", "security: {insecure_loopback: true}\nserver: {ingest: '" + std::string(address) + "'}\n"));
    EXPECT_THAT(sentence, HasSubstr("CURVE")) << address;
  }
  EXPECT_THAT(refusal(agent_yaml("/tmp/x",
                                 "security: {insecure_loopback: true}\nserver: {ingest: 'ipc:///tmp/i', hints: "
                                 "'tcp://10.0.0.1:7602'}\n")),
              HasSubstr("server.hints"));
  EXPECT_THAT(refusal(agent_yaml("/tmp/x", "server: {ingest: 'tcp://127.0.0.1:7601'}\n")),
              HasSubstr("insecure_loopback"));
  EXPECT_TRUE(settings_is_loopback("tcp://127.0.0.2:9"));
  EXPECT_TRUE(settings_is_loopback("tcp://[::1]:9"));
  EXPECT_TRUE(settings_is_loopback("tcp://localhost:9"));
  EXPECT_TRUE(settings_is_loopback("ipc:///run/x"));
}

TEST(Settings, StrategyConformalIsRefusedWithWhatToUse) {
  EXPECT_THAT(refusal(agent_yaml("/tmp/x", "safety: {strategy: conformal}\n")), HasSubstr("ses_paper"));
}

TEST(Settings, ValuesOutOfRangeAreRefused) {
  const std::pair<const char *, const char *> cases[] = {
      {"mode", "mode: fast\n"},
      {"ranges", "ranges: wide\n"},
      {"semantics", "semantics: loose\n"},
      {"lockstep", "lockstep: maybe\n"},
      {"lockstep_timeout_s", "lockstep_timeout_s: -1\n"},
      {"server", "server: some\n"},
      {"ingest", "security: {insecure_loopback: true}\nserver: {hints: 'ipc:///x'}\n"},
      {"rails", "safety: {rails: fast}\n"},
      {"noise_sigma", "safety: {noise_sigma: 2}\n"},
      {"gpu", "safety: {limits: {resnet: {gpu: [1, 2]}}}\n"},
      {"replicas", "safety: {limits: {resnet: {replicas: [5, 2]}}}\n"},
      {"replicas", "safety: {limits: {resnet: {replicas: 5}}}\n"},
      {"limits", "safety: {limits: 5}\n"},
      {"breach_compliance", "safety: {guard: {compliance: 0.9, breach_compliance: 0.9}}\n"},
      {"windows", "session: {windows: -1}\n"},
      {"session", "session: 4\n"},
      {"verify_windows", "session: {verify_windows: 0}\n"},
      {"max_bytes", "spool: {max_bytes: 10}\n"},
      {"level", "log: {level: loud}\n"}};
  for (const auto &[key, section] : cases) {
    const std::string sentence = refusal(agent_yaml("/tmp/x", section));
    EXPECT_THAT(sentence, HasSubstr("agent.yaml:")) << section;
    EXPECT_THAT(sentence, HasSubstr(key)) << section;
  }
}

TEST(Settings, TheNecessaryKeysAreAskedForByName) {
  EXPECT_THAT(refusal("workflow: parallel\nstate: /tmp/x\nplatform: {kind: sim}\n"), HasSubstr("agent"));
  EXPECT_THAT(refusal("agent: a\nstate: /tmp/x\nplatform: {kind: sim}\n"), HasSubstr("workflow"));
  EXPECT_THAT(refusal("agent: a\nworkflow: parallel\nplatform: {kind: sim}\n"), HasSubstr("state"));
  EXPECT_THAT(refusal("agent: a\nworkflow: parallel\nstate: /tmp/x\n"), HasSubstr("platform"));
  EXPECT_THAT(refusal("agent: a\nworkflow: parallel\nstate: /tmp/x\nplatform: {kind: cloud}\n"), HasSubstr("sim"));
  EXPECT_THAT(refusal("agent: 'a b'\nworkflow: parallel\nstate: /tmp/x\nplatform: {kind: sim}\n"),
              HasSubstr("letters"));
  refusal("");
  refusal("- a list\n");
}

TEST(Settings, LimitsNarrowTheWorkflowsRangesAndNeverWidenThem) {
  Workflow workflow;
  Settings settings(
      agent_yaml("/tmp/x", "safety: {limits: {'*': {replicas: [1, 6]}, resnet: {cpu_millicores: [1000, 9000]}}}\n"));
  fc_limits_t limits = {};
  fc_error_t error = {};
  ASSERT_EQ(FC_OK, fc_limits_init(&limits, workflow.get(), FC_RANGES_MEASURED));
  ASSERT_OK(settings_apply_limits(settings.get(), workflow.get(), &limits, &error));
  const auto f = static_cast<size_t>(fc_workflow_find(workflow.get(), "resnet"));
  EXPECT_EQ(limits.knobs[f * FC_KNOBS + FC_KNOB_CPU].min, 1000);
  EXPECT_EQ(limits.knobs[f * FC_KNOBS + FC_KNOB_CPU].max, 2000);
  EXPECT_EQ(limits.knobs[FC_KNOB_REPLICAS].min, 2);
  EXPECT_EQ(limits.knobs[FC_KNOB_REPLICAS].max, 6);
  fc_limits_clear(&limits);
}

TEST(Settings, LimitsOfAnUnknownFunctionOrWithoutAnyValueAreRefused) {
  Workflow workflow;
  const std::pair<const char *, const char *> cases[] = {{"no function nobody", "nobody: {replicas: [2, 3]}"},
                                                         {"leaves no value", "resnet: {replicas: [50, 60]}"}};
  for (const auto &[words, rule] : cases) {
    Settings settings(agent_yaml("/tmp/x", "safety: {limits: {" + std::string(rule) + "}}\n"));
    fc_limits_t limits = {};
    fc_error_t error = {};
    ASSERT_EQ(FC_OK, fc_limits_init(&limits, workflow.get(), FC_RANGES_MEASURED));
    EXPECT_EQ(FC_EINVAL, settings_apply_limits(settings.get(), workflow.get(), &limits, &error)) << rule;
    EXPECT_THAT(error.message, HasSubstr(words));
    fc_limits_clear(&limits);
  }
}

}  // namespace
