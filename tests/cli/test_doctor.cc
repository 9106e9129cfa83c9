// tests cli/doctor*.c on platform `sim` and in general: settings, state folder, limits, server, what is printed.
#include <sys/stat.h>
#include <unistd.h>

#include "agent_fixture.h"
#include "doctor_fixture.h"
#include "fake_server.h"
#include "ran_command.h"

extern "C" {
#include "control.h"
}

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Doctor : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(FC_OK, fc_digest_init()); }
  // agent.yaml with these lines more; `state` is in the folder and not made.
  std::string config(const std::string &more = "") {
    const std::string path = folder_.path("agent.yaml");
    write_file(path, "agent: one\nworkflow: " + source_file("workflows/parallel.yaml") + "\nstate: " + state() +
                         "\nplatform: {kind: sim}\n" + more);
    return path;
  }
  std::string state() const { return folder_.path("state"); }
  void make_state() const { ASSERT_EQ(0, mkdir(state().c_str(), 0700)); }
  TemporaryFolder folder_;
};

TEST_F(Doctor, WhatIsRightPassesAndNothingIsWritten) {
  const std::string path = config();
  const auto before = contents_of(folder_.path());
  const Findings found = examine(path);
  EXPECT_THAT(found.failed(), IsEmpty());
  EXPECT_THAT(found.worst("state folder").found, HasSubstr("will be made"));
  EXPECT_THAT(found.worst("simulation").found, HasSubstr("embedded, 1 user"));
  EXPECT_THAT(found.worst("platform").found,
              HasSubstr("sets in place: cpu_millicores, mem_mib, concurrency; by scaling: "
                        "replicas"));
  EXPECT_EQ(contents_of(folder_.path()), before);
  make_state();
  { const Folder started(state()); }
  const auto with_state = contents_of(folder_.path());
  EXPECT_THAT(examine(path).failed(), IsEmpty());
  EXPECT_EQ(contents_of(folder_.path()), with_state) << "an agent's state folder is only looked at";
}

TEST_F(Doctor, AWrongSettingIsNamedWithItsPlace) {
  const Findings found = examine(config("mod: auto\n"));
  EXPECT_EQ(found.size(), 1u) << "nothing else can be checked";
  EXPECT_THAT(found.failed(), ElementsAre(AllOf(HasSubstr("agent.yaml:5:"), HasSubstr("mod"))));
  EXPECT_THAT(examine(folder_.path("absent.yaml")).worst("settings").remedy, HasSubstr("--config"));
}

TEST_F(Doctor, AWorkflowThatIsNotThereIsAFailure) {
  const std::string path = config();
  std::string text = read_file(path);
  text.replace(text.find("workflow: "), text.find("\nstate") - text.find("workflow: "), "workflow: nowhere");
  write_file(path, text);
  const Findings found = examine(path);
  EXPECT_THAT(found.failed(), ElementsAre(HasSubstr("workflow: ")));
  EXPECT_THAT(found.worst("workflow").remedy, HasSubstr("agent.yaml"));
}

TEST_F(Doctor, OwnedFunctionsMustBeThoseOfTheWorkflow) {
  EXPECT_THAT(examine(config("functions: [nobody]\n")).failed(), ElementsAre(HasSubstr("nobody")));
}

TEST_F(Doctor, SaysWhatTheModeMeans) {
  EXPECT_THAT(examine(config()).worst("mode").found, HasSubstr("recommend"));
  EXPECT_THAT(examine(config("mode: observe\n")).worst("mode").found, HasSubstr("writes nothing"));
  EXPECT_THAT(examine(config("mode: auto\n")).worst("mode").found, HasSubstr("WRITES"));
  DoctorOptions options;
  options.mode = "observe";
  EXPECT_THAT(examine(config("mode: auto\n"), options).worst("mode").found, HasSubstr("observe (--mode)"));
}

TEST_F(Doctor, LimitsMustLeaveEveryKnobAValue) {
  const Findings none = examine(config("safety: {limits: {\"*\": {replicas: [100, 200]}}}\n"));
  EXPECT_THAT(none.failed(), ElementsAre(HasSubstr("replicas")));
  EXPECT_THAT(none.worst("limits").remedy, HasSubstr("safety.limits"));
  const Workflow workflow;
  const fc_knob_range_t range = fc_workflow_range(workflow.get(), 0, FC_KNOB_CPU, FC_RANGES_MEASURED);
  const std::string lowest = std::to_string(range.min);
  ASSERT_GT(workflow->functions[0].start.cpu_millicores, range.min);
  const Findings narrow = examine(config("safety: {limits: {" + std::string(workflow->functions[0].name) +
                                         ": {cpu_millicores: [" + lowest + ", " + lowest + "]}}}\n"));
  EXPECT_THAT(narrow.failed(), IsEmpty());
  EXPECT_THAT(narrow.worst("limits").found, HasSubstr("outside its limits [" + lowest + ", " + lowest + "]"));
}

// ---- state folder ----

TEST_F(Doctor, AStateFolderThatCannotBeMadeIsAFailure) {
  std::string path = config();
  std::string text = read_file(path);
  text.replace(text.find(state()), state().size(), path + "/state"); /* below a file */
  write_file(path, text);
  const Findings found = examine(path);
  EXPECT_THAT(found.failed(), ElementsAre(HasSubstr("state folder: ")));
}

TEST_F(Doctor, AFolderOthersMayLookIntoIsAWarning) {
  make_state();
  ASSERT_EQ(0, chmod(state().c_str(), 0755));
  const Finding one = examine(config()).worst("state folder");
  EXPECT_EQ(one.level, DOCTOR_WARNING);
  EXPECT_THAT(one.remedy, HasSubstr("chmod 700"));
}

TEST_F(Doctor, ARunningAgentIsNamedByItsPid) {
  make_state();
  const Folder held(state());
  const Finding lock = examine(config()).worst("lock");
  EXPECT_EQ(lock.level, DOCTOR_FAILED);
  EXPECT_THAT(lock.found, HasSubstr("(pid " + std::to_string(getpid()) + ")"));
  EXPECT_THAT(lock.remedy, HasSubstr("kill " + std::to_string(getpid())));
  DoctorOptions options;
  options.running = true;
  EXPECT_EQ(examine(config(), options).worst("lock").level, DOCTOR_OK);
}

TEST_F(Doctor, RunningExpectsAnAgent) {
  DoctorOptions options;
  options.running = true;
  EXPECT_EQ(examine(config(), options).worst("lock").level, DOCTOR_FAILED) << "without a state folder";
  make_state();
  { const Folder ended(state()); }
  EXPECT_EQ(examine(config(), options).worst("lock").level, DOCTOR_FAILED);
  EXPECT_EQ(examine(config()).worst("lock").level, DOCTOR_OK);
}

TEST_F(Doctor, LocksOfOtherFilesAreNotThoseOfTheFolder) {
  make_state();
  { const Folder ended(state()); }
  struct stat about = {};
  ASSERT_EQ(0, stat((state() + "/lock").c_str(), &about));
  const Machine machine;
  const std::string inode = std::to_string(about.st_ino);
  DoctorOptions options;
  options.root = machine.root();
  machine.file("proc/locks", "1: FLOCK  ADVISORY  WRITE 77 fe:00:1" + inode +
                                 " 0 EOF\n2: POSIX  ADVISORY  WRITE 78 fe:00:" + inode +
                                 " 0 EOF\nrubbish\n3: -> FLOCK  ADVISORY  WRITE 79 fe:00:" + inode + " 0 EOF\n");
  EXPECT_EQ(examine(config(), options).worst("lock").level, DOCTOR_OK);
  machine.file("proc/locks", "9: FLOCK  ADVISORY  WRITE 80 00:2f:" + inode + " 0 EOF\n");
  EXPECT_THAT(examine(config(), options).worst("lock").found, HasSubstr("(pid 80)"));
  machine.file("proc/locks", "9: FLOCK  ADVISORY  WRITE -1 00:2f:" + inode + " 0 EOF\n");
  EXPECT_THAT(examine(config(), options).worst("lock").found, HasSubstr("folder: another"))
      << "of another PID namespace";
}

TEST_F(Doctor, FilesThatAStartRefusesAreFound) {
  make_state();
  write_file(state() + "/epoch", "many\n");
  EXPECT_THAT(examine(config()).failed(), ElementsAre(HasSubstr("epoch: ")));
  write_file(state() + "/epoch", "3\n");
  write_file(state() + "/journal.json", "{");
  write_file(state() + "/trust.json", "{");
  const Findings found = examine(config());
  EXPECT_EQ(found.worst("journal").level, DOCTOR_FAILED);
  EXPECT_EQ(found.worst("policy").level, DOCTOR_FAILED);
}

TEST_F(Doctor, LatchesAreWarnings) {
  make_state();
  write_file(state() + "/kill", "");
  write_file(state() + "/pause", "");
  const Findings found = examine(config());
  EXPECT_THAT(found.failed(), IsEmpty());
  ASSERT_EQ(found.of("latches").size(), 2u);
  EXPECT_THAT(found.of("latches")[0].remedy, HasSubstr("rm '" + state() + "/kill'"));
}

TEST_F(Doctor, AHeldPolicyIsNamed) {
  make_state();
  const Workflow workflow;
  keep_policy(state(), workflow.get(), workflow.start(), 7, make_server_key());
  EXPECT_THAT(examine(config()).worst("policy").found, HasSubstr("version 7"));
}

TEST_F(Doctor, AClockThatWasSetBackIsAFailure) {
  make_state();
  write_file(state() + "/epoch", "3\n");
  std::filesystem::last_write_time(state() + "/epoch",
                                   std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_THAT(examine(config()).failed(), ElementsAre(HasSubstr("clock: ")));
}

// ---- server ----

class DoctorServer : public Doctor {
 protected:
  static ServerScript script() {
    ServerScript script;
    script.key = make_server_key();
    script.live_version = 4;
    return script;
  }
  std::string server(const FakeServer &at, const std::string &more = "") {
    return config("server: {ingest: \"" + at.ingest() + "\"" + more + "}\nsecurity: {insecure_loopback: true}\n");
  }
  static std::string hex(const uint8_t *key) {
    char text[FC_HEX_SIZE];
    fc_hex(key, FC_PUBLIC_KEY_SIZE, text);
    return text;
  }
  const Workflow workflow_;
};

TEST_F(DoctorServer, AServerThatKnowsTheWorkflowTellsItsLivePolicy) {
  const ServerScript what = script();
  const FakeServer at(workflow_, what);
  const Findings found = examine(server(at, ", public_key: \"" + hex(what.key.public_key) + "\""));
  EXPECT_THAT(found.failed(), IsEmpty());
  EXPECT_THAT(found.worst("server").found, HasSubstr("live policy: version 4"));
  EXPECT_EQ(found.worst("server key").level, DOCTOR_OK);
  EXPECT_EQ(at.received(), 0) << "nothing is reported";
}

TEST_F(DoctorServer, WhatTheServerLacksIsSaid) {
  ServerScript what = script();
  what.live_version = 0;
  FakeServer at(workflow_, what);
  EXPECT_EQ(examine(server(at)).worst("server").level, DOCTOR_WARNING) << "no policy yet";
  EXPECT_THAT(examine(server(at)).worst("server key").remedy, HasSubstr(hex(what.key.public_key)));
  at.change([](ServerScript &script) { script.workflow_known = false; });
  const Finding unknown = examine(server(at)).worst("server");
  EXPECT_EQ(unknown.level, DOCTOR_FAILED);
  EXPECT_THAT(unknown.remedy, HasSubstr("faasconf register --workflow"));
}

TEST_F(DoctorServer, AnotherKeyThanThePinnedOneIsAFailure) {
  const FakeServer at(workflow_, script());
  const std::string other = ", public_key: \"" + hex(make_server_key().public_key) + "\"";
  EXPECT_THAT(examine(server(at, other)).failed(), ElementsAre(HasSubstr("server key: ")));
  make_state();
  keep_policy(state(), workflow_.get(), workflow_.start(), 7, make_server_key());
  const Finding trusted = examine(server(at)).worst("server key");
  EXPECT_EQ(trusted.level, DOCTOR_FAILED) << "the one of an earlier run";
  EXPECT_THAT(trusted.remedy, HasSubstr("trust.json"));
}

TEST_F(DoctorServer, NobodyThereIsAWarningAndASilentOneAFailure) {
  ServerScript what = script();
  what.welcome = false;
  DoctorOptions options;
  options.timeout_ms = 300;
  std::string path;
  {
    const FakeServer silent(workflow_, what);
    path = server(silent);
    EXPECT_THAT(examine(path, options).worst("server").found, HasSubstr("does not answer HELLO"));
    EXPECT_EQ(examine(path, options).worst("server").level, DOCTOR_FAILED);
  }
  const Finding away = examine(path, options).worst("server");
  EXPECT_EQ(away.level, DOCTOR_WARNING) << "the agent goes on without";
  EXPECT_THAT(away.remedy, HasSubstr("start faasconfd"));
}

TEST_F(DoctorServer, HintsThatNobodyPublishesAreAWarning) {
  const FakeServer at(workflow_, script());
  DoctorOptions options;
  options.timeout_ms = 500;
  EXPECT_EQ(examine(server(at, ", hints: \"" + at.hints() + "\""), options).of("server hints").size(), 0u);
  const Findings wrong = examine(server(at, ", hints: \"" + at.ingest() + "\""), options);
  EXPECT_EQ(wrong.worst("server hints").level, DOCTOR_WARNING) << "the ingest address publishes nothing";
}

TEST_F(DoctorServer, AnAddressThatIsNotIngestIsNotTakenForOne) {
  const FakeServer at(workflow_, script());
  DoctorOptions options;
  options.timeout_ms = 300;
  const std::string path = config("server: {ingest: \"" + at.hints() + "\"}\nsecurity: {insecure_loopback: true}\n");
  EXPECT_NE(examine(path, options).worst("server").level, DOCTOR_OK);
}

TEST_F(DoctorServer, NoiseIsNoServer) {
  ServerScript what = script();
  what.garbage = true;
  const FakeServer at(workflow_, what);
  EXPECT_EQ(examine(server(at)).worst("server").level, DOCTOR_FAILED);
}

TEST_F(DoctorServer, WithoutServerAndPolicyThereIsNothingToDecideWith) {
  EXPECT_EQ(examine(config()).worst("server").level, DOCTOR_WARNING);
  EXPECT_EQ(examine(config("mode: observe\n")).worst("server").level, DOCTOR_OK);
}

TEST_F(DoctorServer, AnRpcAddressWithoutAnAnswerIsAFailure) {
  DoctorOptions options;
  options.timeout_ms = 200;
  options.rpc = "tcp://127.0.0.1:1";
  EXPECT_EQ(examine(config(), options).worst("server rpc").level, DOCTOR_FAILED);
}

TEST_F(Doctor, AServedSimulationThatIsNotThereIsAFailure) {
  const std::string path = config();
  std::string text = read_file(path);
  text.replace(text.find("{kind: sim}"), 11, "{kind: sim, connect: \"tcp://127.0.0.1:1\"}");
  write_file(path, text);
  DoctorOptions options;
  options.timeout_ms = 200;
  const Finding one = examine(path, options).worst("simulation");
  EXPECT_EQ(one.level, DOCTOR_FAILED);
  EXPECT_THAT(one.remedy, HasSubstr("faasconf simulate --workflow"));
}

// ---- what is printed ----

TEST_F(Doctor, TheExitCodeSaysWhetherSomethingFailed) {
  const RanCommand good = run_command(cli_doctor, {"--config", config("mode: observe\n")});
  EXPECT_EQ(good.exit_code, CLI_DONE);
  EXPECT_THAT(good.out, HasSubstr("ok       settings"));
  EXPECT_THAT(good.out, HasSubstr(": 0 failed, "));
  const RanCommand bad = run_command(cli_doctor, {"--config", config("mod: auto\n")});
  EXPECT_EQ(bad.exit_code, CLI_FAILED);
  EXPECT_THAT(bad.out, AllOf(HasSubstr("FAILED   settings"), HasSubstr("\n                         -> edit ")));
  EXPECT_EQ(run_command(cli_doctor, {}).exit_code, CLI_USAGE);
  EXPECT_EQ(run_command(cli_doctor, {"--config", config(), "--mode", "approve"}).exit_code, CLI_USAGE);
}

TEST_F(Doctor, JsonHasEveryCheck) {
  const RanCommand ran = run_command(cli_doctor, {"--config", config("functions: [nobody]\n"), "--json"});
  EXPECT_EQ(ran.exit_code, CLI_FAILED);
  fc_json_t *json = nullptr;
  fc_error_t error = {};
  ASSERT_OK(fc_json_parse(ran.out.data(), ran.out.size(), &json, &error));
  bool ok = true;
  EXPECT_TRUE(fc_json_bool(fc_json_get(json, "ok"), &ok));
  EXPECT_FALSE(ok);
  const fc_json_t *checks = fc_json_get(json, "checks");
  ASSERT_GT(fc_json_size(checks), 5u);
  EXPECT_STREQ("settings", fc_json_string(fc_json_get(fc_json_at(checks, 0), "check")));
  EXPECT_STREQ("ok", fc_json_string(fc_json_get(fc_json_at(checks, 0), "level")));
  EXPECT_EQ(nullptr, fc_json_string(fc_json_get(fc_json_at(checks, 0), "remedy")));
  fc_json_destroy(&json);
}

TEST(DoctorReport, WhatOthersWroteStaysOnItsLine) {
  doctor_t doctor = {};
  fc_error_t error = {};
  ASSERT_OK(doctor_init(&doctor, &error));
  doctor_find(&doctor, DOCTOR_FAILED, "server", "it refuses: %s", "no\nok       all is well\x1b[2J");
  EXPECT_STREQ(doctor.findings[0].found, "it refuses: no ok       all is well [2J");
  const std::string text(5000, 'x');
  doctor_find(&doctor, DOCTOR_OK, "server", "%s", text.c_str());
  EXPECT_EQ(strlen(doctor.findings[1].found), DOCTOR_TEXT_SIZE - 1u);
  for (int i = 0; i < 2 * DOCTOR_MAX_FINDINGS; ++i) doctor_find(&doctor, DOCTOR_OK, "server", "again");
  EXPECT_EQ(doctor.n_findings, DOCTOR_MAX_FINDINGS);
  doctor_clear(&doctor);
}

}  // namespace
