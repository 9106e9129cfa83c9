// tests cli/doctor*.c on platform `local`, on a machine of plain files and with programs of the test.
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>

#include "doctor_fixture.h"
#include "fake_prometheus.h"

extern "C" {
#include "doctor_listener.h"
#include "doctor_program.h"
#include "faasconf/digest.h"
#include "health.h"
}

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const char kHaproxy[] =
    "#!/bin/sh\necho 'HAProxy version 2.8.3-1 2023/09/08 - https://haproxy.org/'\necho 'Feature list : +EPOLL "
    "+PROMEX'\n";

// Two functions, a HAProxy that only tells its version, a machine with cgroup v1.
class DoctorLocal : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(FC_OK, fc_digest_init());
    make_v1(machine_);
    machine_.file("proc/net/tcp", "  sl  local_address rem_address\n");
    haproxy_ = folder_.path("haproxy");
    function_ = folder_.path("function");
    make_executable(haproxy_, kHaproxy);
    make_executable(function_, "#!/bin/sh\n");
    write_file(
        folder_.path("two.yaml"),
        "faasconf: 1\nworkflow: two\norchestrator: outside\nwindow_s: 2\n"
        "prices: {version: test, usd_per_millicore_hour: 0.000173, usd_per_mib_hour: 0.000012}\n"
        "ranges: {cpu_millicores: [10, 1000], mem_mib: [16, 512], replicas: [1, 8], concurrency: [1, 16]}\n"
        "full_ranges: {cpu_millicores: [10, 1000], mem_mib: [16, 512], replicas: [1, 8], concurrency: [1, 16]}\n"
        "start: {cpu_millicores: " +
            std::to_string(cpu_) +
            ", mem_mib: 64, replicas: 1, concurrency: 2}\n"
            "functions:\n  - {name: a, mode: fork, on_failure: fail}\n  - {name: b, mode: fork, on_failure: fail}\n"
            "calls: [a, b]\nqos:\n  - latency_mean_s: 1\n");
    options_.root = machine_.root();
  }
  // agent.yaml; `functions` and `more` in place of the usual ones.
  std::string config(const std::string &more = "", const std::string &functions = "", const std::string &metrics = "") {
    const std::string path = folder_.path("agent.yaml");
    const std::string command = "command: [" + function_ + ", \"{port}\"]}";
    write_file(
        path,
        "agent: one\nworkflow: " + folder_.path("two.yaml") + "\nstate: " + folder_.path("state") +
            "\nmode: observe\nplatform:\n  kind: local\n  haproxy: " + haproxy_ +
            "\n  gateway: {port: 18080, orchestrator_port: " + std::to_string(orchestrator_) + "}\n  functions: " +
            (functions.empty() ? "{a: {port: 18081, " + command + ", b: {port: 18082, " + command + "}" : functions) +
            "\n" + more + metrics);
    return path;
  }
  Findings run(const std::string &more = "", const std::string &functions = "", const std::string &metrics = "") {
    return examine(config(more, functions, metrics), options_);
  }
  // A process `name` with a listener on the port; hexadecimal address as in /proc.
  void listen(int port, const std::string &address, int pid, const std::string &name, const std::string &group = "/") {
    char line[200];
    snprintf(
        line, sizeof line,
        "   0: %s:%04X 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 %d 1 0 100 0 0 10 0\n",
        address.c_str(), static_cast<unsigned>(port), 4711 + pid);
    machine_.file("proc/net/" + std::string(address.size() > 8 ? "tcp6" : "tcp"),
                  std::string("  sl  local_address\n") + line);
    if (pid == 0) return;
    const std::string folder = "proc/" + std::to_string(pid);
    machine_.file(folder + "/comm", name + "\n");
    machine_.file(folder + "/cgroup", "1:cpu:" + group + "\n");
    machine_.folder(folder + "/fd");
    ASSERT_EQ(
        0, symlink(("socket:[" + std::to_string(4711 + pid) + "]").c_str(), machine_.path(folder + "/fd/5").c_str()));
  }
  int cpu_ = 100, orchestrator_ = health_free_port(nullptr, 0);
  TemporaryFolder folder_;
  Machine machine_;
  std::string haproxy_, function_;
  DoctorOptions options_;
};

TEST_F(DoctorLocal, WhatIsRightPassesAndNothingIsWritten) {
  const std::string path = config("  metrics_port: 18404\n");
  const auto before = contents_of(folder_.path()), machine = contents_of(machine_.path());
  const Findings found = examine(path, options_);
  EXPECT_THAT(found.failed(), IsEmpty());
  EXPECT_THAT(found.worst("haproxy").found, HasSubstr("version 2.8 with the Prometheus exporter"));
  EXPECT_THAT(found.worst("ports").found, HasSubstr("all 4 are free"));
  EXPECT_THAT(found.worst("cgroups").found, AllOf(HasSubstr("v1"), HasSubstr("/sys/fs/cgroup/cpu/faasconf-one")));
  EXPECT_THAT(found.worst("machine").found, HasSubstr("reserves 200 of "));
  EXPECT_EQ(found.worst("orchestrator").level, DOCTOR_WARNING);
  EXPECT_THAT(found.worst("orchestrator").remedy,
              HasSubstr("--endpoints a=http://127.0.0.1:18081,b=http://127.0.0.1:18082"));
  EXPECT_EQ(contents_of(folder_.path()), before);
  EXPECT_EQ(contents_of(machine_.path()), machine) << "no control group is made";
}

TEST_F(DoctorLocal, FunctionsMustBeThoseOfTheWorkflow) {
  const std::string one = "{a: {port: 18081, command: [" + function_ + ", \"{port}\"]}";
  EXPECT_THAT(run("", one + "}").failed(), ElementsAre(HasSubstr("function b has no command")));
  const std::string more =
      one + ", b: {port: 18082, command: [x, \"{port}\"]}, c: {port: 18083, command: [" + function_ + ", \"{port}\"]}}";
  EXPECT_THAT(run("", more).worst("functions").found, HasSubstr("has no function c"));
}

TEST_F(DoctorLocal, ACommandMustBeThereAndExecutable) {
  const auto of = [](const std::string &program) {
    return "{a: {port: 18081, command: [" + program + ", \"{port}\"]}, b: {port: 18082, command: [sh, \"{port}\"]}}";
  };
  EXPECT_THAT(run("", of("no-such-program-here")).failed(), ElementsAre(HasSubstr("is in no folder of PATH")));
  EXPECT_THAT(run("", of(folder_.path("absent"))).failed(), ElementsAre(HasSubstr("No such file")));
  write_file(folder_.path("text"), "");
  const Finding text = run("", of(folder_.path("text"))).worst("commands");
  EXPECT_EQ(text.level, DOCTOR_FAILED);
  EXPECT_THAT(text.remedy, HasSubstr("chmod +x"));
  EXPECT_THAT(run("", of(folder_.path())).failed(), ElementsAre(HasSubstr("is a folder")));
  EXPECT_THAT(run("", of("sh")).failed(), IsEmpty()) << "of PATH";
}

TEST_F(DoctorLocal, HaproxyMustBeTwoSixOrLater) {
  for (const auto &[script, what] :
       std::vector<std::pair<std::string, std::string>>{{"echo 'HA-Proxy version 1.8.19-1 2019/02/11'", "version 1.8"},
                                                        {"echo 'HAProxy version 2.5.9 2022'", "version 2.5"},
                                                        {"echo nginx", "does not say which version"},
                                                        {"exit 3", "exit code 3"},
                                                        {"kill -9 $$", "signal 9"}}) {
    make_executable(haproxy_, "#!/bin/sh\n" + script + "\n");
    EXPECT_THAT(run().failed(), ElementsAre(AllOf(HasSubstr("haproxy: "), HasSubstr(what)))) << script;
  }
  make_executable(haproxy_, "#!/bin/sh\necho 'HAProxy version 3.0.1 2024'\n");
  EXPECT_THAT(run().failed(), IsEmpty());
  EXPECT_THAT(run("  metrics_port: 18404\n").failed(), ElementsAre(HasSubstr("PROMEX")))
      << "only asked for with a port";
  haproxy_ = folder_.path("absent");
  EXPECT_THAT(run().worst("haproxy").remedy, HasSubstr("apt-get install haproxy"));
}

TEST_F(DoctorLocal, AHaproxyThatHangsIsNotWaitedForLong) {
  make_executable(haproxy_, "#!/bin/sh\nexec sleep 60\n");
  options_.timeout_ms = 200;
  EXPECT_THAT(run().failed(), ElementsAre(HasSubstr("did not end within 200 ms")));
}

TEST_F(DoctorLocal, APortInUseIsNamedWithItsProcess) {
  listen(18081, "0100007F", 321, "nginx");
  const Findings found = run();
  EXPECT_THAT(found.failed(), ElementsAre(HasSubstr("platform.functions.a.port: 18081 is in use by nginx (pid 321)")));
  EXPECT_THAT(found.worst("ports").remedy, HasSubstr("kill 321"));
}

TEST_F(DoctorLocal, AddressesThatCoverLoopbackCount) {
  for (const char *address : {"00000000", "00000000000000000000000000000000", "0000000000000000FFFF00000100007F"}) {
    machine_.file("proc/net/tcp", "");
    machine_.file("proc/net/tcp6", "");
    listen(18080, address, 0, "");
    EXPECT_THAT(run().failed(), ElementsAre(HasSubstr("18080 is in use by another user's process"))) << address;
  }
  for (const char *address : {"0200007F", "0101A8C0", "00000000000000000000000001000000", "rubbish!"}) {
    machine_.file("proc/net/tcp", "");
    machine_.file("proc/net/tcp6", "");
    listen(18080, address, 0, "");
    EXPECT_THAT(run().failed(), IsEmpty()) << address;
  }
  machine_.file("proc/net/tcp", "   0: 0100007F:46A0 0100007F:46A0 01 0:0 0:0 0 0 0 4711 1\n"); /* established */
  EXPECT_THAT(run().failed(), IsEmpty());
}

TEST_F(DoctorLocal, ThePortsOfItsOwnRunAreFine) {
  listen(18080, "0100007F", 321, "haproxy", "/faasconf-one/haproxy");
  EXPECT_THAT(run().worst("ports").found, HasSubstr("left by an earlier run"));
  EXPECT_THAT(run().failed(), IsEmpty());
  listen(18082, "0100007F", 322, "haproxy", "/faasconf-one2/haproxy");
  EXPECT_THAT(run().failed(), SizeIs(1)) << "another agent's";
}

TEST_F(DoctorLocal, AGroupOfThisNameMustBeOfThisStateFolder) {
  machine_.folder("sys/fs/cgroup/cpu/faasconf-one");
  EXPECT_THAT(run().failed(), ElementsAre(AllOf(HasSubstr("cgroups: "), HasSubstr("another agent of this name"))));
  ASSERT_EQ(0, mkdir(folder_.path("state").c_str(), 0700));
  ASSERT_EQ(0, mkdir(folder_.path("state/local").c_str(), 0700));
  write_file(folder_.path("state/local/record"), "group " + machine_.root() + "/sys/fs/cgroup/cpu/faasconf-one\n");
  EXPECT_THAT(run().failed(), IsEmpty());
  EXPECT_THAT(run().worst("cgroups").found, HasSubstr("left by an earlier run"));
}

TEST_F(DoctorLocal, WithoutControllersItCannotWork) {
  machine_.proc("30 23 0:26 / /sys/fs/cgroup rw - cgroup cgroup rw,cpu,cpuacct\n", "1:cpu:/\n");
  EXPECT_THAT(run().failed(), ElementsAre(AllOf(HasSubstr("cgroups: "), HasSubstr("memory"))));
}

TEST_F(DoctorLocal, AnOrchestratorThatAnswersIsFine) {
  const HttpServer healthy([](const HttpRequest &) { return HttpServer::answer(200, "{}"); });
  orchestrator_ = std::stoi(healthy.url("").substr(healthy.url("").rfind(':') + 1));
  EXPECT_EQ(run().worst("orchestrator").level, DOCTOR_OK);
  const HttpServer other([](const HttpRequest &) { return HttpServer::answer(404, "{}"); });
  orchestrator_ = std::stoi(other.url("").substr(other.url("").rfind(':') + 1));
  EXPECT_EQ(run().worst("orchestrator").level, DOCTOR_WARNING) << "it may have no /health";
}

TEST_F(DoctorLocal, AStartBeyondTheMachineIsAWarning) {
  const std::string path = folder_.path("two.yaml");
  std::string text = read_file(path);
  const long cores = sysconf(_SC_NPROCESSORS_ONLN);
  text.replace(text.find("cpu_millicores: 100, mem_mib: 64, replicas: 1"), 45,
               "cpu_millicores: 1000, mem_mib: 64, replicas: " + std::to_string(std::min(8L, cores)));
  write_file(path, text);
  if (cores > 8) GTEST_SKIP() << "too many cores for the ranges of the workflow";
  const Finding one = run().worst("machine");
  EXPECT_EQ(one.level, DOCTOR_WARNING);
  EXPECT_THAT(one.remedy, HasSubstr("cpu_millicores, replicas"));
}

// ---- metrics of Prometheus ----

class DoctorMetrics : public DoctorLocal {
 protected:
  Findings ask(const std::string &queries = "") {
    return run("  metrics_port: 18404\n", "",
               "metrics: {source: prometheus, url: \"" + prometheus_.url() + "\"" +
                   (queries.empty() ? "" : ", queries: " + queries) + "}\n");
  }
  static double now() {
    timespec time = {};
    clock_gettime(CLOCK_REALTIME, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }
  // Scraped twice a second from 10 s ago until `age_s` ago.
  static std::vector<std::pair<double, double>> samples(double age_s = 0) {
    std::vector<std::pair<double, double>> all;
    for (double t = now() - 10; t <= now() - age_s; t += 0.5) all.emplace_back(t, t - 1e9);
    return all;
  }
  void SetUp() override {
    DoctorLocal::SetUp();
    prometheus_.set_value(std::to_string(now()));
  }
  FakePrometheus prometheus_;
};

TEST_F(DoctorMetrics, FreshSeriesPass) {
  prometheus_.put("haproxy_", samples());
  const Findings found = ask();
  EXPECT_THAT(found.failed(), IsEmpty());
  EXPECT_THAT(found.worst("metrics").found, HasSubstr("12 of 12 queries"));
}

TEST_F(DoctorMetrics, AnEmptyQueryIsNamedWithItsFunction) {
  prometheus_.put("haproxy_", samples());
  prometheus_.put("good", samples());
  const Findings found = ask("{functions: {requests: {counter: \"mine{f=\\\"{function}\\\"}\"}}}");
  ASSERT_THAT(found.failed(), SizeIs(2)) << "of both functions";
  EXPECT_THAT(found.failed()[0],
              AllOf(HasSubstr("agent.yaml:"), HasSubstr("metrics.queries.functions.requests is empty for "
                                                        "function a")));
  EXPECT_THAT(found.worst("metrics").remedy, HasSubstr("metrics.queries.functions.requests"));
}

TEST_F(DoctorMetrics, StaleSeriesAreAFailure) {
  prometheus_.put("haproxy_", samples());
  prometheus_.put("mine", samples(6));
  const Findings found = ask("{functions: {requests: {counter: mine}}}");
  ASSERT_THAT(found.failed(), SizeIs(2));
  EXPECT_THAT(found.failed()[0], HasSubstr("too old"));
}

TEST_F(DoctorMetrics, ARefusedQueryIsAFailure) {
  prometheus_.put("haproxy_", samples());
  prometheus_.set_fault([this](const std::string &query) {
    if (query == "time()")
      return HttpServer::answer(200, R"({"status":"success","data":{"resultType":"scalar","result":[1,")" +
                                         std::to_string(now()) + R"("]}})");
    return HttpServer::answer(400, R"({"status":"error","errorType":"bad_data","error":"parse error: what"})");
  });
  const Findings found = ask();
  EXPECT_THAT(found.failed(), SizeIs(12));
  EXPECT_THAT(found.failed()[0], HasSubstr("parse error: what"));
}

TEST_F(DoctorMetrics, ARatioOfNothingIsAWarning) {
  prometheus_.put("haproxy_", samples());
  std::string value = std::to_string(now());
  prometheus_.set_fault(nullptr);
  prometheus_.set_value("NaN");
  prometheus_.set_fault([this](const std::string &query) {
    const bool time = query == "time()";
    if (time || query.find("rate(") != std::string::npos)
      return HttpServer::answer(
          200, R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,")" +
                   (time ? std::to_string(now()) : "NaN") + R"("]}]}})");
    return HttpServer::answer(200, R"({"status":"success","data":{"resultType":"matrix","result":[]}})");
  });
  const Findings found = ask("{functions: {latency_p95_s: {value: \"rate(x[{window}]) / rate(y[{window}])\"}}}");
  const auto some = found.of("metrics");
  EXPECT_EQ(std::count_if(some.begin(), some.end(),
                          [](const Finding &one) {
                            return one.level == DOCTOR_WARNING && one.found.find("no traffic yet") != std::string::npos;
                          }),
            2);
}

TEST_F(DoctorMetrics, WhileNoAgentRunsItIsEnoughThatHaproxyIsATarget) {
  const Findings known = ask(); /* `up` is an expression here: one result */
  EXPECT_THAT(known.failed(), IsEmpty());
  EXPECT_THAT(known.worst("metrics").found, HasSubstr("starts with the agent"));
  EXPECT_THAT(known.worst("metrics").remedy, HasSubstr("--running"));
  prometheus_.set_fault([this](const std::string &query) {
    return HttpServer::answer(
        200, query == "time()" ? R"({"status":"success","data":{"resultType":"scalar","result":[1,")" +
                                     std::to_string(now()) + R"("]}})"
                               : std::string(R"({"status":"success","data":{"resultType":"matrix","result":[]}})"));
  });
  const Findings unknown = ask();
  EXPECT_THAT(unknown.failed(), ElementsAre(HasSubstr("no target of Prometheus")));
  EXPECT_THAT(unknown.worst("metrics").remedy, HasSubstr("127.0.0.1:18404"));
}

TEST_F(DoctorMetrics, APrometheusThatIsNotThereOrHasAnotherTimeIsAFailure) {
  prometheus_.set_value(std::to_string(now() - 60));
  EXPECT_THAT(ask().failed(), ElementsAre(AllOf(HasSubstr("prometheus: "), HasSubstr("clock differs by -60"))));
  const Findings away =
      run("  metrics_port: 18404\n", "", "metrics: {source: prometheus, url: \"http://127.0.0.1:1\"}\n");
  EXPECT_THAT(away.failed(), ElementsAre(HasSubstr("prometheus: ")));
  EXPECT_THAT(away.worst("prometheus").remedy, HasSubstr("metrics.url"));
}

// ---- parts ----

TEST(DoctorProgram, CollectsWhatAProgramSaysOnBothOutputs) {
  TemporaryFolder folder;
  const std::string path = folder.path("talks");
  make_executable(path, "#!/bin/sh\necho out\necho err >&2\nread line || echo no input\n");
  std::string name = path;
  char *argv[] = {name.data(), nullptr};
  char text[64];
  fc_error_t error = {};
  ASSERT_OK(doctor_program_run(argv, 5000, text, sizeof text, &error));
  EXPECT_STREQ(text, "out\nerr\nno input\n");
  char small[5];
  ASSERT_OK(doctor_program_run(argv, 5000, small, sizeof small, &error));
  EXPECT_STREQ(small, "out\n") << "the rest is dropped, and the program ends";
}

TEST(DoctorListener, FindsThisProcess) {
  const HttpServer server([](const HttpRequest &) { return HttpServer::answer(200, ""); });
  listener_t listener;
  const int port = std::stoi(server.url("").substr(server.url("").rfind(':') + 1));
  ASSERT_TRUE(listener_find("", port, &listener));
  EXPECT_EQ(listener.pid, getpid());
  EXPECT_NE(listener.name[0], '\0');
  EXPECT_FALSE(listener_find("", health_free_port(nullptr, 0), &listener));
}

}  // namespace
