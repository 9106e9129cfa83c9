// The programs that ask a server, as processes: the Python example (written from docs/protocol.md alone), the C example
// over the installed-style shared library, and `faasconf query`. All three must say the same.
#include <unistd.h>

#include <cstring>

#include "router.h"
#include "support.h"

extern "C" {
#include "faasconf/json.h"
}

using fc_test::Finished;
using fc_test::response_frame;
using fc_test::Router;

namespace {

// Knows one workflow.
std::vector<std::string> answer(const fc_wire_rpc_request_t &request) {
  fc_rpc_decide_request_t asked = {};
  fc_error_t error = {};
  if (fc_rpc_decode_decide_request(request.payload, request.size, &asked, &error) != FC_OK) {
    return {response_frame(request.request_id, FC_RPC_INVALID_ARGUMENT, error.message, "")};
  }
  const bool known = strcmp(asked.workflow, "parallel") == 0;
  fc_rpc_decide_request_clear(&asked);
  if (!known) return {response_frame(request.request_id, FC_RPC_NOT_FOUND, "no such workflow; known: parallel", "")};
  return {response_frame(request.request_id, FC_RPC_OK, "", fc_test::decision_payload())};
}

Finished python(const std::string &endpoint, const std::string &workflow, const std::string &timeout = "20000") {
  return fc_test::run({"/usr/bin/python3", fc_test::source_file("client/python/faasconf_query.py"), "--server",
                       endpoint, "--workflow", workflow, "--timeout", timeout, "--classes", FAASCONF_PYTHON_CLASSES,
                       "--json"});
}

// Parsed and written again, so that spacing does not matter.
std::string canonical(const std::string &text) {
  fc_json_t *value = nullptr;
  fc_error_t error = {};
  EXPECT_OK(fc_json_parse(text.data(), text.size(), &value, &error));
  char *dumped = fc_json_dump(value, 0);
  const std::string out = dumped;
  free(dumped);
  fc_json_destroy(&value);
  return out;
}

const char *const kExpected =
    R"({"workflow": "parallel", "configuration": {"split": {"cpu_millicores": 1300, "mem_mib": 1331, "replicas": 5,)"
    R"( "concurrency": 6}, "detect": {"cpu_millicores": 650, "mem_mib": 700, "replicas": 2, "concurrency": 10}},)"
    R"( "cost": 1.23456789012345, "bounds": {"lb": 1.0, "ub": 2.5, "in_flight": 9.75}, "policy_version": 17,)"
    R"( "observed_window_us": 1700000000000000, "attention": [{"from": "split", "to": "detect", "weight": 1.0},)"
    R"( {"from": "detect", "to": "split", "weight": 0.33329999446868896}]})";

}  // namespace

TEST(Programs, ThePythonExampleSpeaksTheProtocolFromItsDescriptionAlone) {
  Router router(answer);
  const Finished decided = python(router.endpoint(), "parallel");
  EXPECT_EQ(0, decided.exit_code) << decided.err;
  EXPECT_EQ(canonical(kExpected), canonical(decided.out));
  const Finished unknown = python(router.endpoint(), "nothing");
  EXPECT_EQ(1, unknown.exit_code);
  EXPECT_EQ("faasconf_query.py: NOT_FOUND: no such workflow; known: parallel\n", unknown.err);
  EXPECT_EQ("", unknown.out);
}

TEST(Programs, ThePythonExampleGivesUpAtItsDeadline) {
  Router router([](const fc_wire_rpc_request_t &) -> std::vector<std::string> { return {}; });
  const Finished silent = python(router.endpoint(), "parallel", "200");
  EXPECT_EQ(1, silent.exit_code);
  EXPECT_NE(std::string::npos, silent.err.find("DEADLINE_EXCEEDED: no answer from tcp://")) << silent.err;
}

TEST(Programs, TheCExampleRunsOnTheSharedLibrary) {
  Router router(answer);
  const Finished decided = fc_test::run({fc_test::program("faasconf-example"), router.endpoint(), "parallel"});
  EXPECT_EQ(0, decided.exit_code) << decided.err;
  EXPECT_NE(std::string::npos, decided.out.find("policy version 17, 1.234568 USD per hour")) << decided.out;
  EXPECT_NE(std::string::npos,
            decided.out.find("detect                     650 m    700 MiB   2 replicas  10 concurrent"))
      << decided.out;
  const Finished unknown = fc_test::run({fc_test::program("faasconf-example"), router.endpoint(), "nothing"});
  EXPECT_EQ(1, unknown.exit_code);
  EXPECT_EQ("faasconf-example: NOT_FOUND: no such workflow; known: parallel\n", unknown.err);
  EXPECT_EQ(2, fc_test::run({fc_test::program("faasconf-example")}).exit_code);
}

TEST(Programs, QueryOfTheCommandLineSaysTheSameAsThePythonExample) {
#ifndef FAASCONF_HAS_COMMAND_LINE
  GTEST_SKIP() << "this build has no target `faasconf`";
#endif
  Router router(answer);
  const std::vector<std::string> query = {fc_test::program("faasconf"), "query", "--server", router.endpoint(),
                                          "--workflow"};
  std::vector<std::string> known = query, unknown = query;
  known.insert(known.end(), {"parallel", "--json"});
  unknown.insert(unknown.end(), {"nothing", "--json"});
  const Finished decided = fc_test::run(known);
  EXPECT_EQ(0, decided.exit_code) << decided.err;
  EXPECT_EQ(canonical(python(router.endpoint(), "parallel").out), canonical(decided.out));
  const Finished refused = fc_test::run(unknown);
  EXPECT_EQ(1, refused.exit_code);
  EXPECT_EQ("", refused.out);
  EXPECT_EQ("faasconf query: NOT_FOUND: no such workflow; known: parallel\n", refused.err);
  known.back() = "--nonsense";
  EXPECT_EQ(2, fc_test::run(known).exit_code);
}

// What a user of libfaasconf does: install, then compile the example with pkg-config's answer and nothing else.
TEST(Programs, TheInstalledLibraryBuildsTheExample) {
  if (std::string(FAASCONF_SANITIZERS) != "") GTEST_SKIP() << "a sanitized libfaasconf needs a sanitized program";
  fc_test::TemporaryFolder folder;
  const Finished installed = fc_test::run(
      {FAASCONF_CMAKE, "--install", FAASCONF_BUILD_DIR, "--component", "client", "--prefix", folder.path("usr")});
  ASSERT_EQ(0, installed.exit_code) << installed.err;
  const std::string libraries = folder.path("usr") + "/" + FAASCONF_LIBDIR;
  const std::string compile = "cc -std=c17 " + fc_test::source_file("client/example.c");
  const std::string pkg_config = "PKG_CONFIG_PATH=" + libraries + "/pkgconfig pkg-config --cflags --libs ";
  const Finished shared = fc_test::run(
      {"/bin/sh", "-c",
       compile + " $(" + pkg_config + "faasconf) -Wl,-rpath," + libraries + " -o " + folder.path("shared")});
  ASSERT_EQ(0, shared.exit_code) << shared.err;
  ASSERT_EQ(0, unlink((libraries + "/libfaasconf.so").c_str()));
  const Finished fixed =
      fc_test::run({"/bin/sh", "-c", compile + " $(" + pkg_config + "--static faasconf) -o " + folder.path("static")});
  ASSERT_EQ(0, fixed.exit_code) << fixed.err;
  Router router(answer);
  for (const char *program : {"shared", "static"}) {
    const Finished decided = fc_test::run({folder.path(program), router.endpoint(), "parallel"});
    EXPECT_EQ(0, decided.exit_code) << program << ": " << decided.err;
    EXPECT_NE(std::string::npos, decided.out.find("policy version 17")) << decided.out;
  }
}
