// tests agent/settings_local.c: the section of platform `local`, defaults and every refusal with its place.
#include "agent_fixture.h"

namespace {
using fc_test::Settings;
using testing::HasSubstr;

const char GOOD[] =
    "agent: a\nworkflow: parallel\nstate: /tmp/x\nplatform:\n  kind: local\n"
    "  gateway: {port: 8080, orchestrator_port: 8081}\n"
    "  functions:\n"
    "    rgb: {port: 8101, command: [my-function, --port, '{port}', --kind, rgb]}\n"
    "    gray: {port: 8102, command: [other, '--listen=127.0.0.1:{port}']}\n";

std::string changed(const std::string &from, const std::string &to) {
  std::string text = GOOD;
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string refusal(const std::string &text) {
  settings_t settings;
  fc_error_t error = {};
  EXPECT_EQ(FC_EFORMAT, settings_parse(text.data(), text.size(), "agent.yaml", &settings, &error)) << text;
  settings_clear(&settings);
  return error.message;
}

TEST(SettingsLocal, ReadsCommandsAndPorts) {
  Settings settings(GOOD);
  const settings_local_t &local = settings->local;
  EXPECT_STREQ(settings->platform_kind, "local");
  ASSERT_EQ(local.n_functions, 2);
  EXPECT_STREQ(local.functions[0].name, "rgb");
  EXPECT_EQ(local.functions[0].port, 8101);
  ASSERT_EQ(local.functions[0].n_arguments, 5);
  EXPECT_STREQ(local.functions[0].arguments[2], "{port}");
  EXPECT_STREQ(local.functions[1].arguments[1], "--listen=127.0.0.1:{port}");
  EXPECT_EQ(local.gateway_port, 8080);
  EXPECT_EQ(local.orchestrator_port, 8081);
  EXPECT_FALSE(local.rejects);
  EXPECT_STREQ(local.haproxy, "haproxy");
  EXPECT_EQ(local.metrics_port, 0);
  EXPECT_EQ(local.request_timeout_s, 30);
  EXPECT_EQ(local.start_timeout_s, 10);
  EXPECT_EQ(local.grace_s, 5);
}

TEST(SettingsLocal, ReadsEveryOtherKey) {
  Settings settings(std::string(GOOD) +
                    "  overflow: reject\n  haproxy: /opt/haproxy\n  metrics_port: 8404\n  request_timeout_s: 5\n"
                    "  start_timeout_s: 3\n  grace_s: 0.5\n");
  EXPECT_TRUE(settings->local.rejects);
  EXPECT_STREQ(settings->local.haproxy, "/opt/haproxy");
  EXPECT_EQ(settings->local.metrics_port, 8404);
  EXPECT_EQ(settings->local.request_timeout_s, 5);
  EXPECT_EQ(settings->local.start_timeout_s, 3);
  EXPECT_EQ(settings->local.grace_s, 0.5);
}

TEST(SettingsLocal, RefusesWithThePlace) {
  EXPECT_THAT(refusal(changed("kind: local\n", "kind: local\n  users: 3\n")), HasSubstr("agent.yaml:6"));
  EXPECT_THAT(refusal(changed("'{port}', --kind", "'8101', --kind")), HasSubstr("{port}"));
  EXPECT_THAT(refusal(changed("[other, '--listen=127.0.0.1:{port}']", "other")), HasSubstr("expected a list"));
  EXPECT_THAT(refusal(changed("[other, '--listen=127.0.0.1:{port}']", "[]")), HasSubstr("expected a list"));
  EXPECT_THAT(refusal(changed("port: 8101", "port: 70000")), HasSubstr("agent.yaml:8"));
  EXPECT_THAT(refusal(changed("port: 8102", "port: 8101")), HasSubstr("port 8101 is used twice"));
  EXPECT_THAT(refusal(changed("port: 8102", "port: 8080")), HasSubstr("port 8080 is used twice"));
  EXPECT_THAT(refusal(changed("orchestrator_port: 8081", "orchestrator_port: 8080")), HasSubstr("ports of their own"));
  EXPECT_THAT(refusal(changed("  gateway: {port: 8080, orchestrator_port: 8081}\n", "")), HasSubstr("gateway"));
  EXPECT_THAT(refusal(changed("orchestrator_port", "orchestrator")), HasSubstr("orchestrator"));
  EXPECT_THAT(refusal(std::string(GOOD) + "  overflow: drop\n"), HasSubstr("queue or reject"));
  EXPECT_THAT(refusal(changed("kind: local", "kind: nomad")), HasSubstr("expected sim or local"));
  EXPECT_THAT(refusal(changed("{port: 8102, command", "{prot: 8102, command")), HasSubstr("prot"));
}
}  // namespace
